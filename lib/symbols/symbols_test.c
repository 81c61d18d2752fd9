// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// A small table is made for each test, searched, or spoiled in one way and then
// refused with the sentence for it.
#include "lib/symbols/symbols.h"

#include "tests/unit.h"

static const char names[] = "start\0main\0counter\0end";

static struct {
    struct symbols_header header;
    struct symbols_record records[4];
    char names[sizeof names];
} made;

static struct symbols symbols;

static void make(void) {
    made.header = (struct symbols_header){
        .version = SYMBOLS_VERSION, .count = 4, .base = 0x400000, .names_size = sizeof names};
    memcpy(made.header.magic, SYMBOLS_MAGIC, 8);
    made.records[0] = (struct symbols_record){0, 0, 0, SYMBOLS_CODE};
    made.records[1] = (struct symbols_record){0x10, 0x20, 6, SYMBOLS_CODE};
    made.records[2] = (struct symbols_record){0x1000, 8, 11, SYMBOLS_DATA};
    made.records[3] = (struct symbols_record){0x2000, 0, 19, SYMBOLS_DATA};
    memcpy(made.names, names, sizeof names);
}

// Offset of the end of what is used: `made` may have padding behind it.
constexpr size_t SIZE =
    sizeof(struct symbols_header) + 4 * sizeof(struct symbols_record) + sizeof names;

static bool refused(enum symbols_defect defect, const char *sentence) {
    char memory[200];
    struct text_buffer text;
    text_start(&text, memory, sizeof memory);
    bool good = symbols_open(&made, SIZE, &symbols) == STATUS_BAD_FORMAT &&
                symbols.defect == defect && symbols.count == 0;
    symbols_describe(&symbols, &text);
    good = good && strcmp(memory, sentence) == 0;
    if (!good) {
        printf("# %s\n", memory);
    }
    make();
    return good;
}

static const char *name_at(uint64_t address) {
    struct symbol symbol;
    return symbols_at(&symbols, address, &symbol) == STATUS_OK ? symbol.name : "";
}

TEST(addresses) {
    make();
    CHECK_EQ(symbols_open(&made, SIZE, &symbols), STATUS_OK);
    CHECK(strcmp(name_at(0x3fffff), "") == 0);
    CHECK(strcmp(name_at(0x400000), "start") == 0);
    CHECK(strcmp(name_at(0x40000f), "start") == 0);
    CHECK(strcmp(name_at(0x400010), "main") == 0);
    CHECK(strcmp(name_at(0x40002f), "main") == 0);
    CHECK(strcmp(name_at(0x400030), "") == 0);
    CHECK(strcmp(name_at(0x401007), "counter") == 0);
    CHECK(strcmp(name_at(0x401008), "") == 0);
    CHECK(strcmp(name_at(0x402000), "end") == 0);
    CHECK(strcmp(name_at(0x402001), "") == 0);
    CHECK(strcmp(name_at(UINT64_MAX), "") == 0);
}

TEST(of_two_the_one_that_begins_last) {
    make();
    made.records[0].size = 0x100;
    CHECK_EQ(symbols_open(&made, SIZE, &symbols), STATUS_OK);
    CHECK(strcmp(name_at(0x400018), "main") == 0);
}

TEST(names_are_found) {
    struct symbol symbol;
    make();
    CHECK_EQ(symbols_open(&made, SIZE, &symbols), STATUS_OK);
    CHECK_EQ(symbols_find(&symbols, "counter", &symbol), STATUS_OK);
    CHECK(symbol.address == 0x401000 && symbol.size == 8 && symbol.kind == SYMBOLS_DATA);
    CHECK_EQ(symbols_find(&symbols, "end", &symbol), STATUS_OK);
    CHECK(symbol.size == 1);
    CHECK_EQ(symbols_find(&symbols, "count", &symbol), STATUS_NOT_FOUND);
    CHECK_EQ(symbols_find(&symbols, "", &symbol), STATUS_NOT_FOUND);
}

TEST(all_in_order) {
    struct symbol symbol;
    make();
    CHECK_EQ(symbols_open(&made, SIZE, &symbols), STATUS_OK);
    CHECK_EQ(symbols_number(&symbols, 0, &symbol), STATUS_OK);
    CHECK(symbol.address == 0x400000 && symbol.size == 0x10);
    CHECK_EQ(symbols_number(&symbols, 3, &symbol), STATUS_OK);
    CHECK(strcmp(symbol.name, "end") == 0);
    CHECK_EQ(symbols_number(&symbols, 4, &symbol), STATUS_NOT_FOUND);
}

TEST(an_empty_table) {
    struct symbol symbol;
    make();
    made.header.count = made.header.names_size = 0;
    CHECK_EQ(symbols_open(&made, sizeof made.header, &symbols), STATUS_OK);
    CHECK_EQ(symbols_at(&symbols, 0x400000, &symbol), STATUS_NOT_FOUND);
    CHECK_EQ(symbols_find(&symbols, "main", &symbol), STATUS_NOT_FOUND);
}

TEST(headers_that_lie) {
    make();
    CHECK_EQ(symbols_open(&made, 31, &symbols), STATUS_BAD_FORMAT);
    CHECK(symbols.defect == SYMBOLS_DEFECT_SHORT);
    made.header.magic[7] = 'X';
    CHECK(refused(SYMBOLS_DEFECT_MAGIC, "the first 8 bytes are not VECTRASY"));
    made.header.version = 2;
    CHECK(refused(SYMBOLS_DEFECT_VERSION, "version 2 is not 1"));
    made.header.count = SYMBOLS_COUNT + 1;
    CHECK(refused(SYMBOLS_DEFECT_COUNT, "symbol count 16385 is more than the 16384 allowed"));
    made.header.names_size = SYMBOLS_NAMES + 1;
    CHECK(refused(SYMBOLS_DEFECT_NAMES, "1048577 bytes of names are not in 0 to 1048576"));
    made.header.count = 5;
    CHECK(refused(SYMBOLS_DEFECT_SIZE, "119 bytes are not the 135 that the header makes"));
    made.header.reserved = 1;
    CHECK(refused(SYMBOLS_DEFECT_RESERVED, "the reserved word is 1, not 0"));
    made.header.base = SYMBOLS_END;
    CHECK(refused(SYMBOLS_DEFECT_BASE, "base 0x100000000000 is not below 0x100000000000"));
}

TEST(records_that_lie) {
    make();
    made.records[1].kind = 3;
    CHECK(refused(SYMBOLS_DEFECT_KIND, "symbol 1: its kind is not in 1 to 2"));
    made.records[2].offset = 0xf;
    CHECK(refused(SYMBOLS_DEFECT_ORDER, "symbol 2: its offset 0xf is below the one before it"));
    made.header.base = SYMBOLS_END - 0x1001;
    CHECK(
        refused(SYMBOLS_DEFECT_RANGE, "symbol 2: it ends at 0x100000000007, beyond all addresses"));
    made.records[3].name = sizeof names;
    CHECK(refused(SYMBOLS_DEFECT_NAME_RANGE, "symbol 3: its name begins at 23, beyond the names"));
    made.names[sizeof names - 1] = 'x';
    CHECK(refused(SYMBOLS_DEFECT_NAME_LONG, "symbol 3: its name does not end within 64 bytes"));
    made.records[0].name = 5;
    CHECK(refused(SYMBOLS_DEFECT_NAME_EMPTY, "symbol 0: its name is empty"));
    made.names[7] = '\x1b';
    CHECK(refused(SYMBOLS_DEFECT_NAME_BYTE,
                  "symbol 1: its name has the byte 0x1b, which is not to be shown"));
    CHECK_EQ(symbols_open(&made, SIZE, &symbols), STATUS_OK);
}

UNIT_MAIN
