// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The tracer's beginning and end, and samples. See trace.h.
#include "kernel/trace.h"

#include "kernel/check.h"
#include "kernel/epoch.h"
#include "kernel/memory.h"
#include "kernel/page.h"
#include "kernel/schedule.h"
#include "kernel/syscall.h"

static bool busy; // guard: books
// What every hart is to do, in one word, so that it is read as a whole: the Memory's first
// frame, the period in microseconds, the shift of a part in pages, and a number that differs
// from the last one. 0: nothing.
[[POLLED]] static _Atomic uint64_t wanted;
constexpr uint32_t FRAME_SHIFT = 32, PERIOD_SHIFT = 12, PART_SHIFT = 7;
constexpr uint64_t US = 1000;
static_assert(TRACE_PERIOD_MOST / US < UINT64_C(1) << (FRAME_SHIFT - PERIOD_SHIFT));

static enum status begin(struct memory *memory, uint64_t period) REQUIRES_BOOKS {
    static uint64_t number;
    uint64_t bytes = (uint64_t)memory->pages << PAGE_SHIFT;
    if (memory->pages < harts_online() || memory->executable_views != 0 ||
        (period != 0 && (period < TRACE_PERIOD_LEAST || period > TRACE_PERIOD_MOST))) {
        return STATUS_BAD_ARGUMENT;
    }
    if (busy) {
        return STATUS_BUSY;
    }
    busy = memory->traced = true;
    uint64_t pages = trace_part(bytes, harts_online()) >> PAGE_SHIFT;
    number = (number + 1) % (1 << PART_SHIFT);
    atomic_store_explicit(&wanted,
                          (uint64_t)memory->frame << FRAME_SHIFT | period / US << PERIOD_SHIFT |
                              (uint64_t)__builtin_ctzll(pages) << PART_SHIFT | number,
                          memory_order_relaxed);
    return STATUS_OK;
}

void trace_end(struct memory *memory) {
    busy = memory->traced = false;
    atomic_store_explicit(&wanted, 0, memory_order_relaxed);
    arch_fence(); // whoever begins the epoch now finds it so
    memory->quiet = epoch_next();
    trace_follow(arch_hart()); // where there is no other hart, no epoch is waited for
}

static enum status change(struct thread *self, const uint64_t *a) REQUIRES_BOOKS {
    struct slot *slot;
    enum status status = lookup_class(self->task, a[2], CLASS_MEMORY, RIGHT_MEMORY_WRITE, &slot);
    if (status != STATUS_OK) {
        return status;
    }
    struct memory *memory = (struct memory *)slot->object;
    if (a[1] == MACHINE_TRACE) {
        return begin(memory, a[3]);
    }
    if (!memory->traced) {
        return STATUS_BAD_STATE;
    }
    trace_end(memory);
    return STATUS_OK;
}

// Every hart has heard of it before this returns.
enum status trace_control(struct thread *self, const uint64_t *a) {
    if (self->unfinished.committed) {
        return STATUS_OK;
    }
    lock_acquire(&books);
    enum status status = change(self, a);
    lock_release(&books);
    if (status != STATUS_OK) {
        return status;
    }
    self->unfinished.committed = true;
    thread_await_epoch(self, epoch_request());
    return STATUS_RESTART;
}

void trace_follow(struct hart *hart) {
    uint64_t now = atomic_load_explicit(&wanted, memory_order_relaxed);
    if (now == hart->trace_wanted) {
        return;
    }
    hart->trace_wanted = now;
    hart->trace = nullptr;
    hart->sample = TIME_NEVER;
    if (now == 0) {
        return;
    }
    uint32_t shift = PAGE_SHIFT + (now >> PART_SHIFT) % (1 << (PERIOD_SHIFT - PART_SHIFT));
    uint8_t *base = page_address((uint32_t)(now >> FRAME_SHIFT));
    hart->trace = (struct trace_record *)(base + ((uint64_t)hart->index << shift));
    hart->trace_mask = (UINT64_C(1) << shift) - 1;
    hart->trace_at = 0;
    hart->trace_thread = trace_identity(hart->current);
    hart->sample_period = ((uint32_t)now >> PERIOD_SHIFT) * US;
    if (hart->sample_period != 0) {
        hart->sample = 0; // at once, and from then on
        hart->timer_armed = 0;
        arch_timer_set(0);
    }
}

void trace_timer(struct hart *hart) {
    uint64_t now = arch_time_now();
    trace_put(hart, TRACE_INTERRUPT, TRACE_TIMER, 0);
    if (hart->sample > now) {
        return;
    }
    const struct thread *thread = hart->current;
    if (thread == nullptr) {
        trace_put(hart, TRACE_SAMPLE, 0, 0);
    } else {
        uint32_t where = arch_frame_syscall(&thread->frame);
        if (where == TRACE_USER && hart->sample <= hart->switched) {
            where = TRACE_KERNEL;
        }
        trace_place(TRACE_SAMPLE, arch_frame_pc(&thread->frame), where);
    }
    // So far from regular that a program which does something at each of its own periods is
    // not met at the same place each time; but the same in each run.
    uint64_t half = hart->sample_period / 2;
    hart->sample = now + half + half / 2 + hart->trace_at * 0x9e3779b9 / 32 % half;
}
