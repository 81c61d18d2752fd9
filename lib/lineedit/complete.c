// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Tab. The word before the cursor grows by what all offered names have in
// common; a single name is followed by a blank. When nothing can be added the
// bell rings, and a second Tab lists the names in columns.
#include "lib/lineedit/private.h"
#include "lib/string/string.h"

constexpr unsigned GAP = 2; // blanks between two columns

// Only whole, printable characters may get into the line and to the terminal, even
// from our caller.
static bool clean(const char *text) {
    size_t count = strlen(text);
    for (size_t at = 0; at < count;) {
        unsigned bytes = utf8_length((uint8_t)text[at]);
        if (bytes == 0 || bytes > count - at || !utf8_valid((const uint8_t *)text + at, bytes)) {
            return false;
        }
        at += bytes;
    }
    return true;
}

void line_offer(struct line_candidates *list, const char *name) {
    bool wanted = strncmp(name, list->word, list->length) == 0 && clean(name);
    if (list->count == LINE_CANDIDATES || !wanted) {
        return;
    }
    for (unsigned i = 0; i < list->count; i++) {
        if (strcmp(list->name[i], name) == 0) {
            return;
        }
    }
    list->name[list->count++] = name;
}

// The length of what all names begin with, as whole characters.
static size_t shared_prefix(const struct line_candidates *list) {
    const char *first = list->name[0];
    size_t same = strlen(first);
    for (unsigned i = 1; i < list->count; i++) {
        size_t at = 0;
        while (at < same && list->name[i][at] == first[at]) {
            at++;
        }
        same = at;
    }
    while (same > 0 && ((uint8_t)first[same] & 0xc0) == 0x80) {
        same--;
    }
    return same;
}

static void list_names(struct line_editor *editor, const struct line_candidates *list) {
    unsigned widest = 0;
    for (unsigned i = 0; i < list->count; i++) {
        unsigned columns = utf8_columns(list->name[i], strlen(list->name[i]));
        widest = columns > widest ? columns : widest;
    }
    unsigned across = editor->columns / (widest + GAP);
    across = across == 0 ? 1 : across;
    for (unsigned i = 0; i < list->count; i++) {
        line_put(editor, i % across == 0 ? "\r\n" : "");
        line_put(editor, list->name[i]);
        bool last = i % across == across - 1 || i == list->count - 1;
        unsigned columns = utf8_columns(list->name[i], strlen(list->name[i]));
        for (unsigned blank = columns; !last && blank < widest + GAP; blank++) {
            line_put(editor, " ");
        }
    }
    line_put(editor, "\r\n");
    line_redraw(editor);
}

void line_complete_word(struct line_editor *editor) {
    struct line_candidates list = {.word = editor->text + editor->cursor};
    if (editor->calls.complete != nullptr) {
        editor->calls.complete(editor->calls.context, editor->text, editor->cursor, &list);
    }
    if (list.count == 0) {
        line_put(editor, "\a");
        return;
    }
    size_t same = shared_prefix(&list);
    const char *added = list.name[0] + list.length;
    if (same > list.length) {
        line_insert(editor, added, same - list.length);
    } else if (list.count > 1 && !editor->after_tab) {
        editor->after_tab = true;
        line_put(editor, "\a");
        return;
    } else if (list.count > 1) {
        list_names(editor, &list);
    }
    if (list.count == 1 && editor->text[editor->cursor] != ' ') {
        line_insert(editor, " ", 1);
    }
    editor->after_tab = false;
}
