// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Every operation that takes memory, with a Reticle that has 0, 1, 2 ... pages left:
// it fails with NO_MEMORY and leaves no trace, until there are enough and it succeeds.
#include "kernel/budget.h"
#include "kernel/tests/world.h"
#include "tests/unit.h"

UNIT_MAIN

constexpr uint64_t AT = 0x5ffff000; // crosses into another table of the lowest level
constexpr uint32_t PAGES_MOST = 40;
constexpr uint64_t NAME = 0x2000000; // world_boot maps a page of the root there

TEST(boots) {
    world_boot(8 << 20, 1);
    world_table_grow(); // it does not in the middle of a sweep
}

// What an operation works on: made anew for each count of pages.
struct scene {
    uint64_t pool;                  // the Reticle that runs dry
    uint64_t memory;                // Memory of another Reticle
    uint64_t gift;                  // Memory of the pool
    uint64_t empty, bundle, thread; // a Task that could be started
    uint64_t end, other;            // two Ring ends, bound
};

static uint64_t big;
static bool started; // the Task is to run

static uint64_t info(uint64_t reticle, uint32_t which) {
    struct words words = {{reticle}};
    CHECK_EQ(world_call(world_root, SYS_reticle_info, &words), STATUS_OK);
    return words.a[which];
}

static void drop(uint64_t handle) {
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, handle), STATUS_OK);
}

static void scene_make(struct scene *scene) {
    CHECK_EQ(CALL(world_root, &big, reticle_split, world_named("reticle"), 3 << 20), STATUS_OK);
    CHECK_EQ(CALL(world_root, &scene->pool, reticle_split, big, 64 * PAGE_SIZE), STATUS_OK);
    CHECK_EQ(CALL(world_root, &scene->memory, memory_carve, big, 4 * PAGE_SIZE), STATUS_OK);
    CHECK_EQ(CALL(world_root, &scene->gift, memory_carve, scene->pool, 4 * PAGE_SIZE), STATUS_OK);
    CHECK_EQ(CALL(world_root, &scene->empty, task_carve, scene->pool), STATUS_OK);
    CHECK_EQ(CALL(world_root, &scene->bundle, bundle_carve, big), STATUS_OK);
    CHECK_EQ(CALL(world_root, &scene->thread, thread_carve, scene->empty, PROGRAM_BASE, 0),
             STATUS_OK);
    CHECK_EQ(CALL(world_root, &scene->end, ring_carve, scene->pool, 2), STATUS_OK);
    CHECK_EQ(CALL(world_root, &scene->other, ring_carve, big, 2), STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, ring_bind, scene->end, scene->other), STATUS_OK);
    if (started) {
        CHECK_EQ(CALL(world_root, nullptr, task_start, scene->empty, scene->bundle, scene->thread),
                 STATUS_OK);
    }
}

// Leaves `pages` in the pool, in pieces of one page: nothing larger can hide there.
static void drain(struct scene *scene, uint64_t pages) {
    struct reticle *reticle;
    CHECK_EQ(lookup(world_root->task, scene->pool, CLASS_RETICLE, 0, (struct object **)&reticle),
             STATUS_OK);
    while (reticle->available > pages * PAGE_SIZE) {
        uint64_t made;
        CHECK_EQ(CALL(world_root, &made, memory_carve, scene->pool, PAGE_SIZE), STATUS_OK);
    }
}

struct books_before {
    uint64_t available, objects, tables, big;
    uint64_t share; // that the first budget has left
    uint32_t used, empty_used;
};

static struct task *task_of_handle(uint64_t handle) {
    struct object *object;
    CHECK_EQ(lookup(world_root->task, handle, CLASS_TASK, 0, &object), STATUS_OK);
    return (struct task *)object;
}

static uint64_t share(void) {
    struct object *object;
    CHECK_EQ(lookup(world_root->task, world_named("budget"), CLASS_BUDGET, 0, &object), STATUS_OK);
    return atomic_load(&((struct budget *)object)->account[0].share);
}

static struct books_before look(const struct scene *scene) {
    return (struct books_before){info(scene->pool, 2),
                                 info(scene->pool, 3),
                                 info(scene->pool, 4),
                                 info(big, 2),
                                 share(),
                                 world_root->task->table.used,
                                 task_of_handle(scene->empty)->table.used};
}

typedef enum status operation(struct scene *scene);

// The count of pages with which it first succeeds.
static uint32_t sweep(operation *run) {
    struct world_shape before = world_shape();
    uint32_t pages = 0;
    enum status status = STATUS_NO_MEMORY;
    while (status == STATUS_NO_MEMORY && pages < PAGES_MOST) {
        struct scene scene;
        scene_make(&scene);
        drain(&scene, pages);
        struct books_before was = look(&scene);
        status = run(&scene);
        world_audit();
        CHECK(status == STATUS_NO_MEMORY || status == STATUS_OK);
        if (status == STATUS_NO_MEMORY) {
            struct books_before is = look(&scene);
            CHECK_EQ(is.objects, was.objects);
            CHECK_EQ(is.used, was.used);
            CHECK_EQ(is.empty_used, was.empty_used);
            CHECK_EQ(is.big, was.big);
            CHECK_EQ(is.share, was.share);
            // Tables may have grown on the way: that is no loss, the next try uses them.
            CHECK_EQ(is.available + is.tables, was.available + was.tables);
        }
        drop(big);
        world_audit();
        pages += status == STATUS_NO_MEMORY;
    }
    struct world_shape after = world_shape();
    CHECK(world_shape_equal(&before, &after));
    CHECK_EQ(status, STATUS_OK);
    return pages;
}

static enum status carve_memory(struct scene *scene) {
    return CALL(world_root, nullptr, memory_carve, scene->pool, PAGE_SIZE);
}

static enum status carve_task(struct scene *scene) {
    return CALL(world_root, nullptr, task_carve, scene->pool);
}

static enum status carve_thread(struct scene *scene) {
    return CALL(world_root, nullptr, thread_carve, scene->empty, PROGRAM_BASE, 0);
}

static enum status carve_ring(struct scene *scene) {
    return CALL(world_root, nullptr, ring_carve, scene->pool, 4);
}

static enum status carve_bundle(struct scene *scene) {
    return CALL(world_root, nullptr, bundle_carve, scene->pool);
}

static enum status carve_budget(struct scene *scene) {
    return CALL(world_root, nullptr, budget_carve, scene->pool, world_named("budget"), 5000000,
                10000000, 0, 0);
}

static enum status split(struct scene *scene) {
    return CALL(world_root, nullptr, reticle_split, scene->pool, 2 * PAGE_SIZE);
}

static enum status map(struct scene *scene) {
    return CALL(world_root, nullptr, memory_map, scene->empty, scene->memory, AT, 0, 4 * PAGE_SIZE,
                MAP_READ);
}

static enum status give(struct scene *scene) {
    return CALL(world_root, nullptr, memory_map, scene->empty, scene->gift, AT, 0, 4 * PAGE_SIZE,
                MAP_READ | MAP_WRITE | MAP_GIVE);
}

// Into one that runs, by its pager.
static enum status page(struct scene *scene) {
    return CALL(world_root, nullptr, memory_map, scene->empty, scene->memory, AT, 0, PAGE_SIZE,
                MAP_READ);
}

static enum status start(struct scene *scene) {
    return CALL(world_root, nullptr, task_start, scene->empty, scene->bundle, scene->thread);
}

// What the Bundle carries needs a second page of slots.
static enum status start_laden(struct scene *scene) {
    CHECK(world_run(world_root));
    for (uint32_t i = 0; i < BUNDLE_ENTRIES; i++) {
        char name[2] = {(char)('a' + i / 8), (char)('a' + i % 8)};
        CHECK(host_user_write(world_root->hart->index, NAME, name, sizeof name));
        CHECK_EQ(CALL(world_root, nullptr, bundle_put, scene->bundle, NAME, sizeof name,
                      world_named("time"), RIGHT_ALL, 0),
                 STATUS_OK);
    }
    return start(scene);
}

static enum status send(struct scene *scene) {
    return CALL(world_root, nullptr, ring_send, scene->end, 0, scene->memory, RIGHT_ALL, 0);
}

// A cell needs a page only where no page of cells has room.
TEST(memory) {
    CHECK(sweep(carve_memory) <= 2);
}
TEST(task) {
    CHECK_EQ(sweep(carve_task), 3);
}
TEST(thread) {
    CHECK(sweep(carve_thread) >= 1);
}
TEST(ring) {
    CHECK(sweep(carve_ring) <= 2);
}
TEST(bundle) {
    CHECK(sweep(carve_bundle) >= 3);
}
TEST(budget) {
    CHECK_EQ(sweep(carve_budget), 1);
}
TEST(reticle) {
    CHECK(sweep(split) >= 2);
}
TEST(map_into_an_empty_task) {
    CHECK_EQ(sweep(map), 4);
}
TEST(give_into_an_empty_task) {
    CHECK_EQ(sweep(give), 4);
}
TEST(start_a_task) {
    CHECK_EQ(sweep(start), 3);
}
TEST(start_a_task_with_a_full_bundle) {
    CHECK_EQ(sweep(start_laden), 4);
}
TEST(page_for_a_running_task) {
    started = true;
    CHECK(sweep(page) >= 2);
    started = false;
}
TEST(send_the_first_capability) {
    CHECK_EQ(sweep(send), 1);
}

// ------------------------------------------------- a Task that has nothing left

static struct world_task poor;
static uint64_t source;

static enum status one_copy(uint64_t *made) {
    return CALL(poor.thread, made, handle_copy, source, RIGHT_ALL);
}

TEST(a_table_that_cannot_grow) {
    struct world_grant grants[] = {{"time", world_named("time"), RIGHT_ALL, false}};
    CHECK_EQ(world_task_make(&poor, 40 * PAGE_SIZE, grants, 1), STATUS_OK);
    source = world_granted(&poor, "time");
    uint64_t made = 0;
    enum status status = STATUS_OK;
    while (status == STATUS_OK) {
        status = one_copy(&made);
    }
    CHECK_EQ(status, STATUS_NO_MEMORY);
    world_audit();
    // Nobody else notices; more memory lets it go on.
    uint64_t other;
    CHECK_EQ(CALL(world_root, &other, handle_copy, world_named("time"), RIGHT_ALL), STATUS_OK);
    drop(other);
    CHECK_EQ(
        CALL(world_root, nullptr, reticle_grow, poor.reticle, world_named("reticle"), PAGE_SIZE),
        STATUS_OK);
    CHECK_EQ(one_copy(&made), STATUS_OK);
    drop(poor.reticle);
    world_audit();
}

// In flight it stays when the receiver has no room: nothing is lost.
TEST(a_full_receiver_leaves_it_in_flight) {
    uint64_t reticle = world_named("reticle"), a, b, memory, got = 0;
    world_pair(reticle, 2, &a, &b);
    CHECK_EQ(CALL(world_root, &memory, memory_carve, reticle, PAGE_SIZE), STATUS_OK);
    struct world_grant grants[] = {{"time", world_named("time"), RIGHT_ALL, false},
                                   {"end", b, RIGHT_ALL, false}};
    CHECK_EQ(world_task_make(&poor, 40 * PAGE_SIZE, grants, 2), STATUS_OK);
    source = world_granted(&poor, "time");
    uint64_t end = world_granted(&poor, "end");
    CHECK_EQ(CALL(world_root, nullptr, ring_send, a, 3, memory, RIGHT_ALL, 0), STATUS_OK);
    uint64_t last = 0, made = 0;
    while (one_copy(&made) == STATUS_OK) {
        last = made;
    }
    CHECK_EQ(CALL(poor.thread, &got, ring_take, end, 3, 0), STATUS_NO_MEMORY);
    world_audit();
    CHECK_EQ(CALL(poor.thread, nullptr, handle_drop, last), STATUS_OK);
    CHECK_EQ(CALL(poor.thread, &got, ring_take, end, 3, 0), STATUS_OK);
    drop(a);
    drop(b);
    drop(poor.reticle);
    world_audit();
}
