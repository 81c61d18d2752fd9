// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The audit of threads: where each stands, in the queues of its hart, in the buckets of
// its Task, and among the watches that raise its bits. Where other harts go on meanwhile,
// only the threads of this one are looked at, and nothing that others may be changing.
#include "kernel/check.h"
#include "kernel/memory.h"
#include "kernel/schedule.h"
#include "kernel/task.h"
#include "kernel/tests/audit.h"

constexpr uint32_t STEPS_MOST = 1 << 20;

static uint32_t queued, ready; // in the queues of the harts, and by their state
static bool all;               // harts stand still

static bool in_queue(const struct link *first, const struct thread *thread) {
    const struct link *l = first;
    for (uint32_t steps = 0; l != nullptr; steps++) {
        audit(steps < STEPS_MOST && l->next->prev == l);
        if (l == &thread->queue) {
            return true;
        }
        l = list_next(first, l);
    }
    return false;
}

static uint32_t rank_of(const struct heap_node *node) {
    return node == nullptr ? 0 : node->rank;
}

// Each node of the heap once, from the top down, the left side first.
static void heap_check(const struct heap_node *heap) {
    const struct heap_node *t = heap;
    audit(t == nullptr || t->above == nullptr);
    for (uint32_t steps = 0; t != nullptr; steps++) {
        const struct heap_node *left = t->left, *right = t->right;
        audit(steps < STEPS_MOST && heap_has(t));
        audit(rank_of(left) >= rank_of(right) && t->rank == rank_of(right) + 1);
        audit(left == nullptr || (left->above == t && left->key >= t->key));
        audit(right == nullptr || (right->above == t && right->key >= t->key));
        if (left != nullptr || right != nullptr) {
            t = left != nullptr ? left : right;
            continue;
        }
        const struct heap_node *above = t->above;
        while (above != nullptr && (above->right == t || above->right == nullptr)) {
            t = above;
            above = t->above;
        }
        t = above == nullptr ? nullptr : above->right;
    }
}

// The ready threads of one turn, or of the Person band.
static void audit_turn(const struct hart *hart, const struct turn *turn) {
    const struct link *l = turn->threads;
    for (uint32_t steps = 0; l != nullptr; steps++) {
        const struct thread *t = LINK_OF(l, const struct thread, queue);
        audit(steps < STEPS_MOST && l->next->prev == l);
        audit(t->state == THREAD_READY && t->hart == hart && t->turn == turn);
        audit(turn == &hart->person || turn == &t->task->turn[hart->index]);
        queued++;
        l = list_next(turn->threads, l);
    }
}

static void audit_hart(const struct hart *hart) {
    uint32_t before = queued;
    audit_turn(hart, &hart->person);
    if (hart->turn != nullptr) {
        audit_turn(hart, hart->turn);
    }
    const struct link *l = hart->turns;
    for (uint32_t steps = 0; l != nullptr; steps++) {
        const struct turn *turn = LINK_OF(l, const struct turn, link);
        audit(steps < STEPS_MOST && l->next->prev == l);
        audit(turn != hart->turn && turn->threads != nullptr);
        audit_turn(hart, turn);
        l = list_next(hart->turns, l);
    }
    audit(hart->current == nullptr || hart->current->hart == hart);
    audit(hart->load == queued - before + (hart->current != nullptr));
    heap_check(hart->timers);
}

static bool sleeps(const struct thread *thread) {
    const struct futex_table *table = &thread->task->futex;
    uint32_t found = 0;
    for (uint32_t i = 0; i < FUTEX_BUCKETS; i++) {
        const struct link *l = table->bucket[i];
        while (l != nullptr) {
            const struct thread *t = LINK_OF(l, const struct thread, queue);
            audit(l->next->prev == l && t->task == thread->task && t->futex_address != 0);
            found += t == thread;
            l = list_next(table->bucket[i], l);
        }
    }
    audit(found <= 1);
    return found == 1;
}

// Who wakes or enters holds the lock; a sleeper that was woken elsewhere has left already.
static void audit_sleep(const struct thread *thread) {
    struct futex_table *table = &thread->task->futex;
    lock_acquire(&table->lock);
    audit((thread->futex_address != 0) == sleeps(thread));
    audit(thread->state == THREAD_SLEEPING || thread->futex_address == 0);
    lock_release(&table->lock);
}

static void audit_thread(const struct thread *thread) REQUIRES_BOOKS {
    const struct hart *hart = thread->hart;
    enum thread_state state = thread->state;
    ready += state == THREAD_READY;
    audit((state == THREAD_RUNNING) == (hart->current == thread));
    audit((state == THREAD_EPOCH) == in_queue(hart->epoch_waiters, thread));
    audit_sleep(thread);
    // A ready thread waits in the heap for its budget, in a turn of the Network band.
    audit(!heap_has(&thread->timer) || state == THREAD_WAITING || state == THREAD_SLEEPING ||
          (state == THREAD_READY && thread->turn != &hart->person));
    audit((thread->wanted != 0) <= (state == THREAD_WAITING));
    audit(heap_has(&thread->timer) == ((thread->apart & APART_TIMED) != 0));
    audit(thread->unfinished.active == ((thread->apart & APART_UNFINISHED) != 0));
    audit(thread->lends_to == nullptr || (thread->apart & APART_LASTS) != 0);
    audit(thread->call.slot ==
          table_slot(thread->task, (uint32_t)(thread->call.handle & HANDLE_SLOT_MASK)));
    const struct memory *words = thread->words_memory;
    audit((words != nullptr) == (watch_words_count(thread) != 0));
    audit(words == nullptr || (words->words == thread && words->executable_views == 0 &&
                               words->frame == (uint32_t)(thread->words >> 16)));
    for (const struct link *l = thread->watches; l != nullptr; l = list_next(thread->watches, l)) {
        const struct watch *watch = LINK_OF(l, struct watch, peer);
        audit(target_thread(watch, watch->target) == thread && l->next->prev == l);
    }
    // No wake-up is lost: a bit that is wanted and set would have ended the wait. Another
    // hart may just have set it, and not yet have put the thread into the inbox.
    audit(!all || state != THREAD_WAITING || (thread->signals & thread->wanted) == 0 ||
          thread->in_inbox);
}

static void audit_task(const struct task *task) REQUIRES_BOOKS {
    uint32_t live = 0, faulted = 0;
    for (const struct thread *t = task->threads; t != nullptr; t = t->next) {
        live += t->state != THREAD_NEW && t->state != THREAD_ENDED;
        faulted += t->state == THREAD_FAULTED;
        audit(t->task == task && t->object.reticle == task->object.reticle);
    }
    audit(!all || (live == task->live && faulted == task->faulted));
    audit(!all || task->state != TASK_ENDED || live == 0);
}

static void visit(struct object *object) REQUIRES_BOOKS {
    if (object->class == CLASS_THREAD) {
        const struct thread *thread = (const struct thread *)object;
        // Once it has let go of its Task, that may be gone before it. A thread that was
        // never started belongs to no hart.
        bool settled = all || (thread->hart == arch_hart() && thread->state != THREAD_NEW &&
                               thread->state != THREAD_STARTING);
        if (object->phase <= OBJECT_DETACH && settled) {
            audit_thread(thread);
        }
    } else if (object->class == CLASS_TASK) {
        audit_task((const struct task *)object);
    }
}

void audit_threads(bool whole) {
    all = whole;
    queued = ready = 0;
    for (uint32_t i = 0; i < harts_online(); i++) {
        if (all || hart_at(i) == arch_hart()) {
            audit_hart(hart_at(i));
        }
    }
    audit_objects(reticle_first(), visit);
    audit(queued == ready);
    if (all) {
        audit_budgets();
    }
}
