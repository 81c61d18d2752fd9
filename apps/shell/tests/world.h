// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The world around the shell, on the host: a console that types what a test wants
// and remembers the screen, an initd with a few tasks, and programs that only
// pretend. A session runs until the shell waits and nothing is left to type.
#pragma once

#include <stddef.h>
#include <stdint.h>

// In what is typed, this byte replaces the console: the old connection is gone.
constexpr char WORLD_NEW_CONSOLE = 0x1c;

// Runs a fresh shell with these keys. What it wrote to the console is the result,
// terminated, until the next session; a program called `count` has counted what it was given.
const char *world_session(const char *keys, size_t count);

// How the last session ended.
enum world_end : uint32_t {
    WORLD_IDLE,      // the shell waits for keys
    WORLD_POWER_OFF, // it turned the machine off, with world_status()
    WORLD_EXIT,      // it ended itself
};
enum world_end world_end(void);
uint32_t world_status(void);
