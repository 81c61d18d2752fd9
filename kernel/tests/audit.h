// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The parts of the audit, for each other. See world.h.
#pragma once

#include "kernel/reticle.h"

// What stands in front of the sentence when an audit fails.
#define audit(condition) check(condition)

struct task;

// Calls for every object that a Reticle pays for, and for all below it.
typedef void object_visit(struct object *object);
void audit_objects(struct reticle *reticle, object_visit *visit) REQUIRES_BOOKS;

// Capabilities, derivation trees, views and page tables.
void audit_capabilities(void) REQUIRES_BOOKS;
// Says that pages are in use; each may be claimed once.
void audit_claim(uint32_t frame, uint32_t count);
// Page tables of a Task: claims them, and says how many.
uint32_t audit_space_tables(const struct task *task) REQUIRES_BOOKS;
// Threads: queues, sleepers, watches.
void audit_threads(void) REQUIRES_BOOKS;
