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
    uint32_t base = table->pages * SLOTS_PER_PAGE;
    enum status status = slot_page(task->object.reticle, &task->object, base, &slots);
    if (status != STATUS_OK) {
        return status;
    }
    page_of(slots)->next = table->pages;
    slots[SLOTS_PER_PAGE - 1].free = table->free;
    table->free = base;
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
    return table_at(&task->table, index);
}

struct slot *table_take(struct task *task) {
    return table_pop(&task->table);
}

void table_free(struct task *task, struct slot *slot) {
    table_put(&task->table, slot, slot_meta(slot), table_index(task, slot));
}

uint32_t table_index(const struct task *task, const struct slot *slot) {
    return table_place(&task->table, page_of(slot), slot);
}

uint64_t table_handle(const struct task *task, const struct slot *slot) {
    uint64_t generation = slot_meta(slot) >> META_GENERATION_SHIFT;
    return generation << HANDLE_SLOT_BITS | table_index(task, slot);
}

// A slot of that class and with those rights.
static enum status slot_match(struct task *task, uint64_t handle, enum cap_class class,
                              uint32_t rights, struct slot **out) {
    uint64_t meta;
    *out = table_find(&task->table, handle, &meta);
    if (*out == nullptr) {
        return STATUS_BAD_HANDLE;
    }
    if (meta_class(meta) != class) {
        return STATUS_BAD_CLASS;
    }
    return (meta & rights) != rights ? STATUS_ACCESS : STATUS_OK;
}

enum status lookup_fails(struct task *task, uint64_t handle, enum cap_class class,
                         uint32_t rights) {
    struct slot *slot;
    enum status status = slot_match(task, handle, class, rights, &slot);
    return status == STATUS_OK ? STATUS_BAD_HANDLE : status; // it came only now
}

enum status lookup(struct task *task, uint64_t handle, enum cap_class class, uint32_t rights,
                   struct object **out) {
    *out = lookup_quick(&task->table, handle, class, rights);
    return *out != nullptr ? STATUS_OK : lookup_fails(task, handle, class, rights);
}

enum status lookup_slot(struct task *task, uint64_t handle, struct slot **out) {
    uint64_t meta;
    *out = table_find(&task->table, handle, &meta);
    return *out == nullptr ? STATUS_BAD_HANDLE : STATUS_OK;
}

enum status lookup_class(struct task *task, uint64_t handle, enum cap_class class, uint32_t rights,
                         struct slot **out) {
    enum status status = slot_match(task, handle, class, rights, out);
    return status == STATUS_OK && !object_live((*out)->object) ? STATUS_BUSY : status;
}
