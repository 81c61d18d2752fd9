// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Waiting for a lock. See lock.h.
#include "kernel/lock.h"

#include "kernel/hart.h"

[[clang::preserve_most]] void lock_wait(struct lock *lock)
    __attribute__((no_thread_safety_analysis)) {
    constexpr uint64_t PATIENCE = 20'000, AWAY = 20'000; // nanoseconds
    uint64_t began = arch_time_now(), now = began;
    // Smaller for who has waited longer, never 0, and nobody else's.
    uint64_t me = began * BOOT_HARTS + arch_hart()->index + 1;
    for (;; now = arch_time_now()) {
        uint64_t first = atomic_load_explicit(&lock->first, memory_order_relaxed);
        // Nobody goes first, or one who came later: 0 - 1 is more than any.
        if (now - began > PATIENCE && first - 1 >= me) {
            atomic_compare_exchange_strong(&lock->first, &first, me);
        }
        if (first == me) {
            atomic_store_explicit(&lock->looked, now, memory_order_relaxed);
        }
        bool open = first == 0 || first == me ||
                    now > atomic_load_explicit(&lock->looked, memory_order_relaxed) + AWAY;
        if (open && !atomic_load_explicit(&lock->held, memory_order_relaxed) &&
            !atomic_exchange_explicit(&lock->held, true, memory_order_acquire)) {
            break;
        }
        arch_pause();
    }
    atomic_compare_exchange_strong(&lock->first, &me, 0);
    hook_lock(lock);
}
