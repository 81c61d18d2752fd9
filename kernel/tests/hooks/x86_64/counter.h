// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// A counter that counts single instructions when the emulator runs by instructions.
#pragma once

#include <stdint.h>

static inline void counter_start(void) {}

static inline uint64_t counter_read(void) {
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high)::"memory");
    return (uint64_t)high << 32 | low;
}
