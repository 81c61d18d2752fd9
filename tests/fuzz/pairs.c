// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Directed sequences with threads that wait for each other: calls through Rings to servers,
// chains of them, sleepers at a word, and who pays for whom meanwhile. See sequences.c.
#include "lib/vectra/call.h"
#include "tests/fuzz/fuzz.h"

constexpr uint64_t SERVER_BYTES = 28 * PAGE_SIZE;
constexpr uint64_t MICROSECOND = MILLISECOND / 1000;
constexpr uint32_t CHAIN = 7; // one more than a loan goes

// --------------------------------------------------------------------- errands

static struct errand errands[THREADS][ERRANDS];

static void burn(uint64_t loops) {
    for (volatile uint64_t i = 0; i < loops; i++) {
    }
}

static void errand_code(uint64_t argument) {
    const struct errand *errand = (const struct errand *)argument;
    const uint64_t *a = errand->a;
    if (errand->at != 0) {
        (void)arch_call4(CALL_signal_wait, 1, errand->at, 0, 0);
    }
    burn(errand->burn);
    (void)arch_call6(errand->number, a[0], a[1], a[2], a[3], a[4], a[5]);
    burn(errand->burn);
    victim_thread_exit(0);
}

uint64_t errand_send(struct actor *me, uint32_t index, const struct errand *errand,
                     uint64_t budget) {
    alignas(16) static uint8_t stacks[THREADS][ERRANDS][1024];
    struct errand *mine = &errands[me->index][index];
    *mine = *errand;
    uint64_t top = (uint64_t)&stacks[me->index][index] + sizeof stacks[0][0];
    if (CALL(me, thread_carve, 0, (uint64_t)errand_code, top, (uint64_t)mine, 0,
             one_in(me, 4) ? THREAD_FLOAT : 0) != STATUS_OK) {
        return HANDLE_NONE;
    }
    uint64_t thread = me->result[1];
    if (budget != HANDLE_NONE) {
        (void)CALL(me, budget_bind, budget, thread);
    }
    (void)CALL(me, thread_start, thread);
    return thread;
}

// A share of a period, with any harts or the first one.
static uint64_t budget_of(struct actor *me, uint64_t reticle, uint64_t nanoseconds,
                          uint64_t period) {
    uint64_t harts = (uint64_t)me->scratch + SCRATCH / 2 - 64; // zeroes
    *(uint32_t *)harts = 0;
    bool first = one_in(me, 3);
    return CALL(me, budget_carve, reticle, toys.budget, nanoseconds, period, harts, first) ==
                   STATUS_OK
               ? me->result[1]
               : HANDLE_NONE;
}

// ----------------------------------------------------------------------- calls

// A server whose client holds `a`; `next`: the client's end to the server behind it.
static bool server_make(struct actor *me, struct victim *server, uint64_t *a, uint64_t next) {
    uint64_t b, name = (uint64_t)me->scratch;
    uint64_t how = (next != HANDLE_NONE) | (uint64_t)below(me, 2) << 1;
    *a = HANDLE_NONE;
    if (!victim_make(me, server, SERVER_BYTES, victim_relay, how) ||
        !ring_pair(me, server->reticle, a, &b)) {
        return false;
    }
    (void)CALL(me, bundle_put, server->bundle, name, 2, b, RIGHT_ALL, 1);
    if (next != HANDLE_NONE) {
        (void)CALL(me, bundle_put, server->bundle, name + 2, 2, next, RIGHT_ALL, 1);
    }
    return victim_start(me, server);
}

static void ask(struct actor *me, uint64_t ring, uint64_t part) {
    uint64_t bit = 42 + me->index, mask = UINT64_C(1) << bit;
    (void)CALL(me, ring_watch, ring, bit, 46 + me->index);
    for (uint32_t i = 0; i < 6; i++) {
        uint64_t until = time_now() + 50 * MICROSECOND;
        if (i == 2 && part != HANDLE_NONE) {
            (void)CALL(me, budget_bind, part, 0);
        }
        if (one_in(me, 3)) {
            (void)CALL(me, doorbell, ring);
            (void)CALL(me, signal_wait, mask, until, below(me, 2) * 1000, ring);
        } else {
            (void)CALL(me, doorbell_wait, ring, mask, until, below(me, 2) * 1000);
        }
        if (i == 4) {
            (void)CALL(me, budget_bind, 0, 0);
        }
    }
}

// Requests and replies, as programs make them.
void sequence_call(struct actor *me) {
    struct victim server;
    uint64_t a, part = HANDLE_NONE;
    if (server_make(me, &server, &a, HANDLE_NONE)) {
        if (one_in(me, 2)) {
            part = budget_of(me, server.reticle, (10 + below(me, 60)) * MICROSECOND, MILLISECOND);
        }
        if (one_in(me, 3)) {
            (void)CALL(me, budget_bind, part, server.thread);
        }
        ask(me, a, part);
        if (one_in(me, 3)) {
            (void)CALL(me, task_stop, server.task, 1);
            ask(me, a, HANDLE_NONE);
        }
        drop(me, one_in(me, 2) ? a : HANDLE_NONE);
    }
    drop(me, server.reticle);
}

// Each server asks the next one: a loan goes from hop to hop, and not for ever.
void sequence_chain(struct actor *me) {
    struct victim servers[CHAIN];
    uint32_t count = 2 + below(me, CHAIN - 1), made = 0;
    uint64_t last = HANDLE_NONE;
    bool good = true;
    while (good && made < count) {
        good = server_make(me, &servers[made], &last, last);
        made++;
    }
    if (good) {
        uint64_t part = budget_of(me, servers[0].reticle, 60 * MICROSECOND, MILLISECOND);
        ask(me, last, part);
        uint32_t which = below(me, count);
        (void)CALL(me, doorbell, last);
        if (one_in(me, 2)) {
            (void)CALL(me, task_stop, servers[which].task, 1);
        } else {
            (void)CALL(me, handle_drop, servers[which].thread);
        }
        ask(me, last, part);
    }
    for (uint32_t i = 0; i < made; i++) {
        drop(me, servers[i].reticle);
    }
}

// -------------------------------------------------------------------- sleepers

// More threads sleep at a word than are woken at once.
void sequence_sleepers(struct actor *me) {
    uint64_t reticle = private_begin(me, 4 * PAGE_SIZE), at = private_place(me, 700);
    uint64_t threads[ERRANDS], view = HANDLE_NONE;
    if (CALL(me, memory_carve, reticle, PAGE_SIZE, 0, 0) == STATUS_OK &&
        CALL(me, memory_map, 0, me->result[1], at, 0, PAGE_SIZE, MAP_READ | MAP_WRITE) ==
            STATUS_OK) {
        view = me->result[1];
    }
    uint32_t words = 1 + below(me, 2);
    for (uint32_t i = 0; i < ERRANDS; i++) {
        uint64_t until = one_in(me, 4) ? time_now() + below(me, 200'000) : TIME_NEVER;
        struct errand errand = {.number = CALL_futex_wait, .a = {at + 4 * (i % words), 0, until}};
        threads[i] = errand_send(me, i, &errand, HANDLE_NONE);
    }
    wait_bits(me, UINT64_C(1) << (40 + me->index), 100 * MICROSECOND);
    if (one_in(me, 2) && CALL(me, thread_fault, toys.self, below(me, 40), 1) == STATUS_OK &&
        me->result[1] > THREADS) {
        uint64_t thread = me->result[1];
        (void)CALL(me, thread_control, toys.self, thread, RESUME_STOP);
        (void)CALL(me, futex_wake, at, 1);
        (void)CALL(me, thread_control, toys.self, thread, RESUME_CONTINUE);
    }
    (void)CALL(me, futex_wake, at, below(me, 4));
    if (one_in(me, 2)) {
        (void)CALL(me, futex_wake, at, 100);
    }
    drop(me, view);
    for (uint32_t i = 0; i < ERRANDS; i++) {
        drop(me, threads[i]);
    }
    drop(me, reticle);
}

// Several lend to the same thread, which runs or has ended.
void sequence_lend(struct actor *me) {
    constexpr uint32_t LENDERS = 11;
    uint64_t reticle = private_begin(me, 16 * PAGE_SIZE), parts[3], threads[LENDERS];
    struct errand owner = {.burn = below(me, 4000), .number = CALL_futex_wake};
    for (uint32_t i = 0; i < 3; i++) {
        uint64_t nanoseconds = one_in(me, 2) ? 10 * MICROSECOND : 100 * MICROSECOND;
        parts[i] =
            budget_of(me, reticle, nanoseconds, one_in(me, 3) ? 10 * MILLISECOND : MILLISECOND);
    }
    static _Atomic uint32_t word;
    uint32_t lenders = 1 + below(me, LENDERS - 1);
    threads[0] = errand_send(me, 0, &owner, one_in(me, 4) ? parts[0] : HANDLE_NONE);
    for (uint32_t i = 1; i <= lenders; i++) {
        uint64_t whom = one_in(me, 8)   ? toys.pool[CLASS_THREAD][below(me, POOL)]
                        : one_in(me, 3) ? threads[i - 1]
                                        : threads[0];
        struct errand lender = {.number = CALL_futex_wait,
                                .burn = below(me, 1000),
                                .a = {(uint64_t)&word, 0, time_now() + 200 * MICROSECOND, whom}};
        threads[i] = errand_send(me, i, &lender, parts[i % 3]);
    }
    (void)CALL(me, budget_bind, parts[1], 0);
    (void)CALL(me, futex_wait, (uint64_t)&word, 0, time_now() + 100 * MICROSECOND, threads[0]);
    drop(me, one_in(me, 2) ? parts[below(me, 3)] : HANDLE_NONE);
    (void)CALL(me, futex_wake, (uint64_t)&word, below(me, 20));
    (void)CALL(me, budget_bind, 0, 0);
    for (uint32_t i = 0; i <= lenders; i++) {
        drop(me, threads[i]);
    }
    drop(me, reticle);
}

// Threads that compute until their budgets are used up, and beyond.
void sequence_band(struct actor *me) {
    constexpr uint32_t BURNERS = 7;
    uint64_t reticle = private_begin(me, 16 * PAGE_SIZE), threads[BURNERS], parts[4];
    for (uint32_t i = 0; i < 4; i++) {
        uint64_t least = (10 + below(me, 30)) * MICROSECOND;
        parts[i] = budget_of(me, reticle, least, MILLISECOND);
    }
    (void)CALL(me, budget_bind, parts[0], 0);
    for (uint32_t i = 0; i < BURNERS; i++) {
        struct errand errand = {.at = one_in(me, 2) ? time_now() + below(me, 20'000) : 0,
                                .burn = below(me, 3000),
                                .number = CALL_futex_wake};
        threads[i] = errand_send(me, i, &errand, parts[i % 4]);
    }
    for (uint32_t i = 0; i < 4; i++) {
        wait_bits(me, UINT64_C(1) << (40 + me->index), below(me, 60'000));
        (void)CALL(me, budget_bind, one_in(me, 4) ? 0 : parts[below(me, 4)],
                   threads[below(me, BURNERS)]);
    }
    drop(me, parts[below(me, 4)]);
    (void)CALL(me, budget_bind, 0, 0);
    for (uint32_t i = 0; i < BURNERS; i++) {
        drop(me, threads[i]);
    }
    drop(me, reticle);
}
