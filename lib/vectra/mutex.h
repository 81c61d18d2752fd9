// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// A lock between the threads of one Task, on the kernel's futex. All zero is
// open. No syscall while nobody waits.
#pragma once

#include <stdatomic.h>
#include <stdint.h>

struct mutex {
    _Atomic uint32_t word; // 0 open, 1 held, 2 held and somebody may sleep
};

void mutex_lock(struct mutex *mutex);
void mutex_unlock(struct mutex *mutex);
