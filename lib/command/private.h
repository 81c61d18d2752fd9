// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Characters of the language, as its parts agree on them.
#pragma once

#include "lib/command/command.h"

static inline bool command_is_blank(char c) {
    return c == ' ' || c == '\t';
}

static inline bool command_starts_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static inline bool command_in_name(char c) {
    return command_starts_name(c) || (c >= '0' && c <= '9');
}

// Ends a word without being part of it.
static inline bool command_is_operator(char c) {
    return c == '|' || c == '&' || c == ';' || c == '<' || c == '>' || c == '(' || c == ')' ||
           c == '`';
}

static inline enum status command_fail(struct command_error *error, enum status status,
                                       size_t position, const char *wrong, const char *right) {
    *error = (struct command_error){position, wrong, right};
    return status;
}
