// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// fuzz [--seed S] [--calls N] [--round N] [--tasks T] [--rare R] [--bound]: makes N
// syscalls from T Tasks and looks whether the kernel bears it. See fuzz.h and
// docs/reference/fuzzing.md.
#include "lib/string/string.h"
#include "lib/vectra/bundle.h"
#include "lib/vectra/program.h"
#include "lib/vectra/stream.h"
#include "tests/fuzz/parent.h"

// So few are not worth a further round.
constexpr uint64_t CALLS_LEFT = 10'000;

// The next word of the text, terminated in place; nullptr behind the last one.
static char *word_next(char **text) {
    char *at = *text;
    while (*at == ' ') {
        at++;
    }
    if (*at == '\0') {
        return nullptr;
    }
    char *word = at;
    while (*at != ' ' && *at != '\0') {
        at++;
    }
    if (*at == ' ') {
        *at++ = '\0';
    }
    *text = at;
    return word;
}

// Whether the word is a number; then *out is it.
static bool number_of(const char *word, uint64_t *out) {
    uint64_t number = 0;
    bool good = word != nullptr && *word != '\0';
    for (; good && *word != '\0'; word++) {
        good = *word >= '0' && *word <= '9';
        number = number * 10 + (uint64_t)(*word - '0');
    }
    *out = number;
    return good;
}

static bool read_options(char *text) {
    for (char *word = word_next(&text); word != nullptr; word = word_next(&text)) {
        uint64_t *value = strcmp(word, "--seed") == 0    ? &options.seed
                          : strcmp(word, "--calls") == 0 ? &options.calls
                          : strcmp(word, "--round") == 0 ? &options.round
                          : strcmp(word, "--tasks") == 0 ? &options.workers
                          : strcmp(word, "--rare") == 0  ? &options.rare
                                                         : nullptr;
        if (strcmp(word, "--bound") == 0) {
            options.bound = true;
        } else if (value != nullptr) {
            if (!number_of(word_next(&text), value)) {
                return false;
            }
        } else {
            return false;
        }
    }
    return options.workers != 0 && options.workers <= WORKERS && options.round != 0 &&
           options.calls > CALLS_LEFT && options.rare != 0;
}

uint32_t program_main(void) {
    static char argument[BUNDLE_ARGUMENT + 1];
    const void *start;
    size_t size;
    table_open();
    if (bundle_find_value("start", &start, &size) == STATUS_OK) {
        return worker_main();
    }
    options =
        (struct options){.seed = 1, .calls = 200'000, .round = 400'000, .workers = 3, .rare = 64};
    (void)bundle_argument(argument);
    if (!read_options(argument)) {
        program_fail(PROGRAM_USAGE, "fuzz: want [--seed S] [--calls N] [--round N] "
                                    "[--tasks 1..6] [--rare R] [--bound], N above 10000\n");
    }
    print("fuzz: seed %lu, %lu calls, %lu Tasks\n", options.seed, options.calls, options.workers);
    crew_open();
    options.round = options.round < options.calls ? options.round : options.calls;
    uint64_t told = time_now();
    for (uint64_t round = 0; totals.calls + CALLS_LEFT < options.calls && crew_round(round);
         round++) {
        if (time_now() - told > 10 * SECOND) {
            print("# %lu calls\n", totals.calls);
            told = time_now();
        }
    }
    return report();
}
