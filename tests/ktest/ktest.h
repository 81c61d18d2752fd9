// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// What the tests in this directory share: how a test says what it expects, the
// Reticle that it may use up, and the books that are compared after it. Tests go
// on after a failed check where that is safe, and return where it is not.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "abi/capability.h"
#include "abi/layout.h"
#include "abi/status.h"
#include "lib/vectra/syscall.h"
#include "lib/vectra/time.h"

struct test_case {
    const char *name;
    void (*run)(void);
};

struct test_group {
    const char *name;
    const struct test_case *cases;
    size_t count;
};

// TESTS(group, cases...): what a file of tests offers to main.c.
#define TESTS(group, ...) \
    static const struct test_case group##_cases[] = {__VA_ARGS__}; \
    const struct test_group group##_tests = {#group, group##_cases, \
                                             sizeof group##_cases / sizeof group##_cases[0]}

// Each is an expression: true when it is as expected. The first failure of a test
// is remembered, with its line; in a child Task it ends the Task with the line.
#define CHECK(condition) check((condition), __FILE__, __LINE__, #condition)
#define CHECK_EQ(actual, wanted) \
    check_equal((uint64_t)(actual), (uint64_t)(wanted), __FILE__, __LINE__, #actual)
#define CHECK_STATUS(call, wanted) check_status((call), (wanted), __FILE__, __LINE__, #call)
#define CHECK_OK(call) CHECK_STATUS(call, STATUS_OK)

bool check(bool good, const char *file, int line, const char *what);
bool check_equal(uint64_t actual, uint64_t wanted, const char *file, int line, const char *what);
bool check_status(enum status actual, enum status wanted, const char *file, int line,
                  const char *what);
// A failure in words that the caller puts together.
[[gnu::format(printf, 3, 4)]] void check_say(const char *file, int line, const char *format, ...);
// True until a check of the running test has failed.
bool check_good(void);
// In a child Task: a failed check ends the Task with the line as its exit status.
void check_in_child(void);

// How much of it, for tests that can do more than fits a short run; 0: that.
extern uint64_t test_size;

// The test's own Reticle, GROUND_SIZE bytes. It must be whole again afterwards.
extern uint64_t ground;
constexpr uint64_t GROUND_SIZE = UINT64_C(12) << 20;

// Where tests map things: address space that nothing else uses, in every Task.
constexpr uint64_t AREA_FIRST = UINT64_C(0x200000000); // and in a child always
extern uint64_t area;
#define AREA area
// Moves it, away from a mapping that cannot be undone.
void area_next(void);

// Signal bits of tests, all free at the start of each; the harness uses two above.
constexpr uint64_t TEST_BITS = (UINT64_C(1) << 40) - 1;
constexpr uint64_t PATIENCE = 10 * SECOND; // a wait longer than this is a failure

// A line of output.
[[gnu::format(printf, 1, 2)]] void say(const char *format, ...);

// ------------------------------------------------------------ short ways

// Memory of whole pages from the ground.
uint64_t carve_memory(uint64_t bytes, uint64_t flags);
// Maps all of an object at an address of this Task; HANDLE_NONE (and failed) if not.
uint64_t map_here(uint64_t object, uint64_t address, uint64_t bytes, uint64_t flags);
// Gives a capability back, which must work.
void drop(uint64_t handle);
// Free bytes of a Reticle.
uint64_t available(uint64_t reticle);
// Rights of a capability, or 0 if it is none.
uint64_t rights_of(uint64_t handle);
// Whether the handle names something.
bool is_alive(uint64_t handle);
// Whether the word at the address can be read, asked of the kernel.
bool is_readable(uint64_t address);
// Waits for a bit; fails the test when it does not come.
bool await_bit(uint32_t bit);
// Which of the test bits are set now; clears them.
uint64_t poll_bits(void);
uint64_t deadline_in(uint64_t nanoseconds);
void pause_for(uint64_t nanoseconds);
uint32_t hart_count(void);

// crash.c: the end of the machine, with the check kernel.
void crash(const char *name);
