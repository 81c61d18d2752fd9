// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Ring ends, what travels beside their messages, and Bundles.
#include "abi/ring.h"
#include "kernel/tests/world.h"
#include "tests/unit.h"

UNIT_MAIN

constexpr uint64_t AT = 0x50000000;
constexpr uint64_t NAME = 0x2000000; // world_boot maps a page of the root there

static uint64_t pool;

TEST(boots) {
    world_boot(8 << 20, 2);
    CHECK_EQ(CALL(world_root, &pool, reticle_split, world_named("reticle"), 2 << 20), STATUS_OK);
}

struct pair {
    uint64_t a, b;
};

static uint64_t ring(uint64_t slots) {
    uint64_t made = 0;
    CHECK_EQ(CALL(world_root, &made, ring_carve, pool, slots), STATUS_OK);
    return made;
}

static enum status bind(uint64_t a, uint64_t b) {
    return CALL(world_root, nullptr, ring_bind, a, b);
}

static struct pair pair(void) {
    struct pair made = {ring(4), ring(16)};
    CHECK_EQ(bind(made.a, made.b), STATUS_OK);
    return made;
}

static void drop(uint64_t handle) {
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, handle), STATUS_OK);
}

static struct words ring_info(uint64_t handle) {
    struct words words = {{handle}};
    CHECK_EQ(world_call(world_root, SYS_ring_info, &words), STATUS_OK);
    return words;
}

static uint64_t poll_bits(uint64_t mask) {
    uint64_t bits = 0;
    (void)CALL(world_root, &bits, signal_wait, mask, 0);
    return bits;
}

TEST(sizes_are_powers_of_two) {
    static const uint64_t bad[] = {0, 1, 3, 4097, 8192, UINT64_MAX, UINT64_C(1) << 32};
    uint64_t made;
    for (uint32_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK_EQ(CALL(world_root, &made, ring_carve, pool, bad[i]), STATUS_BAD_ARGUMENT);
    }
    drop(ring(RING_SLOTS_MOST));
    world_audit();
}

TEST(binding) {
    uint64_t a = ring(2), b = ring(4), c = ring(8);
    CHECK_EQ(bind(a, a), STATUS_BAD_STATE);
    CHECK_EQ(CALL(world_root, nullptr, doorbell, a), STATUS_NOT_BOUND);
    CHECK_EQ(CALL(world_root, nullptr, ring_watch, a, 3, 4), STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, ring_watch, a, 64, 4), STATUS_BAD_ARGUMENT);
    CHECK_EQ(bind(a, b), STATUS_OK);
    CHECK_EQ(bind(a, c), STATUS_BAD_STATE);
    CHECK_EQ(bind(c, b), STATUS_BAD_STATE);
    CHECK_EQ(poll_bits(UINT64_MAX), 1 << 4);
    CHECK_EQ(ring_info(a).a[1], 1);
    CHECK_EQ(ring_info(a).a[2], ring_info(b).a[2]);
    CHECK_EQ(ring_info(a).a[3], 2);
    CHECK_EQ(ring_info(a).a[4], 4);
    CHECK_EQ(CALL(world_root, nullptr, doorbell, b), STATUS_OK);
    CHECK_EQ(poll_bits(UINT64_MAX), 1 << 3);
    uint64_t generation = ring_info(a).a[2];
    drop(b);
    CHECK_EQ(poll_bits(UINT64_MAX), 1 << 4);
    CHECK_EQ(ring_info(a).a[1], 0);
    // A restarted peer binds anew, under a number that was never used.
    CHECK_EQ(bind(a, c), STATUS_OK);
    CHECK(ring_info(a).a[2] > generation && ring_info(a).a[2] == ring_info(c).a[2]);
    drop(a);
    drop(c);
    world_audit();
}

TEST(no_page_is_writable_by_both) {
    struct pair p = pair();
    uint64_t own, peer, page = PAGE_SIZE, value = 42;
    CHECK_EQ(CALL(world_root, &own, memory_map, 0, p.a, AT, 0, page, MAP_READ | MAP_WRITE),
             STATUS_OK);
    CHECK_EQ(CALL(world_root, &peer, memory_map, 0, p.b, AT + page, 0, page,
                  MAP_READ | MAP_WRITE | MAP_PEER),
             STATUS_ACCESS);
    CHECK_EQ(CALL(world_root, &peer, memory_map, 0, p.b, AT + page, 0, page, MAP_READ | MAP_PEER),
             STATUS_OK);
    CHECK_EQ(
        CALL(world_root, nullptr, memory_map, 0, p.b, AT + 2 * page, 0, page, MAP_READ | MAP_PEER),
        STATUS_EXISTS);
    CHECK(world_run(world_root));
    uint32_t hart = world_root->hart->index;
    CHECK(host_user_write(hart, AT, &value, sizeof value));
    value = 0;
    CHECK(host_user_read(hart, AT + page, &value, sizeof value));
    CHECK_EQ(value, 42);
    CHECK(!host_user_write(hart, AT + page, &value, sizeof value));
    world_audit();
    // The peer goes: its region reads as zeros, and faults nobody.
    drop(p.a);
    CHECK(host_user_read(hart, AT + page, &value, sizeof value));
    CHECK_EQ(value, 0);
    drop(peer);
    drop(p.b);
    drop(own); // a tomb by now
    world_audit();
}

TEST(an_end_that_is_looked_through_stays) {
    struct pair ends = pair();
    struct pair way = pair();
    uint64_t view;
    CHECK_EQ(CALL(world_root, &view, memory_map, 0, ends.a, AT, 0, PAGE_SIZE, MAP_READ | MAP_PEER),
             STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, ring_send, way.a, 0, ends.a, RIGHT_ALL, 1), STATUS_BUSY);
    // There is one of it, and one that is written.
    CHECK_EQ(
        CALL(world_root, nullptr, memory_map, 0, ends.a, AT * 2, 0, PAGE_SIZE, MAP_READ | MAP_PEER),
        STATUS_EXISTS);
    drop(view);
    CHECK_EQ(CALL(world_root, &view, memory_map, 0, ends.a, AT, 0, PAGE_SIZE, MAP_READ | MAP_WRITE),
             STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, memory_map, 0, ends.a, AT * 2, 0, PAGE_SIZE,
                  MAP_READ | MAP_WRITE),
             STATUS_EXISTS);
    CHECK_EQ(CALL(world_root, nullptr, ring_send, way.a, 0, ends.a, RIGHT_ALL, 1), STATUS_BUSY);
    drop(view);
    CHECK_EQ(CALL(world_root, nullptr, ring_send, way.a, 0, ends.a, RIGHT_ALL, 1), STATUS_OK);
    world_audit();
    drop(way.a);
    drop(way.b);
    drop(ends.b);
    world_audit();
}

TEST(a_peers_region_goes_with_the_capability_that_showed_it) {
    struct pair p = pair();
    uint64_t copy, view, value;
    CHECK_EQ(CALL(world_root, &copy, handle_copy, p.b, RIGHT_ALL), STATUS_OK);
    CHECK_EQ(CALL(world_root, &view, memory_map, 0, copy, AT, 0, PAGE_SIZE, MAP_READ | MAP_PEER),
             STATUS_OK);
    // The peer's own revocation is no business of this end.
    CHECK_EQ(CALL(world_root, nullptr, handle_revoke, p.a), STATUS_OK);
    struct words words = {{view}};
    CHECK_EQ(world_call(world_root, SYS_handle_info, &words), STATUS_OK);
    CHECK((words.a[1] & INFO_REVOKED) == 0);
    CHECK_EQ(CALL(world_root, nullptr, handle_revoke, p.b), STATUS_OK);
    words = (struct words){{view}};
    CHECK_EQ(world_call(world_root, SYS_handle_info, &words), STATUS_OK);
    CHECK((words.a[1] & INFO_REVOKED) != 0);
    CHECK(world_run(world_root));
    CHECK(host_user_read(world_root->hart->index, AT, &value, sizeof value));
    CHECK_EQ(value, 0);
    drop(view);
    drop(p.a);
    drop(p.b);
    world_audit();
}

static enum status send(uint64_t end, uint64_t sequence, uint64_t handle, bool move) {
    return CALL(world_root, nullptr, ring_send, end, sequence, handle, RIGHT_ALL, move);
}

static enum status take(uint64_t end, uint64_t sequence, uint64_t *handle) {
    return CALL(world_root, handle, ring_take, end, sequence);
}

static uint64_t thing(void) {
    uint64_t made = 0;
    CHECK_EQ(CALL(world_root, &made, memory_carve, pool, PAGE_SIZE), STATUS_OK);
    return made;
}

TEST(capabilities_in_order_once) {
    struct pair p = pair();
    uint64_t things[4], got;
    for (uint32_t i = 0; i < 4; i++) {
        things[i] = thing();
    }
    CHECK_EQ(send(p.a, 5, things[0], true), STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, handle_info, things[0]), STATUS_BAD_HANDLE);
    CHECK_EQ(send(p.a, 4, things[1], true), STATUS_BAD_ARGUMENT);
    CHECK_EQ(send(p.a, 5, things[1], false), STATUS_OK);
    CHECK_EQ(send(p.a, 7, things[2], true), STATUS_OK);
    CHECK_EQ(send(p.a, 9, things[3], true), STATUS_OK);
    world_audit();
    CHECK_EQ(take(p.b, 4, &got), STATUS_EMPTY);
    CHECK_EQ(take(p.a, 5, &got), STATUS_EMPTY);
    CHECK_EQ(take(p.b, 5, &got), STATUS_OK);
    drop(got);
    CHECK_EQ(take(p.b, 5, &got), STATUS_OK);
    CHECK_EQ(take(p.b, 5, &got), STATUS_EMPTY);
    // Passing over 7 drops what came with it; it was the owner, so the Memory dies.
    CHECK_EQ(take(p.b, 9, &got), STATUS_OK);
    CHECK_EQ(take(p.b, 7, &got), STATUS_EMPTY);
    world_audit();
    drop(p.a);
    drop(p.b);
    drop(things[1]);
    world_audit();
}

// Without the right to write it, the owner may leave copies behind; then its bytes stay
// where they are, since who has the copies was promised nothing else.
TEST(memory_with_copies_changes_its_owner_and_not_its_books) {
    struct pair ends = pair();
    uint64_t memory = 0, copy = 0, got = 0;
    CHECK_EQ(CALL(world_root, &memory, memory_carve, pool, PAGE_SIZE), STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, ring_send, ends.a, 1, memory,
                  RIGHT_ALL & ~(uint64_t)RIGHT_MEMORY_WRITE, 1),
             STATUS_OK);
    CHECK_EQ(CALL(world_root, &memory, ring_take, ends.b, 1, CLASS_MEMORY), STATUS_OK);
    CHECK_EQ(CALL(world_root, &copy, handle_copy, memory, RIGHT_ALL), STATUS_OK);
    struct object *before = nullptr, *after = nullptr;
    CHECK_EQ(lookup(world_root->task, memory, CLASS_MEMORY, 0, &before), STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, ring_send, ends.a, 2, memory, RIGHT_ALL, 1), STATUS_OK);
    CHECK_EQ(CALL(world_root, &got, ring_take, ends.b, 2, CLASS_MEMORY), STATUS_OK);
    CHECK_EQ(lookup(world_root->task, got, CLASS_MEMORY, 0, &after), STATUS_OK);
    CHECK(before == after);
    world_audit();
    drop(got);
    CHECK_EQ(CALL(world_root, nullptr, handle_info, copy), STATUS_BAD_HANDLE);
    drop(ends.a);
    drop(ends.b);
    world_audit();
}

TEST(a_flood_hits_the_sender) {
    struct pair p = pair();
    uint64_t source = thing(), got;
    for (uint32_t i = 0; i < RING_IN_FLIGHT; i++) {
        CHECK_EQ(send(p.a, i, source, false), STATUS_OK);
    }
    CHECK_EQ(send(p.a, 100, source, false), STATUS_FULL);
    CHECK_EQ(take(p.b, 0, &got), STATUS_OK);
    CHECK_EQ(send(p.a, 100, source, false), STATUS_OK);
    world_audit();
    drop(p.b);
    // In flight to nobody: gone.
    CHECK_EQ(send(p.a, 101, source, false), STATUS_NOT_BOUND);
    world_audit();
    drop(p.a);
    drop(source);
    world_audit();
}

static struct ring *ring_at(uint64_t handle) {
    struct object *object;
    CHECK_EQ(lookup(world_root->task, handle, CLASS_RING, 0, &object), STATUS_OK);
    return (struct ring *)object;
}

// Makes a syscall one entry at a time; `look` is called between two.
static enum status in_entries(uint64_t number, const uint64_t a[6], void (*look)(uint32_t)) {
    CHECK(world_run(world_root));
    uint32_t hart = world_root->hart->index;
    host_syscall(hart, number, a);
    for (uint32_t i = 0; world_root->frame.restart; i++) {
        look(i);
        CHECK(host_go(hart));
    }
    return (enum status)world_root->frame.arg[0];
}

static struct ring *looked_at;

static void sixteen_less(uint32_t entry) {
    CHECK_EQ(looked_at->taken, 16 * (entry + 1));
    world_audit();
}

TEST(skipping_drops_some_an_entry) {
    struct pair p = pair();
    uint64_t memory;
    CHECK_EQ(CALL(world_root, &memory, memory_carve, pool, PAGE_SIZE), STATUS_OK);
    for (uint64_t i = 0; i < RING_IN_FLIGHT; i++) {
        CHECK_EQ(CALL(world_root, nullptr, ring_send, p.a, i, memory, RIGHT_ALL, 0), STATUS_OK);
    }
    looked_at = ring_at(p.a);
    uint64_t a[6] = {p.b, RING_IN_FLIGHT - 1};
    CHECK_EQ(in_entries(SYS_ring_take, a, sixteen_less), STATUS_OK);
    CHECK_EQ(looked_at->taken, RING_IN_FLIGHT);
    drop(p.a);
    drop(p.b);
    drop(memory);
    world_audit();
}

static uint32_t least;

// What is on its way in either direction becomes less with each entry, until the peer is
// told; nothing is sent meanwhile.
static void less_and_less(uint32_t entry) {
    (void)entry;
    const struct ring *ring = looked_at;
    uint32_t left = ring->sent - ring->taken;
    CHECK(left <= least);
    CHECK(least - left <= 8);
    least = left;
    world_audit();
}

TEST(an_end_dies_in_steps) {
    struct pair p = pair();
    uint64_t memory;
    CHECK_EQ(CALL(world_root, &memory, memory_carve, pool, PAGE_SIZE), STATUS_OK);
    for (uint64_t i = 0; i < RING_IN_FLIGHT; i++) {
        CHECK_EQ(CALL(world_root, nullptr, ring_send, p.a, i, memory, RIGHT_ALL, 0), STATUS_OK);
        CHECK_EQ(CALL(world_root, nullptr, ring_send, p.b, i, memory, RIGHT_ALL, 0), STATUS_OK);
    }
    looked_at = ring_at(p.b);
    least = RING_IN_FLIGHT;
    CHECK_EQ(CALL(world_root, nullptr, ring_watch, p.b, 0, 1), STATUS_OK);
    uint64_t a[6] = {p.a};
    CHECK_EQ(in_entries(SYS_handle_drop, a, less_and_less), STATUS_OK);
    CHECK_EQ(looked_at->sent, looked_at->taken);
    CHECK_EQ(poll_bits(3), 2);
    CHECK_EQ(CALL(world_root, nullptr, ring_send, p.b, 99, memory, RIGHT_ALL, 0), STATUS_NOT_BOUND);
    drop(p.b);
    drop(memory);
    world_audit();
}

// The other end is on its way out, and its peer does not know yet.
TEST(nothing_is_sent_towards_a_dying_end) {
    struct pair p = pair();
    struct world_task task;
    struct world_grant grants[] = {{"end", p.b, RIGHT_ALL, false},
                                   {"time", world_named("time"), RIGHT_ALL, false}};
    CHECK_EQ(world_task_make(&task, 64 * PAGE_SIZE, grants, 2), STATUS_OK);
    uint64_t end = world_granted(&task, "end"), time = world_granted(&task, "time");
    CHECK_EQ(CALL(task.thread, nullptr, ring_send, end, 0, time, RIGHT_ALL, 0), STATUS_OK);
    // As in the middle of a death: marked, and no step made.
    lock_acquire(&books);
    object_destroy(&ring_at(p.a)->object);
    lock_release(&books);
    CHECK_EQ(CALL(task.thread, nullptr, ring_send, end, 1, time, RIGHT_ALL, 0), STATUS_NOT_BOUND);
    CHECK_EQ(CALL(world_root, nullptr, ring_take, p.a, 0, 0), STATUS_BUSY);
    drop(p.b);
    drop(task.reticle);
    world_audit();
}

TEST(no_end_goes_through_itself) {
    struct pair p = pair();
    uint64_t alone = ring(4);
    CHECK_EQ(send(p.a, 1, p.a, true), STATUS_BAD_ARGUMENT);
    CHECK_EQ(send(p.a, 1, p.b, true), STATUS_BAD_ARGUMENT);
    CHECK_EQ(send(p.a, 1, p.b, false), STATUS_BAD_ARGUMENT);
    CHECK_EQ(send(alone, 1, alone, true), STATUS_NOT_BOUND);
    CHECK_EQ(send(alone, 1, p.a, true), STATUS_NOT_BOUND);
    CHECK_EQ(send(p.a, 1, alone, true), STATUS_OK);
    drop(p.a);
    drop(p.b);
    world_audit();
}

// Neither what dies nor what is being revoked, whatever it is.
TEST(what_goes_is_sent_by_nobody) {
    struct pair p = pair();
    uint64_t source = thing(), copy, memory = thing();
    CHECK_EQ(CALL(world_root, &copy, handle_copy, source, RIGHT_ALL), STATUS_OK);
    struct object *object;
    CHECK_EQ(lookup(world_root->task, copy, CLASS_MEMORY, 0, &object), STATUS_OK);
    lock_acquire(&books);
    object_mark(object, world_root);
    lock_release(&books);
    CHECK_EQ(send(p.a, 1, copy, true), STATUS_BUSY);
    CHECK_EQ(send(p.a, 1, copy, false), STATUS_BUSY);
    CHECK_EQ(send(p.a, 1, memory, true), STATUS_OK);
    lock_acquire(&books);
    object->revoker = nullptr;
    world_root->revoking = nullptr;
    object_destroy(object);
    lock_release(&books);
    CHECK_EQ(send(p.a, 1, copy, true), STATUS_BUSY);
    CHECK_EQ(send(p.a, 1, copy, false), STATUS_BUSY);
    drop(source);
    CHECK_EQ(CALL(world_root, nullptr, handle_info, copy), STATUS_BAD_HANDLE);
    drop(p.a);
    drop(p.b);
    world_audit();
}

// Handles that were never given: of slots that are empty, and of some that there are not.
TEST(a_guess_is_sent_by_nobody) {
    struct pair p = pair();
    struct table *table = &world_root->task->table;
    for (uint32_t i = 0; i < table->pages * SLOTS_PER_PAGE; i++) {
        uint64_t meta = slot_meta(table_at(table, i));
        uint64_t guess = (meta & ~HANDLE_SLOT_MASK) | i;
        if (meta_class(meta) == CLASS_NONE) {
            CHECK_EQ(send(p.a, 1, guess, true), STATUS_BAD_HANDLE);
            CHECK_EQ(send(p.a, 1, guess, false), STATUS_BAD_HANDLE);
        }
        CHECK_EQ(send(p.a, 1, guess + HANDLE_SLOT_MASK + 1, true), STATUS_BAD_HANDLE);
    }
    CHECK_EQ(send(p.a, 1, TABLE_SLOTS, true), STATUS_BAD_HANDLE);
    CHECK_EQ(send(p.a, 1, TABLE_SLOTS - 1, true), STATUS_BAD_HANDLE);
    drop(p.a);
    drop(p.b);
}

// Among its siblings and with its children, there and on its way.
TEST(what_moves_keeps_its_place_in_the_tree) {
    struct pair p = pair();
    uint64_t source = thing(), sibling[3], child = 0;
    for (uint64_t i = 0; i < 16; i++) {
        for (uint32_t j = 0; j < 3; j++) {
            CHECK_EQ(CALL(world_root, &sibling[j], handle_copy, source, RIGHT_ALL), STATUS_OK);
        }
        uint64_t *moved = &sibling[i % 4 % 3];
        if (i % 4 == 3) { // the only one
            drop(sibling[1]);
            drop(sibling[2]);
        }
        if ((i & 4) != 0) {
            CHECK_EQ(CALL(world_root, &child, handle_copy, *moved, RIGHT_ALL), STATUS_OK);
        }
        CHECK_EQ(send(p.a, i, *moved, true), STATUS_OK);
        world_audit();
        CHECK_EQ(take(p.b, i, moved), STATUS_OK);
        world_audit();
        if ((i & 4) != 0) {
            CHECK_EQ(CALL(world_root, nullptr, handle_revoke, *moved), STATUS_OK);
            CHECK_EQ(CALL(world_root, nullptr, handle_info, child), STATUS_BAD_HANDLE);
        }
        CHECK_EQ(CALL(world_root, nullptr, handle_info, sibling[0]), STATUS_OK);
        CHECK_EQ(CALL(world_root, nullptr, handle_revoke, source), STATUS_OK);
        CHECK_EQ(CALL(world_root, nullptr, handle_info, *moved), STATUS_BAD_HANDLE);
    }
    drop(source);
    drop(p.a);
    drop(p.b);
    world_audit();
}

// A table without a free slot gets another page for what comes.
TEST(taking_into_a_full_table) {
    struct pair p = pair();
    const struct table *table = &world_root->task->table;
    uint64_t source = thing(), got;
    CHECK_EQ(send(p.a, 1, source, false), STATUS_OK);
    while (table->free != TABLE_NIL) {
        CHECK_EQ(CALL(world_root, &got, handle_copy, source, RIGHT_ALL), STATUS_OK);
    }
    uint32_t pages = table->pages;
    CHECK_EQ(take(p.b, 1, &got), STATUS_OK);
    CHECK_EQ(table->pages, pages + 1);
    CHECK_EQ(CALL(world_root, nullptr, handle_revoke, source), STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, handle_info, got), STATUS_BAD_HANDLE);
    drop(source);
    drop(p.a);
    drop(p.b);
    world_audit();
}

TEST(revoked_on_its_way) {
    struct pair p = pair();
    uint64_t source = thing(), got;
    CHECK_EQ(send(p.a, 1, source, false), STATUS_OK);
    CHECK_EQ(send(p.a, 2, source, false), STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, handle_revoke, source), STATUS_OK);
    CHECK_EQ(take(p.b, 1, &got), STATUS_REVOKED);
    CHECK_EQ(take(p.b, 1, &got), STATUS_EMPTY);
    drop(source);
    CHECK_EQ(take(p.b, 2, &got), STATUS_REVOKED);
    world_audit();
    drop(p.a);
    drop(p.b);
}

TEST(an_end_never_travels_through_itself) {
    struct pair p = pair();
    CHECK_EQ(send(p.a, 1, p.a, true), STATUS_BAD_ARGUMENT);
    CHECK_EQ(send(p.a, 1, p.b, true), STATUS_BAD_ARGUMENT);
    drop(p.a);
    drop(p.b);
}

// ---------------------------------------------------------------------- Bundles

static void text(const char *name) {
    CHECK(world_run(world_root));
    CHECK(host_user_write(world_root->hart->index, NAME, name, strlen(name)));
}

static enum status put(uint64_t bundle, const char *name, uint64_t handle, bool move) {
    text(name);
    return CALL(world_root, nullptr, bundle_put, bundle, NAME, strlen(name), handle, RIGHT_ALL,
                move);
}

static enum status value(uint64_t bundle, const char *name, uint64_t size) {
    text(name);
    return CALL(world_root, nullptr, bundle_value, bundle, NAME, strlen(name), NAME, size);
}

TEST(bundles_take_names_and_values) {
    uint64_t bundle, memory = thing();
    CHECK_EQ(CALL(world_root, &bundle, bundle_carve, pool), STATUS_OK);
    CHECK_EQ(put(bundle, "memory", memory, false), STATUS_OK);
    CHECK_EQ(put(bundle, "memory", memory, false), STATUS_EXISTS);
    CHECK_EQ(value(bundle, "memory", 1), STATUS_EXISTS);
    CHECK_EQ(put(bundle, "Memory", memory, false), STATUS_BAD_ARGUMENT);
    CHECK_EQ(put(bundle, "", memory, false), STATUS_BAD_ARGUMENT);
    CHECK_EQ(put(bundle, "a-name-that-has-more-than-31-bytes", memory, false), STATUS_BAD_ARGUMENT);
    CHECK_EQ(put(bundle, "self", bundle, true), STATUS_BAD_ARGUMENT);
    CHECK_EQ(CALL(world_root, nullptr, bundle_put, bundle, AT, 4, memory, 0, 0),
             STATUS_BAD_ADDRESS);
    CHECK_EQ(value(bundle, "value", 2049), STATUS_BAD_ARGUMENT);
    uint32_t count = 1;
    enum status status = STATUS_OK;
    while (status == STATUS_OK && count < 100) {
        char name[8];
        snprintf(name, sizeof name, "n%u", count);
        status = value(bundle, name, 7);
        count += status == STATUS_OK;
    }
    CHECK_EQ(status, STATUS_FULL);
    CHECK_EQ(count, BUNDLE_ENTRIES);
    world_audit();
    drop(bundle);
    drop(memory);
    world_audit();
}

TEST(names_are_of_few_characters) {
    static const struct {
        const char *text;
        bool good;
    } names[] = {{"a-b_c.d09z", true}, {"a{", false}, {"A", false}, {"a/", false},  {"a:", false},
                 {"a ", false},        {"`", false},  {"", false},  {"\x80", false}};
    uint64_t bundle;
    CHECK_EQ(CALL(world_root, &bundle, bundle_carve, pool), STATUS_OK);
    for (uint32_t i = 0; i < sizeof names / sizeof *names; i++) {
        uint64_t length = strlen(names[i].text);
        CHECK(world_run(world_root));
        CHECK(host_user_write(world_root->hart->index, NAME, names[i].text, length + 1));
        CHECK_EQ(CALL(world_root, nullptr, bundle_value, bundle, NAME, length, 0, 0),
                 names[i].good ? STATUS_OK : STATUS_BAD_ARGUMENT);
    }
    drop(bundle);
}

// It was moved in, so nobody else would ever destroy it.
TEST(a_bundle_that_never_starts_takes_what_it_owns_along) {
    struct world_shape before = world_shape();
    uint64_t bundle, memory, kept;
    CHECK_EQ(CALL(world_root, &bundle, bundle_carve, pool), STATUS_OK);
    CHECK_EQ(CALL(world_root, &memory, memory_carve, pool, PAGE_SIZE), STATUS_OK);
    CHECK_EQ(CALL(world_root, &kept, memory_carve, pool, PAGE_SIZE), STATUS_OK);
    CHECK(world_run(world_root));
    CHECK(host_user_write(world_root->hart->index, NAME, "mk", 2));
    CHECK_EQ(CALL(world_root, nullptr, bundle_put, bundle, NAME, 1, memory, RIGHT_ALL, 1),
             STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, bundle_put, bundle, NAME + 1, 1, kept, RIGHT_ALL, 0),
             STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, handle_info, memory), STATUS_BAD_HANDLE);
    drop(bundle);
    CHECK_EQ(CALL(world_root, nullptr, handle_info, kept), STATUS_OK);
    drop(kept);
    world_audit();
    // What the moved Memory was made of dies after the Bundle: at the latest now.
    CHECK_EQ(CALL(world_root, nullptr, signal_wait, 1, arch_time_now() + 1), WORLD_BLOCKED);
    host_time_set(arch_time_now() + 1);
    host_settle();
    struct world_shape after = world_shape();
    CHECK(world_shape_equal(&before, &after));
}

TEST(values_fill_up_to_the_last_byte) {
    uint64_t bundle;
    CHECK_EQ(CALL(world_root, &bundle, bundle_carve, pool), STATUS_OK);
    uint64_t room = BUNDLE_SIZE - BUNDLE_VALUES;
    CHECK_EQ(value(bundle, "a", 2048), STATUS_OK);
    CHECK_EQ(value(bundle, "b", 2048), STATUS_OK);
    CHECK_EQ(value(bundle, "c", room - 4096 + 1), STATUS_FULL);
    CHECK_EQ(value(bundle, "c", room - 4096), STATUS_OK);
    CHECK_EQ(value(bundle, "d", 1), STATUS_FULL);
    CHECK_EQ(value(bundle, "e", 0), STATUS_OK);
    drop(bundle);
    world_audit();
}
