// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The parent's parts: its workers (crew.c) and what it says of them in the end (report.c).
#pragma once

#include "tests/fuzz/fuzz.h"

constexpr uint32_t WORKERS = 6;
constexpr uint64_t WORKER_BYTES = UINT64_C(15) << 19;

struct options {
    uint64_t seed, calls, round, workers, rare;
    bool bound; // one instruction is one nanosecond: the kernel's bound is a rule
};
extern struct options options;

// What all rounds added up to.
struct totals {
    struct counts counts;
    uint64_t calls, rounds, killed, faulted;
};
extern struct totals totals;

void crew_open(void);
// One round of so many calls a worker; false: the reason is `failure`.
bool crew_round(uint64_t round);

// A sentence that says what went wrong; the first stays.
[[gnu::format(printf, 1, 2)]] void report_failure(const char *format, ...);
bool report_failed(void);
uint32_t report(void);
