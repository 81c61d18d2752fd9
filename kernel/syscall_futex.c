// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Syscalls on futexes. They touch user memory, so they take no lock around it: the thread
// stands in its bucket before the word is read.
#include "kernel/futex.h"

#include "kernel/budget.h"
#include "kernel/schedule.h"
#include "kernel/syscall.h"
#include "kernel/trace.h"

enum status sys_futex_wait(struct thread *self, void *, uint64_t *a) {
    uint64_t address = a[0];
    uint32_t value;
    // Address 0 would also say that the thread stands in no bucket.
    if (address % sizeof value != 0 || address < USER_BASE || address >= USER_TOP) {
        return STATUS_BAD_ADDRESS;
    }
    struct object *owner;
    if (a[3] != HANDLE_NONE) {
        enum status found = lookup(self->task, a[3], CLASS_THREAD, 0, &owner);
        if (found != STATUS_OK) {
            return found;
        }
    }
    // In the bucket first, so that a wake between the look and the sleep is not lost.
    futex_enter(self, address);
    enum status status = copy_from_user(&value, address, sizeof value);
    if (status == STATUS_OK && value != (uint32_t)a[1]) {
        status = STATUS_AGAIN;
    } else if (status == STATUS_OK && a[2] != TIME_NEVER && a[2] <= arch_time_now()) {
        status = STATUS_TIMED_OUT;
    }
    if (status != STATUS_OK) {
        (void)futex_sleeps(self, true);
        return status;
    }
    trace_place(TRACE_SLEEP, address, 0);
    atomic_store_explicit(&self->state, THREAD_SLEEPING, memory_order_release);
    schedule_deadline(self, a[2], 0);
    self->awaits = a[3];
    if (budget_any(self)) {
        loan_begin(self);
    }
    // A waker on another hart may have come between entering and sleeping: it left the
    // thread in the inbox, which kernel_leave looks at. It only acts on a sleeper.
    return STATUS_BLOCKED;
}

enum status sys_futex_wake(struct thread *self, void *, uint64_t *a) {
    if (a[0] % sizeof(uint32_t) != 0 || a[0] < USER_BASE || a[0] >= USER_TOP) {
        return STATUS_BAD_ADDRESS;
    }
    uint32_t woken = futex_wake(self->task, a[0], a[1] - self->unfinished.pages);
    self->unfinished.pages += woken;
    if (woken == FUTEX_BATCH) {
        return STATUS_RESTART; // there may be more
    }
    a[1] = self->unfinished.pages;
    self->unfinished.pages = 0;
    return STATUS_OK;
}
