// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The slow halves of a connection's end: binding, and looking at the peer's
// indices. Each index is read once, checked against the window that the last
// checked value allows, and only then kept.
#include "lib/ring/ring.h"

#include <stddef.h>

// What one look at an index of the peer gave.
enum look {
    LOOK_NONE,   // the peer's region is not of this connection: nothing there
    LOOK_GOOD,   // a valid index
    LOOK_BROKEN, // an index outside of its window
};

static bool current(const struct ring_end *end) {
    return ring_end_meant(end, atomic_load_explicit(&end->peer->generation, memory_order_acquire));
}

// Reads an index that must lie in [low, low + span]. A bad one counts only if
// the region still is of this connection: it may have become zeros in between.
static enum look look(const struct ring_end *end, const _Atomic uint64_t *index, uint64_t low,
                      uint64_t span, uint64_t *out) {
    if (!current(end)) {
        return LOOK_NONE;
    }
    uint64_t value = atomic_load_explicit(index, memory_order_acquire);
    if (value - low > span) {
        return current(end) ? LOOK_BROKEN : LOOK_NONE;
    }
    *out = value;
    return LOOK_GOOD;
}

// Up to where slots follow each other from that one on, of which so many are meant.
static struct ring_message *piece(struct ring_message *slot, uint64_t sequence, uint32_t mask,
                                  uint64_t count) {
    uint64_t left = (uint64_t)mask + 1 - (sequence & mask);
    return slot + (count < left ? count : left);
}

// The peer was seen to have sent so many messages more than were read, which is within its
// window. After one alone the next thing is to sleep again: then it stays armed.
static void grow(struct ring_end *end, uint64_t consumed, uint64_t count) {
    struct ring_message *slot = ring_slot(end->peer, consumed, end->peer_mask);
    end->receive_at = slot;
    end->receive_end = piece(slot, consumed, end->peer_mask, count);
    if (count == 0) {
        end->armed &= ~RING_FOUND;
    }
    bool awake = count > 1 || (end->armed & RING_FOUND) != 0;
    if (awake && (end->armed & RING_ARMED_MESSAGE) != 0) {
        ring_end_disarm(end, RING_ARMED_MESSAGE);
    }
}

// Sets an armed bit, then the full fence that the second look needs.
static void arm(struct ring_end *end, uint32_t bit) {
    end->armed = (end->armed | bit) & ~RING_FOUND;
    ring_end_tell(end, bit);
    atomic_thread_fence(memory_order_seq_cst);
}

void ring_end_init(struct ring_end *end, struct ring_region *own, uint32_t slots) {
    *end = (struct ring_end){.own = own, .mask = slots - 1};
}

enum status ring_end_bind(struct ring_end *end, const struct ring_region *peer, uint64_t peer_slots,
                          uint64_t generation) {
    if (peer_slots < RING_SLOTS_LEAST || peer_slots > RING_SLOTS_MOST ||
        (peer_slots & (peer_slots - 1)) != 0 || generation == 0) {
        return STATUS_BAD_ARGUMENT;
    }
    struct ring_region *own = end->own;
    uint32_t slots = end->mask + 1;
    ring_end_init(end, own, slots);
    end->peer = peer;
    end->peer_mask = (uint32_t)peer_slots - 1;
    end->generation = generation;
    end->standing = generation << RING_GENERATION_SHIFT;
    end->send_at = ring_slot(own, 0, 0);
    end->send_end = end->send_at + slots;
    end->receive_at = end->receive_end = ring_slot(peer, 0, 0);
    end->receive_over = end->receive_at + peer_slots;
    // The indices go to zero before the generation that makes them valid.
    atomic_store_explicit(&own->produced, 0, memory_order_relaxed);
    atomic_store_explicit(&own->consumed, 0, memory_order_relaxed);
    atomic_store_explicit(&own->armed, 0, memory_order_relaxed);
    atomic_store_explicit(&own->generation, end->standing, memory_order_release);
    return STATUS_OK;
}

void ring_end_unbind(struct ring_end *end) {
    ring_end_init(end, end->own, end->mask + 1);
}

// What the peer has read, in `acknowledged`; what it has not been seen to read yet is not room.
static enum look look_consumed(struct ring_end *end) {
    uint64_t seen = end->acknowledged, span = ring_end_produced(end) - seen;
    return look(end, &end->peer->consumed, seen, span, &end->acknowledged);
}

enum status ring_end_look_space(struct ring_end *end) {
    if (end->peer == nullptr) {
        return STATUS_PEER_CLOSED;
    }
    for (;;) {
        if (look_consumed(end) == LOOK_BROKEN) {
            return STATUS_BAD_FORMAT;
        }
        uint64_t produced = ring_end_produced(end);
        uint64_t room = end->acknowledged + end->mask + 1 - produced;
        bool armed = (end->armed & RING_ARMED_SPACE) != 0;
        if (room != 0) {
            end->send_at = ring_slot(end->own, produced, end->mask);
            end->send_end = piece(end->send_at, produced, end->mask, room);
            if (armed) {
                ring_end_disarm(end, RING_ARMED_SPACE);
            }
            return STATUS_OK;
        }
        if (armed) {
            return STATUS_FULL;
        }
        arm(end, RING_ARMED_SPACE);
    }
}

enum status ring_end_look_message(struct ring_end *end) {
    if (end->peer == nullptr) {
        return STATUS_PEER_CLOSED;
    }
    uint64_t slots = (uint64_t)end->peer_mask + 1, consumed = ring_end_consumed(end);
    for (;;) {
        uint64_t produced = consumed;
        if (look(end, &end->peer->produced, consumed, slots, &produced) == LOOK_BROKEN) {
            return STATUS_BAD_FORMAT;
        }
        grow(end, consumed, produced - consumed);
        if (produced != consumed) {
            return STATUS_OK;
        }
        if (end->armed & RING_ARMED_MESSAGE) {
            return STATUS_EMPTY;
        }
        arm(end, RING_ARMED_MESSAGE);
    }
}

bool ring_end_went(struct ring_end *end) {
    return !ring_end_still(end) && ring_end_look_message(end) == STATUS_EMPTY;
}

enum status ring_end_settle(struct ring_end *end, uint64_t word) {
    if (ring_end_meant(end, word)) {
        return STATUS_OK;
    }
    end->receive_at--;
    atomic_store_explicit(&end->own->consumed, ring_end_consumed(end) - 1, memory_order_release);
    return ring_end_look_message(end) == STATUS_EMPTY ? STATUS_EMPTY : STATUS_BAD_FORMAT;
}

void ring_end_flush(struct ring_end *end, bool *doorbell) {
    uint32_t put = end->put;
    end->put = 0;
    *doorbell = put != 0 && ring_region_publish(end->own, end->peer, ring_end_produced(end) + put);
}

enum status ring_end_more(struct ring_end *end, bool *doorbell) {
    ring_end_flush(end, doorbell);
    return ring_end_space(end);
}

enum status ring_end_drained(struct ring_end *end) {
    if (end->peer == nullptr) {
        return STATUS_PEER_CLOSED;
    }
    for (;;) {
        if (look_consumed(end) == LOOK_BROKEN) {
            return STATUS_BAD_FORMAT;
        }
        if (end->acknowledged == ring_end_produced(end)) {
            return STATUS_OK;
        }
        // Armed without being full: the next message looks for room again, and disarms.
        end->send_end = end->send_at;
        if (end->armed & RING_ARMED_SPACE) {
            return STATUS_BUSY;
        }
        arm(end, RING_ARMED_SPACE);
    }
}
