// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Syscalls on Tasks.
#include "kernel/bundle.h"
#include "kernel/check.h"
#include "kernel/epoch.h"
#include "kernel/schedule.h"
#include "kernel/syscall.h"

enum status sys_task_carve(struct thread *self, void *object, uint64_t *a) {
    struct task *task;
    enum status status = table_reserve(self->task, 1);
    if (status == STATUS_OK) {
        status = task_carve(object, &task);
    }
    if (status == STATUS_OK) {
        a[1] = grant_owner(self->task, &task->object,
                           RIGHT_COPY | RIGHT_PASS | RIGHT_INSPECT | RIGHT_WATCH | RIGHT_TASK_FILL |
                               RIGHT_TASK_STOP | RIGHT_TASK_DEBUG | RIGHT_TASK_MAP);
    }
    return status;
}

enum status sys_task_start(struct thread *self, void *object, uint64_t *a) {
    struct task *task = object;
    struct slot *bundle_slot, *thread_slot;
    enum status status =
        lookup_class(self->task, a[1], CLASS_BUNDLE, RIGHT_BUNDLE_FILL, &bundle_slot);
    if (status == STATUS_OK) {
        status = lookup_class(self->task, a[2], CLASS_THREAD, RIGHT_THREAD_START, &thread_slot);
    }
    if (status != STATUS_OK) {
        return status;
    }
    struct thread *thread = (struct thread *)thread_slot->object;
    struct bundle *bundle = (struct bundle *)bundle_slot->object;
    // With half a view, of Memory that may still be its maker's, it never starts.
    if (task_state_of(task) != TASK_EMPTY || task->half_made != 0 || thread->task != task) {
        return STATUS_BAD_STATE;
    }
    // What it may write must not go away with somebody else's books.
    if (!bundle_paid(bundle, task->object.reticle)) {
        return STATUS_BAD_ARGUMENT;
    }
    // The right to fill a Bundle goes with its one capability, and is lost when it is sealed.
    check(!bundle->sealed && (bundle_slot->flags & SLOT_OWNER) != 0);
    // The Bundle's owner capability, its view, the thread's, and what it carries. Room for
    // them, if it is made here, was this entry's share of the work.
    uint32_t pages = task->table.pages;
    status = table_reserve(task, bundle_capabilities(bundle) + 3);
    if (status == STATUS_OK && task->table.pages != pages) {
        return STATUS_RESTART;
    }
    if (status == STATUS_OK) {
        status = bundle_map(bundle, task);
    }
    if (status != STATUS_OK) {
        return status;
    }
    // Point of no return.
    bundle_seal(bundle, task);
    capability_pass(self->task, bundle_slot, table_take(task), RIGHT_INSPECT, true);
    struct slot *own = table_take(task);
    capability_pass(self->task, thread_slot, own, RIGHT_INSPECT | RIGHT_WATCH, true);
    bundle->page->thread = table_handle(task, own);
    // From here on nobody may fill it: task_of refuses, and the right is not shown.
    atomic_store_explicit(&task->state, TASK_RUNNING, memory_order_release);
    thread_start(thread);
    return STATUS_OK;
}

enum status sys_task_watch(struct thread *self, void *object, uint64_t *a) {
    struct task *task = object;
    enum status status = watch_named(self, a[1], &task->watch);
    // What happened before is told at once, so that nobody waits for it in vain.
    if (status == STATUS_OK && (task_state_of(task) == TASK_ENDED ||
                                atomic_load_explicit(&task->faulted, memory_order_acquire) != 0)) {
        watch_raise(&task->watch);
    }
    return status;
}

enum status sys_task_info(struct thread *, void *object, uint64_t *a) {
    const struct task *task = object;
    enum task_state state = task_state_of(task);
    bool faulted = atomic_load_explicit(&task->faulted, memory_order_relaxed) != 0;
    a[1] = state == TASK_RUNNING && faulted ? TASK_FAULTED : state;
    a[2] = atomic_load_explicit(&task->exit_status, memory_order_relaxed);
    a[3] = atomic_load_explicit(&task->live, memory_order_relaxed);
    a[4] = task->ran;
    for (const struct thread *t = task->threads; t != nullptr; t = t->next) {
        a[4] += schedule_ran(t);
    }
    return STATUS_OK;
}

// Asks the threads to end; RESTART until all were asked and none is live.
static enum status stop(struct thread *self, struct task *task,
                        uint32_t exit_status) REQUIRES_BOOKS {
    if (!self->unfinished.committed) {
        if (task_state_of(task) != TASK_RUNNING) {
            return STATUS_BAD_STATE;
        }
        if (!task->ending) {
            atomic_store_explicit(&task->exit_status, exit_status, memory_order_relaxed);
        }
        self->unfinished.committed = true;
    }
    if (!task_end_threads(task)) {
        return STATUS_RESTART;
    }
    if (task == self->task) {
        thread_end(self);
        return STATUS_BLOCKED;
    }
    if (atomic_load_explicit(&task->live, memory_order_acquire) != 0) {
        return STATUS_RESTART;
    }
    self->unfinished.committed = false;
    return STATUS_OK;
}

enum status sys_task_stop(struct thread *self, void *, uint64_t *a) {
    lock_acquire(&books);
    struct task *task;
    enum status status = task_of(self, a[0], RIGHT_TASK_STOP, &task);
    if (status == STATUS_OK) {
        status = stop(self, task, (uint32_t)a[1]);
    }
    bool asked = status == STATUS_RESTART && task->end_next == nullptr;
    lock_release(&books);
    if (asked) {
        // Threads on other harts end when those take the interrupt; so does this epoch.
        uint64_t epoch = epoch_request();
        if (!epoch_reached(epoch)) {
            thread_await_epoch(self, epoch);
        }
    }
    return status;
}

enum status sys_task_exit(struct thread *self, void *, uint64_t *a) {
    struct task *task = self->task;
    if (!task->ending) {
        atomic_store_explicit(&task->exit_status, (uint32_t)a[0], memory_order_relaxed);
    }
    if (!task_end_threads(task)) {
        return STATUS_RESTART;
    }
    thread_end(self);
    return STATUS_BLOCKED;
}
