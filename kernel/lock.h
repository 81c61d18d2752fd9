// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Locks of the kernel, and which there are. Order: books, then a Task's futex lock or a
// thread's lock of loans, never two of them. The debug line's lock is a leaf. No lock is held
// while user memory is touched.
//
//   books        every structure that says who holds what: derivation, Reticles,
//                the page array, page tables, object states, watches. One lock,
//                because none of these is on the path of a message: doorbell, wait,
//                dispatch and handle look-up take no lock at all. See
//                docs/decisions/0004-one-books-lock.md.
//   futex        the sleepers of one Task.
//   loans        those who lend to one thread: see kernel/budget.h.
//
// Scheduling needs no lock: a thread belongs to one hart, and only that hart
// changes its state; others leave it in the hart's inbox (kernel/schedule.h).
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "kernel/arch.h"

#include <hooks.h>

// Not fair on purpose: in a virtual machine the hart whose turn it is may not be running,
// and all others would wait for it. What is done under a lock is short; who must not wait at all
// tries.
struct __attribute__((capability("lock"))) lock {
    _Atomic bool held;
};

// Where nobody may wait: whether it has the lock now.
static inline bool lock_try(struct lock *lock) __attribute__((try_acquire_capability(true, *lock)))
__attribute__((no_thread_safety_analysis)) {
    if (atomic_exchange_explicit(&lock->held, true, memory_order_acquire)) {
        return false;
    }
    hook_lock(lock);
    return true;
}

static inline void lock_acquire(struct lock *lock) __attribute__((acquire_capability(*lock)))
__attribute__((no_thread_safety_analysis)) {
    while (!lock_try(lock)) {
        while (atomic_load_explicit(&lock->held, memory_order_relaxed)) {
            arch_pause();
        }
    }
}

static inline void lock_release(struct lock *lock) __attribute__((release_capability(*lock)))
__attribute__((no_thread_safety_analysis)) {
    atomic_store_explicit(&lock->held, false, memory_order_release);
}

extern struct lock books;

#define REQUIRES_BOOKS __attribute__((requires_capability(books)))
