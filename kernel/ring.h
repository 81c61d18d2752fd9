// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// One end of a connection. The end owns a region of shared memory (abi/ring.h), which
// its holder maps writable and its peer's holder read only; the kernel never looks at
// it. What the kernel does is to join two ends, to carry capabilities beside the
// messages, and to set the bit that the peer chose.
//
// Guard: books, except that the doorbell reads `peer` and the peer's watch without it.
#pragma once

#include "kernel/capability.h"
#include "kernel/watch.h"

struct ring {
    struct object object;
    _Atomic(struct ring *) peer; // nullptr: not bound
    uint64_t generation;         // connections so far
    uint32_t frame, pages;       // the region
    uint32_t slots;
    uint32_t writable_views; // of its own region: one at most
    uint32_t sent, taken;    // capabilities in flight from this end: sent - taken are there
    struct slot *flight;     // a page of slots, made when the first one is sent
    struct slot *peer_view;  // the holder's view of the peer's region
    struct watch message, closed;
};
static_assert(sizeof(struct ring) <= OBJECT_CELL);

static inline struct ring *ring_peer(const struct ring *ring) {
    return atomic_load_explicit(&ring->peer, memory_order_acquire);
}
// slots: a power of two within the limits of abi/ring.h.
[[nodiscard]] enum status ring_carve(struct reticle *reticle, uint32_t slots,
                                     struct ring **out) REQUIRES_BOOKS;
[[nodiscard]] enum status ring_bind(struct ring *a, struct ring *b) REQUIRES_BOOKS;
// The oldest capability in flight from this end, if there is one.
static inline bool ring_in_flight(const struct ring *ring) REQUIRES_BOOKS {
    return ring->sent != ring->taken;
}
static inline struct slot *ring_first(const struct ring *ring) REQUIRES_BOOKS {
    return &ring->flight[ring->taken % SLOTS_PER_PAGE];
}
// Drops it.
void ring_drop_first(struct ring *ring) REQUIRES_BOOKS;
// Parts two ends: each is told, and neither sees the other's region any more.
void ring_part(struct ring *ring) REQUIRES_BOOKS;
void ring_view_gone(struct ring *shown, const struct slot *view) REQUIRES_BOOKS;
enum step ring_detach(struct ring *ring) REQUIRES_BOOKS;
void ring_free(struct ring *ring) REQUIRES_BOOKS;
