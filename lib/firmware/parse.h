// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// What the parsers share, private to this library: sentences, windows into
// physical memory, loads that need no alignment, and the rules for ranges.
// Loads take a pointer that was checked by the caller with firmware_spans.
#pragma once

#include "lib/firmware/firmware.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// A mapped piece of physical memory.
struct firmware_bytes {
    const uint8_t *data;
    uint64_t size;
    uint64_t physical;
};

// Writes the sentence into `error`, cut at its end, and returns `status`. Knows
// %s %.*s %lx %lu %u and nothing else; other bytes than printable ASCII become
// '?', for names come from outside.
[[nodiscard, gnu::format(printf, 3, 4)]] enum status
firmware_fail(struct firmware_error *error, enum status status, const char *format, ...);

// Maps `size` bytes; `what` names them in the sentence. BAD_ADDRESS if they are
// not there, wrap, or are none.
[[nodiscard]] enum status firmware_map(const struct firmware_memory *memory, const char *what,
                                       uint64_t physical, uint64_t size, struct firmware_bytes *out,
                                       struct firmware_error *error);

// Whether `length` bytes at `offset` lie inside of `size` bytes.
[[nodiscard]] bool firmware_spans(uint64_t size, uint64_t offset, uint64_t length);

// Whether the range is not empty and its end can be written as a number.
[[nodiscard]] bool firmware_range_valid(uint64_t base, uint64_t size);

// Whether one of the `count` ranges holds all of `part`.
[[nodiscard]] bool firmware_range_within(const struct boot_range *ranges, uint32_t count,
                                         struct boot_range part);

// Adds RAM: aligned inwards, in order, joined with neighbours that it touches.
// BAD_FORMAT if it overlaps RAM that is there already or wraps; TOO_LARGE.
[[nodiscard]] enum status firmware_add_memory(struct boot_info *out, uint64_t base, uint64_t size,
                                              struct firmware_error *error);

// Sets and reserves the boot package, which must be RAM: add the memory first.
[[nodiscard]] enum status firmware_set_package(struct boot_info *out, uint64_t base, uint64_t size,
                                               struct firmware_error *error);

// Adds a hart. An id that is there already is not added again: some ACPI tables
// list a processor in two forms. `*added` says which it was. TOO_LARGE.
[[nodiscard]] enum status firmware_add_hart(struct boot_info *out, uint64_t id, bool *added,
                                            struct firmware_error *error);

// COM1 at its usual port, its line routed as `out` knows so far.
void firmware_console_com1(struct boot_info *out);

static inline uint16_t firmware_le16(const uint8_t *p) {
    return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t firmware_le32(const uint8_t *p) {
    return firmware_le16(p) | (uint32_t)firmware_le16(p + 2) << 16;
}

static inline uint64_t firmware_le64(const uint8_t *p) {
    return firmware_le32(p) | (uint64_t)firmware_le32(p + 4) << 32;
}

static inline uint32_t firmware_be32(const uint8_t *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline uint64_t firmware_be64(const uint8_t *p) {
    return (uint64_t)firmware_be32(p) << 32 | firmware_be32(p + 4);
}
