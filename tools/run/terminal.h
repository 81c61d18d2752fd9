// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The person's terminal: every key goes to the machine, but Ctrl-A X leaves.
#pragma once

#include <stddef.h>
#include <stdint.h>

// Turns off all that the terminal does with keys, if standard input is a
// terminal. It is turned on again when the program exits.
void terminal_raw(void);

// True if Ctrl-A and then X are among the keys; `armed` remembers a Ctrl-A at
// the end. Ctrl-A itself is not held back: the shell has a use for it, and
// Ctrl-A Ctrl-A X types an X after it.
[[nodiscard]] bool terminal_leaves(const uint8_t *keys, size_t size, bool *armed);
