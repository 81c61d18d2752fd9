// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Threads of one Task against each other: the same capability dropped, revoked, moved
// and used at once, on several harts. Whatever wins, the kernel's books agree.
#include "lib/vectra/thread.h"
#include "tests/ktest/child.h"
#include "tests/ktest/worker.h"

enum { THREADS = 4 };

// Lets all threads of a round begin together.
static _Atomic uint32_t arrived;
static _Atomic uint32_t outcomes[STATUS_COUNT];
static _Atomic uint64_t shared, second, mapped;

static void line_up(void) {
    atomic_fetch_add(&arrived, 1);
    for (uint32_t i = 0; atomic_load(&arrived) < THREADS && i < 100000; i++) {
        arch_pause();
    }
}

static void note(enum status status) {
    atomic_fetch_add(&outcomes[status < STATUS_COUNT ? status : 0], 1);
}

static void round_run(void (*run)(void *)) {
    atomic_store(&arrived, 0);
    for (uint32_t i = 0; i < STATUS_COUNT; i++) {
        atomic_store(&outcomes[i], 0);
    }
    for (uint32_t i = 0; i < THREADS; i++) {
        worker_open(&workers[i], run, (void *)(uint64_t)i, 0);
    }
    for (uint32_t i = 0; i < THREADS; i++) {
        worker_close(&workers[i]);
    }
}

static void drop_shared(void *argument) {
    (void)argument;
    line_up();
    note(sys_handle_drop(atomic_load(&shared)));
}

// Exactly one drop is the one.
static void drops(void) {
    for (uint32_t round = 0; round < 30 && check_good(); round++) {
        atomic_store(&shared, carve_memory(64 * PAGE_SIZE, 0));
        uint64_t view = map_here(atomic_load(&shared), AREA, 64 * PAGE_SIZE, MAP_READ);
        if (round % 2 == 0) {
            atomic_store(&second, atomic_load(&shared));
            atomic_store(&shared, view);
        }
        round_run(drop_shared);
        (void)CHECK_EQ(atomic_load(&outcomes[STATUS_OK]), 1);
        (void)CHECK_EQ(atomic_load(&outcomes[STATUS_BAD_HANDLE]), THREADS - 1);
        drop(round % 2 == 0 ? atomic_load(&second) : view);
    }
}

static void revoke_shared(void *argument) {
    uint64_t copy;
    line_up();
    if ((uint64_t)argument % 2 == 0) {
        note(sys_handle_revoke(atomic_load(&shared)));
    } else if (sys_handle_copy(atomic_load(&shared), RIGHT_ALL, &copy) == STATUS_OK) {
        (void)sys_handle_drop(copy); // if it was not revoked meanwhile
    }
}

static void revokes(void) {
    for (uint32_t round = 0; round < 30 && check_good(); round++) {
        uint64_t memory = carve_memory(PAGE_SIZE, 0), copy;
        atomic_store(&shared, memory);
        for (uint32_t i = 0; i < 200; i++) {
            (void)CHECK_OK(sys_handle_copy(memory, RIGHT_ALL, &copy));
        }
        round_run(revoke_shared);
        (void)CHECK_EQ(atomic_load(&outcomes[STATUS_OK]) + atomic_load(&outcomes[STATUS_BUSY]), 2);
        (void)CHECK(atomic_load(&outcomes[STATUS_OK]) >= 1);
        (void)CHECK(!is_alive(copy));
        // The mark is gone with the revocation.
        if (CHECK_OK(sys_handle_copy(memory, RIGHT_ALL, &copy))) {
            drop(copy);
        }
        drop(memory);
    }
}

// One thread revokes and is ended in the middle: the mark must not stay.
static void revoke_for_ever(void *argument) {
    (void)argument;
    for (;;) {
        (void)sys_handle_revoke(atomic_load(&shared));
    }
}

static void dead_revoker(void) {
    for (uint32_t round = 0; round < 20 && check_good(); round++) {
        uint64_t memory = carve_memory(PAGE_SIZE, 0), copy;
        atomic_store(&shared, memory);
        worker_open(&workers[0], revoke_for_ever, nullptr, 0);
        for (uint32_t i = 0; i < 300; i++) {
            (void)sys_handle_copy(memory, RIGHT_ALL, &copy);
        }
        drop(workers[0].thread);
        if (CHECK_OK(sys_handle_copy(memory, RIGHT_ALL, &copy))) {
            drop(copy);
        }
        (void)CHECK_OK(sys_handle_revoke(memory));
        drop(memory);
    }
}

// Sent, mapped and dropped at once: writable Memory never has two holders.
static void move_shared(void *argument) {
    uint64_t memory = atomic_load(&shared), view;
    line_up();
    switch ((uint64_t)argument) {
    case 0:
        note(sys_ring_send(atomic_load(&second), 0, memory, RIGHT_ALL, 1));
        break;
    case 1:
        if (sys_memory_map(0, memory, AREA, 0, 8 * PAGE_SIZE, MAP_READ | MAP_WRITE, &view) ==
            STATUS_OK) {
            atomic_store(&mapped, view);
        }
        break;
    case 2:
        (void)sys_handle_copy(memory, RIGHT_ALL, &view);
        break;
    default:
        (void)sys_doorbell(atomic_load(&second), 0);
        break;
    }
}

static void moves(void) {
    for (uint32_t round = 0; round < 40 && check_good(); round++) {
        uint64_t a, b, taken, description;
        (void)CHECK_OK(sys_ring_carve(ground, 2, &a));
        (void)CHECK_OK(sys_ring_carve(ground, 2, &b));
        (void)CHECK_OK(sys_ring_bind(a, b));
        uint64_t memory = carve_memory(8 * PAGE_SIZE, 0);
        atomic_store(&shared, memory);
        atomic_store(&second, a);
        round_run(move_shared);
        bool moved = atomic_load(&outcomes[STATUS_OK]) == 1;
        (void)CHECK_EQ(moved, !is_alive(memory));
        if (moved) {
            (void)CHECK_OK(sys_ring_take(b, 0, CLASS_MEMORY, &taken, &description));
            drop(taken);
        } else {
            (void)CHECK_EQ(atomic_load(&outcomes[STATUS_BUSY]), 1);
            (void)CHECK_OK(sys_handle_revoke(memory)); // a view, perhaps a copy
            drop(memory);
        }
        drop(a);
        drop(b);
        if (atomic_load(&mapped) != HANDLE_NONE) {
            drop(atomic_load(&mapped)); // a tomb by now
            atomic_store(&mapped, HANDLE_NONE);
        }
    }
}

// A watch whose thread is gone rings nobody.
static void watch_and_end(void *argument) {
    (void)sys_ring_watch((uint64_t)argument, 3, 4);
}

static void orphan_watch(void) {
    uint64_t a, b;
    (void)CHECK_OK(sys_ring_carve(ground, 2, &a));
    (void)CHECK_OK(sys_ring_carve(ground, 2, &b));
    (void)CHECK_OK(sys_ring_bind(a, b));
    for (uint32_t i = 0; i < 10; i++) {
        worker_open(&workers[0], watch_and_end, (void *)a, 0);
        (void)CHECK_OK(sys_doorbell(b, 0));
        worker_close(&workers[0]);
        (void)CHECK_OK(sys_doorbell(b, 0));
    }
    drop(b);
    (void)CHECK_EQ(poll_bits(), 0);
    drop(a);
}

// Deadlines of many threads, in no order: none wakes early, all wake.
static _Atomic uint32_t early;

static void sleep_often(void *argument) {
    uint64_t seed = (uint64_t)argument + 1;
    for (uint32_t i = 0; i < 25; i++) {
        seed = seed * 6364136223846793005 + 1442695040888963407;
        uint64_t until = time_now() + (seed >> 40) % (3 * MILLISECOND);
        time_sleep_until(until);
        if (time_now() + 1000 < until) {
            atomic_fetch_add(&early, 1);
        }
    }
}

static void sleepers(void) {
    atomic_store(&early, 0);
    for (uint32_t i = 0; i < WORKERS; i++) {
        worker_open(&workers[i], sleep_often, (void *)(uint64_t)i, 0);
    }
    for (uint32_t i = 0; i < WORKERS; i++) {
        worker_close(&workers[i]);
    }
    (void)CHECK_EQ(atomic_load(&early), 0);
}

// One thread ends the Task while others are anywhere.
uint32_t role_last(void) {
    static _Atomic uint32_t never;
    static uint8_t stacks[6][1024];
    uint64_t thread;
    for (uint32_t i = 0; i < 6; i++) {
        (void)CHECK_OK(thread_spawn(i % 2 == 0 ? sleep_often : revoke_for_ever, (void *)&never,
                                    &stacks[i][sizeof stacks[i]], 0, &thread));
    }
    pause_for(MILLISECOND);
    return 0; // task_exit, with six threads running
}

static void exit_with_threads(void) {
    for (uint32_t i = 0; i < 5 && check_good(); i++) {
        struct child child = {.role = "last", .bit = 2};
        if (child_begin(&child) && child_start(&child)) {
            child_finish(&child);
        }
    }
}

TESTS(race, {"drops", drops}, {"revokes", revokes}, {"dead_revoker", dead_revoker},
      {"moves", moves}, {"orphan_watch", orphan_watch}, {"sleepers", sleepers},
      {"exit_with_threads", exit_with_threads});
