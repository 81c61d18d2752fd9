// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// A thread: registers, Signal Mask, and where it stands with the scheduler.
//
// A thread belongs to one hart, and only that hart changes its state, queues and
// timer, or sends it to another. Anyone else sets bits (`signals`, `requests`) and, when the thread
// has to be looked at, leaves it in the hart's inbox (schedule_poke). So waking across harts takes
// no lock, and states have no races.
#pragma once

#include <stdatomic.h>

#include "kernel/object.h"
#include "kernel/watch.h"
#include "lib/heap/heap.h"
#include "lib/list/list.h"

struct budget;
struct hart;
struct memory;
struct ring;
struct slot;
struct task;

enum thread_state : uint8_t {
    THREAD_NEW,      // made, not started
    THREAD_STARTING, // its hart has been asked to run it
    THREAD_READY,    // in the queue of its hart, or about to be
    THREAD_RUNNING,  // the current one of its hart
    THREAD_WAITING,  // for a bit of `wanted`, or the deadline
    THREAD_SLEEPING, // on a futex
    THREAD_EPOCH,    // until `epoch` is reached
    THREAD_FAULTED,  // until its supervisor resumes it
    THREAD_ENDED,
};

// Set by anyone, acted on by the thread's hart.
enum thread_request : uint32_t {
    REQUEST_START = 1 << 0,
    REQUEST_END = 1 << 1,
    REQUEST_RESUME = 1 << 2,
    REQUEST_STOP = 1 << 3,
};

struct fault {
    _Atomic bool open; // the supervisor has not decided yet; taken back under books
    enum fault_kind kind;
    uint64_t address;
    uint64_t pc;
};

// A syscall that goes on at its next entry, and how far it is. Number and arguments
// are kept here and not read from the registers again: between two entries another
// thread of the Task may have put other code where this one goes on.
struct unfinished {
    bool active;
    bool committed; // it has passed its point of no return
    uint64_t number;
    uint64_t argument[6];
    // memory_carve, memory_wipe: pages that are zero; futex_wake: woken; handle_drop: the view's
    uint32_t pages;
    // memory_map: the handle of the view it makes; handle_drop: where one was; task_slot: the index
    uint64_t mapping;
    enum status map_status; // why that is being undone; OK: it is not
};

// Why a thread is a case for the long way instead of the direct switch. It has floating point, is
// watched, or a budget pays for it, as was so when it queued last or was looked at. A loan that
// nobody has looked at yet does not count: whoever looks makes up for it.
enum apart : uint8_t {
    APART_LASTS = 1 << 0,
    APART_UNFINISHED = 1 << 1, // it has a syscall that goes on
    APART_TIMED = 1 << 2,      // among the deadlines; that alone is no reason for the long way
};

// Whom the thread rang and waited for last by the direct switch, and the words that said so:
// as long as they are the same, so is the answer. A slot never has the same `meta` again for
// another object, and its page stays as long as a thread of the Task runs.
struct call {
    uint64_t handle;
    const struct slot *slot;
    uint64_t meta;     // of the slot
    struct ring *ring; // what it holds
    uint64_t target;   // of the peer's watch
    struct thread *to; // what that says
    uint64_t bit;
};

struct thread {
    struct object object;
    struct call call; // its own hart's; here, where one instruction reads two words of it
    struct arch_frame frame;
    uint64_t quick; // syscalls below it may be called from the entry: all; or none, see syscall.h

    // Fixed when it is made.
    struct task *task;
    uint32_t owner;             // the Task's object, for the tracer
    uint32_t number;            // names it within its Task
    void *float_area;           // nullptr: no floating point
    struct thread *next, *prev; // among the threads of the Task; guard: books

    _Atomic uint64_t words;      // behind a bit of `signals` (watch.h); written under books
    struct memory *words_memory; // where they are; nullptr: nowhere; guard: books

    // Set by anyone.
    _Atomic uint64_t signals;
    _Atomic uint32_t requests;
    _Atomic bool in_inbox;
    bool settled;              // an epoch passed while it was in no inbox
    struct thread *inbox_next; // owned by whoever set in_inbox, then by the hart

    // The hart's own. `hart` and `wanted` are read by others.
    _Atomic(struct hart *) hart;
    _Atomic uint64_t wanted;
    _Atomic enum thread_state state;
    struct link queue;      // among ready threads, those that wait for an epoch, or sleepers
    struct turn *turn;      // a ready thread: where it stands
    uint8_t apart;          // enum apart
    uint64_t deadline;      // TIME_NEVER if it waits for none
    uint64_t awaits;        // the handle that its wait named
    struct heap_node timer; // among the deadlines of its hart; the key: deadline and slack
    uint64_t epoch;
    uint64_t tls;
    uint64_t ran; // of the counter

    struct fault fault;

    // What pays for it in the Person band: see kernel/budget.h.
    _Atomic(struct budget *) budget; // bound to it; written under books
    struct link bound;               // among the threads bound to it; guard: books
    struct lock loans;
    struct link *lenders;          // threads that wait for this one; guard: loans
    _Atomic(struct budget *) loan; // one of theirs, nullptr: there is none; written under loans
    uint32_t loan_depth;           // hops that it came; guard: loans
    // As a lender. Its own hart changes these, under the receiver's lock.
    _Atomic(struct thread *) lends_to;
    struct link lend; // among the lenders of that one
    struct budget *lent;
    uint32_t lent_depth;

    // Futex; guard: the Task's futex lock.
    uint64_t futex_address; // 0: does not sleep
    enum status futex_status;

    // Guard: books.
    struct link *watches;      // those that raise bits of this thread
    struct watch ended;        // raised when it ends
    struct object *destroying; // handle_drop waits for its end
    struct object *making;     // memory_carve zeroes it
    struct object *revoking;   // handle_revoke has marked it
    struct unfinished unfinished;
};

static inline enum thread_state thread_state_of(const struct thread *thread) {
    return atomic_load_explicit(&thread->state, memory_order_acquire);
}
// Whether it is this hart's: then it stays so until this hart sends it away.
static inline bool thread_here(const struct thread *thread) {
    return atomic_load_explicit(&thread->hart, memory_order_acquire) == arch_hart();
}
// Bytes of a thread object on this machine, floating-point area included.
size_t thread_object_size(void);

// Its frame is the caller's to make.
[[nodiscard]] enum status thread_carve(struct task *task, bool floating,
                                       struct thread **out) REQUIRES_BOOKS;
enum step thread_detach(struct thread *thread) REQUIRES_BOOKS;
// Ends one that was never started, which belongs to no hart but to books; whether the
// thread has ended.
bool thread_end_new(struct thread *thread) REQUIRES_BOOKS;
// Takes back the mark of a revocation, if it has one.
void thread_revoked(struct thread *thread) REQUIRES_BOOKS;
// Runs a new thread: on the hart that has least to do, of those that its budget allows, or where
// it was made if another hart starts it.
void thread_start(struct thread *thread) REQUIRES_BOOKS;

// Asks the thread's hart to do something about it.
void thread_request(struct thread *thread, enum thread_request request);
// The same after the request has been noted.
void thread_tell(struct thread *thread);
// Called on the thread's hart, for whatever was asked and whatever woke it.
void thread_attend(struct thread *thread);
// Its life is over; on its hart.
void thread_end(struct thread *thread);
// Stops it for its supervisor; on its hart, and it stands in no queue.
void thread_stop(struct thread *thread, enum fault_kind kind, uint64_t address);
// Whether user memory that could not be reached can be by now.
bool fault_passed(struct task *task, uint64_t address, uint64_t size, uint32_t map_flags);
// The object that it destroys or makes is gone.
void thread_destroyed(struct thread *thread, const struct object *object) REQUIRES_BOOKS;
// Whether nothing refers to an ended thread any more, after an epoch. If not yet, another
// epoch has to pass.
bool thread_settled(struct thread *thread) REQUIRES_BOOKS;
// Blocks the current thread until the epoch.
void thread_await_epoch(struct thread *thread, uint64_t epoch);
