// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Counts the lines and bytes of its input, up to the input's end.
#include "lib/vectra/bundle.h"
#include "lib/vectra/program.h"
#include "lib/vectra/status_text.h"
#include "lib/vectra/stream.h"

uint32_t program_main(void) {
    uint64_t lines = 0, bytes = 0;
    char text[BUNDLE_ARGUMENT + 1];
    if (*bundle_argument(text) != '\0') {
        program_fail(PROGRAM_USAGE,
                     "count: it takes no arguments: want input, as in `log | count`\n");
    }
    for (;;) {
        char piece[256];
        size_t count;
        enum status status = stream_read(stream_in(), piece, sizeof piece, &count);
        if (status != STATUS_OK) {
            program_fail(PROGRAM_FAILED, "count: its input cannot be read: %s\n",
                         status_text(status));
        }
        if (count == 0) {
            break;
        }
        bytes += count;
        for (size_t i = 0; i < count; i++) {
            lines += piece[i] == '\n';
        }
    }
    print("%lu lines, %lu bytes\n", lines, bytes);
    return PROGRAM_OK;
}
