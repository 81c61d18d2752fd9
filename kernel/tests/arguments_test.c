// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Each way in which an argument of a syscall can be wrong, one at a time: it gets its
// status and changes nothing. What random lives meet by chance is met here for certain.
#include "abi/ring.h"
#include "kernel/schedule.h"
#include "kernel/tests/world.h"
#include "machine/registers.h"
#include "tests/unit.h"

UNIT_MAIN

constexpr uint64_t AT = 0x50000000;
constexpr uint64_t SCRATCH = 0x2000000;          // world_boot maps a page of the root there
constexpr uint64_t NONE = UINT64_C(1) << 30 | 5; // a handle of nothing
constexpr uint64_t RW = MAP_READ | MAP_WRITE;

static uint64_t pool, memory, view, ring, peer, bundle, machine, irq, device;
static uint64_t empty, first;      // an empty Task and its thread
static uint64_t weak[CLASS_COUNT]; // a capability of each class, without any right
static struct world_task task;

#define IS(status, name, ...) \
    CHECK_EQ(CALL(world_root, nullptr, name, __VA_ARGS__), STATUS_##status)

// Without rights, by way of a Ring: not every class can be copied.
static uint64_t weaken(uint64_t handle) {
    uint64_t made = 0;
    IS(OK, ring_send, ring, 0, handle, 0, 1);
    CHECK_EQ(CALL(world_root, &made, ring_take, peer, 0, CLASS_NONE), STATUS_OK);
    return made;
}

static uint64_t made(enum status status, uint64_t handle) {
    CHECK_EQ(status, STATUS_OK);
    return handle;
}

#define MAKE(name, ...) \
    ({ \
        uint64_t result = 0; \
        made(CALL(world_root, &result, name, __VA_ARGS__), result); \
        result; \
    })

TEST(boots) {
    world_boot(8 << 20, 2);
    machine = world_named("machine");
    irq = world_named("irq.console");
    device = world_named("device.console");
    pool = MAKE(reticle_split, world_named("reticle"), 2 << 20);
    memory = MAKE(memory_carve, pool, 4 * PAGE_SIZE);
    view = MAKE(memory_map, 0, memory, AT, 0, 4 * PAGE_SIZE, RW);
    ring = MAKE(ring_carve, pool, 4);
    peer = MAKE(ring_carve, pool, 4);
    IS(OK, ring_bind, ring, peer);
    bundle = MAKE(bundle_carve, pool);
    empty = MAKE(task_carve, pool);
    first = MAKE(thread_carve, empty, PROGRAM_BASE, STACK_TOP);
    CHECK_EQ(world_task_make(&task, 512 << 10, nullptr, 0), STATUS_OK);
    uint64_t spare = MAKE(task_carve, pool);
    weak[CLASS_RETICLE] = MAKE(handle_copy, pool, 0);
    weak[CLASS_MEMORY] = weaken(MAKE(memory_carve, pool, PAGE_SIZE));
    weak[CLASS_RING] = weaken(MAKE(ring_carve, pool, 2));
    weak[CLASS_BUNDLE] = weaken(MAKE(bundle_carve, pool));
    weak[CLASS_THREAD] = weaken(MAKE(thread_carve, spare, PROGRAM_BASE, STACK_TOP));
    weak[CLASS_TASK] = weaken(spare);
    weak[CLASS_DEVICE] = MAKE(handle_copy, device, 0);
    weak[CLASS_IRQ] = MAKE(handle_copy, irq, 0);
    weak[CLASS_MACHINE] = MAKE(handle_copy, machine, 0);
    world_audit();
}

// A syscall that resolves its first argument: nothing, another class, no right.
#define RESOLVES(class, name, ...) \
    do { \
        IS(BAD_HANDLE, name, NONE __VA_OPT__(, ) __VA_ARGS__); \
        IS(BAD_CLASS, name, class == CLASS_IRQ ? machine : irq __VA_OPT__(, ) __VA_ARGS__); \
        IS(ACCESS, name, weak[class] __VA_OPT__(, ) __VA_ARGS__); \
    } while (0)

TEST(a_first_argument_is_of_its_class_with_its_right) {
    RESOLVES(CLASS_RETICLE, reticle_split, PAGE_SIZE);
    RESOLVES(CLASS_RETICLE, reticle_grow, pool, PAGE_SIZE);
    RESOLVES(CLASS_RETICLE, reticle_info);
    RESOLVES(CLASS_RETICLE, reticle_watch, 1, 0);
    RESOLVES(CLASS_RETICLE, memory_carve, PAGE_SIZE);
    RESOLVES(CLASS_RETICLE, task_carve);
    RESOLVES(CLASS_RETICLE, ring_carve, 4);
    RESOLVES(CLASS_RETICLE, bundle_carve);
    RESOLVES(CLASS_MEMORY, memory_wipe);
    RESOLVES(CLASS_DEVICE, device_port, 0, 1);
    RESOLVES(CLASS_IRQ, irq_watch, 1);
    RESOLVES(CLASS_IRQ, irq_acknowledge);
    RESOLVES(CLASS_TASK, task_start, bundle, first);
    RESOLVES(CLASS_TASK, task_watch, 1);
    RESOLVES(CLASS_TASK, task_info);
    RESOLVES(CLASS_TASK, task_stop, 0);
    RESOLVES(CLASS_TASK, task_slot, 0);
    RESOLVES(CLASS_TASK, thread_carve, PROGRAM_BASE, STACK_TOP);
    RESOLVES(CLASS_TASK, thread_registers, 1, SCRATCH, 0);
    RESOLVES(CLASS_TASK, thread_fault);
    RESOLVES(CLASS_THREAD, thread_start);
    RESOLVES(CLASS_THREAD, thread_watch, 1);
    RESOLVES(CLASS_RING, ring_bind, peer);
    RESOLVES(CLASS_RING, ring_watch, 1, 2);
    RESOLVES(CLASS_RING, ring_info);
    RESOLVES(CLASS_RING, ring_send, 0, irq, 0, 0);
    RESOLVES(CLASS_RING, ring_take, 0, 0);
    RESOLVES(CLASS_RING, doorbell);
    RESOLVES(CLASS_RING, doorbell_wait, 1, 0);
    RESOLVES(CLASS_MACHINE, machine_control, MACHINE_SAY, SCRATCH);
    world_audit();
}

TEST(capabilities_are_copied_and_passed_with_the_right_to) {
    IS(BAD_HANDLE, handle_copy, NONE, 0);
    IS(BAD_CLASS, handle_copy, view, 0);
    IS(ACCESS, handle_copy, weak[CLASS_MEMORY], 0);
    IS(BAD_CLASS, handle_revoke, view);
    IS(BAD_HANDLE, handle_revoke, NONE);
    IS(BAD_HANDLE, ring_send, ring, 9, NONE, 0, 0);
    IS(BAD_CLASS, ring_send, ring, 9, view, 0, 0);
    IS(ACCESS, ring_send, ring, 9, weak[CLASS_DEVICE], 0, 0);
    IS(ACCESS, ring_send, ring, 9, bundle, 0, 0); // to be moved, never copied
    world_audit();
}

TEST(a_ring_needs_two_ends) {
    IS(BAD_HANDLE, ring_bind, ring, NONE);
    IS(BAD_STATE, ring_bind, ring, peer);
    uint64_t lone = MAKE(ring_carve, pool, 2);
    IS(BAD_STATE, ring_bind, lone, lone);
    IS(BAD_STATE, ring_bind, lone, peer);
    IS(NOT_BOUND, ring_send, lone, 0, irq, 0, 0);
    IS(EMPTY, ring_take, lone, 0, 0);
    IS(NOT_BOUND, doorbell, lone);
    IS(NOT_BOUND, doorbell_wait, lone, 1, 0);
    IS(BAD_ARGUMENT, doorbell_wait, ring, 0, 0);
    IS(BAD_ARGUMENT, ring_watch, ring, 1 << 20, 0);
    IS(BAD_ARGUMENT, ring_watch, ring, 0, 1 << 20);
    IS(BAD_STATE, memory_map, 0, lone, 2 * AT, 0, PAGE_SIZE, MAP_READ | MAP_PEER);
    IS(OK, handle_drop, lone);
}

TEST(a_capability_is_taken_as_what_it_is) {
    IS(OK, ring_send, ring, 20, irq, RIGHT_ALL, 0);
    IS(BAD_CLASS, ring_take, peer, 20, CLASS_TASK);
    IS(EMPTY, ring_take, peer, 20, CLASS_IRQ); // it was dropped
    IS(OK, ring_send, ring, 21, irq, RIGHT_ALL, 0);
    IS(EMPTY, ring_take, peer, 20, 0);
    IS(OK, ring_take, peer, 21, CLASS_IRQ);
    IS(BAD_ARGUMENT, ring_send, ring, 22, ring, RIGHT_ALL, 0);
    IS(BAD_ARGUMENT, ring_send, ring, 22, peer, RIGHT_ALL, 0);
    uint64_t copy = MAKE(handle_copy, memory, RIGHT_ALL);
    IS(OK, ring_send, ring, 23, copy, RIGHT_ALL, 1);
    uint64_t got = MAKE(ring_take, peer, 23, CLASS_MEMORY);
    IS(OK, handle_drop, got);
}

TEST(sizes_and_flags_of_memory) {
    IS(BAD_ARGUMENT, memory_carve, pool, 0);
    IS(BAD_ARGUMENT, memory_carve, pool, (PAGE_SIZE << (PAGE_ORDERS - 1)) + 1);
    IS(BAD_ARGUMENT, memory_carve, pool, PAGE_SIZE, 40);
    IS(BAD_ARGUMENT, memory_carve, pool, PAGE_SIZE, 0, 2);
    IS(NO_MEMORY, memory_carve, pool, PAGE_SIZE << (PAGE_ORDERS - 1));
    IS(NO_MEMORY, memory_carve, pool, PAGE_SIZE, 39);
    IS(BAD_ARGUMENT, reticle_split, pool, 0);
    IS(BAD_ARGUMENT, reticle_grow, pool, world_named("reticle"), 0);
    IS(BAD_HANDLE, reticle_grow, pool, NONE, PAGE_SIZE);
    IS(BAD_ARGUMENT, reticle_grow, pool, pool, PAGE_SIZE);
    IS(NO_MEMORY, ring_carve, MAKE(reticle_split, pool, PAGE_SIZE), 4);
    IS(OK, reticle_watch, pool, UINT64_MAX, 0);
    IS(BAD_STATE, memory_wipe, memory); // it is seen
}

TEST(what_is_mapped_where_and_how) {
    static const uint64_t bad_flags[] = {0, MAP_WRITE, 1 << 10 | MAP_READ, RW | MAP_EXECUTE};
    for (uint32_t i = 0; i < sizeof bad_flags / sizeof *bad_flags; i++) {
        IS(BAD_ARGUMENT, memory_map, 0, memory, 2 * AT, 0, PAGE_SIZE, bad_flags[i]);
    }
    IS(BAD_HANDLE, memory_map, NONE, memory, 2 * AT, 0, PAGE_SIZE, MAP_READ);
    IS(ACCESS, memory_map, weak[CLASS_TASK], memory, 2 * AT, 0, PAGE_SIZE, MAP_READ);
    IS(BAD_HANDLE, memory_map, 0, NONE, 2 * AT, 0, PAGE_SIZE, MAP_READ);
    IS(BAD_CLASS, memory_map, 0, view, 2 * AT, 0, PAGE_SIZE, MAP_READ);
    IS(BAD_CLASS, memory_map, 0, irq, 2 * AT, 0, PAGE_SIZE, MAP_READ);
    IS(ACCESS, memory_map, 0, weak[CLASS_MEMORY], 2 * AT, 0, PAGE_SIZE, MAP_READ);
    IS(BAD_ARGUMENT, memory_map, 0, memory, 2 * AT, 0, PAGE_SIZE, MAP_READ | MAP_PEER);
    IS(BAD_ARGUMENT, memory_map, 0, memory, 2 * AT, 0, PAGE_SIZE, RW | MAP_GIVE);
    IS(BAD_ARGUMENT, memory_map, empty, memory, 2 * AT, 0, PAGE_SIZE, RW);
    IS(BAD_ARGUMENT, memory_map, 0, memory, 2 * AT + 1, 0, PAGE_SIZE, MAP_READ);
    IS(BAD_ARGUMENT, memory_map, 0, memory, 2 * AT, 0, 0, MAP_READ);
    IS(BAD_ADDRESS, memory_map, 0, memory, 0, 0, PAGE_SIZE, MAP_READ);
    IS(BAD_ADDRESS, memory_map, 0, memory, USER_TOP, 0, PAGE_SIZE, MAP_READ);
    IS(BAD_ADDRESS, memory_map, 0, memory, USER_TOP - PAGE_SIZE, 0, 2 * PAGE_SIZE, MAP_READ);
    IS(BAD_ARGUMENT, memory_map, 0, memory, 2 * AT, 4 * PAGE_SIZE, PAGE_SIZE, MAP_READ);
    IS(BAD_ARGUMENT, memory_map, 0, memory, 2 * AT, 3 * PAGE_SIZE, 2 * PAGE_SIZE, MAP_READ);
    IS(EXISTS, memory_map, 0, memory, AT, 0, PAGE_SIZE, MAP_READ);
    world_audit();
}

TEST(rings_and_devices_are_mapped_by_those_who_use_them) {
    IS(ACCESS, memory_map, 0, weak[CLASS_RING], 2 * AT, 0, PAGE_SIZE, MAP_READ);
    IS(BAD_ARGUMENT, memory_map, 0, ring, 2 * AT, 0, PAGE_SIZE, MAP_READ | MAP_EXECUTE);
    IS(BAD_ARGUMENT, memory_map, empty, ring, 2 * AT, 0, PAGE_SIZE, MAP_READ);
    IS(ACCESS, memory_map, 0, ring, 2 * AT, 0, PAGE_SIZE, RW | MAP_PEER);
    uint64_t seen = MAKE(memory_map, 0, ring, 2 * AT, 0, PAGE_SIZE, MAP_READ);
    IS(OK, handle_drop, seen);
    IS(BAD_ARGUMENT, memory_map, empty, device, 2 * AT, 0, PAGE_SIZE, MAP_READ);
    IS(ACCESS, memory_map, 0, weak[CLASS_DEVICE], 2 * AT, 0, PAGE_SIZE, MAP_READ);
    world_audit();
}

TEST(everything_can_be_asked_about) {
    const uint64_t all[] = {pool, memory, view, ring, bundle, machine, irq, device, empty, first};
    for (uint32_t i = 0; i < sizeof all / sizeof *all; i++) {
        IS(OK, handle_info, all[i]);
    }
    struct words words = {{empty}};
    CHECK_EQ(world_call(world_root, SYS_handle_info, &words), STATUS_OK);
    CHECK((words.a[1] & RIGHT_TASK_FILL) != 0);
    words = (struct words){{task.handle}};
    CHECK_EQ(world_call(world_root, SYS_handle_info, &words), STATUS_OK);
    CHECK((words.a[1] & RIGHT_TASK_FILL) == 0); // gone with the start
    IS(OK, system_info, 0);
    IS(OK, system_info, 1);
    IS(OK, system_info, 3);
    IS(NOT_FOUND, system_info, 4);
    IS(NOT_FOUND, system_info, UINT64_MAX);
    IS(NOT_FOUND, task_slot, task.handle, UINT64_MAX);
}

TEST(bundles_are_filled_with_what_is_there) {
    CHECK(world_run(world_root));
    CHECK(host_user_write(world_root->hart->index, SCRATCH, "name", 4));
    IS(BAD_HANDLE, bundle_put, NONE, SCRATCH, 4, irq, 0, 0);
    IS(ACCESS, bundle_value, weak[CLASS_BUNDLE], SCRATCH, 4, SCRATCH, 4);
    IS(BAD_HANDLE, bundle_put, bundle, SCRATCH, 4, NONE, 0, 0);
    IS(BAD_ARGUMENT, bundle_put, bundle, SCRATCH, 4, bundle, 0, 1);
    IS(BAD_ADDRESS, bundle_value, bundle, 0, 4, SCRATCH, 4);
    IS(BAD_ADDRESS, bundle_value, bundle, USER_TOP - 2, 4, SCRATCH, 4);
    IS(BAD_ADDRESS, bundle_value, bundle, SCRATCH, 4, USER_TOP, 4);
    IS(BAD_ARGUMENT, bundle_value, bundle, SCRATCH, 4, SCRATCH, 2049);
    IS(BAD_ARGUMENT, bundle_value, bundle, SCRATCH, 32, SCRATCH, 4);
}

static uint64_t page_of_the_bundle(void) {
    for (uint32_t i = 0;; i++) {
        const struct slot *slot = table_slot(world_root->task, i);
        if ((slot->flags & SLOT_GUARDED) != 0) {
            lock_acquire(&books);
            uint64_t handle = table_handle(world_root->task, slot);
            lock_release(&books);
            return handle;
        }
    }
}

TEST(tasks_are_made_filled_and_started_once) {
    IS(BAD_HANDLE, task_start, empty, NONE, first);
    IS(BAD_HANDLE, task_start, empty, bundle, NONE);
    IS(BAD_STATE, thread_start, first);
    IS(BAD_ARGUMENT, task_watch, task.handle, 1 << 20);
    IS(BAD_ARGUMENT, thread_watch, first, 1 << 20);
    IS(BAD_ARGUMENT, irq_watch, irq, 1 << 20);
    IS(BAD_ARGUMENT, reticle_watch, pool, 1 << 20, 0);
    IS(BAD_STATE, task_stop, empty, 0);
    IS(BAD_HANDLE, task_stop, 0, 0); // 0 means itself only where something is filled
    IS(ACCESS, thread_carve, task.handle, PROGRAM_BASE, STACK_TOP);
    IS(BAD_ARGUMENT, thread_carve, empty, USER_TOP, STACK_TOP);
    IS(BAD_ARGUMENT, thread_carve, empty, PROGRAM_BASE, USER_TOP + 1);
    IS(BAD_ARGUMENT, thread_carve, empty, PROGRAM_BASE, STACK_TOP, 0, USER_TOP);
    IS(BAD_ARGUMENT, thread_carve, empty, PROGRAM_BASE, STACK_TOP, 0, 0, 2);
    IS(OK, task_start, empty, bundle, first);
    uint64_t more = MAKE(bundle_carve, pool);
    // Its maker has lost the right to fill it; the first thread went with the start.
    IS(ACCESS, thread_carve, empty, PROGRAM_BASE, STACK_TOP);
    IS(BAD_HANDLE, task_start, empty, more, first);
    uint64_t another = MAKE(task_carve, pool);
    uint64_t thread = MAKE(thread_carve, another, PROGRAM_BASE, STACK_TOP);
    IS(BAD_STATE, task_start, empty, more, thread);
    IS(OK, handle_drop, another);
    IS(ACCESS, handle_drop, page_of_the_bundle());
}

TEST(who_ended_before_it_was_watched_is_told) {
    uint64_t handle = 0, bits = 0;
    struct object *object = nullptr;
    CHECK_EQ(CALL(task.thread, &handle, thread_carve, 0, PROGRAM_BASE, STACK_TOP), STATUS_OK);
    CHECK_EQ(lookup(task.task, handle, CLASS_THREAD, 0, &object), STATUS_OK);
    CHECK_EQ(CALL(task.thread, nullptr, thread_watch, handle, 5), STATUS_OK);
    CHECK_EQ(CALL(task.thread, nullptr, thread_start, handle), STATUS_OK);
    CHECK_EQ(CALL(task.thread, nullptr, signal_wait, 1 << 5, 0), STATUS_TIMED_OUT);
    CHECK_EQ(CALL((struct thread *)object, nullptr, thread_exit, 0), WORLD_BLOCKED);
    CHECK_EQ(CALL(task.thread, &bits, signal_wait, 1 << 5, 0), STATUS_OK);
    CHECK_EQ(CALL(task.thread, nullptr, thread_watch, handle, 6), STATUS_OK);
    CHECK_EQ(CALL(task.thread, &bits, signal_wait, 1 << 6, 0), STATUS_OK);
    CHECK_EQ(bits, 1 << 6);
}

TEST(what_happened_before_it_was_watched_is_told) {
    uint64_t bits = 0;
    CHECK(world_run(task.thread));
    host_fault(task.thread->hart->index, FAULT_WRITE, 0xdead000);
    host_settle();
    IS(OK, task_watch, task.handle, 3);
    CHECK_EQ(CALL(world_root, &bits, signal_wait, UINT64_MAX, 0), STATUS_OK);
    CHECK_EQ(bits, 1 << 3);
    uint64_t number = task.thread->number;
    IS(BAD_ADDRESS, thread_registers, task.handle, number, 0, 1);
    IS(NOT_FOUND, thread_registers, task.handle, 99, SCRATCH, 0);
    IS(OK, thread_registers, task.handle, number, SCRATCH, 0);
    IS(OK, thread_registers, task.handle, number, SCRATCH, 1);
    IS(OK, task_stop, task.handle, 1);
    IS(OK, task_watch, task.handle, 4);
    CHECK_EQ(CALL(world_root, &bits, signal_wait, 1 << 4, 0), STATUS_OK);
}

TEST(futexes_stand_at_addresses_of_users) {
    IS(BAD_ADDRESS, futex_wake, 0, 1);
    IS(BAD_ADDRESS, futex_wake, SCRATCH + 2, 1);
    IS(BAD_ADDRESS, futex_wake, USER_TOP, 1);
    IS(BAD_ADDRESS, futex_wait, 0, 0, 0);
    IS(BAD_ADDRESS, futex_wait, USER_TOP, 0, 0);
    IS(BAD_ADDRESS, futex_wait, 0x70000000, 0, 0);
    IS(AGAIN, futex_wait, SCRATCH, UINT32_MAX - 7, 0);
    IS(OK, futex_wake, SCRATCH, UINT64_MAX);
}
