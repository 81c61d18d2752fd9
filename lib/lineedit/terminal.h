// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// For tests only: a terminal of one row that understands what the editor sends,
// so that a test can compare what a person sees with what the line is.
#pragma once

#include "lib/lineedit/private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

constexpr unsigned TERMINAL_CELLS = 512;

struct terminal {
    char cell[TERMINAL_CELLS][8]; // a character with what combines with it; "" right of a wide one
    unsigned column;
    unsigned rows; // newlines seen
    unsigned bells;
    size_t sent; // bytes
    char last[4096];
    size_t last_length;
};

static inline void terminal_erase(struct terminal *terminal, unsigned from) {
    for (unsigned i = from; i < TERMINAL_CELLS; i++) {
        strcpy(terminal->cell[i], " ");
    }
}

static inline size_t terminal_escape(struct terminal *terminal, const char *bytes, size_t count) {
    if (count >= 2 && bytes[1] == ']') { // a mark: up to the bell
        size_t at = 2;
        while (at < count && bytes[at] != '\a') {
            at++;
        }
        return at + 1;
    }
    if (count < 3 || bytes[1] != '[') {
        abort();
    }
    char *end;
    unsigned long number = strtoul(bytes + 2, &end, 10);
    switch (*end) {
    case 'K':
        terminal_erase(terminal, terminal->column);
        break;
    case 'C':
        terminal->column += (unsigned)number;
        break;
    case 'D':
        terminal->column -= (unsigned)number;
        break;
    case 'H':
        terminal->column = 0;
        break;
    case 'J':
        terminal_erase(terminal, 0);
        break;
    default:
        abort();
    }
    if (terminal->column >= TERMINAL_CELLS) {
        abort();
    }
    return (size_t)(end - bytes) + 1;
}

static inline size_t terminal_character(struct terminal *terminal, const char *bytes,
                                        size_t count) {
    unsigned size = utf8_length((uint8_t)bytes[0]);
    if (size == 0 || size > count || !utf8_valid((const uint8_t *)bytes, size)) {
        abort(); // the editor must never send half a character
    }
    unsigned columns = utf8_columns(bytes, size);
    if (columns == 0) {
        return size; // joins the character before it; not compared
    }
    if (terminal->column + columns >= TERMINAL_CELLS) {
        return size; // only a listed name can be so long
    }
    memcpy(terminal->cell[terminal->column], bytes, size);
    terminal->cell[terminal->column][size] = 0;
    if (columns == 2) {
        terminal->cell[terminal->column + 1][0] = 0;
    }
    terminal->column += columns;
    return size;
}

static inline void terminal_write(void *context, const char *bytes, size_t count) {
    struct terminal *terminal = context;
    terminal->sent += count;
    for (size_t i = 0; i < count && terminal->last_length < sizeof terminal->last - 1; i++) {
        terminal->last[terminal->last_length++] = bytes[i];
    }
    char text[4096];
    size_t size = count < sizeof text - 1 ? count : sizeof text - 1;
    memcpy(text, bytes, size);
    text[size] = 0;
    for (size_t at = 0; at < size;) {
        switch (text[at]) {
        case '\r':
            terminal->column = 0;
            at++;
            break;
        case '\n':
            terminal->rows++;
            terminal_erase(terminal, 0);
            at++;
            break;
        case '\b':
            if (terminal->column-- == 0) {
                abort();
            }
            at++;
            break;
        case '\a':
            terminal->bells++;
            at++;
            break;
        case '\x1b':
            at += terminal_escape(terminal, text + at, size - at);
            break;
        default:
            at += terminal_character(terminal, text + at, size - at);
        }
    }
}

static inline void terminal_init(struct terminal *terminal) {
    memset(terminal, 0, sizeof *terminal);
    terminal_erase(terminal, 0);
}

// The row as text, blanks at its end left out.
static inline const char *terminal_row(const struct terminal *terminal) {
    static char row[TERMINAL_CELLS * 8 + 1];
    row[0] = 0;
    size_t length = 0;
    for (unsigned i = 0; i < TERMINAL_CELLS; i++) {
        size_t size = strlen(terminal->cell[i]);
        memcpy(row + length, terminal->cell[i], size + 1);
        length += size;
    }
    while (length > 0 && row[length - 1] == ' ') {
        row[--length] = 0;
    }
    return row;
}

// Whether the terminal shows what a terminal would that was drawn afresh.
static inline bool terminal_agrees(const struct terminal *terminal,
                                   const struct line_editor *editor) {
    static struct terminal fresh;
    static struct line_editor copy;
    terminal_init(&fresh);
    copy = *editor;
    copy.calls.context = &fresh;
    line_redraw(&copy);
    for (unsigned i = 0; i < TERMINAL_CELLS; i++) {
        if (strcmp(terminal->cell[i], fresh.cell[i]) != 0) {
            return false;
        }
    }
    return terminal->column == fresh.column && copy.first == editor->first;
}

// Whether the line is what lineedit.h promises.
static inline bool line_holds(const struct line_editor *editor) {
    if (editor->length > LINE_MOST || editor->cursor > editor->length ||
        editor->text[editor->length] != 0 || editor->first > editor->length) {
        return false;
    }
    bool at_cursor = editor->cursor == editor->length;
    for (size_t at = 0; at < editor->length;) {
        unsigned size = utf8_length((uint8_t)editor->text[at]);
        if (size == 0 || size > editor->length - at ||
            !utf8_valid((const uint8_t *)editor->text + at, size)) {
            return false;
        }
        at_cursor |= at == editor->cursor;
        at += size;
    }
    return at_cursor;
}
