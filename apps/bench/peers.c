// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Rows of two Tasks on one hart: this one and bench-peer.
#include "abi/capability.h"
#include "apps/bench/bench.h"
#include "lib/vectra/syscall.h"

constexpr uint32_t SLOTS = 32;

static struct peer peer;
static struct endpoint endpoint;

static uint64_t operations, before; // in this row; switches before it

static void begin(void) {
    peer_start(&peer, 0, ANY_HART, SLOTS, nullptr);
    peer_open(&peer, &endpoint);
    peer_call(&endpoint, 1);
    operations = 0;
    before = hart_switches(0);
}

static void end(void) {
    peer_end(&peer, &endpoint);
}

// Each operation goes over to the other Task and comes back.
static void end_switched(void) {
    must(hart_switches(0) - before >= 2 * operations ? STATUS_OK : STATUS_BAD_STATE,
         "the two sides did not take turns");
    end();
}

// Both sleep in between: each finds its Ring drained, arms it and waits.
static void ring_call(uint32_t count) {
    peer_call(&endpoint, count);
    operations += count;
}

static void begin_pingpong(void) {
    begin();
    peer_tell(&endpoint, BENCH_PINGPONG, 0);
}

static void doorbell_pingpong(uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        uint64_t bits;
        must(sys_doorbell_wait(endpoint.handle, endpoint.signals, TIME_NEVER, 0, 0, &bits),
             "a doorbell cannot be rung and waited for");
    }
    operations += count;
}

// It is ready to run, and looks at the Ring when it does: it never waits.
static void begin_doorbell(void) {
    begin();
    peer_tell(&endpoint, BENCH_SPIN, 0);
}

static void doorbell(uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        must(sys_doorbell(endpoint.handle, 0), "a doorbell cannot be rung");
    }
}

static const struct row rows[] = {
    {.id = "ring_call", .begin = begin, .run = ring_call, .end = end_switched, .batches = 40},
    {.id = "doorbell", .begin = begin_doorbell, .run = doorbell, .end = end, .batches = 40},
    {.id = "doorbell_pingpong",
     .begin = begin_pingpong,
     .run = doorbell_pingpong,
     .end = end_switched,
     .batches = 40},
};
const struct row_list peer_rows = {rows, sizeof rows / sizeof *rows};
