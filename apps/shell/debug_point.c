// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Breakpoints and watchpoints: the hardware's, so nothing is written into text that
// other tasks share. Every thread has its own; what stands here is given to all of them.
// Threads that these make have it from the kernel.
#include "abi/layout.h"
#include "apps/shell/debug.h"
#include "apps/shell/shell.h"
#include "lib/vectra/syscall.h"

enum status debug_arm(const struct debugger *debugger) {
    struct debug_thread thread;
    enum status result = STATUS_OK;
    for (uint64_t after = 0; debug_next(debugger, after, true, &thread); after = thread.number) {
        for (unsigned i = 0; i < DEBUG_POINTS; i++) {
            // One that is off still needs an address and a length.
            const struct debug_point off = {WATCH_OFF, USER_BASE, 1};
            const struct debug_point *set = &debugger->point[i];
            const struct debug_point *point = set->kind == WATCH_OFF ? &off : set;
            enum status status = sys_thread_watchpoint(debugger->task, thread.number, i,
                                                       point->address, point->length, point->kind);
            // A machine with fewer has nothing to clear there.
            if (status != STATUS_OK && point->kind != WATCH_OFF) {
                result = status;
            }
        }
    }
    return result;
}

unsigned debug_hit(const struct debugger *debugger, const struct debug_thread *thread) {
    for (unsigned i = 0; i < DEBUG_POINTS && thread->kind == FAULT_WATCH; i++) {
        const struct debug_point *point = &debugger->point[i];
        bool code = point->kind == WATCH_EXECUTE && point->address == thread->pc;
        bool data = point->kind == WATCH_WRITE && thread->address >= point->address &&
                    thread->address - point->address < point->length;
        if (code || data) {
            return i;
        }
    }
    return DEBUG_POINTS;
}

static void say_point(struct shell *shell, unsigned number) {
    const struct debug_point *point = &shell->debugger.point[number];
    bool code = point->kind == WATCH_EXECUTE;
    char name[SYMBOLS_NAME + 32];
    struct text_buffer text;
    text_start(&text, name, sizeof name);
    debug_name(&text, &shell->debugger, point->address, code ? SYMBOLS_CODE : SYMBOLS_DATA);
    say(shell, "%s %u: 0x%lx%s\n", code ? "breakpoint" : "watchpoint", number, point->address,
        text.data);
}

static uint32_t add(struct shell *shell, const struct debug_point *point) {
    struct debugger *debugger = &shell->debugger;
    struct debug_thread thread;
    unsigned number = 0;
    while (number < DEBUG_POINTS && debugger->point[number].kind != WATCH_OFF) {
        number++;
    }
    if (number == DEBUG_POINTS) {
        return debug_complain(shell, "all %u are used: `delete` frees one", DEBUG_POINTS);
    }
    if (!debug_current(shell, &thread)) {
        return SHELL_FAILED;
    }
    debugger->point[number] = *point;
    enum status status = debug_arm(debugger);
    if (status != STATUS_OK) {
        debugger->point[number] = (struct debug_point){};
        (void)debug_arm(debugger);
        return debug_complain(shell, "0x%lx: %s", point->address,
                              status == STATUS_UNSUPPORTED
                                  ? "the machine has no more: `delete` frees one"
                                  : "want an address of the task, a multiple of the bytes");
    }
    say_point(shell, number);
    return SHELL_OK;
}

uint32_t debugger_break(struct shell *shell, const struct command_arguments *words) {
    struct debug_point point = {.kind = WATCH_EXECUTE, .length = 1};
    struct symbol symbol;
    if (!debug_address(shell, words->word[1], &point.address, &symbol)) {
        return SHELL_FAILED;
    }
    return add(shell, &point);
}

uint32_t debugger_watch(struct shell *shell, const struct command_arguments *words) {
    struct debug_point point = {.kind = WATCH_WRITE};
    struct symbol symbol;
    if (!debug_address(shell, words->word[1], &point.address, &symbol)) {
        return SHELL_FAILED;
    }
    uint64_t bytes = symbol.name != nullptr && symbol.size < 8 ? symbol.size : 8;
    bool good = words->count < 3 || debug_number(words->word[2], &bytes);
    if (!good || (bytes != 1 && bytes != 2 && bytes != 4 && bytes != 8)) {
        return debug_complain(shell, "it cannot watch so many bytes: want 1, 2, 4 or 8");
    }
    point.length = (uint32_t)bytes;
    return add(shell, &point);
}

uint32_t debugger_points(struct shell *shell, const struct command_arguments *words) {
    (void)words;
    for (unsigned i = 0; i < DEBUG_POINTS; i++) {
        if (shell->debugger.point[i].kind != WATCH_OFF) {
            say_point(shell, i);
        }
    }
    return SHELL_OK;
}

uint32_t debugger_delete(struct shell *shell, const struct command_arguments *words) {
    struct debugger *debugger = &shell->debugger;
    struct debug_thread thread;
    uint64_t number = 0;
    bool all = words->count == 1;
    if (!all && (!debug_number(words->word[1], &number) || number >= DEBUG_POINTS ||
                 debugger->point[number].kind == WATCH_OFF)) {
        return debug_complain(shell, "there is no `%s`: `points` lists them", words->word[1]);
    }
    if (!debug_current(shell, &thread)) {
        return SHELL_FAILED;
    }
    for (unsigned i = 0; i < DEBUG_POINTS; i++) {
        if (all || i == number) {
            debugger->point[i] = (struct debug_point){};
        }
    }
    return debug_arm(debugger) == STATUS_OK ? SHELL_OK : SHELL_FAILED;
}
