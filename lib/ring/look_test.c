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

static struct region ours, theirs;
static uint32_t script, looks; // a bit for each look at the generation: whether it is there

static void before_load(const volatile void *object) {
    if (object == &theirs.header.generation) {
        atomic_store(&theirs.header.generation, (script >> looks & 1) << RING_GENERATION_SHIFT);
        looks++;
    }
}

static void begin(struct ring_end *end, uint32_t next, uint16_t length, bool armed) {
    script = 0;
    theirs = (struct region){.slot[0].header = {.type = 7, .length = length}};
    ring_end_init(end, &ours.header, SLOTS);
    CHECK_EQ(ring_end_bind(end, &theirs.header, SLOTS, 1), STATUS_OK);
    struct ring_message none;
    CHECK_EQ(ring_end_peek(end, &none), STATUS_EMPTY);
    if (!armed) {
        ring_end_disarm(end, RING_ARMED_MESSAGE);
    }
    atomic_store(&theirs.header.produced, 1);
    script = next;
    looks = 0;
}

// A message that is not good is never taken for one, whatever becomes of its region.
TEST(a_region_that_comes_back_is_not_believed) {
    for (uint32_t i = 0; i < 2 << LOOKS; i++) {
        struct ring_end end;
        struct ring_message message;
        begin(&end, i >> 1, UINT16_MAX, i % 2 != 0);
        enum status status = ring_end_peek(&end, &message);
        CHECK(status == STATUS_EMPTY || status == STATUS_BAD_FORMAT);
        CHECK(looks <= LOOKS);
        CHECK_EQ(ring_end_consumed(&end), 0);
    }
}

// The short way of one that slept believes no more: all that it takes is good.
TEST(one_that_slept_takes_no_message_of_a_region_that_goes) {
    for (uint32_t i = 0; i < 2 << LOOKS; i++) {
        struct ring_end end;
        struct ring_message message;
        bool doorbell, good = i % 2 != 0;
        begin(&end, i >> 1, good ? RING_PAYLOAD : RING_PAYLOAD + 1, true);
        CHECK(ring_end_awaits(&end));
        bool taken = ring_end_receive_one(&end, &message, &doorbell);
        CHECK_EQ(taken, good && (script & 3) == 3);
        CHECK_EQ(ring_end_consumed(&end), taken);
        CHECK(looks <= LOOKS);
    }
}

// A good one is only taken if the region was there when it was found, and after it was read.
TEST(a_region_that_goes_takes_its_message_along) {
    for (uint32_t i = 0; i < 4 << LOOKS; i++) {
        struct ring_end end;
        struct ring_message message;
        const struct ring_message *slot;
        bool doorbell, in_place = (i & 2) != 0;
        begin(&end, i >> 2, RING_PAYLOAD, i % 2 != 0);
        enum status status;
        if (in_place) {
            status = ring_end_view(&end, &slot);
            status = status == STATUS_OK ? ring_end_release(&end, &doorbell) : status;
        } else {
            status = ring_end_receive(&end, &message, &doorbell);
        }
        bool there = looks >= 2 && (script >> (looks - 2) & 3) == 3;
        CHECK(status != STATUS_OK || there);
        CHECK_EQ(ring_end_consumed(&end), status == STATUS_OK);
        CHECK(status == STATUS_OK || status == STATUS_EMPTY || status == STATUS_BAD_FORMAT);
    }
}
