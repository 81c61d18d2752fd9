// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Memory and the views of it: what can be mapped, what is seen, and what is left after a
// revocation.
#include "kernel/space_load.h"
#include "kernel/tests/world.h"
#include "tests/unit.h"

UNIT_MAIN

constexpr uint64_t AT = 0x50000000;
constexpr uint64_t RW = MAP_READ | MAP_WRITE;
constexpr uint64_t RX = MAP_READ | MAP_EXECUTE;

static uint64_t reticle;

TEST(boots) {
    world_boot(8 << 20, 2);
    reticle = world_named("reticle");
}

static uint64_t carve(uint64_t pages, uint64_t flags) {
    uint64_t memory = 0;
    CHECK_EQ(CALL(world_root, &memory, memory_carve, reticle, pages * PAGE_SIZE, 0, flags),
             STATUS_OK);
    return memory;
}

static enum status map(uint64_t memory, uint64_t address, uint64_t offset, uint64_t pages,
                       uint64_t flags, uint64_t *view) {
    return CALL(world_root, view, memory_map, 0, memory, address, offset, pages * PAGE_SIZE, flags);
}

static void drop(uint64_t handle) {
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, handle), STATUS_OK);
}

static uint32_t root_hart(void) {
    CHECK(world_run(world_root));
    return world_root->hart->index;
}

TEST(bad_arguments_map_nothing) {
    uint64_t memory = carve(4, 0), view;
    struct world_shape before = world_shape();
    CHECK_EQ(map(memory, AT + 1, 0, 1, RW, &view), STATUS_BAD_ARGUMENT);
    CHECK_EQ(map(memory, AT, 1, 1, RW, &view), STATUS_BAD_ARGUMENT);
    CHECK_EQ(map(memory, AT, 0, 0, RW, &view), STATUS_BAD_ARGUMENT);
    CHECK_EQ(map(memory, AT, 0, 5, RW, &view), STATUS_BAD_ARGUMENT);
    CHECK_EQ(map(memory, AT, 4 * PAGE_SIZE, 1, RW, &view), STATUS_BAD_ARGUMENT);
    CHECK_EQ(map(memory, AT, -PAGE_SIZE, 2, RW, &view), STATUS_BAD_ARGUMENT);
    CHECK_EQ(map(memory, AT, PAGE_SIZE, (UINT64_C(1) << 52) - 1, RW, &view), STATUS_BAD_ADDRESS);
    CHECK_EQ(map(memory, 0, 0, 1, RW, &view), STATUS_BAD_ADDRESS);
    CHECK_EQ(map(memory, USER_TOP, 0, 1, RW, &view), STATUS_BAD_ADDRESS);
    CHECK_EQ(map(memory, USER_TOP - PAGE_SIZE, 0, 2, RW, &view), STATUS_BAD_ADDRESS);
    CHECK_EQ(map(memory, UINT64_C(0xffff800000000000), 0, 1, RW, &view), STATUS_BAD_ADDRESS);
    CHECK_EQ(map(memory, AT, 0, 1, MAP_WRITE, &view), STATUS_BAD_ARGUMENT);
    CHECK_EQ(map(memory, AT, 0, 1, RW | MAP_EXECUTE, &view), STATUS_BAD_ARGUMENT);
    CHECK_EQ(map(memory, AT, 0, 1, MAP_READ | MAP_PEER, &view), STATUS_BAD_ARGUMENT);
    CHECK_EQ(map(memory, AT, 0, 1, RW | MAP_GIVE, &view), STATUS_BAD_ARGUMENT);
    CHECK_EQ(map(memory, AT, 0, 1, 1 << 5 | MAP_READ, &view), STATUS_BAD_ARGUMENT);
    CHECK_EQ(map(memory, AT, 0, 1, RX, &view), STATUS_ACCESS);
    CHECK_EQ(map(reticle, AT, 0, 1, MAP_READ, &view), STATUS_BAD_CLASS);
    struct world_shape after = world_shape();
    CHECK(world_shape_equal(&before, &after));
    drop(memory);
    world_audit();
}

TEST(what_is_written_is_read_until_it_is_unmapped) {
    uint64_t memory = carve(4, 0), view, second;
    CHECK_EQ(map(memory, AT, PAGE_SIZE, 3, RW, &view), STATUS_OK);
    CHECK_EQ(map(memory, AT + (1 << 30), 0, 4, MAP_READ, &second), STATUS_OK);
    uint32_t hart = root_hart();
    uint64_t value = 0x1122334455667788, read = 0;
    CHECK(host_user_write(hart, AT + PAGE_SIZE - 3, &value, sizeof value));
    CHECK(host_user_read(hart, AT + (1 << 30) + 2 * PAGE_SIZE - 3, &read, sizeof read));
    CHECK_EQ(read, value);
    CHECK(!host_user_write(hart, AT + (1 << 30), &value, sizeof value));
    CHECK(!host_user_execute(hart, AT));
    CHECK_EQ(map(memory, AT + 2 * PAGE_SIZE, 0, 1, RW, &second), STATUS_EXISTS);
    CHECK_EQ(map(memory, AT - PAGE_SIZE, 0, 2, RW, &second), STATUS_EXISTS);
    world_audit();
    drop(view);
    CHECK(!host_user_read(hart, AT, &read, 1));
    world_audit();
    drop(memory);
    // The other view is a tomb that shows zeros.
    CHECK(host_user_read(hart, AT + (1 << 30) + 2 * PAGE_SIZE - 3, &read, sizeof read));
    CHECK_EQ(read, 0);
    world_audit();
}

TEST(a_large_view_is_made_and_unmade_in_steps) {
    uint64_t memory = carve(600, 0), view;
    struct world_shape before = world_shape();
    // Across a table of the lowest level.
    CHECK_EQ(map(memory, AT + 0x100000, 0, 600, RW, &view), STATUS_OK);
    uint32_t hart = root_hart();
    uint64_t value = 7;
    for (uint32_t i = 0; i < 600; i++) {
        CHECK(host_user_write(hart, AT + 0x100000 + i * PAGE_SIZE, &value, sizeof value));
    }
    world_audit();
    drop(view);
    world_audit();
    // A page in the way at the end undoes all.
    uint64_t one = carve(1, 0), small;
    CHECK_EQ(map(one, AT + 0x100000 + 599 * PAGE_SIZE, 0, 1, RW, &small), STATUS_OK);
    CHECK_EQ(map(memory, AT + 0x100000, 0, 600, RW, &view), STATUS_EXISTS);
    CHECK(!host_user_read(root_hart(), AT + 0x100000, &value, 1));
    world_audit();
    drop(small);
    drop(one);
    drop(memory);
    world_audit();
    (void)before;
}

TEST(write_and_execute_exclude_each_other_per_memory) {
    uint64_t memory = carve(2, CARVE_CODE), w, x;
    CHECK_EQ(map(memory, AT, 0, 1, RW, &w), STATUS_OK);
    CHECK_EQ(map(memory, AT + PAGE_SIZE, 1 * PAGE_SIZE, 1, RX, &x), STATUS_BUSY);
    drop(w);
    CHECK_EQ(map(memory, AT, 0, 2, RX, &x), STATUS_OK);
    CHECK(host_user_execute(root_hart(), AT));
    CHECK_EQ(map(memory, AT + (1 << 24), 0, 1, RW, &w), STATUS_BUSY);
    drop(x);
    CHECK_EQ(map(memory, AT, 0, 1, RW, &w), STATUS_OK);
    drop(w);
    drop(memory);
    world_audit();
}

TEST(code_needs_the_right_of_the_reticle) {
    uint64_t less, memory;
    CHECK_EQ(CALL(world_root, &less, handle_copy, reticle, RIGHT_ALL & ~RIGHT_RETICLE_CODE),
             STATUS_OK);
    CHECK_EQ(CALL(world_root, &memory, memory_carve, less, PAGE_SIZE, 0, CARVE_CODE),
             STATUS_ACCESS);
    uint64_t part, inner;
    CHECK_EQ(CALL(world_root, &part, reticle_split, less, 8 * PAGE_SIZE), STATUS_OK);
    CHECK_EQ(CALL(world_root, &inner, memory_carve, part, PAGE_SIZE, 0, CARVE_CODE), STATUS_ACCESS);
    CHECK_EQ(CALL(world_root, &inner, memory_carve, part, PAGE_SIZE, 0, 2), STATUS_BAD_ARGUMENT);
    drop(part);
    drop(less);
    world_audit();
}

TEST(a_revoked_view_becomes_the_zero_page) {
    uint64_t memory = carve(300, 0), view;
    uint64_t copy;
    CHECK_EQ(map(memory, AT, 0, 300, RW, &view), STATUS_OK);
    uint64_t value = 99, read;
    uint32_t hart = root_hart();
    for (uint32_t i = 0; i < 300; i++) {
        CHECK(host_user_write(hart, AT + i * PAGE_SIZE, &value, sizeof value));
    }
    drop(view);
    CHECK_EQ(CALL(world_root, &copy, handle_copy, memory, RIGHT_ALL), STATUS_OK);
    struct world_grant grants[] = {{"memory", copy, RIGHT_ALL, false}};
    struct world_task task;
    CHECK_EQ(world_task_make(&task, 512 << 10, grants, 1), STATUS_OK);
    uint64_t granted = world_granted(&task, "memory");
    CHECK_EQ(CALL(task.thread, &view, memory_map, 0, granted, AT, 0, 300 * PAGE_SIZE, MAP_READ),
             STATUS_OK);
    hart = task.thread->hart->index;
    CHECK(world_run(task.thread));
    CHECK(host_user_read(hart, AT + 299 * PAGE_SIZE, &read, sizeof read));
    CHECK_EQ(read, 99);
    world_audit();
    CHECK_EQ(CALL(world_root, nullptr, handle_revoke, memory), STATUS_OK);
    world_audit();
    CHECK(world_run(task.thread));
    for (uint32_t i = 0; i < 300; i++) {
        CHECK(host_user_read(hart, AT + i * PAGE_SIZE, &read, sizeof read));
        CHECK_EQ(read, 0);
    }
    CHECK(!host_user_write(hart, AT, &value, sizeof value));
    struct words words = {{view}};
    CHECK_EQ(world_call(task.thread, SYS_handle_info, &words), STATUS_OK);
    CHECK((words.a[1] & INFO_REVOKED) != 0);
    CHECK_EQ(CALL(task.thread, nullptr, handle_drop, view), STATUS_OK);
    CHECK(!host_user_read(hart, AT, &read, 1));
    drop(task.reticle);
    drop(memory);
    world_audit();
}

TEST(wipe_needs_memory_that_nobody_sees) {
    uint64_t memory = carve(20, 0), view, copy;
    CHECK_EQ(map(memory, AT, 0, 20, RW, &view), STATUS_OK);
    uint64_t value = 5;
    CHECK(host_user_write(root_hart(), AT + 19 * PAGE_SIZE, &value, sizeof value));
    CHECK_EQ(CALL(world_root, nullptr, memory_wipe, memory), STATUS_BAD_STATE);
    drop(view);
    CHECK_EQ(CALL(world_root, &copy, handle_copy, memory, RIGHT_ALL), STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, memory_wipe, copy), STATUS_ACCESS);
    CHECK_EQ(CALL(world_root, nullptr, memory_wipe, memory), STATUS_BAD_STATE);
    drop(copy);
    CHECK_EQ(CALL(world_root, nullptr, memory_wipe, memory), STATUS_OK);
    CHECK_EQ(map(memory, AT, 0, 20, MAP_READ, &view), STATUS_OK);
    CHECK(host_user_read(root_hart(), AT + 19 * PAGE_SIZE, &value, sizeof value));
    CHECK_EQ(value, 0);
    drop(view);
    drop(memory);
    world_audit();
}

TEST(registers_are_mapped_by_the_right_to_use_them) {
    uint64_t device = world_named("device.console"), copy = 0, view = 0;
    static const uint64_t refused[] = {RX, MAP_READ | MAP_GIVE, MAP_READ | MAP_PEER};
    for (uint32_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        CHECK_EQ(map(device, AT, 0, 1, refused[i], &view), STATUS_BAD_ARGUMENT);
    }
    CHECK_EQ(CALL(world_root, &copy, handle_copy, device, RIGHT_COPY), STATUS_OK);
    CHECK_EQ(map(copy, AT, 0, 1, MAP_READ, &view), STATUS_ACCESS);
    CHECK_EQ(map(device, AT, 0, 1, RW, &view), STATUS_OK);
    drop(view);
    drop(copy);
    world_audit();
}

// A hart that flushed what it unmaps itself knows nothing of what another hart unmapped before:
// it loads the space again, then, before a thread of the Task runs there.
TEST(what_others_unmapped_is_not_covered_up) {
    host_select(root_hart());
    struct hart *hart = arch_hart();
    struct task *task = world_root->task;
    lock_acquire(&books);
    CHECK(space_loaded(hart, task));
    task_unmapped(task);
    CHECK(space_loaded(hart, task));
    atomic_fetch_add(&task->space_version, 1); // another hart
    task_unmapped(task);
    CHECK(!space_loaded(hart, task));
    hart->space_version = atomic_load(&task->space_version);
    lock_release(&books);
    world_audit();
}

TEST(devices_and_bundles) {
    uint64_t view, device = world_named("device.console"), byte = 1;
    CHECK_EQ(map(device, AT, 0, 1, RX, &view), STATUS_BAD_ARGUMENT);
    CHECK_EQ(map(device, AT, 0, 2, RW, &view), STATUS_BAD_ARGUMENT);
    CHECK_EQ(map(device, AT, 0, 1, RW, &view), STATUS_OK);
    CHECK(host_user_write(root_hart(), AT, &byte, 1));
    world_audit();
    drop(view);
    CHECK_EQ(CALL(world_root, nullptr, device_port, device, 0, 1), STATUS_BAD_ARGUMENT);
}
