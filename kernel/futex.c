// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The buckets of a Task's futexes. See futex.h.
#include "kernel/futex.h"

#include "kernel/task.h"
#include "kernel/thread.h"

static uint32_t bucket_of(uint64_t address) {
    return (address >> 2 ^ address >> 8) % FUTEX_BUCKETS;
}

static void count_sleepers(struct futex_table *table, uint32_t by) {
    uint32_t sleepers = atomic_load_explicit(&table->sleepers, memory_order_relaxed);
    atomic_store_explicit(&table->sleepers, sleepers + by, memory_order_relaxed);
}

static void bucket_remove(struct futex_table *table, struct thread *thread) {
    list_remove(&table->bucket[bucket_of(thread->futex_address)], &thread->queue);
    thread->futex_address = 0;
    count_sleepers(table, UINT32_MAX); // one less
}

void futex_enter(struct thread *thread, uint64_t address) {
    struct futex_table *table = &thread->task->futex;
    lock_acquire(&table->lock);
    // At the end, so that the longest sleeper is woken first.
    list_append(&table->bucket[bucket_of(address)], &thread->queue);
    count_sleepers(table, 1);
    thread->futex_address = address;
    thread->futex_status = STATUS_OK;
    lock_release(&table->lock);
}

bool futex_sleeps(struct thread *thread, bool leave) {
    struct futex_table *table = &thread->task->futex;
    lock_acquire(&table->lock);
    bool sleeps = thread->futex_address != 0;
    if (sleeps && leave) {
        bucket_remove(table, thread);
    }
    lock_release(&table->lock);
    return sleeps;
}

// Sleepers that are woken together, in one entry. They are told after the lock is released,
// since one that is to end takes it; that they stand in no bucket says what.
struct batch {
    struct thread *thread[FUTEX_BATCH];
    uint32_t count, most;
    enum status status;
};

// Takes those in [from, to) out of one bucket.
static void batch_fill(struct batch *batch, struct futex_table *table, uint32_t bucket,
                       uint64_t from, uint64_t to) {
    struct link *link = table->bucket[bucket];
    while (link != nullptr && batch->count < batch->most) {
        struct thread *thread = LINK_OF(link, struct thread, queue);
        link = list_next(table->bucket[bucket], link);
        if (thread->futex_address >= from && thread->futex_address < to) {
            bucket_remove(table, thread);
            thread->futex_status = batch->status;
            batch->thread[batch->count++] = thread;
        }
    }
}

static uint32_t batch_tell(const struct batch *batch) {
    for (uint32_t i = 0; i < batch->count; i++) {
        thread_tell(batch->thread[i]);
    }
    return batch->count;
}

uint32_t futex_wake(struct task *task, uint64_t address, uint64_t count) {
    struct batch batch = {.most = count < FUTEX_BATCH ? (uint32_t)count : FUTEX_BATCH};
    lock_acquire(&task->futex.lock);
    batch_fill(&batch, &task->futex, bucket_of(address), address, address + 1);
    lock_release(&task->futex.lock);
    return batch_tell(&batch);
}

uint32_t futex_cancel(struct task *task, uint64_t from, uint64_t to) {
    // Who enters a bucket from now on looks at the word after us, as it may after the lock.
    if (atomic_load_explicit(&task->futex.sleepers, memory_order_relaxed) == 0) {
        return 0;
    }
    struct batch batch = {.most = FUTEX_BATCH, .status = STATUS_CANCELLED};
    lock_acquire(&task->futex.lock);
    for (uint32_t i = 0; i < FUTEX_BUCKETS; i++) {
        batch_fill(&batch, &task->futex, i, from, to);
    }
    lock_release(&task->futex.lock);
    return batch_tell(&batch);
}
