// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The page array and the buddy lists in it. A block of order k starts at a frame
// that is a multiple of 1 << k. Only the head of a free block carries PAGE_FREE, and
// two buddies merge only when both heads are free, of the same order and of the
// same Reticle: so a block never outgrows what its Reticle was given. A few pages are kept
// single beside them (page.h): their order is that of no block, so nothing merges with them.
#include "kernel/page.h"

#include "kernel/check.h"
#include "kernel/reticle.h"
#include "lib/string/string.h"

static struct page *pages;
static uint32_t first_frame;
static uint32_t frame_count;

void page_array_init(const struct boot_info *info) {
    // The entry code has left out what is above the limit.
    if (info->memory_count == 0) {
        panic("all memory is above %lu GiB", (unsigned long)(PAGE_RAM_END >> 30));
    }
    const struct boot_range *high = &info->memory[info->memory_count - 1];
    uint64_t end = high->base + high->size;
    check(end <= PAGE_RAM_END);
    first_frame = (uint32_t)(info->memory[0].base >> PAGE_SHIFT);
    frame_count = (uint32_t)(end >> PAGE_SHIFT) - first_frame;
    size_t bytes = (size_t)frame_count * sizeof(struct page);
    // Zeroed by boot_alloc: every entry is PAGE_ABSENT.
    pages = phys_to_virt(boot_alloc((bytes + PAGE_SIZE - 1) >> PAGE_SHIFT));
}

uint32_t page_array_first(void) {
    return first_frame;
}

uint32_t page_array_count(void) {
    return frame_count;
}

static bool frame_exists(uint32_t frame) {
    return frame - first_frame < frame_count;
}

struct page *page_entry(uint32_t frame) {
    check(frame_exists(frame));
    return &pages[frame - first_frame];
}

void page_list_push(uint32_t *list, uint32_t frame) {
    page_entry(frame)->prev = PAGE_NIL;
    page_entry(frame)->next = *list;
    if (*list != PAGE_NIL) {
        page_entry(*list)->prev = frame;
    }
    *list = frame;
}

void page_list_remove(uint32_t *list, uint32_t frame) {
    const struct page *page = page_entry(frame);
    if (page->prev == PAGE_NIL) {
        check(*list == frame);
        *list = page->next;
    } else {
        page_entry(page->prev)->next = page->next;
    }
    if (page->next != PAGE_NIL) {
        page_entry(page->next)->prev = page->prev;
    }
}

// What the entry of a free block says: one comparison tells whether a buddy is one.
static uint64_t what_free(const struct reticle *reticle, uint32_t order) {
    struct page page = {
        .owner = object_number(&reticle->object), .order = (uint8_t)order, .kind = PAGE_FREE};
    return page.what;
}
constexpr uint64_t WHAT_ORDER = UINT64_C(1) << 48; // one order more
static_assert(offsetof(struct page, order) - offsetof(struct page, what) == 6);

static void block_push(struct reticle *reticle, uint32_t frame, uint64_t what,
                       uint32_t order) REQUIRES_BOOKS {
    page_entry(frame)->what = what;
    page_list_push(&reticle->free_list[order], frame);
    reticle->orders |= UINT32_C(1) << order;
}

// Takes a free block from its list.
static void block_remove(struct reticle *reticle, uint32_t frame, uint32_t order) REQUIRES_BOOKS {
    page_list_remove(&reticle->free_list[order], frame);
    if (reticle->free_list[order] == PAGE_NIL) {
        reticle->orders &= ~(UINT32_C(1) << order);
    }
    page_entry(frame)->kind = PAGE_INNER;
}

// Frees one aligned block, merging it with its buddy as long as that is free too.
static void block_give(struct reticle *reticle, uint32_t frame, uint32_t order) REQUIRES_BOOKS {
    uint64_t what = what_free(reticle, order);
    for (; order + 1 < PAGE_ORDERS; order++, what += WHAT_ORDER) {
        uint32_t buddy = frame ^ (UINT32_C(1) << order);
        if (!frame_exists(buddy) || page_entry(buddy)->what != what) {
            break;
        }
        block_remove(reticle, buddy, order);
        page_entry(frame)->kind = PAGE_INNER;
        frame &= ~(UINT32_C(1) << order);
    }
    block_push(reticle, frame, what, order);
}

static uint32_t order_floor(uint32_t count) {
    return 31 - (uint32_t)__builtin_clz(count);
}

static uint32_t order_ceil(uint32_t count) {
    return count == 1 ? 0 : order_floor(count - 1) + 1;
}

static void blocks_give(struct reticle *reticle, uint32_t first, uint32_t count) REQUIRES_BOOKS {
    while (count != 0) {
        uint32_t order = order_floor(count);
        uint32_t aligned = first == 0 ? 31 : (uint32_t)__builtin_ctz(first);
        order = aligned < order ? aligned : order;
        order = order < PAGE_ORDERS ? order : PAGE_ORDERS - 1;
        block_give(reticle, first, order);
        first += UINT32_C(1) << order;
        count -= UINT32_C(1) << order;
    }
}

void page_give(struct reticle *reticle, uint32_t first, uint32_t count) {
    if (count != 1 || reticle->singles == PAGE_SINGLES) {
        blocks_give(reticle, first, count);
        return;
    }
    reticle->singles++;
    struct page *page = page_entry(first);
    page->what = what_free(reticle, PAGE_SINGLE);
    page->next = reticle->free_list[PAGE_SINGLE];
    reticle->free_list[PAGE_SINGLE] = first;
}

static uint32_t single_take(struct reticle *reticle) REQUIRES_BOOKS {
    uint32_t frame = reticle->free_list[PAGE_SINGLE];
    struct page *page = page_entry(frame);
    page->kind = PAGE_USED;
    reticle->free_list[PAGE_SINGLE] = page->next;
    reticle->singles--;
    return frame;
}

void page_settle(struct reticle *reticle) {
    while (reticle->singles != 0) {
        block_give(reticle, single_take(reticle), 0);
    }
}

// Takes an aligned block out of the smallest one that there is.
static uint32_t block_take(struct reticle *reticle, uint32_t want) REQUIRES_BOOKS {
    uint32_t fit = reticle->orders >> want << want;
    if (fit == 0) {
        return PAGE_NIL;
    }
    uint32_t order = (uint32_t)__builtin_ctz(fit);
    uint32_t frame = reticle->free_list[order];
    block_remove(reticle, frame, order);
    // The other half, of each half: none of them has a buddy that is free.
    uint64_t what = what_free(reticle, order);
    while (order != want) {
        order--;
        what -= WHAT_ORDER;
        block_push(reticle, frame + (UINT32_C(1) << order), what, order);
    }
    return frame;
}

uint32_t page_take(struct reticle *reticle, uint32_t count, uint32_t align) {
    if ((count >> 1 | align) == 0 && reticle->singles != 0) {
        return single_take(reticle);
    }
    page_settle(reticle);
    uint32_t want = order_ceil(count);
    want = align > want ? align : want;
    uint32_t frame = block_take(reticle, want);
    if (frame != PAGE_NIL) {
        page_entry(frame)->kind = PAGE_USED;
        blocks_give(reticle, frame + count, (UINT32_C(1) << want) - count);
    }
    return frame;
}

uint32_t page_take_block(struct reticle *reticle, uint32_t most, uint32_t *top, uint32_t *count) {
    page_settle(reticle);
    while (*top != 0 && reticle->free_list[*top] == PAGE_NIL) {
        --*top;
    }
    uint32_t order = order_ceil(most);
    while (order < *top && reticle->free_list[order] == PAGE_NIL) {
        order++;
    }
    order = order < *top ? order : *top;
    *count = most >> order == 0 ? most : UINT32_C(1) << order;
    return page_take(reticle, *count, order);
}
