// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// One random call. Handles are mostly of the class that the argument wants, sometimes stale,
// of another class, or a bit off; numbers are near the limits of their kind. Excluded is only
// what would end the worker itself or make it wait for ever.
#include "lib/string/string.h"
#include "tests/fuzz/fuzz.h"

uint64_t next(struct actor *me) {
    me->random ^= me->random << 13;
    me->random ^= me->random >> 7;
    me->random ^= me->random << 17;
    return me->random * UINT64_C(0x2545f4914f6cdd1d);
}

uint32_t below(struct actor *me, uint32_t limit) {
    return (uint32_t)((next(me) >> 32) * limit >> 32);
}

bool is_protected(uint64_t handle) {
    return (handle & HANDLE_SLOT_MASK) < toys.protected_slots;
}

void toy_put(struct actor *me, enum cap_class class, uint64_t handle) {
    uint64_t *place = &me->pool[class][below(me, POOL)];
    uint64_t old = *place;
    *place = handle;
    if (old != HANDLE_NONE && !is_protected(old)) {
        toys.stale[below(me, STALE)] = old;
        if (!one_in(me, 8)) {
            drop(me, old); // the others are forgotten, until the arena goes
        }
    }
}

// ----------------------------------------------------------------------- handles

static uint64_t pooled(struct actor *me, uint32_t class) {
    return me->pool[class][below(me, POOL)];
}

_Atomic uint32_t strays_begun, strays_struck, strays_over;

bool strays_since(uint32_t struck) {
    uint32_t over = atomic_load(&strays_over);
    return atomic_load(&strays_struck) != struck || atomic_load(&strays_begun) != over;
}

static uint64_t handle_off(struct actor *me, uint64_t handle) {
    constexpr uint64_t GENERATION = UINT64_C(1) << HANDLE_SLOT_BITS;
    me->strays++;
    atomic_fetch_add(&strays_begun, 1);
    switch (below(me, 6)) {
    case 0:
        return 0;
    case 1:
        return handle + GENERATION;
    case 2:
        return handle - GENERATION;
    case 3:
        return handle + 1;
    case 4:
        return handle | UINT64_C(1) << 63;
    default:
        return next(me) >> below(me, 64);
    }
}

static uint64_t handle_of(struct actor *me, uint32_t class) {
    switch (below(me, 24)) {
    case 0:
        return toys.stale[below(me, STALE)];
    case 1:
        return pooled(me, 1 + below(me, CLASS_COUNT - 1));
    case 2:
        return handle_off(me, pooled(me, class));
    case 3:
        return class == CLASS_RETICLE ? toys.own : class == CLASS_TASK ? toys.self : toys.package;
    default:
        return pooled(me, class);
    }
}

// ----------------------------------------------------------------------- numbers

static uint64_t bytes(struct actor *me) {
    switch (below(me, 12)) {
    case 0:
        return 0;
    case 1:
        return UINT64_MAX - below(me, 2) * PAGE_SIZE;
    case 2:
        return below(me, 1 << 20);
    case 3:
        return (uint64_t)below(me, 128) << 37;
    case 4:
        return (uint64_t)below(me, 300) * PAGE_SIZE;
    default:
        return (1 + below(me, 8)) * PAGE_SIZE;
    }
}

static uint64_t place(struct actor *me) {
    switch (below(me, 20)) {
    case 0:
        return USER_TOP - PAGE_SIZE * below(me, 3);
    case 1:
        return below(me, 32) * (PAGE_SIZE / 2);
    case 2:
        return UINT64_MAX - below(me, 8192);
    case 3: // where no table is yet
        return PLACES + ((uint64_t)(1 + below(me, 512)) << 30);
    default:
        return PLACES + below(me, PLACE_COUNT) * PLACE_SIZE + below(me, 2) * PAGE_SIZE;
    }
}

static uint64_t pointer(struct actor *me) {
    switch (below(me, 10)) {
    case 0:
        return UINT64_MAX - below(me, 40);
    case 1:
        return USER_TOP - 1 - below(me, 40);
    case 2:
        return below(me, 0x10000);
    case 3:
        return PLACES + below(me, PLACE_COUNT) * PLACE_SIZE + 16 * below(me, 256);
    case 4:
        return PROGRAM_BASE + below(me, 4096);
    default:
        return (uint64_t)me->scratch + 16 * below(me, SCRATCH / 32);
    }
}

static uint64_t deadline(struct actor *me) {
    uint64_t now = time_now();
    switch (below(me, 4)) {
    case 0:
        return 0;
    case 1:
        return now - 1;
    default:
        return now + below(me, 20'000);
    }
}

static uint64_t few(struct actor *me) {
    switch (below(me, 16)) {
    case 0:
        return next(me);
    case 1:
        return below(me, 4096);
    case 2:
        return below(me, 70);
    default:
        return below(me, 4);
    }
}

static uint64_t map_flags(struct actor *me) {
    static const uint64_t usual[] = {MAP_READ,
                                     MAP_READ | MAP_WRITE,
                                     MAP_READ | MAP_WRITE,
                                     MAP_READ | MAP_PEER,
                                     MAP_READ | MAP_WRITE | MAP_GIVE,
                                     MAP_READ | MAP_EXECUTE};
    return one_in(me, 6) ? below(me, 40) : usual[below(me, 6)];
}

static uint64_t word(struct actor *me) {
    return one_in(me, 3) ? pointer(me) : (uint64_t)&toys.hot[below(me, HOT_WORDS)];
}

// What a thread enters by: seldom what makes it fault, since that ends the worker.
static uint64_t code(struct actor *me) {
    if (one_in(me, 4)) {
        return USER_TOP + below(me, 2);
    }
    return one_in(me, 256) ? PLACES : one_in(me, 256) ? USER_TOP - 1 : (uint64_t)victim_thread_exit;
}

static uint64_t stack(struct actor *me) {
    return one_in(me, 6) ? USER_TOP + 1 : (uint64_t)me->scratch + SCRATCH / 2 - 16;
}

// Never the power: workers have no right to it, and that is not what is tried here.
static uint64_t action(struct actor *me) {
    return one_in(me, 8) ? 4 + below(me, 20) : MACHINE_QUIET;
}

static uint64_t number(struct actor *me, uint32_t kind) {
    switch (kind) {
    case KIND_RIGHTS:
        return one_in(me, 4) ? next(me) >> below(me, 64) : RIGHT_ALL;
    case KIND_BIT:
        return one_in(me, 8)   ? UINT64_MAX - below(me, 2)
               : one_in(me, 8) ? 60 + below(me, 520)
                               : below(me, 70);
    case KIND_BYTES:
        return bytes(me);
    case KIND_ALIGN:
        return one_in(me, 4) ? below(me, 80) : 0;
    case KIND_MAP_FLAGS:
        return map_flags(me);
    case KIND_PLACE:
        return place(me);
    case KIND_OFFSET:
        return one_in(me, 4) ? bytes(me) : 0;
    case KIND_POINTER:
        return pointer(me);
    case KIND_NAME:
        return one_in(me, 6) ? pointer(me) : (uint64_t)me->scratch + 2 * below(me, 64);
    case KIND_NAME_LENGTH:
        return one_in(me, 8) ? below(me, 40) : 2;
    case KIND_RING_SLOTS:
        return one_in(me, 4) ? below(me, 5000) : UINT64_C(2) << below(me, 8);
    case KIND_MASK:
        return one_in(me, 12) ? 0 : UINT64_MAX >> below(me, 64);
    case KIND_DEADLINE:
        return deadline(me);
    case KIND_WORD:
        return word(me);
    case KIND_CODE:
        return code(me);
    case KIND_STACK:
        return stack(me);
    case KIND_ACTION:
        return action(me);
    case KIND_TOPIC:
        return one_in(me, 4) ? below(me, 0x1000) : below(me, 6);
    default:
        return few(me);
    }
}

static uint64_t argument(struct actor *me, uint32_t kind) {
    static const uint8_t mappable[] = {CLASS_MEMORY, CLASS_MEMORY, CLASS_RING, CLASS_RING,
                                       CLASS_DEVICE};
    switch (kind) {
    case KIND_ANY:
        return handle_of(me, 1 + below(me, CLASS_COUNT - 1));
    case KIND_MAPPABLE:
        return handle_of(me, mappable[below(me, sizeof mappable)]);
    case KIND_TASK_SELF:
        return one_in(me, 3) ? handle_of(me, CLASS_TASK) : 0;
    default:
        return kind < CLASS_COUNT ? handle_of(me, kind) : number(me, kind);
    }
}

// -------------------------------------------------------------------- what is left out

// Handles that the worker lives by are not given up.
static bool gives_up(uint32_t number, const uint64_t *a) {
    switch (number) {
    case CALL_handle_drop:
    case CALL_handle_revoke:
        return is_protected(a[0]);
    case CALL_ring_send:
        return a[4] != 0 && is_protected(a[2]);
    case CALL_bundle_put:
        return a[5] != 0 && is_protected(a[3]);
    case CALL_memory_map:
        return (a[5] & MAP_GIVE) != 0 && is_protected(a[1]);
    case CALL_task_stop:
        return a[0] == toys.self;
    case CALL_thread_control: // seldom: the parent lets it go on
        return a[0] == toys.self && a[2] == RESUME_STOP && a[1] != 0 && a[1] % 64 != 63;
    case CALL_task_exit:
    case CALL_thread_exit:
        return true;
    default:
        return false;
    }
}

static void keep(struct actor *me, uint32_t number) {
    uint64_t handle = me->result[1];
    uint32_t class = rows[number].makes;
    if (class == 0) {
        return;
    }
    if (class == KIND_ANY) {
        uint64_t description = me->result[2];
        if (number == CALL_handle_copy) {
            if (CALL(me, handle_info, handle) != STATUS_OK) {
                return; // another thread was quicker
            }
            description = me->result[1];
        }
        class = description >> INFO_CLASS_SHIFT & 31;
    }
    if (class < CLASS_COUNT) {
        toy_put(me, (enum cap_class) class, handle);
    }
}

bool compose(struct actor *me, uint64_t *number, uint64_t *a) {
    uint32_t chosen = below(me, CALLS);
    const struct row *row = &rows[chosen];
    if (row->name == nullptr && !one_in(me, 64)) {
        return false;
    }
    for (uint32_t i = 0; i < row->count; i++) {
        a[i] = argument(me, row->kind[i]);
    }
    *number = chosen;
    return !gives_up(chosen, a);
}

void generate(struct actor *me) {
    uint64_t number, a[ARGUMENTS] = {};
    if (compose(me, &number, a) && call(me, (uint32_t)number, a) == STATUS_OK) {
        keep(me, (uint32_t)number);
    }
}
