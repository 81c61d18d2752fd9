// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The reader of program files. Each header is copied before it is looked at, so
// that what was checked is what is used even if the file should change; every
// sum of numbers from the file is checked for overflow.
#include "lib/elf/elf.h"

#include "lib/string/string.h"

#include <stdckdint.h>

struct file_header {
    uint8_t magic[4];
    uint8_t class, encoding, identity_version, system;
    uint8_t padding[8];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry;
    uint64_t program_headers; // offset in the file
    uint64_t section_headers;
    uint32_t flags;
    uint16_t header_size;
    uint16_t program_header_size, program_header_count;
    uint16_t section_header_size, section_header_count, section_names;
};

struct program_header {
    uint32_t type;
    uint32_t access;
    uint64_t offset;
    uint64_t address;
    uint64_t physical_address;
    uint64_t file_size;
    uint64_t memory_size;
    uint64_t alignment;
};

static_assert(sizeof(struct file_header) == 64 && sizeof(struct program_header) == 56);

enum {
    CLASS_64 = 2,
    ENCODING_LITTLE = 1,
    VERSION = 1,
    SYSTEM_NONE = 0,
    TYPE_EXECUTABLE = 2,
};

enum program_header_type : uint32_t {
    HEADER_LOAD = 1,
    HEADER_DYNAMIC = 2,
    HEADER_INTERPRETER = 3,
    HEADER_THREAD_LOCAL = 7,
    HEADER_GNU_STACK = 0x6474e551,
};

static const char *const sentences[] = {
#define DEFECT(name, sentence) sentence,
    ELF_DEFECTS(DEFECT)
#undef DEFECT
};

static enum status refuse(struct elf_image *image, enum elf_defect defect, uint64_t value,
                          uint64_t wanted) {
    // The number of the header is set by whoever walks through them.
    image->fault.defect = defect;
    image->fault.value = value;
    image->fault.wanted = wanted;
    return STATUS_BAD_FORMAT;
}

static enum status check_identity(struct elf_image *image, const struct file_header *header) {
    if (memcmp(header->magic, "\x7f\x45\x4c\x46", sizeof header->magic) != 0) {
        return refuse(image, ELF_DEFECT_MAGIC, 0, 0);
    }
    if (header->class != CLASS_64) {
        return refuse(image, ELF_DEFECT_CLASS, header->class, CLASS_64);
    }
    if (header->encoding != ENCODING_LITTLE) {
        return refuse(image, ELF_DEFECT_ENCODING, header->encoding, ENCODING_LITTLE);
    }
    if (header->identity_version != VERSION) {
        return refuse(image, ELF_DEFECT_VERSION, header->identity_version, VERSION);
    }
    if (header->version != VERSION) {
        return refuse(image, ELF_DEFECT_VERSION, header->version, VERSION);
    }
    if (header->system != SYSTEM_NONE) {
        return refuse(image, ELF_DEFECT_SYSTEM, header->system, SYSTEM_NONE);
    }
    if (header->type != TYPE_EXECUTABLE) {
        return refuse(image, ELF_DEFECT_TYPE, header->type, TYPE_EXECUTABLE);
    }
    return STATUS_OK;
}

static enum status check_machine(struct elf_image *image, const struct file_header *header,
                                 enum elf_machine machine) {
    bool known = header->machine == ELF_X86_64 || header->machine == ELF_AARCH64;
    if (machine == ELF_ANY ? !known : header->machine != machine) {
        return refuse(image, ELF_DEFECT_MACHINE, header->machine,
                      machine == ELF_ANY ? ELF_X86_64 : machine);
    }
    image->machine = header->machine;
    return STATUS_OK;
}

static enum status check_sizes(struct elf_image *image, const struct file_header *header,
                               size_t size) {
    uint64_t length = (uint64_t)header->program_header_count * sizeof(struct program_header), end;
    if (header->header_size != sizeof *header) {
        return refuse(image, ELF_DEFECT_HEADER_SIZE, header->header_size, sizeof *header);
    }
    if (header->program_header_size != sizeof(struct program_header)) {
        return refuse(image, ELF_DEFECT_PROGRAM_HEADER_SIZE, header->program_header_size,
                      sizeof(struct program_header));
    }
    if (header->program_header_count == 0 || header->program_header_count > ELF_PROGRAM_HEADERS) {
        return refuse(image, ELF_DEFECT_PROGRAM_HEADER_COUNT, header->program_header_count,
                      ELF_PROGRAM_HEADERS);
    }
    if (ckd_add(&end, header->program_headers, length)) {
        end = UINT64_MAX;
    }
    if (end > size) {
        return refuse(image, ELF_DEFECT_PROGRAM_HEADER_RANGE, end, size);
    }
    return STATUS_OK;
}

static enum status check_access(struct elf_image *image, const struct program_header *header) {
    if ((header->access & ELF_WRITE) != 0 && (header->access & ELF_EXECUTE) != 0) {
        return refuse(image, ELF_DEFECT_WRITE_EXECUTE, 0, 0);
    }
    if ((header->access & ELF_READ) == 0 || header->access > (ELF_READ | ELF_WRITE | ELF_EXECUTE)) {
        return refuse(image, ELF_DEFECT_ACCESS, header->access, 0);
    }
    if ((header->access & ELF_WRITE) == 0 && header->memory_size != header->file_size) {
        return refuse(image, ELF_DEFECT_CONSTANT_SIZE, header->memory_size, header->file_size);
    }
    return STATUS_OK;
}

// Checks the bytes of a segment in the file, `size` being the file's own.
static enum status check_file_range(struct elf_image *image, const struct program_header *header,
                                    size_t size) {
    uint64_t end;
    if (header->alignment != ELF_PAGE) {
        return refuse(image, ELF_DEFECT_ALIGNMENT, header->alignment, ELF_PAGE);
    }
    if (header->offset % ELF_PAGE != 0) {
        return refuse(image, ELF_DEFECT_FILE_ALIGNMENT, header->offset, ELF_PAGE);
    }
    if (header->memory_size == 0) {
        return refuse(image, ELF_DEFECT_MEMORY_EMPTY, 0, 0);
    }
    if (header->memory_size > ELF_SEGMENT_SIZE) {
        return refuse(image, ELF_DEFECT_MEMORY_SIZE, header->memory_size, ELF_SEGMENT_SIZE);
    }
    if (header->file_size > header->memory_size) {
        return refuse(image, ELF_DEFECT_FILE_SIZE, header->file_size, header->memory_size);
    }
    if (ckd_add(&end, header->offset, header->file_size)) {
        end = UINT64_MAX;
    }
    // Linkers give a segment without bytes an offset beyond the end.
    if (end > size && header->file_size > 0) {
        return refuse(image, ELF_DEFECT_FILE_RANGE, end, size);
    }
    return STATUS_OK;
}

// Checks where a segment, whose size is right, lies in memory.
static enum status check_addresses(struct elf_image *image, const struct program_header *header) {
    uint64_t end;
    if (header->address % ELF_PAGE != 0) {
        return refuse(image, ELF_DEFECT_ADDRESS_ALIGNMENT, header->address, ELF_PAGE);
    }
    if (header->address < ELF_ADDRESS_LOWEST) {
        return refuse(image, ELF_DEFECT_ADDRESS_LOW, header->address, ELF_ADDRESS_LOWEST);
    }
    if (ckd_add(&end, header->address, header->memory_size)) {
        end = UINT64_MAX;
    }
    if (end > ELF_ADDRESS_END) {
        return refuse(image, ELF_DEFECT_ADDRESS_HIGH, end, ELF_ADDRESS_END);
    }
    if (image->count > 0) {
        const struct elf_segment *before = &image->segments[image->count - 1];
        uint64_t free = before->address + before->memory_size;
        if (header->address < free) {
            return refuse(image, ELF_DEFECT_OVERLAP, header->address, free);
        }
    }
    return STATUS_OK;
}

static enum status add_segment(struct elf_image *image, const struct program_header *header,
                               size_t size) {
    if (image->count == ELF_SEGMENTS) {
        return refuse(image, ELF_DEFECT_SEGMENT_COUNT, image->count + 1, ELF_SEGMENTS);
    }
    enum status status = check_file_range(image, header, size);
    if (status == STATUS_OK) {
        status = check_access(image, header);
    }
    if (status == STATUS_OK) {
        status = check_addresses(image, header);
    }
    if (status == STATUS_OK) {
        image->segments[image->count++] = (struct elf_segment){
            .file_offset = header->file_size == 0 ? 0 : header->offset,
            .file_size = header->file_size,
            .address = header->address,
            .memory_size = header->memory_size,
            .access = header->access,
        };
    }
    return status;
}

// Headers of other types only inform; they are passed over.
static enum status take_program_header(struct elf_image *image, const struct program_header *header,
                                       size_t size) {
    switch (header->type) {
    case HEADER_LOAD:
        return add_segment(image, header, size);
    case HEADER_INTERPRETER:
        return refuse(image, ELF_DEFECT_INTERPRETER, 0, 0);
    case HEADER_DYNAMIC:
        return refuse(image, ELF_DEFECT_DYNAMIC, 0, 0);
    case HEADER_THREAD_LOCAL:
        return refuse(image, ELF_DEFECT_THREAD_LOCAL, 0, 0);
    case HEADER_GNU_STACK:
        if ((header->access & ELF_EXECUTE) != 0) {
            return refuse(image, ELF_DEFECT_EXECUTABLE_STACK, 0, 0);
        }
        return STATUS_OK;
    default:
        return STATUS_OK;
    }
}

static enum status check_entry(struct elf_image *image, uint64_t entry) {
    uint64_t step = image->machine == ELF_AARCH64 ? 4 : 1;
    if (entry % step != 0) {
        return refuse(image, ELF_DEFECT_ENTRY_ALIGNMENT, entry, step);
    }
    for (uint32_t i = 0; i < image->count; i++) {
        const struct elf_segment *segment = &image->segments[i];
        bool inside = entry >= segment->address && entry - segment->address < segment->file_size;
        if (inside && (segment->access & ELF_EXECUTE) != 0) {
            image->entry = entry;
            return STATUS_OK;
        }
    }
    return refuse(image, ELF_DEFECT_ENTRY, entry, 0);
}

static enum status read_program_headers(struct elf_image *image, const struct file_header *header,
                                        const uint8_t *data, size_t size) {
    for (uint32_t i = 0; i < header->program_header_count; i++) {
        struct program_header program_header;
        memcpy(&program_header, data + header->program_headers + i * sizeof program_header,
               sizeof program_header);
        image->fault.header = i;
        enum status status = take_program_header(image, &program_header, size);
        if (status != STATUS_OK) {
            return status;
        }
    }
    image->fault.header = ELF_NO_HEADER;
    return check_entry(image, header->entry);
}

enum status elf_read(const void *data, size_t size, enum elf_machine machine,
                     struct elf_image *out) {
    *out = (struct elf_image){.fault = {.header = ELF_NO_HEADER}};
    struct file_header header;
    if (size < sizeof header) {
        return refuse(out, ELF_DEFECT_SHORT, size, sizeof header);
    }
    memcpy(&header, data, sizeof header);
    enum status status = check_identity(out, &header);
    if (status == STATUS_OK) {
        status = check_machine(out, &header, machine);
    }
    if (status == STATUS_OK) {
        status = check_sizes(out, &header, size);
    }
    if (status == STATUS_OK) {
        status = read_program_headers(out, &header, data, size);
    }
    if (status != STATUS_OK) {
        out->count = 0;
    }
    return status;
}

void elf_describe(const struct elf_image *image, struct text_buffer *out) {
    const struct elf_fault *fault = &image->fault;
    if (fault->header != ELF_NO_HEADER) {
        text_format(out, "program header %u: ", fault->header);
    }
    text_format(out, sentences[fault->defect], fault->value, fault->wanted);
}
