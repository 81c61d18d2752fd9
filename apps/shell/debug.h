// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The debugger: the command `debug`, and what its parts call of each other. One task at
// a time. initd lends the right to debug it and tells when a thread stops; everything else
// is between the shell and the kernel.
//
// While one thread is looked at all of them stand still: when one stops, the others are
// stopped too, and they go on together. Nothing that is read from the task is believed:
// numbers are shown as they are, text without what a terminal would obey.
//
//   debug.c         the command: attach, commands, release
//   debug_run.c     stop, continue, step, and what a thread stopped for
//   debug_point.c   breakpoints and watchpoints
//   debug_show.c    registers, backtrace, memory, threads
//   debug_value.c   addresses and numbers that are typed
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/capability.h"
#include "lib/command/command.h"
#include "lib/symbols/symbols.h"
#include "services/initd/protocol.h"

struct shell;
struct line_candidates;
struct thread_registers;

constexpr unsigned DEBUG_POINTS = 4; // of the hardware, for each thread

struct debug_point {
    enum watch_kind kind; // WATCH_OFF: free
    uint64_t address;
    uint32_t length; // bytes
};

// A thread, as the kernel tells of it.
struct debug_thread {
    uint64_t number;
    uint32_t kind; // enum fault_kind; FAULT_NONE: it runs
    uint64_t address, pc;
};

struct debugger {
    uint32_t number; // of the task, as initd counts; 0: none is debugged
    char name[INIT_NAME];
    uint64_t task;                // DEBUG, INSPECT
    uint64_t view;                // of the symbols, or HANDLE_NONE
    uint64_t window, window_size; // address space for it, kept
    struct symbols symbols;
    uint64_t thread; // that commands are about; 0: none has stopped yet
    struct debug_point point[DEBUG_POINTS];
    const char *const *commands; // from the command line, or none
    unsigned command_count;
    bool own;    // `debug run` started it: the keyboard is its input while it runs
    bool halted; // every thread stands still
    bool event;  // a thread stopped while others ran
    bool ended;  // the task has ended: `end` tells how
    bool leave;  // `quit` was said
    struct init_exited end;
    struct command_arguments words; // of the debugger's command at hand
};

// debug.c
// Notes an event of the service `debug`.
void debug_event(struct shell *shell, const struct ring_message *message);
// Whether something happened that the prompt must tell of.
bool debug_urgent(const struct shell *shell);
// What Tab offers at the debugger's prompt.
void debug_complete(struct shell *shell, struct line_candidates *list, bool first);
// Complains in the debugger's name.
[[gnu::format(printf, 2, 3)]] uint32_t debug_complain(struct shell *shell, const char *format, ...);

// debug_run.c
// The first thread with a number above `after`: one that stands still, or any.
bool debug_next(const struct debugger *debugger, uint64_t after, bool any,
                struct debug_thread *thread);
// The thread that commands are about; complains unless it stands still.
bool debug_current(struct shell *shell, struct debug_thread *thread);
// Stops what runs; chooses the thread that commands are about, and says why it stopped.
uint32_t debug_halt(struct shell *shell);
// Waits until a thread stops, the task ends, or Ctrl-C stops it.
uint32_t debug_wait(struct shell *shell);

// debug_value.c
bool debug_read(const struct debugger *debugger, uint64_t address, void *bytes, size_t size);
bool debug_number(const char *text, uint64_t *value);
// A number, a register of the current thread, a symbol, or a symbol and +NUMBER. Complains
// if it is none. `symbol` gets the symbol if there was one, otherwise its name is nullptr.
bool debug_address(struct shell *shell, const char *text, uint64_t *value, struct symbol *symbol);
bool debug_registers(struct shell *shell, struct thread_registers *registers);
// Appends ` NAME` or ` NAME+0xOFFSET` if the address is in a symbol of the kind.
void debug_name(struct text_buffer *text, const struct debugger *debugger, uint64_t address,
                enum symbols_kind kind);

// debug_point.c
// Sets the hardware of all threads as the points say.
[[nodiscard]] enum status debug_arm(const struct debugger *debugger);
// Which point the thread stopped at, or DEBUG_POINTS.
unsigned debug_hit(const struct debugger *debugger, const struct debug_thread *thread);

#define DEBUG(name, ...) \
    uint32_t debugger_##name(struct shell *shell, const struct command_arguments *words);
#include "apps/shell/debug.def"
#undef DEBUG
