// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Handles, rights, copies, revocation, and the table of a Task.
#include "kernel/tests/world.h"
#include "tests/unit.h"

UNIT_MAIN

static uint64_t reticle;

constexpr uint64_t GENERATION_LAST = (UINT64_C(1) << HANDLE_GENERATION_BITS) - 1;

TEST(boots) {
    world_boot(8 << 20, 2);
    reticle = world_named("reticle");
}

static uint64_t info(uint64_t handle) {
    struct words words = {{handle}};
    return world_call(world_root, SYS_handle_info, &words) == STATUS_OK ? words.a[1] : 0;
}

static uint64_t copy(uint64_t handle, uint64_t rights) {
    uint64_t made = 0;
    CHECK_EQ(CALL(world_root, &made, handle_copy, handle, rights), STATUS_OK);
    return made;
}

TEST(handles_that_name_nothing) {
    static const uint64_t bad[] = {0,
                                   1,
                                   63,
                                   1 << 19,
                                   (1 << 20) - 1,
                                   UINT64_C(1) << 20 | 16383,
                                   UINT64_C(1) << 20 | 16384,
                                   UINT64_MAX};
    for (uint32_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK_EQ(CALL(world_root, nullptr, handle_info, bad[i]), STATUS_BAD_HANDLE);
        CHECK_EQ(CALL(world_root, nullptr, handle_drop, bad[i]), STATUS_BAD_HANDLE);
        CHECK_EQ(CALL(world_root, nullptr, handle_copy, bad[i], RIGHT_ALL), STATUS_BAD_HANDLE);
        CHECK_EQ(CALL(world_root, nullptr, handle_revoke, bad[i]), STATUS_BAD_HANDLE);
        CHECK_EQ(CALL(world_root, nullptr, reticle_split, bad[i], 4096), STATUS_BAD_HANDLE);
        CHECK_EQ(CALL(world_root, nullptr, doorbell, bad[i]), STATUS_BAD_HANDLE);
    }
    CHECK_EQ(CALL(world_root, nullptr, handle_info, reticle + (1 << 20)), STATUS_BAD_HANDLE);
}

TEST(numbers_that_are_no_syscall) {
    struct words words = {{reticle}};
    CHECK_EQ(world_call(world_root, SYS_COUNT, &words), STATUS_BAD_SYSCALL);
    CHECK_EQ(world_call(world_root, UINT64_MAX, &words), STATUS_BAD_SYSCALL);
}

TEST(rights_only_narrow) {
    uint64_t memory;
    CHECK_EQ(CALL(world_root, &memory, memory_carve, reticle, PAGE_SIZE), STATUS_OK);
    uint64_t all = copy(memory, UINT64_MAX);
    // A copy of Memory is never writable, and no owner.
    CHECK_EQ(info(all) & RIGHT_ALL, info(memory) & RIGHT_ALL & ~(uint64_t)RIGHT_MEMORY_WRITE);
    CHECK((info(memory) & INFO_OWNER) != 0 && (info(all) & INFO_OWNER) == 0);
    uint64_t little = copy(all, RIGHT_COPY | RIGHT_MEMORY_WRITE);
    CHECK_EQ(info(little) & RIGHT_ALL, RIGHT_COPY);
    uint64_t less = copy(little, RIGHT_ALL);
    CHECK_EQ(info(less) & RIGHT_ALL, RIGHT_COPY);
    uint64_t none = copy(little, 0);
    CHECK_EQ(info(none) & RIGHT_ALL, 0);
    CHECK_EQ(CALL(world_root, nullptr, handle_copy, none, 0), STATUS_ACCESS);
    world_audit();
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, memory), STATUS_OK);
    CHECK_EQ(info(all), 0);
    CHECK_EQ(info(none), 0);
    world_audit();
}

TEST(classes_never_mix) {
    static const char *const names[] = {"reticle", "time", "machine", "irq.console",
                                        "device.console"};
    for (uint32_t i = 0; i < 5; i++) {
        uint64_t handle = world_named(names[i]);
        CHECK_EQ(CALL(world_root, nullptr, ring_info, handle), STATUS_BAD_CLASS);
        CHECK_EQ(CALL(world_root, nullptr, task_info, handle), STATUS_BAD_CLASS);
        CHECK_EQ(CALL(world_root, nullptr, thread_start, handle), STATUS_BAD_CLASS);
        if (i != 0) {
            CHECK_EQ(CALL(world_root, nullptr, reticle_info, handle), STATUS_BAD_CLASS);
            CHECK_EQ(CALL(world_root, nullptr, memory_carve, handle, 1), STATUS_BAD_CLASS);
        }
    }
}

TEST(a_stale_handle_stays_stale) {
    uint64_t first = copy(reticle, RIGHT_COPY);
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, first), STATUS_OK);
    for (uint32_t i = 0; i < 1000; i++) {
        uint64_t again = copy(reticle, RIGHT_COPY);
        CHECK(again != first);
        CHECK_EQ(again & HANDLE_SLOT_MASK, first & HANDLE_SLOT_MASK);
        CHECK_EQ(info(first), 0);
        CHECK_EQ(CALL(world_root, nullptr, handle_drop, again), STATUS_OK);
    }
}

TEST(a_slot_at_its_last_generation_is_retired) {
    uint64_t handle = copy(reticle, RIGHT_COPY);
    struct slot *slot = table_slot(world_root->task, handle & HANDLE_SLOT_MASK);
    atomic_store(&slot->meta, slot_meta(slot) | GENERATION_LAST << META_GENERATION_SHIFT);
    handle |= GENERATION_LAST << HANDLE_SLOT_BITS;
    CHECK((info(handle) & RIGHT_COPY) != 0);
    uint32_t used = world_root->task->table.used;
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, handle), STATUS_OK);
    CHECK_EQ(world_root->task->table.used, used);
    uint64_t other = copy(reticle, RIGHT_COPY);
    CHECK((other & HANDLE_SLOT_MASK) != (handle & HANDLE_SLOT_MASK));
    CHECK_EQ(info(handle & HANDLE_SLOT_MASK), 0);
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, other), STATUS_OK);
    // The audit counts used slots: put it back in order for the next tests.
    lock_acquire(&books);
    atomic_store(&slot->meta, UINT64_C(1) << META_GENERATION_SHIFT);
    table_free(world_root->task, slot);
    lock_release(&books);
    world_audit();
}

// A Task that dies looks for what it has until it has nothing: with a retired slot, to the end.
TEST(a_task_with_a_retired_slot_dies) {
    struct world_task task;
    CHECK_EQ(world_task_make(&task, 256 << 10, nullptr, 0), STATUS_OK);
    uint64_t handle;
    CHECK_EQ(CALL(task.thread, &handle, thread_carve, 0, PROGRAM_BASE, 0), STATUS_OK);
    struct slot *slot = table_slot(task.task, handle & HANDLE_SLOT_MASK);
    atomic_store(&slot->meta, slot_meta(slot) | GENERATION_LAST << META_GENERATION_SHIFT);
    handle |= GENERATION_LAST << HANDLE_SLOT_BITS;
    CHECK_EQ(CALL(task.thread, nullptr, handle_drop, handle), STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, task.reticle), STATUS_OK);
    world_audit();
}

TEST(revoke_takes_descendants_everywhere) {
    uint64_t part;
    CHECK_EQ(CALL(world_root, &part, reticle_split, reticle, 8 * PAGE_SIZE), STATUS_OK);
    uint64_t middle = copy(part, RIGHT_ALL), beside = copy(part, RIGHT_ALL);
    struct world_grant grants[] = {{"part", middle, RIGHT_ALL, false}};
    struct world_task task;
    CHECK_EQ(world_task_make(&task, 256 << 10, grants, 1), STATUS_OK);
    uint64_t granted = world_granted(&task, "part"), below[10];
    for (uint32_t i = 0; i < 10; i++) {
        CHECK_EQ(
            CALL(task.thread, &below[i], handle_copy, i == 0 ? granted : below[i - 1], RIGHT_ALL),
            STATUS_OK);
    }
    world_audit();
    CHECK_EQ(CALL(world_root, nullptr, handle_revoke, middle), STATUS_OK);
    world_audit();
    CHECK_EQ(CALL(task.thread, nullptr, reticle_info, granted), STATUS_BAD_HANDLE);
    for (uint32_t i = 0; i < 10; i++) {
        CHECK_EQ(CALL(task.thread, nullptr, reticle_info, below[i]), STATUS_BAD_HANDLE);
    }
    // Itself and what does not hang below it stay; it may be copied again.
    CHECK(info(middle) != 0 && info(beside) != 0 && info(part) != 0);
    CHECK(copy(middle, RIGHT_ALL) != 0);
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, part), STATUS_OK);
    CHECK(info(middle) == 0 && info(beside) == 0);
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, task.reticle), STATUS_OK);
    world_audit();
}

TEST(a_capability_given_back_takes_nothing_from_others) {
    uint64_t part;
    CHECK_EQ(CALL(world_root, &part, reticle_split, reticle, 8 * PAGE_SIZE), STATUS_OK);
    uint64_t middle = copy(part, RIGHT_ALL), below = copy(middle, RIGHT_ALL);
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, middle), STATUS_OK);
    CHECK(info(below) != 0);
    world_audit();
    // It hangs below the source of its source now.
    CHECK_EQ(CALL(world_root, nullptr, handle_revoke, part), STATUS_OK);
    CHECK_EQ(info(below), 0);
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, part), STATUS_OK);
    world_audit();
}

TEST(a_long_revocation_is_complete) {
    uint64_t part, last = 0;
    CHECK_EQ(CALL(world_root, &part, reticle_split, reticle, 8 * PAGE_SIZE), STATUS_OK);
    for (uint32_t i = 0; i < 2000; i++) {
        last = copy(i % 3 == 0 || last == 0 ? part : last, RIGHT_ALL);
    }
    world_audit();
    CHECK_EQ(CALL(world_root, nullptr, handle_revoke, part), STATUS_OK);
    CHECK_EQ(info(last), 0);
    struct slot *slot = table_slot(world_root->task, part & HANDLE_SLOT_MASK);
    CHECK(slot->node.first == nullptr);
    CHECK_EQ(CALL(world_root, &last, handle_copy, part, RIGHT_ALL), STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, part), STATUS_OK);
    world_audit();
}

TEST(the_table_has_an_end) {
    struct world_task task;
    struct world_grant grants[] = {{"time", world_named("time"), RIGHT_ALL, false}};
    CHECK_EQ(world_task_make(&task, 2 << 20, grants, 1), STATUS_OK);
    uint64_t source = world_granted(&task, "time"), last = 0;
    uint32_t made = 0;
    enum status status = STATUS_OK;
    while (status == STATUS_OK && made <= TABLE_SLOTS) {
        status = CALL(task.thread, &last, handle_copy, source, RIGHT_ALL);
        made += status == STATUS_OK;
    }
    CHECK_EQ(status, STATUS_NO_SLOTS);
    CHECK_EQ(task.task->table.used, TABLE_SLOTS);
    CHECK_EQ(CALL(task.thread, nullptr, handle_drop, last), STATUS_OK);
    CHECK_EQ(CALL(task.thread, &last, handle_copy, source, RIGHT_ALL), STATUS_OK);
    CHECK_EQ(CALL(task.thread, nullptr, handle_copy, source, RIGHT_ALL), STATUS_NO_SLOTS);
    world_audit();
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, task.reticle), STATUS_OK);
    world_audit();
}

// The walk over a long stretch of empty slots is made in pieces.
TEST(what_lies_behind_a_gap_is_found) {
    constexpr uint32_t GAP = 1200;
    struct world_task task;
    struct world_grant grants[] = {{"time", world_named("time"), RIGHT_ALL, false}};
    CHECK_EQ(world_task_make(&task, 512 << 10, grants, 1), STATUS_OK);
    uint64_t source = world_granted(&task, "time"), last = 0;
    static uint64_t copies[GAP];
    for (uint32_t i = 0; i < GAP; i++) {
        CHECK_EQ(CALL(task.thread, &copies[i], handle_copy, source, RIGHT_ALL), STATUS_OK);
    }
    last = copies[GAP - 1];
    for (uint32_t i = 0; i + 1 < GAP; i++) {
        CHECK_EQ(CALL(task.thread, nullptr, handle_drop, copies[i]), STATUS_OK);
    }
    struct words words = {{task.handle, (copies[0] & HANDLE_SLOT_MASK)}};
    CHECK_EQ(world_call(world_root, SYS_task_slot, &words), STATUS_OK);
    CHECK_EQ(words.a[1], last & HANDLE_SLOT_MASK);
    CHECK_EQ(words.a[2] >> INFO_CLASS_SHIFT & 0xff, CLASS_MEMORY);
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, task.reticle), STATUS_OK);
}

// What is on its way is listed with the end that sent it; revoked, it is still there, for
// whoever takes it learns of it.
TEST(what_was_revoked_on_its_way_is_listed) {
    struct world_task task;
    struct world_grant grants[] = {{"pool", reticle, RIGHT_ALL, false}};
    CHECK_EQ(world_task_make(&task, 512 << 10, grants, 1), STATUS_OK);
    uint64_t pool = world_granted(&task, "pool"), a = 0, b = 0, memory = 0, copy = 0;
    CHECK_EQ(CALL(task.thread, &a, ring_carve, pool, 2), STATUS_OK);
    CHECK_EQ(CALL(task.thread, &b, ring_carve, pool, 2), STATUS_OK);
    CHECK_EQ(CALL(task.thread, nullptr, ring_bind, a, b), STATUS_OK);
    CHECK_EQ(CALL(task.thread, &memory, memory_carve, pool, PAGE_SIZE), STATUS_OK);
    CHECK_EQ(CALL(task.thread, &copy, handle_copy, memory, RIGHT_ALL), STATUS_OK);
    CHECK_EQ(CALL(task.thread, nullptr, ring_send, a, 1, copy, RIGHT_ALL, 1), STATUS_OK);
    for (uint32_t revoked = 0; revoked < 2; revoked++) {
        struct words words = {{task.handle, UINT64_C(1) << INFO_CONTAINER_SHIFT}};
        CHECK_EQ(world_call(world_root, SYS_task_slot, &words), STATUS_OK);
        CHECK_EQ(words.a[1], ((a & HANDLE_SLOT_MASK) + 1) << INFO_CONTAINER_SHIFT);
        CHECK_EQ((words.a[2] & INFO_REVOKED) != 0, revoked != 0);
        CHECK_EQ(words.a[3] == 0, revoked != 0);
        CHECK_EQ(CALL(task.thread, nullptr, handle_revoke, memory), STATUS_OK);
    }
    CHECK_EQ(CALL(task.thread, nullptr, ring_take, b, 1, 0), STATUS_REVOKED);
    CHECK_EQ(CALL(task.thread, nullptr, handle_drop, memory), STATUS_OK);
    CHECK_EQ(CALL(task.thread, nullptr, handle_drop, a), STATUS_OK);
    CHECK_EQ(CALL(task.thread, nullptr, handle_drop, b), STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, task.reticle), STATUS_OK);
    world_audit();
}

TEST(authority_is_the_table) {
    struct world_task task;
    struct world_grant grants[] = {{"time", world_named("time"), RIGHT_ALL, false},
                                   {"irq", world_named("irq.console"), RIGHT_COPY, false}};
    CHECK_EQ(world_task_make(&task, 256 << 10, grants, 2), STATUS_OK);
    uint32_t found = 0;
    struct words words = {{task.handle, 0}};
    while (world_call(world_root, SYS_task_slot, &words) == STATUS_OK) {
        found++;
        uint64_t index = words.a[1];
        const struct slot *slot = table_slot(task.task, (uint32_t)index);
        CHECK_EQ(words.a[2] & RIGHT_ALL, slot_rights(slot));
        CHECK_EQ(words.a[2] >> INFO_CLASS_SHIFT & 31, slot_class(slot));
        CHECK_EQ((uint32_t)words.a[3], object_number(slot->object));
        const struct reticle *payer = slot->object->unlisted ? nullptr : slot->object->reticle;
        CHECK_EQ(words.a[3] >> INFO_PAYER_SHIFT,
                 payer == nullptr ? 0 : object_number(&payer->object));
        words = (struct words){{task.handle, index + 1}};
    }
    CHECK_EQ(found, task.task->table.used);
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, task.reticle), STATUS_OK);
}
