// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The other side of bench: does what each message says, until it is told to end.
#include "apps/bench/exchange.h"
#include "lib/vectra/bundle.h"
#include "lib/vectra/program.h"

enum peer_bit : uint32_t { BIT_MESSAGE, BIT_CLOSED, BIT_DRIVE, BIT_DRIVE_CLOSED };

// It waits first: with a doorbell on its way to each side at once, every other wait would find
// its bit set, and nobody would have to switch.
static enum status pingpong(struct endpoint *endpoint) {
    uint64_t bits;
    enum status status = sys_signal_wait(endpoint->signals, TIME_NEVER, 0, 0, 0, &bits);
    while (status == STATUS_OK && !ring_end_sees_message(&endpoint->end)) {
        status = sys_doorbell_wait(endpoint->handle, endpoint->signals, TIME_NEVER, 0, 0, &bits);
    }
    return status;
}

static enum status spin(struct endpoint *endpoint) {
    while (!ring_end_sees_message(&endpoint->end)) {
        arch_pause();
    }
    return STATUS_OK;
}

static enum status stream(struct endpoint *endpoint, struct ring_message *message) {
    uint32_t count = message->header.transaction, looks = message->header.flow;
    for (uint32_t i = 0; i < count; i++) {
        bench_look(&endpoint->end, ring_end_sees_message, looks);
        enum status status = bench_receive(endpoint, message, false);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return endpoint_send(endpoint, message);
}

// The peer of this peer, if it has one: slot "drive".
static struct endpoint driven;

static enum status drive(struct endpoint *endpoint, const struct ring_message *message) {
    enum status status = STATUS_OK;
    if (driven.handle == HANDLE_NONE) {
        status =
            endpoint_open(&driven, bundle_need("drive", CLASS_RING), BIT_DRIVE, BIT_DRIVE_CLOSED);
    }
    if (status == STATUS_OK) {
        status = bench_call(&driven, message->header.transaction);
    }
    return status == STATUS_OK ? endpoint_send(endpoint, message) : status;
}

// What was sent goes with the one who sent it, so it is to be read before that.
static enum status finish(void) {
    const struct ring_message message = {.header = {.type = BENCH_END}};
    if (driven.handle == HANDLE_NONE) {
        return STATUS_OK;
    }
    enum status status = endpoint_send(&driven, &message);
    if (status == STATUS_OK) {
        (void)endpoint_drain(&driven, TIME_NEVER); // PEER_CLOSED: it has read it, and gone
    }
    return status;
}

// What is rare, so that a call takes the short way.
static enum status obey(struct endpoint *endpoint, struct ring_message *message) {
    switch (message->header.type) {
    case BENCH_PINGPONG:
        return pingpong(endpoint);
    case BENCH_SPIN:
        return spin(endpoint);
    case BENCH_STREAM:
        return stream(endpoint, message);
    case BENCH_DRIVE:
        return drive(endpoint, message);
    default:
        return STATUS_BAD_FORMAT;
    }
}

// Sends calls back as they are, until something else comes.
[[gnu::noinline]] static enum status answer(struct endpoint *endpoint,
                                            struct ring_message *message) {
    enum status status = STATUS_OK;
    while (status == STATUS_OK && message->header.type == BENCH_CALL) {
        status = bench_exchange(endpoint, message);
    }
    return status;
}

uint32_t program_main(void) {
    struct endpoint endpoint = {};
    uint64_t ring = bundle_need("in", CLASS_RING);
    // Whatever placed it on its hart: from here on it is a program like others.
    if (sys_budget_bind(HANDLE_NONE, HANDLE_NONE) != STATUS_OK ||
        endpoint_open(&endpoint, ring, BIT_MESSAGE, BIT_CLOSED) != STATUS_OK) {
        return PROGRAM_FAILED;
    }
    struct ring_message message;
    enum status status = STATUS_OK;
    while (status == STATUS_OK && bench_receive(&endpoint, &message, false) == STATUS_OK) {
        status = answer(&endpoint, &message);
        if (status == STATUS_OK && message.header.type == BENCH_END) {
            return finish() == STATUS_OK ? PROGRAM_OK : PROGRAM_FAILED;
        }
        if (status == STATUS_OK) {
            status = obey(&endpoint, &message);
        }
    }
    return PROGRAM_FAILED;
}
