// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The page a started Task finds at BUNDLE_ADDRESS: its whole authority and its
// arguments, by name. The kernel writes it once, at task_start; it is read only.
#pragma once

#include <stdint.h>

#include "abi/layout.h"

constexpr uint32_t BUNDLE_MAGIC = 0x4e554256; // "VBUN"
constexpr uint32_t BUNDLE_NAME = 32;          // bytes, NUL-padded, at most 31 used
constexpr uint32_t BUNDLE_ENTRIES = 64;
constexpr uint32_t BUNDLE_VALUE = 0xffff; // kind of an entry that is a value

struct bundle_entry {
    char name[BUNDLE_NAME];
    uint32_t kind; // enum cap_class, or BUNDLE_VALUE
    uint32_t size; // of a value: bytes
    uint64_t word; // the handle, or the value's offset from BUNDLE_ADDRESS
};
static_assert(sizeof(struct bundle_entry) == 48);

struct bundle_page {
    uint32_t magic;
    uint32_t count;
    uint64_t thread; // handle of the Task's first thread; 0: the root Task's
    struct bundle_entry entry[BUNDLE_ENTRIES];
    // Values follow: what an entry's offset points at.
};
constexpr uint32_t BUNDLE_VALUES = sizeof(struct bundle_page);
static_assert(BUNDLE_VALUES < BUNDLE_SIZE);
