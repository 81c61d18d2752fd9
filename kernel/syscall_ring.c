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

enum status sys_ring_carve(struct thread *self, uint64_t *a) {
    uint64_t slots = a[1];
    if (slots < RING_SLOTS_LEAST || slots > RING_SLOTS_MOST || (slots & (slots - 1)) != 0) {
        return STATUS_BAD_ARGUMENT;
    }
    lock_acquire(&books);
    struct reticle *reticle;
    struct ring *ring;
    enum status status = carve_begin(self, a[0], RIGHT_RETICLE_CARVE, &reticle);
    if (status == STATUS_OK) {
        status = ring_carve(reticle, (uint32_t)slots, &ring);
    }
    if (status == STATUS_OK) {
        a[1] =
            grant_owner(self->task, &ring->object,
                        RIGHT_COPY | RIGHT_PASS | RIGHT_INSPECT | RIGHT_RING_BIND | RIGHT_RING_USE);
    }
    lock_release(&books);
    return status;
}

static enum status ring_of(struct thread *self, uint64_t handle, uint32_t rights,
                           struct ring **out) REQUIRES_BOOKS {
    struct slot *slot;
    enum status status = lookup_class(self->task, handle, CLASS_RING, rights, &slot);
    if (status == STATUS_OK) {
        *out = (struct ring *)slot->object;
    }
    return status;
}

enum status sys_ring_bind(struct thread *self, uint64_t *a) {
    lock_acquire(&books);
    struct ring *ring, *peer;
    enum status status = ring_of(self, a[0], RIGHT_RING_BIND, &ring);
    if (status == STATUS_OK) {
        status = ring_of(self, a[1], RIGHT_RING_BIND, &peer);
    }
    if (status == STATUS_OK) {
        status = ring_bind(ring, peer);
    }
    lock_release(&books);
    return status;
}

enum status sys_ring_watch(struct thread *self, uint64_t *a) {
    uint32_t message, closed;
    enum status status = bit_of(a[1], &message);
    if (status == STATUS_OK) {
        status = bit_of(a[2], &closed);
    }
    if (status != STATUS_OK) {
        return status;
    }
    lock_acquire(&books);
    struct ring *ring;
    status = ring_of(self, a[0], RIGHT_RING_USE, &ring);
    if (status == STATUS_OK) {
        watch_bind(&ring->message, self, message);
        watch_bind(&ring->closed, self, closed);
    }
    lock_release(&books);
    return status;
}

enum status sys_ring_info(struct thread *self, uint64_t *a) {
    lock_acquire(&books);
    struct ring *ring;
    enum status status = ring_of(self, a[0], RIGHT_RING_USE, &ring);
    if (status == STATUS_OK) {
        const struct ring *peer = atomic_load_explicit(&ring->peer, memory_order_relaxed);
        a[1] = peer != nullptr;
        a[2] = ring->generation;
        a[3] = ring->slots;
        a[4] = peer == nullptr ? 0 : peer->slots;
    }
    lock_release(&books);
    return status;
}

// ------------------------------------------------------------------- doorbells

// Without a lock: the ring and its peer stay in memory until this hart leaves the
// kernel, and a doorbell for an end that is just going away is only a hint too many.
static enum status doorbell_peer(struct thread *self, uint64_t handle, struct ring **out) {
    struct object *object;
    enum status status = lookup(self->task, handle, CLASS_RING, RIGHT_RING_USE, &object);
    if (status != STATUS_OK) {
        return status;
    }
    *out = atomic_load_explicit(&((struct ring *)object)->peer, memory_order_acquire);
    return *out == nullptr ? STATUS_NOT_BOUND : STATUS_OK;
}

enum status sys_doorbell(struct thread *self, uint64_t *a) {
    struct ring *peer;
    enum status status = doorbell_peer(self, a[0], &peer);
    if (status == STATUS_OK) {
        watch_raise(&peer->message);
    }
    return status;
}

static enum status wait(struct thread *self, uint64_t *a, uint64_t mask, uint64_t deadline) {
    uint64_t bits;
    if (!signal_wait(self, mask, deadline, &bits)) {
        return STATUS_BLOCKED;
    }
    a[1] = bits;
    return bits == 0 ? STATUS_TIMED_OUT : STATUS_OK;
}

enum status sys_doorbell_wait(struct thread *self, uint64_t *a) {
    struct ring *peer;
    enum status status = doorbell_peer(self, a[0], &peer);
    if (status != STATUS_OK) {
        return status;
    }
    if (a[1] == 0) {
        return STATUS_BAD_ARGUMENT;
    }
    watch_raise_handoff(&peer->message);
    return wait(self, a, a[1], a[2]);
}

enum status sys_signal_wait(struct thread *self, uint64_t *a) {
    if (a[0] == 0 && a[1] == TIME_NEVER) {
        return STATUS_BAD_ARGUMENT; // nothing could ever end it
    }
    return wait(self, a, a[0], a[1]);
}

// ---------------------------------------------------------------- capabilities

static enum status send_locked(struct thread *self, const uint64_t *a) REQUIRES_BOOKS {
    struct ring *ring;
    struct slot *from;
    enum status status = ring_of(self, a[0], RIGHT_RING_USE, &ring);
    if (status == STATUS_OK) {
        status = lookup_slot(self->task, a[2], &from);
    }
    if (status == STATUS_OK) {
        status = capability_may_pass(from, a[4] != 0);
    }
    if (status != STATUS_OK) {
        return status;
    }
    const struct ring *peer = atomic_load_explicit(&ring->peer, memory_order_relaxed);
    if (peer == nullptr) {
        return STATUS_NOT_BOUND;
    }
    // An end that travels through itself could never be taken out.
    if (from->object == &ring->object || from->object == &peer->object) {
        return STATUS_BAD_ARGUMENT;
    }
    if (ring->sent - ring->taken == RING_IN_FLIGHT) {
        return STATUS_FULL;
    }
    bool later = ring->sent != ring->taken &&
                 a[1] < ring->flight[(ring->sent - 1) % SLOTS_PER_PAGE].sequence;
    if (later) {
        return STATUS_BAD_ARGUMENT; // sequence numbers never go back
    }
    status = ring_flight(ring);
    if (status != STATUS_OK) {
        return status;
    }
    // Point of no return.
    struct slot *to = &ring->flight[ring->sent % SLOTS_PER_PAGE];
    to->flags = 0;
    capability_pass(self->task, from, to, (uint32_t)a[3] & RIGHT_ALL, a[4] != 0);
    to->sequence = a[1];
    ring->sent++;
    return STATUS_OK;
}

enum status sys_ring_send(struct thread *self, uint64_t *a) {
    lock_acquire(&books);
    enum status status = send_locked(self, a);
    lock_release(&books);
    return status;
}

static enum status take_locked(struct thread *self, uint64_t *a) REQUIRES_BOOKS {
    struct ring *ring;
    enum status status = ring_of(self, a[0], RIGHT_RING_USE, &ring);
    if (status != STATUS_OK) {
        return status;
    }
    struct ring *peer = atomic_load_explicit(&ring->peer, memory_order_relaxed);
    if (peer == nullptr) {
        return STATUS_EMPTY;
    }
    // Those of messages that were passed over; at most RING_IN_FLIGHT of them.
    while (peer->sent != peer->taken &&
           peer->flight[peer->taken % SLOTS_PER_PAGE].sequence < a[1]) {
        ring_drop_first(peer);
    }
    struct slot *from = nullptr;
    if (peer->sent != peer->taken) {
        from = &peer->flight[peer->taken % SLOTS_PER_PAGE];
    }
    if (from == nullptr || from->sequence != a[1]) {
        return STATUS_EMPTY;
    }
    enum cap_class class = slot_class(from);
    if (class == CLASS_NONE || (a[2] != CLASS_NONE && a[2] != class)) {
        ring_drop_first(peer);
        return class == CLASS_NONE ? STATUS_REVOKED : STATUS_BAD_CLASS;
    }
    status = table_reserve(self->task, 1);
    // Whoever gets Memory for itself pays for it: then the sender's end is not its end.
    bool own = (from->flags & SLOT_OWNER) != 0 && slot_class(from) == CLASS_MEMORY &&
               from->node.first == nullptr && object_live(from->object);
    if (status == STATUS_OK && own) {
        status = memory_take_over(from, self->task->object.reticle);
    }
    if (status != STATUS_OK) {
        return status; // it stays in flight
    }
    // Point of no return.
    struct slot *to = table_take(self->task);
    slot_move(to, from);
    peer->taken++;
    a[1] = table_handle(self->task, to);
    a[2] = slot_rights(to) | (uint64_t)slot_class(to) << INFO_CLASS_SHIFT;
    return STATUS_OK;
}

enum status sys_ring_take(struct thread *self, uint64_t *a) {
    lock_acquire(&books);
    enum status status = take_locked(self, a);
    lock_release(&books);
    return status;
}
