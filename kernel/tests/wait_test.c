// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Signals, deadlines and futexes: who waits, who is woken, and by what.
#include "kernel/schedule.h"
#include "kernel/signal.h"
#include "kernel/tests/world.h"
#include "tests/unit.h"

UNIT_MAIN

constexpr uint64_t WORD = WORLD_DATA + 64;
constexpr uint64_t THREADS = 3;

static struct world_task task;
static struct thread *threads[THREADS]; // of the task; the first is its first

TEST(boots) {
    world_boot(8 << 20, 3);
    CHECK_EQ(world_task_make(&task, 512 << 10, nullptr, 0), STATUS_OK);
    threads[0] = task.thread;
    for (uint32_t i = 1; i < THREADS; i++) {
        uint64_t handle = 0;
        threads[i] = world_thread_more(&task, &handle);
        CHECK_EQ(CALL(task.thread, nullptr, thread_start, handle), STATUS_BAD_STATE);
    }
    world_audit();
}

// ----------------------------------------------------------------------- signals

TEST(waiting_for_nothing_is_refused) {
    CHECK_EQ(CALL(threads[0], nullptr, signal_wait, 0, TIME_NEVER), STATUS_BAD_ARGUMENT);
    CHECK_EQ(CALL(threads[0], nullptr, doorbell_wait, 0, 1, TIME_NEVER), STATUS_BAD_HANDLE);
}

TEST(a_deadline_in_the_past_polls) {
    CHECK_EQ(CALL(threads[0], nullptr, signal_wait, UINT64_MAX, 0), STATUS_TIMED_OUT);
    CHECK_EQ(CALL(threads[0], nullptr, signal_wait, 0, arch_time_now()), STATUS_TIMED_OUT);
}

// The raise comes from another hart in front of every access that the wait makes: before the
// first look, between the two, and after both.
TEST(a_bit_that_comes_at_any_place_ends_the_wait) {
    bool over = false;
    for (uint32_t place = 1; !over && place < 100; place++) {
        CHECK(world_run(threads[1]));
        uint32_t hart = threads[1]->hart->index;
        host_stop_before(place);
        host_syscall(hart, SYS_signal_wait, (uint64_t[6]){0x3, TIME_NEVER});
        over = !host_stopped();
        host_stop_before(0);
        host_select((hart + 1) % 3);
        signal_raise(threads[1], 0x2);
        host_settle();
        struct words words;
        CHECK(world_returned(threads[1], &words));
        CHECK_EQ(words.a[0], STATUS_OK);
        CHECK_EQ(words.a[1], 0x2);
        CHECK_EQ(threads[1]->wanted, 0);
    }
    CHECK(over);
    world_audit();
}

TEST(a_deadline_ends_the_wait) {
    CHECK(world_run(threads[1]));
    uint64_t until = arch_time_now() + 12345;
    CHECK_EQ(CALL(threads[1], nullptr, signal_wait, 1, until), WORLD_BLOCKED);
    struct words words;
    host_time_set(until - 1);
    host_settle();
    CHECK(!world_returned(threads[1], &words));
    host_time_set(until);
    host_settle();
    CHECK(world_returned(threads[1], &words));
    CHECK_EQ(words.a[0], STATUS_TIMED_OUT);
    CHECK_EQ(words.a[1], 0);
    world_audit();
}

TEST(only_wanted_bits_wake_and_are_cleared) {
    struct words words;
    CHECK_EQ(CALL(threads[1], nullptr, signal_wait, 0xf0, TIME_NEVER), WORLD_BLOCKED);
    // From another hart, which leaves it in the inbox of the thread's own.
    host_select((threads[1]->hart->index + 1) % 3);
    signal_raise(threads[1], 0x0f);
    host_settle();
    CHECK(!world_returned(threads[1], &words));
    signal_raise(threads[1], 0x30);
    host_settle();
    CHECK(world_returned(threads[1], &words));
    CHECK_EQ(words.a[0], STATUS_OK);
    CHECK_EQ(words.a[1], 0x30);
    uint64_t bits = 0;
    CHECK_EQ(CALL(threads[1], &bits, signal_wait, UINT64_MAX, 0), STATUS_OK);
    CHECK_EQ(bits, 0x0f);
    world_audit();
}

TEST(an_interrupt_is_a_bit_until_acknowledged) {
    uint64_t irq = world_named("irq.console"), bits = 0;
    CHECK_EQ(CALL(world_root, nullptr, irq_acknowledge, irq), STATUS_BAD_STATE);
    CHECK_EQ(CALL(world_root, nullptr, irq_watch, irq, 64), STATUS_BAD_ARGUMENT);
    CHECK_EQ(CALL(world_root, nullptr, irq_watch, irq, 9), STATUS_OK);
    CHECK(host_irq_open(HOST_CONSOLE_LINE));
    CHECK_EQ(CALL(world_root, nullptr, signal_wait, 1 << 9, TIME_NEVER), WORLD_BLOCKED);
    host_irq_raise(HOST_CONSOLE_LINE);
    host_settle();
    struct words words;
    CHECK(world_returned(world_root, &words) && words.a[1] == 1 << 9);
    CHECK(!host_irq_open(HOST_CONSOLE_LINE));
    CHECK_EQ(CALL(world_root, nullptr, irq_acknowledge, irq), STATUS_OK);
    CHECK(host_irq_open(HOST_CONSOLE_LINE));
    CHECK_EQ(CALL(world_root, nullptr, irq_watch, irq, UINT64_MAX), STATUS_OK);
    CHECK(!host_irq_open(HOST_CONSOLE_LINE));
    CHECK_EQ(CALL(world_root, &bits, signal_wait, 1 << 9, 0), STATUS_TIMED_OUT);
}

// ----------------------------------------------------------------------- futexes

static void word(uint32_t value) {
    CHECK(world_run(threads[0]));
    CHECK(host_user_write(threads[0]->hart->index, WORD, &value, sizeof value));
}

static enum status sleep_on(struct thread *thread, uint64_t address, uint32_t value,
                            uint64_t deadline) {
    return CALL(thread, nullptr, futex_wait, address, value, deadline);
}

TEST(futex_arguments) {
    word(7);
    CHECK_EQ(sleep_on(threads[0], WORD + 1, 7, 0), STATUS_BAD_ADDRESS);
    CHECK_EQ(sleep_on(threads[0], 0, 7, 0), STATUS_BAD_ADDRESS);
    CHECK_EQ(sleep_on(threads[0], USER_TOP, 7, 0), STATUS_BAD_ADDRESS);
    CHECK_EQ(sleep_on(threads[0], UINT64_MAX & ~UINT64_C(3), 7, 0), STATUS_BAD_ADDRESS);
    CHECK_EQ(sleep_on(threads[0], 0x30000000, 7, 0), STATUS_BAD_ADDRESS);
    CHECK_EQ(sleep_on(threads[0], WORD, 8, TIME_NEVER), STATUS_AGAIN);
    CHECK_EQ(sleep_on(threads[0], WORD, 7, 0), STATUS_TIMED_OUT);
    CHECK_EQ(CALL(threads[0], nullptr, futex_wake, WORD + 2, 1), STATUS_BAD_ADDRESS);
    world_audit();
}

TEST(the_longest_sleeper_wakes_first) {
    struct words words;
    uint64_t woken = 9;
    word(7);
    CHECK_EQ(sleep_on(threads[1], WORD, 7, TIME_NEVER), WORLD_BLOCKED);
    CHECK_EQ(sleep_on(threads[2], WORD, 7, TIME_NEVER), WORLD_BLOCKED);
    world_audit();
    CHECK_EQ(CALL(threads[0], &woken, futex_wake, WORD + 4, UINT64_MAX), STATUS_OK);
    CHECK_EQ(woken, 0);
    CHECK_EQ(CALL(threads[0], &woken, futex_wake, WORD, 0), STATUS_OK);
    CHECK_EQ(woken, 0);
    CHECK_EQ(CALL(threads[0], &woken, futex_wake, WORD, 1), STATUS_OK);
    CHECK_EQ(woken, 1);
    CHECK(world_returned(threads[1], &words) && words.a[0] == STATUS_OK);
    CHECK(!world_returned(threads[2], &words));
    CHECK_EQ(CALL(threads[0], &woken, futex_wake, WORD, UINT64_MAX), STATUS_OK);
    CHECK_EQ(woken, 1);
    CHECK(world_returned(threads[2], &words) && words.a[0] == STATUS_OK);
    world_audit();
}

TEST(a_sleep_ends_at_its_deadline) {
    struct words words;
    CHECK(world_run(threads[1]));
    uint64_t until = arch_time_now() + 1000, woken = 9;
    CHECK_EQ(sleep_on(threads[1], WORD, 7, until), WORLD_BLOCKED);
    host_time_set(until);
    host_settle();
    CHECK(world_returned(threads[1], &words) && words.a[0] == STATUS_TIMED_OUT);
    CHECK_EQ(CALL(threads[0], &woken, futex_wake, WORD, 9), STATUS_OK);
    CHECK_EQ(woken, 0);
    world_audit();
}

TEST(unmapping_wakes_the_sleepers) {
    constexpr uint64_t AT = 0x60000000, PAGES = 300;
    uint64_t memory, view;
    struct words words;
    uint64_t made;
    CHECK_EQ(CALL(world_root, &made, memory_carve, world_named("reticle"), PAGES * PAGE_SIZE),
             STATUS_OK);
    struct world_grant grants[] = {{"memory", made, RIGHT_ALL, false}};
    struct world_task other;
    CHECK_EQ(world_task_make(&other, 512 << 10, grants, 1), STATUS_OK);
    memory = world_granted(&other, "memory");
    CHECK_EQ(CALL(other.thread, &view, memory_map, 0, memory, AT, 0, PAGES * PAGE_SIZE, MAP_READ),
             STATUS_OK);
    uint64_t handle;
    struct thread *sleeper = world_thread_more(&other, &handle);
    // In the last page: a view goes from its end, in steps.
    CHECK_EQ(sleep_on(sleeper, AT + PAGES * PAGE_SIZE - 4, 0, TIME_NEVER), WORLD_BLOCKED);
    CHECK_EQ(CALL(other.thread, nullptr, handle_drop, view), STATUS_OK);
    CHECK(world_returned(sleeper, &words) && words.a[0] == STATUS_CANCELLED);
    world_audit();
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, other.reticle), STATUS_OK);
    world_audit();
}

constexpr uint64_t CROWD = 70;

static struct thread *crowd[CROWD];

static struct world_task crowd_make(void) {
    struct world_task many;
    CHECK_EQ(world_task_make(&many, 1 << 20, nullptr, 0), STATUS_OK);
    for (uint32_t i = 0; i < CROWD; i++) {
        uint64_t handle = 0;
        crowd[i] = world_thread_more(&many, &handle);
        CHECK_EQ(sleep_on(crowd[i], WORD, 0, TIME_NEVER), WORLD_BLOCKED);
    }
    return many;
}

static uint32_t awake(enum status status) {
    uint32_t count = 0;
    struct words words;
    for (uint32_t i = 0; i < CROWD; i++) {
        count += world_returned(crowd[i], &words) && words.a[0] == status;
    }
    return count;
}

TEST(a_crowd_wakes_in_batches) {
    struct world_task many = crowd_make();
    uint64_t woken = 0;
    CHECK(world_run(many.thread));
    uint32_t hart = many.thread->hart->index;
    // An entry at a time: 32, then as many as were asked for.
    host_syscall(hart, SYS_futex_wake, (uint64_t[6]){WORD, 40});
    CHECK(many.thread->frame.restart);
    host_settle();
    CHECK_EQ(awake(STATUS_OK), 40);
    CHECK_EQ(many.thread->frame.arg[1], 40);
    world_audit();
    CHECK_EQ(CALL(many.thread, &woken, futex_wake, WORD, UINT64_MAX), STATUS_OK);
    CHECK_EQ(woken, CROWD - 40);
    CHECK_EQ(awake(STATUS_OK), CROWD);
    CHECK_EQ(CALL(many.thread, &woken, futex_wake, WORD, UINT64_MAX), STATUS_OK);
    CHECK_EQ(woken, 0);
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, many.reticle), STATUS_OK);
    world_audit();
}

TEST(a_crowd_is_cancelled_in_batches) {
    struct world_task many = crowd_make();
    uint64_t view = 0;
    // The view of the Task's data, which its maker gave it.
    for (uint32_t i = 0; i < many.task->table.pages * SLOTS_PER_PAGE; i++) {
        const struct slot *slot = table_slot(many.task, i);
        if (slot_class(slot) == CLASS_VIEW && slot->address == WORLD_DATA >> PAGE_SHIFT) {
            view = (slot_meta(slot) >> META_GENERATION_SHIFT) << HANDLE_SLOT_BITS | i;
        }
    }
    CHECK_EQ(CALL(many.thread, nullptr, handle_drop, view), STATUS_OK);
    CHECK_EQ(awake(STATUS_CANCELLED), CROWD);
    world_audit();
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, many.reticle), STATUS_OK);
    world_audit();
}

TEST(all_end_while_they_wait) {
    word(7);
    CHECK_EQ(sleep_on(threads[1], WORD, 7, TIME_NEVER), WORLD_BLOCKED);
    CHECK_EQ(CALL(threads[2], nullptr, signal_wait, 1, arch_time_now() + 1000000000),
             WORLD_BLOCKED);
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, task.reticle), STATUS_OK);
    world_audit();
    host_time_set(arch_time_now() + 2000000000);
    host_settle();
    world_audit();
}
