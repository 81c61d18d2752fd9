// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The table of commands, and `help`, which prints it.
#include "apps/shell/table.h"

#include "apps/shell/shell.h"
#include "lib/string/string.h"

static const struct command table[] = {
#define BUILTIN(name, arguments, sentence, text) {#name, arguments, sentence, text, builtin_##name},
#define PROGRAM(name, arguments, sentence, text) {#name, arguments, sentence, text, nullptr},
#include "apps/shell/commands.def"
#undef BUILTIN
#undef PROGRAM
};

const struct command *command_at(unsigned n) {
    return n < sizeof table / sizeof table[0] ? &table[n] : nullptr;
}

const struct command *command_find(const char *name) {
    for (unsigned n = 0; command_at(n) != nullptr; n++) {
        if (strcmp(table[n].name, name) == 0) {
            return &table[n];
        }
    }
    return nullptr;
}

void say_command(struct shell *shell, const char *name, const char *arguments,
                 const char *sentence) {
    char usage[40];
    struct text_buffer text;
    text_start(&text, usage, sizeof usage);
    text_format(&text, "%s %s", name, arguments);
    say(shell, "  %-27s %s\n", usage, sentence);
}

static void help_all(struct shell *shell) {
    for (unsigned n = 0; command_at(n) != nullptr; n++) {
        say_command(shell, table[n].name, table[n].arguments, table[n].sentence);
    }
    say(shell,
        "a | b: output into input; a && b: b if a succeeded; a || b: b if not; a ; b\n"
        "Tab completes, Up and Down recall, Ctrl-C ends what runs. `help COMMAND` tells more.\n");
}

uint32_t builtin_help(struct shell *shell, const struct command_arguments *words) {
    if (words->count > 2) {
        return misused(shell, words);
    }
    if (words->count == 1) {
        help_all(shell);
        return 0;
    }
    const struct command *command = command_find(words->word[1]);
    if (command == nullptr) {
        complain(shell, "help", "there is no such command", "`help` lists them");
        return 1;
    }
    say(shell, "usage: %s%s%s\n%s\n%s", command->name, *command->arguments != '\0' ? " " : "",
        command->arguments, command->sentence, command->text);
    return 0;
}
