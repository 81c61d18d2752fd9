// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Booting and calling. See world.h; the audit is in audit.c.
#include "kernel/tests/world.h"

#include <string.h>

#include "kernel/check.h"
#include "kernel/schedule.h"

struct thread *world_root;

// The root's own memory for names and values, mapped by world_boot.
constexpr uint64_t SCRATCH = 0x2000000;

static uint64_t bundle_find(const struct bundle_page *page, const char *name) {
    for (uint32_t i = 0; i < page->count; i++) {
        if (strcmp(page->entry[i].name, name) == 0) {
            return page->entry[i].word;
        }
    }
    return 0;
}

uint64_t world_named(const char *name) {
    struct bundle_page page;
    check(world_run(world_root));
    check(host_user_read(world_root->hart->index, BUNDLE_ADDRESS, &page, sizeof page));
    return bundle_find(&page, name);
}

void world_boot(uint64_t memory, uint32_t harts) {
    world_boot_as(&(struct host_options){.memory = memory, .harts = harts});
}

void world_boot_as(const struct host_options *options) {
    host_boot(options);
    for (uint32_t i = 0; i < options->harts; i++) {
        if (host_state_of(i) == HOST_USER) {
            world_root = hart_at(i)->current;
        }
    }
    check(world_root != nullptr && world_root->task->is_root);
    uint64_t memory_handle;
    uint64_t reticle = world_named("reticle");
    check(CALL(world_root, &memory_handle, memory_carve, reticle, PAGE_SIZE) == STATUS_OK);
    check(CALL(world_root, nullptr, memory_map, 0, memory_handle, SCRATCH, 0, PAGE_SIZE,
               MAP_READ | MAP_WRITE) == STATUS_OK);
    world_audit();
}

bool world_run(struct thread *thread) {
    for (uint32_t i = 0; i < 1000; i++) {
        host_settle();
        const struct hart *hart = thread->hart; // it may have been sent to another
        if (hart->current == thread && host_state_of(hart->index) == HOST_USER) {
            return true;
        }
        if (thread->state != THREAD_READY) {
            return false;
        }
        // Its turn comes when the others have used up theirs.
        host_time_set(arch_time_now() + SCHEDULE_SLICE);
    }
    return false;
}

bool world_returned(const struct thread *thread, struct words *words) {
    if (thread->state == THREAD_ENDED || thread->frame.restart) {
        return false;
    }
    bool runnable = thread->state == THREAD_READY || thread->state == THREAD_RUNNING;
    if (runnable) {
        memcpy(words->a, thread->frame.arg, sizeof words->a);
    }
    return runnable;
}

enum status world_call(struct thread *thread, uint64_t number, struct words *words) {
    check(world_run(thread));
    host_syscall(thread->hart->index, number, words->a);
    host_settle();
    // It may have lost its turn between two entries of a long syscall.
    while (thread->state == THREAD_READY && thread->frame.restart) {
        host_time_set(arch_time_now() + SCHEDULE_SLICE);
        host_settle();
    }
    return world_returned(thread, words) ? (enum status)words->a[0] : WORLD_BLOCKED;
}

enum status world_call_list(struct thread *thread, uint64_t number, uint64_t *result,
                            const uint64_t a[6]) {
    struct words words;
    memcpy(words.a, a, sizeof words.a);
    enum status status = world_call(thread, number, &words);
    if (result != nullptr && status == STATUS_OK) {
        *result = words.a[1];
    }
    return status;
}

void world_turn(struct thread *thread) {
    const struct hart *hart = hart_at(0);
    for (uint32_t i = 0; i < 1000 && hart->current != thread; i++) {
        host_time_set(arch_time_now() + SCHEDULE_SLICE);
        (void)host_go(0);
    }
    check(hart->current == thread && host_state_of(0) == HOST_USER);
}

bool world_begin(struct thread *thread, uint64_t number, const uint64_t a[6]) {
    world_turn(thread);
    host_syscall(0, number, a);
    return thread->frame.restart;
}

enum status world_finish(struct thread *thread) {
    while (thread->frame.restart) {
        world_turn(thread);
        (void)host_go(0);
    }
    struct words words;
    return world_returned(thread, &words) ? (enum status)words.a[0] : WORLD_BLOCKED;
}

enum status world_whole(struct thread *thread, uint64_t number, const uint64_t a[6]) {
    (void)world_begin(thread, number, a);
    return world_finish(thread);
}

static enum status put(uint64_t bundle, const struct world_grant *grant) {
    check(world_run(world_root));
    uint64_t length = strlen(grant->name);
    check(host_user_write(world_root->hart->index, SCRATCH, grant->name, length));
    return CALL(world_root, nullptr, bundle_put, bundle, SCRATCH, length, grant->handle,
                grant->rights, grant->move);
}

static struct object *object_of(uint64_t handle, enum cap_class class) {
    struct object *object;
    check(lookup(world_root->task, handle, class, 0, &object) == STATUS_OK);
    return object;
}

static enum status fill(struct world_task *out, uint64_t data) {
    uint64_t view;
    return CALL(world_root, &view, memory_map, out->handle, data, WORLD_DATA, 0,
                WORLD_DATA_PAGES * PAGE_SIZE, MAP_READ | MAP_WRITE | MAP_GIVE);
}

enum status world_task_make(struct world_task *out, uint64_t bytes,
                            const struct world_grant *grants, uint32_t count) {
    uint64_t bundle, thread, data;
    enum status status =
        CALL(world_root, &out->reticle, reticle_split, world_named("reticle"), bytes);
    if (status == STATUS_OK) {
        status = CALL(world_root, &out->handle, task_carve, out->reticle);
    }
    if (status == STATUS_OK) {
        status = CALL(world_root, &bundle, bundle_carve, out->reticle);
    }
    if (status == STATUS_OK) {
        status = CALL(world_root, &thread, thread_carve, out->handle, PROGRAM_BASE, STACK_TOP);
    }
    if (status == STATUS_OK) {
        status = CALL(world_root, &data, memory_carve, out->reticle, WORLD_DATA_PAGES * PAGE_SIZE);
    }
    if (status == STATUS_OK) {
        status = fill(out, data);
    }
    for (uint32_t i = 0; i < count && status == STATUS_OK; i++) {
        status = put(bundle, &grants[i]);
    }
    if (status == STATUS_OK) {
        out->task = (struct task *)object_of(out->handle, CLASS_TASK);
        out->thread = (struct thread *)object_of(thread, CLASS_THREAD);
        status = CALL(world_root, nullptr, task_start, out->handle, bundle, thread);
    }
    return status;
}

struct thread *world_thread_of(const struct world_task *task, uint64_t handle) {
    struct object *object;
    check(lookup(task->task, handle, CLASS_THREAD, 0, &object) == STATUS_OK);
    return (struct thread *)object;
}

struct thread *world_thread_more(const struct world_task *task, uint64_t *handle) {
    check(CALL(task->thread, handle, thread_carve, 0, PROGRAM_BASE, STACK_TOP) == STATUS_OK);
    check(CALL(task->thread, nullptr, thread_start, *handle) == STATUS_OK);
    return world_thread_of(task, *handle);
}

void world_pair(uint64_t reticle, uint64_t slots, uint64_t *a, uint64_t *b) {
    check(CALL(world_root, a, ring_carve, reticle, slots) == STATUS_OK);
    check(CALL(world_root, b, ring_carve, reticle, slots) == STATUS_OK);
    check(CALL(world_root, nullptr, ring_bind, *a, *b) == STATUS_OK);
}

void world_table_grow(void) {
    constexpr uint32_t MANY = 200; // more than a page of slots
    static_assert(MANY > SLOTS_PER_PAGE);
    uint64_t copies[MANY];
    for (uint32_t i = 0; i < MANY; i++) {
        check(CALL(world_root, &copies[i], handle_copy, world_named("time"), 0) == STATUS_OK);
    }
    for (uint32_t i = 0; i < MANY; i++) {
        check(CALL(world_root, nullptr, handle_drop, copies[i]) == STATUS_OK);
    }
}

uint64_t world_granted(const struct world_task *task, const char *name) {
    struct bundle_page page;
    check(world_run(task->thread));
    check(host_user_read(task->thread->hart->index, BUNDLE_ADDRESS, &page, sizeof page));
    return bundle_find(&page, name);
}

struct world_shape world_shape(void) {
    struct reticle *first = reticle_first();
    lock_acquire(&books);
    page_settle(first); // what is kept single is of no account
    lock_release(&books);
    struct world_shape shape = {.total = first->total,
                                .available = first->available,
                                .objects = first->objects,
                                .tables = first->tables};
    for (uint32_t order = 0; order < PAGE_ORDERS; order++) {
        uint32_t frame = first->free_list[order];
        for (; frame != PAGE_NIL; frame = page_entry(frame)->next) {
            shape.free_blocks[order]++;
        }
    }
    return shape;
}

bool world_shape_equal(const struct world_shape *a, const struct world_shape *b) {
    return memcmp(a, b, sizeof *a) == 0;
}
