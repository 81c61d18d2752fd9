// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// A counter that counts single instructions when the emulator runs by instructions: the
// cycle counter, since the generic timer ticks every 16 only (ARM, "PMCCNTR_EL0").
#pragma once

#include <stdint.h>

static inline void counter_start(void) {
    uint64_t control;
    __asm__ volatile("mrs %0, pmcr_el0" : "=r"(control));
    control |= 1 << 0 | 1 << 6; // on, 64 bits long
    __asm__ volatile("msr pmccfiltr_el0, xzr\n\t"
                     "msr pmcntenset_el0, %0\n\t"
                     "msr pmcr_el0, %1\n\t"
                     "isb" ::"r"(UINT64_C(1) << 31),
                     "r"(control)
                     : "memory");
}

static inline uint64_t counter_read(void) {
    uint64_t value;
    __asm__ volatile("isb\n\tmrs %0, pmccntr_el0" : "=r"(value)::"memory");
    return value;
}
