// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// A variable that is set anew moves to the end, so nothing is ever resized.
#include "lib/command/variables.h"
#include "lib/string/string.h"

bool variables_next(const struct variables *variables, size_t *at, const char **name,
                    const char **value) {
    if (*at >= variables->used) {
        return false;
    }
    *name = variables->bytes + *at;
    *value = *name + strlen(*name) + 1;
    *at = (size_t)(*value - variables->bytes) + strlen(*value) + 1;
    return true;
}

// Where the variable stands and how many bytes it takes; 0 if there is none.
static size_t locate(const struct variables *variables, const char *wanted, size_t *start) {
    const char *name, *value;
    size_t at = 0;
    for (*start = 0; variables_next(variables, &at, &name, &value); *start = at) {
        if (strcmp(name, wanted) == 0) {
            return at - *start;
        }
    }
    return 0;
}

const char *variables_find(const struct variables *variables, const char *name) {
    size_t start;
    if (locate(variables, name, &start) == 0) {
        return nullptr;
    }
    return variables->bytes + start + strlen(name) + 1;
}

enum status variables_set(struct variables *variables, const char *name, const char *value) {
    size_t name_size = strlen(name) + 1, value_size = strlen(value) + 1;
    if (!command_is_name(name, name_size - 1)) {
        return STATUS_BAD_ARGUMENT;
    }
    size_t start;
    size_t old = locate(variables, name, &start);
    if (value_size > VARIABLES_BYTES ||
        name_size + value_size > VARIABLES_BYTES - variables->used + old) {
        return STATUS_TOO_LARGE;
    }
    char *place = variables->bytes + start;
    memmove(place, place + old, variables->used - start - old);
    variables->used -= old;
    memcpy(variables->bytes + variables->used, name, name_size);
    memcpy(variables->bytes + variables->used + name_size, value, value_size);
    variables->used += name_size + value_size;
    return STATUS_OK;
}
