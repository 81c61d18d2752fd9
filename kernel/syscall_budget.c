// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Syscalls on budgets. The list of harts is copied before the lock is taken.
#include "kernel/budget.h"
#include "kernel/syscall.h"

enum status sys_budget_carve(struct thread *self, void *, uint64_t *a) {
    uint32_t list[BOOT_HARTS];
    uint64_t harts = 0;
    if (a[5] > BOOT_HARTS) {
        return STATUS_BAD_ARGUMENT;
    }
    enum status status = a[5] == 0 ? STATUS_OK : copy_from_user(list, a[4], a[5] * sizeof *list);
    for (uint64_t i = 0; i < a[5] && status == STATUS_OK; i++) {
        status = list[i] < harts_online() ? STATUS_OK : STATUS_BAD_ARGUMENT;
        harts |= UINT64_C(1) << list[i] % BOOT_HARTS;
    }
    if (status != STATUS_OK) {
        return status;
    }
    lock_acquire(&books);
    struct slot *reticle, *source;
    struct budget *budget;
    status = lookup_class(self->task, a[0], CLASS_RETICLE, RIGHT_RETICLE_CARVE, &reticle);
    if (status == STATUS_OK) {
        status = lookup_class(self->task, a[1], CLASS_BUDGET, RIGHT_BUDGET_SPLIT, &source);
    }
    if (status == STATUS_OK) {
        status = table_reserve(self->task, 1);
    }
    if (status == STATUS_OK) {
        status = budget_carve((struct reticle *)reticle->object, (struct budget *)source->object,
                              a[2], a[3], harts, &budget);
    }
    if (status == STATUS_OK) {
        a[1] = grant_owner(self->task, &budget->object,
                           RIGHT_COPY | RIGHT_PASS | RIGHT_INSPECT | RIGHT_BUDGET_SPLIT |
                               RIGHT_BUDGET_USE);
    }
    lock_release(&books);
    return status;
}

enum status sys_budget_bind(struct thread *self, void *, uint64_t *a) {
    struct slot *budget = nullptr, *thread = nullptr;
    enum status status = a[0] == HANDLE_NONE ? STATUS_OK
                                             : lookup_class(self->task, a[0], CLASS_BUDGET,
                                                            RIGHT_BUDGET_USE, &budget);
    if (status == STATUS_OK && a[1] != HANDLE_NONE) {
        status = lookup_class(self->task, a[1], CLASS_THREAD, RIGHT_THREAD_START, &thread);
    }
    if (status == STATUS_OK) {
        status = budget_bind(budget == nullptr ? nullptr : (struct budget *)budget->object,
                             thread == nullptr ? self : (struct thread *)thread->object);
    }
    return status;
}
