// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Our memory and string functions against the host's, over every alignment of
// both sides and every size up to a few rounds of the word loops, with guard
// bytes that must stay as they were.
#include "lib/string/string.h"

#include "lib/string/own.h"
#include "tests/unit.h"

constexpr size_t SIZE_MAX_TESTED = 100;
constexpr size_t SPACE = 160;

static void fill_pattern(uint8_t *at, size_t size, uint8_t seed) {
    for (size_t i = 0; i < size; i++) {
        at[i] = (uint8_t)(i * 37 + seed);
    }
}

TEST(memcpy_every_alignment_and_size) {
    alignas(8) uint8_t from[SPACE], to[SPACE], want[SPACE];
    fill_pattern(from, SPACE, 5);
    for (size_t f = 0; f < 8; f++) {
        for (size_t t = 0; t < 8; t++) {
            for (size_t size = 0; size <= SIZE_MAX_TESTED; size++) {
                fill_pattern(to, SPACE, 99);
                memcpy(want, to, SPACE);
                memcpy(want + 16 + t, from + f, size);
                CHECK(own_memcpy(to + 16 + t, from + f, size) == to + 16 + t);
                CHECK(memcmp(to, want, SPACE) == 0);
            }
        }
    }
}

TEST(memmove_every_distance) {
    alignas(8) uint8_t to[SPACE], want[SPACE];
    for (size_t f = 0; f < 48; f++) {
        for (size_t t = 0; t < 48; t++) {
            for (size_t size = 0; size <= SIZE_MAX_TESTED; size += 1 + size / 40) {
                fill_pattern(to, SPACE, 7);
                fill_pattern(want, SPACE, 7);
                memmove(want + t, want + f, size);
                CHECK(own_memmove(to + t, to + f, size) == to + t);
                CHECK(memcmp(to, want, SPACE) == 0);
            }
        }
    }
}

TEST(memset_every_alignment_and_size) {
    alignas(8) uint8_t to[SPACE], want[SPACE];
    for (size_t t = 0; t < 8; t++) {
        for (size_t size = 0; size <= SIZE_MAX_TESTED; size++) {
            fill_pattern(to, SPACE, 1);
            fill_pattern(want, SPACE, 1);
            // Only the low byte of the value counts.
            memset(want + 8 + t, 0xa5, size);
            CHECK(own_memset(to + 8 + t, 0x1a5, size) == to + 8 + t);
            CHECK(memcmp(to, want, SPACE) == 0);
        }
    }
}

static int sign(int value) {
    return (value > 0) - (value < 0);
}

TEST(memcmp_finds_the_first_difference) {
    alignas(8) uint8_t left[SPACE], right[SPACE];
    for (size_t offset = 0; offset < 8; offset++) {
        for (size_t size = 0; size <= 40; size++) {
            for (size_t at = 0; at < 40; at++) {
                fill_pattern(left, SPACE, 3);
                memcpy(right, left + offset, SPACE - offset);
                right[at] ^= 0x80;
                // A later difference the other way must not matter.
                right[at + 1] ^= 0x81;
                CHECK_EQ(sign(own_memcmp(left + offset, right, size)),
                         sign(memcmp(left + offset, right, size)));
                CHECK_EQ(sign(own_memcmp(right, left + offset, size)),
                         sign(memcmp(right, left + offset, size)));
            }
        }
    }
}

static const char *const words[] = {"",     "a",     "b",        "ab",        "abc",
                                    "abcd", "abd",   "abcdefgh", "abcdefghi", "abcdefgi",
                                    "\x80", "a\xff", "zz"};
constexpr size_t WORDS = sizeof words / sizeof words[0];

TEST(strcmp_and_strncmp_order_as_the_host) {
    for (size_t i = 0; i < WORDS; i++) {
        for (size_t j = 0; j < WORDS; j++) {
            CHECK_EQ(sign(own_strcmp(words[i], words[j])), sign(strcmp(words[i], words[j])));
            for (size_t limit = 0; limit < 12; limit++) {
                CHECK_EQ(sign(own_strncmp(words[i], words[j], limit)),
                         sign(strncmp(words[i], words[j], limit)));
            }
        }
    }
}

TEST(strlen_and_strnlen) {
    for (size_t i = 0; i < WORDS; i++) {
        CHECK_EQ(own_strlen(words[i]), strlen(words[i]));
        for (size_t limit = 0; limit < 12; limit++) {
            CHECK_EQ(own_strnlen(words[i], limit), strnlen(words[i], limit));
        }
    }
    // The limit holds where there is no NUL at all.
    char *open = malloc(3);
    memcpy(open, "xyz", 3);
    CHECK_EQ(own_strnlen(open, 3), 3);
    CHECK(own_strncmp(open, "xyz", 3) == 0);
    free(open);
}

UNIT_MAIN
