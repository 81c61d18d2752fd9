// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Bundles: names, values, what they hold, and what the child finds.
#include "abi/bundle.h"
#include "lib/string/string.h"
#include "lib/vectra/bundle.h"
#include "tests/ktest/child.h"

static enum status put(uint64_t bundle, const char *name, uint64_t handle, uint64_t rights,
                       bool move) {
    return sys_bundle_put(bundle, (uint64_t)name, strlen(name), handle, rights, move);
}

static enum status put_value(uint64_t bundle, const char *name, const void *value, size_t size) {
    return sys_bundle_value(bundle, (uint64_t)name, strlen(name), (uint64_t)value, size);
}

static void names(void) {
    uint64_t bundle, value = 1;
    (void)CHECK_OK(sys_bundle_carve(ground, &bundle));
    static const char *const bad[] = {"",       "Upper", "with blank",
                                      "slash/", "\x80",  "a234567890123456789012345678901x"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        (void)CHECK_STATUS(put_value(bundle, bad[i], &value, sizeof value), STATUS_BAD_ARGUMENT);
    }
    (void)CHECK_STATUS(sys_bundle_value(bundle, (uint64_t)"a\0b", 3, (uint64_t)&value, 8),
                       STATUS_BAD_ARGUMENT);
    (void)CHECK_STATUS(sys_bundle_value(bundle, (uint64_t)"a", UINT64_MAX, (uint64_t)&value, 8),
                       STATUS_BAD_ARGUMENT);
    (void)CHECK_OK(put_value(bundle, "a23456789012345678901234567890x", &value, 8));
    (void)CHECK_OK(put_value(bundle, "a.b-c_9", &value, 8));
    (void)CHECK_STATUS(put_value(bundle, "a.b-c_9", &value, 8), STATUS_EXISTS);
    (void)CHECK_STATUS(put(bundle, "a.b-c_9", ground, RIGHT_ALL, false), STATUS_EXISTS);
    drop(bundle);
}

static void addresses(void) {
    uint64_t bundle, value = 1;
    (void)CHECK_OK(sys_bundle_carve(ground, &bundle));
    const uint64_t bad[] = {0,
                            PAGE_SIZE,
                            AREA,
                            USER_TOP - 4,
                            USER_TOP,
                            machine_kernel[0],
                            UINT64_MAX,
                            UINT64_MAX - 3,
                            UINT64_C(0x0008000000000000)};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        (void)CHECK_STATUS(sys_bundle_value(bundle, bad[i], 3, (uint64_t)&value, 8),
                           STATUS_BAD_ADDRESS);
        (void)CHECK_STATUS(sys_bundle_value(bundle, (uint64_t)"good", 4, bad[i], 8),
                           STATUS_BAD_ADDRESS);
        (void)CHECK_STATUS(sys_bundle_put(bundle, bad[i], 3, ground, RIGHT_ALL, 0),
                           STATUS_BAD_ADDRESS);
    }
    // Half of it is there.
    uint64_t memory = carve_memory(PAGE_SIZE, 0);
    uint64_t view = map_here(memory, AREA, PAGE_SIZE, MAP_READ);
    (void)CHECK_STATUS(sys_bundle_value(bundle, (uint64_t)"good", 4, AREA + PAGE_SIZE - 8, 16),
                       STATUS_BAD_ADDRESS);
    (void)CHECK_OK(sys_bundle_value(bundle, (uint64_t)"good", 4, AREA + PAGE_SIZE - 8, 8));
    drop(view);
    drop(memory);
    drop(bundle);
}

static void full(void) {
    uint64_t bundle;
    static uint8_t bytes[2049];
    (void)CHECK_OK(sys_bundle_carve(ground, &bundle));
    (void)CHECK_STATUS(put_value(bundle, "v", bytes, 2049), STATUS_BAD_ARGUMENT);
    (void)CHECK_OK(put_value(bundle, "v0", bytes, 2048));
    (void)CHECK_OK(put_value(bundle, "v1", bytes, 2048));
    uint64_t rest = BUNDLE_SIZE - BUNDLE_VALUES - 4096;
    (void)CHECK_STATUS(put_value(bundle, "v2", bytes, rest + 1), STATUS_FULL);
    (void)CHECK_OK(put_value(bundle, "v2", bytes, rest));
    (void)CHECK_STATUS(put_value(bundle, "v3", bytes, 1), STATUS_FULL);
    for (uint32_t i = 3; i < BUNDLE_ENTRIES; i++) {
        char name[3] = {'n', (char)('a' + i / 26), (char)('a' + i % 26)};
        (void)CHECK_OK(sys_bundle_value(bundle, (uint64_t)name, 3, 0, 0));
    }
    (void)CHECK_STATUS(sys_bundle_value(bundle, (uint64_t)"more", 4, 0, 0), STATUS_FULL);
    (void)CHECK_STATUS(put(bundle, "more", ground, RIGHT_ALL, false), STATUS_FULL);
    drop(bundle);
}

static void capabilities(void) {
    uint64_t bundle, memory = carve_memory(PAGE_SIZE, 0), copy, ring;
    (void)CHECK_OK(sys_bundle_carve(ground, &bundle));
    uint64_t view = map_here(memory, AREA, PAGE_SIZE, MAP_READ);
    (void)CHECK_STATUS(put(bundle, "view", view, RIGHT_ALL, false), STATUS_BAD_CLASS);
    (void)CHECK_STATUS(put(bundle, "view", view, RIGHT_ALL, true), STATUS_BAD_CLASS);
    (void)CHECK_STATUS(put(bundle, "memory", memory, RIGHT_ALL, true), STATUS_BUSY);
    drop(view);
    (void)CHECK_OK(sys_handle_copy(memory, RIGHT_ALL & ~(uint64_t)RIGHT_PASS, &copy));
    (void)CHECK_STATUS(put(bundle, "copy", copy, RIGHT_ALL, false), STATUS_ACCESS);
    (void)CHECK_STATUS(put(bundle, "copy", copy, RIGHT_ALL, true), STATUS_ACCESS);
    drop(copy);
    (void)CHECK_OK(sys_handle_copy(memory, RIGHT_PASS | RIGHT_MEMORY_READ, &copy));
    (void)CHECK_STATUS(put(bundle, "copy", copy, RIGHT_ALL, false), STATUS_ACCESS);
    (void)CHECK_OK(put(bundle, "copy", copy, RIGHT_ALL, true));
    (void)CHECK(!is_alive(copy));
    (void)CHECK_STATUS(put(bundle, "self", bundle, RIGHT_ALL, true), STATUS_BAD_ARGUMENT);
    // What it owns dies with it.
    (void)CHECK_OK(sys_ring_carve(ground, 2, &ring));
    (void)CHECK_OK(put(bundle, "ring", ring, RIGHT_ALL, true));
    (void)CHECK(!is_alive(ring));
    drop(bundle);
    drop(memory);
}

// The child: slots by name, with the rights that were named and no others.
uint32_t role_bundle(void) {
    uint64_t copy = child_slot("copy", CLASS_MEMORY), moved = child_slot("moved", CLASS_MEMORY);
    (void)CHECK_EQ(rights_of(copy), RIGHT_MEMORY_READ | RIGHT_INSPECT);
    (void)CHECK_EQ(rights_of(moved) & RIGHT_MEMORY_WRITE, RIGHT_MEMORY_WRITE);
    (void)CHECK_EQ(child_value("number"), 0x1234567890abcdef);
    uint64_t handle, view;
    (void)CHECK_STATUS(bundle_find("copy", CLASS_RING, &handle), STATUS_BAD_CLASS);
    (void)CHECK_STATUS(bundle_find("nothing", CLASS_MEMORY, &handle), STATUS_NOT_FOUND);
    const struct bundle_page *page = (const struct bundle_page *)BUNDLE_ADDRESS;
    (void)CHECK_EQ(page->magic, BUNDLE_MAGIC);
    (void)CHECK_EQ(page->count, 5); // role, and the four of the test
    (void)CHECK_EQ(page->entry[4].kind, CLASS_MEMORY);
    (void)CHECK_EQ(page->entry[4].word, HANDLE_NONE); // revoked before the start
    (void)CHECK_OK(sys_memory_map(0, copy, AREA, 0, PAGE_SIZE, MAP_READ, &view));
    (void)CHECK_EQ(*(volatile uint64_t *)AREA, 4711);
    (void)CHECK_OK(
        sys_memory_map(0, moved, AREA + PAGE_SIZE, 0, PAGE_SIZE, MAP_READ | MAP_WRITE, &view));
    (void)CHECK_EQ(*(volatile uint64_t *)(AREA + PAGE_SIZE), 0);
    // The Bundle is not its own to change: the page, its view, its capability.
    (void)CHECK_STATUS(sys_bundle_value(HANDLE_NONE, (uint64_t)"x", 1, 0, 0), STATUS_BAD_HANDLE);
    return 0;
}

static void in_child(void) {
    struct child child = {.role = "bundle"};
    uint64_t memory = carve_memory(PAGE_SIZE, 0), moved = HANDLE_NONE;
    uint64_t gone = carve_memory(PAGE_SIZE, 0), number = 0x1234567890abcdef;
    uint64_t view = map_here(memory, AREA, PAGE_SIZE, MAP_READ | MAP_WRITE);
    *(volatile uint64_t *)AREA = 4711;
    if (child_begin(&child) &&
        CHECK_OK(sys_memory_carve(child.spawn.reticle, PAGE_SIZE, PAGE_SHIFT, 0, &moved)) &&
        child_copy(&child, "copy", memory, RIGHT_MEMORY_READ | RIGHT_INSPECT) &&
        child_move(&child, "moved", moved) &&
        CHECK_OK(spawn_value(&child.spawn, "number", &number, sizeof number)) &&
        child_copy(&child, "gone", gone, RIGHT_ALL)) {
        drop(gone);
        (void)CHECK(!is_alive(moved));
        if (child_start(&child)) {
            (void)CHECK(!is_alive(child.spawn.bundle) && !is_alive(child.spawn.thread));
        }
    }
    child_finish(&child);
    drop(view);
    drop(memory);
}

// --------------------------------------------------------------- who pays for what

uint32_t role_books(void) {
    uint64_t own = child_slot("own", CLASS_MEMORY), lent = child_slot("lent", CLASS_MEMORY);
    uint64_t bell = child_slot("bell", CLASS_RING), view, bits;
    volatile uint64_t *own_word = (volatile uint64_t *)AREA;
    volatile uint64_t *lent_word = (volatile uint64_t *)(AREA + PAGE_SIZE);
    (void)CHECK_OK(sys_memory_map(0, own, AREA, 0, PAGE_SIZE, MAP_READ | MAP_WRITE, &view));
    (void)CHECK_OK(sys_memory_map(0, lent, AREA + PAGE_SIZE, 0, PAGE_SIZE, MAP_READ, &view));
    (void)CHECK_EQ(*lent_word, 4711);
    *own_word = 1;
    (void)CHECK_OK(sys_ring_watch(bell, 0, UINT64_MAX));
    (void)CHECK_OK(sys_doorbell_wait(bell, 1, deadline_in(PATIENCE), 0, 0, &bits));
    (void)CHECK_EQ(*lent_word, 0);
    (void)CHECK_EQ(*own_word, 1);
    (void)CHECK(is_alive(own) && !is_alive(lent));
    return 0;
}

// Memory that it may write, and whose maker could take it away, never reaches a Task.
static void refused_foreign(uint64_t maker) {
    struct hand hand = {.bit = 6};
    uint64_t memory = HANDLE_NONE;
    if (hand_begin(&hand, code_spin, 0) &&
        CHECK_OK(sys_memory_carve(maker, PAGE_SIZE, PAGE_SHIFT, 0, &memory)) &&
        CHECK_OK(put(hand.bundle, "foreign", memory, RIGHT_ALL, true))) {
        (void)CHECK_STATUS(sys_task_start(hand.task, hand.bundle, hand.thread),
                           STATUS_BAD_ARGUMENT);
        (void)CHECK_EQ(hand_state(&hand), TASK_EMPTY);
        (void)CHECK(is_alive(hand.bundle) && is_alive(hand.thread));
    }
    hand_destroy(&hand);
}

// The Reticle of who made the Task goes: what the Task pays for stays, what was lent reads
// as zeros, and nothing faults.
static void books(void) {
    struct child child = {.role = "books", .bit = 6};
    uint64_t maker, own, lent, view;
    if (!CHECK_OK(sys_reticle_split(ground, 64 * PAGE_SIZE, &maker)) || !child_begin(&child)) {
        return;
    }
    refused_foreign(maker);
    (void)CHECK_OK(sys_memory_carve(child.spawn.reticle, PAGE_SIZE, PAGE_SHIFT, 0, &own));
    (void)CHECK_OK(sys_memory_carve(maker, PAGE_SIZE, PAGE_SHIFT, 0, &lent));
    view = map_here(lent, AREA, PAGE_SIZE, MAP_READ | MAP_WRITE);
    *(volatile uint64_t *)AREA = 4711;
    uint64_t bell = child_connect(&child, "bell", 2);
    (void)CHECK_OK(sys_ring_watch(bell, 7, UINT64_MAX));
    if (child_move(&child, "own", own) && child_copy(&child, "lent", lent, RIGHT_ALL) &&
        child_start(&child) && await_bit(7)) {
        drop(maker);
        (void)CHECK_OK(sys_doorbell(bell, 0));
        child_finish(&child);
    } else {
        child_destroy(&child);
        drop(maker);
    }
    drop(view); // a tomb by now
    drop(bell);
}

TESTS(bundle, {"names", names}, {"addresses", addresses}, {"full", full},
      {"capabilities", capabilities}, {"in_child", in_child}, {"books", books});
