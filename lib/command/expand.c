// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// From the words of a parsed line, with quotes and variables, to the words that
// a command gets. The text was checked by command_parse, so quotes are closed here.
#include "lib/command/private.h"
#include "lib/string/string.h"

struct expansion {
    const char *text;
    size_t at, end; // of the word
    command_lookup *lookup;
    void *context;
    struct command_arguments *to;
    struct command_error *error;
    bool full; // a byte did not fit
};

static void put(struct expansion *e, char c) {
    if (e->to->used + 1 >= sizeof e->to->bytes) {
        e->full = true; // room is left for the terminating NUL
        return;
    }
    e->to->bytes[e->to->used++] = c;
}

// The name after a $ at `at`, without braces; its length 0: a $ that is just one.
static size_t name_at(const struct expansion *e, size_t *name, size_t *after) {
    size_t at = e->at + 1;
    if (at < e->end && e->text[at] == '?') {
        *name = at;
        *after = at + 1;
        return 1;
    }
    bool braces = at < e->end && e->text[at] == '{';
    at += braces;
    *name = at;
    if (at < e->end && command_starts_name(e->text[at])) {
        while (at < e->end && command_in_name(e->text[at])) {
            at++;
        }
    }
    size_t length = at - *name;
    if (braces && (at == e->end || e->text[at] != '}')) {
        return 0; // only inside of "...", where braces need not match
    }
    *after = at + braces;
    return length;
}

static enum status put_variable(struct expansion *e) {
    size_t name = 0, after = 0;
    size_t length = name_at(e, &name, &after);
    if (length == 0) {
        put(e, e->text[e->at++]);
        return STATUS_OK;
    }
    char terminated[COMMAND_NAME + 1] = {};
    const char *value = nullptr;
    if (length <= COMMAND_NAME && e->lookup != nullptr) {
        memcpy(terminated, e->text + name, length);
        value = e->lookup(e->context, terminated);
    }
    if (value == nullptr) {
        return command_fail(e->error, STATUS_NOT_FOUND, e->at, "no variable has this name",
                            "`set NAME VALUE` makes one");
    }
    for (; *value != 0; value++) {
        put(e, *value);
    }
    e->at = after;
    return STATUS_OK;
}

static enum status expand_word(struct expansion *e) {
    char quote = 0;
    while (e->at < e->end) {
        char c = e->text[e->at];
        if (quote == 0 ? c == '\'' || c == '"' : c == quote) {
            quote = quote == 0 ? c : 0;
            e->at++;
            continue;
        }
        if (c == '$' && quote != '\'') {
            enum status status = put_variable(e);
            if (status != STATUS_OK) {
                return status;
            }
            continue;
        }
        if (c == '\\' && quote != '\'') {
            char next = e->text[e->at + 1];
            bool special = quote == 0 || next == '"' || next == '\\' || next == '$';
            e->at += special;
        }
        put(e, e->text[e->at++]);
    }
    return STATUS_OK;
}

enum status command_expand(const struct command_line *line, unsigned stage, command_lookup *lookup,
                           void *context, struct command_arguments *arguments,
                           struct command_error *error) {
    struct expansion e = {
        .text = line->text, .lookup = lookup, .context = context, .to = arguments, .error = error};
    arguments->count = 0;
    arguments->used = 0;
    struct command_span words = line->stage[stage];
    for (unsigned i = 0; i < words.count; i++) {
        struct command_span word = line->word[words.first + i];
        const char *start = arguments->bytes + arguments->used;
        e.at = word.first;
        e.end = (size_t)word.first + word.count;
        enum status status = expand_word(&e);
        if (status == STATUS_OK && e.full) {
            status = command_fail(error, STATUS_TOO_LARGE, word.first, "the words are too long",
                                  "want at most 1000 bytes");
        }
        if (status != STATUS_OK) {
            arguments->count = 0;
            return status;
        }
        arguments->bytes[arguments->used++] = 0;
        arguments->word[arguments->count++] = start;
        e.full = arguments->used == sizeof arguments->bytes;
    }
    return STATUS_OK;
}
