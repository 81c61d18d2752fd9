// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Races of two harts, all of them: one hart's entry stands still in front of each access
// that others could see, in turn, while others do what must not disturb it. Each place is
// tried in a child process, from the same state.
#include <sys/mman.h>

#include "kernel/schedule.h"
#include "kernel/space.h"
#include "kernel/syscall.h"
#include "kernel/tests/band.h"
#include "tests/unit.h"

UNIT_MAIN

constexpr uint32_t HARTS = 3;
constexpr uint64_t WORD = WORLD_DATA + 64;

// ------------------------------------------------------------------------ the harness

// What one hart does, what others do while it stands still, and what must hold then.
struct race {
    void (*enter)(void), (*meanwhile)(void), (*after)(void);
};
static struct race race;
static uint32_t place; // the access before which it stands still

// Of all children.
static struct {
    bool over;        // the entry came to its end
    uint32_t seen[2]; // how it went
} *shared;

static void run_one(void) {
    host_stop_before(place);
    race.enter();
    shared->over = !host_stopped();
    host_stop_before(0);
    race.meanwhile();
    host_settle();
    race.after();
    world_audit();
}

static void everywhere(struct race of) {
    constexpr uint32_t PLACES = 1000;
    race = of;
    shared =
        mmap(nullptr, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    for (place = 1; !shared->over && place < PLACES && unit_failures == 0; place++) {
        CHECK(host_passes(run_one));
    }
    if (unit_failures != 0) {
        printf("# when it stands still before access %u\n", place - 1);
    }
    CHECK(shared->over && place > 5);
}

// ------------------------------------------------------------------------ the scene

static struct world_task task;
static uint32_t root, a, b;        // harts: the root's thread is awake on its own
static struct thread *on_a, *on_b; // of the Task
static struct thread *more[24];
static uint64_t handle_a, handle_b, more_handle[24];
static uint64_t end, peer, page; // of the root; the Task has copies
static uint64_t own_end, own_peer, own_page;

// Further threads sleep on hart a, and on b.
static void scene(uint32_t more_on_a, uint32_t more_on_b) {
    band_boot(HARTS);
    world_pair(world_named("reticle"), 2, &end, &peer);
    CHECK_EQ(CALL(world_root, &page, memory_carve, world_named("reticle"), PAGE_SIZE), STATUS_OK);
    struct world_grant grants[] = {{"end", end, RIGHT_ALL, false},
                                   {"peer", peer, RIGHT_ALL, false},
                                   {"page", page, RIGHT_ALL, false}};
    CHECK_EQ(world_task_make(&task, 1 << 20, grants, 3), STATUS_OK);
    own_end = world_granted(&task, "end");
    own_peer = world_granted(&task, "peer");
    own_page = world_granted(&task, "page");
    root = world_root->hart->index;
    a = (root + 1) % HARTS;
    b = (root + 2) % HARTS;
    on_a = band_sleeper(&task, a, &handle_a);
    on_b = band_sleeper(&task, b, &handle_b);
    for (uint32_t i = 0; i < more_on_a + more_on_b; i++) {
        more[i] = band_sleeper(&task, i < more_on_a ? a : b, &more_handle[i]);
    }
    CHECK_EQ(CALL(task.thread, nullptr, signal_wait, BIT, TIME_NEVER), WORLD_BLOCKED);
    CHECK(world_run(world_root) && world_root->hart->index == root);
}

#define ENTER(hart, name, ...) host_syscall(hart, SYS_##name, (uint64_t[6]){__VA_ARGS__})

// Some steps of one hart.
static void let(uint32_t hart) {
    for (uint32_t i = 0; i < 40 && host_go(hart); i++) {
    }
}

static enum status outcome(struct thread *thread) {
    struct words words;
    (void)world_run(thread);
    return world_returned(thread, &words) ? (enum status)words.a[0] : WORLD_BLOCKED;
}

static void nobody_on_the_way(void) {
    for (uint32_t i = 0; i < HARTS; i++) {
        CHECK_EQ(hart_at(i)->placed, 0);
    }
}

// ------------------------------------------------------------------- who is sent away

// Two on one hart; the first has used up its turn, and another hart idles.
static struct thread *sent;

static void turn_is_over(void) {
    host_time_set(arch_time_now() + SCHEDULE_SLICE);
    (void)host_go(a);
}

static void sent_scene(void) {
    scene(1, 0);
    band_raise(on_a, BIT);
    band_raise(more[0], BIT);
    sent = on_a;
    CHECK(band_current(a) == sent && more[0]->state == THREAD_READY);
    CHECK_EQ(host_state_of(b), HOST_IDLE);
}

static void stop_it(void) {
    ENTER(root, thread_control, task.handle, sent->number, RESUME_STOP);
    let(b);
}

static void it_is_stopped(void) {
    CHECK_EQ(sent->state, THREAD_FAULTED);
    shared->seen[sent->hart == hart_at(b)]++;
    nobody_on_the_way();
    world_audit();
    CHECK_EQ(CALL(world_root, nullptr, thread_control, task.handle, sent->number, RESUME_CONTINUE),
             STATUS_OK);
    CHECK(world_run(sent));
}

static void end_it(void) {
    ENTER(root, task_stop, task.handle, 3);
    let(b);
}

static void it_has_ended(void) {
    CHECK_EQ(outcome(world_root), STATUS_OK);
    CHECK_EQ(sent->state, THREAD_ENDED);
    CHECK(atomic_load(&task.task->live) == 0 && task_state_of(task.task) == TASK_ENDED);
    shared->seen[sent->hart == hart_at(b)]++;
    nobody_on_the_way();
}

static void sent_and_stopped(void) {
    sent_scene();
    everywhere((struct race){turn_is_over, stop_it, it_is_stopped});
    CHECK(shared->seen[0] != 0 && shared->seen[1] != 0);
}

static void sent_and_ended(void) {
    sent_scene();
    everywhere((struct race){turn_is_over, end_it, it_has_ended});
    CHECK(shared->seen[0] != 0 && shared->seen[1] != 0);
}

// One goes on where its budget is, and waits there before the first hart has let go of it.
static void resume_here(void) {
    (void)host_go(a);
}

static void it_waits_there(void) {
    let(b);
    if (band_current(b) == on_a) {
        ENTER(b, signal_wait, BIT, arch_time_now() + 1);
        host_time_set(arch_time_now() + 2);
        shared->seen[on_a->state == THREAD_WAITING]++;
    }
}

static void its_wait_ends(void) {
    CHECK_EQ(on_a->hart->index, b);
    (void)outcome(on_a);
    CHECK_EQ(on_a->state, THREAD_RUNNING);
    nobody_on_the_way();
}

static void resumed_and_sent(void) {
    scene(0, 0);
    CHECK_EQ(CALL(world_root, nullptr, thread_control, task.handle, on_a->number, RESUME_STOP),
             STATUS_OK);
    CHECK_EQ(on_a->state, THREAD_FAULTED);
    band_bind_to(band_budget(band_carve_at(world_named("budget"), 5 * MS, b)), on_a);
    // Its wait was broken off; it begins another.
    on_a->frame.restart = false;
    CHECK(world_run(world_root));
    ENTER(root, thread_control, task.handle, on_a->number, RESUME_CONTINUE);
    CHECK(on_a->in_inbox);
    everywhere((struct race){resume_here, it_waits_there, its_wait_ends});
    CHECK(shared->seen[1] != 0);
}

// Whoever starts is bound to a budget of another hart on its way to one.
static void bound_on_its_way(void) {
    uint64_t handle;
    scene(0, 0);
    struct budget *budget = band_budget(band_carve_at(world_named("budget"), 5 * MS, root));
    CHECK_EQ(CALL(world_root, &handle, thread_carve, 0, PROGRAM_BASE, STACK_TOP), STATUS_OK);
    ENTER(root, thread_start, handle);
    struct world_task owner = {.task = world_root->task, .thread = world_root};
    sent = world_thread_of(&owner, handle);
    CHECK(sent->hart != hart_at(root) && sent->state == THREAD_STARTING && sent->in_inbox);
    band_bind_to(budget, sent);
    CHECK(world_run(sent) && sent->hart == hart_at(root));
    nobody_on_the_way();
    world_audit();
}

TEST(who_is_sent_to_another_hart_is_stopped_or_ended) {
    CHECK(host_passes(bound_on_its_way));
    CHECK(host_passes(sent_and_stopped));
    CHECK(host_passes(sent_and_ended));
    CHECK(host_passes(resumed_and_sent));
}

// ---------------------------------------------------------------- who is gone meanwhile

// A thread that waits for its supervisor is dropped by its Task, and resumed.
static uint64_t number;

static void drop_it(void) {
    ENTER(a, handle_drop, handle_b);
}

static void resume_it(void) {
    let(b); // where it ends
    ENTER(root, thread_control, task.handle, number, RESUME_CONTINUE);
    let(b);
}

static void it_is_gone(void) {
    enum status status = outcome(world_root);
    CHECK(status == STATUS_OK || status == STATUS_NOT_FOUND);
    shared->seen[status == STATUS_OK]++;
    CHECK_EQ(outcome(on_a), STATUS_OK);
    CHECK_EQ(atomic_load(&task.task->faulted), 0);
    CHECK_EQ(CALL(on_a, nullptr, handle_info, handle_b), STATUS_BAD_HANDLE);
}

static void dropped_and_resumed(void) {
    scene(0, 0);
    // The owner is the Task; the one on hart a drops it.
    number = on_b->number;
    CHECK_EQ(CALL(world_root, nullptr, thread_control, task.handle, number, RESUME_STOP),
             STATUS_OK);
    CHECK_EQ(on_b->state, THREAD_FAULTED);
    band_raise(on_a, BIT);
    CHECK_EQ(band_current(a), on_a);
    everywhere((struct race){drop_it, resume_it, it_is_gone});
    CHECK(shared->seen[1] != 0);
}

// The loan of one whose wait is over, while the receiver, which has ended, is destroyed.
static struct world_task receiver;
static struct budget *lent;

static void wait_is_over(void) {
    host_time_set(on_a->deadline);
    (void)host_go(a);
}

static void drop_receiver(void) {
    ENTER(root, handle_drop, receiver.reticle);
    for (uint32_t i = 0; i < 40; i++) {
        (void)host_go(root);
        (void)host_go(b);
    }
}

static void loan_is_over(void) {
    CHECK_EQ(outcome(world_root), STATUS_OK);
    CHECK_EQ(outcome(on_a), STATUS_TIMED_OUT);
    CHECK(on_a->lends_to == nullptr && lent->loans == 0);
}

static void lent_and_gone(void) {
    scene(0, 0);
    // The end that is awaited belongs to another Task.
    struct world_grant grants[] = {{"peer", peer, RIGHT_ALL, false}};
    CHECK_EQ(world_task_make(&receiver, 1 << 20, grants, 1), STATUS_OK);
    CHECK_EQ(
        CALL(receiver.thread, nullptr, ring_watch, world_granted(&receiver, "peer"), 1, UINT64_MAX),
        STATUS_OK);
    lent = band_budget(band_carve(world_named("budget"), 5 * MS, 10 * MS));
    band_bind_to(lent, on_a);
    band_raise(on_a, BIT);
    CHECK_EQ(CALL(on_a, nullptr, signal_wait, BIT, arch_time_now() + 20 * MS, 0, own_end),
             WORLD_BLOCKED);
    CHECK(on_a->lends_to == receiver.thread && lent->loans == 1);
    CHECK_EQ(CALL(receiver.thread, nullptr, thread_exit, 0), WORLD_BLOCKED);
    CHECK(world_run(world_root));
    CHECK(on_a->lends_to == receiver.thread && world_root->hart->index == root);
    everywhere((struct race){wait_is_over, drop_receiver, loan_is_over});
}

// A capability, while a syscall looks for what is behind it.
static void ring_it(void) {
    ENTER(a, doorbell, own_end);
}

// Its slot holds something else then.
static void revoke_it(void) {
    ENTER(root, handle_revoke, end);
    let(root);
    ENTER(b, handle_copy, own_page, RIGHT_ALL);
}

static void it_is_revoked(void) {
    CHECK_EQ(outcome(world_root), STATUS_OK);
    enum status status = outcome(on_a);
    CHECK(status == STATUS_OK || status == STATUS_BAD_HANDLE);
    shared->seen[status == STATUS_OK]++;
    CHECK_EQ(CALL(on_a, nullptr, doorbell, own_end), STATUS_BAD_HANDLE);
}

static void used_and_revoked(void) {
    scene(0, 0);
    band_raise(on_a, BIT);
    band_raise(on_b, BIT);
    everywhere((struct race){ring_it, revoke_it, it_is_revoked});
    CHECK(shared->seen[0] != 0 && shared->seen[1] != 0);
}

// One that is made while a syscall looks for it: its handle was guessed.
static uint64_t guess;

static void ring_guess(void) {
    ENTER(a, doorbell, guess);
}

static void make_it(void) {
    ENTER(b, handle_copy, own_end, RIGHT_ALL);
}

static void it_is_made(void) {
    CHECK_EQ(outcome(on_b), STATUS_OK);
    CHECK_EQ(on_b->frame.arg[1], guess);
    enum status status = outcome(on_a);
    CHECK(status == STATUS_OK || status == STATUS_BAD_HANDLE);
    shared->seen[status == STATUS_OK]++;
    CHECK_EQ(CALL(on_a, nullptr, doorbell, guess), STATUS_OK);
}

static void used_and_made(void) {
    uint64_t copies[2];
    scene(0, 0);
    band_raise(on_a, BIT);
    band_raise(on_b, BIT);
    for (uint32_t i = 0; i < 2; i++) {
        CHECK_EQ(CALL(on_b, &copies[i], handle_copy, own_end, RIGHT_ALL), STATUS_OK);
        CHECK_EQ(CALL(on_b, nullptr, handle_drop, copies[i]), STATUS_OK);
    }
    guess = copies[1] + (copies[1] - copies[0]);
    everywhere((struct race){ring_guess, make_it, it_is_made});
    CHECK(shared->seen[0] != 0 && shared->seen[1] != 0);
}

TEST(what_is_used_goes_away) {
    CHECK(host_passes(used_and_made));
    CHECK(host_passes(dropped_and_resumed));
    CHECK(host_passes(lent_and_gone));
    CHECK(host_passes(used_and_revoked));
}

// ------------------------------------------------------------------- two at one hart

// Two harts leave a thread in the inbox of a third.
static struct thread *sleeper;

static void wake_one(void) {
    ENTER(a, futex_wake, WORD, 1);
}

static void stop_other(void) {
    ENTER(root, thread_control, task.handle, on_b->number, RESUME_STOP);
}

static void both_are_found(void) {
    CHECK_EQ(outcome(world_root), STATUS_OK);
    CHECK_EQ(outcome(on_a), STATUS_OK);
    CHECK_EQ(outcome(sleeper), STATUS_OK);
    CHECK_EQ(on_b->state, THREAD_FAULTED);
}

static void two_in_one_inbox(void) {
    scene(0, 1);
    sleeper = more[0];
    band_raise(sleeper, BIT);
    CHECK_EQ(CALL(sleeper, nullptr, futex_wait, WORD, 0, TIME_NEVER), WORLD_BLOCKED);
    CHECK(world_run(world_root));
    band_raise(on_a, BIT);
    CHECK(sleeper->hart == hart_at(b) && sleeper->state == THREAD_SLEEPING);
    everywhere((struct race){wake_one, stop_other, both_are_found});
}

// One hart raises a bit of a thread whose wait ends on another, and which comes to it.
static void ring_for_other(void) {
    ENTER(a, doorbell, own_end);
}

static void others_wait_is_over(void) {
    host_time_set(on_b->deadline);
    let(b);
}

// The bit was taken, or is still there.
static void bit_is_not_lost(void) {
    CHECK_EQ(outcome(on_a), STATUS_OK);
    enum status status = outcome(on_b);
    CHECK_EQ(on_b->hart->index, a);
    shared->seen[status == STATUS_OK]++;
    if (status != STATUS_OK) {
        CHECK_EQ(status, STATUS_TIMED_OUT);
        CHECK_EQ(CALL(on_b, nullptr, signal_wait, BIT, 0), STATUS_OK);
    }
    CHECK_EQ(CALL(on_b, nullptr, signal_wait, BIT, 0), STATUS_TIMED_OUT);
}

static void raised_and_sent(void) {
    scene(0, 0);
    band_raise(on_b, BIT);
    CHECK_EQ(CALL(on_b, nullptr, ring_watch, own_peer, 1, UINT64_MAX), STATUS_OK);
    CHECK_EQ(CALL(on_b, nullptr, signal_wait, BIT, arch_time_now() + 50 * MS), WORLD_BLOCKED);
    band_bind_to(band_budget(band_carve_at(world_named("budget"), 5 * MS, a)), on_b);
    band_raise(on_a, BIT);
    CHECK(band_current(a) == on_a && on_b->hart == hart_at(b) && on_b->state == THREAD_WAITING);
    everywhere((struct race){ring_for_other, others_wait_is_over, bit_is_not_lost});
    CHECK(shared->seen[0] != 0 && shared->seen[1] != 0);
}

TEST(two_meet_at_one_thread_or_hart) {
    CHECK(host_passes(two_in_one_inbox));
    CHECK(host_passes(raised_and_sent));
}

// ------------------------------------------------------------------- straight requests

// A request to one that sleeps on the same hart: between two looks at whether it can go
// straight, others change what was seen.
static struct thread *asked;
static struct budget *pays;

static void ask(void) {
    ENTER(a, doorbell_wait, own_end, BIT, TIME_NEVER);
}

// It was asked, and answers.
static void answers(void) {
    CHECK_EQ(on_a->state, THREAD_WAITING);
    CHECK_EQ(outcome(asked), STATUS_OK);
    CHECK((asked->frame.arg[1] & BIT) != 0 && !heap_has(&asked->timer));
    CHECK_EQ(CALL(asked, nullptr, doorbell_wait, own_peer, BIT, TIME_NEVER), WORLD_BLOCKED);
    CHECK_EQ(outcome(on_a), STATUS_OK);
    CHECK_EQ(on_a->frame.arg[1], BIT);
}

static void bind_asked(void) {
    band_bind_to(pays, asked);
}

static void bind_asker(void) {
    band_bind_to(pays, on_a);
}

static void it_is_of_the_person_band(void) {
    CHECK(band_current(a) == asked && hart_at(a)->runs_person && asked->apart);
    answers();
}

static void raise_another(void) {
    band_raise(asked, 1 << 5);
}

static void no_bit_is_lost(void) {
    CHECK_EQ(outcome(asked), STATUS_OK);
    CHECK_EQ(asked->frame.arg[1] | asked->signals, BIT | 1 << 5);
    shared->seen[asked->signals == 0]++;
    answers();
}

static void answer_early(void) {
    band_raise(on_a, BIT);
}

static void both_go_on(void) {
    CHECK(outcome(on_a) == STATUS_OK && on_a->frame.arg[1] == BIT);
    CHECK(outcome(asked) == STATUS_OK && asked->frame.arg[1] == BIT);
}

static void stop_asked(void) {
    ENTER(root, thread_control, task.handle, asked->number, RESUME_STOP);
}

static void it_stands_still(void) {
    CHECK_EQ(outcome(world_root), STATUS_OK);
    CHECK_EQ(asked->state, THREAD_FAULTED);
    shared->seen[asked->frame.restart]++;
    CHECK_EQ(CALL(world_root, nullptr, thread_control, task.handle, asked->number, RESUME_CONTINUE),
             STATUS_OK);
    answers();
}

static void ask_scene(void) {
    scene(1, 0);
    asked = more[0];
    pays = band_budget(band_carve(world_named("budget"), 5 * MS, 10 * MS));
    band_raise(on_a, BIT);
    CHECK_EQ(CALL(on_a, nullptr, ring_watch, own_end, 1, UINT64_MAX), STATUS_OK);
    CHECK_EQ(CALL(on_a, nullptr, signal_wait, BIT, TIME_NEVER), WORLD_BLOCKED);
    band_raise(asked, BIT);
    CHECK_EQ(CALL(asked, nullptr, ring_watch, own_peer, 1, UINT64_MAX), STATUS_OK);
    CHECK_EQ(CALL(asked, nullptr, signal_wait, BIT | 1 << 5, arch_time_now() + 50 * MS),
             WORLD_BLOCKED);
    band_raise(on_a, BIT);
    CHECK(band_current(a) == on_a && asked->hart == hart_at(a));
}

static void asked_and_bound(void) {
    ask_scene();
    everywhere((struct race){ask, bind_asked, it_is_of_the_person_band});
}

static void asked_and_lent(void) {
    ask_scene();
    everywhere((struct race){ask, bind_asker, it_is_of_the_person_band});
}

static void asked_and_raised(void) {
    ask_scene();
    everywhere((struct race){ask, raise_another, no_bit_is_lost});
    CHECK(shared->seen[0] != 0 && shared->seen[1] != 0);
}

static void asked_and_answered(void) {
    ask_scene();
    everywhere((struct race){ask, answer_early, both_go_on});
}

static void asked_and_stopped(void) {
    ask_scene();
    everywhere((struct race){ask, stop_asked, it_stands_still});
}

TEST(a_request_goes_straight_meanwhile) {
    CHECK(host_passes(asked_and_bound));
    CHECK(host_passes(asked_and_lent));
    CHECK(host_passes(asked_and_raised));
    CHECK(host_passes(asked_and_answered));
    CHECK(host_passes(asked_and_stopped));
}

// ---------------------------------------------------------------------------- epochs

static uint64_t memory;

static void drop_memory(void) {
    ENTER(root, handle_drop, memory);
}

static void others_pass(void) {
    let(a);
    let(b);
}

static void memory_is_gone(void) {
    CHECK_EQ(outcome(world_root), STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, handle_info, memory), STATUS_BAD_HANDLE);
}

static void destroyed_while_others_pass(void) {
    scene(0, 0);
    CHECK_EQ(CALL(world_root, &memory, memory_carve, world_named("reticle"), PAGE_SIZE), STATUS_OK);
    band_raise(on_a, BIT);
    band_raise(on_b, BIT);
    CHECK_EQ(host_state_of(b), HOST_USER);
    everywhere((struct race){drop_memory, others_pass, memory_is_gone});
}

// One thread of a hart waits for an epoch; the hart, idle, then wants an earlier one, which
// an object that dies waits for.
static void the_earlier_epoch_is_wanted(void) {
    constexpr uint64_t AT = 0x30000000;
    uint64_t view = 0;
    scene(0, 0);
    CHECK_EQ(CALL(world_root, &memory, memory_carve, world_named("reticle"), PAGE_SIZE), STATUS_OK);
    band_raise(on_b, BIT);
    CHECK_EQ(CALL(on_b, &view, memory_map, 0, own_page, AT, 0, PAGE_SIZE, MAP_READ), STATUS_OK);
    band_raise(on_a, BIT);
    CHECK(world_run(world_root) && band_current(a) == on_a && band_current(b) == on_b);
    drop_memory();
    CHECK_EQ(world_root->state, THREAD_EPOCH);
    ENTER(a, handle_drop, view);
    CHECK_EQ(on_a->state, THREAD_EPOCH);
    CHECK_EQ(hart_at(a)->epoch_wanted, world_root->epoch);
    CHECK(world_root->epoch < on_a->epoch);
    host_settle();
    CHECK_EQ(outcome(on_a), STATUS_OK);
    memory_is_gone();
    world_audit();
}

// More wait for one epoch than an interrupt wakes.
static void many_wait_for_one_epoch(void) {
    constexpr uint32_t MANY = 20;
    constexpr uint64_t AT = 0x30000000;
    uint64_t views[MANY];
    scene(MANY, 0);
    band_raise(on_b, BIT);
    for (uint32_t i = 0; i < MANY; i++) {
        CHECK_EQ(CALL(on_b, &views[i], memory_map, 0, own_page, AT + i * PAGE_SIZE, 0, PAGE_SIZE,
                      MAP_READ),
                 STATUS_OK);
    }
    CHECK(world_run(world_root));
    for (uint32_t i = 0; i < MANY; i++) {
        band_raise(more[i], BIT);
    }
    for (uint32_t i = 0; i < MANY; i++) {
        const struct thread *thread = band_current(a);
        ENTER(a, handle_drop, views[i]);
        CHECK_EQ(thread->state, THREAD_EPOCH);
    }
    CHECK_EQ(host_state_of(a), HOST_IDLE);
    CHECK(host_go(b) && host_go(root));
    // One interrupt wakes some of them, and asks for another.
    CHECK(host_go(a));
    uint32_t woken = 0;
    for (uint32_t i = 0; i < MANY; i++) {
        woken += more[i]->state != THREAD_EPOCH;
    }
    CHECK(woken != 0 && woken < MANY && host_can_go(a));
    host_settle();
    for (uint32_t i = 0; i < MANY; i++) {
        CHECK_EQ(outcome(more[i]), STATUS_OK);
    }
    world_audit();
}

TEST(an_epoch_comes_while_somebody_looks) {
    CHECK(host_passes(destroyed_while_others_pass));
    CHECK(host_passes(many_wait_for_one_epoch));
    CHECK(host_passes(the_earlier_epoch_is_wanted));
}

// ---------------------------------------------------------------- what has a bound

// Others put something into the inbox whenever it is empty: the hart comes out all the same.
static void inbox_that_fills(void) {
    scene(1, 0);
    struct thread *thread = more[0];
    band_raise(on_a, BIT);
    host_select(b);
    schedule_poke(thread);
    host_yield_every(1);
    uint32_t pokes = 0;
    for ((void)host_go(a); host_state_of(a) == HOST_KERNEL && pokes < 100; (void)host_go(a)) {
        if (!thread->in_inbox) {
            schedule_poke(thread);
            pokes++;
        }
    }
    host_yield_every(0);
    CHECK(host_state_of(a) == HOST_USER && pokes > 2 && pokes < 20);
    CHECK(thread->in_inbox);
    host_settle();
    CHECK(!thread->in_inbox);
    world_audit();
}

// A page is away whenever it is copied from, and there whenever that is looked into.
static void page_that_flickers(void) {
    constexpr uint64_t AT = 0x30000000;
    scene(0, 0);
    band_raise(on_a, BIT);
    CHECK_EQ(CALL(on_a, nullptr, memory_map, 0, own_page, AT, 0, PAGE_SIZE, MAP_READ), STATUS_OK);
    lock_acquire(&books);
    uint64_t *entry = space_entry(task.task, AT >> PAGE_SHIFT), there = *entry;
    lock_release(&books);
    host_yield_every(1); // which is in front of each copy
    ENTER(a, futex_wait, AT, 1, TIME_NEVER);
    uint32_t tries = 0;
    while (host_state_of(a) == HOST_KERNEL && tries < 10) {
        *entry = 0;
        host_stop_before(1); // the lock, before the page is looked for
        (void)host_go(a);
        CHECK(host_stopped() && host_state_of(a) == HOST_KERNEL);
        *entry = there;
        (void)host_go(a);
        tries++;
    }
    host_yield_every(0);
    CHECK_EQ(tries, 4);
    CHECK_EQ(outcome(on_a), STATUS_BAD_ADDRESS);
    CHECK_EQ(CALL(on_a, nullptr, futex_wait, AT, 1, TIME_NEVER), STATUS_AGAIN);
    world_audit();
}

// An ended thread stands in an inbox behind more than its hart attends to at once, and is
// dropped: its memory stays until the hart has let go of it.
static void dropped_behind_many(void) {
    constexpr uint32_t MANY = 14;
    scene(MANY, 0);
    struct thread *thread = more[0];
    band_raise(thread, BIT);
    CHECK_EQ(CALL(thread, nullptr, thread_exit, 0), WORLD_BLOCKED);
    band_raise(on_a, BIT);
    band_raise(on_b, BIT);
    CHECK(band_current(a) == on_a && band_current(b) == on_b);
    host_select(b);
    for (uint32_t i = 0; i < MANY; i++) { // the last that comes is attended to first
        schedule_poke(more[i]);
    }
    ENTER(b, handle_drop, more_handle[0]);
    CHECK_EQ(on_b->state, THREAD_EPOCH);
    CHECK(host_go(a) && thread->in_inbox);
    (void)host_go(root);
    // The epoch has come, and the thread is still there.
    let(b);
    CHECK(thread->in_inbox && thread->object.phase == OBJECT_QUIET);
    host_settle();
    CHECK_EQ(outcome(on_b), STATUS_OK);
    CHECK_EQ(CALL(on_b, nullptr, handle_info, more_handle[0]), STATUS_BAD_HANDLE);
    world_audit();
}

TEST(nobody_is_kept_busy_for_ever) {
    CHECK(host_passes(inbox_that_fills));
    CHECK(host_passes(page_that_flickers));
    CHECK(host_passes(dropped_behind_many));
}
