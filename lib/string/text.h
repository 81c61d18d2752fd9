// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Text put together in memory of the caller. A text buffer always ends in NUL,
// never writes outside of its memory, and remembers when something did not fit:
// what came before stays, the rest is dropped. Nothing here allocates.
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text_buffer {
    char *data;    // `size` bytes of the caller; NUL at data[length]
    size_t size;   // bytes, including the one for NUL
    size_t length; // bytes of text, always below `size` unless that is 0
    bool cut;      // something did not fit
};

enum text_side {
    TEXT_LEFT,  // the text stands left in its column, blanks follow
    TEXT_RIGHT, // the text stands right in its column, blanks precede
};

// Makes `buffer` an empty text in `size` bytes at `data`. With size 0 nothing is
// ever written and everything counts as cut.
void text_start(struct text_buffer *buffer, char *data, size_t size);

// Empties the text; the memory stays.
void text_clear(struct text_buffer *buffer);

void text_append(struct text_buffer *buffer, const char *text);
void text_append_bytes(struct text_buffer *buffer, const char *bytes, size_t count);
void text_append_char(struct text_buffer *buffer, char character);
void text_append_unsigned(struct text_buffer *buffer, uint64_t value);
void text_append_signed(struct text_buffer *buffer, int64_t value);

// Small hexadecimal letters, no prefix, zeros in front up to `digits` digits.
void text_append_hex(struct text_buffer *buffer, uint64_t value, unsigned digits);

// A column at least `width` characters wide; longer text is not shortened.
void text_append_column(struct text_buffer *buffer, const char *text, size_t width,
                        enum text_side side);

// Appends as printf would. Conversions: %s %c %d %i %u %x %X %p %%; lengths hh h
// l ll z j t; flags - 0 + and blank; width and precision as digits or `*`, the precision
// for %s, %d, %i, %u and %x. %p is 0x and 16 digits. A null %s is "(null)".
// From a directive that it does not know, the rest of the format is appended as
// it stands, since the arguments could no longer be told apart.
[[gnu::format(printf, 2, 3)]] void text_format(struct text_buffer *buffer, const char *format, ...);
[[gnu::format(printf, 2, 0)]] void text_format_list(struct text_buffer *buffer, const char *format,
                                                    va_list arguments);

// The same for a text that is made at once; what does not fit into `size` bytes is dropped.
[[gnu::format(printf, 3, 0)]] void text_line(char *data, size_t size, const char *format,
                                             va_list arguments);
