// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Epochs. See epoch.h for what they promise.
//
// Idle harts. A hart says that it idles, executes a full fence, and only then looks
// for work; on waking it says that it does not, executes a full fence, and then reads
// the counter. A requester raises the counter, executes a full fence, and then asks who
// idles. So either the requester sees that the hart is awake and waits for it, or the
// hart sees the new counter and flushes before it touches anything.
#include "kernel/epoch.h"

#include "kernel/hart.h"
#include "kernel/schedule.h"
#include "kernel/space_load.h"
#include "kernel/trace.h"

static _Atomic uint64_t requested;

uint64_t epoch_next(void) {
    return atomic_load_explicit(&requested, memory_order_relaxed) + 1;
}

static bool hart_passed(struct hart *hart, uint64_t epoch) {
    return atomic_load_explicit(&hart->idle, memory_order_acquire) ||
           atomic_load_explicit(&hart->acknowledged, memory_order_acquire) >= epoch;
}

uint64_t epoch_request(void) {
    uint64_t epoch = atomic_fetch_add_explicit(&requested, 1, memory_order_acq_rel) + 1;
    arch_fence();
    for (uint32_t i = 0; i < harts_online(); i++) {
        struct hart *hart = hart_at(i);
        if (hart != arch_hart() && !hart_passed(hart, epoch)) {
            arch_ipi(i);
        }
    }
    return epoch;
}

static bool all_passed(uint64_t epoch, const struct hart *except) {
    for (uint32_t i = 0; i < harts_online(); i++) {
        struct hart *hart = hart_at(i);
        if (hart != except && !hart_passed(hart, epoch)) {
            return false;
        }
    }
    return true;
}

bool epoch_reached(uint64_t epoch) {
    if (epoch > atomic_load_explicit(&requested, memory_order_acquire)) {
        return false;
    }
    // Who asks stands at a quiescent point itself: it holds the object that it waits
    // for and nothing else, so it may acknowledge here.
    epoch_acknowledge();
    return all_passed(epoch, nullptr);
}

// Harts that wait for an epoch which has just come. Only the last one to pass sees that
// all have, so a waiter is interrupted once, not by everybody.
static void tell_waiters(struct hart *self) {
    for (uint32_t i = 0; i < harts_online(); i++) {
        struct hart *hart = hart_at(i);
        uint64_t wanted = atomic_load_explicit(&hart->epoch_wanted, memory_order_acquire);
        if (wanted != 0 && hart != self && all_passed(wanted, hart)) {
            arch_ipi(i);
        }
    }
}

bool epoch_want(uint64_t epoch) {
    struct hart *self = arch_hart();
    uint64_t wanted = atomic_load_explicit(&self->epoch_wanted, memory_order_relaxed);
    if (wanted == 0 || epoch < wanted) {
        atomic_store_explicit(&self->epoch_wanted, epoch, memory_order_relaxed);
    }
    // Now whoever passes last either is seen here or sees that this hart waits.
    arch_fence();
    return !epoch_reached(epoch);
}

void epoch_acknowledge(void) {
    struct hart *self = arch_hart();
    uint64_t epoch = atomic_load_explicit(&requested, memory_order_acquire);
    if (atomic_load_explicit(&self->acknowledged, memory_order_relaxed) >= epoch) {
        return;
    }
    // Between the end of a thread and the next one nothing keeps the tables that are loaded.
    if (self->current == nullptr) {
        space_leave(self);
    }
    if (harts_online() > 1) {
        arch_tlb_flush(); // alone, this hart flushed page by page
    }
    trace_follow(self);
    atomic_store_explicit(&self->acknowledged, epoch, memory_order_release);
    arch_fence();
    tell_waiters(self);
}

void epoch_idle_enter(void) {
    struct hart *self = arch_hart();
    atomic_store_explicit(&self->idle, true, memory_order_release);
    arch_fence();
    tell_waiters(self);
}

void epoch_idle_leave(void) {
    struct hart *self = arch_hart();
    if (atomic_load_explicit(&self->idle, memory_order_relaxed)) {
        atomic_store_explicit(&self->idle, false, memory_order_release);
        arch_fence();
        epoch_acknowledge();
    }
}
