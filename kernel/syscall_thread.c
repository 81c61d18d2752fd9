// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Syscalls on threads and their faults.
#include "kernel/schedule.h"
#include "kernel/syscall.h"
#include "machine/registers.h"

enum status sys_thread_carve(struct thread *self, void *object, uint64_t *a) {
    (void)object;
    struct task *task;
    if (a[1] >= USER_TOP || a[2] > USER_TOP || (a[5] & ~(uint64_t)THREAD_FLOAT) != 0 ||
        a[4] >= USER_TOP) {
        return STATUS_BAD_ARGUMENT;
    }
    enum status status = task_of(self, a[0], RIGHT_TASK_FILL, &task);
    if (status != STATUS_OK) {
        return status;
    }
    if (task->ending) {
        return STATUS_BAD_STATE;
    }
    status = table_reserve(self->task, 1);
    if (status != STATUS_OK) {
        return status;
    }
    struct thread *thread;
    status = thread_carve(task, (a[5] & THREAD_FLOAT) != 0, &thread);
    if (status != STATUS_OK) {
        return status;
    }
    arch_frame_init(&thread->frame, a[1], a[2], a[3]);
    thread->tls = a[4];
    a[1] = grant_owner(self->task, &thread->object,
                       RIGHT_PASS | RIGHT_INSPECT | RIGHT_WATCH | RIGHT_THREAD_START);
    return STATUS_OK;
}

enum status sys_thread_start(struct thread *self, void *object, uint64_t *a) {
    (void)self;
    (void)a;
    struct thread *thread = object;
    bool ready = task_state_of(thread->task) == TASK_RUNNING && !thread->task->ending &&
                 atomic_load_explicit(&thread->state, memory_order_relaxed) == THREAD_NEW;
    if (!ready) {
        return STATUS_BAD_STATE;
    }
    thread_start(thread);
    return STATUS_OK;
}

enum status sys_thread_exit(struct thread *self, void *object, uint64_t *a) {
    (void)object;
    (void)a;
    thread_end(self);
    return STATUS_BLOCKED;
}

enum status sys_thread_watch(struct thread *self, void *object, uint64_t *a) {
    struct thread *thread = object;
    uint32_t bit;
    enum status status = bit_of(self, a[1], &bit);
    if (status == STATUS_OK) {
        watch_bind(&thread->ended, self, bit);
        if (atomic_load_explicit(&thread->state, memory_order_acquire) == THREAD_ENDED) {
            watch_raise(&thread->ended);
        }
    }
    return status;
}

// A thread that waits for its supervisor: nobody has resumed it, and it is not to end.
static bool fault_open(const struct thread *thread) REQUIRES_BOOKS {
    return atomic_load_explicit(&thread->fault.open, memory_order_acquire) && !thread->task->ending;
}

// The faulted thread of that number.
static enum status faulted_thread(const struct task *task, uint64_t number,
                                  struct thread **out) REQUIRES_BOOKS {
    for (struct thread *thread = task->threads; thread != nullptr; thread = thread->next) {
        if (thread->number == number) {
            *out = thread;
            return fault_open(thread) ? STATUS_OK : STATUS_BAD_STATE;
        }
    }
    return STATUS_NOT_FOUND;
}

enum status sys_thread_fault(struct thread *self, void *object, uint64_t *a) {
    (void)self;
    const struct task *task = object;
    for (const struct thread *t = task->threads; t != nullptr; t = t->next) {
        if (fault_open(t)) {
            a[1] = t->number;
            a[2] = t->fault.kind;
            a[3] = t->fault.address;
            a[4] = t->fault.pc;
            return STATUS_OK;
        }
    }
    return STATUS_NOT_FOUND;
}

// The buffer is touched without the lock: registers are copied through the stack.
enum status sys_thread_registers(struct thread *self, void *object, uint64_t *a) {
    (void)object;
    struct thread_registers registers;
    bool set = a[3] != 0;
    if (set) {
        enum status status = copy_from_user(&registers, a[2], sizeof registers);
        if (status != STATUS_OK) {
            return status;
        }
    }
    lock_acquire(&books);
    struct task *task;
    struct thread *thread;
    enum status status = task_of(self, a[0], RIGHT_TASK_DEBUG, &task);
    if (status == STATUS_OK) {
        status = faulted_thread(task, a[1], &thread);
    }
    if (status == STATUS_OK && set) {
        arch_frame_set(&thread->frame, &registers);
        thread->tls = registers.tls < USER_TOP ? registers.tls : thread->tls;
    } else if (status == STATUS_OK) {
        arch_frame_get(&thread->frame, &registers);
        registers.tls = thread->tls;
    }
    lock_release(&books);
    if (status == STATUS_OK && !set) {
        status = copy_to_user(a[2], &registers, sizeof registers);
    }
    return status;
}

enum status sys_thread_resume(struct thread *self, void *object, uint64_t *a) {
    struct task *task = object;
    if (a[2] > RESUME_END_TASK) {
        return STATUS_BAD_ARGUMENT;
    }
    if (!self->unfinished.active) {
        struct thread *thread;
        enum status status = faulted_thread(task, a[1], &thread);
        if (status != STATUS_OK) {
            return status;
        }
        if (a[2] == RESUME_CONTINUE) {
            atomic_store_explicit(&thread->fault.open, false, memory_order_relaxed);
            thread_request(thread, REQUEST_RESUME);
            return STATUS_OK;
        }
    }
    return task_end_threads(task) ? STATUS_OK : STATUS_RESTART;
}
