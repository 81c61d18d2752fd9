// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Debugging and paging: threads stopped in every state, watchpoints and who has them
// loaded, the memory of another Task, views in one that runs, and copies that meet a page
// on its way to become the zero page.
#include "kernel/check.h"
#include "kernel/schedule.h"
#include "kernel/tests/random.h"
#include "kernel/tests/world.h"
#include "machine/registers.h"
#include "tests/unit.h"

UNIT_MAIN

constexpr uint64_t SCRATCH = 0x2000000; // a page of the root
constexpr uint64_t WORD = WORLD_DATA + 64;
constexpr uint64_t AT = 0x30000000;

static struct world_task task;

TEST(boots) {
    world_boot(8 << 20, 3);
    CHECK_EQ(world_task_make(&task, 512 << 10, nullptr, 0), STATUS_OK);
}

static struct words fault_of(uint64_t after, uint64_t all) {
    struct words words = {{task.handle, after, all}};
    words.a[0] = world_call(world_root, SYS_thread_fault, &words);
    return words;
}

static enum status control(uint64_t number, enum resume_action action) {
    enum status status = CALL(world_root, nullptr, thread_control, task.handle, number, action);
    host_settle();
    world_audit();
    return status;
}

// Stops it, which is told with the reason and the place.
static void stop(const struct thread *thread) {
    CHECK_EQ(control(thread->number, RESUME_STOP), STATUS_OK);
    CHECK_EQ(thread->state, THREAD_FAULTED);
    struct words words = fault_of(thread->number - 1, 0);
    CHECK_EQ(words.a[0], STATUS_OK);
    CHECK_EQ(words.a[1], thread->number);
    CHECK_EQ(words.a[2], FAULT_STOPPED);
}

static struct thread *named(const struct thread *maker, uint64_t handle) {
    struct object *object = nullptr;
    CHECK_EQ(lookup(maker->task, handle, CLASS_THREAD, 0, &object), STATUS_OK);
    return (struct thread *)object;
}

static struct thread *further(void) {
    uint64_t handle = 0;
    CHECK_EQ(CALL(task.thread, &handle, thread_carve, 0, PROGRAM_BASE, STACK_TOP), STATUS_OK);
    struct thread *thread = named(task.thread, handle);
    // Not before it was started.
    CHECK_EQ(control(thread->number, RESUME_STOP), STATUS_BAD_STATE);
    CHECK_EQ(CALL(task.thread, nullptr, thread_start, handle), STATUS_OK);
    return thread;
}

static void word(uint32_t value) {
    CHECK(world_run(task.thread));
    CHECK(host_user_write(task.thread->hart->index, WORD, &value, sizeof value));
}

// ------------------------------------------------------------------- where it stands

TEST(stops_while_it_runs) {
    CHECK(world_run(task.thread));
    stop(task.thread);
    CHECK_EQ(control(task.thread->number, RESUME_STOP), STATUS_OK); // again: no harm
    CHECK_EQ(control(task.thread->number, RESUME_CONTINUE), STATUS_OK);
    CHECK_EQ(control(task.thread->number, RESUME_CONTINUE), STATUS_BAD_STATE);
    CHECK_EQ(control(task.thread->number, RESUME_STEP), STATUS_BAD_STATE);
    CHECK_EQ(fault_of(0, 0).a[0], STATUS_NOT_FOUND);
    CHECK(world_run(task.thread));
    CHECK(!task.thread->frame.step && !task.thread->frame.restart);
}

TEST(steps_until_it_stops_again) {
    stop(task.thread);
    CHECK_EQ(control(task.thread->number, RESUME_STEP), STATUS_OK);
    CHECK(task.thread->frame.step);
    CHECK(world_run(task.thread));
    host_fault(task.thread->hart->index, FAULT_STEP, task.thread->frame.pc);
    host_settle();
    CHECK(!task.thread->frame.step);
    struct words words = fault_of(0, 0);
    CHECK_EQ(words.a[2], FAULT_STEP);
    CHECK_EQ(control(task.thread->number, RESUME_CONTINUE), STATUS_OK);
}

// One that is ready has no hart: it stands in a queue.
TEST(stops_while_it_is_ready) {
    struct thread *others[6];
    for (uint32_t i = 0; i < 6; i++) {
        others[i] = further();
    }
    host_settle();
    uint32_t ready = 0;
    for (uint32_t i = 0; i < 6; i++) {
        ready += others[i]->state == THREAD_READY;
        stop(others[i]);
    }
    CHECK(ready != 0);
    struct words words = {{task.handle}};
    CHECK_EQ(world_call(world_root, SYS_task_info, &words), STATUS_OK);
    CHECK_EQ(words.a[1], TASK_FAULTED);
    // By number, whatever the order in which they were made.
    uint64_t after = 0;
    for (uint32_t i = 0; i < 6; i++) {
        words = fault_of(after, 0);
        CHECK_EQ(words.a[1], others[i]->number);
        after = words.a[1];
    }
    CHECK_EQ(fault_of(after, 0).a[0], STATUS_NOT_FOUND);
    words = fault_of(0, 1);
    CHECK_EQ(words.a[1], task.thread->number);
    CHECK_EQ(words.a[2], FAULT_NONE);
    CHECK_EQ(words.a[4], 0);
    for (uint32_t i = 0; i < 6; i++) {
        CHECK_EQ(control(others[i]->number, RESUME_CONTINUE), STATUS_OK);
        CHECK(world_run(others[i]));
        CHECK_EQ(CALL(others[i], nullptr, thread_exit, 0), WORLD_BLOCKED);
        // Who has ended is not told of.
        CHECK_EQ(control(others[i]->number, RESUME_STOP), STATUS_BAD_STATE);
        CHECK_EQ(fault_of(others[i]->number - 1, 1).a[1],
                 i == 5 ? others[i]->number - 1 : others[i + 1]->number);
    }
}

TEST(a_wait_is_begun_again) {
    struct thread *thread = further();
    struct words words;
    uint64_t until = arch_time_now() + 50000000;
    CHECK_EQ(CALL(thread, nullptr, signal_wait, 2, until), WORLD_BLOCKED);
    stop(thread);
    CHECK(thread->frame.restart && thread->wanted == 0 && !heap_has(&thread->timer));
    // A bit that comes meanwhile is not lost.
    CHECK_EQ(control(thread->number, RESUME_CONTINUE), STATUS_OK);
    CHECK_EQ(thread->state, THREAD_WAITING);
    CHECK_EQ(thread->deadline, until);
    stop(thread);
    host_time_set(until + 1);
    host_settle();
    CHECK_EQ(thread->state, THREAD_FAULTED);
    CHECK_EQ(control(thread->number, RESUME_CONTINUE), STATUS_OK);
    CHECK(world_run(thread));
    CHECK(world_returned(thread, &words));
    CHECK_EQ(words.a[0], STATUS_TIMED_OUT);
    CHECK_EQ(CALL(thread, nullptr, thread_exit, 0), WORLD_BLOCKED);
}

TEST(a_sleeper_looks_again) {
    struct thread *thread = further();
    struct words words;
    uint64_t woken = 9;
    word(0);
    CHECK_EQ(CALL(thread, nullptr, futex_wait, WORD, 0, TIME_NEVER), WORLD_BLOCKED);
    stop(thread);
    CHECK_EQ(thread->futex_address, 0);
    CHECK_EQ(CALL(task.thread, &woken, futex_wake, WORD, 1), STATUS_OK);
    CHECK_EQ(woken, 0);
    CHECK_EQ(control(thread->number, RESUME_CONTINUE), STATUS_OK);
    CHECK_EQ(thread->state, THREAD_SLEEPING);
    stop(thread);
    word(1);
    CHECK_EQ(control(thread->number, RESUME_CONTINUE), STATUS_OK);
    CHECK(world_returned(thread, &words));
    CHECK_EQ(words.a[0], STATUS_AGAIN);
    CHECK_EQ(CALL(thread, nullptr, thread_exit, 0), WORLD_BLOCKED);
}

// Who was woken before the stop keeps that: one wake, one return.
TEST(a_wake_before_the_stop_counts) {
    struct thread *thread = further();
    struct words words;
    word(0);
    CHECK_EQ(CALL(thread, nullptr, futex_wait, WORD, 0, TIME_NEVER), WORLD_BLOCKED);
    // Both requests reach its hart together.
    uint32_t other = (thread->hart->index + 1) % 3;
    host_select(other);
    CHECK_EQ(futex_wake(task.task, WORD, 1), 1);
    thread_request(thread, REQUEST_STOP);
    host_settle();
    world_audit();
    CHECK_EQ(thread->state, THREAD_FAULTED);
    CHECK(!thread->frame.restart);
    CHECK_EQ(control(thread->number, RESUME_CONTINUE), STATUS_OK);
    CHECK(world_returned(thread, &words));
    CHECK_EQ(words.a[0], STATUS_OK);
    CHECK_EQ(CALL(thread, nullptr, thread_exit, 0), WORLD_BLOCKED);
}

// In the middle of a long syscall, and while it waits for an epoch in one.
TEST(stops_in_an_unfinished_syscall) {
    uint64_t pool, memory = 0;
    CHECK_EQ(CALL(world_root, &pool, reticle_split, world_named("reticle"), 2 << 20), STATUS_OK);
    struct world_grant grants[] = {{"pool", pool, RIGHT_ALL, false}};
    struct world_task former = task;
    CHECK_EQ(world_task_make(&task, 512 << 10, grants, 1), STATUS_OK);
    uint64_t handle = world_granted(&task, "pool");
    struct thread *thread = task.thread;
    CHECK(world_run(world_root));
    CHECK(world_run(thread));
    CHECK(world_root->hart != thread->hart);
    uint64_t a[6] = {handle, 200 * PAGE_SIZE};
    host_syscall(thread->hart->index, SYS_memory_carve, a);
    CHECK(thread->frame.restart && thread->unfinished.active);
    uint64_t b[6] = {task.handle, thread->number, RESUME_STOP};
    host_syscall(world_root->hart->index, SYS_thread_control, b);
    CHECK(host_go(thread->hart->index));
    CHECK_EQ(thread->state, THREAD_FAULTED);
    CHECK(thread->unfinished.active);
    world_audit();
    // Whatever the supervisor writes, it ends with its own arguments.
    memset(thread->frame.arg, 0xff, sizeof thread->frame.arg);
    CHECK_EQ(control(thread->number, RESUME_STEP), STATUS_OK);
    struct words words;
    CHECK(world_run(thread));
    host_settle();
    CHECK(world_returned(thread, &words));
    CHECK_EQ(words.a[0], STATUS_OK);
    memory = words.a[1];
    CHECK_EQ(CALL(thread, nullptr, handle_drop, memory), STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, task.reticle), STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, pool), STATUS_OK);
    world_audit();
    task = former;
}

// What its owner revokes cannot be copied, but not for as long as a debugger likes.
TEST(a_stopped_revocation_stops_nobody) {
    uint64_t pool, object = 0, copy = 0;
    CHECK_EQ(CALL(world_root, &pool, reticle_split, world_named("reticle"), 1 << 20), STATUS_OK);
    struct world_grant grants[] = {{"pool", pool, RIGHT_ALL, false}};
    struct world_task former = task;
    CHECK_EQ(world_task_make(&task, 512 << 10, grants, 1), STATUS_OK);
    uint64_t handle = world_granted(&task, "pool");
    CHECK_EQ(CALL(task.thread, &object, memory_carve, handle, PAGE_SIZE), STATUS_OK);
    for (uint32_t i = 0; i < 200; i++) {
        CHECK_EQ(CALL(task.thread, &copy, handle_copy, object, RIGHT_ALL), STATUS_OK);
    }
    struct thread *thread = task.thread, *other = further();
    CHECK(world_run(thread));
    CHECK(world_run(other));
    CHECK_EQ(thread->state, THREAD_RUNNING);
    CHECK(thread->hart != other->hart);
    uint64_t a[6] = {object}, b[6] = {object, RIGHT_ALL};
    host_syscall(thread->hart->index, SYS_handle_revoke, a);
    CHECK(thread->frame.restart);
    host_syscall(other->hart->index, SYS_handle_copy, b);
    CHECK_EQ(other->frame.arg[0], STATUS_BUSY);
    host_select(other->hart->index);
    thread_request(thread, REQUEST_STOP);
    CHECK(host_go(thread->hart->index));
    CHECK_EQ(thread->state, THREAD_FAULTED);
    CHECK_EQ(CALL(other, nullptr, handle_copy, object, RIGHT_ALL), STATUS_OK);
    CHECK_EQ(control(thread->number, RESUME_CONTINUE), STATUS_OK);
    struct words words;
    CHECK(world_run(thread));
    CHECK(world_returned(thread, &words));
    CHECK_EQ(words.a[0], STATUS_OK);
    CHECK_EQ(CALL(thread, nullptr, handle_info, copy), STATUS_BAD_HANDLE);
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, task.reticle), STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, pool), STATUS_OK);
    world_audit();
    task = former;
}

// One that is yet to be started is held at its first instruction.
TEST(a_new_thread_can_be_watched) {
    uint64_t handle = 0;
    CHECK_EQ(CALL(task.thread, &handle, thread_carve, 0, PROGRAM_BASE, STACK_TOP), STATUS_OK);
    struct thread *thread = named(task.thread, handle);
    CHECK_EQ(CALL(world_root, nullptr, thread_watchpoint, task.handle, thread->number, 0,
                  PROGRAM_BASE, 1, WATCH_EXECUTE),
             STATUS_OK);
    CHECK_EQ(control(thread->number, RESUME_CONTINUE), STATUS_BAD_STATE);
    CHECK_EQ(CALL(task.thread, nullptr, thread_start, handle), STATUS_OK);
    CHECK(world_run(thread));
    CHECK_EQ(host_debug(thread->hart->index), 1);
    CHECK_EQ(CALL(thread, nullptr, thread_exit, 0), WORLD_BLOCKED);
}

// A thread is watched like the one that makes it, if that is of the same Task. A step is not
// handed on.
TEST(a_new_thread_is_watched_like_its_maker) {
    uint64_t own = 0, pool = 0, empty = 0, other = 0;
    CHECK(world_run(task.thread));
    stop(task.thread);
    CHECK_EQ(CALL(world_root, nullptr, thread_watchpoint, task.handle, task.thread->number, 2,
                  PROGRAM_BASE + 8, 1, WATCH_EXECUTE),
             STATUS_OK);
    CHECK_EQ(control(task.thread->number, RESUME_STEP), STATUS_OK);
    CHECK_EQ(CALL(task.thread, &own, thread_carve, 0, PROGRAM_BASE, STACK_TOP), STATUS_OK);
    const struct thread *made = named(task.thread, own);
    CHECK_EQ(made->frame.debug.control, 1 << 2);
    CHECK_EQ(made->frame.debug.address[2], PROGRAM_BASE + 8);
    CHECK(task.thread->frame.step && !made->frame.step);
    CHECK_EQ(CALL(task.thread, nullptr, handle_drop, own), STATUS_OK);
    stop(task.thread);
    CHECK_EQ(CALL(world_root, nullptr, thread_watchpoint, task.handle, task.thread->number, 2,
                  PROGRAM_BASE + 8, 1, WATCH_OFF),
             STATUS_OK);
    CHECK_EQ(control(task.thread->number, RESUME_CONTINUE), STATUS_OK);
    // Nobody debugs the root; it would not matter if somebody did.
    CHECK_EQ(CALL(world_root, &pool, reticle_split, world_named("reticle"), 256 << 10), STATUS_OK);
    CHECK_EQ(CALL(world_root, &empty, task_carve, pool), STATUS_OK);
    world_root->frame.debug.control = 1;
    CHECK_EQ(CALL(world_root, &other, thread_carve, empty, PROGRAM_BASE, STACK_TOP), STATUS_OK);
    world_root->frame.debug.control = 0;
    CHECK_EQ(named(world_root, other)->frame.debug.control, 0);
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, pool), STATUS_OK);
    world_audit();
}

// Stops, wakes, deadlines and ends in any order, with harts that stand still anywhere.
static void storm(void) {
    struct random random = {7};
    struct thread *threads[3] = {further(), further(), further()};
    word(0);
    host_yield_every(1);
    for (uint32_t i = 0; i < 30000; i++) {
        uint32_t hart = random_below(&random, 3);
        struct thread *current = hart_at(hart)->current;
        if (host_can_go(hart)) {
            (void)host_go(hart);
        } else if (host_state_of(hart) == HOST_USER && current == world_root) {
            static const enum resume_action actions[] = {RESUME_STOP, RESUME_STOP, RESUME_CONTINUE,
                                                         RESUME_CONTINUE, RESUME_STEP};
            uint64_t a[6] = {task.handle, threads[random_below(&random, 3)]->number,
                             actions[random_below(&random, 5)]};
            host_syscall(hart, SYS_thread_control, a);
        } else if (host_state_of(hart) == HOST_USER) {
            uint64_t waits[6] = {1, arch_time_now() + random_below(&random, 3) * 1000};
            uint64_t sleeps[6] = {WORD, 0, arch_time_now() + random_below(&random, 3) * 1000};
            uint64_t wakes[6] = {WORD, 2};
            uint32_t what = random_below(&random, 3);
            host_syscall(hart,
                         what == 0   ? SYS_signal_wait
                         : what == 1 ? SYS_futex_wait
                                     : SYS_futex_wake,
                         what == 0   ? waits
                         : what == 1 ? sleeps
                                     : wakes);
        }
        if (random_below(&random, 20) == 0) {
            host_time_set(arch_time_now() + 700);
        }
    }
    host_yield_every(0);
    host_settle();
    world_audit();
}

TEST(stops_in_a_storm) {
    CHECK(host_passes(storm));
}

TEST(stops_itself) {
    struct world_grant grants[] = {{"task", task.handle, RIGHT_ALL, false}};
    struct world_task other;
    CHECK_EQ(world_task_make(&other, 512 << 10, grants, 1), STATUS_OK);
    // The neighbour may stop it, and cannot stop anybody else.
    uint64_t handle = world_granted(&other, "task");
    CHECK_EQ(CALL(other.thread, nullptr, thread_control, handle, task.thread->number, RESUME_STOP),
             STATUS_OK);
    host_settle();
    CHECK_EQ(task.thread->state, THREAD_FAULTED);
    CHECK(other.thread->state != THREAD_FAULTED);
    CHECK_EQ(control(task.thread->number, RESUME_CONTINUE), STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, other.reticle), STATUS_OK);
    world_audit();
}

// Puts a capability of the Task to itself into its table, as if it had been passed one.
static uint64_t to_itself(void) {
    struct slot *from;
    lock_acquire(&books);
    CHECK_EQ(lookup_slot(world_root->task, task.handle, &from), STATUS_OK);
    CHECK_EQ(table_reserve(task.thread->task, 1), STATUS_OK);
    struct slot *to = table_take(task.thread->task);
    capability_copy(from, RIGHT_ALL, to);
    uint64_t handle = table_handle(task.thread->task, to);
    lock_release(&books);
    return handle;
}

// On the way out, when all of its registers can be read.
TEST(stops_itself_in_a_syscall) {
    uint64_t own = to_itself();
    CHECK(world_run(task.thread));
    host_syscall(task.thread->hart->index, SYS_thread_control,
                 (uint64_t[6]){own, task.thread->number, RESUME_STOP});
    host_settle();
    CHECK_EQ(task.thread->state, THREAD_FAULTED);
    CHECK_EQ(fault_of(0, 0).a[2], FAULT_STOPPED);
    CHECK_EQ(control(task.thread->number, RESUME_CONTINUE), STATUS_OK);
    CHECK(world_run(task.thread));
    CHECK_EQ(task.thread->frame.arg[0], STATUS_OK);
    CHECK_EQ(CALL(task.thread, nullptr, handle_drop, own), STATUS_OK);
    world_audit();
}

// ---------------------------------------------------------------------- watchpoints

static enum status watch(uint64_t index, uint64_t address, uint64_t length, uint64_t kind) {
    return CALL(world_root, nullptr, thread_watchpoint, task.handle, task.thread->number, index,
                address, length, kind);
}

TEST(watchpoints_are_loaded_with_their_thread_only) {
    struct thread *others[6];
    for (uint32_t i = 0; i < 6; i++) {
        others[i] = further();
    }
    CHECK_EQ(watch(0, WORD, 8, WATCH_WRITE), STATUS_BAD_STATE);
    stop(task.thread);
    CHECK_EQ(watch(0, WORD, 8, WATCH_WRITE), STATUS_OK);
    CHECK_EQ(watch(2, WORD + 1, 1, WATCH_ACCESS), STATUS_OK);
    CHECK_EQ(watch(3, WORD, 8, WATCH_WRITE), STATUS_UNSUPPORTED);
    CHECK_EQ(watch(4, WORD, 8, WATCH_WRITE), STATUS_BAD_ARGUMENT);
    CHECK_EQ(watch(0, WORD, 8, WATCH_ACCESS + 1), STATUS_BAD_ARGUMENT);
    CHECK_EQ(watch(0, WORD, 3, WATCH_WRITE), STATUS_BAD_ARGUMENT);
    CHECK_EQ(watch(0, WORD, 0, WATCH_WRITE), STATUS_BAD_ARGUMENT);
    CHECK_EQ(watch(0, WORD, 16, WATCH_WRITE), STATUS_BAD_ARGUMENT);
    CHECK_EQ(watch(0, WORD + 4, 8, WATCH_WRITE), STATUS_BAD_ARGUMENT);
    CHECK_EQ(watch(0, USER_TOP, 8, WATCH_WRITE), STATUS_BAD_ADDRESS);
    CHECK_EQ(watch(0, 0, 8, WATCH_WRITE), STATUS_BAD_ADDRESS);
    CHECK_EQ(watch(0, UINT64_MAX, 1, WATCH_OFF), STATUS_BAD_ADDRESS);
    CHECK_EQ(control(task.thread->number, RESUME_CONTINUE), STATUS_OK);
    CHECK(world_run(task.thread));
    uint32_t hart = task.thread->hart->index;
    CHECK_EQ(host_debug(hart), 5);
    // Another thread on that hart does not have them, and the first has them again.
    struct thread *other = others[0];
    for (uint32_t i = 1; i < 6 && other->hart->index != hart; i++) {
        other = others[i];
    }
    CHECK_EQ(other->hart->index, hart);
    CHECK(world_run(other));
    CHECK_EQ(host_debug(hart), 0);
    CHECK(world_run(task.thread));
    CHECK_EQ(host_debug(hart), 5);
    host_fault(hart, FAULT_WATCH, WORD);
    host_settle();
    struct words words = fault_of(0, 0);
    CHECK_EQ(words.a[2], FAULT_WATCH);
    CHECK_EQ(words.a[3], WORD);
    CHECK_EQ(watch(0, WORD, 8, WATCH_OFF), STATUS_OK);
    CHECK_EQ(watch(2, WORD, 8, WATCH_OFF), STATUS_OK);
    CHECK_EQ(control(task.thread->number, RESUME_CONTINUE), STATUS_OK);
    CHECK(world_run(task.thread));
    CHECK_EQ(host_debug(hart), 0);
}

// ---------------------------------------------------------------- memory of another

static enum status memory(uint64_t address, uint64_t size, uint64_t set) {
    return CALL(world_root, nullptr, task_memory, task.handle, address, SCRATCH, size, set);
}

TEST(memory_is_read_and_written_as_the_task_itself_may) {
    uint64_t value = 0x1122334455667788, there = 0;
    CHECK(world_run(world_root));
    CHECK(host_user_write(world_root->hart->index, SCRATCH, &value, sizeof value));
    CHECK_EQ(memory(WORLD_DATA + PAGE_SIZE - 3, 8, 1), STATUS_OK); // over two pages
    CHECK(world_run(task.thread));
    CHECK(host_user_read(task.thread->hart->index, WORLD_DATA + PAGE_SIZE - 3, &there, 8));
    CHECK_EQ(there, value);
    CHECK_EQ(memory(BUNDLE_ADDRESS, 256, 0), STATUS_OK);
    CHECK_EQ(memory(BUNDLE_ADDRESS, 1, 1), STATUS_BAD_ADDRESS);
    CHECK_EQ(memory(WORLD_DATA, 257, 0), STATUS_BAD_ARGUMENT);
    CHECK_EQ(memory(WORLD_DATA, 0, 0), STATUS_BAD_ARGUMENT);
    CHECK_EQ(memory(WORLD_DATA + WORLD_DATA_PAGES * PAGE_SIZE - 1, 2, 1), STATUS_BAD_ADDRESS);
    CHECK_EQ(memory(AT, 8, 0), STATUS_BAD_ADDRESS);
    CHECK_EQ(memory(UINT64_MAX - 3, 8, 0), STATUS_BAD_ADDRESS);
    CHECK_EQ(memory(USER_TOP - 4, 8, 0), STATUS_BAD_ADDRESS);
    CHECK_EQ(memory(0, 8, 1), STATUS_BAD_ADDRESS);
}

TEST(a_device_is_no_memory) {
    struct world_grant grants[] = {{"device", world_named("device.console"), RIGHT_ALL, false}};
    struct world_task driver;
    CHECK_EQ(world_task_make(&driver, 512 << 10, grants, 1), STATUS_OK);
    uint64_t handle = world_granted(&driver, "device"), view;
    CHECK_EQ(
        CALL(driver.thread, &view, memory_map, 0, handle, AT, 0, PAGE_SIZE, MAP_READ | MAP_WRITE),
        STATUS_OK);
    for (uint64_t set = 0; set < 2; set++) {
        CHECK_EQ(CALL(world_root, nullptr, task_memory, driver.handle, AT, SCRATCH, 8, set),
                 STATUS_BAD_ADDRESS);
    }
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, driver.reticle), STATUS_OK);
    world_audit();
}

// --------------------------------------------------------------------------- paging

// A view in a Task that runs is seen by it at once, is in its table, and goes when the
// memory does: then its pages are zero.
TEST(a_supervisor_maps_into_a_running_task) {
    uint64_t object, view, value = 77, there = 1;
    CHECK(world_run(task.thread));
    uint32_t hart = task.thread->hart->index;
    CHECK(!host_user_read(hart, AT, &there, 8));
    CHECK_EQ(CALL(world_root, &object, memory_carve, world_named("reticle"), PAGE_SIZE), STATUS_OK);
    CHECK_EQ(CALL(world_root, &view, memory_map, 0, object, AT, 0, PAGE_SIZE, MAP_READ | MAP_WRITE),
             STATUS_OK);
    CHECK(world_run(world_root));
    CHECK(host_user_write(world_root->hart->index, AT, &value, sizeof value));
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, view), STATUS_OK);
    CHECK_EQ(CALL(world_root, &view, memory_map, task.handle, object, AT, 0, PAGE_SIZE, MAP_READ),
             STATUS_OK);
    world_audit();
    CHECK(world_run(task.thread));
    hart = task.thread->hart->index;
    CHECK(host_user_read(hart, AT, &there, 8));
    CHECK_EQ(there, 77);
    CHECK(!host_user_write(hart, AT, &there, 8));
    CHECK_EQ(CALL(world_root, nullptr, memory_map, task.handle, object, AT, 0, PAGE_SIZE, MAP_READ),
             STATUS_EXISTS);
    CHECK_EQ(CALL(world_root, nullptr, memory_map, task.handle, object, AT + PAGE_SIZE, 0,
                  PAGE_SIZE, MAP_READ | MAP_WRITE),
             STATUS_BAD_ARGUMENT);
    CHECK_EQ(CALL(world_root, nullptr, thread_carve, task.handle, PROGRAM_BASE, 0), STATUS_ACCESS);
    uint64_t less;
    CHECK_EQ(CALL(world_root, &less, handle_copy, task.handle, RIGHT_ALL & ~RIGHT_TASK_MAP),
             STATUS_OK);
    CHECK_EQ(
        CALL(world_root, nullptr, memory_map, less, object, AT + PAGE_SIZE, 0, PAGE_SIZE, MAP_READ),
        STATUS_ACCESS);
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, less), STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, object), STATUS_OK);
    world_audit();
    CHECK(world_run(task.thread));
    CHECK(host_user_read(task.thread->hart->index, AT, &there, 8));
    CHECK_EQ(there, 0);
}

// What was to be repaired was repaired by another hart meanwhile: nobody is told.
// Nobody sees a part of it: what takes more than one entry is refused.
TEST(memory_is_given_to_a_running_task_at_once) {
    constexpr uint64_t MOST = 32, THERE = AT + (1 << 24);
    constexpr uint64_t GIVE = MAP_READ | MAP_WRITE | MAP_GIVE;
    uint64_t object = 0, value = 5;
    CHECK_EQ(CALL(world_root, &object, memory_carve, task.reticle, (MOST + 1) * PAGE_SIZE),
             STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, memory_map, task.handle, object, THERE, 0,
                  (MOST + 1) * PAGE_SIZE, GIVE),
             STATUS_BAD_ARGUMENT);
    CHECK_EQ(CALL(world_root, nullptr, memory_map, task.handle, object, THERE, 0,
                  (MOST + 1) * PAGE_SIZE, MAP_READ),
             STATUS_OK); // what is only read may be made in steps
    CHECK_EQ(CALL(world_root, nullptr, handle_revoke, object), STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, memory_map, task.handle, object, THERE + (1 << 22), 0,
                  MOST * PAGE_SIZE, GIVE),
             STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, handle_info, object), STATUS_BAD_HANDLE);
    world_audit();
    CHECK(world_run(task.thread));
    CHECK(host_user_write(task.thread->hart->index, THERE + (1 << 22), &value, sizeof value));
    world_audit();
}

TEST(a_fault_that_has_passed_is_no_fault) {
    CHECK(world_run(task.thread));
    host_fault(task.thread->hart->index, FAULT_WRITE, WORLD_DATA);
    host_settle();
    CHECK_EQ(fault_of(0, 0).a[0], STATUS_NOT_FOUND);
    CHECK(world_run(task.thread));
    host_fault(task.thread->hart->index, FAULT_WRITE, BUNDLE_ADDRESS);
    host_settle();
    CHECK_EQ(fault_of(0, 0).a[2], FAULT_WRITE);
    CHECK_EQ(control(task.thread->number, RESUME_CONTINUE), STATUS_OK);
}

// One hart turns pages into the zero page while another copies from them in syscalls: the
// moment in which a page is away never shows.
static void copies(void) {
    constexpr uint64_t PAGES = 300;
    uint64_t object;
    check(CALL(world_root, &object, memory_carve, world_named("reticle"), PAGES * PAGE_SIZE) ==
          STATUS_OK);
    check(CALL(world_root, nullptr, memory_map, task.handle, object, AT * 2, 0, PAGES * PAGE_SIZE,
               MAP_READ) == STATUS_OK);
    check(world_run(world_root));
    uint32_t root = world_root->hart->index, hart = task.thread->hart->index;
    check(root != hart);
    host_yield_every(1);
    uint64_t a[6] = {object};
    host_syscall(root, SYS_handle_revoke, a);
    struct random random = {5};
    uint64_t count = 0, page = 0;
    while (host_can_go(root)) {
        if (random_below(&random, 2) == 0) {
            (void)host_go(root);
        } else if (host_can_go(hart)) {
            (void)host_go(hart);
        } else if (host_state_of(hart) == HOST_USER) {
            // Whichever thread it is: all do the same.
            const struct thread *thread = hart_at(hart)->current;
            check(thread->task == task.task);
            check(thread->frame.number != SYS_futex_wait || thread->frame.arg[0] == STATUS_AGAIN);
            uint64_t b[6] = {AT * 2 + page++ % PAGES * PAGE_SIZE, 1, 0};
            host_syscall(hart, SYS_futex_wait, b);
            count++;
        }
    }
    host_yield_every(0);
    host_settle();
    world_audit();
    check(count > 5);
}

TEST(a_copy_survives_a_page_that_turns_zero) {
    CHECK(host_passes(copies));
}

TEST(all_ends) {
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, task.reticle), STATUS_OK);
    world_audit();
}
