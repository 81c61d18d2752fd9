// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The hooks of the host's kernel, in place of kernel/hooks/hooks.h: only what does not need
// the machine. kernel/tests/hooks/hooks.h says what each is.
#pragma once

#include <stdint.h>
#include <string.h>

#include "abi/status.h"

struct lock;

constexpr uint32_t HOOK_FAULT = 64;
constexpr uint32_t HOOK_INTERRUPT = 65;
constexpr uint32_t HOOK_IDLE = 66;

static inline void hook_enter(uint64_t, const uint64_t *) {}
static inline void hook_leave(void) {}
static inline void hook_straight(void) {}
static inline void hook_lock(const struct lock *) {}
// Garbage, which no field may be left with.
static inline void hook_fresh(void *at, uint64_t size) {
    constexpr uint64_t MOST = 64 << 10; // of an extent
    memset(at, 0xa5, size < MOST ? size : MOST);
}
static inline enum status hook_info(uint64_t, uint64_t *) {
    return STATUS_NOT_FOUND;
}
