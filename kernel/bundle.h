// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// A Bundle while it is filled: named capabilities and values. At task_start it is
// sealed: the capabilities move into the new Task's table, and the page that names them
// (abi/bundle.h) is mapped there, read only. The Bundle then belongs to that Task.
//
// Guard: books.
#pragma once

#include "abi/bundle.h"
#include "kernel/capability.h"

struct task;

struct bundle {
    struct object object;
    bool sealed;
    uint32_t used;            // bytes of values
    struct slot *slots;       // one for each entry that is a capability
    struct bundle_page *page; // BUNDLE_SIZE bytes, which the Task will see
};
static_assert(sizeof(struct bundle) <= OBJECT_CELL);
static_assert(BUNDLE_ENTRIES <= SLOTS_PER_PAGE);

struct bundle_name {
    char text[BUNDLE_NAME]; // padded with zeros
};

[[nodiscard]] enum status bundle_carve(struct reticle *reticle, struct bundle **out) REQUIRES_BOOKS;
// Whether an entry of that name can be added.
[[nodiscard]] enum status bundle_room(const struct bundle *bundle, const struct bundle_name *name,
                                      uint32_t bytes) REQUIRES_BOOKS;
// Adds a capability; room was asked for, and so was whether it may pass.
void bundle_put(struct bundle *bundle, const struct bundle_name *name, struct task *task,
                struct slot *from, uint32_t rights, bool move) REQUIRES_BOOKS;
void bundle_value(struct bundle *bundle, const struct bundle_name *name, const void *value,
                  uint32_t size) REQUIRES_BOOKS;
// Maps the Bundle's page into the Task, which has a slot reserved for the view.
[[nodiscard]] enum status bundle_map(struct bundle *bundle, struct task *task) REQUIRES_BOOKS;
// Moves everything into the Task, which has slots reserved, and writes the handles.
void bundle_seal(struct bundle *bundle, struct task *task) REQUIRES_BOOKS;
uint32_t bundle_capabilities(const struct bundle *bundle) REQUIRES_BOOKS;
// Whether all writable Memory in it is paid by that Reticle.
bool bundle_paid(const struct bundle *bundle, const struct reticle *payer) REQUIRES_BOOKS;
enum step bundle_detach(struct bundle *bundle) REQUIRES_BOOKS;
void bundle_free(struct bundle *bundle) REQUIRES_BOOKS;
