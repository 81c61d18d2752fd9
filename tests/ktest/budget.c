// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Budgets as objects: shares, errors, binding, death. What they do to time is in clocks.c.
#include "lib/vectra/bundle.h"
#include "tests/ktest/child.h"
#include "tests/ktest/worker.h"

static uint64_t word;

static enum status carve(uint64_t source, uint64_t nanoseconds, uint64_t period, uint64_t harts,
                         uint64_t count, uint64_t *part) {
    return sys_budget_carve(ground, source, nanoseconds, period, harts, count, part);
}

static void errors(void) {
    constexpr uint64_t TEN = 10 * MILLISECOND, MS = MILLISECOND;
    uint64_t all = bundle_need("budget", CLASS_BUDGET), part, third;
    static const struct {
        uint64_t nanoseconds, period;
    } bad[] = {{0, TEN},     {9999, TEN},         {MS, MS - 1},
               {2 * MS, MS}, {MS, SECOND + 1},    {UINT64_MAX, UINT64_MAX},
               {MS, 0},      {UINT64_MAX, SECOND}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        (void)CHECK_STATUS(carve(all, bad[i].nanoseconds, bad[i].period, 0, 0, &word),
                           STATUS_BAD_ARGUMENT);
    }
    uint32_t none[] = {hart_count()}, first[] = {0};
    (void)CHECK_STATUS(carve(all, MS, TEN, (uint64_t)none, 1, &word), STATUS_BAD_ARGUMENT);
    (void)CHECK_STATUS(carve(all, MS, TEN, (uint64_t)first, 65, &word), STATUS_BAD_ARGUMENT);
    (void)CHECK_STATUS(carve(all, MS, TEN, AREA, 1, &word), STATUS_BAD_ADDRESS);
    // A part of a part, until there is nothing left of it.
    if (!CHECK_OK(carve(all, 2 * MS, TEN, (uint64_t)first, 1, &part)) ||
        !CHECK_OK(carve(part, 3 * MS / 2, TEN, 0, 0, &third))) {
        return;
    }
    (void)CHECK_STATUS(carve(part, MS, TEN, 0, 0, &word), STATUS_FULL);
    (void)CHECK_STATUS(carve(part, 100 * MS, SECOND, (uint64_t)first, 1, &word), STATUS_FULL);
    if (hart_count() > 1) {
        uint32_t second[] = {1};
        (void)CHECK_STATUS(carve(part, MS, TEN, (uint64_t)second, 1, &word), STATUS_BAD_ARGUMENT);
    }
    drop(third);
    (void)CHECK_OK(carve(part, 2 * MS, TEN, 0, 0, &third));
    drop(part); // with what was carved from it
    (void)CHECK(!is_alive(third));
}

// Each thread that is bound needs 10 microseconds of a period.
static void threads(void) {
    uint64_t all = bundle_need("budget", CLASS_BUDGET), part, other, third;
    uint64_t entry = 0x1000; // they never begin
    if (!CHECK_OK(carve(all, 20000, MILLISECOND, 0, 0, &part)) ||
        !CHECK_OK(sys_thread_carve(0, entry, 0, 0, 0, 0, &other)) ||
        !CHECK_OK(sys_thread_carve(0, entry, 0, 0, 0, 0, &third))) {
        return;
    }
    (void)CHECK_OK(sys_budget_bind(part, other));
    (void)CHECK_OK(sys_budget_bind(part, third));
    (void)CHECK_OK(sys_budget_bind(part, third));
    (void)CHECK_STATUS(sys_budget_bind(part, 0), STATUS_FULL);
    (void)CHECK_STATUS(carve(part, 10000, MILLISECOND, 0, 0, &word), STATUS_FULL);
    drop(third);
    (void)CHECK_OK(sys_budget_bind(part, 0));
    (void)CHECK_STATUS(carve(part, 10000, MILLISECOND, 0, 0, &word), STATUS_FULL);
    (void)CHECK_OK(sys_budget_bind(0, 0));
    (void)CHECK_OK(carve(part, 10000, MILLISECOND, 0, 0, &word));
    (void)CHECK_STATUS(sys_budget_bind(part, 0), STATUS_FULL);
    drop(other);
    drop(part);
}

static _Atomic uint32_t stop;

static void run_on(void *argument) {
    (void)argument;
    while (!atomic_load(&stop)) {
        time_sleep_until(time_now() + MILLISECOND / 4);
    }
}

// Bound, bound anew, let go, and left behind by a budget that dies, while they run and sleep.
static void bind(void) {
    uint64_t all = bundle_need("budget", CLASS_BUDGET), part;
    atomic_store(&stop, 0);
    for (uint32_t i = 0; i < 4; i++) {
        worker_open(&workers[i], run_on, nullptr, 0);
    }
    for (uint32_t round = 0; round < 50; round++) {
        uint32_t harts[] = {round % hart_count()};
        if (!CHECK_OK(carve(all, MILLISECOND, 5 * MILLISECOND, (uint64_t)harts, 1, &part))) {
            break;
        }
        for (uint32_t i = 0; i < 4; i++) {
            (void)CHECK_OK(sys_budget_bind(part, workers[i].thread));
        }
        (void)CHECK_OK(sys_budget_bind(all, 0));
        (void)CHECK_OK(sys_budget_bind(part, 0));
        pause_for(MILLISECOND);
        (void)CHECK_OK(sys_budget_bind(0, workers[round % 4].thread));
        (void)CHECK_OK(sys_budget_bind(0, 0));
        drop(part);
    }
    atomic_store(&stop, 1);
    for (uint32_t i = 0; i < 4; i++) {
        worker_close(&workers[i]);
    }
}

// Waits that lend, with everybody's death in between.
static void lend(void) {
    uint64_t all = bundle_need("budget", CLASS_BUDGET), bits;
    for (uint32_t i = 0; i < 20; i++) {
        struct child child = {.role = "answer", .bit = 4};
        uint64_t part;
        if (!child_begin(&child) ||
            !CHECK_OK(carve(all, MILLISECOND, 5 * MILLISECOND, 0, 0, &part))) {
            return;
        }
        uint64_t bell = child_connect(&child, "bell", 2);
        (void)CHECK_OK(sys_ring_watch(bell, 5, 6));
        (void)CHECK_OK(sys_budget_bind(part, 0));
        if (child_start(&child) && await_bit(5)) { // it is ready
            for (uint32_t j = 0; j < 10; j++) {
                (void)CHECK_OK(
                    sys_doorbell_wait(bell, 1 << 5, deadline_in(PATIENCE), MILLISECOND, 0, &bits));
                (void)sys_signal_wait(1 << 7, deadline_in(MILLISECOND / 10), 0, bell, 0, &bits);
            }
        }
        if (i % 2 == 0) {
            drop(part);
            child_destroy(&child);
        } else {
            child_destroy(&child);
            drop(part);
        }
        (void)sys_budget_bind(0, 0);
        drop(bell);
        (void)poll_bits();
    }
}

// ------------------------------------------------------------ waiting for strangers

// A wait names whom it waits for by a capability, of the right class and with the right; it
// can be one that is over, that never ran, or that is nobody's: then nothing is lent, and
// the wait is a wait.
static void strangers(void) {
    static _Atomic uint32_t zero;
    uint64_t all = bundle_need("budget", CLASS_BUDGET), at = (uint64_t)&zero, bits, ring, blind;
    struct hand other = {.bit = 6}, waiting = {.bit = 7};
    if (!hand_begin(&other, code_wait, 0) || !hand_run(&waiting, code_wait, 0) ||
        !CHECK_OK(sys_ring_carve(ground, 2, &ring))) {
        return;
    }
    (void)CHECK_OK(sys_handle_copy(ring, RIGHT_ALL & ~(uint64_t)RIGHT_RING_USE, &blind));
    atomic_store(&stop, 1);
    worker_open(&workers[0], run_on, nullptr, 0);
    uint64_t over = workers[0].thread;
    while (!worker_ended(&workers[0])) {
        pause_for(MILLISECOND / 10);
    }
    (void)CHECK_OK(sys_budget_bind(all, 0));
    const struct {
        uint64_t owner;
        enum status status;
    } owners[] = {{over, STATUS_TIMED_OUT},        {other.thread, STATUS_TIMED_OUT},
                  {ring, STATUS_BAD_CLASS},        {waiting.task, STATUS_BAD_CLASS},
                  {UINT64_MAX, STATUS_BAD_HANDLE}, {waiting.thread, STATUS_BAD_HANDLE}};
    for (size_t i = 0; i < sizeof owners / sizeof owners[0]; i++) {
        (void)CHECK_STATUS(sys_futex_wait(at, 0, deadline_in(2 * MILLISECOND), owners[i].owner),
                           owners[i].status);
    }
    const struct {
        uint64_t ring;
        enum status status;
    } rings[] = {{ring, STATUS_TIMED_OUT},
                 {blind, STATUS_ACCESS},
                 {other.thread, STATUS_BAD_CLASS},
                 {UINT64_MAX, STATUS_BAD_HANDLE}};
    for (size_t i = 0; i < sizeof rings / sizeof rings[0]; i++) {
        (void)CHECK_STATUS(sys_signal_wait(1, deadline_in(MILLISECOND), 0, rings[i].ring, 0, &bits),
                           rings[i].status);
    }
    (void)CHECK_OK(sys_budget_bind(0, 0));
    (void)CHECK_EQ(hand_state(&other), TASK_EMPTY); // nothing was started by that
    (void)CHECK_EQ(hand_state(&waiting), TASK_RUNNING);
    worker_close(&workers[0]);
    hand_destroy(&other);
    hand_destroy(&waiting);
    drop(ring);
}

TESTS(budget, {"errors", errors}, {"threads", threads}, {"bind", bind}, {"lend", lend},
      {"strangers", strangers});
