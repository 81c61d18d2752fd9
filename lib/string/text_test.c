// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Bounded text: the limits of the buffer, and text_format against the host's
// vsnprintf over thousands of made-up directives.
#include "lib/string/text.h"

#include "tests/unit.h"

#include <limits.h>

static char memory[256];

static struct text_buffer fresh(size_t size) {
    struct text_buffer buffer;
    memset(memory, '!', sizeof memory);
    text_start(&buffer, memory, size);
    return buffer;
}

// Whether the text is `want` and ends in NUL where it says.
static bool reads(const struct text_buffer *buffer, const char *want) {
    bool same = strcmp(buffer->data, want) == 0 && buffer->length == strlen(want);
    if (!same) {
        printf("# '%s' is not '%s'\n", buffer->data, want);
    }
    return same;
}

TEST(appending) {
    struct text_buffer b = fresh(sizeof memory);
    CHECK(reads(&b, ""));
    text_append(&b, "one ");
    text_append_bytes(&b, "two three", 3);
    text_append_char(&b, ' ');
    text_append_unsigned(&b, UINT64_MAX);
    text_append_char(&b, ' ');
    text_append_signed(&b, INT64_MIN);
    text_append_char(&b, ' ');
    text_append_hex(&b, 0xbeef, 8);
    text_append_char(&b, ' ');
    text_append_hex(&b, 0, 0);
    CHECK(reads(&b, "one two 18446744073709551615 -9223372036854775808 0000beef 0"));
    CHECK(!b.cut);
    text_clear(&b);
    CHECK(reads(&b, ""));
}

TEST(columns) {
    struct text_buffer b = fresh(sizeof memory);
    text_append_column(&b, "ab", 4, TEXT_LEFT);
    text_append_column(&b, "cd", 4, TEXT_RIGHT);
    text_append_column(&b, "longer", 4, TEXT_LEFT);
    text_append_column(&b, "", 2, TEXT_RIGHT);
    CHECK(reads(&b, "ab    cdlonger  "));
}

TEST(cut_keeps_what_came_before) {
    struct text_buffer b = fresh(6);
    text_append(&b, "abc");
    CHECK(!b.cut);
    text_append(&b, "defg");
    CHECK(reads(&b, "abcde") && b.cut);
    CHECK_EQ(memory[6], '!');
    text_append(&b, "h");
    text_append_char(&b, 'i');
    text_append_unsigned(&b, 12);
    CHECK(reads(&b, "abcde"));
    text_clear(&b);
    CHECK(reads(&b, "") && !b.cut);
    // Text that just fits is not cut.
    text_append(&b, "12345");
    CHECK(reads(&b, "12345") && !b.cut);
    // A column that does not fit leaves as many blanks as there is room for.
    text_clear(&b);
    text_append_column(&b, "x", 100, TEXT_RIGHT);
    CHECK(reads(&b, "     ") && b.cut);
}

TEST(smallest_buffers) {
    struct text_buffer b = fresh(1);
    text_append(&b, "");
    CHECK(!b.cut);
    text_append(&b, "x");
    CHECK(reads(&b, "") && b.cut);
    text_start(&b, nullptr, 0);
    text_append(&b, "x");
    text_format(&b, "%5d", 3);
    CHECK(b.cut && b.length == 0);
}

TEST(format_examples) {
    struct text_buffer b = fresh(sizeof memory);
    text_format(&b, "%s|%.*s|%-6s|%6s|%c|%%|", "text", 2, "text", "ab", "cd", 'x');
    CHECK(reads(&b, "text|te|ab    |    cd|x|%|"));
    text_clear(&b);
    text_format(&b, "%u %d %x %lu %lx %zu %08x %-8u| %*d %+d", 7u, -7, 255u, ULONG_MAX, ULONG_MAX,
                (size_t)9, 0xabcu, 5u, 6, 12, 3);
    CHECK(reads(&b, "7 -7 ff 18446744073709551615 ffffffffffffffff 9 00000abc 5       |"
                    "     12 +3"));
    text_clear(&b);
    text_format(&b, "%p %lld %llu %hhu %hd %X", (void *)0x1000, LLONG_MIN, ULLONG_MAX,
                (unsigned char)200, (short)-3, 0xAFu);
    CHECK(reads(&b, "0x0000000000001000 -9223372036854775808 18446744073709551615 200 -3 AF"));
}

TEST(format_widths_from_arguments) {
    struct text_buffer b = fresh(sizeof memory);
    // A negative width stands left, a negative precision counts as none.
    text_format(&b, "[%*d|%-*s|%*s|%.*s|%.*d]", -5, 42, 4, "a", -3, "b", -1, "all", 3, 7);
    CHECK(reads(&b, "[42   |a   |b  |all|007]"));
    text_clear(&b);
    text_format(&b, "%i %hd %hhd %hu %5c|%-3c|", -1, (short)-2, (signed char)-3, (unsigned short)4,
                'r', 'l');
    CHECK(reads(&b, "-1 -2 -3 4     r|l  |"));
    // Widths beyond all reason fill the buffer and no more.
    text_clear(&b);
    text_format(&b, "%*d", INT_MAX, 1);
    CHECK(b.cut && b.length == sizeof memory - 1);
    text_clear(&b);
    text_format(&b, "%*d", INT_MIN, 1);
    CHECK(b.cut && b.length == sizeof memory - 1 && memory[0] == '1');
}

TEST(format_null_and_precision_without_nul) {
    struct text_buffer b = fresh(sizeof memory);
    const char *volatile none = nullptr;
    text_format(&b, "[%s]", none);
    CHECK(reads(&b, "[(null)]"));
    char *open = malloc(4);
    memcpy(open, "abcd", 4);
    text_clear(&b);
    text_format(&b, "%.4s", open);
    CHECK(reads(&b, "abcd"));
    free(open);
}

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wformat"
#pragma clang diagnostic ignored "-Wformat-nonliteral"
#pragma clang diagnostic ignored "-Wformat-security"

TEST(format_unknown_directive_is_shown) {
    struct text_buffer b = fresh(sizeof memory);
    text_format(&b, "a %u %q %s", 1u, "never read");
    CHECK(reads(&b, "a 1 %q %s"));
    text_clear(&b);
    text_format(&b, "end %");
    CHECK(reads(&b, "end %"));
    text_clear(&b);
    text_format(&b, "end %-08.3l");
    CHECK(reads(&b, "end %-08.3l"));
    text_clear(&b);
    text_format(&b, "%99999999999999999999u", 1u);
    CHECK(b.cut && b.length == sizeof memory - 1);
}

static const char *line(char *out, size_t size, const char *format, ...) {
    va_list list;
    va_start(list, format);
    text_line(out, size, format, list);
    va_end(list);
    return out;
}

TEST(a_line_at_once) {
    char out[8];
    CHECK(strcmp(line(out, sizeof out, "%s %u", "ab", 12u), "ab 12") == 0);
    CHECK(strcmp(line(out, sizeof out, "%s %u", "abcdef", 12u), "abcdef ") == 0);
}

static uint64_t state = 1;

static uint64_t next_random(void) {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return state;
}

static uint64_t pick_value(void) {
    static const uint64_t edges[] = {0,         1,          9,         10,         255,
                                     INT32_MAX, UINT32_MAX, INT64_MAX, 1ull << 63, UINT64_MAX};
    uint64_t random = next_random();
    return random % 3 == 0 ? edges[random / 3 % 10] : random >> (random % 64);
}

// Makes a directive such as "%-08.3lx" and says its letter and if it is long.
static char make_directive(char out[16], bool *is_long) {
    static const char letters[] = "dixXusc";
    char *at = out;
    *at++ = '%';
    if (next_random() % 3 == 0) {
        *at++ = '-';
    }
    char letter = letters[next_random() % 7];
    bool number = letter != 's' && letter != 'c';
    if (number && next_random() % 3 == 0) {
        *at++ = '0';
    }
    bool with_sign = letter == 'd' || letter == 'i';
    if (with_sign && next_random() % 3 == 0) {
        *at++ = next_random() % 2 == 0 ? '+' : ' ';
    }
    if (next_random() % 2 == 0) {
        at += sprintf(at, "%u", (unsigned)(next_random() % 30 + 1));
    }
    if (letter != 'c' && next_random() % 3 == 0) {
        at += sprintf(at, ".%u", (unsigned)(next_random() % 25));
    }
    *is_long = number && next_random() % 2 == 0;
    if (*is_long) {
        *at++ = "lzj"[next_random() % 3];
    }
    *at++ = letter;
    *at = '\0';
    return letter;
}

TEST(format_agrees_with_the_host) {
    char directive[16], want[64];
    for (int i = 0; i < 200000; i++) {
        bool is_long;
        char letter = make_directive(directive, &is_long);
        uint64_t value = pick_value();
        size_t size = next_random() % 40 + 1;
        struct text_buffer b = fresh(size);
        int length;
        if (letter == 's') {
            const char *word = &"a fair number of letters"[value % 25];
            length = snprintf(want, size, directive, word);
            text_format(&b, directive, word);
        } else if (is_long) {
            length = snprintf(want, size, directive, value);
            text_format(&b, directive, value);
        } else {
            int small = letter == 'c' ? (int)(value % 94 + 33) : (int)value;
            length = snprintf(want, size, directive, small);
            text_format(&b, directive, small);
        }
        bool good = reads(&b, want) && b.cut == ((size_t)length >= size) && memory[size] == '!';
        CHECK(good);
        if (!good) {
            printf("# directive %s, value %" PRIu64 "\n", directive, value);
            return;
        }
    }
}

#pragma clang diagnostic pop

UNIT_MAIN
