// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Slots and the derivation tree. The Task's table is in table.c.
#include "kernel/capability.h"

#include "kernel/bundle.h"
#include "kernel/check.h"
#include "kernel/memory.h"
#include "kernel/reticle.h"
#include "kernel/ring.h"
#include "kernel/task.h"

// ------------------------------------------------------------------------ tree

static struct node *tag(struct node *parent) {
    return (struct node *)((uintptr_t)parent | 1);
}

static bool tagged(const struct node *node) {
    return ((uintptr_t)node & 1) != 0;
}

// Joins two neighbours of which one may be the parent's end of the list.
static void join(struct node *left, struct node *right) REQUIRES_BOOKS {
    *(tagged(left) ? &node_untag(left)->first : &left->next) = right;
    *(tagged(right) ? &node_untag(right)->last : &right->prev) = left;
}

void tree_insert(struct node *parent, struct node *child) {
    struct node *next = parent->first;
    *child = (struct node){.next = next, .prev = tag(parent)};
    parent->first = child;
    if (next != nullptr) {
        next->prev = child;
    } else {
        child->next = tag(parent);
        parent->last = child;
    }
}

void tree_remove(struct node *node) {
    if (node->first != nullptr) {
        join(node->prev, node->first);
        join(node->last, node->next);
        node->first = node->last = nullptr;
    } else if (node->prev != node->next) {
        join(node->prev, node->next);
    } else { // it is the only child: both are the parent
        node_untag(node->prev)->first = node_untag(node->prev)->last = nullptr;
    }
    node->next = node->prev = nullptr;
}

[[clang::preserve_most]] void tree_replace(struct node *to, struct node *from) {
    *to = *from;
    join(to->prev, to);
    join(to, to->next);
    if (to->first != nullptr) {
        join(tag(to), to->first);
        join(to->last, tag(to));
    }
}

// ----------------------------------------------------------------------- slots

void slot_fill(struct slot *slot, struct object *object, enum cap_class class, uint32_t rights,
               uint16_t flags, struct node *parent) {
    uint64_t meta = slot_meta(slot);
    check((meta & META_CLASS) == 0 && (rights & ~META_RIGHTS) == 0);
    slot->object = object;
    slot->flags = flags;
    slot->access = 0;
    slot->sequence = 0;
    tree_insert(parent, &slot->node);
    meta = (meta & ~(META_CLASS | META_RIGHTS)) | (uint64_t)class << META_CLASS_SHIFT | rights;
    atomic_store_explicit(&slot->meta, meta, memory_order_release);
}

static const struct page *slots_of(const struct slot *slot) {
    const struct page *page = page_of(slot);
    check(page->kind == PAGE_SLOTS);
    return page;
}

struct object *slot_container(const struct slot *slot) {
    return object_numbered(slots_of(slot)->owner);
}

static inline uint64_t empty(struct slot *slot) REQUIRES_BOOKS {
    if (slot->node.prev != nullptr) {
        tree_remove(&slot->node); // a tomb hangs in no tree any more
    }
    return slot_renew(slot, slot_meta(slot));
}

void slot_empty(struct slot *slot) {
    (void)empty(slot);
}

static inline void clear(struct slot *slot) REQUIRES_BOOKS {
    const struct page *page = slots_of(slot);
    struct object *container = object_numbered(page->owner);
    uint64_t meta = empty(slot);
    // A Bundle's entry stays, empty: task_start refuses nothing for it.
    if (container->class == CLASS_TASK) {
        struct table *table = &((struct task *)container)->table;
        table_put(table, slot, meta, table_place(table, page, slot));
    } else if (container->class == CLASS_RING) {
        slot->flags = SLOT_TOMB; // whoever takes it learns that it was revoked
    }
}

void slot_clear(struct slot *slot) {
    clear(slot);
}

enum step tree_prune(struct node *node, uint32_t most) {
    for (uint32_t i = 0; i < most && node->first != nullptr;) {
        struct slot *slot = slot_of(node->first);
        // A view is first turned into the zero page, piece by piece, while it still
        // hangs in the tree; its holder keeps a tomb. It costs up to its pages, a capability
        // next to nothing.
        if (slot_class(slot) == CLASS_VIEW) {
            constexpr uint32_t PAGES = 4;
            i += PAGES;
            if (view_revoke_step(slot, PAGES) == STEP_DONE) {
                tree_remove(&slot->node);
            }
        } else {
            i++;
            clear(slot);
        }
    }
    return node->first == nullptr ? STEP_DONE : STEP_MORE;
}

void slot_drop(struct slot *slot) {
    if (slot_class(slot) == CLASS_VIEW) {
        view_abandon(slot);
        return;
    }
    struct object *owned = (slot->flags & SLOT_OWNER) != 0 ? slot->object : nullptr;
    slot_clear(slot);
    if (owned != nullptr) {
        object_destroy(owned);
    }
}

enum status slot_page(struct reticle *reticle, const struct object *container, uint32_t first,
                      struct slot **out) {
    uint32_t frame;
    enum status status = reticle_take(reticle, CHARGE_TABLE, 1, 0, &frame);
    if (status != STATUS_OK) {
        return status;
    }
    struct page *page = page_entry(frame);
    page->kind = PAGE_SLOTS;
    page->owner = object_number(container);
    struct slot *slots = page_address(frame);
    // What else a slot holds is written when it is filled.
#pragma clang loop unroll_count(4)
    for (uint32_t i = 0; i < SLOTS_PER_PAGE; i++) {
        atomic_store_explicit(&slots[i].meta, UINT64_C(1) << META_GENERATION_SHIFT,
                              memory_order_relaxed);
        slots[i].flags = slots[i].access = 0;
        slots[i].free = first + i + 1;
    }
    *out = slots;
    return STATUS_OK;
}

void slot_page_return(struct reticle *reticle, const struct slot *slots) {
    page_of(slots)->kind = PAGE_USED;
    reticle_return(reticle, CHARGE_TABLE, page_frame(slots), 1);
}

// ------------------------------------------------------------- copying, passing

void capability_copy(struct slot *from, uint32_t rights, struct slot *to) {
    uint64_t meta = slot_meta(from);
    uint32_t keep = (uint32_t)(meta & META_RIGHTS) & rights;
    if (meta_class(meta) == CLASS_MEMORY) {
        keep &= ~(uint32_t)RIGHT_MEMORY_WRITE;
    }
    slot_fill(to, from->object, meta_class(meta), keep, 0, &from->node);
}

bool capability_may_leave(const struct slot *from) {
    if (slot_class(from) == CLASS_RING) {
        // Somebody here would go on writing its region, or reading the peer's.
        const struct ring *ring = (const struct ring *)from->object;
        return ring->writable_views == 0 && ring->peer_view == nullptr;
    }
    // Writable Memory leaves with nothing left behind: no view, no copy, no TLB entry.
    return from->node.first == nullptr && memory_unseen((const struct memory *)from->object, 0);
}

enum status capability_may_pass(const struct slot *from, uint64_t meta, bool move) {
    uint32_t need = RIGHT_PASS | (move ? 0 : (uint32_t)RIGHT_COPY);
    enum cap_class class = meta_class(meta);
    if ((meta & need) != need) {
        return class == CLASS_NONE   ? STATUS_BAD_HANDLE
               : class == CLASS_VIEW ? STATUS_BAD_CLASS
                                     : STATUS_ACCESS;
    }
    bool leaves = move && meta_used(meta);
    if (!object_open(from->object) || (leaves && !capability_may_leave(from))) {
        return STATUS_BUSY;
    }
    return STATUS_OK;
}

void capability_pass(struct task *task, struct slot *from, struct slot *to, uint32_t rights,
                     bool move) {
    if (!move) {
        capability_copy(from, rights, to);
        return;
    }
    uint64_t meta = slot_meta(from);
    (void)slot_move(to, from, meta, rights, 0);
    (void)slot_renew(from, meta);
    table_free(task, from);
}
