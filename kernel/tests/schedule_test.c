// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Who runs when, to the nanosecond: threads of a few Tasks that compute, sleep and wait for
// each other on the fake machine, whose time only moves from one timer to the next. Each test
// boots a machine of its own, in a child process.
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "kernel/budget.h"
#include "kernel/schedule.h"
#include "kernel/signal.h"
#include "kernel/tests/world.h"
#include "tests/unit.h"

UNIT_MAIN

constexpr uint64_t MS = 1000000;
constexpr uint64_t TASK_BYTES = 512 << 10;
constexpr uint64_t BIT = 2; // of messages, in every mask here

// ------------------------------------------------------------------------ helpers

// A child that failed a check says so with its exit status.
static void leave(void) {
    if (unit_failures != 0) {
        fflush(stdout);
        _exit(1);
    }
}

static void boot(uint32_t harts) {
    unit_failures = 0;
    atexit(leave);
    world_boot(16 << 20, harts);
}

// The root's thread would compute like everybody else: it sleeps unless it is needed.
static void root_sleeps(void) {
    CHECK_EQ(CALL(world_root, nullptr, signal_wait, UINT64_C(1) << 63, TIME_NEVER), WORLD_BLOCKED);
}

static void root_wakes(void) {
    host_select(world_root->hart->index);
    signal_raise(world_root, UINT64_C(1) << 63, false);
    host_settle();
}

static struct thread *thread_of(const struct task *task, uint64_t handle) {
    struct object *object = nullptr;
    CHECK_EQ(lookup((struct task *)task, handle, CLASS_THREAD, 0, &object), STATUS_OK);
    return (struct thread *)object;
}

static struct thread *more(struct world_task *task, uint64_t *handle) {
    uint64_t made = 0;
    CHECK_EQ(CALL(task->thread, &made, thread_carve, 0, PROGRAM_BASE, STACK_TOP), STATUS_OK);
    CHECK_EQ(CALL(task->thread, nullptr, thread_start, made), STATUS_OK);
    if (handle != nullptr) {
        *handle = made;
    }
    return thread_of(task->task, made);
}

// A Task with one thread, which may use this budget.
static void make(struct world_task *task, uint64_t budget) {
    struct world_grant grants[] = {{"budget", budget, RIGHT_ALL, false}};
    CHECK_EQ(world_task_make(task, TASK_BYTES, grants, budget == 0 ? 0 : 1), STATUS_OK);
}

static uint64_t carve(uint64_t source, uint64_t nanoseconds, uint64_t period) {
    uint64_t budget = 0;
    CHECK_EQ(CALL(world_root, &budget, budget_carve, world_named("reticle"), source, nanoseconds,
                  period, 0, 0),
             STATUS_OK);
    return budget;
}

static struct budget *budget_at(uint64_t handle) {
    struct object *object = nullptr;
    CHECK_EQ(lookup(world_root->task, handle, CLASS_BUDGET, 0, &object), STATUS_OK);
    return (struct budget *)object;
}

static void bind(struct world_task *task) {
    CHECK_EQ(CALL(task->thread, nullptr, budget_bind, world_granted(task, "budget"), 0), STATUS_OK);
}

// Two Tasks with a connection, "ring" in both Bundles, and the bit of its messages watched.
static void pair(struct world_task *a, uint64_t budget_a, struct world_task *b, uint64_t budget_b) {
    uint64_t reticle = world_named("reticle"), ends[2] = {};
    for (uint32_t i = 0; i < 2; i++) {
        CHECK_EQ(CALL(world_root, &ends[i], ring_carve, reticle, 16), STATUS_OK);
    }
    CHECK_EQ(CALL(world_root, nullptr, ring_bind, ends[0], ends[1]), STATUS_OK);
    struct world_task *tasks[] = {a, b};
    uint64_t budgets[] = {budget_a, budget_b};
    for (uint32_t i = 0; i < 2; i++) {
        struct world_grant grants[] = {{"ring", ends[i], RIGHT_ALL, true},
                                       {"budget", budgets[i], RIGHT_ALL, false}};
        CHECK_EQ(world_task_make(tasks[i], TASK_BYTES, grants, budgets[i] == 0 ? 1 : 2), STATUS_OK);
        CHECK_EQ(CALL(tasks[i]->thread, nullptr, ring_watch, world_granted(tasks[i], "ring"), 1,
                      UINT64_MAX),
                 STATUS_OK);
    }
}

static uint64_t ran(const struct thread *thread) {
    const struct hart *hart = thread->hart;
    return thread->ran + (hart->current == thread ? arch_time_now() - hart->switched : 0);
}

static struct thread *current(uint32_t hart) {
    return hart_at(hart)->current;
}

// Lets everybody compute until then.
static void pass_until(uint64_t end) {
    while (arch_time_now() < end) {
        uint64_t next = host_timer_next();
        next = next < arch_time_now() ? arch_time_now() : next;
        host_time_set(next < end ? next : end);
        host_settle();
    }
}

static void pass(uint64_t nanoseconds) {
    pass_until(arch_time_now() + nanoseconds);
}

// To the beginning of the next period of 10 ms.
static void align(void) {
    pass_until(arch_time_now() - arch_time_now() % (10 * MS) + 10 * MS);
}

static void close_to(uint64_t value, uint64_t wanted, uint64_t most) {
    uint64_t off = value < wanted ? wanted - value : value - wanted;
    if (off > most) {
        printf("# %lu is not %lu\n", value, wanted);
    }
    CHECK(off <= most);
}

static bool sleep_on(struct world_task *task, uint64_t ring, uint64_t deadline) {
    return CALL(task->thread, nullptr, signal_wait, BIT, deadline, 0, ring) == WORLD_BLOCKED;
}

// ---------------------------------------------------------------- the Network band

static void many_threads_of_one_task(void) {
    struct world_task many, one;
    boot(1);
    make(&many, 0);
    make(&one, 0);
    struct thread *threads[40];
    for (uint32_t i = 0; i < 40; i++) {
        threads[i] = more(&many, nullptr);
    }
    root_sleeps();
    uint64_t before = ran(one.thread);
    pass(400 * MS);
    close_to(ran(one.thread) - before, 200 * MS, SCHEDULE_SLICE);
    // And among themselves they are equal.
    uint64_t least = UINT64_MAX, most = 0;
    for (uint32_t i = 0; i < 40; i++) {
        least = ran(threads[i]) < least ? ran(threads[i]) : least;
        most = ran(threads[i]) > most ? ran(threads[i]) : most;
    }
    CHECK(most - least <= SCHEDULE_SLICE);
    world_audit();
}

static void a_turn_is_one_whoever_runs_in_it(void) {
    struct world_task client, server, other;
    boot(1);
    pair(&client, 0, &server, 0);
    make(&other, 0);
    uint64_t ring = world_granted(&client, "ring"), answer = world_granted(&server, "ring");
    root_sleeps();
    CHECK(sleep_on(&server, 0, TIME_NEVER));
    CHECK(world_run(client.thread));
    uint64_t turn_began = arch_time_now(), base = ran(other.thread);
    // They answer each other every 0.1 ms; the other one gets its half.
    for (uint32_t i = 0; i < 400; i++) {
        struct thread *runs = current(0);
        if (runs == client.thread || runs == server.thread) {
            uint64_t a[6] = {runs == client.thread ? ring : answer, BIT, TIME_NEVER};
            host_syscall(0, SYS_doorbell_wait, a);
            host_settle();
        }
        pass(MS / 10);
    }
    close_to(ran(other.thread) - base, (arch_time_now() - turn_began) / 2, 2 * SCHEDULE_SLICE);
    world_audit();
}

TEST(threads_of_one_task_share_its_turns) {
    CHECK(host_passes(many_threads_of_one_task));
    CHECK(host_passes(a_turn_is_one_whoever_runs_in_it));
}

// ----------------------------------------------------------------- the Person band

static void person_preempts(void) {
    struct world_task person, spinner;
    boot(1);
    make(&person, carve(world_named("budget"), 2 * MS, 10 * MS));
    make(&spinner, 0);
    bind(&person);
    root_sleeps();
    for (uint32_t i = 0; i < 20; i++) {
        align();
        CHECK_EQ(current(0), person.thread);
        uint64_t until = arch_time_now() + 3 * MS + 12345 * i;
        CHECK(sleep_on(&person, 0, until));
        CHECK_EQ(current(0), spinner.thread);
        pass_until(until);
        CHECK_EQ(current(0), person.thread); // at once
        CHECK_EQ(person.thread->hart->runs_person, true);
    }
    world_audit();
}

static void budget_is_used_up_and_comes_back(void) {
    struct world_task person, spinner;
    boot(1);
    make(&person, carve(world_named("budget"), 3 * MS, 10 * MS));
    make(&spinner, 0);
    bind(&person);
    root_sleeps();
    align();
    uint64_t before = ran(person.thread);
    for (uint32_t i = 0; i < 10; i++) {
        CHECK_EQ(current(0), person.thread);
        pass(3 * MS);
        CHECK_EQ(current(0), spinner.thread); // in turns from here on
        pass(3 * MS);
        CHECK_EQ(current(0), person.thread);
        CHECK(!hart_at(0)->runs_person);
        CHECK(sleep_on(&person, 0, arch_time_now() + 4 * MS));
        pass(4 * MS);
    }
    CHECK_EQ(ran(person.thread) - before, 10 * (3 + 1) * MS);
    // Alone it runs on, and that is not held against it later.
    CHECK_EQ(CALL(spinner.thread, nullptr, signal_wait, 1, arch_time_now() + 95 * MS),
             WORLD_BLOCKED);
    pass(100 * MS);
    align();
    CHECK(current(0) == person.thread && hart_at(0)->runs_person);
    pass(3 * MS);
    CHECK(!hart_at(0)->runs_person);
    world_audit();
}

// The Network band keeps 5 % of each 10 ms, wherever they begin, in pieces of 0.5 ms.
static void network_keeps_its_share(void) {
    struct world_task person, spinner;
    boot(1);
    make(&person, world_named("budget"));
    make(&spinner, 0);
    bind(&person);
    root_sleeps();
    static uint64_t got[4000]; // what the Network band had, every 0.05 ms
    uint64_t last = ran(spinner.thread), piece = 0;
    for (uint32_t i = 0; i < 4000; i++) {
        // Sometimes the Person thread pauses, in the worst moments.
        if (i % 1000 == 800 && current(0) == person.thread) {
            CHECK(sleep_on(&person, 0, arch_time_now() + (i / 1000) * MS / 5));
        }
        pass(MS / 20);
        uint64_t now = ran(spinner.thread);
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
    close_to(sum, 30 * MS * 5 / 100, MS / 2);
    world_audit();
}

TEST(the_person_band_runs_first) {
    CHECK(host_passes(person_preempts));
    CHECK(host_passes(budget_is_used_up_and_comes_back));
    CHECK(host_passes(network_keeps_its_share));
}

// ------------------------------------------------------------------------- budgets

static enum status try(uint64_t source, uint64_t nanoseconds, uint64_t period, uint64_t harts,
                       uint64_t count) {
    return CALL(world_root, nullptr, budget_carve, world_named("reticle"), source, nanoseconds,
                period, harts, count);
}

static void shares_add_up(void) {
    boot(2);
    struct world_shape before = world_shape();
    uint64_t all = world_named("budget"), half = carve(all, 5 * MS, 10 * MS);
    CHECK_EQ(try(all, 6 * MS, 10 * MS, 0, 0), STATUS_FULL);
    CHECK_EQ(try(half, 6 * MS, 10 * MS, 0, 0), STATUS_FULL);
    CHECK_EQ(try(all, 0, 10 * MS, 0, 0), STATUS_BAD_ARGUMENT);
    CHECK_EQ(try(all, BUDGET_LEAST - 1, 10 * MS, 0, 0), STATUS_BAD_ARGUMENT);
    CHECK_EQ(try(all, MS, MS - 1, 0, 0), STATUS_BAD_ARGUMENT);
    CHECK_EQ(try(all, MS, BUDGET_PERIOD_MOST + 1, 0, 0), STATUS_BAD_ARGUMENT);
    CHECK_EQ(try(all, 2 * MS, MS, 0, 0), STATUS_BAD_ARGUMENT);
    CHECK_EQ(try(all, MS, 10 * MS, 0x30000000, 1), STATUS_BAD_ADDRESS);
    CHECK_EQ(try(all, MS, 10 * MS, 0, BOOT_HARTS + 1), STATUS_BAD_ARGUMENT);
    uint64_t part = carve(half, 5 * MS, 10 * MS), rest = carve(all, MS, 2 * MS);
    CHECK_EQ(try(half, MS, 10 * MS, 0, 0), STATUS_FULL);
    world_audit();
    // A part dies with its source, and what it had comes back to where that was carved.
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, half), STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, handle_info, part), STATUS_BAD_HANDLE);
    half = carve(all, 5 * MS, 10 * MS);
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, half), STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, rest), STATUS_OK);
    world_audit();
    struct world_shape after = world_shape();
    CHECK(world_shape_equal(&before, &after));
}

static void harts_of_a_budget(void) {
    struct world_task task;
    boot(3);
    uint64_t all = world_named("budget"), budget = 0;
    CHECK(world_run(world_root));
    uint32_t wanted[] = {2, 2}, none[] = {3};
    uint64_t at = 0x2000000; // the root's own memory
    CHECK(host_user_write(world_root->hart->index, at, none, sizeof none));
    CHECK_EQ(try(all, MS, 10 * MS, at, 1), STATUS_BAD_ARGUMENT);
    CHECK(world_run(world_root));
    CHECK(host_user_write(world_root->hart->index, at, wanted, sizeof wanted));
    CHECK_EQ(CALL(world_root, &budget, budget_carve, world_named("reticle"), all, 9 * MS, 10 * MS,
                  at, 2),
             STATUS_OK);
    // Others are untouched, and no part of it can have another hart.
    CHECK_EQ(try(all, 2 * MS, 10 * MS, at, 1), STATUS_FULL);
    CHECK(world_run(world_root));
    wanted[0] = 1;
    CHECK(host_user_write(world_root->hart->index, at, wanted, sizeof wanted));
    CHECK_EQ(try(all, 10 * MS, 10 * MS, at, 1), STATUS_OK);
    CHECK_EQ(try(budget, MS, 10 * MS, at, 1), STATUS_BAD_ARGUMENT);
    // Who is bound goes there: a thread that runs, one that waits, and one that is new.
    make(&task, budget);
    uint64_t handle, waits, fresh;
    struct thread *other = more(&task, &handle), *sleeper = more(&task, &waits);
    CHECK_EQ(CALL(sleeper, nullptr, signal_wait, 1, arch_time_now() + 30 * MS), WORLD_BLOCKED);
    uint64_t own = world_granted(&task, "budget");
    CHECK_EQ(CALL(task.thread, nullptr, budget_bind, own, 0), STATUS_OK);
    CHECK_EQ(CALL(task.thread, nullptr, budget_bind, own, handle), STATUS_OK);
    CHECK_EQ(CALL(task.thread, nullptr, budget_bind, own, waits), STATUS_OK);
    CHECK_EQ(CALL(task.thread, &fresh, thread_carve, 0, PROGRAM_BASE, STACK_TOP), STATUS_OK);
    CHECK_EQ(CALL(task.thread, nullptr, budget_bind, own, fresh), STATUS_OK);
    CHECK_EQ(CALL(task.thread, nullptr, thread_start, fresh), STATUS_OK);
    pass(40 * MS);
    CHECK_EQ(task.thread->hart->index, 2);
    CHECK_EQ(other->hart->index, 2);
    CHECK_EQ(sleeper->hart->index, 2);
    CHECK_EQ(thread_of(task.task, fresh)->hart->index, 2);
    world_audit();
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, budget), STATUS_OK);
    CHECK(task.thread->budget == nullptr);
    world_audit();
}

TEST(budgets_are_parts_of_one) {
    CHECK(host_passes(shares_add_up));
    CHECK(host_passes(harts_of_a_budget));
}

// --------------------------------------------------------------------------- loans

// A client with a budget, a server without, and two that compute all the time.
static struct world_task client, server, noise[2];

static void four(uint64_t nanoseconds) {
    boot(1);
    pair(&client, carve(world_named("budget"), nanoseconds, 10 * MS), &server, 0);
    make(&noise[0], 0);
    make(&noise[1], 0);
    bind(&client);
    root_sleeps();
}

// The server is asleep, and is rung.
static void a_call_runs_the_server(void) {
    four(4 * MS);
    uint64_t ring = world_granted(&client, "ring");
    CHECK(sleep_on(&server, 0, TIME_NEVER));
    align();
    CHECK_EQ(current(0), client.thread);
    uint64_t left = (uint64_t)client.thread->budget->account[0].left;
    CHECK_EQ(CALL(client.thread, nullptr, doorbell_wait, ring, BIT, TIME_NEVER), WORLD_BLOCKED);
    CHECK_EQ(current(0), server.thread);
    CHECK_EQ(server.thread->loan, client.thread->budget);
    CHECK_EQ(server.thread->hart->runs_person, true);
    pass(MS);
    CHECK_EQ(current(0), server.thread);
    world_audit();
    // It answers: the client goes on, and the server is one of many again.
    CHECK_EQ(CALL(server.thread, nullptr, doorbell, world_granted(&server, "ring")), STATUS_OK);
    CHECK(server.thread->loan == nullptr);
    CHECK_EQ(current(0), client.thread);
    CHECK_EQ(server.thread->state, THREAD_READY);
    close_to((uint64_t)client.thread->budget->account[0].left, left - MS, MS / 10);
    world_audit();
}

// The server is awake already, somewhere in the queue.
static void a_wait_runs_a_server_that_is_awake(void) {
    four(4 * MS);
    uint64_t ring = world_granted(&client, "ring");
    align();
    CHECK_EQ(current(0), client.thread);
    CHECK_EQ(server.thread->state, THREAD_READY);
    CHECK(sleep_on(&client, ring, arch_time_now() + 2 * MS));
    CHECK_EQ(current(0), server.thread);
    world_audit();
    uint64_t at = ran(server.thread);
    pass(2 * MS); // the deadline takes the loan back
    CHECK_EQ(ran(server.thread) - at, 2 * MS);
    CHECK_EQ(current(0), client.thread);
    CHECK(server.thread->loan == nullptr);
    world_audit();
}

// The loan lasts as long as the budget; then the next period.
static void a_loan_is_used_up(void) {
    four(MS);
    uint64_t ring = world_granted(&client, "ring");
    align();
    CHECK(sleep_on(&client, ring, TIME_NEVER));
    uint64_t at = arch_time_now();
    for (uint32_t i = 0; i < 5; i++) {
        CHECK_EQ(current(0), server.thread);
        pass_until(at + i * 10 * MS + MS);
        CHECK(!hart_at(0)->runs_person);
        pass_until(at + (i + 1) * 10 * MS);
    }
    world_audit();
}

// The budget dies while it is lent.
static void what_is_lent_is_taken_away(void) {
    boot(1);
    uint64_t budget = carve(world_named("budget"), 5 * MS, 10 * MS);
    pair(&client, budget, &server, 0);
    make(&noise[0], 0);
    bind(&client);
    align();
    CHECK(sleep_on(&client, world_granted(&client, "ring"), TIME_NEVER));
    CHECK(server.thread->loan == client.thread->budget);
    world_audit();
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, budget), STATUS_OK);
    CHECK(client.thread->budget == nullptr && client.thread->lends_to == nullptr);
    CHECK(server.thread->loan == nullptr);
    CHECK_EQ(client.thread->state, THREAD_WAITING);
    world_audit();
}

// By futex, threads of one Task: each waits for the next, the first one has a budget.
static void chain(uint32_t threads, bool circle) {
    struct world_task task;
    struct thread *thread[8];
    uint64_t handle[8] = {};
    boot(1);
    make(&task, carve(world_named("budget"), 5 * MS, 10 * MS));
    make(&noise[0], 0);
    thread[0] = task.thread;
    for (uint32_t i = 1; i < threads; i++) {
        thread[i] = more(&task, &handle[i]);
    }
    uint64_t budget = world_granted(&task, "budget");
    root_sleeps();
    align();
    // From the far end: all of them wait before there is anything to lend.
    for (uint32_t i = threads - 1; i-- != 1;) {
        CHECK_EQ(
            CALL(thread[i], nullptr, futex_wait, WORLD_DATA + 64, 0, TIME_NEVER, handle[i + 1]),
            WORLD_BLOCKED);
    }
    if (circle) {
        CHECK_EQ(CALL(thread[threads - 1], nullptr, futex_wait, WORLD_DATA + 64, 0, TIME_NEVER,
                      handle[1]),
                 WORLD_BLOCKED);
    }
    CHECK_EQ(CALL(thread[0], nullptr, budget_bind, budget, 0), STATUS_OK);
    CHECK_EQ(CALL(thread[0], nullptr, futex_wait, WORLD_DATA + 128, 0, arch_time_now() + 30 * MS,
                  handle[1]),
             WORLD_BLOCKED);
    world_audit();
    for (uint32_t i = 1; i < threads; i++) {
        CHECK((thread[i]->loan != nullptr) == (i <= LOAN_DEPTH));
    }
    if (!circle && threads - 1 <= LOAN_DEPTH) {
        align();
        CHECK_EQ(current(0), thread[threads - 1]);
    }
    // The end of the first wait takes all of it back, hop by hop, circle or not.
    pass(50 * MS);
    for (uint32_t i = 0; i < threads; i++) {
        CHECK(thread[i]->loan == nullptr);
        CHECK(thread[i]->lends_to == nullptr);
    }
    CHECK_EQ(thread[0]->budget->loans, 0);
    world_audit();
}

static void chain_of_three(void) {
    chain(3, false);
}
static void chain_of_five(void) {
    chain(5, false);
}
static void chain_too_long(void) {
    chain(8, false);
}
static void circle_of_two(void) {
    chain(3, true);
}
static void circle_of_six(void) {
    chain(7, true);
}

// Two lend to one: when the first has nothing left the second pays.
static void two_lenders(void) {
    struct world_task task;
    boot(1);
    uint64_t all = world_named("budget");
    uint64_t small = carve(all, MS, 10 * MS), large = carve(all, 3 * MS, 10 * MS);
    make(&task, 0);
    uint64_t handle[2] = {};
    struct thread *threads[2] = {more(&task, &handle[0]), more(&task, &handle[1])};
    make(&noise[0], 0);
    struct object *a = &budget_at(small)->object, *b = &budget_at(large)->object;
    root_sleeps();
    align();
    lock_acquire(&books);
    host_select(0);
    budget_bind((struct budget *)a, task.thread);
    budget_bind((struct budget *)b, threads[0]);
    lock_release(&books);
    host_settle();
    CHECK_EQ(CALL(task.thread, nullptr, futex_wait, WORLD_DATA + 64, 0, TIME_NEVER, handle[1]),
             WORLD_BLOCKED);
    CHECK_EQ(CALL(threads[0], nullptr, futex_wait, WORLD_DATA + 64, 0, TIME_NEVER, handle[1]),
             WORLD_BLOCKED);
    align();
    CHECK_EQ(current(0), threads[1]);
    CHECK_EQ(threads[1]->loan, (struct budget *)a);
    pass(MS);
    CHECK_EQ(current(0), threads[1]);
    CHECK_EQ(threads[1]->loan, (struct budget *)b);
    pass(3 * MS);
    CHECK(!hart_at(0)->runs_person);
    align();
    CHECK(current(0) == threads[1] && hart_at(0)->runs_person);
    world_audit();
    // The receiver dies: nobody lends any more, and both wait on.
    CHECK_EQ(CALL(threads[1], nullptr, thread_exit), WORLD_BLOCKED);
    root_wakes();
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, task.reticle), STATUS_OK);
    world_audit();
}

TEST(who_is_waited_for_runs_on_what_the_waiter_has) {
    CHECK(host_passes(a_call_runs_the_server));
    CHECK(host_passes(a_wait_runs_a_server_that_is_awake));
    CHECK(host_passes(a_loan_is_used_up));
    CHECK(host_passes(what_is_lent_is_taken_away));
    CHECK(host_passes(chain_of_three));
    CHECK(host_passes(chain_of_five));
    CHECK(host_passes(chain_too_long));
    CHECK(host_passes(circle_of_two));
    CHECK(host_passes(circle_of_six));
    CHECK(host_passes(two_lenders));
}

static void lender_dies(void) {
    four(4 * MS);
    align();
    CHECK(sleep_on(&client, world_granted(&client, "ring"), TIME_NEVER));
    CHECK_EQ(current(0), server.thread);
    root_wakes();
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, client.reticle), STATUS_OK);
    CHECK(server.thread->loan == nullptr);
    world_audit();
}

static void receiver_dies(void) {
    four(4 * MS);
    align();
    CHECK(sleep_on(&client, world_granted(&client, "ring"), TIME_NEVER));
    root_wakes();
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, server.reticle), STATUS_OK);
    CHECK(client.thread->lends_to == nullptr);
    CHECK_EQ(client.thread->state, THREAD_WAITING);
    world_audit();
}

TEST(death_ends_a_loan) {
    CHECK(host_passes(lender_dies));
    CHECK(host_passes(receiver_dies));
}

// --------------------------------------------------------------------------- slack

static void late_deadlines_come_together(void) {
    struct world_task task;
    boot(1);
    make(&task, 0);
    struct thread *threads[3] = {task.thread, more(&task, nullptr), more(&task, nullptr)};
    uint64_t now = arch_time_now() + 20 * MS;
    // The second may be late and goes with the first; the third must not wait for either.
    CHECK_EQ(CALL(threads[0], nullptr, signal_wait, 1, now + 8 * MS, 0), WORLD_BLOCKED);
    CHECK_EQ(CALL(threads[1], nullptr, signal_wait, 1, now + 5 * MS, 10 * MS), WORLD_BLOCKED);
    CHECK_EQ(CALL(threads[2], nullptr, signal_wait, 1, now + 6 * MS, 0), WORLD_BLOCKED);
    root_sleeps();
    struct words words;
    pass_until(now + 6 * MS - 1);
    CHECK(!world_returned(threads[1], &words) && !world_returned(threads[2], &words));
    pass_until(now + 6 * MS);
    CHECK(world_returned(threads[2], &words) && words.a[0] == STATUS_TIMED_OUT);
    pass_until(now + 8 * MS);
    CHECK(world_returned(threads[0], &words) && words.a[0] == STATUS_TIMED_OUT);
    CHECK(world_returned(threads[1], &words) && words.a[0] == STATUS_TIMED_OUT);
    // Slack without end: it waits for the next timer of anybody.
    now = arch_time_now();
    CHECK_EQ(CALL(threads[0], nullptr, signal_wait, 1, now + 9 * MS, UINT64_MAX), WORLD_BLOCKED);
    CHECK_EQ(CALL(threads[1], nullptr, signal_wait, 1, now + 12 * MS, 0), WORLD_BLOCKED);
    CHECK_EQ(CALL(threads[2], nullptr, signal_wait, 1, TIME_NEVER, 0), WORLD_BLOCKED);
    pass_until(now + 20 * MS);
    CHECK(world_returned(threads[0], &words) && world_returned(threads[1], &words));
    world_audit();
}

TEST(slack_lets_deadlines_come_together) {
    CHECK(host_passes(late_deadlines_come_together));
}

// ----------------------------------------------------------------------- many harts

static void spread(uint32_t harts) {
    struct world_task task;
    boot(harts);
    make(&task, 0);
    // All of them wake on one hart: each goes where less is to do, within a turn each.
    struct thread *threads[16];
    uint32_t count = 2 * harts - 1;
    for (uint32_t i = 0; i < count; i++) {
        threads[i] = more(&task, nullptr);
    }
    CHECK_EQ(CALL(task.thread, nullptr, signal_wait, 1, TIME_NEVER), WORLD_BLOCKED);
    root_sleeps();
    pass((count + 4) * SCHEDULE_SLICE);
    for (uint32_t i = 0; i < harts; i++) {
        CHECK(hart_at(i)->load >= 1 && hart_at(i)->load <= 2);
    }
    // Half of them go away; the rest share the harts out again.
    for (uint32_t i = 0; i < count; i++) {
        if (threads[i]->hart->index < harts / 2) {
            CHECK_EQ(CALL(threads[i], nullptr, thread_exit), WORLD_BLOCKED);
        }
    }
    pass((count + 4) * SCHEDULE_SLICE);
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
