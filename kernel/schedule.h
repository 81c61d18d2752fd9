// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Who runs. Each hart has a queue of the Person band, which goes first, a queue of turns in
// the Network band, one for each Task with ready threads, and a heap of deadlines; all are
// its own. Other harts reach it through its inbox: they push the thread that needs
// attention and send one interrupt. See docs/decisions/0016-two-clocks.md.
//
// There is no tick: the machine's timer is set for the earliest deadline, and for the
// end of the current turn only while another thread is ready.
#pragma once

#include "kernel/hart.h"
#include "kernel/thread.h"

constexpr uint64_t SCHEDULE_SLICE = 2000000;  // nanoseconds of a turn
constexpr uint64_t SCHEDULE_PERSON = 9500000; // of the Person band while others wait; then
constexpr uint64_t SCHEDULE_NETWORK = 500000; // those go first for so long

static inline struct thread *thread_current(void) {
    return arch_hart()->current;
}

// The syscall that runs on this hart leaves by kernel_leave.
static inline void schedule_attend(void) {
    arch_hart()->attend = true;
}

// Any hart: its hart will call thread_attend and schedule_review for it, once for all that
// ask until then.
void schedule_poke(struct thread *thread);
// The thread's own hart, not the running thread: puts it in the queue. False: its budget wants
// another hart, and has it now; it may even be back here by the time of the answer.
bool schedule_ready(struct thread *thread);
// Its own hart: takes a thread out of the ready queue.
void schedule_remove(struct thread *thread);
// Its own hart: what pays for it has changed, or who lends to it.
void schedule_review(struct thread *thread);
// Its own hart: a deadline for it, or none any more. With slack it may be so much later.
void schedule_deadline(struct thread *thread, uint64_t deadline, uint64_t slack);
void schedule_deadline_clear(struct thread *thread);
// The hart with the least to do, of those that the thread's budget allows.
struct hart *schedule_place(const struct thread *thread);
// Gives a thread that stands in no queue to a hart, which then makes it ready. Only its own
// hart gives it to another.
void schedule_send(struct thread *thread, struct hart *to);
// Something dies from now on: whoever runs here, alone or not, is interrupted for its steps.
void schedule_reap(void);
// The thread leaves this hart for good.
void schedule_forget(const struct thread *thread);
// If it is the current thread: books its time up to now.
void schedule_account(const struct thread *thread);
// Attends to the first of those in the inbox of this hart, and reviews them.
void schedule_inbox(void);
// The current thread lost the hart (it blocked, ended, or moved): saves what the
// registers hold for it.
void schedule_unload(struct hart *hart);
// The current thread gives the hart up, and the hart lets go of it; it keeps its place in
// whatever it waits in.
void schedule_leave(struct hart *hart);
// The current thread's time on the hart up to now.
uint64_t schedule_ran(const struct thread *thread);

// An interrupt came: the hart counts as awake before it looks at anything.
void schedule_wake_from_idle(void);
// doorbell_wait by the current thread, from the entry, where the receiver waits on this hart:
// the frame to go on with. nullptr: nothing was done, and the long way is to be taken. Otherwise
// its arguments 0 and 1 are not in the frame: STATUS_OK, and `bits`. Keeps none of the registers
// that functions keep.
struct direct {
    struct arch_frame *frame;
    uint64_t bits;
};
[[clang::preserve_none]] struct direct direct_switch(struct thread *self);
// Picks the next thread of a hart that runs none, idling until there is one.
struct arch_frame *schedule_next(void);
