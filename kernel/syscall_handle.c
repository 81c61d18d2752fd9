// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Syscalls on any capability: copy, drop, revoke, ask; and facts of the system.
#include "kernel/bundle.h"
#include "kernel/check.h"
#include "kernel/device.h"
#include "kernel/epoch.h"
#include "kernel/memory.h"
#include "kernel/reticle.h"
#include "kernel/ring.h"
#include "kernel/schedule.h"
#include "kernel/syscall.h"
#include "kernel/trace.h"

// Steps of a long operation in one entry; then the thread may be interrupted.
constexpr uint32_t STEPS = 5;

// Of time, and of a hart.
[[gnu::noinline]] static enum status system_info_rest(uint64_t topic, uint64_t *a) {
    if (topic == 1) {
        a[1] = arch_time_now();
        a[2] = arch_clock.frequency;
        a[3] = a[4] = 0;
        return STATUS_OK;
    }
    if (topic - 2 >= harts_online()) {
        return hook_info(topic, a);
    }
    const struct hart *hart = hart_at((uint32_t)(topic - 2));
    a[1] = hart->idle_ns;
    a[2] = hart->switches;
    a[3] = hart->interrupts;
    a[4] = atomic_load_explicit(&hart->idle, memory_order_relaxed);
    return STATUS_OK;
}

enum status sys_system_info(struct thread *, void *, uint64_t *a) {
    if (a[0] != 0) {
        return system_info_rest(a[0], a);
    }
    a[1] = ABI_VERSION;
    a[2] = PAGE_SIZE;
    a[3] = harts_online();
    a[4] = thread_object_size();
    return STATUS_OK;
}

enum status sys_handle_copy(struct thread *self, void *, uint64_t *a) {
    struct table *table = &self->task->table;
    uint64_t meta;
    struct slot *from = table_find(table, a[0], &meta);
    if (from == nullptr) {
        return STATUS_BAD_HANDLE;
    }
    if (meta_class(meta) == CLASS_VIEW) {
        return STATUS_BAD_CLASS;
    }
    if ((meta & RIGHT_COPY) == 0) {
        return STATUS_ACCESS;
    }
    if (!object_open(from->object)) {
        return STATUS_BUSY;
    }
    if (table->free == TABLE_NIL) {
        enum status status = table_reserve(self->task, 1);
        if (status != STATUS_OK) {
            return status;
        }
    }
    // Point of no return.
    uint32_t index = table->free;
    struct slot *to = table_pop(table);
    capability_copy(from, (uint32_t)a[1] & RIGHT_ALL, to);
    a[1] = (slot_meta(to) & ~HANDLE_SLOT_MASK) | index;
    return STATUS_OK;
}

// Goes on with a destruction until the object is gone, this entry's share is used up, or
// all that is left waits for an epoch.
static enum status destroy_go_on(struct thread *self) {
    uint64_t epoch = 0;
    enum step step = STEP_MORE;
    lock_acquire(&books);
    // When it was its own Task that went, nothing of it is touched any more.
    bool running = true;
    for (uint32_t i = 0; running && i < STEPS && self->destroying != nullptr && step == STEP_MORE;
         i++) {
        step = object_reap(&epoch);
        running = thread_state_of(self) == THREAD_RUNNING;
    }
    bool gone = running && self->destroying == nullptr;
    lock_release(&books);
    if (!running) {
        return STATUS_BLOCKED;
    }
    if (gone) {
        return STATUS_OK;
    }
    if (step == STEP_WAIT) {
        thread_await_epoch(self, epoch);
    }
    return STATUS_RESTART;
}

[[gnu::noinline]] static enum status drop_view(struct thread *self,
                                               struct slot *slot) REQUIRES_BOOKS {
    struct task *task = self->task;
    if ((slot->flags & SLOT_GUARDED) != 0) {
        return STATUS_ACCESS; // the Bundle's page stays
    }
    uint32_t pages = slot->pages;
    uint64_t from = (uint64_t)slot->address << PAGE_SHIFT;
    uint64_t to = from + ((uint64_t)pages << PAGE_SHIFT);
    // Before the view is gone step by step: who sleeps in what is left of it wakes now.
    bool more = futex_cancel(task, from, to) == FUTEX_BATCH || view_shrink(task, slot) != STEP_DONE;
    if (!more && !task_elsewhere(task)) {
        return STATUS_OK;
    }
    if (!self->unfinished.active) {
        self->unfinished.pages = pages;
    }
    if (more) {
        return STATUS_RESTART;
    }
    self->epoch = epoch_request();
    self->unfinished.mapping = from;
    return STATUS_OK;
}

// What is left to do then stands in the thread: an epoch to wait for, or an object that dies.
static inline enum status drop_locked(struct thread *self, uint64_t handle) REQUIRES_BOOKS {
    struct table *table = &self->task->table;
    uint64_t meta;
    struct slot *slot = table_find(table, handle, &meta);
    self->epoch = 0;
    if (slot == nullptr) {
        return STATUS_BAD_HANDLE;
    }
    if (meta_class(meta) == CLASS_VIEW) {
        return drop_view(self, slot);
    }
    // Point of no return.
    struct object *object = slot->object;
    bool owner = (slot->flags & SLOT_OWNER) != 0;
    if (owner) {
        trace(TRACE_DESTROY, object_number(object), 0);
        if (memory_drop(slot)) {
            return STATUS_OK;
        }
    }
    slot_empty(slot);
    table_put(table, slot, slot_meta(slot), (uint32_t)(handle & HANDLE_SLOT_MASK));
    if (owner) {
        self->destroying = object;
        object->destroyer = self;
        object_destroy(object);
    }
    return STATUS_OK;
}

// Below the point of no return: again and again until nothing is left.
[[gnu::noinline]] static enum status drop_go_on(struct thread *self) {
    if (!self->unfinished.committed) {
        self->unfinished.committed = true;
        if (self->epoch != 0 && !epoch_reached(self->epoch)) {
            thread_await_epoch(self, self->epoch);
            return STATUS_RESTART;
        }
    }
    // Who went to sleep meanwhile, one on each hart at most, read the word by what its hart's TLB
    // still showed.
    uint64_t from = self->unfinished.mapping;
    uint64_t to = from + ((uint64_t)self->unfinished.pages << PAGE_SHIFT);
    for (uint32_t i = 0; from != 0 && i < BOOT_HARTS / FUTEX_BATCH; i++) {
        (void)futex_cancel(self->task, from, to);
    }
    enum status status = self->destroying != nullptr ? destroy_go_on(self) : STATUS_OK;
    if (status == STATUS_OK) {
        self->unfinished.committed = false;
        self->unfinished.mapping = HANDLE_NONE;
        self->unfinished.pages = 0;
    }
    return status;
}

enum status sys_handle_drop(struct thread *self, void *, uint64_t *a) {
    if (self->unfinished.committed) {
        return drop_go_on(self);
    }
    lock_acquire(&books);
    enum status status = drop_locked(self, a[0]);
    lock_release(&books);
    bool more = status == STATUS_OK && (self->epoch != 0 || self->destroying != nullptr);
    return more ? drop_go_on(self) : status;
}

// Prunes below the capability. While the owner revokes, the object is marked, so that
// nobody makes copies faster than they are removed. The holder of a copy marks nothing: it
// could keep everybody else from an object that is not its own. It ends all the same, since
// one entry removes many where one entry of those below adds one.
static enum status revoke_locked(struct thread *self, uint64_t handle,
                                 enum step *step) REQUIRES_BOOKS {
    struct slot *slot;
    enum status status = lookup_slot(self->task, handle, &slot);
    if (status == STATUS_OK && slot_class(slot) == CLASS_VIEW) {
        status = STATUS_BAD_CLASS;
    }
    if (status == STATUS_OK && !self->unfinished.active) {
        trace(TRACE_REVOKE, object_number(slot->object), 0);
    }
    *step = STEP_MORE;
    if (status == STATUS_OK && (slot->flags & SLOT_OWNER) != 0) {
        object_mark(slot->object, self);
    }
    constexpr uint32_t PRUNES = 64;
    if (status == STATUS_OK) {
        self->unfinished.pages |= slot->node.first != nullptr; // an epoch is needed
        *step = tree_prune(&slot->node, PRUNES);
    }
    if (status != STATUS_OK || *step == STEP_DONE) {
        thread_revoked(self);
    }
    return status;
}

enum status sys_handle_revoke(struct thread *self, void *, uint64_t *a) {
    if (!self->unfinished.committed) {
        enum step step;
        lock_acquire(&books);
        enum status status = revoke_locked(self, a[0], &step);
        lock_release(&books);
        if (status != STATUS_OK) {
            return status;
        }
        if (step != STEP_DONE) {
            return STATUS_RESTART;
        }
        // What other harts looked up before, and their TLBs, are worthless after this.
        bool removed = self->unfinished.pages != 0;
        self->unfinished.pages = 0;
        uint64_t epoch = removed ? epoch_request() : 0;
        if (removed && !epoch_reached(epoch)) {
            self->unfinished.committed = true;
            thread_await_epoch(self, epoch);
            return STATUS_RESTART;
        }
    }
    self->unfinished.committed = false;
    return STATUS_OK;
}

// Size in bytes and the class's own word.
static void describe(const struct slot *slot, uint64_t *size, uint64_t *detail) REQUIRES_BOOKS {
    *size = *detail = 0;
    if (slot_class(slot) == CLASS_VIEW) {
        *size = (uint64_t)slot->pages << PAGE_SHIFT;
        *detail = (uint64_t)slot->address << PAGE_SHIFT | slot->access;
        return;
    }
    const struct object *object = slot->object;
    if (object == nullptr) {
        return; // revoked on its way
    }
    switch (object->class) {
    case CLASS_RETICLE:
        *size = ((const struct reticle *)object)->total;
        *detail = ((const struct reticle *)object)->available;
        break;
    case CLASS_RING: {
        const struct ring *peer = ((const struct ring *)object)->peer;
        *detail = peer != nullptr ? object_number(&peer->object) : 0;
        [[fallthrough]];
    }
    case CLASS_MEMORY:
        *size = (uint64_t)extent_of(object).pages << PAGE_SHIFT;
        break;
    case CLASS_DEVICE:
        *size = ((const struct device *)object)->size;
        *detail = ((const struct device *)object)->base;
        break;
    case CLASS_IRQ:
        *detail = ((const struct irq *)object)->line;
        break;
    case CLASS_THREAD:
        *size = thread_object_size();
        *detail = ((const struct thread *)object)->number;
        break;
    default:
        *size = PAGE_SIZE;
        break;
    }
}

// What the object's Reticle is charged for it, in cells.
static uint64_t charged(const struct object *object) REQUIRES_BOOKS {
    uint64_t pages = object->pages;
    switch (object->class) {
    case CLASS_RETICLE:
        pages = ((const struct reticle *)object)->total >> PAGE_SHIFT;
        break;
    case CLASS_TASK:
        pages += ((const struct task *)object)->table.pages + ((const struct task *)object)->spaces;
        break;
    case CLASS_RING:
        pages = extent_of(object).pages + (((const struct ring *)object)->flight != nullptr);
        break;
    case CLASS_BUNDLE:
        pages = extent_of(object).pages + 1; // its slots
        break;
    case CLASS_MEMORY:
        pages = extent_of(object).pages;
        break;
    default:
        break;
    }
    return object->cells + pages * (PAGE_SIZE / OBJECT_CELL);
}

static uint64_t slot_description(const struct slot *slot) REQUIRES_BOOKS {
    uint64_t word = slot_rights(slot) | (uint64_t)slot_class(slot) << INFO_CLASS_SHIFT;
    if (slot_class(slot) == CLASS_TASK) {
        bool empty = task_state_of((const struct task *)slot->object) == TASK_EMPTY;
        word &= empty ? ~UINT64_C(0) : ~(uint64_t)RIGHT_TASK_FILL; // gone with the start
    }
    if ((slot->flags & SLOT_OWNER) != 0) {
        word |= INFO_OWNER | charged(slot->object) << INFO_SIZE_SHIFT;
    }
    return word | ((slot->flags & SLOT_TOMB) != 0 ? INFO_REVOKED : 0);
}

// The number of its object and of who pays for that. A whole tomb has none any more, and what
// was made at boot is paid by nobody.
static uint64_t slot_object_number(const struct slot *slot) REQUIRES_BOOKS {
    if (slot->node.prev == nullptr) {
        return 0;
    }
    const struct object *object = slot->object;
    uint64_t payer = object->unlisted ? 0 : object_number(&object->reticle->object);
    return object_number(object) | payer << INFO_PAYER_SHIFT;
}

enum status sys_handle_info(struct thread *self, void *, uint64_t *a) {
    struct slot *slot;
    enum status status = lookup_slot(self->task, a[0], &slot);
    if (status == STATUS_OK) {
        a[1] = slot_description(slot);
        a[2] = slot_object_number(slot);
        describe(slot, &a[3], &a[4]);
        // How much of a Reticle is used is told with the right to ask only.
        if (slot_class(slot) == CLASS_RETICLE && (slot_rights(slot) & RIGHT_INSPECT) == 0) {
            a[3] = a[4] = 0;
        }
    }
    return status;
}

// The slots in what an owner capability of a table contains, or nullptr.
static const struct slot *contents(const struct slot *slot) REQUIRES_BOOKS {
    if ((slot->flags & SLOT_OWNER) == 0) {
        return nullptr;
    }
    if (slot_class(slot) == CLASS_RING) {
        return ((const struct ring *)slot->object)->flight;
    }
    const struct bundle *bundle = (const struct bundle *)slot->object;
    return slot_class(slot) == CLASS_BUNDLE && !bundle->sealed ? bundle->slots : nullptr;
}

// The slot of that index, or nullptr if there is none; then *index is that of the next one
// worth a look, UINT64_MAX behind the last.
static const struct slot *slot_at(struct task *task, uint64_t *index) REQUIRES_BOOKS {
    uint64_t end = (uint64_t)task->table.pages * SLOTS_PER_PAGE;
    uint64_t container = *index >> INFO_CONTAINER_SHIFT, place = (uint32_t)*index;
    if (container == 0 && place < end) {
        return table_slot(task, (uint32_t)place);
    }
    const struct slot *inside = nullptr;
    if (container != 0 && container <= end) {
        inside = contents(table_slot(task, (uint32_t)container - 1));
    }
    if (inside != nullptr && place < SLOTS_PER_PAGE) {
        return &inside[place];
    }
    *index = container < end ? (container + 1) << INFO_CONTAINER_SHIFT : UINT64_MAX;
    return nullptr;
}

// The next used slot, a bounded look at an entry: of the table, then in what it owns.
enum status sys_task_slot(struct thread *self, void *object, uint64_t *a) {
    constexpr uint32_t LOOKS = 160;
    uint64_t index = self->unfinished.active ? self->unfinished.mapping : a[1];
    for (uint32_t i = 0; i < LOOKS; i++) {
        const struct slot *slot = slot_at(object, &index);
        if (index == UINT64_MAX) {
            return STATUS_NOT_FOUND;
        }
        if (slot != nullptr && (slot_class(slot) != CLASS_NONE || (slot->flags & SLOT_TOMB) != 0)) {
            uint64_t size;
            a[1] = index;
            a[2] = slot_description(slot);
            a[3] = slot_object_number(slot);
            describe(slot, &size, &a[4]);
            return STATUS_OK;
        }
        index += slot != nullptr;
    }
    self->unfinished.mapping = index;
    return STATUS_RESTART;
}
