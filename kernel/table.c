// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The handle table of a Task: pages of slots, added one by one and paid by the
// Task's Reticle, in a window of fixed size; and the look-up that every syscall
// begins with.
#include "kernel/capability.h"
#include "kernel/check.h"
#include "kernel/reticle.h"
#include "kernel/task.h"

static enum status table_grow(struct task *task) REQUIRES_BOOKS {
    struct table *table = &task->table;
    if (table->pages == TABLE_PAGES) {
        return STATUS_NO_SLOTS;
    }
    struct slot *slots;
    enum status status = slot_page(task->object.reticle, &task->object, &slots);
    if (status != STATUS_OK) {
        return status;
    }
    page_of(slots)->next = table->pages;
    uint32_t base = table->pages * SLOTS_PER_PAGE;
    for (uint32_t i = SLOTS_PER_PAGE; i-- != 0;) {
        slots[i].free = table->free;
        table->free = base + i;
    }
    // Readers without the lock see the page only after its slots are empty.
    atomic_store_explicit((_Atomic(struct slot *) *)&table->page[table->pages], slots,
                          memory_order_release);
    table->pages++;
    return STATUS_OK;
}

enum status table_reserve(struct task *task, uint32_t count) {
    while (task->table.pages * SLOTS_PER_PAGE - task->table.used < count) {
        enum status status = table_grow(task);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

struct slot *table_slot(struct task *task, uint32_t index) {
    if (index >= TABLE_SLOTS) {
        return nullptr;
    }
    struct slot *page = table_page(&task->table, index);
    return page == nullptr ? nullptr : &page[index % SLOTS_PER_PAGE];
}

struct slot *table_take(struct task *task) {
    struct table *table = &task->table;
    struct slot *slot = table_slot(task, table->free);
    check(slot != nullptr);
    table->free = slot->free;
    table->used++;
    return slot;
}

void table_free(struct task *task, struct slot *slot) {
    struct table *table = &task->table;
    check(slot_class(slot) == CLASS_NONE);
    if (slot_meta(slot) >> META_GENERATION_SHIFT == 0) {
        return; // retired: it stays used for ever
    }
    slot->free = table->free;
    table->free = table_index(task, slot);
    table->used--;
}

uint32_t table_index(const struct task *task, const struct slot *slot) {
    // The page's entry holds its place in the window in `next`: it is in no list.
    const struct slot *first = (const struct slot *)((uint64_t)slot & ~(PAGE_SIZE - 1));
    uint32_t place = page_of(slot)->next;
    check(place < task->table.pages && task->table.page[place] == first);
    return place * SLOTS_PER_PAGE + (uint32_t)(slot - first);
}

uint64_t table_handle(const struct task *task, const struct slot *slot) {
    uint64_t generation = slot_meta(slot) >> META_GENERATION_SHIFT;
    return generation << HANDLE_SLOT_BITS | table_index(task, slot);
}

static enum status slot_find(struct task *task, uint64_t handle, struct slot **out,
                             uint64_t *meta) {
    struct slot *slot = table_slot(task, (uint32_t)(handle & HANDLE_SLOT_MASK));
    if (slot == nullptr) {
        return STATUS_BAD_HANDLE;
    }
    *meta = slot_meta(slot);
    if ((*meta ^ handle) >> HANDLE_SLOT_BITS != 0 || (*meta & META_CLASS) == 0) {
        return STATUS_BAD_HANDLE;
    }
    *out = slot;
    return STATUS_OK;
}

// The same, of that class and with those rights.
static enum status slot_match(struct task *task, uint64_t handle, enum cap_class class,
                              uint32_t rights, struct slot **out) {
    uint64_t meta;
    enum status status = slot_find(task, handle, out, &meta);
    if (status == STATUS_OK && (meta & META_CLASS) != (uint64_t)class << META_CLASS_SHIFT) {
        status = STATUS_BAD_CLASS;
    }
    return status == STATUS_OK && (meta & rights) != rights ? STATUS_ACCESS : status;
}

enum status lookup(struct task *task, uint64_t handle, enum cap_class class, uint32_t rights,
                   struct object **out) {
    if (lookup_quick(&task->table, handle, class, rights, out)) {
        return STATUS_OK;
    }
    struct slot *slot;
    enum status status = slot_match(task, handle, class, rights, &slot);
    return status == STATUS_OK ? STATUS_BAD_HANDLE : status; // it came only now
}

enum status lookup_slot(struct task *task, uint64_t handle, struct slot **out) {
    uint64_t meta;
    return slot_find(task, handle, out, &meta);
}

enum status lookup_class(struct task *task, uint64_t handle, enum cap_class class, uint32_t rights,
                         struct slot **out) {
    enum status status = slot_match(task, handle, class, rights, out);
    return status == STATUS_OK && !object_live((*out)->object) ? STATUS_BUSY : status;
}
