// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// What tests of the two bands share: Tasks that compute, sleep and wait for each other, their
// budgets, and time, which only moves from one timer to the next. A test boots a machine of
// its own, in a child process (host_passes), which ends with a failure if a check failed.
#pragma once

#include "kernel/budget.h"
#include "kernel/tests/world.h"

constexpr uint64_t MS = 1000000;
constexpr uint64_t BIT = 2; // of messages, in every mask here

void band_boot(uint32_t harts);
// The root's thread would compute like everybody else: it sleeps unless it is needed.
void band_root_sleeps(void);
void band_root_wakes(void);

uint64_t band_carve(uint64_t source, uint64_t nanoseconds, uint64_t period);
// The same on one hart only.
uint64_t band_carve_at(uint64_t source, uint64_t nanoseconds, uint32_t hart);
struct budget *band_budget(uint64_t handle);
// A Task with one thread, which may use this budget (0: none); and one more thread.
void band_task(struct world_task *task, uint64_t budget);
struct thread *band_thread(struct world_task *task, uint64_t *handle);
// One more on that hart, which waits for its bit.
struct thread *band_sleeper(struct world_task *task, uint32_t hart, uint64_t *handle);
// Two Tasks with a connection, "ring" in both Bundles, and the bit of its messages watched.
void band_pair(struct world_task *a, uint64_t budget_a, struct world_task *b, uint64_t budget_b);
// Binds the first thread of a Task to its budget.
void band_bind(struct world_task *task);
// What no syscall of this moment does: binds any thread, or raises bits of it.
void band_bind_to(struct budget *budget, struct thread *thread);
void band_raise(struct thread *thread, uint64_t bits);
// It waits for its bit, and names a Ring (0: none); whether it does wait.
bool band_wait(struct world_task *task, uint64_t ring, uint64_t deadline);

// What a thread has had up to now, and who runs on a hart.
uint64_t band_ran(const struct thread *thread);
struct thread *band_current(uint32_t hart);
// Lets everybody compute: until then, for so long, to the beginning of the next period of
// 10 ms.
void band_pass_until(uint64_t end);
void band_pass(uint64_t nanoseconds);
void band_align(void);
// Fails if a value is further from the other than that.
void band_close(uint64_t value, uint64_t wanted, uint64_t most);
