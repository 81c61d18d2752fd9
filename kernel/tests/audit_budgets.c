// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The audit of budgets and loans: the shares of a hart add up to all of it, who is bound
// stands in the list of what it is bound to, and each loan is known at both ends and counted.
#include "kernel/budget.h"
#include "kernel/check.h"
#include "kernel/tests/audit.h"

constexpr uint32_t SHARE_ALL = 1 << 30, STEPS_MOST = 1 << 20;

static uint64_t shares[BOOT_HARTS];
static uint32_t bound, bindings, loans, lenders; // by the lists, and by the threads

static bool has(const struct link *first, const struct link *link) {
    const struct link *l = first;
    for (uint32_t steps = 0; l != nullptr; steps++) {
        audit(steps < STEPS_MOST && l->next->prev == l);
        if (l == link) {
            return true;
        }
        l = list_next(first, l);
    }
    return false;
}

static uint32_t length(const struct link *first) {
    uint32_t count = 0;
    const struct link *l = first;
    while (l != nullptr) {
        audit(++count < STEPS_MOST);
        l = list_next(first, l);
    }
    return count;
}

static void audit_budget(const struct budget *budget) {
    for (uint32_t i = 0; i < BOOT_HARTS; i++) {
        shares[i] += budget->account[i].share;
        audit(budget_has(budget, i) || budget->account[i].share == 0);
        uint64_t kept = budget->threads * BUDGET_LEAST * SHARE_ALL / budget->period;
        audit(!budget_has(budget, i) || budget->account[i].share >= kept);
    }
    bool dying = budget->object.phase > OBJECT_DETACH;
    audit(dying || budget->source == nullptr || has(budget->source->parts, &budget->part));
    audit(!dying || (budget->parts == nullptr && budget->bound == nullptr));
    audit(length(budget->bound) == budget->threads);
    bound += length(budget->bound);
    loans += budget->loans;
}

static void audit_borrower(const struct thread *thread) {
    audit((thread->lenders == nullptr) == (thread->loan == nullptr));
    uint32_t count = length(thread->lenders);
    const struct link *link = thread->lenders;
    bool found = count == 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct thread *lender = LINK_OF(link, const struct thread, lend);
        audit(lender->lends_to == thread && lender->lent != nullptr);
        audit(lender->lent_depth >= 1 && lender->lent_depth <= LOAN_DEPTH);
        found |= lender->lent == thread->loan && lender->lent_depth == thread->loan_depth;
        link = link->next;
    }
    audit(found);
}

static void visit(struct object *object) REQUIRES_BOOKS {
    if (object->class == CLASS_BUDGET) {
        audit_budget((const struct budget *)object);
    }
    if (object->class != CLASS_THREAD) {
        return;
    }
    const struct thread *thread = (const struct thread *)object;
    if (thread->budget != nullptr) {
        bindings++;
        audit(has(thread->budget->bound, &thread->bound));
    }
    audit_borrower(thread);
    struct thread *to = thread->lends_to;
    lenders += to != nullptr;
    audit(to == nullptr || has(to->lenders, &thread->lend));
    audit(to == nullptr || thread->state == THREAD_WAITING || thread->state == THREAD_SLEEPING);
}

void audit_budgets(void) {
    bound = bindings = loans = lenders = 0;
    for (uint32_t i = 0; i < BOOT_HARTS; i++) {
        shares[i] = 0;
    }
    audit_objects(reticle_first(), visit);
    for (uint32_t i = 0; i < BOOT_HARTS; i++) {
        audit(shares[i] == SHARE_ALL);
    }
    audit(bound == bindings && loans == lenders);
}
