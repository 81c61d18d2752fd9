// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// A Task: one address space, one handle table, its threads and its futexes. What it
// needs for tables comes from the Reticle it was carved from.
//
// Guard: books, apart from what says otherwise.
#pragma once

#include "abi/capability.h"
#include "kernel/capability.h"
#include "kernel/futex.h"
#include "kernel/hart.h"
#include "kernel/object.h"
#include "kernel/watch.h"

struct bundle;
struct thread;

constexpr uint32_t TASK_THREADS = 1024; // bounds each walk over them

struct task {
    struct object object;
    struct phys root;     // of its page tables; 0 once the first is freed
    uint32_t spaces;      // page tables
    uint32_t first_space; // the last one made; the others by way of the page array's `next`
    bool is_root;         // the root Task: when it ends the machine stops
    _Atomic enum task_state state;
    _Atomic uint32_t exit_status;
    _Atomic uint32_t live;          // threads started and not ended
    _Atomic uint32_t faulted;       // of those, how many wait for the supervisor
    _Atomic uint64_t space_version; // grows with each unmapping: TLBs older than it are stale
    uint64_t ran;                   // nanoseconds of its ended threads
    struct thread *threads;
    uint32_t thread_count;
    bool ending;             // no thread is started any more
    uint32_t half_made;      // views that are being made
    struct thread *end_next; // the next one to be asked to end
    uint32_t next_number;
    uint32_t cursor; // teardown: next slot to drop
    struct watch watch;
    struct futex_table futex; // guard: its own lock
    struct table table;
    struct turn turn[BOOT_HARTS]; // each is its hart's own
};
static_assert(sizeof(struct task) <= PAGE_SIZE);

[[nodiscard]] enum status task_carve(struct reticle *reticle, struct task **out) REQUIRES_BOOKS;
enum step task_detach(struct task *task) REQUIRES_BOOKS;
enum step task_free(struct task *task) REQUIRES_BOOKS;

// Asks its threads to end, a bounded number each time, the current one excepted; true once
// all were asked. From the first call on no thread of it can be started.
bool task_end_threads(struct task *task) REQUIRES_BOOKS;
// None of its threads runs, and none ever will.
static inline bool task_over(const struct task *task) REQUIRES_BOOKS {
    return task->ending && atomic_load_explicit(&task->live, memory_order_acquire) == 0;
}
static inline enum task_state task_state_of(const struct task *task) {
    return atomic_load_explicit(&task->state, memory_order_acquire);
}
// The last thread has ended, on whatever hart.
void task_ended(struct task *task);
// Whether threads of it, other than the current one, may run on other harts: their TLBs may
// show what is unmapped, until an epoch has passed.
bool task_elsewhere(const struct task *task) REQUIRES_BOOKS;
// Pages of it were unmapped: other harts must not trust their TLB.
void task_unmapped(struct task *task) REQUIRES_BOOKS;
