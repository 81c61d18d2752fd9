// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Child Tasks: this program once more, in a role (child_*), or a Task made by hand
// that runs one piece of code.h (hand_*). Either lives in a Reticle of its own that
// is split from the ground, so that dropping the Reticle ends all of it.
#pragma once

#include "lib/vectra/endpoint.h"
#include "lib/vectra/spawn.h"
#include "tests/ktest/code.h"
#include "tests/ktest/ktest.h"

// ------------------------------------------------------------ in a role
struct child {
    const char *role;
    uint64_t bytes; // of its Reticle; 0: the usual size
    uint32_t bit;   // set when it ends or faults
    struct spawn spawn;
};

// Finds this program in the boot package.
void child_open(void);
// What a child runs: the function of its role.
uint32_t child_main(const char *role);

// Makes it; then fill its Bundle, then start it.
bool child_begin(struct child *child);
// Gives a capability: a copy, or moved, with all rights it has.
bool child_copy(const struct child *child, const char *slot, uint64_t handle, uint64_t rights);
bool child_move(const struct child *child, const char *slot, uint64_t handle);
// Binds two new Ring ends: one is the child's slot, the other is returned.
uint64_t child_connect(const struct child *child, const char *slot, uint64_t slots);
bool child_start(const struct child *child);
// Waits until it ended with status 0, and says otherwise in which line it failed.
void child_finish(struct child *child);
// Takes it away, whatever it does.
void child_destroy(struct child *child);
// In the child: what it was given.
uint64_t child_slot(const char *slot, enum cap_class class);
uint64_t child_value(const char *slot);

// ------------------------------------------------------------- by hand
constexpr uint64_t HAND_CODE = 0x10000000;  // where code_begin stands
constexpr uint64_t HAND_STACK = 0x20000000; // the end of its one page of stack
constexpr uint64_t HAND_SPARE = 64;         // bytes above the first stack pointer
constexpr uint64_t HAND_BYTES = 256 * 1024;

struct hand {
    uint64_t bytes; // of its Reticle; 0: HAND_BYTES
    uint64_t flags; // enum thread_flag
    uint64_t tls;
    uint32_t bit; // set when it ends or faults
    uint64_t reticle, task, bundle, thread;
    uint64_t thread_number, kind, address, pc; // of the last fault
};

// Where a piece of code stands in a Task made by hand.
static inline uint64_t hand_address(const char *code) {
    return HAND_CODE + (uint64_t)(code - code_begin);
}
// Makes it, ready to be started.
bool hand_begin(struct hand *hand, const char *code, uint64_t argument);
bool hand_start(struct hand *hand);
// Both.
bool hand_run(struct hand *hand, const char *code, uint64_t argument);
// Waits until it ended; its exit status.
bool hand_ended(struct hand *hand, uint64_t *status);
// Waits until it faulted and fills in the fault.
bool hand_faulted(struct hand *hand);
bool hand_resume(const struct hand *hand, enum resume_action action);
bool hand_registers(const struct hand *hand, struct thread_registers *registers, bool set);
enum task_state hand_state(const struct hand *hand);
void hand_destroy(struct hand *hand);
// Runs code to its end, which must have the status given.
void hand_expect(const char *code, uint64_t argument, uint64_t flags, uint64_t status);
