// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Waiting for a lock. See lock.h.
#include "kernel/lock.h"

void lock_wait(struct lock *lock) __attribute__((no_thread_safety_analysis)) {
    constexpr uint64_t PATIENCE = 1'000'000; // nanoseconds
    uint64_t until = arch_time_now() + PATIENCE;
    while (arch_time_now() < until) {
        arch_pause();
        if (!atomic_load_explicit(&lock->held, memory_order_relaxed) && lock_try(lock)) {
            return;
        }
    }
    uint32_t row = atomic_fetch_add_explicit(&lock->row, (1 << 16) + 1, memory_order_relaxed);
    uint16_t number = (uint16_t)(row >> 16);
    while (atomic_load_explicit(&lock->served, memory_order_relaxed) != number ||
           atomic_exchange_explicit(&lock->held, true, memory_order_acquire)) {
        arch_pause();
    }
    hook_lock(lock);
    // The next one looks from now on, and has it when this one gives it back.
    atomic_store_explicit(&lock->served, number + 1, memory_order_relaxed);
    atomic_fetch_sub_explicit(&lock->row, 1, memory_order_relaxed);
}
