// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The table of commands, made from commands.def.
#pragma once

#include <stdint.h>

struct shell;
struct command_arguments;

// A command inside of the shell: returns its status. words[0] is its name.
typedef uint32_t builtin(struct shell *shell, const struct command_arguments *words);

struct command {
    const char *name;
    const char *arguments; // as in its usage
    const char *sentence;
    const char *text;
    builtin *run; // nullptr: a program
};

// The n-th command, or nullptr after the last.
const struct command *command_at(unsigned n);

// The command of that name, or nullptr.
const struct command *command_find(const char *name);

// A line of a list of commands.
void say_command(struct shell *shell, const char *name, const char *arguments,
                 const char *sentence);

#define BUILTIN(name, ...) builtin builtin_##name;
#define PROGRAM(...)
#include "apps/shell/commands.def"
#undef BUILTIN
#undef PROGRAM
