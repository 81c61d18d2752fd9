// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Between two entries of a long syscall anything may happen to what it works on. One
// hart, whose time the test gives to one thread after the other: a syscall is begun by
// one, something is done to it by another, then the first goes on.
#include "kernel/schedule.h"
#include "kernel/tests/world.h"
#include "tests/unit.h"

UNIT_MAIN

constexpr uint64_t AT = 0x5ffff000; // the second page is in another table of the lowest level
constexpr uint64_t MANY = 300;      // pages of a view that is made in several entries
constexpr uint64_t RW = MAP_READ | MAP_WRITE;

static uint64_t pool; // of the root, granted to the Task
static struct world_task task;
static struct thread *a, *b;                 // two threads of it
static uint64_t end, other;                  // of a Ring: the root's end, and the Task's
static uint64_t own_pool, own_time, own_end; // the Task's handles

static void scene_make(void) {
    uint64_t second;
    CHECK_EQ(CALL(world_root, &pool, reticle_split, world_named("reticle"), 6 << 20), STATUS_OK);
    world_pair(world_named("reticle"), 2, &end, &other);
    struct world_grant grants[] = {{"pool", pool, RIGHT_ALL, false},
                                   {"time", world_named("time"), RIGHT_ALL, false},
                                   {"end", other, RIGHT_ALL, false}};
    CHECK_EQ(world_task_make(&task, 60 * PAGE_SIZE, grants, 3), STATUS_OK);
    own_end = world_granted(&task, "end");
    own_pool = world_granted(&task, "pool");
    own_time = world_granted(&task, "time");
    a = task.thread;
    b = world_thread_more(&task, &second);
    CHECK(world_run(b));
}

static void scene_end(void) {
    (void)CALL(world_root, nullptr, handle_drop, task.reticle);
    (void)CALL(world_root, nullptr, handle_drop, pool);
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, end), STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, other), STATUS_OK);
    world_audit();
}

static uint64_t carve(uint64_t pages) {
    uint64_t memory = 0;
    CHECK_EQ(CALL(a, &memory, memory_carve, own_pool, pages * PAGE_SIZE), STATUS_OK);
    return memory;
}

static void copies(uint64_t handle, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        CHECK_EQ(WHOLE(b, handle_copy, handle, RIGHT_ALL), STATUS_OK);
    }
}

// Until neither the Task's table nor its Reticle has anything left.
static void eat_all(void) {
    while (WHOLE(world_root, memory_carve, task.reticle, PAGE_SIZE) == STATUS_OK) {
    }
    while (WHOLE(b, handle_copy, own_time, RIGHT_ALL) == STATUS_OK) {
    }
}

TEST(boots) {
    world_boot(16 << 20, 1);
}

// -------------------------------------------------------------------- revocation

TEST(what_is_revoked_is_not_copied_meanwhile) {
    scene_make();
    uint64_t memory = carve(1);
    copies(memory, 100);
    CHECK(BEGIN(a, handle_revoke, memory));
    CHECK_EQ(WHOLE(b, handle_copy, memory, RIGHT_ALL), STATUS_BUSY);
    CHECK_EQ(WHOLE(b, ring_send, own_end, 0, memory, RIGHT_ALL), STATUS_BUSY);
    CHECK_EQ(WHOLE(b, memory_map, 0, memory, AT, 0, PAGE_SIZE, MAP_READ), STATUS_BUSY);
    CHECK_EQ(world_finish(a), STATUS_OK);
    CHECK_EQ(WHOLE(b, handle_copy, memory, RIGHT_ALL), STATUS_OK);
    world_audit();
    scene_end();
}

// Who began to revoke has ended, and is not taken apart yet: nobody waits for it.
TEST(a_mark_ends_with_who_made_it) {
    scene_make();
    uint64_t memory = carve(1), held = 0;
    CHECK_EQ(CALL(a, nullptr, ring_send, own_end, 1, memory, RIGHT_ALL, 0), STATUS_OK);
    CHECK_EQ(CALL(world_root, &held, ring_take, end, 1, CLASS_MEMORY), STATUS_OK);
    copies(memory, 100); // the last one to go is the root's
    CHECK(BEGIN(a, handle_revoke, memory));
    CHECK_EQ(WHOLE(world_root, handle_copy, held, 0), STATUS_BUSY);
    CHECK_EQ(WHOLE(world_root, task_stop, task.handle, 0), STATUS_OK);
    CHECK_EQ(WHOLE(world_root, handle_copy, held, 0), STATUS_OK);
    world_audit();
    scene_end();
}

// The view is there, and still the Memory's, until the last page of it is away.
TEST(half_of_a_view_is_revoked) {
    scene_make();
    uint64_t memory = carve(MANY), view = 0;
    CHECK_EQ(CALL(a, &view, memory_map, 0, memory, AT, 0, MANY * PAGE_SIZE, MAP_READ), STATUS_OK);
    CHECK_EQ(WHOLE(b, handle_info, memory), STATUS_OK);
    uint64_t number = b->frame.arg[2];
    CHECK(BEGIN(a, handle_revoke, memory));
    CHECK_EQ(WHOLE(b, handle_info, view), STATUS_OK);
    CHECK((b->frame.arg[1] & INFO_REVOKED) != 0);
    CHECK_EQ(b->frame.arg[2], number);
    CHECK_EQ(world_finish(a), STATUS_OK);
    CHECK_EQ(WHOLE(b, handle_info, view), STATUS_OK);
    CHECK((b->frame.arg[1] & INFO_REVOKED) != 0);
    CHECK_EQ(b->frame.arg[2], 0);
    world_audit();
    scene_end();
}

TEST(what_is_revoked_may_be_destroyed_meanwhile) {
    scene_make();
    uint64_t memory = carve(1);
    copies(memory, 100);
    CHECK(BEGIN(a, handle_revoke, memory));
    CHECK_EQ(WHOLE(world_root, handle_drop, pool), STATUS_OK);
    CHECK_EQ(world_finish(a), STATUS_BAD_HANDLE);
    world_audit();
    scene_end();
}

// A Reticle marks what was carved from it, and each is taken apart later: until then the owner
// of one can still drop it.
TEST(memory_that_is_marked_is_dropped) {
    scene_make();
    uint64_t memory = carve(1);
    struct slot *slot;
    world_turn(b);
    lock_acquire(&books);
    CHECK_EQ(lookup_slot(task.task, memory, &slot), STATUS_OK);
    object_destroy(slot->object); // as reticle_detach does
    lock_release(&books);
    CHECK_EQ(WHOLE(b, handle_drop, memory), STATUS_OK);
    CHECK_EQ(WHOLE(b, handle_info, memory), STATUS_BAD_HANDLE);
    world_audit();
    scene_end();
}

// The pages of what is traced into are free at once: nothing is written there any more.
TEST(a_trace_ends_with_its_memory) {
    uint64_t memory = 0, machine = world_named("machine");
    CHECK_EQ(CALL(world_root, &memory, memory_carve, world_named("reticle"), PAGE_SIZE), STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, machine_control, machine, MACHINE_TRACE, memory, 0),
             STATUS_OK);
    CHECK(arch_hart()->trace != nullptr);
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, memory), STATUS_OK);
    CHECK(arch_hart()->trace == nullptr);
    world_audit();
}

// ------------------------------------------------------------------------ carving

TEST(memory_may_go_before_it_is_handed_out) {
    scene_make();
    CHECK(BEGIN(a, memory_carve, own_pool, 40 * PAGE_SIZE));
    CHECK_EQ(WHOLE(world_root, handle_drop, pool), STATUS_OK);
    CHECK_EQ(world_finish(a), STATUS_BUSY);
    world_audit();
    scene_end();
}

TEST(memory_that_nobody_has_room_for_goes_back) {
    scene_make();
    CHECK_EQ(WHOLE(world_root, reticle_info, pool), STATUS_OK);
    uint64_t before = world_root->frame.arg[2];
    CHECK(BEGIN(a, memory_carve, own_pool, 40 * PAGE_SIZE));
    eat_all();
    CHECK_EQ(world_finish(a), STATUS_NO_MEMORY);
    // It is taken apart at the interrupts of the timer, a step each.
    for (uint32_t i = 0; i < 10; i++) {
        world_turn(b);
        world_turn(world_root);
    }
    CHECK_EQ(WHOLE(world_root, reticle_info, pool), STATUS_OK);
    CHECK_EQ(world_root->frame.arg[2], before);
    world_audit();
    scene_end();
}

TEST(who_carves_may_end_meanwhile) {
    scene_make();
    CHECK_EQ(WHOLE(world_root, reticle_info, pool), STATUS_OK);
    uint64_t before = world_root->frame.arg[2];
    CHECK(BEGIN(a, memory_carve, own_pool, 40 * PAGE_SIZE));
    CHECK_EQ(WHOLE(world_root, handle_drop, task.reticle), STATUS_OK);
    CHECK_EQ(WHOLE(world_root, reticle_info, pool), STATUS_OK);
    CHECK_EQ(world_root->frame.arg[2], before);
    world_audit();
    scene_end();
}

// ------------------------------------------------------------------------ mapping

TEST(a_view_is_revoked_while_it_is_made) {
    scene_make();
    uint64_t memory = carve(MANY);
    CHECK(BEGIN(a, memory_map, 0, memory, AT, 0, MANY * PAGE_SIZE, MAP_READ));
    CHECK_EQ(WHOLE(b, handle_revoke, memory), STATUS_OK);
    CHECK_EQ(world_finish(a), STATUS_BUSY);
    world_audit();
    CHECK_EQ(WHOLE(a, memory_map, 0, memory, AT, 0, MANY * PAGE_SIZE, RW), STATUS_OK);
    scene_end();
}

TEST(a_view_is_dropped_while_it_is_made) {
    scene_make();
    uint64_t memory = carve(MANY);
    CHECK(BEGIN(a, memory_map, 0, memory, AT, 0, MANY * PAGE_SIZE, MAP_READ));
    CHECK_EQ(WHOLE(b, handle_drop, a->unfinished.mapping), STATUS_OK);
    CHECK_EQ(world_finish(a), STATUS_BAD_HANDLE);
    CHECK_EQ(WHOLE(a, memory_map, 0, memory, AT, 0, MANY * PAGE_SIZE, RW), STATUS_OK);
    world_audit();
    scene_end();
}

TEST(a_view_whose_tables_are_used_by_others_is_undone) {
    scene_make();
    uint64_t memory = carve(MANY), at = AT - 200 * PAGE_SIZE;
    CHECK(BEGIN(a, memory_map, 0, memory, at, 0, MANY * PAGE_SIZE, RW));
    eat_all();
    CHECK_EQ(world_finish(a), STATUS_NO_MEMORY);
    world_audit();
    CHECK(!host_user_read(0, at, &(uint64_t){0}, 8));
    scene_end();
}

// ------------------------------------------------- Memory that is given with its view

static struct task *lookup_task(uint64_t handle) {
    struct object *object = nullptr;
    CHECK_EQ(lookup(task.task, handle, CLASS_TASK, 0, &object), STATUS_OK);
    return (struct task *)object;
}

struct given {
    uint64_t task, memory, bundle, thread;
};

static struct given give_begin(uint64_t *reticle) {
    struct given made = {};
    uint64_t e = 0;
    CHECK_EQ(CALL(a, &e, reticle_split, own_pool, (300 + MANY) * PAGE_SIZE), STATUS_OK);
    CHECK_EQ(CALL(a, &made.memory, memory_carve, e, MANY * PAGE_SIZE), STATUS_OK);
    CHECK_EQ(CALL(a, &made.task, task_carve, e), STATUS_OK);
    CHECK_EQ(CALL(a, &made.bundle, bundle_carve, e), STATUS_OK);
    CHECK_EQ(CALL(a, &made.thread, thread_carve, made.task, PROGRAM_BASE, 0), STATUS_OK);
    CHECK(BEGIN(a, memory_map, made.task, made.memory, AT, 0, MANY * PAGE_SIZE, RW | MAP_GIVE));
    *reticle = e;
    return made;
}

// Nothing was given: the giver can still write it alone.
static void nothing_given(const struct given *given) {
    world_audit();
    CHECK_EQ(WHOLE(a, memory_map, 0, given->memory, AT, 0, PAGE_SIZE, RW), STATUS_OK);
    world_audit();
    scene_end();
}

TEST(what_is_copied_meanwhile_is_not_given) {
    scene_make();
    struct given given = give_begin(&(uint64_t){0});
    CHECK_EQ(WHOLE(b, handle_copy, given.memory, RIGHT_ALL), STATUS_OK);
    CHECK_EQ(world_finish(a), STATUS_BUSY);
    nothing_given(&given);
}

TEST(what_is_revoked_meanwhile_is_not_given) {
    scene_make();
    struct given given = give_begin(&(uint64_t){0});
    // As many copies as one entry of the revocation removes: the view is next.
    for (uint32_t i = 0; i < 64; i++) {
        CHECK_EQ(WHOLE(b, handle_copy, given.memory, RIGHT_ALL), STATUS_OK);
    }
    CHECK(BEGIN(b, handle_revoke, given.memory));
    CHECK_EQ(world_finish(a), STATUS_BUSY);
    CHECK_EQ(world_finish(b), STATUS_OK);
    nothing_given(&given);
}

// Words behind a signal bit stand in it: the kernel writes there.
TEST(what_is_pinned_meanwhile_is_not_given) {
    scene_make();
    struct given given = give_begin(&(uint64_t){0});
    CHECK_EQ(WHOLE(b, signal_words, given.memory, 3, 1), STATUS_OK);
    CHECK_EQ(world_finish(a), STATUS_BUSY);
    CHECK_EQ(WHOLE(b, signal_words, given.memory, 3, 0), STATUS_OK);
    nothing_given(&given);
}

// Others are dying, and come first: the view has not heard of it yet.
TEST(what_is_dropped_meanwhile_is_not_given) {
    constexpr uint32_t OTHERS = 16, COPIES = 16;
    scene_make();
    uint64_t more = 0, memory = 0;
    CHECK_EQ(CALL(world_root, &more, reticle_split, pool, 2 * OTHERS * PAGE_SIZE), STATUS_OK);
    for (uint32_t i = 0; i < OTHERS; i++) {
        CHECK_EQ(CALL(world_root, &memory, memory_carve, more, PAGE_SIZE), STATUS_OK);
        for (uint32_t j = 0; j < COPIES; j++) {
            CHECK_EQ(CALL(world_root, nullptr, handle_copy, memory, 0), STATUS_OK);
        }
    }
    struct given given = give_begin(&(uint64_t){0});
    CHECK(BEGIN(world_root, handle_drop, more));
    for (uint32_t i = 0; i < 20; i++) {
        (void)host_go(0);
    }
    CHECK(world_root->frame.restart);
    CHECK(BEGIN(b, handle_drop, given.memory));
    CHECK_EQ(world_finish(a), STATUS_BAD_HANDLE);
    CHECK_EQ(world_finish(b), STATUS_OK);
    CHECK_EQ(world_finish(world_root), STATUS_OK);
    world_audit();
    scene_end();
}

TEST(the_receiver_dies_before_it_has_it) {
    scene_make();
    struct given given = give_begin(&(uint64_t){0});
    CHECK_EQ(WHOLE(b, handle_drop, given.task), STATUS_OK);
    CHECK_EQ(world_finish(a), STATUS_BAD_HANDLE);
    nothing_given(&given);
}

TEST(what_the_receiver_has_no_slot_for_is_not_given) {
    scene_make();
    uint64_t little = carve(1), e = 0;
    struct given given = give_begin(&e);
    enum status status = STATUS_OK;
    for (uint64_t at = AT * 2; status == STATUS_OK; at += PAGE_SIZE) {
        if (lookup_task(given.task)->table.used == SLOTS_PER_PAGE) {
            break;
        }
        status = WHOLE(b, memory_map, given.task, little, at, 0, PAGE_SIZE, MAP_READ);
    }
    CHECK_EQ(status, STATUS_OK);
    while (WHOLE(b, memory_carve, e, PAGE_SIZE) == STATUS_OK) {
    }
    CHECK_EQ(world_finish(a), STATUS_NO_MEMORY);
    nothing_given(&given);
}

// Its Reticle is destroyed, entry by entry; at each point the giver goes on, another
// copies, and what is on its way in a Ring is taken. There are others to be destroyed, with
// copies, so that each has its steps at some distance.
static void destroyed_after(uint32_t entries, uint32_t seen[STATUS_COUNT]) {
    constexpr uint32_t OTHERS = 10, COPIES = 6;
    uint64_t sent = 0;
    scene_make();
    CHECK_EQ(CALL(world_root, &sent, memory_carve, pool, PAGE_SIZE), STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, ring_send, end, 0, sent, RIGHT_ALL, 1), STATUS_OK);
    uint64_t little = carve(1);
    struct given given = give_begin(&(uint64_t){0});
    for (uint32_t i = 0; i < OTHERS; i++) {
        CHECK_EQ(WHOLE(b, memory_carve, own_pool, PAGE_SIZE), STATUS_OK);
        copies(b->frame.arg[1], COPIES);
    }
    (void)BEGIN(world_root, handle_drop, pool);
    for (uint32_t i = 1; i < entries && world_root->frame.restart; i++) {
        (void)host_go(0);
    }
    seen[WHOLE(b, handle_copy, little, RIGHT_ALL)]++;
    seen[WHOLE(b, ring_take, own_end, 0, CLASS_NONE)]++;
    seen[world_finish(a)]++;
    CHECK_EQ(world_finish(world_root), STATUS_OK);
    world_audit();
    CHECK_EQ(WHOLE(b, handle_info, given.memory), STATUS_BAD_HANDLE);
    scene_end();
}

TEST(what_is_destroyed_meanwhile_is_not_given) {
    static uint32_t seen[STATUS_COUNT];
    constexpr uint32_t ENTRIES = 60;
    for (uint32_t entries = 1; entries <= ENTRIES; entries++) {
        destroyed_after(entries, seen);
    }
    // Before, between and after; and nothing but that.
    CHECK(seen[STATUS_OK] != 0 && seen[STATUS_BUSY] != 0 && seen[STATUS_BAD_HANDLE] != 0);
    CHECK_EQ(seen[STATUS_OK] + seen[STATUS_BUSY] + seen[STATUS_BAD_HANDLE] + seen[STATUS_REVOKED],
             3 * ENTRIES);
}

// Else it would run with a part of what it should have, shared with its maker.
TEST(a_task_is_not_started_with_half_a_view) {
    scene_make();
    struct given given = give_begin(&(uint64_t){0});
    CHECK_EQ(WHOLE(b, task_start, given.task, given.bundle, given.thread), STATUS_BAD_STATE);
    CHECK_EQ(world_finish(a), STATUS_OK);
    world_audit();
    CHECK_EQ(WHOLE(b, task_start, given.task, given.bundle, given.thread), STATUS_OK);
    world_audit();
    scene_end();
}
