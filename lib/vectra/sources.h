// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// A thread that waits for more sources than a Signal Mask has bits: words behind one bit,
// in Memory of its own. Source i is watched with bit sources_bit(i) of any watch syscall.
// lib/ring/words.h says how to look which are ready.
#pragma once

#include "abi/status.h"
#include "lib/ring/words.h"

struct sources {
    struct words words;
    uint64_t signal; // mask of the bit to wait for
    uint64_t memory, view;
};

// For the calling thread: room for `count` sources, at most 32,768, behind that bit, one
// page paid by the Reticle.
[[nodiscard]] enum status sources_open(struct sources *sources, uint64_t reticle, uint32_t bit,
                                       uint32_t count);
// By the same thread, or after its end. What watches a source still sets the bit alone.
void sources_close(struct sources *sources);

static inline uint64_t sources_bit(uint32_t source) {
    return 64 + (uint64_t)source;
}
