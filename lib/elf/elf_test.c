// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// A small program file is made for each test, spoiled in one way, and must be
// refused with the sentence for it. The fields are set by their offsets in the
// ELF specification, so that the structures of the reader are tested as well.
#include "lib/elf/elf.h"

#include "tests/unit.h"

constexpr size_t SIZE = 4 * 4096;

// Offsets in the file header.
enum {
    CLASS = 4,
    ENCODING = 5,
    IDENTITY_VERSION = 6,
    SYSTEM = 7,
    TYPE = 16,
    MACHINE = 18,
    VERSION = 20,
    ENTRY = 24,
    HEADERS = 32,
    HEADER_SIZE = 52,
    PROGRAM_HEADER_SIZE = 54,
    COUNT = 56,
};

// Offsets in a program header.
enum {
    KIND = 0,
    ACCESS = 4,
    OFFSET = 8,
    ADDRESS = 16,
    FILE_SIZE = 32,
    MEMORY_SIZE = 40,
    ALIGN = 48,
};

static uint8_t file[SIZE];

static void set(size_t at, size_t width, uint64_t value) {
    memcpy(file + at, &value, width);
}

static void set_header(size_t header, size_t field, uint64_t value) {
    set(64 + header * 56 + field, field < OFFSET ? 4 : 8, value);
}

static void make_segment(size_t header, uint64_t access, uint64_t page, uint64_t file_size,
                         uint64_t memory_size) {
    set_header(header, KIND, 1);
    set_header(header, ACCESS, access);
    set_header(header, OFFSET, page * 4096);
    set_header(header, ADDRESS, 0x200000 + page * 4096);
    set_header(header, FILE_SIZE, file_size);
    set_header(header, MEMORY_SIZE, memory_size);
    set_header(header, ALIGN, 4096);
}

// Constants, code, data with zeros after them, and the note about the stack.
static void make(void) {
    memset(file, 0, SIZE);
    memcpy(file, "\x7f\x45\x4c\x46\x02\x01\x01", 7);
    set(TYPE, 2, 2);
    set(MACHINE, 2, 62);
    set(VERSION, 4, 1);
    set(ENTRY, 8, 0x201010);
    set(HEADERS, 8, 64);
    set(HEADER_SIZE, 2, 64);
    set(PROGRAM_HEADER_SIZE, 2, 56);
    set(COUNT, 2, 4);
    make_segment(0, ELF_READ, 0, 600, 600);
    make_segment(1, ELF_READ | ELF_EXECUTE, 1, 5000, 5000);
    make_segment(2, ELF_READ | ELF_WRITE, 3, 100, 70000);
    set_header(3, KIND, 0x6474e551);
    set_header(3, ACCESS, ELF_READ | ELF_WRITE);
}

static bool refused_for(enum elf_machine machine, size_t size, const char *sentence) {
    struct elf_image image;
    char memory[200];
    struct text_buffer text;
    text_start(&text, memory, sizeof memory);
    enum status status = elf_read(file, size, machine, &image);
    elf_describe(&image, &text);
    bool good = status == STATUS_BAD_FORMAT && strcmp(memory, sentence) == 0 && image.count == 0;
    if (!good) {
        printf("# status %u, '%s'\n", status, memory);
    }
    make();
    return good;
}

static bool refused(const char *sentence) {
    return refused_for(ELF_X86_64, SIZE, sentence);
}

static bool accepted(enum elf_machine machine) {
    struct elf_image image;
    return elf_read(file, SIZE, machine, &image) == STATUS_OK;
}

TEST(good_file) {
    make();
    struct elf_image image;
    CHECK_EQ(elf_read(file, SIZE, ELF_X86_64, &image), STATUS_OK);
    CHECK_EQ(image.count, 3);
    CHECK_EQ(image.machine, ELF_X86_64);
    CHECK_EQ(image.entry, 0x201010);
    CHECK_EQ(image.segments[1].file_offset, 4096);
    CHECK_EQ(image.segments[1].file_size, 5000);
    CHECK_EQ(image.segments[1].address, 0x201000);
    CHECK_EQ(image.segments[1].access, ELF_READ | ELF_EXECUTE);
    CHECK_EQ(image.segments[2].memory_size, 70000);
    CHECK_EQ(image.segments[2].file_size, 100);
    CHECK(accepted(ELF_ANY));
    // A file need not lie at any alignment.
    uint8_t *moved = malloc(SIZE + 1);
    memcpy(moved + 1, file, SIZE);
    CHECK_EQ(elf_read(moved + 1, SIZE, ELF_X86_64, &image), STATUS_OK);
    free(moved);
}

TEST(machines) {
    make();
    CHECK(refused_for(ELF_AARCH64, SIZE, "machine 62 is not 183 (62 is x86_64, 183 aarch64)"));
    set(MACHINE, 2, 183);
    CHECK(accepted(ELF_AARCH64) && accepted(ELF_ANY));
    CHECK(refused("machine 183 is not 62 (62 is x86_64, 183 aarch64)"));
    set(MACHINE, 2, 3);
    CHECK(refused_for(ELF_ANY, SIZE, "machine 3 is not 62 (62 is x86_64, 183 aarch64)"));
}

TEST(file_header_defects) {
    make();
    CHECK(refused_for(ELF_ANY, 63, "63 bytes are fewer than the 64 of the header"));
    CHECK(refused_for(ELF_ANY, 0, "0 bytes are fewer than the 64 of the header"));
    set(0, 1, 0x7e);
    CHECK(refused("the first 4 bytes are not those of an ELF file"));
    set(CLASS, 1, 1);
    CHECK(refused("class 1 is not 2 (64 bits)"));
    set(ENCODING, 1, 2);
    CHECK(refused("data encoding 2 is not 1 (little-endian)"));
    set(IDENTITY_VERSION, 1, 0);
    CHECK(refused("version 0 is not 1"));
    set(VERSION, 4, 2);
    CHECK(refused("version 2 is not 1"));
    set(SYSTEM, 1, 3);
    CHECK(refused("operating system 3 is not 0 (none)"));
    set(TYPE, 2, 3);
    CHECK(refused("type 3 is not 2 (executable at fixed addresses)"));
    set(HEADER_SIZE, 2, 52);
    CHECK(refused("header size 52 is not 64"));
    set(PROGRAM_HEADER_SIZE, 2, 32);
    CHECK(refused("program header size 32 is not 56"));
    set(COUNT, 2, 0);
    CHECK(refused("0 program headers are not in 1 to 32"));
    set(COUNT, 2, 33);
    CHECK(refused("33 program headers are not in 1 to 32"));
    set(HEADERS, 8, SIZE - 223);
    CHECK(refused("the program headers end at 16385, beyond the file size 16384"));
    set(HEADERS, 8, UINT64_MAX - 10);
    CHECK(refused("the program headers end at 18446744073709551615, beyond the file size 16384"));
    CHECK(refused_for(ELF_ANY, 64 + 4 * 56 - 1,
                      "the program headers end at 288, beyond the file size 287"));
}

TEST(header_types) {
    make();
    set_header(3, KIND, 3);
    CHECK(refused("program header 3: the file asks for an interpreter: link it statically"));
    set_header(3, KIND, 2);
    CHECK(refused("program header 3: the file needs dynamic linking: link it statically, "
                  "without pie"));
    set_header(3, KIND, 7);
    CHECK(refused("program header 3: the file has thread-local storage, which is not supported"));
    set_header(3, ACCESS, 7);
    CHECK(refused("program header 3: the file asks for an executable stack"));
    // Others are passed over, whatever they hold.
    memset(file + 64 + 3 * 56, 0xff, 56);
    CHECK(accepted(ELF_X86_64));
}

TEST(segment_file_defects) {
    make();
    set_header(1, ALIGN, 65536);
    CHECK(refused("program header 1: alignment 65536 is not 4096"));
    set_header(1, OFFSET, 4097);
    CHECK(refused("program header 1: file offset 0x1001 is not a multiple of 0x1000"));
    set_header(2, MEMORY_SIZE, 0);
    CHECK(refused("program header 2: its memory size is 0"));
    set_header(2, MEMORY_SIZE, ELF_SEGMENT_SIZE + 1);
    CHECK(refused("program header 2: memory size 268435457 is more than the 268435456 allowed"));
    set_header(2, MEMORY_SIZE, ELF_SEGMENT_SIZE);
    CHECK(accepted(ELF_X86_64));
    set_header(2, MEMORY_SIZE, 99);
    CHECK(refused("program header 2: file size 100 is more than its memory size 99"));
    set_header(2, FILE_SIZE, 4097);
    CHECK(refused("program header 2: its bytes end at 16385, beyond the file size 16384"));
    set_header(2, FILE_SIZE, 4096);
    CHECK(accepted(ELF_X86_64));
    make();
    set_header(2, OFFSET, UINT64_MAX - 4095);
    set_header(2, FILE_SIZE, 8192);
    CHECK(refused("program header 2: its bytes end at 18446744073709551615, beyond the file "
                  "size 16384"));
    // Data of zeros only need no bytes in the file.
    set_header(2, OFFSET, UINT64_MAX - 4095);
    set_header(2, FILE_SIZE, 0);
    struct elf_image image;
    CHECK_EQ(elf_read(file, SIZE, ELF_X86_64, &image), STATUS_OK);
    CHECK(image.segments[2].file_size == 0 && image.segments[2].file_offset == 0);
}

TEST(segment_access_defects) {
    make();
    set_header(2, ACCESS, 7);
    CHECK(refused("program header 2: it is both writable and executable"));
    static const char *const sentences[] = {
        "program header 2: access 0 is not read, read and write, or read and execute",
        "program header 2: access 1 is not read, read and write, or read and execute",
        "program header 2: access 2 is not read, read and write, or read and execute"};
    for (uint32_t access = 0; access < 3; access++) {
        set_header(2, ACCESS, access);
        CHECK(refused(sentences[access]));
    }
    set_header(2, ACCESS, 12);
    CHECK(refused("program header 2: access 12 is not read, read and write, or read and execute"));
    set_header(1, MEMORY_SIZE, 5001);
    CHECK(refused("program header 1: not writable, yet memory size 5001 is more than its "
                  "file size 5000"));
}

TEST(segment_address_defects) {
    make();
    set_header(1, ADDRESS, 0x201008);
    CHECK(refused("program header 1: address 0x201008 is not a multiple of 0x1000"));
    set_header(0, ADDRESS, 0xf000);
    CHECK(refused("program header 0: address 0xf000 is below 0x10000"));
    set_header(0, ADDRESS, 0x10000);
    CHECK(accepted(ELF_X86_64));
    make();
    set_header(2, ADDRESS, ELF_ADDRESS_END - 69632);
    CHECK(refused("program header 2: it ends at 0x100000000170, above 0x100000000000"));
    set_header(2, ADDRESS, ELF_ADDRESS_END - 73728);
    CHECK(accepted(ELF_X86_64));
    make();
    set_header(2, ADDRESS, UINT64_MAX - 4095);
    CHECK(refused("program header 2: it ends at 0xffffffffffffffff, above 0x100000000000"));
    set_header(2, ADDRESS, 0x202000);
    CHECK(refused("program header 2: address 0x202000 is below 0x202388, where the segment "
                  "before it ends"));
    set_header(1, ADDRESS, 0x1ff000);
    CHECK(refused("program header 1: address 0x1ff000 is below 0x200258, where the segment "
                  "before it ends"));
}

TEST(segment_count) {
    make();
    for (size_t i = 0; i < 9; i++) {
        make_segment(i, ELF_READ | ELF_WRITE, i, 0, 4096);
    }
    make_segment(0, ELF_READ | ELF_EXECUTE, 0, 4096, 4096);
    set(ENTRY, 8, 0x200000);
    set(COUNT, 2, 8);
    CHECK(accepted(ELF_X86_64));
    set(COUNT, 2, 9);
    CHECK(refused("program header 8: loaded segment 9 is one more than the 8 allowed"));
}

TEST(entry_defects) {
    make();
    static const struct {
        uint64_t entry;
        bool good;
    } entries[] = {{0, false},        {0x200fff, false}, {0x201000, true},   {0x202387, true},
                   {0x202388, false}, {0x203000, false}, {UINT64_MAX, false}};
    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
        set(ENTRY, 8, entries[i].entry);
        CHECK_EQ(accepted(ELF_X86_64), entries[i].good);
    }
    set(ENTRY, 8, 0x200100);
    CHECK(refused("entry 0x200100 is not in the bytes of an executable segment"));
    set(MACHINE, 2, 183);
    set(ENTRY, 8, 0x201002);
    CHECK(refused_for(ELF_AARCH64, SIZE, "entry 0x201002 is not a multiple of 4"));
    // Without any segment there is no place for the entry.
    for (size_t i = 0; i < 3; i++) {
        set_header(i, KIND, 0);
    }
    CHECK(refused("entry 0x201010 is not in the bytes of an executable segment"));
}

UNIT_MAIN
