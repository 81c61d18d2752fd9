// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The buckets of a Task's futexes. See futex.h.
#include "kernel/futex.h"

#include "kernel/task.h"
#include "kernel/thread.h"

static struct thread **bucket_of(struct futex_table *table, uint64_t address) {
    return &table->bucket[(address >> 2 ^ address >> 8) % FUTEX_BUCKETS];
}

static void bucket_remove(struct futex_table *table, struct thread *thread) {
    if (thread->futex_prev == nullptr) {
        *bucket_of(table, thread->futex_address) = thread->futex_next;
    } else {
        thread->futex_prev->futex_next = thread->futex_next;
    }
    if (thread->futex_next != nullptr) {
        thread->futex_next->futex_prev = thread->futex_prev;
    }
    thread->futex_address = 0;
}

void futex_enter(struct thread *thread, uint64_t address) {
    struct futex_table *table = &thread->task->futex;
    lock_acquire(&table->lock);
    // At the end, so that the longest sleeper is woken first.
    struct thread **link = bucket_of(table, address);
    struct thread *last = nullptr;
    while (*link != nullptr) {
        last = *link;
        link = &last->futex_next;
    }
    thread->futex_address = address;
    thread->futex_status = STATUS_OK;
    thread->futex_prev = last;
    thread->futex_next = nullptr;
    *link = thread;
    lock_release(&table->lock);
}

bool futex_leave(struct thread *thread) {
    struct futex_table *table = &thread->task->futex;
    lock_acquire(&table->lock);
    bool sleeps = thread->futex_address != 0;
    if (sleeps) {
        bucket_remove(table, thread);
    }
    lock_release(&table->lock);
    return sleeps;
}

bool futex_sleeps(struct thread *thread) {
    struct futex_table *table = &thread->task->futex;
    lock_acquire(&table->lock);
    bool sleeps = thread->futex_address != 0;
    lock_release(&table->lock);
    return sleeps;
}

// Sleepers that are woken together, in one entry. They are told after the lock is released,
// since one that is to end takes it; what they are told is noted before.
struct batch {
    struct thread *thread[FUTEX_BATCH];
    uint32_t count;
};

static void batch_add(struct futex_table *table, struct batch *batch, struct thread *thread,
                      enum status status) {
    bucket_remove(table, thread);
    thread->futex_status = status;
    atomic_fetch_or_explicit(&thread->requests, REQUEST_WAKE, memory_order_release);
    batch->thread[batch->count++] = thread;
}

static uint32_t batch_tell(const struct batch *batch) {
    for (uint32_t i = 0; i < batch->count; i++) {
        thread_tell(batch->thread[i]);
    }
    return batch->count;
}

uint32_t futex_wake(struct task *task, uint64_t address, uint64_t count) {
    struct futex_table *table = &task->futex;
    struct batch batch = {.count = 0};
    lock_acquire(&table->lock);
    struct thread *thread = *bucket_of(table, address);
    while (thread != nullptr && batch.count < count && batch.count < FUTEX_BATCH) {
        struct thread *next = thread->futex_next;
        if (thread->futex_address == address) {
            batch_add(table, &batch, thread, STATUS_OK);
        }
        thread = next;
    }
    lock_release(&table->lock);
    return batch_tell(&batch);
}

uint32_t futex_cancel(struct task *task, uint64_t from, uint64_t to) {
    struct futex_table *table = &task->futex;
    struct batch batch = {.count = 0};
    lock_acquire(&table->lock);
    for (uint32_t i = 0; i < FUTEX_BUCKETS; i++) {
        struct thread *thread = table->bucket[i];
        while (thread != nullptr && batch.count < FUTEX_BATCH) {
            struct thread *next = thread->futex_next;
            if (thread->futex_address >= from && thread->futex_address < to) {
                batch_add(table, &batch, thread, STATUS_CANCELLED);
            }
            thread = next;
        }
    }
    lock_release(&table->lock);
    return batch_tell(&batch);
}
