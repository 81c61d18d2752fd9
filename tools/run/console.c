// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The console's lines and marks. The current line is kept as cells with a
// cursor, as on a terminal, so that a line that was edited and redrawn comes
// out once and whole, and so that a program cannot fake a line by moving the
// cursor. Any mark of the shell after a last word shows that it was not the
// last word: `echo panic: no` is not a panic.
#include "tools/run/console.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void console_start(struct console *console, bool plain) {
    *console = (struct console){.plain = plain, .answered = true};
}

void console_typed(struct console *console) {
    console->ready = false;
    console->answered = false;
}

static size_t line_text(const struct console *console, char *text, size_t room) {
    size_t size = 0;
    for (size_t at = 0; at < console->width && size + 5 < room; at++) {
        size_t count = strnlen(console->cell[at], 4);
        memcpy(text + size, console->cell[at], count);
        size += count;
    }
    text[size] = '\0';
    return size;
}

static const char *after(const char *text, const char *start) {
    size_t size = strlen(start);
    return strncmp(text, start, size) == 0 ? text + size : nullptr;
}

// The lines by which the system ends. Why the root Task gave up, it says itself.
static void line_judge(struct console *console, const char *text) {
    const char *root = after(text, "root: ");
    const char *off = after(text, "vectra: power off, status ");
    const char *panic = after(text, "panic: ");
    if (root != nullptr) {
        snprintf(console->root, sizeof console->root, "%s", root);
    } else if (off != nullptr) {
        console->outcome = CONSOLE_POWER_OFF;
        console->off_status = (unsigned)strtoul(off, nullptr, 10);
    } else if (panic != nullptr) {
        console->outcome = CONSOLE_PANIC;
        bool of_root = console->root[0] != '\0' && after(panic, "the root Task ") != nullptr;
        snprintf(console->sentence, sizeof console->sentence, "%s",
                 of_root ? console->root : panic);
    }
}

static void line_end(struct console *console, const char *end) {
    static char text[4 * CONSOLE_COLUMNS + 8];
    size_t size = line_text(console, text, sizeof text);
    line_judge(console, text);
    if (console->plain) {
        fwrite(text, 1, size, stdout);
        fputs(end, stdout);
        fflush(stdout);
    }
    console->column = console->width = 0;
}

void console_finish(struct console *console) {
    if (console->width > 0) {
        line_end(console, "\n");
    }
}

static void put(struct console *console, uint8_t byte) {
    if ((byte & 0xc0) == 0x80) { // continues the character before
        if (console->column > 0) {
            char *cell = console->cell[console->column - 1];
            size_t count = strnlen(cell, 4);
            if (count < 4) {
                cell[count] = (char)byte;
            }
        }
        return;
    }
    if (console->column == CONSOLE_COLUMNS) {
        line_end(console, "");
    }
    while (console->width <= console->column) {
        memcpy(console->cell[console->width++], " \0\0", 4);
    }
    memset(console->cell[console->column], 0, 4);
    console->cell[console->column++][0] = (char)byte;
}

static void text(struct console *console, uint8_t byte) {
    switch (byte) {
    case 0x1b:
        console->state = CONSOLE_ESCAPE;
        console->parameter_size = 0;
        break;
    case '\n':
        line_end(console, "\n");
        break;
    case '\r':
        console->column = 0;
        break;
    case '\b':
        console->column -= console->column > 0;
        break;
    default:
        if (byte >= 0x20 || byte == '\t') {
            put(console, byte);
        }
    }
}

static size_t at_most(size_t value, size_t limit) {
    return value < limit ? value : limit;
}

// ESC [ PARAMETER FINAL: those by which a line editor moves and erases.
static void control(struct console *console, char final) {
    size_t value = (size_t)strtoul(console->parameter, nullptr, 10);
    size_t count = value == 0 ? 1 : value;
    size_t rest = console->width - at_most(console->column, console->width);
    char(*cell)[4] = console->cell + console->column;
    switch (final) {
    case 'C':
        console->column = at_most(console->column + count, CONSOLE_COLUMNS - 1);
        break;
    case 'D':
        console->column -= at_most(count, console->column);
        break;
    case 'G':
        console->column = at_most(count, CONSOLE_COLUMNS) - 1;
        break;
    case 'J':
    case 'K':
        console->width = value == 2 ? 0 : at_most(console->width, console->column);
        break;
    case 'P': // delete characters
        count = at_most(count, rest);
        memmove(cell, cell + count, (rest - count) * 4);
        console->width -= count;
        break;
    default:
        break; // colours and the like
    }
}

// ESC ] PARAMETER BEL: the shell's marks.
static void mark(struct console *console) {
    if (strncmp(console->parameter, "133;", 4) != 0) {
        return;
    }
    console->outcome = CONSOLE_RUNNING;
    switch (console->parameter[4]) {
    case 'B':
        console->came_up = true;
        console->ready = console->ready || console->answered;
        break;
    case 'C':
        console->answered = true;
        break;
    case 'D':
        console->answered = true;
        if (console->parameter[5] == ';') {
            console->last_status = (unsigned)strtoul(console->parameter + 6, nullptr, 10);
        }
        break;
    default:
        break;
    }
}

static void collect(struct console *console, uint8_t byte) {
    if (console->parameter_size + 1 < sizeof console->parameter) {
        console->parameter[console->parameter_size++] = (char)byte;
    }
    console->parameter[console->parameter_size] = '\0';
}

static void escape(struct console *console, uint8_t byte) {
    console->parameter[0] = '\0';
    console->state = byte == '[' ? CONSOLE_CONTROL : byte == ']' ? CONSOLE_COMMAND : CONSOLE_TEXT;
}

static void command(struct console *console, uint8_t byte) {
    if (byte == 0x07) {
        console->state = CONSOLE_TEXT;
        mark(console);
    } else if (byte == 0x1b) {
        console->state = CONSOLE_COMMAND_END;
    } else {
        collect(console, byte);
    }
}

void console_feed(struct console *console, const uint8_t *bytes, size_t size) {
    for (size_t at = 0; at < size; at++) {
        uint8_t byte = bytes[at];
        switch (console->state) {
        case CONSOLE_TEXT:
            text(console, byte);
            break;
        case CONSOLE_ESCAPE:
            escape(console, byte);
            break;
        case CONSOLE_CONTROL:
            if (byte >= 0x40 && byte <= 0x7e) {
                console->state = CONSOLE_TEXT;
                control(console, (char)byte);
            } else {
                collect(console, byte);
            }
            break;
        case CONSOLE_COMMAND:
            command(console, byte);
            break;
        case CONSOLE_COMMAND_END:
            console->state = CONSOLE_TEXT;
            mark(console);
            break;
        }
    }
}
