// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// BLAKE3 in its hash mode with 32 bytes of output: the hash of boot packages
// and of everything else that VectraOS verifies. Written from the public
// specification, portable, without vector instructions.
#pragma once

#include <stddef.h>
#include <stdint.h>

constexpr size_t BLAKE3_HASH = 32;
constexpr size_t BLAKE3_BLOCK = 64;
constexpr size_t BLAKE3_CHUNK = 1024;
// 2^64 bytes are 2^54 chunks, so no tree is deeper than this.
constexpr size_t BLAKE3_DEPTH = 54;

// A hash under way; about 1.9 KiB. The members are private.
struct blake3 {
    uint32_t chain[8];                   // of the chunk that is being read
    uint64_t chunk;                      // its number
    uint32_t blocks;                     // how many of its blocks are in `chain`
    uint32_t held;                       // bytes in `block`
    uint32_t depth;                      // entries of `stack`
    uint32_t block[BLAKE3_BLOCK / 4];    // the last block, until more input shows that it is not
    uint32_t stack[BLAKE3_DEPTH + 1][8]; // subtrees that are complete, largest first
};

// Begins the hash of an empty input.
void blake3_start(struct blake3 *hash);

// Adds `size` bytes. Any split of the input into updates gives the same hash.
// Reads fastest when `data` is a multiple of 4.
void blake3_update(struct blake3 *hash, const void *data, size_t size);

// Writes the hash of all input so far. More may be added afterwards.
void blake3_finish(const struct blake3 *hash, uint8_t out[BLAKE3_HASH]);

// The whole in one call.
void blake3_hash(const void *data, size_t size, uint8_t out[BLAKE3_HASH]);
