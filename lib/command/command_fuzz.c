// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Any line: it is refused with a place inside of it, or its words, written down
// and read again, are the same words.
#include "lib/command/command.h"

#include <stdlib.h>
#include <string.h>

static const char *lookup(void *context, const char *name) {
    (void)context;
    if (strlen(name) > COMMAND_NAME) {
        abort();
    }
    return name[0] == 'n' ? nullptr : name;
}

static void round_trip(const struct command_arguments *arguments) {
    static struct command_arguments again;
    char text[COMMAND_TEXT + 1];
    if (command_join_words(arguments->word, arguments->count, text, sizeof text) != STATUS_OK) {
        return;
    }
    if (command_split(text, &again) != STATUS_OK || again.count != arguments->count) {
        abort();
    }
    for (unsigned i = 0; i < again.count; i++) {
        if (strcmp(again.word[i], arguments->word[i]) != 0) {
            abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct command_line line;
    static struct command_arguments arguments;
    struct command_error error;
    // An exact copy, so that reading one byte too far is seen.
    char *text = malloc(size + (size == 0));
    memcpy(text, data, size);
    if (memchr(text, 0, size) != nullptr) {
        free(text);
        return 0; // a line is terminated text
    }
    if (command_parse(text, size, &line, &error) != STATUS_OK) {
        if (error.position > size || error.wrong == nullptr || error.right == nullptr) {
            abort();
        }
        line.stages = 0;
    }
    for (unsigned i = 0; i < line.stages; i++) {
        if (command_expand(&line, i, lookup, nullptr, &arguments, &error) == STATUS_OK) {
            round_trip(&arguments);
        } else if (error.position > size) {
            abort();
        }
    }
    bool first;
    if (command_last_word(text, size, &first) > size) {
        abort();
    }
    free(text);
    return 0;
}
