// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// A line: its pipelines one after the other, as && || and ; say.
#include "apps/shell/shell.h"
#include "lib/string/string.h"

void shell_set_status(struct shell *shell, uint32_t status) {
    struct text_buffer text;
    shell->status = status;
    text_start(&text, shell->status_text, sizeof shell->status_text);
    text_append_unsigned(&text, status);
}

static const char *lookup(void *context, const char *name) {
    struct shell *shell = context;
    if (strcmp(name, "?") == 0 || strcmp(name, "status") == 0) {
        return shell->status_text;
    }
    return variables_find(&shell->variables, name);
}

static void complain_at(struct shell *shell, const struct command_error *error) {
    complain_about(shell, "shell", "%s at column %lu: %s", error->wrong,
                   (unsigned long)error->position + 1, error->right);
}

bool stage_expand(struct shell *shell, unsigned stage) {
    struct command_error error;
    if (command_expand(&shell->line, stage, lookup, shell, &shell->words, &error) != STATUS_OK) {
        complain_at(shell, &error);
        return false;
    }
    return true;
}

uint32_t execute(struct shell *shell, const char *text, size_t length) {
    struct command_error error;
    shell->interrupted = false;
    if (command_parse(text, length, &shell->line, &error) != STATUS_OK) {
        complain_at(shell, &error);
        shell_set_status(shell, SHELL_USAGE);
        return SHELL_USAGE;
    }
    for (unsigned step = 0; step < shell->line.steps && !shell->interrupted; step++) {
        enum command_join join = shell->line.join[step];
        bool skipped =
            join == JOIN_AND ? shell->status != 0 : join == JOIN_OR && shell->status == 0;
        if (!skipped) {
            shell_set_status(shell, pipeline_run(shell, shell->line.step[step]));
        }
    }
    return shell->status;
}
