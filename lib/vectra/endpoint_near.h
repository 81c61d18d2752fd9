// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Sending, receiving and taking of lib/vectra/endpoint.h in place: for who does that in a loop
// and little else. lib/vectra/endpoint.c makes its functions of these.
#pragma once

#include "abi/capability.h"
#include "lib/vectra/endpoint.h"
#include "lib/vectra/syscall.h"

// One capability was refused, and those before it are on their way: a message of type 0 takes
// them there.
void endpoint_send_none(struct endpoint *endpoint, uint16_t count);
// Gives a capability back, if there is one.
void endpoint_drop(uint64_t *handle);

// Puts the capabilities beside the next message, whose slot it finds.
[[nodiscard]] static inline enum status
endpoint_attach(struct endpoint *endpoint, struct ring_message *message,
                const struct endpoint_capability *capabilities, uint16_t count,
                struct ring_message **slot) {
    enum status status = ring_end_begin(&endpoint->end, slot);
    if (status != STATUS_OK) {
        return status;
    }
    for (uint16_t i = 0; i < count; i++) {
        status =
            sys_ring_send(endpoint->handle, ring_end_produced(&endpoint->end),
                          capabilities[i].handle, capabilities[i].rights, capabilities[i].move);
        if (status != STATUS_OK) {
            if (i > 0) {
                endpoint_send_none(endpoint, i);
            }
            return status;
        }
    }
    message->header.capabilities = count;
    return STATUS_OK;
}

// The capabilities go first, under the number that the message will have: once the message can
// be seen, all that it speaks of is there.
[[nodiscard]] static inline enum status
endpoint_send_with_near(struct endpoint *endpoint, struct ring_message *message,
                        const struct endpoint_capability *capabilities, uint16_t count) {
    struct ring_message *slot;
    enum status status = endpoint_attach(endpoint, message, capabilities, count, &slot);
    if (status != STATUS_OK) {
        return status;
    }
    bool doorbell;
    ring_copy(slot, message);
    ring_end_publish(&endpoint->end, &doorbell);
    if (doorbell) {
        (void)sys_doorbell(endpoint->handle, message->header.flow);
    }
    return STATUS_OK;
}

// What came beside a message is asked for under its number, later or never.
[[nodiscard]] static inline enum status
endpoint_receive_near(struct endpoint *endpoint, struct ring_message *message, uint64_t *sequence) {
    bool doorbell;
    enum status status = ring_end_receive(&endpoint->end, message, &doorbell);
    if (status != STATUS_OK) {
        return status;
    }
    *sequence = ring_end_consumed(&endpoint->end) - 1;
    if (doorbell) {
        (void)sys_doorbell(endpoint->handle, message->header.flow);
    }
    return STATUS_OK;
}

// What came may be anything: only what fits the request gets out of here.
[[nodiscard]] static inline enum status endpoint_take_near(struct endpoint *endpoint,
                                                           uint64_t sequence, uint32_t class,
                                                           uint64_t rights, uint64_t *handle) {
    uint64_t description;
    enum status status = sys_ring_take(endpoint->handle, sequence, class, handle, &description);
    if (status != STATUS_OK) {
        *handle = HANDLE_NONE;
        return status;
    }
    if ((description & rights) != rights) {
        endpoint_drop(handle);
        return STATUS_ACCESS;
    }
    return STATUS_OK;
}
