// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The user half of a Task's page tables: four levels of 512 entries on both
// machines; how an entry is encoded is the machine's business. Tables are paid by
// the Task's Reticle and go back to it when the Task dies.
//
// Guard: books.
#pragma once

#include "kernel/object.h"

struct task;

// Makes the root table.
void space_make(struct task *task) REQUIRES_BOOKS;
// The entry for a page of the Task, or nullptr where there is no table. `number` is the
// address divided by the page size.
uint64_t *space_entry(struct task *task, uint64_t number) REQUIRES_BOOKS;
// The same, making the tables on the way.
[[nodiscard]] enum status space_entry_make(struct task *task, uint64_t number,
                                           uint64_t **entry) REQUIRES_BOOKS;
// Whether bytes that somebody named lie in user space at all.
static inline bool space_user(uint64_t address, uint64_t size) {
    return address >= USER_BASE && address < USER_TOP && size <= USER_TOP - address;
}
// Whether the Task itself can read (MAP_READ) or write (MAP_WRITE) all of them, and no device
// is there. Copies them to `bytes`, or from it, unless that is nullptr; a part if it fails.
bool space_reach(struct task *task, uint64_t address, void *bytes, uint64_t size,
                 uint32_t map_flags) REQUIRES_BOOKS;
// Frees a few tables; STEP_DONE once there are none.
enum step space_free(struct task *task) REQUIRES_BOOKS;
