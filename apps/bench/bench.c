// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Measures what the kernel costs: lines `bench ID VALUE UNIT`. Each figure is the
// least of many batches of 1000 operations, less what reading the clock costs.
// When the emulator counts instructions as nanoseconds the unit is instructions,
// the same in every run; otherwise it is time.
#include "abi/capability.h"
#include "apps/bench/exchange.h"
#include "lib/string/string.h"
#include "lib/vectra/bundle.h"
#include "lib/vectra/program.h"
#include "lib/vectra/status_text.h"
#include "lib/vectra/stream.h"
#include "lib/vectra/time.h"
#include "services/initd/protocol.h"

constexpr unsigned BATCHES = 40;
constexpr unsigned BATCH = 1000;
constexpr uint64_t SLOTS = 32;

enum bench_bit : uint32_t { BIT_INIT, BIT_INIT_CLOSED, BIT_PEER, BIT_PEER_CLOSED };

struct bench {
    struct endpoint init, peer;
    uint64_t clock; // what two readings in a row differ by
};

// One batch; false: the peer has gone.
typedef bool batch(struct bench *bench);

static bool nothing(struct bench *bench) {
    (void)bench;
    return true;
}

static bool null_syscalls(struct bench *bench) {
    (void)bench;
    for (unsigned i = 0; i < BATCH; i++) {
        uint64_t a, b, c, d;
        (void)sys_system_info(0, &a, &b, &c, &d);
    }
    return true;
}

static bool ring_calls(struct bench *bench) {
    struct ring_message message = {.header = {.type = BENCH_CALL, .length = RING_PAYLOAD}};
    for (unsigned i = 0; i < BATCH; i++) {
        bool doorbell;
        if (ring_end_send(&bench->peer.end, &message, &doorbell) != STATUS_OK ||
            bench_receive(&bench->peer, &message, doorbell) != STATUS_OK) {
            return false;
        }
    }
    return true;
}

static bool pingpongs(struct bench *bench) {
    for (unsigned i = 0; i < BATCH; i++) {
        uint64_t bits;
        if (sys_doorbell_wait(bench->peer.handle, bench->peer.signals, TIME_NEVER, 0, &bits) !=
            STATUS_OK) {
            return false;
        }
    }
    return true;
}

// The least time that a batch took.
static uint64_t least(struct bench *bench, batch *run) {
    uint64_t best = UINT64_MAX;
    for (unsigned i = 0; i < BATCHES; i++) {
        uint64_t start = time_now();
        if (!run(bench)) {
            program_fail(PROGRAM_FAILED, "bench: the peer has gone: want `bench-peer` to run\n");
        }
        uint64_t took = time_now() - start;
        best = took < best ? took : best;
    }
    return best;
}

static void measure(struct bench *bench, const char *id, batch *run) {
    uint64_t took = least(bench, run) - bench->clock;
    print("bench %s %lu instructions\n", id, (took + BATCH / 2) / BATCH);
}

// Starts bench-peer, connected to us by its "in".
static enum status start_peer(struct bench *bench) {
    uint64_t ring, sequence;
    enum status status = sys_ring_carve(bundle_need("reticle", CLASS_RETICLE), SLOTS, &ring);
    if (status == STATUS_OK) {
        status = endpoint_open(&bench->peer, ring, BIT_PEER, BIT_PEER_CLOSED);
    }
    if (status != STATUS_OK) {
        return status;
    }
    struct init_run request = {.program = "bench-peer", .flags = INIT_RUN_IN};
    struct ring_message message = {.header = {.type = INIT_RUN, .length = sizeof request}};
    memcpy(message.payload, &request, sizeof request);
    const struct endpoint_capability end = {ring, RIGHT_RING_BIND, false};
    status = endpoint_call(&bench->init, &message, &end, 1, time_now() + 20 * SECOND, nullptr,
                           nullptr, &sequence);
    if (status != STATUS_OK) {
        return status;
    }
    struct init_reply reply;
    memcpy(&reply, message.payload, sizeof reply);
    endpoint_refresh(&bench->peer);
    return (enum status)reply.status;
}

static void tell_peer(struct bench *bench, enum bench_message type) {
    struct ring_message message = {.header = {.type = type}};
    if (endpoint_send(&bench->peer, &message) != STATUS_OK) {
        program_fail(PROGRAM_FAILED, "bench: the peer takes no message: want `bench-peer`\n");
    }
    // It may wait for a doorbell rather than for the message.
    (void)sys_doorbell(bench->peer.handle);
}

uint32_t program_main(void) {
    static struct bench bench;
    uint64_t init = bundle_need("init", CLASS_RING);
    if (endpoint_open(&bench.init, init, BIT_INIT, BIT_INIT_CLOSED) != STATUS_OK) {
        return PROGRAM_FAILED;
    }
    bench.clock = least(&bench, nothing);
    measure(&bench, "null_syscall", null_syscalls);
    enum status status = start_peer(&bench);
    if (status != STATUS_OK) {
        program_fail(PROGRAM_FAILED, "bench: bench-peer does not start: %s\n", status_text(status));
    }
    measure(&bench, "ring_call", ring_calls);
    tell_peer(&bench, BENCH_PINGPONG);
    measure(&bench, "doorbell_pingpong", pingpongs);
    tell_peer(&bench, BENCH_END);
    return PROGRAM_OK;
}
