// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The registers of aarch64.
#include "apps/shell/machine.h"

#include <machine/registers.h>
#include <stddef.h>

#define REGISTER(name) {#name, offsetof(struct thread_registers, name) / sizeof(uint64_t)}
#define GENERAL(number) \
    {"x" #number, offsetof(struct thread_registers, x[number]) / sizeof(uint64_t)}

const struct machine_register machine_registers[MACHINE_REGISTERS] = {
    REGISTER(pc),
    REGISTER(flags),
    REGISTER(sp),
    GENERAL(0),
    GENERAL(1),
    GENERAL(2),
    GENERAL(3),
    GENERAL(4),
    GENERAL(5),
    GENERAL(6),
    GENERAL(7),
    GENERAL(8),
    GENERAL(9),
    GENERAL(10),
    GENERAL(11),
    GENERAL(12),
    GENERAL(13),
    GENERAL(14),
    GENERAL(15),
    GENERAL(16),
    GENERAL(17),
    GENERAL(18),
    GENERAL(19),
    GENERAL(20),
    GENERAL(21),
    GENERAL(22),
    GENERAL(23),
    GENERAL(24),
    GENERAL(25),
    GENERAL(26),
    GENERAL(27),
    GENERAL(28),
    GENERAL(29),
    GENERAL(30),
    REGISTER(tls),
    // Other names of some of them.
    {"fp", offsetof(struct thread_registers, x[29]) / sizeof(uint64_t)},
    {"lr", offsetof(struct thread_registers, x[30]) / sizeof(uint64_t)},
};
const unsigned machine_register_count = 35;

struct unwind_frame machine_frame(const struct thread_registers *registers) {
    return (struct unwind_frame){.pc = registers->pc,
                                 .frame = registers->x[29],
                                 .stack = registers->sp,
                                 .link = registers->x[30]};
}

unwind_early *const machine_early = unwind_early_aarch64;
const uint64_t machine_breakpoint_size = 4; // brk was not executed
