// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Ways to die on aarch64.
#include "apps/fault/ways.h"

const uint64_t way_kernel_address = 0xffff800000000000;

void way_instruction(void) {
    __asm__ volatile("udf #0");
}

void way_privilege(void) {
    uint64_t value;
    __asm__ volatile("mrs %0, sctlr_el1" : "=r"(value));
}

void way_divide(void) {
    // The quotient is 0, by definition.
}

void way_breakpoint(void) {
    __asm__ volatile("brk #0");
}

void way_alignment(const void *odd) {
    uint64_t value;
    __asm__ volatile("ldxr %0, [%1]" : "=r"(value) : "r"(odd) : "memory");
}

void way_float(void) {
    __asm__ volatile(".inst 0x9e6703e0"); // fmov d0, xzr; the assembler has no floating point here
}
