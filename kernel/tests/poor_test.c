// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The other half of sweep_test.c: what is carved comes from a rich Reticle, but the
// caller's own, which pays for its handle table and its page tables, has 0, 1, 2 ...
// pages left, and its table is full. What fails leaves no trace in either.
#include "kernel/schedule.h"
#include "kernel/tests/world.h"
#include "tests/unit.h"

UNIT_MAIN

constexpr uint64_t AT = 0x5ffff000; // crosses into another table of the lowest level
constexpr uint64_t OWN = 60 * PAGE_SIZE;
constexpr uint32_t PAGES_MOST = 20;

// The Task that is poor, and its handles.
struct scene {
    struct world_task task;
    uint64_t spare, other;                  // of the root
    uint64_t pool, time, end, budget;       // granted
    uint64_t memory, empty, thread, bundle; // made by the Task
};

static struct thread *self;

TEST(boots) {
    world_boot(16 << 20, 1);
    world_table_grow(); // it does not in the middle of a sweep
}

static void scene_make(struct scene *scene) {
    uint64_t end = 0;
    CHECK_EQ(CALL(world_root, &scene->spare, reticle_split, world_named("reticle"), 3 << 20),
             STATUS_OK);
    world_pair(scene->spare, 2, &end, &scene->other);
    struct world_grant grants[] = {{"pool", scene->spare, RIGHT_ALL, false},
                                   {"time", world_named("time"), RIGHT_ALL, false},
                                   {"end", end, RIGHT_ALL, false},
                                   {"budget", world_named("budget"), RIGHT_ALL, false}};
    CHECK_EQ(world_task_make(&scene->task, OWN, grants, 4), STATUS_OK);
    self = scene->task.thread;
    scene->pool = world_granted(&scene->task, "pool");
    scene->time = world_granted(&scene->task, "time");
    scene->end = world_granted(&scene->task, "end");
    scene->budget = world_granted(&scene->task, "budget");
    CHECK_EQ(CALL(self, &scene->memory, memory_carve, scene->pool, 4 * PAGE_SIZE), STATUS_OK);
    CHECK_EQ(CALL(self, &scene->empty, task_carve, scene->pool), STATUS_OK);
    CHECK_EQ(CALL(self, &scene->bundle, bundle_carve, scene->pool), STATUS_OK);
    CHECK_EQ(CALL(self, &scene->thread, thread_carve, scene->empty, PROGRAM_BASE, 0), STATUS_OK);
}

// The Task has no slot left, and its Reticle so many pages, one by one.
static void drain(struct scene *scene, uint64_t pages) {
    struct task *task = scene->task.task;
    while (task->table.used != task->table.pages * SLOTS_PER_PAGE) {
        CHECK_EQ(CALL(self, nullptr, handle_copy, scene->time, RIGHT_ALL), STATUS_OK);
    }
    while (task->object.reticle->available > pages * PAGE_SIZE) {
        CHECK_EQ(CALL(world_root, nullptr, memory_carve, scene->task.reticle, PAGE_SIZE),
                 STATUS_OK);
    }
    CHECK(world_run(self));
}

struct books_of {
    uint64_t objects, owned; // owned: what is available or tables, which may have grown
    uint64_t pool_objects, pool_available, pool_tables;
    uint32_t used;
};

static struct books_of look(const struct scene *scene) {
    const struct reticle *own = scene->task.task->object.reticle;
    struct object *pool;
    CHECK_EQ(lookup(scene->task.task, scene->pool, CLASS_RETICLE, 0, &pool), STATUS_OK);
    const struct reticle *rich = (const struct reticle *)pool;
    return (struct books_of){own->objects,  own->available + own->tables,
                             rich->objects, rich->available,
                             rich->tables,  scene->task.task->table.used};
}

typedef enum status operation(struct scene *scene);

// The count of pages with which it first succeeds; `prepare` comes before the draining.
static uint32_t sweep(operation *prepare, operation *run) {
    struct world_shape before = world_shape();
    uint32_t pages = 0;
    enum status status = STATUS_NO_MEMORY;
    while (status == STATUS_NO_MEMORY && pages < PAGES_MOST) {
        struct scene scene;
        scene_make(&scene);
        CHECK(prepare == nullptr || prepare(&scene) == STATUS_OK);
        drain(&scene, pages);
        struct books_of was = look(&scene);
        status = run(&scene);
        world_audit();
        if (status == STATUS_NO_MEMORY) {
            // A cell that did not fit goes back with its page: nothing may differ.
            struct books_of is = look(&scene);
            CHECK(memcmp(&is, &was, sizeof is) == 0);
        }
        CHECK_EQ(CALL(world_root, nullptr, handle_drop, scene.task.reticle), STATUS_OK);
        CHECK_EQ(CALL(world_root, nullptr, handle_drop, scene.spare), STATUS_OK);
        world_audit();
        pages += status == STATUS_NO_MEMORY;
    }
    struct world_shape after = world_shape();
    CHECK(world_shape_equal(&before, &after));
    CHECK_EQ(status, STATUS_OK);
    return pages;
}

#define OPERATION(name, ...) \
    static enum status name(struct scene *scene) { \
        (void)scene; \
        return CALL(__VA_ARGS__); \
    }

OPERATION(copy, self, nullptr, handle_copy, scene->time, RIGHT_ALL)
OPERATION(split, self, nullptr, reticle_split, scene->pool, PAGE_SIZE)
OPERATION(carve, self, nullptr, memory_carve, scene->pool, 20 * PAGE_SIZE)
OPERATION(task, self, nullptr, task_carve, scene->pool)
OPERATION(ring, self, nullptr, ring_carve, scene->pool, 2)
OPERATION(bundle, self, nullptr, bundle_carve, scene->pool)
OPERATION(budget, self, nullptr, budget_carve, scene->pool, scene->budget, 5000000, 10000000, 0, 0)
OPERATION(foreign_thread, self, nullptr, thread_carve, scene->empty, PROGRAM_BASE, 0)
OPERATION(own_thread, self, nullptr, thread_carve, 0, PROGRAM_BASE, 0)
OPERATION(map, self, nullptr, memory_map, 0, scene->memory, AT, 0, 4 * PAGE_SIZE, MAP_READ)
OPERATION(map_peer, self, nullptr, memory_map, 0, scene->end, AT, 0, PAGE_SIZE, MAP_READ | MAP_PEER)

TEST(copying_needs_a_slot) {
    CHECK_EQ(sweep(nullptr, copy), 1);
}
TEST(splitting_needs_a_slot) {
    CHECK_EQ(sweep(nullptr, split), 1);
}
TEST(carving_memory_needs_a_slot) {
    CHECK_EQ(sweep(nullptr, carve), 1);
}
TEST(carving_a_task_needs_a_slot) {
    CHECK_EQ(sweep(nullptr, task), 1);
}
TEST(carving_a_ring_needs_a_slot) {
    CHECK_EQ(sweep(nullptr, ring), 1);
}
TEST(carving_a_bundle_needs_a_slot) {
    CHECK_EQ(sweep(nullptr, bundle), 1);
}
TEST(carving_a_budget_needs_a_slot) {
    CHECK_EQ(sweep(nullptr, budget), 1);
}
TEST(carving_a_thread_of_another_task_needs_a_slot) {
    CHECK_EQ(sweep(nullptr, foreign_thread), 1);
}
TEST(carving_a_thread_needs_a_slot_and_its_pages) {
    CHECK(sweep(nullptr, own_thread) >= 2);
}
TEST(mapping_needs_a_slot_and_tables) {
    CHECK_EQ(sweep(nullptr, map), 4);
}
TEST(mapping_the_peers_region_needs_a_slot_and_tables) {
    CHECK_EQ(sweep(nullptr, map_peer), 3);
}

// ----------------------------------------------------------- what comes by a Ring

static enum status send_copy(struct scene *scene) {
    return CALL(world_root, nullptr, ring_send, scene->other, 7, world_named("time"), RIGHT_ALL, 0);
}

static enum status send_memory(struct scene *scene) {
    uint64_t memory = 0;
    CHECK_EQ(CALL(world_root, &memory, memory_carve, scene->spare, 3 * PAGE_SIZE), STATUS_OK);
    return CALL(world_root, nullptr, ring_send, scene->other, 7, memory, RIGHT_ALL, 1);
}

OPERATION(take, self, nullptr, ring_take, scene->end, 7, CLASS_MEMORY)

TEST(taking_needs_a_slot) {
    CHECK_EQ(sweep(send_copy, take), 1);
}

// And the pages that it moves to the books of who takes it.
TEST(taking_memory_needs_as_much_memory) {
    CHECK_EQ(sweep(send_memory, take), 4);
}

// The same while no page of cells has room.
static enum status take_without_cells(struct scene *scene) {
    struct reticle *own = scene->task.task->object.reticle;
    void *cell[PAGE_SIZE / OBJECT_CELL];
    uint32_t count = 0;
    lock_acquire(&books);
    while (own->cells != PAGE_NIL) {
        CHECK_EQ(reticle_take_cells(own, 1, &cell[count++]), STATUS_OK);
    }
    lock_release(&books);
    enum status status = take(scene);
    lock_acquire(&books);
    while (count != 0) {
        reticle_return_cells(own, cell[--count], 1);
    }
    lock_release(&books);
    return status;
}

TEST(taking_memory_needs_a_cell) {
    CHECK_EQ(sweep(send_memory, take_without_cells), 5);
}
