// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Who is woken by a thread that then blocks, or does not after all, or ends it; whom a handle
// rings when the kernel knew whom it rang, and something has changed; and many that are woken
// at once. One hart.
#include "kernel/schedule.h"
#include "kernel/tests/world.h"
#include "tests/unit.h"

UNIT_MAIN

constexpr uint64_t ONE = 1, TWO = 2; // bits
constexpr uint64_t BYTES = 1 << 20;

static struct world_task caller, first, second;
static uint64_t to_first, to_second, first_task; // of the caller
static uint64_t first_end, second_end;

TEST(boots) {
    world_boot(24 << 20, 1);
}

// Two that wait for messages of a third, which has one of each already.
static void scene_make(uint64_t ends[4]) {
    world_pair(world_named("reticle"), 2, &ends[0], &ends[1]);
    world_pair(world_named("reticle"), 2, &ends[2], &ends[3]);
    struct world_grant one[] = {{"ring", ends[1], RIGHT_ALL, false}};
    struct world_grant two[] = {{"ring", ends[3], RIGHT_ALL, false}};
    CHECK_EQ(world_task_make(&first, BYTES, one, 1), STATUS_OK);
    CHECK_EQ(world_task_make(&second, BYTES, two, 1), STATUS_OK);
    struct world_grant all[] = {{"first", ends[0], RIGHT_ALL, false},
                                {"second", ends[2], RIGHT_ALL, false},
                                {"task", first.handle, RIGHT_ALL, false}};
    CHECK_EQ(world_task_make(&caller, BYTES, all, 3), STATUS_OK);
    to_first = world_granted(&caller, "first");
    to_second = world_granted(&caller, "second");
    first_task = world_granted(&caller, "task");
    first_end = world_granted(&first, "ring");
    second_end = world_granted(&second, "ring");
    CHECK_EQ(CALL(caller.thread, nullptr, ring_watch, to_first, ONE, UINT64_MAX), STATUS_OK);
    CHECK_EQ(CALL(caller.thread, nullptr, ring_watch, to_second, TWO, UINT64_MAX), STATUS_OK);
    CHECK_EQ(CALL(first.thread, nullptr, ring_watch, first_end, ONE, UINT64_MAX), STATUS_OK);
    CHECK_EQ(CALL(second.thread, nullptr, ring_watch, second_end, ONE, UINT64_MAX), STATUS_OK);
    CHECK_EQ(CALL(first.thread, nullptr, doorbell, first_end), STATUS_OK);
    CHECK_EQ(CALL(second.thread, nullptr, doorbell, second_end), STATUS_OK);
    CHECK_EQ(WHOLE(first.thread, signal_wait, 1 << ONE, TIME_NEVER), WORLD_BLOCKED);
    CHECK_EQ(WHOLE(second.thread, signal_wait, 1 << ONE, TIME_NEVER), WORLD_BLOCKED);
}

static void scene_end(const uint64_t ends[4]) {
    const struct world_task *all[] = {&caller, &first, &second};
    for (uint32_t i = 0; i < 3; i++) {
        CHECK_EQ(CALL(world_root, nullptr, handle_drop, all[i]->reticle), STATUS_OK);
    }
    for (uint32_t i = 0; i < 4; i++) {
        if (ends[i] != HANDLE_NONE) {
            CHECK_EQ(CALL(world_root, nullptr, handle_drop, ends[i]), STATUS_OK);
        }
    }
    world_audit();
}

TEST(who_is_answered_at_once_goes_on_and_nobody_is_forgotten) {
    uint64_t ends[4];
    scene_make(ends);
    CHECK_EQ(WHOLE(caller.thread, doorbell_wait, to_first, 1 << ONE, TIME_NEVER), STATUS_OK);
    CHECK(hart_at(0)->current == caller.thread && first.thread->state == THREAD_READY);
    CHECK_EQ(WHOLE(caller.thread, doorbell_wait, to_second, 1 << TWO, TIME_NEVER), STATUS_OK);
    CHECK(hart_at(0)->current == caller.thread && second.thread->state == THREAD_READY);
    world_audit();
    world_turn(first.thread);
    CHECK_EQ(first.thread->frame.arg[1], 1 << ONE);
    world_turn(second.thread);
    CHECK_EQ(second.thread->frame.arg[1], 1 << ONE);
    scene_end(ends);
}

TEST(who_was_to_run_next_is_ended_first) {
    uint64_t ends[4];
    scene_make(ends);
    CHECK_EQ(WHOLE(caller.thread, doorbell_wait, to_first, 1 << ONE, TIME_NEVER), STATUS_OK);
    CHECK_EQ(WHOLE(caller.thread, task_stop, first_task, 0), STATUS_OK);
    CHECK(first.thread->state == THREAD_ENDED);
    world_audit();
    scene_end(ends);
}

// Both bits are taken first, so the caller blocks; while it does, the other runs.
TEST(who_is_waited_for_runs_next) {
    uint64_t ends[4];
    scene_make(ends);
    CHECK_EQ(WHOLE(caller.thread, signal_wait, 1 << ONE | 1 << TWO, 0), STATUS_OK);
    world_turn(caller.thread);
    host_syscall(0, SYS_doorbell_wait, (uint64_t[6]){to_first, 1 << ONE, TIME_NEVER});
    CHECK(hart_at(0)->current == first.thread);
    CHECK_EQ(first.thread->frame.arg[1], 1 << ONE);
    // The answer goes the same way back.
    host_syscall(0, SYS_doorbell_wait, (uint64_t[6]){first_end, 1 << ONE, TIME_NEVER});
    CHECK(hart_at(0)->current == caller.thread);
    CHECK_EQ(caller.thread->frame.arg[1], 1 << ONE);
    world_audit();
    scene_end(ends);
}

// Their turn is over: the one that is woken queues behind who waits already.
TEST(a_turn_that_is_over_is_not_handed_on) {
    uint64_t ends[4];
    scene_make(ends);
    CHECK_EQ(WHOLE(caller.thread, signal_wait, 1 << ONE | 1 << TWO, 0), STATUS_OK);
    world_turn(caller.thread);
    CHECK(world_root->state == THREAD_READY);
    host_time_set(arch_time_now() + 3 * SCHEDULE_SLICE);
    host_syscall(0, SYS_doorbell_wait, (uint64_t[6]){to_first, 1 << ONE, TIME_NEVER});
    CHECK(host_go(0)); // the interrupt, which was pending
    CHECK(hart_at(0)->current == world_root);
    world_turn(first.thread);
    CHECK_EQ(first.thread->frame.arg[1], 1 << ONE);
    scene_end(ends);
}

// ------------------------------------------------- whom a handle rang is known already

static void ask(uint64_t handle, uint64_t mask) {
    host_syscall(0, SYS_doorbell_wait, (uint64_t[6]){handle, mask, TIME_NEVER});
}

// The current thread asks, and the hart goes straight to that one: who is woken in steps gets
// a place in a queue.
static bool straight(uint64_t handle, uint64_t mask, struct thread *to) {
    const struct thread *from = hart_at(0)->current;
    to->turn = nullptr;
    ask(handle, mask);
    return to->turn == nullptr && hart_at(0)->current == to && from->state == THREAD_WAITING;
}

// The caller asks, and the server answers by its end.
static void rung(uint64_t handle, uint64_t bit, struct thread *server, uint64_t own) {
    CHECK(straight(handle, 1 << bit, server));
    CHECK_EQ(server->frame.arg[0], STATUS_OK);
    CHECK_EQ(server->frame.arg[1], 1 << ONE);
    CHECK(straight(own, 1 << ONE, caller.thread));
    CHECK_EQ(caller.thread->frame.arg[0], STATUS_OK);
    CHECK_EQ(caller.thread->frame.arg[1], 1 << bit);
}

// The second time nothing is looked up.
static void first_is_known(struct thread *server) {
    for (uint32_t i = 0; i < 2; i++) {
        rung(to_first, ONE, server, first_end);
    }
    CHECK(caller.thread->call.handle == to_first && caller.thread->call.to == server);
}

// Others have changed something meanwhile, and the kernel still knows what it knew.
static void asks_again(void) {
    CHECK_EQ(caller.thread->call.handle, to_first);
    world_turn(caller.thread);
}

static void known_make(uint64_t ends[4]) {
    scene_make(ends);
    CHECK_EQ(WHOLE(caller.thread, signal_wait, 1 << ONE | 1 << TWO, 0), STATUS_OK);
    world_turn(caller.thread);
}

TEST(each_of_two_handles_rings_its_own_server) {
    uint64_t ends[4];
    known_make(ends);
    first_is_known(first.thread);
    for (uint32_t i = 0; i < 3; i++) {
        rung(to_second, TWO, second.thread, second_end);
        rung(to_first, ONE, first.thread, first_end);
    }
    // Nor does one that differs in its generation alone.
    ask(to_first ^ UINT64_C(1) << HANDLE_SLOT_BITS, 1 << ONE);
    CHECK_EQ(caller.thread->frame.arg[0], STATUS_BAD_HANDLE);
    CHECK(hart_at(0)->current == caller.thread && first.thread->state == THREAD_WAITING);
    world_audit();
    scene_end(ends);
}

// What it asks for beside the handle is looked at each time.
TEST(a_known_handle_with_other_arguments) {
    uint64_t ends[4];
    known_make(ends);
    first_is_known(first.thread);
    ask(to_first, 0);
    CHECK_EQ(caller.thread->frame.arg[0], STATUS_BAD_ARGUMENT);
    CHECK(hart_at(0)->current == caller.thread && first.thread->state == THREAD_WAITING);
    uint64_t deadline = arch_time_now() + SCHEDULE_SLICE / 2;
    host_syscall(0, SYS_doorbell_wait, (uint64_t[6]){to_first, 1 << ONE, deadline});
    CHECK(hart_at(0)->current == first.thread && caller.thread->state == THREAD_WAITING);
    host_time_set(deadline);
    host_settle();
    CHECK(world_run(caller.thread));
    CHECK_EQ(caller.thread->frame.arg[0], STATUS_TIMED_OUT);
    scene_end(ends);
}

TEST(who_had_the_end_that_went_is_rung_no_more) {
    uint64_t ends[4];
    known_make(ends);
    first_is_known(first.thread);
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, ends[1]), STATUS_OK);
    asks_again();
    ask(to_first, 1 << ONE);
    CHECK_EQ(caller.thread->frame.arg[0], STATUS_NOT_BOUND);
    CHECK(hart_at(0)->current == caller.thread && first.thread->state == THREAD_WAITING);
    // The end that is left gets the second's for its peer.
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, ends[2]), STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, ring_bind, ends[0], ends[3]), STATUS_OK);
    ends[1] = ends[2] = HANDLE_NONE;
    asks_again();
    for (uint32_t i = 0; i < 2; i++) {
        rung(to_first, ONE, second.thread, second_end);
    }
    CHECK_EQ(first.thread->state, THREAD_WAITING);
    scene_end(ends);
}

// A thread of the first Task that serves in place of its first one, which waits for its end.
static struct thread *server_make(uint64_t *handle) {
    CHECK(straight(to_first, 1 << ONE, first.thread));
    struct thread *server = world_thread_more(&first, handle);
    CHECK_EQ(CALL(first.thread, nullptr, thread_watch, *handle, TWO), STATUS_OK);
    CHECK_EQ(WHOLE(first.thread, signal_wait, 1 << TWO, TIME_NEVER), WORLD_BLOCKED);
    CHECK_EQ(WHOLE(server, ring_watch, first_end, ONE, UINT64_MAX), STATUS_OK);
    world_turn(server);
    CHECK(straight(first_end, 1 << ONE, caller.thread));
    return server;
}

// It waits for an answer that nobody gives, and gets one from elsewhere.
static void nobody_is_rung(uint64_t peer, const struct thread *former) {
    asks_again();
    ask(to_first, 1 << ONE);
    CHECK(caller.thread->state == THREAD_WAITING && hart_at(0)->current != former);
    CHECK_EQ(CALL(world_root, nullptr, doorbell, peer), STATUS_OK);
}

// What was its memory is then another thread, which waits for the same bit: to be rung by this
// handle it has to watch the end.
TEST(a_server_that_has_ended_is_rung_no_more) {
    uint64_t ends[4], handle;
    known_make(ends);
    struct thread *server = server_make(&handle);
    first_is_known(server);
    CHECK(straight(to_first, 1 << ONE, server));
    CHECK_EQ(WHOLE(server, thread_exit, 0), WORLD_BLOCKED);
    CHECK_EQ(CALL(world_root, nullptr, doorbell, ends[1]), STATUS_OK);
    nobody_is_rung(ends[1], server);
    CHECK_EQ(server->state, THREAD_ENDED);
    CHECK_EQ(CALL(first.thread, nullptr, handle_drop, handle), STATUS_OK);
    world_audit(); // which overwrites what is free
    nobody_is_rung(ends[1], server);
    CHECK_EQ(world_thread_more(&first, &handle), server);
    CHECK_EQ(WHOLE(server, signal_wait, 1 << ONE, TIME_NEVER), WORLD_BLOCKED);
    nobody_is_rung(ends[1], server);
    CHECK_EQ(server->state, THREAD_WAITING);
    scene_end(ends);
}

// Away to the second and back, into the same slot: the word that named it names nothing.
TEST(a_handle_whose_end_travelled_rings_nobody) {
    uint64_t ends[4], there, again;
    known_make(ends);
    CHECK(straight(to_second, 1 << TWO, second.thread));
    CHECK_EQ(WHOLE(second.thread, doorbell, second_end), STATUS_OK); // and stays awake
    world_turn(caller.thread);
    first_is_known(first.thread);
    CHECK_EQ(CALL(caller.thread, nullptr, ring_send, to_second, 1, to_first, RIGHT_ALL, true),
             STATUS_OK);
    for (uint32_t i = 0; i < 2; i++) {
        asks_again();
        ask(to_first, 1 << ONE);
        CHECK_EQ(caller.thread->frame.arg[0], STATUS_BAD_HANDLE);
        CHECK(hart_at(0)->current == caller.thread && first.thread->state == THREAD_WAITING);
        if (i == 0) {
            CHECK_EQ(CALL(second.thread, &there, ring_take, second_end, 1, CLASS_RING), STATUS_OK);
            CHECK_EQ(CALL(second.thread, nullptr, ring_send, second_end, 1, there, RIGHT_ALL, true),
                     STATUS_OK);
            CHECK_EQ(CALL(caller.thread, &again, ring_take, to_second, 1, CLASS_RING), STATUS_OK);
            CHECK(again != to_first && ((again ^ to_first) & HANDLE_SLOT_MASK) == 0);
        }
    }
    rung(again, ONE, first.thread, first_end);
    scene_end(ends);
}

// --------------------------------------------------------------- many at one time

constexpr uint32_t CROWD = 100; // more than one interrupt wakes

TEST(deadlines_that_pass_together_all_wake) {
    struct world_task crowd;
    struct thread *threads[CROWD];
    uint64_t handle = 0;
    CHECK_EQ(world_task_make(&crowd, 3 << 20, nullptr, 0), STATUS_OK);
    for (uint32_t i = 0; i < CROWD; i++) {
        threads[i] = world_thread_more(&crowd, &handle);
    }
    uint64_t until = arch_time_now() + 1000 * CROWD * SCHEDULE_SLICE;
    for (uint32_t i = 0; i < CROWD; i++) {
        CHECK_EQ(WHOLE(threads[i], signal_wait, 2, until), WORLD_BLOCKED);
    }
    CHECK(arch_time_now() < until);
    host_time_set(until);
    host_settle();
    for (uint32_t i = 0; i < CROWD; i++) {
        CHECK(threads[i]->state == THREAD_READY || threads[i]->state == THREAD_RUNNING);
        CHECK_EQ(threads[i]->frame.arg[0], STATUS_TIMED_OUT);
    }
    world_audit();
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, crowd.reticle), STATUS_OK);
    world_audit();
}
