// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Reticle: untyped memory and the account it is charged to. Its books, in bytes:
// total = available + objects + tables. What is carved from it counts as objects,
// page and handle tables of its Tasks as tables; a page of cells counts as objects
// while a cell of it is used.
//
// Guard: books.
#pragma once

#include "kernel/object.h"
#include "kernel/page.h"
#include "kernel/watch.h"

constexpr uint32_t RETICLE_DEPTH = 32;

struct reticle {
    struct object object;
    struct reticle *parent; // nullptr: the first one, which never dies
    uint32_t depth;         // of the chain of parents, at most RETICLE_DEPTH
    uint64_t total, available, objects, tables;
    uint64_t low_mark;
    struct watch low;
    struct link *children; // the dying ones last
    uint32_t cells;        // pages that have a free cell
    uint32_t singles;      // free pages that are kept single, a list through `next` alone
    uint32_t orders;       // a bit for each list of blocks that is not empty
    uint32_t free_list[PAGE_LISTS];
};
static_assert(sizeof(struct reticle) <= 2 * OBJECT_CELL);

enum charge : uint8_t { CHARGE_OBJECT, CHARGE_TABLE };

// The first Reticle, in boot memory; then everything free is added to it.
struct reticle *reticle_first(void);
void reticle_add(struct reticle *reticle, uint32_t first, uint32_t count) REQUIRES_BOOKS;

// Takes adjacent pages and charges them. NO_MEMORY if there is no such extent.
[[nodiscard]] enum status reticle_take(struct reticle *reticle, enum charge charge, uint32_t count,
                                       uint32_t align, uint32_t *frame) REQUIRES_BOOKS;
void reticle_return(struct reticle *reticle, enum charge charge, uint32_t frame,
                    uint32_t count) REQUIRES_BOOKS;

// A run of `count` cells of 256 bytes (1 or 2) for a small object, with whatever was there.
[[nodiscard]] enum status reticle_take_cells(struct reticle *reticle, uint32_t count,
                                             void **cell) REQUIRES_BOOKS;
void reticle_return_cells(struct reticle *reticle, void *cell, uint32_t count) REQUIRES_BOOKS;

// Makes a Reticle of `bytes` out of another; grows one from the one it was split from. At
// most 40 free blocks are moved: where memory lies in more pieces it is NO_MEMORY.
[[nodiscard]] enum status reticle_split(struct reticle *from, uint64_t bytes,
                                        struct reticle **out) REQUIRES_BOOKS;
[[nodiscard]] enum status reticle_grow(struct reticle *part, uint64_t bytes) REQUIRES_BOOKS;

// `pages` that `former` carved as an object are the payer's object from now on; in return it
// hands over as many free pages: both totals stay. False: it has not as many, or in more
// than 40 blocks, and nothing was done.
[[nodiscard]] bool reticle_exchange(struct reticle *former, struct reticle *payer,
                                    uint32_t pages) REQUIRES_BOOKS;

// A step of its death.
enum step reticle_detach(struct reticle *reticle) REQUIRES_BOOKS;
enum step reticle_free(struct reticle *reticle) REQUIRES_BOOKS;
