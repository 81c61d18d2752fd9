// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Random lives: a few Tasks that hold Reticles, Memory and Rings of each other's make
// syscalls with good and bad arguments, chosen by numbers from outside. Whatever they
// do, the rules that are checked after each step hold:
//   - nothing succeeds without the class and the rights that it needs
//   - no object is reached with rights that nobody had before
//   - what fails changes no capability and no object
//   - after a revocation or a destruction nothing resolves that hung below
//   - the audit of world.h
// and when all that was made is dropped, memory is as it was before.
#pragma once

#include <stdint.h>

// Answers a number below the limit.
struct choices {
    uint32_t (*next)(struct choices *choices, uint32_t limit);
};

// Makes the Tasks; to be called in a world that was booted.
void operations_begin(void);
// One syscall, fault or lapse of time, to its end; then the rules are checked.
void operations_step(struct choices *choices);
// One step of many that are under way: harts stand still anywhere inside the kernel.
// Only the audit is made, when all has come to rest from time to time.
void operations_interleave(struct choices *choices);
// Drops everything; panics unless the machine is as it was before.
void operations_end(void);
// What was done last, for a report.
void operations_tell(void);
