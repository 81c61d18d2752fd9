// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Sentences for what was wrong. The formatter is a few lines of its own because
// the kernel has no printf this early; the compiler checks its arguments as if
// it were one. Every byte goes through one function that knows the space left.

#include "lib/firmware/parse.h"

#include <stdarg.h>

struct sentence {
    char *text;
    size_t used;
    size_t limit; // bytes of text without the terminator
};

static void put(struct sentence *sentence, char c) {
    if (sentence->used < sentence->limit) {
        sentence->text[sentence->used++] = c >= ' ' && c <= '~' ? c : '?';
    }
}

// `limit` ends text that need not be terminated.
static void put_text(struct sentence *sentence, const char *text, int limit) {
    for (int i = 0; i < limit && text[i] != '\0'; i++) {
        put(sentence, text[i]);
    }
}

static void put_number(struct sentence *sentence, uint64_t number, unsigned radix) {
    char digits[20]; // 2^64 - 1 has twenty in decimal
    int count = 0;
    do {
        digits[count++] = "0123456789abcdef"[number % radix];
        number /= radix;
    } while (number != 0);
    while (count > 0) {
        put(sentence, digits[--count]);
    }
}

enum status firmware_fail(struct firmware_error *error, enum status status, const char *format,
                          ...) {
    struct sentence sentence = {error->text, 0, sizeof(error->text) - 1};
    va_list list;
    va_start(list, format);
    for (const char *f = format; *f != '\0'; f++) {
        if (*f != '%') {
            put(&sentence, *f);
            continue;
        }
        f++;
        if (*f == '.') { // ".*s": the length comes before the text
            int limit = va_arg(list, int);
            put_text(&sentence, va_arg(list, const char *), limit);
            f += 2;
        } else if (*f == 's') {
            put_text(&sentence, va_arg(list, const char *), (int)sentence.limit);
        } else if (*f == 'u') {
            put_number(&sentence, va_arg(list, unsigned), 10);
        } else { // "lx", "lu"
            f++;
            put_number(&sentence, va_arg(list, uint64_t), *f == 'x' ? 16 : 10);
        }
    }
    va_end(list);
    error->text[sentence.used] = '\0';
    return status;
}
