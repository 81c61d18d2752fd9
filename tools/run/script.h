// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The lines of a script, to be typed one at each prompt.
#pragma once

#include <stddef.h>

constexpr size_t SCRIPT_LINE = 1000; // bytes; longer lines are refused

struct script {
    char *text; // lines, each terminated; owned
    size_t size;
    size_t at;
};

// Reads `path`. False with a sentence on standard error if it cannot be read or
// a line is too long.
[[nodiscard]] bool script_read(struct script *script, const char *path);

// The next line that is not empty, or nullptr after the last.
const char *script_next(struct script *script);
