// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Budgets and loans. See budget.h for who guards what.
#include "kernel/budget.h"

#include "kernel/capability.h"
#include "kernel/reticle.h"
#include "kernel/ring.h"
#include "kernel/schedule.h"
#include "kernel/task.h"

constexpr uint32_t SHARE_ALL = 1 << 30;

// ---------------------------------------------------------------------- shares

static enum status make(struct reticle *reticle, uint64_t period, uint64_t harts,
                        struct budget **out) REQUIRES_BOOKS {
    uint32_t frame;
    enum status status = reticle_take(reticle, CHARGE_OBJECT, 1, 0, &frame);
    if (status == STATUS_OK) {
        *out = page_address(frame);
        arch_zero_pages(*out, 1);
        object_init(&(*out)->object, CLASS_BUDGET, reticle, (struct storage){.pages = 1});
        (*out)->period = period;
        (*out)->harts = harts;
    }
    return status;
}

enum status budget_first(struct reticle *reticle, struct budget **out) {
    constexpr uint64_t PERIOD = 10000000;
    enum status status = make(reticle, PERIOD, UINT64_MAX, out);
    for (uint32_t i = 0; status == STATUS_OK && i < BOOT_HARTS; i++) {
        atomic_store_explicit(&(*out)->account[i].share, SHARE_ALL, memory_order_relaxed);
    }
    return status;
}

static uint32_t share_of(const struct account *account) {
    return atomic_load_explicit(&account->share, memory_order_relaxed);
}

static void share_move(struct account *from, struct account *to, uint32_t share) {
    atomic_store_explicit(&from->share, share_of(from) - share, memory_order_relaxed);
    atomic_store_explicit(&to->share, share_of(to) + share, memory_order_relaxed);
}

// Whether such a share is there on those harts, and for each of the threads BUDGET_LEAST of a
// period besides.
static bool covers(const struct budget *budget, uint64_t harts, uint64_t share, uint64_t threads) {
    share += threads * BUDGET_LEAST * SHARE_ALL / budget->period;
    for (uint32_t i = 0; i < BOOT_HARTS; i++) {
        if ((harts >> i & 1) != 0 && share_of(&budget->account[i]) < share) {
            return false;
        }
    }
    return true;
}

enum status budget_carve(struct reticle *reticle, struct budget *source, uint64_t nanoseconds,
                         uint64_t period, uint64_t harts, struct budget **out) {
    harts = harts == 0 ? source->harts : harts;
    if ((harts & ~source->harts) != 0 || period < BUDGET_PERIOD_LEAST ||
        period > BUDGET_PERIOD_MOST || nanoseconds < BUDGET_LEAST || nanoseconds > period) {
        return STATUS_BAD_ARGUMENT;
    }
    uint32_t share = (uint32_t)((nanoseconds * SHARE_ALL + period - 1) / period);
    if (!covers(source, harts, share, source->threads)) {
        return STATUS_FULL;
    }
    enum status status = make(reticle, period, harts, out);
    if (status != STATUS_OK) {
        return status;
    }
    // Point of no return.
    (*out)->source = source;
    list_append(&source->parts, &(*out)->part);
    for (uint32_t i = 0; i < BOOT_HARTS; i++) {
        if (budget_has(*out, i)) {
            share_move(&source->account[i], &(*out)->account[i], share);
        }
    }
    return STATUS_OK;
}

enum status budget_bind(struct budget *budget, struct thread *thread) {
    struct budget *old = budget_of(thread);
    if (budget != nullptr && budget != old &&
        !covers(budget, budget->harts, 0, budget->threads + 1)) {
        return STATUS_FULL;
    }
    if (old != nullptr) {
        old->threads--;
        list_remove(&old->bound, &thread->bound);
    }
    if (budget != nullptr) {
        budget->threads++;
        list_append(&budget->bound, &thread->bound);
    }
    atomic_store_explicit(&thread->budget, budget, memory_order_release);
    schedule_poke(thread);
    return STATUS_OK;
}

enum step budget_detach(struct budget *budget) {
    if (budget->parts != nullptr) {
        object_destroy(&LINK_OF(budget->parts, struct budget, part)->object);
        return STEP_WAIT; // each part wakes it
    }
    if (budget->bound != nullptr) {
        (void)budget_bind(nullptr, LINK_OF(budget->bound, struct thread, bound));
        return STEP_MORE;
    }
    list_remove(&budget->source->parts, &budget->part);
    for (uint32_t i = 0; i < BOOT_HARTS; i++) {
        struct account *account = &budget->account[i];
        share_move(account, &budget->source->account[i], share_of(account));
    }
    object_wake(&budget->source->object);
    return STEP_DONE;
}

// ------------------------------------------------------------------ what is left

// The account of this hart. A new period begins with the whole share, whatever the last
// one left or went beyond.
static struct account *account_at(struct budget *budget, uint64_t now) {
    struct account *account = &budget->account[arch_hart()->index];
    if (now >= account->until) {
        account->left = (int64_t)(share_of(account) * budget->period / SHARE_ALL);
        account->until = now - now % budget->period + budget->period;
    }
    return account;
}

static uint64_t account_left(struct budget *budget, uint64_t now, uint64_t *again) {
    const struct account *account = account_at(budget, now);
    if (account->left > 0) {
        return (uint64_t)account->left;
    }
    if (again != nullptr && account->until < *again) {
        *again = account->until;
    }
    return 0;
}

static struct thread *lender_of(struct link *link) {
    return LINK_OF(link, struct thread, lend);
}

// The loan that counts is that of one of the lenders.
static void loan_set(struct thread *thread, struct link *link) {
    const struct thread *lender = link == nullptr ? nullptr : lender_of(link);
    thread->loan_depth = lender == nullptr ? 0 : lender->lent_depth;
    atomic_store_explicit(&thread->loan, lender == nullptr ? nullptr : lender->lent,
                          memory_order_release);
}

// Of some lenders, the loan of the first counts whose budget has something left.
static uint64_t loan_left(struct thread *thread, uint64_t now, uint64_t *again) {
    constexpr uint32_t LENDERS = 8;
    uint64_t left = 0;
    lock_acquire(&thread->loans);
    struct link *link = thread->lenders;
    for (uint32_t i = 0; i < LENDERS && link != nullptr && left == 0; i++) {
        left = account_left(lender_of(link)->lent, now, again);
        if (left != 0) {
            loan_set(thread, link);
        }
        link = list_next(thread->lenders, link);
    }
    lock_release(&thread->loans);
    return left;
}

uint64_t budget_left(struct thread *thread, uint64_t now, uint64_t *again) {
    struct budget *own = budget_of(thread);
    uint64_t left = own == nullptr ? 0 : account_left(own, now, again);
    return left == 0 && loan_of(thread) != nullptr ? loan_left(thread, now, again) : left;
}

void budget_charge(struct thread *thread, uint64_t ran, uint64_t now) {
    struct budget *payer = budget_of(thread);
    lock_acquire(&thread->loans);
    if (payer == nullptr || payer->account[arch_hart()->index].left <= 0) {
        payer = loan_of(thread);
    }
    if (payer != nullptr) {
        struct account *account = account_at(payer, now);
        uint64_t since = now - (account->until - payer->period);
        account->left -= (int64_t)(ran < since ? ran : since);
    }
    lock_release(&thread->loans);
}

bool budget_excludes(const struct thread *thread, const struct hart *hart) {
    const struct budget *own = budget_of(thread);
    return own != nullptr && !budget_has(own, hart->index);
}

// ------------------------------------------------------------------------- loans

// Whom a blocked thread waits for, by the handle that it named. The books may change
// meanwhile: then it lends to whom it was, which does no harm.
static struct thread *awaited(const struct thread *thread) {
    struct object *object;
    bool futex = thread_state_of(thread) == THREAD_SLEEPING;
    if (lookup(thread->task, thread->awaits, futex ? CLASS_THREAD : CLASS_RING,
               futex ? 0 : RIGHT_RING_USE, &object) != STATUS_OK) {
        return nullptr;
    }
    if (futex) {
        struct thread *owner = (struct thread *)object;
        return owner->task == thread->task ? owner : nullptr;
    }
    struct ring *peer = atomic_load_explicit(&((struct ring *)object)->peer, memory_order_acquire);
    return peer == nullptr ? nullptr : watch_thread(&peer->message);
}

static void uncount(struct budget *budget) {
    atomic_fetch_sub_explicit(&budget->loans, 1, memory_order_release);
}

// What a thread can lend, counted as a loan; nullptr: nothing.
static struct budget *lendable(struct thread *thread, uint32_t *depth) {
    lock_acquire(&thread->loans);
    struct budget *budget = budget_of(thread);
    *depth = budget == nullptr ? thread->loan_depth + 1 : 1;
    if (budget == nullptr && *depth <= LOAN_DEPTH) {
        budget = loan_of(thread);
    }
    if (budget != nullptr) {
        atomic_fetch_add_explicit(&budget->loans, 1, memory_order_relaxed);
    }
    lock_release(&thread->loans);
    return budget;
}

void loan_begin(struct thread *thread) {
    uint32_t depth;
    struct budget *budget = lendable(thread, &depth);
    struct thread *to = budget == nullptr ? nullptr : awaited(thread);
    struct thread *former = atomic_load_explicit(&thread->lends_to, memory_order_relaxed);
    bool same = former == to && thread->lent == budget && thread->lent_depth == depth;
    if (!same) {
        loan_end(thread);
    }
    bool lends = !same && to != nullptr && to != thread;
    if (lends) {
        lock_acquire(&to->loans);
        lends = thread_state_of(to) != THREAD_ENDED;
        if (lends) {
            thread->lent = budget;
            thread->lent_depth = depth;
            thread->apart |= APART_LASTS; // until it queues, and is asked who pays for it
            atomic_store_explicit(&thread->lends_to, to, memory_order_relaxed);
            list_append(&to->lenders, &thread->lend);
            loan_set(to, to->lenders);
        }
        lock_release(&to->loans);
    }
    if (lends) {
        schedule_poke(to);
    } else if (budget != nullptr) {
        uncount(budget);
    }
}

static void lender_remove(struct thread *to, struct thread *lender) {
    list_remove(&to->lenders, &lender->lend);
    atomic_store_explicit(&lender->lends_to, nullptr, memory_order_relaxed);
    loan_set(to, to->lenders);
    uncount(lender->lent);
}

void loan_end(struct thread *thread) {
    // Its memory is good until this hart leaves the kernel; whether the loan is still
    // there is seen under its lock.
    struct thread *to = atomic_load_explicit(&thread->lends_to, memory_order_acquire);
    if (to != nullptr) {
        schedule_account(to);
        lock_acquire(&to->loans);
        if (atomic_load_explicit(&thread->lends_to, memory_order_relaxed) == to) {
            lender_remove(to, thread);
        }
        lock_release(&to->loans);
        schedule_poke(to);
    }
}

bool loan_drop(struct thread *thread) {
    lock_acquire(&thread->loans);
    bool none = thread->lenders == nullptr;
    if (!none) {
        lender_remove(thread, lender_of(thread->lenders));
    }
    lock_release(&thread->loans);
    return none;
}
