// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Directed sequences with Tasks and threads. See sequences.c.
#include "machine/registers.h"
#include "tests/fuzz/fuzz.h"

constexpr uint64_t VICTIM_BYTES = 32 * PAGE_SIZE;

static uint32_t end_bit(const struct actor *me) {
    return 40 + me->index;
}

// It ends by itself.
void sequence_victim(struct actor *me) {
    struct victim victim;
    bool whole = one_in(me, 2); // the Task ends, or its only thread
    uint64_t status = 1 + below(me, 100);
    uint32_t struck = atomic_load(&strays_struck);
    victim_code *code = whole ? victim_exit : victim_thread_exit;
    if (victim_make(me, &victim, VICTIM_BYTES, code, status)) {
        uint64_t name = (uint64_t)me->scratch;
        (void)CALL(me, bundle_put, victim.bundle, name, 2, toys.package, RIGHT_ALL, 0);
        (void)CALL(me, task_watch, victim.task, end_bit(me));
        (void)CALL(me, thread_watch, victim.thread, end_bit(me));
        if (CALL(me, thread_carve, 0, (uint64_t)code, 0, 0, 0, 0) == STATUS_OK) {
            uint64_t other = me->result[1]; // of another Task
            (void)CALL(me, task_start, victim.task, victim.bundle, other);
            drop(me, other);
        }
        if (victim_start(me, &victim) && victim_state(me, &victim) == TASK_ENDED) {
            (void)CALL(me, task_info, victim.task);
            if (me->result[1] == TASK_ENDED) {
                HOLDS(me, (me->result[2] == (whole ? status : 0) && me->result[3] == 0) ||
                              strays_since(struck));
                credit(me, whole ? CALL_task_exit : CALL_thread_exit);
            }
        }
        (void)CALL(me, thread_carve, victim.task, PROGRAM_BASE, 0, 0, 0, 0);
        (void)CALL(me, task_stop, victim.task, 0);
    }
    drop(me, victim.reticle);
}

static void fault_look(struct actor *me, const struct victim *victim) {
    uint64_t registers = (uint64_t)me->scratch + SCRATCH / 2;
    if (CALL(me, thread_fault, victim->task, 0, 0) != STATUS_OK) {
        return;
    }
    uint64_t thread = me->result[1];
    for (uint32_t i = 0; i < 3; i++) {
        (void)CALL(me, thread_registers, victim->task, thread, registers, 0);
        (void)CALL(me, thread_registers, victim->task, thread, registers, 1);
    }
    (void)CALL(me, thread_registers, victim->task, thread, 64, 1);
    (void)CALL(me, thread_registers, victim->task, thread, UINT64_MAX, 0);
    (void)CALL(me, thread_registers, victim->task, thread + 1, registers, 0);
    (void)CALL(me, thread_control, victim->task, thread + 1, RESUME_CONTINUE);
    (void)CALL(me, thread_control, victim->task, thread, 9);
    (void)CALL(me, thread_control, victim->task, thread, RESUME_CONTINUE);
    (void)CALL(me, thread_control, victim->task, thread, RESUME_CONTINUE); // not stopped now
    (void)CALL(me, thread_registers, victim->task, thread, registers, 0);
    if (victim_state(me, victim) == TASK_FAULTED) { // the same again
        (void)CALL(me, task_stop, victim->task, 1);
    }
    (void)CALL(me, thread_fault, victim->task, 0, 0);
}

// Writable Memory on other books than those of the Task that is to have it.
void sequence_moved(struct actor *me) {
    struct victim victim;
    uint64_t play = toys.pool[CLASS_RETICLE][me->index];
    if (victim_make(me, &victim, VICTIM_BYTES, victim_wait, 0)) {
        for (uint32_t i = 0; i < 3; i++) {
            uint64_t from = i == 1 || one_in(me, 2) ? play : victim.reticle;
            if (CALL(me, memory_carve, from, PAGE_SIZE, 0, 0) == STATUS_OK) {
                uint64_t memory = me->result[1];
                (void)CALL(me, bundle_put, victim.bundle, (uint64_t)me->scratch + 4 * i, 2, memory,
                           RIGHT_ALL, 1);
                (void)CALL(me, memory_map, victim.task, memory, UINT64_C(1) << (32 + i), 0,
                           PAGE_SIZE, MAP_READ | MAP_WRITE | MAP_GIVE);
            }
        }
        (void)CALL(me, bundle_put, victim.bundle, (uint64_t)me->scratch, 0, toys.package, 0, 0);
        (void)CALL(me, task_start, victim.task, victim.bundle, victim.thread);
    }
    drop(me, victim.reticle);
}

// It touches what is not there.
void sequence_fault(struct actor *me) {
    static const uint64_t bad[] = {0, UINT64_MAX & ~UINT64_C(7), USER_TOP, 0x1000000};
    struct victim victim;
    if (victim_make(me, &victim, VICTIM_BYTES, victim_read, bad[below(me, 4)])) {
        (void)CALL(me, task_watch, victim.task, end_bit(me));
        if (victim_start(me, &victim) && victim_state(me, &victim) == TASK_FAULTED) {
            fault_look(me, &victim);
        }
    }
    drop(me, victim.reticle);
}

static void watches(struct actor *me, const struct victim *victim, uint64_t thread) {
    uint64_t stack = VICTIM_STACK - PAGE_SIZE, scratch = (uint64_t)me->scratch + SCRATCH / 2;
    uint64_t task = victim->task;
    (void)CALL(me, thread_watchpoint, task, thread, below(me, 4), stack, 8, 1 + below(me, 3));
    (void)CALL(me, thread_watchpoint, task, thread, below(me, 6), stack + 4, 4, WATCH_ACCESS);
    (void)CALL(me, thread_watchpoint, task, thread, 0, stack + 1, 8, WATCH_WRITE);
    (void)CALL(me, thread_watchpoint, task, thread, 0, USER_TOP, 8, WATCH_WRITE);
    (void)CALL(me, thread_watchpoint, task, thread + 1, 0, stack, 8, WATCH_WRITE);
    (void)CALL(me, thread_watchpoint, task, thread, 0, 0, 1, WATCH_OFF);
    (void)CALL(me, task_memory, task, stack + below(me, 4000), scratch, 1 + below(me, 256), 0);
    (void)CALL(me, task_memory, task, stack + below(me, 2000), scratch, 1 + below(me, 256), 1);
    (void)CALL(me, task_memory, task, PROGRAM_BASE, scratch, 16, below(me, 2));
    (void)CALL(me, task_memory, task, stack, below(me, 2) * UINT64_MAX, 16, below(me, 2));
    (void)CALL(me, task_memory, task, stack, scratch, below(me, 2) * 257, 0);
}

// It is stopped where it is, looked at, stepped, and goes on; and its pages are served.
void sequence_debug(struct actor *me) {
    struct victim victim;
    uint32_t kind = below(me, 3);
    victim_code *code = kind == 0 ? victim_spin : kind == 1 ? victim_wait : victim_wild;
    bool made = victim_make(me, &victim, VICTIM_BYTES, code, next(me));
    (void)CALL(me, task_watch, victim.task, end_bit(me));
    if (made && victim_start(me, &victim) &&
        CALL(me, thread_fault, victim.task, 0, 1) == STATUS_OK) {
        uint64_t thread = me->result[1], task = victim.task;
        (void)CALL(me, thread_watchpoint, task, thread, 0, PROGRAM_BASE, 1, WATCH_EXECUTE);
        for (uint32_t i = 0; i < 3; i++) {
            (void)CALL(me, thread_control, task, thread, RESUME_STOP);
            if (victim_state(me, &victim) == TASK_FAULTED) {
                watches(me, &victim, thread);
                (void)CALL(me, thread_registers, task, thread, (uint64_t)me->scratch + 2048, i & 1);
                (void)CALL(me, thread_control, task, thread, RESUME_STEP);
                (void)victim_state(me, &victim);
            }
            (void)CALL(me, thread_control, task, thread, RESUME_CONTINUE);
        }
        (void)CALL(me, memory_map, task, toys.package, UINT64_C(0x50000000), 0, PAGE_SIZE,
                   MAP_READ);
        (void)CALL(me, thread_fault, task, thread, below(me, 2));
        (void)CALL(me, task_stop, task, 1);
        (void)CALL(me, thread_control, task, thread, RESUME_STOP);
    }
    drop(me, victim.reticle);
}

// Time in the Person band: shared out, used by threads of this Task, given back.
void sequence_budget(struct actor *me) {
    constexpr uint64_t PERIOD = 10 * MILLISECOND;
    uint64_t reticle = private_begin(me, 8 * PAGE_SIZE), harts = (uint64_t)me->scratch;
    uint64_t budget = below(me, 40) * (MILLISECOND / 1000);
    for (uint32_t i = 0; i < 3; i++) {
        uint64_t part = HANDLE_NONE, thread = HANDLE_NONE;
        if (CALL(me, budget_carve, reticle, toys.budget, budget, PERIOD, 0, 0) == STATUS_OK) {
            part = me->result[1];
        }
        (void)CALL(me, budget_bind, part, 0);
        (void)CALL(me, doorbell, toys.parent);
        if (CALL(me, thread_carve, 0, (uint64_t)victim_thread_exit, harts + 2000, 0, 0, 0) ==
            STATUS_OK) {
            thread = me->result[1];
            (void)CALL(me, budget_bind, part, thread);
            (void)CALL(me, thread_start, thread);
        }
        (void)CALL(me, budget_carve, reticle, part, budget / 2, PERIOD, 0, 0);
        drop(me, one_in(me, 2) ? part : HANDLE_NONE);
        (void)CALL(me, budget_bind, 0, 0);
        drop(me, thread);
    }
    (void)CALL(me, budget_carve, reticle, toys.budget, PERIOD, PERIOD, 0, 0);
    (void)CALL(me, budget_carve, reticle, toys.budget, PERIOD - 1, PERIOD, 0, 0);
    (void)CALL(me, budget_carve, reticle, toys.budget, PERIOD + 1, PERIOD, 0, 0);
    (void)CALL(me, budget_carve, reticle, toys.budget, budget, PERIOD, USER_TOP, 1);
    (void)CALL(me, budget_carve, reticle, toys.budget, budget, PERIOD, harts, 1);
    drop(me, reticle);
}

// Threads of this Task. Their stack is not touched before they end.
void sequence_thread(struct actor *me) {
    alignas(16) static uint8_t stacks[THREADS][4][256];
    uint64_t threads[4], word;
    for (uint32_t i = 0; i < 4; i++) {
        word = (uint64_t)&stacks[me->index][i][240];
        bool made =
            CALL(me, thread_carve, 0, (uint64_t)victim_thread_exit, word, 0, 0, 0) == STATUS_OK;
        threads[i] = made ? me->result[1] : HANDLE_NONE;
        (void)CALL(me, thread_watch, threads[i], end_bit(me));
        (void)CALL(me, thread_start, threads[i]);
        if (made && one_in(me, 3)) {
            (void)CALL(me, thread_start, threads[i]);
        }
    }
    wait_bits(me, UINT64_C(1) << end_bit(me), MILLISECOND / 8);
    for (uint32_t i = 0; i < 4; i++) {
        (void)CALL(me, handle_info, threads[i]);
        drop(me, threads[i]);
    }
    (void)CALL(me, thread_carve, 0, USER_TOP, 0, 0, 0, 0);
}

// It goes on for ever, until it is ended in one of several ways.
void sequence_stop(struct actor *me) {
    struct victim victim;
    uint32_t kind = below(me, 4);
    victim_code *code = kind == 0 ? victim_spin : kind == 1 ? victim_wait : victim_wild;
    if (victim_make(me, &victim, VICTIM_BYTES * 2, code, next(me))) {
        uint64_t name = (uint64_t)me->scratch, a, b;
        (void)ring_pair(me, victim.reticle, &a, &b);
        (void)CALL(me, bundle_put, victim.bundle, name, 2, b, RIGHT_ALL, 1);
        (void)CALL(me, bundle_put, victim.bundle, name + 2, 2, victim.reticle, RIGHT_ALL, 0);
        (void)CALL(me, bundle_put, victim.bundle, name + 4, 2, victim.task, RIGHT_ALL, 0);
        (void)CALL(me, bundle_put, victim.bundle, name + 6, 2, toys.package, RIGHT_ALL, 0);
        (void)CALL(me, task_stop, victim.task, 0);
        if (victim_start(me, &victim)) {
            (void)CALL(me, ring_watch, a, end_bit(me), end_bit(me));
            wait_bits(me, UINT64_C(1) << end_bit(me), below(me, 150000));
            (void)CALL(me, doorbell, a);
            (void)CALL(me, ring_take, a, below(me, 4), 0);
            (void)CALL(me, thread_start, victim.thread);
        }
        if (!one_in(me, 4)) {
            (void)CALL(me, task_stop, victim.task, 3);
            (void)CALL(me, task_stop, victim.task, 4);
        }
    }
    drop(me, victim.reticle);
}

// More threads than are ended at once.
void sequence_crowd(struct actor *me) {
    constexpr uint32_t CROWD = 12;
    struct victim victim;
    uint64_t threads[CROWD] = {};
    victim_code *code = one_in(me, 2) ? victim_wait : victim_spin;
    if (victim_make(me, &victim, 4 * VICTIM_BYTES, one_in(me, 3) ? victim_exit : code, 5)) {
        for (uint32_t i = 0; i < CROWD; i++) {
            uint64_t entry = (uint64_t)(one_in(me, 8) ? victim_exit : code);
            if (CALL(me, thread_carve, victim.task, entry, VICTIM_STACK - 64, 1, 0, 0) ==
                STATUS_OK) {
                threads[i] = me->result[1];
            }
        }
        if (victim_start(me, &victim)) {
            for (uint32_t i = 0; i < CROWD; i++) {
                if (!one_in(me, 6)) {
                    (void)CALL(me, thread_start, threads[i]);
                }
            }
            wait_bits(me, UINT64_C(1) << end_bit(me), below(me, 40'000));
            (void)CALL(me, thread_control, victim.task, 1 + below(me, CROWD), RESUME_STOP);
            drop(me, threads[below(me, CROWD)]);
        }
        if (one_in(me, 2)) {
            (void)CALL(me, task_stop, victim.task, 1);
        }
    }
    drop(me, victim.reticle);
}

// Just too little for some step of making a Task and starting it.
void sequence_poor(struct actor *me) {
    struct victim victim;
    uint64_t extra = HANDLE_NONE, name = (uint64_t)me->scratch;
    if (victim_make(me, &victim, (8 + below(me, 24)) * PAGE_SIZE, victim_exit, 0)) {
        while (!one_in(me, 12) &&
               CALL(me, memory_carve, victim.reticle, PAGE_SIZE, 0, 0) == STATUS_OK) {
            extra = me->result[1];
        }
        (void)CALL(me, bundle_put, victim.bundle, name, 2, extra, RIGHT_ALL, one_in(me, 2));
        (void)CALL(me, bundle_put, victim.bundle, name + 2, 2, toys.package, RIGHT_ALL, 0);
        (void)victim_start(me, &victim);
    }
    drop(me, victim.reticle);
}

// The table of a Task that is being filled has no slot left.
void sequence_full_target(struct actor *me) {
    struct victim victim;
    if (victim_make(me, &victim, UINT64_C(1400) << 10, victim_exit, 0)) {
        uint64_t at = UINT64_C(0x40000000);
        while (CALL(me, memory_map, victim.task, toys.package, at, 0, PAGE_SIZE, MAP_READ) ==
               STATUS_OK) {
            at += PAGE_SIZE;
        }
        for (uint32_t i = 0; i < 12; i++) {
            (void)CALL(me, memory_map, victim.task, toys.package, at, 0, PAGE_SIZE, MAP_READ);
            (void)CALL(me, task_start, victim.task, victim.bundle, victim.thread);
        }
    }
    drop(me, victim.reticle);
}
