// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The syscall instruction of aarch64, once for each count of arguments, so that
// an unused argument register costs nothing. abi/syscalls.def states the
// convention; registers 1 to 4 may hold results and so never survive.
#pragma once

#include <stdint.h>

// e_machine of this machine's program files (ELF specification).
constexpr uint32_t ARCH_ELF_MACHINE = 183;

struct arch_result {
    uint64_t status;
    uint64_t word[4];
};

#define ARCH_REGISTERS(a, b, c, d, e) \
    register uint64_t x8 __asm__("x8") = number; \
    register uint64_t x0 __asm__("x0") a; \
    register uint64_t x1 __asm__("x1") b; \
    register uint64_t x2 __asm__("x2") c; \
    register uint64_t x3 __asm__("x3") d; \
    register uint64_t x4 __asm__("x4") e

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
    register uint64_t x5 __asm__("x5") = f;
    ARCH_REGISTERS(= a, = b, = c, = d, = e);
    ARCH_ENTER("+r", "+r", "+r", "+r", "+r", , "r"(x5));
}

#undef ARCH_REGISTERS
#undef ARCH_ENTER

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
