// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// What the compiler calls in the sanitized kernel where C says nothing about what happens
// (-fsanitize=undefined). Each is told where it stands, first of all; that is enough to look.
#include "kernel/arch.h"

struct place {
    const char *file;
    uint32_t line, column;
};

// The names are the compiler's (compiler-rt, ubsan_handlers.h).
#define UNDEFINED(name) \
    void __ubsan_handle_##name(const struct place *place); \
    void __ubsan_handle_##name(const struct place *place) { \
        panic("undefined: " #name " at %s:%u:%u", place->file, place->line, place->column); \
    }
UNDEFINED(add_overflow)
UNDEFINED(alignment_assumption)
UNDEFINED(builtin_unreachable)
UNDEFINED(divrem_overflow)
UNDEFINED(float_cast_overflow)
UNDEFINED(invalid_builtin)
UNDEFINED(load_invalid_value)
UNDEFINED(missing_return)
UNDEFINED(mul_overflow)
UNDEFINED(negate_overflow)
UNDEFINED(nonnull_arg)
UNDEFINED(nonnull_return_v1)
UNDEFINED(out_of_bounds)
UNDEFINED(pointer_overflow)
UNDEFINED(shift_out_of_bounds)
UNDEFINED(sub_overflow)
UNDEFINED(type_mismatch_v1)
UNDEFINED(vla_bound_not_positive)
