// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// A worker: two threads that make calls until each has made its quota.
#include "abi/ring.h"
#include "lib/string/string.h"
#include "lib/vectra/bundle.h"
#include "lib/vectra/call.h"
#include "lib/vectra/program.h"
#include "lib/vectra/thread.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/protocol.h"

struct toys toys;

static struct actor actors[THREADS];
static uint8_t scratches[THREADS][SCRATCH];
static _Atomic uint32_t helpers_done;
alignas(16) static uint8_t helper_stack[16384];
static struct worker_start start;

// ------------------------------------------------------------------------- calling

[[noreturn]] static void fail(struct actor *me, enum failure kind, uint32_t line) {
    me->fails->failure.line = line;
    atomic_store_explicit(&me->fails->failure.kind, kind, memory_order_release);
    (void)sys_task_exit(PROGRAM_FAILED);
    __builtin_trap();
}

enum status call(struct actor *me, uint32_t number, const uint64_t a[ARGUMENTS]) {
    struct told *told = me->told;
    struct arch_result result = arch_call6(number, a[0], a[1], a[2], a[3], a[4], a[5]);
    uint32_t status = (uint32_t)result.status;
    memcpy(&me->result[1], result.word, sizeof result.word);
    uint32_t statuses =
        rows[number].name != nullptr ? rows[number].statuses : 1 << STATUS_BAD_SYSCALL;
    if (result.status >= STATUSES || !listed(statuses, status)) {
        me->fails->failure.number = number;
        me->fails->failure.status = status;
        memcpy(me->fails->failure.a, a, sizeof me->fails->failure.a);
        fail(me, FAILURE_STATUS, 0);
    }
    told->counts.of[number][status]++;
    if (status == STATUS_OK && me->strays != 0) {
        atomic_fetch_add(&strays_struck, 1);
    }
    atomic_store_explicit(&told->calls,
                          atomic_load_explicit(&told->calls, memory_order_relaxed) + 1,
                          memory_order_relaxed);
    return (enum status)status;
}

void holds(struct actor *me, bool condition, uint32_t line) {
    if (!condition) {
        fail(me, FAILURE_PROPERTY, line);
    }
}

void credit(struct actor *me, uint32_t number) {
    me->told->counts.of[number][STATUS_OK]++;
}

// ----------------------------------------------------------------------- short ways

void drop(struct actor *me, uint64_t handle) {
    if (handle != HANDLE_NONE) {
        (void)CALL(me, handle_drop, handle);
    }
}

uint64_t private_begin(struct actor *me, uint64_t bytes) {
    return CALL(me, reticle_split, toys.arena, bytes) == STATUS_OK ? me->result[1] : HANDLE_NONE;
}

bool ring_pair(struct actor *me, uint64_t reticle, uint64_t *a, uint64_t *b) {
    *a = *b = HANDLE_NONE;
    if (CALL(me, ring_carve, reticle, 2) != STATUS_OK) {
        return false;
    }
    *a = me->result[1];
    if (CALL(me, ring_carve, reticle, 4) != STATUS_OK) {
        return false;
    }
    *b = me->result[1];
    return CALL(me, ring_bind, *a, *b) == STATUS_OK;
}

void wait_until(struct actor *me, uint64_t mask, uint64_t deadline) {
    (void)CALL(me, signal_wait, mask, deadline, 0);
}

void wait_bits(struct actor *me, uint64_t mask, uint64_t nanoseconds) {
    wait_until(me, mask, time_now() + nanoseconds);
}

// --------------------------------------------------------------------------- life

// What the parent sends, a Ring end to a neighbour or a neighbour's Task, becomes a toy.
static void parent_take(struct actor *me) {
    if (CALL(me, ring_take, toys.parent, 0, 0) == STATUS_OK) {
        uint64_t class = me->result[2] >> INFO_CLASS_SHIFT & 31;
        toy_put(me, (enum cap_class) class, me->result[1]);
    }
}

// Something to carve from, for random calls. When it is used up it goes, with all that
// hangs in it, while the other thread goes on with handles of it.
static void play_renew(struct actor *me) {
    constexpr uint64_t PLAY = UINT64_C(768) << 10;
    uint64_t *play = &toys.pool[CLASS_RETICLE][me->index];
    if (*play != HANDLE_NONE && !is_protected(*play)) {
        drop(me, *play);
    }
    *play = private_begin(me, PLAY);
}

// What the other thread cannot do for itself while it sleeps.
static void lend_a_hand(struct actor *me) {
    drop(me, atomic_exchange_explicit(&toys.unmap, 0, memory_order_relaxed));
    uint64_t word = atomic_exchange_explicit(&toys.wake, 0, memory_order_relaxed);
    if (word != 0) {
        (void)CALL(me, futex_wake, word, 1);
    }
}

static void live(struct actor *me) {
    // Each sequence once, so that a short run has seen them all.
    play_renew(me);
    if (start.seed % 16 == 0) {
        sequence_each(me, start.seed % 512 == 0);
    }
    while (atomic_load_explicit(&me->told->calls, memory_order_relaxed) < me->quota) {
        lend_a_hand(me);
        if (one_in(me, (uint32_t)start.rare)) {
            sequence(me);
        }
        switch (below(me, 64)) {
        case 4:
            (void)CALL(me, futex_wake, (uint64_t)&toys.hot[below(me, HOT_WORDS)], 1 + below(me, 3));
            break;
        case 5:
            if (one_in(me, 8)) {
                parent_take(me);
            } else if (one_in(me, 24)) {
                play_renew(me);
            }
            break;
        default:
            generate(me);
        }
        atomic_fetch_add(&strays_over, me->strays);
        me->strays = 0;
    }
}

static void helper(void *argument) {
    live(argument);
    atomic_fetch_add_explicit(&helpers_done, 1, memory_order_release);
}

static uint64_t slot(const char *name, enum cap_class class) {
    uint64_t handle = HANDLE_NONE;
    if (bundle_find(name, class, &handle) != STATUS_OK) {
        handle = HANDLE_NONE;
    }
    return handle;
}

static void find_toys(void) {
    toys.own = slot("own", CLASS_RETICLE);
    toys.arena = slot("arena", CLASS_RETICLE);
    toys.package = slot("package", CLASS_MEMORY);
    toys.self = slot("self", CLASS_TASK);
    toys.machine = slot("machine", CLASS_MACHINE);
    toys.irq = slot("irq", CLASS_IRQ);
    toys.ports = slot("ports", CLASS_DEVICE);
    toys.parent = slot("parent", CLASS_RING);
    toys.budget = slot("budget", CLASS_BUDGET);
    toys.text_offset = start.text_offset;
    toys.text_size = start.text_size;
    for (uint32_t i = 0; i < POOL; i++) {
        toys.pool[CLASS_MACHINE][i] = toys.machine;
        toys.pool[CLASS_IRQ][i] = toys.irq;
        toys.pool[CLASS_DEVICE][i] = toys.ports;
    }
    toys.pool[CLASS_BUDGET][0] = toys.budget;
    toys.pool[CLASS_TASK][0] = toys.self;
    toys.pool[CLASS_MEMORY][0] = toys.package;
    toys.pool[CLASS_RING][0] = slot("left", CLASS_RING);
    toys.pool[CLASS_RING][1] = slot("right", CLASS_RING);
}

static void actor_open(uint32_t index) {
    struct actor *me = &actors[index];
    me->told = &((struct worker_page *)(WORKER_PAGE + RING_HEADER_SIZE))->told[index];
    me->fails = me->told;
    me->pool = toys.pool;
    me->random = (start.seed * THREADS + index + 1) * UINT64_C(0x9e3779b97f4a7c15) | 1;
    me->quota = start.quota;
    me->index = index;
    me->scratch = scratches[index];
    for (uint32_t i = 0; i < SCRATCH / 2; i++) { // names of two letters, all different
        me->scratch[2 * i] = (uint8_t)('a' + i / 26 % 26);
        me->scratch[2 * i + 1] = (uint8_t)('a' + i % 26);
    }
}

uint32_t worker_main(void) {
    const void *value;
    size_t size;
    uint64_t word;
    if (bundle_find_value("start", &value, &size) != STATUS_OK || size != sizeof start) {
        return PROGRAM_USAGE;
    }
    memcpy(&start, value, sizeof start);
    find_toys();
    if (sys_memory_map(0, toys.parent, WORKER_PAGE, 0,
                       (RING_HEADER_SIZE + PARENT_SLOTS * RING_SLOT_SIZE + PAGE_SIZE - 1) &
                           ~(PAGE_SIZE - 1),
                       MAP_READ | MAP_WRITE, &word) != STATUS_OK ||
        sys_handle_copy(toys.package, RIGHT_ALL, &word) != STATUS_OK) {
        return PROGRAM_USAGE;
    }
    for (uint32_t i = 0; i < THREADS; i++) {
        actor_open(i);
    }
    if (thread_spawn(helper, &actors[1], helper_stack + sizeof helper_stack, 0, &word) !=
        STATUS_OK) {
        return PROGRAM_USAGE;
    }
    // Slots are taken from the first free one on: what was there before stands below.
    toys.protected_slots = (uint32_t)(word & HANDLE_SLOT_MASK) + 1;
    live(&actors[0]);
    while (atomic_load_explicit(&helpers_done, memory_order_acquire) + 1 < THREADS) {
        lend_a_hand(&actors[0]);
        time_sleep_until(time_now() + MILLISECOND / 4);
    }
    return PROGRAM_OK;
}
