// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The emulator as a child process whose serial port is a pair of pipes. Its
// standard error is the runner's: what it complains about is seen.
#pragma once

#include <sys/types.h>

struct emulator {
    pid_t process;
    int input;  // written by us without blocking: bytes for the serial port
    int output; // read by us: bytes from the serial port
};

// Starts `command` (terminated by nullptr). False with a sentence on standard
// error if it cannot be started.
[[nodiscard]] bool emulator_start(struct emulator *emulator, char **command);

// Ends the process if it still runs, by its id. Returns its wait status.
int emulator_end(struct emulator *emulator);
