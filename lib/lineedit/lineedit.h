// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// A line editor for a terminal that is reached byte by byte. Keys go in one
// byte at a time, text for the terminal comes out through a callback, and the
// finished line stands in the editor. All memory is part of the structure, so an
// editor outlives the terminal that it talks to: after the terminal was replaced,
// line_redraw() shows the prompt and the partly typed line again.
//
// The line is at all times valid UTF-8 without control characters: bytes that do
// not form a character are dropped before they get into it.
//
// Keys: Left Right Home End Delete Backspace, Ctrl-A E B F D H K U W L P N, Up
// Down, Ctrl-Left Ctrl-Right, Alt-B Alt-F, Tab. A line longer than the terminal
// is wide scrolls sideways, so that it always takes one row.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

constexpr size_t LINE_MOST = 1000;       // bytes in a line
constexpr size_t LINE_HISTORY = 4096;    // bytes of all remembered lines with their ends
constexpr unsigned LINE_CANDIDATES = 64; // names offered by one completion
constexpr unsigned LINE_COLUMNS = 80;    // of the terminal, until told otherwise

// What a key led to.
enum line_event {
    LINE_MORE,      // the line goes on
    LINE_DONE,      // Enter: the line is in `text`
    LINE_CANCELLED, // Ctrl-C: the line was given up
    LINE_END,       // Ctrl-D on an empty line
};

// The names that a completion offers. A name must stay where it is until the
// callback's caller returned.
struct line_candidates {
    const char *word; // what stands before the cursor; not terminated
    size_t length;    // of it, in bytes
    unsigned count;
    const char *name[LINE_CANDIDATES];
};

// Sends bytes to the terminal.
typedef void line_write(void *context, const char *bytes, size_t count);
// Sets `word` to the part of the text before the cursor that is to be completed
// (a tail of it), then offers names by line_offer().
typedef void line_complete(void *context, const char *text, size_t cursor,
                           struct line_candidates *list);

struct line_calls {
    void *context;
    line_write *write;
    line_complete *complete; // nullptr: Tab only rings the bell
};

// Remembered lines, oldest first, each ended by NUL.
struct line_history {
    char text[LINE_HISTORY];
    size_t used;
    unsigned count;
};

// Where in an escape sequence or a character of several bytes the input is.
enum line_input {
    INPUT_GROUND,
    INPUT_ESCAPE,     // after ESC
    INPUT_CONTROL,    // after ESC [
    INPUT_SINGLE,     // after ESC O
    INPUT_STRING,     // in a string that the terminal sent, up to BEL or ESC \.
    INPUT_STRING_ESC, // after an ESC in it
    INPUT_CHARACTER,  // inside of a UTF-8 character
};

struct line_editor {
    struct line_calls calls;
    const char *prompt;      // as written, may hold escape sequences; not copied
    unsigned prompt_columns; // that it takes on the screen
    unsigned columns;        // of the terminal

    char text[LINE_MOST + 1]; // NUL-terminated
    size_t length;
    size_t cursor; // offset in bytes, always before a whole character

    struct line_history history;
    unsigned recalled;         // 0: the line itself; n: the n-th newest remembered one
    char draft[LINE_MOST + 1]; // what was typed before Up was pressed

    // Private: the input.
    enum line_input input;
    unsigned parameter[2];
    unsigned parameters;
    uint8_t partial[4]; // bytes of a character that is not complete yet
    unsigned partial_length;
    unsigned partial_want;
    bool after_return; // a newline now belongs to the carriage return before it
    bool after_tab;    // the last key was a Tab that could add nothing

    // Private: what the terminal shows after the prompt.
    size_t first; // offset of the first character shown
    char shown[LINE_MOST + 1];
    size_t shown_length;
    unsigned shown_column; // of the terminal's cursor, counted from the prompt's end
};

// Makes an empty editor with an empty history.
void line_init(struct line_editor *editor, const struct line_calls *calls);

// Begins a new line: writes the prompt, which takes `columns` on the screen and
// must stay where it is until the line is done.
void line_start(struct line_editor *editor, const char *prompt, unsigned columns);

// Begins a new line where the terminal's cursor stands, without a prompt.
void line_begin(struct line_editor *editor);

// Takes one byte from the terminal.
[[nodiscard]] enum line_event line_key(struct line_editor *editor, uint8_t byte);

// Draws prompt and line on the current row, whatever stands there now.
void line_redraw(struct line_editor *editor);

// Remembers a line, unless it is empty or the same as the newest; the oldest make room.
void line_remember(struct line_editor *editor, const char *text);

// The n-th newest remembered line (1 is the newest), or nullptr.
const char *line_recall(const struct line_history *history, unsigned n);

// Offers a name, terminated, if the word is a prefix of it and it is not there yet.
// A name that is not valid UTF-8 or holds a control character is left out.
void line_offer(struct line_candidates *list, const char *name);

// A filter for text of strangers on its way to a terminal, which obeys control
// characters and answers some of them by typing. Keeps the part of a UTF-8
// character that has come so far; all zero at first.
struct line_filter {
    uint8_t partial[4];
    unsigned length;
    unsigned want;
};

// Copies what a terminal only shows: characters, newlines and tabs. Control
// characters (C0, C1, escape, delete) and bytes that are no UTF-8 are left out.
// `clean` has room for `count` + 4 bytes; returns how many were written.
size_t line_clean(struct line_filter *filter, const uint8_t *text, size_t count, char *clean);
