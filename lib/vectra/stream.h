// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Streams of bytes over a Ring: the protocol, and both ends of it. The console
// speaks the same two messages, so that a console and a pipe are one thing.
//
// A producer sends STREAM_DATA with 1..48 bytes each and STREAM_END at most once,
// last. A consumer sends nothing. Whatever else comes is skipped.
#pragma once

#include <stdarg.h>
#include <stddef.h>

#include "lib/vectra/endpoint.h"

enum stream_message : uint16_t {
    STREAM_DATA = 1, // payload: bytes, in order
    STREAM_END = 2,  // no payload: nothing follows
};

// Signal bits that the runtime uses for a program's own "in" and "out"; programs
// choose theirs below BIT_PROGRAM_LIMIT.
constexpr uint32_t BIT_PROGRAM_LIMIT = 56;
constexpr uint32_t BIT_IN = 56;
constexpr uint32_t BIT_OUT = 57;

struct stream {
    struct endpoint *endpoint;
    struct ring_message message; // being filled, or being read
    uint16_t used;               // bytes of it that are filled, or read
    bool ended;                  // STREAM_END came, or the peer is gone
};

// A stream over an open endpoint, which stays the caller's.
void stream_init(struct stream *stream, struct endpoint *endpoint);

// Writes bytes; they are sent when 48 are together, or by stream_flush. Waits
// while the Ring is full. PEER_CLOSED: nobody reads (the rest is dropped).
[[nodiscard]] enum status stream_write(struct stream *stream, const void *bytes, size_t count);
[[nodiscard]] enum status stream_flush(struct stream *stream);

// Flushes and waits until the reader has read everything.
[[nodiscard]] enum status stream_drain(struct stream *stream);

// Sends the end, and drains.
void stream_finish(struct stream *stream);

// Reads 1..limit bytes, waiting for the first. `*count` 0: the stream ended.
[[nodiscard]] enum status stream_read(struct stream *stream, void *bytes, size_t limit,
                                      size_t *count);

// The program's own streams, opened at the first use; PEER_CLOSED for ever when
// the Bundle has no slot "in" or "out".
struct stream *stream_in(void);
struct stream *stream_out(void);

// Formatted output on "out" (the conversions of text_format; at most 512 bytes
// a call). Sent at every line's end. Without "out" it goes nowhere.
[[gnu::format(printf, 1, 2)]] void print(const char *format, ...);
[[gnu::format(printf, 1, 0)]] void print_list(const char *format, va_list arguments);
