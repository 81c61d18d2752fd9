// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// What the machine writes on its serial console, read as a person would: lines
// after all editing, and the marks that the shell sets around prompts (OSC 133:
// A before a prompt, B after it, C before a command's output, D;STATUS after).
#pragma once

#include <stddef.h>
#include <stdint.h>

constexpr size_t CONSOLE_COLUMNS = 4096;
constexpr size_t CONSOLE_SENTENCE = 256;

enum console_outcome : uint32_t {
    CONSOLE_RUNNING,
    CONSOLE_POWER_OFF, // `vectra: power off, status N` was the last line
    CONSOLE_PANIC,     // `panic: SENTENCE` was said, and no prompt came after it
};

enum console_state : uint32_t { // of the escape sequence parser
    CONSOLE_TEXT,
    CONSOLE_ESCAPE,     // after ESC
    CONSOLE_CONTROL,    // after ESC [
    CONSOLE_COMMAND,    // after ESC ], until BEL or ESC backslash
    CONSOLE_COMMAND_END // after ESC inside of it
};

struct console {
    bool plain; // write finished lines to standard output, without escapes

    bool ready;   // the shell waits for a line, and none was typed
    bool came_up; // a prompt was there once
    unsigned last_status;
    enum console_outcome outcome;
    unsigned off_status;
    char sentence[CONSOLE_SENTENCE]; // of the panic
    char root[CONSOLE_SENTENCE];     // the last one of the root Task

    bool answered; // since the last line was typed, its command began or ended
    enum console_state state;
    char parameter[64]; // of the escape sequence; what is longer is cut off
    size_t parameter_size;
    size_t column, width;
    char cell[CONSOLE_COLUMNS][4]; // one UTF-8 character each, zero-padded
};

void console_start(struct console *console, bool plain);

// Takes what the machine wrote.
void console_feed(struct console *console, const uint8_t *bytes, size_t size);

// A line was typed: the console is ready again at the next prompt.
void console_typed(struct console *console);

// Writes a line that has not ended yet.
void console_finish(struct console *console);
