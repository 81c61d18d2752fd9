// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The Ring end's algorithm: alone step by step, between two threads that sleep
// and wake as Tasks do, and against a peer that writes whatever it likes.
#include "lib/ring/ring.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>

#include "tests/unit.h"

constexpr uint32_t SLOTS_MOST = 64;

struct region {
    alignas(64) struct ring_region header;
    uint8_t slots[SLOTS_MOST * RING_SLOT_SIZE];
};

struct pair {
    struct region region[2];
    struct ring_end end[2];
    sem_t bell[2];
    bool puts; // the first end tells of many messages at once
};

static void pair_init(struct pair *pair, uint32_t slots0, uint32_t slots1) {
    memset(pair, 0, sizeof(*pair));
    ring_end_init(&pair->end[0], &pair->region[0].header, slots0);
    ring_end_init(&pair->end[1], &pair->region[1].header, slots1);
    CHECK_EQ(ring_end_bind(&pair->end[0], &pair->region[1].header, slots1, 1), STATUS_OK);
    CHECK_EQ(ring_end_bind(&pair->end[1], &pair->region[0].header, slots0, 1), STATUS_OK);
    sem_init(&pair->bell[0], 0, 0);
    sem_init(&pair->bell[1], 0, 0);
}

static struct ring_message numbered(uint64_t number) {
    struct ring_message message = {.header = {.type = 7, .length = 8}};
    memcpy(message.payload, &number, sizeof(number));
    return message;
}

static uint64_t number_of(const struct ring_message *message) {
    uint64_t number;
    memcpy(&number, message->payload, sizeof(number));
    return number;
}

TEST(unbound_is_closed) {
    struct region region = {};
    struct ring_end end;
    struct ring_message message = numbered(0);
    bool doorbell = true;
    ring_end_init(&end, &region.header, 4);
    CHECK_EQ(ring_end_send(&end, &message, &doorbell), STATUS_PEER_CLOSED);
    CHECK(!doorbell);
    CHECK_EQ(ring_end_receive(&end, &message, &doorbell), STATUS_PEER_CLOSED);
    CHECK_EQ(ring_end_drained(&end), STATUS_PEER_CLOSED);
}

TEST(bad_slots_are_refused) {
    struct region region = {}, peer = {};
    struct ring_end end;
    ring_end_init(&end, &region.header, 4);
    CHECK_EQ(ring_end_bind(&end, &peer.header, 0, 1), STATUS_BAD_ARGUMENT);
    CHECK_EQ(ring_end_bind(&end, &peer.header, 1, 1), STATUS_BAD_ARGUMENT);
    CHECK_EQ(ring_end_bind(&end, &peer.header, 6, 1), STATUS_BAD_ARGUMENT);
    CHECK_EQ(ring_end_bind(&end, &peer.header, 8192, 1), STATUS_BAD_ARGUMENT);
    CHECK_EQ(ring_end_bind(&end, &peer.header, 4, 0), STATUS_BAD_ARGUMENT);
}

TEST(fills_drains_and_wraps) {
    struct pair pair;
    pair_init(&pair, 4, 2);
    struct ring_message message;
    bool doorbell;
    for (uint64_t base = 0; base < 40; base += 4) {
        for (uint64_t i = 0; i < 4; i++) {
            message = numbered(base + i);
            CHECK_EQ(ring_end_send(&pair.end[0], &message, &doorbell), STATUS_OK);
        }
        message = numbered(99);
        CHECK_EQ(ring_end_send(&pair.end[0], &message, &doorbell), STATUS_FULL);
        CHECK(!doorbell);
        CHECK_EQ(ring_end_drained(&pair.end[0]), STATUS_BUSY);
        for (uint64_t i = 0; i < 4; i++) {
            CHECK_EQ(ring_end_receive(&pair.end[1], &message, &doorbell), STATUS_OK);
            CHECK_EQ(number_of(&message), base + i);
            CHECK(doorbell); // the full sender armed
        }
        CHECK_EQ(ring_end_receive(&pair.end[1], &message, &doorbell), STATUS_EMPTY);
        CHECK_EQ(ring_end_drained(&pair.end[0]), STATUS_OK);
    }
}

TEST(only_a_drained_reader_is_rung) {
    struct pair pair;
    pair_init(&pair, 8, 8);
    struct ring_message message = numbered(1);
    bool doorbell;
    CHECK_EQ(ring_end_send(&pair.end[0], &message, &doorbell), STATUS_OK);
    CHECK(!doorbell);
    CHECK_EQ(ring_end_receive(&pair.end[1], &message, &doorbell), STATUS_OK);
    CHECK_EQ(ring_end_receive(&pair.end[1], &message, &doorbell), STATUS_EMPTY);
    CHECK_EQ(ring_end_send(&pair.end[0], &message, &doorbell), STATUS_OK);
    CHECK(doorbell);
    // After the one message that it was rung for it may be about to sleep again.
    CHECK_EQ(ring_end_receive(&pair.end[1], &message, &doorbell), STATUS_OK);
    CHECK_EQ(ring_end_send(&pair.end[0], &message, &doorbell), STATUS_OK);
    CHECK(doorbell);
    CHECK_EQ(ring_end_send(&pair.end[0], &message, &doorbell), STATUS_OK);
    CHECK(doorbell);
    CHECK_EQ(ring_end_receive(&pair.end[1], &message, &doorbell), STATUS_OK);
    CHECK_EQ(ring_end_send(&pair.end[0], &message, &doorbell), STATUS_OK);
    CHECK(!doorbell); // it knows of another message: it is awake
}

// Two that are in step, one message under way: nobody sleeps, and nobody is rung.
TEST(who_finds_message_after_message_is_awake) {
    struct pair pair;
    pair_init(&pair, 8, 8);
    struct ring_message message = numbered(1);
    bool doorbell;
    for (uint32_t times = 0; times < 3; times++) {
        CHECK_EQ(ring_end_receive(&pair.end[1], &message, &doorbell), STATUS_EMPTY);
        for (uint32_t i = 0; i < 20; i++) {
            CHECK_EQ(ring_end_send(&pair.end[0], &message, &doorbell), STATUS_OK);
            CHECK_EQ(doorbell, i < 2);
            CHECK_EQ(ring_end_receive(&pair.end[1], &message, &doorbell), STATUS_OK);
        }
    }
}

// One that slept takes one message, and then may sleep without another look: what comes rings.
TEST(who_slept_takes_one_message) {
    struct pair pair;
    pair_init(&pair, 8, 8);
    struct ring_end *end = &pair.end[1];
    struct ring_message message = numbered(1), got;
    bool doorbell;
    CHECK(!ring_end_awaits(end)); // it has not looked
    CHECK_EQ(ring_end_receive(end, &got, &doorbell), STATUS_EMPTY);
    CHECK(ring_end_awaits(end));
    CHECK(!ring_end_receive_one(end, &got, &doorbell)); // none has come
    for (uint64_t i = 0; i < 20; i++) {
        message = numbered(i);
        CHECK_EQ(ring_end_send(&pair.end[0], &message, &doorbell), STATUS_OK);
        CHECK(doorbell);
        bool over = i != 0 && i % 8 == 0; // the slots begin again: that is for the usual way
        CHECK_EQ(ring_end_receive_one(end, &got, &doorbell), !over);
        CHECK(!over || ring_end_receive(end, &got, &doorbell) == STATUS_OK);
        CHECK(!doorbell && number_of(&got) == i);
        CHECK(ring_end_awaits(end));
    }
    CHECK_EQ(ring_end_send(&pair.end[0], &message, &doorbell), STATUS_OK);
    CHECK_EQ(ring_end_send(&pair.end[0], &message, &doorbell), STATUS_OK);
    CHECK(!ring_end_receive_one(end, &got, &doorbell)); // two are for the usual way
    CHECK_EQ(ring_end_receive(end, &got, &doorbell), STATUS_OK);
    CHECK(!ring_end_awaits(end));
    CHECK_EQ(ring_end_receive(end, &got, &doorbell), STATUS_OK);
    CHECK(!ring_end_awaits(end)); // it is awake, and looks before it sleeps
    // One that was seen and not read: there is no sleep before it.
    CHECK_EQ(ring_end_receive(end, &got, &doorbell), STATUS_EMPTY);
    CHECK_EQ(ring_end_send(&pair.end[0], &message, &doorbell), STATUS_OK);
    CHECK_EQ(ring_end_peek(end, &got), STATUS_OK);
    CHECK(!ring_end_awaits(end));
}

// Messages that were put are there when the peer is told: by a flush, when there are RING_BATCH of
// them, or when there is no room for another one.
TEST(what_was_put_is_seen_when_it_is_told) {
    struct pair pair;
    pair_init(&pair, 64, 2);
    struct ring_end *from = &pair.end[0], *to = &pair.end[1];
    struct ring_message message, got;
    bool doorbell;
    ring_end_flush(from, &doorbell); // of nothing
    CHECK(!doorbell);
    CHECK_EQ(ring_end_receive(to, &got, &doorbell), STATUS_EMPTY); // and sleeps
    for (uint64_t i = 0; i < RING_BATCH; i++) {
        message = numbered(i);
        CHECK_EQ(ring_end_put(from, &message, &doorbell), STATUS_OK);
        CHECK(!doorbell && !ring_end_sees_message(to));
    }
    message = numbered(RING_BATCH);
    CHECK_EQ(ring_end_put(from, &message, &doorbell), STATUS_OK);
    CHECK(doorbell);
    for (uint64_t i = 0; i < RING_BATCH; i++) {
        CHECK_EQ(ring_end_receive(to, &got, &doorbell), STATUS_OK);
        CHECK_EQ(number_of(&got), i);
    }
    CHECK_EQ(ring_end_receive(to, &got, &doorbell), STATUS_EMPTY);
    ring_end_flush(from, &doorbell);
    CHECK(doorbell);
    CHECK_EQ(ring_end_receive(to, &got, &doorbell), STATUS_OK);
    CHECK_EQ(number_of(&got), RING_BATCH);
    ring_end_flush(from, &doorbell); // it was told already
    CHECK(!doorbell);
    CHECK_EQ(ring_end_receive(to, &got, &doorbell), STATUS_EMPTY);
}

TEST(full_tells_of_what_was_put) {
    struct pair pair;
    pair_init(&pair, 4, 2);
    struct ring_end *from = &pair.end[0], *to = &pair.end[1];
    struct ring_message message, got;
    bool doorbell;
    CHECK_EQ(ring_end_receive(to, &got, &doorbell), STATUS_EMPTY);
    for (uint64_t i = 0; i < 4; i++) {
        message = numbered(i);
        CHECK_EQ(ring_end_put(from, &message, &doorbell), STATUS_OK);
        CHECK(!doorbell);
    }
    CHECK_EQ(ring_end_put(from, &message, &doorbell), STATUS_FULL);
    CHECK(doorbell); // the reader slept
    for (uint64_t i = 0; i < 4; i++) {
        CHECK_EQ(ring_end_receive(to, &got, &doorbell), STATUS_OK);
        CHECK_EQ(number_of(&got), i);
        CHECK(doorbell); // the writer sleeps
    }
    CHECK_EQ(ring_end_put(from, &message, &doorbell), STATUS_OK);
    ring_end_unbind(from); // and forgets it
    ring_end_flush(from, &doorbell);
    CHECK(!doorbell);
    CHECK_EQ(ring_end_put(from, &message, &doorbell), STATUS_PEER_CLOSED);
}

TEST(peek_leaves_the_message) {
    struct pair pair;
    pair_init(&pair, 2, 2);
    struct ring_message message = numbered(5);
    bool doorbell;
    CHECK_EQ(ring_end_send(&pair.end[0], &message, &doorbell), STATUS_OK);
    message = numbered(0);
    CHECK_EQ(ring_end_peek(&pair.end[1], &message), STATUS_OK);
    CHECK_EQ(ring_end_peek(&pair.end[1], &message), STATUS_OK);
    CHECK_EQ(number_of(&message), 5);
    CHECK_EQ(ring_end_drained(&pair.end[0]), STATUS_BUSY);
    ring_end_advance(&pair.end[1], &doorbell);
    CHECK(doorbell);
    CHECK_EQ(ring_end_drained(&pair.end[0]), STATUS_OK);
}

// Sends a number in the slot itself; FULL or OK.
static enum status send_in_place(struct ring_end *end, uint64_t number, bool *doorbell) {
    struct ring_message *slot = nullptr;
    enum status status = ring_end_begin(end, &slot);
    if (status == STATUS_OK) {
        *slot = numbered(number);
        ring_end_publish(end, doorbell);
    }
    return status;
}

TEST(in_place_is_the_same_ring) {
    struct pair pair;
    pair_init(&pair, 4, 2);
    struct ring_message message;
    const struct ring_message *slot = nullptr;
    bool doorbell;
    for (uint64_t base = 0; base < 40; base += 4) {
        CHECK(!ring_end_sees_message(&pair.end[1]));
        CHECK_EQ(ring_end_view(&pair.end[1], &slot), STATUS_EMPTY);
        for (uint64_t i = 0; i < 4; i++) {
            CHECK(ring_end_sees_space(&pair.end[0]));
            CHECK_EQ(send_in_place(&pair.end[0], base + i, &doorbell), STATUS_OK);
            CHECK(doorbell); // nothing was read yet that would take back the armed bit
        }
        CHECK(!ring_end_sees_space(&pair.end[0]));
        CHECK_EQ(send_in_place(&pair.end[0], 99, &doorbell), STATUS_FULL);
        CHECK(ring_end_sees_message(&pair.end[1]));
        CHECK_EQ(ring_end_view(&pair.end[1], &slot), STATUS_OK);
        CHECK_EQ(number_of(slot), base);
        CHECK_EQ(ring_end_release(&pair.end[1], &doorbell), STATUS_OK);
        CHECK(doorbell); // the full sender armed
        for (uint64_t i = 1; i < 4; i++) {
            CHECK_EQ(ring_end_receive(&pair.end[1], &message, &doorbell), STATUS_OK);
            CHECK_EQ(number_of(&message), base + i);
        }
    }
}

TEST(what_was_read_in_place_of_a_region_that_went_is_none) {
    struct pair pair;
    pair_init(&pair, 4, 4);
    const struct ring_message *slot = nullptr;
    bool doorbell;
    CHECK_EQ(send_in_place(&pair.end[0], 1, &doorbell), STATUS_OK);
    CHECK_EQ(ring_end_view(&pair.end[1], &slot), STATUS_OK);
    memset(&pair.region[0], 0, sizeof pair.region[0]);
    CHECK_EQ(ring_end_release(&pair.end[1], &doorbell), STATUS_EMPTY);
    CHECK(!doorbell);
    CHECK_EQ(ring_end_consumed(&pair.end[1]), 0);
    CHECK_EQ(ring_end_view(&pair.end[1], &slot), STATUS_EMPTY);
    struct ring_end unbound;
    ring_end_init(&unbound, &pair.region[1].header, 4);
    struct ring_message *own = nullptr;
    CHECK_EQ(ring_end_begin(&unbound, &own), STATUS_PEER_CLOSED);
    CHECK_EQ(ring_end_view(&unbound, &slot), STATUS_PEER_CLOSED);
}

// It was announced and looked up, but its words are those of the zero page.
TEST(a_message_of_a_region_that_went_is_none) {
    struct pair pair;
    pair_init(&pair, 4, 4);
    bool doorbell;
    for (uint64_t i = 0; i < 2; i++) {
        struct ring_message message = numbered(i);
        CHECK_EQ(ring_end_send(&pair.end[0], &message, &doorbell), STATUS_OK);
    }
    struct ring_message message = numbered(7);
    CHECK_EQ(ring_end_receive(&pair.end[1], &message, &doorbell), STATUS_OK);
    memset(&pair.region[0], 0, sizeof pair.region[0]);
    CHECK_EQ(ring_end_receive(&pair.end[1], &message, &doorbell), STATUS_EMPTY);
    CHECK_EQ(number_of(&message), 0); // the first one, untouched
}

TEST(a_new_peer_starts_at_zero) {
    struct pair pair;
    pair_init(&pair, 4, 4);
    struct ring_message message = numbered(1);
    bool doorbell;
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(ring_end_send(&pair.end[0], &message, &doorbell), STATUS_OK);
    }
    CHECK_EQ(ring_end_receive(&pair.end[1], &message, &doorbell), STATUS_OK);
    // End 1 dies; its region reads as zeros.
    memset(&pair.region[1], 0, sizeof(pair.region[1]));
    CHECK_EQ(ring_end_receive(&pair.end[0], &message, &doorbell), STATUS_EMPTY);
    CHECK_EQ(ring_end_send(&pair.end[0], &message, &doorbell), STATUS_OK);
    CHECK_EQ(ring_end_send(&pair.end[0], &message, &doorbell), STATUS_FULL);
    // The new one binds first and sees nothing of the old connection.
    ring_end_init(&pair.end[1], &pair.region[1].header, 4);
    CHECK_EQ(ring_end_bind(&pair.end[1], &pair.region[0].header, 4, 2), STATUS_OK);
    CHECK_EQ(ring_end_receive(&pair.end[1], &message, &doorbell), STATUS_EMPTY);
    message = numbered(42);
    CHECK_EQ(ring_end_send(&pair.end[1], &message, &doorbell), STATUS_OK);
    CHECK_EQ(ring_end_bind(&pair.end[0], &pair.region[1].header, 4, 2), STATUS_OK);
    CHECK_EQ(ring_end_receive(&pair.end[0], &message, &doorbell), STATUS_OK);
    CHECK_EQ(number_of(&message), 42);
    CHECK_EQ(ring_end_receive(&pair.end[0], &message, &doorbell), STATUS_EMPTY);
}

TEST(indices_outside_of_the_window_are_refused) {
    struct pair pair;
    struct ring_message message = numbered(1);
    bool doorbell;
    static const uint64_t bad_produced[] = {5, UINT64_MAX, UINT64_C(1) << 63};
    for (size_t i = 0; i < 3; i++) {
        pair_init(&pair, 4, 4);
        atomic_store(&pair.region[1].header.produced, bad_produced[i]);
        CHECK_EQ(ring_end_receive(&pair.end[0], &message, &doorbell), STATUS_BAD_FORMAT);
    }
    static const uint64_t bad_consumed[] = {5, UINT64_MAX, 9};
    for (size_t i = 0; i < 3; i++) {
        pair_init(&pair, 4, 4);
        for (int n = 0; n < 4; n++) {
            CHECK_EQ(ring_end_send(&pair.end[0], &message, &doorbell), STATUS_OK);
        }
        atomic_store(&pair.region[1].header.consumed, bad_consumed[i]);
        CHECK_EQ(ring_end_send(&pair.end[0], &message, &doorbell), STATUS_BAD_FORMAT);
        CHECK_EQ(ring_end_drained(&pair.end[0]), STATUS_BAD_FORMAT);
    }
    pair_init(&pair, 4, 4);
    message.header.length = RING_PAYLOAD + 1;
    CHECK_EQ(ring_end_send(&pair.end[1], &message, &doorbell), STATUS_OK);
    CHECK_EQ(ring_end_receive(&pair.end[0], &message, &doorbell), STATUS_BAD_FORMAT);
}

// ------------------------------------------------------------- two threads
constexpr uint64_t ROUNDS = 200000;

static void ring_bell(struct pair *pair, int who, bool doorbell) {
    if (doorbell) {
        sem_post(&pair->bell[who]);
    }
}

// Both threads sleep on a semaphore that only doorbells post: a lost wake-up is
// a test that never ends.
static void *produce(void *argument) {
    struct pair *pair = argument;
    bool doorbell;
    for (uint64_t i = 0; i < ROUNDS;) {
        struct ring_message message = numbered(i);
        enum status status =
            (pair->puts ? ring_end_put : ring_end_send)(&pair->end[0], &message, &doorbell);
        ring_bell(pair, 1, doorbell);
        if (status == STATUS_OK) {
            i++;
        } else if (status == STATUS_FULL) {
            sem_wait(&pair->bell[0]);
        } else {
            return (void *)1;
        }
    }
    ring_end_flush(&pair->end[0], &doorbell);
    ring_bell(pair, 1, doorbell);
    return nullptr;
}

static void stream(uint32_t slots, bool puts) {
    struct pair pair;
    pair_init(&pair, slots, 2);
    pair.puts = puts;
    pthread_t thread;
    pthread_create(&thread, nullptr, produce, &pair);
    uint64_t wrong = 0;
    for (uint64_t i = 0; i < ROUNDS;) {
        struct ring_message message;
        bool doorbell;
        enum status status = ring_end_receive(&pair.end[1], &message, &doorbell);
        ring_bell(&pair, 0, doorbell);
        if (status == STATUS_OK) {
            wrong += number_of(&message) != i;
            i++;
        } else {
            CHECK_EQ(status, STATUS_EMPTY);
            sem_wait(&pair.bell[1]);
        }
    }
    void *result;
    pthread_join(thread, &result);
    CHECK(result == nullptr);
    CHECK_EQ(wrong, 0);
}

TEST(threads_2_slots) {
    stream(2, false);
    stream(2, true);
}

TEST(threads_64_slots) {
    stream(64, false);
    stream(64, true);
}

static void *answer(void *argument) {
    struct pair *pair = argument;
    for (uint64_t i = 0; i < ROUNDS / 10;) {
        struct ring_message message;
        bool doorbell;
        if (ring_end_receive(&pair->end[1], &message, &doorbell) != STATUS_OK) {
            sem_wait(&pair->bell[1]);
            continue;
        }
        message = numbered(number_of(&message) + 1);
        if (ring_end_send(&pair->end[1], &message, &doorbell) != STATUS_OK) {
            return (void *)1;
        }
        ring_bell(pair, 0, doorbell);
        i++;
    }
    return nullptr;
}

TEST(threads_call_and_reply) {
    struct pair pair;
    pair_init(&pair, 2, 2);
    pthread_t thread;
    pthread_create(&thread, nullptr, answer, &pair);
    for (uint64_t i = 0; i < ROUNDS / 10; i++) {
        struct ring_message message = numbered(i);
        bool doorbell;
        CHECK_EQ(ring_end_send(&pair.end[0], &message, &doorbell), STATUS_OK);
        ring_bell(&pair, 1, doorbell);
        while (ring_end_receive(&pair.end[0], &message, &doorbell) != STATUS_OK) {
            sem_wait(&pair.bell[0]);
        }
        CHECK_EQ(number_of(&message), i + 1);
    }
    void *result;
    pthread_join(thread, &result);
    CHECK(result == nullptr);
}

// ------------------------------------------------------------- hostile peer
static uint64_t random_word(uint64_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

// What an end knows of a direction: the slot of that number, and so many more in one piece.
static bool within(const struct ring_region *region, uint32_t slots, uint64_t number,
                   const struct ring_message *at, const struct ring_message *end) {
    const struct ring_message *first = ring_slot(region, 0, 0);
    uint64_t place = (uint64_t)(at - first), limit = (uint64_t)(end - first);
    return place <= limit && limit <= slots && place % slots == number % slots;
}

// A peer that writes any value anywhere in its region, between any two of our
// operations: every outcome is a status, no access leaves the regions (ASan),
// and our own indices stay inside of their windows.
TEST(hostile_peer) {
    struct pair *pair = malloc(sizeof(*pair));
    uint64_t state = 88172645463325252u;
    for (int round = 0; round < 2000; round++) {
        uint32_t slots = 2u << random_word(&state) % 6;
        pair_init(pair, slots, slots);
        struct ring_region *evil = &pair->region[1].header;
        struct ring_end *end = &pair->end[0];
        for (int step = 0; step < 200; step++) {
            uint64_t value = random_word(&state);
            value = value % 3 == 0 ? value : value % (2 * slots);
            switch (random_word(&state) % 8) {
            case 0:
                atomic_store(&evil->produced, ring_end_consumed(end) + value);
                break;
            case 1:
                atomic_store(&evil->consumed, ring_end_produced(end) - value);
                break;
            case 2:
                atomic_store(&evil->armed, (uint32_t)value);
                break;
            case 3:
                atomic_store(&evil->generation, value % 8);
                break;
            default:
                memcpy(pair->region[1].slots + value % (slots * 8) * 8, &value, 8);
            }
            struct ring_message message = numbered(step);
            uint64_t produced = ring_end_produced(end), consumed = ring_end_consumed(end);
            bool doorbell;
            bool sent = ring_end_send(end, &message, &doorbell) == STATUS_OK;
            bool read = ring_end_receive(end, &message, &doorbell) == STATUS_OK;
            CHECK_EQ(ring_end_produced(end), produced + sent);
            CHECK_EQ(ring_end_consumed(end), consumed + read);
            CHECK(!read || message.header.length <= RING_PAYLOAD);
            CHECK(within(end->own, slots, produced + sent, end->send_at, end->send_end));
            CHECK(within(end->peer, slots, consumed + read, end->receive_at, end->receive_end));
            CHECK(ring_end_drained(end) != STATUS_PEER_CLOSED);
        }
    }
    free(pair);
}

// The peer's other processor rewrites a message while it is read: what comes out is one
// whole copy, whose length was looked at after the copying.
struct rewriter {
    _Atomic uint64_t *slot;
    _Atomic bool over;
};

static void *rewrite(void *argument) {
    static const uint16_t lengths[] = {0, RING_PAYLOAD, RING_PAYLOAD + 1, UINT16_MAX};
    struct rewriter *rewriter = argument;
    for (uint32_t i = 0; !atomic_load(&rewriter->over); i++) {
        struct ring_header header = {.type = 7, .length = lengths[i % 4]};
        uint64_t word;
        memcpy(&word, &header, sizeof(word));
        atomic_store_explicit(rewriter->slot, word, memory_order_relaxed);
    }
    return nullptr;
}

TEST(a_message_that_changes_while_it_is_read) {
    struct pair pair;
    pair_init(&pair, 2, 2);
    struct ring_end *end = &pair.end[0];
    struct rewriter rewriter = {.slot = (_Atomic uint64_t *)(uintptr_t)pair.region[1].slots};
    pthread_t thread;
    pthread_create(&thread, nullptr, rewrite, &rewriter);
    uint64_t good = 0, bad = 0;
    for (uint64_t i = 0; i < ROUNDS; i++) {
        struct ring_message message;
        atomic_store(&pair.region[1].header.produced, ring_end_consumed(end) + 1);
        enum status status = ring_end_peek(end, &message);
        CHECK(status == STATUS_OK || status == STATUS_BAD_FORMAT);
        CHECK(status != STATUS_OK || message.header.length <= RING_PAYLOAD);
        good += status == STATUS_OK;
        bad += status == STATUS_BAD_FORMAT;
    }
    atomic_store(&rewriter.over, true);
    pthread_join(thread, nullptr);
    CHECK(good + bad == ROUNDS);
}

UNIT_MAIN
