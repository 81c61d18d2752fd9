// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Memory objects, and the views through which Tasks see Memory, Ring regions and
// device registers.
//
// A Memory is one contiguous extent. A view is a capability in the table of the Task
// that sees it, child of the capability it was made from: so `authority` lists every
// mapping, and revoking finds them. A revoked view becomes the zero page, read only,
// until its holder drops it: a bystander never faults because a peer went away.
//
// Writable and executable exclude each other per Memory: it counts its views of both
// kinds. Only the owner capability carries WRITE, and only into the Task that holds it.
//
// Guard: books.
#pragma once

#include "kernel/capability.h"

struct memory {
    struct object object;
    uint32_t frame, pages;
    uint32_t writable_views, executable_views;
    // Until this epoch some hart may still write: its TLB lets somebody, or it raises a watch
    // of the words that were here. 0: none.
    uint64_t quiet;
    uint64_t seen;        // until this epoch the TLB of some hart may show it; 0: none does
    bool traced;          // the tracer writes to it
    struct thread *words; // the thread whose words stand at its start (watch.h)
};
static_assert(sizeof(struct memory) <= OBJECT_CELL);

// The page that revoked views show, made at boot.
void memory_init(void);

// Carves Memory; its pages are not zero yet.
[[nodiscard]] enum status memory_carve(struct reticle *reticle, uint32_t pages, uint32_t align,
                                       struct memory **out) REQUIRES_BOOKS;
// Makes a Memory, never freed, out of pages that no Reticle has.
struct memory *memory_borrow(struct reticle *reticle, uint32_t frame,
                             uint32_t pages) REQUIRES_BOOKS;
void memory_detach(struct memory *memory) REQUIRES_BOOKS;
// Drops the owner capability of Memory together with it, at once, if it is that and nobody
// else has to do with it: no capability, no view, no TLB, no words, no
// death under way. False: nothing was done.
bool memory_drop(struct slot *owner) REQUIRES_BOOKS;
void memory_free(struct memory *memory) REQUIRES_BOOKS;

// Memory that changed hands for good: the Reticle of its new owner pays for it from now
// on. The slot is its only capability. NO_MEMORY if that cannot pay.
[[nodiscard]] enum status memory_take_over(struct slot *owner,
                                           struct reticle *payer) REQUIRES_BOOKS;

// Whether nobody can write to it any more but through so many writable views: not through
// a mapping that is gone, nor the kernel for a watch. Until then it stays with its owner.
bool memory_quiet(const struct memory *memory, uint32_t views) REQUIRES_BOOKS;

// The same, and no TLB shows it: nobody reads it either but through a view that is there.
bool memory_unseen(const struct memory *memory, uint32_t views) REQUIRES_BOOKS;

// What a view is to show.
struct extent {
    uint32_t frame, pages;
    bool device;
};
struct extent extent_of(const struct object *object) REQUIRES_BOOKS;

// Fills `slot`, of the Task's table, as a view with nothing mapped yet.
void view_begin(struct slot *slot, struct object *object, struct node *parent, uint64_t address,
                uint32_t offset, uint16_t access, uint16_t flags) REQUIRES_BOOKS;
// Maps further pages, at most as many as a step allows, until `pages` are there.
// STEP_DONE then; *status says why it cannot go on with STEP_WAIT.
enum step view_grow(struct task *task, struct slot *slot, uint32_t pages,
                    enum status *status) REQUIRES_BOOKS;
// Unmaps from the end; STEP_DONE when nothing is left and the slot is empty.
enum step view_shrink(struct task *task, struct slot *slot) REQUIRES_BOOKS;
// Turns so many pages of the view, at most, into the zero page. STEP_DONE: it is a tomb now;
// the caller takes it out of the tree.
enum step view_revoke_step(struct slot *slot, uint32_t most) REQUIRES_BOOKS;
// Forgets a view of a dying Task, whose tables go anyway.
void view_abandon(struct slot *slot) REQUIRES_BOOKS;
