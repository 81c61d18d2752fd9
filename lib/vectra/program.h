// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// What every program defines, and its ways to end. The runtime's _start maps the
// time page, calls program_main, finishes "out" and ends the Task.
#pragma once

#include <stdint.h>

enum program_status : uint32_t {
    PROGRAM_OK = 0,
    PROGRAM_FAILED = 1,
    PROGRAM_USAGE = 2,     // wrong arguments, or a slot is missing
    PROGRAM_FAULTED = 120, // told by initd
    PROGRAM_KILLED = 121,  // told by initd
};

// The program. Returns its exit status, 0..123.
uint32_t program_main(void);

// Finishes "out" and ends the Task.
[[noreturn]] void program_exit(uint32_t status);

// Says the sentence on "out" and exits with PROGRAM_FAILED or the status given.
[[noreturn, gnu::format(printf, 2, 3)]] void program_fail(uint32_t status, const char *format, ...);
