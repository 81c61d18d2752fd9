// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// What the terminal shows. The editor remembers the bytes that stand after the
// prompt and where the terminal's cursor is, so a change costs the bytes from the
// first difference on, and typing at the end costs the character itself.
#include "lib/lineedit/private.h"
#include "lib/string/string.h"
#include "lib/string/text.h"

constexpr unsigned ROOM_LEAST = 8; // columns for the line, on however narrow a terminal

static void put(const struct line_editor *editor, const char *bytes, size_t count) {
    if (count > 0) {
        editor->calls.write(editor->calls.context, bytes, count);
    }
}

void line_put(const struct line_editor *editor, const char *text) {
    put(editor, text, strlen(text));
}

// Columns for the line: one is left free, so that the terminal never wraps.
static unsigned room(const struct line_editor *editor) {
    unsigned taken = editor->prompt_columns + 1;
    return editor->columns >= taken + ROOM_LEAST ? editor->columns - taken : ROOM_LEAST;
}

// Moves the window over the line so that the cursor is in it. It jumps by half
// its width, since each jump draws the whole window.
static void scroll(struct line_editor *editor) {
    unsigned width = room(editor);
    if (editor->first > editor->length) {
        editor->first = editor->length;
    }
    bool before = editor->cursor < editor->first;
    if (!before) {
        const char *from = editor->text + editor->first;
        before = utf8_columns(from, editor->cursor - editor->first) > width;
    }
    if (!before) {
        return;
    }
    editor->first = editor->cursor;
    unsigned back = 0;
    while (editor->first > 0) {
        size_t previous = utf8_previous(editor->text, editor->first);
        back += utf8_columns(editor->text + previous, editor->first - previous);
        if (back > width / 2) {
            break;
        }
        editor->first = previous;
    }
}

// The end of the part of the line that fits into the window.
static size_t window_end(const struct line_editor *editor) {
    unsigned width = room(editor), used = 0;
    size_t at = editor->first;
    while (at < editor->length) {
        size_t next = utf8_next(editor->text, editor->length, at);
        used += utf8_columns(editor->text + at, next - at);
        if (used > width) {
            break;
        }
        at = next;
    }
    return at;
}

static void move(struct line_editor *editor, unsigned column) {
    unsigned from = editor->shown_column;
    char bytes[16];
    struct text_buffer text;
    text_start(&text, bytes, sizeof bytes);
    if (column < from && from - column <= 3) {
        text_append_bytes(&text, "\b\b\b", from - column);
    } else if (column != from) {
        unsigned distance = column < from ? from - column : column - from;
        text_format(&text, "\x1b[%u%c", distance, column < from ? 'D' : 'C');
    }
    put(editor, text.data, text.length);
    editor->shown_column = column;
}

// Bytes that both texts begin with, as whole characters.
static size_t common(const struct line_editor *editor, const char *view, size_t count) {
    size_t same = 0;
    while (same < count && same < editor->shown_length && editor->shown[same] == view[same]) {
        same++;
    }
    bool inside = (same < count && ((uint8_t)view[same] & 0xc0) == 0x80) ||
                  (same < editor->shown_length && ((uint8_t)editor->shown[same] & 0xc0) == 0x80);
    return inside && same > 0 ? utf8_previous(view, same) : same;
}

void line_draw(struct line_editor *editor) {
    scroll(editor);
    const char *view = editor->text + editor->first;
    size_t count = window_end(editor) - editor->first;
    size_t same = common(editor, view, count);
    if (same < count || same < editor->shown_length) {
        move(editor, utf8_columns(view, same));
        put(editor, view + same, count - same);
        unsigned columns = utf8_columns(view, count);
        if (columns < utf8_columns(editor->shown, editor->shown_length)) {
            line_put(editor, "\x1b[K");
        }
        editor->shown_column = columns;
        memcpy(editor->shown, view, count);
        editor->shown_length = count;
    }
    move(editor, utf8_columns(view, editor->cursor - editor->first));
}

void line_show_whole(struct line_editor *editor) {
    if (editor->first > 0) {
        move(editor, 0);
        put(editor, editor->text, editor->length);
    }
}

void line_redraw(struct line_editor *editor) {
    line_put(editor, "\r\x1b[K");
    line_put(editor, editor->prompt);
    editor->shown_length = 0;
    editor->shown_column = 0;
    line_draw(editor);
}
