// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Destruction: whatever happens inside of a Reticle, dropping it ends it all and
// gives every byte back.
#include "tests/ktest/child.h"

// Makes Tasks inside of another Reticle than the ground.
static bool run_inside(uint64_t reticle, struct hand *hand, const char *code, uint64_t argument) {
    uint64_t outside = ground;
    ground = reticle;
    bool good = hand_run(hand, code, argument);
    ground = outside;
    return good;
}

static void running_tasks(void) {
    static const char *const code[] = {code_spin, code_wait, code_undefined, code_futex,
                                       code_spin, code_exit, code_trap};
    enum { HANDS = 14 };
    static struct hand hands[HANDS];
    for (uint32_t round = 0; round < 3; round++) {
        uint64_t part, inner;
        (void)CHECK_OK(sys_reticle_split(ground, UINT64_C(5) << 20, &part));
        (void)CHECK_OK(sys_reticle_split(part, UINT64_C(2) << 20, &inner));
        for (uint32_t i = 0; i < HANDS; i++) {
            hands[i] = (struct hand){.flags = i % 2 == 0 ? THREAD_FLOAT : 0, .bit = i};
            if (!run_inside(i % 3 == 0 ? inner : part, &hands[i], code[i % 7],
                            HAND_STACK - PAGE_SIZE)) {
                return;
            }
        }
        pause_for(round * 3 * MILLISECOND);
        drop(part);
        for (uint32_t i = 0; i < HANDS; i++) {
            (void)CHECK(!is_alive(hands[i].task) && !is_alive(hands[i].reticle));
        }
        (void)CHECK_EQ(available(ground), GROUND_SIZE);
    }
}

// The Reticle that somebody is carving from goes, again and again; or the Task that does it.
static void carve_and_go(bool task) {
    for (uint32_t round = 0; round < 25 && check_good(); round++) {
        struct hand hand = {.bit = 4};
        uint64_t part;
        (void)CHECK_OK(sys_reticle_split(ground, UINT64_C(5) << 20, &part));
        if (hand_begin(&hand, code_carve, 0) &&
            CHECK_OK(sys_bundle_put(hand.bundle, (uint64_t)"part", 4, part, RIGHT_ALL, 0)) &&
            hand_start(&hand)) {
            pause_for(round * 100000);
            if (!task) {
                drop(part);
                (void)CHECK_EQ(hand_state(&hand), TASK_RUNNING);
            }
        }
        hand_destroy(&hand);
        if (task) {
            drop(part);
        }
    }
}

static void carving(void) {
    carve_and_go(false);
}

static void carving_task(void) {
    carve_and_go(true);
}

// A Task gives back the Reticle that it lives in.
static void suicide(void) {
    for (uint32_t round = 0; round < 10 && check_good(); round++) {
        struct hand hand = {.bit = 4};
        if (!hand_begin(&hand, code_drop, 0) ||
            !CHECK_OK(
                sys_bundle_put(hand.bundle, (uint64_t)"home", 4, hand.reticle, RIGHT_ALL, 1)) ||
            !hand_start(&hand)) {
            return;
        }
        uint64_t until = deadline_in(PATIENCE);
        while (available(ground) != GROUND_SIZE && time_now() < until) {
            pause_for(MILLISECOND / 2);
        }
        (void)CHECK_EQ(available(ground), GROUND_SIZE);
        (void)CHECK(!is_alive(hand.task));
    }
}

// A Task with owners of other objects in its table: they go with it.
static void owners(void) {
    struct hand hand = {.bit = 4};
    if (!hand_begin(&hand, code_wait, 0)) {
        return;
    }
    for (uint32_t i = 0; i < 40; i++) {
        uint64_t memory = HANDLE_NONE;
        (void)CHECK_OK(sys_memory_carve(hand.reticle, PAGE_SIZE, PAGE_SHIFT, 0, &memory));
        char name[2] = {'m', (char)('a' + i % 26)};
        if (i < 26) {
            (void)CHECK_OK(sys_bundle_put(hand.bundle, (uint64_t)name, 2, memory, RIGHT_ALL, 1));
        } else {
            drop(memory);
        }
    }
    (void)hand_start(&hand);
    hand_destroy(&hand);
    uint64_t until = deadline_in(PATIENCE);
    while (available(ground) != GROUND_SIZE && time_now() < until) {
        pause_for(MILLISECOND);
    }
}

// ---------------------------------------------------------- killed at any moment

static uint64_t random_state;

static uint32_t random_below(uint32_t limit) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)((random_state >> 20) % limit);
}

// One random operation on random things; what fails is part of it.
static void churn_once(uint64_t reticle, uint64_t *handles, uint32_t count) {
    uint64_t *a = &handles[random_below(count)], *b = &handles[random_below(count)], word;
    uint64_t bytes = (1 + random_below(200)) * PAGE_SIZE;
    switch (random_below(11)) {
    case 0:
        (void)sys_memory_carve(reticle, bytes, 0, 0, a);
        break;
    case 1:
        (void)sys_memory_map(0, *b, AREA + random_below(50) * 64 * PAGE_SIZE, 0, bytes,
                             MAP_READ | (random_below(2) ? MAP_WRITE : 0), a);
        break;
    case 2:
        (void)sys_handle_copy(*b, RIGHT_ALL, a);
        break;
    case 3:
        (void)sys_handle_revoke(*a);
        break;
    case 4:
        (void)sys_ring_carve(reticle, 2, a);
        break;
    case 5:
        (void)sys_ring_bind(*a, *b);
        break;
    case 6:
        (void)sys_ring_send(*a, 0, *b, RIGHT_ALL, random_below(2));
        break;
    case 7:
        (void)sys_ring_take(*a, 0, CLASS_NONE, b, &word);
        break;
    case 8:
        (void)sys_reticle_split(reticle, bytes, a);
        break;
    case 9:
        (void)sys_thread_carve(0, PROGRAM_BASE, 0, 0, 0, 0, a); // never started
        break;
    default:
        (void)sys_handle_drop(*a);
        *a = HANDLE_NONE;
        break;
    }
}

uint32_t role_churn(void) {
    static uint64_t handles[24];
    uint64_t reticle = child_slot("reticle", CLASS_RETICLE);
    random_state = child_value("seed") | 1;
    for (;;) {
        churn_once(reticle, handles, 24);
    }
}

static bool churn_open(struct child *child, uint64_t seed) {
    uint64_t reticle;
    return child_begin(child) &&
           CHECK_OK(sys_reticle_split(child->spawn.reticle, UINT64_C(2) << 20, &reticle)) &&
           child_move(child, "reticle", reticle) &&
           CHECK_OK(spawn_value(&child->spawn, "seed", &seed, sizeof seed)) && child_start(child);
}

// Several Tasks do everything at once, on all harts, and die in the middle of it.
static void churn(void) {
    enum { CHILDREN = 3, ROUNDS = 12 };
    static struct child children[CHILDREN];
    uint64_t seed = time_now();
    for (uint32_t round = 0; round < ROUNDS && check_good(); round++) {
        for (uint32_t i = 0; i < CHILDREN; i++) {
            children[i] = (struct child){.role = "churn", .bit = i, .bytes = UINT64_C(3) << 20};
            if (!churn_open(&children[i], seed * 31 + round * 7 + i)) {
                return;
            }
        }
        pause_for((5 + round * 3) * MILLISECOND);
        for (uint32_t i = 0; i < CHILDREN; i++) {
            uint64_t state, word;
            (void)CHECK_OK(sys_task_info(children[i].spawn.task, &state, &word, &word, &word));
            (void)CHECK_EQ(state, TASK_RUNNING);
            child_destroy(&children[i]);
        }
        (void)CHECK_EQ(available(ground), GROUND_SIZE);
    }
}

TESTS(destroy, {"running_tasks", running_tasks}, {"carving", carving},
      {"carving_task", carving_task}, {"suicide", suicide}, {"owners", owners}, {"churn", churn});
