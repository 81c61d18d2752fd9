// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// What the debugger knows of the machine: its registers by name, and where a stack
// begins. Each machine's directory defines all of it.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/unwind/unwind.h"

struct thread_registers; // of <machine/registers.h>: 64-bit words only

// A register's name, and its place in struct thread_registers, in words.
struct machine_register {
    const char *name;
    uint32_t word;
};

constexpr unsigned MACHINE_REGISTERS = 40; // at most

// Those that are shown, `machine_register_count` of them, then other names of some of
// them, up to one without a name.
extern const struct machine_register machine_registers[MACHINE_REGISTERS];
extern const unsigned machine_register_count;

// Where the way up the stack begins.
struct unwind_frame machine_frame(const struct thread_registers *registers);
extern unwind_early *const machine_early;

// Bytes of a breakpoint instruction that the pc still points to after it was hit: they
// are passed over when the thread goes on.
extern const uint64_t machine_breakpoint_size;
