// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Races about who and what goes: threads that are sent to another hart while they are
// stopped or ended, what is used while it is taken away, and the epochs that memory waits
// for. Those about waking are in race_wake_test.c.
#include "kernel/signal.h"
#include "kernel/tests/race.h"
#include "tests/unit.h"

UNIT_MAIN

static void nobody_on_the_way(void) {
    for (uint32_t i = 0; i < RACE_HARTS; i++) {
        CHECK_EQ(hart_at(i)->placed, 0);
    }
}

// ------------------------------------------------------------------- who is sent away

// Two on one hart; the first has used up its turn, and another hart idles.
static struct thread *sent;

static void turn_is_over(void) {
    host_time_set(arch_time_now() + SCHEDULE_SLICE);
    (void)host_go(scene.a);
}

static void sent_scene(void) {
    race_begin(1, 0);
    band_raise(scene.on_a, BIT);
    band_raise(scene.more[0], BIT);
    sent = scene.on_a;
    CHECK(band_current(scene.a) == sent && scene.more[0]->state == THREAD_READY);
    CHECK_EQ(host_state_of(scene.b), HOST_IDLE);
}

static void stop_it(void) {
    ENTER(scene.root, thread_control, scene.task.handle, sent->number, RESUME_STOP);
    race_let(scene.b);
}

static void it_is_stopped(void) {
    CHECK_EQ(sent->state, THREAD_FAULTED);
    race_seen[sent->hart == hart_at(scene.b)]++;
    nobody_on_the_way();
    world_audit();
    CHECK_EQ(
        CALL(world_root, nullptr, thread_control, scene.task.handle, sent->number, RESUME_CONTINUE),
        STATUS_OK);
    CHECK(world_run(sent));
}

static void end_it(void) {
    ENTER(scene.root, task_stop, scene.task.handle, 3);
    race_let(scene.b);
}

static void it_has_ended(void) {
    CHECK_EQ(race_outcome(world_root), STATUS_OK);
    CHECK_EQ(sent->state, THREAD_ENDED);
    CHECK(atomic_load(&scene.task.task->live) == 0 && task_state_of(scene.task.task) == TASK_ENDED);
    race_seen[sent->hart == hart_at(scene.b)]++;
    nobody_on_the_way();
}

static void sent_and_stopped(void) {
    sent_scene();
    race_everywhere((struct race){turn_is_over, stop_it, it_is_stopped});
    CHECK(race_seen[0] != 0 && race_seen[1] != 0);
}

static void sent_and_ended(void) {
    sent_scene();
    race_everywhere((struct race){turn_is_over, end_it, it_has_ended});
    CHECK(race_seen[0] != 0 && race_seen[1] != 0);
}

// One goes on where its budget is, and waits there before the first hart has let go of it.
static void resume_here(void) {
    (void)host_go(scene.a);
}

static void it_waits_there(void) {
    race_let(scene.b);
    if (band_current(scene.b) == scene.on_a) {
        ENTER(scene.b, signal_wait, BIT, arch_time_now() + 1);
        host_time_set(arch_time_now() + 2);
        race_seen[scene.on_a->state == THREAD_WAITING]++;
    }
}

static void its_wait_ends(void) {
    CHECK_EQ(scene.on_a->hart->index, scene.b);
    (void)race_outcome(scene.on_a);
    CHECK_EQ(scene.on_a->state, THREAD_RUNNING);
    nobody_on_the_way();
}

static void resumed_and_sent(void) {
    race_begin(0, 0);
    CHECK_EQ(CALL(world_root, nullptr, thread_control, scene.task.handle, scene.on_a->number,
                  RESUME_STOP),
             STATUS_OK);
    CHECK_EQ(scene.on_a->state, THREAD_FAULTED);
    band_bind_to(band_budget(band_carve_at(world_named("budget"), 5 * MS, scene.b)), scene.on_a);
    // Its wait was broken off; it begins another.
    scene.on_a->frame.restart = false;
    CHECK(world_run(world_root));
    ENTER(scene.root, thread_control, scene.task.handle, scene.on_a->number, RESUME_CONTINUE);
    CHECK(scene.on_a->in_inbox);
    race_everywhere((struct race){resume_here, it_waits_there, its_wait_ends});
    CHECK(race_seen[1] != 0);
}

// Whoever starts is bound to a budget of another hart on its way to one.
static void bound_on_its_way(void) {
    uint64_t handle;
    race_begin(0, 0);
    struct budget *budget = band_budget(band_carve_at(world_named("budget"), 5 * MS, scene.root));
    CHECK_EQ(CALL(world_root, &handle, thread_carve, 0, PROGRAM_BASE, STACK_TOP), STATUS_OK);
    ENTER(scene.root, thread_start, handle);
    struct world_task owner = {.task = world_root->task, .thread = world_root};
    sent = world_thread_of(&owner, handle);
    CHECK(sent->hart != hart_at(scene.root) && sent->state == THREAD_STARTING && sent->in_inbox);
    band_bind_to(budget, sent);
    CHECK(world_run(sent) && sent->hart == hart_at(scene.root));
    nobody_on_the_way();
    world_audit();
}

// One that has not begun is looked at where it was made, and begun from another hart.
static uint64_t made;

static void look_at_it(void) {
    (void)host_go(scene.a);
}

static void begin_it(void) {
    ENTER(scene.b, thread_start, made);
    race_let(scene.a);
}

static void it_has_begun(void) {
    CHECK_EQ(race_outcome(scene.on_b), STATUS_OK);
    CHECK(world_run(sent));
    nobody_on_the_way();
}

static void made_here_and_begun_there(void) {
    race_begin(1, 1);
    band_raise(scene.on_b, BIT);
    band_raise(scene.more[0], BIT);
    CHECK_EQ(CALL(scene.more[0], &made, thread_carve, 0, PROGRAM_BASE, STACK_TOP), STATUS_OK);
    sent = world_thread_of(&scene.task, made);
    // So much is done on both that it would begin on the third.
    band_raise(scene.on_a, BIT);
    band_raise(scene.more[1], BIT);
    CHECK(sent->hart == hart_at(scene.a) && sent->state == THREAD_NEW);
    CHECK(hart_at(scene.a)->load == 2 && hart_at(scene.b)->load == 2 &&
          hart_at(scene.root)->load == 1);
    host_select(scene.b);
    schedule_poke(sent); // as for a budget or a loan
    CHECK_EQ(band_current(scene.b), scene.on_b);
    race_everywhere((struct race){look_at_it, begin_it, it_has_begun});
}

// Others are to go first, and then it is paid for itself, before its hart has looked.
static void bound_when_it_is_to_yield(void) {
    race_begin(1, 0);
    struct budget *budget = band_budget(band_carve(world_named("budget"), 5 * MS, 10 * MS));
    band_bind_to(budget, scene.more[0]);
    band_raise(scene.on_a, BIT);
    CHECK_EQ(band_current(scene.a), scene.on_a);
    host_select(scene.b);
    lock_acquire(&books);
    // Looked at last: the inbox is last in, first out.
    CHECK_EQ(budget_bind(budget, scene.on_a), STATUS_OK);
    lock_release(&books);
    signal_raise(scene.more[0], BIT);
    (void)host_go(scene.a);
    CHECK_EQ(band_current(scene.a)->turn, &hart_at(scene.a)->person);
    host_settle();
    world_audit();
}

TEST(who_is_sent_to_another_hart_is_stopped_or_ended) {
    CHECK(host_passes(bound_when_it_is_to_yield));
    CHECK(host_passes(made_here_and_begun_there));
    CHECK(host_passes(bound_on_its_way));
    CHECK(host_passes(sent_and_stopped));
    CHECK(host_passes(sent_and_ended));
    CHECK(host_passes(resumed_and_sent));
}

// ---------------------------------------------------------------- who is gone meanwhile

// A thread that waits for its supervisor is dropped by its Task, and resumed.
static uint64_t number;

static void drop_it(void) {
    ENTER(scene.a, handle_drop, scene.handle_b);
}

static void resume_it(void) {
    race_let(scene.b); // where it ends
    ENTER(scene.root, thread_control, scene.task.handle, number, RESUME_CONTINUE);
    race_let(scene.b);
}

static void it_is_gone(void) {
    enum status status = race_outcome(world_root);
    CHECK(status == STATUS_OK || status == STATUS_NOT_FOUND);
    race_seen[status == STATUS_OK]++;
    CHECK_EQ(race_outcome(scene.on_a), STATUS_OK);
    CHECK_EQ(atomic_load(&scene.task.task->faulted), 0);
    CHECK_EQ(CALL(scene.on_a, nullptr, handle_info, scene.handle_b), STATUS_BAD_HANDLE);
}

static void dropped_and_resumed(void) {
    race_begin(0, 0);
    // The owner is the Task; the one on hart a drops it.
    number = scene.on_b->number;
    CHECK_EQ(CALL(world_root, nullptr, thread_control, scene.task.handle, number, RESUME_STOP),
             STATUS_OK);
    CHECK_EQ(scene.on_b->state, THREAD_FAULTED);
    band_raise(scene.on_a, BIT);
    CHECK_EQ(band_current(scene.a), scene.on_a);
    race_everywhere((struct race){drop_it, resume_it, it_is_gone});
    CHECK(race_seen[1] != 0);
}

// The loan of one whose wait is over, while the receiver, which has ended, is destroyed.
static struct world_task receiver;
static struct budget *lent;

static void wait_is_over(void) {
    host_time_set(scene.on_a->deadline);
    (void)host_go(scene.a);
}

static void drop_receiver(void) {
    ENTER(scene.root, handle_drop, receiver.reticle);
    for (uint32_t i = 0; i < 40; i++) {
        (void)host_go(scene.root);
        (void)host_go(scene.b);
    }
}

static void loan_is_over(void) {
    CHECK_EQ(race_outcome(world_root), STATUS_OK);
    CHECK_EQ(race_outcome(scene.on_a), STATUS_TIMED_OUT);
    CHECK(scene.on_a->lends_to == nullptr && lent->loans == 0);
}

static void lent_and_gone(void) {
    race_begin(0, 0);
    // The end that is awaited belongs to another Task.
    struct world_grant grants[] = {{"peer", scene.peer, RIGHT_ALL, false}};
    CHECK_EQ(world_task_make(&receiver, 1 << 20, grants, 1), STATUS_OK);
    CHECK_EQ(
        CALL(receiver.thread, nullptr, ring_watch, world_granted(&receiver, "peer"), 1, UINT64_MAX),
        STATUS_OK);
    lent = band_budget(band_carve(world_named("budget"), 5 * MS, 10 * MS));
    band_bind_to(lent, scene.on_a);
    band_raise(scene.on_a, BIT);
    CHECK_EQ(
        CALL(scene.on_a, nullptr, signal_wait, BIT, arch_time_now() + 20 * MS, 0, scene.own_end),
        WORLD_BLOCKED);
    CHECK(scene.on_a->lends_to == receiver.thread && lent->loans == 1);
    CHECK_EQ(CALL(receiver.thread, nullptr, thread_exit, 0), WORLD_BLOCKED);
    CHECK(world_run(world_root));
    CHECK(scene.on_a->lends_to == receiver.thread && world_root->hart->index == scene.root);
    race_everywhere((struct race){wait_is_over, drop_receiver, loan_is_over});
}

// A Reticle and, by another Task, Memory that was carved from it.
static uint64_t part, inside;

static void drop_all(void) {
    ENTER(scene.root, handle_drop, part);
}

static void drop_a_part(void) {
    ENTER(scene.a, handle_drop, inside);
    for (uint32_t i = 0; i < 10; i++) {
        (void)host_go(scene.root);
        (void)host_go(scene.a);
    }
}

static void both_are_gone(void) {
    CHECK_EQ(race_outcome(world_root), STATUS_OK);
    enum status status = race_outcome(scene.on_a);
    CHECK(status == STATUS_OK || status == STATUS_BAD_HANDLE);
    race_seen[status == STATUS_OK]++;
}

static void dropped_and_dropped(void) {
    uint64_t taken = 0, pages[3] = {};
    race_begin(0, 0);
    band_raise(scene.on_a, BIT);
    CHECK_EQ(CALL(world_root, &part, reticle_split, world_named("reticle"), 1 << 20), STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, ring_send, scene.end, 0, part, RIGHT_ALL), STATUS_OK);
    CHECK_EQ(CALL(scene.on_a, &taken, ring_take, scene.own_peer, 0, CLASS_RETICLE), STATUS_OK);
    for (uint32_t i = 0; i < 3; i++) {
        CHECK_EQ(CALL(scene.on_a, &pages[i], memory_carve, taken, PAGE_SIZE), STATUS_OK);
    }
    // Copies make a death longer, so that one entry ends between a mark and its first step.
    for (uint32_t i = 1; i < 3; i++) {
        CHECK_EQ(CALL(scene.on_a, nullptr, handle_copy, pages[i], RIGHT_ALL), STATUS_OK);
    }
    inside = pages[0];
    race_everywhere((struct race){drop_all, drop_a_part, both_are_gone});
    CHECK(race_seen[1] != 0);
}

// A capability, while a syscall looks for what is behind it.
static void ring_it(void) {
    ENTER(scene.a, doorbell, scene.own_end);
}

// Its slot holds something else then.
static void revoke_it(void) {
    ENTER(scene.root, handle_revoke, scene.end);
    race_let(scene.root);
    ENTER(scene.b, handle_copy, scene.own_page, RIGHT_ALL);
}

static void it_is_revoked(void) {
    CHECK_EQ(race_outcome(world_root), STATUS_OK);
    enum status status = race_outcome(scene.on_a);
    CHECK(status == STATUS_OK || status == STATUS_BAD_HANDLE);
    race_seen[status == STATUS_OK]++;
    CHECK_EQ(CALL(scene.on_a, nullptr, doorbell, scene.own_end), STATUS_BAD_HANDLE);
}

static void used_and_revoked(void) {
    race_begin(0, 0);
    band_raise(scene.on_a, BIT);
    band_raise(scene.on_b, BIT);
    race_everywhere((struct race){ring_it, revoke_it, it_is_revoked});
    CHECK(race_seen[0] != 0 && race_seen[1] != 0);
}

// One that is made while a syscall looks for it: its handle was guessed.
static uint64_t guess;

static void ring_guess(void) {
    ENTER(scene.a, doorbell, guess);
}

static void make_it(void) {
    ENTER(scene.b, handle_copy, scene.own_end, RIGHT_ALL);
}

static void it_is_made(void) {
    CHECK_EQ(race_outcome(scene.on_b), STATUS_OK);
    CHECK_EQ(scene.on_b->frame.arg[1], guess);
    enum status status = race_outcome(scene.on_a);
    CHECK(status == STATUS_OK || status == STATUS_BAD_HANDLE);
    race_seen[status == STATUS_OK]++;
    CHECK_EQ(CALL(scene.on_a, nullptr, doorbell, guess), STATUS_OK);
}

static void used_and_made(void) {
    uint64_t copies[2];
    race_begin(0, 0);
    band_raise(scene.on_a, BIT);
    band_raise(scene.on_b, BIT);
    for (uint32_t i = 0; i < 2; i++) {
        CHECK_EQ(CALL(scene.on_b, &copies[i], handle_copy, scene.own_end, RIGHT_ALL), STATUS_OK);
        CHECK_EQ(CALL(scene.on_b, nullptr, handle_drop, copies[i]), STATUS_OK);
    }
    guess = copies[1] + (copies[1] - copies[0]);
    race_everywhere((struct race){ring_guess, make_it, it_is_made});
    CHECK(race_seen[0] != 0 && race_seen[1] != 0);
}

TEST(what_is_used_goes_away) {
    CHECK(host_passes(dropped_and_dropped));
    CHECK(host_passes(used_and_made));
    CHECK(host_passes(dropped_and_resumed));
    CHECK(host_passes(lent_and_gone));
    CHECK(host_passes(used_and_revoked));
}

// ---------------------------------------------------------------------------- epochs

static uint64_t memory;

static void drop_memory(void) {
    ENTER(scene.root, handle_drop, memory);
}

static void others_pass(void) {
    race_let(scene.a);
    race_let(scene.b);
}

static void memory_is_gone(void) {
    CHECK_EQ(race_outcome(world_root), STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, handle_info, memory), STATUS_BAD_HANDLE);
}

static void destroyed_while_others_pass(void) {
    race_begin(0, 0);
    CHECK_EQ(CALL(world_root, &memory, memory_carve, world_named("reticle"), PAGE_SIZE), STATUS_OK);
    // Without a copy it would be gone at once, and wait for nothing.
    CHECK_EQ(CALL(world_root, nullptr, handle_copy, memory, RIGHT_ALL), STATUS_OK);
    band_raise(scene.on_a, BIT);
    band_raise(scene.on_b, BIT);
    CHECK_EQ(host_state_of(scene.b), HOST_USER);
    race_everywhere((struct race){drop_memory, others_pass, memory_is_gone});
}

// One thread of a hart waits for an epoch; the hart, idle, then wants an earlier one, which
// an object that dies waits for.
static void the_earlier_epoch_is_wanted(void) {
    constexpr uint64_t AT = 0x30000000;
    uint64_t view = 0;
    race_begin(0, 0);
    CHECK_EQ(CALL(world_root, &memory, memory_carve, world_named("reticle"), PAGE_SIZE), STATUS_OK);
    // Without a copy it would be gone at once, and wait for nothing.
    CHECK_EQ(CALL(world_root, nullptr, handle_copy, memory, RIGHT_ALL), STATUS_OK);
    band_raise(scene.on_b, BIT);
    CHECK_EQ(CALL(scene.on_b, &view, memory_map, 0, scene.own_page, AT, 0, PAGE_SIZE, MAP_READ),
             STATUS_OK);
    band_raise(scene.on_a, BIT);
    CHECK(world_run(world_root) && band_current(scene.a) == scene.on_a &&
          band_current(scene.b) == scene.on_b);
    drop_memory();
    CHECK_EQ(world_root->state, THREAD_EPOCH);
    ENTER(scene.a, handle_drop, view);
    CHECK_EQ(scene.on_a->state, THREAD_EPOCH);
    CHECK_EQ(hart_at(scene.a)->epoch_wanted, world_root->epoch);
    CHECK(world_root->epoch < scene.on_a->epoch);
    host_settle();
    CHECK_EQ(race_outcome(scene.on_a), STATUS_OK);
    memory_is_gone();
    world_audit();
}

// A view that is not made after all was there for a while, and another hart has read it.
static void what_was_undone_is_seen_by_nobody(void) {
    constexpr uint64_t AT = 0x30000000, PAGES = 100;
    uint64_t copy = 0, word;
    race_begin(0, 0);
    CHECK_EQ(CALL(world_root, &memory, memory_carve, world_named("reticle"), PAGES * PAGE_SIZE),
             STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, ring_send, scene.end, 0, memory, RIGHT_ALL), STATUS_OK);
    band_raise(scene.on_a, BIT);
    band_raise(scene.on_b, BIT);
    CHECK_EQ(CALL(scene.on_a, &copy, ring_take, scene.own_peer, 0, CLASS_MEMORY), STATUS_OK);
    CHECK_EQ(CALL(scene.on_a, nullptr, memory_map, 0, scene.own_page, AT + 80 * PAGE_SIZE, 0,
                  PAGE_SIZE, MAP_READ),
             STATUS_OK);
    ENTER(scene.a, memory_map, 0, copy, AT, 0, PAGES * PAGE_SIZE, MAP_READ);
    CHECK(host_user_read(scene.b, AT, &word, sizeof word));
    CHECK_EQ(race_outcome(scene.on_a), STATUS_EXISTS);
    CHECK(!host_user_read(scene.b, AT, &word, sizeof word));
    world_audit();
}

// More wait for one epoch than an interrupt wakes.
static void many_wait_for_one_epoch(void) {
    constexpr uint32_t MANY = 20;
    constexpr uint64_t AT = 0x30000000;
    uint64_t views[MANY];
    race_begin(MANY, 0);
    band_raise(scene.on_b, BIT);
    for (uint32_t i = 0; i < MANY; i++) {
        CHECK_EQ(CALL(scene.on_b, &views[i], memory_map, 0, scene.own_page, AT + i * PAGE_SIZE, 0,
                      PAGE_SIZE, MAP_READ),
                 STATUS_OK);
    }
    CHECK(world_run(world_root));
    for (uint32_t i = 0; i < MANY; i++) {
        band_raise(scene.more[i], BIT);
    }
    for (uint32_t i = 0; i < MANY; i++) {
        const struct thread *thread = band_current(scene.a);
        ENTER(scene.a, handle_drop, views[i]);
        CHECK_EQ(thread->state, THREAD_EPOCH);
    }
    CHECK_EQ(host_state_of(scene.a), HOST_IDLE);
    CHECK(host_go(scene.b) && host_go(scene.root));
    // One interrupt wakes some of them, and asks for another.
    CHECK(host_go(scene.a));
    uint32_t woken = 0;
    for (uint32_t i = 0; i < MANY; i++) {
        woken += scene.more[i]->state != THREAD_EPOCH;
    }
    CHECK(woken != 0 && woken < MANY && host_can_go(scene.a));
    host_settle();
    for (uint32_t i = 0; i < MANY; i++) {
        CHECK_EQ(race_outcome(scene.more[i]), STATUS_OK);
    }
    world_audit();
}

TEST(an_epoch_comes_while_somebody_looks) {
    CHECK(host_passes(destroyed_while_others_pass));
    CHECK(host_passes(many_wait_for_one_epoch));
    CHECK(host_passes(the_earlier_epoch_is_wanted));
    CHECK(host_passes(what_was_undone_is_seen_by_nobody));
}
