// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Tasks: making, ending, taking apart.
#include "kernel/task.h"

#include "kernel/check.h"
#include "kernel/memory.h"
#include "kernel/reticle.h"
#include "kernel/schedule.h"
#include "kernel/space.h"
#include "kernel/thread.h"
#include "lib/string/string.h"

// What one step of a teardown does: slots dropped, threads asked to end, pages given back.
constexpr uint32_t TASK_STEP = 4;

enum status task_carve(struct reticle *reticle, struct task **out) {
    // The Task's page, its root table, its first page of slots: single pages, so that
    // having their number free means getting them.
    constexpr uint64_t NEEDED = 3 * PAGE_SIZE;
    uint32_t frame;
    if (reticle->available < NEEDED) {
        return STATUS_NO_MEMORY;
    }
    enum status status = reticle_take(reticle, CHARGE_OBJECT, 1, 0, &frame);
    check(status == STATUS_OK);
    struct task *task = page_address(frame);
    arch_zero_pages(task, 1);
    object_init(&task->object, CLASS_TASK, reticle, (struct storage){.pages = 1});
    task->table.free = TABLE_NIL;
    space_make(task);
    status = table_reserve(task, 1);
    check(status == STATUS_OK);
    *out = task;
    return STATUS_OK;
}

bool task_end_threads(struct task *task) {
    if (!task->ending) {
        task->ending = true;
        task->end_next = task->threads;
    }
    for (uint32_t i = 0; i < TASK_STEP && task->end_next != nullptr; i++) {
        struct thread *thread = task->end_next;
        task->end_next = thread->next;
        if (thread != thread_current() && !thread_end_new(thread)) {
            thread_request(thread, REQUEST_END);
        }
    }
    return task->end_next == nullptr;
}

void task_ended(struct task *task) {
    atomic_store_explicit(&task->state, TASK_ENDED, memory_order_release);
    if (task->is_root) {
        panic("the root Task ended with status %u",
              atomic_load_explicit(&task->exit_status, memory_order_relaxed));
    }
    watch_raise(&task->watch);
}

bool task_elsewhere(const struct task *task) {
    if (harts_online() == 1) {
        return false;
    }
    const struct thread *current = thread_current();
    uint32_t here = current != nullptr && current->task == task;
    return atomic_load_explicit(&task->live, memory_order_relaxed) > here;
}

void task_unmapped(struct task *task) {
    uint64_t old = atomic_fetch_add_explicit(&task->space_version, 1, memory_order_release);
    // This hart flushed page by page already; but not what others unmapped before.
    struct hart *hart = arch_hart();
    if (hart->space.value == task->root.value && hart->space_version == old) {
        hart->space_version = old + 1;
    }
}

// Drops up to a step's worth of slots. What the Task owned is destroyed on its own.
static enum step drop_slots(struct task *task) REQUIRES_BOOKS {
    for (uint32_t i = 0; i < SLOTS_PER_PAGE; i++) {
        if (task->table.used == 0 || task->cursor == task->table.pages * SLOTS_PER_PAGE) {
            return STEP_DONE;
        }
        struct slot *slot = table_slot(task, task->cursor++);
        if (slot_class(slot) != CLASS_NONE) {
            slot_drop(slot);
            i += SLOTS_PER_PAGE / TASK_STEP - 1; // an empty one costs next to nothing
        }
    }
    return STEP_MORE;
}

enum step task_detach(struct task *task) {
    if (!task_end_threads(task)) {
        return STEP_MORE;
    }
    if (task->threads != nullptr) {
        // They are in the list of this Reticle or die with it; the list must be
        // empty before the Task is gone, since they refer to it.
        if (object_live(&task->threads->object)) {
            object_destroy(&task->threads->object);
            return STEP_MORE;
        }
        return STEP_WAIT;
    }
    watch_unbind(&task->watch);
    return drop_slots(task);
}

enum step task_free(struct task *task) {
    struct table *table = &task->table;
    for (uint32_t i = 0; i < TASK_STEP && table->pages != 0; i++) {
        table->pages--;
        slot_page_return(task->object.reticle, table->page[table->pages]);
    }
    return table->pages != 0 ? STEP_MORE : space_free(task);
}
