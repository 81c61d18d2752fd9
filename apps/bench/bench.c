// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Measures what the kernel costs: lines `bench ID VALUE UNIT`. Each figure is the least of
// many batches of 1000 operations, less what reading the counter costs. When the emulator
// counts instructions as nanoseconds the unit is instructions, the same in every run.
//
//   bench          every row of one hart
//   bench ROW      that one
//   bench harts    the rows across two harts, in nanoseconds
//   bench trace    a few operations of each row of one hart, between two marks for who reads the
//                  emulator's log; the rows are named, in their order, before that
#include "apps/bench/bench.h"

#include "abi/capability.h"
#include "abi/time.h"
#include "lib/string/string.h"
#include "lib/vectra/bundle.h"
#include "lib/vectra/program.h"
#include "lib/vectra/stream.h"
#include "lib/vectra/syscall.h"
#include "lib/vectra/time.h"

constexpr uint32_t BATCH = 1000;
constexpr uint32_t TRACED = 32; // between two marks, so that what comes now and then has its part
constexpr uint32_t WARM = 32;   // operations before a mark: what is done only once is done

// In ARCH/mark.S: instructions that do nothing and stand nowhere else.
void mark_begin(void);
void mark_end(void);

static const struct row_list *const lists[] = {&call_rows, &ring_rows, &peer_rows, &task_rows};

uint64_t pool;
const char *current;
static uint64_t clock; // what two readings of the counter in a row differ by

void fail(const char *what, enum status status) {
    program_fail(PROGRAM_FAILED, "bench: %s: %s: %s\n", current, what, status_text(status));
}

// The counter is read as it is: the time page's factor was measured, and is not exact.
static uint64_t instructions(uint64_t ticks) {
    const struct time_page *page = (const struct time_page *)TIME_ADDRESS;
    return ticks * ((SECOND + page->frequency / 2) / page->frequency);
}

// The least time that a batch took, in ticks of the counter.
static uint64_t least(const struct row *row) {
    uint64_t best = UINT64_MAX;
    for (uint32_t i = 0; i < row->batches; i++) {
        if (row->prepare != nullptr) {
            row->prepare(BATCH);
        }
        uint64_t start = arch_counter();
        row->run(BATCH);
        uint64_t took = arch_counter() - start;
        best = took < best ? took : best;
    }
    return best;
}

static void nothing(uint32_t count) {
    (void)count;
}

static const struct row empty = {.id = "nothing", .run = nothing, .batches = 40};

static void begin(const struct row *row) {
    current = row->id;
    if (row->begin != nullptr) {
        row->begin();
    }
}

static void end(const struct row *row) {
    if (row->end != nullptr) {
        row->end();
    }
}

static void measure(const struct row *row) {
    begin(row);
    uint64_t took = instructions(least(row) - clock);
    end(row);
    print("bench %s %lu instructions\n", row->id, (took + BATCH / 2) / BATCH);
}

// Whatever was printed is out before the first mark: nobody else has anything to do.
static void trace(const struct row *row) {
    begin(row);
    if (row->prepare != nullptr) {
        row->prepare(WARM);
    }
    row->run(WARM);
    if (row->prepare != nullptr) {
        row->prepare(BATCH);
    }
    mark_begin();
    row->run(TRACED); // with `prepare` it makes an end of a whole batch
    mark_end();
    end(row);
}

static void trace_name(const struct row *row) {
    print("trace %s %u\n", row->id, row->prepare != nullptr ? BATCH : TRACED);
}

// Calls `each` for every row, or for the one that is named; true if there was one.
static bool for_rows(const char *name, void (*each)(const struct row *)) {
    bool found = false;
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        for (size_t j = 0; j < lists[i]->count; j++) {
            if (name[0] == '\0' || strcmp(name, lists[i]->rows[j].id) == 0) {
                each(&lists[i]->rows[j]);
                found = true;
            }
        }
    }
    return found;
}

static void trace_all(void) {
    trace_name(&empty);
    (void)for_rows("", trace_name);
    (void)stream_drain(stream_out());
    time_sleep_until(time_now() + 100 * MILLISECOND); // until it has been written too
    trace(&empty);
    (void)for_rows("", trace);
}

uint32_t program_main(void) {
    char argument[BUNDLE_ARGUMENT + 1];
    const char *what = bundle_argument(argument);
    pool = bundle_need("reticle", CLASS_RETICLE);
    // What is measured is a program like others; the budget is for placing its threads.
    if (sys_budget_bind(HANDLE_NONE, HANDLE_NONE) != STATUS_OK) {
        return PROGRAM_FAILED;
    }
    clock = least(&empty);
    if (strcmp(what, "harts") == 0) {
        harts_measure();
    } else if (strcmp(what, "trace") == 0) {
        trace_all();
    } else if (!for_rows(what, measure)) {
        program_fail(PROGRAM_USAGE, "bench: no row is named '%s': want one, harts or trace\n",
                     what);
    }
    return PROGRAM_OK;
}
