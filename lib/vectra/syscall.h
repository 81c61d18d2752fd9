// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// One function for each syscall, made from the table that the kernel's dispatch
// is made from:
//   enum status sys_NAME(arguments as uint64_t..., results as uint64_t *...)
// Results are written whatever the status is; they mean something only with
// STATUS_OK. abi/syscalls.def holds each contract.
#pragma once

#include <stdint.h>

#include "abi/status.h"
#include "lib/vectra/call.h"

// Arguments become three lists: how many, parameters, and values passed on.
#define A0() 0, (), ()
#define A1(a) 1, (uint64_t a), (, a)
#define A2(a, b) 2, (uint64_t a, uint64_t b), (, a, b)
#define A3(a, b, c) 3, (uint64_t a, uint64_t b, uint64_t c), (, a, b, c)
#define A4(a, b, c, d) 4, (uint64_t a, uint64_t b, uint64_t c, uint64_t d), (, a, b, c, d)
#define A5(a, b, c, d, e) \
    5, (uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e), (, a, b, c, d, e)
#define A6(a, b, c, d, e, f) \
    6, (uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f), \
        (, a, b, c, d, e, f)

// Results become further parameters, and the statements that fill them in.
#define R0() (), ()
#define R1(r) (, uint64_t *r##_out), (*r##_out = result.word[0];)
#define R2(r, s) \
    (, uint64_t *r##_out, uint64_t *s##_out), \
        (*r##_out = result.word[0]; *s##_out = result.word[1];)
#define R3(r, s, t) \
    (, uint64_t *r##_out, uint64_t *s##_out, uint64_t *t##_out), \
        (*r##_out = result.word[0]; *s##_out = result.word[1]; *t##_out = result.word[2];)
#define R4(r, s, t, u) \
    (, uint64_t *r##_out, uint64_t *s##_out, uint64_t *t##_out, uint64_t *u##_out), \
        (*r##_out = result.word[0]; *s##_out = result.word[1]; *t##_out = result.word[2]; \
         *u##_out = result.word[3];)

#define SYSCALL_STRIP(...) __VA_ARGS__
#define SYSCALL_DEFINE(number, name, count, parameters, values, outputs, assign) \
    [[nodiscard]] static inline enum status sys_##name( \
        SYSCALL_STRIP parameters SYSCALL_STRIP outputs) { \
        struct arch_result result = arch_call##count(number SYSCALL_STRIP values); \
        SYSCALL_STRIP assign return (enum status)result.status; \
    }
#define SYSCALL_SPREAD(...) SYSCALL_DEFINE(__VA_ARGS__)
#define SYSCALL(number, name, switches, entry, arguments, results, rights, errors, sentence) \
    SYSCALL_SPREAD(number, name, arguments, results)

#include "abi/syscalls.def"

#undef SYSCALL
#undef SYSCALL_SPREAD
#undef SYSCALL_DEFINE
#undef SYSCALL_STRIP
#undef A0
#undef A1
#undef A2
#undef A3
#undef A4
#undef A5
#undef A6
#undef R0
#undef R1
#undef R2
#undef R3
#undef R4
