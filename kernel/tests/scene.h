// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Three harts, and a Task with a thread on each: what tests of several harts in the kernel at
// once begin with.
#pragma once

#include "kernel/tests/world.h"

constexpr uint32_t HARTS = 3;

extern uint64_t pool; // of the root, granted to each Task
extern struct world_task task;
extern uint64_t own_pool;
extern struct thread *on[HARTS]; // a thread of the Task on each hart

// Threads of the Task until each hart has one.
void scene_make(void);
void scene_end(void);

// All of them in user mode, each the current one of its hart. Only its own hart is given
// time for it, so what the others do is not disturbed.
void ready(struct thread *a, struct thread *b, struct thread *c);

// One entry, and nothing of what others would do about it.
#define ENTER(thread, name, ...) \
    host_syscall((thread)->hart->index, SYS_##name, (uint64_t[6]){__VA_ARGS__})

// How its syscall ends when nobody stands in its way any more.
enum status outcome(struct thread *thread);

uint32_t other_than(uint32_t a, uint32_t b);
