// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Many sources behind one signal bit: a thousand Rings into one thread, what a wake then
// costs, and that none is lost while other harts ring.
#include "lib/vectra/sources.h"

#include "tests/ktest/child.h"
#include "tests/ktest/worker.h"

constexpr uint32_t RINGS = 1000, TOP = 7;

static uint64_t near[RINGS], far[RINGS];
static struct sources sources;

static bool open(uint32_t count) {
    if (!CHECK_OK(sources_open(&sources, ground, TOP, count))) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        bool made = CHECK_OK(sys_ring_carve(ground, 2, &near[i])) &&
                    CHECK_OK(sys_ring_carve(ground, 2, &far[i])) &&
                    CHECK_OK(sys_ring_bind(near[i], far[i])) &&
                    CHECK_OK(sys_ring_watch(near[i], sources_bit(i), UINT64_MAX));
        if (!made) {
            return false;
        }
    }
    return true;
}

static void close(uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        drop(near[i]);
        drop(far[i]);
    }
    sources_close(&sources);
}

// Waits, and takes the sources that are ready into `found`; how many. None: the bit was set
// for one that the last look had found already.
static uint32_t take(uint32_t *found, uint32_t most) {
    uint64_t set;
    uint32_t count = 0;
    if (!CHECK_OK(sys_signal_wait(sources.signal, deadline_in(PATIENCE), 0, 0, 0, &set))) {
        return 0;
    }
    words_begin(&sources.words);
    while (count < most && words_next(&sources.words, &found[count])) {
        count++;
    }
    return count;
}

static void thousand(void) {
    static uint32_t found[RINGS];
    if (!open(RINGS)) {
        return;
    }
    for (uint32_t i = 0; i < RINGS; i += 37) {
        (void)CHECK_OK(sys_doorbell(far[i], 0));
        (void)CHECK_EQ(take(found, RINGS), 1);
        (void)CHECK_EQ(found[0], i);
    }
    for (uint32_t i = 0; i < RINGS; i++) {
        (void)CHECK_OK(sys_doorbell(far[i], 0));
    }
    (void)CHECK_EQ(take(found, RINGS), RINGS);
    for (uint32_t i = 0; i < RINGS; i++) {
        (void)CHECK_EQ(found[i], i);
    }
    (void)CHECK_EQ(poll_bits(), 0);
    close(RINGS);
}

// Nanoseconds of one doorbell, one wait and one look, the least of many; with one
// instruction a nanosecond these are instructions.
static uint64_t cost(uint32_t count) {
    enum { ROUNDS = 200 };
    uint64_t least = UINT64_MAX;
    uint32_t found[2];
    if (!open(count)) {
        return 0;
    }
    for (uint32_t i = 0; i < ROUNDS && check_good(); i++) {
        uint64_t from = time_now();
        (void)sys_doorbell(far[count - 1], 0);
        uint32_t ready = take(found, 2);
        uint64_t took = time_now() - from;
        (void)CHECK(ready == 1 && found[0] == count - 1);
        least = took < least ? took : least;
    }
    close(count);
    return least;
}

// It costs what is ready, and a load for 64 that exist.
static void price(void) {
    uint64_t ten = cost(10), thousand = cost(RINGS);
    say("one ready of 10: %lu ns, of 1000: %lu ns", ten, thousand);
    (void)CHECK(thousand < 2 * ten + 1000);
}

// ------------------------------------------------------- ringing from other harts

constexpr uint32_t RINGERS = 3, EACH = 60, BELLS = 3000;

static _Atomic uint32_t rung[RINGERS * EACH];

static void ring(void *argument) {
    uint32_t first = (uint32_t)(uint64_t)argument * EACH;
    for (uint32_t i = 0; i < BELLS; i++) {
        uint32_t source = first + i * 7 % EACH;
        atomic_fetch_add(&rung[source], 1);
        (void)sys_doorbell(far[source], 0);
    }
}

static void none_is_lost(void) {
    static uint32_t seen[RINGERS * EACH], found[RINGERS * EACH];
    uint64_t all = 0;
    if (!open(RINGERS * EACH)) {
        return;
    }
    for (uint32_t i = 0; i < RINGERS * EACH; i++) {
        atomic_store(&rung[i], 0);
        seen[i] = 0;
    }
    for (uint64_t i = 0; i < RINGERS; i++) {
        worker_open(&workers[i], ring, (void *)i, 0);
    }
    while (all < RINGERS * BELLS && check_good()) {
        // A bell that nobody hears would end this wait by its deadline.
        uint32_t count = take(found, RINGERS * EACH);
        for (uint32_t i = 0; i < count; i++) {
            uint32_t now = atomic_load(&rung[found[i]]);
            all += now - seen[found[i]];
            seen[found[i]] = now;
        }
    }
    for (uint32_t i = 0; i < RINGERS; i++) {
        worker_close(&workers[i]);
    }
    close(RINGERS * EACH);
    (void)poll_bits();
}

TESTS(words, {"thousand", thousand}, {"price", price}, {"none_is_lost", none_is_lost});
