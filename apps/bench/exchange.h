// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// What the program bench and its peer say to each other, over the Ring that the
// peer finds as "in". Both sides keep the pattern that lets two Tasks exchange a
// request and its reply with two kernel entries: send, look whether the answer is
// there already (which arms), and then ring and wait in one syscall.
#pragma once

#include "abi/layout.h"
#include "lib/vectra/endpoint.h"
#include "lib/vectra/syscall.h"

// `transaction` of a message counts messages, or says how many are meant.
enum bench_message : uint16_t {
    BENCH_CALL = 1,     // is sent back as it is
    BENCH_PINGPONG = 2, // from here on only doorbells, until the next message
    BENCH_SPIN = 3,     // the peer stays awake and looks for the next message
    BENCH_STREAM = 4,   // so many messages follow, the last one is sent back; `flow` says how
                        // often to look before sleeping
    BENCH_DRIVE = 5,    // the peer makes so many calls over its "out", then sends it back
    BENCH_END = 6,      // the peer ends
};

// Waits for the next message; `doorbell`: the peer is to be rung first. Any
// status but OK: the connection is over.
[[nodiscard, gnu::noinline]] static enum status
bench_receive(struct endpoint *endpoint, struct ring_message *message, bool doorbell) {
    for (;;) {
        bool space;
        enum status status = ring_end_receive(&endpoint->end, message, &space);
        if (space) {
            (void)sys_doorbell(endpoint->handle, 0);
        }
        if (status != STATUS_EMPTY) {
            return status;
        }
        uint64_t bits;
        status = doorbell ? sys_doorbell_wait(endpoint->handle, endpoint->signals, TIME_NEVER, 0, 0,
                                              &bits)
                          : sys_signal_wait(endpoint->signals, TIME_NEVER, 0, 0, 0, &bits);
        doorbell = false;
        if (status == STATUS_OK && (bits & endpoint->closed) != 0) {
            endpoint_refresh(endpoint); // the bit may still tell of the beginning
        }
        if (status != STATUS_OK || !endpoint_bound(endpoint)) {
            return STATUS_PEER_CLOSED;
        }
    }
}

// Sends a message, and waits for the next one, which takes its place. Whoever is rung sleeps, and
// so has not answered; and this end takes no bit without a look. Statuses of bench_receive, or
// FULL.
[[nodiscard, gnu::always_inline]] static inline enum status
bench_exchange(struct endpoint *endpoint, struct ring_message *message) {
    bool doorbell, space;
    uint64_t bits;
    enum status status = ring_end_send(&endpoint->end, message, &doorbell);
    if (status != STATUS_OK) {
        return status;
    }
    if (!doorbell || !ring_end_awaits(&endpoint->end)) {
        return bench_receive(endpoint, message, doorbell);
    }
    status = sys_doorbell_wait(endpoint->handle, endpoint->signals, TIME_NEVER, 0, 0, &bits);
    if (status != STATUS_OK) {
        return STATUS_PEER_CLOSED;
    }
    if ((bits & endpoint->closed) != 0) {
        endpoint_refresh(endpoint);
        return bench_receive(endpoint, message, false);
    }
    if (!ring_end_receive_one(&endpoint->end, message, &space)) {
        ring_end_slept(&endpoint->end);
        return bench_receive(endpoint, message, false);
    }
    if (space) {
        (void)sys_doorbell(endpoint->handle, 0);
    }
    return STATUS_OK;
}

// Looks for a while, without arming, before it would sleep: two sides that are busy stay
// awake, and one whose peer is held up does not burn its time.
static inline void bench_look(const struct ring_end *end, bool (*sees)(const struct ring_end *),
                              uint32_t looks) {
    for (uint32_t i = 0; i < looks && !sees(end); i++) {
        arch_pause();
    }
}

// Makes `count` calls, each of which comes back with the number that it was sent with.
[[nodiscard]] static inline enum status bench_call(struct endpoint *endpoint, uint32_t count) {
    struct ring_message message = {.header = {.type = BENCH_CALL, .length = RING_PAYLOAD}};
    for (uint32_t i = 0; i < count; i++) {
        message.header.transaction = i;
        enum status status = bench_exchange(endpoint, &message);
        if (status != STATUS_OK) {
            return status;
        }
        if (message.header.transaction != i) {
            return STATUS_BAD_FORMAT;
        }
    }
    return STATUS_OK;
}
