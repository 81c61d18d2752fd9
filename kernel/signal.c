// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Signal Masks. See signal.h for the order that loses no wake-up.
#include "kernel/signal.h"

#include "kernel/budget.h"
#include "kernel/schedule.h"
#include "kernel/thread.h"

// No bits: its deadline has passed.
static void wake(struct thread *thread, uint64_t bits) {
    atomic_store_explicit(&thread->wanted, 0, memory_order_relaxed);
    atomic_fetch_and_explicit(&thread->signals, ~bits, memory_order_acq_rel);
    thread->frame.arg[0] = bits != 0 ? STATUS_OK : STATUS_TIMED_OUT;
    thread->frame.arg[1] = bits;
    schedule_deadline_clear(thread);
    if (atomic_load_explicit(&thread->lends_to, memory_order_relaxed) != nullptr) {
        loan_end(thread);
    }
    (void)schedule_ready(thread);
}

static uint64_t ready_of(const struct thread *thread) {
    return atomic_load_explicit(&thread->signals, memory_order_acquire) &
           atomic_load_explicit(&thread->wanted, memory_order_relaxed);
}

void signal_raise(struct thread *thread, uint64_t bits) {
    uint64_t old = atomic_fetch_or_explicit(&thread->signals, bits, memory_order_acq_rel);
    if ((old & bits) != bits) { // otherwise whoever set them wakes it
        signal_raised(thread, bits);
    }
}

void signal_raised(struct thread *thread, uint64_t bits) {
    arch_fence();
    if ((atomic_load_explicit(&thread->wanted, memory_order_acquire) & bits) == 0) {
        return;
    }
    if (!thread_here(thread)) {
        schedule_poke(thread);
        return;
    }
    // Only its own hart clears what it wants: here a wanted bit means that it waits. None:
    // between the two looks another hart woke it and sent it here.
    uint64_t ready = ready_of(thread);
    if (ready != 0) {
        wake(thread, ready);
    }
}

bool signal_wait(struct thread *thread, uint64_t mask, uint64_t deadline, uint64_t slack,
                 uint64_t *bits) {
    uint64_t ready = atomic_load_explicit(&thread->signals, memory_order_acquire) & mask;
    if (ready == 0 && (deadline == TIME_NEVER || deadline > arch_time_now())) {
        atomic_store_explicit(&thread->wanted, mask, memory_order_release);
        arch_fence();
        ready = atomic_load_explicit(&thread->signals, memory_order_acquire) & mask;
        if (ready == 0) {
            atomic_store_explicit(&thread->state, THREAD_WAITING, memory_order_relaxed);
            schedule_deadline(thread, deadline, slack);
            if (budget_any(thread)) {
                loan_begin(thread);
            }
            return false;
        }
        atomic_store_explicit(&thread->wanted, 0, memory_order_relaxed);
    }
    atomic_fetch_and_explicit(&thread->signals, ~ready, memory_order_acq_rel);
    *bits = ready;
    return true;
}

void signal_attend(struct thread *thread) {
    uint64_t ready = ready_of(thread);
    if (ready != 0 || thread->deadline <= arch_time_now()) {
        wake(thread, ready);
    }
}
