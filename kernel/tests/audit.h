// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The audit of the kernel's books and its parts, on the host and in the machine.
#pragma once

#include "kernel/reticle.h"

#define audit(condition) check(condition)

struct task;

// Calls for every object that a Reticle pays for, and for all below it.
typedef void object_visit(struct object *object);
void audit_objects(struct reticle *reticle, object_visit *visit) REQUIRES_BOOKS;

// All of it: memory, capabilities, and threads as far as they stand still. Panics with a
// sentence at the first difference.
void audit_books(void) REQUIRES_BOOKS;

// Pages, accounts and free lists.
void audit_memory(void) REQUIRES_BOOKS;
// Capabilities, derivation trees, views and page tables.
void audit_capabilities(void) REQUIRES_BOOKS;
// One Reticle: its free lists and its account agree.
void audit_account(struct reticle *reticle) REQUIRES_BOOKS;
// Says that pages are in use; each may be claimed once.
void audit_claim(uint32_t frame, uint32_t count);
// Page tables of a Task: claims them, and says how many.
uint32_t audit_space_tables(const struct task *task) REQUIRES_BOOKS;
// The entry for a page, or where the way to it ends.
uint64_t audit_space_entry(struct phys root, uint64_t number);
// Threads: queues, sleepers, watches. `whole`: all harts stand still outside of the kernel.
// Otherwise the others go on, and only what this hart alone changes is looked at.
void audit_threads(bool whole) REQUIRES_BOOKS;
// Budgets, bindings and loans; only while all harts stand still outside of the kernel.
void audit_budgets(void) REQUIRES_BOOKS;
// One object by itself, whatever its class: its thing_check. Bounded, for every entry.
void audit_thing(const struct object *object) REQUIRES_BOOKS;
