// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Birth and death of kernel objects. See object.h for the phases.
#include "kernel/object.h"

#include "kernel/budget.h"
#include "kernel/bundle.h"
#include "kernel/capability.h"
#include "kernel/check.h"
#include "kernel/device.h"
#include "kernel/epoch.h"
#include "kernel/memory.h"
#include "kernel/reticle.h"
#include "kernel/ring.h"
#include "kernel/schedule.h"
#include "kernel/task.h"
#include "kernel/thread.h"
#include "lib/string/string.h"

// Dying objects with a step to take, first in, first out: each gets one in its turn, so that a
// small one does not wait for a large one. And those that wait for an epoch, in its order. One
// that waits for the end of its children is in neither; they wake it.
static struct link *ready, *waiting;
static uint32_t steps; // since an epoch was asked for
[[POLLED]] _Atomic bool object_dying;
static _Atomic bool idle_reaper; // one idle hart is at it

void object_init(struct object *object, enum cap_class class, struct reticle *reticle,
                 struct storage storage) {
    *object = (struct object){
        .class = class, .reticle = reticle, .cells = storage.cells, .pages = storage.pages};
    list_append(&reticle->children, &object->sibling);
    reticle->children = &object->sibling; // in front of the dying ones
}

void *object_boot(struct reticle *reticle, enum cap_class class) {
    void *cell;
    enum status status = reticle_take_cells(reticle, 1, &cell);
    check(status == STATUS_OK); // there is a page of cells since the first Bundle
    memset(cell, 0, OBJECT_CELL);
    *(struct object *)cell = (struct object){.class = class, .unlisted = true, .reticle = reticle};
    return cell;
}

enum status object_carve(struct reticle *reticle, enum cap_class class, uint32_t pages,
                         uint32_t align, uint32_t *frame, void **out) {
    enum status status = reticle_take_cells(reticle, 1, out);
    if (status != STATUS_OK) {
        return status;
    }
    status = reticle_take(reticle, CHARGE_OBJECT, pages, align, frame);
    if (status != STATUS_OK) {
        reticle_return_cells(reticle, *out, 1);
        return status;
    }
    object_init(*out, class, reticle, (struct storage){.cells = 1});
    return STATUS_OK;
}

static void queue_push(struct link **queue, struct object *object) REQUIRES_BOOKS {
    list_append(queue, &object->dying);
    if (!object_reap_needed()) {
        atomic_store_explicit(&object_dying, true, memory_order_relaxed);
        schedule_reap();
    }
}

static struct object *queue_pop(struct link **queue) REQUIRES_BOOKS {
    struct object *object = LINK_OF(*queue, struct object, dying);
    list_remove(queue, &object->dying);
    object->dying.next = nullptr;
    return object;
}

bool object_marked(const struct object *object) {
    if (object->revoker == nullptr) {
        return false;
    }
    enum thread_state state = atomic_load_explicit(&object->revoker->state, memory_order_relaxed);
    return state == THREAD_RUNNING || state == THREAD_READY;
}

void object_mark(struct object *object, struct thread *revoker) {
    if (object->revoker != nullptr) {
        object->revoker->revoking = nullptr;
    }
    object->revoker = revoker;
    revoker->revoking = object;
}

void object_await(struct object *object) {
    arch_fence(); // what nobody is to find any more is not found by who begins the epoch
    object->epoch = epoch_next();
    queue_push(&waiting, object);
}

void object_wake(struct object *object) {
    if (object->phase == OBJECT_DETACH && object->dying.next == nullptr) {
        queue_push(&ready, object);
    }
}

void object_destroy(struct object *object) {
    if (!object_live(object)) {
        return;
    }
    check(!object->unlisted);
    object->phase = OBJECT_DETACH;
    // Behind the live ones: reticle_detach looks at the first child only.
    list_remove(&object->reticle->children, &object->sibling);
    list_append(&object->reticle->children, &object->sibling);
    queue_push(&ready, object);
}

static enum step detach(struct object *object) REQUIRES_BOOKS {
    switch (object->class) {
    case CLASS_RETICLE:
        watch_unbind(&((struct reticle *)object)->low);
        return reticle_detach((struct reticle *)object);
    case CLASS_TASK:
        return task_detach((struct task *)object);
    case CLASS_THREAD:
        return thread_detach((struct thread *)object);
    case CLASS_RING:
        return ring_detach((struct ring *)object);
    case CLASS_MEMORY:
        memory_detach((struct memory *)object);
        return STEP_DONE;
    case CLASS_BUDGET:
        return budget_detach((struct budget *)object);
    default:
        check(object->class == CLASS_BUNDLE);
        return bundle_detach((struct bundle *)object);
    }
}

// Returns what the object holds apart from its own header.
static enum step release(struct object *object) REQUIRES_BOOKS {
    switch (object->class) {
    case CLASS_RETICLE:
        return reticle_free((struct reticle *)object);
    case CLASS_TASK:
        return task_free((struct task *)object);
    case CLASS_MEMORY:
        memory_free((struct memory *)object);
        return STEP_DONE;
    case CLASS_RING:
        ring_free((struct ring *)object);
        return STEP_DONE;
    case CLASS_BUNDLE:
        bundle_free((struct bundle *)object);
        return STEP_DONE;
    default:
        return STEP_DONE;
    }
}

static void header_free(struct object *object) REQUIRES_BOOKS {
    struct reticle *reticle = object->reticle;
    struct thread *destroyer = object->destroyer;
    if (object->revoker != nullptr) {
        object->revoker->revoking = nullptr;
    }
    list_remove(&reticle->children, &object->sibling);
    if (object->pages != 0) {
        reticle_return(reticle, CHARGE_OBJECT, page_frame(object), object->pages);
    } else {
        reticle_return_cells(reticle, object, object->cells);
    }
    if (destroyer != nullptr) {
        thread_destroyed(destroyer, object);
    }
    object_wake(&reticle->object);
}

void object_discard(struct object *object) {
    check(object_live(object) && object->tree.first == nullptr);
    header_free(object);
}

// One step of one object; after STEP_DONE its storage is gone.
static enum step object_step(struct object *object) REQUIRES_BOOKS {
    enum step step;
    switch (object->phase) {
    case OBJECT_DETACH:
        step = detach(object);
        if (step != STEP_DONE) {
            return step;
        }
        object->phase = OBJECT_REVOKE;
        [[fallthrough]];
    case OBJECT_REVOKE:
        step = tree_prune(&object->tree, 1);
        if (step != STEP_DONE) {
            return step;
        }
        object->phase = OBJECT_QUIET;
        // Alone, a hart whose thread lives is past all else that it did (epoch_reached). With
        // none the one that dies here may be who asked: not further in this step.
        if (harts_online() > 1 || thread_current() == nullptr) {
            object_await(object);
            return STEP_WAIT;
        }
        [[fallthrough]];
    default:
        if ((object->class == CLASS_THREAD && !thread_settled((struct thread *)object)) ||
            (object->class == CLASS_BUDGET && !budget_settled((struct budget *)object))) {
            object_await(object);
            return STEP_WAIT;
        }
        step = release(object);
        if (step == STEP_DONE) {
            header_free(object);
        }
        return step;
    }
}

enum step object_reap(uint64_t *epoch) {
    if (waiting != nullptr) {
        const struct object *first = LINK_OF(waiting, struct object, dying);
        *epoch = first->epoch;
        // One epoch serves all that came to wait before it began. While others have steps to
        // take it comes later, not never.
        constexpr uint32_t PATIENCE = 64;
        if (*epoch == epoch_next() && (ready == nullptr || ++steps >= PATIENCE)) {
            (void)epoch_request();
            steps = 0;
        }
        if (epoch_reached(*epoch)) {
            queue_push(&ready, queue_pop(&waiting));
        } else if (ready == nullptr) {
            return STEP_WAIT;
        }
    }
    if (ready != nullptr) {
        struct object *object = queue_pop(&ready);
        // The header may be gone after a last step: nothing of it is read then.
        if (object_step(object) == STEP_MORE) {
            queue_push(&ready, object);
        }
    }
    bool more = ready != nullptr || waiting != nullptr;
    // Every hart looks at it: it is written when it changes.
    if (more) {
        return STEP_MORE;
    }
    atomic_store_explicit(&object_dying, false, memory_order_relaxed);
    return STEP_DONE;
}

enum step object_reap_idly(void) {
    if (!object_reap_needed() ||
        atomic_exchange_explicit(&idle_reaper, true, memory_order_acquire)) {
        return STEP_DONE;
    }
    uint64_t epoch;
    enum step step = STEP_MORE;
    // Nobody waits for this: least of all a hart that threads may wait for.
    if (lock_try(&books)) {
        step = object_reap(&epoch);
        lock_release(&books);
        if (step == STEP_WAIT && !epoch_want(epoch)) {
            step = STEP_MORE; // otherwise this hart is interrupted when it comes
        }
    }
    atomic_store_explicit(&idle_reaper, false, memory_order_release);
    return step;
}
