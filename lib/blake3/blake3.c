// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// BLAKE3, hash mode. The input is cut into chunks of 1024 bytes, each of at
// most 16 blocks; the chaining values of the chunks are the leaves of a binary
// tree whose left subtrees are complete. `stack` holds one chaining value for
// each complete subtree that still waits for its right neighbour: as many as
// the number of chunks so far has bits set.
//
// Only the very last block of a chunk and the very last node of the tree are
// compressed differently (CHUNK_END, ROOT), so a block is compressed only when
// input follows that shows it is not the last.
#include "lib/blake3/blake3.h"

#include "lib/string/string.h"

#include <stdbool.h>

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "message words are read as they lie");

enum flag : uint32_t {
    CHUNK_START = 1,
    CHUNK_END = 2,
    PARENT = 4,
    ROOT = 8,
};

constexpr uint32_t BLOCKS = BLAKE3_CHUNK / BLAKE3_BLOCK;

static const uint32_t start_value[8] = {
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
};

// A message word in memory of any type, at a multiple of 4.
struct [[gnu::may_alias]] message {
    uint32_t word;
};

static inline uint32_t rotate(uint32_t value, unsigned right) {
    return value >> right | value << (32 - right);
}

// The build says where there are too few registers for the 16 words of the state
// (x86_64). Four of them live in memory there, which add and xor take as operands
// at no extra instruction; left alone, the compiler moves words to and fro (16.0
// instructions a byte instead of 14.2).
#ifdef BLAKE3_FEW_REGISTERS
#define SPARE_REGISTERS volatile
#else
#define SPARE_REGISTERS
#endif

// Makes the compiler forget what it read through `pointer`. Without it, it loads
// the message once and then stores and reloads it on the stack.
#define FORGET(pointer) __asm__("" : "+r"(pointer))

// The mixing function on four words of the state and two of the message.
#define MIX(a, b, c, d, x, y) \
    a += b + m[x].word, d = rotate(d ^ a, 16), c += d, b = rotate(b ^ c, 12); \
    a += b + m[y].word, d = rotate(d ^ a, 8), c += d, b = rotate(b ^ c, 7)

// A round: the columns, then the diagonals. The arguments are the order in which
// the message words are taken.
#define ROUND(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, ma, mb, mc, md, me, mf) \
    FORGET(m); \
    MIX(v0, v4, v8, vc, m0, m1); \
    MIX(v1, v5, v9, vd, m2, m3); \
    MIX(v2, v6, va, ve, m4, m5); \
    MIX(v3, v7, vb, vf, m6, m7); \
    MIX(v0, v5, va, vf, m8, m9); \
    MIX(v1, v6, vb, vc, ma, mb); \
    MIX(v2, v7, v8, vd, mc, md); \
    MIX(v3, v4, v9, ve, me, mf)

// Compresses the block `m` of `length` bytes, padded with zeros, into `chain`.
static void compress(uint32_t chain[8], const struct message m[16], uint64_t counter,
                     uint32_t length, uint32_t flags) {
    uint32_t v0 = chain[0], v1 = chain[1], v2 = chain[2], v3 = chain[3];
    uint32_t v4 = chain[4], v5 = chain[5], v6 = chain[6], v7 = chain[7];
    SPARE_REGISTERS uint32_t v8 = start_value[0], v9 = start_value[1];
    SPARE_REGISTERS uint32_t va = start_value[2], vb = start_value[3];
    uint32_t vc = (uint32_t)counter, vd = (uint32_t)(counter >> 32), ve = length, vf = flags;
    // Each line is the one before, permuted by 2 6 3 10 7 0 4 13 1 11 12 5 9 14 15 8.
    ROUND(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    ROUND(2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8);
    ROUND(3, 4, 10, 12, 13, 2, 7, 14, 6, 5, 9, 0, 11, 15, 8, 1);
    ROUND(10, 7, 12, 9, 14, 3, 13, 15, 4, 0, 11, 2, 5, 8, 1, 6);
    ROUND(12, 13, 9, 11, 15, 10, 14, 8, 7, 2, 5, 3, 0, 1, 6, 4);
    ROUND(9, 14, 11, 5, 8, 12, 15, 1, 13, 3, 0, 10, 2, 6, 4, 7);
    ROUND(11, 15, 5, 0, 1, 9, 8, 6, 14, 10, 2, 12, 3, 4, 7, 13);
    chain[0] = v0 ^ v8, chain[1] = v1 ^ v9, chain[2] = v2 ^ va, chain[3] = v3 ^ vb;
    chain[4] = v4 ^ vc, chain[5] = v5 ^ vd, chain[6] = v6 ^ ve, chain[7] = v7 ^ vf;
}

// Compresses the parent of two chaining values that lie one after the other and
// puts its own in the place of the left one.
static void merge(uint32_t children[16], uint32_t flags) {
    uint32_t chain[8];
    memcpy(chain, start_value, sizeof chain);
    compress(chain, (const struct message *)children, 0, BLAKE3_BLOCK, PARENT | flags);
    memcpy(children, chain, sizeof chain);
}

// Puts the finished chunk's value on the stack and begins the next chunk. Each
// zero bit at the end of the number of chunks completes one more subtree. Not
// inlined, since it is rare and would make its caller save more registers.
[[gnu::noinline]] static void next_chunk(struct blake3 *hash) {
    memcpy(hash->stack[hash->depth++], hash->chain, sizeof hash->chain);
    hash->chunk++;
    for (uint64_t chunks = hash->chunk; chunks % 2 == 0; chunks /= 2) {
        hash->depth--;
        merge(hash->stack[hash->depth - 1], 0);
    }
    memcpy(hash->chain, start_value, sizeof hash->chain);
    hash->blocks = 0;
}

// Takes a full block, after which there is more input.
static void absorb(struct blake3 *hash, const struct message *block) {
    uint32_t flags = hash->blocks == 0 ? CHUNK_START : hash->blocks == BLOCKS - 1 ? CHUNK_END : 0;
    compress(hash->chain, block, hash->chunk, BLAKE3_BLOCK, flags);
    hash->blocks++;
    if (hash->blocks == BLOCKS) {
        next_chunk(hash);
    }
}

void blake3_start(struct blake3 *hash) {
    memcpy(hash->chain, start_value, sizeof hash->chain);
    hash->chunk = 0;
    hash->blocks = hash->held = hash->depth = 0;
}

void blake3_update(struct blake3 *hash, const void *data, size_t size) {
    const uint8_t *from = data;
    while (size > 0) {
        if (hash->held == BLAKE3_BLOCK) {
            absorb(hash, (const struct message *)hash->block);
            hash->held = 0;
        }
        // Blocks that lie well and are not the last need no copy.
        bool in_place = hash->held == 0 && (uintptr_t)from % alignof(struct message) == 0;
        for (; in_place && size > BLAKE3_BLOCK; from += BLAKE3_BLOCK, size -= BLAKE3_BLOCK) {
            absorb(hash, (const struct message *)from);
        }
        size_t space = BLAKE3_BLOCK - hash->held, take = size < space ? size : space;
        memcpy((uint8_t *)hash->block + hash->held, from, take);
        hash->held += (uint32_t)take;
        from += take;
        size -= take;
    }
}

void blake3_finish(const struct blake3 *hash, uint8_t out[BLAKE3_HASH]) {
    // The last two nodes on a path to the root, the right one being made.
    uint32_t pair[16] = {};
    uint32_t *right = pair + 8;
    memcpy(right, hash->chain, sizeof hash->chain);
    uint32_t block[16] = {};
    memcpy(block, hash->block, hash->held);
    uint32_t flags = (hash->blocks == 0 ? CHUNK_START : 0) | CHUNK_END;
    compress(right, (const struct message *)block, hash->chunk, hash->held,
             hash->depth == 0 ? flags | ROOT : flags);
    for (uint32_t depth = hash->depth; depth > 0; depth--) {
        memcpy(pair, hash->stack[depth - 1], sizeof hash->stack[0]);
        merge(pair, depth == 1 ? ROOT : 0);
        memcpy(right, pair, BLAKE3_HASH);
    }
    memcpy(out, right, BLAKE3_HASH);
}

void blake3_hash(const void *data, size_t size, uint8_t out[BLAKE3_HASH]) {
    struct blake3 hash;
    blake3_start(&hash);
    blake3_update(&hash, data, size);
    blake3_finish(&hash, out);
}
