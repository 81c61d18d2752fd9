// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// A watch joins a source of events (a Ring end, an interrupt, a Task, a Reticle's
// low-water mark) to one bit of the Signal Mask of the thread that asked for it.
// Nobody else can set that bit: each source stores what its receiver chose.
//
// Binding is guarded by books; raising takes no lock and may race with it: it then
// goes to the old or the new thread, both of which stay in memory for the epoch.
#pragma once

#include <stdatomic.h>

#include "kernel/lock.h"

struct thread;

constexpr uint32_t WATCH_NONE = UINT32_MAX; // a bit number that unbinds

struct watch {
    _Atomic uint64_t target;   // the thread, which is page-aligned, plus the bit number; 0: none
    struct watch *next, *prev; // among the watches of that thread
};

void watch_bind(struct watch *watch, struct thread *thread, uint32_t bit) REQUIRES_BOOKS;
void watch_unbind(struct watch *watch) REQUIRES_BOOKS;
void watch_raise(struct watch *watch);
// The same by a thread that is about to block: the one it wakes may run next.
void watch_raise_handoff(struct watch *watch);
