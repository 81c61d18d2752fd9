// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Two processes on Linux: a Ring of 64-byte slots in shared memory whose ends sleep on
// futexes, a pipe, and event counters. The Ring trusts its peer, and is the shortest that can
// be made by hand; what the others cost is printed beside it.
//
// Order: publish, full fence, look whether the other sleeps; the other: say so, full fence,
// look again. Neither fence can be left out.
#include <stdatomic.h>

#include "tests/bench/linux/peer.h"

constexpr uint32_t SLOTS_MOST = 1024, WORDS = 8;
constexpr uint32_t LAST = UINT32_MAX; // in the first word: send it back

struct message {
    alignas(64) uint64_t word[WORDS];
};

struct ring {
    alignas(64) _Atomic uint32_t head;
    alignas(64) _Atomic uint32_t tail;
    alignas(64) _Atomic uint32_t reader_sleeps;
    alignas(64) _Atomic uint32_t writer_sleeps;
    alignas(64) uint32_t mask;
    uint32_t spin; // looks before it sleeps
    struct message slot[SLOTS_MOST];
};

static struct ring *rings; // to the other process, and back

static void futex_wait(_Atomic uint32_t *word) {
    (void)call6(CALL_FUTEX, (long)word, 0, 1, 0, 0, 0);
}

static void futex_wake(_Atomic uint32_t *word) {
    (void)call6(CALL_FUTEX, (long)word, 1, 1, 0, 0, 0);
}

static uint32_t used(const struct ring *ring) {
    return atomic_load_explicit(&ring->head, memory_order_acquire) -
           atomic_load_explicit(&ring->tail, memory_order_acquire);
}

// Waits while the Ring is full (or, for the reader, empty), looking `spin` times before that.
[[gnu::noinline]] static void wait(struct ring *ring, _Atomic uint32_t *sleeps, uint32_t stop) {
    for (uint32_t looked = 0; used(ring) == stop;) {
        if (looked++ < ring->spin) {
            relax();
            continue;
        }
        atomic_store_explicit(sleeps, 1, memory_order_relaxed);
        atomic_thread_fence(memory_order_seq_cst);
        if (used(ring) == stop) {
            futex_wait(sleeps);
        }
        atomic_store_explicit(sleeps, 0, memory_order_relaxed);
    }
}

static void push(struct ring *ring, const struct message *message) {
    uint32_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    if (head - atomic_load_explicit(&ring->tail, memory_order_acquire) > ring->mask) {
        wait(ring, &ring->writer_sleeps, ring->mask + 1);
    }
    ring->slot[head & ring->mask] = *message;
    atomic_store_explicit(&ring->head, head + 1, memory_order_release);
    atomic_thread_fence(memory_order_seq_cst);
    if (atomic_load_explicit(&ring->reader_sleeps, memory_order_relaxed) != 0) {
        atomic_store_explicit(&ring->reader_sleeps, 0, memory_order_relaxed);
        futex_wake(&ring->reader_sleeps);
    }
}

// A writer that sleeps is woken when half of the Ring is free again.
static void pop(struct ring *ring, struct message *message) {
    uint32_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    if (atomic_load_explicit(&ring->head, memory_order_acquire) == tail) {
        wait(ring, &ring->reader_sleeps, 0);
    }
    *message = ring->slot[tail & ring->mask];
    atomic_store_explicit(&ring->tail, tail + 1, memory_order_release);
    atomic_thread_fence(memory_order_seq_cst);
    if (atomic_load_explicit(&ring->writer_sleeps, memory_order_relaxed) != 0 &&
        used(ring) <= ring->mask / 2) {
        atomic_store_explicit(&ring->writer_sleeps, 0, memory_order_relaxed);
        futex_wake(&ring->writer_sleeps);
    }
}

static void rings_begin(uint32_t slots, uint32_t spin) {
    for (uint32_t i = 0; i < 2; i++) {
        rings[i] = (struct ring){.mask = slots - 1, .spin = spin};
    }
}

static void echo(void *) {
    struct message message;
    for (;;) {
        pop(&rings[0], &message);
        push(&rings[1], &message);
    }
}

static void call(uint32_t count) {
    struct message message = {};
    for (uint32_t i = 0; i < count; i++) {
        message.word[0] = i;
        push(&rings[0], &message);
        pop(&rings[1], &message);
        must_call("an echo", message.word[0] == i ? 0 : -1);
    }
}

// On two processors the other one might be awake still, and never sleep.
static void call_asleep(uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        pause_a_while();
        call(1);
    }
}

static void drain(void *) {
    struct message message;
    for (;;) {
        pop(&rings[0], &message);
        if (message.word[0] == LAST) {
            push(&rings[1], &message);
        }
    }
}

static void stream(uint32_t count) {
    struct message message = {};
    for (uint32_t i = 1; i <= count; i++) {
        message.word[0] = i == count ? LAST : i;
        push(&rings[0], &message);
    }
    pop(&rings[1], &message);
}

static int32_t there[2], back[2]; // to read from, to write to

static void echo_bytes(void *) {
    uint64_t bytes;
    for (;;) {
        CALL("read", CALL_READ, there[0], &bytes, sizeof bytes, 0, 0, 0);
        CALL("write", CALL_WRITE, back[1], &bytes, sizeof bytes, 0, 0, 0);
    }
}

// Eight bytes there and back: of a pipe, or of an event counter, which takes just so many.
static void call_bytes(uint32_t count) {
    uint64_t bytes = 1;
    for (uint32_t i = 0; i < count; i++) {
        CALL("write", CALL_WRITE, there[1], &bytes, sizeof bytes, 0, 0, 0);
        CALL("read", CALL_READ, back[0], &bytes, sizeof bytes, 0, 0, 0);
    }
}

static void call_bytes_asleep(uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        pause_a_while();
        call_bytes(1);
    }
}

static void measure_with(void (*other)(void *), uint32_t second, bool batch, const char *id,
                         void (*run)(uint32_t), uint32_t count, uint32_t batches) {
    long child = process(other, nullptr, second, batch);
    run(count / 10);
    measure(id, run, count, batches);
    process_end(child);
}

static void open_events(int32_t *pair) {
    pair[0] = pair[1] = (int32_t)CALL("eventfd", CALL_EVENTFD2, 0, 0, 0, 0, 0, 0);
}

static void open_pipes(void) {
    CALL("pipe", CALL_PIPE2, there, 0, 0, 0, 0, 0);
    CALL("pipe", CALL_PIPE2, back, 0, 0, 0, 0, 0);
}

static void rings_open(void) {
    constexpr long READ_WRITE = 3, SHARED_ANONYMOUS = 0x21;
    rings = (struct ring *)CALL("mmap", CALL_MMAP, 0, 2 * sizeof *rings, READ_WRITE,
                                SHARED_ANONYMOUS, -1, 0);
}

void one_processor_measure(void) {
    rings_open();
    rings_begin(64, 0);
    measure_with(echo, 0, false, "ring_call", call, 1000, 10);
    open_pipes();
    measure_with(echo_bytes, 0, false, "ring_call", call_bytes, 1000, 10);
    open_events(there);
    open_events(back);
    measure_with(echo_bytes, 0, false, "doorbell_pingpong", call_bytes, 1000, 10);
    rings_begin(SLOTS_MOST, 0);
    measure_with(drain, 0, true, "ring_message", stream, 20000, 8);
}

void two_processors_measure(void) {
    rings_open();
    rings_begin(64, 0);
    measure_with(echo, 1, false, "hart_wake_reply", call_asleep, 200, 10);
    open_pipes();
    measure_with(echo_bytes, 1, false, "hart_wake_reply", call_bytes_asleep, 200, 10);
    open_events(there);
    open_events(back);
    measure_with(echo_bytes, 1, false, "hart_wake_reply", call_bytes_asleep, 200, 10);
    rings_begin(SLOTS_MOST, 0);
    measure_with(drain, 1, true, "hart_stream", stream, 20000, 12);
    rings_begin(SLOTS_MOST, 20000);
    measure_with(drain, 1, true, "hart_stream", stream, 20000, 12);
}
