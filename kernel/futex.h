// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Futexes: threads of one Task that sleep on a word of its memory. The buckets are
// fixed in the Task, so they cost nobody anything.
//
// Guard: the lock in the table; a sleeper is woken by removing it from its bucket and
// telling its hart.
#pragma once

#include "kernel/lock.h"

struct task;
struct thread;

constexpr uint32_t FUTEX_BUCKETS = 16;
constexpr uint32_t FUTEX_BATCH = 16; // sleepers that one call wakes

struct futex_table {
    struct lock lock;
    _Atomic uint32_t sleepers; // in all buckets; read without the lock too
    struct link *bucket[FUTEX_BUCKETS];
};

// Enters the current thread; the caller then looks at the word, and blocks or leaves.
void futex_enter(struct thread *thread, uint64_t address);
// Whether it is in a bucket, and nobody has woken it; takes it out, if it is to leave.
bool futex_sleeps(struct thread *thread, bool leave);
// Wakes at most `count` sleepers at the address; returns how many. FUTEX_BATCH: there may be
// more of them.
uint32_t futex_wake(struct task *task, uint64_t address, uint64_t count);
// The same for those in [from, to), with CANCELLED: their memory is gone.
uint32_t futex_cancel(struct task *task, uint64_t from, uint64_t to);
