// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// What lib/vectra/call.h wants of aarch64: the syscall instruction and its registers
// (abi/syscalls.def states the convention), the counter, the TLS base.
#pragma once

#include <stdint.h>

// e_machine of this machine's program files (ELF specification).
constexpr uint32_t ARCH_ELF_MACHINE = 183;

#define ARCH_REGISTERS(a, b, c, d, e) \
    register uint64_t x8 __asm__("x8") = number; \
    register uint64_t x0 __asm__("x0") a; \
    register uint64_t x1 __asm__("x1") b; \
    register uint64_t x2 __asm__("x2") c; \
    register uint64_t x3 __asm__("x3") d; \
    register uint64_t x4 __asm__("x4") e

#define ARCH_SIXTH "x5"

#define ARCH_ENTER(a, b, c, d, e, ...) \
    __asm__ volatile("svc #0" \
                     : a(x0), b(x1), c(x2), d(x3), e(x4) \
                     : "r"(x8)__VA_ARGS__ \
                     : "x16", "x17", "memory"); \
    return (struct arch_result) { \
        x0, { \
            x1, x2, x3, x4 \
        } \
    }

// The counter that struct time_page speaks of. The barrier keeps the read from
// being executed ahead of what precedes it (Arm ARM DDI 0487, D12.1.2).
static inline uint64_t arch_counter(void) {
    uint64_t value;
    __asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(value)::"memory");
    return value;
}

static inline void arch_pause(void) {
    __asm__ volatile("yield");
}

// The word that the TLS base points at.
static inline uint64_t arch_tls_word(void) {
    const uint64_t *base;
    __asm__ volatile("mrs %0, tpidr_el0" : "=r"(base));
    return *base;
}
