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
// Frees one table; STEP_DONE once even the root is gone.
enum step space_free(struct task *task) REQUIRES_BOOKS;
