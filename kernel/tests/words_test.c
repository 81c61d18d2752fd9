// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Words behind a signal bit: where they may stand, what pins them, what is left when they
// go, and that no source is lost while harts stand still anywhere inside the kernel.
#include "abi/ring.h"
#include "kernel/schedule.h"
#include "kernel/signal.h"
#include "kernel/tests/random.h"
#include "kernel/tests/world.h"
#include "tests/unit.h"

UNIT_MAIN

constexpr uint32_t TOP = 5;
constexpr uint64_t AT = 0x5000000;
constexpr uint32_t COUNT = 3; // words

static uint64_t reticle, near, far, memory, view;

static void watch(uint64_t bit) {
    CHECK_EQ(CALL(world_root, nullptr, ring_watch, near, bit, UINT64_MAX), STATUS_OK);
}

static void bell(void) {
    CHECK_EQ(CALL(world_root, nullptr, doorbell, far), STATUS_OK);
}

static uint64_t bits(void) {
    uint64_t set = 0;
    enum status status = CALL(world_root, &set, signal_wait, UINT64_MAX, 0);
    CHECK(status == STATUS_OK || status == STATUS_TIMED_OUT);
    return status == STATUS_OK ? set : 0;
}

// What the owner does with a word: takes what is there.
static uint64_t exchange(struct thread *thread, uint64_t at, uint32_t word) {
    uint64_t value = 0, zero = 0;
    CHECK(world_run(thread));
    uint32_t hart = thread->hart->index;
    CHECK(host_user_read(hart, at + word * sizeof value, &value, sizeof value));
    CHECK(host_user_write(hart, at + word * sizeof zero, &zero, sizeof zero));
    return value;
}

static uint64_t map(uint64_t object, uint64_t flags) {
    uint64_t made = 0;
    CHECK_EQ(CALL(world_root, &made, memory_map, 0, object, AT, 0, PAGE_SIZE, flags), STATUS_OK);
    return made;
}

static void drop(uint64_t handle) {
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, handle), STATUS_OK);
}

TEST(boots) {
    world_boot(8 << 20, 3);
    reticle = world_named("reticle");
    world_pair(reticle, 2, &near, &far);
    CHECK_EQ(CALL(world_root, &memory, memory_carve, reticle, PAGE_SIZE, 0, CARVE_CODE), STATUS_OK);
    view = map(memory, MAP_READ | MAP_WRITE);
}

TEST(arguments) {
    uint64_t copy;
    CHECK_EQ(CALL(world_root, nullptr, ring_watch, near, 64, UINT64_MAX), STATUS_BAD_ARGUMENT);
    CHECK_EQ(CALL(world_root, nullptr, signal_words, memory, 64, 1), STATUS_BAD_ARGUMENT);
    CHECK_EQ(CALL(world_root, nullptr, signal_words, memory, 0, 513), STATUS_BAD_ARGUMENT);
    CHECK_EQ(CALL(world_root, nullptr, signal_words, 0, 0, 1), STATUS_BAD_HANDLE);
    CHECK_EQ(CALL(world_root, nullptr, signal_words, near, 0, 1), STATUS_BAD_CLASS);
    CHECK_EQ(CALL(world_root, &copy, handle_copy, memory, RIGHT_ALL), STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, signal_words, copy, 0, 1), STATUS_ACCESS);
    drop(copy);
    CHECK_EQ(CALL(world_root, nullptr, signal_words, 0, 9, 0), STATUS_OK); // ends nothing
    CHECK_EQ(CALL(world_root, nullptr, signal_words, memory, TOP, COUNT), STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, ring_watch, near, 64 + 64 * COUNT, 0), STATUS_BAD_ARGUMENT);
    CHECK_EQ(CALL(world_root, nullptr, ring_watch, near, 0, 64 + 64 * COUNT), STATUS_BAD_ARGUMENT);
    world_audit();
}

TEST(a_source_sets_its_bit_and_then_the_top) {
    for (uint32_t i = 0; i < 64 * COUNT; i += 21) {
        watch(64 + i);
        bell();
        CHECK_EQ(bits(), 1 << TOP);
        for (uint32_t word = 0; word < COUNT; word++) {
            uint64_t wanted = word == i / 64 ? UINT64_C(1) << i % 64 : 0;
            CHECK_EQ(exchange(world_root, AT, word), wanted);
        }
    }
    world_audit();
}

// The bit of the word is there already: the top bit is set all the same.
TEST(the_top_bit_is_set_always) {
    watch(64 + 7);
    bell();
    CHECK_EQ(bits(), 1 << TOP);
    bell();
    CHECK_EQ(bits(), 1 << TOP);
    CHECK_EQ(exchange(world_root, AT, 0), 1 << 7);
    CHECK_EQ(bits(), 0);
}

TEST(a_sleeper_wakes) {
    watch(64 + 130);
    CHECK_EQ(CALL(world_root, nullptr, signal_wait, 1 << TOP, TIME_NEVER), WORLD_BLOCKED);
    struct object *object;
    CHECK_EQ(lookup(world_root->task, near, CLASS_RING, 0, &object), STATUS_OK);
    host_select((world_root->hart->index + 1) % 3);
    watch_raise(&((struct ring *)object)->message);
    host_settle();
    struct words words;
    CHECK(world_returned(world_root, &words) && words.a[1] == 1 << TOP);
    CHECK_EQ(exchange(world_root, AT, 2), 1 << 2);
    world_audit();
}

// As long as the kernel writes there, it stays where it is and is not executed.
TEST(it_is_pinned) {
    uint64_t a, b, bundle, pool, task;
    CHECK_EQ(CALL(world_root, nullptr, memory_map, 0, memory, AT + PAGE_SIZE, 0, PAGE_SIZE,
                  MAP_READ | MAP_EXECUTE),
             STATUS_BUSY);
    drop(view);
    world_pair(reticle, 2, &a, &b);
    CHECK_EQ(CALL(world_root, nullptr, ring_send, a, 0, memory, RIGHT_ALL, 1), STATUS_BUSY);
    CHECK_EQ(CALL(world_root, &bundle, bundle_carve, reticle), STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, memory_wipe, memory), STATUS_BAD_STATE);
    CHECK_EQ(CALL(world_root, &pool, reticle_split, reticle, 64 * PAGE_SIZE), STATUS_OK);
    CHECK_EQ(CALL(world_root, &task, task_carve, pool), STATUS_OK);
    CHECK(CALL(world_root, nullptr, memory_map, task, memory, AT, 0, PAGE_SIZE,
               MAP_READ | MAP_WRITE | MAP_GIVE) != STATUS_OK);
    CHECK_EQ(
        CALL(world_root, nullptr, memory_map, 0, memory, AT, 0, PAGE_SIZE, MAP_READ | MAP_EXECUTE),
        STATUS_BUSY);
    // Once it serves no more, and an epoch has passed, it is like any other. Until then a
    // hart that is just raising a watch could write there.
    struct world_task busy;
    CHECK_EQ(world_task_make(&busy, 256 << 10, nullptr, 0), STATUS_OK);
    CHECK(world_run(busy.thread) && busy.thread->hart != world_root->hart);
    CHECK_EQ(CALL(world_root, nullptr, signal_words, 0, TOP, 0), STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, ring_send, a, 0, memory, RIGHT_ALL, 1), STATUS_BUSY);
    view = map(memory, MAP_READ | MAP_EXECUTE);
    CHECK_EQ(CALL(world_root, nullptr, signal_words, memory, TOP, 1), STATUS_BUSY);
    drop(view);
    CHECK_EQ(CALL(world_root, nullptr, ring_send, a, 0, memory, RIGHT_ALL, 1), STATUS_OK);
    CHECK_EQ(CALL(world_root, &memory, ring_take, b, 0, 0), STATUS_OK);
    drop(a);
    drop(b);
    drop(bundle);
    drop(pool);
    drop(busy.reticle);
    world_audit();
}

TEST(without_words_only_the_top_bit_is_left) {
    uint64_t second;
    CHECK_EQ(CALL(world_root, nullptr, signal_words, memory, TOP, COUNT), STATUS_OK);
    watch(64 + 70);
    // Fewer words: what is behind them is not written.
    view = map(memory, MAP_READ | MAP_WRITE);
    CHECK_EQ(CALL(world_root, nullptr, signal_words, memory, TOP, 1), STATUS_OK);
    bell();
    CHECK_EQ(bits(), 1 << TOP);
    CHECK_EQ(exchange(world_root, AT, 1), 0);
    drop(view);
    // Others, and another bit.
    CHECK_EQ(CALL(world_root, &second, memory_carve, reticle, PAGE_SIZE), STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, signal_words, second, TOP + 1, 2), STATUS_OK);
    view = map(second, MAP_READ | MAP_WRITE);
    bell();
    CHECK_EQ(bits(), 1 << (TOP + 1));
    CHECK_EQ(exchange(world_root, AT, 1), 1 << 6);
    world_audit();
    drop(second);
    world_audit();
    bell();
    CHECK_EQ(bits(), 1 << (TOP + 1));
    drop(view);
    drop(memory);
    world_audit();
}

TEST(two_threads_do_not_share_words) {
    struct world_task task;
    uint64_t handle, made;
    CHECK_EQ(world_task_make(&task, 256 << 10, nullptr, 0), STATUS_OK);
    CHECK_EQ(CALL(world_root, &made, memory_carve, task.reticle, PAGE_SIZE), STATUS_OK);
    drop(task.reticle);
    struct world_grant grants[] = {{"pool", reticle, RIGHT_ALL, false}};
    CHECK_EQ(world_task_make(&task, 256 << 10, grants, 1), STATUS_OK);
    uint64_t pool = world_granted(&task, "pool");
    CHECK_EQ(CALL(task.thread, &made, memory_carve, pool, PAGE_SIZE), STATUS_OK);
    struct thread *second = world_thread_more(&task, &handle);
    CHECK_EQ(CALL(second, nullptr, signal_words, made, 1, 1), STATUS_OK);
    CHECK_EQ(CALL(task.thread, nullptr, signal_words, made, 1, 1), STATUS_BUSY);
    CHECK_EQ(CALL(second, nullptr, thread_exit), WORLD_BLOCKED);
    world_audit();
    CHECK_EQ(CALL(task.thread, nullptr, handle_drop, handle), STATUS_OK);
    CHECK_EQ(CALL(task.thread, nullptr, signal_words, made, 1, 1), STATUS_OK);
    world_audit();
    drop(task.reticle); // the thread goes, the Memory in the pool stays without an owner
    world_audit();
}

// ------------------------------------------------- harts that stand still anywhere

constexpr uint32_t SOURCES = 100, RINGERS = 3, ROUNDS = 4000;
constexpr uint64_t WORDS_AT = 0x6000000;

static struct world_task server, ringer[RINGERS];
static uint64_t server_ends[SOURCES], ends[SOURCES];
static uint32_t rung[SOURCES], seen[SOURCES]; // bells since it was seen; times

static void connect(void) {
    uint64_t pool = 0, words = 0;
    struct world_grant grants[] = {{"pool", reticle, RIGHT_ALL, false}};
    CHECK_EQ(world_task_make(&server, 1 << 20, grants, 1), STATUS_OK);
    pool = world_granted(&server, "pool");
    CHECK_EQ(CALL(server.thread, &words, memory_carve, pool, PAGE_SIZE), STATUS_OK);
    CHECK_EQ(CALL(server.thread, nullptr, memory_map, 0, words, WORDS_AT, 0, PAGE_SIZE,
                  MAP_READ | MAP_WRITE),
             STATUS_OK);
    CHECK_EQ(CALL(server.thread, nullptr, signal_words, words, TOP, 2), STATUS_OK);
    for (uint32_t i = 0; i < RINGERS; i++) {
        CHECK_EQ(world_task_make(&ringer[i], 1 << 20, grants, 1), STATUS_OK);
    }
    for (uint32_t i = 0; i < SOURCES; i++) {
        struct thread *thread = ringer[i % RINGERS].thread;
        uint64_t own = world_granted(&ringer[i % RINGERS], "pool");
        CHECK_EQ(CALL(thread, &ends[i], ring_carve, own, 2), STATUS_OK);
    }
}

TEST(a_server_with_many_rings) {
    connect();
    // The ends are joined by hand: who carved what is not the subject.
    for (uint32_t i = 0; i < SOURCES; i++) {
        struct object *a, *b;
        CHECK_EQ(
            CALL(server.thread, &server_ends[i], ring_carve, world_granted(&server, "pool"), 2),
            STATUS_OK);
        CHECK_EQ(CALL(server.thread, nullptr, ring_watch, server_ends[i], 64 + i, UINT64_MAX),
                 STATUS_OK);
        CHECK_EQ(lookup(server.task, server_ends[i], CLASS_RING, 0, &a), STATUS_OK);
        CHECK_EQ(lookup(ringer[i % RINGERS].task, ends[i], CLASS_RING, 0, &b), STATUS_OK);
        lock_acquire(&books);
        CHECK_EQ(ring_bind((struct ring *)a, (struct ring *)b), STATUS_OK);
        lock_release(&books);
    }
    world_audit();
}

static void look(uint32_t hart) {
    for (uint32_t word = 0; word < 2; word++) {
        uint64_t value = 0, zero = 0;
        uint64_t at = WORDS_AT + word * sizeof value;
        CHECK(host_user_read(hart, at, &value, sizeof value));
        CHECK(host_user_write(hart, at, &zero, sizeof zero));
        for (; value != 0; value &= value - 1) {
            uint32_t i = word * 64 + (uint32_t)__builtin_ctzll(value);
            CHECK(i < SOURCES);
            rung[i] = 0;
            seen[i]++;
        }
    }
}

// A thread in user mode does what its program would: the server looks and waits, a ringer
// rings one of its bells.
static void go(struct random *random, uint32_t hart) {
    struct thread *thread = hart_at(hart)->current;
    uint64_t a[6] = {};
    if (thread == server.thread) {
        look(hart);
        a[0] = 1 << TOP;
        a[1] = TIME_NEVER;
        host_syscall(hart, SYS_signal_wait, a);
        return;
    }
    for (uint32_t i = 0; i < RINGERS; i++) {
        if (thread == ringer[i].thread) {
            uint32_t source = random_below(random, SOURCES / RINGERS) * RINGERS + i;
            rung[source]++;
            a[0] = ends[source];
            host_syscall(hart, SYS_doorbell, a);
            return;
        }
    }
    a[0] = 1;
    a[1] = arch_time_now() + 1000000;
    host_syscall(hart, SYS_signal_wait, a); // the root
}

TEST(no_bell_is_lost) {
    struct random random = {11};
    host_settle();
    for (uint32_t round = 0; round < ROUNDS; round++) {
        host_yield_every(1 + random_below(&random, 4));
        for (uint32_t i = 0; i < 40; i++) {
            uint32_t hart = random_below(&random, 3);
            if (host_can_go(hart)) {
                (void)host_go(hart);
            } else if (host_state_of(hart) == HOST_USER) {
                go(&random, hart);
            } else if (random_below(&random, 8) == 0) {
                host_time_set(arch_time_now() + SCHEDULE_SLICE);
            }
        }
        // At rest, with the server waiting: whatever was rung has been seen.
        if (round % 16 == 15) {
            host_yield_every(0);
            host_settle();
            for (uint32_t i = 0; i < 50 && world_run(server.thread); i++) {
                go(&random, server.thread->hart->index);
                host_settle();
            }
            CHECK(server.thread->state == THREAD_WAITING);
            for (uint32_t i = 0; i < SOURCES; i++) {
                CHECK_EQ(rung[i], 0);
            }
        }
        if (round % 256 == 255) {
            world_audit();
        }
    }
    for (uint32_t i = 0; i < SOURCES / RINGERS * RINGERS; i++) {
        CHECK(seen[i] != 0);
    }
    host_yield_every(0);
    host_settle();
    drop(server.reticle);
    for (uint32_t i = 0; i < RINGERS; i++) {
        drop(ringer[i].reticle);
    }
    world_audit();
}
