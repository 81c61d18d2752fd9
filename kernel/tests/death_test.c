// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Death at every step of every protocol. A protocol is what two Tasks, and what they make,
// do with each other, one kernel entry at a time. It is run as often as it has entries, and
// each time one of them is destroyed after another entry; the others go on to the end of the
// protocol, whatever they are told. The audit follows each entry, and when all is dropped
// memory is as it was before.
#include <stdlib.h>

#include "abi/ring.h"
#include "kernel/budget.h"
#include "kernel/schedule.h"
#include "kernel/tests/world.h"
#include "tests/unit.h"

UNIT_MAIN

constexpr uint64_t AT = 0x5000000, THERE = 0x7000000;
constexpr uint64_t RW = MAP_READ | MAP_WRITE;
constexpr enum status DEAD = (enum status)0x7fff0001; // who should have done it is gone
constexpr uint32_t KILLS_MOST = 400;

enum who : uint32_t { CLIENT, SERVER, CHILD, PARTIES };

struct party {
    uint64_t reticle; // of the root: dropping it is its death; 0: there is none
    uint64_t pool, end;
    struct thread *thread;
};

static struct party parties[PARTIES];
static uint32_t entries, kill_at;
static enum who victim;

static void kill(enum who who) {
    if (parties[who].reticle != 0) {
        CHECK_EQ(CALL(world_root, nullptr, handle_drop, parties[who].reticle), STATUS_OK);
        parties[who] = (struct party){};
    }
    if (who == CLIENT) {
        parties[CHILD].thread = nullptr; // it owned that Task, or had not started it
    }
}

// After each entry of the kernel that belongs to the protocol.
static void tick(void) {
    entries++;
    if (entries == kill_at) {
        kill(victim);
    }
    world_audit();
}

static enum status enter(enum who who, uint64_t number, struct words *words) {
    if (parties[who].thread == nullptr || !world_run(parties[who].thread)) {
        return DEAD;
    }
    struct thread *thread = parties[who].thread;
    uint32_t hart = thread->hart->index;
    host_syscall(hart, number, words->a);
    tick();
    while (parties[who].thread == thread && thread->state == THREAD_RUNNING &&
           thread->frame.restart) {
        (void)host_go(hart);
        tick();
    }
    host_settle();
    if (parties[who].thread != thread) {
        return DEAD;
    }
    return world_returned(thread, words) ? (enum status)words->a[0] : WORLD_BLOCKED;
}

// One that may fail when somebody is dead, and must succeed otherwise; its first result.
static uint64_t done(enum who who, uint64_t number, const uint64_t a[6]) {
    struct words words;
    memcpy(words.a, a, sizeof words.a);
    enum status status = enter(who, number, &words);
    CHECK(status == STATUS_OK || (kill_at != 0 && entries >= kill_at));
    CHECK(status < STATUS_COUNT || status == DEAD || status == WORLD_BLOCKED);
    return status == STATUS_OK ? words.a[1] : 0;
}
#define DO(who, name, ...) done(who, SYS_##name, (uint64_t[6]){__VA_ARGS__})

// One that waits until another does something; how it ended then.
static void waits(enum who who, uint64_t number, const uint64_t a[6]) {
    struct words words;
    memcpy(words.a, a, sizeof words.a);
    enum status status = enter(who, number, &words);
    CHECK(status == WORLD_BLOCKED || (kill_at != 0 && entries >= kill_at));
}
#define WAIT(who, name, ...) waits(who, SYS_##name, (uint64_t[6]){__VA_ARGS__})

static void ended(enum who who, enum status wanted) {
    struct thread *thread = parties[who].thread;
    struct words words = {};
    bool back = thread != nullptr && world_run(thread) && world_returned(thread, &words);
    CHECK((back && words.a[0] == wanted) || (kill_at != 0 && entries >= kill_at));
}

// What only makes the next step longer is not a step.
static void many(enum who who, uint32_t count, uint64_t number, const uint64_t a[6]) {
    for (uint32_t i = 0; i < count && parties[who].thread != nullptr; i++) {
        (void)world_call_list(parties[who].thread, number, nullptr, a);
    }
}

static uint64_t granted(enum who who, const char *name) {
    struct world_task task = {.thread = parties[who].thread};
    return world_granted(&task, name);
}

// ---------------------------------------------------------------------- protocols

// The client asks for a connection; the server makes an end of its own, and both map.
static void connect(void) {
    uint64_t own = DO(CLIENT, ring_carve, parties[CLIENT].pool, 16);
    DO(CLIENT, ring_watch, own, 1, 2);
    DO(CLIENT, ring_send, parties[CLIENT].end, 0, own, RIGHT_ALL, 0);
    DO(CLIENT, doorbell, parties[CLIENT].end);
    uint64_t peer = DO(SERVER, ring_take, parties[SERVER].end, 0, CLASS_RING);
    uint64_t end = DO(SERVER, ring_carve, parties[SERVER].pool, 32);
    DO(SERVER, ring_watch, end, 3, 4);
    DO(SERVER, ring_bind, end, peer);
    DO(SERVER, handle_drop, peer);
    DO(SERVER, memory_map, 0, end, AT, 0, PAGE_SIZE, RW);
    DO(SERVER, memory_map, 0, end, THERE, 0, PAGE_SIZE, MAP_READ | MAP_PEER);
    DO(CLIENT, signal_wait, 4, 0);
    DO(CLIENT, memory_map, 0, own, AT, 0, PAGE_SIZE, RW);
    DO(CLIENT, memory_map, 0, own, THERE, 0, PAGE_SIZE, MAP_READ | MAP_PEER);
    DO(CLIENT, doorbell, own);
    DO(SERVER, signal_wait, 8, 0);
    DO(SERVER, handle_drop, end);
    DO(CLIENT, signal_wait, 4, 0);
    DO(CLIENT, handle_drop, own);
}

// Memory goes over for good, a copy comes back, and many are passed over.
static void send_and_take(void) {
    uint64_t memory = DO(CLIENT, memory_carve, parties[CLIENT].pool, 20 * PAGE_SIZE);
    DO(CLIENT, ring_send, parties[CLIENT].end, 0, memory, RIGHT_ALL, 1);
    uint64_t got = DO(SERVER, ring_take, parties[SERVER].end, 0, CLASS_MEMORY);
    uint64_t view = DO(SERVER, memory_map, 0, got, AT, 0, 20 * PAGE_SIZE, RW);
    DO(SERVER, handle_drop, view);
    many(SERVER, 40, SYS_ring_send, (uint64_t[6]){parties[SERVER].end, 0, got, RIGHT_ALL});
    DO(SERVER, ring_send, parties[SERVER].end, 1, got, RIGHT_ALL, 0);
    uint64_t copy = DO(CLIENT, ring_take, parties[CLIENT].end, 1, CLASS_MEMORY);
    DO(CLIENT, memory_map, 0, copy, AT, 0, 20 * PAGE_SIZE, MAP_READ);
    DO(SERVER, handle_drop, got);
    DO(CLIENT, handle_drop, copy == 0 ? 0 : parties[CLIENT].end);
}

static void map(void) {
    uint64_t memory = DO(CLIENT, memory_carve, parties[CLIENT].pool, 200 * PAGE_SIZE);
    uint64_t own = DO(CLIENT, memory_map, 0, memory, AT, 0, 200 * PAGE_SIZE, RW);
    DO(CLIENT, ring_send, parties[CLIENT].end, 0, memory, RIGHT_ALL, 0);
    uint64_t copy = DO(SERVER, ring_take, parties[SERVER].end, 0, CLASS_MEMORY);
    uint64_t view = DO(SERVER, memory_map, 0, copy, THERE, 0, 200 * PAGE_SIZE, MAP_READ);
    DO(CLIENT, handle_revoke, memory);
    DO(SERVER, handle_drop, view);
    DO(CLIENT, handle_drop, own);
    DO(CLIENT, handle_drop, memory);
}

// Both have copies and views of what the client owns; first the server revokes, then the
// client does.
static void revoke(void) {
    uint64_t memory = DO(CLIENT, memory_carve, parties[CLIENT].pool, 40 * PAGE_SIZE);
    DO(CLIENT, ring_send, parties[CLIENT].end, 0, memory, RIGHT_ALL, 0);
    uint64_t copy = DO(SERVER, ring_take, parties[SERVER].end, 0, CLASS_MEMORY);
    for (uint32_t round = 0; round < 2; round++) {
        many(SERVER, 70, SYS_handle_copy, (uint64_t[6]){copy, RIGHT_ALL});
        many(CLIENT, 70, SYS_handle_copy, (uint64_t[6]){memory, RIGHT_ALL});
        DO(SERVER, memory_map, 0, copy, THERE + round * 40 * PAGE_SIZE, 0, 40 * PAGE_SIZE,
           MAP_READ);
        DO(SERVER, ring_send, parties[SERVER].end, round, copy, RIGHT_ALL, 0);
        if (round == 0) {
            DO(SERVER, handle_revoke, copy);
        } else {
            DO(CLIENT, handle_revoke, memory);
        }
    }
    DO(CLIENT, handle_drop, memory);
}

static struct object *object_of(enum who who, uint64_t handle, enum cap_class class) {
    struct object *object = nullptr;
    struct thread *thread = parties[who].thread;
    bool there = thread != nullptr && handle != 0 &&
                 lookup(thread->task, handle, class, 0, &object) == STATUS_OK;
    return there ? object : nullptr;
}

static uint64_t name_of(enum who who) {
    if (parties[who].thread != nullptr && world_run(parties[who].thread)) {
        CHECK(host_user_write(parties[who].thread->hart->index, WORLD_DATA, "m", 1));
    }
    return WORLD_DATA;
}

struct made {
    uint64_t task;
    struct thread *thread;
};

// The client makes a Task out of a Reticle that the child is to live in.
static struct made spawn(void) {
    struct made made = {};
    uint64_t home = parties[CLIENT].thread != nullptr ? granted(CLIENT, "home") : 0;
    made.task = DO(CLIENT, task_carve, home);
    uint64_t bundle = DO(CLIENT, bundle_carve, home);
    uint64_t memory = DO(CLIENT, memory_carve, home, 80 * PAGE_SIZE);
    DO(CLIENT, memory_map, made.task, memory, AT, 0, 80 * PAGE_SIZE, RW | MAP_GIVE);
    uint64_t value = DO(CLIENT, memory_carve, home, PAGE_SIZE);
    DO(CLIENT, bundle_put, bundle, name_of(CLIENT), 1, value, RIGHT_ALL, 1);
    uint64_t thread = DO(CLIENT, thread_carve, made.task, PROGRAM_BASE, STACK_TOP);
    made.thread = (struct thread *)object_of(CLIENT, thread, CLASS_THREAD);
    DO(CLIENT, task_watch, made.task, 7);
    DO(CLIENT, task_start, made.task, bundle, thread);
    bool lives = parties[CLIENT].thread != nullptr && parties[CHILD].reticle != 0;
    if (lives && made.thread != nullptr) {
        parties[CHILD].thread = made.thread;
    }
    return made;
}

static void make_a_task(void) {
    struct made made = spawn();
    DO(CHILD, system_info, 0);
    DO(CHILD, thread_carve, 0, PROGRAM_BASE, STACK_TOP);
    DO(CLIENT, task_stop, made.task, 3);
    parties[CHILD].thread = nullptr;
    DO(CLIENT, signal_wait, 1 << 7, 0);
    DO(CLIENT, task_info, made.task);
    DO(CLIENT, handle_drop, made.task);
}

// The child faults; its supervisor looks at it, continues it, and ends it at the next fault.
static void debug(void) {
    struct made made = spawn();
    for (uint32_t i = 0; i < 2; i++) {
        struct thread *child = parties[CHILD].thread;
        if (child != nullptr && world_run(child)) {
            host_fault(child->hart->index, FAULT_READ, 0x1234000);
            tick();
            host_settle();
        }
        uint64_t number = DO(CLIENT, thread_fault, made.task);
        DO(CLIENT, thread_registers, made.task, number, WORLD_DATA, 0);
        DO(CLIENT, thread_registers, made.task, number, WORLD_DATA, 1);
        if (i == 0) {
            DO(CLIENT, thread_control, made.task, number, RESUME_CONTINUE);
        } else {
            DO(CLIENT, task_stop, made.task, 1);
        }
    }
    parties[CHILD].thread = nullptr;
    DO(CLIENT, handle_drop, made.task);
}

// Words behind a bit of the server, for a Ring that the client rings.
static void words(void) {
    uint64_t memory = DO(SERVER, memory_carve, parties[SERVER].pool, PAGE_SIZE);
    DO(SERVER, signal_words, memory, 5, 4);
    DO(SERVER, ring_watch, parties[SERVER].end, 64 + 70, 64 + 71);
    DO(CLIENT, doorbell, parties[CLIENT].end);
    DO(SERVER, signal_wait, 1 << 5, 0);
    DO(CLIENT, doorbell, parties[CLIENT].end);
    DO(SERVER, handle_drop, memory);
    DO(CLIENT, doorbell, parties[CLIENT].end);
    DO(SERVER, signal_wait, 1 << 5, 0);
}

// A second thread of the client sleeps on a word: it is woken, its page goes, it goes itself.
static void sleep_and_wake(void) {
    uint64_t page = DO(CLIENT, memory_carve, parties[CLIENT].pool, PAGE_SIZE);
    uint64_t view = DO(CLIENT, memory_map, 0, page, AT, 0, PAGE_SIZE, RW);
    uint64_t thread = DO(CLIENT, thread_carve, 0, PROGRAM_BASE, STACK_TOP);
    parties[CHILD].thread = (struct thread *)object_of(CLIENT, thread, CLASS_THREAD);
    DO(CLIENT, thread_start, thread);
    WAIT(CHILD, futex_wait, AT, 0, TIME_NEVER);
    DO(CLIENT, futex_wake, AT, 1);
    ended(CHILD, STATUS_OK);
    WAIT(CHILD, futex_wait, AT, 0, TIME_NEVER);
    DO(CLIENT, handle_drop, view);
    ended(CHILD, STATUS_CANCELLED);
    DO(CLIENT, memory_map, 0, page, AT, 0, PAGE_SIZE, RW);
    WAIT(CHILD, futex_wait, AT, 0, TIME_NEVER);
    DO(CLIENT, handle_drop, thread);
    parties[CHILD].thread = nullptr;
    DO(CLIENT, futex_wake, AT, 1);
}

// The server sleeps, the client asks and sleeps: straight, where they share a hart and nobody
// pays for them.
static void ask(void) {
    DO(CLIENT, ring_watch, parties[CLIENT].end, 1, 2);
    DO(SERVER, ring_watch, parties[SERVER].end, 1, 2);
    WAIT(SERVER, signal_wait, 1 << 1, TIME_NEVER, 0, parties[SERVER].end);
    for (uint32_t i = 0; i < 2; i++) {
        if (parties[SERVER].thread != nullptr) {
            parties[SERVER].thread->turn = nullptr; // has one again if it waits in a queue
        }
        WAIT(CLIENT, doorbell_wait, parties[CLIENT].end, 1 << 1, TIME_NEVER);
        bool straight = kill_at == 0 && harts_online() == 1 && !budget_any(parties[SERVER].thread);
        CHECK(!straight || parties[SERVER].thread->turn == nullptr);
        ended(SERVER, STATUS_OK);
        WAIT(SERVER, doorbell_wait, parties[SERVER].end, 1 << 1, TIME_NEVER);
        ended(CLIENT, STATUS_OK);
    }
    DO(CLIENT, doorbell, parties[CLIENT].end);
    ended(SERVER, STATUS_OK);
}

// The client has a budget, made where the child is to live, and lends it: to the server, and to
// another thread of its own, which lends it on.
static void lend(void) {
    uint64_t home = parties[CLIENT].thread != nullptr ? granted(CLIENT, "home") : 0;
    uint64_t source = parties[CLIENT].thread != nullptr ? granted(CLIENT, "budget") : 0;
    uint64_t budget = DO(CLIENT, budget_carve, home, source, 2'000'000, 10'000'000);
    DO(CLIENT, budget_bind, budget, 0);
    ask();
    uint64_t thread = DO(CLIENT, thread_carve, 0, PROGRAM_BASE, STACK_TOP);
    parties[CHILD].thread = (struct thread *)object_of(CLIENT, thread, CLASS_THREAD);
    DO(CLIENT, thread_start, thread);
    DO(CHILD, ring_watch, parties[CLIENT].end, 3, 4);
    WAIT(SERVER, signal_wait, 1 << 1, TIME_NEVER, 0, parties[SERVER].end);
    WAIT(CLIENT, futex_wait, WORLD_DATA, 0, TIME_NEVER, thread);
    WAIT(CHILD, doorbell_wait, parties[CLIENT].end, 1 << 3, TIME_NEVER);
    ended(SERVER, STATUS_OK);
    CHECK(kill_at != 0 || budget_any(parties[SERVER].thread));
    DO(SERVER, doorbell, parties[SERVER].end);
    ended(CHILD, STATUS_OK);
    DO(CHILD, futex_wake, WORLD_DATA, 1);
    ended(CLIENT, STATUS_OK);
    DO(CLIENT, budget_bind, budget, thread);
    DO(CLIENT, handle_drop, thread);
    parties[CHILD].thread = nullptr;
    DO(CLIENT, handle_drop, budget);
}

// ------------------------------------------------------------------------- killing

// The parties, each in a Reticle of its own, two of them joined by a Ring.
static void begin(void) {
    uint64_t root = world_named("reticle"), end[2], home;
    for (uint32_t i = CLIENT; i <= SERVER; i++) {
        CHECK_EQ(CALL(world_root, &end[i], ring_carve, root, 16), STATUS_OK);
    }
    CHECK_EQ(CALL(world_root, nullptr, ring_bind, end[0], end[1]), STATUS_OK);
    CHECK_EQ(CALL(world_root, &home, reticle_split, root, 150 * PAGE_SIZE), STATUS_OK);
    parties[CHILD] = (struct party){.reticle = home};
    for (uint32_t i = CLIENT; i <= SERVER; i++) {
        struct world_task task;
        uint64_t pool;
        CHECK_EQ(CALL(world_root, &pool, reticle_split, root, 300 * PAGE_SIZE), STATUS_OK);
        // What a party carves dies with it: its pool hangs below its Reticle's drop.
        struct world_grant grants[] = {{"pool", pool, RIGHT_ALL, true},
                                       {"end", end[i], RIGHT_ALL, true},
                                       {"home", home, RIGHT_ALL, false},
                                       {"budget", world_named("budget"), RIGHT_ALL, false}};
        CHECK_EQ(world_task_make(&task, 200 * PAGE_SIZE, grants, 4), STATUS_OK);
        parties[i] = (struct party){.reticle = task.reticle, .thread = task.thread};
        parties[i].pool = granted((enum who)i, "pool");
        parties[i].end = granted((enum who)i, "end");
    }
}

static void end(void) {
    for (uint32_t i = 0; i < PARTIES; i++) {
        kill((enum who)i);
    }
    world_audit();
}

static void at_every_step(void (*protocol)(void), bool child) {
    struct world_shape before = world_shape();
    kill_at = entries = 0;
    begin();
    protocol();
    end();
    uint32_t length = entries;
    CHECK(length > 5 && length < KILLS_MOST);
    for (uint32_t who = CLIENT; who < (child ? PARTIES : CHILD); who++) {
        for (uint32_t at = 1; at <= length; at++) {
            begin();
            victim = (enum who)who;
            kill_at = at;
            entries = 0;
            protocol();
            kill_at = 0;
            end();
        }
    }
    struct world_shape after = world_shape();
    CHECK(world_shape_equal(&before, &after));
    printf("# %u entries\n", length);
}

static void boot(uint32_t harts) {
    world_boot(8 << 20, harts);
    // The root's own table grows first.
    uint64_t copies[150];
    for (uint32_t i = 0; i < 150; i++) {
        CHECK_EQ(CALL(world_root, &copies[i], handle_copy, world_named("time"), 0), STATUS_OK);
    }
    for (uint32_t i = 0; i < 150; i++) {
        CHECK_EQ(CALL(world_root, nullptr, handle_drop, copies[i]), STATUS_OK);
    }
}

static void on_one_hart(void) {
    boot(1);
    at_every_step(sleep_and_wake, false);
    at_every_step(ask, false);
    at_every_step(lend, true);
    if (unit_failures != 0) {
        fflush(stdout);
        _Exit(1); // so that the test sees it
    }
}

TEST(on_one_hart) {
    CHECK(host_passes(on_one_hart));
}
TEST(boots) {
    boot(4);
}
TEST(connecting) {
    at_every_step(connect, false);
}
TEST(sending_and_taking) {
    at_every_step(send_and_take, false);
}
TEST(mapping) {
    at_every_step(map, false);
}
TEST(revoking) {
    at_every_step(revoke, false);
}
TEST(making_a_task) {
    at_every_step(make_a_task, true);
}
TEST(debugging) {
    at_every_step(debug, true);
}
TEST(waiting_for_words) {
    at_every_step(words, false);
}
TEST(sleeping_and_waking) {
    at_every_step(sleep_and_wake, false);
}
TEST(asking) {
    at_every_step(ask, false);
}
TEST(lending) {
    at_every_step(lend, true);
}
