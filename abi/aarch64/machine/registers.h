// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// What thread_registers gets and sets on aarch64.
#pragma once

#include <stdint.h>

struct thread_registers {
    uint64_t x[31];
    uint64_t sp;
    uint64_t pc;
    uint64_t flags; // PSTATE; only NZCV can be set
    uint64_t tls;   // TPIDR_EL0
};
