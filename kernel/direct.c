// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The direct switch: the way of a request to a server that sleeps, and of its reply. What
// doorbell_wait does by raising a watch, waking, queueing, waiting and picking is done
// here in one piece where nothing of it could turn out otherwise. All that it asks comes
// first, and at any doubt it leaves everything as it was: sys_doorbell_wait and the
// scheduler then do the same, one after the other. Each instruction is counted
// (docs/decisions/0019-direct-switch.md).
//
// The two share the turn: it goes on to run down, and when it is over the timer's
// interrupt ends it. So a pair that answers each other gets no more than one that computes.
#include "kernel/arch/common/number.h"
#include "kernel/budget.h"
#include "kernel/ring.h"
#include "kernel/schedule.h"
#include "kernel/space_load.h"
#include "kernel/trace.h"

static inline uint64_t peek(const _Atomic uint64_t *word) {
    return atomic_load_explicit(word, memory_order_relaxed);
}

// Whether the hart has something else to do than to go on with this turn. What dies has its
// step when the turn ends: schedule_reap. A turn of the Person band is that of a thread that is
// apart.
static inline bool turn_ends(const struct hart *hart) {
    return hart->preempt ||
           ((uint64_t)hart->person.threads | (uint64_t)hart->came |
            (uint64_t)atomic_load_explicit(&hart->inbox, memory_order_relaxed)) != 0;
}

// Whether two threads share all that the registers hold beyond the frame, but for the TLS
// base, and no loan begins or ends with their waits.
static inline bool alike(const struct hart *hart, const struct thread *a, const struct thread *b) {
    const struct thread *to = atomic_load_explicit(&b->lends_to, memory_order_relaxed);
    uint64_t apart = a->apart | b->apart;
    return (apart | (uint64_t)to | hart->debug | b->frame.debug.control) == 0;
}

// Whether the thread sleeps on this hart for that bit, and was sent no other. Its own hart
// alone takes back what it wants, so it stays so.
static inline bool sleeps(const struct hart *hart, struct thread *thread, uint64_t bit) {
    if (atomic_load_explicit(&thread->hart, memory_order_acquire) != hart) {
        return false;
    }
    uint64_t wanted = peek(&thread->wanted);
    return (wanted & bit) != 0 && (wanted & peek(&thread->signals)) == 0;
}

[[clang::preserve_none]] struct arch_frame *direct_switch(void) {
    struct hart *hart = arch_hart();
    struct thread *self = hart->current;
    uint64_t *a = self->frame.arg;
    if (turn_ends(hart)) {
        return nullptr;
    }
    const struct object *ring = lookup_quick(&self->task->table, a[0], CLASS_RING, RIGHT_RING_USE);
    if (ring == nullptr) {
        return nullptr;
    }
    struct ring *peer = ring_peer((const struct ring *)ring);
    if (peer == nullptr) {
        return nullptr;
    }
    uint64_t target = atomic_load_explicit(&peer->message.target, memory_order_acquire);
    if (target == 0 || target_word(&peer->message, target) != 0) {
        return nullptr;
    }
    struct thread *other = target_thread(&peer->message, target);
    uint64_t mask = a[1], deadline = a[2], bit = UINT64_C(1) << target % 64, now = arch_time_now();
    if (mask == 0 || deadline <= now || now >= hart->slice_end || !alike(hart, self, other) ||
        !sleeps(hart, other, bit)) {
        return nullptr;
    }
    // As in signal_wait: who raises a bit now sees that it is wanted, or is seen here.
    atomic_store_explicit(&self->wanted, mask, memory_order_release);
    arch_fence();
    if ((peek(&self->signals) & mask) != 0) {
        atomic_store_explicit(&self->wanted, 0, memory_order_relaxed);
        return nullptr;
    }
    // The point of no return. One becomes ready and one blocks: the load stays.
    hook_enter(NUMBER_DOORBELL_WAIT, a);
    self->awaits = a[0];
    atomic_store_explicit(&self->state, THREAD_WAITING, memory_order_relaxed);
    self->deadline = deadline; // an earlier one would end this wait
    if (deadline != TIME_NEVER) {
        schedule_deadline(self, deadline, a[3]);
    }
    uint64_t ran = now - hart->switched;
    hart->switched = now;
    hart->turn_left -= (int64_t)ran;
    self->ran += ran;
    // The bit is handed over, and never seen among its signals.
    atomic_store_explicit(&other->wanted, 0, memory_order_relaxed);
    atomic_store_explicit(&other->state, THREAD_RUNNING, memory_order_relaxed);
    other->frame.arg[0] = STATUS_OK;
    other->frame.arg[1] = bit;
    if (heap_has(&other->timer)) {
        schedule_deadline_clear(other);
    }
    trace_direct(hart, ring, a[4], other);
    hart->current = other;
    hart->switches++;
    arch_tls_save(&self->tls);
    arch_tls_load(other->tls);
    hart->loaded = other;
    space_load(hart, other->task);
    arch_hart_frame(hart, &other->frame);
    hook_leave();
    return &other->frame;
}
