// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The reader of program files: ELF, 64 bits, little-endian, linked statically to
// fixed addresses. It accepts exactly what the loader of Tasks can map without
// further thought and refuses the rest with a sentence: whole pages in file and
// memory, no page both writable and executable, nothing outside of the file or
// of user memory, no interpreter, no relocation, no thread-local storage.
#pragma once

#include "abi/status.h"
#include "lib/string/text.h"

#include <stddef.h>
#include <stdint.h>

constexpr uint32_t ELF_SEGMENTS = 8;         // that are loaded
constexpr uint32_t ELF_PROGRAM_HEADERS = 32; // of any type
constexpr uint64_t ELF_PAGE = 4096;
constexpr uint64_t ELF_ADDRESS_LOWEST = 0x10000;
constexpr uint64_t ELF_ADDRESS_END = 1ull << 44;
constexpr uint64_t ELF_SEGMENT_SIZE = 256ull << 20; // bytes of memory at most

enum elf_machine : uint32_t {
    ELF_ANY = 0, // either of the two
    ELF_X86_64 = 62,
    ELF_AARCH64 = 183,
};

// Bits, as in the file.
enum elf_access : uint32_t {
    ELF_EXECUTE = 1,
    ELF_WRITE = 2,
    ELF_READ = 4,
};

// DEFECT(name, sentence). A sentence may use the two numbers of the fault.
#define ELF_DEFECTS(DEFECT) \
    DEFECT(NONE, "nothing is wrong") \
    DEFECT(SHORT, "%lu bytes are fewer than the %lu of the header") \
    DEFECT(MAGIC, "the first 4 bytes are not those of an ELF file") \
    DEFECT(CLASS, "class %lu is not %lu (64 bits)") \
    DEFECT(ENCODING, "data encoding %lu is not %lu (little-endian)") \
    DEFECT(VERSION, "version %lu is not %lu") \
    DEFECT(SYSTEM, "operating system %lu is not %lu (none)") \
    DEFECT(TYPE, "type %lu is not %lu (executable at fixed addresses)") \
    DEFECT(MACHINE, "machine %lu is not %lu (62 is x86_64, 183 aarch64)") \
    DEFECT(HEADER_SIZE, "header size %lu is not %lu") \
    DEFECT(PROGRAM_HEADER_SIZE, "program header size %lu is not %lu") \
    DEFECT(PROGRAM_HEADER_COUNT, "%lu program headers are not in 1 to %lu") \
    DEFECT(PROGRAM_HEADER_RANGE, "the program headers end at %lu, beyond the file size %lu") \
    DEFECT(INTERPRETER, "the file asks for an interpreter: link it statically") \
    DEFECT(DYNAMIC, "the file needs dynamic linking: link it statically, without pie") \
    DEFECT(THREAD_LOCAL, "the file has thread-local storage, which is not supported") \
    DEFECT(EXECUTABLE_STACK, "the file asks for an executable stack") \
    DEFECT(SEGMENT_COUNT, "loaded segment %lu is one more than the %lu allowed") \
    DEFECT(ALIGNMENT, "alignment %lu is not %lu") \
    DEFECT(FILE_ALIGNMENT, "file offset 0x%lx is not a multiple of 0x%lx") \
    DEFECT(ADDRESS_ALIGNMENT, "address 0x%lx is not a multiple of 0x%lx") \
    DEFECT(ACCESS, "access %lu is not read, read and write, or read and execute") \
    DEFECT(WRITE_EXECUTE, "it is both writable and executable") \
    DEFECT(MEMORY_EMPTY, "its memory size is 0") \
    DEFECT(MEMORY_SIZE, "memory size %lu is more than the %lu allowed") \
    DEFECT(FILE_SIZE, "file size %lu is more than its memory size %lu") \
    DEFECT(CONSTANT_SIZE, "not writable, yet memory size %lu is more than its file size %lu") \
    DEFECT(FILE_RANGE, "its bytes end at %lu, beyond the file size %lu") \
    DEFECT(ADDRESS_LOW, "address 0x%lx is below 0x%lx") \
    DEFECT(ADDRESS_HIGH, "it ends at 0x%lx, above 0x%lx") \
    DEFECT(OVERLAP, "address 0x%lx is below 0x%lx, where the segment before it ends") \
    DEFECT(ENTRY, "entry 0x%lx is not in the bytes of an executable segment") \
    DEFECT(ENTRY_ALIGNMENT, "entry 0x%lx is not a multiple of %lu")

enum elf_defect : uint32_t {
#define DEFECT(name, sentence) ELF_DEFECT_##name,
    ELF_DEFECTS(DEFECT)
#undef DEFECT
};

constexpr uint32_t ELF_NO_HEADER = UINT32_MAX;

// What was wrong, and where.
struct elf_fault {
    enum elf_defect defect;
    uint32_t header; // number of the program header, or ELF_NO_HEADER
    uint64_t value;  // what was found
    uint64_t wanted;
};

// Whole pages from `address`. The first `file_size` bytes come from the file at
// `file_offset`, the rest up to `memory_size` and to the end of its page is 0.
// Segments that cannot be written have equal sizes, so that the pages of the
// file serve as they are; after the end of such a segment stands then whatever
// follows it in the file.
struct elf_segment {
    uint64_t file_offset; // a multiple of ELF_PAGE; 0 when file_size is
    uint64_t file_size;
    uint64_t address; // a multiple of ELF_PAGE
    uint64_t memory_size;
    uint32_t access; // bits of enum elf_access, always with ELF_READ
};

struct elf_image {
    enum elf_machine machine;
    uint32_t count; // of segments, in ascending order; 0 unless read
    uint64_t entry;
    struct elf_segment segments[ELF_SEGMENTS];
    struct elf_fault fault;
};

// Checks the program file in `size` bytes at `data`, for `machine`, and fills
// `out`, which refers to nothing. BAD_FORMAT: see elf_describe.
[[nodiscard]] enum status elf_read(const void *data, size_t size, enum elf_machine machine,
                                   struct elf_image *out);

// Appends what elf_read refused, such as
// `program header 2: address 0x1080 is not a multiple of 0x1000`.
void elf_describe(const struct elf_image *image, struct text_buffer *out);
