// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The shell's variables: names and values in one bounded array, in the order in
// which they were set. Finding one walks over all of them; there are few.
#pragma once

#include "lib/command/command.h"

constexpr size_t VARIABLES_BYTES = 2048; // of all names and values with their ends

struct variables {
    size_t used;
    char bytes[VARIABLES_BYTES]; // NAME NUL VALUE NUL ...
};

// Sets a variable. BAD_ARGUMENT: `name` is no name; TOO_LARGE: no room is left,
// and the old value stays.
[[nodiscard]] enum status variables_set(struct variables *variables, const char *name,
                                        const char *value);

// The value, terminated, until the next variables_set; or nullptr.
const char *variables_find(const struct variables *variables, const char *name);

// Walks over all: `*at` is 0 at first. False after the last.
bool variables_next(const struct variables *variables, size_t *at, const char **name,
                    const char **value);
