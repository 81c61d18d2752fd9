// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Rows across two harts. Time is the host's, which swings: each is the least of many rounds,
// and means something only beside another system's in the same run. That the two sides do
// run on two harts is not taken on trust: the kernel counts the switches of each.
#include "abi/capability.h"
#include "apps/bench/bench.h"
#include "lib/vectra/bundle.h"
#include "lib/vectra/stream.h"
#include "lib/vectra/syscall.h"
#include "lib/vectra/time.h"

constexpr uint32_t ROUNDS = 12, ROUNDS_LEAST = 3;
constexpr uint64_t PATIENCE = 5 * SECOND; // for the rounds of one row, on a busy host
constexpr uint32_t CALLS = 200;           // of a round between two harts
constexpr uint32_t PAIR_CALLS = 3000;     // of a round of pairs
constexpr uint32_t MESSAGES = 20000, LOOKS = 20000;
constexpr uint32_t SLOTS = 64, STREAM_SLOTS = 1024;

static struct endpoint endpoint;

static uint32_t rounds; // that the last `least` made

static uint64_t paused; // in the round that is being measured

// Busy for a while that does not count, after which the other side is asleep.
static void pause_a_while(void) {
    uint64_t start = time_now(), passed;
    do {
        arch_pause();
        passed = time_now() - start;
    } while (passed < MILLISECOND / 10);
    paused += passed;
}

// Runs `round` again and again; the least time that one took.
static uint64_t least(void (*round)(void)) {
    uint64_t best = UINT64_MAX, until = time_now() + PATIENCE;
    for (rounds = 0; rounds < ROUNDS && (rounds < ROUNDS_LEAST || time_now() < until); rounds++) {
        uint64_t start = time_now();
        paused = 0;
        round();
        uint64_t took = time_now() - start - paused;
        best = took < best ? took : best;
    }
    return best;
}

static void calls(void) {
    for (uint32_t i = 0; i < CALLS; i++) {
        pause_a_while();
        peer_call(&endpoint, 1);
    }
}

// The other side was asleep before each call, as the kernel's switches tell; this one sleeps
// until the reply comes, unless that is there at once.
static void wake_reply(void) {
    struct peer peer;
    current = "hart_wake_reply";
    peer_start(&peer, 0, 1, SLOTS, nullptr);
    peer_open(&peer, &endpoint);
    calls();
    uint64_t before = hart_switches(1);
    uint64_t best = least(calls);
    must(hart_switches(1) - before >= (uint64_t)CALLS * rounds * 9 / 10 ? STATUS_OK
                                                                        : STATUS_BAD_STATE,
         "the other side was not on the other hart, or did not sleep");
    peer_end(&peer, &endpoint);
    print("bench %s %lu ns\n", current, best / CALLS);
}

static uint32_t looks; // of both sides, before they sleep

static void put(const struct ring_message *message) {
    enum status status;
    bench_look(&endpoint.end, ring_end_sees_space, looks);
    while ((status = endpoint_put(&endpoint, message)) == STATUS_FULL) {
        uint64_t bits;
        must(sys_signal_wait(endpoint.signals, TIME_NEVER, 0, endpoint.handle, 0, &bits),
             "room cannot be waited for");
    }
    must(status, "a message cannot be sent");
}

static void messages(void) {
    struct ring_message message = {.header = {.type = BENCH_CALL, .length = RING_PAYLOAD}};
    message.header.type = BENCH_STREAM;
    message.header.transaction = MESSAGES;
    message.header.flow = looks;
    put(&message);
    message.header.type = BENCH_CALL;
    for (uint32_t i = 0; i < MESSAGES; i++) {
        message.header.transaction = i;
        put(&message);
    }
    endpoint_flush(&endpoint);
    must(bench_receive(&endpoint, &message, false), "the last message does not come back");
    must(message.header.transaction == MESSAGES - 1 ? STATUS_OK : STATUS_BAD_FORMAT,
         "another message than the last one came back");
}

static void stream(void) {
    struct peer peer;
    current = "hart_stream";
    looks = 0;
    peer_start(&peer, 0, 1, STREAM_SLOTS, nullptr);
    peer_open(&peer, &endpoint);
    messages();
    uint64_t best = least(messages);
    looks = LOOKS;
    uint64_t awake = least(messages);
    best = awake < best ? awake : best;
    peer_end(&peer, &endpoint);
    print("bench %s %lu.%03lu ns\n", current, best / MESSAGES, best % MESSAGES * 1000 / MESSAGES);
}

static struct endpoint other; // of the pair on the second hart

static void one_pair(void) {
    peer_call(&endpoint, PAIR_CALLS);
}

static void two_pairs(void) {
    struct ring_message message;
    peer_tell(&other, BENCH_DRIVE, PAIR_CALLS);
    peer_call(&endpoint, PAIR_CALLS);
    must(bench_receive(&other, &message, false), "the second pair does not answer");
}

// One pair on the first hart alone; then another one on the second hart as well.
static void scaling(void) {
    struct peer peer, driver, driven;
    current = "hart_scaling";
    peer_start(&peer, 0, 0, SLOTS, nullptr);
    peer_open(&peer, &endpoint);
    peer_start(&driver, 1, 1, SLOTS, &driven);
    must(endpoint_open(&other, driver.end, BIT_LEFT, BIT_RIGHT), "a Ring end cannot be opened");
    two_pairs();
    uint64_t before = hart_switches(1);
    uint64_t one = least(one_pair);
    must(hart_switches(1) - before < PAIR_CALLS ? STATUS_OK : STATUS_BAD_STATE,
         "the first pair was not on one hart");
    before = hart_switches(1);
    uint64_t two = least(two_pairs);
    must(hart_switches(1) - before >= (uint64_t)PAIR_CALLS * rounds ? STATUS_OK : STATUS_BAD_STATE,
         "the second pair was not on the second hart");
    peer_end(&peer, &endpoint);
    peer_tell(&other, BENCH_END, 0);
    task_finish(&driver.spawn, driver.bit);
    task_finish(&driven.spawn, driven.bit);
    endpoint_close(&other);
    uint64_t hundredths = 200 * one / two;
    print("bench %s %lu.%02lu ratio\n", current, hundredths / 100, hundredths % 100);
}

// This thread goes to the first hart, and stays there when its budget has gone: only who uses
// up a turn while others wait is moved.
static void go_first(void) {
    const uint32_t first = 0;
    uint64_t part;
    must(sys_budget_carve(pool, bundle_need("budget", CLASS_BUDGET), 20000, 10000000,
                          (uint64_t)&first, 1, &part),
         "no budget can be carved");
    must(sys_budget_bind(part, HANDLE_NONE), "a thread cannot be bound to a budget");
    must(sys_budget_bind(HANDLE_NONE, HANDLE_NONE), "a thread cannot give up its budget");
    must(sys_handle_drop(part), "a budget cannot be dropped");
}

void harts_measure(void) {
    current = "harts";
    (void)hart_switches(1);
    go_first();
    wake_reply();
    stream();
    scaling();
}
