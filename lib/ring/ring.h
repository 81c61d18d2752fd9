// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// One end of a connection: the algorithm over two `struct ring_region`, without
// syscalls, so that it runs on the host too. abi/ring.h states the layout.
//
// Nothing that the peer wrote is believed. Its indices must stay inside of the
// window that the slots allow, or the operation says BAD_FORMAT and changes
// nothing; a message is copied once, word by word, into private memory, and only
// the copy is looked at. Until the peer's region carries this connection's
// generation (it has not started yet, or is gone and reads as zeros) it counts
// as empty.
//
// Order, in both directions: write what is announced, store the index with
// release, one full fence, then look whether the peer armed. The other side:
// arm, one full fence, look again. Either the sender sees the armed bit or the
// sleeper sees the message; neither fence can be left out.
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/ring.h"
#include "abi/status.h"

// Every member is private memory of this end. Unbound: all zero but `own` and
// `mask`, which makes each operation say PEER_CLOSED.
struct ring_end {
    struct ring_region *own;        // this end writes it
    const struct ring_region *peer; // read only; nullptr while unbound
    uint64_t generation;            // of the connection
    uint64_t produced;              // messages sent
    uint64_t send_limit;            // `produced` may grow up to here without a look
    uint64_t consumed;              // messages of the peer that were read
    uint64_t receive_limit;         // `consumed` may grow up to here without a look
    uint64_t acknowledged;          // messages sent that the peer had read at the last look
    uint32_t mask;                  // own slots - 1
    uint32_t peer_mask;             // the peer's slots - 1
    uint32_t armed;                 // what own->armed holds
};

// Bytes that a region with this many slots takes, in whole pages.
static inline uint64_t ring_region_size(uint64_t slots) {
    return (RING_HEADER_SIZE + slots * RING_SLOT_SIZE + 4095) & ~UINT64_C(4095);
}

// Makes `end` an unbound end over its own region, with a count of slots that is
// a power of two.
void ring_end_init(struct ring_end *end, struct ring_region *own, uint32_t slots);

// Begins a connection: forgets the old one and tells the peer that the own
// region is valid for `generation`, which is never 0. BAD_ARGUMENT: the peer's
// slots are no power of two or outside of the limits.
[[nodiscard]] enum status ring_end_bind(struct ring_end *end, const struct ring_region *peer,
                                        uint64_t peer_slots, uint64_t generation);

// Forgets the connection; the peer's region is not touched any more.
void ring_end_unbind(struct ring_end *end);

// Armed bits are taken back where a look finds what was waited for, so what needs no look needs
// not think of them: armed for space, `produced` is at its limit; armed for a message, there is
// at most one that was seen and not read.

// Looks for room, or for messages, in the peer's indices, and arms if there is
// none: the slow halves of the operations below, with their statuses.
[[nodiscard]] enum status ring_end_look_space(struct ring_end *end);
[[nodiscard]] enum status ring_end_look_message(struct ring_end *end);

// Takes back an armed bit: nobody waits, so nobody needs to be rung.
static inline void ring_end_disarm(struct ring_end *end, uint32_t bit) {
    end->armed &= ~bit;
    atomic_store_explicit(&end->own->armed, end->armed, memory_order_relaxed);
}

// Whether there is room for a message: OK, FULL (and armed), PEER_CLOSED (not
// bound) or BAD_FORMAT (the peer's index is outside of its window).
[[nodiscard]] static inline enum status ring_end_space(struct ring_end *end) {
    return end->produced != end->send_limit ? STATUS_OK : ring_end_look_space(end);
}

// Where message `sequence` stands, in either region.
static inline void *ring_slot(const struct ring_region *region, uint64_t sequence, uint32_t mask) {
    uint8_t *slots = (uint8_t *)region + RING_HEADER_SIZE;
    return __builtin_assume_aligned(slots + (sequence & mask) * RING_SLOT_SIZE, RING_SLOT_SIZE);
}

// In two halves: more than 32 bytes the compiler leaves to a function where unaligned accesses
// are not allowed.
static inline void ring_copy(void *to, const void *from) {
    constexpr size_t HALF = RING_SLOT_SIZE / 2;
    uint8_t *target = __builtin_assume_aligned(to, alignof(struct ring_message));
    const uint8_t *source = __builtin_assume_aligned(from, alignof(struct ring_message));
    __builtin_memcpy(target, source, HALF);
    __builtin_memcpy(target + HALF, source + HALF, HALF);
}

// One look at a message that others may write to meanwhile: from here on the compiler takes what
// is in the copy for it, whatever the slot holds by then.
static inline void ring_copy_once(struct ring_message *to, const void *slot) {
    ring_copy(to, slot);
    __asm__ volatile("" : "+m"(*to));
}

// Publishes the message that stands in the slot of `produced`, which there is room for.
// `*doorbell`: the peer sleeps and must be rung.
static inline void ring_region_publish(struct ring_region *own, const struct ring_region *peer,
                                       uint64_t produced, bool *doorbell) {
    atomic_store_explicit(&own->produced, produced, memory_order_release);
    atomic_thread_fence(memory_order_seq_cst);
    uint32_t armed = atomic_load_explicit(&peer->armed, memory_order_relaxed);
    *doorbell = (armed & RING_ARMED_MESSAGE) != 0;
}
static inline void ring_end_publish(struct ring_end *end, bool *doorbell) {
    uint64_t produced = end->produced + 1;
    end->produced = produced;
    ring_region_publish(end->own, end->peer, produced, doorbell);
}

// Sends a message. `*doorbell`: the peer sleeps and must be rung. Statuses of
// ring_end_space; after any but OK nothing was sent and `*doorbell` is false.
[[nodiscard]] static inline enum status
ring_end_send(struct ring_end *end, const struct ring_message *message, bool *doorbell) {
    *doorbell = false;
    enum status status = ring_end_space(end);
    if (status != STATUS_OK) {
        return status;
    }
    struct ring_region *own = end->own;
    const struct ring_region *peer = end->peer;
    uint64_t produced = end->produced;
    end->produced = produced + 1;
    ring_copy(ring_slot(own, produced, end->mask), message);
    ring_region_publish(own, peer, produced + 1, doorbell);
    return STATUS_OK;
}

// The peer was seen to have sent so many messages, which is within its window. After one alone
// the next thing is to sleep again: then it stays armed.
static inline void ring_end_grow(struct ring_end *end, uint64_t produced) {
    end->receive_limit = produced;
    if ((end->armed & RING_ARMED_MESSAGE) != 0 && produced - end->consumed > 1) {
        ring_end_disarm(end, RING_ARMED_MESSAGE);
    }
}

// Whether there is a message: OK, EMPTY (and armed), PEER_CLOSED or BAD_FORMAT. Who slept
// is still armed: then one look is enough, since whatever comes after it rings.
[[nodiscard]] static inline enum status ring_end_message(struct ring_end *end) {
    if (end->consumed != end->receive_limit) {
        return STATUS_OK;
    }
    const struct ring_region *peer = end->peer;
    uint64_t consumed = end->consumed;
    if ((end->armed & RING_ARMED_MESSAGE) != 0 &&
        atomic_load_explicit(&peer->generation, memory_order_acquire) == end->generation) {
        uint64_t produced = atomic_load_explicit(&peer->produced, memory_order_acquire);
        if (produced == consumed) {
            return STATUS_EMPTY;
        }
        if (produced == consumed + 1) { // within any window, and it stays armed
            end->receive_limit = produced;
            return STATUS_OK;
        }
    }
    return ring_end_look_message(end);
}

// Whether this end may sleep without another look: it has been armed since it found nothing, so
// whatever came since has rung. Only for who has taken no bit of it without a look after that.
static inline bool ring_end_awaits(const struct ring_end *end) {
    return (end->armed & RING_ARMED_MESSAGE) != 0 && end->consumed == end->receive_limit;
}

// Whether the peer's region still is of this connection, after what was read from it.
static inline bool ring_region_still(const struct ring_region *peer, uint64_t generation) {
    atomic_thread_fence(memory_order_acquire);
    return atomic_load_explicit(&peer->generation, memory_order_relaxed) == generation;
}
static inline bool ring_end_still(const struct ring_end *end) {
    return ring_region_still(end->peer, end->generation);
}
// What to say of a message whose region went meanwhile. A region that is gone never comes
// back: a peer whose does has written that itself, and what was read of it is not good.
[[nodiscard]] static inline enum status ring_end_gone(struct ring_end *end) {
    enum status status = ring_end_look_message(end);
    return status == STATUS_OK ? STATUS_BAD_FORMAT : status;
}

// Copies the next message without consuming it; its sequence number is
// end->consumed. OK, EMPTY (and armed), PEER_CLOSED, or BAD_FORMAT: the peer's
// index, or the message's length, is outside of its limits. Only after OK does the message
// mean anything.
[[nodiscard]] static inline enum status ring_end_peek(struct ring_end *end,
                                                      struct ring_message *message) {
    enum status status = ring_end_message(end);
    if (status != STATUS_OK) {
        return status;
    }
    const struct ring_region *peer = end->peer;
    uint64_t generation = end->generation;
    ring_copy_once(message, ring_slot(peer, end->consumed, end->peer_mask));
    // The peer may have died under the copy, which then is zeros from some word on: it counts
    // only if the region, once gone never back, was still there after the last word.
    if (!ring_region_still(peer, generation)) {
        return ring_end_gone(end);
    }
    return message->header.length <= RING_PAYLOAD ? STATUS_OK : STATUS_BAD_FORMAT;
}

// Consumes the message that peek copied. `*doorbell`: the peer waits for space.
static inline void ring_region_consume(struct ring_region *own, const struct ring_region *peer,
                                       uint64_t consumed, bool *doorbell) {
    atomic_store_explicit(&own->consumed, consumed, memory_order_release);
    atomic_thread_fence(memory_order_seq_cst);
    uint32_t armed = atomic_load_explicit(&peer->armed, memory_order_relaxed);
    *doorbell = (armed & RING_ARMED_SPACE) != 0;
}
static inline void ring_end_advance(struct ring_end *end, bool *doorbell) {
    uint64_t consumed = end->consumed + 1;
    end->consumed = consumed;
    ring_region_consume(end->own, end->peer, consumed, doorbell);
}

// Peek and advance in one: the usual way. Statuses of peek; nothing is consumed
// unless OK.
[[nodiscard]] static inline enum status
ring_end_receive(struct ring_end *end, struct ring_message *message, bool *doorbell) {
    *doorbell = false;
    enum status status = ring_end_peek(end, message);
    if (status == STATUS_OK) {
        ring_end_advance(end, doorbell);
    }
    return status;
}

// The same for an end that slept (ring_end_awaits, and then waited), where one message has come
// and all is as it should be. False: nothing was done, and `message` means nothing;
// ring_end_receive says what there is.
[[nodiscard]] static inline bool
ring_end_receive_one(struct ring_end *end, struct ring_message *message, bool *doorbell) {
    const struct ring_region *peer = end->peer;
    struct ring_region *own = end->own;
    uint64_t generation = end->generation, consumed = end->consumed;
    if (atomic_load_explicit(&peer->generation, memory_order_acquire) != generation ||
        atomic_load_explicit(&peer->produced, memory_order_acquire) != consumed + 1) {
        return false;
    }
    ring_copy_once(message, ring_slot(peer, consumed, end->peer_mask));
    if (!ring_region_still(peer, generation) || message->header.length > RING_PAYLOAD) {
        return false;
    }
    end->consumed = end->receive_limit = consumed + 1;
    ring_region_consume(own, peer, consumed + 1, doorbell);
    return true;
}

// Whether there seems to be a message, or room for one, without arming: for an end that
// stays awake and looks again. A hint; the operations above look closely.
static inline bool ring_end_sees_message(const struct ring_end *end) {
    return end->consumed != end->receive_limit ||
           atomic_load_explicit(&end->peer->produced, memory_order_acquire) != end->consumed;
}
static inline bool ring_end_sees_space(const struct ring_end *end) {
    return end->produced != end->send_limit ||
           atomic_load_explicit(&end->peer->consumed, memory_order_acquire) != end->acknowledged;
}

// In place: for ends that trust each other's content, for nothing is copied and nothing
// checked, and what is read may change while it is read. Sending: begin, write the slot,
// ring_end_publish. Receiving: view, read the slot, release; what was read counts only
// if release says OK. Statuses of ring_end_space and, but for BAD_FORMAT of a length, of
// ring_end_peek.
[[nodiscard]] static inline enum status ring_end_begin(struct ring_end *end,
                                                       struct ring_message **slot) {
    enum status status = ring_end_space(end);
    if (status == STATUS_OK) {
        *slot = ring_slot(end->own, end->produced, end->mask);
    }
    return status;
}

[[nodiscard]] static inline enum status ring_end_view(struct ring_end *end,
                                                      const struct ring_message **slot) {
    enum status status = ring_end_message(end);
    if (status == STATUS_OK) {
        *slot = ring_slot(end->peer, end->consumed, end->peer_mask);
    }
    return status;
}

// As ring_end_advance, if the region was still there after what was read (ring_end_peek).
[[nodiscard]] static inline enum status ring_end_release(struct ring_end *end, bool *doorbell) {
    *doorbell = false;
    if (!ring_end_still(end)) {
        return ring_end_gone(end);
    }
    ring_end_advance(end, doorbell);
    return STATUS_OK;
}

// Whether the peer has read every message sent: OK, BUSY (and armed for space:
// each message it reads rings), PEER_CLOSED or BAD_FORMAT.
[[nodiscard]] enum status ring_end_drained(struct ring_end *end);
