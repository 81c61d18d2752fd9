// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Any bytes as a device tree: the answer is a structure that passes the check or
// a sentence. The mutator begins with good trees, for chance does not find one.

#include "lib/firmware/fake.h"
#include "lib/firmware/fdt_board.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t limit);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t limit, unsigned seed);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct boot_info info;
    struct firmware_error fault;
    struct fake fake = {.piece = {{BOARD_FDT, data, size}}};
    struct firmware_memory memory = fake_memory(&fake);
    memset(&info, 0xa5, sizeof(info));
    enum status status = firmware_fdt(&memory, BOARD_FDT, &info, &fault);
    fake_free(&fake);
    if (strnlen(fault.text, sizeof(fault.text)) == sizeof(fault.text) ||
        (status == STATUS_OK) != (fault.text[0] == '\0') ||
        (status == STATUS_OK && firmware_check(&info) != STATUS_OK)) {
        abort();
    }
    return 0;
}

// Half of the time a few words are exchanged, which keeps the tree a tree.
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t limit, unsigned seed) {
    static struct board board;
    if (size < 64) {
        memset(&board, 0, sizeof(board));
        board.cpus = 1 + seed % 3;
        board.gic = 2 + seed / 3 % 2;
        board_write(&board);
        if (board.size <= limit) {
            memcpy(data, board.blob, board.size);
            return board.size;
        }
    }
    if (seed % 2 == 0 || size < 64) {
        return LLVMFuzzerMutate(data, size, limit);
    }
    static const uint32_t words[] = {0, 1, 2, 3, 4, 9, 0xffffffff, 0x80000000, 0x1000, 16};
    for (unsigned i = 0; i <= seed / 2 % 3; i++) {
        seed = seed * 1103515245 + 12345;
        size_t at = seed / 64 % (size / 4) * 4;
        uint32_t old = (uint32_t)data[at + 3];
        uint32_t word = words[seed / 7 % (sizeof(words) / sizeof(words[0]))];
        board_put32(data + at, seed / 16 % 4 == 0 ? old + 1 : word);
    }
    return size;
}
