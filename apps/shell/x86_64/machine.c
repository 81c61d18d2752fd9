// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The registers of x86_64.
#include "apps/shell/machine.h"

#include <machine/registers.h>
#include <stddef.h>

#define REGISTER(name) {#name, offsetof(struct thread_registers, name) / sizeof(uint64_t)}

const struct machine_register machine_registers[MACHINE_REGISTERS] = {
    REGISTER(pc),
    REGISTER(flags),
    REGISTER(rax),
    REGISTER(rbx),
    REGISTER(rcx),
    REGISTER(rdx),
    REGISTER(rsi),
    REGISTER(rdi),
    REGISTER(rbp),
    REGISTER(rsp),
    REGISTER(r8),
    REGISTER(r9),
    REGISTER(r10),
    REGISTER(r11),
    REGISTER(r12),
    REGISTER(r13),
    REGISTER(r14),
    REGISTER(r15),
    REGISTER(tls),
    // Other names of some of them, for those who know the other machine better.
    {"sp", offsetof(struct thread_registers, rsp) / sizeof(uint64_t)},
    {"fp", offsetof(struct thread_registers, rbp) / sizeof(uint64_t)},
};
const unsigned machine_register_count = 19;

struct unwind_frame machine_frame(const struct thread_registers *registers) {
    return (struct unwind_frame){
        .pc = registers->pc, .frame = registers->rbp, .stack = registers->rsp};
}

unwind_early *const machine_early = unwind_early_x86_64;
const uint64_t machine_breakpoint_size = 0; // int3 was executed
