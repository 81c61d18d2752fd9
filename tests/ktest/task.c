// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Tasks: made by hand, started, watched, stopped, and what they hold.
#include "tests/ktest/child.h"

static void exits(void) {
    hand_expect(code_exit, 0, 0, 0);
    hand_expect(code_exit, 42, 0, 42);
    hand_expect(code_exit, UINT32_MAX, 0, UINT32_MAX);
    hand_expect(code_thread_exit, 7, 0, 0); // with its last thread
}

static void life(void) {
    struct hand hand = {.bit = 3};
    uint64_t state, status, threads, time;
    if (!hand_begin(&hand, code_spin, 0)) {
        return;
    }
    (void)CHECK_EQ(hand_state(&hand), TASK_EMPTY);
    (void)CHECK((rights_of(hand.task) & RIGHT_TASK_FILL) != 0);
    if (!hand_start(&hand)) {
        return;
    }
    (void)CHECK((rights_of(hand.task) & RIGHT_TASK_FILL) == 0);
    (void)CHECK_OK(sys_task_info(hand.task, &state, &status, &threads, &time));
    (void)CHECK_EQ(state, TASK_RUNNING);
    (void)CHECK_EQ(threads, 1);
    pause_for(10 * MILLISECOND);
    (void)CHECK_EQ(poll_bits(), 0);
    (void)CHECK_OK(sys_task_stop(hand.task, 121));
    (void)CHECK_OK(sys_task_info(hand.task, &state, &status, &threads, &time));
    (void)CHECK_EQ(state, TASK_ENDED);
    (void)CHECK_EQ(status, 121);
    (void)CHECK_EQ(threads, 0);
    (void)CHECK_EQ(poll_bits(), 1 << 3);
    (void)CHECK_STATUS(sys_task_stop(hand.task, 1), STATUS_BAD_STATE);
    // Its hart adds up the time when it goes on to something else.
    uint64_t until = deadline_in(PATIENCE);
    while (CHECK_OK(sys_task_info(hand.task, &state, &status, &threads, &time)) && time == 0 &&
           time_now() < until) {
        pause_for(MILLISECOND);
    }
    (void)CHECK(time > 0);
    hand_destroy(&hand);
}

// After the start nobody fills it any more; before it nobody stops it.
static void start_once(void) {
    struct hand hand = {};
    uint64_t memory = carve_memory(PAGE_SIZE, 0), view, thread, bundle;
    if (!hand_begin(&hand, code_wait, 0)) {
        return;
    }
    (void)CHECK_STATUS(sys_task_stop(hand.task, 1), STATUS_BAD_STATE);
    (void)CHECK_STATUS(sys_thread_start(hand.thread), STATUS_BAD_STATE);
    (void)CHECK_OK(sys_thread_carve(hand.task, hand_address(code_spin), 0, 0, 0, 0, &thread));
    if (!hand_start(&hand)) {
        return;
    }
    uint64_t word, less; // without the right of a pager
    (void)CHECK_OK(sys_handle_copy(hand.task, RIGHT_ALL & ~RIGHT_TASK_MAP, &less));
    (void)CHECK_STATUS(sys_memory_map(less, memory, AREA, 0, PAGE_SIZE, MAP_READ, &view),
                       STATUS_ACCESS);
    (void)CHECK_STATUS(sys_thread_carve(hand.task, hand_address(code_spin), 0, 0, 0, 0, &word),
                       STATUS_ACCESS);
    (void)CHECK_OK(sys_bundle_carve(hand.reticle, &bundle));
    (void)CHECK(sys_task_start(hand.task, bundle, thread) != STATUS_OK);
    // A second thread that was made before may be started.
    (void)CHECK_OK(sys_thread_start(thread));
    (void)CHECK_STATUS(sys_thread_start(thread), STATUS_BAD_STATE);
    uint64_t state, status, threads, time;
    (void)CHECK_OK(sys_task_info(hand.task, &state, &status, &threads, &time));
    (void)CHECK_EQ(threads, 2);
    (void)CHECK_OK(sys_task_stop(hand.task, 5));
    hand_destroy(&hand);
    drop(memory);
}

static void start_errors(void) {
    struct hand hand = {}, other = {};
    if (!hand_begin(&hand, code_exit, 9) || !hand_begin(&other, code_exit, 8)) {
        return;
    }
    (void)CHECK_STATUS(sys_task_start(hand.task, hand.bundle, other.thread), STATUS_BAD_STATE);
    (void)CHECK_STATUS(sys_task_start(hand.task, hand.bundle, hand.bundle), STATUS_BAD_CLASS);
    (void)CHECK_STATUS(sys_task_start(hand.task, hand.thread, hand.thread), STATUS_BAD_CLASS);
    (void)CHECK_STATUS(sys_task_start(hand.bundle, hand.bundle, hand.thread), STATUS_BAD_CLASS);
    (void)CHECK_STATUS(sys_task_start(0, hand.bundle, hand.thread), STATUS_BAD_HANDLE);
    (void)CHECK_STATUS(sys_task_start(hand.task, 0, hand.thread), STATUS_BAD_HANDLE);
    (void)CHECK_STATUS(sys_task_start(hand.task, hand.bundle, 0), STATUS_BAD_HANDLE);
    // Nothing of that has changed it.
    uint64_t status;
    if (hand_start(&hand) && hand_ended(&hand, &status)) {
        (void)CHECK_EQ(status, 9);
    }
    hand_destroy(&hand);
    hand_destroy(&other);
}

// Where the Bundle goes, nothing else may be; where memory is short, nothing happens.
static void start_refused(void) {
    struct hand hand = {};
    uint64_t memory, view, page, status;
    if (!hand_begin(&hand, code_exit, 6)) {
        return;
    }
    (void)CHECK_OK(sys_memory_carve(hand.reticle, PAGE_SIZE, 0, 0, &memory));
    (void)CHECK_OK(sys_memory_map(hand.task, memory, BUNDLE_ADDRESS + PAGE_SIZE, 0, PAGE_SIZE,
                                  MAP_READ, &view));
    (void)CHECK_STATUS(sys_task_start(hand.task, hand.bundle, hand.thread), STATUS_BAD_STATE);
    drop(memory); // the view stays in the child's table, as zeros
    hand_destroy(&hand);
    hand = (struct hand){};
    if (!hand_begin(&hand, code_exit, 6)) {
        return;
    }
    while (sys_memory_carve(hand.reticle, PAGE_SIZE, 0, 0, &page) == STATUS_OK) {
        memory = page;
    }
    (void)CHECK_STATUS(sys_task_start(hand.task, hand.bundle, hand.thread), STATUS_NO_MEMORY);
    (void)CHECK_EQ(hand_state(&hand), TASK_EMPTY);
    (void)CHECK_OK(sys_reticle_grow(hand.reticle, ground, 16 * PAGE_SIZE));
    if (hand_start(&hand) && hand_ended(&hand, &status)) {
        (void)CHECK_EQ(status, 6);
    }
    hand_destroy(&hand);
}

// Everything that a Task holds is listed, and nothing else.
static void slots(void) {
    struct hand hand = {};
    uint64_t counts[CLASS_COUNT] = {}, index = 0, description, object, detail;
    if (!hand_run(&hand, code_wait, 0)) {
        return;
    }
    while (sys_task_slot(hand.task, index, &index, &description, &object, &detail) == STATUS_OK) {
        uint64_t class = description >> INFO_CLASS_SHIFT & 31;
        if (CHECK(class < CLASS_COUNT)) {
            counts[class]++;
        }
        bool code = class == CLASS_VIEW && (detail & ~(PAGE_SIZE - 1)) == HAND_CODE;
        (void)CHECK(!code || (detail & (PAGE_SIZE - 1)) == (MAP_READ | MAP_EXECUTE));
        index++;
    }
    (void)CHECK_EQ(counts[CLASS_VIEW], 3); // code, stack, Bundle
    (void)CHECK_EQ(counts[CLASS_MEMORY], 1);
    (void)CHECK_EQ(counts[CLASS_BUNDLE], 1);
    (void)CHECK_EQ(counts[CLASS_THREAD], 1);
    uint64_t sum = 0;
    for (uint32_t i = 0; i < CLASS_COUNT; i++) {
        sum += counts[i];
    }
    (void)CHECK_EQ(sum, 6);
    (void)CHECK_STATUS(sys_task_slot(hand.task, UINT64_MAX, &index, &description, &object, &detail),
                       STATUS_NOT_FOUND);
    hand_destroy(&hand);
}

// What a Task was given is what the enumeration says, in number, rights and object.
static void authority(void) {
    enum { GIVEN = 30 };
    static uint64_t wanted[GIVEN][2]; // description, object
    struct hand hand = {};
    uint64_t word, index = 0, description, object, detail, seed = time_now() | 1;
    uint64_t sources[] = {carve_memory(PAGE_SIZE, CARVE_CODE), ground, HANDLE_NONE};
    (void)CHECK_OK(sys_ring_carve(ground, 2, &sources[2]));
    if (!hand_begin(&hand, code_wait, 0)) {
        return;
    }
    for (uint32_t i = 0; i < GIVEN; i++) {
        seed = seed * 6364136223846793005 + 1442695040888963407;
        uint64_t source = sources[(seed >> 33) % 3], rights = seed >> 40 & RIGHT_ALL, copy;
        char name[2] = {(char)('a' + i / 26), (char)('a' + i % 26)};
        (void)CHECK_OK(sys_handle_copy(source, rights | RIGHT_PASS, &copy));
        (void)CHECK_OK(sys_handle_info(copy, &wanted[i][0], &wanted[i][1], &word, &word));
        (void)CHECK_OK(sys_bundle_put(hand.bundle, (uint64_t)name, 2, copy, RIGHT_ALL, 1));
    }
    uint32_t found = 0, others = 0;
    (void)hand_start(&hand);
    while (sys_task_slot(hand.task, index, &index, &description, &object, &detail) == STATUS_OK) {
        bool match = false;
        for (uint32_t i = 0; i < GIVEN && !match; i++) {
            match = wanted[i][0] == description && wanted[i][1] == object;
            wanted[i][0] = match ? 0 : wanted[i][0]; // each is found once
        }
        found += match;
        others += !match;
        index++;
    }
    (void)CHECK_EQ(found, GIVEN);
    (void)CHECK_EQ(others, 6); // as in `slots`
    hand_destroy(&hand);
    drop(sources[0]);
    drop(sources[2]);
}

// A watch that comes too late is told at once; the last one wins.
static void watch(void) {
    struct hand hand = {.bit = 1};
    uint64_t status;
    if (hand_run(&hand, code_exit, 3) && hand_ended(&hand, &status)) {
        (void)poll_bits();
        (void)CHECK_OK(sys_task_watch(hand.task, 7));
        (void)CHECK_EQ(poll_bits(), 1 << 7);
        (void)CHECK_OK(sys_task_watch(hand.task, UINT64_MAX));
        (void)CHECK_STATUS(sys_task_watch(hand.task, 64), STATUS_BAD_ARGUMENT);
        (void)CHECK_EQ(poll_bits(), 0);
    }
    hand_destroy(&hand);
}

// Stopped in whatever state; each time all of it is gone.
static void stop_states(void) {
    static const char *const code[] = {code_spin, code_wait, code_undefined, code_futex};
    for (size_t i = 0; i < sizeof code / sizeof code[0]; i++) {
        struct hand hand = {};
        // The word that code_futex sleeps on is its empty stack.
        if (!hand_run(&hand, code[i], HAND_STACK - PAGE_SIZE)) {
            return;
        }
        if (code[i] == code_undefined) {
            (void)hand_faulted(&hand);
        } else {
            pause_for(2 * MILLISECOND);
        }
        (void)CHECK_OK(sys_task_stop(hand.task, 1));
        (void)CHECK_EQ(hand_state(&hand), TASK_ENDED);
        hand_destroy(&hand);
    }
}

// As many Tasks as there is room for, at once.
static void many(void) {
    enum { TASKS = 24 };
    static struct hand hands[TASKS];
    for (uint32_t i = 0; i < TASKS; i++) {
        hands[i] = (struct hand){.bit = i};
        if (!hand_run(&hands[i], code_exit, i)) {
            return;
        }
    }
    for (uint32_t i = 0; i < TASKS; i++) {
        uint64_t status;
        if (hand_ended(&hands[i], &status)) {
            (void)CHECK_EQ(status, i);
        }
    }
    for (uint32_t i = 0; i < TASKS; i++) {
        hand_destroy(&hands[(i * 7) % TASKS]);
    }
}

TESTS(task, {"exits", exits}, {"life", life}, {"start_once", start_once},
      {"start_errors", start_errors}, {"start_refused", start_refused}, {"slots", slots},
      {"authority", authority}, {"watch", watch}, {"stop_states", stop_states}, {"many", many});
