// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Races about who is woken: several that tell one hart or one thread, what others change
// while a request goes straight, and how much of it one entry attends to. Those about who
// goes meanwhile are in race_test.c.
#include "kernel/space.h"
#include "kernel/tests/race.h"
#include "tests/unit.h"

UNIT_MAIN

constexpr uint64_t WORD = WORLD_DATA + 64;

// ------------------------------------------------------------- whose memory goes away

// One sleeps on a word, by what its hart's TLB shows, while the view is dropped on another.
constexpr uint64_t GOING = 0x30000000;
static uint64_t view;

static void drop_it(void) {
    ENTER(scene.a, handle_drop, view);
}

static void sleep_there(void) {
    ENTER(scene.b, futex_wait, GOING + 8, 0, TIME_NEVER);
}

static void nobody_sleeps_on(void) {
    CHECK_EQ(race_outcome(scene.on_a), STATUS_OK);
    enum status status = race_outcome(scene.on_b);
    CHECK(status == STATUS_CANCELLED || status == STATUS_BAD_ADDRESS);
    race_seen[status == STATUS_CANCELLED]++;
}

static void slept_on_and_dropped(void) {
    uint32_t word;
    race_begin(0, 0);
    band_raise(scene.on_a, BIT);
    band_raise(scene.on_b, BIT);
    CHECK_EQ(CALL(scene.on_a, &view, memory_map, 0, scene.own_page, GOING, 0, PAGE_SIZE, MAP_READ),
             STATUS_OK);
    CHECK(host_user_read(scene.b, GOING, &word, sizeof word));
    race_everywhere((struct race){drop_it, sleep_there, nobody_sleeps_on});
    CHECK(race_seen[1] != 0);
}

TEST(who_sleeps_on_what_goes_away_is_woken) {
    CHECK(host_passes(slept_on_and_dropped));
}

// ------------------------------------------------------------------- two at one hart

// Two harts leave a thread in the inbox of a third.
static struct thread *sleeper;

static void wake_one(void) {
    ENTER(scene.a, futex_wake, WORD, 1);
}

static void stop_other(void) {
    ENTER(scene.root, thread_control, scene.task.handle, scene.on_b->number, RESUME_STOP);
}

static void both_are_found(void) {
    CHECK_EQ(race_outcome(world_root), STATUS_OK);
    CHECK_EQ(race_outcome(scene.on_a), STATUS_OK);
    CHECK_EQ(race_outcome(sleeper), STATUS_OK);
    CHECK_EQ(scene.on_b->state, THREAD_FAULTED);
}

static void two_in_one_inbox(void) {
    race_begin(0, 1);
    sleeper = scene.more[0];
    band_raise(sleeper, BIT);
    CHECK_EQ(CALL(sleeper, nullptr, futex_wait, WORD, 0, TIME_NEVER), WORLD_BLOCKED);
    CHECK(world_run(world_root));
    band_raise(scene.on_a, BIT);
    CHECK(sleeper->hart == hart_at(scene.b) && sleeper->state == THREAD_SLEEPING);
    race_everywhere((struct race){wake_one, stop_other, both_are_found});
}

// One hart raises a bit of a thread whose wait ends on another, and which comes to it.
static void ring_for_other(void) {
    ENTER(scene.a, doorbell, scene.own_end);
}

static void others_wait_is_over(void) {
    host_time_set(scene.on_b->deadline);
    race_let(scene.b);
}

// The bit was taken, or is still there.
static void bit_is_not_lost(void) {
    CHECK_EQ(race_outcome(scene.on_a), STATUS_OK);
    enum status status = race_outcome(scene.on_b);
    CHECK_EQ(scene.on_b->hart->index, scene.a);
    race_seen[status == STATUS_OK]++;
    if (status != STATUS_OK) {
        CHECK_EQ(status, STATUS_TIMED_OUT);
        CHECK_EQ(CALL(scene.on_b, nullptr, signal_wait, BIT, 0), STATUS_OK);
    }
    CHECK_EQ(CALL(scene.on_b, nullptr, signal_wait, BIT, 0), STATUS_TIMED_OUT);
}

static void raised_and_sent(void) {
    race_begin(0, 0);
    band_raise(scene.on_b, BIT);
    CHECK_EQ(CALL(scene.on_b, nullptr, ring_watch, scene.own_peer, 1, UINT64_MAX), STATUS_OK);
    CHECK_EQ(CALL(scene.on_b, nullptr, signal_wait, BIT, arch_time_now() + 50 * MS), WORLD_BLOCKED);
    band_bind_to(band_budget(band_carve_at(world_named("budget"), 5 * MS, scene.a)), scene.on_b);
    band_raise(scene.on_a, BIT);
    CHECK(band_current(scene.a) == scene.on_a && scene.on_b->hart == hart_at(scene.b) &&
          scene.on_b->state == THREAD_WAITING);
    race_everywhere((struct race){ring_for_other, others_wait_is_over, bit_is_not_lost});
    CHECK(race_seen[0] != 0 && race_seen[1] != 0);
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
    ENTER(scene.a, doorbell_wait, scene.own_end, BIT, TIME_NEVER);
}

// It was asked, and answers.
static void answers(void) {
    CHECK_EQ(scene.on_a->state, THREAD_WAITING);
    CHECK_EQ(race_outcome(asked), STATUS_OK);
    CHECK((asked->frame.arg[1] & BIT) != 0 && !heap_has(&asked->timer));
    CHECK_EQ(CALL(asked, nullptr, doorbell_wait, scene.own_peer, BIT, TIME_NEVER), WORLD_BLOCKED);
    CHECK_EQ(race_outcome(scene.on_a), STATUS_OK);
    CHECK_EQ(scene.on_a->frame.arg[1], BIT);
}

static void bind_asked(void) {
    band_bind_to(pays, asked);
}

static void bind_asker(void) {
    band_bind_to(pays, scene.on_a);
}

static void it_is_of_the_person_band(void) {
    CHECK(band_current(scene.a) == asked && hart_at(scene.a)->runs_person);
    CHECK(asked->apart != 0);
    answers();
}

static void raise_another(void) {
    band_raise(asked, 1 << 5);
}

static void no_bit_is_lost(void) {
    CHECK_EQ(race_outcome(asked), STATUS_OK);
    CHECK_EQ(asked->frame.arg[1] | asked->signals, BIT | 1 << 5);
    race_seen[asked->signals == 0]++;
    answers();
}

static void answer_early(void) {
    band_raise(scene.on_a, BIT);
}

static void both_go_on(void) {
    CHECK(race_outcome(scene.on_a) == STATUS_OK && scene.on_a->frame.arg[1] == BIT);
    CHECK(race_outcome(asked) == STATUS_OK && asked->frame.arg[1] == BIT);
}

static void stop_asked(void) {
    ENTER(scene.root, thread_control, scene.task.handle, asked->number, RESUME_STOP);
}

static void it_stands_still(void) {
    CHECK_EQ(race_outcome(world_root), STATUS_OK);
    CHECK_EQ(asked->state, THREAD_FAULTED);
    race_seen[asked->frame.restart]++;
    CHECK_EQ(CALL(world_root, nullptr, thread_control, scene.task.handle, asked->number,
                  RESUME_CONTINUE),
             STATUS_OK);
    answers();
}

// By a capability of its own, with which it was at it once.
static uint64_t copy;

static void ask_by_copy(void) {
    ENTER(scene.a, doorbell_wait, copy, BIT, TIME_NEVER);
}

static void drop_copy(void) {
    ENTER(scene.b, handle_drop, copy);
}

static void asked_before_it_went(void) {
    CHECK_EQ(race_outcome(scene.on_b), STATUS_OK);
    bool went = scene.on_a->state == THREAD_WAITING;
    race_seen[went]++;
    if (went) {
        answers();
    } else {
        CHECK_EQ(race_outcome(scene.on_a), STATUS_BAD_HANDLE);
        CHECK_EQ(asked->state, THREAD_WAITING);
    }
}

// Its end goes, and with it what the kernel knew. Who asks between the two looks at it waits for
// one that is there no more.
static void drop_peer(void) {
    ENTER(scene.root, handle_drop, scene.peer);
}

static void asked_before_its_end_went(void) {
    CHECK_EQ(race_outcome(world_root), STATUS_OK);
    enum status status = race_outcome(scene.on_a);
    enum thread_state state = asked->state;
    race_seen[status == STATUS_NOT_BOUND]++;
    if (status == WORLD_BLOCKED) {
        CHECK(state == THREAD_WAITING || race_outcome(asked) == STATUS_OK);
        band_raise(scene.on_a, BIT);
    } else {
        CHECK(status == STATUS_NOT_BOUND && state == THREAD_WAITING);
    }
    CHECK_EQ(CALL(scene.on_a, nullptr, doorbell_wait, scene.own_end, BIT, TIME_NEVER),
             STATUS_NOT_BOUND);
    CHECK((asked->state == THREAD_WAITING) == (state == THREAD_WAITING));
}

// It ends, perhaps as soon as it was switched to, and its memory is given back.
static void end_asked(void) {
    ENTER(scene.b, handle_drop, scene.more_handle[0]);
}

// What was its memory is then a thread that waits for the same bit, and does not watch the end.
static void nobody_answers(void) {
    uint64_t handle;
    CHECK_EQ(race_outcome(scene.on_b), STATUS_OK);
    CHECK(scene.on_a->state == THREAD_WAITING && band_current(scene.a) == nullptr);
    band_raise(scene.task.thread, BIT);
    CHECK_EQ(band_sleeper(&scene.task, scene.a, &handle), asked);
    band_raise(scene.on_a, BIT);
    CHECK_EQ(CALL(scene.on_a, nullptr, doorbell_wait, scene.own_end, BIT, TIME_NEVER),
             WORLD_BLOCKED);
    CHECK_EQ(asked->state, THREAD_WAITING);
}

static void ask_scene(void) {
    race_begin(1, 0);
    asked = scene.more[0];
    pays = band_budget(band_carve(world_named("budget"), 5 * MS, 10 * MS));
    band_raise(scene.on_a, BIT);
    CHECK_EQ(CALL(scene.on_a, nullptr, ring_watch, scene.own_end, 1, UINT64_MAX), STATUS_OK);
    CHECK_EQ(CALL(scene.on_a, nullptr, signal_wait, BIT, TIME_NEVER), WORLD_BLOCKED);
    band_raise(asked, BIT);
    CHECK_EQ(CALL(asked, nullptr, ring_watch, scene.own_peer, 1, UINT64_MAX), STATUS_OK);
    CHECK_EQ(CALL(asked, nullptr, signal_wait, BIT | 1 << 5, arch_time_now() + 50 * MS),
             WORLD_BLOCKED);
    band_raise(scene.on_a, BIT);
    CHECK(band_current(scene.a) == scene.on_a && asked->hart == hart_at(scene.a));
}

static void asked_and_bound(void) {
    ask_scene();
    race_everywhere((struct race){ask, bind_asked, it_is_of_the_person_band});
}

static void asked_and_lent(void) {
    ask_scene();
    race_everywhere((struct race){ask, bind_asker, it_is_of_the_person_band});
}

static void asked_and_raised(void) {
    ask_scene();
    race_everywhere((struct race){ask, raise_another, no_bit_is_lost});
    CHECK(race_seen[0] != 0 && race_seen[1] != 0);
}

static void asked_and_answered(void) {
    ask_scene();
    race_everywhere((struct race){ask, answer_early, both_go_on});
}

static void asked_and_stopped(void) {
    ask_scene();
    race_everywhere((struct race){ask, stop_asked, it_stands_still});
}

// The kernel knows already whom it rings.
static void known(uint64_t handle) {
    CHECK_EQ(CALL(scene.on_a, nullptr, doorbell_wait, handle, BIT, TIME_NEVER), WORLD_BLOCKED);
    answers();
    CHECK(scene.on_a->call.handle == handle && scene.on_a->call.to == asked);
    band_raise(scene.on_b, BIT);
    CHECK(world_run(scene.on_a) && world_run(world_root));
}

static void asked_and_dropped(void) {
    ask_scene();
    CHECK_EQ(CALL(scene.on_a, &copy, handle_copy, scene.own_end, RIGHT_ALL), STATUS_OK);
    known(copy);
    race_everywhere((struct race){ask_by_copy, drop_copy, asked_before_it_went});
    CHECK(race_seen[0] != 0 && race_seen[1] != 0);
}

static void asked_and_unbound(void) {
    ask_scene();
    known(scene.own_end);
    race_everywhere((struct race){ask, drop_peer, asked_before_its_end_went});
    CHECK(race_seen[0] != 0 && race_seen[1] != 0);
}

static void asked_and_ended(void) {
    ask_scene();
    known(scene.own_end);
    race_everywhere((struct race){ask, end_asked, nobody_answers});
}

TEST(a_request_goes_straight_meanwhile) {
    CHECK(host_passes(asked_and_bound));
    CHECK(host_passes(asked_and_lent));
    CHECK(host_passes(asked_and_raised));
    CHECK(host_passes(asked_and_answered));
    CHECK(host_passes(asked_and_stopped));
    CHECK(host_passes(asked_and_dropped));
    CHECK(host_passes(asked_and_unbound));
    CHECK(host_passes(asked_and_ended));
}

// A thread blocks and lends what another hart gives it at this moment; before that one tells, and
// its hart looks at who pays, it is asked. Awake it lends nothing: it takes the long way.
static struct thread *gets, *asks;
static bool lent;

static void bind_lender(void) {
    ENTER(scene.b, budget_bind, scene.own_budget, scene.handle_a);
}

static void lend_and_be_asked(void) {
    ENTER(scene.a, signal_wait, BIT, TIME_NEVER, 0, scene.own_peer);
    lent = scene.on_a->lends_to == gets;
    CHECK(scene.on_a->state == THREAD_WAITING && band_current(scene.a) == asks);
    ask();
}

static void nothing_is_lent(void) {
    CHECK_EQ(race_outcome(scene.on_b), STATUS_OK);
    CHECK_EQ(race_outcome(scene.on_a), STATUS_OK);
    CHECK(scene.on_a->frame.arg[1] == BIT && scene.on_a->budget != nullptr);
    CHECK(scene.on_a->lends_to == nullptr && gets->loan == nullptr);
    CHECK_EQ(asks->state, THREAD_WAITING);
    race_seen[lent]++;
}

static void lent_and_asked(void) {
    race_begin(2, 0);
    gets = scene.more[0];
    asks = scene.more[1];
    band_raise(gets, BIT);
    CHECK_EQ(CALL(gets, nullptr, ring_watch, scene.own_end, 1, UINT64_MAX), STATUS_OK);
    CHECK_EQ(CALL(gets, nullptr, signal_wait, BIT, TIME_NEVER), WORLD_BLOCKED);
    band_raise(scene.on_b, BIT);
    band_raise(scene.on_a, BIT);
    CHECK_EQ(CALL(scene.on_a, nullptr, ring_watch, scene.own_peer, 1, UINT64_MAX), STATUS_OK);
    band_raise(asks, BIT);
    CHECK(band_current(scene.a) == scene.on_a && asks->state == THREAD_READY);
    race_everywhere((struct race){bind_lender, lend_and_be_asked, nothing_is_lent});
    CHECK(race_seen[0] != 0 && race_seen[1] != 0);
}

TEST(a_loan_ends_when_its_lender_is_asked) {
    CHECK(host_passes(lent_and_asked));
}

// ---------------------------------------------------------------- what has a bound

// Others put something into the inbox whenever it is empty: the hart comes out all the same.
static void inbox_that_fills(void) {
    race_begin(1, 0);
    struct thread *thread = scene.more[0];
    band_raise(scene.on_a, BIT);
    host_select(scene.b);
    schedule_poke(thread);
    host_yield_every(1);
    uint32_t pokes = 0;
    for ((void)host_go(scene.a); host_state_of(scene.a) == HOST_KERNEL && pokes < 100;
         (void)host_go(scene.a)) {
        if (!thread->in_inbox) {
            schedule_poke(thread);
            pokes++;
        }
    }
    host_yield_every(0);
    CHECK(host_state_of(scene.a) == HOST_USER && pokes > 2 && pokes < 20);
    CHECK(thread->in_inbox);
    host_settle();
    CHECK(!thread->in_inbox);
    world_audit();
}

// A page is away whenever it is copied from, and there whenever that is looked into.
static void page_that_flickers(void) {
    constexpr uint64_t AT = 0x30000000;
    race_begin(0, 0);
    band_raise(scene.on_a, BIT);
    CHECK_EQ(CALL(scene.on_a, nullptr, memory_map, 0, scene.own_page, AT, 0, PAGE_SIZE, MAP_READ),
             STATUS_OK);
    lock_acquire(&books);
    uint64_t *entry = space_entry(scene.task.task, AT >> PAGE_SHIFT), there = *entry;
    lock_release(&books);
    host_yield_every(1); // which is in front of each copy
    ENTER(scene.a, futex_wait, AT, 1, TIME_NEVER);
    uint32_t tries = 0;
    while (host_state_of(scene.a) == HOST_KERNEL && tries < 10) {
        *entry = 0;
        host_stop_before(1); // the lock, before the page is looked for
        (void)host_go(scene.a);
        CHECK(host_stopped() && host_state_of(scene.a) == HOST_KERNEL);
        *entry = there;
        (void)host_go(scene.a);
        tries++;
    }
    host_yield_every(0);
    CHECK_EQ(tries, 4);
    CHECK_EQ(race_outcome(scene.on_a), STATUS_BAD_ADDRESS);
    CHECK_EQ(CALL(scene.on_a, nullptr, futex_wait, AT, 1, TIME_NEVER), STATUS_AGAIN);
    world_audit();
}

// An ended thread stands in an inbox behind more than its hart attends to at once, and is
// dropped: its memory stays until the hart has let go of it.
static void dropped_behind_many(void) {
    constexpr uint32_t MANY = 14;
    race_begin(MANY, 0);
    struct thread *thread = scene.more[0];
    band_raise(thread, BIT);
    CHECK_EQ(CALL(thread, nullptr, thread_exit, 0), WORLD_BLOCKED);
    band_raise(scene.on_a, BIT);
    band_raise(scene.on_b, BIT);
    CHECK(band_current(scene.a) == scene.on_a && band_current(scene.b) == scene.on_b);
    host_select(scene.b);
    for (uint32_t i = 0; i < MANY; i++) { // the last that comes is attended to first
        schedule_poke(scene.more[i]);
    }
    ENTER(scene.b, handle_drop, scene.more_handle[0]);
    CHECK_EQ(scene.on_b->state, THREAD_EPOCH);
    CHECK(host_go(scene.a) && thread->in_inbox);
    (void)host_go(scene.root);
    // The epoch has come, and the thread is still there.
    race_let(scene.b);
    CHECK(thread->in_inbox && thread->object.phase == OBJECT_QUIET);
    host_settle();
    CHECK_EQ(race_outcome(scene.on_b), STATUS_OK);
    CHECK_EQ(CALL(scene.on_b, nullptr, handle_info, scene.more_handle[0]), STATUS_BAD_HANDLE);
    world_audit();
}

TEST(nobody_is_kept_busy_for_ever) {
    CHECK(host_passes(inbox_that_fills));
    CHECK(host_passes(page_that_flickers));
    CHECK(host_passes(dropped_behind_many));
}

// ------------------------------------------------------------------ sent away, and back

// One that lets others go first may not run on this hart any more, and is sent to another,
// which sends it back before the first one has gone on.
static uint64_t only_here, only_there;

static void bind_to(uint64_t budget) {
    lock_acquire(&books);
    host_select(scene.root);
    CHECK_EQ(budget_bind(band_budget(budget), scene.on_a), STATUS_OK);
    lock_release(&books);
}

static void go_away(void) {
    (void)host_go(scene.a);
}

static void come_back(void) {
    race_let(scene.b);
    race_seen[scene.on_a->hart == hart_at(scene.b)]++;
    bind_to(only_here);
    race_let(scene.b);
}

static void is_back(void) {
    CHECK_EQ(scene.on_a->hart->index, scene.a);
    CHECK(band_current(scene.a) == scene.on_a);
}

static void sent_away_and_back(void) {
    race_begin(0, 0);
    only_here = band_carve_at(world_named("budget"), 5 * MS, scene.a);
    only_there = band_carve_at(world_named("budget"), 5 * MS, scene.b);
    band_raise(scene.on_a, BIT);
    CHECK(band_current(scene.a) == scene.on_a);
    bind_to(only_there);
    race_everywhere((struct race){go_away, come_back, is_back});
    CHECK(race_seen[0] != 0 && race_seen[1] != 0);
}

TEST(who_is_sent_away_may_be_back_at_once) {
    CHECK(host_passes(sent_away_and_back));
}
