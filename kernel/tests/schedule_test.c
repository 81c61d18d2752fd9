// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Who runs when, to the nanosecond: threads of a few Tasks that compute, sleep and wait for
// each other on the fake machine.
#include "kernel/schedule.h"

#include "kernel/signal.h"
#include "kernel/tests/band.h"
#include "tests/unit.h"

UNIT_MAIN

// ---------------------------------------------------------------- the Network band

static void many_threads_of_one_task(void) {
    struct world_task many, one;
    band_boot(1);
    band_task(&many, 0);
    band_task(&one, 0);
    struct thread *threads[40];
    for (uint32_t i = 0; i < 40; i++) {
        threads[i] = band_thread(&many, nullptr);
    }
    band_root_sleeps();
    uint64_t before = band_ran(one.thread);
    band_pass(400 * MS);
    band_close(band_ran(one.thread) - before, 200 * MS, SCHEDULE_SLICE);
    // And among themselves they are equal.
    uint64_t least = UINT64_MAX, most = 0;
    for (uint32_t i = 0; i < 40; i++) {
        least = band_ran(threads[i]) < least ? band_ran(threads[i]) : least;
        most = band_ran(threads[i]) > most ? band_ran(threads[i]) : most;
    }
    CHECK(most - least <= SCHEDULE_SLICE);
    world_audit();
}

static void a_turn_is_one_whoever_runs_in_it(void) {
    struct world_task client, server, other;
    band_boot(1);
    band_pair(&client, 0, &server, 0);
    band_task(&other, 0);
    uint64_t ring = world_granted(&client, "ring"), answer = world_granted(&server, "ring");
    band_root_sleeps();
    CHECK(band_wait(&server, 0, TIME_NEVER));
    CHECK(world_run(client.thread));
    uint64_t turn_began = arch_time_now(), base = band_ran(other.thread);
    // They answer each other every 0.1 ms; the other one gets its half.
    for (uint32_t i = 0; i < 400; i++) {
        struct thread *runs = band_current(0);
        if (runs == client.thread || runs == server.thread) {
            uint64_t a[6] = {runs == client.thread ? ring : answer, BIT, TIME_NEVER};
            host_syscall(0, SYS_doorbell_wait, a);
            host_settle();
        }
        band_pass(MS / 10);
    }
    band_close(band_ran(other.thread) - base, (arch_time_now() - turn_began) / 2,
               2 * SCHEDULE_SLICE);
    world_audit();
}

TEST(threads_of_one_task_share_its_turns) {
    CHECK(host_passes(many_threads_of_one_task));
    CHECK(host_passes(a_turn_is_one_whoever_runs_in_it));
}

// ----------------------------------------------------------------- the Person band

static void person_preempts(void) {
    struct world_task person, spinner;
    band_boot(1);
    band_task(&person, band_carve(world_named("budget"), 2 * MS, 10 * MS));
    band_task(&spinner, 0);
    band_bind(&person);
    band_root_sleeps();
    for (uint32_t i = 0; i < 20; i++) {
        band_align();
        CHECK_EQ(band_current(0), person.thread);
        uint64_t until = arch_time_now() + 3 * MS + 12345 * i;
        CHECK(band_wait(&person, 0, until));
        CHECK_EQ(band_current(0), spinner.thread);
        band_pass_until(until);
        CHECK_EQ(band_current(0), person.thread); // at once
        CHECK_EQ(person.thread->hart->runs_person, true);
    }
    world_audit();
}

static void budget_is_used_up_and_comes_back(void) {
    struct world_task person, spinner;
    band_boot(1);
    band_task(&person, band_carve(world_named("budget"), 3 * MS, 10 * MS));
    band_task(&spinner, 0);
    band_bind(&person);
    band_root_sleeps();
    band_align();
    uint64_t before = band_ran(person.thread);
    for (uint32_t i = 0; i < 10; i++) {
        CHECK_EQ(band_current(0), person.thread);
        band_pass(3 * MS);
        CHECK_EQ(band_current(0), spinner.thread); // in turns from here on
        band_pass(3 * MS);
        CHECK_EQ(band_current(0), person.thread);
        CHECK(!hart_at(0)->runs_person);
        CHECK(band_wait(&person, 0, arch_time_now() + 4 * MS));
        band_pass(4 * MS);
    }
    CHECK_EQ(band_ran(person.thread) - before, 10 * (3 + 1) * MS);
    // Alone it runs on, and that is not held against it later.
    CHECK_EQ(CALL(spinner.thread, nullptr, signal_wait, 1, arch_time_now() + 95 * MS),
             WORLD_BLOCKED);
    band_pass(100 * MS);
    band_align();
    CHECK(band_current(0) == person.thread && hart_at(0)->runs_person);
    band_pass(3 * MS);
    CHECK(!hart_at(0)->runs_person);
    world_audit();
}

// The Network band keeps 5 % of each 10 ms, wherever they begin, in pieces of 0.5 ms.
static void network_keeps_its_share(void) {
    struct world_task person, spinner;
    band_boot(1);
    band_task(&person, world_named("budget"));
    band_task(&spinner, 0);
    band_bind(&person);
    band_root_sleeps();
    static uint64_t got[4000]; // what the Network band had, every 0.05 ms
    uint64_t last = band_ran(spinner.thread), piece = 0;
    for (uint32_t i = 0; i < 4000; i++) {
        // Sometimes the Person thread pauses, in the worst moments.
        if (i % 1000 == 800 && band_current(0) == person.thread) {
            CHECK(band_wait(&person, 0, arch_time_now() + (i / 1000) * MS / 5));
        }
        band_pass(MS / 20);
        uint64_t now = band_ran(spinner.thread);
        got[i] = now - last;
        last = now;
        bool waits = person.thread->state == THREAD_READY;
        piece = waits ? piece + got[i] : 0;
        CHECK(piece <= SCHEDULE_NETWORK + MS / 20);
        uint64_t sum = 0;
        for (uint32_t j = i; j + 200 > i && j < 4000; j--) {
            sum += got[j];
        }
        CHECK(i < 200 || sum >= 10 * MS * 5 / 100 - MS / 20);
    }
    // And no more than that, while both compute all the time.
    uint64_t sum = 0;
    for (uint32_t j = 200; j < 800; j++) {
        sum += got[j];
    }
    band_close(sum, 30 * MS * 5 / 100, MS / 2);
    world_audit();
}

// Alone on its hart it goes on, whatever is left; where something dies its turn has an end then,
// which is not what another one of the band waits for.
static void who_has_nothing_left_and_was_alone(void) {
    struct world_task spent, other;
    band_boot(1);
    uint64_t little = band_carve(world_named("budget"), MS / 10, 10 * MS);
    uint64_t enough = band_carve(world_named("budget"), MS, 10 * MS);
    band_task(&spent, little);
    band_task(&other, enough);
    band_bind(&spent);
    band_bind(&other);
    CHECK_EQ(CALL(other.thread, nullptr, signal_wait, BIT, TIME_NEVER), WORLD_BLOCKED);
    uint64_t period = arch_time_now() / (10 * MS) * (10 * MS) + 20 * MS;
    CHECK_EQ(CALL(spent.thread, nullptr, signal_wait, BIT, period), WORLD_BLOCKED);
    band_root_sleeps();
    band_pass_until(period + MS);
    struct hart *hart = hart_at(0);
    CHECK(band_current(0) == spent.thread && hart->runs_person);
    host_select(0);
    atomic_store(&object_dying, true);
    schedule_reap();
    CHECK(hart->slice_end > arch_time_now() + MS && hart->timer_armed <= hart->slice_end);
    signal_raise(other.thread, BIT);
    host_syscall(0, SYS_handle_info, (uint64_t[6]){0});
    band_pass(MS / 100);
    CHECK_EQ(band_current(0), other.thread);
    atomic_store(&object_dying, false);
    world_audit();
}

TEST(the_person_band_runs_first) {
    CHECK(host_passes(who_has_nothing_left_and_was_alone));
    CHECK(host_passes(person_preempts));
    CHECK(host_passes(budget_is_used_up_and_comes_back));
    CHECK(host_passes(network_keeps_its_share));
}

// --------------------------------------------------------------------------- slack

static void late_deadlines_come_together(void) {
    struct world_task task;
    band_boot(1);
    band_task(&task, 0);
    struct thread *threads[3] = {task.thread, band_thread(&task, nullptr),
                                 band_thread(&task, nullptr)};
    uint64_t now = arch_time_now() + 20 * MS;
    // The second may be late and goes with the first; the third must not wait for either.
    CHECK_EQ(CALL(threads[0], nullptr, signal_wait, 1, now + 8 * MS, 0), WORLD_BLOCKED);
    CHECK_EQ(CALL(threads[1], nullptr, signal_wait, 1, now + 5 * MS, 10 * MS), WORLD_BLOCKED);
    CHECK_EQ(CALL(threads[2], nullptr, signal_wait, 1, now + 6 * MS, 0), WORLD_BLOCKED);
    band_root_sleeps();
    struct words words;
    band_pass_until(now + 6 * MS - 1);
    CHECK(!world_returned(threads[1], &words) && !world_returned(threads[2], &words));
    band_pass_until(now + 6 * MS);
    CHECK(world_returned(threads[2], &words) && words.a[0] == STATUS_TIMED_OUT);
    band_pass_until(now + 8 * MS);
    CHECK(world_returned(threads[0], &words) && words.a[0] == STATUS_TIMED_OUT);
    CHECK(world_returned(threads[1], &words) && words.a[0] == STATUS_TIMED_OUT);
    // Slack without end: it waits for the next timer of anybody.
    now = arch_time_now();
    CHECK_EQ(CALL(threads[0], nullptr, signal_wait, 1, now + 9 * MS, UINT64_MAX), WORLD_BLOCKED);
    CHECK_EQ(CALL(threads[1], nullptr, signal_wait, 1, now + 12 * MS, 0), WORLD_BLOCKED);
    CHECK_EQ(CALL(threads[2], nullptr, signal_wait, 1, TIME_NEVER, 0), WORLD_BLOCKED);
    band_pass_until(now + 20 * MS);
    CHECK(world_returned(threads[0], &words) && world_returned(threads[1], &words));
    world_audit();
}

TEST(slack_lets_deadlines_come_together) {
    CHECK(host_passes(late_deadlines_come_together));
}

// ----------------------------------------------------------------------- many harts

static void spread(uint32_t harts) {
    struct world_task task;
    band_boot(harts);
    band_task(&task, 0);
    // All of them wake on one hart: each goes where less is to do, within a turn each.
    struct thread *threads[16];
    uint32_t count = 2 * harts - 1;
    for (uint32_t i = 0; i < count; i++) {
        threads[i] = band_thread(&task, nullptr);
    }
    CHECK_EQ(CALL(task.thread, nullptr, signal_wait, 1, TIME_NEVER), WORLD_BLOCKED);
    band_root_sleeps();
    band_pass((count + 4) * SCHEDULE_SLICE);
    for (uint32_t i = 0; i < harts; i++) {
        CHECK(hart_at(i)->load >= 1 && hart_at(i)->load <= 2);
    }
    // Half of them go away; the rest share the harts out again.
    for (uint32_t i = 0; i < count; i++) {
        if (threads[i]->hart->index < harts / 2) {
            CHECK_EQ(CALL(threads[i], nullptr, thread_exit), WORLD_BLOCKED);
        }
    }
    band_pass((count + 4) * SCHEDULE_SLICE);
    uint32_t left = 0, idle = 0, most = 0;
    for (uint32_t i = 0; i < harts; i++) {
        left += hart_at(i)->load;
        idle += hart_at(i)->load == 0;
        most = hart_at(i)->load > most ? hart_at(i)->load : most;
    }
    CHECK(left <= harts ? most <= 1 : idle == 0);
    world_audit();
}

static void spread_2(void) {
    spread(2);
}
static void spread_3(void) {
    spread(3);
}
static void spread_7(void) {
    spread(7);
}
static void spread_8(void) {
    spread(8);
}

TEST(work_moves_to_where_less_is_to_do) {
    CHECK(host_passes(spread_2));
    CHECK(host_passes(spread_3));
    CHECK(host_passes(spread_7));
    CHECK(host_passes(spread_8));
}

// ----------------------------------------------------------- the Network band's time

// Who becomes ready in the Person band waits for the end of it.
static void person_wakes_in_the_networks_time(void) {
    struct world_task first, second, spinner;
    band_boot(1);
    band_task(&first, world_named("budget"));
    band_task(&second, band_carve(world_named("budget"), MS / 10, 10 * MS));
    band_task(&spinner, 0);
    band_bind(&second);
    band_bind(&first);
    band_root_sleeps();
    band_align();
    uint64_t begin = arch_time_now() + 10 * MS;
    CHECK(band_wait(&second, 0, begin + SCHEDULE_PERSON + SCHEDULE_NETWORK / 2));
    CHECK(band_wait(&first, 0, begin));
    band_pass_until(begin + SCHEDULE_PERSON);
    CHECK(band_current(0) == spinner.thread && first.thread->state == THREAD_READY);
    band_pass_until(begin + SCHEDULE_PERSON + SCHEDULE_NETWORK / 2);
    CHECK_EQ(second.thread->state, THREAD_READY);
    CHECK_EQ(band_current(0), spinner.thread);
    band_pass_until(begin + SCHEDULE_PERSON + SCHEDULE_NETWORK - 1);
    CHECK_EQ(band_current(0), spinner.thread);
    band_pass(1);
    CHECK(band_current(0) != spinner.thread);
    world_audit();
}

// Two that answer each other in it go on, and no longer than it lasts.
static void networks_time_is_handed_on(void) {
    struct world_task client, server, person;
    band_boot(1);
    band_pair(&client, 0, &server, 0);
    band_task(&person, world_named("budget"));
    band_bind(&person);
    uint64_t ring = world_granted(&client, "ring");
    band_root_sleeps();
    CHECK(band_wait(&server, 0, TIME_NEVER));
    band_align();
    while (band_current(0) != client.thread) {
        band_pass(MS / 10);
    }
    CHECK_EQ(person.thread->state, THREAD_READY);
    uint64_t until = hart_at(0)->person_end + SCHEDULE_NETWORK;
    CHECK(arch_time_now() < until);
    CHECK_EQ(CALL(client.thread, nullptr, doorbell_wait, ring, BIT, TIME_NEVER), WORLD_BLOCKED);
    CHECK_EQ(band_current(0), server.thread);
    band_pass_until(until - 1);
    CHECK_EQ(band_current(0), server.thread);
    band_pass(1);
    CHECK_EQ(band_current(0), person.thread);
    world_audit();
}

TEST(the_network_band_has_its_time_for_itself) {
    CHECK(host_passes(person_wakes_in_the_networks_time));
    CHECK(host_passes(networks_time_is_handed_on));
}

// ------------------------------------------------------------------------- hand-offs

// A server with a budget of its own, which sleeps; its client has none.
static struct world_task client, server;
static uint64_t ring;

static void call_scene(uint64_t budget) {
    band_pair(&client, 0, &server, budget);
    if (budget != 0) {
        band_bind(&server);
    }
    ring = world_granted(&client, "ring");
    CHECK(band_wait(&server, 0, TIME_NEVER));
}

static void a_server_of_the_person_band(void) {
    band_boot(1);
    call_scene(band_carve(world_named("budget"), 5 * MS, 10 * MS));
    band_root_sleeps();
    band_align();
    CHECK_EQ(CALL(client.thread, nullptr, doorbell_wait, ring, BIT, TIME_NEVER), WORLD_BLOCKED);
    CHECK(band_current(0) == server.thread && hart_at(0)->runs_person);
    world_audit();
    // It answers and waits: the client runs on what the server has.
    CHECK_EQ(CALL(server.thread, nullptr, doorbell_wait, world_granted(&server, "ring"), BIT,
                  TIME_NEVER),
             WORLD_BLOCKED);
    CHECK(band_current(0) == client.thread && hart_at(0)->runs_person);
    CHECK_EQ(client.thread->loan, server.thread->budget);
    world_audit();
}

// The client is answered already and does not block: the server goes first all the same.
static void a_server_of_the_person_band_goes_first(void) {
    band_boot(1);
    call_scene(band_carve(world_named("budget"), 5 * MS, 10 * MS));
    band_root_sleeps();
    band_align();
    band_raise(client.thread, BIT);
    CHECK(world_run(client.thread));
    host_syscall(0, SYS_doorbell_wait, (uint64_t[6]){ring, BIT, TIME_NEVER});
    CHECK(band_current(0) == server.thread && hart_at(0)->runs_person);
    CHECK_EQ(client.thread->state, THREAD_READY);
    CHECK_EQ(client.thread->frame.arg[0], STATUS_OK);
    world_audit();
}

// The same in one band: who was alone has a turn that ends from then on.
static void a_turn_begins_when_somebody_is_woken(void) {
    band_boot(1);
    call_scene(0);
    band_root_sleeps();
    band_raise(client.thread, BIT);
    band_pass(10 * MS);
    CHECK(hart_at(0)->slice_end == TIME_NEVER && hart_at(0)->load == 1);
    CHECK_EQ(CALL(client.thread, nullptr, doorbell_wait, ring, BIT, TIME_NEVER), STATUS_OK);
    CHECK_EQ(band_current(0), client.thread);
    band_pass(SCHEDULE_SLICE - 1);
    CHECK_EQ(band_current(0), client.thread);
    band_pass(1);
    CHECK_EQ(band_current(0), server.thread);
    world_audit();
}

// Whose budget leaves the hart out is sent on when it is woken there.
static void a_server_that_may_not_run_here(void) {
    band_boot(2);
    call_scene(0);
    uint32_t here = server.thread->hart->index;
    struct thread *caller = client.thread;
    for (uint32_t i = 0; i < 20 && caller->hart->index != here; i++) {
        caller = band_thread(&client, nullptr);
    }
    CHECK_EQ(caller->hart->index, here);
    uint64_t budget = band_carve_at(world_named("budget"), 5 * MS, 1 - here);
    band_root_sleeps();
    band_bind_to(band_budget(budget), server.thread);
    CHECK(server.thread->state == THREAD_WAITING && server.thread->hart->index == here);
    CHECK_EQ(CALL(caller, nullptr, doorbell_wait, ring, 1 << 7, TIME_NEVER), WORLD_BLOCKED);
    CHECK_EQ(server.thread->hart->index, 1 - here);
    CHECK_EQ(band_current(1 - here), server.thread);
    world_audit();
}

// While a thread hands its turn on, another hart's interrupt wakes one of the other band.
static void a_person_that_wakes_meanwhile(void) {
    struct world_task person;
    band_boot(2);
    call_scene(0);
    band_task(&person, 0);
    uint32_t here = 1 - world_root->hart->index;
    uint64_t handle = 0;
    band_raise(server.thread, BIT);
    uint64_t own = world_granted(&server, "ring");
    struct thread *caller = band_sleeper(&client, here, &handle);
    struct thread *callee = band_sleeper(&server, here, &handle);
    struct thread *first = band_sleeper(&person, here, &handle);
    band_raise(callee, BIT);
    CHECK_EQ(CALL(callee, nullptr, ring_watch, own, 1, UINT64_MAX), STATUS_OK);
    struct thread *others[] = {client.thread, server.thread, person.thread, callee};
    for (uint32_t i = 0; i < sizeof others / sizeof *others; i++) {
        CHECK_EQ(CALL(others[i], nullptr, signal_wait, BIT, TIME_NEVER), WORLD_BLOCKED);
    }
    band_bind_to(band_budget(band_carve(world_named("budget"), 5 * MS, 10 * MS)), first);
    band_align();
    band_raise(caller, BIT);
    CHECK(band_current(here) == caller && callee->hart == hart_at(here));
    host_select(1 - here);
    signal_raise(first, BIT);
    host_syscall(here, SYS_doorbell_wait, (uint64_t[6]){ring, BIT, TIME_NEVER});
    CHECK(band_current(here) == callee && host_go(here));
    CHECK(band_current(here) == first && callee->state == THREAD_READY);
    world_audit();
    CHECK_EQ(CALL(first, nullptr, signal_wait, BIT, TIME_NEVER), WORLD_BLOCKED);
    CHECK_EQ(band_current(here), callee);
    world_audit();
}

// Somebody of the Person band is woken, and who runs joins that band in the same entry: it goes
// on in the place that it has.
static void who_runs_joins_the_person_band(void) {
    struct world_task person, spinner;
    band_boot(1);
    uint64_t budget = band_carve(world_named("budget"), MS, 10 * MS);
    band_task(&person, budget);
    band_task(&spinner, 0);
    band_bind(&person);
    CHECK_EQ(CALL(person.thread, nullptr, signal_wait, BIT, TIME_NEVER), WORLD_BLOCKED);
    struct budget *whole = band_budget(world_named("budget"));
    band_root_sleeps();
    band_pass(MS / 10);
    CHECK(band_current(0) == spinner.thread && !hart_at(0)->runs_person);
    host_select(0);
    lock_acquire(&books);
    CHECK_EQ(budget_bind(whole, spinner.thread), STATUS_OK);
    lock_release(&books);
    signal_raise(person.thread, BIT);
    CHECK_EQ(CALL(spinner.thread, nullptr, handle_info, 0), STATUS_BAD_HANDLE);
    CHECK(band_current(0) == spinner.thread && hart_at(0)->runs_person);
    CHECK(person.thread->state == THREAD_READY && person.thread->turn == &hart_at(0)->person);
    world_audit();
}

TEST(who_is_woken_runs_next_in_its_band_and_place) {
    CHECK(host_passes(who_runs_joins_the_person_band));
    CHECK(host_passes(a_server_of_the_person_band));
    CHECK(host_passes(a_server_of_the_person_band_goes_first));
    CHECK(host_passes(a_turn_begins_when_somebody_is_woken));
    CHECK(host_passes(a_server_that_may_not_run_here));
    CHECK(host_passes(a_person_that_wakes_meanwhile));
}

// ------------------------------------------------------------------------- many

// More than are looked at in one go have used up what they have: they take turns.
static void a_crowd_without_a_budget_left(void) {
    constexpr uint32_t CROWD = 40;
    struct world_task crowd, spinner;
    struct thread *threads[CROWD];
    band_boot(1);
    uint64_t budget = band_carve(world_named("budget"), MS, 10 * MS);
    band_task(&crowd, 0);
    band_task(&spinner, 0);
    for (uint32_t i = 0; i < CROWD; i++) {
        threads[i] = band_thread(&crowd, nullptr);
    }
    band_root_sleeps();
    CHECK_EQ(CALL(crowd.thread, nullptr, signal_wait, BIT, TIME_NEVER), WORLD_BLOCKED);
    for (uint32_t i = 0; i < CROWD; i++) {
        band_bind_to(band_budget(budget), threads[i]);
    }
    band_align();
    CHECK(hart_at(0)->runs_person);
    uint64_t before = band_ran(spinner.thread);
    band_pass(MS);
    CHECK(!hart_at(0)->runs_person);
    world_audit();
    band_pass(9 * MS - 1);
    // The two Tasks shared the rest.
    band_close(band_ran(spinner.thread) - before, 9 * MS / 2, SCHEDULE_SLICE);
    band_pass(1);
    CHECK(hart_at(0)->runs_person);
    world_audit();
}

TEST(a_used_up_budget_of_many) {
    CHECK(host_passes(a_crowd_without_a_budget_left));
}
