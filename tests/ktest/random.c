// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Tasks that make any syscall with any arguments, among them handles of all that they
// could lay hands on. What becomes of them is their own affair; the kernel lives, its
// books agree, and a Task that shares nothing with them notices nothing.
#include "tests/ktest/child.h"

enum { POOL = 24, SYSCALLS = 48, GIVEN = 4 }; // GIVEN handles are not given up

struct wild {
    uint64_t state; // of the generator: never 0
    uint64_t handles[POOL];
    uint8_t buffer[512]; // what pointers point at
};

static uint64_t wild_next(struct wild *wild) {
    wild->state ^= wild->state << 13;
    wild->state ^= wild->state >> 7;
    wild->state ^= wild->state << 17;
    return wild->state;
}

static uint64_t wild_argument(struct wild *wild) {
    uint64_t random = wild_next(wild) >> 8;
    switch (wild_next(wild) >> 20 & 15) {
    case 0:
        return 0;
    case 1:
    case 2:
        return random % 70;
    case 3:
        return (1 + random % 64) * PAGE_SIZE;
    case 4:
        return AREA + random % 256 * PAGE_SIZE;
    case 5:
        return (uint64_t)wild->buffer + random % sizeof wild->buffer;
    case 6:
        return UINT64_MAX - random % 3;
    case 7:
        return wild_next(wild);
    case 8: // a guess: slots of low generations
        return (1 + random % 3) << HANDLE_SLOT_BITS | random % 100;
    default:
        return wild->handles[random % POOL];
    }
}

// A deadline that comes soon, so that waits end; and not the two ways to end itself.
static void wild_call(struct wild *wild) {
    uint64_t number = wild_next(wild) >> 16;
    number = number % 3 == 0 ? number / 3 % SYSCALLS : number / 3 % 44;
    uint64_t a[6];
    for (uint32_t i = 0; i < 6; i++) {
        a[i] = wild_argument(wild);
    }
    if ((wild_next(wild) >> 20 & 3) != 0) {
        a[0] = wild->handles[wild_next(wild) % (wild_next(wild) % 2 == 0 ? GIVEN : POOL)];
    }
    // Its own code is among what it could guess: that would be over too soon.
    constexpr uint64_t DROP = 2, REVOKE = 3;
    if (number == DROP || number == REVOKE) {
        a[0] = wild->handles[GIVEN + wild_next(wild) % (POOL - GIVEN)];
    }
    constexpr uint64_t TASK_EXIT = 20, THREAD_EXIT = 24, DOORBELL_WAIT = 36, SIGNAL_WAIT = 37;
    constexpr uint64_t FUTEX_WAIT = 38;
    uint64_t soon = wild_next(wild) >> 20 & 15 ? 0 : time_now() + MILLISECOND / 4;
    if (number == TASK_EXIT || number == THREAD_EXIT) {
        return;
    }
    if (number == DOORBELL_WAIT || number == FUTEX_WAIT) {
        a[2] = soon;
    } else if (number == SIGNAL_WAIT) {
        a[1] = soon;
    }
    struct arch_result result = arch_call6(number, a[0], a[1], a[2], a[3], a[4], a[5]);
    // copy, split, the carving ones, map, take: what returns a handle.
    constexpr uint64_t MAKES = 1 << 1 | 1 << 5 | 1 << 9 | 1 << 10 | 1 << 15 | 1 << 22 | 1 << 29 |
                               UINT64_C(1) << 34 | UINT64_C(1) << 40;
    if (result.status == STATUS_OK && number < 64 && (MAKES >> number & 1) != 0) {
        wild->handles[GIVEN + wild_next(wild) % (POOL - GIVEN)] = result.word[0];
    }
}

uint32_t role_wild(void) {
    static struct wild wild;
    wild.state = child_value("seed") | 1;
    wild.handles[0] = child_slot("reticle", CLASS_RETICLE);
    wild.handles[1] = child_slot("ring", CLASS_RING);
    wild.handles[2] = child_slot("victim", CLASS_TASK);
    wild.handles[3] = child_slot("memory", CLASS_MEMORY);
    for (;;) {
        wild_call(&wild);
    }
}

// One wild child with a Reticle, a Task to play with, and Memory that it shares.
static bool wild_open(struct child *child, struct hand *victim, uint64_t memory, uint64_t seed) {
    uint64_t reticle;
    return hand_run(victim, seed % 2 == 0 ? code_trap : code_spin, 0) && child_begin(child) &&
           CHECK_OK(sys_reticle_split(child->spawn.reticle, UINT64_C(1) << 20, &reticle)) &&
           child_move(child, "reticle", reticle) &&
           child_copy(child, "victim", victim->task, RIGHT_ALL) &&
           child_copy(child, "memory", memory, RIGHT_ALL) &&
           CHECK_OK(spawn_value(&child->spawn, "seed", &seed, sizeof seed));
}

static void run_wild(uint64_t first_seed, uint32_t rounds) {
    enum { CHILDREN = 2 };
    static struct child children[CHILDREN];
    static struct hand victims[CHILDREN];
    struct hand neighbour = {.bit = 20};
    uint64_t memory = carve_memory(8 * PAGE_SIZE, 0), before, after, word, ring[CHILDREN];
    if (!hand_run(&neighbour, code_wait, 0)) {
        return;
    }
    (void)CHECK_OK(sys_reticle_info(neighbour.reticle, &word, &before, &word, &word));
    for (uint32_t round = 0; round < rounds && check_good(); round++) {
        for (uint32_t i = 0; i < CHILDREN; i++) {
            children[i] = (struct child){.role = "wild", .bit = i, .bytes = UINT64_C(2) << 20};
            victims[i] = (struct hand){.bit = 10 + i};
            uint64_t seed = first_seed + round * 1000003 + i * 97;
            if (!wild_open(&children[i], &victims[i], memory, seed)) {
                return;
            }
            ring[i] = child_connect(&children[i], "ring", 4);
            (void)child_start(&children[i]);
        }
        pause_for((2 + round % 8 * 3) * MILLISECOND);
        for (uint32_t i = 0; i < CHILDREN; i++) {
            child_destroy(&children[i]);
            drop(ring[i]);
            hand_destroy(&victims[i]);
        }
    }
    (void)CHECK_EQ(hand_state(&neighbour), TASK_RUNNING);
    (void)CHECK_OK(sys_reticle_info(neighbour.reticle, &word, &after, &word, &word));
    (void)CHECK_EQ(before, after);
    hand_destroy(&neighbour);
    drop(memory);
}

// The same on every run.
static void fixed(void) {
    run_wild(0x5eed, 16);
}

// Another one each time: told, if it finds something.
static void fresh(void) {
    uint64_t seed = time_now();
    run_wild(seed, 16);
    if (!check_good()) {
        say("ktest: random.fresh began with seed 0x%lx", seed);
    }
}

TESTS(random, {"fixed", fixed}, {"fresh", fresh});
