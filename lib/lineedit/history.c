// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Remembered lines: one array of terminated texts. Looking one up walks over it,
// which at four kilobytes takes less time than drawing the line.
#include "lib/lineedit/private.h"
#include "lib/string/string.h"

const char *line_recall(const struct line_history *history, unsigned n) {
    if (n < 1 || n > history->count) {
        return nullptr;
    }
    const char *text = history->text;
    for (unsigned skip = history->count - n; skip > 0; skip--) {
        text += strlen(text) + 1;
    }
    return text;
}

void line_remember(struct line_editor *editor, const char *text) {
    struct line_history *history = &editor->history;
    size_t size = strnlen(text, LINE_MOST) + 1;
    const char *newest = line_recall(history, 1);
    if (size == 1 || (newest != nullptr && strcmp(newest, text) == 0)) {
        return;
    }
    while (history->used + size > LINE_HISTORY) {
        size_t oldest = strlen(history->text) + 1;
        memmove(history->text, history->text + oldest, history->used - oldest);
        history->used -= oldest;
        history->count--;
    }
    memcpy(history->text + history->used, text, size - 1);
    history->text[history->used + size - 1] = 0;
    history->used += size;
    history->count++;
}

void line_history_move(struct line_editor *editor, bool older) {
    unsigned wanted = older ? editor->recalled + 1 : editor->recalled - 1;
    if (older ? wanted > editor->history.count : editor->recalled == 0) {
        line_put(editor, "\a");
        return;
    }
    if (editor->recalled == 0) {
        memcpy(editor->draft, editor->text, editor->length + 1);
    }
    editor->recalled = wanted;
    line_set(editor, wanted == 0 ? editor->draft : line_recall(&editor->history, wanted));
}
