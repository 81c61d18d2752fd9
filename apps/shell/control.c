// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Commands that change something: set, run, kill, restart, poweroff, reboot.
#include "abi/capability.h"
#include "apps/shell/shell.h"
#include "lib/string/string.h"
#include "lib/vectra/status_text.h"
#include "lib/vectra/time.h"

constexpr uint64_t RESTART_PATIENCE = 5 * SECOND;
constexpr uint32_t STATUS_MOST = 123; // the runner needs those above

static void set_list(struct shell *shell) {
    const char *name, *value;
    for (size_t at = 0; variables_next(&shell->variables, &at, &name, &value);) {
        char quoted[COMMAND_TEXT];
        if (command_join_words(&value, 1, quoted, sizeof quoted) == STATUS_OK) {
            say(shell, "set %s %s\n", name, quoted);
        }
    }
}

uint32_t builtin_set(struct shell *shell, const struct command_arguments *words) {
    if (words->count > 3) {
        complain(shell, "set", "there is more than one value", "want it in '...'");
        return SHELL_USAGE;
    }
    if (words->count == 1) {
        set_list(shell);
        return SHELL_OK;
    }
    if (words->count == 2) {
        const char *value = variables_find(&shell->variables, words->word[1]);
        if (value == nullptr) {
            complain(shell, "set", "no variable has this name", "`set NAME VALUE` makes one");
            return SHELL_FAILED;
        }
        say(shell, "%s\n", value);
        return SHELL_OK;
    }
    switch (variables_set(&shell->variables, words->word[1], words->word[2])) {
    case STATUS_OK:
        return SHELL_OK;
    case STATUS_TOO_LARGE:
        complain(shell, "set", "there is no room for it", "want at most 2048 bytes in all");
        return SHELL_FAILED;
    default:
        complain(shell, "set", "this is no name",
                 "want letters, digits and _, 31 at most, no digit first");
        return SHELL_USAGE;
    }
}

// The pipeline takes `run` away; it comes here only without a program.
uint32_t builtin_run(struct shell *shell, const struct command_arguments *words) {
    return misused(shell, words);
}

// Waits until the task is cleared away, with its Rings. Each question lets initd
// do its work in between.
static void await_end(struct shell *shell, uint32_t number) {
    struct init_entry entry;
    uint64_t deadline = time_now() + RESTART_PATIENCE;
    while (init_next(shell, number - 1, &entry) == STATUS_OK && entry.task == number &&
           time_now() < deadline) {
    }
    endpoint_refresh(&shell->console); // in case that it was the console
}

// Ends the task that words[1] names. Since that may be the console, what is on its
// way to the screen goes first, and keys that it has read are taken from it.
static uint32_t end_task(struct shell *shell, const struct command_arguments *words,
                         struct init_entry *entry) {
    if (words->count != 2) {
        return misused(shell, words);
    }
    const char *command = words->word[0];
    if (!init_find(shell, command, words->word[1], entry)) {
        return SHELL_FAILED;
    }
    (void)screen_drain(shell);
    (void)shell_take_keys(shell);
    enum status status = init_kill(shell, entry->task);
    if (status == STATUS_ACCESS) {
        complain_about(shell, command, "%s: everything would end with it: want `reboot`",
                       entry->name);
        return SHELL_FAILED;
    }
    if (status != STATUS_OK) {
        complain_about(shell, command, "%s: %s: want a task that runs", entry->name,
                       status_text(status));
        return SHELL_FAILED;
    }
    await_end(shell, entry->task);
    return SHELL_OK;
}

uint32_t builtin_kill(struct shell *shell, const struct command_arguments *words) {
    struct init_entry entry;
    return end_task(shell, words, &entry);
}

// Whether a program of that name runs that was started after `before` was.
static bool is_back(struct shell *shell, const struct init_entry *before) {
    struct init_entry entry;
    for (uint32_t after = 0; init_next(shell, after, &entry) == STATUS_OK; after = entry.task) {
        if (strcmp(entry.name, before->name) == 0 && entry.starts > before->starts &&
            entry.state == TASK_RUNNING) {
            return true;
        }
    }
    return false;
}

uint32_t builtin_restart(struct shell *shell, const struct command_arguments *words) {
    struct init_entry before;
    uint32_t status = end_task(shell, words, &before);
    if (status != SHELL_OK) {
        return status;
    }
    uint64_t deadline = time_now() + RESTART_PATIENCE;
    while (!is_back(shell, &before)) {
        if (time_now() > deadline) {
            complain_about(shell, "restart",
                           "%s does not come back: want `restart always` in its "
                           "manifest",
                           before.name);
            return SHELL_FAILED;
        }
        time_sleep_until(time_now() + MILLISECOND);
    }
    return SHELL_OK;
}

static uint32_t stop(struct shell *shell, const char *command, struct init_power power) {
    (void)screen_drain(shell);
    enum status status = init_stop(shell, power);
    complain(shell, command, status_text(status), "want a machine that can be turned off");
    return SHELL_FAILED;
}

uint32_t builtin_poweroff(struct shell *shell, const struct command_arguments *words) {
    struct init_power power = {.action = INIT_POWER_OFF};
    const char *text = words->count == 2 ? words->word[1] : "0";
    bool valid = words->count <= 2 && text[0] != 0;
    for (; valid && *text != 0; text++) {
        power.status = power.status * 10 + (uint32_t)(*text - '0');
        valid = *text >= '0' && *text <= '9' && power.status <= STATUS_MOST;
    }
    if (!valid) {
        complain(shell, "poweroff", "this is no status", "want a number from 0 to 123");
        return SHELL_USAGE;
    }
    return stop(shell, "poweroff", power);
}

uint32_t builtin_reboot(struct shell *shell, const struct command_arguments *words) {
    if (words->count != 1) {
        return misused(shell, words);
    }
    return stop(shell, "reboot", (struct init_power){.action = INIT_RESET});
}
