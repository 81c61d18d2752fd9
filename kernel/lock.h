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

// Fair in the end. Whoever finds it free has it: in a virtual machine a hart whose turn it is may
// not be running, and all others would wait for it. Who has looked for it in vain for a millisecond
// takes a number, and from then on nobody has it before those with one, in their order. So a hart
// waits for that long and for two more turns of each other hart, whatever those do.
struct __attribute__((capability("lock"))) lock {
    _Atomic bool held;
    _Atomic uint16_t served; // how many with a number have had it
    _Atomic uint32_t row;    // how many have one now, and the next number << 16
};

// Where nobody may wait: whether it has the lock now.
static inline bool lock_try(struct lock *lock) __attribute__((try_acquire_capability(true, *lock)))
__attribute__((no_thread_safety_analysis)) {
    if ((uint16_t)atomic_load_explicit(&lock->row, memory_order_relaxed) != 0 ||
        atomic_exchange_explicit(&lock->held, true, memory_order_acquire)) {
        return false;
    }
    hook_lock(lock);
    return true;
}

// Until it has the lock.
void lock_wait(struct lock *lock) __attribute__((acquire_capability(*lock)));

static inline void lock_acquire(struct lock *lock) __attribute__((acquire_capability(*lock)))
__attribute__((no_thread_safety_analysis)) {
    if (!lock_try(lock)) {
        lock_wait(lock);
    }
}

static inline void lock_release(struct lock *lock) __attribute__((release_capability(*lock)))
__attribute__((no_thread_safety_analysis)) {
    atomic_store_explicit(&lock->held, false, memory_order_release);
}

extern struct lock books;

#define REQUIRES_BOOKS __attribute__((requires_capability(books)))
