// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The boot package: an archive of programs, their manifests and data that is
// trusted only as far as a hash built into the kernel image says. The index is
// checked as a whole by package_open; each content is checked by package_verify
// when it is first used, so that booting reads no more than it needs.
//
// Layout, little-endian: struct package_header, then `count` records of struct
// package_record sorted by kind and name, then the contents, each at a multiple
// of 4096, in the order of the records. All bytes between are 0. The root hash
// is the BLAKE3 hash of the header and the records; each record holds the hash
// of its content.
#pragma once

#include "abi/status.h"
#include "lib/string/text.h"

#include <stddef.h>
#include <stdint.h>

constexpr uint32_t PACKAGE_VERSION = 1;
constexpr uint32_t PACKAGE_ENTRIES = 1024;
constexpr size_t PACKAGE_NAME = 64; // bytes, the last of which is NUL
constexpr size_t PACKAGE_HASH = 32;
constexpr uint64_t PACKAGE_ALIGN = 4096;
#define PACKAGE_MAGIC "VECTRAPK"

enum package_kind : uint32_t {
    PACKAGE_PROGRAM = 1,  // an ELF file
    PACKAGE_MANIFEST = 2, // the text that lists what the program of that name gets
    PACKAGE_DATA = 3,
    PACKAGE_SYMBOLS = 4, // the symbol table of the program of that name: lib/symbols
};

struct package_header {
    char magic[8]; // PACKAGE_MAGIC, without NUL
    uint32_t version;
    uint32_t count;      // of records, 1 to PACKAGE_ENTRIES
    uint64_t size;       // of the archive, a multiple of PACKAGE_ALIGN
    uint64_t index_size; // of the header and all records
    uint8_t reserved[32];
};

struct package_record {
    uint8_t hash[PACKAGE_HASH];
    uint64_t offset; // from the start of the archive
    uint64_t size;   // may be 0
    uint32_t kind;   // enum package_kind
    uint32_t reserved;
    char name[PACKAGE_NAME]; // a-z 0-9 . _ - and then NULs
    uint8_t reserved_end[8];
};

static_assert(sizeof(struct package_header) == 64 && sizeof(struct package_record) == 128);

// DEFECT(name, sentence). A sentence may use the two numbers of the fault.
#define PACKAGE_DEFECTS(DEFECT) \
    DEFECT(NONE, "nothing is wrong") \
    DEFECT(SHORT, "%lu bytes are fewer than the %lu of the header") \
    DEFECT(MAGIC, "the first 8 bytes are not VECTRAPK") \
    DEFECT(VERSION, "version %lu is not %lu") \
    DEFECT(COUNT, "entry count %lu is not in 1 to %lu") \
    DEFECT(SIZE_UNALIGNED, "archive size %lu is not a multiple of %lu") \
    DEFECT(SIZE_RANGE, "archive size %lu is more than the %lu bytes there are") \
    DEFECT(INDEX_SIZE, "index size %lu is not the %lu that the entry count makes") \
    DEFECT(INDEX_RANGE, "index size %lu is more than the archive size %lu") \
    DEFECT(RESERVED, "reserved byte %lu is not 0") \
    DEFECT(INDEX_HASH, "the index does not match the root hash") \
    DEFECT(INDEX_PADDING, "byte %lu, after the index, is not 0") \
    DEFECT(KIND, "kind %lu is not in 1 to %lu") \
    DEFECT(NAME_EMPTY, "the name is empty") \
    DEFECT(NAME_LONG, "the name has no NUL in its %lu bytes") \
    DEFECT(NAME_BYTE, "byte %lu of the name is 0x%lx, not one of a-z 0-9 . _ -") \
    DEFECT(NAME_PADDING, "byte %lu, after the name, is not 0") \
    DEFECT(ORDER, "it must come after the entry before it by kind and name") \
    DEFECT(OFFSET_UNALIGNED, "offset %lu is not a multiple of %lu") \
    DEFECT(OVERLAP, "offset %lu is below %lu, where what is before it ends") \
    DEFECT(RANGE, "its content ends at %lu, beyond the archive size %lu") \
    DEFECT(CONTENT_HASH, "its content does not match its hash") \
    DEFECT(PADDING, "byte %lu of the archive, after its content, is not 0")

enum package_defect : uint32_t {
#define DEFECT(name, sentence) PACKAGE_DEFECT_##name,
    PACKAGE_DEFECTS(DEFECT)
#undef DEFECT
};

constexpr uint32_t PACKAGE_NO_ENTRY = UINT32_MAX;

// What was wrong, and where.
struct package_fault {
    enum package_defect defect;
    uint32_t entry; // PACKAGE_NO_ENTRY when it concerns the whole archive
    uint64_t value; // what was found
    uint64_t wanted;
};

// An open archive. Refers to the memory given to package_open, which must stay
// as it is: what was checked is not checked again.
struct package {
    const uint8_t *data;
    uint64_t size;
    uint32_t count; // 0 unless open
    struct package_fault fault;
};

struct package_entry {
    enum package_kind kind;
    uint32_t number;        // in the index
    const char *name;       // ends in NUL
    const uint8_t *content; // at a multiple of PACKAGE_ALIGN of the archive
    uint64_t offset;        // of the content in the archive
    uint64_t size;
    const uint8_t *hash; // PACKAGE_HASH bytes
};

// Checks header and index of the archive in `size` bytes at `data` and fills
// `out`. Bytes beyond the archive's own size are not looked at. BAD_HASH: the
// index is another than the root hash says. BAD_FORMAT: a rule is broken, see
// package_describe.
[[nodiscard]] enum status package_open(const void *data, size_t size,
                                       const uint8_t root_hash[PACKAGE_HASH], struct package *out);

// The entry of this kind and name; NOT_FOUND.
[[nodiscard]] enum status package_find(const struct package *package, enum package_kind kind,
                                       const char *name, struct package_entry *out);

// Entry `number`, counted from 0; NOT_FOUND beyond the last.
[[nodiscard]] enum status package_at(const struct package *package, uint32_t number,
                                     struct package_entry *out);

// Checks the content of an entry, and that only zeros follow it up to the next
// content. BAD_HASH, or BAD_FORMAT for a byte that should be 0.
[[nodiscard]] enum status package_verify(struct package *package,
                                         const struct package_entry *entry);

// Appends what package_open or package_verify last refused, such as
// `entry 3 'shell': offset 12345 is not a multiple of 4096`.
void package_describe(const struct package *package, struct text_buffer *out);
