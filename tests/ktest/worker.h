// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Further threads of this Task, with a stack each. Their code must not call CHECK:
// they leave what they found where the first thread looks.
#pragma once

#include "tests/ktest/ktest.h"

enum { WORKERS = 16, WORKER_STACK = 4096 };
constexpr uint32_t BIT_WORKER = 47; // above the bits of tests

struct worker {
    uint64_t thread; // owner
    alignas(16) uint8_t stack[WORKER_STACK];
};
extern struct worker workers[WORKERS];

// Starts one; it ends when `run` returns.
void worker_open(struct worker *worker, void (*run)(void *), void *argument, uint64_t flags);
bool worker_ended(const struct worker *worker);
// Waits for its end and gives it back.
void worker_close(struct worker *worker);
