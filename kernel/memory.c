// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Memory objects and views. See memory.h.
#include "kernel/memory.h"

#include "kernel/bundle.h"
#include "kernel/check.h"
#include "kernel/device.h"
#include "kernel/epoch.h"
#include "kernel/reticle.h"
#include "kernel/ring.h"
#include "kernel/schedule.h"
#include "kernel/space.h"
#include "kernel/task.h"
#include "kernel/trace.h"

// Pages of a view that one entry maps or unmaps: bounds the time with interrupts off.
constexpr uint32_t VIEW_STEP = 64;

static struct phys zero_page;

void memory_init(void) {
    zero_page = boot_alloc(1);
}

// All behind the header.
static void memory_fill(struct memory *memory, uint32_t frame, uint32_t pages) {
    memory->frame = frame;
    memory->pages = pages;
    memory->writable_views = memory->executable_views = 0;
    memory->quiet = memory->seen = 0;
    memory->traced = false;
    memory->words = nullptr;
}

enum status memory_carve(struct reticle *reticle, uint32_t pages, uint32_t align,
                         struct memory **out) {
    uint32_t frame;
    void *cell;
    enum status status = object_carve(reticle, CLASS_MEMORY, pages, align, &frame, &cell);
    if (status == STATUS_OK) {
        memory_fill(cell, frame, pages);
        *out = cell;
    }
    return status;
}

struct memory *memory_borrow(struct reticle *reticle, uint32_t frame, uint32_t pages) {
    struct memory *memory = object_boot(reticle, CLASS_MEMORY);
    memory->frame = frame;
    memory->pages = pages;
    return memory;
}

// The words that stand here serve no more: their bit says only that something came.
void memory_detach(struct memory *memory) {
    if (memory->traced) {
        trace_end(memory);
    }
    if (memory->words != nullptr) {
        watch_words(memory->words, memory->words->words & 63, nullptr, 0);
    }
}

void memory_free(struct memory *memory) {
    check(memory->words == nullptr);
    check(memory->writable_views == 0 && memory->executable_views == 0);
    reticle_return(memory->object.reticle, CHARGE_OBJECT, memory->frame, memory->pages);
}

bool memory_drop(struct slot *owner) {
    struct memory *memory = (struct memory *)owner->object;
    if (slot_class(owner) != CLASS_MEMORY || !object_live(&memory->object) ||
        owner->node.first != nullptr || !memory_unseen(memory, 0)) {
        return false; // nobody looks Memory up without the lock: an epoch is for no more
    }
    slot_clear(owner);
    memory_free(memory);
    object_discard(&memory->object);
    return true;
}

enum status memory_take_over(struct slot *owner, struct reticle *payer) {
    struct memory *old = (struct memory *)owner->object;
    struct reticle *former = old->object.reticle;
    if (former == payer) {
        return STATUS_OK;
    }
    check(owner->node.first == nullptr && old->object.destroyer == nullptr);
    check(old->words == nullptr && !old->traced);
    void *cell;
    enum status status = reticle_take_cells(payer, 1, &cell);
    if (status != STATUS_OK) {
        return status;
    }
    if (!reticle_exchange(former, payer, old->pages)) {
        reticle_return_cells(payer, cell, 1);
        return STATUS_NO_MEMORY;
    }
    struct memory *memory = cell;
    memory_fill(memory, old->frame, old->pages);
    memory->quiet = old->quiet;
    memory->seen = old->seen;
    object_init(&memory->object, CLASS_MEMORY, payer, (struct storage){.cells = 1});
    tree_remove(&owner->node);
    tree_insert(&memory->object.tree, &owner->node);
    owner->object = &memory->object;
    object_discard(&old->object);
    return STATUS_OK;
}

struct extent extent_of(const struct object *object) {
    if (object->class == CLASS_MEMORY) {
        const struct memory *memory = (const struct memory *)object;
        return (struct extent){memory->frame, memory->pages, false};
    }
    if (object->class == CLASS_RING) {
        const struct ring *ring = (const struct ring *)object;
        return (struct extent){ring->frame, ring->pages, false};
    }
    if (object->class == CLASS_BUNDLE) {
        const struct bundle *bundle = (const struct bundle *)object;
        return (struct extent){page_frame(bundle->page), BUNDLE_SIZE >> PAGE_SHIFT, false};
    }
    check(object->class == CLASS_DEVICE); // nothing else can be seen through a view
    const struct device *device = (const struct device *)object;
    return (struct extent){(uint32_t)(device->base >> PAGE_SHIFT),
                           (uint32_t)(device->size >> PAGE_SHIFT), true};
}

static bool passed(uint64_t epoch) {
    if (epoch == epoch_next()) {
        (void)epoch_request(); // nobody else needed it yet
    }
    return epoch_reached(epoch);
}

bool memory_quiet(const struct memory *memory, uint32_t views) {
    return memory->words == nullptr && !memory->traced && memory->writable_views == views &&
           (memory->quiet == 0 || passed(memory->quiet));
}

bool memory_unseen(const struct memory *memory, uint32_t views) {
    return memory_quiet(memory, views) && (memory->seen == 0 || passed(memory->seen));
}

// A view of the Task goes: its other threads may run on other harts.
static void seen_begin(const struct slot *slot, const struct task *task) REQUIRES_BOOKS {
    if (slot->object->class == CLASS_MEMORY && task_elsewhere(task)) {
        struct memory *memory = (struct memory *)slot->object;
        memory->seen = epoch_next();
        memory->quiet = (slot->access & MAP_WRITE) != 0 ? memory->seen : memory->quiet;
    }
}

static void count_views(struct slot *slot, uint32_t by) REQUIRES_BOOKS {
    uint32_t writable = (slot->access & MAP_WRITE) != 0 ? by : 0;
    if (slot->object->class == CLASS_RING) {
        ((struct ring *)slot->object)->writable_views += writable;
    } else if (slot->object->class == CLASS_MEMORY) {
        struct memory *memory = (struct memory *)slot->object;
        memory->writable_views += writable;
        memory->executable_views += (slot->access & MAP_EXECUTE) != 0 ? by : 0;
    }
}

// A view of the Task shows its object no more.
static void view_end(struct slot *slot, const struct task *task) REQUIRES_BOOKS {
    seen_begin(slot, task);
    count_views(slot, UINT32_MAX); // one less
    if (slot->object->class == CLASS_RING) {
        ring_view_gone((struct ring *)slot->object, slot);
    }
}

void view_begin(struct slot *slot, struct object *object, struct node *parent, uint64_t address,
                uint32_t offset, uint16_t access, uint16_t flags) {
    slot_fill(slot, object, CLASS_VIEW, RIGHT_INSPECT, flags, parent);
    slot->access = access;
    slot->address = (uint32_t)(address >> PAGE_SHIFT);
    slot->offset = offset;
    slot->pages = 0;
    count_views(slot, 1);
}

enum step view_grow(struct task *task, struct slot *slot, uint32_t pages, enum status *status) {
    if ((slot->flags & SLOT_TOMB) != 0) {
        *status = STATUS_BUSY; // revoked while it was made
        return STEP_WAIT;
    }
    struct extent extent = extent_of(slot->object);
    uint64_t *entry = nullptr;
    for (uint32_t i = 0; i < VIEW_STEP; i++) {
        if (slot->pages == pages) {
            arch_pte_sync();
            return STEP_DONE;
        }
        uint64_t number = (uint64_t)slot->address + slot->pages;
        if (entry == nullptr || number % (PAGE_SIZE / sizeof *entry) == 0) {
            *status = space_entry_make(task, number, &entry);
            if (*status != STATUS_OK) {
                return STEP_WAIT;
            }
        }
        if (*entry != 0) {
            *status = STATUS_EXISTS;
            return STEP_WAIT;
        }
        uint64_t frame = (uint64_t)extent.frame + slot->offset + slot->pages;
        if ((slot->access & MAP_EXECUTE) != 0) {
            arch_code_sync(page_address((uint32_t)frame), PAGE_SIZE);
            i += 3; // of a step's worth
        }
        *entry = arch_pte_leaf((struct phys){frame << PAGE_SHIFT}, slot->access, extent.device);
        entry++;
        slot->pages++;
    }
    return STEP_MORE;
}

enum step view_shrink(struct task *task, struct slot *slot) {
    for (uint32_t i = 0; i < VIEW_STEP && slot->pages != 0; i++) {
        slot->pages--;
        uint64_t number = (uint64_t)slot->address + slot->pages;
        uint64_t *entry = space_entry(task, number);
        check(entry != nullptr);
        *entry = 0;
        arch_tlb_flush_page(number << PAGE_SHIFT);
    }
    arch_pte_sync();
    task_unmapped(task);
    if (slot->pages != 0) {
        return STEP_MORE;
    }
    view_abandon(slot);
    return STEP_DONE;
}

enum step view_revoke_step(struct slot *slot, uint32_t most) {
    struct task *task = (struct task *)slot_container(slot);
    check(task->object.class == CLASS_TASK);
    if ((slot->flags & SLOT_TOMB) == 0) {
        slot->flags |= SLOT_TOMB;
        slot->offset = 0; // from now on: how many pages are zero already
    }
    // Nobody looks at the memory of an ended Task any more: its tables go as they are.
    if (task_over(task)) {
        slot->offset = slot->pages;
    }
    uint64_t zero = arch_pte_leaf(zero_page, MAP_READ, false);
    for (uint32_t i = 0; i < most && slot->offset < slot->pages; i++) {
        uint64_t number = (uint64_t)slot->address + slot->offset;
        uint64_t *entry = space_entry(task, number);
        check(entry != nullptr);
        *entry = 0;
        arch_pte_sync();
        arch_tlb_break_page(number << PAGE_SHIFT);
        *entry = zero;
        slot->offset++;
    }
    arch_pte_sync();
    task_unmapped(task);
    if (slot->offset < slot->pages) {
        return STEP_MORE;
    }
    view_end(slot, task);
    return STEP_DONE;
}

void view_abandon(struct slot *slot) {
    // Out of the tree it is a whole tomb, whose object may be gone.
    if (slot->node.prev != nullptr) {
        view_end(slot, (const struct task *)slot_container(slot));
    }
    slot_clear(slot);
}
