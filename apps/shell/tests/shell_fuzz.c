// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Whatever is typed, the shell goes on: it ends only by turning the machine off.
// The first byte chooses between raw keys and words that mean something.
#include "apps/shell/tests/world.h"

#include <stdlib.h>
#include <string.h>

static const char *const words[] = {
    "help ",        "tasks ",      "authority ", "memory ",  "echo ",    "count ",
    "fault ",       "hang ",       "| ",         "&& ",      "|| ",      "; ",
    "\r",           "\r",          "\x03",       "\x04",     "\t",       "\x1b[A",
    "\x1b[B",       "\x1b[D",      "\x1c",       "$x ",      "set x ",   "'",
    "\"",           "console",     "kill ",      "run ",     "x",        "ö",
    "log ",         "restart ",    "debug ",     "patient ", "namingd ", "-- ",
    "break turn\r", "step ",       "continue\r", "quit\r",   "memory ",  "watch counter\r",
    "stop\r",       "backtrace\r", "delete\r",   "turn ",    "set ",     "end\r",
};
constexpr size_t WORDS = sizeof words / sizeof words[0];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static char keys[16384];
    size_t count = 0;
    if (size == 0 || size > 2000) {
        return 0;
    }
    for (size_t i = 1; i < size; i++) {
        if (data[0] % 2 == 0) {
            keys[count++] = (char)data[i];
        } else {
            const char *word = words[data[i] % WORDS];
            memcpy(keys + count, word, strlen(word));
            count += strlen(word);
        }
    }
    (void)world_session(keys, count);
    if (world_end() == WORLD_EXIT) {
        abort();
    }
    return 0;
}
