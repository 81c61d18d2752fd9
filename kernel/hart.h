// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// What the kernel knows of one hart. Only that hart touches it, apart from the
// members marked as shared.
#pragma once

#include <stdatomic.h>

#include "kernel/arch.h"
#include "lib/heap/heap.h"
#include "lib/list/list.h"

struct thread;
struct trace_record;

// A Task's place in the Network band of one hart: its threads that are ready there. It
// stands among the turns of the hart while it has any and it is not its turn.
struct turn {
    struct link *threads;
    struct link link;
};

struct hart {
    struct arch_hart arch; // first: the entry assembly finds it here
    uint32_t index;
    // The syscall that runs leaves by kernel_leave: the current thread may be another one then.
    // An interrupt does in any case.
    bool attend;
    struct thread *current;   // runs, or has just blocked; nullptr: idle, or it has ended
    struct thread *loaded;    // whose floating-point state and TLS base the registers hold
    uint64_t debug;           // arch_frame.debug.control of what the debug registers hold
    struct turn person;       // ready threads of the Person band
    struct link *turns;       // turns that wait in the Network band
    struct turn *turn;        // whose turn it is there; may have no ready thread
    int64_t turn_left;        // nanoseconds of it
    struct heap_node *timers; // the deadlines of its threads
    struct thread *came;      // taken out of the inbox, and not yet attended to
    struct link *epoch_waiters;
    bool runs_person;     // the current thread is in the Person band
    bool preempt;         // the current thread has to let others go first
    uint64_t slice_end;   // when its turn is over; only kept up while others are ready
    uint64_t timer_armed; // what the machine's timer is set to
    uint64_t since;       // the counter, since when the current thread's time is not accounted for
    uint64_t switched;    // since when that of its turn is not
    uint64_t person_ran;  // nanoseconds of the Person band without a pause
    uint64_t person_end;  // when it ran last
    struct phys space;    // the address space that is loaded
    uint64_t space_version;

    uint64_t idle_ns, switches, interrupts;

    struct trace_record *trace; // where its records begin; nullptr: it writes none (trace.h)
    uint64_t trace_at, trace_mask, trace_wanted;
    uint64_t trace_thread; // the identity of who runs; 0: nobody; kept up while it is on
    uint64_t sample;       // when the next one is due; TIME_NEVER: none is
    uint64_t sample_period;

    // Shared. What changes with each message or wait has a line of its own.
    alignas(64) _Atomic(struct thread *) inbox;
    _Atomic bool idle;
    _Atomic uint32_t load;   // threads that are ready or run
    _Atomic uint32_t placed; // threads that were sent here to start and are on their way

    // Shared. Every hart looks at it when it idles, and it seldom changes.
    alignas(64) _Atomic uint64_t epoch_wanted; // the first epoch that it waits for; 0: none
    _Atomic uint64_t acknowledged;             // the last epoch
    _Atomic bool online;
};

// Of a variable without a value at first: all harts look at it on the way of messages, so it has
// a line of its own, away from what changes more often. See docs/decisions/0024-no-shared-lines.md.
#define POLLED gnu::section(".bss.polled"), gnu::aligned(64)

uint32_t harts_online(void); // harts 0 .. n-1 run
