// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// A peer that changes its region between two looks of this end. The algorithm is compiled once
// more, and each time that it reads a generation the test says first what it is to find: so all
// orders in which a region can go and come back are gone through, none by chance.
#include <stdatomic.h>

static void before_load(const volatile void *object);
#undef atomic_load_explicit
#define atomic_load_explicit(object, order) (before_load(object), __c11_atomic_load(object, order))

#include "lib/ring/ring.c"
#include "tests/unit.h"

UNIT_MAIN

constexpr uint32_t SLOTS = 2;
constexpr uint32_t LOOKS = 10; // more than any operation makes

struct region {
    struct ring_region header;
    struct ring_message slot[SLOTS];
};

// What a look at the generation finds.
enum found : uint8_t { GONE, THERE, WAITS }; // WAITS: there, and the peer waits for space
constexpr uint32_t FOUNDS = 3;

static struct region ours, theirs;
static enum found script[LOOKS];
static uint32_t looks, broken_from; // from that look on the index is outside of its window

static void before_load(const volatile void *object) {
    if (object == &theirs.header.generation) {
        CHECK(looks < LOOKS);
        enum found found = script[looks % LOOKS];
        uint64_t word = UINT64_C(1) << RING_GENERATION_SHIFT;
        word |= found == WAITS ? (uint64_t)RING_ARMED_SPACE : 0;
        atomic_store(&theirs.header.generation, found == GONE ? 0 : word);
        if (looks >= broken_from) {
            atomic_store(&theirs.header.produced, SLOTS + 1);
        }
        looks++;
    }
}

// How many scripts there are, and number `next` of them.
static uint32_t scripts(void) {
    uint32_t count = 1;
    for (uint32_t i = 0; i < LOOKS; i++) {
        count *= FOUNDS;
    }
    return count;
}

static void begin(struct ring_end *end, uint32_t next, uint16_t length, bool armed) {
    for (uint32_t i = 0; i < LOOKS; i++) {
        script[i] = THERE;
    }
    looks = 0;
    broken_from = LOOKS;
    theirs = (struct region){.slot[0].header = {.type = 7, .length = length}};
    ring_end_init(end, &ours.header, SLOTS);
    CHECK_EQ(ring_end_bind(end, &theirs.header, SLOTS, 1), STATUS_OK);
    struct ring_message none;
    CHECK_EQ(ring_end_peek(end, &none), STATUS_EMPTY);
    if (!armed) {
        ring_end_disarm(end, RING_ARMED_MESSAGE);
    }
    atomic_store(&theirs.header.produced, 1);
    for (uint32_t i = 0; i < LOOKS; i++, next /= FOUNDS) {
        script[i] = (enum found)(next % FOUNDS);
    }
    looks = 0;
}

// Where the end stands, after it has read so many messages.
static bool stands(const struct ring_end *end, uint64_t read) {
    const struct ring_message *at = end->receive_at;
    return ring_end_consumed(end) == read &&
           (at == &theirs.slot[read] || at == &theirs.slot[read % SLOTS]);
}

// A message that is not good is never taken for one, whatever becomes of its region.
TEST(a_region_that_comes_back_is_not_believed) {
    for (uint32_t i = 0; i < 2 * scripts(); i++) {
        struct ring_end end;
        struct ring_message message;
        begin(&end, i / 2, UINT16_MAX, i % 2 != 0);
        enum status status = ring_end_peek(&end, &message);
        CHECK(status == STATUS_EMPTY || status == STATUS_BAD_FORMAT);
        CHECK(stands(&end, 0));
    }
}

// The short way of one that slept believes no more: all that it takes is good.
TEST(one_that_slept_takes_no_message_of_a_region_that_goes) {
    for (uint32_t i = 0; i < 2 * scripts(); i++) {
        struct ring_end end;
        struct ring_message message;
        bool doorbell, good = i % 2 != 0;
        begin(&end, i / 2, good ? RING_PAYLOAD : RING_PAYLOAD + 1, true);
        CHECK(ring_end_awaits(&end));
        bool taken = ring_end_receive_one(&end, &message, &doorbell);
        CHECK_EQ(taken, good && script[0] == THERE && script[1] != GONE);
        CHECK(!taken || doorbell == (script[1] == WAITS));
        CHECK(stands(&end, taken));
    }
}

// A good one is only taken if the region was there when it was found, and after it was read; who
// waits for space by then is rung. The index may go out of its window, too.
TEST(a_region_that_goes_takes_its_message_along) {
    for (uint32_t i = 0; i < 24 * scripts(); i++) {
        struct ring_end end;
        struct ring_message message;
        const struct ring_message *slot;
        bool doorbell, in_place = (i & 2) != 0;
        begin(&end, i / 24, RING_PAYLOAD, i % 2 != 0);
        broken_from = i / 4 % 6 == 5 ? LOOKS : 1 + i / 4 % 6;
        enum status status;
        if (in_place) {
            status = ring_end_view(&end, &slot);
            status = status == STATUS_OK ? ring_end_release(&end, &doorbell) : status;
        } else {
            status = ring_end_receive(&end, &message, &doorbell);
        }
        if (status == STATUS_OK) {
            CHECK(looks >= 2 && script[looks - 2] != GONE && script[looks - 1] != GONE);
            CHECK_EQ(doorbell, script[looks - 1] == WAITS);
        }
        CHECK(status == STATUS_OK || status == STATUS_EMPTY || status == STATUS_BAD_FORMAT);
        CHECK(stands(&end, status == STATUS_OK));
    }
}
