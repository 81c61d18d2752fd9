// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The line editor against a terminal of one row: each key by itself, history and
// completion, junk, and random keys with the screen compared after every one.
#include "lib/lineedit/lineedit.h"

#include "lib/lineedit/terminal.h"
#include "tests/unit.h"

static struct terminal terminal;
static struct line_editor editor;

static void offer_names(void *context, const char *text, size_t cursor,
                        struct line_candidates *list) {
    (void)context;
    size_t start = cursor;
    while (start > 0 && text[start - 1] != ' ') {
        start--;
    }
    list->word = text + start;
    list->length = cursor - start;
    static const char *names[] = {"help",      "harts", "history", "history",    "run",
                                  "authority", "größe", "grüße",   "bad\x01name"};
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        line_offer(list, names[i]);
    }
}

static void fresh(void) {
    terminal_init(&terminal);
    line_init(&editor, &(struct line_calls){&terminal, terminal_write, offer_names});
    line_start(&editor, "\x1b]133;A\a> \x1b]133;B\a", 2);
}

static enum line_event type(const char *keys) {
    enum line_event event = LINE_MORE;
    for (; *keys != 0; keys++) {
        event = line_key(&editor, (uint8_t)*keys);
        CHECK(line_holds(&editor));
        CHECK(event != LINE_MORE || terminal_agrees(&terminal, &editor));
    }
    return event;
}

// Types into an empty line; whether that makes the text with the cursor at `cursor`.
static bool makes(const char *keys, const char *text, size_t cursor) {
    fresh();
    type(keys);
    bool same = strcmp(editor.text, text) == 0 && editor.cursor == cursor;
    if (!same) {
        printf("# made '%s', cursor %zu\n", editor.text, editor.cursor);
    }
    return same;
}

TEST(typing) {
    fresh();
    CHECK_EQ(type("echo one"), LINE_MORE);
    CHECK(strcmp(terminal_row(&terminal), "> echo one") == 0);
    CHECK_EQ(type("\r"), LINE_DONE);
    CHECK(strcmp(editor.text, "echo one") == 0);
    CHECK_EQ(terminal.rows, 1);
}

TEST(typing_at_the_end_costs_one_byte) {
    fresh();
    size_t before = terminal.sent;
    type("abc");
    CHECK_EQ(terminal.sent - before, 3);
    type("\x7f");
    CHECK_EQ(terminal.sent - before, 3 + 1 + 3); // back, erase to the end
}

TEST(return_and_newline_are_one_enter) {
    fresh();
    CHECK_EQ(type("a\r"), LINE_DONE);
    line_start(&editor, "> ", 2);
    CHECK_EQ(type("\n"), LINE_MORE);
    CHECK_EQ(type("\n"), LINE_DONE);
}

TEST(movement) {
    CHECK(makes("abc\x1b[D", "abc", 2));
    CHECK(makes("abc\x1b[D\x1b[C\x1b[C", "abc", 3));
    CHECK(makes("abc\x01", "abc", 0));
    CHECK(makes("abc\x1b[H\x05", "abc", 3));
    CHECK(makes("abc\x1b[1~", "abc", 0));
    CHECK(makes("abc\x1b[7~\x1b[8~", "abc", 3));
    CHECK(makes("abc\x1bOH\x1bOF", "abc", 3));
    CHECK(makes("abc\x02\x02\x06", "abc", 2));
    CHECK(makes("one two\x1b"
                "b",
                "one two", 4));
    CHECK(makes("one two\x1b[1;5D\x1b[1;5D\x1b[1;5C", "one two", 3));
    CHECK(makes("\x1b[D\x1b[C\x1b[H", "", 0));
}

TEST(changes) {
    CHECK(makes("abc\x7f", "ab", 2));
    CHECK(makes("abc\x08\x08\x08\x08", "", 0));
    CHECK(makes("abc\x01\x1b[3~", "bc", 0));
    CHECK(makes("abc\x01\x04", "bc", 0));
    CHECK(makes("abc\x1b[3~", "abc", 3));
    CHECK(makes("abc def\x1b[D\x0b", "abc de", 6));
    CHECK(makes("abc def\x1b[D\x15", "f", 0));
    CHECK(makes("abc def  \x17", "abc ", 4));
    CHECK(makes("ac\x1b[Db", "abc", 2));
    CHECK(makes("abc\x0c", "abc", 3));
}

TEST(ends) {
    fresh();
    CHECK_EQ(type("abc\x03"), LINE_CANCELLED);
    fresh();
    CHECK_EQ(type("abc\x04"), LINE_MORE);
    fresh();
    CHECK_EQ(type("\x04"), LINE_END);
}

TEST(characters_of_several_bytes) {
    CHECK(makes("größe\x7f\x7f", "grö", 4));
    CHECK(makes("日本\x1b[D", "日本", 3));
    CHECK(makes("日本\x1b[D\x7f", "本", 0));
    CHECK(makes("e\xcc\x81x\x1b[D", "e\xcc\x81x", 3));
    CHECK(makes("a\xff\xc0\x80\xed\xa0\x80\xf5z", "az", 2)); // never valid
    CHECK(makes("a\xe6\x97z", "az", 2));                     // never complete
    CHECK(makes("\xc2\x85", "", 0));                         // a control character
    CHECK(makes("😀", "😀", 4));
}

TEST(junk_is_swallowed_and_enter_still_works) {
    CHECK(makes("a\x1b[200~b\x1b[?1;2cc\x1bZd", "abcd", 4));
    CHECK(makes("\x1b[99999999999999999999D", "", 0));
    CHECK(makes("a\x1b]11;rgb:00/00/00\x1b\\b", "ab", 2));
    CHECK(makes("a\x1b]11;rgb\ab", "ab", 2));
    CHECK(makes("a\x1b[\x01x", "xa", 1));
    CHECK(makes("a\x1bO~b", "ab", 2));
    fresh();
    CHECK_EQ(type("ab\x1b]never ends\r"), LINE_DONE);
    CHECK(strcmp(editor.text, "ab") == 0);
}

TEST(long_lines_scroll) {
    fresh();
    for (unsigned i = 0; i < 300; i++) {
        type(i % 10 == 0 ? "#" : "x");
    }
    CHECK(strlen(terminal_row(&terminal)) < LINE_COLUMNS);
    type("\x01");
    CHECK_EQ(terminal.column, 2);
    type("日\x05y\x15");
    CHECK_EQ(editor.length, 0);
    CHECK(strcmp(terminal_row(&terminal), ">") == 0);
}

TEST(a_long_line_is_shown_whole_at_its_end) {
    fresh();
    type("the beginning ");
    for (unsigned i = 0; i < 100; i++) {
        type("x");
    }
    CHECK(strstr(terminal_row(&terminal), "beginning") == nullptr);
    terminal.last_length = 0;
    type("\r");
    terminal.last[terminal.last_length] = 0;
    const char *end = strstr(terminal.last, "Dthe beginning xxxx");
    CHECK(end != nullptr && strlen(end) == 1 + 114 + 2);
}

TEST(a_full_line_takes_no_more) {
    fresh();
    for (size_t i = 0; i < LINE_MOST + 20; i++) {
        type("y");
    }
    CHECK_EQ(editor.length, LINE_MOST);
    CHECK_EQ(terminal.bells, 20);
}

TEST(history) {
    fresh();
    line_remember(&editor, "one");
    line_remember(&editor, "two");
    line_remember(&editor, "two");
    line_remember(&editor, "");
    CHECK_EQ(editor.history.count, 2);
    type("dra\x1b[A");
    CHECK(strcmp(editor.text, "two") == 0);
    type("\x1b[A\x1b[A");
    CHECK(strcmp(editor.text, "one") == 0);
    type("\x10\x0e");
    CHECK(strcmp(editor.text, "two") == 0);
    type("\x1b[B");
    CHECK(strcmp(editor.text, "dra") == 0);
    type("\x1b[B");
    CHECK(strcmp(editor.text, "dra") == 0);
    CHECK_EQ(terminal.bells, 3);
}

TEST(history_is_bounded) {
    fresh();
    char text[64];
    for (unsigned i = 0; i < 5000; i++) {
        snprintf(text, sizeof text, "line %u %.*s", i, (int)(i % 40), "..........................");
        line_remember(&editor, text);
        CHECK(strcmp(line_recall(&editor.history, 1), text) == 0);
        CHECK(editor.history.used <= LINE_HISTORY);
    }
    CHECK(line_recall(&editor.history, 0) == nullptr);
    CHECK(line_recall(&editor.history, editor.history.count) == editor.history.text);
    CHECK(line_recall(&editor.history, editor.history.count + 1) == nullptr);
}

TEST(completion) {
    CHECK(makes("ru\t", "run ", 4));
    CHECK(makes("run a\t", "run authority ", 14));
    CHECK(makes("zz\t", "zz", 2));
    CHECK(makes("hi\t", "history ", 8));
    CHECK(makes("hX\x1b[Di\t", "history X", 7 + 1));
    CHECK(makes("gr\t", "gr", 2)); // half a character in common
    CHECK(makes("ba\t", "ba", 2));
}

TEST(completion_lists_on_the_second_tab) {
    fresh();
    type("h\t");
    CHECK_EQ(terminal.bells, 1);
    CHECK_EQ(terminal.rows, 0);
    type("\t");
    CHECK_EQ(terminal.rows, 2);
    terminal.last[terminal.last_length] = 0;
    CHECK(strstr(terminal.last, "\r\nhelp     harts    history\r\n") != nullptr);
    CHECK(strcmp(terminal_row(&terminal), "> h") == 0);
    type("\x7fh\t");
    CHECK_EQ(terminal.rows, 2);
}

TEST(redraw_after_the_terminal_was_replaced) {
    fresh();
    type("half a li\x1b[D");
    terminal_init(&terminal);
    line_redraw(&editor);
    CHECK(strcmp(terminal_row(&terminal), "> half a li") == 0);
    CHECK(terminal_agrees(&terminal, &editor));
}

// What the filter makes of the text, given to it in pieces of `step` bytes.
static const char *cleaned(const char *text, size_t step) {
    static char clean[256];
    struct line_filter filter = {};
    size_t size = 0, length = strlen(text);
    for (size_t at = 0; at < length; at += step) {
        size_t piece = length - at < step ? length - at : step;
        size += line_clean(&filter, (const uint8_t *)text + at, piece, clean + size);
    }
    clean[size] = 0;
    return clean;
}

TEST(text_of_strangers_is_cleaned) {
    for (size_t step = 1; step < 20; step++) {
        CHECK(strcmp(cleaned("plain\ttext\n", step), "plain\ttext\n") == 0);
        CHECK(strcmp(cleaned("größe 日本 😀", step), "größe 日本 😀") == 0);
        CHECK(strcmp(cleaned("a\x1b[6nb\r\x07\x7f\x01", step), "a[6nb") == 0);
        CHECK(strcmp(cleaned("\x1b]133;D;0\x07>", step), "]133;D;0>") == 0);
        CHECK(strcmp(cleaned("\xc2\x9b"
                             "6n\x9b"
                             "6n",
                             step),
                     "6n6n") == 0); // C1
        CHECK(strcmp(cleaned("x\xe6\x97y\xff\xc0\x80\xed\xa0\x80z\xc3", step), "xyz") == 0);
        CHECK(strcmp(cleaned("\xe6\n\x97\n", step), "\n\n") == 0);
    }
}

TEST(random_keys) {
    static const char *keys[] = {"a",
                                 "b ",
                                 "ö",
                                 "日",
                                 "\x1b[D",
                                 "\x1b[C",
                                 "\x1b[A",
                                 "\x1b[B",
                                 "\x1b[H",
                                 "\x1b[F",
                                 "\x7f",
                                 "\x04",
                                 "\x17",
                                 "\x0b",
                                 "\t",
                                 "\x1b[3~",
                                 "e\xcc\x81",
                                 "\x1b[1;5D",
                                 "some more words",
                                 "\x1b",
                                 "\xe6",
                                 "\x0c"};
    constexpr unsigned count = sizeof keys / sizeof keys[0];
    unsigned seed = 1;
    for (unsigned round = 0; round < 20; round++) {
        fresh();
        editor.columns = 5 + round * 5;
        line_redraw(&editor);
        line_remember(&editor, "a remembered line that is longer than some of the terminals are");
        for (unsigned i = 0; i < 1000; i++) {
            seed = seed * 1103515245 + 12345;
            if (type(keys[(seed >> 16) % count]) == LINE_END) {
                line_start(&editor, "> ", 2);
            }
        }
    }
}

UNIT_MAIN
