// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Tasks and threads: filling, starting, faults and their supervisor, and all the ways
// to end.
#include "abi/bundle.h"
#include "kernel/schedule.h"
#include "kernel/tests/world.h"
#include "machine/registers.h"
#include "tests/unit.h"

UNIT_MAIN

constexpr uint64_t SCRATCH = 0x2000000; // a page of the root
constexpr uint64_t TASK_SIZE = 512 << 10;

TEST(boots) {
    world_boot(8 << 20, 3);
}

static struct world_task task_make(void) {
    struct world_task task = {};
    struct world_grant grants[] = {{"time", world_named("time"), RIGHT_ALL, false}};
    CHECK_EQ(world_task_make(&task, TASK_SIZE, grants, 1), STATUS_OK);
    return task;
}

static void drop(uint64_t handle) {
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, handle), STATUS_OK);
    world_audit();
}

static struct words task_info(uint64_t handle) {
    struct words words = {{handle}};
    CHECK_EQ(world_call(world_root, SYS_task_info, &words), STATUS_OK);
    return words;
}

static uint64_t poll_bits(void) {
    uint64_t bits = 0;
    (void)CALL(world_root, &bits, signal_wait, UINT64_MAX, 0);
    return bits;
}

static struct thread *further_thread(const struct world_task *task, uint64_t *handle) {
    struct object *object = nullptr;
    CHECK_EQ(CALL(task->thread, handle, thread_carve, 0, PROGRAM_BASE, STACK_TOP, 5, 0x7000, 1),
             STATUS_OK);
    CHECK_EQ(lookup(task->task, *handle, CLASS_THREAD, 0, &object), STATUS_OK);
    return (struct thread *)object;
}

// ------------------------------------------------------------- filling, starting

TEST(a_started_task_cannot_be_filled) {
    struct world_task task = task_make();
    uint64_t memory;
    CHECK_EQ(CALL(world_root, &memory, memory_carve, task.reticle, PAGE_SIZE), STATUS_OK);
    // But for a pager, who has the right to map.
    uint64_t less;
    CHECK_EQ(CALL(world_root, &less, handle_copy, task.handle, RIGHT_ALL & ~RIGHT_TASK_MAP),
             STATUS_OK);
    CHECK_EQ(
        CALL(world_root, nullptr, memory_map, less, memory, 0x10000000, 0, PAGE_SIZE, MAP_READ),
        STATUS_ACCESS);
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, less), STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, thread_carve, task.handle, PROGRAM_BASE, 0), STATUS_ACCESS);
    struct words words = {{task.handle}};
    CHECK_EQ(world_call(world_root, SYS_handle_info, &words), STATUS_OK);
    CHECK((words.a[1] & RIGHT_TASK_FILL) == 0 && (words.a[1] & RIGHT_TASK_STOP) != 0);
    CHECK_EQ(task_info(task.handle).a[1], TASK_RUNNING);
    drop(task.reticle);
}

// A Task has its first thread, without the right to start one, and is told its handle.
TEST(a_started_task_knows_its_thread) {
    struct world_task task = task_make();
    struct bundle_page page;
    struct object *object = nullptr;
    CHECK(world_run(task.thread));
    CHECK(host_user_read(task.thread->hart->index, BUNDLE_ADDRESS, &page, sizeof page));
    CHECK_EQ(lookup(task.task, page.thread, CLASS_THREAD, RIGHT_INSPECT | RIGHT_WATCH, &object),
             STATUS_OK);
    CHECK(object == &task.thread->object);
    CHECK_EQ(lookup(task.task, page.thread, CLASS_THREAD, RIGHT_THREAD_START, &object),
             STATUS_ACCESS);
    CHECK(world_run(world_root));
    drop(task.reticle);
}

TEST(start_needs_what_belongs_together) {
    uint64_t pool, a, b, bundle, thread_a, thread_b;
    CHECK_EQ(CALL(world_root, &pool, reticle_split, world_named("reticle"), TASK_SIZE), STATUS_OK);
    CHECK_EQ(CALL(world_root, &a, task_carve, pool), STATUS_OK);
    CHECK_EQ(CALL(world_root, &b, task_carve, pool), STATUS_OK);
    CHECK_EQ(CALL(world_root, &bundle, bundle_carve, pool), STATUS_OK);
    CHECK_EQ(CALL(world_root, &thread_a, thread_carve, a, PROGRAM_BASE, 0), STATUS_OK);
    CHECK_EQ(CALL(world_root, &thread_b, thread_carve, b, PROGRAM_BASE, 0), STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, thread_start, thread_a), STATUS_BAD_STATE);
    CHECK_EQ(CALL(world_root, nullptr, task_start, a, bundle, thread_b), STATUS_BAD_STATE);
    CHECK_EQ(CALL(world_root, nullptr, task_start, a, thread_a, bundle), STATUS_BAD_CLASS);
    CHECK_EQ(CALL(world_root, nullptr, task_stop, a, 0), STATUS_BAD_STATE);
    world_audit();
    CHECK_EQ(CALL(world_root, nullptr, task_start, a, bundle, thread_a), STATUS_OK);
    // The Bundle went along: it is not there for another one.
    CHECK_EQ(CALL(world_root, nullptr, task_start, b, bundle, thread_b), STATUS_BAD_HANDLE);
    drop(pool);
}

TEST(something_in_the_place_of_the_bundle) {
    uint64_t pool, task, bundle, thread, memory;
    CHECK_EQ(CALL(world_root, &pool, reticle_split, world_named("reticle"), TASK_SIZE), STATUS_OK);
    CHECK_EQ(CALL(world_root, &task, task_carve, pool), STATUS_OK);
    CHECK_EQ(CALL(world_root, &bundle, bundle_carve, pool), STATUS_OK);
    CHECK_EQ(CALL(world_root, &thread, thread_carve, task, PROGRAM_BASE, 0), STATUS_OK);
    CHECK_EQ(CALL(world_root, &memory, memory_carve, pool, PAGE_SIZE), STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, memory_map, task, memory, BUNDLE_ADDRESS + PAGE_SIZE, 0,
                  PAGE_SIZE, MAP_READ),
             STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, task_start, task, bundle, thread), STATUS_BAD_STATE);
    world_audit();
    drop(pool);
}

TEST(a_writable_view_is_given_with_its_memory) {
    uint64_t pool, task, memory, copy;
    CHECK_EQ(CALL(world_root, &pool, reticle_split, world_named("reticle"), TASK_SIZE), STATUS_OK);
    CHECK_EQ(CALL(world_root, &task, task_carve, pool), STATUS_OK);
    CHECK_EQ(CALL(world_root, &memory, memory_carve, pool, PAGE_SIZE), STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, memory_map, task, memory, 0x10000000, 0, PAGE_SIZE,
                  MAP_READ | MAP_WRITE),
             STATUS_BAD_ARGUMENT);
    CHECK_EQ(CALL(world_root, &copy, handle_copy, memory, RIGHT_ALL), STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, memory_map, task, memory, 0x10000000, 0, PAGE_SIZE,
                  MAP_READ | MAP_WRITE | MAP_GIVE),
             STATUS_BUSY);
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, copy), STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, memory_map, task, memory, 0x10000000, 0, PAGE_SIZE,
                  MAP_READ | MAP_WRITE | MAP_GIVE),
             STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, handle_info, memory), STATUS_BAD_HANDLE);
    world_audit();
    drop(pool);
}

TEST(arguments_of_threads) {
    struct world_task task = task_make();
    struct thread *t = task.thread;
    uint64_t handle;
    CHECK_EQ(CALL(t, nullptr, thread_carve, 0, USER_TOP, 0), STATUS_BAD_ARGUMENT);
    CHECK_EQ(CALL(t, nullptr, thread_carve, 0, 0, USER_TOP + 1), STATUS_BAD_ARGUMENT);
    CHECK_EQ(CALL(t, nullptr, thread_carve, 0, 0, 0, 0, USER_TOP), STATUS_BAD_ARGUMENT);
    CHECK_EQ(CALL(t, nullptr, thread_carve, 0, 0, 0, 0, 0, 2), STATUS_BAD_ARGUMENT);
    struct thread *further = further_thread(&task, &handle);
    CHECK_EQ(further->frame.arg[0], 5);
    CHECK_EQ(further->tls, 0x7000);
    CHECK(further->float_area != nullptr && task.thread->float_area == nullptr);
    // It ends before it began.
    CHECK_EQ(CALL(t, nullptr, handle_drop, handle), STATUS_OK);
    world_audit();
    drop(task.reticle);
}

// -------------------------------------------------------------------------- ends

TEST(exit_is_told_with_its_status) {
    struct world_task task = task_make();
    CHECK_EQ(CALL(world_root, nullptr, task_watch, task.handle, 6), STATUS_OK);
    CHECK_EQ(poll_bits(), 0);
    CHECK_EQ(CALL(task.thread, nullptr, task_exit, 42), WORLD_BLOCKED);
    CHECK_EQ(poll_bits(), 1 << 6);
    CHECK_EQ(task_info(task.handle).a[1], TASK_ENDED);
    CHECK_EQ(task_info(task.handle).a[2], 42);
    CHECK_EQ(task_info(task.handle).a[3], 0);
    world_audit();
    // Who asks later is told at once.
    CHECK_EQ(CALL(world_root, nullptr, task_watch, task.handle, 7), STATUS_OK);
    CHECK_EQ(poll_bits(), 1 << 7);
    CHECK_EQ(CALL(world_root, nullptr, task_stop, task.handle, 1), STATUS_BAD_STATE);
    drop(task.reticle);
}

TEST(the_last_thread_ends_the_task) {
    struct world_task task = task_make();
    uint64_t handle;
    struct thread *further = further_thread(&task, &handle);
    CHECK_EQ(CALL(task.thread, nullptr, thread_start, handle), STATUS_OK);
    CHECK_EQ(CALL(task.thread, nullptr, thread_watch, handle, 3), STATUS_OK);
    CHECK_EQ(task_info(task.handle).a[3], 2);
    CHECK_EQ(CALL(further, nullptr, thread_exit, 0), WORLD_BLOCKED);
    uint64_t bits = 0;
    CHECK_EQ(CALL(task.thread, &bits, signal_wait, 1 << 3, 0), STATUS_OK);
    CHECK_EQ(task_info(task.handle).a[1], TASK_RUNNING);
    CHECK_EQ(CALL(task.thread, nullptr, thread_exit, 0), WORLD_BLOCKED);
    CHECK_EQ(task_info(task.handle).a[1], TASK_ENDED);
    world_audit();
    drop(task.reticle);
}

TEST(stop_ends_threads_wherever_they_are) {
    struct world_task task = task_make();
    uint64_t handle;
    struct thread *further[4];
    for (uint32_t i = 0; i < 4; i++) {
        further[i] = further_thread(&task, &handle);
        CHECK_EQ(CALL(task.thread, nullptr, thread_start, handle), STATUS_OK);
    }
    CHECK_EQ(CALL(further[0], nullptr, signal_wait, 1, TIME_NEVER), WORLD_BLOCKED);
    CHECK_EQ(CALL(further[1], nullptr, futex_wait, WORLD_DATA, 0, TIME_NEVER), WORLD_BLOCKED);
    CHECK(world_run(further[2]));
    host_fault(further[2]->hart->index, FAULT_WRITE, 0x1234);
    host_settle();
    CHECK_EQ(CALL(world_root, nullptr, task_stop, task.handle, 9), STATUS_OK);
    CHECK_EQ(task_info(task.handle).a[1], TASK_ENDED);
    CHECK_EQ(task_info(task.handle).a[2], 9);
    CHECK_EQ(task_info(task.handle).a[3], 0);
    world_audit();
    drop(task.reticle);
}

// A Task that drops the Reticle it lives in takes itself away, and nothing comes back.
TEST(a_task_may_destroy_itself) {
    uint64_t pool;
    CHECK_EQ(CALL(world_root, &pool, reticle_split, world_named("reticle"), 2 * TASK_SIZE),
             STATUS_OK);
    struct world_task task = {};
    uint64_t bundle, thread, handle;
    CHECK_EQ(CALL(world_root, &handle, task_carve, pool), STATUS_OK);
    CHECK_EQ(CALL(world_root, &bundle, bundle_carve, pool), STATUS_OK);
    CHECK_EQ(CALL(world_root, &thread, thread_carve, handle, PROGRAM_BASE, 0), STATUS_OK);
    struct object *object;
    CHECK_EQ(lookup(world_root->task, thread, CLASS_THREAD, 0, &object), STATUS_OK);
    task.thread = (struct thread *)object;
    CHECK(world_run(world_root));
    CHECK(host_user_write(world_root->hart->index, SCRATCH, "pool", 4));
    CHECK_EQ(CALL(world_root, nullptr, bundle_put, bundle, SCRATCH, 4, pool, RIGHT_ALL, 1),
             STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, task_start, handle, bundle, thread), STATUS_OK);
    uint64_t own = world_granted(&task, "pool");
    CHECK(world_run(task.thread));
    uint64_t a[6] = {own};
    host_syscall(task.thread->hart->index, SYS_handle_drop, a);
    for (uint32_t i = 0; i < 20; i++) {
        host_settle();
        host_time_set(arch_time_now() + SCHEDULE_SLICE);
    }
    world_audit();
    CHECK_EQ(CALL(world_root, nullptr, handle_info, handle), STATUS_BAD_HANDLE);
}

TEST(a_thread_may_drop_itself) {
    struct world_task task = task_make();
    uint64_t handle;
    struct thread *further = further_thread(&task, &handle);
    CHECK_EQ(CALL(task.thread, nullptr, thread_start, handle), STATUS_OK);
    CHECK(world_run(further));
    uint64_t a[6] = {handle};
    host_syscall(further->hart->index, SYS_handle_drop, a);
    for (uint32_t i = 0; i < 20; i++) {
        host_settle();
        host_time_set(arch_time_now() + SCHEDULE_SLICE);
    }
    world_audit();
    CHECK_EQ(task_info(task.handle).a[3], 1);
    drop(task.reticle);
}

// ------------------------------------------------------------------------ faults

TEST(a_fault_waits_for_the_supervisor) {
    struct world_task task = task_make();
    CHECK_EQ(CALL(world_root, nullptr, task_watch, task.handle, 6), STATUS_OK);
    struct words words = {{task.handle}};
    CHECK_EQ(world_call(world_root, SYS_thread_fault, &words), STATUS_NOT_FOUND);
    CHECK(world_run(task.thread));
    host_fault(task.thread->hart->index, FAULT_WRITE, 0xdead000);
    host_settle();
    world_audit();
    CHECK_EQ(poll_bits(), 1 << 6);
    CHECK_EQ(task_info(task.handle).a[1], TASK_FAULTED);
    words = (struct words){{task.handle}};
    CHECK_EQ(world_call(world_root, SYS_thread_fault, &words), STATUS_OK);
    CHECK_EQ(words.a[2] & 0xff, FAULT_WRITE);
    CHECK_EQ(words.a[3], 0xdead000);
    uint64_t number = words.a[1];
    struct thread_registers registers;
    CHECK_EQ(CALL(world_root, nullptr, thread_registers, task.handle, number + 1, SCRATCH, 0),
             STATUS_NOT_FOUND);
    CHECK_EQ(CALL(world_root, nullptr, thread_registers, task.handle, number, 0x30000000, 0),
             STATUS_BAD_ADDRESS);
    CHECK_EQ(CALL(world_root, nullptr, thread_registers, task.handle, number, USER_TOP, 0),
             STATUS_BAD_ADDRESS);
    CHECK_EQ(CALL(world_root, nullptr, thread_registers, task.handle, number, SCRATCH, 0),
             STATUS_OK);
    CHECK(world_run(world_root));
    uint32_t hart = world_root->hart->index;
    CHECK(host_user_read(hart, SCRATCH, &registers, sizeof registers));
    CHECK_EQ(registers.pc, PROGRAM_BASE);
    registers.pc += 16;
    registers.tls = USER_TOP; // where no thread may have it: it keeps what it had
    CHECK(host_user_write(hart, SCRATCH, &registers, sizeof registers));
    uint64_t had = task.thread->tls;
    CHECK_EQ(CALL(world_root, nullptr, thread_registers, task.handle, number, SCRATCH, 1),
             STATUS_OK);
    CHECK_EQ(task.thread->tls, had);
    registers.tls = 0x9000;
    CHECK(host_user_write(hart, SCRATCH, &registers, sizeof registers));
    CHECK_EQ(CALL(world_root, nullptr, thread_registers, task.handle, number, SCRATCH, 1),
             STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, thread_control, task.handle, number, 4),
             STATUS_BAD_ARGUMENT);
    CHECK_EQ(CALL(world_root, nullptr, thread_control, task.handle, number, RESUME_CONTINUE),
             STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, thread_control, task.handle, number, RESUME_CONTINUE),
             STATUS_BAD_STATE);
    CHECK(world_run(task.thread));
    CHECK_EQ(task.thread->frame.pc, PROGRAM_BASE + 16);
    CHECK_EQ(task.thread->tls, 0x9000);
    world_audit();
    drop(task.reticle);
}

TEST(a_fault_may_end_the_task) {
    struct world_task task = task_make();
    CHECK(world_run(task.thread));
    host_fault(task.thread->hart->index, FAULT_INSTRUCTION, 0);
    host_settle();
    CHECK_EQ(CALL(world_root, nullptr, task_stop, task.handle, 120), STATUS_OK);
    CHECK_EQ(task_info(task.handle).a[1], TASK_ENDED);
    CHECK_EQ(task_info(task.handle).a[2], 120);
    world_audit();
    drop(task.reticle);
}

static void root_faults(void) {
    (void)world_run(world_root);
    host_fault(world_root->hart->index, FAULT_READ, 0);
}

static void root_exits(void) {
    (void)CALL(world_root, nullptr, task_exit, 0);
}

static void power_off(void) {
    (void)CALL(world_root, nullptr, machine_control, world_named("machine"), MACHINE_POWER_OFF, 0);
}

TEST(without_the_root_the_machine_stops) {
    CHECK(host_panics(root_faults));
    CHECK(host_panics(root_exits));
    CHECK(host_stops(power_off));
}

// --------------------------------------------------- syscalls that are continued

// Between two entries of a long syscall user code may have changed every register: it
// goes on with what it began with.
TEST(a_continued_syscall_keeps_its_arguments) {
    struct world_task task = task_make();
    uint64_t big, memory, secret;
    struct world_grant grants[1] = {};
    CHECK_EQ(CALL(world_root, &big, reticle_split, world_named("reticle"), 4 << 20), STATUS_OK);
    CHECK_EQ(CALL(world_root, &memory, memory_carve, big, 200 * PAGE_SIZE), STATUS_OK);
    CHECK_EQ(CALL(world_root, &secret, memory_carve, big, 200 * PAGE_SIZE), STATUS_OK);
    grants[0] = (struct world_grant){"memory", memory, RIGHT_ALL, false};
    struct world_task other;
    CHECK_EQ(world_task_make(&other, TASK_SIZE, grants, 1), STATUS_OK);
    uint64_t handle = world_granted(&other, "memory");
    CHECK(world_run(other.thread));
    uint64_t a[6] = {0, handle, 0x10000000, 0, 200 * PAGE_SIZE, MAP_READ};
    host_syscall(other.thread->hart->index, SYS_memory_map, a);
    CHECK(other.thread->frame.restart);
    other.thread->frame.arg[4] = 400 * PAGE_SIZE;
    host_settle();
    world_audit(); // the view ends where the Memory ends
    struct words words;
    CHECK(world_returned(other.thread, &words) && words.a[0] == STATUS_OK);
    drop(other.reticle);
    drop(task.reticle);
    drop(big);
}

TEST(a_reticle_dies_under_a_carving_thread) {
    struct world_task task = task_make();
    uint64_t pool;
    CHECK_EQ(CALL(world_root, &pool, reticle_split, world_named("reticle"), 2 << 20), STATUS_OK);
    struct world_grant grants[] = {{"pool", pool, RIGHT_ALL, false}};
    struct world_task other;
    CHECK_EQ(world_task_make(&other, TASK_SIZE, grants, 1), STATUS_OK);
    uint64_t handle = world_granted(&other, "pool");
    CHECK(world_run(world_root));
    CHECK(world_run(other.thread));
    uint64_t a[6] = {handle, 200 * PAGE_SIZE};
    host_syscall(other.thread->hart->index, SYS_memory_carve, a);
    CHECK(other.thread->frame.restart);
    uint32_t hart = world_root->hart->index;
    CHECK(hart != other.thread->hart->index);
    uint64_t b[6] = {pool};
    host_syscall(hart, SYS_handle_drop, b);
    host_settle();
    world_audit();
    struct words words;
    CHECK(world_returned(other.thread, &words));
    CHECK(words.a[0] == STATUS_BUSY || words.a[0] == STATUS_BAD_HANDLE);
    drop(other.reticle);
    drop(task.reticle);
}
