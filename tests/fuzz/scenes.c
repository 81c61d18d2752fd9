// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Directed sequences in which several threads work at the same few objects: what one is
// doing in many steps, another takes away under its hands. See sequences.c.
#include "lib/string/string.h"
#include "tests/fuzz/fuzz.h"

constexpr uint64_t LONG = 120 * PAGE_SIZE; // takes many steps to zero, map or unmap

// What a scene is: a few objects, named many times, so that all calls meet at them.
static uint64_t pools[THREADS][CLASS_COUNT][POOL];

// Places of the pool name the object, or a copy with fewer rights.
static void cast(struct actor *me, enum cap_class class, uint64_t handle) {
    uint64_t weak = handle;
    if (one_in(me, 2) && CALL(me, handle_copy, handle, next(me)) == STATUS_OK) {
        weak = me->result[1];
    }
    for (uint32_t i = 0; i < POOL; i++) {
        uint64_t *place = &pools[me->index][class][i];
        if (*place == HANDLE_NONE || one_in(me, 2)) {
            *place = one_in(me, 4) ? weak : handle;
        }
    }
}

static void scene_begin(struct actor *me) {
    for (uint32_t i = 0; i < POOL; i++) {
        pools[me->index][CLASS_IRQ][i] = toys.irq;
        pools[me->index][CLASS_DEVICE][i] = toys.ports;
        pools[me->index][CLASS_MACHINE][i] = toys.machine;
    }
    me->pool = pools[me->index];
}

static void scene_end(struct actor *me) {
    for (uint32_t i = 0; i < CLASS_COUNT * POOL; i++) {
        uint64_t *place = &pools[me->index][i / POOL][i % POOL];
        if (*place != HANDLE_NONE && !is_protected(*place) && one_in(me, 2)) {
            drop(me, *place);
        }
        *place = HANDLE_NONE;
    }
    me->pool = toys.pool;
    (void)CALL(me, budget_bind, 0, 0);
}

// ------------------------------------------------------------------------ races

constexpr uint32_t RUNNERS = 3;
constexpr uint64_t WINDOW = 40'000; // nanoseconds, about as long as the long call takes
constexpr uint32_t COPIES = 100;    // more than are revoked at once

struct race {
    struct victim victim;
    uint64_t reticle, memory, view, part;
};

static bool race_open(struct actor *me, struct race *race) {
    *race = (struct race){.reticle = private_begin(me, 3 * LONG)};
    bool give =
        one_in(me, 2) && victim_make(me, &race->victim, 40 * PAGE_SIZE + LONG,
                                     one_in(me, 2) ? victim_wait : victim_spin, below(me, 8));
    uint64_t payer = give ? race->victim.reticle : race->reticle, a, b;
    if (CALL(me, budget_carve, race->reticle, toys.budget, MILLISECOND / 20, MILLISECOND, 0, 0) ==
        STATUS_OK) {
        race->part = me->result[1];
        cast(me, CLASS_BUDGET, race->part);
    }
    if (CALL(me, memory_carve, payer, LONG, 0, one_in(me, 4) ? CARVE_CODE : 0) != STATUS_OK) {
        return false;
    }
    race->memory = me->result[1];
    if (one_in(me, 2) && CALL(me, memory_map, 0, race->memory, private_place(me, 1024), 0, LONG,
                              MAP_READ) == STATUS_OK) {
        race->view = me->result[1];
        cast(me, CLASS_VIEW, race->view);
    }
    uint32_t copies = one_in(me, 6) ? COPIES : 0;
    for (uint32_t i = 0; i < copies; i++) {
        (void)CALL(me, handle_copy, race->memory, RIGHT_ALL);
    }
    cast(me, CLASS_MEMORY, race->memory);
    cast(me, CLASS_RETICLE, one_in(me, 2) ? race->reticle : race->victim.reticle);
    if (give) {
        cast(me, CLASS_TASK, race->victim.task);
        cast(me, CLASS_BUNDLE, race->victim.bundle);
        cast(me, CLASS_THREAD, race->victim.thread);
    }
    if (one_in(me, 2) && ring_pair(me, race->reticle, &a, &b)) {
        cast(me, CLASS_RING, a);
        cast(me, CLASS_RING, b);
    }
    return true;
}

// A call of many steps.
static struct errand race_long(struct actor *me, const struct race *race) {
    const struct victim *victim = &race->victim;
    uint64_t at = private_place(me, 4096), pages = LONG;
    switch (below(me, 10)) {
    case 0:
    case 1:
        return (struct errand){.number = CALL_memory_carve, .a = {race->reticle, pages}};
    case 2:
        return (struct errand){.number = CALL_memory_map,
                               .a = {0, race->memory, at, 0, LONG, MAP_READ | MAP_WRITE}};
    case 3:
    case 4:
        return (struct errand){.number = CALL_memory_map,
                               .a = {victim->task, race->memory, UINT64_C(1) << 32, 0, LONG,
                                     MAP_READ | MAP_WRITE | MAP_GIVE}};
    case 5:
        return (struct errand){.number = CALL_memory_wipe, .a = {race->memory}};
    case 6:
        return (struct errand){.number = CALL_handle_drop, .a = {race->view}};
    case 7:
        return (struct errand){.number = CALL_handle_revoke, .a = {race->memory}};
    case 8:
        return (struct errand){.number = CALL_task_start,
                               .a = {victim->task, victim->bundle, victim->thread}};
    default:
        return (struct errand){.number = CALL_handle_drop,
                               .a = {one_in(me, 2) ? race->reticle : victim->reticle}};
    }
}

// Any call at about that time.
static struct errand race_other(struct actor *me, const struct race *race, uint64_t at) {
    struct errand errand = {.number = CALL_handle_drop};
    if (one_in(me, 6)) {
        errand = race_long(me, race);
        errand.at = at + below(me, WINDOW);
        return errand;
    }
    errand.at = at + below(me, WINDOW);
    if (one_in(me, 3)) {
        errand.a[0] = me->pool[one_in(me, 2) ? CLASS_MEMORY : CLASS_RETICLE][below(me, POOL)];
    } else {
        struct errand random = {.at = errand.at};
        errand = compose(me, &random.number, random.a) ? random : errand;
    }
    return errand;
}

static void race_run(struct actor *me, const struct race *race) {
    uint64_t runners[RUNNERS], at = time_now() + 4 * WINDOW;
    struct errand lengthy = race_long(me, race), other;
    bool mine = one_in(me, 2); // otherwise it is this thread that comes between
    lengthy.at = at;
    for (uint32_t i = 0; i < RUNNERS; i++) {
        other = i == 0 && !mine ? lengthy : race_other(me, race, at);
        runners[i] = errand_send(me, i, &other, one_in(me, 4) ? 0 : race->part);
    }
    if (one_in(me, 2)) {
        (void)CALL(me, budget_bind, race->part, 0);
    }
    wait_until(me, UINT64_C(1) << (40 + me->index), mine ? at : at + below(me, WINDOW));
    if (mine) {
        (void)call(me, (uint32_t)lengthy.number, lengthy.a);
    } else if (one_in(me, 2)) {
        drop(me, runners[0]);
        runners[0] = HANDLE_NONE;
    } else {
        generate(me);
        generate(me);
    }
    wait_bits(me, UINT64_C(1) << (40 + me->index), WINDOW);
    for (uint32_t i = 0; i < RUNNERS; i++) {
        drop(me, runners[i]);
    }
}

void sequence_race(struct actor *me) {
    struct race race;
    scene_begin(me);
    if (race_open(me, &race)) {
        race_run(me, &race);
    }
    scene_end(me);
    drop(me, race.victim.reticle);
    drop(me, race.reticle);
}

// ----------------------------------------------------------------------- scenes

// Three threads make random calls with them.
constexpr uint32_t HELPERS = 2;
constexpr uint32_t SCENE_CALLS = 48;
static struct actor helpers[THREADS][HELPERS];
static struct told tolds[THREADS][HELPERS];
static uint8_t scratches[THREADS][HELPERS][SCRATCH];

static void helper_code(uint64_t argument) {
    struct actor *me = (struct actor *)argument;
    for (uint32_t i = 0; i < SCENE_CALLS; i++) {
        generate(me);
    }
    victim_thread_exit(0);
}

static uint64_t helper_start(struct actor *me, uint32_t index) {
    alignas(16) static uint8_t stacks[THREADS][HELPERS][8192];
    struct actor *helper = &helpers[me->index][index];
    *helper = (struct actor){.told = &tolds[me->index][index],
                             .fails = me->fails,
                             .pool = me->pool,
                             .random = next(me) | 1,
                             .index = me->index,
                             .scratch = scratches[me->index][index]};
    memset(helper->told, 0, sizeof *helper->told);
    memcpy(helper->scratch, me->scratch, SCRATCH / 2); // names
    uint64_t top = (uint64_t)&stacks[me->index][index] + sizeof stacks[0][0];
    if (CALL(me, thread_carve, 0, (uint64_t)helper_code, top, (uint64_t)helper, 0, 0) !=
        STATUS_OK) {
        return HANDLE_NONE;
    }
    uint64_t thread = me->result[1];
    if (one_in(me, 2)) {
        (void)CALL(me, budget_bind, me->pool[CLASS_BUDGET][0], thread);
    }
    (void)CALL(me, thread_watch, thread, 40 + me->index);
    (void)CALL(me, thread_start, thread);
    return thread;
}

// Its calls count as those of the thread that made it.
static void helper_end(struct actor *me, uint32_t index, uint64_t thread) {
    drop(me, thread);
    const struct told *told = &tolds[me->index][index];
    for (uint32_t i = 0; i < CALLS * STATUSES; i++) {
        me->told->counts.of[i / STATUSES][i % STATUSES] +=
            told->counts.of[i / STATUSES][i % STATUSES];
    }
    uint64_t calls = atomic_load_explicit(&told->calls, memory_order_relaxed);
    atomic_store_explicit(&me->told->calls,
                          calls + atomic_load_explicit(&me->told->calls, memory_order_relaxed),
                          memory_order_relaxed);
}

static void scene_open(struct actor *me, uint64_t reticle) {
    struct victim victim;
    uint64_t a, b;
    cast(me, CLASS_RETICLE, reticle);
    if (CALL(me, reticle_split, reticle, 20 * PAGE_SIZE) == STATUS_OK) {
        cast(me, CLASS_RETICLE, me->result[1]);
    }
    if (CALL(me, memory_carve, reticle, LONG, 0, CARVE_CODE) == STATUS_OK) {
        cast(me, CLASS_MEMORY, me->result[1]);
    }
    if (CALL(me, memory_carve, reticle, PAGE_SIZE, 0, 0) == STATUS_OK) {
        cast(me, CLASS_MEMORY, me->result[1]);
    }
    if (ring_pair(me, reticle, &a, &b)) {
        cast(me, CLASS_RING, a);
        cast(me, CLASS_RING, b);
    }
    if (CALL(me, budget_carve, reticle, toys.budget, MILLISECOND / 20, MILLISECOND, 0, 0) ==
        STATUS_OK) {
        cast(me, CLASS_BUDGET, me->result[1]);
    }
    victim_code *code = one_in(me, 2) ? victim_spin : victim_wait;
    if (victim_make(me, &victim, 32 * PAGE_SIZE, code, below(me, 8))) {
        cast(me, CLASS_TASK, victim.task);
        cast(me, CLASS_BUNDLE, victim.bundle);
        cast(me, CLASS_THREAD, victim.thread);
        if (one_in(me, 2)) {
            (void)victim_start(me, &victim);
        }
    }
    pools[me->index][CLASS_RETICLE][0] = victim.reticle;
}

void sequence_scene(struct actor *me) {
    uint64_t reticle = private_begin(me, 3 * LONG), threads[HELPERS], victim;
    scene_begin(me);
    scene_open(me, reticle);
    victim = pools[me->index][CLASS_RETICLE][0];
    for (uint32_t i = 0; i < HELPERS; i++) {
        threads[i] = helper_start(me, i);
    }
    for (uint32_t i = 0; i < SCENE_CALLS; i++) {
        generate(me);
    }
    for (uint32_t i = 0; i < HELPERS; i++) {
        wait_bits(me, UINT64_C(1) << (40 + me->index), MILLISECOND / 8);
    }
    for (uint32_t i = 0; i < HELPERS; i++) {
        helper_end(me, i, threads[i]);
    }
    scene_end(me);
    drop(me, victim);
    drop(me, reticle);
}
