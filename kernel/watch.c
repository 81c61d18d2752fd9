// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Watches and signal bits.
#include "kernel/watch.h"

#include "kernel/check.h"
#include "kernel/signal.h"
#include "kernel/thread.h"

// A thread object is page-aligned: the bit number fits below.
static_assert(PAGE_SIZE > 64);

static struct thread *target_thread(uint64_t target) {
    return (struct thread *)(target & ~(PAGE_SIZE - 1));
}

void watch_unbind(struct watch *watch) {
    uint64_t target = atomic_load_explicit(&watch->target, memory_order_relaxed);
    if (target == 0) {
        return;
    }
    atomic_store_explicit(&watch->target, 0, memory_order_release);
    if (watch->prev == nullptr) {
        target_thread(target)->watches = watch->next;
    } else {
        watch->prev->next = watch->next;
    }
    if (watch->next != nullptr) {
        watch->next->prev = watch->prev;
    }
}

void watch_bind(struct watch *watch, struct thread *thread, uint32_t bit) {
    watch_unbind(watch);
    if (bit == WATCH_NONE) {
        return;
    }
    check(bit < 64);
    watch->prev = nullptr;
    watch->next = thread->watches;
    if (watch->next != nullptr) {
        watch->next->prev = watch;
    }
    thread->watches = watch;
    atomic_store_explicit(&watch->target, (uint64_t)thread | bit, memory_order_release);
}

void watch_raise(struct watch *watch) {
    uint64_t target = atomic_load_explicit(&watch->target, memory_order_acquire);
    if (target != 0) {
        signal_raise(target_thread(target), UINT64_C(1) << (target & 63), false);
    }
}

void watch_raise_handoff(struct watch *watch) {
    uint64_t target = atomic_load_explicit(&watch->target, memory_order_acquire);
    if (target != 0) {
        signal_raise(target_thread(target), UINT64_C(1) << (target & 63), true);
    }
}
