// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// What the files of the program bench share: what a row is, the Task that is measured
// against, and how a row fails. One thread, so what is below is not guarded.
#pragma once

#include <stddef.h>

#include "apps/bench/exchange.h"
#include "lib/vectra/spawn.h"
#include "lib/vectra/status_text.h"

// One figure. `run` does an operation `count` times and nothing else of weight; all that it
// needs was made by `begin`, once, and by `prepare`, before each batch and outside of the
// time that counts.
struct row {
    const char *id;
    void (*begin)(void);
    void (*prepare)(uint32_t count);
    void (*run)(uint32_t count);
    void (*end)(void);
    uint32_t batches;
};

// The rows of one file, and all files.
struct row_list {
    const struct row *rows;
    size_t count;
};
extern const struct row_list call_rows, ring_rows, peer_rows, task_rows;

// Where rows map things; the spawn library's window stands apart from it.
constexpr uint64_t AREA = UINT64_C(0x200000000);
constexpr uint64_t SCRATCH = UINT64_C(0x210000000);
constexpr uint64_t PACKAGE_AT = UINT64_C(0x100000000);

enum bench_bit : uint32_t {
    BIT_THREAD,
    BIT_TASK, // and the next ones, one for each Task that is started
    BIT_LEFT = BIT_TASK + 4,
    BIT_RIGHT,
    BIT_PEER,
    BIT_PEER_CLOSED,
};

// Pays for whatever a row carves.
extern uint64_t pool;
// The row that is being measured.
extern const char *current;

// Ends the program with a sentence that names the row.
[[noreturn]] void fail(const char *what, enum status status);

static inline void must(enum status status, const char *what) {
    if (status != STATUS_OK) [[clang::unlikely]] {
        fail(what, status);
    }
}

// --------------------------------------------------------------- other Tasks

constexpr uint32_t ANY_HART = UINT32_MAX;

struct peer {
    struct spawn spawn;
    uint32_t bit;       // set when it ends
    uint64_t end;       // Ring end of ours whose peer is its "in"
    uint64_t other_end; // the same of its "out"; HANDLE_NONE: it has none
};

// Makes a program of the boot package ready to be started; its Reticle has `bytes`.
void task_begin(struct spawn *spawn, const char *program, uint64_t bytes, uint32_t bit);
// Waits until it has ended with status 0 and takes it away.
void task_finish(const struct spawn *spawn, uint32_t bit);

// Starts bench-peer on a hart, connected to us by `slots` slots each way. With `drives` it
// has a further peer of its own, on the same hart, which it calls when told to.
void peer_start(struct peer *peer, uint32_t number, uint32_t hart, uint32_t slots,
                struct peer *drives);
void peer_open(const struct peer *peer, struct endpoint *endpoint);
// Tells it something. The last message comes with a doorbell, for which it may wait instead.
void peer_tell(struct endpoint *endpoint, enum bench_message type, uint32_t count);
// Tells it to end, and waits for that.
void peer_end(struct peer *peer, struct endpoint *endpoint);

// A request to the peer and its reply, `count` times.
void peer_call(struct endpoint *endpoint, uint32_t count);

// Switches that a hart has made since it began; a hart that is missing is a failure.
uint64_t hart_switches(uint32_t hart);

// ------------------------------------------------------------- several harts

// Prints the rows across harts. Wants two harts, and time that is the machine's.
void harts_measure(void);
