// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The lock of the books between three harts: who waited long is before who comes, and nobody
// waits for who does not look.
#include "kernel/tests/scene.h"
#include "tests/unit.h"

UNIT_MAIN

TEST(boots) {
    world_boot(16 << 20, HARTS);
}

// Its hart stands still with the lock.
static void stop_with_books(struct thread *thread) {
    uint32_t hart = thread->hart->index;
    for (uint32_t n = 1; n < 100 && !books.held; n++) {
        CHECK_EQ(host_state_of(hart), HOST_USER);
        host_stop_before(n);
        ENTER(thread, handle_info, own_pool);
        while (!books.held && host_state_of(hart) == HOST_KERNEL) {
            (void)host_go(hart);
        }
    }
    CHECK(books.held && host_state_of(hart) == HOST_KERNEL);
}

constexpr uint64_t LONG = 30'000; // nanoseconds: more than a lock's patience

// Its hart wants the lock, and looks once more.
static void want_books(struct thread *thread) {
    ENTER(thread, handle_info, own_pool);
    CHECK(host_go(thread->hart->index));
    CHECK_EQ(host_state_of(thread->hart->index), HOST_KERNEL);
}

// Its hart gives the lock back, and comes for it again.
static void come_again(struct thread *thread) {
    uint32_t hart = thread->hart->index;
    while (books.held) {
        (void)host_go(hart);
    }
    CHECK_EQ(host_state_of(hart), HOST_USER);
    ENTER(thread, handle_info, own_pool);
}

static bool has_had_it(uint32_t hart) {
    CHECK(host_go(hart));
    return host_state_of(hart) == HOST_USER;
}

// One hart has the lock, and another begins to wait for it.
static void begin(void) {
    ready(on[0], on[1], on[2]);
    stop_with_books(on[0]);
    want_books(on[1]);
}

// However often others come: who waited long is before them, who waited longest first.
TEST(who_waited_long_has_the_lock_before_who_comes) {
    scene_make();
    begin();
    host_time_set(arch_time_now() + 1);
    want_books(on[2]);
    CHECK_EQ(books.first, 0);
    host_time_set(arch_time_now() + LONG);
    CHECK(host_go(2));
    uint64_t second = books.first;
    CHECK(second != 0 && host_go(1));
    uint64_t first = books.first;
    CHECK(first != 0 && first < second);
    CHECK(host_go(2) && host_go(1));
    CHECK_EQ(books.first, first);
    come_again(on[0]);
    CHECK(!books.held && !has_had_it(0) && !has_had_it(2));
    CHECK(has_had_it(1));
    CHECK(!books.held && books.first == 0);
    CHECK(has_had_it(2) && has_had_it(0));
    scene_end();
}

// Before it has waited long whoever comes first has it.
TEST(who_waits_a_moment_is_not_before_others) {
    scene_make();
    begin();
    come_again(on[0]);
    CHECK_EQ(host_state_of(0), HOST_USER);
    CHECK(has_had_it(1));
    scene_end();
}

// Between any two of its looks another may take it.
TEST(another_is_quicker) {
    scene_make();
    uint32_t lost = 0;
    for (uint32_t n = 1; n < 12; n++) {
        begin();
        while (books.held) {
            (void)host_go(0);
        }
        host_stop_before(n);
        if (!has_had_it(1) && !books.held) {
            stop_with_books(on[0]);
            CHECK(!has_had_it(1));
            lost++;
        }
        host_settle();
        CHECK(!books.held && host_state_of(0) == HOST_USER && host_state_of(1) == HOST_USER);
    }
    CHECK(lost > 2);
    scene_end();
}

// A virtual machine's hart may be taken off its processor when it is to go first.
TEST(nobody_waits_for_who_does_not_look) {
    scene_make();
    begin();
    host_time_set(arch_time_now() + LONG);
    CHECK(host_go(1) && host_go(1));
    come_again(on[0]);
    CHECK(!books.held && !has_had_it(0));
    host_time_set(arch_time_now() + LONG);
    CHECK(has_had_it(0));
    CHECK(books.first != 0 && has_had_it(1));
    CHECK_EQ(books.first, 0);
    scene_end();
}
