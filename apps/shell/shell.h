// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The shell's state and what its parts call of each other. One thread, one
// place where it waits (shell_pump), nothing allocated after the start.
//
//   main.c      prompt, line, command, and so on
//   pump.c      the event loop: keys, programs' output, initd's events, the wait
//   screen.c    text for the console, which may be restarted at any time
//   init.c      requests to initd
//   execute.c   a line's pipelines, one after the other
//   pipeline.c  the programs of one pipeline
//   input.c     keys for a running program
//   complete.c  Tab
//   table.c     the commands; show.c, authority.c, control.c: what they do
//   debug.h     the debugger
//   trace.h     the tracer and the profiler
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "apps/shell/debug.h"
#include "apps/shell/table.h"
#include "apps/shell/trace.h"
#include "lib/command/command.h"
#include "lib/command/variables.h"
#include "lib/lineedit/lineedit.h"
#include "lib/string/text.h"
#include "lib/vectra/endpoint.h"
#include "lib/vectra/program.h"
#include "services/initd/protocol.h"

// Statuses that a line ends with, beside those of programs.
constexpr uint32_t SHELL_OK = PROGRAM_OK;
constexpr uint32_t SHELL_FAILED = PROGRAM_FAILED;
constexpr uint32_t SHELL_USAGE = PROGRAM_USAGE;

// Signal bits.
enum shell_bit : uint32_t {
    BIT_CONSOLE,
    BIT_CONSOLE_CLOSED,
    BIT_INIT,
    BIT_INIT_CLOSED,
    BIT_DEBUG,
    BIT_DEBUG_CLOSED,
    BIT_KEYS, // the first program's input: room in it
    BIT_KEYS_CLOSED,
    BIT_TEXT, // the last program's output
    BIT_TEXT_CLOSED,
    BIT_COUNT,
};
constexpr uint64_t SHELL_BITS = (UINT64_C(1) << BIT_COUNT) - 1;

constexpr size_t SHELL_AHEAD = 4096;      // keys typed before anybody wants them
constexpr uint64_t SHELL_RING_SLOTS = 32; // of a program's stream: the Ring is 3 pages or less
constexpr unsigned SHELL_JOBS = COMMAND_STAGES;

struct job {
    uint32_t task;
    bool runs;
    char name[INIT_NAME];
    struct init_exited end; // once it does not run any more
};

struct shell {
    struct endpoint console, init, debug;
    struct endpoint keys, text; // streams of the pipeline that runs
    uint64_t reticle;           // pays for their Rings

    // What goes to the screen and was not sent yet.
    struct ring_message screen;
    bool line_open;              // the screen's cursor is not at the start of a row
    uint32_t flow;               // of the last key or text that came
    uint64_t console_generation; // of the connection that has shown the prompt

    // What a builtin writes into a pipeline.
    struct ring_message pipe;
    bool piping; // say() goes there

    struct line_editor editor;
    bool prompting;                         // the editor holds a line that is being typed
    bool ran;                               // at least one line was run
    char names[LINE_CANDIDATES][INIT_NAME]; // what Tab offers
    uint8_t ahead[SHELL_AHEAD];
    size_t ahead_count;

    struct variables variables;
    uint32_t status;       // of the last line
    char status_text[12];  // the same, for $?
    uint64_t first_prompt; // when it was on the screen; 0: not yet

    struct command_line line;
    struct command_arguments words;
    char line_text[LINE_MOST + 1];

    struct job job[SHELL_JOBS];
    unsigned jobs;
    struct line_filter filter; // of what the last program says
    bool interrupted;          // Ctrl-C since the line began

    struct debugger debugger;
    struct tracer tracer;

    bool feeding;     // the editor holds input of a program
    bool terminal;    // the first program reads the keyboard
    bool input_ended; // STREAM_END was sent
    char feed[LINE_MOST + 2];
    size_t feed_count, feed_sent;
};

// main.c: runs the shell; `shell` is all zero.
[[noreturn]] void shell_run(struct shell *shell);
// Shows a prompt of so many columns and reads a line, which is remembered and stands in
// line_text if it is LINE_DONE. LINE_CANCELLED too when the debugger has something to tell.
enum line_event shell_read_line(struct shell *shell, const char *prompt, unsigned columns);

// screen.c
void screen_text(struct shell *shell, const char *text, size_t count); // LF becomes CR LF
void screen_raw(struct shell *shell, const char *text, size_t count);
void screen_flush(struct shell *shell);
// Everything written has reached the device; false: the console went meanwhile.
bool screen_drain(struct shell *shell);
// Waits until there is a console again.
void screen_await(struct shell *shell);

// output.c: what commands print. say() goes into the pipe if there is one;
// complain() prints `command: what is wrong: what would be right` on the screen.
[[gnu::format(printf, 2, 3)]] void say(struct shell *shell, const char *format, ...);
void complain(struct shell *shell, const char *command, const char *wrong, const char *right);
[[gnu::format(printf, 3, 4)]] void complain_about(struct shell *shell, const char *command,
                                                  const char *format, ...);
[[gnu::format(printf, 3, 0)]] void complain_list(struct shell *shell, const char *command,
                                                 const char *format, va_list arguments);
// Complains, as `who`, about the arguments of a command; the status for wrong usage.
uint32_t misused_command(struct shell *shell, const char *who, const char *name,
                         const char *arguments);
// The same of the shell's own command.
uint32_t misused(struct shell *shell, const struct command_arguments *words);
void pipe_finish(struct shell *shell);

// pump.c: takes what is there; whether there was anything.
bool shell_poll(struct shell *shell);
// The same, or waits until there is something.
void shell_pump(struct shell *shell);
// Moves typed keys from the console's Ring into `ahead`; whether there were any.
bool shell_take_keys(struct shell *shell);
// Shows some of what the last program has said, without control characters: they
// are the shell's alone. Whether there was any.
bool shell_take_text(struct shell *shell);
bool shell_job_runs(const struct shell *shell);
// Ends every job that runs.
void shell_end_jobs(struct shell *shell);
// Notes the end of a job, if the message tells one.
void shell_exited(struct shell *shell, const struct ring_message *message);

// init.c. Ends the shell if initd has gone, or closed the connection: a prompt that can start
// nothing would only swallow what is typed for the next one.
void init_look(const struct shell *shell);
// Each returns initd's status, or TIMED_OUT, BAD_FORMAT.
[[nodiscard]] enum status init_next(struct shell *shell, uint32_t after, struct init_entry *entry);
[[nodiscard]] enum status init_inspect(struct shell *shell, uint32_t number, uint64_t *task,
                                       uint64_t *reticle);
[[nodiscard]] enum status init_kill(struct shell *shell, uint32_t number);
[[nodiscard]] enum status init_log(struct shell *shell, struct init_log_text *text,
                                   uint64_t position, size_t *count);
[[nodiscard]] enum status init_stop(struct shell *shell, struct init_power power);
// A line of what a task can obtain; NOT_FOUND after the last.
[[nodiscard]] enum status init_describe(struct shell *shell, const struct init_describe *about,
                                        struct init_described *line);
// The service `debug`. `*memory` is that of the symbols, or HANDLE_NONE.
[[nodiscard]] enum status init_attach(struct shell *shell, uint32_t number,
                                      struct debug_task *about, uint64_t *task, uint64_t *memory);
[[nodiscard]] enum status init_release(struct shell *shell, uint32_t number);
struct init_start {
    const struct command_arguments *words; // from `first` on: program, arguments
    unsigned first;
    uint32_t flags, source;
    struct endpoint_capability ends[2];
    uint16_t end_count;
};
[[nodiscard]] enum status init_run(struct shell *shell, const struct init_start *start,
                                   uint32_t *number);
// The task of that number or name; complains as `command` if there is none or several.
bool init_find(struct shell *shell, const char *command, const char *text,
               struct init_entry *entry);

// execute.c, pipeline.c
uint32_t execute(struct shell *shell, const char *text, size_t length);
void shell_set_status(struct shell *shell, uint32_t status);
uint32_t pipeline_run(struct shell *shell, struct command_span stages);
bool stage_expand(struct shell *shell, unsigned stage);
// Starts the program in shell->words (from `first` on), held before its first instruction,
// for `use`; then waits for its end.
uint32_t pipeline_held(struct shell *shell, unsigned first,
                       uint32_t (*use)(struct shell *shell, uint32_t task, const char *name));

// input.c
void input_begin(struct shell *shell, bool terminal);
void input_end(struct shell *shell);
bool input_feed(struct shell *shell);
// Keys wait for a program that has not opened its input yet.
bool input_waits(const struct shell *shell);

// complete.c
void shell_complete(void *context, const char *text, size_t cursor, struct line_candidates *list);

// names.c: words for numbers.
const char *class_name(uint32_t class);
const char *fault_text(uint32_t kind);
void rights_text(struct text_buffer *text, uint64_t description);
