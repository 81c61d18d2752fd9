// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// What the parts of the line editor call of each other.
#pragma once

#include "lib/lineedit/lineedit.h"

// The keys that an escape sequence or a control character stands for.
enum line_action {
    ACTION_NONE,
    ACTION_LEFT,
    ACTION_RIGHT,
    ACTION_WORD_LEFT,
    ACTION_WORD_RIGHT,
    ACTION_HOME,
    ACTION_END,
    ACTION_OLDER,
    ACTION_NEWER,
    ACTION_ERASE,  // the character before the cursor
    ACTION_DELETE, // the character at the cursor
    ACTION_KILL_TO_END,
    ACTION_KILL_TO_START,
    ACTION_KILL_WORD,
    ACTION_CLEAR,
    ACTION_COMPLETE,
    ACTION_ENTER,
    ACTION_CANCEL,
    ACTION_DELETE_OR_END,
    ACTION_INSERT, // the complete character in `partial`
};

// input.c: what a byte means, after those before it.
enum line_action line_input_byte(struct line_editor *editor, uint8_t byte);

// draw.c: makes the terminal show the line and the cursor, with few bytes.
void line_draw(struct line_editor *editor);
// If the line has scrolled: shows all of it, wrapped by the terminal, for good.
void line_show_whole(struct line_editor *editor);
void line_put(const struct line_editor *editor, const char *text);

// edit.c: changes of the text. They do not draw.
void line_insert(struct line_editor *editor, const char *bytes, size_t count);
void line_erase(struct line_editor *editor, size_t from, size_t to);
void line_set(struct line_editor *editor, const char *text);
size_t line_word_left(const struct line_editor *editor);
size_t line_word_right(const struct line_editor *editor);

// history.c
void line_history_move(struct line_editor *editor, bool older);

// complete.c
void line_complete_word(struct line_editor *editor);

// utf8.c: the bytes of the character that begins (ends) at the offset, for valid text.
size_t utf8_next(const char *text, size_t length, size_t at);
size_t utf8_previous(const char *text, size_t at);
// How many bytes a character has that begins with `byte`; 0: none does.
unsigned utf8_length(uint8_t byte);
// Whether the bytes are one character in its shortest form, and not a control character.
bool utf8_valid(const uint8_t *bytes, unsigned count);
// Columns that the text takes on a terminal: 0, 1 or 2 for each character.
unsigned utf8_columns(const char *text, size_t count);
