// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The right to the Person band: a budget {nanoseconds, period, harts}. On each hart of its
// set it pays for so much time in each period. It is carved from another one, whose share
// of those harts it takes, and gives the share back when it dies; parts die before their
// source. Who uses it: threads bound to it, and those whom such a thread waits for.
//
// Guards. Shares, parts and bindings: books. What is left on a hart: that hart. The lenders
// of a thread, and its loan: the thread's lock `loans`, a leaf; no two of them are held
// together. A pointer to a budget that a thread was bound to or lent stays good until the
// hart leaves the kernel: a dying budget waits until no thread is bound to it, then for an
// epoch, and then until no loan of it is left. Who lends on a loan counts it under the lock
// under which it was found, so that it never is the last one gone meanwhile.
#pragma once

#include "kernel/hart.h"
#include "kernel/thread.h"

constexpr uint64_t BUDGET_PERIOD_LEAST = 1000000, BUDGET_PERIOD_MOST = 1000000000; // ns
constexpr uint64_t BUDGET_LEAST = 10000;                                           // ns
constexpr uint32_t LOAN_DEPTH = 4; // hops that a loan goes

// A budget on one hart.
struct account {
    int64_t left;   // nanoseconds, until
    uint64_t until; // the end of the period
    // Parts of SHARE_ALL, without what parts of the budget took; read by the hart.
    _Atomic uint32_t share;
};

struct budget {
    struct object object;
    uint64_t period;
    uint64_t harts;        // its set: a bit for each
    struct budget *source; // nullptr: the first
    struct link *parts, part;
    struct link *bound;     // threads
    uint32_t threads;       // that are bound
    _Atomic uint32_t loans; // lenders that lend it
    struct account account[BOOT_HARTS];
};
static_assert(sizeof(struct budget) <= PAGE_SIZE && BOOT_HARTS <= 64);

// The first one: all of every hart.
[[nodiscard]] enum status budget_first(struct reticle *reticle, struct budget **out) REQUIRES_BOOKS;
// `harts`: a bit for each; 0: those of the source.
[[nodiscard]] enum status budget_carve(struct reticle *reticle, struct budget *source,
                                       uint64_t nanoseconds, uint64_t period, uint64_t harts,
                                       struct budget **out) REQUIRES_BOOKS;
// Binds a thread, or takes it out of the one it is bound to (nullptr), and tells its hart. FULL:
// the budget has not BUDGET_LEAST in a period for each of its threads. Each may be put from
// band to band once in a period, and what that costs must stay a small part of what they pay.
[[nodiscard]] enum status budget_bind(struct budget *budget, struct thread *thread) REQUIRES_BOOKS;
enum step budget_detach(struct budget *budget) REQUIRES_BOOKS;
// After the epoch: whether nobody lends it any more.
static inline bool budget_settled(const struct budget *budget) {
    return atomic_load_explicit(&budget->loans, memory_order_acquire) == 0;
}

static inline bool budget_has(const struct budget *budget, uint32_t hart) {
    return (budget->harts >> hart & 1) != 0;
}

// All below: on the thread's hart.

static inline struct budget *budget_of(const struct thread *thread) {
    return atomic_load_explicit(&thread->budget, memory_order_acquire);
}
static inline struct budget *loan_of(const struct thread *thread) {
    return atomic_load_explicit(&thread->loan, memory_order_acquire);
}
// Whether there is anything that could put it into the Person band.
static inline bool budget_any(const struct thread *thread) {
    return budget_of(thread) != nullptr || loan_of(thread) != nullptr;
}
// Nanoseconds that it may run now in the Person band; 0: it is in the Network band. *again
// is then lowered to the time at which that changes by itself.
uint64_t budget_left(struct thread *thread, uint64_t now, uint64_t *again);
void budget_charge(struct thread *thread, uint64_t ran, uint64_t now);
// Whether it is bound to a budget that leaves this hart out.
bool budget_excludes(const struct thread *thread, const struct hart *hart);

// The thread blocks, or its budget or loan has changed while it does: lends what it has to
// the one it waits for.
void loan_begin(struct thread *thread);
// Its wait is over.
void loan_end(struct thread *thread);
// Drops a lender of a thread that has ended; true once there are none.
bool loan_drop(struct thread *thread);
