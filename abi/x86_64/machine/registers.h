// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// What thread_registers gets and sets on x86_64.
#pragma once

#include <stdint.h>

struct thread_registers {
    uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp, rsp;
    uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
    uint64_t pc;    // rip
    uint64_t flags; // rflags; only the user's bits can be set
    uint64_t tls;   // FS base
};
