// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// What the kernel writes into a Memory while MACHINE_TRACE of machine_control is on: each
// hart its own records, one behind the other in its own part, over the oldest ones when the
// part is full. Nothing in the Memory is read by the kernel.
//
// A record that is being written may be seen half: one counts if its sequence is the one that
// its place must have. Records of different harts are put in order by their time.
#pragma once

#include <stdint.h>

#include "abi/layout.h"

enum trace_kind : uint32_t {
    TRACE_NONE = 0,      // never written
    TRACE_SWITCH = 1,    // the hart goes on with this thread, or with none; `what`: 1 directly
    TRACE_DOORBELL = 2,  // Ring | flow << 32
    TRACE_CALL = 3,      // a doorbell, and then a wait for its answer: Ring | flow << 32
    TRACE_WAIT = 4,      // for signals: the Ring's slot, or 0 | flow << 32
    TRACE_SLEEP = 5,     // on a futex: its address
    TRACE_FAULT = 6,     // pc | enum fault_kind << 56
    TRACE_INTERRUPT = 7, // the line, or one of those below
    TRACE_PASS = 8,      // a capability is sent: its object | the Ring end << 32
    TRACE_TAKE = 9,      // a capability is taken: its object | the end it was sent from << 32
    TRACE_REVOKE = 10,   // all below a capability goes: its object
    TRACE_DESTROY = 11,  // an owner capability is dropped: its object
    TRACE_SAMPLE = 12,   // pc | enum trace_sample << 56, or no thread: the hart idles
};
constexpr uint32_t TRACE_KINDS = 13;

// Interrupts that are the kernel's own.
constexpr uint32_t TRACE_TIMER = UINT32_MAX;
constexpr uint32_t TRACE_HART = UINT32_MAX - 1; // another hart wants something

// Where the hart was when a sample was due. Below: in the kernel, in the syscall of that
// number, from which it has just come back. The kernel takes no interrupts.
enum trace_sample : uint32_t {
    TRACE_USER = 0xff,
    TRACE_KERNEL = 0xfe, // elsewhere in the kernel, which switched to this thread
};
constexpr uint32_t TRACE_WHERE_SHIFT = 56;
static_assert(USER_TOP < UINT64_C(1) << TRACE_WHERE_SHIFT);

// Ring and object: as the low half of `object` of handle_info.
struct trace_record {
    uint64_t time;     // of the counter, as struct time_page has it
    uint64_t sequence; // records before it on its hart, times their size, | enum trace_kind
    uint64_t thread;   // its Task's object | its number in the Task << 32; 0: no thread
    uint32_t what[2];  // the low half first
};
static_assert(sizeof(struct trace_record) == 32 && TRACE_KINDS <= 32);

// Samples come after three to five quarters of the period, each time another one.
constexpr uint64_t TRACE_PERIOD_LEAST = 10'000; // nanoseconds
constexpr uint64_t TRACE_PERIOD_MOST = 1'000'000'000;

// The size of the part of each hart, which is a power of two of pages; hart i has part i.
static inline uint64_t trace_part(uint64_t bytes, uint64_t harts) {
    uint64_t part = PAGE_SIZE;
    while (part * 2 * harts <= bytes) {
        part *= 2;
    }
    return part;
}
