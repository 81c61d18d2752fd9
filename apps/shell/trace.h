// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The commands `trace` and `profile`: they have the kernel write down what every hart does
// while a line of the shell runs, and show it. The kernel writes into Memory of the shell's own,
// which is there only meanwhile.
//
//   trace.c          recording, names of tasks, reading the records in the order of time
//   trace_show.c     `trace`: the timeline, and the same for Perfetto
//   trace_profile.c  `profile`
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/trace.h"
#include "lib/command/command.h"
#include "lib/string/text.h"
#include "services/initd/protocol.h"

struct shell;

constexpr unsigned TRACE_NAMES = 64;
constexpr uint32_t TRACE_HARTS = 64;

struct trace_name {
    uint32_t object; // of the Task
    char name[INIT_NAME];
};

struct tracer {
    uint64_t machine; // TRACE; HANDLE_NONE: this shell may not
    uint64_t package; // READ, for the names of functions, or HANDLE_NONE
    bool on;
    uint64_t memory, view;        // what the kernel writes to
    uint64_t window, window_size; // address space for it, kept
    uint64_t bytes, harts;
    uint64_t lost; // records that were overwritten
    struct trace_name name[TRACE_NAMES];
    unsigned names;
    struct command_line outer; // the line that `trace` stands in
};

// A record as it is shown.
struct trace_event {
    uint64_t time; // nanoseconds since boot
    uint32_t hart;
    enum trace_kind kind;
    uint32_t task, thread; // both 0: none
    uint64_t what;
};

// Where a reading of the records is.
struct trace_reader {
    uint64_t next[TRACE_HARTS], end[TRACE_HARTS]; // sequences
};

// Runs the line of words[first] and further ones, with samples each `period` nanoseconds, or 0.
// `*status` is that of the line. False if nothing was recorded; it has complained as `command`.
bool trace_run(struct shell *shell, const char *command, const struct command_arguments *words,
               unsigned first, uint64_t period, uint32_t *status);
// Gives back what trace_run has left to be read.
void trace_forget(struct shell *shell);
// A program was started while something is recorded.
void trace_learn(struct shell *shell, uint32_t number, const char *name);

void trace_rewind(struct tracer *tracer, struct trace_reader *reader);
// The next record, of whatever hart; false behind the last.
bool trace_next(const struct tracer *tracer, struct trace_reader *reader,
                struct trace_event *event);
// The flow of a record, or 0.
uint32_t trace_flow(const struct trace_event *event);
const char *trace_name(const struct tracer *tracer, uint32_t task);
