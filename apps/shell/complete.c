// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// What Tab offers: commands where a command stands; names of Tasks, commands,
// programs or variables as arguments of those that take them.
#include "apps/shell/shell.h"
#include "lib/string/string.h"

static bool is_word(const char *text, size_t length, const char *word) {
    return strlen(word) == length && memcmp(text, word, length) == 0;
}

static void offer_commands(struct line_candidates *list, bool builtins, bool programs) {
    const struct command *command;
    for (unsigned n = 0; (command = command_at(n)) != nullptr; n++) {
        if (command->run != nullptr ? builtins : programs) {
            line_offer(list, command->name);
        }
    }
}

static void offer_tasks(struct shell *shell, struct line_candidates *list) {
    struct init_entry entry;
    uint32_t after = 0;
    for (unsigned i = 0; i < LINE_CANDIDATES && init_next(shell, after, &entry) == STATUS_OK; i++) {
        memcpy(shell->names[i], entry.name, INIT_NAME);
        line_offer(list, shell->names[i]);
        after = entry.task;
    }
}

static void offer_variables(struct shell *shell, struct line_candidates *list) {
    const char *name, *value;
    for (size_t at = 0; variables_next(&shell->variables, &at, &name, &value);) {
        line_offer(list, name);
    }
}

// The first word of the command that the word at `start` belongs to.
static const char *command_word(const char *text, size_t start, size_t *length) {
    bool first = false;
    size_t end = start, at = start;
    while (!first) {
        while (at > 0 && text[at - 1] == ' ') {
            at--;
        }
        end = at;
        at = command_last_word(text, at, &first);
    }
    *length = end - at;
    return text + at;
}

void shell_complete(void *context, const char *text, size_t cursor, struct line_candidates *list) {
    struct shell *shell = context;
    bool first;
    size_t start = command_last_word(text, cursor, &first);
    list->word = text + start;
    list->length = cursor - start;
    if (list->length > 0 && list->word[0] == '$') {
        list->word++;
        list->length--;
        offer_variables(shell, list);
        return;
    }
    if (!shell->prompting) {
        return; // input of a program
    }
    if (shell->debugger.number != 0) {
        debug_complete(shell, list, first);
        return;
    }
    if (first) {
        offer_commands(list, true, true);
        return;
    }
    size_t length;
    const char *command = command_word(text, start, &length);
    if (is_word(command, length, "help")) {
        offer_commands(list, true, true);
    } else if (is_word(command, length, "run")) {
        offer_commands(list, false, true);
    } else if (is_word(command, length, "set")) {
        offer_variables(shell, list);
    } else if (is_word(command, length, "kill") || is_word(command, length, "restart") ||
               is_word(command, length, "authority") || is_word(command, length, "debug")) {
        offer_tasks(shell, list);
    }
}
