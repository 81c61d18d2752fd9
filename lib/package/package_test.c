// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// An archive of three entries is made anew for each test, spoiled in one way,
// given the right root hash again, and must be refused with the defect and the
// sentence that name this way.
#include "lib/package/package.h"

#include "lib/blake3/blake3.h"
#include "tests/unit.h"

constexpr size_t SIZE = 5 * 4096;
constexpr size_t INDEX = 64 + 3 * 128;

static struct {
    alignas(4096) uint8_t bytes[SIZE];
    struct package_header *header;
    struct package_record *records;
    uint8_t root[BLAKE3_HASH];
} made;

static void make_record(size_t i, uint32_t kind, const char *name, uint64_t offset,
                        const char *content) {
    struct package_record *record = &made.records[i];
    size_t size = strlen(content);
    *record = (struct package_record){.offset = offset, .size = size, .kind = kind};
    memcpy(record->name, name, strlen(name));
    memcpy(made.bytes + offset, content, size);
    blake3_hash(content, size, record->hash);
}

static void sign(void) {
    blake3_hash(made.bytes, made.header->index_size < SIZE ? made.header->index_size : INDEX,
                made.root);
}

static void make(void) {
    memset(made.bytes, 0, SIZE);
    made.header = (struct package_header *)made.bytes;
    made.records = (struct package_record *)(made.bytes + 64);
    *made.header =
        (struct package_header){.version = 1, .count = 3, .size = SIZE, .index_size = INDEX};
    memcpy(made.header->magic, PACKAGE_MAGIC, 8);
    make_record(0, PACKAGE_PROGRAM, "shell", 4096, "the program");
    make_record(1, PACKAGE_MANIFEST, "shell", 8192, "program shell\n");
    make_record(2, PACKAGE_DATA, "empty", 16384, "");
    sign();
}

// Whether the archive, signed as it is now, is refused with this sentence.
static bool refused(enum status want, enum package_defect defect, const char *sentence) {
    struct package package;
    char memory[200];
    struct text_buffer text;
    text_start(&text, memory, sizeof memory);
    enum status status = package_open(made.bytes, SIZE, made.root, &package);
    package_describe(&package, &text);
    bool good = status == want && package.fault.defect == defect && strcmp(memory, sentence) == 0 &&
                package.count == 0;
    if (!good) {
        printf("# status %u, '%s'\n", status, memory);
    }
    return good;
}

static bool refused_format(enum package_defect defect, const char *sentence) {
    sign();
    return refused(STATUS_BAD_FORMAT, defect, sentence);
}

TEST(good_archive) {
    make();
    struct package package;
    struct package_entry entry;
    CHECK_EQ(package_open(made.bytes, SIZE, made.root, &package), STATUS_OK);
    CHECK_EQ(package.count, 3);
    CHECK_EQ(package_find(&package, PACKAGE_PROGRAM, "shell", &entry), STATUS_OK);
    CHECK(entry.kind == PACKAGE_PROGRAM && entry.number == 0 && entry.size == 11);
    CHECK(memcmp(entry.content, "the program", 11) == 0 && strcmp(entry.name, "shell") == 0);
    CHECK_EQ(package_verify(&package, &entry), STATUS_OK);
    CHECK_EQ(package_find(&package, PACKAGE_MANIFEST, "shell", &entry), STATUS_OK);
    CHECK(entry.number == 1 && entry.content == made.bytes + 8192);
    CHECK_EQ(package_verify(&package, &entry), STATUS_OK);
    CHECK_EQ(package_at(&package, 2, &entry), STATUS_OK);
    CHECK(entry.kind == PACKAGE_DATA && entry.size == 0 && entry.offset == 16384);
    CHECK_EQ(package_verify(&package, &entry), STATUS_OK);
    // More memory than the archive is fine, wherever it lies.
    uint8_t *moved = malloc(SIZE + 101);
    memcpy(moved + 1, made.bytes, SIZE);
    memset(moved + 1 + SIZE, 0xff, 100);
    CHECK_EQ(package_open(moved + 1, SIZE + 100, made.root, &package), STATUS_OK);
    CHECK_EQ(package_find(&package, PACKAGE_DATA, "empty", &entry), STATUS_OK);
    CHECK_EQ(package_verify(&package, &entry), STATUS_OK);
    free(moved);
}

TEST(nothing_of_that_name) {
    make();
    struct package package;
    struct package_entry entry;
    CHECK_EQ(package_open(made.bytes, SIZE, made.root, &package), STATUS_OK);
    static const char *const names[] = {"", "a", "shel", "shelll", "empty", "zz"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        CHECK_EQ(package_find(&package, PACKAGE_PROGRAM, names[i], &entry), STATUS_NOT_FOUND);
    }
    CHECK_EQ(package_find(&package, PACKAGE_DATA, "shell", &entry), STATUS_NOT_FOUND);
    CHECK_EQ(package_find(&package, 0, "shell", &entry), STATUS_NOT_FOUND);
    CHECK_EQ(package_find(&package, 4, "shell", &entry), STATUS_NOT_FOUND);
    CHECK_EQ(package_at(&package, 3, &entry), STATUS_NOT_FOUND);
    CHECK_EQ(package_at(&package, UINT32_MAX, &entry), STATUS_NOT_FOUND);
    // A name longer than any in the index, whose start is one.
    char name[80];
    memset(name, 'x', sizeof name);
    name[79] = '\0';
    CHECK_EQ(package_find(&package, PACKAGE_PROGRAM, name, &entry), STATUS_NOT_FOUND);
    // A package that could not be opened has no entries.
    made.root[0] ^= 1;
    CHECK_EQ(package_open(made.bytes, SIZE, made.root, &package), STATUS_BAD_HASH);
    CHECK_EQ(package_find(&package, PACKAGE_PROGRAM, "shell", &entry), STATUS_NOT_FOUND);
    CHECK_EQ(package_at(&package, 0, &entry), STATUS_NOT_FOUND);
}

TEST(header_defects) {
    make();
    struct package package;
    CHECK_EQ(package_open(made.bytes, 63, made.root, &package), STATUS_BAD_FORMAT);
    CHECK_EQ(package.fault.defect, PACKAGE_DEFECT_SHORT);
    CHECK_EQ(package_open(nullptr, 0, made.root, &package), STATUS_BAD_FORMAT);
    made.header->magic[7] = 'k';
    CHECK(refused_format(PACKAGE_DEFECT_MAGIC, "the first 8 bytes are not VECTRAPK"));
    make();
    made.header->version = 2;
    CHECK(refused_format(PACKAGE_DEFECT_VERSION, "version 2 is not 1"));
    make();
    made.header->count = 0;
    CHECK(refused_format(PACKAGE_DEFECT_COUNT, "entry count 0 is not in 1 to 1024"));
    made.header->count = 1025;
    CHECK(refused_format(PACKAGE_DEFECT_COUNT, "entry count 1025 is not in 1 to 1024"));
    make();
    made.header->size = SIZE - 1;
    CHECK(refused_format(PACKAGE_DEFECT_SIZE_UNALIGNED,
                         "archive size 20479 is not a multiple of 4096"));
    made.header->size = SIZE + 4096;
    CHECK(refused_format(PACKAGE_DEFECT_SIZE_RANGE,
                         "archive size 24576 is more than the 20480 bytes there are"));
    make();
    made.header->index_size = INDEX + 1;
    CHECK(refused_format(PACKAGE_DEFECT_INDEX_SIZE,
                         "index size 449 is not the 448 that the entry count makes"));
    make();
    made.header->size = 0;
    CHECK(refused_format(PACKAGE_DEFECT_INDEX_RANGE,
                         "index size 448 is more than the archive size 0"));
    make();
    made.header->reserved[31] = 1;
    CHECK(refused_format(PACKAGE_DEFECT_RESERVED, "reserved byte 63 is not 0"));
}

TEST(every_bit_of_the_index_counts) {
    make();
    for (size_t bit = 0; bit < INDEX * 8; bit++) {
        struct package package;
        made.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        CHECK(package_open(made.bytes, SIZE, made.root, &package) != STATUS_OK);
        made.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    made.root[31] ^= 0x80;
    CHECK(refused(STATUS_BAD_HASH, PACKAGE_DEFECT_INDEX_HASH,
                  "the index does not match the root hash"));
}

TEST(record_defects) {
    make();
    made.records[1].kind = 5;
    CHECK(refused_format(PACKAGE_DEFECT_KIND, "entry 1 'shell': kind 5 is not in 1 to 4"));
    made.records[1].kind = 0;
    CHECK(refused_format(PACKAGE_DEFECT_KIND, "entry 1 'shell': kind 0 is not in 1 to 4"));
    make();
    made.records[1].reserved = 256;
    CHECK(refused_format(PACKAGE_DEFECT_RESERVED, "entry 1 'shell': reserved byte 52 is not 0"));
    make();
    made.records[2].reserved_end[7] = 1;
    CHECK(refused_format(PACKAGE_DEFECT_RESERVED, "entry 2 'empty': reserved byte 127 is not 0"));
    make();
    memset(made.records[0].name, 0, PACKAGE_NAME);
    CHECK(refused_format(PACKAGE_DEFECT_NAME_EMPTY, "entry 0 '': the name is empty"));
    make();
    made.records[0].name[4] = 'L';
    CHECK(refused_format(PACKAGE_DEFECT_NAME_BYTE,
                         "entry 0 'shel?': byte 4 of the name is 0x4c, not one of "
                         "a-z 0-9 . _ -"));
    make();
    memcpy(made.records[0].name, "a-z_09.b", 8);
    sign();
    struct package package;
    CHECK_EQ(package_open(made.bytes, SIZE, made.root, &package), STATUS_OK);
    static const char others[] = "/:`{A @\x80\xff";
    for (size_t i = 0; i < sizeof others - 1; i++) {
        made.records[0].name[1] = others[i];
        sign();
        CHECK_EQ(package_open(made.bytes, SIZE, made.root, &package), STATUS_BAD_FORMAT);
        CHECK_EQ(package.fault.defect, PACKAGE_DEFECT_NAME_BYTE);
    }
    make();
    made.records[0].name[40] = 'x';
    CHECK(refused_format(PACKAGE_DEFECT_NAME_PADDING,
                         "entry 0 'shell': byte 40, after the name, is not 0"));
    make();
    memset(made.records[0].name, 'x', PACKAGE_NAME);
    CHECK(
        refused_format(PACKAGE_DEFECT_NAME_LONG,
                       "entry 0 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'"
                       ": the name has no NUL in its 64 bytes"));
    // One byte less is the longest name there can be.
    made.records[0].name[63] = '\0';
    sign();
    struct package_entry entry;
    CHECK_EQ(package_open(made.bytes, SIZE, made.root, &package), STATUS_OK);
    CHECK_EQ(package_at(&package, 0, &entry), STATUS_OK);
    CHECK_EQ(strlen(entry.name), 63);
    CHECK_EQ(package_find(&package, PACKAGE_PROGRAM, entry.name, &entry), STATUS_OK);
}

TEST(order_defects) {
    make();
    made.records[1].kind = PACKAGE_PROGRAM;
    CHECK(refused_format(PACKAGE_DEFECT_ORDER,
                         "entry 1 'shell': it must come after the entry before it "
                         "by kind and name"));
    made.records[1].name[4] = 'k';
    sign();
    CHECK(refused(STATUS_BAD_FORMAT, PACKAGE_DEFECT_ORDER,
                  "entry 1 'shelk': it must come after the entry before it by kind and name"));
    made.records[1].name[4] = 'm';
    sign();
    struct package package;
    CHECK_EQ(package_open(made.bytes, SIZE, made.root, &package), STATUS_OK);
    make();
    made.records[0].kind = PACKAGE_DATA;
    CHECK(refused_format(PACKAGE_DEFECT_ORDER, "entry 1 'shell': it must come after the entry "
                                               "before it by kind and name"));
}

TEST(content_place_defects) {
    make();
    made.records[1].offset = 8193;
    CHECK(refused_format(PACKAGE_DEFECT_OFFSET_UNALIGNED,
                         "entry 1 'shell': offset 8193 is not a multiple of 4096"));
    made.records[1].offset = 4096;
    CHECK(refused_format(PACKAGE_DEFECT_OVERLAP, "entry 1 'shell': offset 4096 is below 4107, "
                                                 "where what is before it ends"));
    make();
    made.records[0].offset = 0;
    CHECK(refused_format(PACKAGE_DEFECT_OVERLAP, "entry 0 'shell': offset 0 is below 448, "
                                                 "where what is before it ends"));
    make();
    made.records[2].size = 4097;
    CHECK(refused_format(PACKAGE_DEFECT_RANGE, "entry 2 'empty': its content ends at 20481, "
                                               "beyond the archive size 20480"));
    made.records[2].size = UINT64_MAX - 100;
    CHECK(refused_format(PACKAGE_DEFECT_RANGE,
                         "entry 2 'empty': its content ends at 18446744073709551615, "
                         "beyond the archive size 20480"));
    made.records[2].size = 0;
    made.records[2].offset = 1ull << 63;
    CHECK(refused_format(PACKAGE_DEFECT_RANGE,
                         "entry 2 'empty': its content ends at 9223372036854775808, "
                         "beyond the archive size 20480"));
    made.records[2].offset = SIZE;
    sign();
    struct package package;
    CHECK_EQ(package_open(made.bytes, SIZE, made.root, &package), STATUS_OK);
}

TEST(index_padding) {
    make();
    made.bytes[4095] = 1;
    CHECK(refused_format(PACKAGE_DEFECT_INDEX_PADDING, "byte 4095, after the index, is not 0"));
    made.bytes[INDEX] = 1;
    CHECK(refused_format(PACKAGE_DEFECT_INDEX_PADDING, "byte 448, after the index, is not 0"));
}

// Verifies entry `number` and compares the outcome.
static bool verifies(uint32_t number, enum status want, const char *sentence) {
    struct package package;
    struct package_entry entry;
    char memory[200];
    struct text_buffer text;
    text_start(&text, memory, sizeof memory);
    if (package_open(made.bytes, SIZE, made.root, &package) != STATUS_OK ||
        package_at(&package, number, &entry) != STATUS_OK) {
        return false;
    }
    enum status status = package_verify(&package, &entry);
    package_describe(&package, &text);
    return status == want && strcmp(memory, sentence) == 0;
}

TEST(every_bit_of_the_content_counts) {
    make();
    for (size_t bit = 4096 * 8; bit < SIZE * 8; bit += bit < 4120 * 8 ? 1 : 509) {
        made.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        size_t at = bit / 8;
        char sentence[100] = "entry 0 'shell': its content does not match its hash";
        uint32_t owner = at < 8192 ? 0 : at < 16384 ? 1 : 2;
        size_t end = owner == 0 ? 4107 : owner == 1 ? 8206 : 16384;
        sentence[6] = (char)('0' + owner);
        if (at >= end) {
            sprintf(sentence, "entry %u '%s': byte %zu of the archive, after its content, is not 0",
                    owner, owner == 2 ? "empty" : "shell", at);
        }
        CHECK(verifies(owner, at >= end ? STATUS_BAD_FORMAT : STATUS_BAD_HASH, sentence));
        // The others are none the worse for it.
        CHECK(verifies((owner + 1) % 3, STATUS_OK, "nothing is wrong"));
        made.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

TEST(full_index) {
    // 1024 entries, found each and in order.
    size_t index = 64 + 1024 * 128, size = (index + 4095) / 4096 * 4096;
    uint8_t *bytes = calloc(1, size), root[BLAKE3_HASH];
    struct package_header header = {.version = 1, .count = 1024, .size = size, .index_size = index};
    memcpy(header.magic, PACKAGE_MAGIC, 8);
    memcpy(bytes, &header, sizeof header);
    for (size_t i = 0; i < 1024; i++) {
        struct package_record record = {.offset = size, .kind = PACKAGE_DATA};
        sprintf(record.name, "entry-%04zu", i);
        memcpy(bytes + 64 + i * 128, &record, sizeof record);
    }
    blake3_hash(bytes, index, root);
    struct package package;
    CHECK_EQ(package_open(bytes, size, root, &package), STATUS_OK);
    for (uint32_t i = 0; i < 1024; i++) {
        char name[16];
        struct package_entry entry;
        sprintf(name, "entry-%04u", i);
        CHECK_EQ(package_find(&package, PACKAGE_DATA, name, &entry), STATUS_OK);
        CHECK_EQ(entry.number, i);
        name[9]++;
        CHECK_EQ(package_find(&package, PACKAGE_DATA, name, &entry),
                 i % 10 == 9 || i == 1023 ? STATUS_NOT_FOUND : STATUS_OK);
    }
    free(bytes);
}

UNIT_MAIN
