// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Finding what is ready among many sources.
#include "lib/ring/words.h"

#include <pthread.h>

#include "tests/unit.h"

UNIT_MAIN

constexpr uint32_t COUNT = 16, SOURCES = COUNT * 64;
static _Atomic uint64_t array[COUNT];
static struct words words = {array, COUNT, 0, 0};

static void set(uint32_t source) {
    atomic_fetch_or(&array[source / 64], UINT64_C(1) << source % 64);
}

TEST(nothing_is_ready) {
    uint32_t source;
    words_begin(&words);
    CHECK(!words_next(&words, &source));
    CHECK(!words_next(&words, &source));
}

TEST(each_once_and_in_order) {
    for (uint32_t step = 1; step < 200; step += 7) {
        for (uint32_t i = 0; i < SOURCES; i += step) {
            set(i);
        }
        words_begin(&words);
        uint32_t source, wanted = 0;
        for (; words_next(&words, &source); wanted += step) {
            CHECK_EQ(source, wanted);
        }
        CHECK(wanted >= SOURCES);
    }
}

TEST(what_comes_on_the_way_is_found_now_or_next) {
    uint32_t source;
    set(100);
    set(101);
    words_begin(&words);
    CHECK(words_next(&words, &source) && source == 100);
    set(5);
    set(100);
    set(900);
    CHECK(words_next(&words, &source) && source == 101);
    CHECK(words_next(&words, &source) && source == 900);
    CHECK(!words_next(&words, &source));
    words_begin(&words);
    CHECK(words_next(&words, &source) && source == 5);
    CHECK(words_next(&words, &source) && source == 100);
    CHECK(!words_next(&words, &source));
}

// Two threads: as in the kernel, the bit of the word first, then the top bit.
constexpr uint32_t BELLS = 200000;
static _Atomic uint32_t rung[SOURCES], top;

static void *ring(void *argument) {
    for (uint32_t i = 0; i < BELLS; i++) {
        uint32_t source = i * 7 % SOURCES;
        atomic_fetch_add(&rung[source], 1);
        set(source);
        atomic_store(&top, 1);
    }
    return argument;
}

TEST(none_is_lost) {
    static uint32_t seen[SOURCES];
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, nullptr, ring, nullptr), 0);
    for (uint64_t all = 0; all != BELLS;) {
        if (atomic_exchange(&top, 0) == 0) {
            continue;
        }
        uint32_t source;
        words_begin(&words);
        while (words_next(&words, &source)) {
            uint32_t now = atomic_load(&rung[source]);
            all += now - seen[source];
            seen[source] = now;
        }
    }
    CHECK_EQ(pthread_join(thread, nullptr), 0);
}
