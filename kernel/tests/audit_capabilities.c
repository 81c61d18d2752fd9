// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The audit of capabilities: each slot hangs in one derivation tree, each view is what
// the page tables show, and nothing else is mapped.
#include "kernel/bundle.h"
#include "kernel/check.h"
#include "kernel/memory.h"
#include "kernel/ring.h"
#include "kernel/task.h"
#include "kernel/tests/audit.h"
#include "kernel/thread.h"

constexpr uint32_t TABLE_ENTRIES = 512;
constexpr uint32_t USER_ENTRIES = USER_TOP >> 39;
constexpr uint32_t STEPS_MOST = 1 << 20;

static uint32_t slots_seen, nodes_seen; // in containers, and in trees
static uint32_t writable, executable;   // views of all Memory
static uint32_t counted_writable, counted_executable;
// Objects of the boot stand in no list: they are found through the capabilities to them.
static struct object *boot_objects[16];
static uint32_t boot_count;

static bool tagged(const struct node *node) {
    return ((uintptr_t)node & 1) != 0;
}

static struct node *untag(const struct node *node) {
    return (struct node *)((uintptr_t)node & ~(uintptr_t)1);
}

// ----------------------------------------------------------------- page tables

// Counts tables; claims them, or counts what they map.
static uint32_t tables_below(struct phys table, uint32_t level, uint32_t *leaves) {
    const uint64_t *entries = phys_to_virt(table);
    uint32_t count = 1, mapped = 0;
    if (leaves == nullptr) {
        audit_claim((uint32_t)(table.value >> PAGE_SHIFT), 1);
    }
    for (uint32_t i = 0; i < (level == 3 ? USER_ENTRIES : TABLE_ENTRIES); i++) {
        if (!arch_pte_present(entries[i])) {
            audit(entries[i] == 0);
        } else if (level == 0) {
            mapped++;
        } else {
            count += tables_below(arch_pte_phys(entries[i]), level - 1, leaves);
        }
    }
    if (leaves != nullptr) {
        *leaves += mapped;
    }
    return count;
}

uint32_t audit_space_tables(const struct task *task) {
    uint32_t frame = task->first_space, last = 0;
    for (uint32_t i = 0; i < task->spaces; i++, frame = page_entry(frame)->next) {
        last = frame;
        if (task->root.value == 0) {
            audit_claim(frame, 1); // they are being freed
        }
    }
    // The root came first, and stands last.
    bool whole = task->root.value != 0;
    audit(!whole || task->root.value == (uint64_t)last << PAGE_SHIFT);
    return whole ? tables_below(task->root, 3, nullptr) : task->spaces;
}

uint64_t audit_space_entry(struct phys root, uint64_t number) {
    struct phys table = root;
    for (uint32_t level = 3;; level--) {
        const uint64_t *entries = phys_to_virt(table);
        uint64_t entry = entries[number >> (9 * level) & 511];
        if (level == 0 || !arch_pte_present(entry)) {
            return entry;
        }
        table = arch_pte_phys(entry);
    }
}

static bool zeroes(struct phys page) {
    const uint64_t *words = phys_to_virt(page);
    for (uint32_t i = 0; i < PAGE_SIZE / sizeof *words; i++) {
        if (words[i] != 0) {
            return false;
        }
    }
    return true;
}

static void audit_view(const struct task *task, const struct slot *slot) REQUIRES_BOOKS {
    bool tomb = (slot->flags & SLOT_TOMB) != 0;
    // The entry of a half revoked view differs from page to page.
    for (uint32_t i = 0; i < slot->pages; i++) {
        uint64_t entry = audit_space_entry(task->root, (uint64_t)slot->address + i);
        audit(arch_pte_present(entry));
        if (tomb && i < slot->offset && !task_over(task)) {
            audit(entry == arch_pte_leaf(arch_pte_phys(entry), MAP_READ, false));
            audit(zeroes(arch_pte_phys(entry)));
        } else if (!tomb) {
            struct extent extent = extent_of(slot->object);
            audit(slot->offset + i < extent.pages);
            uint64_t frame = (uint64_t)extent.frame + slot->offset + i;
            audit(entry ==
                  arch_pte_leaf((struct phys){frame << PAGE_SHIFT}, slot->access, extent.device));
        }
    }
    bool counts = slot->node.prev != nullptr && slot->object->class == CLASS_MEMORY;
    writable += counts && (slot->access & MAP_WRITE) != 0;
    executable += counts && (slot->access & MAP_EXECUTE) != 0;
}

// ----------------------------------------------------------------------- slots

// Neighbours agree. That the way up ends at the slot's object is seen from there.
static void audit_node(const struct slot *slot) {
    const struct node *node = &slot->node;
    audit(tagged(node->prev) ? untag(node->prev)->first == node : node->prev->next == node);
    audit(tagged(node->next) ? untag(node->next)->last == node : node->next->prev == node);
    audit((node->first == nullptr) == (node->last == nullptr));
}

static void boot_object(struct object *object) {
    for (uint32_t i = 0; i < boot_count; i++) {
        if (boot_objects[i] == object) {
            return;
        }
    }
    check(boot_count < sizeof boot_objects / sizeof *boot_objects);
    boot_objects[boot_count++] = object;
}

static void audit_slot(const struct object *container, const struct slot *slot) REQUIRES_BOOKS {
    enum cap_class class = slot_class(slot);
    if (class == CLASS_NONE) {
        // One that was never filled holds what the page held before.
        bool fresh = slot_meta(slot) >> META_GENERATION_SHIFT == 1;
        audit(fresh || (slot->node.prev == nullptr && slot->object == nullptr));
        return;
    }
    audit(slot_container(slot) == container);
    bool whole_tomb = class == CLASS_VIEW && slot->node.prev == nullptr;
    audit(!whole_tomb || (slot->flags & SLOT_TOMB) != 0);
    if (!whole_tomb) {
        audit(class == CLASS_VIEW || slot->object->class == class);
        audit_node(slot);
        slots_seen++;
        if (slot->object->unlisted) {
            boot_object(slot->object);
        }
    }
    if (class == CLASS_VIEW) {
        audit(container->class == CLASS_TASK);
    }
    // Only the owner's capability carries the right to write.
    if (class == CLASS_MEMORY && (slot_rights(slot) & RIGHT_MEMORY_WRITE) != 0) {
        audit((slot->flags & SLOT_OWNER) != 0);
    }
}

static void audit_table(const struct task *task) REQUIRES_BOOKS {
    const struct table *table = &task->table;
    uint32_t used = 0, free = 0, mapped = 0, leaves = 0;
    if (task->object.phase == OBJECT_QUIET) {
        return; // all capabilities are gone, and the tables go page by page
    }
    for (uint32_t i = 0; i < table->pages * SLOTS_PER_PAGE; i++) {
        const struct slot *slot = &table->page[i / SLOTS_PER_PAGE][i % SLOTS_PER_PAGE];
        audit_slot(&task->object, slot);
        used += slot_class(slot) != CLASS_NONE;
        if (slot_class(slot) == CLASS_VIEW && task->root.value != 0) {
            audit_view(task, slot);
            mapped += slot->pages;
        }
    }
    audit(used == table->used);
    for (uint32_t i = table->free; i != TABLE_NIL; free++) {
        const struct slot *slot = &table->page[i / SLOTS_PER_PAGE][i % SLOTS_PER_PAGE];
        audit(slot_class(slot) == CLASS_NONE && free <= table->pages * SLOTS_PER_PAGE);
        i = slot->free;
    }
    audit(used + free == table->pages * SLOTS_PER_PAGE);
    if (task->root.value != 0) {
        (void)tables_below(task->root, 3, &leaves);
        // A dying Task forgets its views before its tables.
        audit(leaves == mapped || !object_live(&task->object));
    }
}

// ----------------------------------------------------------------------- trees

static void count_nodes(const struct object *object) {
    const struct node *root = &object->tree;
    const struct node *node = root->first;
    uint32_t steps = 0;
    while (node != nullptr && node != root) {
        audit(steps++ < STEPS_MOST);
        const struct slot *slot = slot_of((struct node *)node);
        audit(page_of(slot)->kind == PAGE_SLOTS && slot_class(slot) != CLASS_NONE);
        // Below another object hangs only a view of a peer's region.
        audit(slot->object == object || (slot->flags & SLOT_PEER) != 0);
        nodes_seen++;
        if (node->first != nullptr) {
            node = node->first;
            continue;
        }
        while (node != root && tagged(node->next)) {
            node = untag(node->next);
        }
        node = node == root ? root : node->next;
    }
}

static void visit(struct object *object) REQUIRES_BOOKS {
    audit_thing(object);
    switch (object->class) {
    case CLASS_TASK:
        audit_table((const struct task *)object);
        break;
    case CLASS_BUNDLE:
        for (uint32_t i = 0; i < BUNDLE_ENTRIES; i++) {
            audit_slot(object, &((const struct bundle *)object)->slots[i]);
        }
        break;
    case CLASS_RING: {
        const struct ring *ring = (const struct ring *)object;
        for (uint32_t i = 0; ring->flight != nullptr && i < SLOTS_PER_PAGE; i++) {
            audit_slot(object, &ring->flight[i]);
        }
        break;
    }
    case CLASS_MEMORY:
        counted_writable += ((const struct memory *)object)->writable_views;
        counted_executable += ((const struct memory *)object)->executable_views;
        audit(((const struct memory *)object)->words == nullptr ||
              ((const struct memory *)object)->words->words_memory == (struct memory *)object);
        break;
    default:
        break;
    }
    count_nodes(object);
}

void audit_capabilities(void) {
    slots_seen = nodes_seen = writable = executable = 0;
    counted_writable = counted_executable = 0;
    boot_count = 0;
    audit_objects(reticle_first(), visit);
    for (uint32_t i = 0; i < boot_count; i++) {
        visit(boot_objects[i]);
    }
    audit(slots_seen == nodes_seen);
    audit(writable == counted_writable && executable == counted_executable);
}
