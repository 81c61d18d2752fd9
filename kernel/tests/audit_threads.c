// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The audit of threads: where each stands, in the queues of its hart, in the buckets of
// its Task, and among the watches that raise its bits.
#include "kernel/check.h"
#include "kernel/schedule.h"
#include "kernel/tests/audit.h"
#include "kernel/tests/world.h"

constexpr uint32_t STEPS_MOST = 1 << 20;

static uint32_t queued, ready; // in the queues of the harts, and by their state

static bool in_queue(const struct thread *first, const struct thread *thread) {
    for (uint32_t steps = 0; first != nullptr; first = first->queue_next) {
        audit(steps++ < STEPS_MOST);
        if (first == thread) {
            return true;
        }
    }
    return false;
}

static uint32_t heap_check(const struct thread *thread, const struct thread *above) {
    if (thread == nullptr) {
        return 0;
    }
    audit(thread->in_heap && thread->heap_above == above);
    audit(above == nullptr || above->deadline <= thread->deadline);
    uint32_t left = heap_check(thread->heap_left, thread);
    uint32_t right = heap_check(thread->heap_right, thread);
    audit(left >= right && thread->heap_rank == right + 1);
    return right + 1;
}

static void audit_hart(const struct hart *hart) {
    const struct thread *last = nullptr;
    uint32_t before = queued;
    for (const struct thread *t = hart->ready_first; t != nullptr; t = t->queue_next) {
        audit(t->state == THREAD_READY && t->hart == hart && t->queue_prev == last);
        last = t;
        queued++;
    }
    audit(hart->ready_last == last);
    queued += hart->handoff != nullptr;
    audit(hart->current == nullptr || hart->current->hart == hart);
    audit(hart->load == queued - before + (hart->current != nullptr));
    heap_check(hart->timers, nullptr);
}

static bool sleeps(const struct thread *thread) {
    const struct futex_table *table = &thread->task->futex;
    uint32_t found = 0;
    for (uint32_t i = 0; i < FUTEX_BUCKETS; i++) {
        const struct thread *last = nullptr;
        for (const struct thread *t = table->bucket[i]; t != nullptr; t = t->futex_next) {
            audit(t->futex_prev == last && t->task == thread->task);
            audit(t->futex_address != 0);
            found += t == thread;
            last = t;
        }
    }
    audit(found <= 1);
    return found == 1;
}

static void audit_thread(const struct thread *thread) {
    const struct hart *hart = thread->hart;
    enum thread_state state = thread->state;
    ready += state == THREAD_READY;
    audit((state == THREAD_RUNNING) == (hart->current == thread));
    audit((state == THREAD_EPOCH) == in_queue(hart->epoch_waiters, thread));
    audit((thread->futex_address != 0) == sleeps(thread));
    audit(state == THREAD_SLEEPING || thread->futex_address == 0);
    audit(!thread->in_heap || state == THREAD_WAITING || state == THREAD_SLEEPING);
    audit((thread->wanted != 0) <= (state == THREAD_WAITING));
    const struct watch *last = nullptr;
    for (const struct watch *w = thread->watches; w != nullptr; w = w->next) {
        audit((w->target & ~(PAGE_SIZE - 1)) == (uint64_t)thread && w->prev == last);
        last = w;
    }
    // No wake-up is lost: a bit that is wanted and set would have ended the wait.
    audit(state != THREAD_WAITING || (thread->signals & thread->wanted) == 0 || thread->in_inbox);
}

static void visit(struct object *object) REQUIRES_BOOKS {
    if (object->class == CLASS_THREAD) {
        // Once it has let go of its Task, that may be gone before it.
        if (object->phase > OBJECT_DETACH) {
            return;
        }
        audit_thread((const struct thread *)object);
        return;
    }
    if (object->class != CLASS_TASK) {
        return;
    }
    const struct task *task = (const struct task *)object;
    uint32_t live = 0, faulted = 0;
    for (const struct thread *t = task->threads; t != nullptr; t = t->next) {
        live += t->state != THREAD_NEW && t->state != THREAD_ENDED;
        faulted += t->state == THREAD_FAULTED;
        audit(t->task == task && t->object.reticle == task->object.reticle);
    }
    audit(live == task->live && faulted == task->faulted);
    audit(task->state != TASK_ENDED || live == 0);
    audit(task->state != TASK_EMPTY || live == 0);
}

void audit_threads(void) {
    queued = ready = 0;
    for (uint32_t i = 0; i < harts_online(); i++) {
        audit_hart(hart_at(i));
    }
    audit_objects(reticle_first(), visit);
    audit(queued == ready);
}
