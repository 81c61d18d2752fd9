// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The way into the kernel, once for each count of arguments, so that an unused argument
// register costs nothing. arch/call.h of the machine defines
//   ARCH_REGISTERS(a, ...)  argument registers 0 to 4 and the number's, each with what is
//                           given behind its declaration
//   ARCH_SIXTH              the name of argument register 5
//   ARCH_ENTER(a, ...)      the instruction, with the constraint of registers 0 to 4, and
//                           the return: they may hold results and so never survive
#pragma once

#include <stdint.h>

struct arch_result {
    uint64_t status;
    uint64_t word[4];
};

#include <arch/call.h>

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
    register uint64_t sixth __asm__(ARCH_SIXTH) = f;
    ARCH_REGISTERS(= a, = b, = c, = d, = e);
    ARCH_ENTER("+r", "+r", "+r", "+r", "+r", , "r"(sixth));
}

#undef ARCH_REGISTERS
#undef ARCH_SIXTH
#undef ARCH_ENTER
