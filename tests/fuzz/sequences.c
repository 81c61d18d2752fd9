// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Directed sequences: what random calls reach rarely or never. Each works with objects of
// its own, in a Reticle that it drops, and goes on whatever a call answers, since memory
// may be used up and other threads do as they like.
#include "tests/fuzz/fuzz.h"

// Memory: zero at first, seen through a view, wiped, given back.
static void sequence_memory(struct actor *me) {
    uint64_t reticle = private_begin(me, 24 * PAGE_SIZE), at = private_place(me, 0), memory;
    if (CALL(me, memory_carve, reticle, 4 * PAGE_SIZE, 0, 0) == STATUS_OK) {
        memory = me->result[1];
        (void)CALL(me, memory_wipe, memory);
        if (CALL(me, memory_map, 0, memory, at, 0, 4 * PAGE_SIZE, MAP_READ | MAP_WRITE) ==
            STATUS_OK) {
            uint64_t view = me->result[1];
            volatile uint64_t *words = (volatile uint64_t *)at;
            for (uint64_t i = below(me, 64); i < 4 * PAGE_SIZE / 8; i += 61) {
                HOLDS(me, words[i] == 0);
                words[i] = i;
            }
            (void)CALL(me, memory_wipe, memory); // seen: BAD_STATE
            (void)CALL(me, memory_map, 0, memory, at + PAGE_SIZE, 0, PAGE_SIZE, MAP_READ);
            (void)CALL(me, memory_map, 0, memory, at + 64 * PAGE_SIZE, 0, PAGE_SIZE,
                       MAP_READ | MAP_EXECUTE);
            HOLDS(me, words[1] <= 1);
            drop(me, view);
        }
        (void)CALL(me, memory_wipe, memory);
    }
    (void)CALL(me, memory_map, 0, toys.package, USER_TOP, 0, PAGE_SIZE, MAP_READ);
    (void)CALL(me, memory_map, 0, toys.package, at + 1, 0, PAGE_SIZE, MAP_READ);
    (void)CALL(me, reticle_info, reticle);
    drop(me, reticle);
}

static void sequence_reticle(struct actor *me) {
    uint64_t outer = private_begin(me, 32 * PAGE_SIZE), inner = HANDLE_NONE;
    (void)CALL(me, reticle_watch, outer, below(me, 8), 20 * PAGE_SIZE);
    if (CALL(me, reticle_split, outer, 4 * PAGE_SIZE) == STATUS_OK) {
        inner = me->result[1];
        for (uint32_t i = 0; i < 6; i++) {
            (void)CALL(me, reticle_grow, inner, outer, (1 + below(me, 3)) * PAGE_SIZE);
        }
        (void)CALL(me, reticle_grow, inner, outer, 4096 * PAGE_SIZE);
        (void)CALL(me, reticle_grow, outer, inner, PAGE_SIZE);
        (void)CALL(me, reticle_grow, inner, outer, 0);
        (void)CALL(me, handle_copy, inner, RIGHT_ALL);
    }
    if (CALL(me, reticle_info, outer) == STATUS_OK) {
        HOLDS(me, me->result[1] == me->result[2] + me->result[3] + me->result[4]);
    }
    drop(me, one_in(me, 2) ? inner : HANDLE_NONE);
    drop(me, outer);
}

// Takes all that a Reticle has left.
static void use_up(struct actor *me, uint64_t reticle) {
    for (uint64_t pages = 1024; pages != 0;) {
        if (CALL(me, reticle_split, reticle, pages * PAGE_SIZE) != STATUS_OK) {
            pages /= 2;
        }
    }
}

// Nothing left to pay with.
static void sequence_exhaust(struct actor *me) {
    struct victim victim;
    uint64_t a, b;
    bool made = victim_make(me, &victim, 48 * PAGE_SIZE, victim_exit, 0);
    bool pair = ring_pair(me, victim.reticle, &a, &b);
    use_up(me, victim.reticle);
    for (uint32_t i = 0; i < 40; i++) { // the cells that are left
        if (CALL(me, memory_carve, victim.reticle, PAGE_SIZE, 0, 0) == STATUS_NO_MEMORY && i > 2) {
            break;
        }
    }
    for (uint32_t i = 0; i < 3; i++) {
        (void)CALL(me, task_carve, victim.reticle);
        (void)CALL(me, bundle_carve, victim.reticle);
        (void)CALL(me, ring_carve, victim.reticle, 4);
        (void)CALL(me, reticle_split, victim.reticle, PAGE_SIZE);
        (void)CALL(me, budget_carve, victim.reticle, toys.budget, 10'000, 10 * MILLISECOND, 0, 0);
        if (pair) {
            (void)CALL(me, ring_send, a, 0, toys.package, RIGHT_ALL, 0);
        }
        if (made) {
            (void)CALL(me, thread_carve, victim.task, PROGRAM_BASE, 0, 0, 0, 0);
            (void)CALL(me, memory_map, victim.task, toys.package, UINT64_C(1) << (35 + i), 0,
                       PAGE_SIZE, MAP_READ);
            (void)CALL(me, task_start, victim.task, victim.bundle, victim.thread);
        }
    }
    drop(me, victim.reticle);
}

// The worker's own Reticle, which pays for its tables, has nothing left.
static void sequence_exhaust_own(struct actor *me) {
    uint64_t reticle = private_begin(me, 24 * PAGE_SIZE), a, b, taken[256];
    uint32_t count = 0, copies = 0;
    bool pair = ring_pair(me, reticle, &a, &b);
    if (CALL(me, memory_carve, reticle, (1 + below(me, 4)) * PAGE_SIZE, 0, 0) == STATUS_OK) {
        (void)CALL(me, ring_send, a, 0, me->result[1], RIGHT_ALL, 1); // needs pages when taken
    }
    (void)CALL(me, ring_send, a, 0, toys.package, RIGHT_ALL, 0);
    (void)CALL(me, ring_send, a, 0, toys.package, RIGHT_ALL, 0);
    for (uint64_t pages = 1024; pages != 0 && count < 60;) {
        if (CALL(me, reticle_split, toys.own, pages * PAGE_SIZE) == STATUS_OK) {
            taken[count++] = me->result[1];
        } else {
            pages /= 2;
        }
    }
    while (copies < 130 && CALL(me, handle_copy, toys.package, RIGHT_ALL) == STATUS_OK) {
        taken[count + copies++] = me->result[1];
    }
    for (uint32_t i = 0; i < 4; i++) {
        (void)CALL(me, handle_copy, toys.package, RIGHT_ALL);
        (void)CALL(me, ring_take, pair ? b : 0, 0, 0);
        drop(me, i == 1 ? taken[count - 1] : HANDLE_NONE);
        (void)CALL(me, thread_carve, 0, PROGRAM_BASE, 0, 0, 0, 0);
        (void)CALL(me, memory_map, 0, toys.package, UINT64_C(1) << (36 + i), 0, PAGE_SIZE,
                   MAP_READ);
    }
    for (uint32_t i = 0; i < count + copies; i++) {
        drop(me, taken[i]);
    }
    drop(me, reticle);
}

static void sequence_bundle(struct actor *me) {
    uint64_t reticle = private_begin(me, 16 * PAGE_SIZE);
    uint64_t name = (uint64_t)me->scratch;
    if (CALL(me, bundle_carve, reticle) == STATUS_OK) {
        uint64_t bundle = me->result[1];
        bool big = one_in(me, 2);
        for (uint32_t i = 0; i < 70; i++) {
            if (one_in(me, 2)) {
                (void)CALL(me, bundle_put, bundle, name + 2 * i, 2, toys.package, RIGHT_ALL, 0);
            } else {
                (void)CALL(me, bundle_value, bundle, name + 2 * i, 2, name, big ? 700 : 8);
            }
        }
        (void)CALL(me, bundle_put, bundle, name, 2, toys.package, RIGHT_ALL, 0);
        (void)CALL(me, bundle_value, bundle, name, 2, name, 8);
        (void)CALL(me, bundle_value, bundle, USER_TOP - 1, 2, name, 8);
        (void)CALL(me, bundle_value, bundle, name + 160, 2, UINT64_MAX - 8, 8);
        (void)CALL(me, bundle_put, bundle, 1, 2, toys.package, RIGHT_ALL, 0);
        (void)CALL(me, handle_info, bundle);
    }
    drop(me, reticle);
}

// Everything that hangs below a capability is gone when revoking it has succeeded.
static void sequence_revoke(struct actor *me) {
    uint64_t reticle = private_begin(me, 24 * PAGE_SIZE), copies[64], a, b;
    uint32_t count = 0;
    if (CALL(me, memory_carve, reticle, PAGE_SIZE, 0, 0) == STATUS_OK) {
        uint64_t memory = me->result[1], from = memory;
        uint32_t wanted = 1 + below(me, 64);
        while (count < wanted && CALL(me, handle_copy, from, RIGHT_ALL) == STATUS_OK) {
            copies[count++] = me->result[1];
            from = one_in(me, 2) ? memory : copies[below(me, count)];
        }
        bool pair = ring_pair(me, reticle, &a, &b);
        if (pair && count != 0) {
            (void)CALL(me, ring_send, a, 1, copies[0], RIGHT_ALL, 0);
            (void)CALL(me, ring_send, a, 1, copies[count - 1], RIGHT_ALL, 0);
        }
        bool view = CALL(me, memory_map, 0, copies[0], private_place(me, 128), 0, PAGE_SIZE,
                         MAP_READ) == STATUS_OK;
        uint64_t seen = me->result[1];
        if (CALL(me, handle_revoke, memory) == STATUS_OK) {
            for (uint32_t i = 0; i < count; i++) {
                HOLDS(me, CALL(me, handle_info, copies[i]) == STATUS_BAD_HANDLE);
            }
            (void)CALL(me, ring_take, b, 1, 0);
            (void)CALL(me, ring_take, b, 1, 0);
            HOLDS(me, !view || *(volatile uint64_t *)private_place(me, 128) == 0);
        }
        drop(me, view ? seen : HANDLE_NONE);
    }
    drop(me, reticle);
}

// The table of this Task has no slot left.
static void sequence_full_table(struct actor *me) {
    static _Atomic bool busy;
    if (atomic_exchange_explicit(&busy, true, memory_order_acquire)) {
        return; // the other thread is at it
    }
    uint64_t reticle = private_begin(me, 16 * PAGE_SIZE), a, b, root = HANDLE_NONE;
    bool pair = ring_pair(me, reticle, &a, &b);
    (void)CALL(me, ring_send, a, 0, toys.package, RIGHT_ALL, 0);
    if (CALL(me, handle_copy, toys.package, RIGHT_ALL) == STATUS_OK) {
        root = me->result[1];
    }
    while (CALL(me, handle_copy, root, RIGHT_ALL) == STATUS_OK) {
    }
    for (uint32_t i = 0; i < 12; i++) {
        (void)CALL(me, handle_copy, toys.package, RIGHT_ALL);
        (void)CALL(me, reticle_split, reticle, PAGE_SIZE);
        (void)CALL(me, budget_carve, reticle, toys.budget, 10'000, 10 * MILLISECOND, 0, 0);
        (void)CALL(me, memory_carve, reticle, PAGE_SIZE, 0, 0);
        (void)CALL(me, task_carve, reticle);
        (void)CALL(me, bundle_carve, reticle);
        (void)CALL(me, ring_carve, reticle, 2);
        (void)CALL(me, thread_carve, 0, PROGRAM_BASE, 0, 0, 0, 0);
        (void)CALL(me, memory_map, 0, toys.package, private_place(me, 256), 0, PAGE_SIZE, MAP_READ);
        (void)CALL(me, ring_take, pair ? b : 0, 0, 0);
    }
    (void)CALL(me, handle_revoke, root); // all of them
    drop(me, root);
    drop(me, reticle);
    atomic_store_explicit(&busy, false, memory_order_release);
}

// A sleeper is woken by its word's end: the other thread drops the view.
static void sequence_futex(struct actor *me) {
    _Atomic uint32_t *hot = &toys.hot[below(me, HOT_WORDS)];
    (void)CALL(me, futex_wait, (uint64_t)hot, 1, time_now() + MILLISECOND / 32);
    (void)CALL(me, futex_wait, (uint64_t)hot, 0, time_now() + MILLISECOND / 32);
    atomic_store_explicit(&toys.wake, (uint64_t)hot, memory_order_relaxed);
    (void)CALL(me, futex_wait, (uint64_t)hot, 0, time_now() + 4 * MILLISECOND);
    (void)CALL(me, futex_wait, (uint64_t)hot, 0, 1);
    uint64_t reticle = private_begin(me, 4 * PAGE_SIZE), at = private_place(me, 300);
    if (CALL(me, memory_carve, reticle, PAGE_SIZE, 0, 0) == STATUS_OK &&
        CALL(me, memory_map, 0, me->result[1], at, 0, PAGE_SIZE, MAP_READ | MAP_WRITE) ==
            STATUS_OK) {
        uint64_t view = me->result[1];
        atomic_store_explicit(&toys.unmap, view, memory_order_relaxed);
        (void)CALL(me, futex_wait, at, 0, time_now() + MILLISECOND / 4);
        if (atomic_exchange_explicit(&toys.unmap, 0, memory_order_relaxed) != 0) {
            drop(me, view);
        }
    }
    drop(me, reticle);
}

// A word behind a signal bit: the doorbell sets its bit, then the signal bit.
static void sequence_words(struct actor *me) {
    uint64_t reticle = private_begin(me, 16 * PAGE_SIZE), bit = 48 + me->index, a, b;
    uint64_t at = private_place(me, 600);
    if (CALL(me, memory_carve, reticle, PAGE_SIZE, 0, 0) == STATUS_OK) {
        uint64_t memory = me->result[1];
        (void)CALL(me, memory_map, 0, memory, at, 0, PAGE_SIZE, MAP_READ | MAP_WRITE);
        (void)CALL(me, signal_words, memory, bit, 1 + below(me, 8));
        (void)CALL(me, signal_words, memory, 64, 1);
        (void)CALL(me, signal_words, memory, bit, 513);
        (void)CALL(me, signal_words, memory, bit, 4);
        if (ring_pair(me, reticle, &a, &b)) {
            uint64_t source = below(me, 256);
            (void)CALL(me, ring_watch, a, 64 + source, UINT64_MAX);
            (void)CALL(me, doorbell, b);
            wait_bits(me, UINT64_C(1) << bit, MILLISECOND / 8);
            (void)CALL(me, ring_send, a, 0, memory, RIGHT_ALL, 1); // pinned
            (void)CALL(me, task_watch, toys.self, 64 + source);
            (void)CALL(me, thread_watch, memory, UINT64_MAX - 1);
        }
        if (one_in(me, 2)) {
            (void)CALL(me, signal_words, memory, bit, 0);
        }
    }
    drop(me, reticle);
    (void)CALL(me, task_watch, toys.self, UINT64_MAX);
    (void)CALL(me, task_watch, toys.self, 64 + 512);
}

static void sequence_devices(struct actor *me) {
    uint64_t bit = 44 + me->index;
    (void)CALL(me, irq_watch, toys.irq, bit);
    if (CALL(me, system_info, 0x2002) == STATUS_OK) {
        wait_bits(me, UINT64_C(1) << bit, MILLISECOND / 32);
    }
    (void)CALL(me, irq_acknowledge, toys.irq);
    (void)CALL(me, irq_acknowledge, toys.irq);
    (void)CALL(me, device_port, toys.ports, below(me, 16), 1, 0);
    (void)CALL(me, device_port, toys.ports, below(me, 16), 17, 0);
    (void)CALL(me, machine_control, toys.machine, MACHINE_QUIET, 0);
    (void)CALL(me, machine_control, toys.machine, MACHINE_SAY, UINT64_MAX);
    (void)CALL(me, reticle_watch, toys.arena, 64 + 512, 0);
    (void)CALL(me, thread_watch, toys.self, 64 + 512);
    (void)CALL(me, irq_watch, toys.irq, 64 + 512);
    (void)CALL(me, ring_carve, toys.arena, 3);
    (void)CALL(me, reticle_split, toys.arena, 0);
    (void)CALL(me, bundle_put, 0, (uint64_t)me->scratch, 0, toys.package, 0, 0);
    (void)CALL(me, machine_control, toys.machine, MACHINE_POWER_OFF, 0); // no right to it
}

// All that this Task holds, as it is listed.
static void sequence_list(struct actor *me) {
    for (uint64_t index = 0; index < 40; index++) {
        if (CALL(me, task_slot, toys.self, index) != STATUS_OK) {
            break;
        }
        index = me->result[1];
    }
    (void)CALL(me, task_slot, toys.self, 20000);
    (void)CALL(me, task_info, toys.self);
}

// The first ones make ten thousands of calls.
static sequence_code *const sequences[] = {
    sequence_full_table, sequence_full_target, sequence_memory, sequence_reticle, sequence_exhaust,
    sequence_bundle,     sequence_revoke,      sequence_futex,  sequence_devices, sequence_list,
    sequence_victim,     sequence_fault,       sequence_thread, sequence_stop,    sequence_ring,
    sequence_flight,     sequence_dying,       sequence_words,  sequence_budget,  sequence_debug,
    sequence_moved,      sequence_full_ring,   sequence_call,   sequence_chain,   sequence_sleepers,
    sequence_lend,       sequence_band,        sequence_race,   sequence_scene,   sequence_fragment,
    sequence_odd,        sequence_exhaust_own, sequence_crowd,  sequence_poor,    sequence_race,
    sequence_race,       sequence_race,        sequence_scene,
};
constexpr uint32_t COUNT = sizeof sequences / sizeof *sequences;
static_assert(COUNT <= SEQUENCES);
constexpr uint32_t LARGE = 2, LARGE_ONE_IN = 400;

static void run(struct actor *me, uint32_t index) {
    uint64_t from = time_now();
    sequences[index](me);
    me->spent[index] += time_now() - from;
}

void sequence_each(struct actor *me, bool large) {
    for (uint32_t i = (large ? 0 : LARGE) + me->index; i < COUNT; i += THREADS) {
        run(me, i);
    }
}

// Of two the one that has taken less time so far, so that all get about as much.
void sequence(struct actor *me) {
    uint32_t one = below(me, COUNT), other = below(me, COUNT);
    uint32_t index = me->spent[one] <= me->spent[other] ? one : other;
    if (index >= LARGE || one_in(me, LARGE_ONE_IN)) {
        run(me, index);
    }
}
