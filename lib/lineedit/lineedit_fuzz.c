// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Any bytes from a terminal: the line stays valid and the screen shows it.
#include "lib/lineedit/terminal.h"

static void offer_names(void *context, const char *text, size_t cursor,
                        struct line_candidates *list) {
    (void)context;
    // The names come from the line itself, so that the fuzzer chooses them.
    size_t start = cursor < 3 ? 0 : utf8_previous(text, cursor);
    list->word = text + start;
    list->length = cursor - start;
    static char name[LINE_MOST + 1];
    memcpy(name, text, strlen(text) + 1);
    line_offer(list, "help");
    line_offer(list, name);
    line_offer(list, "größe");
}

// What was cleaned is valid and has no control character; cleaning it again
// changes nothing.
static void fuzz_filter(const uint8_t *data, size_t size) {
    struct line_filter first = {}, second = {};
    char *clean = malloc(size + 4), *again = malloc(size + 8);
    size_t count = line_clean(&first, data, size, clean);
    for (size_t at = 0; at < count;) {
        unsigned bytes = utf8_length((uint8_t)clean[at]);
        bool blank = clean[at] == '\n' || clean[at] == '\t';
        if (!blank &&
            (bytes == 0 || bytes > count - at || !utf8_valid((const uint8_t *)clean + at, bytes))) {
            abort();
        }
        at += bytes;
    }
    if (line_clean(&second, (const uint8_t *)clean, count, again) != count ||
        memcmp(clean, again, count) != 0) {
        abort();
    }
    free(clean);
    free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct terminal terminal;
    static struct line_editor editor;
    if (size == 0) {
        return 0;
    }
    fuzz_filter(data, size);
    terminal_init(&terminal);
    line_init(&editor, &(struct line_calls){&terminal, terminal_write, offer_names});
    editor.columns = data[0];
    line_start(&editor, "> ", 2);
    for (size_t i = 1; i < size; i++) {
        enum line_event event = line_key(&editor, data[i]);
        if (!line_holds(&editor)) {
            abort();
        }
        if (event == LINE_DONE) {
            line_remember(&editor, editor.text);
        }
        if (event != LINE_MORE) {
            line_start(&editor, "> ", 2);
        }
        if (!terminal_agrees(&terminal, &editor)) {
            abort();
        }
    }
    return 0;
}
