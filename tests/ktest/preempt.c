// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Preemption: nobody keeps a hart, and who waits for the clock gets it.
#include "tests/ktest/child.h"
#include "tests/ktest/worker.h"

static _Atomic uint64_t progress[WORKERS];
static _Atomic bool leave;

static void count(void *argument) {
    _Atomic uint64_t *own = argument;
    while (!atomic_load_explicit(&leave, memory_order_relaxed)) {
        atomic_fetch_add_explicit(own, 1, memory_order_relaxed);
    }
}

static uint32_t open_all(void) {
    uint32_t threads = 2 * hart_count() + 1;
    threads = threads < WORKERS ? threads : WORKERS;
    atomic_store(&leave, false);
    for (uint32_t i = 0; i < threads; i++) {
        atomic_store(&progress[i], 0);
        worker_open(&workers[i], count, (void *)&progress[i], 0);
    }
    return threads;
}

static void close_all(uint32_t threads) {
    atomic_store(&leave, true);
    for (uint32_t i = 0; i < threads; i++) {
        worker_close(&workers[i]);
    }
}

// More threads than harts, none of which ever waits.
static void all_progress(void) {
    uint32_t threads = open_all();
    uint64_t last[WORKERS] = {};
    for (uint32_t round = 0; round < 5; round++) {
        pause_for(30 * MILLISECOND);
        // The emulator may give a hart no time for a while.
        uint64_t until = deadline_in(PATIENCE);
        for (uint32_t i = 0; i < threads; i++) {
            while (atomic_load(&progress[i]) == last[i] && time_now() < until) {
                pause_for(MILLISECOND);
            }
            uint64_t now = atomic_load(&progress[i]);
            (void)CHECK(now > last[i]);
            last[i] = now;
        }
    }
    close_all(threads);
}

// Two on one hart share it: with more harts, those that share are not known.
static void fair(void) {
    uint32_t threads = open_all();
    pause_for(150 * MILLISECOND);
    uint64_t least = UINT64_MAX, most = 0;
    for (uint32_t i = 0; i < threads; i++) {
        uint64_t now = atomic_load(&progress[i]);
        least = now < least ? now : least;
        most = now > most ? now : most;
    }
    close_all(threads);
    (void)CHECK(hart_count() > 1 || most < 3 * least);
}

static void clock_under_load(void) {
    uint32_t threads = open_all();
    for (uint32_t i = 0; i < 20; i++) {
        uint64_t until = deadline_in(2 * MILLISECOND);
        time_sleep_until(until);
        uint64_t now = time_now();
        (void)CHECK(now + 1000 >= until);
        (void)CHECK(now < until + PATIENCE);
    }
    close_all(threads);
}

// Tasks of their own, not threads of one.
static void tasks(void) {
    enum { HANDS = 9 };
    static struct hand hands[HANDS];
    uint32_t count_hands = 2 * hart_count() + 1 < HANDS ? 2 * hart_count() + 1 : HANDS;
    for (uint32_t i = 0; i < count_hands; i++) {
        hands[i] = (struct hand){.bit = i};
        if (!hand_run(&hands[i], code_spin, 0)) {
            return;
        }
    }
    pause_for(100 * MILLISECOND);
    for (uint32_t i = 0; i < count_hands; i++) {
        uint64_t state, status, threads, time;
        uint64_t until = deadline_in(PATIENCE);
        (void)CHECK_OK(sys_task_stop(hands[i].task, 0));
        do {
            pause_for(MILLISECOND);
            (void)CHECK_OK(sys_task_info(hands[i].task, &state, &status, &threads, &time));
        } while (time < MILLISECOND / 2 && time_now() < until);
        (void)CHECK(time >= MILLISECOND / 2);
        hand_destroy(&hands[i]);
    }
}

// Rings a bell as fast as it can.
uint32_t role_flood(void) {
    uint64_t bell = child_slot("bell", CLASS_RING);
    while (sys_doorbell(bell, 0) == STATUS_OK) {
    }
    return 0;
}

// A flood of doorbells hits who listens to it, and nobody else.
static void flood(void) {
    struct child child = {.role = "flood", .bit = 4};
    if (!child_begin(&child)) {
        return;
    }
    uint64_t bell = child_connect(&child, "bell", 2), bits;
    (void)CHECK_OK(sys_ring_watch(bell, 5, UINT64_MAX));
    if (child_start(&child)) {
        for (uint32_t i = 0; i < 200; i++) {
            (void)CHECK_OK(sys_signal_wait(1 << 5, deadline_in(PATIENCE), 0, 0, 0, &bits));
        }
        for (uint32_t i = 0; i < 10; i++) {
            uint64_t until = deadline_in(MILLISECOND);
            (void)CHECK_STATUS(sys_signal_wait(1 << 6, until, 0, 0, 0, &bits), STATUS_TIMED_OUT);
            (void)CHECK(time_now() < until + PATIENCE);
        }
    }
    drop(bell); // which ends it
    child_finish(&child);
}

TESTS(preempt, {"all_progress", all_progress}, {"fair", fair},
      {"clock_under_load", clock_under_load}, {"tasks", tasks}, {"flood", flood});
