// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// What all kernel objects have in common: the Reticle that pays, the root of the
// derivation tree, and the way an object dies.
//
// Death. An object is destroyed when its owner capability is dropped, or when the
// Reticle it was carved from is. It is marked, put on the dying queue, and taken
// apart there in bounded steps by whoever has time: the thread that asked for it,
// idle harts, the timer. No step recurses: what dies with an object is put on the
// same queue; what waits for its children is on none until one of them is gone.
// The phases of one object:
//   1. DETACH  the class lets go of what it refers to (threads, peers, children)
//   2. REVOKE  every capability to it goes, every view becomes the zero page
//   3. QUIET   one epoch: every hart left the kernel and flushed its TLB
//   4. the storage goes back to the Reticle
//
// Guard: books, for all of it.
#pragma once

#include <stdint.h>

#include "abi/capability.h"
#include "kernel/lock.h"
#include "lib/list/list.h"

struct reticle;
struct thread;

// A node of a derivation tree: slots and, as the root, the object itself. `next` of
// the last sibling and `prev` of the first point to the parent, with bit 0 set.
struct node {
    struct node *first, *last; // children
    struct node *next, *prev;  // siblings
};

enum object_phase : uint8_t { OBJECT_LIVE, OBJECT_DETACH, OBJECT_REVOKE, OBJECT_QUIET };

struct object {
    enum cap_class class;
    enum object_phase phase;
    bool unlisted; // made at boot, in no Reticle's list: never dies
    uint8_t cells; // the header's storage: so many cells,
    uint8_t pages; // or whole pages
    struct node tree;
    struct reticle *reticle;  // pays for it
    struct link sibling;      // among the objects of the Reticle
    struct link dying;        // on a queue of dying objects; `next` is nullptr: on none
    struct thread *destroyer; // told when it is gone
    struct thread *revoker;   // is removing many capabilities: no copies are made meanwhile
    uint64_t epoch;           // QUIET until this one is reached
};

constexpr uint32_t OBJECT_CELL = 256; // bytes; small objects are cells, others whole pages

// What one step of a death achieved.
enum step : uint8_t { STEP_MORE, STEP_WAIT, STEP_DONE };

// A number that names the object while it lives: its place in memory, in cells.
static inline uint32_t object_number(const struct object *object) {
    return (uint32_t)(virt_to_phys(object).value / OBJECT_CELL);
}
static inline struct object *object_numbered(uint32_t number) {
    return phys_to_virt((struct phys){(uint64_t)number * OBJECT_CELL});
}

// How a header is stored: cells, or pages; the other is 0.
struct storage {
    uint8_t cells, pages;
};

// Initialises the header and enters the object into the Reticle's list.
void object_init(struct object *object, enum cap_class class, struct reticle *reticle,
                 struct storage storage) REQUIRES_BOOKS;
static inline struct object *sibling_object(struct link *sibling) {
    return LINK_OF(sibling, struct object, sibling);
}
// A small object that is made at boot and never dies; panics when there is no room.
void *object_boot(struct reticle *reticle, enum cap_class class) REQUIRES_BOOKS;
// Carves a small object of one cell, and the pages that belong to it. Neither is zero, but for
// the header.
[[nodiscard]] enum status object_carve(struct reticle *reticle, enum cap_class class,
                                       uint32_t pages, uint32_t align, uint32_t *frame,
                                       void **out) REQUIRES_BOOKS;
static inline bool object_live(const struct object *object) {
    return object->phase == OBJECT_LIVE;
}
// Whether a thread is revoking: one that has ended or was stopped on its way counts no more.
bool object_marked(const struct object *object) REQUIRES_BOOKS;
// Whether capabilities to it may be copied, passed and mapped.
static inline bool object_open(const struct object *object) REQUIRES_BOOKS {
    return object_live(object) && !object_marked(object);
}

// That thread revokes from now on, and nobody else.
void object_mark(struct object *object, struct thread *revoker) REQUIRES_BOOKS;

// The object needs one more epoch before it can go on dying: its step ends with STEP_WAIT.
void object_await(struct object *object) REQUIRES_BOOKS;
// One that it waited for is gone. A step that ended with STEP_WAIT, and no epoch, is taken
// again then.
void object_wake(struct object *object) REQUIRES_BOOKS;

// Marks the object and puts it on the dying queue; nothing if it is dying already.
void object_destroy(struct object *object) REQUIRES_BOOKS;

// Frees the header of an object that never lived or lives on elsewhere, at once. Only
// for classes that nobody looks up without the lock.
void object_discard(struct object *object) REQUIRES_BOOKS;

// Runs one step of the next object on the queue. STEP_DONE: the queue is empty;
// STEP_WAIT: all that is left waits for epoch *epoch; STEP_MORE otherwise.
enum step object_reap(uint64_t *epoch) REQUIRES_BOOKS;

// Whether an object is dying, at a glance, without the lock.
extern _Atomic bool object_dying;
static inline bool object_reap_needed(void) {
    return atomic_load_explicit(&object_dying, memory_order_relaxed);
}
// For idle harts and the timer, who do not wait for anything in particular: a step if there is
// work, nobody else of them is at it, and the lock is free. STEP_WAIT: it may go on when an
// epoch is reached.
enum step object_reap_idly(void);
