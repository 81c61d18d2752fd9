// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The program's own streams "in" and "out".
#include "abi/capability.h"
#include "abi/layout.h"
#include "lib/string/string.h"
#include "lib/string/text.h"
#include "lib/vectra/bundle.h"
#include "lib/vectra/stream.h"
#include "lib/vectra/syscall.h"

struct standard {
    bool looked; // the Bundle was asked already
    struct endpoint endpoint;
    struct stream stream; // without an endpoint if there is no such slot
};

// State of the program, used by its first thread.
static struct standard standard_in, standard_out;

// An end that was never bound is part of a pipeline whose other program is about
// to be started: wait for it. One whose peer has gone stays as it is.
static void await_peer(struct endpoint *endpoint) {
    uint64_t bound, generation = 0, slots, peer_slots, bits;
    while (!endpoint_bound(endpoint)) {
        if (sys_ring_info(endpoint->handle, &bound, &generation, &slots, &peer_slots) !=
                STATUS_OK ||
            (bound == 0 && generation != 0) ||
            endpoint_wait(endpoint, 0, TIME_NEVER, &bits) != STATUS_OK) {
            return;
        }
    }
}

// Opened late: a program that never prints pays nothing for it until it ends.
static struct stream *open(struct standard *standard, const char *slot, uint32_t bit) {
    uint64_t handle;
    if (!standard->looked) {
        standard->looked = true;
        if (bundle_find(slot, CLASS_RING, &handle) == STATUS_OK &&
            endpoint_open(&standard->endpoint, handle, bit, bit) == STATUS_OK) {
            await_peer(&standard->endpoint);
            stream_init(&standard->stream, &standard->endpoint);
        }
    }
    return &standard->stream;
}

struct stream *stream_in(void) {
    return open(&standard_in, "in", BIT_IN);
}

struct stream *stream_out(void) {
    return open(&standard_out, "out", BIT_OUT);
}

void print_list(const char *format, va_list arguments) {
    char line[512];
    struct text_buffer text;
    text_start(&text, line, sizeof(line));
    text_format_list(&text, format, arguments);
    struct stream *out = stream_out();
    // A reader that has gone does not care for the rest.
    if (stream_write(out, line, text.length) == STATUS_OK && text.length > 0 &&
        line[text.length - 1] == '\n') {
        (void)stream_flush(out);
    }
}

void print(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    print_list(format, arguments);
    va_end(arguments);
}
