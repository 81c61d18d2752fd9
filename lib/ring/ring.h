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
// `mask`, which makes each operation say PEER_CLOSED. How many messages were sent and read
// stands in the own region, which nobody else can write to. Two ends of a slot that are equal
// say that there must be a look: no room or no message is known, or the slots begin again.
struct ring_end {
    struct ring_region *own;                 // this end writes it
    const struct ring_region *peer;          // read only; nullptr while unbound
    struct ring_message *send_at;            // the slot of the next message to send
    struct ring_message *send_end;           // up to here there is room
    const struct ring_message *receive_at;   // the slot of the next message to read
    const struct ring_message *receive_end;  // up to here there are messages
    const struct ring_message *receive_over; // where the peer's slots end
    uint64_t generation;                     // of the connection
    uint64_t standing;                       // its word of it: see abi/ring.h
    uint64_t acknowledged;                   // messages that the peer had read at the last look
    uint32_t mask;                           // own slots - 1
    uint32_t peer_mask;                      // the peer's slots - 1
    uint32_t armed;                          // what the own region says of that, and RING_FOUND
    uint32_t put;                            // messages in slots that the peer was not told of
};

// Messages sent, and messages of the peer that were read, in this connection: only while bound.
static inline uint64_t ring_end_produced(const struct ring_end *end) {
    return atomic_load_explicit(&end->own->produced, memory_order_relaxed);
}
static inline uint64_t ring_end_consumed(const struct ring_end *end) {
    return atomic_load_explicit(&end->own->consumed, memory_order_relaxed);
}

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
// not think of them: armed for space, no room is known; armed for a message, there is at most
// one that was seen and not read. Whoever finds one message may be about to sleep again, and
// stays armed; who finds the next one without having found none in between is awake.
constexpr uint32_t RING_FOUND = UINT32_C(1) << 31; // a message was found since none was

// Looks for room, or for messages, in the peer's indices, and arms if there is
// none: the slow halves of the operations below, with their statuses.
[[nodiscard]] enum status ring_end_look_space(struct ring_end *end);
[[nodiscard]] enum status ring_end_look_message(struct ring_end *end);

// Writes where the peer looks for that bit whether it is armed.
static inline void ring_end_tell(struct ring_end *end, uint32_t bit) {
    if (bit == RING_ARMED_MESSAGE) {
        atomic_store_explicit(&end->own->armed, end->armed & bit, memory_order_relaxed);
    } else { // who sees it sees the indices of this connection
        atomic_store_explicit(&end->own->generation, end->standing | (end->armed & bit),
                              memory_order_release);
    }
}

// Takes back an armed bit: nobody waits, so nobody needs to be rung.
static inline void ring_end_disarm(struct ring_end *end, uint32_t bit) {
    end->armed &= ~bit;
    ring_end_tell(end, bit);
}

// Whether what the peer's region says is said of this connection.
static inline bool ring_end_meant(const struct ring_end *end, uint64_t word) {
    return (word & ~(uint64_t)RING_ARMED_SPACE) == end->standing;
}

// Whether there is room for a message: OK, FULL (and armed), PEER_CLOSED (not
// bound) or BAD_FORMAT (the peer's index is outside of its window).
[[nodiscard]] static inline enum status ring_end_space(struct ring_end *end) {
    return end->send_at != end->send_end ? STATUS_OK : ring_end_look_space(end);
}

// Where message `sequence` stands, in either region.
static inline struct ring_message *ring_slot(const struct ring_region *region, uint64_t sequence,
                                             uint32_t mask) {
    return (struct ring_message *)((uint8_t *)region + RING_HEADER_SIZE) + (sequence & mask);
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

// Says how many messages were sent. Whether the peer sleeps and must be rung.
static inline bool ring_region_publish(struct ring_region *own, const struct ring_region *peer,
                                       uint64_t produced) {
    atomic_store_explicit(&own->produced, produced, memory_order_release);
    atomic_thread_fence(memory_order_seq_cst);
    return (atomic_load_explicit(&peer->armed, memory_order_relaxed) & RING_ARMED_MESSAGE) != 0;
}

// Publishes the message that stands in the slot `send_at`, which there is room for.
// `*doorbell`: the peer sleeps and must be rung.
static inline void ring_end_publish(struct ring_end *end, bool *doorbell) {
    end->send_at++;
    *doorbell = ring_region_publish(end->own, end->peer, ring_end_produced(end) + 1);
}

// The slot of the next message. Statuses of ring_end_space.
[[nodiscard]] static inline enum status ring_end_begin(struct ring_end *end,
                                                       struct ring_message **slot) {
    struct ring_message *at = end->send_at;
    if (at == end->send_end) {
        enum status status = ring_end_look_space(end);
        if (status != STATUS_OK) {
            return status;
        }
        at = end->send_at;
    }
    *slot = at;
    return STATUS_OK;
}

// Sends a message. `*doorbell`: the peer sleeps and must be rung. Statuses of
// ring_end_space; after any but OK nothing was sent and `*doorbell` is false.
[[nodiscard]] static inline enum status
ring_end_send(struct ring_end *end, const struct ring_message *message, bool *doorbell) {
    *doorbell = false;
    struct ring_message *slot;
    enum status status = ring_end_begin(end, &slot);
    if (status != STATUS_OK) {
        return status;
    }
    end->send_at = slot + 1;
    ring_copy(slot, message);
    *doorbell = ring_region_publish(end->own, end->peer, ring_end_produced(end) + 1);
    return STATUS_OK;
}

// Many messages, and one fence for RING_BATCH of them: as ring_end_send, but the peer is told of
// several at once, by ring_end_flush at the latest. Nothing else may be sent before that.
// `*doorbell` means what it says after any status, and after FULL the peer was told of all.
constexpr uint32_t RING_BATCH = 16;

// Tells the peer of what was put. `*doorbell`: it sleeps and must be rung.
void ring_end_flush(struct ring_end *end, bool *doorbell);
// The same, and then ring_end_space.
[[nodiscard]] enum status ring_end_more(struct ring_end *end, bool *doorbell);

[[nodiscard]] static inline enum status
ring_end_put(struct ring_end *end, const struct ring_message *message, bool *doorbell) {
    *doorbell = false;
    if (end->put == RING_BATCH || end->send_at == end->send_end) {
        enum status status = ring_end_more(end, doorbell);
        if (status != STATUS_OK) {
            return status;
        }
    }
    ring_copy(end->send_at, message);
    end->send_at++;
    end->put++;
    return STATUS_OK;
}

// Where nothing is known to be there: OK, EMPTY (and armed), PEER_CLOSED or BAD_FORMAT. One
// message is what is mostly found, and what was armed stays so: the next thing may be to sleep
// again. Who slept is still armed, and one look is enough, since whatever comes after it rings.
[[nodiscard]] static inline enum status ring_end_find(struct ring_end *end,
                                                      const struct ring_message *at) {
    const struct ring_region *peer = end->peer;
    if (at != end->receive_over && // as it is while unbound
        ring_end_meant(end, atomic_load_explicit(&peer->generation, memory_order_acquire))) {
        uint64_t produced = atomic_load_explicit(&peer->produced, memory_order_acquire);
        uint64_t count = produced - ring_end_consumed(end);
        if (count == 1 && end->armed == 0) {
            end->receive_end = at + 1;
            return STATUS_OK;
        }
        if (count == 1 && end->armed == RING_ARMED_MESSAGE) {
            end->armed = RING_ARMED_MESSAGE | RING_FOUND;
            end->receive_end = at + 1;
            return STATUS_OK;
        }
        if (count == 0 && (end->armed & RING_ARMED_MESSAGE) != 0) {
            end->armed &= ~RING_FOUND;
            return STATUS_EMPTY;
        }
    }
    return ring_end_look_message(end);
}

// The slot of the next message, if there is one. Statuses as above.
[[nodiscard]] static inline enum status ring_end_view(struct ring_end *end,
                                                      const struct ring_message **slot) {
    const struct ring_message *at = end->receive_at;
    if (at == end->receive_end) {
        enum status status = ring_end_find(end, at);
        if (status != STATUS_OK) {
            return status;
        }
        at = end->receive_at;
    }
    *slot = at;
    return STATUS_OK;
}

// Who has slept since it found a message was not awake.
static inline void ring_end_slept(struct ring_end *end) {
    end->armed &= ~RING_FOUND;
}

// Whether this end may sleep without another look: it has been armed since it found nothing, so
// whatever came since has rung. Only for who has taken no bit of it without a look after that.
static inline bool ring_end_awaits(const struct ring_end *end) {
    return (end->armed & RING_ARMED_MESSAGE) != 0 && end->receive_at == end->receive_end;
}

// Whether the peer's region still is of this connection, after what was read from it.
static inline bool ring_end_still(const struct ring_end *end) {
    atomic_thread_fence(memory_order_acquire);
    return ring_end_meant(end, atomic_load_explicit(&end->peer->generation, memory_order_relaxed));
}
// Of a message that is not to be taken: whether it is none, because its region went. Otherwise it
// is not good. A region that is gone never comes back: a peer whose does has written that
// itself, and what was read of it is not good either.
[[nodiscard]] bool ring_end_went(struct ring_end *end);
[[nodiscard]] static inline enum status ring_end_refuse(struct ring_end *end) {
    return ring_end_went(end) ? STATUS_EMPTY : STATUS_BAD_FORMAT;
}

// Copies the next message without consuming it; its sequence number is
// ring_end_consumed. OK, EMPTY (and armed), PEER_CLOSED, or BAD_FORMAT: the peer's
// index, or the message's length, is outside of its limits. Only after OK does the message
// mean anything.
[[nodiscard]] static inline enum status ring_end_peek(struct ring_end *end,
                                                      struct ring_message *message) {
    const struct ring_message *slot;
    enum status status = ring_end_view(end, &slot);
    if (status != STATUS_OK) {
        return status;
    }
    ring_copy_once(message, slot);
    // The peer may have died under the copy, which then is zeros from some word on: it counts
    // only if the region, once gone never back, was still there after the last word.
    bool good = ring_end_still(end) && message->header.length <= RING_PAYLOAD;
    return good ? STATUS_OK : ring_end_refuse(end);
}

// Says how many messages were read. After a full fence: what the peer's region says of its
// connection and of space.
static inline uint64_t ring_region_consume(struct ring_region *own, const struct ring_region *peer,
                                           uint64_t consumed) {
    atomic_store_explicit(&own->consumed, consumed, memory_order_release);
    atomic_thread_fence(memory_order_seq_cst);
    return atomic_load_explicit(&peer->generation, memory_order_relaxed);
}
static inline uint64_t ring_end_consume(struct ring_end *end) {
    end->receive_at++;
    return ring_region_consume(end->own, end->peer, ring_end_consumed(end) + 1);
}

// Consumes the message that peek copied. `*doorbell`: the peer waits for space.
static inline void ring_end_advance(struct ring_end *end, bool *doorbell) {
    *doorbell = (ring_end_consume(end) & RING_ARMED_SPACE) != 0;
}

// The peer's region said something else than that it is there and that the peer waits for
// nothing. OK: it waits for space. Otherwise what was just consumed is given back.
[[nodiscard]] enum status ring_end_settle(struct ring_end *end, uint64_t word);

// Consumes the message of the slot that ring_end_view gave, if the region was still there after
// what was read: the one look behind the fence tells that, and whether the peer waits. Nothing
// is consumed unless OK: a message of a region that went is given back, which nobody sees.
[[nodiscard]] static inline enum status ring_end_release(struct ring_end *end, bool *doorbell) {
    *doorbell = false;
    uint64_t word = ring_end_consume(end);
    if (word == end->standing) {
        return STATUS_OK;
    }
    enum status status = ring_end_settle(end, word);
    *doorbell = status == STATUS_OK && (word & RING_ARMED_SPACE) != 0;
    return status;
}

// Copies and consumes in one: the usual way. Statuses of peek; nothing is consumed unless OK.
[[nodiscard, gnu::always_inline]] static inline enum status
ring_end_receive(struct ring_end *end, struct ring_message *message, bool *doorbell) {
    *doorbell = false;
    const struct ring_message *slot;
    enum status status = ring_end_view(end, &slot);
    if (status != STATUS_OK) {
        return status;
    }
    ring_copy_once(message, slot);
    if (message->header.length > RING_PAYLOAD) {
        return ring_end_refuse(end);
    }
    return ring_end_release(end, doorbell);
}

// The same for an end that slept (ring_end_awaits, and then waited), where one message has come
// and all is as it should be. False: nothing was done, and `message` means nothing;
// ring_end_receive says what there is.
[[nodiscard]] static inline bool
ring_end_receive_one(struct ring_end *end, struct ring_message *message, bool *doorbell) {
    struct ring_region *own = end->own;
    const struct ring_region *peer = end->peer;
    const struct ring_message *slot = end->receive_at;
    uint64_t standing = end->standing, consumed = ring_end_consumed(end) + 1;
    if (slot == end->receive_over ||
        atomic_load_explicit(&peer->generation, memory_order_acquire) != standing ||
        atomic_load_explicit(&peer->produced, memory_order_acquire) != consumed) {
        return false;
    }
    ring_copy_once(message, slot);
    if (message->header.length > RING_PAYLOAD) {
        return false;
    }
    end->receive_at = end->receive_end = slot + 1;
    uint64_t word = ring_region_consume(own, peer, consumed);
    *doorbell = word != standing;
    return word == standing || ring_end_settle(end, word) == STATUS_OK;
}

// Whether there seems to be a message, or room for one, without arming: for an end that
// stays awake and looks again. A hint; the operations above look closely.
static inline bool ring_end_sees_message(const struct ring_end *end) {
    return end->receive_at != end->receive_end ||
           atomic_load_explicit(&end->peer->produced, memory_order_acquire) !=
               ring_end_consumed(end);
}
static inline bool ring_end_sees_space(const struct ring_end *end) {
    return end->send_at != end->send_end ||
           ring_end_produced(end) -
                   atomic_load_explicit(&end->peer->consumed, memory_order_acquire) <=
               end->mask;
}

// In place: for ends that trust each other's content, for nothing is copied and nothing
// checked, and what is read may change while it is read. Sending: begin, write the slot,
// ring_end_publish. Receiving: view, read the slot, release; what was read counts only
// if release says OK.

// Whether the peer has read every message sent: OK, BUSY (and armed for space:
// each message it reads rings), PEER_CLOSED or BAD_FORMAT.
[[nodiscard]] enum status ring_end_drained(struct ring_end *end);
