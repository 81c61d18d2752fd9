// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The rules of operations.h under random operations, from a fixed list of seeds. A seed
// that failed is run alone by VECTRA_SEED=n; VECTRA_STEPS and VECTRA_SEEDS say how many
// steps and seeds there are.
#include "kernel/tests/operations.h"
#include "kernel/tests/random.h"
#include "kernel/tests/world.h"
#include "tests/unit.h"

UNIT_MAIN

constexpr uint32_t SEEDS = 16;
constexpr uint64_t RAM = 3 << 20;

struct seeded {
    struct choices choices;
    struct random random;
};

static uint64_t seed_now;
static void (*step_now)(struct choices *);
static uint32_t steps_now;

static uint32_t next(struct choices *choices, uint32_t limit) {
    return random_below(&((struct seeded *)choices)->random, limit);
}

static void tell(void) {
    fprintf(stderr, "# VECTRA_SEED=%" PRIu64 "\n", seed_now);
    operations_tell();
}

static uint64_t setting(const char *name, uint64_t otherwise) {
    const char *text = getenv(name);
    return text == nullptr ? otherwise : strtoull(text, nullptr, 0);
}

static void life(void) {
    struct seeded seeded = {.choices = {next}, .random = {seed_now}};
    operations_begin();
    for (uint32_t i = 0; i < steps_now; i++) {
        step_now(&seeded.choices);
    }
    operations_end();
}

static void lives(uint32_t harts, void (*step)(struct choices *), uint32_t steps) {
    host_on_death(tell);
    world_boot(RAM, harts);
    step_now = step;
    steps_now = (uint32_t)setting("VECTRA_STEPS", steps);
    uint64_t only = setting("VECTRA_SEED", 0);
    uint64_t count = setting("VECTRA_SEEDS", SEEDS);
    // Each seed in a process of its own, so that it repeats whatever went before.
    seed_now = only == 0 ? 1 : only;
    for (; seed_now <= (only == 0 ? count : only); seed_now++) {
        if (!host_passes(life)) {
            exit(1);
        }
    }
}

static void one_hart(void) {
    lives(1, operations_step, 200);
}

static void three_harts(void) {
    lives(3, operations_step, 200);
}

static void interleaved(void) {
    lives(3, operations_interleave, 6000);
}

TEST(one_hart) {
    CHECK(host_passes(one_hart));
}

TEST(three_harts) {
    CHECK(host_passes(three_harts));
}

TEST(three_harts_interleaved) {
    CHECK(host_passes(interleaved));
}
