// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// What lib/vectra/call.h wants of x86_64: the syscall instruction and its registers
// (abi/syscalls.def states the convention), the counter, the TLS base.
#pragma once

#include <stdint.h>

// e_machine of this machine's program files (ELF specification).
constexpr uint32_t ARCH_ELF_MACHINE = 62;

#define ARCH_REGISTERS(d, s, x, t, e) \
    register uint64_t rdi __asm__("rdi") d; \
    register uint64_t rsi __asm__("rsi") s; \
    register uint64_t rdx __asm__("rdx") x; \
    register uint64_t r10 __asm__("r10") t; \
    register uint64_t r8 __asm__("r8") e

#define ARCH_SIXTH "r9"

#define ARCH_ENTER(d, s, x, t, e, ...) \
    __asm__ volatile("syscall" \
                     : d(rdi), s(rsi), x(rdx), t(r10), e(r8) \
                     : "a"(number)__VA_ARGS__ \
                     : "rcx", "r11", "memory"); \
    return (struct arch_result) { \
        rdi, { \
            rsi, rdx, r10, r8 \
        } \
    }

// The counter that struct time_page speaks of.
static inline uint64_t arch_counter(void) {
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

static inline void arch_pause(void) {
    __asm__ volatile("pause");
}

// The word that the TLS base points at.
static inline uint64_t arch_tls_word(void) {
    uint64_t word;
    __asm__ volatile("movq %%fs:0, %0" : "=r"(word));
    return word;
}
