// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Syscalls on Tasks, threads, their faults, and Bundles.
#include "kernel/bundle.h"
#include "kernel/check.h"
#include "kernel/epoch.h"
#include "kernel/memory.h"
#include "kernel/reticle.h"
#include "kernel/schedule.h"
#include "kernel/syscall.h"
#include "machine/registers.h"

enum status sys_task_carve(struct thread *self, uint64_t *a) {
    lock_acquire(&books);
    struct reticle *reticle;
    struct task *task;
    enum status status = carve_begin(self, a[0], RIGHT_RETICLE_CARVE, &reticle);
    if (status == STATUS_OK) {
        status = task_carve(reticle, &task);
    }
    if (status == STATUS_OK) {
        a[1] = grant_owner(self->task, &task->object,
                           RIGHT_COPY | RIGHT_PASS | RIGHT_INSPECT | RIGHT_WATCH | RIGHT_TASK_FILL |
                               RIGHT_TASK_STOP | RIGHT_TASK_DEBUG);
    }
    lock_release(&books);
    return status;
}

static enum task_state state_of(const struct task *task) {
    return atomic_load_explicit(&task->state, memory_order_acquire);
}

static enum status start_locked(struct thread *self, const uint64_t *a) REQUIRES_BOOKS {
    struct slot *task_slot, *bundle_slot, *thread_slot;
    enum status status = lookup_class(self->task, a[0], CLASS_TASK, RIGHT_TASK_FILL, &task_slot);
    if (status == STATUS_OK) {
        status = lookup_class(self->task, a[1], CLASS_BUNDLE, RIGHT_BUNDLE_FILL, &bundle_slot);
    }
    if (status == STATUS_OK) {
        status = lookup_class(self->task, a[2], CLASS_THREAD, RIGHT_THREAD_START, &thread_slot);
    }
    if (status != STATUS_OK) {
        return status;
    }
    struct task *task = (struct task *)task_slot->object;
    struct thread *thread = (struct thread *)thread_slot->object;
    struct bundle *bundle = (struct bundle *)bundle_slot->object;
    if (state_of(task) != TASK_EMPTY || task->ending || thread->task != task || bundle->sealed ||
        (bundle_slot->flags & SLOT_OWNER) == 0 ||
        atomic_load_explicit(&thread->state, memory_order_relaxed) != THREAD_NEW) {
        return STATUS_BAD_STATE;
    }
    // The Bundle's owner capability, its view, the thread's, and what it carries.
    status = table_reserve(task, bundle_capabilities(bundle) + 3);
    if (status == STATUS_OK) {
        status = bundle_map(bundle, task);
    }
    if (status != STATUS_OK) {
        return status;
    }
    // Point of no return.
    bundle_seal(bundle, task);
    capability_pass(self->task, bundle_slot, table_take(task), RIGHT_INSPECT, true);
    capability_pass(self->task, thread_slot, table_take(task), RIGHT_INSPECT | RIGHT_WATCH, true);
    // From here on nobody may fill it: task_of refuses, and the right is not shown.
    atomic_store_explicit(&task->state, TASK_RUNNING, memory_order_release);
    thread_start(thread);
    return STATUS_OK;
}

enum status sys_task_start(struct thread *self, uint64_t *a) {
    lock_acquire(&books);
    enum status status = start_locked(self, a);
    lock_release(&books);
    return status;
}

enum status sys_task_watch(struct thread *self, uint64_t *a) {
    uint32_t bit;
    enum status status = bit_of(a[1], &bit);
    if (status != STATUS_OK) {
        return status;
    }
    lock_acquire(&books);
    struct task *task;
    status = task_of(self, a[0], RIGHT_WATCH, &task);
    if (status == STATUS_OK) {
        watch_bind(&task->watch, self, bit);
        // What happened before is told at once, so that nobody waits for it in vain.
        if (state_of(task) == TASK_ENDED ||
            atomic_load_explicit(&task->faulted, memory_order_acquire) != 0) {
            watch_raise(&task->watch);
        }
    }
    lock_release(&books);
    return status;
}

enum status sys_task_info(struct thread *self, uint64_t *a) {
    lock_acquire(&books);
    struct task *task;
    enum status status = task_of(self, a[0], RIGHT_INSPECT, &task);
    if (status == STATUS_OK) {
        enum task_state state = state_of(task);
        bool faulted = atomic_load_explicit(&task->faulted, memory_order_relaxed) != 0;
        uint64_t ran = task->ran;
        for (const struct thread *t = task->threads; t != nullptr; t = t->next) {
            ran += schedule_ran(t);
        }
        a[1] = state == TASK_RUNNING && faulted ? TASK_FAULTED : state;
        a[2] = atomic_load_explicit(&task->exit_status, memory_order_relaxed);
        a[3] = atomic_load_explicit(&task->live, memory_order_relaxed);
        a[4] = ran;
    }
    lock_release(&books);
    return status;
}

// Asks the threads to end; RESTART until all were asked and none is live.
static enum status stop(struct thread *self, struct task *task,
                        uint32_t exit_status) REQUIRES_BOOKS {
    if (!self->unfinished.committed) {
        if (state_of(task) != TASK_RUNNING) {
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

enum status sys_task_stop(struct thread *self, uint64_t *a) {
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

enum status sys_task_exit(struct thread *self, uint64_t *a) {
    struct task *task = self->task;
    lock_acquire(&books);
    if (!task->ending) {
        atomic_store_explicit(&task->exit_status, (uint32_t)a[0], memory_order_relaxed);
    }
    bool asked = task_end_threads(task);
    if (asked) {
        thread_end(self);
    }
    lock_release(&books);
    return asked ? STATUS_BLOCKED : STATUS_RESTART;
}

// --------------------------------------------------------------------- threads

static enum status thread_locked(struct thread *self, uint64_t *a) REQUIRES_BOOKS {
    struct task *task;
    if (a[1] >= USER_TOP || a[2] > USER_TOP || (a[5] & ~(uint64_t)THREAD_FLOAT) != 0 ||
        a[4] >= USER_TOP) {
        return STATUS_BAD_ARGUMENT;
    }
    enum status status = task_of(self, a[0], RIGHT_TASK_FILL, &task);
    if (status != STATUS_OK) {
        return status;
    }
    if (state_of(task) == TASK_ENDED || task->ending) {
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

enum status sys_thread_carve(struct thread *self, uint64_t *a) {
    lock_acquire(&books);
    enum status status = thread_locked(self, a);
    lock_release(&books);
    return status;
}

enum status sys_thread_start(struct thread *self, uint64_t *a) {
    lock_acquire(&books);
    struct slot *slot;
    enum status status = lookup_class(self->task, a[0], CLASS_THREAD, RIGHT_THREAD_START, &slot);
    if (status == STATUS_OK) {
        struct thread *thread = (struct thread *)slot->object;
        bool ready = state_of(thread->task) == TASK_RUNNING && !thread->task->ending &&
                     atomic_load_explicit(&thread->state, memory_order_relaxed) == THREAD_NEW;
        if (ready) {
            thread_start(thread);
        } else {
            status = STATUS_BAD_STATE;
        }
    }
    lock_release(&books);
    return status;
}

enum status sys_thread_exit(struct thread *self, uint64_t *a) {
    (void)a;
    thread_end(self);
    return STATUS_BLOCKED;
}

enum status sys_thread_watch(struct thread *self, uint64_t *a) {
    uint32_t bit;
    enum status status = bit_of(a[1], &bit);
    if (status != STATUS_OK) {
        return status;
    }
    lock_acquire(&books);
    struct slot *slot;
    status = lookup_class(self->task, a[0], CLASS_THREAD, RIGHT_WATCH, &slot);
    if (status == STATUS_OK) {
        struct thread *thread = (struct thread *)slot->object;
        watch_bind(&thread->ended, self, bit);
        if (atomic_load_explicit(&thread->state, memory_order_acquire) == THREAD_ENDED) {
            watch_raise(&thread->ended);
        }
    }
    lock_release(&books);
    return status;
}

// A thread that waits for its supervisor: nobody has resumed it, and it is not to end.
static bool fault_open(const struct thread *thread) REQUIRES_BOOKS {
    return atomic_load_explicit(&thread->fault.open, memory_order_acquire) && !thread->task->ending;
}

// The faulted thread of that number.
static enum status faulted_thread(struct thread *self, uint64_t handle, uint64_t number,
                                  struct thread **out) REQUIRES_BOOKS {
    struct task *task;
    enum status status = task_of(self, handle, RIGHT_TASK_DEBUG, &task);
    if (status != STATUS_OK) {
        return status;
    }
    for (struct thread *thread = task->threads; thread != nullptr; thread = thread->next) {
        if (thread->number == number) {
            *out = thread;
            return fault_open(thread) ? STATUS_OK : STATUS_BAD_STATE;
        }
    }
    return STATUS_NOT_FOUND;
}

enum status sys_thread_fault(struct thread *self, uint64_t *a) {
    lock_acquire(&books);
    struct task *task;
    enum status status = task_of(self, a[0], RIGHT_TASK_DEBUG, &task);
    if (status == STATUS_OK) {
        status = STATUS_NOT_FOUND;
        for (const struct thread *t = task->threads; t != nullptr; t = t->next) {
            if (fault_open(t)) {
                a[1] = t->number;
                a[2] = t->fault.kind;
                a[3] = t->fault.address;
                a[4] = t->fault.pc;
                status = STATUS_OK;
                break;
            }
        }
    }
    lock_release(&books);
    return status;
}

// The buffer is touched without the lock: registers are copied through the stack.
enum status sys_thread_registers(struct thread *self, uint64_t *a) {
    struct thread_registers registers;
    bool set = a[3] != 0;
    if (set) {
        enum status status = copy_from_user(&registers, a[2], sizeof registers);
        if (status != STATUS_OK) {
            return status;
        }
    }
    lock_acquire(&books);
    struct thread *thread;
    enum status status = faulted_thread(self, a[0], a[1], &thread);
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

static enum status resume_locked(struct thread *self, const uint64_t *a) REQUIRES_BOOKS {
    struct task *task;
    enum status status = task_of(self, a[0], RIGHT_TASK_DEBUG, &task);
    if (status == STATUS_OK && !self->unfinished.active) {
        struct thread *thread;
        status = faulted_thread(self, a[0], a[1], &thread);
        if (status == STATUS_OK && a[2] == RESUME_CONTINUE) {
            atomic_store_explicit(&thread->fault.open, false, memory_order_relaxed);
            thread_request(thread, REQUEST_RESUME);
            return STATUS_OK;
        }
    }
    if (status != STATUS_OK) {
        return status;
    }
    return task_end_threads(task) ? STATUS_OK : STATUS_RESTART;
}

enum status sys_thread_resume(struct thread *self, uint64_t *a) {
    if (a[2] > RESUME_END_TASK) {
        return STATUS_BAD_ARGUMENT;
    }
    lock_acquire(&books);
    enum status status = resume_locked(self, a);
    lock_release(&books);
    return status;
}

// --------------------------------------------------------------------- Bundles

enum status sys_bundle_carve(struct thread *self, uint64_t *a) {
    lock_acquire(&books);
    struct reticle *reticle;
    struct bundle *bundle;
    enum status status = carve_begin(self, a[0], RIGHT_RETICLE_CARVE, &reticle);
    if (status == STATUS_OK) {
        status = bundle_carve(reticle, &bundle);
    }
    if (status == STATUS_OK) {
        a[1] = grant_owner(self->task, &bundle->object,
                           RIGHT_PASS | RIGHT_INSPECT | RIGHT_BUNDLE_FILL);
    }
    lock_release(&books);
    return status;
}

static enum status bundle_open(struct thread *self, uint64_t handle, const struct bundle_name *name,
                               uint32_t bytes, struct bundle **out) REQUIRES_BOOKS {
    struct slot *slot;
    enum status status = lookup_class(self->task, handle, CLASS_BUNDLE, RIGHT_BUNDLE_FILL, &slot);
    if (status != STATUS_OK) {
        return status;
    }
    *out = (struct bundle *)slot->object;
    return bundle_room(*out, name, bytes);
}

enum status sys_bundle_put(struct thread *self, uint64_t *a) {
    struct bundle_name name;
    enum status status = copy_name(a[1], a[2], &name);
    if (status != STATUS_OK) {
        return status;
    }
    lock_acquire(&books);
    struct bundle *bundle;
    struct slot *from;
    status = bundle_open(self, a[0], &name, 0, &bundle);
    if (status == STATUS_OK) {
        status = lookup_slot(self->task, a[3], &from);
    }
    if (status == STATUS_OK) {
        status = from->object == &bundle->object ? STATUS_BAD_ARGUMENT
                                                 : capability_may_pass(from, a[5] != 0);
    }
    if (status == STATUS_OK) {
        bundle_put(bundle, &name, self->task, from, (uint32_t)a[4] & RIGHT_ALL, a[5] != 0);
    }
    lock_release(&books);
    return status;
}

enum status sys_bundle_value(struct thread *self, uint64_t *a) {
    constexpr uint32_t VALUE_MOST = 2048;
    uint8_t value[VALUE_MOST];
    struct bundle_name name;
    if (a[4] > VALUE_MOST) {
        return STATUS_BAD_ARGUMENT;
    }
    enum status status = copy_name(a[1], a[2], &name);
    if (status == STATUS_OK && a[4] != 0) {
        status = copy_from_user(value, a[3], a[4]);
    }
    if (status != STATUS_OK) {
        return status;
    }
    lock_acquire(&books);
    struct bundle *bundle;
    status = bundle_open(self, a[0], &name, (uint32_t)a[4], &bundle);
    if (status == STATUS_OK) {
        bundle_value(bundle, &name, value, (uint32_t)a[4]);
    }
    lock_release(&books);
    return status;
}
