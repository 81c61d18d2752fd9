// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Checks: the first that fails in a test is told in one line.
#include "lib/string/text.h"
#include "lib/vectra/status_text.h"
#include "tests/ktest/outcome.h"

static bool child;
static char reason[200]; // empty while the running test is good

void check_in_child(void) {
    child = true;
}

void outcome_reset(void) {
    reason[0] = '\0';
}

const char *outcome_reason(void) {
    return reason;
}

bool check_good(void) {
    return reason[0] == '\0';
}

static const char *base_name(const char *path) {
    const char *base = path;
    for (; *path != '\0'; path++) {
        base = *path == '/' ? path + 1 : base;
    }
    return base;
}

static void say_list(const char *file, int line, const char *format, va_list arguments) {
    if (child) {
        (void)sys_task_exit((uint64_t)line);
    }
    if (!check_good()) {
        return; // what follows a failure is often only its consequence
    }
    struct text_buffer text;
    text_start(&text, reason, sizeof reason);
    text_format(&text, "%s:%d: ", base_name(file), line);
    text_format_list(&text, format, arguments);
}

void check_say(const char *file, int line, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    say_list(file, line, format, arguments);
    va_end(arguments);
}

bool check(bool good, const char *file, int line, const char *what) {
    if (!good) {
        check_say(file, line, "%s", what);
    }
    return good;
}

bool check_equal(uint64_t actual, uint64_t wanted, const char *file, int line, const char *what) {
    if (actual != wanted) {
        check_say(file, line, "%s is 0x%lx, not 0x%lx", what, actual, wanted);
    }
    return actual == wanted;
}

bool check_status(enum status actual, enum status wanted, const char *file, int line,
                  const char *what) {
    if (actual != wanted) {
        check_say(file, line, "%s: '%s', not '%s'", what, status_text(actual), status_text(wanted));
    }
    return actual == wanted;
}
