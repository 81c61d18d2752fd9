// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// ktest: the kernel's promises, tried from a program. Each test gets a Reticle of
// its own, and the books of bytes and handles must be the same after it as before.
// An argument selects tests by a part of their name; `-` in front of it leaves
// those out. The same program is also what the tests start as child Tasks: a value
// "role" in the Bundle says which.
#include "lib/string/string.h"
#include "lib/string/text.h"
#include "lib/vectra/bundle.h"
#include "lib/vectra/program.h"
#include "lib/vectra/stream.h"
#include "tests/ktest/books.h"
#include "tests/ktest/child.h"
#include "tests/ktest/outcome.h"

#define GROUPS(GROUP) \
    GROUP(system) \
    GROUP(error) \
    GROUP(matrix) \
    GROUP(matrix_busy) \
    GROUP(reticle) \
    GROUP(memory) \
    GROUP(bundle) \
    GROUP(task) \
    GROUP(thread) \
    GROUP(trace) \
    GROUP(signal) \
    GROUP(words) \
    GROUP(futex) \
    GROUP(ring) \
    GROUP(flight) \
    GROUP(fault) \
    GROUP(debug) \
    GROUP(pager) \
    GROUP(isolation) \
    GROUP(exhaustion) \
    GROUP(revoke) \
    GROUP(destroy) \
    GROUP(race) \
    GROUP(random) \
    GROUP(device) \
    GROUP(ways) \
    GROUP(attack) \
    GROUP(authority) \
    GROUP(budget) \
    GROUP(bounds) \
    GROUP(preempt) \
    GROUP(clocks) \
    GROUP(clocks_deaths) \
    GROUP(clocks_harts) \
    GROUP(clocks_pairs)

#define GROUP(name) extern const struct test_group name##_tests;
GROUPS(GROUP)
#undef GROUP

static const struct test_group *const groups[] = {
#define GROUP(name) &name##_tests,
    GROUPS(GROUP)
#undef GROUP
};

static uint32_t passed, failed;
uint64_t test_size;

void say(const char *format, ...) {
    char line[240];
    struct text_buffer text;
    text_start(&text, line, sizeof line);
    va_list arguments;
    va_start(arguments, format);
    text_format_list(&text, format, arguments);
    va_end(arguments);
    uint64_t handle;
    if (bundle_find("out", CLASS_RING, &handle) == STATUS_OK) {
        print("%s\n", line);
    } else if (bundle_find("machine", CLASS_MACHINE, &handle) == STATUS_OK) {
        // Before there is a console: the kernel's debug line, 120 bytes at a time.
        (void)sys_machine_control(handle, MACHINE_SAY, (uint64_t)line, 0);
    }
}

static bool contains(const char *text, const char *part) {
    size_t length = strlen(part);
    for (; *text != '\0'; text++) {
        if (strncmp(text, part, length) == 0) {
            return true;
        }
    }
    return length == 0;
}

// One test: its ground, what it does, and whether everything is as it was.
static void run(const char *name, const struct test_case *test) {
    struct books before;
    outcome_reset();
    (void)poll_bits();
    books_read(&before);
    uint64_t reticle = bundle_need("reticle", CLASS_RETICLE);
    if (CHECK_OK(sys_reticle_split(reticle, GROUND_SIZE, &ground))) {
        test->run();
        books_empty(ground);
        (void)CHECK_OK(sys_handle_drop(ground));
    }
    if (check_good()) {
        books_compare(&before);
    }
    if (check_good()) {
        passed++;
        say("ok %s", name);
    } else {
        failed++;
        area_next(); // it may have left a mapping where the next one wants its own
        say("not ok %s: %s", name, outcome_reason());
    }
}

// What measures time says something only where one instruction is one nanosecond: it runs
// when it is named. And what needs somebody at the keys.
static bool left_out(const char *name, const char *selection) {
    return (strncmp(name, "clocks", 6) == 0 && !contains(selection, "clocks")) ||
           (contains(name, ".keys") && !contains(selection, ".keys"));
}

// A number behind the selection says how much tests are to do.
static void take_size(char *selection) {
    for (; *selection != '\0'; selection++) {
        if (*selection == ' ') {
            *selection++ = '\0';
            for (; *selection >= '0' && *selection <= '9'; selection++) {
                test_size = test_size * 10 + (uint64_t)(*selection - '0');
            }
            return;
        }
    }
}

static void run_all(const char *selection) {
    bool leave_out = selection[0] == '-';
    selection += leave_out;
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
        for (size_t j = 0; j < groups[i]->count; j++) {
            char name[64];
            struct text_buffer text;
            text_start(&text, name, sizeof name);
            text_format(&text, "%s.%s", groups[i]->name, groups[i]->cases[j].name);
            bool chosen = contains(name, selection) != leave_out || selection[0] == '\0';
            if (chosen && !left_out(name, selection)) {
                run(name, &groups[i]->cases[j]);
            }
        }
    }
}

uint32_t program_main(void) {
    static char argument[BUNDLE_ARGUMENT + 1];
    const void *role;
    size_t size;
    if (bundle_find_value("role", &role, &size) == STATUS_OK) {
        check_in_child();
        return child_main(role);
    }
    (void)stream_out();          // its views are there before anything is counted
    (void)sys_budget_bind(0, 0); // only the tests of budgets run in the Person band
    books_open();
    child_open();
    const char *selection = bundle_argument(argument);
    if (strncmp(selection, "crash.", 6) == 0) {
        crash(selection + 6);
    }
    take_size(argument);
    run_all(argument);
    if (passed + failed == 0) {
        say("ktest: no test has '%s' in its name", argument);
    }
    say("ktest: %u passed, %u failed", passed, failed);
    return failed == 0 && passed != 0 ? PROGRAM_OK : PROGRAM_FAILED;
}
