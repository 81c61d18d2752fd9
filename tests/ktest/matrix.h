// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// An attempt to make one syscall end with one error.
#pragma once

#include "tests/ktest/ktest.h"

enum call_number : uint64_t {
#define SYSCALL(number, name, ...) CALL_##name = number,
#include "abi/syscalls.def"
#undef SYSCALL
};

struct attempt {
    const char *name;
    enum call_number number;
    enum status status;
    // Makes what is needed, tries, and takes it away; returns what the syscall said.
    enum status (*try)(const struct attempt *attempt);
};
#define ATTEMPT(name, status, try) {#name, CALL_##name, STATUS_##status, try}

// Of matrix_busy.c: what is BUSY only while it dies.
extern const struct attempt *const matrix_busy;
extern const size_t matrix_busy_count;
