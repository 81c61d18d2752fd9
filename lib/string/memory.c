// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// memcpy, memmove, memset and memcmp in steps of 8 bytes, 4 steps a round.
// The destination is always brought to a multiple of 8 first. When the source
// then is one as well, both sides use whole words; otherwise the source is read
// through `struct loose`, which the compiler turns into one load where the
// machine allows unaligned ones and into byte loads where it does not.
//
// The word types are structures that may alias anything, rather than calls of
// __builtin_memcpy, which without optimisation could become calls of memcpy.
#include "lib/string/own.h"

#include <stdbool.h>

struct [[gnu::may_alias]] word {
    uint64_t value;
};
struct [[gnu::may_alias, gnu::packed]] loose {
    uint64_t value;
};
constexpr size_t STEP = sizeof(struct word);
constexpr size_t ROUND = 4 * STEP;

static bool aligned(const void *address) {
    return (uintptr_t)address % STEP == 0;
}

// Moves whole words upwards and returns how many bytes it moved. `to` is
// aligned; `from` need not be. Each round reads before it writes, so that it is
// also right for overlapping memory with to < from.
PLAIN_LOOPS static size_t words_up(uint8_t *to, const uint8_t *from, size_t size) {
    size_t done = 0;
    if (aligned(from)) {
        for (; size - done >= ROUND; done += ROUND) {
            struct word *t = (struct word *)(to + done);
            const struct word *f = (const struct word *)(from + done);
            uint64_t a = f[0].value, b = f[1].value, c = f[2].value, d = f[3].value;
            t[0].value = a, t[1].value = b, t[2].value = c, t[3].value = d;
        }
    }
    for (; size - done >= STEP; done += STEP) {
        ((struct word *)(to + done))->value = ((const struct loose *)(from + done))->value;
    }
    return done;
}

// Moves whole words downwards, to and from being the ends, and returns how many
// bytes it moved. `to` is aligned.
PLAIN_LOOPS static size_t words_down(uint8_t *to, const uint8_t *from, size_t size) {
    size_t done = 0;
    if (aligned(from)) {
        for (; size - done >= ROUND; done += ROUND) {
            struct word *t = (struct word *)(to - done);
            const struct word *f = (const struct word *)(from - done);
            uint64_t a = f[-1].value, b = f[-2].value, c = f[-3].value, d = f[-4].value;
            t[-1].value = a, t[-2].value = b, t[-3].value = c, t[-4].value = d;
        }
    }
    for (; size - done >= STEP; done += STEP) {
        ((struct word *)(to - done - STEP))->value =
            ((const struct loose *)(from - done - STEP))->value;
    }
    return done;
}

PLAIN_LOOPS static void copy_up(uint8_t *to, const uint8_t *from, size_t size) {
    for (; size > 0 && !aligned(to); size--) {
        *to++ = *from++;
    }
    size_t moved = words_up(to, from, size);
    to += moved, from += moved, size -= moved;
    for (; size > 0; size--) {
        *to++ = *from++;
    }
}

PLAIN_LOOPS static void copy_down(uint8_t *to, const uint8_t *from, size_t size) {
    to += size, from += size;
    for (; size > 0 && !aligned(to); size--) {
        *--to = *--from;
    }
    size_t moved = words_down(to, from, size);
    to -= moved, from -= moved, size -= moved;
    for (; size > 0; size--) {
        *--to = *--from;
    }
}

PLAIN_LOOPS void *OWN(memcpy)(void *restrict to, const void *restrict from, size_t size) {
    copy_up(to, from, size);
    return to;
}

PLAIN_LOOPS void *OWN(memmove)(void *to, const void *from, size_t size) {
    // Upwards is wrong only when the destination begins inside of the source.
    if ((uintptr_t)to - (uintptr_t)from >= size) {
        copy_up(to, from, size);
    } else {
        copy_down(to, from, size);
    }
    return to;
}

PLAIN_LOOPS void *OWN(memset)(void *to, int byte, size_t size) {
    uint8_t *at = to;
    uint64_t filled = (uint8_t)byte * 0x0101010101010101u;
    for (; size > 0 && !aligned(at); size--) {
        *at++ = (uint8_t)byte;
    }
    for (; size >= 2 * ROUND; at += 2 * ROUND, size -= 2 * ROUND) {
        struct word *words = (struct word *)at;
        words[0].value = words[1].value = words[2].value = words[3].value = filled;
        words[4].value = words[5].value = words[6].value = words[7].value = filled;
    }
    for (; size >= STEP; at += STEP, size -= STEP) {
        ((struct word *)at)->value = filled;
    }
    for (; size > 0; size--) {
        *at++ = (uint8_t)byte;
    }
    return to;
}

PLAIN_LOOPS int OWN(memcmp)(const void *left, const void *right, size_t size) {
    const uint8_t *l = left, *r = right;
    // Equal words are skipped; the byte that differs is then found one by one.
    while (size >= STEP && ((const struct loose *)l)->value == ((const struct loose *)r)->value) {
        l += STEP, r += STEP, size -= STEP;
    }
    for (; size > 0; l++, r++, size--) {
        if (*l != *r) {
            return *l < *r ? -1 : 1;
        }
    }
    return 0;
}
