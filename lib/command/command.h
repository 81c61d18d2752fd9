// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The language of the shell's line:
//
//   line     = pipeline { ("&&" | "||" | ";") pipeline }
//   pipeline = command { "|" command }
//   command  = word { word }
//
// Words are parted by blanks. In '...' every character stands for itself; in
// "..." all but $ \ "; outside, \ takes the meaning from the next character. $name,
// ${name} and $? stand for a value, which is never split into words. # before
// a word begins a comment. < > & ( ) ` are kept for later and must be quoted.
//
// A line is parsed as a whole before anything of it runs; variables are looked
// up when a command is about to run, so `set x 1 && echo $x` works.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/status.h"

constexpr size_t COMMAND_TEXT = 1000;      // bytes of a line, and of a command's words
constexpr unsigned COMMAND_WORDS = 128;    // in a line
constexpr unsigned COMMAND_STAGES = 16;    // commands in a line
constexpr unsigned COMMAND_STEPS = 16;     // pipelines in a line
constexpr unsigned COMMAND_ARGUMENTS = 64; // words of one command
constexpr size_t COMMAND_NAME = 31;        // bytes of a variable's name

struct command_error {
    size_t position; // offset of the character that is wrong
    const char *wrong;
    const char *right;
};

// When a pipeline runs, after the one before it.
enum command_join : uint8_t {
    JOIN_ALWAYS, // the first of a line, or after ;
    JOIN_AND,    // if the status is 0
    JOIN_OR,     // if it is not
};

struct command_span {
    uint16_t first, count;
};

struct command_line {
    const char *text; // the caller's; must stay
    unsigned words, stages, steps;
    struct command_span word[COMMAND_WORDS];   // bytes of the text, with quotes
    struct command_span stage[COMMAND_STAGES]; // words
    struct command_span step[COMMAND_STEPS];   // stages
    enum command_join join[COMMAND_STEPS];
};

// The words of one command as it runs: terminated, without quotes.
struct command_arguments {
    unsigned count;
    const char *word[COMMAND_ARGUMENTS];
    size_t used;
    char bytes[COMMAND_TEXT + COMMAND_ARGUMENTS];
};

// The value of a variable (terminated), or nullptr. `name` is terminated.
typedef const char *command_lookup(void *context, const char *name);

// Parses a line. BAD_FORMAT with `error` filled in otherwise. An empty line, or
// one with only a comment, has no steps.
[[nodiscard]] enum status command_parse(const char *text, size_t length, struct command_line *line,
                                        struct command_error *error);

// Makes the words of a stage. NOT_FOUND: a variable that does not exist;
// TOO_LARGE: more bytes than fit; `error` says where. `lookup` may be nullptr: then
// no variable exists.
[[nodiscard]] enum status command_expand(const struct command_line *line, unsigned stage,
                                         command_lookup *lookup, void *context,
                                         struct command_arguments *arguments,
                                         struct command_error *error);

// Writes words so that command_parse gives them back: parted by blanks, quoted
// where needed. The text is terminated. TOO_LARGE: it does not fit.
[[nodiscard]] enum status command_join_words(const char *const *word, unsigned count, char *text,
                                             size_t size);

// The words of a text made by command_join_words: how a program reads its
// "argument". BAD_FORMAT or TOO_LARGE, and `arguments` empty, for anything else.
[[nodiscard]] enum status command_split(const char *text, struct command_arguments *arguments);

// Whether the text may name a variable: a letter or _, then letters, digits and _.
bool command_is_name(const char *text, size_t length);

// Where the last word before `cursor` begins, and whether it is the first of its
// command: what a completion needs. Quotes are seen as ordinary characters.
size_t command_last_word(const char *text, size_t cursor, bool *first);
