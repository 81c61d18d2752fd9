// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Raw mode. It is undone by atexit, so every way out of main restores the
// terminal; main turns signals into such a way out.
#include "tools/run/terminal.h"

#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

static struct termios before;

static void restore(void) {
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
}

void terminal_raw(void) {
    if (tcgetattr(STDIN_FILENO, &before) != 0) {
        return;
    }
    struct termios raw = before;
    cfmakeraw(&raw);
    if (tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == 0) {
        atexit(restore);
    }
}

bool terminal_leaves(const uint8_t *keys, size_t size, bool *armed) {
    for (size_t at = 0; at < size; at++) {
        if (*armed && (keys[at] == 'x' || keys[at] == 'X')) {
            return true;
        }
        *armed = keys[at] == 1 && !*armed;
    }
    return false;
}
