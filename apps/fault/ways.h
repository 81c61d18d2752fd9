// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Ways to die that differ between machines. Each function faults and never
// returns, or returns because this machine has no such fault.
#pragma once

#include <stdint.h>

// An address of the kernel's half.
extern const uint64_t way_kernel_address;

void way_instruction(void); // one that does not exist
void way_privilege(void);   // one that only the kernel may execute
void way_divide(void);
void way_breakpoint(void);
void way_alignment(const void *odd); // reads from an odd address
void way_float(void);
