// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The three-state futex lock (Drepper, "Futexes Are Tricky", mutex 2): the word
// is 2 whenever somebody may sleep, so unlock makes a syscall only then.
#include "lib/vectra/mutex.h"

#include "abi/layout.h"
#include "lib/vectra/syscall.h"

enum mutex_state : uint32_t {
    MUTEX_OPEN = 0,
    MUTEX_HELD = 1,
    MUTEX_WAITED = 2,
};

void mutex_lock(struct mutex *mutex) {
    uint32_t seen = MUTEX_OPEN;
    if (atomic_compare_exchange_strong_explicit(&mutex->word, &seen, MUTEX_HELD,
                                                memory_order_acquire, memory_order_relaxed)) {
        return;
    }
    while (atomic_exchange_explicit(&mutex->word, MUTEX_WAITED, memory_order_acquire) !=
           MUTEX_OPEN) {
        // Any outcome means: look again.
        (void)sys_futex_wait((uint64_t)&mutex->word, MUTEX_WAITED, TIME_NEVER, 0);
    }
}

void mutex_unlock(struct mutex *mutex) {
    uint64_t woken;
    if (atomic_exchange_explicit(&mutex->word, MUTEX_OPEN, memory_order_release) == MUTEX_WAITED) {
        (void)sys_futex_wake((uint64_t)&mutex->word, 1, &woken);
    }
}
