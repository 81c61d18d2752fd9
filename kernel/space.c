// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Walking, growing and freeing the user half of an address space.
#include "kernel/space.h"

#include "kernel/check.h"
#include "kernel/reticle.h"
#include "kernel/task.h"
#include "lib/string/string.h"

constexpr uint32_t INDEX_BITS = 9;
constexpr uint32_t INDEX_MASK = (1 << INDEX_BITS) - 1;
constexpr uint32_t ROOT_LEVEL = 3;

static enum status table_make(struct task *task, struct phys *out) REQUIRES_BOOKS {
    uint32_t frame;
    enum status status = reticle_take(task->object.reticle, CHARGE_TABLE, 1, 0, &frame);
    if (status != STATUS_OK) {
        return status;
    }
    arch_zero_pages(page_address(frame), 1);
    page_entry(frame)->next = task->first_space;
    task->first_space = frame;
    task->spaces++;
    *out = (struct phys){(uint64_t)frame << PAGE_SHIFT};
    return STATUS_OK;
}

void space_make(struct task *task) {
    enum status status = table_make(task, &task->root);
    check(status == STATUS_OK);
    arch_space_init(task->root);
}

static uint64_t *entry_in(struct phys table, uint64_t number, uint32_t level) {
    uint64_t *entries = phys_to_virt(table);
    return &entries[number >> (level * INDEX_BITS) & INDEX_MASK];
}

uint64_t *space_entry(struct task *task, uint64_t number) {
    struct phys table = task->root;
    for (uint32_t level = ROOT_LEVEL; level != 0; level--) {
        uint64_t entry = *entry_in(table, number, level);
        if (!arch_pte_present(entry)) {
            return nullptr;
        }
        table = arch_pte_phys(entry);
    }
    return entry_in(table, number, 0);
}

enum status space_entry_make(struct task *task, uint64_t number, uint64_t **entry) {
    struct phys table = task->root;
    for (uint32_t level = ROOT_LEVEL; level != 0; level--) {
        uint64_t *at = entry_in(table, number, level);
        if (!arch_pte_present(*at)) {
            struct phys made;
            enum status status = table_make(task, &made);
            if (status != STATUS_OK) {
                return status;
            }
            arch_pte_sync(); // the zeroes, before the table can be walked
            *at = arch_pte_table(made);
        }
        table = arch_pte_phys(*at);
    }
    *entry = entry_in(table, number, 0);
    return STATUS_OK;
}

bool space_reach(struct task *task, uint64_t address, void *bytes, uint64_t size,
                 uint32_t map_flags) {
    uint64_t part;
    for (bool user = space_user(address, size); size != 0; size -= part, address += part) {
        const uint64_t *entry = user ? space_entry(task, address >> PAGE_SHIFT) : nullptr;
        if (entry == nullptr || !arch_pte_allows(*entry, map_flags)) {
            return false;
        }
        uint64_t offset = address % PAGE_SIZE;
        part = PAGE_SIZE - offset < size ? PAGE_SIZE - offset : size;
        if (bytes != nullptr) {
            uint8_t *there = (uint8_t *)phys_to_virt(arch_pte_phys(*entry)) + offset;
            bool set = (map_flags & MAP_WRITE) != 0;
            memcpy(set ? there : bytes, set ? bytes : there, part);
            bytes = (uint8_t *)bytes + part;
        }
    }
    return true;
}

enum step space_free(struct task *task) {
    constexpr uint32_t MOST = 6;
    task->root = (struct phys){0}; // nobody walks through them any more
    for (uint32_t i = 0; i < MOST && task->spaces != 0; i++, task->spaces--) {
        uint32_t frame = task->first_space;
        task->first_space = page_entry(frame)->next;
        reticle_return(task->object.reticle, CHARGE_TABLE, frame, 1);
    }
    return task->spaces == 0 ? STEP_DONE : STEP_MORE;
}
