// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Further threads: carve, start.
#include "lib/vectra/thread.h"

#include "abi/capability.h"
#include "lib/vectra/syscall.h"

// In start.S: calls the function that stands on the stack.
void thread_start(void);
// Called by it when the function has returned.
[[noreturn]] void thread_end(void);

void thread_end(void) {
    (void)sys_thread_exit();
    __builtin_trap();
}

enum status thread_spawn(void (*entry)(void *), void *argument, void *stack, uint64_t flags,
                         uint64_t *thread) {
    uint64_t *top = (uint64_t *)stack - 2;
    top[0] = (uint64_t)entry;
    enum status status = sys_thread_carve(0, (uint64_t)thread_start, (uint64_t)top,
                                          (uint64_t)argument, (uint64_t)&top[1], flags, thread);
    if (status != STATUS_OK) {
        return status;
    }
    top[1] = *thread;
    status = sys_thread_start(*thread);
    if (status != STATUS_OK) {
        (void)sys_handle_drop(*thread);
        *thread = HANDLE_NONE;
    }
    return status;
}
