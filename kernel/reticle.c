// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Reticles: the account, the cells for small objects, splitting and giving back.
#include "kernel/reticle.h"

#include "kernel/check.h"
#include "lib/string/string.h"

constexpr uint32_t CELLS_PER_PAGE = PAGE_SIZE / OBJECT_CELL;
constexpr uint16_t CELLS_ALL = UINT16_MAX;
// Free blocks that one entry moves from Reticle to Reticle, and one step of a death.
constexpr uint32_t BLOCKS_MOVED = 40, BLOCKS_PER_STEP = 2;

static_assert(CELLS_PER_PAGE == 16);

struct reticle *reticle_first(void) {
    static struct reticle *first;
    if (first == nullptr) {
        first = phys_to_virt(boot_alloc(1));
        first->object.class = CLASS_RETICLE;
        first->object.unlisted = true;
        first->cells = PAGE_NIL;
        for (uint32_t i = 0; i < PAGE_LISTS; i++) {
            first->free_list[i] = PAGE_NIL;
        }
    }
    return first;
}

void reticle_add(struct reticle *reticle, uint32_t first, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        page_entry(first + i)->kind = PAGE_INNER;
    }
    page_give(reticle, first, count);
    reticle->total += (uint64_t)count << PAGE_SHIFT;
    reticle->available += (uint64_t)count << PAGE_SHIFT;
}

static uint64_t *account(struct reticle *reticle, enum charge charge) {
    return charge == CHARGE_OBJECT ? &reticle->objects : &reticle->tables;
}

static void spend(struct reticle *reticle, enum charge charge, uint64_t bytes) REQUIRES_BOOKS {
    reticle->available -= bytes;
    *account(reticle, charge) += bytes;
    if (reticle->available < reticle->low_mark) {
        watch_raise(&reticle->low);
    }
}

static void refund(struct reticle *reticle, enum charge charge, uint64_t bytes) REQUIRES_BOOKS {
    check(*account(reticle, charge) >= bytes);
    *account(reticle, charge) -= bytes;
    reticle->available += bytes;
}

enum status reticle_take(struct reticle *reticle, enum charge charge, uint32_t count,
                         uint32_t align, uint32_t *frame) {
    uint64_t bytes = (uint64_t)count << PAGE_SHIFT;
    uint32_t taken = reticle->available < bytes ? PAGE_NIL : page_take(reticle, count, align);
    if (taken == PAGE_NIL) {
        return STATUS_NO_MEMORY;
    }
    spend(reticle, charge, bytes);
    hook_fresh(page_address(taken), bytes);
    *frame = taken;
    return STATUS_OK;
}

void reticle_return(struct reticle *reticle, enum charge charge, uint32_t frame, uint32_t count) {
    refund(reticle, charge, (uint64_t)count << PAGE_SHIFT);
    page_give(reticle, frame, count);
}

// ------------------------------------------------------------------------ cells

// The lowest position of `count` adjacent free cells, or CELLS_PER_PAGE.
static uint32_t cells_find(uint16_t used, uint32_t count) {
    uint32_t free = (uint16_t)~used;
    if (count == 2) {
        free &= free >> 1;
    }
    return free == 0 ? CELLS_PER_PAGE : (uint32_t)__builtin_ctz(free);
}

static uint16_t cells_mask(uint32_t position, uint32_t count) {
    return (uint16_t)(((UINT32_C(1) << count) - 1) << position);
}

// A new page of cells.
static enum status cells_page(struct reticle *reticle, uint32_t *frame) REQUIRES_BOOKS {
    enum status status = reticle_take(reticle, CHARGE_OBJECT, 1, 0, frame);
    if (status == STATUS_OK) {
        struct page *page = page_entry(*frame);
        page->kind = PAGE_CELLS;
        page->cells = 0;
        page->owner = object_number(&reticle->object);
        page_list_push(&reticle->cells, *frame);
    }
    return status;
}

// In one of the first few pages of the list, or in a new one. Looking at few keeps the step
// bounded; the list holds pages with any free cell.
enum status reticle_take_cells(struct reticle *reticle, uint32_t count, void **cell) {
    uint32_t frame = reticle->cells, position = CELLS_PER_PAGE;
    for (uint32_t i = 0; i < 8 && frame != PAGE_NIL; i++) {
        position = cells_find(page_entry(frame)->cells, count);
        if (position != CELLS_PER_PAGE) {
            break;
        }
        frame = page_entry(frame)->next;
    }
    if (position == CELLS_PER_PAGE) {
        enum status status = cells_page(reticle, &frame);
        if (status != STATUS_OK) {
            return status;
        }
        position = 0;
    }
    struct page *page = page_entry(frame);
    page->cells |= cells_mask(position, count);
    if (page->cells == CELLS_ALL) {
        page_list_remove(&reticle->cells, frame);
    }
    *cell = (uint8_t *)page_address(frame) + (size_t)position * OBJECT_CELL;
    hook_fresh(*cell, (uint64_t)count * OBJECT_CELL);
    return STATUS_OK;
}

void reticle_return_cells(struct reticle *reticle, void *cell, uint32_t count) {
    uint32_t frame = page_frame(cell);
    struct page *page = page_entry(frame);
    uint32_t position = (uint32_t)((uint64_t)cell % PAGE_SIZE / OBJECT_CELL);
    uint16_t mask = cells_mask(position, count);
    check(page->kind == PAGE_CELLS && (page->cells & mask) == mask);
    check(page->owner == object_number(&reticle->object));
    if (page->cells == CELLS_ALL) {
        page_list_push(&reticle->cells, frame);
    }
    page->cells &= (uint16_t)~mask;
    if (page->cells == 0) {
        page_list_remove(&reticle->cells, frame);
        page->kind = PAGE_USED;
        reticle_return(reticle, CHARGE_OBJECT, frame, 1);
    }
}

// -------------------------------------------------------------- split, grow, die

// Whether there are so many free pages, and few enough blocks make them up: page_take_block
// takes the largest until one holds all the rest.
static bool blocks_suffice(struct reticle *from, uint32_t count) REQUIRES_BOOKS {
    uint32_t blocks = 0;
    page_settle(from);
    for (uint32_t order = PAGE_ORDERS; count != 0 && order-- != 0;) {
        uint32_t frame = from->free_list[order];
        for (; frame != PAGE_NIL && count >> order != 0 && blocks < BLOCKS_MOVED; blocks++) {
            count -= UINT32_C(1) << order;
            frame = page_entry(frame)->next;
        }
        if (count != 0 && frame != PAGE_NIL && count >> order == 0) {
            return blocks < BLOCKS_MOVED;
        }
    }
    return count == 0;
}

// Moves free pages; the caller made sure that they suffice, and sees to the books.
static void blocks_move(struct reticle *from, struct reticle *to, uint32_t count) REQUIRES_BOOKS {
    uint32_t top = PAGE_ORDERS - 1;
    while (count != 0) {
        uint32_t taken;
        uint32_t frame = page_take_block(from, count, &top, &taken);
        check(frame != PAGE_NIL && taken <= count);
        page_give(to, frame, taken);
        count -= taken;
    }
}

// From a Reticle to a part of it.
static void move_pages(struct reticle *from, struct reticle *to, uint32_t count) REQUIRES_BOOKS {
    uint64_t bytes = (uint64_t)count << PAGE_SHIFT;
    blocks_move(from, to, count);
    to->total += bytes;
    to->available += bytes;
    spend(from, CHARGE_OBJECT, bytes);
}

static enum status pages_of(uint64_t bytes, uint32_t *count) {
    if (bytes == 0 || bytes > (UINT64_C(1) << 43)) {
        return STATUS_BAD_ARGUMENT;
    }
    *count = (uint32_t)((bytes + PAGE_SIZE - 1) >> PAGE_SHIFT);
    return STATUS_OK;
}

enum status reticle_split(struct reticle *from, uint64_t bytes, struct reticle **out) {
    uint32_t count;
    enum status status = pages_of(bytes, &count);
    if (status != STATUS_OK) {
        return status;
    }
    if (from->depth == RETICLE_DEPTH) {
        return STATUS_BAD_ARGUMENT;
    }
    void *cell;
    status = reticle_take_cells(from, 2, &cell);
    if (status != STATUS_OK) {
        return status;
    }
    if (!blocks_suffice(from, count)) {
        reticle_return_cells(from, cell, 2);
        return STATUS_NO_MEMORY;
    }
    struct reticle *part = cell;
    *part = (struct reticle){};
    object_init(&part->object, CLASS_RETICLE, from, (struct storage){.cells = 2});
    part->parent = from;
    part->depth = from->depth + 1;
    part->cells = PAGE_NIL;
    for (uint32_t i = 0; i < PAGE_LISTS; i++) {
        part->free_list[i] = PAGE_NIL;
    }
    move_pages(from, part, count);
    *out = part;
    return STATUS_OK;
}

enum status reticle_grow(struct reticle *part, uint64_t bytes) {
    uint32_t count;
    enum status status = pages_of(bytes, &count);
    if (status != STATUS_OK) {
        return status;
    }
    if (!blocks_suffice(part->parent, count)) {
        return STATUS_NO_MEMORY;
    }
    move_pages(part->parent, part, count);
    return STATUS_OK;
}

bool reticle_exchange(struct reticle *former, struct reticle *payer, uint32_t pages) {
    if (!blocks_suffice(payer, pages)) {
        return false;
    }
    uint64_t bytes = (uint64_t)pages << PAGE_SHIFT;
    blocks_move(payer, former, pages);
    spend(payer, CHARGE_OBJECT, bytes);
    refund(former, CHARGE_OBJECT, bytes);
    return true;
}

enum step reticle_detach(struct reticle *reticle) {
    if (reticle->children == nullptr) {
        return STEP_DONE;
    }
    struct object *child = sibling_object(reticle->children);
    if (!object_live(child)) {
        return STEP_WAIT; // all live ones have been moved behind it
    }
    object_destroy(child);
    return STEP_MORE;
}

enum step reticle_free(struct reticle *reticle) {
    struct reticle *parent = reticle->parent;
    check(reticle->objects == 0 && reticle->tables == 0 && reticle->cells == PAGE_NIL);
    uint32_t top = PAGE_ORDERS - 1;
    for (uint32_t i = 0; i < BLOCKS_PER_STEP; i++) {
        if (reticle->available == 0) {
            check(reticle->total == 0);
            return STEP_DONE;
        }
        uint32_t count;
        uint32_t frame = page_take_block(reticle, UINT32_C(1) << (PAGE_ORDERS - 1), &top, &count);
        check(frame != PAGE_NIL);
        uint64_t bytes = (uint64_t)count << PAGE_SHIFT;
        reticle->available -= bytes;
        reticle->total -= bytes;
        reticle_return(parent, CHARGE_OBJECT, frame, count);
    }
    return STEP_MORE;
}
