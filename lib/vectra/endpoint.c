// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Ring ends with syscalls. The order that never loses a connection: the closed
// bit is chosen before the kernel is asked, so whatever changes after the answer
// sets the bit again.
#include "lib/vectra/endpoint.h"

#include "abi/capability.h"
#include "abi/layout.h"
#include "lib/vectra/address.h"
#include "lib/vectra/endpoint_near.h"
#include "lib/vectra/syscall.h"

// A view of a region that died with its peer is still ours to drop: it reads as zeros until
// then.
void endpoint_drop(uint64_t *handle) {
    if (*handle != HANDLE_NONE) {
        (void)sys_handle_drop(*handle);
        *handle = HANDLE_NONE;
    }
}

// Makes sure that the endpoint has address space for both regions.
static enum status take_window(struct endpoint *endpoint, uint64_t own_size) {
    if (endpoint->window != 0 && endpoint->window_size == own_size) {
        return STATUS_OK;
    }
    endpoint->window_size = own_size;
    return address_take(own_size + ring_region_size(ENDPOINT_PEER_SLOTS), &endpoint->window);
}

// Point of no return: once the bits are chosen nothing below can fail, and until
// then only the own mapping has to be taken back.
static enum status open(struct endpoint *endpoint, uint64_t handle, uint64_t message_bit,
                        uint64_t closed_bit) {
    uint64_t bound, generation, slots, peer_slots;
    enum status status = sys_ring_info(handle, &bound, &generation, &slots, &peer_slots);
    if (status != STATUS_OK) {
        return status;
    }
    uint64_t description, number, bytes, peer;
    status = sys_handle_info(handle, &description, &number, &bytes, &peer);
    if (status != STATUS_OK) {
        return status;
    }
    uint64_t size = ring_region_size(slots);
    status = take_window(endpoint, size);
    if (status != STATUS_OK) {
        return status;
    }
    status = sys_memory_map(0, handle, endpoint->window, 0, size, MAP_READ | MAP_WRITE,
                            &endpoint->own_view);
    if (status != STATUS_OK) {
        return status;
    }
    status = sys_ring_watch(handle, message_bit, closed_bit);
    if (status != STATUS_OK) {
        endpoint_drop(&endpoint->own_view);
        return status;
    }
    constexpr uint32_t REQUESTS_SHIFT = 12;
    endpoint->transaction = (uint32_t)number << REQUESTS_SHIFT;
    endpoint->handle = handle;
    endpoint->peer_view = HANDLE_NONE;
    ring_end_init(&endpoint->end, (struct ring_region *)endpoint->window, (uint32_t)slots);
    endpoint_refresh(endpoint);
    return STATUS_OK;
}

enum status endpoint_open(struct endpoint *endpoint, uint64_t handle, uint32_t message_bit,
                          uint32_t closed_bit) {
    endpoint->closed = UINT64_C(1) << closed_bit;
    endpoint->signals = endpoint->closed | UINT64_C(1) << message_bit;
    return open(endpoint, handle, message_bit, closed_bit);
}

enum status endpoint_open_source(struct endpoint *endpoint, uint64_t handle,
                                 uint32_t message_source, uint32_t closed_source) {
    endpoint->closed = endpoint->signals = 0; // its owner is told by words_next
    return open(endpoint, handle, 64 + (uint64_t)message_source, 64 + (uint64_t)closed_source);
}

void endpoint_close(struct endpoint *endpoint) {
    endpoint_drop(&endpoint->peer_view);
    endpoint_drop(&endpoint->own_view);
    endpoint_drop(&endpoint->handle);
    endpoint->end = (struct ring_end){};
}

// Maps the region of the peer that ring_info spoke of. The connection may end
// meanwhile; then the closed bit is set and endpoint_refresh is called again.
static bool connect(struct endpoint *endpoint, uint64_t peer_slots, uint64_t generation) {
    uint64_t address = endpoint->window + endpoint->window_size;
    if (peer_slots > ENDPOINT_PEER_SLOTS ||
        sys_memory_map(0, endpoint->handle, address, 0, ring_region_size(peer_slots),
                       MAP_READ | MAP_PEER, &endpoint->peer_view) != STATUS_OK) {
        return false;
    }
    uint64_t bound, now, slots, peer_slots_now;
    if (sys_ring_info(endpoint->handle, &bound, &now, &slots, &peer_slots_now) != STATUS_OK ||
        bound == 0 || now != generation ||
        ring_end_bind(&endpoint->end, (const struct ring_region *)address, peer_slots,
                      generation) != STATUS_OK) {
        endpoint_drop(&endpoint->peer_view);
        return false;
    }
    return true;
}

// The generation tells a new connection from the one we have: a peer may have gone
// and another come between two looks.
bool endpoint_refresh(struct endpoint *endpoint) {
    uint64_t bound, generation, slots, peer_slots;
    if (sys_ring_info(endpoint->handle, &bound, &generation, &slots, &peer_slots) != STATUS_OK) {
        bound = 0;
    }
    if (bound != 0 && endpoint_bound(endpoint) && generation == endpoint->end.generation) {
        return false;
    }
    ring_end_unbind(&endpoint->end);
    endpoint_drop(&endpoint->peer_view);
    return bound != 0 && connect(endpoint, peer_slots, generation);
}

enum status endpoint_await(struct endpoint *endpoint, uint64_t deadline) {
    enum status status = STATUS_OK;
    while (!endpoint_bound(endpoint) && status == STATUS_OK) {
        uint64_t bits;
        status = sys_signal_wait(endpoint->closed, deadline, 0, 0, 0, &bits);
        endpoint_refresh(endpoint);
    }
    return endpoint_bound(endpoint) ? STATUS_OK : status;
}

enum status endpoint_send(struct endpoint *endpoint, const struct ring_message *message) {
    bool doorbell;
    enum status status = ring_end_send(&endpoint->end, message, &doorbell);
    if (doorbell) {
        // NOT_BOUND: the peer has just gone; the closed bit tells.
        (void)sys_doorbell(endpoint->handle, message->header.flow);
    }
    return status;
}

enum status endpoint_put(struct endpoint *endpoint, const struct ring_message *message) {
    bool doorbell;
    enum status status = ring_end_put(&endpoint->end, message, &doorbell);
    if (doorbell) {
        (void)sys_doorbell(endpoint->handle, message->header.flow);
    }
    return status;
}

void endpoint_flush(struct endpoint *endpoint) {
    bool doorbell;
    ring_end_flush(&endpoint->end, &doorbell);
    if (doorbell) {
        (void)sys_doorbell(endpoint->handle, endpoint->transaction);
    }
}

void endpoint_send_none(struct endpoint *endpoint, uint16_t count) {
    struct ring_message none = {.header.capabilities = count};
    (void)endpoint_send(endpoint, &none);
}

enum status endpoint_send_with(struct endpoint *endpoint, struct ring_message *message,
                               const struct endpoint_capability *capabilities, uint16_t count) {
    return endpoint_send_with_near(endpoint, message, capabilities, count);
}

enum status endpoint_receive(struct endpoint *endpoint, struct ring_message *message,
                             uint64_t *sequence) {
    return endpoint_receive_near(endpoint, message, sequence);
}

enum status endpoint_take(struct endpoint *endpoint, uint64_t sequence, uint32_t class,
                          uint64_t rights, uint64_t *handle) {
    return endpoint_take_near(endpoint, sequence, class, rights, handle);
}

// Waits for a signal of this endpoint, ringing the peer first if asked to. The flow is that of
// what was sent last.
// PEER_CLOSED when the connection that was waited on is over.
static enum status wait_own(struct endpoint *endpoint, bool doorbell, uint64_t deadline) {
    uint64_t bits, flow = endpoint->transaction;
    enum status status =
        doorbell ? sys_doorbell_wait(endpoint->handle, endpoint->signals, deadline, 0, flow, &bits)
                 : sys_signal_wait(endpoint->signals, deadline, 0, endpoint->handle, flow, &bits);
    if (status == STATUS_NOT_BOUND) {
        endpoint_refresh(endpoint);
        return STATUS_PEER_CLOSED;
    }
    if (status == STATUS_OK && (bits & endpoint->closed) != 0 &&
        (endpoint_refresh(endpoint) || !endpoint_bound(endpoint))) {
        return STATUS_PEER_CLOSED;
    }
    return status;
}

enum status endpoint_wait(struct endpoint *endpoint, uint64_t more, uint64_t deadline,
                          uint64_t *bits) {
    enum status status =
        sys_signal_wait(endpoint->signals | more, deadline, 0, endpoint->handle, 0, bits);
    if (status == STATUS_OK && (*bits & endpoint->closed) != 0) {
        endpoint_refresh(endpoint);
    }
    return status;
}

// Sends a request, waiting for room. `*doorbell`: the peer is yet to be rung.
static enum status send_request(struct endpoint *endpoint, struct ring_message *message,
                                const struct endpoint_capability *capabilities, uint16_t count,
                                uint64_t deadline, bool *doorbell) {
    for (;;) {
        struct ring_message *slot;
        enum status status = endpoint_attach(endpoint, message, capabilities, count, &slot);
        if (status == STATUS_OK) {
            ring_copy(slot, message);
            ring_end_publish(&endpoint->end, doorbell);
            return STATUS_OK;
        }
        if (status != STATUS_FULL) {
            return status;
        }
        status = wait_own(endpoint, false, deadline);
        if (status != STATUS_OK) {
            return status;
        }
    }
}

// The doorbell is put off until this end has armed and is about to sleep: then one
// entry into the kernel does both, and may switch straight to the peer.
enum status endpoint_call(struct endpoint *endpoint, struct ring_message *message,
                          const struct endpoint_capability *capabilities, uint16_t count,
                          uint64_t deadline, endpoint_other *other, void *context,
                          uint64_t *sequence) {
    // 0 is for events.
    uint32_t transaction =
        ++endpoint->transaction == 0 ? ++endpoint->transaction : endpoint->transaction;
    message->header.transaction = message->header.flow = transaction;
    bool doorbell = false;
    enum status status = send_request(endpoint, message, capabilities, count, deadline, &doorbell);
    while (status == STATUS_OK) {
        status = endpoint_receive(endpoint, message, sequence);
        if (status == STATUS_OK) {
            if (message->header.transaction == transaction && message->header.type != 0) {
                return STATUS_OK;
            }
            if (other != nullptr) {
                other(context, message, *sequence);
            }
            continue;
        }
        if (status != STATUS_EMPTY) {
            break;
        }
        status = wait_own(endpoint, doorbell, deadline);
        doorbell = false;
    }
    return status;
}

enum status endpoint_drain(struct endpoint *endpoint, uint64_t deadline) {
    for (;;) {
        enum status status = ring_end_drained(&endpoint->end);
        if (status != STATUS_BUSY) {
            return status;
        }
        status = wait_own(endpoint, false, deadline);
        if (status != STATUS_OK) {
            return status;
        }
    }
}
