// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// A watch joins a source of events (a Ring end, an interrupt, a Task, a Reticle's
// low-water mark) to one bit of the Signal Mask of the thread that asked for it.
// Nobody else can set that bit: each source stores what its receiver chose.
//
// Words. Behind one bit of a thread, the top bit, may stand words in a Memory of its own,
// at most one page of them: a watch then names a bit of the words, 64 + i. Who raises it
//   1. sets the bit of the word, through the kernel's alias of the page;
//   2. sets the top bit, always, even where it or the other was set already;
//   3. wakes the thread if it waits for the top bit (kernel/signal.h).
// The receiver clears the top bit by waiting, and then exchanges each word with 0.
// No wake is lost: 1 comes before 2 for everybody, since 2 releases. If the clearing comes
// after 2, it acquires what 2 released and the exchange sees 1; if it comes before 2, the
// top bit is set when the receiver waits next, or 3 wakes it. Always, since a receiver may
// leave bits in its words for later, and who set the same bit first may not be at 2 yet.
//
// Binding is guarded by books; raising takes no lock and may race with it: it then
// goes to the old or the new thread, and to the old or the new words, all of which stay
// in memory, and with their owner, for the epoch.
#pragma once

#include <stdatomic.h>

#include "kernel/lock.h"
#include "lib/list/list.h"

struct memory;
struct thread;

constexpr uint32_t WATCH_NONE = (uint32_t)UINT64_MAX; // a bit number that unbinds
constexpr uint32_t WATCH_WORDS = 512;                 // at most, of 64 bits: one page

struct watch {
    // 0: none. Otherwise the thread's address, with the bit in what its alignment leaves,
    // and the number of the word, from 1, on top of the upper bits that all objects share.
    _Atomic uint64_t target;
    struct link peer; // among the watches of that thread
};
constexpr uint32_t TARGET_SHIFT = 48;

static inline uint64_t target_word(const struct watch *watch, uint64_t target) {
    return (target ^ (uint64_t)watch) >> TARGET_SHIFT;
}
static inline struct thread *target_thread(const struct watch *watch, uint64_t target) {
    return (struct thread *)((target ^ target_word(watch, target) << TARGET_SHIFT) & ~(uint64_t)63);
}

void watch_bind(struct watch *watch, struct thread *thread, uint32_t bit) REQUIRES_BOOKS;
void watch_unbind(struct watch *watch) REQUIRES_BOOKS;
void watch_raise(struct watch *watch);
// Whose bits it sets, or nullptr; stays in memory for the epoch.
struct thread *watch_thread(const struct watch *watch);

// From now on `count` words at the start of the Memory stand behind that bit of the thread;
// the words before it serve no more. nullptr: none do, and watches of the words set the
// bit alone. Until one epoch has passed the old Memory is not quiet.
void watch_words(struct thread *thread, uint32_t bit, struct memory *memory,
                 uint32_t count) REQUIRES_BOOKS;
// How many words stand behind a bit of the thread.
uint32_t watch_words_count(const struct thread *thread);
