// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Watches, signal bits and the words behind one. See watch.h for the order of a raise.
#include "kernel/watch.h"

#include "kernel/check.h"
#include "kernel/epoch.h"
#include "kernel/memory.h"
#include "kernel/signal.h"
#include "kernel/thread.h"

// A thread's frame, or that of its words, and what belongs to it are one word, so that
// raising reads both at once. A thread object begins a page.
// struct thread's `words`: the Memory's first frame, how many there are, the bit.
constexpr uint32_t FRAME_SHIFT = 16;
constexpr uint32_t COUNT_SHIFT = 6;
static_assert(WATCH_WORDS < 1 << (FRAME_SHIFT - COUNT_SHIFT));

static uint32_t count_of(uint64_t words) {
    return (uint32_t)(words >> COUNT_SHIFT) & ((1 << (FRAME_SHIFT - COUNT_SHIFT)) - 1);
}

uint32_t watch_words_count(const struct thread *thread) {
    return count_of(atomic_load_explicit(&((struct thread *)thread)->words, memory_order_relaxed));
}

void watch_unbind(struct watch *watch) {
    uint64_t target = atomic_load_explicit(&watch->target, memory_order_relaxed);
    if (target == 0) {
        return;
    }
    atomic_store_explicit(&watch->target, 0, memory_order_release);
    list_remove(&target_thread(watch, target)->watches, &watch->peer);
}

void watch_bind(struct watch *watch, struct thread *thread, uint32_t bit) {
    watch_unbind(watch);
    if (bit == WATCH_NONE) {
        return;
    }
    check(bit < 64 + 64 * WATCH_WORDS);
    list_append(&thread->watches, &watch->peer);
    uint64_t target = ((uint64_t)thread ^ (uint64_t)(bit / 64) << TARGET_SHIFT) | bit % 64;
    atomic_store_explicit(&watch->target, target, memory_order_release);
}

void watch_words(struct thread *thread, uint32_t bit, struct memory *memory, uint32_t count) {
    struct memory *old = thread->words_memory;
    thread->words_memory = memory;
    uint64_t frame = memory == nullptr ? 0 : memory->frame;
    uint64_t words = frame << FRAME_SHIFT | count << COUNT_SHIFT | bit;
    atomic_store_explicit(&thread->words, words, memory_order_release);
    if (old != nullptr) {
        // Who read the old word just now may still write there. An epoch that began before
        // it was replaced would not tell.
        arch_fence();
        old->words = nullptr;
        old->quiet = epoch_next();
    }
    if (memory != nullptr) {
        memory->words = thread;
    }
}

struct thread *watch_thread(const struct watch *watch) {
    uint64_t target = atomic_load_explicit(&((struct watch *)watch)->target, memory_order_acquire);
    return target == 0 ? nullptr : target_thread(watch, target);
}

void watch_raise(struct watch *watch) {
    uint64_t target = atomic_load_explicit(&watch->target, memory_order_acquire);
    if (target == 0) {
        return;
    }
    struct thread *thread = target_thread(watch, target);
    uint64_t number = target_word(watch, target), bit = target;
    if (number != 0) {
        uint64_t words = atomic_load_explicit(&thread->words, memory_order_acquire);
        bit = words;
        if (number <= count_of(words)) {
            _Atomic uint64_t *page = page_address((uint32_t)(words >> FRAME_SHIFT));
            atomic_fetch_or_explicit(&page[number - 1], UINT64_C(1) << target % 64,
                                     memory_order_release);
        }
    }
    signal_raise(thread, UINT64_C(1) << bit % 64);
}
