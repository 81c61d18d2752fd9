// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Where tests look into the kernel. These do nothing and cost nothing; the build of the
// check kernel takes kernel/tests/hooks/hooks.h in their place, which says what each is.
#pragma once

#include <stdint.h>

#include "abi/status.h"

struct lock;

constexpr uint32_t HOOK_FAULT = 64;
constexpr uint32_t HOOK_INTERRUPT = 65;
constexpr uint32_t HOOK_IDLE = 66;

static inline void hook_enter(uint64_t, const uint64_t *) {}
static inline void hook_leave(void) {}
static inline void hook_straight(void) {}
static inline void hook_lock(const struct lock *) {}
static inline void hook_fresh(void *, uint64_t) {}
static inline enum status hook_info(uint64_t, uint64_t *) {
    return STATUS_NOT_FOUND;
}
