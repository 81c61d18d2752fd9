// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Text without power over the terminal. A program that could send escape
// sequences could make the terminal type into the shell, or forge its marks.
#include "lib/lineedit/private.h"
#include "lib/string/string.h"

size_t line_clean(struct line_filter *filter, const uint8_t *text, size_t count, char *clean) {
    size_t size = 0;
    for (size_t i = 0; i < count; i++) {
        uint8_t byte = text[i];
        if (filter->length == 0 || (byte & 0xc0) != 0x80) {
            // A new character; one before it that never got complete is dropped.
            filter->length = 0;
            filter->want = utf8_length(byte);
        }
        if (byte == '\n' || byte == '\t') {
            clean[size++] = (char)byte;
            continue;
        }
        if (filter->want == 0) {
            continue;
        }
        filter->partial[filter->length++] = byte;
        if (filter->length < filter->want) {
            continue;
        }
        if (utf8_valid(filter->partial, filter->length)) {
            memcpy(clean + size, filter->partial, filter->length);
            size += filter->length;
        }
        filter->length = 0;
        filter->want = 0;
    }
    return size;
}
