// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The Signal Mask: bits, deadlines, doorbells.
#include "tests/ktest/child.h"
#include "tests/ktest/worker.h"

// Two bound ends; doorbells of `far` set bit 4 of this thread.
struct pair {
    uint64_t near, far;
};

static struct pair pair_open(void) {
    struct pair pair = {};
    (void)CHECK_OK(sys_ring_carve(ground, 2, &pair.near));
    (void)CHECK_OK(sys_ring_carve(ground, 2, &pair.far));
    (void)CHECK_OK(sys_ring_bind(pair.near, pair.far));
    (void)CHECK_OK(sys_ring_watch(pair.near, 4, UINT64_MAX));
    return pair;
}

static void pair_close(const struct pair *pair) {
    drop(pair->near);
    drop(pair->far);
}

static void arguments(void) {
    uint64_t bits;
    (void)CHECK_STATUS(sys_signal_wait(0, TIME_NEVER, 0, 0, 0, &bits), STATUS_BAD_ARGUMENT);
    (void)CHECK_STATUS(sys_signal_wait(0, 0, 0, 0, 0, &bits), STATUS_TIMED_OUT);
    (void)CHECK_STATUS(sys_signal_wait(TEST_BITS, 0, 0, 0, 0, &bits), STATUS_TIMED_OUT);
    (void)CHECK_STATUS(sys_signal_wait(TEST_BITS, 1, UINT64_MAX, 0, 0, &bits), STATUS_TIMED_OUT);
    (void)CHECK_EQ(bits, 0);
}

static void deadlines(void) {
    for (uint32_t i = 0; i < 20; i++) {
        uint64_t bits, until = deadline_in(i * MILLISECOND / 4);
        (void)CHECK_STATUS(sys_signal_wait(1, until, 0, 0, 0, &bits), STATUS_TIMED_OUT);
        uint64_t now = time_now();
        // Never early; the emulator may be late.
        if (!CHECK(now + 1000 >= until) || !CHECK(now < until + PATIENCE)) {
            return;
        }
    }
}

static void ring_bell(void *argument) {
    const uint64_t *ring = argument;
    pause_for(MILLISECOND);
    (void)sys_doorbell(*ring, 0);
}

// Slack makes a wait end later and never earlier, also where the sum is beyond the end of
// time: then only the bit ends it.
static void slack(void) {
    struct pair pair = pair_open();
    uint64_t set, until = deadline_in(2 * MILLISECOND);
    (void)CHECK_STATUS(sys_signal_wait(16, until, MILLISECOND, 0, 0, &set), STATUS_TIMED_OUT);
    (void)CHECK(time_now() + 1000 >= until);
    (void)CHECK_STATUS(sys_signal_wait(16, time_now() - 1, UINT64_MAX, 0, 0, &set),
                       STATUS_TIMED_OUT);
    const uint64_t far[] = {TIME_NEVER - 5, TIME_NEVER, TIME_NEVER - SECOND};
    for (uint32_t i = 0; i < 9 && check_good(); i++) {
        uint64_t more = i < 3 ? 100 : i < 6 ? UINT64_MAX : UINT64_MAX / 2;
        worker_open(&workers[0], ring_bell, &pair.far, 0);
        (void)CHECK_OK(sys_signal_wait(16, far[i % 3], more, 0, 0, &set));
        worker_close(&workers[0]);
    }
    until = deadline_in(3 * MILLISECOND);
    worker_open(&workers[0], ring_bell, &pair.far, 0); // after a millisecond
    (void)CHECK_STATUS(sys_signal_wait(32, until, MILLISECOND, pair.near, 0, &set),
                       STATUS_TIMED_OUT);
    (void)CHECK(time_now() + 1000 >= until);
    worker_close(&workers[0]);
    pair_close(&pair);
}

static void bits(void) {
    struct pair pair = pair_open();
    uint64_t set;
    (void)CHECK_OK(sys_doorbell(pair.far, 0));
    (void)CHECK_OK(sys_doorbell(pair.far, 0));
    (void)CHECK_STATUS(sys_signal_wait(~UINT64_C(16), 0, 0, 0, 0, &set), STATUS_TIMED_OUT);
    (void)CHECK_OK(sys_signal_wait(TEST_BITS, TIME_NEVER, 0, 0, 0, &set));
    (void)CHECK_EQ(set, 16);
    (void)CHECK_STATUS(sys_signal_wait(TEST_BITS, 0, 0, 0, 0, &set), STATUS_TIMED_OUT);
    // Another bit, and none.
    (void)CHECK_OK(sys_ring_watch(pair.near, 39, UINT64_MAX));
    (void)CHECK_OK(sys_doorbell(pair.far, 0));
    (void)CHECK_EQ(poll_bits(), UINT64_C(1) << 39);
    (void)CHECK_OK(sys_ring_watch(pair.near, UINT64_MAX, UINT64_MAX));
    (void)CHECK_OK(sys_doorbell(pair.far, 0));
    (void)CHECK_EQ(poll_bits(), 0);
    pair_close(&pair);
}

static void doorbell_wait(void) {
    struct pair pair = pair_open();
    uint64_t set;
    (void)CHECK_STATUS(sys_doorbell_wait(pair.far, 0, TIME_NEVER, 0, 0, &set), STATUS_BAD_ARGUMENT);
    (void)CHECK_EQ(poll_bits(), 0);
    (void)CHECK_OK(sys_doorbell_wait(pair.far, 16, TIME_NEVER, 0, 0, &set)); // its own
    (void)CHECK_EQ(set, 16);
    (void)CHECK_STATUS(sys_doorbell_wait(pair.near, 16, 0, 0, 0, &set), STATUS_TIMED_OUT);
    drop(pair.far);
    (void)CHECK_STATUS(sys_doorbell(pair.near, 0), STATUS_NOT_BOUND);
    (void)CHECK_STATUS(sys_doorbell_wait(pair.near, 16, 0, 0, 0, &set), STATUS_NOT_BOUND);
    drop(pair.near);
}

// ------------------------------------------------------------- ping and pong

constexpr uint32_t ROUNDS = 2000;

struct pong {
    uint64_t ring;
    uint32_t rounds;
    bool combined;
    _Atomic bool ready;
};

static void pong(void *argument) {
    struct pong *pong = argument;
    uint64_t set;
    (void)sys_ring_watch(pong->ring, 0, UINT64_MAX);
    atomic_store(&pong->ready, true);
    (void)sys_signal_wait(1, TIME_NEVER, 0, 0, 0, &set);
    for (uint32_t i = 1; i < pong->rounds; i++) {
        if (pong->combined) {
            (void)sys_doorbell_wait(pong->ring, 1, TIME_NEVER, 0, 0, &set);
        } else {
            (void)sys_doorbell(pong->ring, 0);
            (void)sys_signal_wait(1, TIME_NEVER, 0, 0, 0, &set);
        }
    }
    (void)sys_doorbell(pong->ring, 0);
}

// Two threads ring each other in turn: a lost wake-up would end it at once.
static void ping(bool combined) {
    struct pair pair = pair_open();
    struct pong other = {.ring = pair.far, .rounds = ROUNDS, .combined = combined};
    worker_open(&workers[0], pong, &other, 0);
    while (!atomic_load(&other.ready)) {
        pause_for(MILLISECOND / 10);
    }
    for (uint32_t i = 0; i < ROUNDS && check_good(); i++) {
        uint64_t set;
        (void)CHECK_OK(sys_doorbell_wait(pair.near, 16, deadline_in(PATIENCE), 0, 0, &set));
    }
    worker_close(&workers[0]);
    pair_close(&pair);
}

static void ping_pong(void) {
    ping(false);
}

static void ping_pong_combined(void) {
    ping(true);
}

// Many wake one: no bit is lost, whatever hart it comes from.
static void many_sources(void) {
    enum { SOURCES = 8 };
    struct pair pairs[SOURCES];
    for (uint32_t i = 0; i < SOURCES; i++) {
        pairs[i] = pair_open();
        (void)CHECK_OK(sys_ring_watch(pairs[i].near, 10 + i, UINT64_MAX));
    }
    for (uint32_t round = 0; round < 20 && check_good(); round++) {
        for (uint32_t i = 0; i < SOURCES; i++) {
            worker_open(&workers[i], ring_bell, &pairs[i].far, 0);
        }
        uint64_t wanted = UINT64_C(0xff) << 10, until = deadline_in(PATIENCE), set;
        while (wanted != 0 && CHECK_OK(sys_signal_wait(wanted, until, 0, 0, 0, &set))) {
            wanted &= ~set;
        }
        for (uint32_t i = 0; i < SOURCES; i++) {
            worker_close(&workers[i]);
        }
    }
    for (uint32_t i = 0; i < SOURCES; i++) {
        pair_close(&pairs[i]);
    }
}

TESTS(signal, {"arguments", arguments}, {"deadlines", deadlines}, {"slack", slack}, {"bits", bits},
      {"doorbell_wait", doorbell_wait}, {"ping_pong", ping_pong},
      {"ping_pong_combined", ping_pong_combined}, {"many_sources", many_sources});
