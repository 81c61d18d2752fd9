// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Syscalls on threads and their faults.
#include "kernel/check.h"
#include "kernel/schedule.h"
#include "kernel/space.h"
#include "kernel/syscall.h"
#include "machine/registers.h"

enum status sys_thread_carve(struct thread *self, void *, uint64_t *a) {
    struct task *task;
    if (a[1] >= USER_TOP || a[2] > USER_TOP || (a[5] & ~(uint64_t)THREAD_FLOAT) != 0 ||
        a[4] >= USER_TOP) {
        return STATUS_BAD_ARGUMENT;
    }
    struct thread *thread;
    enum status status = task_of(self, a[0], RIGHT_TASK_FILL, &task);
    if (status == STATUS_OK) {
        status = task->ending ? STATUS_BUSY : table_reserve(self->task, 1);
    }
    if (status == STATUS_OK) {
        status = thread_carve(task, (a[5] & THREAD_FLOAT) != 0, &thread);
    }
    if (status != STATUS_OK) {
        return status;
    }
    arch_frame_init(&thread->frame, a[1], a[2], a[3]);
    thread->tls = a[4];
    if (task == self->task && self->frame.debug.control != 0) {
        // What its supervisor watches in one thread is watched in those that it makes. A step
        // of the maker is not theirs.
        thread->frame.debug = self->frame.debug;
        arch_frame_stop(&thread->frame);
    }
    a[1] = grant_owner(self->task, &thread->object,
                       RIGHT_PASS | RIGHT_INSPECT | RIGHT_WATCH | RIGHT_THREAD_START);
    return STATUS_OK;
}

enum status sys_thread_start(struct thread *, void *object, uint64_t *) {
    struct thread *thread = object;
    bool ready = task_state_of(thread->task) == TASK_RUNNING && !thread->task->ending &&
                 thread_state_of(thread) == THREAD_NEW;
    if (!ready) {
        return STATUS_BAD_STATE;
    }
    thread_start(thread);
    return STATUS_OK;
}

enum status sys_thread_exit(struct thread *self, void *, uint64_t *) {
    thread_end(self);
    return STATUS_BLOCKED;
}

enum status sys_thread_watch(struct thread *self, void *object, uint64_t *a) {
    struct thread *thread = object;
    enum status status = watch_named(self, a[1], &thread->ended);
    if (status == STATUS_OK && thread_state_of(thread) == THREAD_ENDED) {
        watch_raise(&thread->ended);
    }
    return status;
}

// A thread that waits for its supervisor: nobody has resumed it, and it is not to end.
static bool fault_open(const struct thread *thread) REQUIRES_BOOKS {
    return atomic_load_explicit(&thread->fault.open, memory_order_acquire) && !thread->task->ending;
}

// The thread of that number, which has stopped.
static enum status stopped_thread(const struct task *task, uint64_t number,
                                  struct thread **out) REQUIRES_BOOKS {
    for (struct thread *thread = task->threads; thread != nullptr; thread = thread->next) {
        if (thread->number == number) {
            *out = thread;
            return fault_open(thread) ? STATUS_OK : STATUS_BAD_STATE;
        }
    }
    return STATUS_NOT_FOUND;
}

enum status sys_thread_fault(struct thread *, void *object, uint64_t *a) {
    const struct task *task = object;
    const struct thread *found = nullptr;
    // The list begins with the last number: the last that fits is the next.
    for (const struct thread *t = task->threads; t != nullptr; t = t->next) {
        bool wanted = a[2] == 0 ? fault_open(t) : thread_state_of(t) != THREAD_ENDED;
        found = wanted && t->number > a[1] ? t : found;
    }
    if (found == nullptr) {
        return STATUS_NOT_FOUND;
    }
    bool open = fault_open(found);
    a[1] = found->number;
    a[2] = open ? found->fault.kind : FAULT_NONE;
    a[3] = open ? found->fault.address : 0;
    a[4] = open ? found->fault.pc : 0;
    return STATUS_OK;
}

// The buffer is touched without the lock: registers are copied through the stack.
enum status sys_thread_registers(struct thread *self, void *, uint64_t *a) {
    struct thread_registers registers;
    bool set = a[3] != 0;
    enum status status = set ? copy_from_user(&registers, a[2], sizeof registers) : STATUS_OK;
    if (status != STATUS_OK) {
        return status;
    }
    lock_acquire(&books);
    struct task *task;
    struct thread *thread;
    status = task_of(self, a[0], RIGHT_TASK_DEBUG, &task);
    if (status == STATUS_OK) {
        status = stopped_thread(task, a[1], &thread);
    }
    if (status == STATUS_OK && set) {
        arch_frame_set(&thread->frame, &registers);
        thread->tls = registers.tls < USER_TOP ? registers.tls : thread->tls;
    } else if (status == STATUS_OK) {
        arch_frame_get(&thread->frame, &registers);
        registers.tls = thread->tls;
    }
    lock_release(&books);
    return status == STATUS_OK && !set ? copy_to_user(a[2], &registers, sizeof registers) : status;
}

enum status sys_thread_control(struct thread *self, void *object, uint64_t *a) {
    struct thread *thread;
    bool stop = a[2] == RESUME_STOP;
    if (a[2] > RESUME_STEP) {
        return STATUS_BAD_ARGUMENT;
    }
    enum status status = stopped_thread(object, a[1], &thread);
    if (stop && status == STATUS_BAD_STATE && !thread->task->ending &&
        thread_state_of(thread) != THREAD_NEW && thread_state_of(thread) != THREAD_ENDED) {
        if (thread == self) { // once all of its registers are in its frame
            atomic_fetch_or_explicit(&self->requests, REQUEST_STOP, memory_order_relaxed);
            schedule_poke(self);
        } else {
            thread_request(thread, REQUEST_STOP);
        }
        return STATUS_OK;
    }
    if (!stop && status == STATUS_OK) {
        arch_frame_go(&thread->frame, a[2] == RESUME_STEP);
        atomic_store_explicit(&thread->fault.open, false, memory_order_relaxed);
        thread_request(thread, REQUEST_RESUME);
    }
    return status;
}

enum status sys_thread_watchpoint(struct thread *, void *object, uint64_t *a) {
    uint64_t address = a[3], length = a[4];
    if (a[2] > 3 || a[5] > WATCH_ACCESS || length == 0 || length > 8 ||
        (length & (length - 1)) != 0 || address % length != 0) {
        return STATUS_BAD_ARGUMENT;
    }
    if (!space_user(address, length)) {
        return STATUS_BAD_ADDRESS;
    }
    struct thread *thread;
    enum status status = stopped_thread(object, a[1], &thread);
    if (status != STATUS_OK &&
        (status != STATUS_BAD_STATE || thread_state_of(thread) != THREAD_NEW)) {
        return status;
    }
    return arch_frame_watch(&thread->frame, (uint32_t)a[2], address, (uint32_t)length,
                            (enum watch_kind)a[5]);
}

// By way of the page tables, so that neither can fault; the caller's buffer is touched
// without the lock.
enum status sys_task_memory(struct thread *self, void *, uint64_t *a) {
    uint8_t bytes[256];
    uint64_t address = a[1], size = a[3];
    bool set = a[4] != 0;
    if (size == 0 || size > sizeof bytes) {
        return STATUS_BAD_ARGUMENT;
    }
    enum status status = set ? copy_from_user(bytes, a[2], size) : STATUS_OK;
    if (status != STATUS_OK) {
        return status;
    }
    struct task *task;
    lock_acquire(&books);
    status = task_of(self, a[0], RIGHT_TASK_DEBUG, &task);
    uint32_t flags = set ? MAP_WRITE : MAP_READ;
    // All of it, or nothing.
    if (status == STATUS_OK && !space_reach(task, address, nullptr, size, flags)) {
        status = STATUS_BAD_ADDRESS;
    }
    if (status == STATUS_OK) {
        bool moved = space_reach(task, address, bytes, size, flags);
        check(moved);
    }
    lock_release(&books);
    return status == STATUS_OK && !set ? copy_to_user(a[2], bytes, size) : status;
}
