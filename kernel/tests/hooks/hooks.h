// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The hooks of the check kernel, in place of kernel/hooks/hooks.h. What they find out is
// read with system_info, by topics that the shipped kernel does not know:
//   0x1000       audits all books now. Results: audits made, entries, objects checked, and
//                nanoseconds spent in audits
//   0x1001       edges of the portable kernel: hit, all, and the entry at which the last new
//                one was seen; entries
//   0x1002       forgets the tallies of locks and lengths
//   0x1003       a bound: the instructions that one entry may take; the count of kinds of
//                entries; 1 if lengths are instructions (one hart, icount)
//   0x1100 + e   locks of entries e: entries, locks taken, those of the books, most in one
//   0x1200 + e   length of entries e, in counts of the machine's instruction counter: the
//                longest, the sum
//   0x1300 + i   the edges 256 i and on, a bit each, in four words
//   0x2000       a capability to an interrupt line where nothing stands
//   0x2001       a capability to a device of 16 ports that do nothing
//   0x2002       the line of 0x2000 is raised
//   0x2003       a capability to a machine, with the right to its debug line only
//   HOOK_TOPIC_CRASH | way << 44 | an address of the caller
//                the kernel does what it may never do (crash.c), which is its end
// An entry e is a syscall's number, or one of those below. It begins in the kernel's C code
// and ends when the kernel leaves for user code or idles; an audit is not counted into it.
#pragma once

#include <stdint.h>

#include "abi/status.h"

struct lock;

constexpr uint32_t HOOK_FAULT = 64;
constexpr uint32_t HOOK_INTERRUPT = 65;
constexpr uint32_t HOOK_IDLE = 66; // each time that an idle hart looks for work
constexpr uint32_t HOOK_KINDS = 67;

enum hook_topic : uint64_t {
    HOOK_TOPIC_AUDIT = 0x1000,
    HOOK_TOPIC_EDGES = 0x1001,
    HOOK_TOPIC_FORGET = 0x1002,
    HOOK_TOPIC_BOUND = 0x1003,
    HOOK_TOPIC_LOCKS = 0x1100,
    HOOK_TOPIC_LENGTH = 0x1200,
    HOOK_TOPIC_MAP = 0x1300,
    HOOK_TOPIC_IRQ = 0x2000,
    HOOK_TOPIC_PORTS = 0x2001,
    HOOK_TOPIC_RAISE = 0x2002,
    HOOK_TOPIC_MACHINE = 0x2003,
    HOOK_TOPIC_CRASH = UINT64_C(0xc4a5) << 48, // nobody guesses it
};
enum crash_way : uint64_t {
    CRASH_READ,         // at address 0
    CRASH_READ_USER,    // what the program can read
    CRASH_WRITE_TEXT,   // the kernel's
    CRASH_WRITE_ALIAS,  // the same in the direct map
    CRASH_EXECUTE_DATA, // the kernel's
    CRASH_EXECUTE_USER, // what the program can execute
    CRASH_BRANCH,       // through a pointer to a function of another type
    CRASH_LAND,         // into the middle of a function, and nobody compares types
    CRASH_STACK,        // until the guard page
    // And what the sanitized kernel stops:
    CRASH_FREED, // reads where an object was
    CRASH_PAST,  // reads behind an array
    CRASH_SHIFT, // by as many bits as there are
};
constexpr uint64_t HOOK_BOUND = 20'000; // instructions, the kernel contract's "Shape"

// The kernel is entered; arguments: those of a syscall, of which handles name objects that
// are checked, or nullptr. What was entered before and not left ends here, unless this is
// one more source of the same interrupt.
void hook_enter(uint64_t entry, const uint64_t *arguments);
// It leaves, or idles.
void hook_leave(void);
// A syscall's function has returned: it leaves, if the hart has nothing to attend to.
void hook_straight(void);
// A lock was taken.
void hook_lock(const struct lock *lock);
// Memory was taken for use: nothing may count on what stands there.
void hook_fresh(void *at, uint64_t size);
// Topics of system_info that the kernel does not know.
enum status hook_info(uint64_t topic, uint64_t *a);
