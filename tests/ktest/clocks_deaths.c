// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// How long it takes to destroy one page while others destroy as much as they can: with one
// instruction as one nanosecond on one hart, as for clocks.c. It does not grow with what the
// others have.
#include "lib/vectra/bundle.h"
#include "tests/ktest/child.h"
#include "tests/ktest/worker.h"

// Makes as many objects as it can pay for and destroys them all at once, for ever.
uint32_t role_destroyer(void) {
    uint64_t pool = child_slot("pool", CLASS_RETICLE), bytes = child_value("bytes"), part, made;
    for (;;) {
        if (CHECK_OK(sys_reticle_split(pool, bytes, &part))) {
            while (sys_memory_carve(part, PAGE_SIZE, PAGE_SHIFT, 0, &made) == STATUS_OK) {
            }
            (void)CHECK_OK(sys_handle_drop(part));
        }
    }
}

constexpr uint64_t MS = MILLISECOND;

// However much else dies: each object takes its step in turn, and a death brings forth few at
// a time.
constexpr uint64_t LONG = MS / 5;
struct drops {
    uint64_t longest, sum;
};

// A page is destroyed again and again.
static struct drops drops_measure(uint32_t count, uint64_t pause) {
    struct drops drops = {};
    for (uint32_t i = 0; i < count && check_good(); i++) {
        uint64_t memory = carve_memory(PAGE_SIZE, 0);
        pause_for(pause); // so that it meets the others wherever they are
        uint64_t from = time_now();
        (void)CHECK_OK(sys_handle_drop(memory));
        uint64_t took = time_now() - from;
        drops.longest = took > drops.longest ? took : drops.longest;
        drops.sum += took;
    }
    return drops;
}

static void drops_beside(uint64_t objects) {
    enum { DROPS = 100 };
    struct drops drops = {};
    uint64_t bytes = objects * (PAGE_SIZE + PAGE_SIZE / 16), pool;
    struct child child = {.role = "destroyer", .bit = 4, .bytes = bytes + (UINT64_C(1) << 20)};
    if (child_begin(&child) &&
        CHECK_OK(sys_reticle_split(child.spawn.reticle, bytes + 2 * PAGE_SIZE, &pool)) &&
        child_move(&child, "pool", pool) &&
        CHECK_OK(spawn_value(&child.spawn, "bytes", &bytes, sizeof bytes))) {
        (void)child_start(&child);
        pause_for(20 * MS);
        drops = drops_measure(DROPS, MS / 3);
        say("# a page destroyed beside %lu objects: longest %lu us, mean %lu us", objects,
            drops.longest / 1000, drops.sum / DROPS / 1000);
        (void)CHECK(drops.longest <= LONG);
    }
    child_destroy(&child);
}

// Owns as many objects as it can pay for, and then says so.
uint32_t role_rich(void) {
    uint64_t pool = child_slot("pool", CLASS_RETICLE), bell = child_slot("bell", CLASS_RING), made;
    while (sys_memory_carve(pool, PAGE_SIZE, PAGE_SHIFT, 0, &made) == STATUS_OK) {
    }
    (void)CHECK_OK(sys_doorbell(bell, 0));
    (void)sys_signal_wait(1, TIME_NEVER, 0, 0, 0, &made);
    return 0;
}

static _Atomic bool gone;

static void drop_it(void *argument) {
    (void)CHECK_OK(sys_handle_drop((uint64_t)argument));
    atomic_store(&gone, true);
}

// Beside a Task that is destroyed with all it owns.
static void drops_beside_task(uint64_t objects) {
    struct drops drops = {};
    uint64_t bytes = objects * (PAGE_SIZE + PAGE_SIZE / 16), pool, count = 0;
    struct child child = {.role = "rich", .bit = 4, .bytes = bytes + (UINT64_C(1) << 20)};
    if (!child_begin(&child) || !CHECK_OK(sys_reticle_split(child.spawn.reticle, bytes, &pool)) ||
        !child_move(&child, "pool", pool)) {
        return;
    }
    uint64_t bell = child_connect(&child, "bell", 2);
    (void)CHECK_OK(sys_ring_watch(bell, 5, UINT64_MAX));
    (void)child_start(&child);
    (void)await_bit(5);
    atomic_store(&gone, false);
    worker_open(&workers[0], drop_it, (void *)child.spawn.reticle, 0);
    do {
        struct drops one = drops_measure(1, MS / 100);
        drops.longest = one.longest > drops.longest ? one.longest : drops.longest;
        drops.sum += one.sum;
        count++;
    } while (!atomic_load(&gone));
    worker_close(&workers[0]);
    say("# a page destroyed %lu times beside a Task that owned %lu objects: longest %lu us, mean "
        "%lu us",
        count, objects, drops.longest / 1000, drops.sum / count / 1000);
    (void)CHECK(drops.longest <= LONG);
    drop(bell);
}

// Destroys all that it owned, which nobody waits for when it is ended meanwhile.
uint32_t role_heir(void) {
    uint64_t pool = child_slot("pool", CLASS_RETICLE), bell = child_slot("bell", CLASS_RING), made;
    while (sys_memory_carve(pool, PAGE_SIZE, PAGE_SHIFT, 0, &made) == STATUS_OK) {
    }
    (void)CHECK_OK(sys_doorbell(bell, 0));
    (void)CHECK_OK(sys_handle_drop(pool));
    return 0;
}

static uint64_t ground_left(void) {
    uint64_t total, available = 0, objects, tables;
    (void)CHECK_OK(sys_reticle_info(ground, &total, &available, &objects, &tables));
    return available;
}

// Who sleeps on a hart that idles, and so takes objects apart, is woken in time.
static void sleep_beside(uint64_t objects) {
    uint64_t bytes = objects * (PAGE_SIZE + PAGE_SIZE / 16), pool, longest = 0, count = 0;
    struct child child = {.role = "heir", .bit = 4};
    if (!child_begin(&child)) {
        return;
    }
    uint64_t bell = child_connect(&child, "bell", 2), before = ground_left();
    if (!CHECK_OK(sys_reticle_split(ground, bytes, &pool)) || !child_move(&child, "pool", pool)) {
        return;
    }
    (void)CHECK_OK(sys_ring_watch(bell, 5, UINT64_MAX));
    (void)child_start(&child);
    (void)await_bit(5);
    pause_for(MS / 10); // it has begun
    (void)CHECK_OK(sys_task_stop(child.spawn.task, 0));
    for (; ground_left() < before && check_good(); count++) {
        uint64_t until = time_now() + MS / 20;
        time_sleep_until(until);
        uint64_t late = time_now() - until;
        longest = late > longest ? late : longest;
    }
    say("# slept %lu times while %lu objects died: woken %lu us too late at most", count, objects,
        longest / 1000);
    (void)CHECK(count > 10 && longest <= LONG / 2);
    child_destroy(&child);
    drop(bell);
}

// In the Person band, so that it meets the others in the middle of their work.
static void page(void) {
    uint64_t source = bundle_need("budget", CLASS_BUDGET), budget;
    if (!CHECK_OK(sys_budget_carve(ground, source, 250 * MS, SECOND, 0, 0, &budget))) {
        return;
    }
    (void)CHECK_OK(sys_budget_bind(budget, 0));
    for (uint64_t objects = 128; objects <= 2048; objects *= 4) {
        drops_beside(objects);
        drops_beside_task(objects);
    }
    sleep_beside(2048);
    (void)CHECK_OK(sys_budget_bind(0, 0));
    drop(budget);
}

TESTS(clocks_deaths, {"page", page});
