// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// UTF-8 as far as a line editor needs it: whole characters, and how wide a
// terminal draws them. The widths are the large blocks of Unicode's East Asian
// Width table; a rare character outside of them costs a redraw, not the line.
#include "lib/lineedit/private.h"

struct range {
    uint32_t first, last;
};

static const struct range wide[] = {
    {0x1100, 0x115f},   {0x2e80, 0x303e},   {0x3041, 0xa4cf},   {0xac00, 0xd7a3},
    {0xf900, 0xfaff},   {0xfe30, 0xfe6f},   {0xff00, 0xff60},   {0xffe0, 0xffe6},
    {0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff}, {0x1f900, 0x1faff}, {0x20000, 0x3fffd},
};
static const struct range combining[] = {
    {0x0300, 0x036f}, {0x0483, 0x0489}, {0x0591, 0x05bd}, {0x064b, 0x065f}, {0x1ab0, 0x1aff},
    {0x1dc0, 0x1dff}, {0x200b, 0x200f}, {0x20d0, 0x20ff}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f},
};

static bool within(const struct range *ranges, size_t count, uint32_t code) {
    for (size_t i = 0; i < count; i++) {
        if (code >= ranges[i].first && code <= ranges[i].last) {
            return true;
        }
    }
    return false;
}

unsigned utf8_length(uint8_t byte) {
    if (byte < 0x80) {
        return 1;
    }
    if (byte >= 0xc2 && byte <= 0xdf) {
        return 2;
    }
    if (byte >= 0xe0 && byte <= 0xef) {
        return 3;
    }
    return byte >= 0xf0 && byte <= 0xf4 ? 4 : 0;
}

static uint32_t decode(const uint8_t *bytes, unsigned count) {
    static const uint8_t mask[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t code = bytes[0] & mask[count];
    for (unsigned i = 1; i < count; i++) {
        code = code << 6 | (bytes[i] & 0x3f);
    }
    return code;
}

bool utf8_valid(const uint8_t *bytes, unsigned count) {
    static const uint32_t least[] = {0, 0x20, 0xa0, 0x800, 0x10000};
    if (count < 1 || count > 4 || utf8_length(bytes[0]) != count) {
        return false;
    }
    for (unsigned i = 1; i < count; i++) {
        if ((bytes[i] & 0xc0) != 0x80) {
            return false;
        }
    }
    uint32_t code = decode(bytes, count);
    bool surrogate = code >= 0xd800 && code <= 0xdfff;
    return code >= least[count] && code <= 0x10ffff && code != 0x7f && !surrogate;
}

size_t utf8_next(const char *text, size_t length, size_t at) {
    size_t bytes = utf8_length((uint8_t)text[at]);
    if (bytes == 0) {
        bytes = 1;
    }
    return at + bytes > length ? length : at + bytes;
}

size_t utf8_previous(const char *text, size_t at) {
    do {
        at--;
    } while (at > 0 && ((uint8_t)text[at] & 0xc0) == 0x80);
    return at;
}

unsigned utf8_columns(const char *text, size_t count) {
    unsigned columns = 0;
    for (size_t at = 0; at < count;) {
        size_t next = utf8_next(text, count, at);
        unsigned bytes = (unsigned)(next - at);
        uint32_t code = decode((const uint8_t *)text + at, bytes);
        if (code < 0x300) {
            columns += 1; // by far the most
        } else if (within(wide, sizeof wide / sizeof wide[0], code)) {
            columns += 2;
        } else {
            columns += !within(combining, sizeof combining / sizeof combining[0], code);
        }
        at = next;
    }
    return columns;
}
