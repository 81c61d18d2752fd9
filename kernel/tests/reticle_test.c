// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The buddy lists, the accounts and the cells, called directly.
#include "kernel/reticle.h"

#include "kernel/bundle.h"
#include "kernel/memory.h"
#include "kernel/ring.h"
#include "kernel/tests/audit.h"
#include "kernel/tests/random.h"
#include "kernel/tests/world.h"
#include "tests/unit.h"

UNIT_MAIN

constexpr uint32_t EXTENTS = 200;

struct extent_used {
    uint32_t frame, count;
};

TEST(boots) {
    world_boot(4 << 20, 1);
}

TEST(page_take_is_aligned_and_apart) {
    struct reticle *first = reticle_first();
    lock_acquire(&books);
    for (uint32_t align = 0; align <= 6; align++) {
        for (uint32_t count = 1; count <= 33; count += 4) {
            uint32_t a = page_take(first, count, align);
            uint32_t b = page_take(first, count, align);
            CHECK(a != PAGE_NIL && b != PAGE_NIL);
            CHECK_EQ(a % (UINT32_C(1) << align), 0);
            CHECK(a + count <= b || b + count <= a);
            page_give(first, a, count);
            page_give(first, b, count);
        }
    }
    audit_account(first);
    lock_release(&books);
    world_audit();
}

TEST(page_take_refuses_what_is_not_there) {
    struct reticle *first = reticle_first();
    lock_acquire(&books);
    CHECK_EQ(page_take(first, UINT32_C(1) << (PAGE_ORDERS - 1), 0), PAGE_NIL);
    CHECK_EQ(page_take(first, 1, PAGE_ORDERS), PAGE_NIL);
    CHECK_EQ(page_take(first, 1, 27), PAGE_NIL);
    lock_release(&books);
}

TEST(buddies_coalesce_to_the_first_state) {
    struct reticle *first = reticle_first();
    struct world_shape before = world_shape();
    static struct extent_used used[EXTENTS];
    struct random random = {1};
    uint32_t count = 0;
    lock_acquire(&books);
    for (uint32_t i = 0; i < 20000; i++) {
        bool take = count < EXTENTS && random_below(&random, 2) == 0;
        if (take) {
            uint32_t want = 1 + random_below(&random, random_below(&random, 3) == 0 ? 60 : 6);
            uint32_t frame;
            enum status status =
                reticle_take(first, CHARGE_OBJECT, want, random_below(&random, 5), &frame);
            CHECK(status == STATUS_OK || status == STATUS_NO_MEMORY);
            if (status == STATUS_OK) {
                used[count++] = (struct extent_used){frame, want};
            }
        } else if (count != 0) {
            uint32_t which = random_below(&random, count);
            reticle_return(first, CHARGE_OBJECT, used[which].frame, used[which].count);
            used[which] = used[--count];
        }
        if (i % 64 == 0) {
            audit_account(first);
        }
    }
    while (count != 0) {
        count--;
        reticle_return(first, CHARGE_OBJECT, used[count].frame, used[count].count);
    }
    lock_release(&books);
    struct world_shape after = world_shape();
    CHECK(world_shape_equal(&before, &after));
    world_audit();
}

TEST(page_take_block_keeps_to_the_limit) {
    struct reticle *first = reticle_first();
    struct world_shape before = world_shape();
    lock_acquire(&books);
    uint32_t count, top = PAGE_ORDERS - 1;
    uint32_t frame = page_take_block(first, 7, &top, &count);
    CHECK(frame != PAGE_NIL);
    CHECK_EQ(count, 7); // out of a larger one
    page_give(first, frame, count);
    frame = page_take_block(first, 1, &top, &count);
    CHECK_EQ(count, 1);
    page_give(first, frame, count);
    lock_release(&books);
    struct world_shape after = world_shape();
    CHECK(world_shape_equal(&before, &after));
}

TEST(nothing_is_taken_where_nothing_is) {
    struct reticle empty = {};
    for (uint32_t i = 0; i < PAGE_LISTS; i++) {
        empty.free_list[i] = PAGE_NIL;
    }
    uint32_t count, top = PAGE_ORDERS - 1;
    lock_acquire(&books);
    CHECK_EQ(page_take_block(&empty, 100, &top, &count), PAGE_NIL);
    lock_release(&books);
}

// The list holds every page with a free cell; a step looks at the first few only.
TEST(a_run_of_cells_is_looked_for_in_few_pages) {
    constexpr uint32_t PAGES = 10, PER_PAGE = PAGE_SIZE / OBJECT_CELL;
    struct reticle *first = reticle_first();
    struct world_shape before = world_shape();
    static void *cell[PAGES * PER_PAGE];
    void *pair;
    lock_acquire(&books);
    for (uint32_t i = 0; i < PAGES * PER_PAGE; i++) {
        CHECK_EQ(reticle_take_cells(first, 1, &cell[i]), STATUS_OK);
    }
    for (uint32_t i = 0; i < PAGES * PER_PAGE; i += 2) {
        reticle_return_cells(first, cell[i], 1);
    }
    // Half of the cells are free, and no two beside each other.
    uint64_t objects = first->objects;
    CHECK_EQ(reticle_take_cells(first, 2, &pair), STATUS_OK);
    CHECK_EQ(first->objects, objects + PAGE_SIZE);
    reticle_return_cells(first, pair, 2);
    for (uint32_t i = 1; i < PAGES * PER_PAGE; i += 2) {
        reticle_return_cells(first, cell[i], 1);
    }
    audit_account(first);
    lock_release(&books);
    struct world_shape after = world_shape();
    CHECK(world_shape_equal(&before, &after));
}

TEST(cells_fill_a_page_and_give_it_back) {
    struct reticle *first = reticle_first();
    struct world_shape before = world_shape();
    void *cell[64];
    lock_acquire(&books);
    for (uint32_t i = 0; i < 64; i++) {
        CHECK_EQ(reticle_take_cells(first, 1 + i % 2, &cell[i]), STATUS_OK);
        CHECK_EQ((uintptr_t)cell[i] % OBJECT_CELL, 0);
        CHECK_EQ((uintptr_t)cell[i] >> PAGE_SHIFT,
                 ((uintptr_t)cell[i] + (1 + i % 2) * OBJECT_CELL - 1) >> PAGE_SHIFT);
        memset(cell[i], (int)i, (1 + i % 2) * OBJECT_CELL);
    }
    for (uint32_t i = 0; i < 64; i++) {
        uint32_t which = i * 37 % 64;
        const uint8_t *bytes = cell[which];
        for (uint32_t j = 0; j < (1 + which % 2) * OBJECT_CELL; j++) {
            CHECK(bytes[j] == which); // nobody else has it
        }
        reticle_return_cells(first, cell[which], 1 + which % 2);
    }
    audit_account(first);
    lock_release(&books);
    struct world_shape after = world_shape();
    CHECK(world_shape_equal(&before, &after));
}

// Whatever stood in a cell, a new object has its own beginning.
TEST(an_object_takes_nothing_over_from_its_cell) {
    constexpr uint32_t CELLS = PAGE_SIZE / OBJECT_CELL;
    struct world_shape before = world_shape();
    uint64_t pool, handle[4];
    CHECK_EQ(CALL(world_root, &pool, reticle_split, world_named("reticle"), 1 << 20), STATUS_OK);
    CHECK_EQ(CALL(world_root, &handle[0], memory_carve, pool, PAGE_SIZE), STATUS_OK);
    struct object *first, *object;
    CHECK_EQ(lookup(world_root->task, handle[0], CLASS_MEMORY, 0, &first), STATUS_OK);
    void *cell[CELLS - 1];
    lock_acquire(&books);
    for (uint32_t i = 0; i < CELLS - 1; i++) {
        CHECK_EQ(reticle_take_cells(first->reticle, 1, &cell[i]), STATUS_OK);
        memset(cell[i], 0xff, OBJECT_CELL);
    }
    for (uint32_t i = 0; i < CELLS - 1; i++) {
        reticle_return_cells(first->reticle, cell[i], 1);
    }
    lock_release(&books);
    CHECK_EQ(CALL(world_root, &handle[1], ring_carve, pool, 2), STATUS_OK);
    CHECK_EQ(CALL(world_root, &handle[2], bundle_carve, pool), STATUS_OK);
    CHECK_EQ(CALL(world_root, &handle[3], reticle_split, pool, 1 << 18), STATUS_OK);
    CHECK_EQ(CALL(world_root, &handle[0], memory_carve, pool, 2 * PAGE_SIZE), STATUS_OK);
    world_audit();
    CHECK_EQ(lookup(world_root->task, handle[0], CLASS_MEMORY, 0, &object), STATUS_OK);
    const struct memory *memory = (const struct memory *)object;
    CHECK(memory->words == nullptr && (memory->quiet | memory->seen) == 0);
    CHECK_EQ(memory->writable_views | memory->executable_views, 0);
    CHECK_EQ(lookup(world_root->task, handle[1], CLASS_RING, 0, &object), STATUS_OK);
    const struct ring *ring = (const struct ring *)object;
    CHECK(ring_peer(ring) == nullptr && ring->flight == nullptr && ring->peer_view == nullptr);
    CHECK_EQ(ring->generation | ring->writable_views | ring->sent | ring->taken, 0);
    CHECK(ring->message.target == 0 && ring->closed.target == 0);
    CHECK_EQ(lookup(world_root->task, handle[2], CLASS_BUNDLE, 0, &object), STATUS_OK);
    CHECK(!((const struct bundle *)object)->sealed);
    CHECK_EQ(((const struct bundle *)object)->used, 0);
    CHECK_EQ(lookup(world_root->task, handle[3], CLASS_RETICLE, 0, &object), STATUS_OK);
    const struct reticle *part = (const struct reticle *)object;
    CHECK(part->children == nullptr && part->low.target == 0);
    CHECK_EQ(part->objects | part->tables | part->low_mark | part->singles, 0);
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, pool), STATUS_OK);
    struct world_shape after = world_shape();
    CHECK(world_shape_equal(&before, &after));
    world_audit();
}

// Pages that come and go alone split nothing, and are blocks again for who needs more.
TEST(a_page_alone_comes_back_as_it_went) {
    struct reticle *first = reticle_first();
    struct world_shape before = world_shape();
    uint32_t frame[PAGE_SINGLES + 2];
    lock_acquire(&books);
    for (uint32_t i = 0; i < PAGE_SINGLES + 2; i++) {
        frame[i] = page_take(first, 1, 0);
        CHECK(frame[i] != PAGE_NIL);
    }
    for (uint32_t i = 0; i < PAGE_SINGLES + 2; i++) {
        page_give(first, frame[i], 1);
    }
    CHECK_EQ(first->singles, PAGE_SINGLES);
    audit_account(first);
    // The last one that came alone is the first one that goes.
    uint32_t again = page_take(first, 1, 0);
    CHECK_EQ(again, frame[PAGE_SINGLES - 1]);
    CHECK_EQ(first->singles, PAGE_SINGLES - 1);
    page_give(first, again, 1);
    // Alignment is for blocks, and so is more than one page.
    again = page_take(first, 1, 1);
    CHECK_EQ(first->singles, 0);
    page_give(first, again, 1);
    CHECK_EQ(first->singles, 1);
    again = page_take(first, 2, 0);
    CHECK_EQ(first->singles, 0);
    page_give(first, again, 2);
    CHECK_EQ(first->singles, 0);
    lock_release(&books);
    struct world_shape after = world_shape();
    CHECK(world_shape_equal(&before, &after));
    world_audit();
}

static void return_twice(void) {
    void *a, *b;
    lock_acquire(&books);
    if (reticle_take_cells(reticle_first(), 1, &a) == STATUS_OK &&
        reticle_take_cells(reticle_first(), 1, &b) == STATUS_OK) {
        reticle_return_cells(reticle_first(), a, 1);
        reticle_return_cells(reticle_first(), a, 1);
    }
    lock_release(&books);
}

TEST(a_cell_returned_twice_is_noticed) {
    CHECK(host_panics(return_twice));
}

static enum status split(uint64_t reticle, uint64_t bytes, uint64_t *part) {
    return CALL(world_root, part, reticle_split, reticle, bytes);
}

TEST(split_checks_its_size) {
    uint64_t reticle = world_named("reticle"), part;
    struct world_shape before = world_shape();
    CHECK_EQ(split(reticle, 0, &part), STATUS_BAD_ARGUMENT);
    CHECK_EQ(split(reticle, UINT64_MAX, &part), STATUS_BAD_ARGUMENT);
    CHECK_EQ(split(reticle, (UINT64_C(1) << 43) + 1, &part), STATUS_BAD_ARGUMENT);
    CHECK_EQ(split(reticle, UINT64_C(1) << 43, &part), STATUS_NO_MEMORY);
    CHECK_EQ(split(reticle, UINT64_C(1) << 30, &part), STATUS_NO_MEMORY);
    world_audit();
    struct world_shape after = world_shape();
    CHECK(world_shape_equal(&before, &after));
}

TEST(split_grow_and_die) {
    struct world_shape before = world_shape();
    uint64_t reticle = world_named("reticle"), part, inner, memory;
    CHECK_EQ(split(reticle, 100 * PAGE_SIZE + 1, &part), STATUS_OK);
    struct words words = {{part}};
    CHECK_EQ(world_call(world_root, SYS_reticle_info, &words), STATUS_OK);
    CHECK_EQ(words.a[1], 101 * PAGE_SIZE);
    CHECK_EQ(words.a[2], 101 * PAGE_SIZE);
    CHECK_EQ(CALL(world_root, nullptr, reticle_grow, part, reticle, 3), STATUS_OK);
    CHECK_EQ(split(part, 50 * PAGE_SIZE, &inner), STATUS_OK);
    // Only the Reticle that it was split from can give it more.
    CHECK_EQ(CALL(world_root, nullptr, reticle_grow, inner, reticle, 3), STATUS_BAD_ARGUMENT);
    CHECK_EQ(CALL(world_root, nullptr, reticle_grow, inner, part, 1 << 20), STATUS_NO_MEMORY);
    CHECK_EQ(CALL(world_root, &memory, memory_carve, inner, 2 * PAGE_SIZE), STATUS_OK);
    world_audit();
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, part), STATUS_OK);
    // All below it is gone when the drop returns.
    CHECK_EQ(CALL(world_root, nullptr, handle_info, inner), STATUS_BAD_HANDLE);
    CHECK_EQ(CALL(world_root, nullptr, handle_info, memory), STATUS_BAD_HANDLE);
    world_audit();
    struct world_shape after = world_shape();
    CHECK(world_shape_equal(&before, &after));
}

// A Task takes whole pages, so nothing is left, and no cell either.
TEST(a_reticle_without_a_cell_makes_nothing_small) {
    uint64_t part = 0, made = 0;
    CHECK_EQ(split(world_named("reticle"), 3 * PAGE_SIZE, &part), STATUS_OK);
    CHECK_EQ(CALL(world_root, &made, task_carve, part), STATUS_OK);
    CHECK_EQ(split(part, PAGE_SIZE, &made), STATUS_NO_MEMORY);
    CHECK_EQ(CALL(world_root, &made, ring_carve, part, 2), STATUS_NO_MEMORY);
    CHECK_EQ(CALL(world_root, &made, bundle_carve, part), STATUS_NO_MEMORY);
    CHECK_EQ(CALL(world_root, &made, memory_carve, part, PAGE_SIZE), STATUS_NO_MEMORY);
    world_audit();
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, part), STATUS_OK);
    world_audit();
}

TEST(parts_of_parts_end_somewhere) {
    struct world_shape before = world_shape();
    uint64_t part = world_named("reticle"), whole = 0, next = 0;
    for (uint32_t i = 0; i < RETICLE_DEPTH; i++) {
        CHECK_EQ(split(part, (2 * RETICLE_DEPTH - 2 * i) * PAGE_SIZE, &next), STATUS_OK);
        whole = i == 0 ? next : whole;
        part = next;
    }
    CHECK_EQ(split(part, PAGE_SIZE, &next), STATUS_BAD_ARGUMENT);
    world_audit();
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, whole), STATUS_OK);
    world_audit();
    struct world_shape after = world_shape();
    CHECK(world_shape_equal(&before, &after));
}

// A Reticle that was made of single pages gives them back one by one, some in a step.
static void scatter(void) {
    constexpr uint32_t PAGES = 300;
    uint64_t pool, part, memory[PAGES];
    uint32_t made = 0;
    CHECK_EQ(split(world_named("reticle"), PAGES * PAGE_SIZE, &pool), STATUS_OK);
    while (made < PAGES &&
           CALL(world_root, &memory[made], memory_carve, pool, PAGE_SIZE) == STATUS_OK) {
        made++;
    }
    CHECK(made > 200 && made < PAGES);
    for (uint32_t i = 0; i < made; i += 2) {
        CHECK_EQ(CALL(world_root, nullptr, handle_drop, memory[i]), STATUS_OK);
    }
    CHECK_EQ(split(pool, 40 * PAGE_SIZE, &part), STATUS_OK);
    world_audit();
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, part), STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, handle_info, part), STATUS_BAD_HANDLE);
    world_audit();
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, pool), STATUS_OK);
    world_audit();
}

TEST(a_reticle_of_scattered_pages_dies_in_steps) {
    scatter(); // the root's table grows
    struct world_shape before = world_shape();
    scatter();
    struct world_shape after = world_shape();
    CHECK(world_shape_equal(&before, &after));
}

static uint64_t available(uint64_t reticle) {
    struct words words = {{reticle}};
    CHECK_EQ(world_call(world_root, SYS_reticle_info, &words), STATUS_OK);
    return words.a[2];
}

static bool is_live(uint64_t handle) {
    return CALL(world_root, nullptr, handle_info, handle) == STATUS_OK;
}

static uint32_t frame_of(uint64_t memory) {
    struct object *object;
    CHECK_EQ(lookup(world_root->task, memory, CLASS_MEMORY, 0, &object), STATUS_OK);
    return ((struct memory *)object)->frame;
}

// Free memory in pieces of one page: no two that are free are buddies.
static uint64_t shattered(void) {
    constexpr uint32_t PAGES = 400;
    uint64_t pool, memory[PAGES];
    uint32_t count = 0;
    CHECK_EQ(split(world_named("reticle"), PAGES * PAGE_SIZE, &pool), STATUS_OK);
    while (CALL(world_root, &memory[count], memory_carve, pool, PAGE_SIZE) == STATUS_OK) {
        count++;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (frame_of(memory[i]) % 2 == 0) {
            CHECK_EQ(CALL(world_root, nullptr, handle_drop, memory[i]), STATUS_OK);
        }
    }
    CHECK(available(pool) > 140 * PAGE_SIZE);
    return pool;
}

// What takes more pieces than one entry may move is refused, and nothing has changed.
TEST(at_most_40_blocks_are_moved) {
    uint64_t pool = shattered(), part, left = available(pool);
    CHECK_EQ(split(pool, 41 * PAGE_SIZE, &part), STATUS_NO_MEMORY);
    CHECK_EQ(available(pool), left);
    world_audit();
    CHECK_EQ(split(pool, 40 * PAGE_SIZE, &part), STATUS_OK);
    left = available(pool);
    CHECK_EQ(CALL(world_root, nullptr, reticle_grow, part, pool, 41 * PAGE_SIZE), STATUS_NO_MEMORY);
    CHECK_EQ(available(pool), left);
    CHECK_EQ(available(part), 40 * PAGE_SIZE);
    CHECK_EQ(CALL(world_root, nullptr, reticle_grow, part, pool, 39 * PAGE_SIZE), STATUS_OK);
    CHECK_EQ(available(part), 79 * PAGE_SIZE);
    world_audit();
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, pool), STATUS_OK);
    world_audit();
}

TEST(a_taker_in_pieces_leaves_it_in_flight) {
    struct world_shape before = world_shape();
    uint64_t reticle = world_named("reticle"), a, b, memory, got;
    world_pair(reticle, 2, &a, &b);
    struct world_grant grants[] = {{"end", b, RIGHT_ALL, false}};
    struct world_task taker;
    CHECK_EQ(world_task_make(&taker, 300 * PAGE_SIZE, grants, 1), STATUS_OK);
    uint64_t end = world_granted(&taker, "end");
    CHECK_EQ(CALL(world_root, &memory, memory_carve, reticle, 41 * PAGE_SIZE), STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, ring_send, a, 1, memory, RIGHT_ALL, 1), STATUS_OK);
    // The taker's Reticle is cut into single pages by its parent, who holds it too.
    uint64_t piece[300];
    uint32_t count = 0;
    while (CALL(world_root, &piece[count], memory_carve, taker.reticle, PAGE_SIZE) == STATUS_OK) {
        count++;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (frame_of(piece[i]) % 2 == 0) {
            CHECK_EQ(CALL(world_root, nullptr, handle_drop, piece[i]), STATUS_OK);
        }
    }
    CHECK(available(taker.reticle) > 70 * PAGE_SIZE);
    CHECK_EQ(CALL(taker.thread, &got, ring_take, end, 1, 0), STATUS_NO_MEMORY);
    world_audit();
    for (uint32_t i = 0; i < count; i++) {
        if (is_live(piece[i])) {
            CHECK_EQ(CALL(world_root, nullptr, handle_drop, piece[i]), STATUS_OK);
        }
    }
    CHECK_EQ(CALL(taker.thread, &got, ring_take, end, 1, 0), STATUS_OK);
    world_audit();
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, taker.reticle), STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, a), STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, b), STATUS_OK);
    struct world_shape after = world_shape();
    CHECK(world_shape_equal(&before, &after));
}

TEST(low_water_sets_the_bit) {
    uint64_t reticle = world_named("reticle"), part, memory;
    CHECK_EQ(split(reticle, 20 * PAGE_SIZE, &part), STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, reticle_watch, part, 64, 0), STATUS_BAD_ARGUMENT);
    CHECK_EQ(CALL(world_root, nullptr, reticle_watch, part, 5, 10 * PAGE_SIZE), STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, signal_wait, 1 << 5, 0), STATUS_TIMED_OUT);
    CHECK_EQ(CALL(world_root, &memory, memory_carve, part, 12 * PAGE_SIZE), STATUS_OK);
    uint64_t bits = 0;
    CHECK_EQ(CALL(world_root, &bits, signal_wait, 1 << 5, 0), STATUS_OK);
    CHECK_EQ(bits, 1 << 5);
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, part), STATUS_OK);
    world_audit();
}

TEST(memory_is_zero_whoever_had_it) {
    uint64_t reticle = world_named("reticle"), memory, view;
    constexpr uint64_t AT = 0x40000000, BYTES = 60 * PAGE_SIZE;
    for (uint32_t round = 0; round < 3; round++) {
        CHECK_EQ(CALL(world_root, &memory, memory_carve, reticle, BYTES, 16), STATUS_OK);
        CHECK_EQ(CALL(world_root, &view, memory_map, 0, memory, AT, 0, BYTES, MAP_READ | MAP_WRITE),
                 STATUS_OK);
        static uint8_t bytes[BYTES];
        CHECK(host_user_read(0, AT, bytes, sizeof bytes));
        for (uint32_t i = 0; i < BYTES; i++) {
            if (bytes[i] != 0) {
                CHECK(bytes[i] == 0);
                break;
            }
        }
        memset(bytes, 0xee, sizeof bytes);
        CHECK(host_user_write(0, AT, bytes, sizeof bytes));
        CHECK_EQ(CALL(world_root, nullptr, handle_drop, view), STATUS_OK);
        CHECK(!host_user_read(0, AT, bytes, 1));
        CHECK_EQ(CALL(world_root, nullptr, handle_drop, memory), STATUS_OK);
        world_audit();
    }
}
