// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The tracer: each hart writes what it does into its own part of a Memory that a program
// holds (abi/trace.h). Off, a place that tells something costs a compare and a branch that
// is not taken; on, at most 20 instructions a record.
//
// What a hart needs for it is its own, and it alone changes that, when it ends the tracer and
// whenever it acknowledges an epoch. So once an epoch has passed since then, nobody writes there
// any more; a Memory that dies waits for one where there are several harts.
#pragma once

#include "abi/trace.h"
#include "kernel/hart.h"
#include "kernel/object.h"
#include "kernel/thread.h"

struct memory;

// MACHINE_TRACE and MACHINE_TRACE_END, with the arguments of machine_control; may be restarted.
[[nodiscard]] enum status trace_control(struct thread *self, const uint64_t *a);
// Nothing is written to this Memory any more as soon as an epoch has passed.
void trace_end(struct memory *memory) REQUIRES_BOOKS;
// This hart acknowledges an epoch: from now on it does as is wanted.
void trace_follow(struct hart *hart);
// The timer came, and there is something to write to: a sample, if one is due.
void trace_timer(struct hart *hart);

// All that it costs while it is off.
static inline bool trace_on(void) {
    return __builtin_expect(arch_hart_member(trace) != nullptr, 0);
}

// Where there is something to write to. `what` comes in two halves.
[[gnu::always_inline]] static inline void trace_put(struct hart *hart, enum trace_kind kind,
                                                    uint32_t low, uint32_t high) {
    uint64_t at = hart->trace_at;
    hart->trace_at = at + sizeof(struct trace_record);
    struct trace_record *to =
        (struct trace_record *)((uint8_t *)hart->trace + (at & hart->trace_mask));
    to->time = arch_counter();
    to->sequence = at | kind;
    to->thread = hart->trace_thread;
    to->what[0] = low;
    to->what[1] = high;
}

// A thread as records name it; nullptr: there is none.
static inline uint64_t trace_identity(const struct thread *thread) {
    return thread == nullptr ? 0 : thread->owner | (uint64_t)thread->number << 32;
}

// Of what runs on this hart.
[[gnu::always_inline]] static inline void trace(enum trace_kind kind, uint32_t low, uint32_t high) {
    if (trace_on()) {
        trace_put(arch_hart(), kind, low, high);
    }
}
// The hart goes on with that thread, or with none.
[[gnu::always_inline]] static inline void trace_switch(struct hart *hart, const struct thread *to,
                                                       uint32_t directly) {
    if (trace_on()) {
        hart->trace_thread = trace_identity(to);
        trace_put(hart, TRACE_SWITCH, directly, 0);
    }
}
// The direct switch, on behalf of a Ring and a flow.
[[gnu::always_inline]] static inline void trace_direct(struct hart *hart, const struct object *ring,
                                                       uint64_t flow, const struct thread *to) {
    if (trace_on()) {
        trace_put(hart, TRACE_CALL, object_number(ring), (uint32_t)flow);
        trace_switch(hart, to, 1);
    }
}
// A place in a program, and something about it.
static inline void trace_place(enum trace_kind kind, uint64_t pc, uint32_t about) {
    trace(kind, (uint32_t)pc, (uint32_t)(pc >> 32) | about << (TRACE_WHERE_SHIFT - 32));
}
