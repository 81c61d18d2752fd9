// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Directed sequences for single refusals that random calls meet once in millions. See
// sequences.c.
#include "abi/ring.h"
#include "tests/fuzz/fuzz.h"

// Free pages that are there, in too many pieces; and as deep as Reticles go.
void sequence_fragment(struct actor *me) {
    constexpr uint32_t PIECES = 96;
    uint64_t reticle = private_begin(me, 128 * PAGE_SIZE), part = HANDLE_NONE, pieces[PIECES];
    if (CALL(me, reticle_split, reticle, PAGE_SIZE) == STATUS_OK) {
        part = me->result[1];
    }
    for (uint32_t i = 0; i < PIECES; i++) {
        bool made = CALL(me, memory_carve, reticle, PAGE_SIZE, 0, 0) == STATUS_OK;
        pieces[i] = made ? me->result[1] : HANDLE_NONE;
    }
    while (CALL(me, memory_carve, reticle, PAGE_SIZE, 0, 0) == STATUS_OK) {
    }
    for (uint32_t i = 0; i < PIECES; i += 2) {
        drop(me, pieces[i]);
    }
    (void)CALL(me, reticle_split, reticle, 44 * PAGE_SIZE);
    (void)CALL(me, reticle_grow, part, reticle, 44 * PAGE_SIZE);
    (void)CALL(me, reticle_grow, part, reticle, 9 * PAGE_SIZE);
    (void)CALL(me, reticle_split, reticle, 38 * PAGE_SIZE);
    (void)CALL(me, memory_carve, reticle, 2 * PAGE_SIZE, 0, 0);
    drop(me, reticle);
    reticle = private_begin(me, 80 * PAGE_SIZE);
    uint64_t inner = reticle;
    for (uint64_t pages = 78; pages > 1; pages -= 2) {
        if (CALL(me, reticle_split, inner, pages * PAGE_SIZE) != STATUS_OK) {
            break;
        }
        inner = me->result[1];
    }
    drop(me, reticle);
}

static void odd_rings(struct actor *me, uint64_t reticle, uint64_t bundle) {
    uint64_t a, b, at = private_place(me, 800), name = (uint64_t)me->scratch, c = HANDLE_NONE;
    if (!ring_pair(me, reticle, &a, &b)) {
        return;
    }
    if (CALL(me, ring_carve, reticle, 2) == STATUS_OK) {
        c = me->result[1];
    }
    (void)CALL(me, ring_bind, c, c);
    (void)CALL(me, ring_bind, c, a);
    (void)CALL(me, ring_send, a, 0, c, RIGHT_ALL, 0);
    (void)CALL(me, ring_send, a, 0, b, RIGHT_ALL, 0);
    (void)CALL(me, ring_send, a, 0, a, RIGHT_ALL, 0);
    (void)CALL(me, memory_map, 0, a, at, 0, PAGE_SIZE, MAP_READ | MAP_WRITE | MAP_PEER);
    (void)CALL(me, memory_map, 0, a, at, 0, PAGE_SIZE, MAP_READ | MAP_EXECUTE);
    (void)CALL(me, memory_map, 0, a, at, 0, PAGE_SIZE, MAP_READ | MAP_GIVE);
    (void)CALL(me, memory_map, 0, c, at, 0, PAGE_SIZE, MAP_READ | MAP_PEER);
    if (CALL(me, memory_map, 0, a, at, 0, PAGE_SIZE, MAP_READ | MAP_WRITE) == STATUS_OK) {
        uint64_t view = me->result[1];
        (void)CALL(me, ring_send, b, 0, a, RIGHT_ALL, 1);
        (void)CALL(me, bundle_put, bundle, name, 2, a, RIGHT_ALL, 1);
        (void)CALL(me, ring_send, b, 0, view, RIGHT_ALL, 0);
        (void)CALL(me, bundle_put, bundle, name, 2, view, RIGHT_ALL, 0);
        (void)CALL(me, handle_copy, view, RIGHT_ALL);
        (void)CALL(me, handle_revoke, view);
        (void)CALL(me, memory_map, 0, view, at, 0, PAGE_SIZE, MAP_READ);
        drop(me, view);
    }
    if (CALL(me, memory_map, 0, a, at, 0, PAGE_SIZE, MAP_READ | MAP_PEER) == STATUS_OK) {
        uint64_t view = me->result[1];
        (void)CALL(me, ring_send, b, 0, a, RIGHT_ALL, 1);
        drop(me, one_in(me, 2) ? view : HANDLE_NONE);
    }
    (void)CALL(me, bundle_put, bundle, name, 2, bundle, RIGHT_ALL, 0);
    (void)CALL(me, bundle_put, bundle, name, 2, bundle, RIGHT_ALL, 1);
    if (one_in(me, 2)) { // an end that travels towards itself
        (void)CALL(me, ring_send, a, 0, b, RIGHT_ALL, 1);
        (void)CALL(me, ring_send, a, 0, a, RIGHT_ALL, 1);
        (void)CALL(me, ring_take, b, 0, 0);
    }
}

// Whether it names a capability first, and wants a right of it.
static bool wants_right(uint32_t number) {
    uint8_t kind = rows[number].kind[0];
    bool handle = rows[number].count != 0 && (kind < CLASS_COUNT || kind == KIND_ANY ||
                                              kind == KIND_MAPPABLE || kind == KIND_TASK_SELF);
    return handle && number != CALL_handle_drop && number != CALL_handle_revoke &&
           number != CALL_handle_info;
}

// Weak copies of everything, used for what they do not allow.
static void odd_rights(struct actor *me, uint64_t reticle) {
    const uint64_t sources[] = {reticle,     toys.self,  toys.package, toys.parent,
                                toys.budget, toys.ports, toys.irq,     toys.machine};
    uint64_t source = sources[below(me, sizeof sources / sizeof *sources)];
    uint64_t rights = below(me, 2) * (RIGHT_COPY | RIGHT_PASS);
    if (CALL(me, handle_copy, source, rights) != STATUS_OK) {
        return;
    }
    uint64_t weak = me->result[1], name = (uint64_t)me->scratch, bundle = HANDLE_NONE;
    if (CALL(me, bundle_carve, reticle) == STATUS_OK) {
        bundle = me->result[1];
    }
    bool passed =
        CALL(me, memory_map, 0, weak, private_place(me, 900), 0, PAGE_SIZE, MAP_READ) == STATUS_OK;
    HOLDS(me, !passed);
    passed = CALL(me, bundle_put, bundle, name, 2, weak, RIGHT_ALL, 0) == STATUS_OK;
    HOLDS(me, !passed || rights != 0);
    passed = CALL(me, ring_send, toys.parent, 0, weak, RIGHT_ALL, 0) == STATUS_OK;
    HOLDS(me, !passed || rights != 0);
    for (uint32_t number = 0; number < CALLS; number++) {
        if (wants_right(number)) {
            const uint64_t a[ARGUMENTS] = {weak, weak, 1};
            bool done = call(me, number, a) == STATUS_OK;
            HOLDS(me, !done || (number == CALL_handle_copy && rights != 0));
        }
    }
    drop(me, weak);
}

static void odd_memory(struct actor *me, uint64_t reticle) {
    uint64_t at = private_place(me, 1000), memory, view;
    (void)CALL(me, memory_carve, reticle, PAGE_SIZE, 0, 2);
    if (CALL(me, memory_carve, reticle, 2 * PAGE_SIZE, 0, CARVE_CODE) != STATUS_OK) {
        return;
    }
    memory = me->result[1];
    uint64_t first = one_in(me, 2) ? MAP_WRITE : MAP_EXECUTE;
    if (CALL(me, memory_map, 0, memory, at, 0, PAGE_SIZE, MAP_READ | first) == STATUS_OK) {
        view = me->result[1];
        (void)CALL(me, memory_map, 0, memory, at + PAGE_SIZE, 0, PAGE_SIZE,
                   MAP_READ | (MAP_WRITE | MAP_EXECUTE) ^ first);
        (void)CALL(me, signal_words, memory, 50 + me->index, 2);
        (void)CALL(me, memory_wipe, memory);
        (void)CALL(me, ring_send, toys.parent, 0, memory, RIGHT_ALL, 1);
        (void)CALL(me, memory_map, 0, memory, at, 0, PAGE_SIZE, MAP_READ); // there is one
        drop(me, one_in(me, 2) ? view : HANDLE_NONE);
    }
    (void)CALL(me, signal_words, memory, 50 + me->index, 2);
    (void)CALL(me, signal_words, memory, 51 + me->index, 2);
    (void)CALL(me, memory_map, 0, memory, at, 0, PAGE_SIZE, MAP_READ | MAP_EXECUTE);
    (void)CALL(me, handle_revoke, memory);
    (void)CALL(me, signal_words, memory, 50 + me->index, 0);
}

static void odd_tasks(struct actor *me) {
    struct victim victim;
    if (victim_make(me, &victim, 96 * PAGE_SIZE, victim_wait, 0)) {
        uint64_t task = victim.task, at = UINT64_C(1) << 33;
        (void)CALL(me, task_start, task, victim.bundle, toys.pool[CLASS_THREAD][0]);
        (void)CALL(me, thread_control, task, 1, RESUME_STOP); // not started
        (void)CALL(me, thread_watchpoint, task, 1, 0, VICTIM_STACK - 64, 8, WATCH_WRITE);
        if (victim_start(me, &victim)) {
            if (CALL(me, memory_carve, victim.reticle, 40 * PAGE_SIZE, 0, 0) == STATUS_OK) {
                uint64_t memory = me->result[1], write = MAP_READ | MAP_WRITE | MAP_GIVE;
                (void)CALL(me, memory_map, task, memory, at, 0, 40 * PAGE_SIZE, write);
                (void)CALL(me, memory_map, task, memory, at, 0, 20 * PAGE_SIZE, write);
            }
            (void)CALL(me, thread_control, task, 1, RESUME_STOP);
            (void)CALL(me, thread_control, task, 1, RESUME_STOP);
            (void)CALL(me, thread_fault, task, 0, 1);
            (void)CALL(me, thread_control, task, 1, RESUME_CONTINUE);
            (void)CALL(me, task_stop, task, 1);
            (void)CALL(me, thread_control, task, 1, RESUME_STOP); // ended
            (void)CALL(me, thread_watch, victim.thread, 40 + me->index);
            (void)CALL(me, thread_watch, victim.thread, 64 + 512);
            (void)CALL(me, thread_watch, victim.thread, 64 + below(me, 512));
        }
        (void)CALL(me, task_slot, task, UINT64_MAX);
        (void)CALL(me, task_slot, task, UINT64_C(1) << INFO_CONTAINER_SHIFT);
    }
    (void)CALL(me, task_slot, toys.self, (UINT64_C(1) << INFO_CONTAINER_SHIFT) * below(me, 32));
    drop(me, victim.reticle);
}

static void odd_machine(struct actor *me) {
    for (uint32_t width = 0; width < 22; width++) {
        (void)CALL(me, device_port, toys.ports, below(me, 18), width, 0);
    }
    (void)CALL(me, machine_control, toys.machine, 4, 0);
    (void)CALL(me, machine_control, toys.machine, MACHINE_SAY, 1);
    if (one_in(me, 16)) {
        uint8_t *text = &me->scratch[SCRATCH / 2 - 32];
        text[0] = 1;
        text[1] = 0;
        (void)CALL(me, machine_control, toys.machine, MACHINE_SAY, (uint64_t)text);
        (void)CALL(me, machine_control, toys.machine, MACHINE_SAY, (uint64_t)me->scratch); // long
    }
    (void)CALL(me, thread_registers, toys.self, 0, 0, 1);
    (void)CALL(me, thread_registers, toys.self, 1, (uint64_t)me->scratch, 1);
    (void)CALL(me, futex_wait, (uint64_t)me->scratch, 0x6261'6161, 1);
}

// Some refusals of every kind.
void sequence_odd(struct actor *me) {
    uint64_t reticle = private_begin(me, 24 * PAGE_SIZE), bundle = HANDLE_NONE;
    if (CALL(me, bundle_carve, reticle) == STATUS_OK) {
        bundle = me->result[1];
    }
    switch (below(me, 5)) {
    case 0:
        odd_rings(me, reticle, bundle);
        break;
    case 1:
        odd_rights(me, reticle);
        break;
    case 2:
        odd_memory(me, reticle);
        break;
    case 3:
        odd_tasks(me);
        break;
    default:
        odd_machine(me);
    }
    drop(me, reticle);
}
