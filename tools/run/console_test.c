// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The runner decides by what the console says whether a session ended well, so
// each way of ending, and each way of faking one, is tried here.
#include "tests/unit.h"
#include "tools/run/console.h"
#include "tools/run/terminal.h"

static struct console console;

static void feed(const char *text) {
    console_feed(&console, (const uint8_t *)text, strlen(text));
}

// A shell's prompt as it is written.
static const char prompt[] = "\x1b]133;A\a$ \x1b]133;B\a";

TEST(ready_at_the_prompt_and_once_for_each_line) {
    console_start(&console, false);
    feed("booting\r\n");
    CHECK(!console.ready && !console.came_up);
    feed(prompt);
    CHECK(console.ready && console.came_up);
    console_typed(&console);
    feed(prompt); // redrawn: the line that was typed is still on its way
    CHECK(!console.ready);
    feed("\x1b]133;C\aout\r\n\x1b]133;D;2\a");
    CHECK(!console.ready);
    CHECK_EQ(console.last_status, 2);
    feed(prompt);
    CHECK(console.ready);
}

TEST(a_new_shell_is_ready_too) {
    console_start(&console, false);
    feed(prompt);
    console_typed(&console);
    feed("\x1b]133;C\a"); // and then the shell dies without a status
    feed(prompt);
    CHECK(console.ready);
}

TEST(power_off_and_its_status) {
    console_start(&console, false);
    feed("vectra: power off, status 17");
    CHECK_EQ(console.outcome, CONSOLE_RUNNING);
    feed("\r\n");
    CHECK_EQ(console.outcome, CONSOLE_POWER_OFF);
    CHECK_EQ(console.off_status, 17);
}

TEST(panic_and_its_sentence) {
    console_start(&console, false);
    feed("panic: the sky falls\r\n");
    CHECK_EQ(console.outcome, CONSOLE_PANIC);
    CHECK(strcmp(console.sentence, "the sky falls") == 0);
}

TEST(the_root_task_says_why_itself) {
    console_start(&console, false);
    feed("root: the package is bad\r\n\r\npanic: the root Task ended with status 125\r\n");
    CHECK_EQ(console.outcome, CONSOLE_PANIC);
    CHECK(strcmp(console.sentence, "the package is bad") == 0);
}

TEST(a_program_cannot_fake_an_end) {
    console_start(&console, false);
    feed("panic: no\r\n\x1b]133;D;0\a");
    CHECK_EQ(console.outcome, CONSOLE_RUNNING);
    feed("vectra: power off, status 0\r\n");
    feed(prompt);
    CHECK_EQ(console.outcome, CONSOLE_RUNNING);
    feed("he said panic: no\r\n");
    CHECK_EQ(console.outcome, CONSOLE_RUNNING);
}

TEST(marks_end_by_either_terminator_and_in_pieces) {
    console_start(&console, false);
    feed("\x1b]133;D;");
    feed("12\x1b\\");
    CHECK_EQ(console.last_status, 12);
    feed("\x1b]133;D;13\a");
    CHECK_EQ(console.last_status, 13);
}

// The panic line is judged after editing: here it is put together by cursor
// movements, deletions and overwriting.
TEST(lines_are_read_after_editing) {
    console_start(&console, false);
    feed("xanic: two words\rp\x1b[5C \x1b[K\x1b[GXY\x1b[2D\x1b[2Ppanic: a\bb\r\n");
    CHECK_EQ(console.outcome, CONSOLE_PANIC);
    CHECK(strcmp(console.sentence, "b") == 0);
}

TEST(any_bytes_are_survived) {
    console_start(&console, false);
    uint64_t seed = 1;
    for (unsigned round = 0; round < 200'000; round++) {
        static const char likely[] = "\x1b[]KPCDGJ;\b\r\a0199A\xc3\xa9";
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        uint8_t byte = (uint8_t)(seed >> 56);
        if ((seed >> 40 & 3) != 0) {
            byte = (uint8_t)likely[byte % (sizeof likely - 1)];
        }
        console_feed(&console, &byte, 1);
        CHECK(console.column <= CONSOLE_COLUMNS && console.width <= CONSOLE_COLUMNS);
    }
}

TEST(control_a_x_leaves) {
    bool armed = false;
    CHECK(!terminal_leaves((const uint8_t *)"ax\1", 3, &armed));
    CHECK(terminal_leaves((const uint8_t *)"x", 1, &armed));
    armed = false;
    CHECK(!terminal_leaves((const uint8_t *)"\1\1x", 3, &armed));
}

UNIT_MAIN
