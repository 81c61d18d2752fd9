// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Budgets, Tasks and time. See band.h.
#include "kernel/tests/band.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "kernel/schedule.h"
#include "kernel/signal.h"
#include "tests/unit.h"

constexpr uint64_t TASK_BYTES = 512 << 10;

// A child that failed a check says so with its exit status.
static void leave(void) {
    if (unit_failures != 0) {
        fflush(stdout);
        _exit(1);
    }
}

void band_boot(uint32_t harts) {
    unit_failures = 0;
    atexit(leave);
    world_boot(16 << 20, harts);
}

void band_root_sleeps(void) {
    CHECK_EQ(CALL(world_root, nullptr, signal_wait, UINT64_C(1) << 63, TIME_NEVER), WORLD_BLOCKED);
}

void band_root_wakes(void) {
    band_raise(world_root, UINT64_C(1) << 63);
}

// Another hart, if there is one: its own would have to be in the kernel.
static void select_for(const struct thread *thread) {
    host_select((thread->hart->index + 1) % harts_online());
}

void band_raise(struct thread *thread, uint64_t bits) {
    select_for(thread);
    signal_raise(thread, bits);
    host_settle();
}

void band_bind_to(struct budget *budget, struct thread *thread) {
    lock_acquire(&books);
    select_for(thread);
    CHECK_EQ(budget_bind(budget, thread), STATUS_OK);
    lock_release(&books);
    arch_ipi(thread->hart->index); // no entry attends to the inbox
    host_settle();
}

struct thread *band_thread(struct world_task *task, uint64_t *handle) {
    uint64_t made;
    return world_thread_more(task, handle == nullptr ? &made : handle);
}

void band_task(struct world_task *task, uint64_t budget) {
    struct world_grant grants[] = {{"budget", budget, RIGHT_ALL, false}};
    CHECK_EQ(world_task_make(task, TASK_BYTES, grants, budget == 0 ? 0 : 1), STATUS_OK);
}

uint64_t band_carve(uint64_t source, uint64_t nanoseconds, uint64_t period) {
    uint64_t budget = 0;
    CHECK_EQ(CALL(world_root, &budget, budget_carve, world_named("reticle"), source, nanoseconds,
                  period, 0, 0),
             STATUS_OK);
    return budget;
}

uint64_t band_carve_at(uint64_t source, uint64_t nanoseconds, uint32_t hart) {
    constexpr uint64_t AT = 0x2000000; // the root's own memory
    uint64_t budget = 0;
    CHECK(world_run(world_root));
    CHECK(host_user_write(world_root->hart->index, AT, &hart, sizeof hart));
    CHECK_EQ(CALL(world_root, &budget, budget_carve, world_named("reticle"), source, nanoseconds,
                  10 * MS, AT, 1),
             STATUS_OK);
    return budget;
}

struct budget *band_budget(uint64_t handle) {
    struct object *object = nullptr;
    CHECK_EQ(lookup(world_root->task, handle, CLASS_BUDGET, 0, &object), STATUS_OK);
    return (struct budget *)object;
}

void band_bind(struct world_task *task) {
    CHECK_EQ(CALL(task->thread, nullptr, budget_bind, world_granted(task, "budget"), 0), STATUS_OK);
}

void band_pair(struct world_task *a, uint64_t budget_a, struct world_task *b, uint64_t budget_b) {
    uint64_t ends[2];
    world_pair(world_named("reticle"), 16, &ends[0], &ends[1]);
    struct world_task *tasks[] = {a, b};
    uint64_t budgets[] = {budget_a, budget_b};
    for (uint32_t i = 0; i < 2; i++) {
        struct world_grant grants[] = {{"ring", ends[i], RIGHT_ALL, true},
                                       {"budget", budgets[i], RIGHT_ALL, false}};
        CHECK_EQ(world_task_make(tasks[i], TASK_BYTES, grants, budgets[i] == 0 ? 1 : 2), STATUS_OK);
        CHECK_EQ(CALL(tasks[i]->thread, nullptr, ring_watch, world_granted(tasks[i], "ring"), 1,
                      UINT64_MAX),
                 STATUS_OK);
    }
}

uint64_t band_ran(const struct thread *thread) {
    const struct hart *hart = thread->hart;
    return thread->ran + (hart->current == thread ? arch_counter() - hart->since : 0);
}

struct thread *band_current(uint32_t hart) {
    return hart_at(hart)->current;
}

void band_pass_until(uint64_t end) {
    while (arch_time_now() < end) {
        uint64_t next = host_timer_next();
        next = next < arch_time_now() ? arch_time_now() : next;
        host_time_set(next < end ? next : end);
        host_settle();
    }
}

void band_pass(uint64_t nanoseconds) {
    band_pass_until(arch_time_now() + nanoseconds);
}

void band_align(void) {
    band_pass_until(arch_time_now() - arch_time_now() % (10 * MS) + 10 * MS);
}

void band_close(uint64_t value, uint64_t wanted, uint64_t most) {
    uint64_t off = value < wanted ? wanted - value : value - wanted;
    if (off > most) {
        printf("# %lu is not %lu\n", value, wanted);
    }
    CHECK(off <= most);
}

bool band_wait(struct world_task *task, uint64_t ring, uint64_t deadline) {
    return CALL(task->thread, nullptr, signal_wait, BIT, deadline, 0, ring) == WORLD_BLOCKED;
}

struct thread *band_sleeper(struct world_task *task, uint32_t hart, uint64_t *handle) {
    struct thread *thread = band_thread(task, handle);
    uint64_t budget = band_carve_at(world_named("budget"), MS, hart);
    band_bind_to(band_budget(budget), thread);
    CHECK_EQ(CALL(thread, nullptr, signal_wait, BIT, TIME_NEVER), WORLD_BLOCKED);
    CHECK_EQ(thread->hart->index, hart);
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, budget), STATUS_OK);
    CHECK(thread->state == THREAD_WAITING && thread->budget == nullptr);
    return thread;
}
