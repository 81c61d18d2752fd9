// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Ranges of physical memory. RAM is aligned inwards and reservations outwards,
// so that an error of a page is always on the safe side. Lists stay within
// their arrays at each step: a range that would need a slot too many is refused
// before anything moves.

#include "lib/firmware/parse.h"
#include "lib/string/string.h"

#include <stdckdint.h>

bool firmware_spans(uint64_t size, uint64_t offset, uint64_t length) {
    uint64_t end;
    return !ckd_add(&end, offset, length) && end <= size;
}

bool firmware_range_valid(uint64_t base, uint64_t size) {
    uint64_t end;
    return size != 0 && !ckd_add(&end, base, size);
}

bool firmware_range_within(const struct boot_range *ranges, uint32_t count,
                           struct boot_range part) {
    for (uint32_t i = 0; i < count; i++) {
        if (part.base >= ranges[i].base &&
            firmware_spans(ranges[i].size, part.base - ranges[i].base, part.size)) {
            return true;
        }
    }
    return false;
}

enum status firmware_map(const struct firmware_memory *memory, const char *what, uint64_t physical,
                         uint64_t size, struct firmware_bytes *out, struct firmware_error *error) {
    const void *data = nullptr;
    if (firmware_range_valid(physical, size)) {
        data = memory->map(memory->context, physical, size);
    }
    if (data == nullptr) {
        return firmware_fail(error, STATUS_BAD_ADDRESS, "%s at 0x%lx: %lu bytes are not mapped",
                             what, physical, size);
    }
    *out = (struct firmware_bytes){data, size, physical};
    return STATUS_OK;
}

static uint64_t range_end(struct boot_range range) {
    return range.base + range.size;
}

// Takes out entry `at` and closes the gap.
static void ranges_remove(struct boot_range *ranges, uint32_t *count, uint32_t at) {
    (*count)--;
    memmove(&ranges[at], &ranges[at + 1], (*count - at) * sizeof(ranges[0]));
}

// Puts whole pages into the list before entry `at`, with which, like with the
// one before, they do not overlap. False: no slot is left.
static bool memory_insert(struct boot_info *out, uint32_t at, uint64_t first, uint64_t end) {
    bool joins_left = at > 0 && range_end(out->memory[at - 1]) == first;
    bool joins_right = at < out->memory_count && out->memory[at].base == end;
    if (joins_left) {
        out->memory[at - 1].size += end - first;
        if (joins_right) {
            out->memory[at - 1].size += out->memory[at].size;
            ranges_remove(out->memory, &out->memory_count, at);
        }
        return true;
    }
    if (joins_right) {
        out->memory[at].size += end - first;
        out->memory[at].base = first;
        return true;
    }
    if (out->memory_count == BOOT_RANGES) {
        return false;
    }
    memmove(&out->memory[at + 1], &out->memory[at],
            (out->memory_count - at) * sizeof(out->memory[0]));
    out->memory[at] = (struct boot_range){first, end - first};
    out->memory_count++;
    return true;
}

enum status firmware_add_memory(struct boot_info *out, uint64_t base, uint64_t size,
                                struct firmware_error *error) {
    uint64_t end, first;
    if (ckd_add(&end, base, size)) {
        return firmware_fail(error, STATUS_BAD_FORMAT, "memory at 0x%lx: size 0x%lx wraps", base,
                             size);
    }
    // Inwards: down at the end, up at the beginning.
    end -= end % FIRMWARE_PAGE;
    // The first sum wraps only within the very last page of all addresses.
    if (ckd_add(&first, base, FIRMWARE_PAGE - 1) || first - first % FIRMWARE_PAGE >= end) {
        return STATUS_OK; // no whole page
    }
    first -= first % FIRMWARE_PAGE;
    // `at` is the first range that ends after the new one begins.
    uint32_t at = 0;
    while (at < out->memory_count && range_end(out->memory[at]) <= first) {
        at++;
    }
    if (at < out->memory_count && out->memory[at].base < end) {
        return firmware_fail(error, STATUS_BAD_FORMAT, "memory at 0x%lx overlaps memory at 0x%lx",
                             base, out->memory[at].base);
    }
    if (!memory_insert(out, at, first, end)) {
        return firmware_fail(error, STATUS_TOO_LARGE, "memory at 0x%lx: more than %u ranges", base,
                             BOOT_RANGES);
    }
    return STATUS_OK;
}

enum status firmware_reserve(struct boot_info *out, uint64_t base, uint64_t size,
                             struct firmware_error *error) {
    uint64_t end;
    if (!firmware_range_valid(base, size) || ckd_add(&end, base + size, FIRMWARE_PAGE - 1)) {
        return firmware_fail(error, STATUS_BAD_FORMAT,
                             "reserved range at 0x%lx: size 0x%lx is 0 or wraps", base, size);
    }
    end -= end % FIRMWARE_PAGE;
    base -= base % FIRMWARE_PAGE;
    // Whatever the new range meets is taken out and becomes part of it. What it
    // grows by may meet others, so the search starts again; each turn removes a
    // range, so it ends.
    for (uint32_t i = 0; i < out->reserved_count;) {
        struct boot_range old = out->reserved[i];
        if (old.base > end || range_end(old) < base) {
            i++;
            continue;
        }
        base = old.base < base ? old.base : base;
        end = range_end(old) > end ? range_end(old) : end;
        ranges_remove(out->reserved, &out->reserved_count, i);
        i = 0;
    }
    if (out->reserved_count == BOOT_RANGES) {
        return firmware_fail(error, STATUS_TOO_LARGE, "reserved range at 0x%lx: more than %u", base,
                             BOOT_RANGES);
    }
    out->reserved[out->reserved_count++] = (struct boot_range){base, end - base};
    return STATUS_OK;
}

enum status firmware_set_package(struct boot_info *out, uint64_t base, uint64_t size,
                                 struct firmware_error *error) {
    // In one range: those that touch were joined, so a gap is a real one.
    struct boot_range package = {base, size};
    if (!firmware_range_valid(base, size) ||
        !firmware_range_within(out->memory, out->memory_count, package)) {
        return firmware_fail(error, STATUS_BAD_FORMAT,
                             "boot package at 0x%lx: its 0x%lx bytes are not memory", base, size);
    }
    out->package = package;
    return firmware_reserve(out, base, size, error);
}

enum status firmware_add_hart(struct boot_info *out, uint64_t id, bool *added,
                              struct firmware_error *error) {
    *added = false;
    for (uint32_t i = 0; i < out->hart_count; i++) {
        if (out->hart_id[i] == id) {
            return STATUS_OK;
        }
    }
    if (out->hart_count == BOOT_HARTS) {
        return firmware_fail(error, STATUS_TOO_LARGE, "processor 0x%lx: more than %u", id,
                             BOOT_HARTS);
    }
    out->hart_id[out->hart_count++] = id;
    *added = true;
    return STATUS_OK;
}
