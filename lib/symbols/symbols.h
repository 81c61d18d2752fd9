// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The symbol table of a program: which function or variable stands at an address,
// and where one of a given name stands. Made from the ELF file's own table when
// the package is built (tools/mksymbols.c), read by the debugger, who does not
// trust it: symbols_open looks at every record and every name before the first is
// used, and nothing afterwards can leave the table. It must stay as it is meanwhile.
//
// Layout, little-endian: struct symbols_header, `count` records of struct
// symbols_record sorted by offset, then `names_size` bytes of names, each ended by
// NUL. Nothing follows.
#pragma once

#include "abi/status.h"
#include "lib/string/text.h"

#include <stddef.h>
#include <stdint.h>

#define SYMBOLS_MAGIC "VECTRASY"
constexpr uint32_t SYMBOLS_VERSION = 1;
constexpr uint32_t SYMBOLS_COUNT = 16384;    // records at most
constexpr uint32_t SYMBOLS_NAMES = 1 << 20;  // bytes of names at most
constexpr size_t SYMBOLS_NAME = 64;          // bytes of one name at most, with NUL
constexpr uint64_t SYMBOLS_END = 1ull << 44; // addresses are below
constexpr size_t SYMBOLS_SIZE = 32ull + SYMBOLS_COUNT * 16ull + SYMBOLS_NAMES; // of a table

enum symbols_kind : uint32_t {
    SYMBOLS_CODE = 1,
    SYMBOLS_DATA = 2,
};

struct symbols_header {
    char magic[8]; // SYMBOLS_MAGIC, without NUL
    uint32_t version;
    uint32_t count;
    uint64_t base;       // offsets count from here
    uint32_t names_size; // bytes
    uint32_t reserved;   // 0
};

struct symbols_record {
    uint32_t offset; // of its address from the base
    uint32_t size;   // bytes; 0: up to the next symbol
    uint32_t name;   // offset in the names
    uint32_t kind;   // enum symbols_kind
};

static_assert(sizeof(struct symbols_header) == 32 && sizeof(struct symbols_record) == 16);

// DEFECT(name, sentence). A sentence may use the two numbers of the fault.
#define SYMBOLS_DEFECTS(DEFECT) \
    DEFECT(NONE, "nothing is wrong") \
    DEFECT(SHORT, "%lu bytes are fewer than the %lu of the header") \
    DEFECT(MAGIC, "the first 8 bytes are not VECTRASY") \
    DEFECT(VERSION, "version %lu is not %lu") \
    DEFECT(COUNT, "symbol count %lu is more than the %lu allowed") \
    DEFECT(NAMES, "%lu bytes of names are not in 0 to %lu") \
    DEFECT(SIZE, "%lu bytes are not the %lu that the header makes") \
    DEFECT(RESERVED, "the reserved word is %lu, not %lu") \
    DEFECT(BASE, "base 0x%lx is not below 0x%lx") \
    DEFECT(KIND, "symbol %lu: its kind is not in 1 to %lu") \
    DEFECT(ORDER, "symbol %lu: its offset 0x%lx is below the one before it") \
    DEFECT(RANGE, "symbol %lu: it ends at 0x%lx, beyond all addresses") \
    DEFECT(NAME_RANGE, "symbol %lu: its name begins at %lu, beyond the names") \
    DEFECT(NAME_LONG, "symbol %lu: its name does not end within %lu bytes") \
    DEFECT(NAME_EMPTY, "symbol %lu: its name is empty") \
    DEFECT(NAME_BYTE, "symbol %lu: its name has the byte 0x%lx, which is not to be shown")

enum symbols_defect : uint32_t {
#define DEFECT(name, sentence) SYMBOLS_DEFECT_##name,
    SYMBOLS_DEFECTS(DEFECT)
#undef DEFECT
};

// An open table. Refers to the memory given to symbols_open.
struct symbols {
    const uint8_t *records;
    const char *names;
    uint64_t base;
    uint32_t count; // 0 unless open
    enum symbols_defect defect;
    uint64_t value, other; // numbers of the defect's sentence
};

struct symbol {
    const char *name; // printable ASCII without blanks
    uint64_t address;
    uint64_t size; // at least 1; up to the next symbol where the table does not say it
    enum symbols_kind kind;
};

// Opens the table in `size` bytes at `data`. BAD_FORMAT: see
// symbols_describe; `out` is then empty.
[[nodiscard]] enum status symbols_open(const void *data, size_t size, struct symbols *out);

// Symbol `number`, counted from 0 in the order of addresses; NOT_FOUND beyond the last.
[[nodiscard]] enum status symbols_number(const struct symbols *symbols, uint32_t number,
                                         struct symbol *out);

// The symbol that holds the address: of several, the one that begins last. NOT_FOUND.
[[nodiscard]] enum status symbols_at(const struct symbols *symbols, uint64_t address,
                                     struct symbol *out);

// The first symbol of that name; NOT_FOUND.
[[nodiscard]] enum status symbols_find(const struct symbols *symbols, const char *name,
                                       struct symbol *out);

// Appends the sentence of what symbols_open refused.
void symbols_describe(const struct symbols *symbols, struct text_buffer *out);
