// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The line: what each key does to its text.
#include "lib/lineedit/private.h"
#include "lib/string/string.h"

void line_init(struct line_editor *editor, const struct line_calls *calls) {
    memset(editor, 0, sizeof *editor);
    editor->calls = *calls;
    editor->columns = LINE_COLUMNS;
    editor->prompt = "";
}

void line_begin(struct line_editor *editor) {
    editor->prompt = "";
    editor->prompt_columns = 0;
    editor->recalled = 0;
    editor->after_tab = false;
    editor->shown_length = 0;
    editor->shown_column = 0;
    line_set(editor, "");
}

void line_start(struct line_editor *editor, const char *prompt, unsigned columns) {
    line_begin(editor);
    editor->prompt = prompt;
    editor->prompt_columns = columns;
    line_redraw(editor);
}

void line_insert(struct line_editor *editor, const char *bytes, size_t count) {
    if (count > LINE_MOST - editor->length) {
        line_put(editor, "\a");
        return;
    }
    char *at = editor->text + editor->cursor;
    memmove(at + count, at, editor->length - editor->cursor + 1);
    memcpy(at, bytes, count);
    editor->length += count;
    editor->cursor += count;
}

void line_erase(struct line_editor *editor, size_t from, size_t to) {
    memmove(editor->text + from, editor->text + to, editor->length - to + 1);
    editor->length -= to - from;
    editor->cursor = from;
}

void line_set(struct line_editor *editor, const char *text) {
    editor->length = strnlen(text, LINE_MOST);
    memmove(editor->text, text, editor->length);
    editor->text[editor->length] = 0;
    editor->cursor = editor->length;
    editor->first = 0; // an old offset could be inside of a character
}

size_t line_word_left(const struct line_editor *editor) {
    size_t at = editor->cursor;
    while (at > 0 && editor->text[at - 1] == ' ') {
        at--;
    }
    while (at > 0 && editor->text[at - 1] != ' ') {
        at--;
    }
    return at;
}

size_t line_word_right(const struct line_editor *editor) {
    size_t at = editor->cursor;
    while (at < editor->length && editor->text[at] == ' ') {
        at++;
    }
    while (at < editor->length && editor->text[at] != ' ') {
        at++;
    }
    return at;
}

// Leaves the row of the line, with the whole line as the last thing on it.
static enum line_event finish(struct line_editor *editor, enum line_event event) {
    if (event == LINE_DONE) {
        editor->cursor = editor->length;
        line_draw(editor);
        line_show_whole(editor);
    }
    if (event != LINE_END || editor->prompt[0] != 0) {
        line_put(editor, event == LINE_CANCELLED ? "^C\r\n" : "\r\n");
    }
    editor->shown_length = 0;
    editor->shown_column = 0;
    return event;
}

static void move_or_erase(struct line_editor *editor, enum line_action action) {
    size_t length = editor->length, cursor = editor->cursor;
    size_t left = cursor > 0 ? utf8_previous(editor->text, cursor) : 0;
    size_t right = cursor < length ? utf8_next(editor->text, length, cursor) : length;
    switch (action) {
    case ACTION_LEFT:
        editor->cursor = left;
        break;
    case ACTION_RIGHT:
        editor->cursor = right;
        break;
    case ACTION_WORD_LEFT:
        editor->cursor = line_word_left(editor);
        break;
    case ACTION_WORD_RIGHT:
        editor->cursor = line_word_right(editor);
        break;
    case ACTION_HOME:
        editor->cursor = 0;
        break;
    case ACTION_END:
        editor->cursor = length;
        break;
    case ACTION_ERASE:
        line_erase(editor, left, cursor);
        break;
    case ACTION_DELETE:
    case ACTION_DELETE_OR_END:
        line_erase(editor, cursor, right);
        break;
    case ACTION_KILL_TO_END:
        line_erase(editor, cursor, length);
        break;
    case ACTION_KILL_TO_START:
        line_erase(editor, 0, cursor);
        break;
    case ACTION_KILL_WORD:
        line_erase(editor, line_word_left(editor), cursor);
        break;
    default:
        break;
    }
}

enum line_event line_key(struct line_editor *editor, uint8_t byte) {
    enum line_action action = line_input_byte(editor, byte);
    if (action == ACTION_NONE) {
        return LINE_MORE;
    }
    bool empty = editor->length == 0;
    switch (action) {
    case ACTION_ENTER:
        return finish(editor, LINE_DONE);
    case ACTION_CANCEL:
        return finish(editor, LINE_CANCELLED);
    case ACTION_COMPLETE:
        line_complete_word(editor);
        line_draw(editor);
        return LINE_MORE;
    case ACTION_INSERT:
        line_insert(editor, (const char *)editor->partial, editor->partial_length);
        break;
    case ACTION_OLDER:
    case ACTION_NEWER:
        line_history_move(editor, action == ACTION_OLDER);
        break;
    case ACTION_CLEAR:
        line_put(editor, "\x1b[H\x1b[2J");
        line_redraw(editor);
        break;
    default:
        if (action == ACTION_DELETE_OR_END && empty) {
            return finish(editor, LINE_END);
        }
        move_or_erase(editor, action);
        break;
    }
    editor->after_tab = false;
    line_draw(editor);
    return LINE_MORE;
}
