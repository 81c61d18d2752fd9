// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Symbol tables from a fuzzer: a good one, spoiled by patches, or the bytes as they
// come. What is accepted must be safe to search and to show.
#include "lib/symbols/symbols.h"

#include "lib/string/patch.h"

#include <stdlib.h>
#include <string.h>

static void require(bool condition) {
    if (!condition) {
        abort();
    }
}

static void check_symbol(const struct symbols *symbols, const struct symbol *symbol) {
    struct symbol other;
    size_t length = strlen(symbol->name);
    require(length > 0 && length < SYMBOLS_NAME && symbol->size > 0);
    for (size_t i = 0; i < length; i++) {
        require(symbol->name[i] > ' ' && symbol->name[i] <= '~');
    }
    require(symbols_find(symbols, symbol->name, &other) == STATUS_OK);
    require(strcmp(other.name, symbol->name) == 0);
    // Another one may begin further on, but none before it.
    require(symbols_at(symbols, symbol->address, &other) != STATUS_OK ||
            other.address == symbol->address);
}

static void check_table(const void *data, size_t size) {
    struct symbols symbols;
    struct symbol symbol;
    char memory[200];
    struct text_buffer text;
    enum status status = symbols_open(data, size, &symbols);
    text_start(&text, memory, sizeof memory);
    symbols_describe(&symbols, &text);
    require(!text.cut && text.length > 0);
    if (status != STATUS_OK) {
        require(status == STATUS_BAD_FORMAT && symbols.count == 0 && symbols.defect != 0);
        return;
    }
    for (uint32_t i = 0; symbols_number(&symbols, i, &symbol) == STATUS_OK; i++) {
        uint64_t address = symbol.address, size = symbol.size;
        require(i < symbols.count);
        if (symbols_at(&symbols, address, &symbol) == STATUS_OK) {
            check_symbol(&symbols, &symbol);
        }
        (void)symbols_at(&symbols, address - 1, &symbol);
        (void)symbols_at(&symbols, address + size, &symbol);
    }
    require(symbols_at(&symbols, UINT64_MAX, &symbol) == STATUS_NOT_FOUND);
    require(symbols_find(&symbols, "no such", &symbol) == STATUS_NOT_FOUND);
}

constexpr uint32_t COUNT = 8;

static size_t make(uint8_t *bytes) {
    struct symbols_header header = {
        .version = SYMBOLS_VERSION, .count = COUNT, .base = 0x400000, .names_size = COUNT * 4};
    memcpy(header.magic, SYMBOLS_MAGIC, 8);
    memcpy(bytes, &header, sizeof header);
    size_t end = sizeof header;
    for (uint32_t i = 0; i < COUNT; i++) {
        struct symbols_record record = {i * 0x10, i % 3 * 8, i * 4, 1 + i % 2};
        memcpy(bytes + end, &record, sizeof record);
        end += sizeof record;
    }
    for (uint32_t i = 0; i < COUNT; i++) {
        memcpy(bytes + end, "abc", 4);
        bytes[end] += (uint8_t)i;
        end += 4;
    }
    return end;
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size) {
    if (size == 0) {
        return 0;
    }
    // Memory of just the size used, so that a byte too far is seen.
    uint8_t whole[512];
    size_t total = make(whole);
    bool raw = input[0] == 0;
    if (!raw) {
        patch_file(whole, total, total, input + 1, size - 1);
    }
    const uint8_t *from = raw ? input + 1 : whole;
    size_t count = raw ? size - 1 : total;
    uint8_t *bytes = malloc(count == 0 ? 1 : count);
    memcpy(bytes, from, count);
    check_table(bytes, count);
    free(bytes);
    return 0;
}
