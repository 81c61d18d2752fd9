// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The end of a Task with more threads than one step asks to end, on one hart: by itself,
// by others, by several at once, and with its Reticle.
#include "kernel/schedule.h"
#include "kernel/tests/world.h"
#include "tests/unit.h"

UNIT_MAIN

constexpr uint32_t THREADS = 150; // two steps are not enough
constexpr uint64_t BYTES = 4 << 20;

static struct world_task crowd, owner; // the owner holds the capability of the crowd's Task
static uint64_t owned;                 // there
static uint64_t handles[THREADS];      // of the crowd
static struct thread *threads[THREADS];

TEST(boots) {
    world_boot(32 << 20, 1);
}

static void scene_make(bool start) {
    CHECK_EQ(world_task_make(&crowd, BYTES, nullptr, 0), STATUS_OK);
    struct world_grant grants[] = {{"crowd", crowd.handle, RIGHT_ALL, false}};
    CHECK_EQ(world_task_make(&owner, BYTES / 4, grants, 1), STATUS_OK);
    owned = world_granted(&owner, "crowd");
    for (uint32_t i = 0; i < THREADS; i++) {
        struct object *object = nullptr;
        CHECK_EQ(CALL(crowd.thread, &handles[i], thread_carve, 0, PROGRAM_BASE, STACK_TOP),
                 STATUS_OK);
        CHECK_EQ(lookup(crowd.task, handles[i], CLASS_THREAD, 0, &object), STATUS_OK);
        threads[i] = (struct thread *)object;
        if (start) {
            CHECK_EQ(WHOLE(crowd.thread, thread_start, handles[i]), STATUS_OK);
        }
    }
}

// Asked by the owner: the root is in the middle of something.
static uint64_t info(uint32_t word) {
    CHECK_EQ(WHOLE(owner.thread, task_info, owned), STATUS_OK);
    return owner.thread->frame.arg[word];
}

static void scene_end(void) {
    world_audit();
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, owner.reticle), STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, crowd.reticle), STATUS_OK);
    world_audit();
}

TEST(a_crowd_is_stopped_in_steps_by_two_at_once) {
    scene_make(true);
    CHECK(BEGIN(world_root, task_stop, crowd.handle, 7));
    CHECK_EQ(info(1), TASK_RUNNING);
    // Who comes later ends it too, and does not change why it ended.
    CHECK_EQ(WHOLE(owner.thread, task_stop, owned, 8), STATUS_OK);
    CHECK_EQ(info(1), TASK_ENDED);
    CHECK_EQ(info(2), 7);
    CHECK_EQ(info(3), 0);
    CHECK_EQ(world_finish(world_root), STATUS_OK);
    CHECK_EQ(WHOLE(owner.thread, task_stop, owned, 8), STATUS_BAD_STATE);
    scene_end();
}

TEST(nothing_is_begun_in_a_task_that_ends) {
    scene_make(false);
    CHECK(BEGIN(world_root, task_stop, crowd.handle, 7));
    // Its own threads still run until they are asked.
    CHECK_EQ(WHOLE(crowd.thread, thread_carve, 0, PROGRAM_BASE, STACK_TOP), STATUS_BUSY);
    CHECK_EQ(WHOLE(crowd.thread, thread_start, handles[0]), STATUS_BAD_STATE);
    CHECK_EQ(world_finish(world_root), STATUS_OK);
    CHECK_EQ(info(1), TASK_ENDED);
    scene_end();
}

TEST(a_crowd_exits_in_steps_with_the_first_status) {
    scene_make(true);
    CHECK(BEGIN(crowd.thread, task_exit, 5));
    for (uint32_t i = 0; i < THREADS; i++) {
        if (atomic_load_explicit(&threads[i]->state, memory_order_relaxed) != THREAD_ENDED) {
            CHECK_EQ(WHOLE(threads[i], task_exit, 6), WORLD_BLOCKED);
            break;
        }
    }
    world_audit();
    host_settle();
    CHECK_EQ(info(1), TASK_ENDED);
    CHECK_EQ(info(2), 5);
    scene_end();
}

TEST(a_crowd_dies_with_its_reticle) {
    scene_make(true);
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, crowd.reticle), STATUS_OK);
    CHECK_EQ(WHOLE(owner.thread, task_info, owned), STATUS_BAD_HANDLE);
    world_audit();
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, owner.reticle), STATUS_OK);
    world_audit();
}

TEST(a_crowd_is_destroyed_in_steps) {
    scene_make(true);
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, crowd.handle), STATUS_OK);
    CHECK_EQ(WHOLE(owner.thread, task_info, owned), STATUS_BAD_HANDLE);
    scene_end();
}

static uint64_t fault(struct thread *thread) {
    world_turn(thread);
    host_fault(0, FAULT_READ, WORLD_DATA); // on one hart nobody had it away
    return thread->number;
}

// Who waits for its supervisor ends like everybody, and then needs no answer any more.
TEST(a_fault_in_a_task_that_ends_is_nobodys_business) {
    scene_make(true);
    uint64_t number = fault(threads[0]);
    CHECK_EQ(WHOLE(owner.thread, thread_fault, owned), STATUS_OK);
    CHECK_EQ(owner.thread->frame.arg[1], number);
    CHECK(BEGIN(world_root, task_stop, crowd.handle, 7));
    CHECK_EQ(WHOLE(owner.thread, thread_fault, owned), STATUS_NOT_FOUND);
    CHECK_EQ(world_finish(world_root), STATUS_OK);
    scene_end();
}

TEST(a_crowd_is_ended_for_a_fault_in_steps) {
    scene_make(true);
    (void)fault(threads[1]);
    CHECK_EQ(info(1), TASK_FAULTED);
    CHECK_EQ(WHOLE(world_root, task_stop, crowd.handle, 120), STATUS_OK);
    CHECK_EQ(info(1), TASK_ENDED);
    scene_end();
}

// The thread that is to be asked next is destroyed between two steps.
TEST(the_next_in_line_goes_before_its_turn) {
    scene_make(false);
    CHECK(BEGIN(world_root, task_stop, crowd.handle, 7));
    uint32_t next = 0;
    while (next < THREADS && threads[next] != crowd.task->end_next) {
        next++;
    }
    CHECK(next < THREADS);
    CHECK_EQ(WHOLE(crowd.thread, handle_drop, handles[next]), STATUS_OK);
    world_audit();
    CHECK_EQ(world_finish(world_root), STATUS_OK);
    CHECK_EQ(info(1), TASK_ENDED);
    scene_end();
}

// The fake machine gives up after 100,000 steps: the end of many costs what they are, and
// not a look at all of them for each.
TEST(a_task_has_so_many_threads_and_no_more) {
    uint64_t handle = 0, last = 0;
    CHECK_EQ(world_task_make(&crowd, 16 << 20, nullptr, 0), STATUS_OK);
    enum status status = STATUS_OK;
    uint32_t count = 0;
    for (; status == STATUS_OK && count <= TASK_THREADS; count++) {
        last = handle;
        status = CALL(crowd.thread, &handle, thread_carve, 0, PROGRAM_BASE, STACK_TOP);
    }
    CHECK_EQ(status, STATUS_NO_SLOTS);
    CHECK_EQ(count, TASK_THREADS); // the first is one of them
    CHECK_EQ(CALL(crowd.thread, nullptr, handle_drop, last), STATUS_OK);
    CHECK_EQ(CALL(crowd.thread, nullptr, thread_carve, 0, PROGRAM_BASE, STACK_TOP), STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, crowd.reticle), STATUS_OK);
    world_audit();
}

// A Task that holds itself may stop itself, as it may exit.
TEST(a_task_stops_itself) {
    uint64_t a = 0, b = 0;
    world_pair(world_named("reticle"), 2, &a, &b);
    struct world_grant grants[] = {{"end", b, RIGHT_ALL, false}};
    CHECK_EQ(world_task_make(&crowd, BYTES, grants, 1), STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, ring_send, a, 1, crowd.handle, RIGHT_ALL, 0), STATUS_OK);
    uint64_t end = world_granted(&crowd, "end"), self = 0;
    CHECK_EQ(CALL(crowd.thread, &self, ring_take, end, 1, CLASS_TASK), STATUS_OK);
    CHECK_EQ(WHOLE(crowd.thread, task_info, self), STATUS_OK);
    CHECK_EQ(WHOLE(crowd.thread, task_stop, self, 9), WORLD_BLOCKED);
    CHECK_EQ(WHOLE(world_root, task_info, crowd.handle), STATUS_OK);
    CHECK_EQ(world_root->frame.arg[1], TASK_ENDED);
    CHECK_EQ(world_root->frame.arg[2], 9);
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, a), STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, b), STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, crowd.reticle), STATUS_OK);
    world_audit();
}

// Who destroys something large is ended before it is through: the hart goes on with it when it
// idles, and is there for who sleeps on it, between two steps.
TEST(a_sleeper_is_woken_between_the_ends_of_many) {
    constexpr uint32_t MANY = 300, STEPS = 1000;
    uint64_t pool = 0, made = 0;
    struct object *object = nullptr;
    CHECK_EQ(CALL(world_root, &pool, reticle_split, world_named("reticle"), BYTES), STATUS_OK);
    CHECK_EQ(lookup(world_root->task, pool, CLASS_RETICLE, 0, &object), STATUS_OK);
    const struct reticle *reticle = (struct reticle *)object;
    struct world_grant grants[] = {{"pool", pool, RIGHT_ALL, true}};
    CHECK_EQ(world_task_make(&owner, BYTES, grants, 1), STATUS_OK);
    owned = world_granted(&owner, "pool");
    for (uint32_t i = 0; i < MANY; i++) {
        CHECK_EQ(CALL(owner.thread, &made, memory_carve, owned, PAGE_SIZE), STATUS_OK);
    }
    uint64_t there = reticle->available, until = arch_time_now() + 100 * SCHEDULE_SLICE;
    CHECK(BEGIN(owner.thread, handle_drop, owned));
    CHECK_EQ(WHOLE(world_root, task_stop, owner.handle, 0), STATUS_OK);
    CHECK(reticle->available < there + MANY / 4 * PAGE_SIZE && arch_time_now() < until);
    host_yield_every(1);
    host_syscall(0, SYS_signal_wait, (uint64_t[6]){1, until});
    for (uint32_t i = 0; i < STEPS && reticle->available < there + MANY / 2 * PAGE_SIZE; i++) {
        (void)host_go(0);
    }
    there = reticle->available;
    CHECK(hart_at(0)->load == 0 && host_state_of(0) == HOST_KERNEL);
    host_time_set(until);
    for (uint32_t i = 0; i < STEPS && world_root->state == THREAD_WAITING; i++) {
        (void)host_go(0);
    }
    CHECK(object_reap_needed() && reticle->available <= there + 2 * PAGE_SIZE);
    host_yield_every(0);
    host_settle();
    CHECK_EQ(world_root->frame.arg[0], STATUS_TIMED_OUT);
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, owner.reticle), STATUS_OK);
    world_audit();
}
