// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The arena: alignment, exhaustion at each boundary, sizes from outside.
#include "lib/vectra/arena.h"

#include "tests/unit.h"

alignas(16) static uint8_t block[64];

TEST(pieces_are_aligned_and_apart) {
    struct arena arena = {.base = block, .size = sizeof(block)};
    uint8_t *first = arena_take(&arena, 1);
    uint8_t *second = arena_take(&arena, 16);
    CHECK(first == block);
    CHECK(second == block + 16);
    CHECK_EQ(arena.used, 32);
}

TEST(the_end_is_exact) {
    struct arena arena = {.base = block, .size = sizeof(block)};
    CHECK(arena_take(&arena, 64) == block);
    CHECK(arena_take(&arena, 1) == nullptr);
    CHECK(arena_take(&arena, 0) == block + 64);
    arena_reset(&arena);
    CHECK(arena_take(&arena, 65) == nullptr);
    CHECK(arena_take(&arena, 49) == block);
}

TEST(no_size_wraps) {
    struct arena arena = {.base = block, .size = sizeof(block)};
    CHECK(arena_take(&arena, 8) == block);
    CHECK(arena_take(&arena, SIZE_MAX) == nullptr);
    CHECK(arena_take(&arena, SIZE_MAX - 15) == nullptr);
    CHECK(arena_take(&arena, 8) == block + 16);
}

TEST(a_tail_that_cannot_be_aligned_is_not_given) {
    struct arena arena = {.base = block, .size = 20};
    CHECK(arena_take(&arena, 17) == nullptr);
    CHECK(arena_take(&arena, 16) == block);
    CHECK(arena_take(&arena, 4) == nullptr);
}

UNIT_MAIN
