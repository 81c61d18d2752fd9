// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// What tests of races share: one hart's entry stands still in front of each access that
// others could see, in turn, while others do what must not disturb it. Each place is tried
// in a child process, from the same state. All of it stands on one scene of three harts.
#pragma once

#include "kernel/schedule.h"
#include "kernel/syscall.h"
#include "kernel/tests/band.h"

constexpr uint32_t RACE_HARTS = 3, RACE_MORE = 24;

// The root's thread is awake on a hart of its own. A Task has a thread on each of the two
// others, which waits for its bit, and copies of what the root has.
struct race_scene {
    struct world_task task;
    uint32_t root, a, b; // harts
    struct thread *on_a, *on_b, *more[RACE_MORE];
    uint64_t handle_a, handle_b, more_handle[RACE_MORE]; // of the Task
    uint64_t end, peer, page;                            // of the root: a connection, Memory
    uint64_t own_end, own_peer, own_page, own_budget;    // of the Task
};
extern struct race_scene scene;
// With further threads that sleep on hart a, and on b.
void race_begin(uint32_t more_on_a, uint32_t more_on_b);

// What one hart does, what others do while it stands still, and what must hold then.
struct race {
    void (*enter)(void), (*meanwhile)(void), (*after)(void);
};
void race_everywhere(struct race of);
extern uint32_t *race_seen; // two counts of how it went, of all children together

#define ENTER(hart, name, ...) host_syscall(hart, SYS_##name, (uint64_t[6]){__VA_ARGS__})
// Some steps of one hart.
void race_let(uint32_t hart);
// What the syscall of a thread came to: WORLD_BLOCKED while it waits.
enum status race_outcome(struct thread *thread);
