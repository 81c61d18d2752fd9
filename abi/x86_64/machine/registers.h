// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// What thread_registers gets and sets on x86_64.
#pragma once

#include <stdint.h>

struct thread_registers {
    uint64_t rdi, rsi, rdx, r10, r8, r9; // the arguments of a syscall
    uint64_t rax, rbx, rbp, r12, r13, r14, r15, rcx, r11;
    uint64_t rsp;
    uint64_t pc;    // rip
    uint64_t flags; // rflags; only the user's bits can be set, and no trap flag
    uint64_t tls;   // FS base
};
