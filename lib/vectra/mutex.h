// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// A lock between the threads of one Task, on the kernel's futex. All zero is open. No
// syscall while nobody waits. Whoever waits names the holder, which then runs in the
// waiter's band and on its budget until it opens the lock.
//
// The word says who holds the lock, so that there is no moment in which a waiter could not
// name the holder, or would name the last one:
//
//   bit 0      MUTEX_HELD    somebody holds it
//   bit 1      MUTEX_WAITED  somebody may sleep on it
//   bits 2..63 the handle of the holder's thread, without its two highest bits: those of a
//              generation that no slot lives to see
//
// The kernel compares the low half: both flags, the handle's slot and the low bits of its
// generation. It is enough: whoever sleeps on a half that has both flags is woken when the
// lock opens, whoever it was that held it.
//
// A name that is stale or was never one does no harm: the sleeper sleeps, and lends nobody
// anything. A holder that ends leaves the lock closed for good, as one that never returns
// would; another thread may open it in its place.
//
// For the first thread of a program and those that thread_spawn made.
#pragma once

#include <stdatomic.h>
#include <stdint.h>

constexpr uint64_t MUTEX_HELD = 1 << 0;
constexpr uint64_t MUTEX_WAITED = 1 << 1;
constexpr uint32_t MUTEX_OWNER_SHIFT = 2;

struct mutex {
    _Atomic uint64_t word;
};

void mutex_lock(struct mutex *mutex);
void mutex_unlock(struct mutex *mutex);
