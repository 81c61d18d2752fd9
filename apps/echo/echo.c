// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Prints its arguments: the first program to read, and about the smallest that
// does something. It holds an "out" and its argument text, nothing else.
#include "lib/command/command.h"
#include "lib/string/string.h"
#include "lib/vectra/bundle.h"
#include "lib/vectra/program.h"
#include "lib/vectra/stream.h"

uint32_t program_main(void) {
    static struct command_arguments words;
    char text[BUNDLE_ARGUMENT + 1];
    if (command_split(bundle_argument(text), &words) != STATUS_OK) {
        program_fail(PROGRAM_USAGE, "echo: the arguments cannot be read: want words\n");
    }
    // A reader that has gone does not care for the rest.
    struct stream *out = stream_out();
    for (unsigned i = 0; i < words.count; i++) {
        (void)stream_write(out, " ", i > 0);
        (void)stream_write(out, words.word[i], strlen(words.word[i]));
    }
    (void)stream_write(out, "\n", 1);
    return PROGRAM_OK;
}
