// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Ring ends: carving, binding, parting. Sending is in syscall_ring.c.
#include "kernel/ring.h"

#include "abi/ring.h"
#include "kernel/check.h"
#include "kernel/memory.h"
#include "kernel/reticle.h"
#include "lib/string/string.h"

enum status ring_carve(struct reticle *reticle, uint32_t slots, struct ring **out) {
    uint32_t bytes = RING_HEADER_SIZE + slots * RING_SLOT_SIZE;
    uint32_t pages = (bytes + PAGE_SIZE - 1) >> PAGE_SHIFT, frame;
    void *cell;
    enum status status = object_carve(reticle, CLASS_RING, pages, 0, &frame, &cell);
    if (status != STATUS_OK) {
        return status;
    }
    arch_zero_pages(page_address(frame), pages);
    struct ring *ring = cell;
    memset(&ring->object + 1, 0, sizeof *ring - sizeof ring->object);
    ring->frame = frame;
    ring->pages = pages;
    ring->slots = slots;
    *out = ring;
    return STATUS_OK;
}

// Capabilities that were on their way from this end are dropped; one step each.
static enum step flight_drop(struct ring *ring) REQUIRES_BOOKS {
    if (!ring_in_flight(ring)) {
        return STEP_DONE;
    }
    ring_drop_first(ring);
    return STEP_MORE;
}

void ring_drop_first(struct ring *ring) {
    struct slot *slot = ring_first(ring);
    if (slot_class(slot) != CLASS_NONE) {
        slot_drop(slot);
    }
    slot->flags = 0;
    ring->taken++;
}

enum status ring_bind(struct ring *a, struct ring *b) {
    if (a == b || ring_peer(a) != nullptr || ring_peer(b) != nullptr) {
        return STATUS_BAD_STATE;
    }
    check(a->sent == a->taken && b->sent == b->taken); // ring_part saw to it
    // One number for the connection, above all that either end has had.
    uint64_t last = a->generation > b->generation ? a->generation : b->generation;
    a->generation = b->generation = last + 1;
    atomic_store_explicit(&a->peer, b, memory_order_release);
    atomic_store_explicit(&b->peer, a, memory_order_release);
    watch_raise(&a->closed);
    watch_raise(&b->closed);
    return STATUS_OK;
}

void ring_view_gone(struct ring *shown, const struct slot *view) {
    struct ring *viewer = ring_peer(shown);
    if (viewer != nullptr && viewer->peer_view == view) {
        viewer->peer_view = nullptr;
    }
}

// The holder of this end loses its view of the other's region, which has at most 33 pages.
static void view_close(struct ring *ring) REQUIRES_BOOKS {
    struct slot *view = ring->peer_view;
    if (view != nullptr) {
        ring->peer_view = nullptr;
        enum step step = view_revoke_step(view, extent_of(view->object).pages);
        check(step == STEP_DONE);
        tree_remove(&view->node);
    }
}

void ring_part(struct ring *ring) {
    struct ring *peer = ring_peer(ring);
    if (peer == nullptr) {
        return;
    }
    view_close(ring);
    view_close(peer);
    atomic_store_explicit(&ring->peer, nullptr, memory_order_release);
    atomic_store_explicit(&peer->peer, nullptr, memory_order_release);
    watch_raise(&peer->closed);
}

// Nothing is sent towards a dying end, and it sends nothing: what is on its way in either
// direction becomes less.
enum step ring_detach(struct ring *ring) {
    if (ring_peer(ring) != nullptr && flight_drop(ring_peer(ring)) != STEP_DONE) {
        return STEP_MORE;
    }
    ring_part(ring);
    watch_unbind(&ring->message);
    watch_unbind(&ring->closed);
    return flight_drop(ring);
}

void ring_free(struct ring *ring) {
    struct reticle *reticle = ring->object.reticle;
    if (ring->flight != nullptr) {
        slot_page_return(reticle, ring->flight);
    }
    reticle_return(reticle, CHARGE_OBJECT, ring->frame, ring->pages);
}
