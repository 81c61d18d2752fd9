// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Further threads of a program.
#pragma once

#include <stdint.h>

#include "abi/status.h"
#include "lib/vectra/call.h"

// Makes and starts a thread that runs entry(argument) on the stack that ends at
// `stack` (exclusive, aligned to 16) and ends when entry returns. The two words
// below `stack` hold the function and the thread's own handle. `flags`: enum thread_flag.
// `*thread` is the owner's handle. Statuses of thread_carve and thread_start.
[[nodiscard]] enum status thread_spawn(void (*entry)(void *), void *argument, void *stack,
                                       uint64_t flags, uint64_t *thread);

// The calling thread's handle in its own Task. It is what the TLS base points at: of the
// first thread in the Bundle, of others where thread_spawn put it. A thread that was carved
// in another way has no such word and must not ask.
static inline uint64_t thread_self(void) {
    return arch_tls_word();
}
