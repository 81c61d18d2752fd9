// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// See scene.h.
#include "kernel/tests/scene.h"

#include "kernel/schedule.h"
#include "tests/unit.h"

uint64_t pool;
struct world_task task;
uint64_t own_pool;
struct thread *on[HARTS];

void scene_make(void) {
    CHECK_EQ(CALL(world_root, &pool, reticle_split, world_named("reticle"), 2 << 20), STATUS_OK);
    struct world_grant grants[] = {{"pool", pool, RIGHT_ALL, false}};
    CHECK_EQ(world_task_make(&task, 1 << 20, grants, 1), STATUS_OK);
    own_pool = world_granted(&task, "pool");
    uint32_t found = 1;
    memset(on, 0, sizeof on);
    on[task.thread->hart->index] = task.thread;
    for (uint32_t i = 0; i < 30 && found < HARTS; i++) {
        uint64_t handle = 0;
        struct thread *thread = world_thread_more(&task, &handle);
        uint32_t hart = thread->hart->index;
        if (on[hart] == nullptr) {
            on[hart] = thread;
            found++;
        } else {
            CHECK_EQ(CALL(thread, nullptr, thread_exit, 0), WORLD_BLOCKED);
        }
    }
    CHECK_EQ(found, HARTS);
}

void scene_end(void) {
    host_yield_every(0);
    host_settle();
    world_audit();
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, task.reticle), STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, pool), STATUS_OK);
    world_audit();
}

void ready(struct thread *a, struct thread *b, struct thread *c) {
    struct thread *wanted[] = {a, b, c};
    host_settle();
    for (uint32_t j = 0; j < 3; j++) {
        if (wanted[j] == nullptr) {
            continue;
        }
        const struct hart *hart = wanted[j]->hart;
        for (uint32_t i = 0; i < 1000 && hart->current != wanted[j]; i++) {
            host_time_set(arch_time_now() + SCHEDULE_SLICE);
            (void)host_go(hart->index);
        }
        CHECK(hart->current == wanted[j] && host_state_of(hart->index) == HOST_USER);
    }
}

enum status outcome(struct thread *thread) {
    struct words words;
    (void)world_run(thread);
    return world_returned(thread, &words) ? (enum status)words.a[0] : WORLD_BLOCKED;
}

uint32_t other_than(uint32_t a, uint32_t b) {
    for (uint32_t i = 0;; i++) {
        if (i != a && i != b) {
            return i;
        }
    }
}
