// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Capability slots, the derivation tree, and the table of a Task.
//
// A slot is 64 bytes and stands in a container: a Task's table, a Bundle, or the
// capabilities in flight of a Ring. One word of it carries generation, class and
// rights together, so a reader without the lock sees them whole. The slot's node
// hangs in the derivation tree of its object: the object is the root, a copy is a
// child of its source. Removing a slot hands its children to its parent, in
// constant time: so revoking is popping children until there are none, without
// recursion, and a capability that is given back takes nothing from others.
//
// Guard: books, except that look-up reads `meta` and `object` without it: a slot
// that is emptied gets its new generation first, and its object stays in memory
// until every hart has left the kernel.
#pragma once

#include <stdatomic.h>

#include "kernel/check.h"
#include "kernel/object.h"
#include "kernel/page.h"

struct task;

constexpr uint32_t SLOT_SIZE = 64;
constexpr uint32_t SLOTS_PER_PAGE = PAGE_SIZE / SLOT_SIZE;
constexpr uint32_t META_GENERATION_SHIFT = HANDLE_SLOT_BITS;
constexpr uint32_t META_CLASS_SHIFT = 15;
constexpr uint64_t META_RIGHTS = RIGHT_ALL;
constexpr uint64_t META_CLASS = UINT64_C(31) << META_CLASS_SHIFT;
static_assert((META_CLASS | META_RIGHTS) + 1 == UINT64_C(1) << META_GENERATION_SHIFT);

enum slot_flag : uint16_t {
    SLOT_OWNER = 1 << 0,   // dropping it destroys the object
    SLOT_TOMB = 1 << 1,    // was revoked; a view shows the zero page, in flight it says so
    SLOT_PEER = 1 << 2,    // a view of a peer's region
    SLOT_GUARDED = 1 << 3, // a view that the kernel made: the Bundle's page
};

struct slot {
    _Atomic uint64_t meta; // generation 44, class 5, rights 15; class 0: empty
    struct object *object;
    struct node node;
    uint16_t flags;
    uint16_t access; // a view: map_flag
    union {
        uint32_t address; // a view: first page number in the Task's space
        uint32_t free;    // empty: index of the next free slot of the table
    };
    union {
        struct {
            uint32_t offset; // a view: first page of the object; a tomb: pages already zeroed
            uint32_t pages;  // a view: how many are mapped
        };
        uint64_t sequence; // in flight: the message it came with
    };
};
static_assert(sizeof(struct slot) == SLOT_SIZE);

static inline uint64_t slot_meta(const struct slot *slot) {
    return atomic_load_explicit(&((struct slot *)slot)->meta, memory_order_acquire);
}
static inline enum cap_class slot_class(const struct slot *slot) {
    return (enum cap_class)((slot_meta(slot) & META_CLASS) >> META_CLASS_SHIFT);
}
static inline uint32_t slot_rights(const struct slot *slot) {
    return (uint32_t)(slot_meta(slot) & META_RIGHTS);
}
static inline enum cap_class meta_class(uint64_t meta) {
    return (enum cap_class)((meta & META_CLASS) >> META_CLASS_SHIFT);
}
static inline struct slot *slot_of(struct node *node) {
    return (struct slot *)((uint8_t *)node - offsetof(struct slot, node));
}

// ------------------------------------------------------------ derivation tree
void tree_insert(struct node *parent, struct node *child) REQUIRES_BOOKS;
void tree_remove(struct node *node) REQUIRES_BOOKS; // its children go to its parent
// The node takes over the place of another one, children included. Its caller keeps what it has
// in registers, since it seldom calls.
[[clang::preserve_most]] void tree_replace(struct node *to, struct node *from) REQUIRES_BOOKS;
static inline struct node *node_untag(struct node *node) {
    return (struct node *)((uintptr_t)node & ~(uintptr_t)1);
}
// Removes at most so many descendants; each part of a view counts for 4. STEP_DONE: there is
// none left.
enum step tree_prune(struct node *node, uint32_t most) REQUIRES_BOOKS;

// ----------------------------------------------------------------------- slots
// Gives an empty slot its content and enters it into the tree below parent.
void slot_fill(struct slot *slot, struct object *object, enum cap_class class, uint32_t rights,
               uint16_t flags, struct node *parent) REQUIRES_BOOKS;
// The next generation, empty; what the slot says from now on. At the last one the slot is
// retired: it keeps a generation that no handle has, for ever.
static inline uint64_t slot_renew(struct slot *slot, uint64_t meta) REQUIRES_BOOKS {
    meta = (meta | (META_CLASS | META_RIGHTS)) + 1;
    atomic_store_explicit(&slot->meta, meta, memory_order_release);
    // A reader that saw the old word may still read the object: it stays valid for
    // the epoch, and the reader looks at the word again.
    atomic_thread_fence(memory_order_release);
    slot->object = nullptr;
    slot->flags = 0;
    return meta;
}
// Moves content, with those of its rights, place in the tree and children to an empty slot. The
// number is that of the message it is beside. What the slot says from now on, for a handle to it
// and for what it holds. The source, which said `meta`, must then be renewed and freed.
[[gnu::always_inline]] static inline uint64_t slot_move(struct slot *to, struct slot *from,
                                                        uint64_t meta, uint32_t rights,
                                                        uint64_t sequence) REQUIRES_BOOKS {
    uint64_t place = slot_meta(to);
    check((place & (META_CLASS | META_RIGHTS)) == 0);
    place |= meta & (META_CLASS | rights);
    to->object = from->object;
    // Flags, access and what else is in that word, which is no view's.
    static_assert(offsetof(struct slot, sequence) - offsetof(struct slot, flags) == 8);
    __builtin_memcpy(&to->flags, &from->flags, 8);
    to->sequence = sequence;
    struct node *parent = from->node.prev;
    // Alone, without children.
    if (parent == from->node.next && from->node.first == nullptr) [[clang::likely]] {
        to->node = (struct node){.next = parent, .prev = parent};
        node_untag(parent)->first = node_untag(parent)->last = &to->node;
    } else {
        tree_replace(&to->node, &from->node);
    }
    from->node.prev = nullptr; // it hangs in no tree any more
    atomic_store_explicit(&to->meta, place, memory_order_release);
    return place;
}
// Empties a slot of whatever container, telling the container.
void slot_clear(struct slot *slot) REQUIRES_BOOKS;
// The same where the caller tells it.
void slot_empty(struct slot *slot) REQUIRES_BOOKS;
// The same with one whose holder is dying: an object that it owned dies.
void slot_drop(struct slot *slot) REQUIRES_BOOKS;
// A page of empty slots for a container, each linked to the next; the first one's index.
[[nodiscard]] enum status slot_page(struct reticle *reticle, const struct object *container,
                                    uint32_t first, struct slot **out) REQUIRES_BOOKS;
void slot_page_return(struct reticle *reticle, const struct slot *slots) REQUIRES_BOOKS;
struct object *slot_container(const struct slot *slot);

// ----------------------------------------------------------------- Task tables
constexpr uint32_t TABLE_PAGES = 256; // 16384 capabilities for a Task
constexpr uint32_t TABLE_SLOTS = TABLE_PAGES * SLOTS_PER_PAGE;
constexpr uint32_t TABLE_NIL = UINT32_MAX;

struct table {
    uint32_t free;  // first free slot
    uint32_t pages; // pages there are
    uint32_t used;
    struct slot *page[TABLE_PAGES];
};

// The page of a slot below TABLE_SLOTS, or nullptr.
static inline struct slot *table_page(const struct table *table, uint32_t index) {
    return atomic_load_explicit((_Atomic(struct slot *) *)&table->page[index / SLOTS_PER_PAGE],
                                memory_order_acquire);
}

// A slot by its index, or nullptr.
static inline struct slot *table_at(const struct table *table, uint32_t index) {
    struct slot *page = index >= TABLE_SLOTS ? nullptr : table_page(table, index);
    return page == nullptr ? nullptr : &page[index % SLOTS_PER_PAGE];
}

// Makes sure that `count` slots can be taken without failing.
[[nodiscard]] enum status table_reserve(struct task *task, uint32_t count) REQUIRES_BOOKS;
// Takes the first free slot, which is that one.
static inline void table_pop_first(struct table *table, const struct slot *slot) REQUIRES_BOOKS {
    table->free = slot->free;
    table->used++;
}
// Takes a free slot; one was reserved. It counts as used once it is filled.
struct slot *table_take(struct task *task) REQUIRES_BOOKS;
static inline struct slot *table_pop(struct table *table) REQUIRES_BOOKS {
    struct slot *slot = table_at(table, table->free);
    check(slot != nullptr);
    table_pop_first(table, slot);
    return slot;
}
void table_free(struct task *task, struct slot *slot) REQUIRES_BOOKS; // an empty one
// The same, where its index and what it says are known.
[[gnu::always_inline]] static inline void table_put(struct table *table, struct slot *slot,
                                                    uint64_t meta, uint32_t index) REQUIRES_BOOKS {
    check((meta & META_CLASS) == 0);
    if (meta >> META_GENERATION_SHIFT != 0) { // otherwise it is retired: used for ever
        slot->free = table->free;
        table->free = index;
        table->used--;
    }
}
// The index of a slot in a page. The page's entry holds the page's place in the window in
// `next`: it is in no list.
static inline uint32_t table_place(const struct table *table, const struct page *page,
                                   const struct slot *slot) REQUIRES_BOOKS {
    const struct slot *first = (const struct slot *)((uint64_t)slot & ~(PAGE_SIZE - 1));
    check(page->next < table->pages && table->page[page->next] == first);
    return page->next * SLOTS_PER_PAGE + (uint32_t)(slot - first);
}
uint32_t table_index(const struct task *task, const struct slot *slot) REQUIRES_BOOKS;
uint64_t table_handle(const struct task *task, const struct slot *slot) REQUIRES_BOOKS;
struct slot *table_slot(struct task *task, uint32_t index);
// The slot that a handle names, and the word that says what it holds; nullptr: none does.
static inline struct slot *table_find(const struct table *table, uint64_t handle, uint64_t *meta) {
    struct slot *slot = table_at(table, (uint32_t)(handle & HANDLE_SLOT_MASK));
    if (slot == nullptr) {
        return nullptr;
    }
    *meta = slot_meta(slot);
    bool empty = (*meta & META_CLASS) == 0;
    return (*meta ^ handle) >> HANDLE_SLOT_BITS != 0 || empty ? nullptr : slot;
}

// Whether the slot is what a handle names, of that class and with all the rights.
static inline bool meta_matches(uint64_t meta, uint64_t handle, enum cap_class class,
                                uint32_t rights) {
    uint64_t want = (handle & ~HANDLE_SLOT_MASK) | (uint64_t)class << META_CLASS_SHIFT | rights;
    return (meta & (~META_RIGHTS | rights)) == want;
}

// The one way from a handle to an object: class and all the rights, or a status.
// Needs no lock; the object stays in memory until this hart leaves the kernel, but
// who changes the books must still ask object_live under the lock.
[[nodiscard]] enum status lookup(struct task *task, uint64_t handle, enum cap_class class,
                                 uint32_t rights, struct object **out);
// The same, where all is as it should be; nullptr: lookup_fails says what is wrong.
static inline struct object *lookup_quick(const struct table *table, uint64_t handle,
                                          enum cap_class class, uint32_t rights) {
    const struct slot *slot = table_at(table, (uint32_t)(handle & HANDLE_SLOT_MASK));
    if (slot == nullptr) {
        return nullptr;
    }
    uint64_t meta = slot_meta(slot);
    if (!meta_matches(meta, handle, class, rights)) {
        return nullptr;
    }
    struct object *object =
        atomic_load_explicit((_Atomic(struct object *) *)&slot->object, memory_order_relaxed);
    // If the slot changed while it was read, the object may be another's.
    atomic_thread_fence(memory_order_acquire);
    return slot_meta(slot) == meta ? object : nullptr;
}
[[nodiscard]] enum status lookup_fails(struct task *task, uint64_t handle, enum cap_class class,
                                       uint32_t rights);
// The slot itself, of any class, live object included.
[[nodiscard]] enum status lookup_slot(struct task *task, uint64_t handle,
                                      struct slot **out) REQUIRES_BOOKS;
// Both: slot of that class and rights, its object live.
[[nodiscard]] enum status lookup_class(struct task *task, uint64_t handle, enum cap_class class,
                                       uint32_t rights, struct slot **out) REQUIRES_BOOKS;

// Fills `to` with a child of `from`: rights narrowed, never WRITE on Memory.
void capability_copy(struct slot *from, uint32_t rights, struct slot *to) REQUIRES_BOOKS;
// Whether nothing that uses a Ring end or writable Memory would stay behind.
bool capability_may_leave(const struct slot *from) REQUIRES_BOOKS;
// Whether a capability may leave its table as asked; move: else a copy. No view has PASS.
[[nodiscard]] enum status capability_may_pass(const struct slot *from, uint64_t meta,
                                              bool move) REQUIRES_BOOKS;
// What is used where it is, if anything is: writable Memory and Ring ends, which are all that
// there is from the one to the other.
static inline bool meta_used(uint64_t meta) {
    constexpr uint64_t WRITABLE = CLASS_MEMORY << META_CLASS_SHIFT | RIGHT_MEMORY_WRITE;
    constexpr uint64_t RINGS = CLASS_RING << META_CLASS_SHIFT | RIGHT_MEMORY_WRITE;
    return (meta & (META_CLASS | RIGHT_MEMORY_WRITE)) - WRITABLE <= RINGS - WRITABLE;
}
static_assert(CLASS_RING == CLASS_MEMORY + 1);
// Whether it may, either way, at a glance; otherwise capability_may_pass says. It is neither
// empty, nor a view, nor a Ring end.
static inline bool capability_plain(const struct slot *from, uint64_t meta) REQUIRES_BOOKS {
    constexpr uint64_t NEED = RIGHT_PASS | RIGHT_COPY;
    const struct object *object = from->object;
    return (meta & NEED) == NEED && !meta_used(meta) && object_live(object) &&
           object->revoker == nullptr;
}
// Carries it over into an empty slot of another container.
void capability_pass(struct task *task, struct slot *from, struct slot *to, uint32_t rights,
                     bool move) REQUIRES_BOOKS;
