// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Assertions about the kernel's own invariants: never about what a user, a device
// or a table of the firmware said.
#pragma once

#include "kernel/arch.h"

// Stays in shipped builds: a kernel that broke an invariant must not go on.
#define check(condition) \
    do { \
        if (__builtin_expect(!(condition), 0)) { \
            check_failed(__FILE_NAME__, __LINE__, #condition); \
        } \
    } while (0)

[[noreturn, gnu::cold]] void check_failed(const char *file, int line, const char *condition);
