// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The page array: 16 bytes for each page of RAM, outside of the memory it
// describes. Free memory of a Reticle is a binary buddy system whose lists run
// through this array, so no list runs through memory that a user, a stale TLB
// entry or a device could reach. Pages are named by their frame number.
//
// Guard: books, for all of it.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "kernel/arch.h"
#include "kernel/lock.h"

struct reticle;

constexpr uint32_t PAGE_NIL = UINT32_MAX; // no page
// Object numbers are 32 bits of 256-byte cells: RAM above this is left alone.
constexpr uint64_t PAGE_RAM_END = UINT64_C(1) << 40;
constexpr uint32_t PAGE_ORDERS = 18; // blocks of 1 << 0 .. 1 << 17 pages
// The order that free pages say which are kept single for a while: the last ones that came
// back alone, and the first ones that are taken. So a page that comes and goes splits and
// merges nothing. Whoever takes more than one page gives them to the blocks first.
constexpr uint32_t PAGE_SINGLE = PAGE_ORDERS;
constexpr uint32_t PAGE_SINGLES = 4; // at most, of a Reticle
constexpr uint32_t PAGE_LISTS = PAGE_SINGLE + 1;

enum page_kind : uint8_t {
    PAGE_ABSENT, // no RAM, or the kernel's own for ever
    PAGE_INNER,  // inside a block: what its head says
    PAGE_FREE,   // head of a free block of `order`
    PAGE_USED,   // carved
    PAGE_CELLS,  // 256-byte cells for small kernel objects; `cells` has a bit per used one
    PAGE_SLOTS,  // capability slots of the container `owner`
};

struct page {
    uint32_t next, prev; // in the free list of the order, or the list of pages with free cells
    union {
        struct {
            uint32_t owner; // cell number of the Reticle (free, cells) or the container (slots)
            uint16_t cells;
            uint8_t order;
            enum page_kind kind;
        };
        uint64_t what; // all of it
    };
};
static_assert(sizeof(struct page) == 16);

// Makes the array for all frames from the lowest to the highest of boot_info, from
// boot_alloc, every page absent.
void page_array_init(const struct boot_info *info);
struct page *page_entry(uint32_t frame);
// Every entry, for checks: the first frame and how many.
uint32_t page_array_first(void);
uint32_t page_array_count(void);

static inline void *page_address(uint32_t frame) {
    return phys_to_virt((struct phys){(uint64_t)frame << PAGE_SHIFT});
}
static inline uint32_t page_frame(const void *address) {
    return (uint32_t)(virt_to_phys(address).value >> PAGE_SHIFT);
}
static inline struct page *page_of(const void *address) {
    return page_entry(page_frame(address));
}

// Lists of pages through `next` and `prev`, PAGE_NIL at both ends.
void page_list_push(uint32_t *list, uint32_t frame) REQUIRES_BOOKS;
void page_list_remove(uint32_t *list, uint32_t frame) REQUIRES_BOOKS;

// Puts frames [first, first + count), which belong to no list, on the free lists of the
// Reticle, coalescing. Changes no account.
void page_give(struct reticle *reticle, uint32_t first, uint32_t count) REQUIRES_BOOKS;
// Gives the pages that are kept single to the blocks.
void page_settle(struct reticle *reticle) REQUIRES_BOOKS;
// Takes count adjacent frames, the first aligned to 1 << align; PAGE_NIL if there is no
// such extent. Changes no account; the content is whatever was there.
uint32_t page_take(struct reticle *reticle, uint32_t count, uint32_t align) REQUIRES_BOOKS;
// Takes `most` pages out of the smallest free block that holds them, or the largest block
// there is if none does; sets *count. *top: no free block is of a higher order; a first call
// is made with PAGE_ORDERS - 1.
uint32_t page_take_block(struct reticle *reticle, uint32_t most, uint32_t *top,
                         uint32_t *count) REQUIRES_BOOKS;
