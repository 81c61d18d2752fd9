// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Syscalls on Reticles, Memory and views.
#include "kernel/check.h"
#include "kernel/device.h"
#include "kernel/epoch.h"
#include "kernel/memory.h"
#include "kernel/reticle.h"
#include "kernel/ring.h"
#include "kernel/schedule.h"
#include "kernel/space.h"
#include "kernel/syscall.h"

// Pages that one entry zeroes: 4 KiB is 512 stores.
constexpr uint32_t ZERO_STEP = 8;
constexpr uint32_t OWNER_RIGHTS =
    RIGHT_COPY | RIGHT_PASS | RIGHT_INSPECT | RIGHT_WATCH; // of every class

// The slot of a handle that was resolved under this lock.
static struct slot *slot_named(struct thread *self, uint64_t handle) REQUIRES_BOOKS {
    return table_slot(self->task, (uint32_t)(handle & HANDLE_SLOT_MASK));
}

enum status sys_reticle_split(struct thread *self, void *object, uint64_t *a) {
    struct reticle *part;
    enum status status = table_reserve(self->task, 1);
    if (status == STATUS_OK) {
        status = reticle_split(object, a[1], &part);
    }
    if (status == STATUS_OK) {
        // The right to make code is inherited, not conjured up.
        uint32_t rights = OWNER_RIGHTS | RIGHT_RETICLE_CARVE | RIGHT_RETICLE_GROW |
                          (slot_rights(slot_named(self, a[0])) & RIGHT_RETICLE_CODE);
        a[1] = grant_owner(self->task, &part->object, rights);
    }
    return status;
}

enum status sys_reticle_grow(struct thread *self, void *object, uint64_t *a) {
    struct reticle *part = object;
    struct slot *source;
    enum status status = lookup_class(self->task, a[1], CLASS_RETICLE, RIGHT_RETICLE_GROW, &source);
    if (status != STATUS_OK) {
        return status;
    }
    if (part->parent != (struct reticle *)source->object) {
        return STATUS_BAD_ARGUMENT;
    }
    return reticle_grow(part, a[2]);
}

enum status sys_reticle_info(struct thread *, void *object, uint64_t *a) {
    const struct reticle *reticle = object;
    a[1] = reticle->total;
    a[2] = reticle->available;
    a[3] = reticle->objects;
    a[4] = reticle->tables;
    return STATUS_OK;
}

enum status sys_reticle_watch(struct thread *self, void *object, uint64_t *a) {
    struct reticle *reticle = object;
    enum status status = watch_named(self, a[1], &reticle->low);
    if (status == STATUS_OK) {
        reticle->low_mark = a[1] == UINT64_MAX ? 0 : a[2];
    }
    return status;
}

// ---------------------------------------------------------------------- Memory

static enum status memory_begin(struct thread *self, const uint64_t *a,
                                struct memory **memory) REQUIRES_BOOKS {
    uint64_t bytes = a[1];
    if (bytes == 0 || bytes > PAGE_SIZE << (PAGE_ORDERS - 1) || a[2] >= 40 ||
        (a[3] & ~(uint64_t)CARVE_CODE) != 0) {
        return STATUS_BAD_ARGUMENT;
    }
    uint32_t rights = RIGHT_RETICLE_CARVE;
    rights |= (a[3] & CARVE_CODE) != 0 ? (uint32_t)RIGHT_RETICLE_CODE : 0;
    struct slot *slot;
    enum status status = lookup_class(self->task, a[0], CLASS_RETICLE, rights, &slot);
    if (status == STATUS_OK) {
        status = table_reserve(self->task, 1);
    }
    if (status != STATUS_OK) {
        return status;
    }
    uint32_t align = a[2] > PAGE_SHIFT ? (uint32_t)a[2] - PAGE_SHIFT : 0;
    return memory_carve((struct reticle *)slot->object,
                        (uint32_t)((bytes + PAGE_SIZE - 1) >> PAGE_SHIFT), align, memory);
}

// Hands the finished Memory out; a slot is reserved.
static void memory_grant(const struct thread *self, struct memory *memory,
                         uint64_t *a) REQUIRES_BOOKS {
    uint32_t rights = OWNER_RIGHTS | RIGHT_MEMORY_READ | RIGHT_MEMORY_WRITE;
    rights |= (a[3] & CARVE_CODE) != 0 ? (uint32_t)RIGHT_MEMORY_EXECUTE : 0;
    a[1] = grant_owner(self->task, &memory->object, rights);
}

// It died before it was finished: neither tells the other any more.
static enum status memory_lost(struct thread *self) REQUIRES_BOOKS {
    if (self->making != nullptr) {
        self->making->destroyer = nullptr;
        self->making = nullptr;
    }
    return STATUS_BUSY;
}

// Zeroes the next pages of it; RESTART until all are.
static enum status zero_step(struct thread *self, const struct memory *memory) {
    uint32_t count = memory->pages - self->unfinished.pages;
    count = count < ZERO_STEP ? count : ZERO_STEP;
    arch_zero_pages(page_address(memory->frame + self->unfinished.pages), count);
    self->unfinished.pages += count;
    if (self->unfinished.pages != memory->pages) {
        return STATUS_RESTART;
    }
    self->unfinished.pages = 0;
    return STATUS_OK;
}

// The Memory was zeroed, but the lock was released meanwhile.
static enum status memory_finish(struct thread *self, struct memory *memory,
                                 uint64_t *a) REQUIRES_BOOKS {
    if (!object_live(&memory->object)) {
        return memory_lost(self);
    }
    self->making = nullptr;
    memory->object.destroyer = nullptr;
    enum status status = table_reserve(self->task, 1);
    if (status == STATUS_OK) {
        memory_grant(self, memory, a);
    } else {
        object_destroy(&memory->object);
    }
    return status;
}

// One page, under the lock: to take that again and to look what happened meanwhile would
// take about as long. True: it is done.
static bool memory_single(const struct thread *self, struct memory *memory,
                          uint64_t *a) REQUIRES_BOOKS {
    if (memory->pages != 1) {
        return false;
    }
    arch_zero_pages(page_address(memory->frame), 1);
    memory_grant(self, memory, a);
    return true;
}

// Memory is zeroed while nobody but this thread knows of it, a few pages an entry. Its
// Reticle may be destroyed between two entries; within one it cannot go away, since that
// takes an epoch, so the pages are zeroed without the lock.
enum status sys_memory_carve(struct thread *self, void *, uint64_t *a) {
    struct memory *memory = (struct memory *)self->making;
    enum status status = STATUS_OK;
    bool done = false;
    lock_acquire(&books);
    if (!self->unfinished.active) {
        status = memory_begin(self, a, &memory);
        done = status != STATUS_OK || memory_single(self, memory, a);
        if (!done) {
            self->making = &memory->object;
            memory->object.destroyer = self; // is told if it goes before it is finished
        }
    } else if (memory == nullptr || !object_live(&memory->object)) {
        status = memory_lost(self);
    }
    lock_release(&books);
    if (done || status != STATUS_OK) {
        return status;
    }
    status = zero_step(self, memory);
    if (status != STATUS_OK) {
        return status;
    }
    lock_acquire(&books);
    status = memory_finish(self, memory, a);
    lock_release(&books);
    return status;
}

enum status sys_memory_wipe(struct thread *self, void *object, uint64_t *a) {
    struct memory *memory = object;
    // A copy could map it while it is wiped, and would see a part of both.
    if (slot_named(self, a[0])->node.first != nullptr || !memory_quiet(memory, 0)) {
        return STATUS_BAD_STATE;
    }
    return zero_step(self, memory);
}

// ----------------------------------------------------------------------- views

// What is to be mapped, after all checks.
struct map_plan {
    struct task *task;
    struct slot *source;   // the caller's capability
    struct object *object; // what is shown: the peer's end for MAP_PEER
    struct node *parent;   // where the view hangs
    uint64_t pages;
};

static enum status plan_memory(const struct thread *self, struct map_plan *plan,
                               uint64_t flags) REQUIRES_BOOKS {
    const struct memory *memory = (const struct memory *)plan->object;
    uint32_t rights = slot_rights(plan->source);
    uint32_t need = RIGHT_MEMORY_READ;
    need |= (flags & MAP_WRITE) != 0 ? (uint32_t)RIGHT_MEMORY_WRITE : 0;
    need |= (flags & MAP_EXECUTE) != 0 ? (uint32_t)RIGHT_MEMORY_EXECUTE : 0;
    if ((rights & need) != need) {
        return STATUS_ACCESS;
    }
    bool give = (flags & MAP_GIVE) != 0;
    bool hand_over = plan->task != self->task && (flags & MAP_WRITE) != 0;
    // Writable Memory is seen by its owner's Task only, and paid by whom that is paid by: it
    // must not go away with somebody else's books.
    bool paid = memory->object.reticle == plan->task->object.reticle;
    if (give != hand_over || (give && !paid) || (flags & MAP_PEER) != 0) {
        return STATUS_BAD_ARGUMENT;
    }
    if (((flags & MAP_WRITE) != 0 && memory->executable_views != 0) ||
        ((flags & MAP_EXECUTE) != 0 && !memory_quiet(memory, 0))) {
        return STATUS_BUSY;
    }
    return give ? capability_may_pass(plan->source, slot_meta(plan->source), true) : STATUS_OK;
}

static enum status plan_ring(const struct thread *self, struct map_plan *plan,
                             uint64_t flags) REQUIRES_BOOKS {
    struct ring *ring = (struct ring *)plan->object;
    if ((slot_rights(plan->source) & RIGHT_RING_USE) == 0) {
        return STATUS_ACCESS;
    }
    if ((flags & (MAP_EXECUTE | MAP_GIVE)) != 0 || plan->task != self->task) {
        return STATUS_BAD_ARGUMENT;
    }
    if ((flags & MAP_PEER) == 0) {
        // One producer: its region is written in one place.
        bool second = (flags & MAP_WRITE) != 0 && ring->writable_views != 0;
        return second ? STATUS_EXISTS : STATUS_OK;
    }
    struct ring *peer = ring_peer(ring);
    if ((flags & MAP_WRITE) != 0) {
        return STATUS_ACCESS;
    }
    if (peer == nullptr) {
        return STATUS_BAD_STATE;
    }
    if (ring->peer_view != nullptr) {
        return STATUS_EXISTS;
    }
    // It hangs below the capability of this end, and goes with that; ring_part takes it
    // away when either end goes. The peer's holders cannot: they gave it when they bound.
    plan->object = &peer->object;
    return STATUS_OK;
}

static enum status plan_device(const struct thread *self, const struct map_plan *plan,
                               uint64_t flags) REQUIRES_BOOKS {
    const struct device *device = (const struct device *)plan->object;
    if ((slot_rights(plan->source) & RIGHT_DEVICE_USE) == 0) {
        return STATUS_ACCESS;
    }
    bool allowed = !device->ports && (flags & (MAP_EXECUTE | MAP_GIVE | MAP_PEER)) == 0 &&
                   plan->task == self->task;
    return allowed ? STATUS_OK : STATUS_BAD_ARGUMENT;
}

static enum status plan_extent(struct map_plan *plan, const uint64_t *a) REQUIRES_BOOKS {
    uint64_t address = a[2], offset = a[3], bytes = a[4];
    if ((address | offset | bytes) % PAGE_SIZE != 0 || bytes == 0) {
        return STATUS_BAD_ARGUMENT;
    }
    if (!space_user(address, bytes)) {
        return STATUS_BAD_ADDRESS;
    }
    uint64_t size = (uint64_t)extent_of(plan->object).pages << PAGE_SHIFT;
    if (offset >= size || bytes > size - offset) {
        return STATUS_BAD_ARGUMENT;
    }
    plan->pages = bytes >> PAGE_SHIFT;
    // Into a Task that runs Memory is given in one entry: nobody sees a part of it.
    constexpr uint64_t GIVE_MOST = 32;
    bool runs = (a[5] & MAP_GIVE) != 0 && task_state_of(plan->task) != TASK_EMPTY;
    return runs && plan->pages > GIVE_MOST ? STATUS_BAD_ARGUMENT : STATUS_OK;
}

static enum status map_plan(struct thread *self, const uint64_t *a,
                            struct map_plan *plan) REQUIRES_BOOKS {
    uint64_t flags = a[5];
    constexpr uint64_t ALL = MAP_READ | MAP_WRITE | MAP_EXECUTE | MAP_PEER | MAP_GIVE;
    if ((flags & ~ALL) != 0 || (flags & MAP_READ) == 0 ||
        (flags & (MAP_WRITE | MAP_EXECUTE)) == (MAP_WRITE | MAP_EXECUTE)) {
        return STATUS_BAD_ARGUMENT;
    }
    enum status status = task_of(self, a[0], RIGHT_TASK_MAP, &plan->task);
    if (status == STATUS_OK) {
        status = lookup_slot(self->task, a[1], &plan->source);
    }
    if (status != STATUS_OK) {
        return status;
    }
    enum cap_class class = slot_class(plan->source);
    if (class == CLASS_VIEW) {
        return STATUS_BAD_CLASS;
    }
    if (!object_open(plan->source->object)) {
        return STATUS_BUSY;
    }
    plan->object = plan->source->object;
    plan->parent = &plan->source->node;
    if (class == CLASS_MEMORY) {
        status = plan_memory(self, plan, flags);
    } else if (class == CLASS_RING) {
        status = plan_ring(self, plan, flags);
    } else {
        status = class == CLASS_DEVICE ? plan_device(self, plan, flags) : STATUS_BAD_CLASS;
    }
    return status == STATUS_OK ? plan_extent(plan, a) : status;
}

static enum status map_begin(struct thread *self, const uint64_t *a, struct task **task,
                             struct slot **out) REQUIRES_BOOKS {
    struct map_plan plan = {};
    enum status status = map_plan(self, a, &plan);
    if (status == STATUS_OK) {
        status = table_reserve(plan.task, (a[5] & MAP_GIVE) != 0 ? 2 : 1);
    }
    if (status != STATUS_OK) {
        return status;
    }
    bool peer = (a[5] & MAP_PEER) != 0;
    struct slot *view = table_take(plan.task);
    view_begin(view, plan.object, plan.parent, a[2], (uint32_t)(a[3] >> PAGE_SHIFT),
               (uint16_t)(a[5] & (MAP_READ | MAP_WRITE | MAP_EXECUTE)), peer ? SLOT_PEER : 0);
    if (peer) {
        ((struct ring *)plan.source->object)->peer_view = view;
    }
    plan.task->half_made++;
    self->unfinished.mapping = table_handle(plan.task, view);
    self->unfinished.map_status = STATUS_OK;
    *task = plan.task;
    *out = view;
    return STATUS_OK;
}

// In a further entry: what the first one began.
static enum status map_resume(struct thread *self, const uint64_t *a, struct task **task,
                              struct slot **view) REQUIRES_BOOKS {
    enum status status = task_of(self, a[0], RIGHT_TASK_MAP, task);
    if (status == STATUS_OK) {
        status = lookup_slot(*task, self->unfinished.mapping, view);
    }
    if (status != STATUS_OK) {
        self->unfinished.mapping = HANDLE_NONE; // the Task died under our hands
    }
    return status;
}

// The last step of a mapping that gives the Memory away with it. Since the first one the
// owner may have gone, or been copied, and the slot that was reserved may be used.
static enum status map_give(struct thread *self, struct task *task, uint64_t handle,
                            const struct slot *view) REQUIRES_BOOKS {
    struct slot *source;
    enum status status =
        lookup_class(self->task, handle, CLASS_MEMORY, RIGHT_MEMORY_WRITE, &source);
    if (status == STATUS_OK) {
        // Copies stand before the view, which came when there were none.
        bool alone = source->node.first == &view->node &&
                     memory_unseen((const struct memory *)source->object, 1);
        status = alone && object_open(source->object) ? table_reserve(task, 1) : STATUS_BUSY;
    }
    if (status == STATUS_OK) {
        capability_pass(self->task, source, table_take(task), RIGHT_ALL, true);
    }
    return status;
}

// Ends the syscall, with what was mapped or with what there is instead.
static enum status map_end(struct thread *self, struct task *task, uint64_t *a,
                           enum status status) REQUIRES_BOOKS {
    task->half_made--;
    if (status == STATUS_OK) {
        a[1] = self->unfinished.mapping;
    }
    self->unfinished.mapping = HANDLE_NONE;
    return status;
}

static enum status map_go_on(struct thread *self, uint64_t *a, struct task *task,
                             struct slot *view) REQUIRES_BOOKS {
    if (self->unfinished.map_status == STATUS_OK) {
        enum status status = STATUS_OK;
        enum step step = view_grow(task, view, (uint32_t)(a[4] >> PAGE_SHIFT), &status);
        if (step == STEP_MORE) {
            return STATUS_RESTART;
        }
        if (step == STEP_DONE && (a[5] & MAP_GIVE) != 0) {
            status = map_give(self, task, a[1], view);
        }
        if (status == STATUS_OK) {
            return map_end(self, task, a, status);
        }
        self->unfinished.map_status = status;
    }
    // Undo what was done, then say why: when no other hart sees any of it.
    bool shown = view->pages != 0;
    if (view_shrink(task, view) != STEP_DONE) {
        return STATUS_RESTART;
    }
    enum status status = map_end(self, task, a, self->unfinished.map_status);
    if (shown && task_elsewhere(task)) {
        self->unfinished.committed = true;
        thread_await_epoch(self, epoch_request());
        return STATUS_RESTART;
    }
    return status;
}

enum status sys_memory_map(struct thread *self, void *, uint64_t *a) {
    struct task *task;
    struct slot *view;
    if (self->unfinished.committed) {
        return self->unfinished.map_status; // it was undone
    }
    enum status status = self->unfinished.mapping == HANDLE_NONE
                             ? map_begin(self, a, &task, &view)
                             : map_resume(self, a, &task, &view);
    return status == STATUS_OK ? map_go_on(self, a, task, view) : status;
}
