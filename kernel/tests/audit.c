// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The audit of memory: every page of RAM has exactly one use, and the accounts of all
// Reticles are the sums of these uses. It runs on the host and, in the check kernel, in
// the machine: nothing here recurses, since a kernel stack is small, and nothing asks for
// more than the lock of the books.
#include "kernel/tests/audit.h"

#include "kernel/bundle.h"
#include "kernel/check.h"
#include "kernel/memory.h"
#include "kernel/ring.h"
#include "kernel/task.h"
#include "lib/string/string.h"

constexpr uint32_t FRAMES_MOST = 1 << 16;
constexpr uint32_t BUCKETS = 1024;
constexpr uint32_t NIL = UINT32_MAX;

static uint64_t claimed[FRAMES_MOST / 64]; // in this audit, a bit each: the image is full
static uint16_t cells[FRAMES_MOST];        // the cells that objects stand in
// Pages of cells by their owner: the last of each bucket, then the one before it, which is itself
// at the end.
static uint32_t bucket[BUCKETS];
static uint16_t chain[FRAMES_MOST];

static uint32_t at(uint32_t frame) {
    uint32_t index = frame - page_array_first();
    check(index < FRAMES_MOST && index < page_array_count());
    return index;
}

static bool is_claimed(uint32_t index) {
    return (claimed[index / 64] >> index % 64 & 1) != 0;
}

void audit_claim(uint32_t frame, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        uint32_t index = at(frame + i);
        audit(!is_claimed(index));
        claimed[index / 64] |= UINT64_C(1) << index % 64;
    }
}

void audit_objects(struct reticle *reticle, object_visit *visit) {
    struct link *link = reticle->children;
    while (link != nullptr) {
        struct object *object = sibling_object(link);
        audit(link->next->prev == link);
        visit(object);
        struct link *inner =
            object->class == CLASS_RETICLE ? ((struct reticle *)object)->children : nullptr;
        if (inner != nullptr) {
            audit(sibling_object(inner)->reticle == (struct reticle *)object);
            link = inner;
            continue;
        }
        // The next one, or that of the first Reticle above which has one.
        while (object->sibling.next == object->reticle->children && object->reticle != reticle) {
            object = &object->reticle->object;
        }
        link = list_next(object->reticle->children, &object->sibling);
        audit(link == nullptr || sibling_object(link)->reticle == object->reticle);
    }
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
    uint32_t tables = audit_space_tables(task);
    audit(tables == task->spaces);
    return (struct pages){0, task->table.pages + tables};
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
    uint32_t singles = 0;
    for (uint32_t list = 0; list < PAGE_LISTS; list++) {
        uint32_t frame = reticle->free_list[list], order = list % PAGE_SINGLE;
        audit(list == PAGE_SINGLE || (frame != PAGE_NIL) == (reticle->orders >> list & 1));
        for (; frame != PAGE_NIL; frame = page_entry(frame)->next) {
            audit(frame % (UINT32_C(1) << order) == 0);
            audit_claim(frame, UINT32_C(1) << order);
            audit(page_entry(frame)->kind == PAGE_FREE && page_entry(frame)->order == list);
            singles += list == PAGE_SINGLE;
            uint32_t buddy = frame ^ UINT32_C(1) << order;
            bool exists = buddy - page_array_first() < page_array_count();
            const struct page *other = exists ? page_entry(buddy) : nullptr;
            // Two free buddies of one Reticle would have been merged.
            audit(!exists || order + 1 == PAGE_ORDERS || other->kind != PAGE_FREE ||
                  other->order != list || other->owner != page_entry(frame)->owner ||
                  list == PAGE_SINGLE);
        }
    }
    audit(singles == reticle->singles && singles <= PAGE_SINGLES);
}

static uint32_t bucket_of(uint32_t owner) {
    return owner * UINT32_C(2654435761) >> 22;
}
static_assert(BUCKETS == 1 << (32 - 22));

static void sort_cells(void) {
    memset(bucket, 0xff, sizeof bucket);
    for (uint32_t i = 0; i < page_array_count(); i++) {
        const struct page *page = page_entry(page_array_first() + i);
        if (page->kind == PAGE_CELLS) {
            uint32_t *last = &bucket[bucket_of(page->owner)];
            chain[i] = (uint16_t)(*last == NIL ? i : *last);
            *last = i;
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
    uint32_t owner = object_number(&reticle->object);
    for (uint32_t i = bucket[bucket_of(owner)]; i != NIL; i = chain[i] == i ? NIL : chain[i]) {
        const struct page *page = page_entry(page_array_first() + i);
        if (page->owner != owner) {
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

void audit_account(struct reticle *reticle) {
    audit(reticle->total == reticle->available + reticle->objects + reticle->tables);
    uint64_t free = 0;
    for (uint32_t order = 0; order < PAGE_LISTS; order++) {
        uint32_t frame = reticle->free_list[order];
        while (frame != PAGE_NIL) {
            const struct page *page = page_entry(frame);
            audit(page->kind == PAGE_FREE && page->order == order);
            audit(page->owner == object_number(&reticle->object));
            free += PAGE_SIZE << order % PAGE_SINGLE;
            frame = page->next;
        }
    }
    audit(free == reticle->available);
}

static void audit_reticle(struct reticle *reticle) REQUIRES_BOOKS {
    audit_account(reticle);
    struct pages sum = {};
    for (struct link *link = reticle->children; link != nullptr;
         link = list_next(reticle->children, link)) {
        struct object *object = sibling_object(link);
        claim_header(object);
        struct pages body = claim_body(object);
        sum.objects += body.objects + object->pages;
        sum.tables += body.tables;
    }
    claim_free(reticle);
    sum.objects += claim_cells(reticle);
    audit((uint64_t)sum.objects << PAGE_SHIFT == reticle->objects);
    audit((uint64_t)sum.tables << PAGE_SHIFT == reticle->tables);
    audit(reticle->total == reticle->available + reticle->objects + reticle->tables);
}

static void visit(struct object *object) REQUIRES_BOOKS {
    if (object->class == CLASS_RETICLE) {
        audit_reticle((struct reticle *)object);
    }
}

void audit_memory(void) {
    audit(page_array_count() <= FRAMES_MOST);
    memset(claimed, 0, sizeof claimed);
    memset(cells, 0, page_array_count() * sizeof *cells);
    sort_cells();
    audit_reticle(reticle_first());
    audit_objects(reticle_first(), visit);
    uint64_t used = 0;
    for (uint32_t i = 0; i < page_array_count(); i++) {
        used += is_claimed(i);
    }
    audit(used << PAGE_SHIFT == reticle_first()->total);
}
