// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Words as one text and back, as programs are handed their arguments, and the
// few questions about text that a shell asks besides.
#include "lib/command/private.h"
#include "lib/string/string.h"
#include "lib/string/text.h"

bool command_is_name(const char *text, size_t length) {
    if (length == 0 || length > COMMAND_NAME || !command_starts_name(text[0])) {
        return false;
    }
    for (size_t i = 1; i < length; i++) {
        if (!command_in_name(text[i])) {
            return false;
        }
    }
    return true;
}

static bool needs_quotes(const char *word) {
    if (word[0] == 0 || word[0] == '#') {
        return true;
    }
    for (; *word != 0; word++) {
        if (command_is_blank(*word) || command_is_operator(*word) || *word == '\'' ||
            *word == '"' || *word == '\\' || *word == '$') {
            return true;
        }
    }
    return false;
}

enum status command_join_words(const char *const *word, unsigned count, char *text, size_t size) {
    struct text_buffer buffer;
    text_start(&buffer, text, size);
    for (unsigned i = 0; i < count; i++) {
        text_append(&buffer, i > 0 ? " " : "");
        if (!needs_quotes(word[i])) {
            text_append(&buffer, word[i]);
            continue;
        }
        text_append_char(&buffer, '\'');
        for (const char *c = word[i]; *c != 0; c++) {
            // A quote cannot stand between quotes: close, \', open.
            text_append_bytes(&buffer, *c == '\'' ? "'\\''" : c, *c == '\'' ? 4 : 1);
        }
        text_append_char(&buffer, '\'');
    }
    return buffer.cut ? STATUS_TOO_LARGE : STATUS_OK;
}

enum status command_split(const char *text, struct command_arguments *arguments) {
    struct command_line line;
    struct command_error error;
    arguments->count = 0;
    arguments->used = 0;
    enum status status = command_parse(text, strlen(text), &line, &error);
    if (status != STATUS_OK || line.stages == 0) {
        return status;
    }
    if (line.stages != 1) {
        return STATUS_BAD_FORMAT;
    }
    return command_expand(&line, 0, nullptr, nullptr, arguments, &error);
}

size_t command_last_word(const char *text, size_t cursor, bool *first) {
    size_t start = cursor;
    while (start > 0 && !command_is_blank(text[start - 1]) &&
           !command_is_operator(text[start - 1])) {
        start--;
    }
    size_t before = start;
    while (before > 0 && command_is_blank(text[before - 1])) {
        before--;
    }
    *first = before == 0 || command_is_operator(text[before - 1]);
    return start;
}
