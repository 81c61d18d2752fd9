// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Syscalls on Ring ends: carve, bind, watch, doorbell, capabilities beside messages.
#include "abi/ring.h"
#include "kernel/check.h"
#include "kernel/memory.h"
#include "kernel/reticle.h"
#include "kernel/ring.h"
#include "kernel/schedule.h"
#include "kernel/signal.h"
#include "kernel/syscall.h"
#include "kernel/trace.h"

enum status sys_ring_carve(struct thread *self, void *object, uint64_t *a) {
    uint64_t slots = a[1];
    if (slots < RING_SLOTS_LEAST || slots > RING_SLOTS_MOST || (slots & (slots - 1)) != 0) {
        return STATUS_BAD_ARGUMENT;
    }
    struct ring *ring;
    enum status status = table_reserve(self->task, 1);
    if (status == STATUS_OK) {
        status = ring_carve(object, (uint32_t)slots, &ring);
    }
    if (status == STATUS_OK) {
        a[1] =
            grant_owner(self->task, &ring->object,
                        RIGHT_COPY | RIGHT_PASS | RIGHT_INSPECT | RIGHT_RING_BIND | RIGHT_RING_USE);
    }
    return status;
}

enum status sys_ring_bind(struct thread *self, void *object, uint64_t *a) {
    struct slot *peer;
    enum status status = lookup_class(self->task, a[1], CLASS_RING, RIGHT_RING_BIND, &peer);
    return status == STATUS_OK ? ring_bind(object, (struct ring *)peer->object) : status;
}

enum status sys_ring_watch(struct thread *self, void *object, uint64_t *a) {
    struct ring *ring = object;
    if (!bit_named(self, a[1]) || !bit_named(self, a[2])) {
        return STATUS_BAD_ARGUMENT;
    }
    watch_bind(&ring->message, self, (uint32_t)a[1]);
    watch_bind(&ring->closed, self, (uint32_t)a[2]);
    return STATUS_OK;
}

enum status sys_ring_info(struct thread *, void *object, uint64_t *a) {
    const struct ring *ring = object;
    const struct ring *peer = ring_peer(ring);
    a[1] = peer != nullptr;
    a[2] = ring->generation;
    a[3] = ring->slots;
    a[4] = peer == nullptr ? 0 : peer->slots;
    return STATUS_OK;
}

// ------------------------------------------------------------------- doorbells

// Without a lock: the ring and its peer stay in memory until this hart leaves the
// kernel, and a doorbell for an end that is just going away is only a hint too many.
enum status sys_doorbell(struct thread *, void *object, uint64_t *a) {
    struct ring *peer = ring_peer(object);
    if (peer == nullptr) {
        return STATUS_NOT_BOUND;
    }
    trace(TRACE_DOORBELL, object_number(object), (uint32_t)a[1]);
    // As watch_raise and signal_raise do, where no words stand behind the bit.
    uint64_t target = atomic_load_explicit(&peer->message.target, memory_order_acquire);
    if (target == 0 || target_word(&peer->message, target) != 0) {
        watch_raise(&peer->message);
        return STATUS_OK;
    }
    struct thread *thread = (struct thread *)(target & ~UINT64_C(63));
    uint64_t bit = UINT64_C(1) << target % 64;
    uint64_t old = atomic_fetch_or_explicit(&thread->signals, bit, memory_order_acq_rel);
    if ((old & bit) == 0) {
        signal_raised(thread, bit);
    }
    return STATUS_OK;
}

// Waits for the bits wanted[0], until wanted[1] or at most wanted[2] later.
static inline enum status wait(struct thread *self, uint64_t *a, const uint64_t *wanted) {
    uint64_t bits;
    if (!signal_wait(self, wanted[0], wanted[1], wanted[2], &bits)) {
        return STATUS_BLOCKED;
    }
    a[1] = bits;
    return bits == 0 ? STATUS_TIMED_OUT : STATUS_OK;
}

enum status sys_doorbell_wait(struct thread *self, void *object, uint64_t *a) {
    struct ring *peer = ring_peer(object);
    if (peer == nullptr) {
        return STATUS_NOT_BOUND;
    }
    if (a[1] == 0) {
        return STATUS_BAD_ARGUMENT;
    }
    trace(TRACE_CALL, object_number(object), (uint32_t)a[4]);
    self->awaits = a[0];
    watch_raise(&peer->message);
    return wait(self, a, &a[1]);
}

enum status sys_signal_wait(struct thread *self, void *, uint64_t *a) {
    if (a[0] == 0 && a[1] == TIME_NEVER) {
        return STATUS_BAD_ARGUMENT; // nothing could ever end it
    }
    struct object *ring;
    enum status status = STATUS_OK;
    if (a[3] != HANDLE_NONE) {
        status = lookup(self->task, a[3], CLASS_RING, RIGHT_RING_USE, &ring);
    }
    trace(TRACE_WAIT, (uint32_t)(a[3] & HANDLE_SLOT_MASK), (uint32_t)a[4]);
    self->awaits = a[3];
    return status == STATUS_OK ? wait(self, a, a) : status;
}

// Nobody but the kernel and the owner's Task writes there, and nobody executes it.
enum status sys_signal_words(struct thread *self, void *, uint64_t *a) {
    if (a[1] >= 64 || a[2] > WATCH_WORDS) {
        return STATUS_BAD_ARGUMENT;
    }
    struct memory *memory = nullptr;
    if (a[2] != 0) {
        struct slot *slot;
        enum status status =
            lookup_class(self->task, a[0], CLASS_MEMORY, RIGHT_MEMORY_WRITE, &slot);
        if (status != STATUS_OK) {
            return status;
        }
        memory = (struct memory *)slot->object;
        if (memory->executable_views != 0 || (memory->words != nullptr && memory->words != self)) {
            return STATUS_BUSY;
        }
    }
    watch_words(self, (uint32_t)a[1], memory, (uint32_t)a[2]);
    return STATUS_OK;
}

// ---------------------------------------------------------------- capabilities
//
// What is rare stands in functions of its own, whose callers keep what they have in registers.
#define RARELY [[gnu::noinline, clang::preserve_most]] static

RARELY void tell(enum trace_kind kind, const struct object *object, const struct ring *ring) {
    trace(kind, object_number(object), object_number(&ring->object));
}

static inline bool ring_reaches(const struct ring *peer) REQUIRES_BOOKS {
    return peer != nullptr && object_live(&peer->object);
}

// One that is not plain. An end that travels through itself could never be taken out.
RARELY enum status send_special(const struct ring *ring, const struct slot *from, uint64_t meta,
                                bool move) REQUIRES_BOOKS {
    enum status status = capability_may_pass(from, meta, move);
    if (status != STATUS_OK) {
        return status;
    }
    const struct ring *peer = ring_peer(ring);
    bool itself = from->object == &ring->object || from->object == (const void *)peer;
    return !itself ? STATUS_OK : ring_reaches(peer) ? STATUS_BAD_ARGUMENT : STATUS_NOT_BOUND;
}

// Some are in flight already, or none has ever been: the storage is made when the first one is
// sent.
RARELY enum status flight_join(struct ring *ring, uint64_t sequence) REQUIRES_BOOKS {
    if (ring->flight == nullptr) {
        return slot_page(ring->object.reticle, &ring->object, 0, &ring->flight);
    }
    if (ring->sent - ring->taken == RING_IN_FLIGHT) {
        return STATUS_FULL;
    }
    // Sequence numbers never go back.
    bool back = sequence < ring->flight[(ring->sent - 1) % SLOTS_PER_PAGE].sequence;
    return back ? STATUS_BAD_ARGUMENT : STATUS_OK;
}

RARELY void send_copy(struct slot *from, uint32_t rights, struct slot *to,
                      uint64_t sequence) REQUIRES_BOOKS {
    capability_copy(from, rights, to);
    to->sequence = sequence;
}

enum status sys_ring_send(struct thread *self, void *object, uint64_t *a) {
    struct ring *ring = object;
    struct table *table = &self->task->table;
    uint64_t handle = a[2], meta;
    uint32_t index = (uint32_t)(handle & HANDLE_SLOT_MASK);
    struct slot *from = table_at(table, index);
    if (from == nullptr || ((meta = slot_meta(from)) ^ handle) >> HANDLE_SLOT_BITS != 0) {
        return STATUS_BAD_HANDLE;
    }
    if (!capability_plain(from, meta)) {
        enum status status = send_special(ring, from, meta, a[4] != 0);
        if (status != STATUS_OK) {
            return status;
        }
    }
    if (!ring_reaches(ring_peer(ring))) {
        return STATUS_NOT_BOUND;
    }
    if (ring_in_flight(ring) || ring->flight == nullptr) {
        enum status status = flight_join(ring, a[1]);
        if (status != STATUS_OK) {
            return status;
        }
    }
    // Point of no return.
    if (trace_on()) {
        tell(TRACE_PASS, from->object, ring);
    }
    struct slot *to = &ring->flight[ring->sent % SLOTS_PER_PAGE];
    uint32_t rights = (uint32_t)a[3] & RIGHT_ALL;
    ring->sent++;
    if (a[4] == 0) {
        send_copy(from, rights, to, a[1]);
        return STATUS_OK;
    }
    (void)slot_move(to, from, meta, rights, a[1]);
    table_put(table, from, slot_renew(from, meta), index);
    return STATUS_OK;
}

// Those of messages that were passed over, some of them an entry.
RARELY enum status pass_over(struct ring *peer, uint64_t sequence) REQUIRES_BOOKS {
    constexpr uint32_t DROPS = 16;
    for (uint32_t i = 0; ring_in_flight(peer) && ring_first(peer)->sequence < sequence; i++) {
        if (i == DROPS) {
            return STATUS_RESTART;
        }
        ring_drop_first(peer);
    }
    return ring_in_flight(peer) && ring_first(peer)->sequence == sequence ? STATUS_OK
                                                                          : STATUS_EMPTY;
}

// It was revoked on its way, or is not of the class that was asked for; unless any will do.
RARELY enum status take_other(struct ring *peer, enum cap_class class,
                              uint64_t asked) REQUIRES_BOOKS {
    if (class != CLASS_NONE && asked == CLASS_NONE) {
        return STATUS_OK;
    }
    ring_drop_first(peer);
    return class == CLASS_NONE ? STATUS_REVOKED : STATUS_BAD_CLASS;
}

// Whoever gets Memory for itself pays for it: then the sender's end is not its end. And a slot
// must be there.
RARELY enum status take_prepare(struct slot *from, struct task *task) REQUIRES_BOOKS {
    enum status status = table_reserve(task, 1);
    bool own = (from->flags & SLOT_OWNER) != 0 && slot_class(from) == CLASS_MEMORY &&
               from->node.first == nullptr && object_live(from->object);
    return status == STATUS_OK && own ? memory_take_over(from, task->object.reticle) : status;
}

enum status sys_ring_take(struct thread *self, void *object, uint64_t *a) {
    struct ring *peer = ring_peer(object);
    if (peer == nullptr) {
        return STATUS_EMPTY;
    }
    struct slot *from;
    if (!ring_in_flight(peer) || (from = ring_first(peer))->sequence != a[1]) [[clang::unlikely]] {
        enum status status = pass_over(peer, a[1]);
        if (status != STATUS_OK) {
            return status;
        }
        from = ring_first(peer);
    }
    uint64_t meta = slot_meta(from);
    enum cap_class class = meta_class(meta);
    if (class == CLASS_NONE || a[2] != class) {
        enum status status = take_other(peer, class, a[2]);
        if (status != STATUS_OK) {
            return status;
        }
    }
    struct table *table = &self->task->table;
    struct slot *to = table_at(table, table->free); // nullptr: none is free
    if (to == nullptr || (from->flags & SLOT_OWNER) != 0) [[clang::unlikely]] {
        enum status status = take_prepare(from, self->task);
        if (status != STATUS_OK) {
            return status; // it stays in flight
        }
        to = table_at(table, table->free);
        check(to != nullptr);
    }
    // Point of no return.
    if (trace_on()) {
        tell(TRACE_TAKE, from->object, peer);
    }
    uint32_t index = table->free;
    table_pop_first(table, to);
    uint64_t now = slot_move(to, from, meta, META_RIGHTS, 0);
    (void)slot_renew(from, meta);
    peer->taken++;
    a[1] = (now & ~HANDLE_SLOT_MASK) | index;
    a[2] = (meta & META_RIGHTS) | (uint64_t)class << INFO_CLASS_SHIFT;
    return STATUS_OK;
}
