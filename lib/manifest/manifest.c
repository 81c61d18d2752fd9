// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The parser of manifests. A line is cut into words; the first names a row of
// the table of directives, which says how many words must follow and which
// function takes them. What depends on several lines is checked at the end.
// The first thing wrong ends it, with a sentence.
#include "lib/manifest/manifest.h"

#include "lib/string/string.h"

#include <stdarg.h>

// The directive and the words of the longest, `person`.
constexpr size_t WORDS = 3 + MANIFEST_HARTS;
// Words are shown in messages up to this many bytes.
constexpr size_t SHOWN = 40;
constexpr uint32_t PAGE_KIB = 4;

struct word {
    const char *text;
    size_t length;
};

struct parser {
    const char *file;
    uint32_t line;
    uint32_t reticle_line, stack_line; // where they were stated
    uint32_t seen;                     // a bit for each directive
    struct manifest *out;
    struct text_buffer *error;
};

struct directive {
    const char *name;
    const char *usage;
    bool once;
    size_t least, most; // words that follow
    enum status (*take)(struct parser *parser, const struct word *words);
};

[[gnu::format(printf, 2, 3)]] static enum status fail(struct parser *parser, const char *format,
                                                      ...) {
    va_list list;
    va_start(list, format);
    text_format(parser->error, "%s:%u: ", parser->file, parser->line);
    text_format_list(parser->error, format, list);
    va_end(list);
    return STATUS_BAD_FORMAT;
}

static int shown(const struct word *word) {
    return (int)(word->length < SHOWN ? word->length : SHOWN);
}

static bool is(const struct word *word, const char *text) {
    return word->length == strlen(text) && memcmp(word->text, text, word->length) == 0;
}

static bool name_byte(char byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '.' ||
           byte == '_' || byte == '-';
}

// Copies a word that must be a name of at most `most` bytes.
static enum status take_name(struct parser *parser, const struct word *word, size_t most,
                             char out[MANIFEST_NAME]) {
    bool good = word->length <= most;
    for (size_t i = 0; i < word->length; i++) {
        good = good && name_byte(word->text[i]);
    }
    if (!good) {
        return fail(parser, "'%.*s' is not a name: want 1 to %zu of a-z 0-9 . _ -", shown(word),
                    word->text, most);
    }
    memset(out, 0, MANIFEST_NAME);
    memcpy(out, word->text, word->length);
    return STATUS_OK;
}

static enum status take_number(struct parser *parser, const struct word *word, uint32_t least,
                               uint32_t most, uint32_t *out) {
    uint64_t value = 0;
    bool good = true;
    for (size_t i = 0; i < word->length && good; i++) {
        char digit = word->text[i];
        good = digit >= '0' && digit <= '9';
        value = value * 10 + (uint64_t)(digit - '0');
        // Beyond any limit already; stops before it could overflow.
        good = good && value <= UINT32_MAX;
    }
    if (!good || value < least || value > most) {
        return fail(parser, "'%.*s' is not a number from %u to %u", shown(word), word->text, least,
                    most);
    }
    *out = (uint32_t)value;
    return STATUS_OK;
}

static enum status take_kib(struct parser *parser, const struct word *word, uint32_t least,
                            uint32_t most, uint32_t *out) {
    enum status status = take_number(parser, word, least, most, out);
    if (status == STATUS_OK && *out % PAGE_KIB != 0) {
        return fail(parser, "%u KiB are not whole pages: want a multiple of %u", *out, PAGE_KIB);
    }
    return status;
}

static enum status take_program(struct parser *parser, const struct word *words) {
    return take_name(parser, &words[1], MANIFEST_NAME - 1, parser->out->program);
}

static enum status take_memory(struct parser *parser, const struct word *words) {
    return take_kib(parser, &words[1], MANIFEST_MEMORY_LEAST, MANIFEST_MEMORY_MOST,
                    &parser->out->memory_kib);
}

static enum status take_stack(struct parser *parser, const struct word *words) {
    parser->stack_line = parser->line;
    return take_kib(parser, &words[1], MANIFEST_STACK_LEAST, MANIFEST_STACK_MOST,
                    &parser->out->stack_kib);
}

static enum status take_start(struct parser *parser, const struct word *words) {
    if (is(&words[1], "boot")) {
        parser->out->start = MANIFEST_BOOT;
    } else if (!is(&words[1], "request")) {
        return fail(parser, "unknown start '%.*s': want boot or request", shown(&words[1]),
                    words[1].text);
    }
    return STATUS_OK;
}

static enum status take_restart(struct parser *parser, const struct word *words) {
    if (is(&words[1], "always")) {
        parser->out->restart = MANIFEST_ALWAYS;
    } else if (!is(&words[1], "never")) {
        return fail(parser, "unknown restart '%.*s': want never or always", shown(&words[1]),
                    words[1].text);
    }
    return STATUS_OK;
}

static enum status take_float(struct parser *parser, const struct word *) {
    parser->out->floating_point = true;
    return STATUS_OK;
}

static enum status take_code(struct parser *parser, const struct word *) {
    parser->out->code = true;
    return STATUS_OK;
}

// Words that are not there are empty.
static enum status take_person(struct parser *parser, const struct word *words) {
    struct manifest *out = parser->out;
    enum status status = take_number(parser, &words[2], MANIFEST_PERIOD_LEAST, MANIFEST_PERIOD_MOST,
                                     &out->period_us);
    if (status == STATUS_OK) {
        status =
            take_number(parser, &words[1], MANIFEST_PERSON_LEAST, out->period_us, &out->person_us);
    }
    for (uint32_t i = 0; i < MANIFEST_HARTS && words[3 + i].length > 0; i++) {
        if (status == STATUS_OK) {
            status = take_number(parser, &words[3 + i], 0, MANIFEST_HART_MOST, &out->harts[i]);
            out->hart_count++;
        }
    }
    return status;
}

static bool slot_taken(const struct manifest *manifest, const char *slot) {
    for (uint32_t i = 0; i < manifest->grant_count; i++) {
        if (strcmp(manifest->grants[i].slot, slot) == 0) {
            return true;
        }
    }
    for (uint32_t i = 0; i < manifest->connect_count; i++) {
        if (strcmp(manifest->connects[i].slot, slot) == 0) {
            return true;
        }
    }
    return false;
}

static const struct grant_row {
    const char *name;
    size_t words; // that follow
    const char *prefix;
} grant_rows[] = {
    [MANIFEST_TIME] = {"time", 0, ""},
    [MANIFEST_MACHINE] = {"machine", 0, ""},
    [MANIFEST_PACKAGE] = {"package", 0, ""},
    [MANIFEST_RETICLE] = {"reticle", 1, ""},
    [MANIFEST_DEVICE] = {"device", 1, "device."},
    [MANIFEST_IRQ] = {"irq", 1, "irq."},
    [MANIFEST_TRACE] = {"trace", 0, ""},
    [MANIFEST_SYMBOLS] = {"symbols", 0, ""},
};
constexpr uint32_t GRANT_ROWS = sizeof grant_rows / sizeof grant_rows[0];

// Fills in what belongs to the kind, from the word after it.
static enum status take_grant_detail(struct parser *parser, const struct word *word,
                                     struct manifest_grant *grant) {
    const struct grant_row *row = &grant_rows[grant->kind];
    struct text_buffer slot;
    text_start(&slot, grant->slot, sizeof grant->slot);
    if (grant->kind == MANIFEST_DEVICE || grant->kind == MANIFEST_IRQ) {
        // The slot is the prefix and the name, and must be a name itself.
        size_t most = MANIFEST_NAME - 1 - strlen(row->prefix);
        enum status status = take_name(parser, word, most, grant->name);
        text_format(&slot, "%s%s", row->prefix, grant->name);
        return status;
    }
    text_append(&slot, row->name);
    if (grant->kind == MANIFEST_RETICLE) {
        parser->reticle_line = parser->line;
        return take_kib(parser, word, PAGE_KIB, MANIFEST_MEMORY_MOST, &grant->kib);
    }
    return STATUS_OK;
}

static enum status take_grant(struct parser *parser, const struct word *words) {
    struct manifest *out = parser->out;
    uint32_t kind = 0;
    while (kind < GRANT_ROWS && !is(&words[1], grant_rows[kind].name)) {
        kind++;
    }
    if (kind == GRANT_ROWS) {
        return fail(
            parser,
            "unknown grant '%.*s': want time, machine, package, symbols, trace, reticle KIB, "
            "device NAME or irq NAME",
            shown(&words[1]), words[1].text);
    }
    if ((words[2].length > 0) != (grant_rows[kind].words > 0)) {
        return fail(parser, "want `grant %s%s`", grant_rows[kind].name,
                    grant_rows[kind].words == 0 ? ""
                    : kind == MANIFEST_RETICLE  ? " KIB"
                                                : " NAME");
    }
    struct manifest_grant grant = {.kind = kind};
    enum status status = take_grant_detail(parser, &words[2], &grant);
    if (status != STATUS_OK) {
        return status;
    }
    if (slot_taken(out, grant.slot)) {
        return fail(parser, "slot '%s' is there already: want each only once", grant.slot);
    }
    if (out->grant_count == MANIFEST_GRANTS) {
        return fail(parser, "one grant too many: want at most %u", MANIFEST_GRANTS);
    }
    out->grants[out->grant_count++] = grant;
    return STATUS_OK;
}

static enum status take_serve(struct parser *parser, const struct word *words) {
    struct manifest *out = parser->out;
    struct manifest_serve serve;
    enum status status = take_name(parser, &words[1], MANIFEST_NAME - 1, serve.service);
    if (status == STATUS_OK) {
        status = take_number(parser, &words[2], 1, MANIFEST_CLIENTS_MOST, &serve.clients);
    }
    if (status != STATUS_OK) {
        return status;
    }
    for (uint32_t i = 0; i < out->serve_count; i++) {
        if (strcmp(out->serves[i].service, serve.service) == 0) {
            return fail(parser, "service '%s' is served already: want each only once",
                        serve.service);
        }
    }
    if (out->serve_count == MANIFEST_SERVES) {
        return fail(parser, "one serve too many: want at most %u", MANIFEST_SERVES);
    }
    out->serves[out->serve_count++] = serve;
    return STATUS_OK;
}

// The slots that do not come from grant or connect.
static bool slot_reserved(const char *slot) {
    static const char *const reserved[] = {"in", "out", "serve", "argument", "budget"};
    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++) {
        if (strcmp(slot, reserved[i]) == 0) {
            return true;
        }
    }
    return false;
}

static enum status take_connect(struct parser *parser, const struct word *words) {
    struct manifest *out = parser->out;
    struct manifest_connect connect;
    enum status status = take_name(parser, &words[1], MANIFEST_NAME - 1, connect.slot);
    if (status == STATUS_OK) {
        status = take_name(parser, &words[2], MANIFEST_NAME - 1, connect.service);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (slot_reserved(connect.slot)) {
        return fail(parser,
                    "slot '%s' is reserved: want another than in, out, serve, argument, budget",
                    connect.slot);
    }
    if (slot_taken(out, connect.slot)) {
        return fail(parser, "slot '%s' is there already: want each only once", connect.slot);
    }
    if (out->connect_count == MANIFEST_CONNECTS) {
        return fail(parser, "one connect too many: want at most %u", MANIFEST_CONNECTS);
    }
    out->connects[out->connect_count++] = connect;
    return STATUS_OK;
}

static enum status take_reach(struct parser *parser, const struct word *words) {
    struct manifest *out = parser->out;
    struct manifest_reach reach;
    enum status status = take_name(parser, &words[1], MANIFEST_NAME - 1, reach.service);
    if (status != STATUS_OK) {
        return status;
    }
    for (uint32_t i = 0; i < out->reach_count; i++) {
        if (strcmp(out->reaches[i].service, reach.service) == 0) {
            return fail(parser, "service '%s' is reached already: want each only once",
                        reach.service);
        }
    }
    if (out->reach_count == MANIFEST_REACHES) {
        return fail(parser, "one reach too many: want at most %u", MANIFEST_REACHES);
    }
    out->reaches[out->reach_count++] = reach;
    return STATUS_OK;
}

static enum status take_argument(struct parser *parser, const struct word *words) {
    if (words[1].length >= MANIFEST_ARGUMENT) {
        return fail(parser, "the argument has %zu bytes: want at most %zu", words[1].length,
                    MANIFEST_ARGUMENT - 1);
    }
    memcpy(parser->out->argument, words[1].text, words[1].length);
    return STATUS_OK;
}

// `program` stands first: only it may begin, and only it must be there always
// beside `memory`. `argument` is the one that takes the line as it stands.
enum { PROGRAM, MEMORY };
static const struct directive directives[] = {
    [PROGRAM] = {"program", "program NAME", true, 1, 1, take_program},
    [MEMORY] = {"memory", "memory KIB", true, 1, 1, take_memory},
    {"start", "start boot|request", true, 1, 1, take_start},
    {"restart", "restart never|always", true, 1, 1, take_restart},
    {"stack", "stack KIB", true, 1, 1, take_stack},
    {"float", "float", true, 0, 0, take_float},
    {"person", "person US PERIOD [HART...]", true, 2, 2 + MANIFEST_HARTS, take_person},
    {"code", "code", true, 0, 0, take_code},
    {"grant", "grant WHAT [KIB|NAME]", false, 1, 2, take_grant},
    {"serve", "serve SERVICE CLIENTS", false, 2, 2, take_serve},
    {"connect", "connect SLOT SERVICE", false, 2, 2, take_connect},
    {"reach", "reach SERVICE", false, 1, 1, take_reach},
    {"argument", "argument TEXT", true, 1, 1, take_argument},
};
constexpr uint32_t DIRECTIVES = sizeof directives / sizeof directives[0];

static enum status unknown_directive(struct parser *parser, const struct word *word) {
    enum status status = fail(parser, "unknown directive '%.*s': want", shown(word), word->text);
    for (uint32_t i = 0; i < DIRECTIVES; i++) {
        text_append(parser->error, i == 0 ? " " : i + 1 == DIRECTIVES ? " or " : ", ");
        text_append(parser->error, directives[i].name);
    }
    return status;
}

static bool blank(char byte) {
    return byte == ' ' || byte == '\t';
}

// Takes a word off the front of what is left of the line. Empty at its end.
static struct word next_word(struct word *rest) {
    while (rest->length > 0 && blank(*rest->text)) {
        rest->text++, rest->length--;
    }
    struct word word = {.text = rest->text};
    while (word.length < rest->length && !blank(word.text[word.length])) {
        word.length++;
    }
    rest->text += word.length, rest->length -= word.length;
    return word;
}

// Everything left of the line, without blanks around it.
static struct word rest_of_line(struct word rest) {
    while (rest.length > 0 && blank(*rest.text)) {
        rest.text++, rest.length--;
    }
    while (rest.length > 0 && blank(rest.text[rest.length - 1])) {
        rest.length--;
    }
    return rest;
}

// Cuts the line after the directive into words, of which it counts as many as
// there are and keeps those for which there is room.
static size_t cut_words(struct word rest, bool whole, struct word words[WORDS]) {
    size_t count = 1;
    if (whole) {
        words[1] = rest_of_line(rest);
        return words[1].length > 0 ? 2 : 1;
    }
    for (;;) {
        struct word word = next_word(&rest);
        if (word.length == 0 || *word.text == '#') {
            return count;
        }
        if (count < WORDS) {
            words[count] = word;
        }
        count++;
    }
}

static enum status parse_line(struct parser *parser, struct word line) {
    struct word words[WORDS] = {};
    words[0] = next_word(&line);
    if (words[0].length == 0 || *words[0].text == '#') {
        return STATUS_OK;
    }
    uint32_t which = 0;
    while (which < DIRECTIVES && !is(&words[0], directives[which].name)) {
        which++;
    }
    if (which == DIRECTIVES) {
        return unknown_directive(parser, &words[0]);
    }
    const struct directive *directive = &directives[which];
    if (which != PROGRAM && parser->seen == 0) {
        return fail(parser, "'%s' comes too early: want `program NAME` first", directive->name);
    }
    if (directive->once && (parser->seen & 1u << which) != 0) {
        return fail(parser, "'%s' is there already: want it only once", directive->name);
    }
    size_t follow = cut_words(line, directive->take == take_argument, words) - 1;
    if (follow < directive->least || follow > directive->most) {
        return fail(parser, "%zu words after '%s': want `%s`", follow, directive->name,
                    directive->usage);
    }
    parser->seen |= 1u << which;
    return directive->take(parser, words);
}

static enum status check_bytes(struct parser *parser, struct word line) {
    for (size_t i = 0; i < line.length; i++) {
        unsigned char byte = (unsigned char)line.text[i];
        if ((byte < ' ' && byte != '\t') || byte > '~') {
            return fail(parser, "byte %zu is 0x%02x: want ASCII text and LF line ends", i + 1,
                        byte);
        }
    }
    return STATUS_OK;
}

// What several lines say together.
static enum status check_whole(struct parser *parser) {
    const struct manifest *out = parser->out;
    if ((parser->seen & 1u << PROGRAM) == 0) {
        return fail(parser, "it says nothing: want `program NAME` first");
    }
    if ((parser->seen & 1u << MEMORY) == 0) {
        return fail(parser, "no memory: want `memory KIB` with %u to %u", MANIFEST_MEMORY_LEAST,
                    MANIFEST_MEMORY_MOST);
    }
    for (uint32_t i = 0; i < out->grant_count; i++) {
        if (out->grants[i].kib > out->memory_kib) {
            parser->line = parser->reticle_line;
            return fail(parser, "a reticle of %u KiB: want at most the %u of memory",
                        out->grants[i].kib, out->memory_kib);
        }
    }
    if (out->stack_kib > out->memory_kib) {
        parser->line = parser->stack_line;
        return fail(parser, "a stack of %u KiB: want at most the %u of memory", out->stack_kib,
                    out->memory_kib);
    }
    return STATUS_OK;
}

enum status manifest_parse(const char *text, size_t size, const char *file, struct manifest *out,
                           struct text_buffer *error) {
    struct parser parser = {.file = file, .line = 1, .out = out, .error = error};
    *out = (struct manifest){.stack_kib = MANIFEST_STACK_DEFAULT};
    if (size > MANIFEST_SIZE) {
        return fail(&parser, "%zu bytes of text: want at most %zu", size, MANIFEST_SIZE);
    }
    for (size_t at = 0; at < size;) {
        struct word line = {.text = text + at};
        while (at + line.length < size && line.text[line.length] != '\n') {
            line.length++;
        }
        enum status status = check_bytes(&parser, line);
        if (status == STATUS_OK) {
            status = parse_line(&parser, line);
        }
        if (status != STATUS_OK) {
            return status;
        }
        at += line.length + 1;
        // A message about the whole names the last line there is.
        parser.line += at < size;
    }
    return check_whole(&parser);
}
