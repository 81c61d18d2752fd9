// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Ways to die on x86_64.
#include "apps/fault/ways.h"

const uint64_t way_kernel_address = 0xffffffff80000000;

void way_instruction(void) {
    __asm__ volatile("ud2");
}

void way_privilege(void) {
    __asm__ volatile("cli");
}

void way_divide(void) {
    uint32_t quotient = 1, rest = 0;
    __asm__ volatile("divl %2" : "+a"(quotient), "+d"(rest) : "r"(0));
}

void way_breakpoint(void) {
    __asm__ volatile("int3");
}

void way_alignment(const void *odd) {
    (void)odd; // any address may be read
}

void way_float(void) {
    __asm__ volatile("xorps %xmm0, %xmm0");
}
