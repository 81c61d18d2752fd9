// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Bounded text. Every write goes through text_append_bytes or fill, which alone
// know the limit; numbers are made backwards in a local array of 20 digits, all
// that 64 bits need, before they are appended.
#include "lib/string/text.h"

#include "lib/string/string.h"

constexpr size_t DIGITS = 20;
// Widths and precisions beyond this are taken as this, so that a number in the
// format cannot overflow an int.
constexpr int WIDTH_MAX = 65535;

// What stands between % and the conversion letter.
struct directive {
    bool left, zeros, plus, blank;
    int width;     // 0: none
    int precision; // below 0: none
    enum { LENGTH_CHAR, LENGTH_SHORT, LENGTH_INT, LENGTH_LONG } length;
};

// Values passed by va_list are taken through this, since a va_list parameter
// may be an array, of which no address of the right type could be passed on.
struct arguments {
    va_list list;
};

void text_start(struct text_buffer *buffer, char *data, size_t size) {
    *buffer = (struct text_buffer){.data = data, .size = size};
    text_clear(buffer);
}

void text_clear(struct text_buffer *buffer) {
    buffer->length = 0;
    buffer->cut = false;
    if (buffer->size > 0) {
        buffer->data[0] = '\0';
    }
}

// Says how many of `wanted` bytes fit, and notes the cut when not all do.
static size_t room(struct text_buffer *buffer, size_t wanted) {
    size_t left = buffer->size == 0 ? 0 : buffer->size - 1 - buffer->length;
    if (wanted > left) {
        buffer->cut = true;
        return left;
    }
    return wanted;
}

static void fill(struct text_buffer *buffer, char character, size_t count) {
    count = room(buffer, count);
    if (count > 0) {
        memset(buffer->data + buffer->length, character, count);
        buffer->length += count;
        buffer->data[buffer->length] = '\0';
    }
}

void text_append_bytes(struct text_buffer *buffer, const char *bytes, size_t count) {
    count = room(buffer, count);
    if (count > 0) {
        memcpy(buffer->data + buffer->length, bytes, count);
        buffer->length += count;
        buffer->data[buffer->length] = '\0';
    }
}

void text_append(struct text_buffer *buffer, const char *text) {
    text_append_bytes(buffer, text, strlen(text));
}

void text_append_char(struct text_buffer *buffer, char character) {
    fill(buffer, character, 1);
}

// Writes the digits of `value` to the end of `digits` and returns how many.
static size_t make_digits(char digits[DIGITS], uint64_t value, unsigned base, char ten) {
    size_t count = 0;
    do {
        unsigned digit = (unsigned)(value % base);
        count++;
        digits[DIGITS - count] = (char)(digit < 10 ? '0' + digit : ten + digit - 10);
        value /= base;
    } while (value != 0);
    return count;
}

void text_append_unsigned(struct text_buffer *buffer, uint64_t value) {
    char digits[DIGITS];
    size_t count = make_digits(digits, value, 10, 'a');
    text_append_bytes(buffer, digits + DIGITS - count, count);
}

void text_append_signed(struct text_buffer *buffer, int64_t value) {
    if (value < 0) {
        text_append_char(buffer, '-');
    }
    // Negated as unsigned, where the least value has an opposite.
    text_append_unsigned(buffer, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

void text_append_hex(struct text_buffer *buffer, uint64_t value, unsigned digits) {
    char made[DIGITS];
    size_t count = make_digits(made, value, 16, 'a');
    fill(buffer, '0', digits > count ? digits - count : 0);
    text_append_bytes(buffer, made + DIGITS - count, count);
}

static void append_column(struct text_buffer *buffer, const char *text, size_t length, size_t width,
                          enum text_side side) {
    size_t blanks = width > length ? width - length : 0;
    fill(buffer, ' ', side == TEXT_RIGHT ? blanks : 0);
    text_append_bytes(buffer, text, length);
    fill(buffer, ' ', side == TEXT_LEFT ? blanks : 0);
}

void text_append_column(struct text_buffer *buffer, const char *text, size_t width,
                        enum text_side side) {
    append_column(buffer, text, strlen(text), width, side);
}

// Reads digits or `*` at *format and steps over them.
static int read_count(const char **format, struct arguments *arguments) {
    if (**format == '*') {
        ++*format;
        int count = va_arg(arguments->list, int);
        return count > WIDTH_MAX ? WIDTH_MAX : count < -WIDTH_MAX ? -WIDTH_MAX : count;
    }
    int count = 0;
    for (; **format >= '0' && **format <= '9'; ++*format) {
        count = count * 10 + (**format - '0');
        count = count > WIDTH_MAX ? WIDTH_MAX : count;
    }
    return count;
}

static const char *read_flags(const char *format, struct directive *out) {
    for (;; format++) {
        switch (*format) {
        case '-':
            out->left = true;
            break;
        case '0':
            out->zeros = true;
            break;
        case '+':
            out->plus = true;
            break;
        case ' ':
            out->blank = true;
            break;
        default:
            return format;
        }
    }
}

// All the long ones are 64 bits on every machine that we have.
static_assert(sizeof(long) == 8 && sizeof(long long) == 8 && sizeof(size_t) == 8);

static const char *read_length(const char *format, struct directive *out) {
    out->length = LENGTH_INT;
    if (*format == 'h') {
        out->length = format[1] == 'h' ? LENGTH_CHAR : LENGTH_SHORT;
        return format + (format[1] == 'h' ? 2 : 1);
    }
    if (*format == 'l' || *format == 'z' || *format == 'j' || *format == 't') {
        out->length = LENGTH_LONG;
        return format + (format[0] == 'l' && format[1] == 'l' ? 2 : 1);
    }
    return format;
}

// Reads all of a directive up to its letter, which the result points to.
static const char *read_directive(const char *format, struct arguments *arguments,
                                  struct directive *out) {
    *out = (struct directive){.precision = -1};
    format = read_flags(format, out);
    out->width = read_count(&format, arguments);
    if (out->width < 0) {
        out->left = true;
        out->width = -out->width;
    }
    if (*format == '.') {
        format++;
        out->precision = read_count(&format, arguments);
    }
    return read_length(format, out);
}

static uint64_t take_unsigned(const struct directive *d, struct arguments *arguments) {
    if (d->length == LENGTH_LONG) {
        return va_arg(arguments->list, uint64_t);
    }
    unsigned value = va_arg(arguments->list, unsigned);
    return d->length == LENGTH_CHAR    ? (unsigned char)value
           : d->length == LENGTH_SHORT ? (unsigned short)value
                                       : value;
}

static int64_t take_signed(const struct directive *d, struct arguments *arguments) {
    if (d->length == LENGTH_LONG) {
        return va_arg(arguments->list, int64_t);
    }
    int value = va_arg(arguments->list, int);
    return d->length == LENGTH_CHAR    ? (signed char)value
           : d->length == LENGTH_SHORT ? (short)value
                                       : value;
}

// Appends sign or prefix, zeros and digits, in the column of the directive.
static void append_number(struct text_buffer *buffer, const struct directive *d, const char *prefix,
                          uint64_t value, unsigned base, char ten) {
    char digits[DIGITS];
    size_t count = make_digits(digits, value, base, ten);
    if (value == 0 && d->precision == 0) {
        count = 0;
    }
    size_t ahead = strlen(prefix), width = (size_t)d->width;
    size_t zeros = d->precision > (int)count ? (size_t)d->precision - count : 0;
    // As in C, zeros fill the column only from the left and without precision.
    if (d->zeros && !d->left && d->precision < 0 && width > ahead + count) {
        zeros = width - ahead - count;
    }
    size_t length = ahead + zeros + count;
    size_t blanks = width > length ? width - length : 0;
    fill(buffer, ' ', d->left ? 0 : blanks);
    text_append_bytes(buffer, prefix, ahead);
    fill(buffer, '0', zeros);
    text_append_bytes(buffer, digits + DIGITS - count, count);
    fill(buffer, ' ', d->left ? blanks : 0);
}

static void append_signed(struct text_buffer *buffer, const struct directive *d, int64_t value) {
    const char *sign = value < 0 ? "-" : d->plus ? "+" : d->blank ? " " : "";
    append_number(buffer, d, sign, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, 10, 'a');
}

static void append_string(struct text_buffer *buffer, const struct directive *d, const char *text) {
    text = text == nullptr ? "(null)" : text;
    size_t length = d->precision < 0 ? strlen(text) : strnlen(text, (size_t)d->precision);
    append_column(buffer, text, length, (size_t)d->width, d->left ? TEXT_LEFT : TEXT_RIGHT);
}

// Does one directive; false when the letter is none that we know.
static bool append_directive(struct text_buffer *buffer, const struct directive *d, char letter,
                             struct arguments *arguments) {
    char character;
    switch (letter) {
    case '%':
        text_append_char(buffer, '%');
        return true;
    case 'c':
        character = (char)va_arg(arguments->list, int);
        append_column(buffer, &character, 1, (size_t)d->width, d->left ? TEXT_LEFT : TEXT_RIGHT);
        return true;
    case 's':
        append_string(buffer, d, va_arg(arguments->list, const char *));
        return true;
    case 'd':
    case 'i':
        append_signed(buffer, d, take_signed(d, arguments));
        return true;
    case 'u':
        append_number(buffer, d, "", take_unsigned(d, arguments), 10, 'a');
        return true;
    case 'x':
        append_number(buffer, d, "", take_unsigned(d, arguments), 16, 'a');
        return true;
    case 'X':
        append_number(buffer, d, "", take_unsigned(d, arguments), 16, 'A');
        return true;
    case 'p':
        text_append(buffer, "0x");
        text_append_hex(buffer, (uintptr_t)va_arg(arguments->list, void *), 16);
        return true;
    default:
        return false;
    }
}

void text_format_list(struct text_buffer *buffer, const char *format, va_list list) {
    struct arguments arguments;
    va_copy(arguments.list, list);
    while (*format != '\0') {
        size_t plain = 0;
        while (format[plain] != '\0' && format[plain] != '%') {
            plain++;
        }
        text_append_bytes(buffer, format, plain);
        format += plain;
        if (*format == '%') {
            struct directive directive;
            const char *letter = read_directive(format + 1, &arguments, &directive);
            if (!append_directive(buffer, &directive, *letter, &arguments)) {
                text_append(buffer, format);
                break;
            }
            format = letter + 1;
        }
    }
    va_end(arguments.list);
}

void text_line(char *data, size_t size, const char *format, va_list list) {
    struct text_buffer buffer;
    text_start(&buffer, data, size);
    text_format_list(&buffer, format, list);
}

void text_format(struct text_buffer *buffer, const char *format, ...) {
    va_list list;
    va_start(list, format);
    text_format_list(buffer, format, list);
    va_end(list);
}
