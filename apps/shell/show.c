// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Commands that look at the system and change nothing: tasks, memory, log, time,
// harts, status, history.
#include "abi/capability.h"
#include "apps/shell/shell.h"
#include "lib/string/string.h"
#include "lib/vectra/status_text.h"
#include "lib/vectra/syscall.h"
#include "lib/vectra/time.h"

static const char *state_name(uint64_t state) {
    static const char *const names[] = {"empty", "runs", "faulted", "ended"};
    return state < sizeof names / sizeof names[0] ? names[state] : "unknown";
}

static void show_task(struct shell *shell, const struct init_entry *entry) {
    uint64_t task, reticle, state = entry->state, status = 0, threads = 0, ran = 0;
    if (init_inspect(shell, entry->task, &task, &reticle) == STATUS_OK) {
        (void)sys_task_info(task, &state, &status, &threads, &ran);
        (void)sys_handle_drop(task);
        (void)sys_handle_drop(reticle);
    }
    say(shell, "%6u  %-12s %-8s %6u %7lu %8lu.%06lu %7u\n", entry->task, entry->name,
        state_name(state), entry->starts, threads, ran / SECOND, ran % SECOND / 1000,
        entry->memory);
}

uint32_t builtin_tasks(struct shell *shell, const struct command_arguments *words) {
    if (words->count != 1) {
        return misused(shell, words);
    }
    say(shell, "  task  name         state    starts threads    seconds ran     KiB\n");
    struct init_entry entry;
    enum status status;
    uint32_t after = 0;
    while ((status = init_next(shell, after, &entry)) == STATUS_OK) {
        show_task(shell, &entry);
        after = entry.task;
    }
    if (status != STATUS_NOT_FOUND) {
        complain(shell, "tasks", status_text(status), "try again");
        return SHELL_FAILED;
    }
    return SHELL_OK;
}

// The books of one Reticle; adds them to `sum`.
static bool show_reticle(struct shell *shell, uint32_t number, const char *name, uint64_t sum[4]) {
    uint64_t task, reticle, book[4];
    if (init_inspect(shell, number, &task, &reticle) != STATUS_OK) {
        return false;
    }
    enum status status = sys_reticle_info(reticle, &book[0], &book[1], &book[2], &book[3]);
    (void)sys_handle_drop(reticle);
    (void)sys_handle_drop(task);
    if (status != STATUS_OK) {
        return false;
    }
    say(shell, "%6u  %-12s %12lu %12lu %12lu %12lu\n", number, name, book[0], book[1], book[2],
        book[3]);
    for (unsigned i = 0; i < 4; i++) {
        sum[i] += book[i];
    }
    return true;
}

uint32_t builtin_memory(struct shell *shell, const struct command_arguments *words) {
    if (words->count != 1) {
        return misused(shell, words);
    }
    say(shell, "  task  name                total    available      objects       tables\n");
    uint64_t sum[4] = {}, pool[4] = {};
    struct init_entry entry;
    for (uint32_t after = 0; init_next(shell, after, &entry) == STATUS_OK; after = entry.task) {
        if (entry.task != INIT_SELF) {
            // A task that ended meanwhile has no Reticle any more.
            (void)show_reticle(shell, entry.task, entry.name, sum);
        }
    }
    say(shell, "        %-12s %12lu %12lu %12lu %12lu\n", "all tasks", sum[0], sum[1], sum[2],
        sum[3]);
    if (!show_reticle(shell, INIT_SELF, "pool", pool)) {
        complain(shell, "memory", "initd does not show its pool", "try again");
        return SHELL_FAILED;
    }
    return SHELL_OK;
}

uint32_t builtin_log(struct shell *shell, const struct command_arguments *words) {
    if (words->count != 1) {
        return misused(shell, words);
    }
    struct init_log_text text = {};
    enum status status;
    size_t count;
    while ((status = init_log(shell, &text, text.next, &count)) == STATUS_OK && count > 0) {
        say(shell, "%.*s", (int)count, text.text);
    }
    if (status != STATUS_OK) {
        complain(shell, "log", status_text(status), "try again");
        return SHELL_FAILED;
    }
    return SHELL_OK;
}

uint32_t builtin_time(struct shell *shell, const struct command_arguments *words) {
    if (words->count == 2 && strcmp(words->word[1], "boot") == 0) {
        say(shell, "%lu ns until the first prompt\n", shell->first_prompt);
        return SHELL_OK;
    }
    if (words->count != 1) {
        return misused(shell, words);
    }
    uint64_t now = time_now();
    say(shell, "%lu.%09lu seconds since boot\n", now / SECOND, now % SECOND);
    return SHELL_OK;
}

uint32_t builtin_harts(struct shell *shell, const struct command_arguments *words) {
    if (words->count != 1) {
        return misused(shell, words);
    }
    uint64_t version, page, harts, thread;
    if (sys_system_info(0, &version, &page, &harts, &thread) != STATUS_OK) {
        complain(shell, "harts", "the kernel does not tell", "want another kernel");
        return SHELL_FAILED;
    }
    say(shell, "  hart  state     seconds idle     switches   interrupts\n");
    for (uint64_t hart = 0; hart < harts; hart++) {
        uint64_t idle, switches, interrupts, state;
        if (sys_system_info(2 + hart, &idle, &switches, &interrupts, &state) == STATUS_OK) {
            say(shell, "%6lu  %-5s %9lu.%06lu %12lu %12lu\n", hart, state != 0 ? "idles" : "runs",
                idle / SECOND, idle % SECOND / 1000, switches, interrupts);
        }
    }
    return SHELL_OK;
}

uint32_t builtin_status(struct shell *shell, const struct command_arguments *words) {
    if (words->count != 1) {
        return misused(shell, words);
    }
    say(shell, "%u\n", shell->status);
    return SHELL_OK;
}

uint32_t builtin_history(struct shell *shell, const struct command_arguments *words) {
    if (words->count != 1) {
        return misused(shell, words);
    }
    const struct line_history *history = &shell->editor.history;
    for (unsigned n = history->count; n > 0; n--) {
        say(shell, "%5u  %s\n", history->count - n + 1, line_recall(history, n));
    }
    return SHELL_OK;
}
