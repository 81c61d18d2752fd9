// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// What each syscall needs, written down once more and independently of the kernel's
// code, and the comparison of before and after. See rules.h.
#include "kernel/tests/rules.h"

#include <string.h>

#include "kernel/check.h"
#include "kernel/tests/audit.h"
#include "kernel/tests/world.h"

constexpr uint32_t PICTURE_MOST = 16384;
constexpr uint32_t OBJECTS_MOST = 4096;

// A capability as it was.
struct seen {
    const struct slot *slot;
    uint64_t meta;
    const struct object *object;
    uint16_t flags;
    bool marked; // must not resolve afterwards
};
struct rights_of {
    const struct object *object;
    uint32_t rights;
};
struct picture {
    struct seen seen[PICTURE_MOST];
    uint32_t count;
    struct rights_of all[OBJECTS_MOST]; // hashed by the object
    uint64_t digest;
};

static struct picture old, new;
static struct picture *target;
static struct task *caller;
static uint64_t number, arguments[6];
static bool allowed;

// --------------------------------------------------------------------- pictures

static struct rights_of *rights_entry(struct picture *picture, const struct object *object) {
    uint32_t at = (uint32_t)((uintptr_t)object / OBJECT_CELL * 2654435761u) % OBJECTS_MOST;
    while (picture->all[at].object != nullptr && picture->all[at].object != object) {
        at = (at + 1) % OBJECTS_MOST;
    }
    return &picture->all[at];
}

static void digest(uint64_t value) {
    target->digest = (target->digest ^ value) * 0x100000001b3;
    target->digest ^= target->digest >> 29;
}

static void see(const struct slot *slot) {
    uint64_t meta = slot_meta(slot);
    if ((meta & META_CLASS) == 0) {
        return;
    }
    check(target->count < PICTURE_MOST);
    target->seen[target->count++] = (struct seen){slot, meta, slot->object, slot->flags, false};
    digest((uint64_t)slot);
    digest(meta);
    digest((uint64_t)slot->object ^ (uint64_t)slot->flags << 48);
    if (slot_class(slot) != CLASS_VIEW) {
        struct rights_of *entry = rights_entry(target, slot->object);
        entry->object = slot->object;
        entry->rights |= slot_rights(slot);
    } else {
        digest((uint64_t)slot->address << 32 | slot->pages);
    }
}

static void visit(struct object *object) REQUIRES_BOOKS {
    digest((uint64_t)object + object->class);
    digest(object->phase);
    const struct task *task = (const struct task *)object;
    const struct ring *ring = (const struct ring *)object;
    uint32_t slots = 0;
    switch (object->class) {
    case CLASS_TASK:
        slots = task->table.pages * SLOTS_PER_PAGE;
        for (uint32_t i = 0; i < slots; i++) {
            see(&task->table.page[i / SLOTS_PER_PAGE][i % SLOTS_PER_PAGE]);
        }
        break;
    case CLASS_BUNDLE:
        digest(((const struct bundle *)object)->page->count);
        for (uint32_t i = 0; i < BUNDLE_ENTRIES; i++) {
            see(&((const struct bundle *)object)->slots[i]);
        }
        break;
    case CLASS_RING:
        digest((uint64_t)ring->peer ^ ring->generation << 50 ^ ring->sent);
        for (uint32_t i = 0; ring->flight != nullptr && i < SLOTS_PER_PAGE; i++) {
            see(&ring->flight[i]);
        }
        break;
    case CLASS_RETICLE:
        digest(((const struct reticle *)object)->total);
        break;
    default:
        break;
    }
}

static void take_picture(struct picture *picture) {
    target = picture;
    picture->count = 0;
    picture->digest = 0;
    memset(picture->all, 0, sizeof picture->all);
    lock_acquire(&books);
    audit_objects(reticle_first(), visit);
    lock_release(&books);
}

// ------------------------------------------------------------------ requirements

// The capability that a handle of the caller names, or nullptr.
static const struct slot *named(uint64_t handle) {
    uint64_t index = handle & HANDLE_SLOT_MASK;
    if (index >= (uint64_t)caller->table.pages * SLOTS_PER_PAGE) {
        return nullptr;
    }
    const struct slot *slot = &caller->table.page[index / SLOTS_PER_PAGE][index % SLOTS_PER_PAGE];
    bool same = slot_meta(slot) >> META_GENERATION_SHIFT == handle >> HANDLE_SLOT_BITS;
    return same && slot_class(slot) != CLASS_NONE ? slot : nullptr;
}

static bool has(uint64_t handle, enum cap_class class, uint32_t rights) {
    const struct slot *slot = named(handle);
    return slot != nullptr && slot_class(slot) == class && (slot_rights(slot) & rights) == rights;
}

static bool may_move(uint64_t handle, bool move) {
    const struct slot *slot = named(handle);
    uint32_t need = RIGHT_PASS | (move ? 0 : (uint32_t)RIGHT_COPY);
    return slot != nullptr && slot_class(slot) != CLASS_VIEW && (slot_rights(slot) & need) == need;
}

static bool own_or_fill(uint64_t handle) {
    if (handle == 0) {
        return true;
    }
    return has(handle, CLASS_TASK, RIGHT_TASK_FILL) &&
           ((const struct task *)named(handle)->object)->state == TASK_EMPTY;
}

static bool may_page(uint64_t handle) {
    return has(handle, CLASS_TASK, RIGHT_TASK_MAP) &&
           ((const struct task *)named(handle)->object)->state != TASK_EMPTY;
}

static bool may_map(const uint64_t *a) {
    uint32_t memory = RIGHT_MEMORY_READ;
    memory |= (a[5] & MAP_WRITE) != 0 ? (uint32_t)RIGHT_MEMORY_WRITE : 0;
    memory |= (a[5] & MAP_EXECUTE) != 0 ? (uint32_t)RIGHT_MEMORY_EXECUTE : 0;
    bool mappable =
        has(a[1], CLASS_MEMORY, memory) ||
        (has(a[1], CLASS_RING, RIGHT_RING_USE) && (a[5] & MAP_EXECUTE) == 0 && a[0] == 0) ||
        (has(a[1], CLASS_DEVICE, RIGHT_DEVICE_USE) && (a[5] & MAP_EXECUTE) == 0 && a[0] == 0);
    return mappable && (own_or_fill(a[0]) || may_page(a[0])) &&
           (a[5] & (MAP_WRITE | MAP_EXECUTE)) != (MAP_WRITE | MAP_EXECUTE);
}

struct need {
    enum cap_class class;
    uint32_t rights;
};

// Of the first argument; the rest is in `may`.
static const struct need needs[SYS_COUNT] = {
    [SYS_reticle_split] = {CLASS_RETICLE, RIGHT_RETICLE_CARVE},
    [SYS_reticle_grow] = {CLASS_RETICLE, RIGHT_RETICLE_GROW},
    [SYS_reticle_info] = {CLASS_RETICLE, RIGHT_INSPECT},
    [SYS_reticle_watch] = {CLASS_RETICLE, RIGHT_WATCH},
    [SYS_memory_carve] = {CLASS_RETICLE, RIGHT_RETICLE_CARVE},
    [SYS_memory_wipe] = {CLASS_MEMORY, RIGHT_MEMORY_WRITE},
    [SYS_device_port] = {CLASS_DEVICE, RIGHT_DEVICE_USE},
    [SYS_irq_watch] = {CLASS_IRQ, RIGHT_IRQ_USE},
    [SYS_irq_acknowledge] = {CLASS_IRQ, RIGHT_IRQ_USE},
    [SYS_task_carve] = {CLASS_RETICLE, RIGHT_RETICLE_CARVE},
    [SYS_task_start] = {CLASS_TASK, RIGHT_TASK_FILL},
    [SYS_task_watch] = {CLASS_TASK, RIGHT_WATCH},
    [SYS_task_info] = {CLASS_TASK, RIGHT_INSPECT},
    [SYS_task_stop] = {CLASS_TASK, RIGHT_TASK_STOP},
    [SYS_task_slot] = {CLASS_TASK, RIGHT_INSPECT},
    [SYS_thread_start] = {CLASS_THREAD, RIGHT_THREAD_START},
    [SYS_thread_watch] = {CLASS_THREAD, RIGHT_WATCH},
    [SYS_thread_registers] = {CLASS_TASK, RIGHT_TASK_DEBUG},
    [SYS_thread_fault] = {CLASS_TASK, RIGHT_TASK_DEBUG},
    [SYS_thread_control] = {CLASS_TASK, RIGHT_TASK_DEBUG},
    [SYS_thread_watchpoint] = {CLASS_TASK, RIGHT_TASK_DEBUG},
    [SYS_task_memory] = {CLASS_TASK, RIGHT_TASK_DEBUG},
    [SYS_ring_carve] = {CLASS_RETICLE, RIGHT_RETICLE_CARVE},
    [SYS_ring_bind] = {CLASS_RING, RIGHT_RING_BIND},
    [SYS_ring_watch] = {CLASS_RING, RIGHT_RING_USE},
    [SYS_ring_info] = {CLASS_RING, RIGHT_RING_USE},
    [SYS_ring_send] = {CLASS_RING, RIGHT_RING_USE},
    [SYS_ring_take] = {CLASS_RING, RIGHT_RING_USE},
    [SYS_doorbell] = {CLASS_RING, RIGHT_RING_USE},
    [SYS_doorbell_wait] = {CLASS_RING, RIGHT_RING_USE},
    [SYS_bundle_carve] = {CLASS_RETICLE, RIGHT_RETICLE_CARVE},
    [SYS_bundle_put] = {CLASS_BUNDLE, RIGHT_BUNDLE_FILL},
    [SYS_bundle_value] = {CLASS_BUNDLE, RIGHT_BUNDLE_FILL},
};

static bool may(const uint64_t *a) {
    if (number >= SYS_COUNT) {
        return false;
    }
    const struct need *need = &needs[number];
    if (need->class != CLASS_NONE && !has(a[0], need->class, need->rights)) {
        return false;
    }
    switch (number) {
    case SYS_handle_copy:
        return named(a[0]) != nullptr && slot_class(named(a[0])) != CLASS_VIEW &&
               (slot_rights(named(a[0])) & RIGHT_COPY) != 0;
    case SYS_handle_drop:
    case SYS_handle_info:
        return named(a[0]) != nullptr;
    case SYS_handle_revoke:
        return named(a[0]) != nullptr && slot_class(named(a[0])) != CLASS_VIEW;
    case SYS_reticle_grow:
        return has(a[1], CLASS_RETICLE, RIGHT_RETICLE_GROW);
    case SYS_memory_carve:
        return (a[3] & CARVE_CODE) == 0 || has(a[0], CLASS_RETICLE, RIGHT_RETICLE_CODE);
    case SYS_memory_map:
        return may_map(a);
    case SYS_task_start:
        return has(a[1], CLASS_BUNDLE, RIGHT_BUNDLE_FILL) &&
               has(a[2], CLASS_THREAD, RIGHT_THREAD_START) && own_or_fill(a[0]);
    case SYS_thread_carve:
        return own_or_fill(a[0]);
    case SYS_ring_bind:
        return has(a[1], CLASS_RING, RIGHT_RING_BIND);
    case SYS_ring_send:
        return may_move(a[2], a[4] != 0);
    case SYS_bundle_put:
        return may_move(a[3], a[5] != 0);
    case SYS_signal_wait:
        return a[3] == 0 || has(a[3], CLASS_RING, RIGHT_RING_USE);
    case SYS_futex_wait:
        return a[3] == 0 || has(a[3], CLASS_THREAD, 0);
    case SYS_budget_carve:
        return has(a[0], CLASS_RETICLE, RIGHT_RETICLE_CARVE) &&
               has(a[1], CLASS_BUDGET, RIGHT_BUDGET_SPLIT);
    case SYS_budget_bind:
        return (a[0] == 0 || has(a[0], CLASS_BUDGET, RIGHT_BUDGET_USE)) &&
               (a[1] == 0 || has(a[1], CLASS_THREAD, RIGHT_THREAD_START));
    case SYS_signal_words:
        return a[2] == 0 || has(a[0], CLASS_MEMORY, RIGHT_MEMORY_WRITE);
    case SYS_machine_control:
        return has(a[0], CLASS_MACHINE,
                   a[1] < MACHINE_QUIET ? RIGHT_MACHINE_POWER : RIGHT_MACHINE_CONSOLE);
    default:
        return true;
    }
}

// -------------------------------------------------------------- before and after

static void mark_slot(const struct slot *slot) {
    for (uint32_t i = 0; i < old.count; i++) {
        old.seen[i].marked |= old.seen[i].slot == slot;
    }
}

static void mark_below(const struct node *node) {
    const struct node *child = node->first;
    while (child != nullptr) {
        mark_slot(slot_of((struct node *)child));
        mark_below(child);
        child = ((uintptr_t)child->next & 1) != 0 ? nullptr : child->next;
    }
}

static void mark_object(struct object *object) {
    mark_below(&object->tree);
}

// What must not resolve any more when the syscall has succeeded.
static void mark_doomed(void) {
    const struct slot *slot = named(arguments[0]);
    if (slot == nullptr) {
        return;
    }
    if (number == SYS_handle_revoke) {
        mark_below(&slot->node);
    } else if (number == SYS_handle_drop && (slot->flags & SLOT_OWNER) != 0) {
        lock_acquire(&books);
        mark_object(slot->object);
        if (slot->object->class == CLASS_RETICLE) {
            audit_objects((struct reticle *)slot->object, mark_object);
        }
        lock_release(&books);
    } else if (number == SYS_handle_drop) {
        mark_slot(slot);
    }
}

void rules_before(struct task *task, uint64_t syscall, const uint64_t a[6]) {
    caller = task;
    number = syscall;
    memcpy(arguments, a, sizeof arguments);
    take_picture(&old);
    allowed = may(a);
    mark_doomed();
}

static bool creates(void) {
    switch (number) {
    case SYS_reticle_split:
    case SYS_memory_carve:
    case SYS_task_carve:
    case SYS_thread_carve:
    case SYS_ring_carve:
    case SYS_bundle_carve:
    case SYS_budget_carve:
    case SYS_ring_take: // Memory becomes an object of the taker's Reticle
        return true;
    default:
        return false;
    }
}

// Nobody reaches an object with more than somebody could before.
static void check_rights(const uint64_t *a) {
    const struct object *made = creates() && named(a[1]) != nullptr ? named(a[1])->object : nullptr;
    for (uint32_t i = 0; i < OBJECTS_MOST; i++) {
        const struct object *object = new.all[i].object;
        if (object != nullptr && object != made) {
            check((new.all[i].rights & ~rights_entry(&old, object)->rights) == 0);
        }
    }
}

static void check_copy(const uint64_t *a) {
    const struct slot *from = named(arguments[0]), *to = named(a[1]);
    check(from != nullptr && to != nullptr && from->object == to->object);
    uint32_t rights = slot_rights(from) & (uint32_t)arguments[1];
    rights &= slot_class(from) == CLASS_MEMORY ? ~(uint32_t)RIGHT_MEMORY_WRITE : UINT32_MAX;
    check(slot_class(from) == slot_class(to) && slot_rights(to) == rights);
    check((to->flags & SLOT_OWNER) == 0);
}

// A slot that is still what it was: of the same generation and no tomb. Its page may
// have got another use meanwhile.
static void check_doomed(void) {
    for (uint32_t i = 0; i < old.count; i++) {
        const struct seen *seen = &old.seen[i];
        bool slots = page_of(seen->slot)->kind == PAGE_SLOTS;
        check(!seen->marked || !slots || slot_meta(seen->slot) != seen->meta ||
              (slot_class(seen->slot) == CLASS_VIEW && (seen->slot->flags & SLOT_TOMB) != 0));
    }
}

// Whether a failure with this status may have changed something: what was skipped on
// the way to a message is dropped, and time may have passed for others.
static bool may_change(enum status status) {
    return number == SYS_ring_take || number == SYS_doorbell_wait || number == SYS_signal_wait ||
           number == SYS_futex_wait || status == WORLD_BLOCKED;
}

// New Memory is zero, whoever had it before.
static void check_zero(uint64_t handle) {
    const struct slot *slot = named(handle);
    check(slot != nullptr && slot_class(slot) == CLASS_MEMORY);
    const struct memory *memory = (const struct memory *)slot->object;
    const uint8_t *bytes = page_address(memory->frame);
    size_t size = (size_t)memory->pages << PAGE_SHIFT;
    check(bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0);
}

void rules_after(enum status status, const uint64_t a[6]) {
    check(status != STATUS_OK || allowed);
    check(status < STATUS_COUNT || status == WORLD_BLOCKED);
    take_picture(&new);
    check_rights(a);
    if (status == STATUS_OK) {
        check_doomed();
    } else if (!may_change(status)) {
        check(old.digest == new.digest);
    }
    if (status == STATUS_OK && number == SYS_memory_carve) {
        check_zero(a[1]);
    }
    if (status == STATUS_OK && number == SYS_handle_copy) {
        check_copy(a);
    }
}
