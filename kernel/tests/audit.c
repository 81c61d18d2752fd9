// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The audit of memory: every page of RAM has exactly one use, the accounts of all
// Reticles are the sums of these uses, and what is free can be reached by nobody.
#include "kernel/tests/audit.h"

#include <string.h>

#include "kernel/check.h"
#include "kernel/tests/world.h"

constexpr uint32_t FRAMES_MOST = 1 << 15;
constexpr uint8_t GARBAGE = 0xdb;

static bool claimed[FRAMES_MOST];   // in this audit
static bool filled[FRAMES_MOST];    // free since an earlier one, and overwritten
static uint16_t cells[FRAMES_MOST]; // the cells that objects stand in

static uint32_t at(uint32_t frame) {
    uint32_t index = frame - page_array_first();
    check(index < FRAMES_MOST && index < page_array_count());
    return index;
}

void audit_claim(uint32_t frame, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        audit(!claimed[at(frame + i)]);
        claimed[at(frame + i)] = true;
    }
}

void audit_objects(struct reticle *reticle, object_visit *visit) {
    struct object *object = reticle->children;
    if (object == nullptr) {
        return;
    }
    do {
        audit(object->reticle == reticle && object->next->prev == object);
        visit(object);
        if (object->class == CLASS_RETICLE) {
            audit_objects((struct reticle *)object, visit);
        }
        object = object->next;
    } while (object != reticle->children);
}

// Pages that an object holds, header not counted; those for tables apart.
struct pages {
    uint32_t objects, tables;
};

static struct pages claim_task(const struct task *task) REQUIRES_BOOKS {
    for (uint32_t i = 0; i < task->table.pages; i++) {
        audit_claim(page_frame(task->table.page[i]), 1);
        audit(page_of(task->table.page[i])->kind == PAGE_SLOTS);
    }
    return (struct pages){0, task->table.pages + audit_space_tables(task)};
}

static struct pages claim_body(const struct object *object) REQUIRES_BOOKS {
    switch (object->class) {
    case CLASS_MEMORY: {
        const struct memory *memory = (const struct memory *)object;
        audit_claim(memory->frame, memory->pages);
        return (struct pages){memory->pages, 0};
    }
    case CLASS_RING: {
        const struct ring *ring = (const struct ring *)object;
        audit_claim(ring->frame, ring->pages);
        if (ring->flight != nullptr) {
            audit_claim(page_frame(ring->flight), 1);
        }
        return (struct pages){ring->pages, ring->flight != nullptr};
    }
    case CLASS_BUNDLE: {
        const struct bundle *bundle = (const struct bundle *)object;
        audit_claim(page_frame(bundle->page), BUNDLE_SIZE >> PAGE_SHIFT);
        audit_claim(page_frame(bundle->slots), 1);
        return (struct pages){BUNDLE_SIZE >> PAGE_SHIFT, 1};
    }
    case CLASS_TASK:
        return claim_task((const struct task *)object);
    case CLASS_RETICLE:
        return (struct pages){(uint32_t)(((const struct reticle *)object)->total >> PAGE_SHIFT), 0};
    default:
        return (struct pages){};
    }
}

static void claim_header(const struct object *object) {
    uint32_t frame = page_frame(object);
    if (object->pages != 0) {
        audit_claim(frame, object->pages);
        return;
    }
    audit(page_entry(frame)->kind == PAGE_CELLS);
    uint32_t position = (uint32_t)((uintptr_t)object % PAGE_SIZE / OBJECT_CELL);
    uint32_t mask = ((UINT32_C(1) << object->cells) - 1) << position;
    audit((cells[at(frame)] & mask) == 0);
    cells[at(frame)] |= (uint16_t)mask;
}

static void claim_free(struct reticle *reticle) REQUIRES_BOOKS {
    for (uint32_t order = 0; order < PAGE_ORDERS; order++) {
        uint32_t frame = reticle->free_list[order];
        for (; frame != PAGE_NIL; frame = page_entry(frame)->next) {
            audit(frame % (UINT32_C(1) << order) == 0);
            audit_claim(frame, UINT32_C(1) << order);
            uint32_t buddy = frame ^ UINT32_C(1) << order;
            bool exists = buddy - page_array_first() < page_array_count();
            const struct page *other = exists ? page_entry(buddy) : nullptr;
            // Two free buddies of one Reticle would have been merged.
            audit(!exists || order + 1 == PAGE_ORDERS || other->kind != PAGE_FREE ||
                  other->order != order || other->owner != page_entry(frame)->owner);
        }
    }
}

// Pages of cells of a Reticle; those with a free cell stand in its list.
static uint32_t claim_cells(struct reticle *reticle) REQUIRES_BOOKS {
    uint32_t listed = 0, pages = 0;
    uint32_t last = PAGE_NIL;
    for (uint32_t frame = reticle->cells; frame != PAGE_NIL; frame = page_entry(frame)->next) {
        audit(page_entry(frame)->kind == PAGE_CELLS && page_entry(frame)->prev == last);
        last = frame;
        listed++;
    }
    for (uint32_t i = 0; i < page_array_count(); i++) {
        const struct page *page = page_entry(page_array_first() + i);
        if (page->kind != PAGE_CELLS || page->owner != object_number(&reticle->object)) {
            continue;
        }
        audit_claim(page_array_first() + i, 1);
        pages++;
        listed -= page->cells != UINT16_MAX;
        audit(page->cells != 0);
        // What was made at boot stands in cells of the first Reticle, in no list.
        audit((cells[i] & ~page->cells) == 0);
        audit(reticle == reticle_first() || cells[i] == page->cells);
    }
    audit(listed == 0);
    return pages;
}

static void audit_reticle(struct reticle *reticle) REQUIRES_BOOKS;

static void audit_child(struct object *object) REQUIRES_BOOKS {
    if (object->class == CLASS_RETICLE) {
        audit_reticle((struct reticle *)object);
    }
}

static void audit_reticle(struct reticle *reticle) {
    reticle_check(reticle);
    struct pages sum = {};
    struct object *object = reticle->children;
    bool any = object != nullptr;
    while (any) {
        claim_header(object);
        struct pages body = claim_body(object);
        sum.objects += body.objects + object->pages;
        sum.tables += body.tables;
        object = object->next;
        any = object != reticle->children;
    }
    claim_free(reticle);
    sum.objects += claim_cells(reticle);
    audit((uint64_t)sum.objects << PAGE_SHIFT == reticle->objects);
    audit((uint64_t)sum.tables << PAGE_SHIFT == reticle->tables);
    audit(reticle->total == reticle->available + reticle->objects + reticle->tables);
    object = reticle->children;
    any = object != nullptr;
    while (any) {
        audit_child(object);
        object = object->next;
        any = object != reticle->children;
    }
}

// Overwrites what became free since the last audit, and sees that nobody wrote there
// since, nor can reach it.
static void fill_free(void) {
    for (uint32_t i = 0; i < page_array_count(); i++) {
        uint32_t frame = page_array_first() + i;
        const struct page *page = page_entry(frame);
        if (page->kind != PAGE_FREE) {
            filled[i] = false;
            continue;
        }
        uint32_t size = UINT32_C(1) << page->order;
        for (uint32_t j = i; j < i + size; j++) {
            uint8_t *bytes = page_address(page_array_first() + j);
            // Where it was used in between, the beginning differs too.
            if (filled[j] && bytes[0] == GARBAGE && memcmp(bytes, bytes + 1, 63) == 0) {
                audit(memcmp(bytes, bytes + 1, PAGE_SIZE - 1) == 0);
                continue;
            }
            audit(!host_tlb_reaches((uint64_t)(page_array_first() + j) << PAGE_SHIFT));
            memset(bytes, GARBAGE, PAGE_SIZE);
            filled[j] = true;
        }
        i += size - 1;
    }
}

void world_audit(void) {
    lock_acquire(&books);
    memset(claimed, 0, page_array_count());
    memset(cells, 0, page_array_count() * sizeof *cells);
    audit_reticle(reticle_first());
    uint64_t used = 0;
    for (uint32_t i = 0; i < page_array_count(); i++) {
        used += claimed[i];
    }
    audit(used << PAGE_SHIFT == reticle_first()->total);
    fill_free();
    audit_capabilities();
    audit_threads();
    lock_release(&books);
}
