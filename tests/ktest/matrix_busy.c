// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// What is BUSY only while its object dies: one thread drops a Reticle with a great many
// objects in it, another calls by handles of these that still stand in the table.
#include "lib/vectra/time.h"
#include "tests/ktest/child.h"
#include "tests/ktest/matrix.h"
#include "tests/ktest/worker.h"

enum : uint64_t { NOWHERE = UINT64_C(0x1d0000000) };
constexpr uint32_t RINGS = 600;
constexpr uint32_t COPIES = 400; // of the Task and of a Ring: they go one by one first
constexpr uint32_t ROUNDS = 200;
constexpr uint64_t PHASES = 20, PHASE = 100000; // nanoseconds; together a turn
constexpr uint64_t PART = UINT64_C(8) << 20;

// What stands in the Reticle, by copies, which go only after the object began to die.
static uint64_t part, copy, task, ring, lone, bundle, thread;
static uint64_t word;
static _Atomic bool going; // the owner is being dropped

static enum status carve(const struct attempt *attempt) {
    uint64_t second = attempt->number == CALL_ring_carve ? 2 : PAGE_SIZE;
    return (enum status)arch_call6(attempt->number, copy, second, 0, 0, 0, 0).status;
}

static enum status other(const struct attempt *attempt) {
    switch (attempt->number) {
    case CALL_handle_copy:
        return sys_handle_copy(copy, RIGHT_INSPECT, &word);
    case CALL_reticle_grow:
        return sys_reticle_grow(copy, ground, PAGE_SIZE);
    case CALL_task_start:
        return sys_task_start(task, bundle, thread);
    case CALL_thread_carve:
        return sys_thread_carve(task, HAND_CODE, 0, 0, 0, 0, &word);
    default:
        return sys_ring_bind(ring, lone);
    }
}

static const struct attempt busy[] = {
    ATTEMPT(handle_copy, BUSY, other),  ATTEMPT(reticle_split, BUSY, carve),
    ATTEMPT(reticle_grow, BUSY, other), ATTEMPT(memory_carve, BUSY, carve),
    ATTEMPT(task_carve, BUSY, carve),   ATTEMPT(task_start, BUSY, other),
    ATTEMPT(thread_carve, BUSY, other), ATTEMPT(ring_carve, BUSY, carve),
    ATTEMPT(ring_bind, BUSY, other),    ATTEMPT(bundle_carve, BUSY, carve),
};
constexpr size_t BUSY = sizeof busy / sizeof busy[0];
const struct attempt *const matrix_busy = busy;
const size_t matrix_busy_count = BUSY;

// On one hart a turn has to end in the middle of the death, which is shorter than a turn: it
// begins at another moment of the turn each time.
static void drop_part(void *argument) {
    uint64_t round = (uint64_t)argument, from = time_now() + round % PHASES * PHASE;
    while (time_now() < from) {
    }
    atomic_store(&going, true);
    (void)sys_handle_drop(part);
    atomic_store(&going, false);
}

static bool build(void) {
    uint64_t owner, owner_task, each;
    if (!CHECK_OK(sys_reticle_split(ground, PART, &part)) ||
        !CHECK_OK(sys_handle_copy(part, RIGHT_ALL, &copy)) ||
        !CHECK_OK(sys_task_carve(part, &owner_task)) ||
        !CHECK_OK(sys_handle_copy(owner_task, RIGHT_ALL, &task)) ||
        !CHECK_OK(sys_ring_carve(part, 2, &owner)) ||
        !CHECK_OK(sys_handle_copy(owner, RIGHT_ALL, &ring))) {
        return false;
    }
    for (uint32_t i = 0; i < RINGS; i++) {
        if (!CHECK_OK(sys_ring_carve(part, 2, &each)) ||
            (i < COPIES && (!CHECK_OK(sys_handle_copy(owner_task, RIGHT_INSPECT, &each)) ||
                            !CHECK_OK(sys_handle_copy(owner, RIGHT_INSPECT, &each))))) {
            return false;
        }
    }
    return true;
}

// One death, during which each attempt is made again and again; a bit for each that met it.
static uint32_t watch_death(uint64_t round) {
    uint32_t met = 0;
    if (!build()) {
        return met;
    }
    worker_open(&workers[0], drop_part, (void *)round, 0);
    while (!atomic_load(&going) && is_alive(copy)) {
    }
    while (is_alive(copy) && check_good()) {
        for (uint32_t i = 0; i < BUSY; i++) {
            enum status status = busy[i].try(&busy[i]);
            met |= (uint32_t)(status == STATUS_BUSY) << i;
            bool sound = status == STATUS_BUSY || status == STATUS_OK ||
                         status == STATUS_BAD_HANDLE || status == STATUS_BAD_STATE ||
                         status == STATUS_NO_MEMORY || status == STATUS_NO_SLOTS;
            if (!sound) {
                check_say(__FILE__, __LINE__, "%s: status %u", busy[i].name, status);
            }
        }
    }
    worker_close(&workers[0]);
    return met;
}

static void dying(void) {
    uint32_t met = 0, all = (UINT32_C(1) << BUSY) - 1;
    (void)CHECK_OK(sys_ring_carve(ground, 2, &lone));
    (void)CHECK_OK(sys_bundle_carve(ground, &bundle));
    (void)CHECK_OK(sys_thread_carve(0, HAND_CODE, 0, 0, 0, 0, &thread)); // no thread of that Task
    for (uint32_t round = 0; round < ROUNDS && met != all && check_good(); round++) {
        met |= watch_death(round);
    }
    (void)CHECK_EQ(met, all);
    drop(lone);
    drop(bundle);
    drop(thread);
}

TESTS(matrix_busy, {"dying", dying});
