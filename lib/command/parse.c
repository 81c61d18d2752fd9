// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// From a line's text to its pipelines. One pass: words are found with their
// quotes, operators close commands and pipelines. Nothing is copied.
#include "lib/command/private.h"

struct parser {
    const char *text;
    size_t length;
    size_t at;
    struct command_line *line;
    struct command_error *error;
};

static enum status wrong(struct parser *p, size_t at, const char *what, const char *right) {
    return command_fail(p->error, STATUS_BAD_FORMAT, at, what, right);
}

static bool at_end(const struct parser *p) {
    return p->at == p->length;
}

static char peek(const struct parser *p, size_t ahead) {
    return p->length - p->at > ahead ? p->text[p->at + ahead] : '\0';
}

static void skip_blanks(struct parser *p) {
    while (!at_end(p) && command_is_blank(peek(p, 0))) {
        p->at++;
    }
    if (peek(p, 0) == '#') {
        p->at = p->length;
    }
}

// After the opening quote; leaves `at` behind the closing one.
static enum status skip_quoted(struct parser *p, char quote) {
    size_t opened = p->at++;
    while (!at_end(p) && peek(p, 0) != quote) {
        p->at += quote == '"' && peek(p, 0) == '\\' && p->length - p->at > 1 ? 2 : 1;
    }
    if (at_end(p)) {
        return wrong(p, opened, "a quote is not closed",
                     quote == '"' ? "want \" at its end" : "want ' at its end");
    }
    p->at++;
    return STATUS_OK;
}

// $name, ${name} or $?; a $ before anything else stands for itself.
static enum status skip_variable(struct parser *p) {
    size_t dollar = p->at++;
    if (peek(p, 0) != '{') {
        return STATUS_OK; // the rest are ordinary characters of a word
    }
    size_t name = ++p->at;
    while (!at_end(p) && peek(p, 0) != '}') {
        p->at++;
    }
    if (at_end(p) || !command_is_name(p->text + name, p->at - name)) {
        return wrong(p, dollar, "no variable is named like this", "want ${NAME}");
    }
    p->at++;
    return STATUS_OK;
}

static enum status parse_word(struct parser *p) {
    struct command_line *line = p->line;
    size_t first = p->at;
    while (!at_end(p) && !command_is_blank(peek(p, 0)) && !command_is_operator(peek(p, 0))) {
        enum status status = STATUS_OK;
        switch (peek(p, 0)) {
        case '\'':
        case '"':
            status = skip_quoted(p, peek(p, 0));
            break;
        case '$':
            status = skip_variable(p);
            break;
        case '\\':
            if (p->length - p->at < 2) {
                return wrong(p, p->at, "nothing follows \\", "want \\\\ for the character itself");
            }
            p->at += 2;
            break;
        default:
            p->at++;
        }
        if (status != STATUS_OK) {
            return status;
        }
    }
    if (line->words == COMMAND_WORDS) {
        return wrong(p, first, "the line has too many words", "want at most 128");
    }
    line->word[line->words++] = (struct command_span){(uint16_t)first, (uint16_t)(p->at - first)};
    return STATUS_OK;
}

static enum status parse_command(struct parser *p) {
    struct command_line *line = p->line;
    unsigned first = line->words;
    for (skip_blanks(p); !at_end(p) && !command_is_operator(peek(p, 0)); skip_blanks(p)) {
        enum status status = parse_word(p);
        if (status != STATUS_OK) {
            return status;
        }
    }
    unsigned count = line->words - first;
    if (count == 0) {
        return wrong(p, p->at, "a command is missing", "want a command here");
    }
    if (count > COMMAND_ARGUMENTS) {
        return wrong(p, line->word[first].first, "the command has too many words",
                     "want at most 64");
    }
    if (line->stages == COMMAND_STAGES) {
        return wrong(p, line->word[first].first, "the line has too many commands",
                     "want at most 16");
    }
    line->stage[line->stages++] = (struct command_span){(uint16_t)first, (uint16_t)count};
    return STATUS_OK;
}

static enum status parse_pipeline(struct parser *p, enum command_join join) {
    struct command_line *line = p->line;
    unsigned first = line->stages;
    for (;;) {
        enum status status = parse_command(p);
        if (status != STATUS_OK) {
            return status;
        }
        if (peek(p, 0) != '|' || peek(p, 1) == '|') {
            break;
        }
        p->at++;
    }
    // There are never more pipelines than commands.
    line->join[line->steps] = join;
    line->step[line->steps++] =
        (struct command_span){(uint16_t)first, (uint16_t)(line->stages - first)};
    return STATUS_OK;
}
static_assert(COMMAND_STEPS >= COMMAND_STAGES);

// The operator between two pipelines; `*more` false at the end of the line.
static enum status parse_join(struct parser *p, enum command_join *join, bool *more) {
    *more = !at_end(p);
    char c = peek(p, 0);
    if (c == ';') {
        *join = JOIN_ALWAYS;
        p->at++;
        skip_blanks(p);
        *more = !at_end(p); // it may end the line
        return STATUS_OK;
    }
    if (*more && (c == '|' || c == '&') && peek(p, 1) == c) {
        *join = c == '|' ? JOIN_OR : JOIN_AND;
        p->at += 2;
        return STATUS_OK;
    }
    if (!*more) {
        return STATUS_OK;
    }
    switch (c) {
    case '&':
        return wrong(p, p->at, "nothing runs in the background", "want && or a quoted '&'");
    case '<':
    case '>':
        return wrong(p, p->at, "there are no files to redirect to", "want | or quotes around it");
    default:
        return wrong(p, p->at, "the character has no meaning here", "want quotes around it");
    }
}

enum status command_parse(const char *text, size_t length, struct command_line *line,
                          struct command_error *error) {
    struct parser p = {text, length, 0, line, error};
    line->text = text;
    line->words = line->stages = line->steps = 0;
    if (length > COMMAND_TEXT) {
        return wrong(&p, COMMAND_TEXT, "the line is too long", "want at most 1000 bytes");
    }
    skip_blanks(&p);
    enum command_join join = JOIN_ALWAYS;
    for (bool more = !at_end(&p); more;) {
        enum status status = parse_pipeline(&p, join);
        if (status == STATUS_OK) {
            status = parse_join(&p, &join, &more);
        }
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}
