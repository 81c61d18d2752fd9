// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Reticles: splitting, growing, the books, low water, exhaustion.
#include "tests/ktest/child.h"

static uint64_t split(uint64_t from, uint64_t bytes) {
    uint64_t part = HANDLE_NONE;
    (void)CHECK_OK(sys_reticle_split(from, bytes, &part));
    return part;
}

static void split_and_drop(void) {
    uint64_t before = available(ground), total, left, objects, tables;
    uint64_t part = split(ground, 5 * PAGE_SIZE + 1);
    (void)CHECK_OK(sys_reticle_info(part, &total, &left, &objects, &tables));
    (void)CHECK_EQ(total, 6 * PAGE_SIZE);
    (void)CHECK_EQ(left, 6 * PAGE_SIZE);
    (void)CHECK_EQ(objects + tables, 0);
    // The part, and a page for the cells of small objects.
    (void)CHECK_EQ(before - available(ground), 7 * PAGE_SIZE);
    uint64_t inner = split(part, PAGE_SIZE);
    (void)CHECK_EQ(available(inner), PAGE_SIZE);
    drop(part);
    (void)CHECK(!is_alive(inner));
    (void)CHECK_EQ(available(ground), before);
}

static void split_errors(void) {
    uint64_t part, before = available(ground);
    (void)CHECK_STATUS(sys_reticle_split(ground, 0, &part), STATUS_BAD_ARGUMENT);
    (void)CHECK_STATUS(sys_reticle_split(ground, UINT64_MAX, &part), STATUS_BAD_ARGUMENT);
    (void)CHECK_STATUS(sys_reticle_split(ground, UINT64_MAX - PAGE_SIZE + 2, &part),
                       STATUS_BAD_ARGUMENT);
    (void)CHECK_STATUS(sys_reticle_split(ground, UINT64_C(1) << 43, &part), STATUS_NO_MEMORY);
    (void)CHECK_STATUS(sys_reticle_split(ground, before + PAGE_SIZE, &part), STATUS_NO_MEMORY);
    (void)CHECK_STATUS(sys_reticle_split(ground, before, &part), STATUS_NO_MEMORY);
    (void)CHECK_EQ(available(ground), before);
}

static void grow(void) {
    uint64_t part = split(ground, PAGE_SIZE), other = split(ground, PAGE_SIZE);
    uint64_t inner = HANDLE_NONE, before = available(ground);
    (void)CHECK_OK(sys_reticle_grow(part, ground, 3 * PAGE_SIZE - 1));
    (void)CHECK_EQ(available(part), 4 * PAGE_SIZE);
    (void)CHECK_EQ(available(ground), before - 3 * PAGE_SIZE);
    (void)CHECK_STATUS(sys_reticle_grow(part, other, PAGE_SIZE), STATUS_BAD_ARGUMENT);
    (void)CHECK_STATUS(sys_reticle_grow(part, part, PAGE_SIZE), STATUS_BAD_ARGUMENT);
    (void)CHECK_STATUS(sys_reticle_grow(ground, part, PAGE_SIZE), STATUS_BAD_ARGUMENT);
    (void)CHECK_STATUS(sys_reticle_grow(part, ground, 0), STATUS_BAD_ARGUMENT);
    (void)CHECK_STATUS(sys_reticle_grow(part, ground, UINT64_MAX), STATUS_BAD_ARGUMENT);
    (void)CHECK_STATUS(sys_reticle_grow(part, ground, before), STATUS_NO_MEMORY);
    inner = split(part, PAGE_SIZE);
    (void)CHECK_OK(sys_reticle_grow(inner, part, PAGE_SIZE));
    (void)CHECK_EQ(available(inner), 2 * PAGE_SIZE);
    drop(part);
    drop(other);
}

// All pages are found, one by one and as they were together, whatever the order.
static void exhaust(void) {
    constexpr uint32_t PAGES = 100;
    static uint64_t memory[PAGES];
    uint64_t part = split(ground, PAGES * PAGE_SIZE), left = HANDLE_NONE;
    uint32_t count = 0;
    while (count < PAGES && sys_memory_carve(part, PAGE_SIZE, 0, 0, &memory[count]) == STATUS_OK) {
        count++;
    }
    // Each sixteenth needs a further page of cells.
    (void)CHECK(count >= PAGES * 16 / 17 - 1);
    (void)CHECK_STATUS(sys_memory_carve(part, PAGE_SIZE, 0, 0, &left), STATUS_NO_MEMORY);
    (void)CHECK_STATUS(sys_ring_carve(part, 2, &left), STATUS_NO_MEMORY);
    (void)CHECK_STATUS(sys_bundle_carve(part, &left), STATUS_NO_MEMORY);
    (void)CHECK_STATUS(sys_task_carve(part, &left), STATUS_NO_MEMORY);
    // The neighbours notice nothing.
    uint64_t beside = carve_memory(PAGE_SIZE, 0);
    drop(beside);
    for (uint32_t i = 0; i < count; i++) {
        drop(memory[i * 37 % count]); // 37 and count have no common divisor
    }
    (void)CHECK_EQ(available(part), PAGES * PAGE_SIZE);
    if (CHECK_OK(sys_memory_carve(part, 32 * PAGE_SIZE, 0, 0, &left))) {
        drop(left);
    }
    drop(part);
}

// A Task that cannot be made whole leaves nothing behind.
static void half_made(void) {
    for (uint64_t pages = 1; pages < 12; pages++) {
        uint64_t part = split(ground, pages * PAGE_SIZE), made;
        enum status status = sys_task_carve(part, &made);
        if (status == STATUS_OK) {
            drop(made);
        }
        status = sys_bundle_carve(part, &made);
        if (status == STATUS_OK) {
            drop(made);
        }
        status = sys_ring_carve(part, 256, &made);
        if (status == STATUS_OK) {
            drop(made);
        }
        pause_for(MILLISECOND);
        (void)CHECK_EQ(available(part), pages * PAGE_SIZE);
        drop(part);
    }
}

static void low_water(void) {
    uint64_t part = split(ground, 8 * PAGE_SIZE), memory = HANDLE_NONE;
    (void)CHECK_OK(sys_reticle_watch(part, 5, 4 * PAGE_SIZE));
    (void)CHECK_EQ(poll_bits(), 0);
    (void)CHECK_OK(sys_memory_carve(part, PAGE_SIZE, 0, 0, &memory));
    (void)CHECK_EQ(poll_bits(), 0);
    drop(memory);
    (void)CHECK_OK(sys_memory_carve(part, 4 * PAGE_SIZE, 0, 0, &memory));
    (void)CHECK_EQ(poll_bits(), 1 << 5);
    drop(memory);
    (void)CHECK_OK(sys_reticle_watch(part, UINT64_MAX, 0));
    (void)CHECK_OK(sys_memory_carve(part, 4 * PAGE_SIZE, 0, 0, &memory));
    (void)CHECK_EQ(poll_bits(), 0);
    (void)CHECK_STATUS(sys_reticle_watch(part, 64, 0), STATUS_BAD_ARGUMENT);
    (void)CHECK_STATUS(sys_reticle_watch(part, UINT64_MAX - 1, 0), STATUS_BAD_ARGUMENT);
    drop(part);
}

// The right to make code is handed down or it is not there.
static void code_right(void) {
    uint64_t without, part, memory;
    (void)CHECK_OK(sys_handle_copy(ground, RIGHT_ALL & ~(uint64_t)RIGHT_RETICLE_CODE, &without));
    (void)CHECK_OK(sys_reticle_split(without, 4 * PAGE_SIZE, &part));
    (void)CHECK_EQ(rights_of(part) & RIGHT_RETICLE_CODE, 0);
    (void)CHECK_STATUS(sys_memory_carve(part, PAGE_SIZE, 0, CARVE_CODE, &memory), STATUS_ACCESS);
    (void)CHECK_OK(sys_memory_carve(part, PAGE_SIZE, 0, 0, &memory));
    (void)CHECK_EQ(rights_of(memory) & RIGHT_MEMORY_EXECUTE, 0);
    drop(part);
    drop(without);
}

// Splits of splits, and of all of it, add up.
static void nested(void) {
    uint64_t part[8], from = ground;
    for (uint32_t i = 0; i < 8; i++) {
        part[i] = split(from, (20 - 2 * i) * PAGE_SIZE);
        from = part[i];
    }
    uint64_t memory;
    (void)CHECK_OK(sys_memory_carve(part[7], PAGE_SIZE, 0, 0, &memory));
    drop(part[3]);
    for (uint32_t i = 3; i < 8; i++) {
        (void)CHECK(!is_alive(part[i]));
    }
    (void)CHECK(!is_alive(memory));
    (void)CHECK_EQ(available(part[2]), 16 * PAGE_SIZE);
    drop(part[0]);
}

// Splitting ends at a depth, with a status: nothing that walks up runs for ever.
static void depth(void) {
    uint64_t from, part, first;
    if (!CHECK_OK(sys_reticle_split(ground, 64 * PAGE_SIZE, &first))) {
        return;
    }
    uint32_t levels = 0;
    enum status status = STATUS_OK;
    for (from = first; levels < 30; from = part, levels++) {
        status = sys_reticle_split(from, (62 - 2 * levels) * PAGE_SIZE, &part);
        if (status != STATUS_OK) {
            break;
        }
    }
    (void)CHECK_EQ(status, STATUS_BAD_ARGUMENT);
    (void)CHECK(levels > 8 && levels < 30);
    drop(first);
}

TESTS(reticle, {"split_and_drop", split_and_drop}, {"split_errors", split_errors}, {"grow", grow},
      {"exhaust", exhaust}, {"half_made", half_made}, {"low_water", low_water},
      {"code_right", code_right}, {"nested", nested}, {"depth", depth});
