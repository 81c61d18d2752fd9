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
// Whatever else the hart has to do, it is interrupted for, and the kernel holds that back no
// longer than any syscall does; what it found to do itself it did before it left. So nothing
// of it is asked here.
#include "kernel/arch/common/number.h"
#include "kernel/budget.h"
#include "kernel/ring.h"
#include "kernel/schedule.h"
#include "kernel/space_load.h"
#include "kernel/trace.h"

static inline uint64_t peek(const _Atomic uint64_t *word) {
    return atomic_load_explicit(word, memory_order_relaxed);
}

// Whom a doorbell for this end rings; 0: nobody.
static inline uint64_t watched(const struct ring *ring) {
    return atomic_load_explicit(&((struct ring *)ring)->message.target, memory_order_acquire);
}

// Whether the handle still names what it named, for the same, and that rings whom it rang. The
// ring stays in memory as long as the slot says so, and from then on for the epoch.
[[gnu::always_inline]] static inline bool known(const struct call *call, uint64_t handle) {
    if (call->handle != handle || slot_meta(call->slot) != call->meta) {
        return false;
    }
    const struct ring *peer = ring_peer(call->ring);
    return peer != nullptr && watched(peer) == call->target;
}

// Looks all that up. What the slot says is read first: if it holds something else by then, it
// never says that again.
[[gnu::noinline]] static bool look_up(struct thread *self, uint64_t handle) {
    const struct table *table = &self->task->table;
    struct call *call = &self->call;
    const struct slot *slot = table_at(table, (uint32_t)(handle & HANDLE_SLOT_MASK));
    uint64_t meta = slot == nullptr ? 0 : slot_meta(slot);
    struct object *ring = lookup_quick(table, handle, CLASS_RING, RIGHT_RING_USE);
    const struct ring *peer = ring == nullptr ? nullptr : ring_peer((struct ring *)ring);
    uint64_t target = peer == nullptr ? 0 : watched(peer);
    // Words behind the bit are for the long way. All objects share their upper bits.
    if (target == 0 || target_word((const struct watch *)self, target) != 0) {
        return false;
    }
    *call = (struct call){.handle = handle,
                          .slot = slot,
                          .meta = meta,
                          .ring = (struct ring *)ring,
                          .target = target,
                          .to = target_thread((const struct watch *)self, target),
                          .bit = UINT64_C(1) << target % 64};
    return true;
}

// Whether the thread sleeps on this hart for that bit, and was sent no other. Its own hart
// alone takes back what it wants, so it stays so.
[[gnu::always_inline]] static inline bool sleeps(const struct hart *hart, struct thread *thread,
                                                 uint64_t bit) {
    return atomic_load_explicit(&thread->hart, memory_order_acquire) == hart &&
           ((peek(&thread->signals) ^ bit) & peek(&thread->wanted)) == bit;
}

// From the last look on. `timed`: one of them may have a deadline.
[[gnu::always_inline]] static inline struct direct go(struct hart *hart, struct thread *self,
                                                      struct thread *other, uint64_t bit,
                                                      uint64_t mask, uint64_t handle, bool timed) {
    uint64_t *a = self->frame.arg;
    // As in signal_wait: who raises a bit now sees that it is wanted, or is seen here.
    atomic_store_explicit(&self->wanted, mask, memory_order_release);
    arch_fence();
    if ((peek(&self->signals) & mask) != 0) {
        atomic_store_explicit(&self->wanted, 0, memory_order_relaxed);
        return (struct direct){};
    }
    // The point of no return. One becomes ready and one blocks: the load stays.
    hook_enter(NUMBER_DOORBELL_WAIT, a);
    self->awaits = handle;
    atomic_store_explicit(&self->state, THREAD_WAITING, memory_order_relaxed);
    if (timed) {
        schedule_deadline(self, a[2], a[3]);
        schedule_deadline_clear(other);
    }
    uint64_t now = arch_counter();
    self->ran += now - hart->since;
    hart->since = now;
    // The bit is handed over, and never seen among its signals.
    atomic_store_explicit(&other->wanted, 0, memory_order_relaxed);
    atomic_store_explicit(&other->state, THREAD_RUNNING, memory_order_relaxed);
    trace_direct(hart, &self->call.ring->object, a[4], other);
    hart->current = other;
    hart->switches++;
    arch_tls_save(&self->tls);
    arch_tls_load(other->tls);
    hart->loaded = other;
    space_load(hart, other->task);
    arch_hart_frame(hart, &other->frame);
    hook_leave();
    return (struct direct){&other->frame, bit};
}

// Where not all is as it mostly is.
[[gnu::noinline, clang::preserve_none]] static struct direct rarely(struct thread *self) {
    struct hart *hart = arch_hart();
    const uint64_t *a = self->frame.arg;
    if (!known(&self->call, a[0]) && !look_up(self, a[0])) {
        return (struct direct){};
    }
    struct thread *other = self->call.to;
    uint64_t apart = (self->apart | other->apart) & ~(uint64_t)APART_TIMED;
    bool passed = a[2] != TIME_NEVER && a[2] <= arch_time_now();
    if (a[1] == 0 || apart != 0 || passed || !sleeps(hart, other, self->call.bit)) {
        return (struct direct){};
    }
    return go(hart, self, other, self->call.bit, a[1], a[0], true);
}

[[clang::preserve_none]] struct direct direct_switch(struct thread *self) {
    struct hart *hart = arch_hart();
    uint64_t handle = self->frame.arg[0], mask = self->frame.arg[1];
    const struct call call = self->call;
    if (mask == 0 || self->frame.arg[2] != TIME_NEVER || !known(&call, handle) ||
        (self->apart | call.to->apart) != 0 || !sleeps(hart, call.to, call.bit)) {
        [[clang::musttail]] return rarely(self);
    }
    return go(hart, self, call.to, call.bit, mask, handle, false);
}
