// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Several harts inside the kernel at once, each stopped where the test wants it: what one
// has begun and another takes away, and what is told to a hart that has not looked yet.
#include "kernel/schedule.h"
#include "kernel/tests/scene.h"
#include "tests/unit.h"

UNIT_MAIN

constexpr uint64_t SPARE = 0x7000000; // an address where views are put

TEST(boots) {
    world_boot(16 << 20, HARTS);
}

// ------------------------------------------------------------------------- faults

// Another hart may just have had the entry away for a moment.
TEST(a_read_that_is_allowed_by_now_goes_on) {
    scene_make();
    struct thread *thread = on[1];
    ready(thread, nullptr, nullptr);
    host_fault(1, FAULT_READ, WORLD_DATA);
    CHECK(thread->state == THREAD_RUNNING && host_state_of(1) == HOST_USER);
    static const struct {
        enum fault_kind kind;
        uint64_t address;
    } real[] = {{FAULT_WRITE, BUNDLE_ADDRESS},                           // for reading only
                {FAULT_READ, WORLD_DATA + WORLD_DATA_PAGES * PAGE_SIZE}, // in the same table
                {FAULT_READ, UINT64_C(1) << 40},                         // where no table is
                {FAULT_READ, USER_TOP}};
    for (uint32_t i = 0; i < sizeof real / sizeof *real; i++) {
        ready(thread, nullptr, nullptr);
        host_fault(1, real[i].kind, real[i].address);
        CHECK(thread->state == THREAD_FAULTED);
        CHECK_EQ(
            CALL(world_root, nullptr, thread_control, task.handle, thread->number, RESUME_CONTINUE),
            STATUS_OK);
    }
    scene_end();
}

// ----------------------------------------------------------------------- the inbox

constexpr uint32_t SLEEPERS = 16;
constexpr uint32_t ATTENDED = 8; // at an interrupt and on the way out: kernel/schedule.c

// Of those on a hart, so many have been woken.
static uint32_t awake(struct thread *const *sleeper) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < SLEEPERS; i++) {
        count += thread_state_of(sleeper[i]) != THREAD_SLEEPING;
    }
    return count;
}

// However many are told at once: the rest comes with the next entry, and nobody is lost.
TEST(a_hart_attends_to_a_few_in_an_entry) {
    struct thread *sleeper[SLEEPERS];
    uint32_t count = 0;
    scene_make();
    for (uint32_t i = 0; i < 120 && count < SLEEPERS; i++) {
        uint64_t handle = 0;
        struct thread *thread = world_thread_more(&task, &handle);
        if (thread->hart == on[1]->hart) {
            CHECK_EQ(CALL(thread, nullptr, futex_wait, WORLD_DATA, 0, TIME_NEVER), WORLD_BLOCKED);
            sleeper[count++] = thread;
        } else {
            CHECK_EQ(CALL(thread, nullptr, thread_exit, 0), WORLD_BLOCKED);
        }
    }
    CHECK_EQ(count, SLEEPERS);
    ready(on[0], on[1], nullptr);
    ENTER(on[0], futex_wake, WORLD_DATA, UINT64_MAX);
    for (uint32_t done = 0; done < SLEEPERS;) {
        (void)host_go(on[1]->hart->index);
        uint32_t now = awake(sleeper);
        CHECK(now > done && now - done <= ATTENDED);
        done = now;
    }
    scene_end();
}

// ------------------------------------------------------------------ ends and others

TEST(a_thread_that_waits_on_an_idle_hart_is_ended_at_once) {
    CHECK_EQ(world_task_make(&task, 1 << 20, nullptr, 0), STATUS_OK);
    CHECK_EQ(CALL(task.thread, nullptr, signal_wait, 1, TIME_NEVER), WORLD_BLOCKED);
    CHECK_EQ(CALL(world_root, nullptr, task_stop, task.handle, 3), STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, task.reticle), STATUS_OK);
    world_audit();
}

// Told to end while it ends by itself.
TEST(who_is_to_end_may_end_before) {
    scene_make();
    ready(world_root, on[other_than(world_root->hart->index, 9)], nullptr);
    uint32_t root_hart = world_root->hart->index, hart = other_than(root_hart, 9);
    ENTER(world_root, task_stop, task.handle, 3);
    CHECK(on[hart]->state == THREAD_RUNNING);
    ENTER(on[hart], thread_exit, 0);
    CHECK(on[hart]->state == THREAD_ENDED);
    host_settle();
    CHECK_EQ(outcome(world_root), STATUS_OK);
    scene_end();
}

// Told to stop while it stops by itself, or ends.
TEST(who_is_to_stop_may_fault_or_end_before) {
    scene_make();
    uint32_t root_hart = world_root->hart->index, hart = other_than(root_hart, 9);
    uint32_t third = other_than(root_hart, hart);
    ready(world_root, on[hart], on[third]);
    ENTER(world_root, thread_control, task.handle, on[hart]->number, RESUME_STOP);
    CHECK(on[hart]->state == THREAD_RUNNING);
    host_fault(hart, FAULT_WRITE, 0xdead000);
    host_settle();
    CHECK_EQ(CALL(world_root, nullptr, thread_fault, task.handle, on[hart]->number - 1, 0),
             STATUS_OK);
    struct words words = {{task.handle, on[hart]->number - 1, 0}};
    CHECK_EQ(world_call(world_root, SYS_thread_fault, &words), STATUS_OK);
    CHECK_EQ(words.a[2], FAULT_WRITE); // the stop adds nothing to it
    ready(world_root, on[third], nullptr);
    ENTER(world_root, thread_control, task.handle, on[third]->number, RESUME_STOP);
    ENTER(on[third], thread_exit, 0);
    CHECK(on[third]->state == THREAD_ENDED);
    world_audit();
    scene_end();
}

// While it is asked to end it still runs, and sees what is revoked as the zero page.
TEST(a_view_of_a_task_that_ends_is_revoked) {
    struct world_task viewer;
    uint64_t memory = 0, view = 0, source = 0;
    uint64_t word = 0x1234;
    scene_make();
    CHECK_EQ(CALL(world_root, &memory, memory_carve, pool, PAGE_SIZE), STATUS_OK);
    CHECK_EQ(CALL(world_root, &source, handle_copy, memory, RIGHT_ALL), STATUS_OK);
    struct world_grant grants[] = {{"memory", source, RIGHT_ALL, false}};
    CHECK_EQ(world_task_make(&viewer, 1 << 20, grants, 1), STATUS_OK);
    source = world_granted(&viewer, "memory");
    CHECK_EQ(CALL(viewer.thread, &view, memory_map, 0, source, SPARE, 0, PAGE_SIZE, MAP_READ),
             STATUS_OK);
    uint32_t hart = viewer.thread->hart->index;
    ready(world_root, viewer.thread, nullptr);
    CHECK(world_root->hart->index != hart);
    ENTER(world_root, task_stop, viewer.handle, 3);
    // The stop goes on; its other half of the work is done by the next syscall of the same
    // hart, before the viewer's hart has looked.
    CHECK(viewer.task->ending && atomic_load(&viewer.task->live) == 1);
    lock_acquire(&books);
    host_select(world_root->hart->index);
    struct slot *slot = nullptr;
    CHECK_EQ(lookup_slot(viewer.task, view, &slot), STATUS_OK);
    CHECK_EQ(view_revoke_step(slot, 64), STEP_DONE);
    tree_remove(&slot->node);
    lock_release(&books);
    CHECK(host_user_read(hart, SPARE, &word, sizeof word));
    CHECK_EQ(word, 0);
    host_settle();
    CHECK_EQ(outcome(world_root), STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, viewer.reticle), STATUS_OK);
    scene_end();
}

// ------------------------------------------------------------ in the middle of an entry

// Its pages are being zeroed, without the lock, while its Reticle is destroyed.
TEST(memory_dies_under_the_hands_that_zero_it) {
    scene_make();
    uint32_t root_hart = world_root->hart->index, hart = other_than(root_hart, 9);
    struct thread *thread = on[hart];
    ready(world_root, thread, nullptr);
    host_yield_every(1);
    ENTER(thread, memory_carve, own_pool, 2 * PAGE_SIZE);
    CHECK(host_state_of(hart) == HOST_KERNEL);
    host_yield_every(0);
    ENTER(world_root, handle_drop, pool);
    CHECK(thread->making != nullptr && !object_live(thread->making));
    while (host_state_of(hart) == HOST_KERNEL) {
        (void)host_go(hart);
    }
    CHECK_EQ(outcome(thread), STATUS_BUSY);
    host_settle();
    CHECK_EQ(outcome(world_root), STATUS_OK);
    CHECK_EQ(CALL(world_root, &pool, reticle_split, world_named("reticle"), 2 << 20), STATUS_OK);
    scene_end();
}

static uint32_t place; // the access before which it stands still

static void last_of_the_dying(void) {
    scene_make();
    uint32_t root_hart = world_root->hart->index, hart = other_than(root_hart, 9);
    uint32_t third = other_than(root_hart, hart);
    uint64_t memory = 0, copy = 0;
    CHECK_EQ(CALL(world_root, &memory, memory_carve, pool, PAGE_SIZE), STATUS_OK);
    // Without a copy it would be gone at once.
    CHECK_EQ(CALL(world_root, &copy, handle_copy, memory, RIGHT_ALL), STATUS_OK);
    ready(world_root, on[hart], on[third]);
    // It waits for an epoch, which comes, and is next on its hart.
    ENTER(world_root, handle_drop, memory);
    for (uint32_t i = 0; i < 20 && world_root->state != THREAD_EPOCH; i++) {
        (void)host_go(root_hart);
    }
    CHECK(world_root->state == THREAD_EPOCH && hart_at(root_hart)->current == on[root_hart]);
    (void)host_go(hart);
    (void)host_go(third);
    (void)host_go(root_hart);
    CHECK(world_root->state == THREAD_READY && object_reap_needed());
    host_stop_before(place);
    ENTER(on[hart], signal_wait, 1, TIME_NEVER);
    host_stop_before(0);
    // Now the thread that goes on with the destruction.
    ENTER(on[root_hart], signal_wait, 1, TIME_NEVER);
    host_settle();
    CHECK(!object_reap_needed());
    CHECK_EQ(outcome(world_root), STATUS_OK);
    scene_end();
}

// A hart begins to idle and sees that something dies; by the time that it has the lock all of
// it may have gone.
TEST(the_last_of_the_dying_is_gone_when_an_idle_hart_looks) {
    constexpr uint32_t PLACES = 40;
    for (place = 1; place <= PLACES; place++) {
        CHECK(host_passes(last_of_the_dying));
    }
}

// ------------------------------------------------------------------------- epochs

// Two that wait for an epoch on one hart end while they wait.
TEST(who_waits_for_an_epoch_may_end) {
    scene_make();
    uint32_t root_hart = world_root->hart->index, hart = other_than(root_hart, 9);
    uint32_t third = other_than(root_hart, hart);
    struct thread *second = nullptr;
    for (uint32_t i = 0; i < 30 && second == nullptr; i++) {
        uint64_t handle = 0;
        struct thread *thread = world_thread_more(&task, &handle);
        if (thread->hart->index == hart) {
            second = thread;
        } else {
            CHECK_EQ(CALL(thread, nullptr, thread_exit, 0), WORLD_BLOCKED);
        }
    }
    CHECK(second != nullptr);
    uint64_t memory[2], view[2];
    for (uint32_t i = 0; i < 2; i++) {
        CHECK_EQ(CALL(task.thread, &memory[i], memory_carve, own_pool, PAGE_SIZE), STATUS_OK);
        CHECK_EQ(CALL(task.thread, &view[i], memory_map, 0, memory[i], SPARE + i * PAGE_SIZE, 0,
                      PAGE_SIZE, MAP_READ),
                 STATUS_OK);
    }
    ready(world_root, on[hart], on[third]);
    // The third hart stays in user mode and does not pass: nobody lets it go on.
    ENTER(on[hart], handle_drop, view[0]);
    CHECK(on[hart]->state == THREAD_EPOCH);
    for (uint32_t i = 0; i < 100 && hart_at(hart)->current != second; i++) {
        (void)host_go(hart);
    }
    CHECK(hart_at(hart)->current == second);
    ENTER(second, handle_drop, view[1]);
    CHECK(second->state == THREAD_EPOCH);
    ENTER(world_root, task_stop, task.handle, 3);
    (void)host_go(hart);
    CHECK(on[hart]->state == THREAD_ENDED && second->state == THREAD_ENDED);
    host_settle();
    CHECK_EQ(outcome(world_root), STATUS_OK);
    scene_end();
}

// The mark holds while its thread runs, on whatever hart.
TEST(what_another_hart_revokes_is_not_copied) {
    scene_make();
    uint32_t root_hart = world_root->hart->index, hart = other_than(root_hart, 9);
    uint32_t third = other_than(root_hart, hart);
    uint64_t memory = 0;
    CHECK_EQ(CALL(on[hart], &memory, memory_carve, own_pool, PAGE_SIZE), STATUS_OK);
    for (uint32_t i = 0; i < 100; i++) {
        CHECK_EQ(CALL(on[hart], nullptr, handle_copy, memory, 0), STATUS_OK);
    }
    ready(on[hart], on[third], nullptr);
    ENTER(on[hart], handle_revoke, memory);
    CHECK(on[hart]->frame.restart && on[hart]->state == THREAD_RUNNING);
    ENTER(on[third], handle_copy, memory, 0);
    CHECK_EQ(on[third]->frame.arg[0], STATUS_BUSY);
    CHECK_EQ(outcome(on[hart]), STATUS_OK);
    scene_end();
}

// No other hart is awake: the epoch is there as soon as it is asked for.
TEST(a_view_goes_at_once_where_the_others_idle) {
    scene_make();
    uint64_t memory = 0, view = 0;
    struct thread *thread = on[other_than(world_root->hart->index, 9)];
    CHECK_EQ(CALL(thread, &memory, memory_carve, own_pool, PAGE_SIZE), STATUS_OK);
    CHECK_EQ(CALL(thread, &view, memory_map, 0, memory, SPARE, 0, PAGE_SIZE, MAP_READ), STATUS_OK);
    for (uint32_t i = 0; i < HARTS; i++) {
        if (on[i] != thread) {
            CHECK_EQ(CALL(on[i], nullptr, signal_wait, 1, TIME_NEVER), WORLD_BLOCKED);
        }
    }
    uint64_t later = arch_time_now() + 1000 * SCHEDULE_SLICE;
    CHECK_EQ(CALL(world_root, nullptr, signal_wait, 1, later), WORLD_BLOCKED);
    ready(thread, nullptr, nullptr);
    ENTER(thread, handle_drop, view);
    CHECK(thread->state == THREAD_RUNNING && !thread->frame.restart);
    CHECK_EQ(thread->frame.arg[0], STATUS_OK);
    host_time_set(later);
    scene_end();
}

// ------------------------------------------------------------------------- futexes

static void sleep_at(struct thread *thread, uint64_t address) {
    CHECK_EQ(CALL(thread, nullptr, futex_wait, address, 0, TIME_NEVER), WORLD_BLOCKED);
}

// Woken by one, and told to end by another, before its hart has looked.
TEST(who_is_woken_may_be_told_to_end) {
    scene_make();
    uint32_t root_hart = world_root->hart->index, hart = other_than(root_hart, 9);
    uint32_t third = other_than(root_hart, hart);
    sleep_at(on[hart], WORLD_DATA);
    ready(world_root, on[third], nullptr);
    ENTER(on[third], futex_wake, WORLD_DATA, 1);
    ENTER(world_root, task_stop, task.handle, 3);
    CHECK(on[hart]->state == THREAD_SLEEPING);
    host_settle();
    CHECK(on[hart]->state == THREAD_ENDED);
    CHECK_EQ(outcome(world_root), STATUS_OK);
    scene_end();
}

// Those that sleep elsewhere sleep on, in whatever order they stand in one bucket.
TEST(only_those_are_woken_that_sleep_there) {
    scene_make();
    uint64_t memory = 0;
    CHECK_EQ(CALL(task.thread, &memory, memory_carve, own_pool, 3 * PAGE_SIZE), STATUS_OK);
    uint64_t part[3];
    for (uint32_t i = 0; i < 3; i++) {
        CHECK_EQ(CALL(task.thread, &part[i], memory_map, 0, memory, SPARE + i * PAGE_SIZE,
                      i * PAGE_SIZE, PAGE_SIZE, MAP_READ),
                 STATUS_OK);
    }
    // The same offset in three pages whose numbers differ by multiples of the buckets.
    struct thread *sleeper[3] = {on[0], on[1], on[2]};
    for (uint32_t i = 0; i < 3; i++) {
        sleep_at(sleeper[i], SPARE + i * PAGE_SIZE);
    }
    CHECK_EQ(futex_wake(task.task, SPARE + PAGE_SIZE, 9), 1);
    host_settle();
    CHECK(sleeper[0]->state == THREAD_SLEEPING && sleeper[2]->state == THREAD_SLEEPING);
    CHECK_EQ(outcome(sleeper[1]), STATUS_OK);
    // Unmapping the page between two others wakes nobody but its own.
    CHECK_EQ(CALL(sleeper[1], nullptr, handle_drop, part[1]), STATUS_OK);
    CHECK(sleeper[0]->state == THREAD_SLEEPING && sleeper[2]->state == THREAD_SLEEPING);
    CHECK_EQ(CALL(sleeper[1], nullptr, handle_drop, part[2]), STATUS_OK);
    CHECK(sleeper[0]->state == THREAD_SLEEPING);
    CHECK_EQ(outcome(sleeper[2]), STATUS_CANCELLED);
    scene_end();
}

// ------------------------------------------------------------- what dies, and who helps

// One stands still with the lock and something is dying: its hart.
static uint32_t lock_held(uint32_t root_hart, uint32_t hart) {
    uint32_t third = other_than(root_hart, hart);
    uint64_t memory = 0, copy = 0, mine = 0;
    CHECK_EQ(CALL(world_root, &memory, memory_carve, pool, PAGE_SIZE), STATUS_OK);
    // Without a copy it would be gone at once.
    CHECK_EQ(CALL(world_root, &copy, handle_copy, memory, RIGHT_ALL), STATUS_OK);
    CHECK_EQ(CALL(on[third], &mine, handle_copy, own_pool, RIGHT_ALL), STATUS_OK);
    ready(world_root, on[hart], on[third]);
    ENTER(world_root, handle_drop, memory); // the rest of it comes after an epoch
    host_stop_before(3);                    // the lock, the table's page, the slot
    ENTER(on[third], handle_drop, mine);
    CHECK(host_stopped());
    CHECK(object_reap_needed() && books.held && host_state_of(third) == HOST_KERNEL);
    return third;
}

// The lock may be held for long, by who has no right to anything here.
TEST(neither_the_timer_nor_an_idle_hart_waits_for_the_lock) {
    scene_make();
    uint32_t root_hart = world_root->hart->index, hart = other_than(root_hart, 9);
    uint32_t third = lock_held(root_hart, hart);
    uint64_t until = arch_time_now() + SCHEDULE_SLICE / 4;
    ENTER(on[hart], signal_wait, 1, until);
    CHECK(hart_at(hart)->load == 0);
    for (uint32_t i = 0; i < 5; i++) {
        (void)host_go(hart); // it looks again and again, and does not stay
    }
    CHECK(books.held && hart_at(hart)->load == 0);
    host_time_set(until);
    (void)host_go(hart);
    CHECK(books.held && host_state_of(hart) == HOST_USER);
    CHECK_EQ(on[hart]->frame.arg[0], STATUS_TIMED_OUT);
    CHECK(hart_at(hart)->timer_armed <= arch_time_now() + SCHEDULE_SLICE);
    host_time_set(arch_time_now() + SCHEDULE_SLICE);
    CHECK(host_go(hart) && host_state_of(hart) == HOST_USER);
    CHECK(books.held && host_state_of(third) == HOST_KERNEL);
    host_settle();
    scene_end();
}

// Each of them has something to do for a moment while another is at work on what dies.
TEST(a_hart_that_sleeps_is_woken_for_what_dies) {
    scene_make();
    uint32_t root_hart = world_root->hart->index, hart = other_than(root_hart, 9);
    uint32_t third = other_than(root_hart, hart);
    uint64_t many = 0, made = 0;
    CHECK_EQ(CALL(world_root, &many, reticle_split, pool, 1 << 20), STATUS_OK);
    for (uint32_t i = 0; i < 40; i++) {
        CHECK_EQ(CALL(world_root, &made, memory_carve, many, PAGE_SIZE), STATUS_OK);
    }
    struct object *object = nullptr;
    CHECK_EQ(lookup(world_root->task, many, CLASS_RETICLE, 0, &object), STATUS_OK);
    ready(on[root_hart], nullptr, nullptr);
    ENTER(on[root_hart], signal_wait, 1, TIME_NEVER); // so that nobody moves
    ready(world_root, on[hart], on[third]);
    uint64_t until = arch_time_now() + SCHEDULE_SLICE / 4;
    host_select(root_hart);
    lock_acquire(&books);
    object_destroy(object);
    lock_release(&books);
    // Who is alone, and took a step since a timer came, has another one coming.
    CHECK_EQ(hart_at(third)->slice_end, TIME_NEVER);
    host_select(third);
    arch_timer_set(arch_time_now());
    (void)host_go(third);
    CHECK(hart_at(third)->timer_armed <= arch_time_now() + SCHEDULE_SLICE);
    // The one idles in the midst of a step when the other comes to idle.
    host_yield_every(1);
    ENTER(on[third], signal_wait, 1, until);
    for (uint32_t i = 0; i < 20 && !books.held; i++) {
        (void)host_go(third);
    }
    host_yield_every(0);
    CHECK(books.held && hart_at(third)->load == 0);
    ENTER(on[hart], signal_wait, 1, TIME_NEVER);
    host_time_set(until);
    while (host_can_go(hart)) {
        (void)host_go(hart);
    }
    CHECK(books.held && host_state_of(hart) == HOST_IDLE);
    // The other has a thread to run from now on.
    while (host_state_of(third) != HOST_USER) {
        (void)host_go(third);
    }
    CHECK(host_can_go(hart) && object_reap_needed());
    host_settle();
    CHECK(!object_reap_needed());
    scene_end();
}
