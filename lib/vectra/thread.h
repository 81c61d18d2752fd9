// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Further threads of a program.
#pragma once

#include <stdint.h>

#include "abi/status.h"

// Makes and starts a thread that runs entry(argument) on the stack that ends at
// `stack` (exclusive, aligned to 16) and ends when entry returns. The two words
// below `stack` are used to get there. `flags`: enum thread_flag. `*thread` is
// the owner's handle. Statuses of thread_carve and thread_start.
[[nodiscard]] enum status thread_spawn(void (*entry)(void *), void *argument, void *stack,
                                       uint64_t flags, uint64_t *thread);
