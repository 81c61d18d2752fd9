// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Program files from a fuzzer: a good one of as many segments as the first byte
// says, spoiled by patches, or the bytes as they come. What is accepted must be
// safe to map.
#include "lib/elf/elf.h"

#include "lib/string/patch.h"

#include <stdlib.h>
#include <string.h>

static void require(bool condition) {
    if (!condition) {
        abort();
    }
}

static void check_segment(const struct elf_segment *segment, size_t size) {
    require(segment->file_offset % ELF_PAGE == 0 && segment->address % ELF_PAGE == 0);
    require(segment->file_offset <= size);
    require(segment->file_size <= size - segment->file_offset);
    require(segment->memory_size > 0 && segment->memory_size <= ELF_SEGMENT_SIZE);
    require(segment->file_size <= segment->memory_size);
    require(segment->address >= ELF_ADDRESS_LOWEST && segment->address < ELF_ADDRESS_END);
    require(segment->memory_size <= ELF_ADDRESS_END - segment->address);
    require(segment->access == ELF_READ || segment->access == (ELF_READ | ELF_WRITE) ||
            segment->access == (ELF_READ | ELF_EXECUTE));
    require((segment->access & ELF_WRITE) != 0 || segment->file_size == segment->memory_size);
}

static void check_image(const struct elf_image *image, size_t size) {
    bool entry_inside = false;
    require(image->count >= 1 && image->count <= ELF_SEGMENTS);
    require(image->machine == ELF_X86_64 || image->machine == ELF_AARCH64);
    for (uint32_t i = 0; i < image->count; i++) {
        const struct elf_segment *segment = &image->segments[i];
        check_segment(segment, size);
        // Not even a page may belong to two segments.
        require(i == 0 ||
                segment->address >= (segment[-1].address + segment[-1].memory_size + ELF_PAGE - 1) /
                                        ELF_PAGE * ELF_PAGE);
        entry_inside |= segment->access == (ELF_READ | ELF_EXECUTE) &&
                        image->entry >= segment->address &&
                        image->entry < segment->address + segment->file_size;
    }
    require(entry_inside && (image->machine == ELF_X86_64 || image->entry % 4 == 0));
}

static void check_description(const struct elf_image *image) {
    char memory[256];
    struct text_buffer text;
    text_start(&text, memory, sizeof memory);
    elf_describe(image, &text);
    require(!text.cut && text.length > 0);
}

static void put(uint8_t *bytes, size_t at, size_t width, uint64_t value) {
    memcpy(bytes + at, &value, width);
}

// Makes a file of `count` pages, each a segment, the first of which is code.
static void make_file(uint8_t *bytes, uint32_t count, enum elf_machine machine) {
    memcpy(bytes, "\x7f\x45\x4c\x46\x02\x01\x01", 7);
    put(bytes, 16, 2, 2); // executable
    put(bytes, 18, 2, machine);
    put(bytes, 20, 4, 1);        // version
    put(bytes, 24, 8, 0x200200); // entry
    put(bytes, 32, 8, 64);       // program headers
    put(bytes, 52, 2, 64);
    put(bytes, 54, 2, 56);
    put(bytes, 56, 2, count);
    for (uint32_t i = 0; i < count; i++) {
        size_t at = 64 + i * 56;
        put(bytes, at, 4, 1); // load
        put(bytes, at + 4, 4, ELF_READ | (i == 0 ? ELF_EXECUTE : i % 2 == 0 ? ELF_WRITE : 0));
        put(bytes, at + 8, 8, i * ELF_PAGE);             // offset
        put(bytes, at + 16, 8, 0x200000 + i * ELF_PAGE); // address
        put(bytes, at + 32, 8, ELF_PAGE - i);            // size in the file
        put(bytes, at + 40, 8, ELF_PAGE - i);            // and in memory
        put(bytes, at + 48, 8, ELF_PAGE);                // alignment
    }
}

static void check_bytes(const uint8_t *bytes, size_t total) {
    // Both start out the same, so that they can be compared as memory.
    struct elf_image any, image;
    memset(&any, 0, sizeof any);
    memset(&image, 0, sizeof image);
    enum status status = elf_read(bytes, total, ELF_ANY, &any);
    if (status == STATUS_OK) {
        check_image(&any, total);
        // For its own machine it is as good, for the other it is refused.
        require(elf_read(bytes, total, any.machine, &image) == STATUS_OK);
        require(memcmp(&any, &image, sizeof image) == 0);
        enum elf_machine other = any.machine == ELF_X86_64 ? ELF_AARCH64 : ELF_X86_64;
        require(elf_read(bytes, total, other, &image) == STATUS_BAD_FORMAT);
        require(image.fault.defect == ELF_DEFECT_MACHINE);
    } else {
        require(status == STATUS_BAD_FORMAT && any.count == 0);
    }
    check_description(&any);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size) {
    uint32_t count = size == 0 ? 0 : input[0] % 16;
    if (count == 0) {
        // As it comes, in memory of just this size.
        check_bytes(input, size);
        return 0;
    }
    size_t total = count * ELF_PAGE;
    uint8_t *bytes = calloc(1, total);
    make_file(bytes, count, (input[0] & 16) != 0 ? ELF_AARCH64 : ELF_X86_64);
    patch_file(bytes, total, 64 + count * 56, input + 1, size - 1);
    check_bytes(bytes, total);
    free(bytes);
    return 0;
}
