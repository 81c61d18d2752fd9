// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The syscall instruction of x86_64, once for each count of arguments, so that
// an unused argument register costs nothing. abi/syscalls.def states the
// convention; registers 1 to 4 may hold results and so never survive.
#pragma once

#include <stdint.h>

// e_machine of this machine's program files (ELF specification).
constexpr uint32_t ARCH_ELF_MACHINE = 62;

struct arch_result {
    uint64_t status;
    uint64_t word[4];
};

#define ARCH_REGISTERS(d, s, x, t, e) \
    register uint64_t rdi __asm__("rdi") d; \
    register uint64_t rsi __asm__("rsi") s; \
    register uint64_t rdx __asm__("rdx") x; \
    register uint64_t r10 __asm__("r10") t; \
    register uint64_t r8 __asm__("r8") e

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

static inline struct arch_result arch_call0(uint64_t number) {
    ARCH_REGISTERS(, , , , );
    ARCH_ENTER("=r", "=r", "=r", "=r", "=r");
}

static inline struct arch_result arch_call1(uint64_t number, uint64_t a) {
    ARCH_REGISTERS(= a, , , , );
    ARCH_ENTER("+r", "=r", "=r", "=r", "=r");
}

static inline struct arch_result arch_call2(uint64_t number, uint64_t a, uint64_t b) {
    ARCH_REGISTERS(= a, = b, , , );
    ARCH_ENTER("+r", "+r", "=r", "=r", "=r");
}

static inline struct arch_result arch_call3(uint64_t number, uint64_t a, uint64_t b, uint64_t c) {
    ARCH_REGISTERS(= a, = b, = c, , );
    ARCH_ENTER("+r", "+r", "+r", "=r", "=r");
}

static inline struct arch_result arch_call4(uint64_t number, uint64_t a, uint64_t b, uint64_t c,
                                            uint64_t d) {
    ARCH_REGISTERS(= a, = b, = c, = d, );
    ARCH_ENTER("+r", "+r", "+r", "+r", "=r");
}

static inline struct arch_result arch_call5(uint64_t number, uint64_t a, uint64_t b, uint64_t c,
                                            uint64_t d, uint64_t e) {
    ARCH_REGISTERS(= a, = b, = c, = d, = e);
    ARCH_ENTER("+r", "+r", "+r", "+r", "+r");
}

static inline struct arch_result arch_call6(uint64_t number, uint64_t a, uint64_t b, uint64_t c,
                                            uint64_t d, uint64_t e, uint64_t f) {
    register uint64_t r9 __asm__("r9") = f;
    ARCH_REGISTERS(= a, = b, = c, = d, = e);
    ARCH_ENTER("+r", "+r", "+r", "+r", "+r", , "r"(r9));
}

#undef ARCH_REGISTERS
#undef ARCH_ENTER

// The counter that struct time_page speaks of.
static inline uint64_t arch_counter(void) {
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

static inline void arch_pause(void) {
    __asm__ volatile("pause");
}
