// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Rings: ends, binding and parting, regions, messages between Tasks.
#include "abi/ring.h"
#include "lib/string/string.h"
#include "lib/vectra/endpoint.h"
#include "tests/ktest/child.h"

static uint64_t carve_ring(uint64_t slots) {
    uint64_t ring = HANDLE_NONE;
    (void)CHECK_OK(sys_ring_carve(ground, slots, &ring));
    return ring;
}

static void check_info(uint64_t ring, uint64_t bound, uint64_t generation, uint64_t slots,
                       uint64_t peer_slots) {
    uint64_t actual[4];
    (void)CHECK_OK(sys_ring_info(ring, &actual[0], &actual[1], &actual[2], &actual[3]));
    (void)CHECK_EQ(actual[0], bound);
    (void)CHECK_EQ(actual[1], generation);
    (void)CHECK_EQ(actual[2], slots);
    (void)CHECK_EQ(actual[3], peer_slots);
}

static void carve(void) {
    uint64_t ring;
    static const uint64_t bad[] = {
        0, 1, 3, 6, 100, 4095, 2 * RING_SLOTS_MOST, UINT64_C(1) << 32, UINT64_MAX};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        (void)CHECK_STATUS(sys_ring_carve(ground, bad[i], &ring), STATUS_BAD_ARGUMENT);
    }
    for (uint64_t slots = 2; slots <= RING_SLOTS_MOST; slots *= 2) {
        uint64_t description, object, size, detail;
        ring = carve_ring(slots);
        (void)CHECK_OK(sys_handle_info(ring, &description, &object, &size, &detail));
        (void)CHECK_EQ(size, ring_region_size(slots));
        check_info(ring, 0, 0, slots, 0);
        drop(ring);
    }
}

static void bind(void) {
    uint64_t a = carve_ring(2), b = carve_ring(8), c = carve_ring(4), copy;
    (void)CHECK_STATUS(sys_doorbell(a, 0), STATUS_NOT_BOUND);
    (void)CHECK_STATUS(sys_ring_bind(a, a), STATUS_BAD_STATE);
    (void)CHECK_OK(sys_ring_watch(a, 1, 2));
    (void)CHECK_OK(sys_ring_watch(b, 3, 4));
    (void)CHECK_EQ(poll_bits(), 0);
    (void)CHECK_OK(sys_ring_bind(a, b));
    (void)CHECK_EQ(poll_bits(), 1 << 2 | 1 << 4);
    check_info(a, 1, 1, 2, 8);
    check_info(b, 1, 1, 8, 2);
    (void)CHECK_STATUS(sys_ring_bind(a, b), STATUS_BAD_STATE);
    (void)CHECK_STATUS(sys_ring_bind(a, c), STATUS_BAD_STATE);
    (void)CHECK_STATUS(sys_ring_bind(c, a), STATUS_BAD_STATE);
    (void)CHECK_OK(sys_doorbell(b, 0));
    (void)CHECK_EQ(poll_bits(), 1 << 1);
    drop(b);
    (void)CHECK_EQ(poll_bits(), 1 << 2);
    check_info(a, 0, 1, 2, 0);
    // The next one: a higher number for both.
    (void)CHECK_OK(sys_handle_copy(c, RIGHT_RING_BIND, &copy));
    (void)CHECK_OK(sys_ring_bind(a, copy));
    check_info(a, 1, 2, 2, 4);
    check_info(c, 1, 2, 4, 2);
    (void)CHECK_EQ(poll_bits(), 1 << 2);
    (void)CHECK_STATUS(sys_ring_watch(a, 64, 0), STATUS_BAD_ARGUMENT);
    (void)CHECK_STATUS(sys_ring_watch(a, 0, 64), STATUS_BAD_ARGUMENT);
    drop(a);
    check_info(c, 0, 2, 4, 0);
    drop(c);
}

static enum status try_map(uint64_t ring, uint64_t address, uint64_t flags) {
    uint64_t view;
    enum status status = sys_memory_map(0, ring, address, 0, PAGE_SIZE, flags, &view);
    if (status == STATUS_OK) {
        (void)sys_handle_drop(view);
    }
    return status;
}

static void regions(void) {
    uint64_t a = carve_ring(2), b = carve_ring(2), peer;
    (void)CHECK_STATUS(try_map(a, AREA, MAP_READ | MAP_PEER), STATUS_BAD_STATE);
    (void)CHECK_OK(sys_ring_bind(a, b));
    (void)CHECK_STATUS(try_map(a, AREA, MAP_READ | MAP_EXECUTE), STATUS_BAD_ARGUMENT);
    (void)CHECK_STATUS(try_map(a, AREA, MAP_READ | MAP_WRITE | MAP_GIVE), STATUS_BAD_ARGUMENT);
    (void)CHECK_STATUS(try_map(a, AREA, MAP_READ | MAP_WRITE | MAP_PEER), STATUS_ACCESS);
    (void)CHECK_STATUS(try_map(a, AREA, MAP_READ | MAP_PEER), STATUS_OK); // and dropped again
    uint64_t own = map_here(a, AREA, PAGE_SIZE, MAP_READ | MAP_WRITE);
    peer = map_here(b, AREA + PAGE_SIZE, PAGE_SIZE, MAP_READ | MAP_PEER);
    if (own == HANDLE_NONE || peer == HANDLE_NONE) {
        return;
    }
    (void)CHECK_STATUS(try_map(b, AREA + 2 * PAGE_SIZE, MAP_READ | MAP_PEER), STATUS_EXISTS);
    // One producer: the region is written in one place; it may be read in others.
    (void)CHECK_STATUS(try_map(a, AREA + 2 * PAGE_SIZE, MAP_READ | MAP_WRITE), STATUS_EXISTS);
    (void)CHECK_STATUS(try_map(a, AREA + 2 * PAGE_SIZE, MAP_READ), STATUS_OK);
    volatile uint64_t *mine = (volatile uint64_t *)AREA;
    const volatile uint64_t *theirs = (const volatile uint64_t *)(AREA + PAGE_SIZE);
    (void)CHECK_EQ(*theirs, 0);
    *mine = 99;
    (void)CHECK_EQ(*theirs, 99);
    drop(a); // with a view of it, and one that the peer has
    (void)CHECK_EQ(*theirs, 0);
    (void)CHECK_EQ(*mine, 0);
    uint64_t c = carve_ring(2), next;
    (void)CHECK_OK(sys_ring_bind(b, c));
    next = map_here(b, AREA + 2 * PAGE_SIZE, PAGE_SIZE, MAP_READ | MAP_PEER);
    (void)CHECK_EQ(*theirs, 0); // the old window does not show the new peer
    drop(next);
    drop(peer);
    drop(own);
    drop(b);
    drop(c);
}

// ---------------------------------------------------------------- messages

constexpr uint32_t MESSAGES = 3000;

// Sends back whatever comes, until an empty message of type 2.
uint32_t role_echo(void) {
    static struct endpoint endpoint;
    (void)CHECK_OK(endpoint_open(&endpoint, child_slot("ring", CLASS_RING), 0, 1));
    for (;;) {
        struct ring_message message;
        uint64_t sequence, bits;
        enum status status = endpoint_receive(&endpoint, &message, &sequence);
        if (status == STATUS_EMPTY) {
            (void)CHECK_OK(endpoint_wait(&endpoint, 0, deadline_in(PATIENCE), &bits));
            continue;
        }
        (void)CHECK_OK(status);
        if (message.header.type == 2) {
            return 0;
        }
        while ((status = endpoint_send(&endpoint, &message)) == STATUS_FULL) {
            (void)CHECK_OK(endpoint_wait(&endpoint, 0, deadline_in(PATIENCE), &bits));
        }
        (void)CHECK_OK(status);
    }
}

static struct ring_message numbered(uint32_t number) {
    struct ring_message message = {
        .header = {.type = 1, .length = RING_PAYLOAD, .transaction = number}};
    memset(message.payload, (int)(number & 255), sizeof message.payload);
    return message;
}

// Keeps `window` messages on their way; each comes back once, whole and in order.
static void exchange(struct endpoint *endpoint, uint32_t window) {
    uint32_t sent = 0, received = 0;
    uint64_t sequence, bits;
    while (received < MESSAGES && check_good()) {
        struct ring_message message = numbered(sent);
        enum status status = STATUS_FULL;
        if (sent < MESSAGES && sent - received < window) {
            status = endpoint_send(endpoint, &message);
        }
        if (status == STATUS_OK) {
            sent++;
            continue;
        }
        status = endpoint_receive(endpoint, &message, &sequence);
        if (status == STATUS_EMPTY) {
            (void)CHECK_OK(endpoint_wait(endpoint, 0, deadline_in(PATIENCE), &bits));
        } else if (CHECK_OK(status)) {
            struct ring_message wanted = numbered(received++);
            (void)CHECK(memcmp(&message, &wanted, sizeof message) == 0);
        }
    }
}

static void echo(uint64_t slots, uint32_t window) {
    struct child child = {.role = "echo", .bit = 9};
    struct endpoint endpoint = {};
    if (!child_begin(&child)) {
        return;
    }
    uint64_t ring = child_connect(&child, "ring", slots);
    if (child_start(&child) && CHECK_OK(endpoint_open(&endpoint, ring, 10, 11))) {
        exchange(&endpoint, window);
        struct ring_message last = {.header = {.type = 2}};
        (void)CHECK_OK(endpoint_send(&endpoint, &last));
    }
    child_finish(&child);
    endpoint_close(&endpoint);
}

static void messages(void) {
    echo(64, 1);
}

static void messages_streaming(void) {
    echo(64, 60);
}

static void messages_full(void) {
    echo(2, 4);
}

// The other end dies: told by the bit, no fault, nothing more comes.
static void peer_dies(void) {
    struct child child = {.role = "echo", .bit = 9};
    struct endpoint endpoint = {};
    struct ring_message message = numbered(1);
    uint64_t sequence, bits;
    if (!child_begin(&child)) {
        return;
    }
    uint64_t ring = child_connect(&child, "ring", 8);
    if (child_start(&child) && CHECK_OK(endpoint_open(&endpoint, ring, 10, 11))) {
        (void)CHECK_OK(endpoint_send(&endpoint, &message));
        while (endpoint_receive(&endpoint, &message, &sequence) == STATUS_EMPTY &&
               CHECK_OK(endpoint_wait(&endpoint, 0, deadline_in(PATIENCE), &bits))) {
        }
        child_destroy(&child);
        (void)CHECK((poll_bits() & 1 << 11) != 0);
        (void)CHECK_EQ(endpoint.end.peer->produced, 0); // reads as zeros, until told
        (void)endpoint_refresh(&endpoint);
        (void)CHECK_STATUS(endpoint_send(&endpoint, &message), STATUS_PEER_CLOSED);
        (void)CHECK_STATUS(endpoint_receive(&endpoint, &message, &sequence), STATUS_PEER_CLOSED);
    }
    endpoint_close(&endpoint);
}

TESTS(ring, {"carve", carve}, {"bind", bind}, {"regions", regions}, {"messages", messages},
      {"messages_streaming", messages_streaming}, {"messages_full", messages_full},
      {"peer_dies", peer_dies});
