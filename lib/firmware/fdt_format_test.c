// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The format of a device tree: every fault of header, structure and reserve map,
// and a good tree cut off or damaged at each of its bytes.

#include "lib/firmware/fake.h"
#include "lib/firmware/fdt_board.h"
#include "tests/unit.h"

UNIT_MAIN

static struct board board;
static struct boot_info info;
static struct firmware_error fault;

static void fresh(void) {
    memset(&board, 0, sizeof(board));
    board.cpus = 1;
    board.gic = 2;
    board_write(&board);
}

static enum status parse(uint64_t size) {
    struct fake fake = {.piece = {{BOARD_FDT, board.blob, size}}};
    struct firmware_memory memory = fake_memory(&fake);
    memset(&info, 0xa5, sizeof(info));
    enum status status = firmware_fdt(&memory, BOARD_FDT, &info, &fault);
    fake_free(&fake);
    return status;
}

static void expect(enum status status, const char *sentence) {
    EXPECT_RESULT(parse(board.size), status, sentence);
}

// A tree of `count` words as its structure block, and one name, "x".
static void raw(const uint32_t *words, uint32_t count) {
    memset(&board, 0, sizeof(board));
    board_string(&board, "x");
    for (uint32_t i = 0; i < count; i++) {
        board_word(&board, words[i]);
    }
    board_finish(&board);
}

#define RAW(...) \
    raw((const uint32_t[]){__VA_ARGS__}, sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))

TEST(header) {
    static const struct {
        uint32_t offset, value;
        enum status status;
        const char *sentence;
    } change[] = {
        {0, 0xd00dfeee, STATUS_BAD_FORMAT, "device tree at 0x48000003: the magic is 0xd00dfeee"},
        {4, 39, STATUS_TOO_LARGE, "size 39 is not from 40 to 2097152"},
        {4, 0x200001, STATUS_TOO_LARGE, "size 2097153 is not from 40 to 2097152"},
        {4, 0x100000, STATUS_BAD_ADDRESS,
         "device tree at 0x48000003: 1048576 bytes are not mapped"},
        {20, 16, STATUS_BAD_FORMAT, "the version is not 17"},
        {24, 18, STATUS_BAD_FORMAT, "the version is not 17"},
        {8, 70, STATUS_BAD_FORMAT, "the structure block is misplaced"},
        {8, 0xfffffffc, STATUS_BAD_FORMAT, "the structure block is misplaced"},
        {36, 0xfffffffc, STATUS_BAD_FORMAT, "the structure block is misplaced"},
        {12, 0xffffffff, STATUS_BAD_FORMAT, "the strings block is misplaced"},
        {32, 0xffffffff, STATUS_BAD_FORMAT, "the strings block is misplaced"},
        {16, 44, STATUS_BAD_FORMAT, "the reserve map is misplaced"},
        {16, 0xfffffff8, STATUS_BAD_FORMAT, "the reserve map is misplaced"},
        {32, 10, STATUS_BAD_FORMAT, "the strings block has no end"},
    };
    for (size_t i = 0; i < sizeof(change) / sizeof(change[0]); i++) {
        fresh();
        board_put32(board.blob + change[i].offset, change[i].value);
        expect(change[i].status, change[i].sentence);
    }
}

TEST(structure) {
    RAW(1, 0, 2);
    expect(STATUS_BAD_FORMAT, "structure offset 12: the block ends here");
    RAW(1, 0x61616161);
    expect(STATUS_BAD_FORMAT, "structure offset 0: a name has no end");
    RAW(1, 0, 3, 0);
    expect(STATUS_BAD_FORMAT, "structure offset 8: a property is cut off");
    RAW(1, 0, 3, 8, 0, 2);
    expect(STATUS_BAD_FORMAT, "structure offset 8: a property points outside");
    RAW(1, 0, 3, 0xffffffff, 0, 2, 9);
    expect(STATUS_BAD_FORMAT, "structure offset 8: a property points outside");
    RAW(1, 0, 3, 0, 2, 2, 9);
    expect(STATUS_BAD_FORMAT, "structure offset 8: a property points outside");
    RAW(1, 0, 5, 2, 9);
    expect(STATUS_BAD_FORMAT, "structure offset 8: an unknown token");
}

TEST(nesting) {
    RAW(1, 0, 2, 1, 0, 2, 9);
    expect(STATUS_BAD_FORMAT, "structure offset 12: a second root");
    RAW(1, 0, 2, 2, 9);
    expect(STATUS_BAD_FORMAT, "structure offset 12: the end of no node");
    RAW(1, 0, 1, 0, 2, 3, 0, 0, 2, 9);
    expect(STATUS_BAD_FORMAT, "structure offset 20: a property after a node");
    RAW(1, 0, 9);
    expect(STATUS_BAD_FORMAT, "structure offset 8: the end comes too early");
    RAW(9);
    expect(STATUS_BAD_FORMAT, "structure offset 0: the end comes too early");
    RAW(1, 0, 2, 9, 9);
    expect(STATUS_BAD_FORMAT, "structure offset 12: something follows the end");
}

TEST(depth) {
    memset(&board, 0, sizeof(board));
    for (int i = 0; i < 17; i++) {
        board_begin(&board, "n");
    }
    board_finish(&board);
    expect(STATUS_BAD_FORMAT, "nodes are nested too deeply");
}

TEST(smallest_tree) {
    RAW(1, 0, 2, 9);
    expect(STATUS_NOT_FOUND, "it has no console (arm,pl011)");
}

TEST(reserve_map) {
    fresh(); // a map of one entry behind everything else, and then the tree ends
    uint32_t at = (board.size + 7) & ~7u;
    board.size = at + 16;
    board_put32(board.blob + at + 4, 0x1000);
    board_put32(board.blob + at + 12, 0x1000);
    board_put32(board.blob + 4, board.size);
    board_put32(board.blob + 16, at);
    expect(STATUS_BAD_FORMAT, "device tree at 0x48000003: the reserve map has no end");
    fresh();
    board_put32(board.blob + 52, 0); // an address without a size
    expect(STATUS_BAD_FORMAT, "reserved range at 0x43000000: size 0x0 is 0 or wraps");
}

TEST(null_address) {
    struct fake fake = {};
    struct firmware_memory memory = fake_memory(&fake);
    CHECK_EQ(firmware_fdt(&memory, UINT64_MAX - 8, &info, &fault), STATUS_BAD_ADDRESS);
    CHECK(strstr(fault.text, "device tree at 0xfffffffffffffff7: 40 bytes are not mapped"));
}

TEST(names_from_outside_are_printable) {
    memset(&board, 0, sizeof(board));
    board.cpus = 1;
    board.gic = 2;
    CHANGE_TEXT(&board, "chosen", "stdout-path", "a\x1b[2J");
    board_write(&board);
    expect(STATUS_NOT_FOUND, "stdout-path names no alias: a?[2J");
}

TEST(every_cut) {
    fresh();
    for (uint64_t size = 0; size < board.size; size++) {
        CHECK_EQ(parse(size), STATUS_BAD_ADDRESS);
    }
}

// Whatever one byte becomes, the answer is a good structure or a sentence.
TEST(every_damaged_byte) {
    static const uint8_t values[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
    fresh();
    for (uint32_t at = 0; at < board.size; at++) {
        uint8_t saved = board.blob[at];
        for (size_t i = 0; i < sizeof(values); i++) {
            board.blob[at] = values[i];
            if (parse(board.size) == STATUS_OK) {
                CHECK_EQ(firmware_check(&info), STATUS_OK);
            } else {
                CHECK(fault.text[0] != '\0');
            }
        }
        board.blob[at] = saved;
    }
}
