// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Memory given out piece by piece from one block and taken back all at once.
#pragma once

#include <stdckdint.h>
#include <stddef.h>
#include <stdint.h>

struct arena {
    uint8_t *base; // aligned to 16
    size_t size;
    size_t used;
};

// `size` bytes aligned to 16, with the content that the block had; nullptr when
// there is not enough left.
[[nodiscard]] static inline void *arena_take(struct arena *arena, size_t size) {
    size_t end;
    if (ckd_add(&end, arena->used, size) || end > arena->size || arena->size - end < -end % 16) {
        return nullptr;
    }
    void *piece = arena->base + arena->used;
    arena->used = end + -end % 16;
    return piece;
}

static inline void arena_reset(struct arena *arena) {
    arena->used = 0;
}
