// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The host test harness. A test program is a list of TEST functions and one
// UNIT_MAIN line. Each test prints `ok NAME` or `not ok NAME: file:line: what`;
// the exit status is 1 when any failed. Tests register themselves through a
// constructor, so that a test cannot be written and then forgotten in a list.
#pragma once

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct unit_test {
    const char *name;
    void (*run)(void);
    struct unit_test *next;
};

// Every test of the program, in the order of definition.
extern struct unit_test *unit_first;
extern struct unit_test **unit_last;
// Failures of the test that runs now.
extern unsigned unit_failures;

#define TEST(id) \
    static void test_##id(void); \
    static struct unit_test unit_##id = {#id, test_##id, nullptr}; \
    [[gnu::constructor]] static void unit_register_##id(void) { \
        *unit_last = &unit_##id; \
        unit_last = &unit_##id.next; \
    } \
    static void test_##id(void)

#define CHECK(condition) \
    do { \
        if (!(condition)) { \
            printf("# %s:%d: %s\n", __FILE__, __LINE__, #condition); \
            unit_failures++; \
        } \
    } while (0)

#define CHECK_EQ(left, right) \
    do { \
        uint64_t unit_l = (uint64_t)(left), unit_r = (uint64_t)(right); \
        if (unit_l != unit_r) { \
            printf("# %s:%d: %s is %" PRIu64 ", not %" PRIu64 "\n", __FILE__, __LINE__, #left, \
                   unit_l, unit_r); \
            unit_failures++; \
        } \
    } while (0)

// Defines the registry and main. An argument selects the tests whose name
// contains it.
#define UNIT_MAIN \
    struct unit_test *unit_first; \
    unsigned unit_failures; \
    [[gnu::constructor(101)]] static void unit_begin(void) { \
        unit_last = &unit_first; \
    } \
    struct unit_test **unit_last; \
    int main(int argc, char **argv) { \
        unsigned failed = 0, passed = 0; \
        for (struct unit_test *t = unit_first; t != nullptr; t = t->next) { \
            if (argc > 1 && strstr(t->name, argv[1]) == nullptr) { \
                continue; \
            } \
            unit_failures = 0; \
            t->run(); \
            printf("%s %s\n", unit_failures == 0 ? "ok" : "not ok", t->name); \
            failed += unit_failures != 0; \
            passed += unit_failures == 0; \
        } \
        printf("# %u passed, %u failed\n", passed, failed); \
        return failed != 0 || passed == 0; \
    }
