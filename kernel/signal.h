// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The Signal Mask of a thread: 64 bits, and waiting for any of some.
//
// No wake-up is lost: whoever sets bits executes a full fence and then reads
// `wanted`; the thread writes `wanted`, executes a full fence and then reads the bits.
// At least one of the two sees the other.
#pragma once

#include <stdint.h>

struct thread;

// Sets bits, from any hart, and wakes the thread if it waits for one of them.
void signal_raise(struct thread *thread, uint64_t bits);
// The rest of it, where they were not set before and are now.
void signal_raised(struct thread *thread, uint64_t bits);
// The current thread: takes bits of the mask, or blocks. Returns false if it blocked; the
// thread's registers then get status and bits when it is woken.
bool signal_wait(struct thread *thread, uint64_t mask, uint64_t deadline, uint64_t slack,
                 uint64_t *bits);
// On its own hart: completes the wait if a bit is there or the deadline passed.
void signal_attend(struct thread *thread);
