// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Rows of a Ring whose two ends are awake. Both are held by this Task: what is counted is
// what the two sides execute, and on one hart no other order of them could be had without
// counting switches too. Neither end ever finds the Ring drained or full, so neither arms.
#include "abi/capability.h"
#include "apps/bench/bench.h"
#include "lib/vectra/endpoint_near.h"
#include "lib/vectra/syscall.h"

constexpr uint32_t SLOTS = 64;
constexpr uint32_t BURST = 32;
constexpr uint32_t ROUND = 8; // messages in a round of a loop, which is not what is counted
#define UNROLLED _Pragma("clang loop unroll(full)")
constexpr uint32_t WORDS = RING_PAYLOAD / sizeof(uint64_t);

static struct endpoint left, right;
static uint64_t passed; // the capability that is handed over again and again

// The compiler must believe that somebody else reads and writes the message: so it is made in
// memory, and what was received is there.
static inline void opaque(struct ring_message *message) {
    __asm__ volatile("" : "+m"(*message) : : "memory");
}

static void begin(void) {
    uint64_t one, other;
    must(sys_ring_carve(pool, SLOTS, &one), "no Ring end can be carved");
    must(sys_ring_carve(pool, SLOTS, &other), "no Ring end can be carved");
    must(sys_ring_bind(one, other), "two Ring ends cannot be bound");
    must(endpoint_open(&left, one, BIT_LEFT, BIT_LEFT), "a Ring end cannot be opened");
    must(endpoint_open(&right, other, BIT_RIGHT, BIT_RIGHT), "a Ring end cannot be opened");
}

static void end(void) {
    endpoint_close(&left);
    endpoint_close(&right);
}

// As any program sends and receives: lib/ring copies the message in and out, and checks what
// it copied; the receiver looks at what kind of message it is.
static inline void send(struct ring_message *message, uint32_t number) {
    bool doorbell;
    message->header.transaction = number;
    opaque(message);
    must(ring_end_send(&left.end, message, &doorbell), "a message cannot be sent");
    must(doorbell ? STATUS_BAD_STATE : STATUS_OK, "the receiver slept");
}

static inline void receive(struct ring_message *message, uint32_t number) {
    bool doorbell;
    must(ring_end_receive(&right.end, message, &doorbell), "a message cannot be received");
    opaque(message);
    must(doorbell ? STATUS_BAD_STATE : STATUS_OK, "the sender slept");
    bool good = message->header.type == BENCH_CALL && message->header.transaction == number;
    must(good ? STATUS_OK : STATUS_BAD_FORMAT, "a message is another one");
}

// The same without copies: all six words are written and read where they stand.
static inline void send_in_place(uint32_t number) {
    struct ring_message *message;
    bool doorbell;
    must(ring_end_begin(&left.end, &message), "a message cannot be begun");
    message->header =
        (struct ring_header){.type = BENCH_CALL, .length = RING_PAYLOAD, .transaction = number};
    uint64_t *word = (uint64_t *)message->payload;
    for (uint32_t i = 0; i < WORDS; i++) {
        word[i] = number;
    }
    ring_end_publish(&left.end, &doorbell);
    must(doorbell ? STATUS_BAD_STATE : STATUS_OK, "the receiver slept");
}

static inline void receive_in_place(uint32_t number) {
    const struct ring_message *message;
    bool doorbell;
    must(ring_end_view(&right.end, &message), "a message cannot be seen");
    uint64_t sum = 0;
    const uint64_t *word = (const uint64_t *)message->payload;
    for (uint32_t i = 0; i < WORDS; i++) {
        sum += word[i];
    }
    bool good = message->header.type == BENCH_CALL && sum == (uint64_t)WORDS * number;
    must(good ? STATUS_OK : STATUS_BAD_FORMAT, "a message is another one");
    must(ring_end_release(&right.end, &doorbell), "a message cannot be given back");
    must(doorbell ? STATUS_BAD_STATE : STATUS_OK, "the sender slept");
}

// A side runs BURST messages ahead before the other goes on, as two that stream do.
static void ring_message(uint32_t count) {
    struct ring_message out = {.header = {.type = BENCH_CALL, .length = RING_PAYLOAD}}, in;
    for (uint32_t first = 0; first < count; first += BURST) {
        uint32_t end = count - first < BURST ? count : first + BURST;
        for (uint32_t i = first; i < end; i += ROUND) {
            UNROLLED for (uint32_t j = 0; j < ROUND; j++) {
                send(&out, i + j);
            }
        }
        for (uint32_t i = first; i < end; i += ROUND) {
            UNROLLED for (uint32_t j = 0; j < ROUND; j++) {
                receive(&in, i + j);
            }
        }
    }
}

static void ring_message_in_place(uint32_t count) {
    for (uint32_t first = 0; first < count; first += BURST) {
        uint32_t end = count - first < BURST ? count : first + BURST;
        for (uint32_t i = first; i < end; i += ROUND) {
            UNROLLED for (uint32_t j = 0; j < ROUND; j++) {
                send_in_place(i + j);
            }
        }
        for (uint32_t i = first; i < end; i += ROUND) {
            UNROLLED for (uint32_t j = 0; j < ROUND; j++) {
                receive_in_place(i + j);
            }
        }
    }
}

static void pass_begin(void) {
    uint64_t memory;
    begin();
    must(sys_memory_carve(pool, PAGE_SIZE, PAGE_SHIFT, 0, &memory), "no page can be carved");
    must(sys_handle_copy(memory, RIGHT_ALL, &passed), "a capability cannot be copied");
}

// The capability itself goes over, beside a message that says so, and is taken: what was sent
// on one side is there on the other, and nothing is left to be cleaned up.
static void cap_pass(uint32_t count) {
    struct ring_message out = {.header = {.type = BENCH_CALL}}, in;
    uint64_t handle = passed, sequence;
    for (uint32_t i = 0; i < count; i++) {
        const struct endpoint_capability one = {handle, RIGHT_ALL, true};
        opaque(&out);
        must(endpoint_send_with_near(&left, &out, &one, 1), "a capability cannot be sent");
        must(endpoint_receive_near(&right, &in, &sequence), "a message cannot be received");
        must(endpoint_take_near(&right, sequence, CLASS_MEMORY, RIGHT_MEMORY_READ, &handle),
             "a capability cannot be taken");
    }
    passed = handle;
}

static const struct row rows[] = {
    {.id = "ring_message", .begin = begin, .run = ring_message, .end = end, .batches = 40},
    {.id = "ring_message_in_place",
     .begin = begin,
     .run = ring_message_in_place,
     .end = end,
     .batches = 40},
    {.id = "cap_pass", .begin = pass_begin, .run = cap_pass, .end = end, .batches = 40},
};
const struct row_list ring_rows = {rows, sizeof rows / sizeof *rows};
