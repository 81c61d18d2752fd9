// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The futex lock of three states (Drepper, "Futexes Are Tricky", mutex 2) with the holder in
// the word: MUTEX_WAITED is set whenever somebody may sleep, so unlock makes a syscall only
// then.
//
// Unlock wakes all sleepers, not one. A loan goes to the thread that was named and ends with
// the wait: a sleeper that is not woken would still lend to the former holder, while the new
// one, perhaps with no right to the Person band, holds it up. Those that are woken take the
// lock in the order of their bands; the others name the new holder.
#include "lib/vectra/mutex.h"

#include "abi/capability.h"
#include "abi/layout.h"
#include "lib/vectra/syscall.h"
#include "lib/vectra/thread.h"

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__); // the low half is at the address

// Sleeps while the low half is that. Any outcome means: look again. But where the word names
// nobody the kernel refuses at once, and that must not become a loop.
static void sleep_on(struct mutex *mutex, uint64_t seen) {
    uint64_t address = (uint64_t)&mutex->word, half = (uint32_t)seen;
    enum status status = sys_futex_wait(address, half, TIME_NEVER, seen >> MUTEX_OWNER_SHIFT);
    if (status != STATUS_OK && status != STATUS_AGAIN) {
        (void)sys_futex_wait(address, half, TIME_NEVER, HANDLE_NONE);
    }
}

void mutex_lock(struct mutex *mutex) {
    uint64_t mine = thread_self() << MUTEX_OWNER_SHIFT | MUTEX_HELD, seen = 0;
    // Whoever slept cannot know who else does, and takes the lock as one that is waited for.
    while (!atomic_compare_exchange_weak_explicit(&mutex->word, &seen, mine, memory_order_acquire,
                                                  memory_order_relaxed)) {
        if (seen != 0 &&
            ((seen & MUTEX_WAITED) != 0 ||
             atomic_compare_exchange_strong_explicit(&mutex->word, &seen, seen | MUTEX_WAITED,
                                                     memory_order_relaxed, memory_order_relaxed))) {
            sleep_on(mutex, seen | MUTEX_WAITED);
            mine |= MUTEX_WAITED;
        }
        seen = 0;
    }
}

void mutex_unlock(struct mutex *mutex) {
    uint64_t woken, was = atomic_exchange_explicit(&mutex->word, 0, memory_order_release);
    if ((was & MUTEX_WAITED) != 0) {
        (void)sys_futex_wake((uint64_t)&mutex->word, UINT64_MAX, &woken);
    }
}
