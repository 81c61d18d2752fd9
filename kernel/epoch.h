// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The epoch: one counter that answers both "has every hart left the kernel since?"
// and "has every hart flushed its TLB since?". A hart acknowledges when it takes the
// interrupt for it, which it can only from user mode or when idle, after a flush; a
// hart that idles counts as having acknowledged, and flushes when it wakes. So the
// quick paths pay nothing for it, and nobody spins: who needs an epoch blocks.
#pragma once

#include <stdint.h>

// The number of the epoch that the next request will begin.
uint64_t epoch_next(void);
// Begins it, interrupts whoever has to acknowledge; returns its number.
uint64_t epoch_request(void);
bool epoch_reached(uint64_t epoch);
// This hart waits for an epoch that was requested, and will be interrupted when it comes.
// False: it has come already. The hart takes epoch_wanted back itself.
bool epoch_want(uint64_t epoch);
// This hart is at a quiescent point, with interrupts off.
void epoch_acknowledge(void);
// Around idling.
void epoch_idle_enter(void);
void epoch_idle_leave(void);
