// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The direct switch: when a request goes straight to the server that sleeps, and when it
// takes the long way, with the same outcome. The root asks; race_wake_test.c shows what
// comes between the looks of it.
#include "kernel/schedule.h"
#include "kernel/tests/band.h"
#include "kernel/trace.h"
#include "tests/unit.h"

UNIT_MAIN

constexpr uint64_t OTHER = 1 << 5; // a further bit
constexpr uint64_t SCENE_BYTES = 1 << 20;

static struct world_task server;
static uint64_t end, own; // of the connection: the root's, the server's

static const struct ring *world_ring(uint64_t handle) {
    const struct object *object =
        lookup_quick(&world_root->task->table, handle, CLASS_RING, RIGHT_RING_USE);
    CHECK(object != nullptr);
    return (const struct ring *)object;
}

// A server that sleeps until a request or its deadline comes, and the root in user mode.
static void scene(uint32_t harts) {
    uint64_t peer;
    band_boot(harts);
    world_pair(world_named("reticle"), 2, &end, &peer);
    struct world_grant grants[] = {{"ring", peer, RIGHT_ALL, false}};
    CHECK_EQ(world_task_make(&server, SCENE_BYTES, grants, 1), STATUS_OK);
    own = world_granted(&server, "ring");
    CHECK_EQ(CALL(server.thread, nullptr, ring_watch, own, 1, UINT64_MAX), STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, ring_watch, end, 1, UINT64_MAX), STATUS_OK);
    CHECK(band_wait(&server, 0, arch_time_now() + 100 * MS));
    CHECK(world_run(world_root));
}

// Sleeps until one of these comes; the root goes on.
static void sleep_for(struct thread *thread, uint64_t mask) {
    CHECK_EQ(CALL(thread, nullptr, signal_wait, mask, TIME_NEVER), WORLD_BLOCKED);
    CHECK(world_run(world_root));
}

static struct thread *root_thread(void) {
    struct world_task task = {.task = world_root->task, .thread = world_root};
    return band_thread(&task, nullptr);
}

// Whether one wakes the other straight: who is woken in steps gets a place in a queue.
static bool straight(const struct thread *from, struct thread *to, uint64_t handle, uint64_t mask,
                     uint64_t deadline) {
    const struct hart *hart = from->hart;
    to->turn = nullptr;
    host_syscall(hart->index, SYS_doorbell_wait, (uint64_t[6]){handle, mask, deadline});
    return to->turn == nullptr && hart->current == to && to->state == THREAD_RUNNING;
}

static bool asks(void) {
    return straight(world_root, server.thread, end, BIT, TIME_NEVER);
}

static void woken(struct thread *thread) {
    CHECK(world_run(thread));
    CHECK_EQ(thread->frame.arg[0], STATUS_OK);
    CHECK_EQ(thread->frame.arg[1], BIT);
    CHECK(!heap_has(&thread->timer) && thread->wanted == 0 && thread->signals == 0);
    world_audit();
}

// The request has arrived, and so does the answer.
static void asked(void) {
    CHECK_EQ(world_root->state, THREAD_WAITING);
    woken(server.thread);
    CHECK_EQ(CALL(server.thread, nullptr, doorbell_wait, own, BIT, TIME_NEVER), WORLD_BLOCKED);
    woken(world_root);
}

// ------------------------------------------------------------------------- straight

// User code sees the one base, and sets the other.
static void tls_is(uint64_t base, uint64_t next) {
    uint64_t seen;
    host_select(0);
    arch_tls_save(&seen);
    CHECK_EQ(seen, base);
    arch_tls_load(next);
}

static void there_and_back(void) {
    scene(1);
    const struct hart *hart = hart_at(0);
    uint64_t switches = hart->switches, ran = band_ran(world_root), before = arch_time_now();
    int64_t left = hart->turn_left - (int64_t)(before - hart->switched);
    tls_is(0, 1);
    CHECK(heap_has(&server.thread->timer));
    host_time_set(before + 1000);
    CHECK(straight(world_root, server.thread, end, BIT, before + 50 * MS));
    CHECK_EQ(hart->switches, switches + 1);
    CHECK(hart->current == server.thread && hart->loaded == server.thread && hart->load == 1);
    CHECK_EQ(hart->space.value, server.task->root.value);
    CHECK_EQ(world_root->ran, ran + 1000);
    CHECK_EQ(hart->since, arch_counter());
    CHECK_EQ(hart->turn_left - (int64_t)(arch_time_now() - hart->switched), left - 1000);
    tls_is(0, 2);
    CHECK(world_root->state == THREAD_WAITING && world_root->wanted == BIT);
    CHECK(world_root->awaits == end && world_root->deadline == before + 50 * MS);
    CHECK(heap_has(&world_root->timer));
    woken(server.thread);
    // The answer goes the same way, and so does all that follows, without deadlines.
    CHECK(straight(server.thread, world_root, own, BIT, TIME_NEVER));
    CHECK(!heap_has(&server.thread->timer));
    tls_is(1, 1);
    woken(world_root);
    CHECK(straight(world_root, server.thread, end, BIT, TIME_NEVER));
    tls_is(2, 2);
    woken(server.thread);
    CHECK_EQ(hart->switches, switches + 3);
}

static void nobody_answers(void) {
    scene(1);
    uint64_t deadline = arch_time_now() + MS;
    CHECK(straight(world_root, server.thread, end, BIT | OTHER, deadline));
    band_pass_until(deadline);
    CHECK(world_run(world_root));
    CHECK_EQ(world_root->frame.arg[0], STATUS_TIMED_OUT);
    CHECK_EQ(world_root->wanted, 0);
    world_audit();
}

// The two share one turn: it ends as if one of them had computed.
static void a_turn_is_shared(void) {
    scene(1);
    const struct thread *spinner = root_thread();
    CHECK(world_run(world_root));
    uint64_t turn_end = hart_at(0)->slice_end;
    CHECK(turn_end != TIME_NEVER && turn_end > arch_time_now());
    CHECK(asks());
    CHECK_EQ(hart_at(0)->slice_end, turn_end);
    band_pass_until(turn_end - 1);
    CHECK_EQ(band_current(0), server.thread);
    CHECK(straight(server.thread, world_root, own, BIT, TIME_NEVER));
    band_pass(1);
    CHECK_EQ(band_current(0), spinner);
    woken(world_root);
}

// Whoever is told something while it waits is not awake for the deadline of an earlier wait.
static void an_earlier_deadline_is_forgotten(void) {
    scene(1);
    uint64_t deadline = arch_time_now() + MS;
    CHECK_EQ(CALL(world_root, nullptr, signal_wait, OTHER, deadline), WORLD_BLOCKED);
    band_pass_until(deadline);
    CHECK(world_run(world_root));
    CHECK_EQ(world_root->frame.arg[0], STATUS_TIMED_OUT);
    struct budget *budget = band_budget(world_named("budget"));
    CHECK(asks());
    band_bind_to(budget, world_root);
    CHECK_EQ(CALL(server.thread, nullptr, signal_wait, OTHER, 0), STATUS_TIMED_OUT);
    CHECK_EQ(world_root->state, THREAD_WAITING);
    CHECK_EQ(CALL(server.thread, nullptr, doorbell_wait, own, BIT, TIME_NEVER), WORLD_BLOCKED);
    woken(world_root);
}

// It tells the tracer of a doorbell with its wait, and of the switch, and goes straight.
static void a_straight_one_is_traced(void) {
    uint64_t memory, machine;
    scene(1);
    machine = world_named("machine");
    CHECK_EQ(
        CALL(world_root, &memory, memory_carve, world_named("reticle"), PAGE_SIZE, PAGE_SHIFT, 0),
        STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, machine_control, machine, MACHINE_TRACE, memory), STATUS_OK);
    CHECK(world_run(world_root));
    const struct hart *hart = hart_at(0);
    const struct trace_record *record = hart->trace + hart->trace_at / sizeof *record;
    CHECK(asks());
    CHECK_EQ(record[0].sequence % 32, TRACE_CALL);
    CHECK_EQ(record[0].thread, trace_identity(world_root));
    CHECK_EQ(record[0].what[0], object_number(&world_ring(end)->object));
    CHECK_EQ(record[1].sequence % 32, TRACE_SWITCH);
    CHECK_EQ(record[1].thread, trace_identity(server.thread));
    CHECK_EQ(record[1].what[0], 1);
    woken(server.thread);
}

// Whom a handle rang is kept as long as all that says so is the same.
static void what_was_found_has_changed(void) {
    uint64_t copy;
    scene(1);
    CHECK_EQ(CALL(world_root, &copy, handle_copy, end, RIGHT_ALL), STATUS_OK);
    for (uint32_t i = 0; i < 2; i++) {
        CHECK(straight(world_root, server.thread, copy, BIT, TIME_NEVER));
        asked();
    }
    // Another bit.
    band_raise(server.thread, BIT);
    CHECK_EQ(CALL(server.thread, nullptr, ring_watch, own, 5, UINT64_MAX), STATUS_OK);
    sleep_for(server.thread, OTHER);
    CHECK(straight(world_root, server.thread, copy, BIT, TIME_NEVER));
    CHECK(world_run(server.thread));
    CHECK_EQ(server.thread->frame.arg[1], OTHER);
    CHECK_EQ(CALL(server.thread, nullptr, doorbell_wait, own, OTHER, TIME_NEVER), WORLD_BLOCKED);
    woken(world_root);
    // Another capability in the same slot, and then none.
    CHECK(straight(world_root, server.thread, copy, BIT, TIME_NEVER));
    CHECK(world_run(server.thread));
    CHECK_EQ(CALL(server.thread, nullptr, doorbell_wait, own, OTHER, TIME_NEVER), WORLD_BLOCKED);
    woken(world_root);
    uint64_t former = copy;
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, copy), STATUS_OK);
    CHECK_EQ(CALL(world_root, &copy, handle_copy, end, RIGHT_ALL & ~RIGHT_RING_USE), STATUS_OK);
    CHECK_EQ((copy ^ former) & HANDLE_SLOT_MASK, 0);
    for (uint32_t i = 0; i < 2; i++) {
        uint64_t handle = i == 0 ? former : copy;
        CHECK(!straight(world_root, server.thread, handle, BIT, TIME_NEVER));
        CHECK_EQ(world_root->frame.arg[0], i == 0 ? STATUS_BAD_HANDLE : STATUS_ACCESS);
        CHECK_EQ(server.thread->state, THREAD_WAITING);
    }
    world_audit();
}

TEST(a_request_goes_straight_to_who_sleeps) {
    CHECK(host_passes(what_was_found_has_changed));
    CHECK(host_passes(a_straight_one_is_traced));
    CHECK(host_passes(there_and_back));
    CHECK(host_passes(nobody_answers));
    CHECK(host_passes(a_turn_is_shared));
    CHECK(host_passes(an_earlier_deadline_is_forgotten));
}

// ------------------------------------------------------ what is wrong with the request

static void refused(uint64_t handle, uint64_t mask, enum status status) {
    CHECK(!straight(world_root, server.thread, handle, mask, TIME_NEVER));
    CHECK_EQ(world_root->frame.arg[0], status);
    CHECK(band_current(0) == world_root && server.thread->state == THREAD_WAITING);
    world_audit();
}

static void bad_handles(void) {
    uint64_t copy, bare, unbound;
    scene(1);
    CHECK_EQ(CALL(world_root, &copy, handle_copy, end, RIGHT_ALL), STATUS_OK);
    CHECK_EQ(CALL(world_root, &bare, handle_copy, end, RIGHT_ALL & ~RIGHT_RING_USE), STATUS_OK);
    CHECK_EQ(CALL(world_root, &unbound, ring_carve, world_named("reticle"), 2), STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, copy), STATUS_OK);
    refused(HANDLE_NONE, BIT, STATUS_BAD_HANDLE);
    refused(copy, BIT, STATUS_BAD_HANDLE);
    refused(end ^ UINT64_C(1) << HANDLE_SLOT_BITS, BIT, STATUS_BAD_HANDLE);
    refused(TABLE_SLOTS - 1, BIT, STATUS_BAD_HANDLE); // its page is not there
    refused((end & ~HANDLE_SLOT_MASK) | TABLE_SLOTS, BIT, STATUS_BAD_HANDLE);
    refused(UINT64_MAX, BIT, STATUS_BAD_HANDLE);
    refused(world_named("reticle"), BIT, STATUS_BAD_CLASS);
    refused(bare, BIT, STATUS_ACCESS);
    refused(unbound, BIT, STATUS_NOT_BOUND);
    refused(end, 0, STATUS_BAD_ARGUMENT);
    CHECK(asks());
}

static void a_deadline_in_the_past(void) {
    scene(1);
    CHECK(!straight(world_root, server.thread, end, BIT, arch_time_now()));
    CHECK(band_current(0) == world_root);
    CHECK_EQ(world_root->frame.arg[0], STATUS_TIMED_OUT);
    woken(server.thread);
}

static void the_answer_is_there(void) {
    scene(1);
    band_raise(world_root, BIT);
    CHECK(!asks());
    woken(world_root);
    woken(server.thread);
}

static void nobody_watches(void) {
    uint64_t a, b;
    scene(1);
    world_pair(world_named("reticle"), 2, &a, &b);
    uint64_t deadline = arch_time_now() + MS;
    CHECK(!straight(world_root, server.thread, a, BIT, deadline));
    CHECK(world_root->state == THREAD_WAITING && server.thread->state == THREAD_WAITING);
    band_pass_until(deadline);
    CHECK_EQ(world_root->frame.arg[0], STATUS_TIMED_OUT);
    world_audit();
}

// A word stands behind the bit that the root sleeps for, which must not stay as it was.
static void a_word_is_watched(void) {
    uint64_t memory;
    scene(1);
    CHECK_EQ(CALL(world_root, &memory, memory_carve, world_named("reticle"), PAGE_SIZE), STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, signal_words, memory, 1, 4), STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, ring_watch, end, 64 + 1, UINT64_MAX), STATUS_OK);
    CHECK(asks());
    CHECK(!straight(server.thread, world_root, own, BIT, TIME_NEVER));
    woken(world_root);
    CHECK_EQ(*(const uint64_t *)page_address(world_root->words_memory->frame), BIT);
}

// Whatever the registers say by then, the carving goes on.
static void something_is_unfinished(void) {
    scene(1);
    host_syscall(0, SYS_memory_carve, (uint64_t[6]){world_named("reticle"), 4 << 20});
    struct arch_frame *frame = &world_root->frame;
    CHECK(frame->restart && world_root->unfinished.active);
    frame->number = SYS_doorbell_wait;
    memcpy(frame->arg, (uint64_t[6]){end, BIT, TIME_NEVER}, sizeof frame->arg);
    CHECK(host_go(0));
    CHECK(world_root->unfinished.active && server.thread->state == THREAD_WAITING);
    CHECK(world_run(world_root));
    host_settle();
    CHECK(!world_root->unfinished.active && frame->arg[0] == STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, frame->arg[1]), STATUS_OK);
    CHECK(asks());
    asked();
}

TEST(a_request_that_cannot_go_straight) {
    CHECK(host_passes(bad_handles));
    CHECK(host_passes(a_deadline_in_the_past));
    CHECK(host_passes(the_answer_is_there));
    CHECK(host_passes(nobody_watches));
    CHECK(host_passes(a_word_is_watched));
    CHECK(host_passes(something_is_unfinished));
}

// ------------------------------------------------------ a hart with something else to do

static void the_turn_is_over(void) {
    scene(1);
    (void)root_thread();
    CHECK(world_run(world_root));
    uint64_t end = hart_at(0)->slice_end;
    host_time_set(end);
    CHECK(asks());
    CHECK(host_go(0)); // the interrupt came while the kernel was at it
    CHECK(server.thread->turn != nullptr && hart_at(0)->slice_end > end);
    asked();
}

static void a_person_runs(void) {
    scene(1);
    CHECK_EQ(CALL(world_root, nullptr, budget_bind, world_named("budget"), 0), STATUS_OK);
    CHECK(hart_at(0)->runs_person);
    CHECK(!asks());
    asked();
}

// In the time of the Network band.
static void a_person_waits(void) {
    scene(1);
    struct thread *person = root_thread();
    band_bind_to(band_budget(world_named("budget")), person);
    CHECK(world_run(person) && hart_at(0)->runs_person);
    while (band_current(0) != world_root) {
        band_pass(MS / 10);
    }
    CHECK(person->state == THREAD_READY && person->turn == &hart_at(0)->person);
    uint64_t end = hart_at(0)->slice_end; // of the band's time
    CHECK(asks());
    CHECK(world_root->apart == 0 && !hart_at(0)->runs_person);
    CHECK_EQ(hart_at(0)->slice_end, end);
    band_pass_until(end);
    CHECK_EQ(band_current(0), person);
    world_audit();
}

// However much they have to say to each other, each turn has a step of what dies, and who was
// alone has turns from now on.
static void many_die(void) {
    constexpr uint32_t MANY = 20, TURNS = 1000;
    uint64_t pool = 0, made = 0;
    struct object *object = nullptr;
    scene(1);
    CHECK_EQ(CALL(world_root, &pool, reticle_split, world_named("reticle"), 1 << 20), STATUS_OK);
    CHECK_EQ(lookup(world_root->task, pool, CLASS_RETICLE, 0, &object), STATUS_OK);
    for (uint32_t i = 0; i < MANY; i++) {
        CHECK_EQ(CALL(world_root, &made, memory_carve, pool, PAGE_SIZE), STATUS_OK);
    }
    const struct hart *hart = hart_at(0);
    CHECK_EQ(hart->slice_end, TIME_NEVER);
    lock_acquire(&books);
    object_destroy(object);
    lock_release(&books);
    CHECK(hart->slice_end <= arch_time_now() + SCHEDULE_SLICE);
    CHECK(hart->timer_armed <= hart->slice_end);
    CHECK(asks());
    woken(server.thread);
    uint32_t turns = 0;
    for (; object_reap_needed() && turns < TURNS; turns++) {
        for (uint32_t i = 0; i < 10; i++) {
            CHECK(straight(server.thread, world_root, own, BIT, TIME_NEVER));
            CHECK(asks());
        }
        band_pass(SCHEDULE_SLICE);
    }
    CHECK(turns >= MANY && turns < TURNS);
    world_audit();
}

// Another hart has put somebody there, and its interrupt is on its way.
static void the_inbox_is_not_empty(void) {
    scene(1);
    host_select(0);
    schedule_poke(server.thread);
    arch_ipi(0);
    CHECK(asks());
    CHECK(host_go(0) && !server.thread->in_inbox);
    asked();
}

TEST(a_hart_with_something_else_to_do) {
    CHECK(host_passes(the_turn_is_over));
    CHECK(host_passes(a_person_runs));
    CHECK(host_passes(a_person_waits));
    CHECK(host_passes(many_die));
    CHECK(host_passes(the_inbox_is_not_empty));
}

// ------------------------------------------------------------------- who is not alike

static void it_is_elsewhere(void) {
    scene(2);
    CHECK(server.thread->hart != world_root->hart);
    CHECK(!asks());
    CHECK_EQ(world_root->state, THREAD_WAITING);
    host_settle();
    asked();
}

// It was found before, and has not come to wait again.
static void it_is_still_at_it(void) {
    scene(1);
    CHECK(asks());
    woken(server.thread);
    CHECK_EQ(CALL(server.thread, nullptr, doorbell, own), STATUS_OK);
    woken(world_root);
    CHECK_EQ(server.thread->state, THREAD_READY);
    host_syscall(0, SYS_doorbell_wait, (uint64_t[6]){end, BIT, TIME_NEVER});
    CHECK(world_root->state == THREAD_WAITING && server.thread->signals == BIT);
    CHECK_EQ(CALL(server.thread, nullptr, signal_wait, BIT, TIME_NEVER), STATUS_OK);
    CHECK_EQ(CALL(server.thread, nullptr, doorbell_wait, own, BIT, TIME_NEVER), WORLD_BLOCKED);
    woken(world_root);
}

static void it_waits_for_something_else(void) {
    scene(1);
    band_raise(server.thread, BIT);
    sleep_for(server.thread, OTHER);
    CHECK(!asks());
    CHECK(world_root->state == THREAD_WAITING && server.thread->state == THREAD_WAITING);
    CHECK_EQ(server.thread->signals, BIT);
    world_audit();
}

// Another hart stands still between the bit and the message that tells of it.
static void it_has_another_bit(void) {
    scene(1);
    band_raise(server.thread, BIT);
    sleep_for(server.thread, BIT | OTHER);
    atomic_fetch_or(&server.thread->signals, OTHER);
    CHECK(!asks());
    CHECK(world_run(server.thread));
    CHECK_EQ(server.thread->frame.arg[1], BIT | OTHER);
    world_audit();
}

static void it_has_a_budget(void) {
    scene(1);
    band_bind_to(band_budget(world_named("budget")), server.thread);
    CHECK(!asks());
    CHECK(hart_at(0)->runs_person);
    asked();
}

static void it_has_a_loan(void) {
    scene(1);
    struct thread *lender = root_thread();
    band_bind_to(band_budget(world_named("budget")), lender);
    CHECK_EQ(CALL(lender, nullptr, signal_wait, OTHER, TIME_NEVER, 0, end), WORLD_BLOCKED);
    CHECK(server.thread->loan != nullptr);
    CHECK(world_run(world_root));
    CHECK(!asks());
    CHECK(hart_at(0)->runs_person);
    asked();
}

// What it has left of it is lent while it waits: nothing, until the next period.
static void the_caller_has_used_up_its_budget(void) {
    scene(1);
    uint64_t budget = band_carve(world_named("budget"), MS, 10 * MS);
    CHECK_EQ(CALL(world_root, nullptr, budget_bind, budget, 0), STATUS_OK);
    (void)root_thread(); // who is alone is not looked at
    band_align();
    band_pass(2 * MS);
    while (band_current(0) != world_root) {
        band_pass(MS / 10);
    }
    CHECK(world_root->apart != 0 && !hart_at(0)->runs_person);
    CHECK(!asks());
    CHECK(server.thread->loan != nullptr);
    asked();
}

static void it_has_floating_point(void) {
    uint64_t handle;
    scene(1);
    band_raise(server.thread, BIT);
    CHECK_EQ(
        CALL(server.thread, &handle, thread_carve, 0, PROGRAM_BASE, STACK_TOP, 0, 0, THREAD_FLOAT),
        STATUS_OK);
    CHECK_EQ(CALL(server.thread, nullptr, thread_start, handle), STATUS_OK);
    struct thread *floating = world_thread_of(&server, handle);
    CHECK_EQ(CALL(floating, nullptr, ring_watch, own, 1, UINT64_MAX), STATUS_OK);
    sleep_for(server.thread, OTHER);
    sleep_for(floating, BIT);
    for (uint32_t i = 0; i < 2; i++) { // the second time it is known whom each rings
        CHECK(!straight(world_root, floating, end, BIT, TIME_NEVER));
        woken(floating);
        CHECK(!straight(floating, world_root, own, BIT, TIME_NEVER));
        woken(world_root);
    }
}

static void it_is_watched(void) {
    scene(1);
    uint64_t number = server.thread->number;
    CHECK_EQ(CALL(world_root, nullptr, thread_control, server.handle, number, RESUME_STOP),
             STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, thread_watchpoint, server.handle, number, 0, PROGRAM_BASE, 1,
                  WATCH_EXECUTE),
             STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, thread_control, server.handle, number, RESUME_CONTINUE),
             STATUS_OK);
    CHECK(!world_run(server.thread) && server.thread->state == THREAD_WAITING);
    CHECK(world_run(world_root));
    CHECK_EQ(host_debug(0), 0);
    for (uint32_t i = 0; i < 2; i++) {
        CHECK(!asks());
        woken(server.thread);
        CHECK_EQ(host_debug(0), 1);
        CHECK(!straight(server.thread, world_root, own, BIT, TIME_NEVER));
        woken(world_root);
        CHECK_EQ(host_debug(0), 0);
    }
}

TEST(two_that_are_not_alike) {
    CHECK(host_passes(it_is_elsewhere));
    CHECK(host_passes(it_is_still_at_it));
    CHECK(host_passes(it_waits_for_something_else));
    CHECK(host_passes(it_has_another_bit));
    CHECK(host_passes(it_has_a_budget));
    CHECK(host_passes(it_has_a_loan));
    CHECK(host_passes(the_caller_has_used_up_its_budget));
    CHECK(host_passes(it_has_floating_point));
    CHECK(host_passes(it_is_watched));
}
