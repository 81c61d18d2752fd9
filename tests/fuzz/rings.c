// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Directed sequences with Rings and what travels beside them. See sequences.c.
#include "abi/ring.h"
#include "tests/fuzz/fuzz.h"

// Both ends are here: a doorbell rings this thread.
void sequence_ring(struct actor *me) {
    uint64_t reticle = private_begin(me, 16 * PAGE_SIZE), a, b, bit = 42 + me->index;
    if (ring_pair(me, reticle, &a, &b)) {
        (void)CALL(me, ring_watch, a, bit, bit);
        (void)CALL(me, ring_watch, b, below(me, 8), 64);
        (void)CALL(me, ring_info, a);
        (void)CALL(me, ring_bind, a, b);
        (void)CALL(me, memory_map, 0, a, private_place(me, 400), 0, PAGE_SIZE,
                   MAP_READ | MAP_WRITE);
        (void)CALL(me, memory_map, 0, b, private_place(me, 410), 0, PAGE_SIZE, MAP_READ | MAP_PEER);
        uint64_t view = me->result[1];
        (void)CALL(me, memory_map, 0, b, private_place(me, 420), 0, PAGE_SIZE, MAP_READ | MAP_PEER);
        for (uint32_t i = 0; i < 3; i++) {
            (void)CALL(me, doorbell, b);
            (void)CALL(me, signal_wait, UINT64_C(1) << bit, time_now() + MILLISECOND, 0);
            (void)CALL(me, doorbell_wait, a, UINT64_C(1) << bit, i * time_now(), 0);
            (void)CALL(me, doorbell_wait, b, UINT64_C(1) << bit, time_now() + MILLISECOND, 0);
        }
        (void)CALL(me, signal_wait, UINT64_C(1) << 39, time_now() + MILLISECOND / 64, 0, a);
        (void)CALL(me, doorbell_wait, a, 0, 0, 0);
        (void)CALL(me, signal_wait, 0, TIME_NEVER, 0);
        drop(me, one_in(me, 2) ? view : HANDLE_NONE);
        drop(me, a);
        (void)CALL(me, doorbell, b);
        (void)CALL(me, doorbell_wait, b, 1, 0, 0);
        (void)CALL(me, ring_send, b, 0, toys.package, RIGHT_ALL, 0);
        (void)CALL(me, memory_map, 0, b, private_place(me, 430), 0, PAGE_SIZE, MAP_READ | MAP_PEER);
        (void)CALL(me, ring_take, b, 0, 0);
    }
    drop(me, reticle);
}

// Capabilities of all sorts, taken in order, passed over, of another class, revoked.
void sequence_flight(struct actor *me) {
    uint64_t reticle = private_begin(me, 48 * PAGE_SIZE), a, b, memory = HANDLE_NONE;
    if (ring_pair(me, reticle, &a, &b)) {
        for (uint64_t i = 0; i < 8; i++) {
            bool move = one_in(me, 2);
            if (CALL(me, memory_carve,
                     one_in(me, 2) ? reticle : toys.pool[CLASS_RETICLE][me->index], PAGE_SIZE, 0,
                     0) == STATUS_OK) {
                memory = me->result[1];
                (void)CALL(me, ring_send, a, i / 2, memory, next(me), move);
            }
            if (!move && one_in(me, 2)) {
                (void)CALL(me, handle_revoke, memory);
            }
            if (!move) {
                toys.stale[below(me, STALE)] = memory;
            }
        }
        (void)CALL(me, ring_send, a, 0, memory, 0, 0); // back in the order
        (void)CALL(me, ring_send, a, 9, a, RIGHT_ALL, 1);
        for (uint64_t i = 0; i < 6; i++) {
            for (uint32_t j = 0; j < 2; j++) {
                if (CALL(me, ring_take, b, i, one_in(me, 4) ? CLASS_TASK : 0) == STATUS_OK) {
                    toy_put(me, (enum cap_class)(me->result[2] >> INFO_CLASS_SHIFT & 31),
                            me->result[1]);
                }
            }
        }
    }
    drop(me, reticle);
}

void sequence_full_ring(struct actor *me) {
    uint64_t reticle = private_begin(me, 16 * PAGE_SIZE), a, b;
    if (ring_pair(me, reticle, &a, &b)) {
        for (uint32_t i = 0; i < RING_IN_FLIGHT + 2; i++) {
            (void)CALL(me, ring_send, a, 0, toys.package, RIGHT_ALL, 0);
        }
        (void)CALL(me, ring_take, b, 1, 0); // drops them all
    }
    drop(me, reticle);
}

// The owner capability of an object was on its way and is passed over: the object dies,
// but not in this entry, so copies of it still resolve.
static uint64_t dying(struct actor *me, uint64_t a, uint64_t b, uint64_t owner, uint64_t sequence) {
    if (CALL(me, handle_copy, owner, RIGHT_ALL) != STATUS_OK) {
        return HANDLE_NONE;
    }
    uint64_t copy = me->result[1];
    (void)CALL(me, ring_send, a, sequence, owner, RIGHT_ALL, 1);
    (void)CALL(me, ring_take, b, sequence + 1, 0);
    return copy;
}

static void on_reticle(struct actor *me, uint64_t copy) {
    (void)CALL(me, reticle_split, copy, PAGE_SIZE);
    (void)CALL(me, memory_carve, copy, PAGE_SIZE, 0, 0);
    (void)CALL(me, task_carve, copy);
    (void)CALL(me, ring_carve, copy, 2);
    (void)CALL(me, bundle_carve, copy);
    (void)CALL(me, reticle_grow, copy, toys.arena, PAGE_SIZE);
    (void)CALL(me, reticle_info, copy);
    (void)CALL(me, reticle_watch, copy, 1, 0);
    (void)CALL(me, handle_copy, copy, RIGHT_ALL);
}

static void on_task(struct actor *me, const struct victim *victim, uint64_t copy) {
    (void)CALL(me, task_start, copy, victim->bundle, victim->thread);
    (void)CALL(me, thread_carve, copy, PROGRAM_BASE, 0, 0, 0, 0);
    (void)CALL(me, memory_map, copy, toys.package, PRIVATE, 0, PAGE_SIZE, MAP_READ);
    (void)CALL(me, task_info, copy);
    (void)CALL(me, task_watch, copy, 1);
    (void)CALL(me, task_slot, copy, 0);
    (void)CALL(me, task_stop, copy, 1);
    (void)CALL(me, thread_fault, copy, 0, 0);
}

static void on_ring(struct actor *me, uint64_t a, uint64_t copy) {
    (void)CALL(me, ring_bind, copy, a);
    (void)CALL(me, ring_send, a, 100, copy, RIGHT_ALL, 0);
    (void)CALL(me, ring_info, copy);
    (void)CALL(me, ring_watch, copy, 1, 2);
    (void)CALL(me, ring_take, copy, 0, 0);
    (void)CALL(me, doorbell, copy);
    (void)CALL(me, doorbell_wait, copy, 1, 0, 0);
    (void)CALL(me, memory_map, 0, copy, private_place(me, 500), 0, PAGE_SIZE, MAP_READ);
    (void)CALL(me, handle_revoke, copy);
    (void)CALL(me, handle_info, copy);
}

void sequence_dying(struct actor *me) {
    struct victim victim;
    uint64_t reticle = private_begin(me, 32 * PAGE_SIZE), a, b;
    uint64_t name = (uint64_t)me->scratch;
    bool made = victim_make(me, &victim, 24 * PAGE_SIZE, victim_exit, 0);
    if (ring_pair(me, reticle, &a, &b)) {
        if (CALL(me, reticle_split, reticle, 4 * PAGE_SIZE) == STATUS_OK) {
            on_reticle(me, dying(me, a, b, me->result[1], 1));
        }
        if (made) {
            (void)CALL(me, bundle_put, victim.bundle, name, 2, a, RIGHT_ALL, 0);
            on_task(me, &victim, dying(me, a, b, victim.task, 3));
        }
        if (CALL(me, ring_carve, reticle, 2) == STATUS_OK) {
            uint64_t copy = dying(me, a, b, me->result[1], 5);
            (void)CALL(me, bundle_put, victim.bundle, name + 2, 2, copy, RIGHT_ALL, 0);
            on_ring(me, a, copy);
        }
    }
    drop(me, victim.reticle);
    drop(me, reticle);
}
