// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Budgets, whom they pay for, and loans: who is waited for runs on what the waiter has.
#include "kernel/budget.h"

#include "kernel/futex.h"
#include "kernel/schedule.h"
#include "kernel/signal.h"
#include "kernel/tests/band.h"
#include "tests/unit.h"

UNIT_MAIN

// ------------------------------------------------------------------------- budgets

static enum status try(uint64_t source, uint64_t nanoseconds, uint64_t period, uint64_t harts,
                       uint64_t count) {
    return CALL(world_root, nullptr, budget_carve, world_named("reticle"), source, nanoseconds,
                period, harts, count);
}

static void shares_add_up(void) {
    band_boot(2);
    struct world_shape before = world_shape();
    uint64_t all = world_named("budget"), half = band_carve(all, 5 * MS, 10 * MS);
    CHECK_EQ(try(all, 6 * MS, 10 * MS, 0, 0), STATUS_FULL);
    CHECK_EQ(try(half, 6 * MS, 10 * MS, 0, 0), STATUS_FULL);
    CHECK_EQ(try(all, 0, 10 * MS, 0, 0), STATUS_BAD_ARGUMENT);
    CHECK_EQ(try(all, BUDGET_LEAST - 1, 10 * MS, 0, 0), STATUS_BAD_ARGUMENT);
    CHECK_EQ(try(all, MS, MS - 1, 0, 0), STATUS_BAD_ARGUMENT);
    CHECK_EQ(try(all, MS, BUDGET_PERIOD_MOST + 1, 0, 0), STATUS_BAD_ARGUMENT);
    CHECK_EQ(try(all, 2 * MS, MS, 0, 0), STATUS_BAD_ARGUMENT);
    CHECK_EQ(try(all, MS, 10 * MS, 0x30000000, 1), STATUS_BAD_ADDRESS);
    CHECK_EQ(try(all, MS, 10 * MS, 0, BOOT_HARTS + 1), STATUS_BAD_ARGUMENT);
    uint64_t part = band_carve(half, 5 * MS, 10 * MS), rest = band_carve(all, MS, 2 * MS);
    CHECK_EQ(try(half, MS, 10 * MS, 0, 0), STATUS_FULL);
    world_audit();
    // A part dies with its source, and what it had comes back to where that was carved.
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, half), STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, handle_info, part), STATUS_BAD_HANDLE);
    half = band_carve(all, 5 * MS, 10 * MS);
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, half), STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, rest), STATUS_OK);
    world_audit();
    struct world_shape after = world_shape();
    CHECK(world_shape_equal(&before, &after));
}

// Each keeps as much of it as the smallest budget has.
static void threads_of_a_budget(void) {
    struct world_task task;
    uint64_t handle = 0;
    band_boot(2);
    uint64_t budget = band_carve(world_named("budget"), 3 * BUDGET_LEAST, MS);
    band_task(&task, budget);
    uint64_t own = world_granted(&task, "budget");
    struct thread *second = band_thread(&task, &handle);
    CHECK_EQ(CALL(task.thread, nullptr, budget_bind, own, 0), STATUS_OK);
    CHECK_EQ(CALL(task.thread, nullptr, budget_bind, own, handle), STATUS_OK);
    CHECK_EQ(CALL(task.thread, nullptr, budget_bind, own, handle), STATUS_OK);
    CHECK_EQ(try(budget, 2 * BUDGET_LEAST, MS, 0, 0), STATUS_FULL);
    uint64_t part = band_carve(budget, BUDGET_LEAST, MS);
    CHECK_EQ(CALL(world_root, nullptr, budget_bind, budget, 0), STATUS_FULL);
    CHECK_EQ(CALL(second, nullptr, thread_exit), WORLD_BLOCKED);
    CHECK_EQ(CALL(task.thread, nullptr, handle_drop, handle), STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, budget_bind, budget, 0), STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, part), STATUS_OK);
    CHECK_EQ(band_budget(budget)->threads, 2);
    world_audit();
}

static void harts_of_a_budget(void) {
    struct world_task task;
    band_boot(3);
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
    band_task(&task, budget);
    uint64_t handle, waits, fresh;
    struct thread *other = band_thread(&task, &handle), *sleeper = band_thread(&task, &waits);
    CHECK_EQ(CALL(sleeper, nullptr, signal_wait, 1, arch_time_now() + 30 * MS), WORLD_BLOCKED);
    uint64_t own = world_granted(&task, "budget");
    CHECK_EQ(CALL(task.thread, nullptr, budget_bind, own, 0), STATUS_OK);
    CHECK_EQ(CALL(task.thread, nullptr, budget_bind, own, handle), STATUS_OK);
    CHECK_EQ(CALL(task.thread, nullptr, budget_bind, own, waits), STATUS_OK);
    CHECK_EQ(CALL(task.thread, &fresh, thread_carve, 0, PROGRAM_BASE, STACK_TOP), STATUS_OK);
    CHECK_EQ(CALL(task.thread, nullptr, budget_bind, own, fresh), STATUS_OK);
    CHECK_EQ(CALL(task.thread, nullptr, thread_start, fresh), STATUS_OK);
    band_pass(40 * MS);
    CHECK_EQ(task.thread->hart->index, 2);
    CHECK_EQ(other->hart->index, 2);
    CHECK_EQ(sleeper->hart->index, 2);
    CHECK_EQ(world_thread_of(&task, fresh)->hart->index, 2);
    world_audit();
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, budget), STATUS_OK);
    CHECK(task.thread->budget == nullptr);
    world_audit();
}

TEST(budgets_are_parts_of_one) {
    CHECK(host_passes(shares_add_up));
    CHECK(host_passes(threads_of_a_budget));
    CHECK(host_passes(harts_of_a_budget));
}

// --------------------------------------------------------------------------- loans

// A client with a budget, a server without, and two that compute all the time.
static struct world_task client, server, noise[2];

static void four(uint64_t nanoseconds) {
    band_boot(1);
    band_pair(&client, band_carve(world_named("budget"), nanoseconds, 10 * MS), &server, 0);
    band_task(&noise[0], 0);
    band_task(&noise[1], 0);
    band_bind(&client);
    band_root_sleeps();
}

// The server is asleep, and is rung.
static void a_call_runs_the_server(void) {
    four(4 * MS);
    uint64_t ring = world_granted(&client, "ring");
    CHECK(band_wait(&server, 0, TIME_NEVER));
    band_align();
    CHECK_EQ(band_current(0), client.thread);
    uint64_t left = (uint64_t)client.thread->budget->account[0].left;
    CHECK_EQ(CALL(client.thread, nullptr, doorbell_wait, ring, BIT, TIME_NEVER), WORLD_BLOCKED);
    CHECK_EQ(band_current(0), server.thread);
    CHECK_EQ(server.thread->loan, client.thread->budget);
    CHECK_EQ(server.thread->hart->runs_person, true);
    band_pass(MS);
    CHECK_EQ(band_current(0), server.thread);
    world_audit();
    // It answers: the client goes on, and the server is one of many again.
    CHECK_EQ(CALL(server.thread, nullptr, doorbell, world_granted(&server, "ring")), STATUS_OK);
    CHECK(server.thread->loan == nullptr);
    CHECK_EQ(band_current(0), client.thread);
    CHECK_EQ(server.thread->state, THREAD_READY);
    band_close((uint64_t)client.thread->budget->account[0].left, left - MS, MS / 10);
    world_audit();
}

// The server is awake already, somewhere in the queue.
static void a_wait_runs_a_server_that_is_awake(void) {
    four(4 * MS);
    uint64_t ring = world_granted(&client, "ring");
    band_align();
    CHECK_EQ(band_current(0), client.thread);
    CHECK_EQ(server.thread->state, THREAD_READY);
    CHECK(band_wait(&client, ring, arch_time_now() + 2 * MS));
    CHECK_EQ(band_current(0), server.thread);
    world_audit();
    uint64_t at = band_ran(server.thread);
    band_pass(2 * MS); // the deadline takes the loan back
    CHECK_EQ(band_ran(server.thread) - at, 2 * MS);
    CHECK_EQ(band_current(0), client.thread);
    CHECK(server.thread->loan == nullptr);
    world_audit();
}

// The loan lasts as long as the budget; then the next period.
static void a_loan_is_used_up(void) {
    four(MS);
    uint64_t ring = world_granted(&client, "ring");
    band_align();
    CHECK(band_wait(&client, ring, TIME_NEVER));
    uint64_t at = arch_time_now();
    for (uint32_t i = 0; i < 5; i++) {
        CHECK_EQ(band_current(0), server.thread);
        band_pass_until(at + i * 10 * MS + MS);
        CHECK(!hart_at(0)->runs_person);
        band_pass_until(at + (i + 1) * 10 * MS);
    }
    world_audit();
}

// The budget dies while it is lent.
static void what_is_lent_is_taken_away(void) {
    band_boot(1);
    uint64_t budget = band_carve(world_named("budget"), 5 * MS, 10 * MS);
    band_pair(&client, budget, &server, 0);
    band_task(&noise[0], 0);
    band_bind(&client);
    band_align();
    CHECK(band_wait(&client, world_granted(&client, "ring"), TIME_NEVER));
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
    band_boot(1);
    band_task(&task, band_carve(world_named("budget"), 5 * MS, 10 * MS));
    band_task(&noise[0], 0);
    thread[0] = task.thread;
    for (uint32_t i = 1; i < threads; i++) {
        thread[i] = band_thread(&task, &handle[i]);
    }
    uint64_t budget = world_granted(&task, "budget");
    band_root_sleeps();
    band_align();
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
        band_align();
        CHECK_EQ(band_current(0), thread[threads - 1]);
    }
    // The end of the first wait takes all of it back, hop by hop, circle or not.
    band_pass(50 * MS);
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
    band_boot(1);
    uint64_t all = world_named("budget");
    uint64_t small = band_carve(all, MS, 10 * MS), large = band_carve(all, 3 * MS, 10 * MS);
    band_task(&task, 0);
    uint64_t handle[2] = {};
    struct thread *threads[2] = {band_thread(&task, &handle[0]), band_thread(&task, &handle[1])};
    band_task(&noise[0], 0);
    struct object *a = &band_budget(small)->object, *b = &band_budget(large)->object;
    band_root_sleeps();
    band_align();
    lock_acquire(&books);
    host_select(0);
    CHECK_EQ(budget_bind((struct budget *)a, task.thread), STATUS_OK);
    CHECK_EQ(budget_bind((struct budget *)b, threads[0]), STATUS_OK);
    lock_release(&books);
    host_settle();
    CHECK_EQ(CALL(task.thread, nullptr, futex_wait, WORLD_DATA + 64, 0, TIME_NEVER, handle[1]),
             WORLD_BLOCKED);
    CHECK_EQ(CALL(threads[0], nullptr, futex_wait, WORLD_DATA + 64, 0, TIME_NEVER, handle[1]),
             WORLD_BLOCKED);
    band_align();
    CHECK_EQ(band_current(0), threads[1]);
    CHECK_EQ(threads[1]->loan, (struct budget *)a);
    band_pass(MS);
    CHECK_EQ(band_current(0), threads[1]);
    CHECK_EQ(threads[1]->loan, (struct budget *)b);
    band_pass(3 * MS);
    CHECK(!hart_at(0)->runs_person);
    band_align();
    CHECK(band_current(0) == threads[1] && hart_at(0)->runs_person);
    world_audit();
    // The receiver dies: nobody lends any more, and both wait on.
    CHECK_EQ(CALL(threads[1], nullptr, thread_exit), WORLD_BLOCKED);
    band_root_wakes();
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
    band_align();
    CHECK(band_wait(&client, world_granted(&client, "ring"), TIME_NEVER));
    CHECK_EQ(band_current(0), server.thread);
    band_root_wakes();
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, client.reticle), STATUS_OK);
    CHECK(server.thread->loan == nullptr);
    world_audit();
}

static void receiver_dies(void) {
    four(4 * MS);
    band_align();
    CHECK(band_wait(&client, world_granted(&client, "ring"), TIME_NEVER));
    band_root_wakes();
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, server.reticle), STATUS_OK);
    CHECK(client.thread->lends_to == nullptr);
    CHECK_EQ(client.thread->state, THREAD_WAITING);
    world_audit();
}

TEST(death_ends_a_loan) {
    CHECK(host_passes(lender_dies));
    CHECK(host_passes(receiver_dies));
}

// ------------------------------------------------------------------------- many of them

// So many lenders are looked at as an entry may take: the last one, which has something left,
// is too far behind.
static void many_lenders_without_anything_left(void) {
    constexpr uint32_t MANY = 12;
    struct world_task task;
    uint64_t handle = 0;
    band_boot(1);
    uint64_t used_up = band_carve(world_named("budget"), MS, 10 * MS);
    uint64_t more = band_carve(world_named("budget"), 5 * MS, 10 * MS);
    band_task(&task, 0);
    band_task(&noise[0], 0);
    struct thread *receiver = band_thread(&task, &handle), *lenders[MANY];
    for (uint32_t i = 0; i < MANY; i++) {
        lenders[i] = band_thread(&task, nullptr);
    }
    band_root_sleeps();
    for (uint32_t i = 0; i < MANY; i++) {
        CHECK_EQ(CALL(lenders[i], nullptr, futex_wait, WORLD_DATA + 64, 0, TIME_NEVER, handle),
                 WORLD_BLOCKED);
    }
    CHECK_EQ(CALL(task.thread, nullptr, signal_wait, 1, TIME_NEVER), WORLD_BLOCKED);
    for (uint32_t i = 0; i < MANY; i++) {
        band_bind_to(band_budget(i == MANY - 1 ? more : used_up), lenders[i]);
        band_align(); // its hart hears of it
    }
    CHECK(band_current(0) == receiver && hart_at(0)->runs_person);
    band_pass(MS);
    CHECK(!hart_at(0)->runs_person);
    world_audit();
    uint64_t before = band_ran(receiver);
    band_pass(9 * MS);
    CHECK(band_ran(receiver) - before <= 9 * MS / 2 + SCHEDULE_SLICE);
    CHECK(band_current(0) == receiver && hart_at(0)->runs_person);
    world_audit();
}

// Its own Task is all that a wait on a futex lends to.
static void a_thread_of_another_task_gets_nothing(void) {
    uint64_t other = 0, thread = 0;
    band_boot(1);
    uint64_t reticle = world_named("reticle");
    CHECK_EQ(CALL(world_root, &other, task_carve, reticle), STATUS_OK);
    CHECK_EQ(CALL(world_root, &thread, thread_carve, other, PROGRAM_BASE, 0), STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, budget_bind, world_named("budget"), 0), STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, futex_wait, 0x2000000, 0, arch_time_now() + MS, thread),
             WORLD_BLOCKED);
    CHECK(world_root->lends_to == nullptr && world_root->budget->loans == 0);
    world_audit();
    band_pass(MS);
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, other), STATUS_OK);
    world_audit();
}

// Nor does one that has ended, whose handle is still there.
static void a_thread_that_has_ended_gets_nothing(void) {
    struct world_task task;
    uint64_t handle = 0;
    band_boot(1);
    band_task(&task, world_named("budget"));
    struct thread *ended = band_thread(&task, &handle);
    CHECK_EQ(CALL(ended, nullptr, thread_exit, 0), WORLD_BLOCKED);
    band_bind(&task);
    CHECK_EQ(CALL(task.thread, nullptr, futex_wait, WORLD_DATA, 0, TIME_NEVER, handle),
             WORLD_BLOCKED);
    CHECK(ended->lenders == nullptr && task.thread->lends_to == nullptr);
    CHECK_EQ(task.thread->budget->loans, 0);
    world_audit();
}

TEST(what_cannot_be_lent) {
    CHECK(host_passes(many_lenders_without_anything_left));
    CHECK(host_passes(a_thread_of_another_task_gets_nothing));
    CHECK(host_passes(a_thread_that_has_ended_gets_nothing));
}

// ------------------------------------------------------------------------- and death

// A part is on its way out, thread by thread, when its source is asked to go.
static void a_source_waits_for_its_parts(void) {
    constexpr uint32_t MANY = 5;
    struct world_task task;
    struct thread *threads[MANY];
    uint64_t pool = 0, source = 0, part = 0;
    band_boot(1);
    struct world_shape before = world_shape();
    uint32_t share = world_root->task->table.used;
    CHECK_EQ(CALL(world_root, &pool, reticle_split, world_named("reticle"), 64 * PAGE_SIZE),
             STATUS_OK);
    CHECK_EQ(
        CALL(world_root, &source, budget_carve, pool, world_named("budget"), 8 * MS, 10 * MS, 0, 0),
        STATUS_OK);
    CHECK_EQ(CALL(world_root, &part, budget_carve, pool, source, MS, 10 * MS, 0, 0), STATUS_OK);
    band_task(&task, 0);
    for (uint32_t i = 0; i < MANY; i++) {
        threads[i] = band_thread(&task, nullptr);
        band_bind_to(band_budget(part), threads[i]);
    }
    world_audit();
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, pool), STATUS_OK);
    for (uint32_t i = 0; i < MANY; i++) {
        CHECK(threads[i]->budget == nullptr);
    }
    world_audit();
    // All of it is there again.
    source = band_carve(world_named("budget"), 10 * MS, 10 * MS);
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, source), STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, task.reticle), STATUS_OK);
    CHECK_EQ(world_root->task->table.used, share);
    struct world_shape after = world_shape();
    CHECK(world_shape_equal(&before, &after));
    world_audit();
}

TEST(parts_die_before_their_source) {
    CHECK(host_passes(a_source_waits_for_its_parts));
}

// ------------------------------------------------------------------------- several harts

// Who was stopped goes on where its budget is.
static void resumed_elsewhere(void) {
    struct world_task task;
    band_boot(2);
    band_task(&task, 0);
    uint32_t here = task.thread->hart->index;
    uint64_t budget = band_carve_at(world_named("budget"), 5 * MS, 1 - here);
    CHECK_EQ(
        CALL(world_root, nullptr, thread_control, task.handle, task.thread->number, RESUME_STOP),
        STATUS_OK);
    CHECK_EQ(task.thread->state, THREAD_FAULTED);
    band_bind_to(band_budget(budget), task.thread);
    CHECK(task.thread->state == THREAD_FAULTED && task.thread->hart->index == here);
    CHECK_EQ(CALL(world_root, nullptr, thread_control, task.handle, task.thread->number,
                  RESUME_CONTINUE),
             STATUS_OK);
    CHECK(world_run(task.thread));
    CHECK_EQ(task.thread->hart->index, 1 - here);
    world_audit();
}

// The budget dies, and its epoch passes, while the harts of those that lend it idle and have
// not heard of it yet.
static void lent_on_harts_that_idle(void) {
    struct world_task task;
    uint64_t handle = 0;
    band_boot(3);
    struct world_shape before = world_shape();
    uint64_t made = band_carve(world_named("budget"), 5 * MS, 10 * MS);
    band_task(&task, 0);
    uint32_t root = world_root->hart->index, a = (root + 1) % 3, b = (root + 2) % 3;
    struct thread *lender = band_sleeper(&task, a, &handle);
    struct thread *receiver = band_sleeper(&task, b, &handle);
    CHECK_EQ(CALL(task.thread, nullptr, signal_wait, BIT, TIME_NEVER), WORLD_BLOCKED);
    struct budget *budget = band_budget(made);
    band_bind_to(budget, lender);
    band_raise(lender, BIT);
    CHECK_EQ(CALL(lender, nullptr, futex_wait, WORLD_DATA, 0, TIME_NEVER, handle), WORLD_BLOCKED);
    CHECK(receiver->loan == budget && budget->loans == 1);
    CHECK(world_run(world_root));
    CHECK(host_state_of(a) == HOST_IDLE && host_state_of(b) == HOST_IDLE);
    host_syscall(root, SYS_handle_drop, (uint64_t[6]){made});
    for (uint32_t i = 0; i < 20; i++) {
        (void)host_go(root);
    }
    // Nobody is bound to it, and it is lent: it waits, whatever epochs pass.
    CHECK(lender->budget == nullptr && budget->loans == 1 && receiver->loan == budget);
    CHECK(!object_live(&budget->object) && world_root->frame.restart);
    host_settle();
    struct words words;
    CHECK(world_returned(world_root, &words) && words.a[0] == STATUS_OK);
    CHECK(receiver->loan == nullptr && lender->lends_to == nullptr);
    world_audit();
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, task.reticle), STATUS_OK);
    struct world_shape after = world_shape();
    CHECK(world_shape_equal(&before, &after));
}

// One is in the inbox of its hart when what comes after it there sends it away.
static void sent_away_while_in_an_inbox(void) {
    struct world_task task;
    uint64_t handle = 0, other = 0;
    band_boot(3);
    uint64_t all = band_carve(world_named("budget"), MS, 10 * MS);
    band_task(&task, 0);
    uint32_t here = (world_root->hart->index + 1) % 3, there = (world_root->hart->index + 2) % 3;
    uint64_t elsewhere = band_carve_at(world_named("budget"), 5 * MS, there);
    struct thread *receiver = band_sleeper(&task, here, &handle);
    struct thread *lender = band_sleeper(&task, here, &other);
    struct thread *runs = band_sleeper(&task, here, &other);
    CHECK_EQ(CALL(task.thread, nullptr, signal_wait, BIT, TIME_NEVER), WORLD_BLOCKED);
    // One that has used up its budget waits for another, which is ready behind a third.
    band_bind_to(band_budget(all), lender);
    band_align();
    band_raise(lender, BIT);
    band_pass(2 * MS);
    CHECK_EQ(CALL(lender, nullptr, futex_wait, WORLD_DATA, 0, TIME_NEVER, handle), WORLD_BLOCKED);
    CHECK_EQ(receiver->loan, band_budget(all));
    band_raise(runs, BIT);
    band_raise(receiver, BIT);
    CHECK(band_current(here) == runs && receiver->state == THREAD_READY);
    // From another hart: the receiver gets a budget that leaves this one out, then the
    // lender, in front of it, is woken.
    lock_acquire(&books);
    host_select(there);
    CHECK_EQ(budget_bind(band_budget(elsewhere), receiver), STATUS_OK);
    CHECK(receiver->in_inbox && futex_wake(task.task, WORLD_DATA, 1) == 1);
    lock_release(&books);
    CHECK_EQ(hart_at(here)->inbox, lender);
    CHECK(host_go(here));
    CHECK_EQ(receiver->hart->index, there);
    CHECK_EQ(hart_at(there)->inbox, receiver);
    host_settle();
    CHECK(!receiver->in_inbox && band_current(there) == receiver);
    CHECK_EQ(hart_at(there)->placed, 0);
    world_audit();
}

TEST(budgets_and_several_harts) {
    CHECK(host_passes(resumed_elsewhere));
    CHECK(host_passes(lent_on_harts_that_idle));
    CHECK(host_passes(sent_away_while_in_an_inbox));
}
