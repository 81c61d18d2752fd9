// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Stopping and going on. initd's event is only a hint: whether a thread stands still is
// asked of the kernel, before each wait and after it, so that no stop is missed and none
// is told twice.
#include "apps/shell/debug.h"
#include "apps/shell/machine.h"
#include "apps/shell/shell.h"
#include "lib/vectra/syscall.h"
#include "lib/vectra/time.h"

#include <machine/registers.h>
#include <stddef.h>

constexpr uint64_t STOP_PATIENCE = SECOND;
constexpr uint64_t STEPS_MOST = 1000000;

bool debug_next(const struct debugger *debugger, uint64_t after, bool any,
                struct debug_thread *thread) {
    uint64_t kind;
    if (sys_thread_fault(debugger->task, after, any, &thread->number, &kind, &thread->address,
                         &thread->pc) != STATUS_OK) {
        return false;
    }
    thread->kind = kind & 0xff;
    return true;
}

static bool stands(const struct debugger *debugger, uint64_t number, struct debug_thread *thread) {
    return number != 0 && debug_next(debugger, number - 1, false, thread) &&
           thread->number == number;
}

bool debug_current(struct shell *shell, struct debug_thread *thread) {
    struct debugger *debugger = &shell->debugger;
    if (stands(debugger, debugger->thread, thread)) {
        return true;
    }
    if (debug_next(debugger, 0, false, thread)) {
        debugger->thread = thread->number;
        return true;
    }
    debug_complain(shell, "it runs: want `stop` first");
    return false;
}

// Asks all that run to stop, and waits until they do. One that ends meanwhile is as good.
static void stop_all(struct shell *shell) {
    const struct debugger *debugger = &shell->debugger;
    uint64_t deadline = time_now() + STOP_PATIENCE;
    bool runs = true;
    for (bool asked = false; runs && time_now() < deadline; asked = true) {
        struct debug_thread thread;
        runs = false;
        // One that makes threads all the time does not hold this up beyond its patience.
        for (uint64_t after = 0;
             time_now() < deadline && debug_next(debugger, after, true, &thread);
             after = thread.number) {
            if (thread.kind != FAULT_NONE) {
                continue;
            }
            runs = true;
            if (!asked) {
                (void)sys_thread_control(debugger->task, thread.number, RESUME_STOP);
            }
        }
        if (runs) {
            time_sleep_until(time_now() + MILLISECOND);
        }
    }
}

static void reason_text(struct text_buffer *text, const struct debugger *debugger,
                        const struct debug_thread *thread) {
    unsigned point = debug_hit(debugger, thread);
    if (point < DEBUG_POINTS) {
        bool code = debugger->point[point].kind == WATCH_EXECUTE;
        text_format(text, "%s %u", code ? "breakpoint" : "watchpoint", point);
    } else if (thread->kind == FAULT_WATCH) {
        text_append(text, "at its first instruction");
    } else if (thread->kind == FAULT_STOPPED || thread->kind == FAULT_STEP) {
        text_append(text, thread->kind == FAULT_STEP ? "stepped" : "stopped");
    } else {
        text_append(text, fault_text(thread->kind));
        if (thread->address != thread->pc) {
            text_format(text, " at 0x%lx", thread->address);
        }
    }
}

static void say_stop(struct shell *shell, const struct debug_thread *thread) {
    const struct debugger *debugger = &shell->debugger;
    char reason[128], name[SYMBOLS_NAME + 32];
    struct text_buffer text;
    text_start(&text, reason, sizeof reason);
    reason_text(&text, debugger, thread);
    text_start(&text, name, sizeof name);
    debug_name(&text, debugger, thread->pc, SYMBOLS_CODE);
    if (shell->line_open) {
        say(shell, "\n");
    }
    say(shell, "thread %lu: %s: 0x%lx%s\n", thread->number, reason, thread->pc, name);
}

// The thread that commands are about next: one with something to tell, if there is one.
static bool choose(const struct debugger *debugger, struct debug_thread *chosen) {
    struct debug_thread thread;
    bool found = stands(debugger, debugger->thread, chosen);
    for (uint64_t after = 0; debug_next(debugger, after, false, &thread); after = thread.number) {
        if (!found || (chosen->kind == FAULT_STOPPED && thread.kind != FAULT_STOPPED)) {
            *chosen = thread;
            found = true;
        }
    }
    return found;
}

uint32_t debug_halt(struct shell *shell) {
    struct debugger *debugger = &shell->debugger;
    struct debug_thread thread;
    stop_all(shell);
    if (!choose(debugger, &thread)) {
        return debug_complain(shell, "no thread stops: want a task that has not ended");
    }
    debugger->halted = true;
    debugger->event = false;
    debugger->thread = thread.number;
    say_stop(shell, &thread);
    return SHELL_OK;
}

// Until a thread stands still (the one named, or any), or there is another reason to go back
// to the prompt. The program's text is shown, and keys are its input, if they are to be.
static bool await(struct shell *shell, uint64_t number) {
    struct debugger *debugger = &shell->debugger;
    struct debug_thread thread;
    shell->terminal = debugger->own;
    bool stopped = false;
    // Keys and events are looked at even if it never has to wait: a million steps can be
    // broken off, and initd's events do not pile up.
    (void)shell_poll(shell);
    while (!stopped && !debugger->ended && !shell->interrupted) {
        debugger->event = false;
        stopped = number != 0 ? stands(debugger, number, &thread)
                              : debug_next(debugger, 0, false, &thread);
        if (!stopped) {
            shell_pump(shell);
        }
    }
    input_end(shell);
    while (shell_take_text(shell)) {
    }
    return stopped;
}

uint32_t debug_wait(struct shell *shell) {
    (void)await(shell, 0);
    shell->interrupted = false;
    return shell->debugger.ended ? SHELL_OK : debug_halt(shell);
}

// A breakpoint instruction would be met again.
static void pass_breakpoint(const struct debugger *debugger, const struct debug_thread *thread) {
    struct thread_registers registers;
    if (thread->kind == FAULT_BREAKPOINT && machine_breakpoint_size != 0 &&
        sys_thread_registers(debugger->task, thread->number, (uint64_t)&registers, 0) ==
            STATUS_OK &&
        registers.pc == thread->pc) {
        registers.pc += machine_breakpoint_size;
        (void)sys_thread_registers(debugger->task, thread->number, (uint64_t)&registers, 1);
    }
}

// All that stand go on. One that those make meanwhile has a higher number, and may have come to a
// breakpoint by now, which is to be told.
static enum status go(struct shell *shell) {
    struct debugger *debugger = &shell->debugger;
    struct debug_thread thread;
    enum status status = debug_arm(debugger);
    uint64_t last = 0, after;
    while (debug_next(debugger, last, false, &thread)) {
        last = thread.number;
    }
    debugger->halted = false;
    for (after = 0;
         after < last && debug_next(debugger, after, false, &thread) && thread.number <= last;
         after = thread.number) {
        pass_breakpoint(debugger, &thread);
        (void)sys_thread_control(debugger->task, thread.number, RESUME_CONTINUE);
    }
    return status;
}

uint32_t debugger_continue(struct shell *shell, const struct command_arguments *words) {
    (void)words;
    if (go(shell) != STATUS_OK) {
        (void)debug_complain(shell, "a thread could not be given its breakpoints");
    }
    return debug_wait(shell);
}

uint32_t debugger_stop(struct shell *shell, const struct command_arguments *words) {
    (void)words;
    return debug_halt(shell);
}

uint32_t debugger_step(struct shell *shell, const struct command_arguments *words) {
    struct debugger *debugger = &shell->debugger;
    struct debug_thread thread;
    uint64_t count = 1;
    if (words->count > 1 &&
        (!debug_number(words->word[1], &count) || count == 0 || count > STEPS_MOST)) {
        return debug_complain(shell, "`%s` is no count: want 1 to %lu", words->word[1], STEPS_MOST);
    }
    if (!debug_current(shell, &thread) || debug_arm(debugger) != STATUS_OK) {
        return SHELL_FAILED;
    }
    bool whole = true;
    for (uint64_t i = 0; i < count && whole; i++) {
        debugger->halted = false;
        pass_breakpoint(debugger, &thread);
        if (sys_thread_control(debugger->task, thread.number, RESUME_STEP) != STATUS_OK) {
            return debug_complain(shell, "thread %lu cannot be stepped: want one that stands still",
                                  thread.number);
        }
        // A breakpoint, a watchpoint or a fault on the way ends it.
        whole = await(shell, thread.number) && stands(debugger, thread.number, &thread) &&
                thread.kind == FAULT_STEP;
    }
    shell->interrupted = false;
    return debugger->ended ? SHELL_OK : debug_halt(shell);
}
