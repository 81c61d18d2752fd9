// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The hooks of the host's kernel: those of the kernel that ships, but for one that does not need
// the machine. kernel/tests/hooks/hooks.h says what each is.
#pragma once

#define hook_fresh hook_fresh_not
#include "kernel/hooks/hooks.h"
#undef hook_fresh

#include <string.h>

// Garbage, which no field may be left with.
static inline void hook_fresh(void *at, uint64_t size) {
    constexpr uint64_t MOST = 64 << 10; // of an extent
    memset(at, 0xa5, size < MOST ? size : MOST);
}
