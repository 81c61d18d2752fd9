// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Threads of one Task: starting, ending, what each has of its own.
#include "lib/vectra/thread.h"
#include "lib/vectra/mutex.h"
#include "tests/ktest/child.h"
#include "tests/ktest/worker.h"

void worker_open(struct worker *worker, void (*run)(void *), void *argument, uint64_t flags) {
    (void)CHECK_OK(
        thread_spawn(run, argument, &worker->stack[WORKER_STACK], flags, &worker->thread));
}

bool worker_ended(const struct worker *worker) {
    uint64_t bits;
    return CHECK_OK(sys_thread_watch(worker->thread, BIT_WORKER)) &&
           CHECK_OK(
               sys_signal_wait(UINT64_C(1) << BIT_WORKER, deadline_in(PATIENCE), 0, 0, 0, &bits));
}

void worker_close(struct worker *worker) {
    if (worker_ended(worker)) {
        drop(worker->thread);
    } else {
        (void)sys_handle_drop(worker->thread); // ends it, wherever it hangs
    }
    worker->thread = HANDLE_NONE;
}

struct worker workers[WORKERS];

static _Atomic uint32_t counter;

static void count_up(void *argument) {
    atomic_fetch_add(&counter, (uint32_t)(uint64_t)argument);
}

static void start_and_end(void) {
    atomic_store(&counter, 0);
    for (uint32_t i = 0; i < WORKERS; i++) {
        worker_open(&workers[i], count_up, (void *)(uint64_t)(i + 1), 0);
    }
    for (uint32_t i = 0; i < WORKERS; i++) {
        worker_close(&workers[i]);
    }
    (void)CHECK_EQ(atomic_load(&counter), WORKERS * (WORKERS + 1) / 2);
}

static void errors(void) {
    uint64_t thread, copy, entry = (uint64_t)count_up;
    (void)CHECK_STATUS(sys_thread_carve(0, USER_TOP, 0, 0, 0, 0, &thread), STATUS_BAD_ARGUMENT);
    (void)CHECK_STATUS(sys_thread_carve(0, machine_kernel[0], 0, 0, 0, 0, &thread),
                       STATUS_BAD_ARGUMENT);
    (void)CHECK_STATUS(sys_thread_carve(0, entry, UINT64_MAX, 0, 0, 0, &thread),
                       STATUS_BAD_ARGUMENT);
    (void)CHECK_STATUS(sys_thread_carve(0, entry, 0, 0, USER_TOP, 0, &thread), STATUS_BAD_ARGUMENT);
    (void)CHECK_STATUS(sys_thread_carve(0, entry, 0, 0, 0, 2, &thread), STATUS_BAD_ARGUMENT);
    (void)CHECK_STATUS(sys_thread_carve(0, entry, 0, 0, 0, UINT64_MAX, &thread),
                       STATUS_BAD_ARGUMENT);
    // One that is never started.
    if (CHECK_OK(sys_thread_carve(0, entry, AREA, 0, 0, 0, &thread))) {
        (void)CHECK_STATUS(sys_handle_copy(thread, RIGHT_ALL, &copy), STATUS_ACCESS);
        (void)CHECK_STATUS(sys_thread_watch(thread, 64), STATUS_BAD_ARGUMENT);
        drop(thread);
        (void)CHECK(!is_alive(thread));
    }
}

static void start_twice(void) {
    worker_open(&workers[0], count_up, nullptr, 0);
    (void)CHECK_STATUS(sys_thread_start(workers[0].thread), STATUS_BAD_STATE);
    if (worker_ended(&workers[0])) {
        (void)CHECK_STATUS(sys_thread_start(workers[0].thread), STATUS_BAD_STATE);
        // It ended long ago: told again, at once.
        (void)CHECK_OK(sys_thread_watch(workers[0].thread, 9));
        (void)CHECK_EQ(poll_bits(), 1 << 9);
    }
    drop(workers[0].thread);
}

static void spin(void *argument) {
    const _Atomic uint32_t *stop = argument;
    while (atomic_load_explicit(stop, memory_order_relaxed) == 0) {
        arch_pause();
    }
}

static void sleep_for_ever(void *argument) {
    (void)argument;
    uint64_t bits;
    (void)sys_signal_wait(1, TIME_NEVER, 0, 0, 0, &bits);
}

// Giving its owner back ends a thread, running or waiting.
static void drop_ends(void) {
    static _Atomic uint32_t never;
    for (uint32_t i = 0; i < 6; i++) {
        worker_open(&workers[i], i % 2 == 0 ? spin : sleep_for_ever, (void *)&never, 0);
    }
    pause_for(3 * MILLISECOND);
    for (uint32_t i = 0; i < 6; i++) {
        drop(workers[i].thread);
        (void)CHECK(!is_alive(workers[i].thread));
    }
}

// ------------------------------------------------------- TLS and vector registers

struct local {
    uint64_t word; // what the TLS base points at
    _Atomic uint32_t *stop;
    uint64_t wrong;
};

static void hold_local(void *argument) {
    struct local *local = argument;
    while (atomic_load_explicit(local->stop, memory_order_relaxed) == 0) {
        local->wrong += arch_tls_word() != local->word;
    }
    (void)sys_thread_exit();
}

// More threads than harts, so that each loses its hart again and again.
static void tls(void) {
    static struct local locals[WORKERS];
    static _Atomic uint32_t stop;
    uint32_t threads = 2 * hart_count() + 1;
    threads = threads < WORKERS ? threads : WORKERS;
    atomic_store(&stop, 0);
    for (uint32_t i = 0; i < threads; i++) {
        locals[i] = (struct local){.word = 1000 + i, .stop = &stop};
        uint64_t stack = (uint64_t)&workers[i].stack[WORKER_STACK] - 8;
        (void)CHECK_OK(sys_thread_carve(0, (uint64_t)hold_local, stack & ~UINT64_C(15),
                                        (uint64_t)&locals[i], (uint64_t)&locals[i], 0,
                                        &workers[i].thread));
        (void)CHECK_OK(sys_thread_start(workers[i].thread));
    }
    pause_for(60 * MILLISECOND);
    atomic_store(&stop, 1);
    for (uint32_t i = 0; i < threads; i++) {
        worker_close(&workers[i]);
        (void)CHECK_EQ(locals[i].wrong, 0);
    }
}

struct held {
    uint64_t value;
    _Atomic uint32_t *stop;
    uint64_t wrong;
};

static void hold_float(void *argument) {
    struct held *held = argument;
    held->wrong = machine_float_hold(held->value, held->stop);
}

static void vectors(void) {
    static struct held held[WORKERS];
    static _Atomic uint32_t stop;
    uint32_t threads = 2 * hart_count() + 1;
    threads = threads < WORKERS ? threads : WORKERS;
    atomic_store(&stop, 0);
    for (uint32_t i = 0; i < threads; i++) {
        held[i] = (struct held){0x0101010101010101 * (i + 1), &stop, 1};
        worker_open(&workers[i], hold_float, &held[i], THREAD_FLOAT);
    }
    pause_for(60 * MILLISECOND);
    atomic_store(&stop, 1);
    for (uint32_t i = 0; i < threads; i++) {
        worker_close(&workers[i]);
        (void)CHECK_EQ(held[i].wrong, 0);
    }
}

// A thread's mask is its own: what is raised for one is not seen by another.
static void own_mask(void) {
    uint64_t bits, a, b;
    (void)CHECK_OK(sys_ring_carve(ground, 2, &a));
    (void)CHECK_OK(sys_ring_carve(ground, 2, &b));
    (void)CHECK_OK(sys_ring_bind(a, b));
    (void)CHECK_OK(sys_ring_watch(a, 2, UINT64_MAX));
    worker_open(&workers[0], sleep_for_ever, nullptr, 0);
    (void)CHECK_OK(sys_doorbell(b, 0));
    (void)CHECK_OK(sys_signal_wait(1 << 2, 0, 0, 0, 0, &bits));
    drop(workers[0].thread);
    drop(a);
    drop(b);
}

static void leave_traces(void *argument) {
    _Atomic uint32_t *over = argument;
    while (!atomic_load(over)) {
        machine_trace_leave(100'000);
    }
}

// What another thread of the hart has in registers that no frame holds is not seen.
static void traces(void) {
    static _Atomic uint32_t over;
    atomic_store(&over, 0);
    for (uint32_t i = 0; i < hart_count(); i++) {
        worker_open(&workers[i], leave_traces, &over, 0);
    }
    for (uint32_t i = 0; i < 20; i++) {
        (void)CHECK(machine_trace_none());
        pause_for(3 * MILLISECOND); // the others run
    }
    atomic_store(&over, 1);
    for (uint32_t i = 0; i < hart_count(); i++) {
        worker_close(&workers[i]);
    }
}

TESTS(thread, {"start_and_end", start_and_end}, {"errors", errors}, {"start_twice", start_twice},
      {"drop_ends", drop_ends}, {"tls", tls}, {"vectors", vectors}, {"own_mask", own_mask},
      {"traces", traces});
