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
//                dispatch and handle look-up do not take it. See
//                docs/decisions/0004-one-books-lock.md.
//   futex        the sleepers of one Task.
//   loans        those who lend to one thread: waits and switches of threads of the Person
//                band take it, those of others none. See kernel/budget.h.
//
// Scheduling needs no lock: a thread belongs to one hart, and only that hart
// changes its state; others leave it in the hart's inbox (kernel/schedule.h).
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "kernel/arch.h"

#include <hooks.h>

// Fair in the end. Whoever finds it free has it. Who has looked for it in vain for 20 us goes
// first: nobody else has it before, but one who has waited longer. So a hart waits for that long
// and for one turn of each other hart, and of one that came between, whatever those do; a turn
// under which another lock is waited for is as much longer. Who goes first says again and again
// that it looks: a virtual machine's hart may be taken off its processor, and then the others do
// not wait for it (He, Scherer, Scott: time-published queue-based spin locks, 2005).
struct __attribute__((capability("lock"))) lock {
    _Atomic bool held;
    _Atomic uint64_t first;  // who goes first: names a hart and since when it waits; 0: nobody
    _Atomic uint64_t looked; // when that one last did
};

// Where nobody may wait: whether it has the lock now.
static inline bool lock_try(struct lock *lock) __attribute__((try_acquire_capability(true, *lock)))
__attribute__((no_thread_safety_analysis)) {
    if (atomic_load_explicit(&lock->first, memory_order_relaxed) != 0 ||
        atomic_exchange_explicit(&lock->held, true, memory_order_acquire)) {
        return false;
    }
    hook_lock(lock);
    return true;
}

// Until it has the lock. Its caller keeps what it has in registers, since it hardly ever calls.
[[clang::preserve_most]] void lock_wait(struct lock *lock)
    __attribute__((acquire_capability(*lock)));

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
