// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// What a thread does with the words behind one of its signal bits (signal_words): each bit
// of them is one source, and finding those that are ready costs one load for every 64
// sources, whatever their number, and one exchange where something is.
//
// Order: wait until the signal bit is set, which clears it; words_begin; then words_next
// until it finds no more. Only then wait again. What comes meanwhile sets the signal bit
// again, so a source may be found once too often, never once too seldom.
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct words {
    _Atomic uint64_t *word; // shared with the kernel
    uint32_t count;         // of words
    uint32_t next;          // the next one to look at
    uint64_t left;          // of the one before it
};

static inline void words_begin(struct words *words) {
    words->next = 0;
    words->left = 0;
}

// The next source that is ready; false: that was all.
static inline bool words_next(struct words *words, uint32_t *source) {
    while (words->left == 0) {
        if (words->next == words->count) {
            return false;
        }
        _Atomic uint64_t *word = &words->word[words->next++];
        if (atomic_load_explicit(word, memory_order_relaxed) != 0) {
            words->left = atomic_exchange_explicit(word, 0, memory_order_acquire);
        }
    }
    *source = (words->next - 1) * 64 + (uint32_t)__builtin_ctzll(words->left);
    words->left &= words->left - 1;
    return true;
}
