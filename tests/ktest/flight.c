// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Capabilities beside messages: sent, taken, skipped, revoked, and when there is
// no room for them.
#include "abi/ring.h"
#include "tests/ktest/child.h"

struct pair {
    uint64_t a, b;
};

static struct pair pair_open(void) {
    struct pair pair = {};
    (void)CHECK_OK(sys_ring_carve(ground, 2, &pair.a));
    (void)CHECK_OK(sys_ring_carve(ground, 2, &pair.b));
    (void)CHECK_OK(sys_ring_bind(pair.a, pair.b));
    return pair;
}

static void pair_close(const struct pair *pair) {
    drop(pair->a);
    drop(pair->b);
}

static void copy_and_move(void) {
    struct pair pair = pair_open();
    uint64_t memory = carve_memory(PAGE_SIZE, 0), taken, description, none;
    (void)CHECK_STATUS(sys_ring_take(pair.b, 0, CLASS_NONE, &none, &description), STATUS_EMPTY);
    // A copy, with fewer rights.
    (void)CHECK_OK(sys_ring_send(pair.a, 0, memory, RIGHT_MEMORY_READ | RIGHT_MEMORY_WRITE, 0));
    (void)CHECK_STATUS(sys_ring_take(pair.a, 0, CLASS_NONE, &none, &description), STATUS_EMPTY);
    (void)CHECK_OK(sys_ring_take(pair.b, 0, CLASS_NONE, &taken, &description));
    (void)CHECK_EQ(description, CLASS_MEMORY << INFO_CLASS_SHIFT | RIGHT_MEMORY_READ);
    (void)CHECK_EQ(rights_of(taken), RIGHT_MEMORY_READ);
    (void)CHECK_STATUS(sys_ring_take(pair.b, 0, CLASS_NONE, &none, &description), STATUS_EMPTY);
    drop(taken);
    // The capability itself, with what it allows; its handle is no more.
    (void)CHECK_OK(sys_ring_send(pair.a, 7, memory, RIGHT_ALL, 1));
    (void)CHECK(!is_alive(memory));
    (void)CHECK_STATUS(sys_ring_take(pair.b, 6, CLASS_NONE, &none, &description), STATUS_EMPTY);
    (void)CHECK_OK(sys_ring_take(pair.b, 7, CLASS_NONE, &taken, &description));
    (void)CHECK(taken != memory && (rights_of(taken) & RIGHT_MEMORY_WRITE) != 0);
    (void)CHECK(!is_alive(memory));
    drop(taken);
    pair_close(&pair);
}

static void errors(void) {
    struct pair pair = pair_open();
    uint64_t memory = carve_memory(PAGE_SIZE, 0), alone, word;
    (void)CHECK_OK(sys_ring_carve(ground, 2, &alone));
    (void)CHECK_STATUS(sys_ring_send(alone, 0, memory, RIGHT_ALL, 0), STATUS_NOT_BOUND);
    (void)CHECK_STATUS(sys_ring_take(alone, 0, CLASS_NONE, &word, &word), STATUS_EMPTY);
    (void)CHECK_STATUS(sys_ring_send(pair.a, 0, pair.a, RIGHT_ALL, 0), STATUS_BAD_ARGUMENT);
    (void)CHECK_STATUS(sys_ring_send(pair.a, 0, pair.b, RIGHT_ALL, 1), STATUS_BAD_ARGUMENT);
    uint64_t view = map_here(memory, AREA, PAGE_SIZE, MAP_READ | MAP_WRITE), copy;
    (void)CHECK_STATUS(sys_ring_send(pair.a, 0, view, RIGHT_ALL, 0), STATUS_BAD_CLASS);
    (void)CHECK_STATUS(sys_ring_send(pair.a, 0, memory, RIGHT_ALL, 1), STATUS_BUSY);
    drop(view);
    (void)CHECK_OK(sys_handle_copy(memory, RIGHT_COPY, &copy));
    (void)CHECK_STATUS(sys_ring_send(pair.a, 0, copy, RIGHT_ALL, 0), STATUS_ACCESS);
    (void)CHECK_STATUS(sys_ring_send(pair.a, 0, copy, RIGHT_ALL, 1), STATUS_ACCESS);
    drop(copy);
    (void)CHECK_OK(sys_ring_send(pair.a, 10, memory, RIGHT_ALL, 0));
    (void)CHECK_STATUS(sys_ring_send(pair.a, 9, memory, RIGHT_ALL, 0), STATUS_BAD_ARGUMENT);
    (void)CHECK_OK(sys_ring_send(pair.a, 10, memory, RIGHT_ALL, 0));
    (void)CHECK_OK(sys_ring_send(pair.a, UINT64_MAX, memory, RIGHT_ALL, 0));
    drop(alone);
    pair_close(&pair); // with three on their way
    drop(memory);
}

// What is not of the class asked for is dropped, like what nobody asks for.
static void other_class(void) {
    struct pair pair = pair_open();
    uint64_t memory = carve_memory(PAGE_SIZE, 0), taken, word;
    (void)CHECK_OK(sys_ring_send(pair.a, 1, memory, RIGHT_ALL, 0));
    (void)CHECK_OK(sys_ring_send(pair.a, 1, memory, RIGHT_INSPECT, 0));
    (void)CHECK_STATUS(sys_ring_take(pair.b, 1, CLASS_TASK, &taken, &word), STATUS_BAD_CLASS);
    (void)CHECK_OK(sys_ring_take(pair.b, 1, CLASS_MEMORY, &taken, &word));
    (void)CHECK_EQ(rights_of(taken), RIGHT_INSPECT);
    drop(memory);
    pair_close(&pair);
}

// What came with a message that was passed over is dropped, what it owns with it.
static void skipped(void) {
    struct pair pair = pair_open();
    uint64_t memory = carve_memory(PAGE_SIZE, 0), owned = carve_memory(8 * PAGE_SIZE, 0);
    uint64_t taken, word;
    (void)CHECK_OK(sys_ring_send(pair.a, 1, memory, RIGHT_ALL, 0));
    (void)CHECK_OK(sys_ring_send(pair.a, 2, owned, RIGHT_ALL, 1));
    (void)CHECK_OK(sys_ring_send(pair.a, 3, memory, RIGHT_MEMORY_READ, 0));
    (void)CHECK_OK(sys_ring_send(pair.a, 3, memory, RIGHT_INSPECT, 0));
    (void)CHECK_OK(sys_ring_take(pair.b, 3, CLASS_NONE, &taken, &word));
    (void)CHECK_EQ(rights_of(taken), RIGHT_MEMORY_READ);
    (void)CHECK_OK(sys_ring_take(pair.b, 3, CLASS_NONE, &taken, &word));
    (void)CHECK_EQ(rights_of(taken), RIGHT_INSPECT);
    (void)CHECK_STATUS(sys_ring_take(pair.b, 3, CLASS_NONE, &taken, &word), STATUS_EMPTY);
    drop(memory);
    pair_close(&pair);
}

static void full(void) {
    struct pair pair = pair_open();
    uint64_t memory = carve_memory(PAGE_SIZE, 0), taken, word;
    for (uint32_t round = 0; round < 3; round++) {
        uint64_t first = round * 1000;
        for (uint32_t i = 0; i < RING_IN_FLIGHT; i++) {
            (void)CHECK_OK(sys_ring_send(pair.a, first + i, memory, RIGHT_ALL, 0));
        }
        (void)CHECK_STATUS(sys_ring_send(pair.a, first + 99, memory, RIGHT_ALL, 0), STATUS_FULL);
        // The other direction has its own room.
        (void)CHECK_OK(sys_ring_send(pair.b, first, memory, RIGHT_ALL, 0));
        (void)CHECK_OK(sys_ring_take(pair.a, first, CLASS_NONE, &taken, &word));
        drop(taken);
        for (uint32_t i = 0; i < RING_IN_FLIGHT; i++) {
            if (CHECK_OK(sys_ring_take(pair.b, first + i, CLASS_NONE, &taken, &word))) {
                drop(taken);
            }
        }
    }
    drop(memory);
    pair_close(&pair);
}

static void revoked(void) {
    struct pair pair = pair_open();
    uint64_t memory = carve_memory(PAGE_SIZE, 0), other = carve_memory(PAGE_SIZE, 0), taken, word;
    (void)CHECK_OK(sys_ring_send(pair.a, 1, memory, RIGHT_ALL, 0));
    (void)CHECK_OK(sys_ring_send(pair.a, 2, other, RIGHT_ALL, 0));
    (void)CHECK_OK(sys_handle_revoke(memory));
    (void)CHECK_STATUS(sys_ring_take(pair.b, 1, CLASS_NONE, &taken, &word), STATUS_REVOKED);
    (void)CHECK_STATUS(sys_ring_take(pair.b, 1, CLASS_NONE, &taken, &word), STATUS_EMPTY);
    (void)CHECK_OK(sys_ring_take(pair.b, 2, CLASS_NONE, &taken, &word));
    drop(other); // the taken copy goes with it
    (void)CHECK(!is_alive(taken));
    // The object itself gone while under way.
    (void)CHECK_OK(sys_ring_send(pair.a, 3, memory, RIGHT_ALL, 0));
    drop(memory);
    (void)CHECK_STATUS(sys_ring_take(pair.b, 3, CLASS_NONE, &taken, &word), STATUS_REVOKED);
    pair_close(&pair);
}

// An end that dies drops what it had sent, and what was sent to it.
static void parted(void) {
    for (uint32_t i = 0; i < 2; i++) {
        struct pair pair = pair_open();
        uint64_t left = available(ground), word;
        uint64_t owned = carve_memory(4 * PAGE_SIZE, 0), copied = carve_memory(PAGE_SIZE, 0);
        (void)CHECK_OK(sys_ring_send(pair.a, 1, owned, RIGHT_ALL, 1));
        (void)CHECK_OK(sys_ring_send(pair.a, 2, copied, RIGHT_ALL, 0));
        drop(i == 0 ? pair.a : pair.b);
        drop(copied);
        uint64_t rest = i == 0 ? pair.b : pair.a;
        (void)CHECK_STATUS(sys_ring_take(rest, 1, CLASS_NONE, &word, &word), STATUS_EMPTY);
        drop(rest);
        (void)CHECK(available(ground) >= left);
    }
}

// --------------------------------------------------- no room at the receiver

static uint64_t copies_made;

// Copies until that fails, and says how.
static enum status copy_until_full(uint64_t handle) {
    uint64_t copy;
    enum status status;
    while ((status = sys_handle_copy(handle, RIGHT_INSPECT, &copy)) == STATUS_OK) {
        copies_made = copy;
    }
    return status;
}

static uint32_t take_when_full(enum status wanted) {
    uint64_t ring = child_slot("ring", CLASS_RING), memory = child_slot("memory", CLASS_MEMORY);
    uint64_t taken, description;
    (void)CHECK_STATUS(copy_until_full(memory), wanted);
    (void)CHECK_STATUS(sys_ring_take(ring, 5, CLASS_NONE, &taken, &description), wanted);
    (void)CHECK_STATUS(sys_ring_take(ring, 5, CLASS_NONE, &taken, &description), wanted);
    (void)CHECK_OK(sys_handle_drop(copies_made));
    (void)CHECK_OK(sys_ring_take(ring, 5, CLASS_NONE, &taken, &description));
    (void)CHECK_EQ(description >> INFO_CLASS_SHIFT, CLASS_MEMORY);
    (void)CHECK_STATUS(sys_ring_take(ring, 5, CLASS_NONE, &taken, &description), STATUS_EMPTY);
    return 0;
}

uint32_t role_full_memory(void) {
    return take_when_full(STATUS_NO_MEMORY);
}

uint32_t role_full_slots(void) {
    return take_when_full(STATUS_NO_SLOTS);
}

static void no_room(const char *role, uint64_t bytes) {
    struct child child = {.role = role, .bytes = bytes};
    uint64_t memory = carve_memory(PAGE_SIZE, 0);
    if (child_begin(&child)) {
        uint64_t ring = child_connect(&child, "ring", 2);
        (void)child_copy(&child, "memory", memory, RIGHT_ALL);
        (void)CHECK_OK(sys_ring_send(ring, 5, memory, RIGHT_ALL, 0));
        if (child_start(&child)) {
            child_finish(&child);
        }
        drop(ring);
    }
    drop(memory);
}

static void no_memory(void) {
    no_room("full_memory", 0);
}

static void no_slots(void) {
    no_room("full_slots", UINT64_C(3) << 20);
}

// --------------------------------------------------- who takes Memory pays for it

static void bell_wait(void) {
    uint64_t bits;
    (void)CHECK_OK(sys_signal_wait(1, deadline_in(PATIENCE), 0, 0, 0, &bits));
}

uint32_t role_payer(void) {
    uint64_t ring = child_slot("ring", CLASS_RING), taken, description, view;
    (void)CHECK_OK(sys_ring_watch(ring, 0, UINT64_MAX));
    (void)CHECK_STATUS(sys_ring_take(ring, 1, CLASS_MEMORY, &taken, &description),
                       STATUS_NO_MEMORY);
    (void)CHECK_OK(sys_doorbell(ring, 0)); // more, please
    bell_wait();
    (void)CHECK_OK(sys_ring_take(ring, 1, CLASS_MEMORY, &taken, &description));
    (void)CHECK_OK(sys_memory_map(0, taken, AREA, 0, PAGE_SIZE, MAP_READ | MAP_WRITE, &view));
    *(volatile uint64_t *)AREA = 31337;
    (void)CHECK_OK(sys_doorbell(ring, 0)); // it is mine now
    bell_wait();
    (void)CHECK_EQ(*(volatile uint64_t *)AREA, 31337);
    (void)CHECK(is_alive(taken));
    return 0;
}

// A taker that cannot pay leaves it in flight; one that has paid keeps it, whatever
// becomes of the Reticle that it was carved from.
static void taker_pays(void) {
    constexpr uint64_t BYTES = UINT64_C(1) << 20;
    struct child child = {.role = "payer", .bit = 9};
    uint64_t part, memory;
    if (!child_begin(&child) || !CHECK_OK(sys_reticle_split(ground, 3 * BYTES, &part)) ||
        !CHECK_OK(sys_memory_carve(part, BYTES, 0, 0, &memory))) {
        return;
    }
    uint64_t ring = child_connect(&child, "ring", 2);
    (void)CHECK_OK(sys_ring_watch(ring, 1, UINT64_MAX));
    (void)CHECK_OK(sys_ring_send(ring, 1, memory, RIGHT_ALL, 1));
    if (child_start(&child) && await_bit(1)) {
        (void)CHECK_OK(sys_reticle_grow(child.spawn.reticle, ground, BYTES + 8 * PAGE_SIZE));
        (void)CHECK_OK(sys_doorbell(ring, 0));
        (void)await_bit(1);
        (void)CHECK_EQ(available(part), 3 * BYTES); // as many pages came back for it
        drop(part);
        (void)CHECK_OK(sys_doorbell(ring, 0));
    }
    child_finish(&child);
    drop(ring);
}

TESTS(flight, {"copy_and_move", copy_and_move}, {"errors", errors}, {"skipped", skipped},
      {"other_class", other_class}, {"full", full}, {"revoked", revoked}, {"parted", parted},
      {"no_memory", no_memory}, {"no_slots", no_slots}, {"taker_pays", taker_pays});
