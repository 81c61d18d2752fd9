// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The longest that the kernel stays in one entry, with each thing that a program can make
// large: bytes, descendants, slots, what is in flight, sleepers, threads, pieces of free
// memory. The check kernel counts; where one instruction is one nanosecond its counts are
// instructions, and none may be above the bound. docs/reference/bounds.md says what each
// loop of the kernel may cost.
#include "abi/ring.h"
#include "kernel/tests/hooks/hooks.h"
#include "lib/vectra/bundle.h"
#include "tests/ktest/child.h"
#include "tests/ktest/worker.h"

static const char *const names[] = {
#define SYSCALL(number, name, ...) [number] = #name,
#include "abi/syscalls.def"
#undef SYSCALL
};

static void forget(void) {
    uint64_t word;
    (void)sys_system_info(HOOK_TOPIC_FORGET, &word, &word, &word, &word);
}

static const char *name_of(uint64_t kind) {
    if (kind < sizeof names / sizeof names[0]) {
        return names[kind];
    }
    return kind == HOOK_FAULT ? "fault" : kind == HOOK_IDLE ? "idle" : "interrupt";
}

// Says which entries since `forget` were longest; above the bound the test fails.
static void look(const char *what) {
    uint64_t bound, kinds, exact, longest, sum, none;
    if (sys_system_info(HOOK_TOPIC_BOUND, &bound, &kinds, &exact, &none) != STATUS_OK) {
        return; // the shipped kernel counts nothing
    }
    uint64_t most = 0, which = 0;
    for (uint64_t kind = 0; kind < kinds; kind++) {
        if (sys_system_info(HOOK_TOPIC_LENGTH + kind, &longest, &sum, &none, &none) == STATUS_OK &&
            longest > most) {
            most = longest;
            which = kind;
        }
    }
    say("%s: longest %lu, in %s", what, most, name_of(which));
    if (exact != 0 && most > bound) {
        check_say(__FILE__, __LINE__, "%s: %lu instructions in %s", what, most, name_of(which));
    }
}

static void destroy(void) {
    for (uint64_t pages = 1; pages <= 2048; pages *= 8) {
        uint64_t bytes = pages * PAGE_SIZE;
        forget();
        uint64_t memory = carve_memory(bytes, 0);
        uint64_t view = map_here(memory, AREA, bytes, MAP_READ | MAP_WRITE);
        drop(memory);
        drop(view);
        memory = carve_memory(bytes, 0);
        view = map_here(memory, AREA, bytes, MAP_READ);
        drop(view);
        drop(memory);
    }
    look("8 MiB carved, mapped, dropped");
}

static void descendants(void) {
    enum { COPIES = 3000 };
    uint64_t memory = carve_memory(64 * PAGE_SIZE, 0), copy, view[30];
    forget();
    for (uint32_t i = 0; i < COPIES && check_good(); i++) {
        (void)CHECK_OK(sys_handle_copy(memory, RIGHT_ALL, &copy));
    }
    for (uint32_t i = 0; i < 30; i++) {
        view[i] = map_here(copy, AREA + i * 64 * PAGE_SIZE, 64 * PAGE_SIZE, MAP_READ);
    }
    (void)CHECK_OK(sys_handle_revoke(memory));
    look("3000 copies and 30 views of 64 pages revoked");
    for (uint32_t i = 0; i < 30; i++) {
        drop(view[i]);
    }
    for (uint32_t i = 0; i < COPIES && check_good(); i++) {
        (void)CHECK_OK(sys_handle_copy(memory, RIGHT_ALL, &copy));
    }
    drop(memory);
    look("3000 copies destroyed");
}

// A Reticle with everything in it: Tasks, Rings, Bundles, all of it at once.
static void reticle(void) {
    uint64_t part, made, ends[2], task;
    forget();
    (void)CHECK_OK(sys_reticle_split(ground, UINT64_C(8) << 20, &part));
    for (uint32_t i = 0; i < 100 && check_good(); i++) {
        (void)CHECK_OK(sys_memory_carve(part, PAGE_SIZE, PAGE_SHIFT, 0, &made));
        (void)CHECK_OK(sys_ring_carve(part, 2, &ends[0]));
        (void)CHECK_OK(sys_ring_carve(part, 2, &ends[1]));
        (void)CHECK_OK(sys_ring_bind(ends[0], ends[1]));
        (void)CHECK_OK(sys_bundle_carve(part, &made));
        (void)CHECK_OK(sys_task_carve(part, &task));
        (void)CHECK_OK(sys_thread_carve(task, 0, 0, 0, 0, 0, &made));
    }
    (void)CHECK_OK(sys_handle_drop(part));
    look("a Reticle of 700 objects");
}

// Free memory in single pages, of which an operation takes as many as it may.
static void pieces(void) {
    enum { PAGES = 300 };
    static uint64_t memory[PAGES];
    uint64_t pool, part, count = 0;
    (void)CHECK_OK(sys_reticle_split(ground, PAGES * PAGE_SIZE, &pool));
    while (sys_memory_carve(pool, PAGE_SIZE, PAGE_SHIFT, 0, &memory[count]) == STATUS_OK) {
        count++;
    }
    for (uint64_t i = 0; i < count; i += 2) {
        drop(memory[i]);
    }
    forget();
    (void)CHECK_OK(sys_reticle_split(pool, 40 * PAGE_SIZE, &part));
    (void)sys_reticle_grow(part, pool, 32 * PAGE_SIZE);
    look("40 single pages split and grown");
    (void)CHECK_OK(sys_handle_drop(part));
    (void)CHECK_OK(sys_handle_drop(pool));
    look("pieces dropped");
}

static void flight(void) {
    uint64_t a, b, memory = carve_memory(PAGE_SIZE, 0), taken, description;
    (void)CHECK_OK(sys_ring_carve(ground, RING_SLOTS_MOST, &a));
    (void)CHECK_OK(sys_ring_carve(ground, RING_SLOTS_MOST, &b));
    (void)CHECK_OK(sys_ring_bind(a, b));
    uint64_t bytes =
        (RING_HEADER_SIZE + UINT64_C(64) * RING_SLOTS_MOST + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
    uint64_t views[2] = {
        map_here(a, AREA, bytes, MAP_READ | MAP_PEER),
        map_here(b, AREA + 64 * PAGE_SIZE, bytes, MAP_READ | MAP_PEER),
    };
    forget();
    for (uint64_t i = 0; i < RING_IN_FLIGHT; i++) {
        (void)CHECK_OK(sys_ring_send(a, i, memory, RIGHT_ALL, 0));
    }
    (void)CHECK_OK(sys_ring_take(b, RING_IN_FLIGHT - 1, 0, &taken, &description));
    drop(taken);
    look("62 capabilities passed over");
    for (uint64_t i = 0; i < RING_IN_FLIGHT; i++) {
        (void)CHECK_OK(sys_ring_send(a, 100 + i, memory, RIGHT_ALL, 0));
        (void)CHECK_OK(sys_ring_send(b, 100 + i, memory, RIGHT_ALL, 0));
    }
    drop(a);
    look("an end dropped with 126 in flight and both regions mapped");
    drop(views[0]);
    drop(views[1]);
    drop(b);
    drop(memory);
}

// Objects that are owned by what is in flight die with it.
static void flight_of_owners(void) {
    uint64_t a, b, made;
    (void)CHECK_OK(sys_ring_carve(ground, 2, &a));
    (void)CHECK_OK(sys_ring_carve(ground, 2, &b));
    (void)CHECK_OK(sys_ring_bind(a, b));
    for (uint64_t i = 0; i < RING_IN_FLIGHT; i++) {
        made = carve_memory(PAGE_SIZE, 0);
        (void)CHECK_OK(sys_ring_send(a, i, made, RIGHT_ALL, 1));
    }
    forget();
    (void)CHECK_STATUS(sys_ring_take(b, RING_IN_FLIGHT, 0, &made, &made), STATUS_EMPTY);
    look("63 owners passed over");
    drop(a);
    drop(b);
}

static void bundle(void) {
    struct hand hand = {.bytes = UINT64_C(1) << 20};
    uint64_t memory = carve_memory(PAGE_SIZE, 0);
    if (!hand_begin(&hand, code_exit, 0)) {
        return;
    }
    forget();
    enum status status = STATUS_OK;
    for (uint32_t i = 0; status == STATUS_OK; i++) {
        char name[3] = {(char)('a' + i / 10), (char)('0' + i % 10)};
        status = sys_bundle_put(hand.bundle, (uint64_t)name, 2, memory, RIGHT_ALL, 0);
    }
    (void)CHECK_EQ(status, STATUS_FULL);
    (void)hand_start(&hand);
    look("a Bundle of 64 capabilities filled and started");
    hand_destroy(&hand);
    look("its Task destroyed");
    drop(memory);
}

// Page tables whose only entries are at their ends are looked through again and again.
static void tables(void) {
    struct hand hand = {.bytes = UINT64_C(1) << 20};
    uint64_t memory = carve_memory(PAGE_SIZE, 0), view;
    if (!hand_begin(&hand, code_exit, 0)) {
        return;
    }
    forget();
    for (uint64_t i = 0; i < 20; i++) {
        uint64_t address = USER_TOP - PAGE_SIZE - (i << 21);
        (void)CHECK_OK(sys_memory_map(hand.task, memory, address, 0, PAGE_SIZE, MAP_READ, &view));
        address = USER_TOP - PAGE_SIZE - (i << 30);
        if (i != 0) {
            (void)CHECK_OK(
                sys_memory_map(hand.task, memory, address, 0, PAGE_SIZE, MAP_READ, &view));
        }
    }
    hand_destroy(&hand);
    look("page tables with entries at their ends");
    drop(memory);
}

// ---------------------------------------------------------------- sleepers, threads

constexpr uint32_t THREADS = 400; // each a page and more
constexpr uint64_t STACK = 1024;
static _Atomic uint32_t word, awake;
static uint64_t threads[THREADS], thread_count, stacks, stacks_view;
static uint64_t budget, bell, owner, moment; // what they bind, for whom they wait, until when

static void threads_start(void (*run)(void)) {
    stacks = carve_memory(THREADS * STACK, 0);
    stacks_view = map_here(stacks, AREA, THREADS * STACK, MAP_READ | MAP_WRITE);
    atomic_store(&word, 0);
    atomic_store(&awake, 0);
    for (thread_count = 0; thread_count < THREADS; thread_count++) {
        uint64_t stack = AREA + (thread_count + 1) * STACK - 8;
        if (sys_thread_carve(0, (uint64_t)run, stack, 0, 0, 0, &threads[thread_count]) !=
            STATUS_OK) {
            break;
        }
        (void)CHECK_OK(sys_thread_start(threads[thread_count]));
    }
    (void)CHECK(thread_count >= 64);
    pause_for(50 * MILLISECOND);
}

static void threads_await(void) {
    uint64_t until = deadline_in(PATIENCE);
    while (atomic_load(&awake) < thread_count && time_now() < until) {
        pause_for(MILLISECOND);
    }
    (void)CHECK_EQ(atomic_load(&awake), thread_count);
}

static void threads_drop(void) {
    for (uint32_t i = 0; i < thread_count; i++) {
        drop(threads[i]);
    }
    drop(stacks_view);
    drop(stacks);
}

static void bind_budget(void) {
    if (budget != HANDLE_NONE) {
        (void)sys_budget_bind(budget, 0);
    }
}

[[noreturn]] static void leave(void) {
    atomic_fetch_add(&awake, 1);
    uint64_t bits;
    (void)sys_signal_wait(1, TIME_NEVER, 0, 0, 0, &bits);
    (void)sys_thread_exit();
    __builtin_trap();
}

[[noreturn]] static void sleeper(void) {
    bind_budget();
    (void)sys_futex_wait((uint64_t)&word, 0, TIME_NEVER, owner);
    leave();
}

static void wake_all(const char *what) {
    uint64_t woken = 0;
    threads_start(sleeper);
    forget();
    (void)CHECK_OK(sys_futex_wake((uint64_t)&word, UINT64_MAX, &woken));
    (void)CHECK_EQ(woken, thread_count);
    threads_await();
    look(what);
    forget();
    threads_drop();
    look("their threads dropped");
}

static void sleepers(void) {
    wake_all("400 sleepers woken");
}

// Lenders, of a budget that is used up soon, to a worker.
static void lenders_begin(uint64_t nanoseconds, void (*run)(void *)) {
    constexpr uint64_t PERIOD = MILLISECOND;
    (void)CHECK_OK(sys_budget_carve(ground, bundle_need("budget", CLASS_BUDGET), nanoseconds,
                                    PERIOD, 0, 0, &budget));
    worker_open(&workers[0], run, nullptr, 0);
    owner = workers[0].thread;
}

static void lenders_end(void) {
    worker_close(&workers[0]);
    drop(budget);
    budget = owner = bell = HANDLE_NONE;
}

static void spin(void *argument) {
    (void)argument;
    while (atomic_load(&awake) < thread_count) {
    }
}

static void lending_sleepers(void) {
    thread_count = UINT32_MAX;
    lenders_begin(MILLISECOND / 10, spin);
    wake_all("400 sleepers woken that lend to their owner");
    lenders_end();
}

[[noreturn]] static void waiter(void) {
    uint64_t bits;
    bind_budget();
    (void)sys_signal_wait(1, moment, 0, bell, 0, &bits);
    leave();
}

static void pass_deadline(const char *what) {
    moment = deadline_in(100 * MILLISECOND);
    threads_start(waiter);
    forget();
    time_sleep_until(moment);
    threads_await();
    look(what);
    threads_drop();
}

static void deadlines(void) {
    pass_deadline("400 deadlines at one moment");
}

// Whom the waiters wait for, as they named the other end.
static uint64_t far;

static void spin_at_bell(void *argument) {
    (void)CHECK_OK(sys_ring_watch(far, 0, 1));
    spin(argument);
}

static void lending_deadlines(void) {
    (void)CHECK_OK(sys_ring_carve(ground, 2, &bell));
    (void)CHECK_OK(sys_ring_carve(ground, 2, &far));
    (void)CHECK_OK(sys_ring_bind(bell, far));
    uint64_t ends[2] = {bell, far};
    thread_count = UINT32_MAX;
    lenders_begin(MILLISECOND / 10, spin_at_bell);
    pass_deadline("400 deadlines at one moment of threads that lend");
    lenders_end();
    drop(ends[0]);
    drop(ends[1]);
}

[[noreturn]] static void runner(void) {
    bind_budget();
    while (time_now() < moment) {
    }
    leave();
}

// Threads that are ready and whose one budget is used up, and begins anew, at one moment.
static void refill(void) {
    (void)CHECK_OK(sys_budget_carve(ground, bundle_need("budget", CLASS_BUDGET), MILLISECOND / 10,
                                    MILLISECOND, 0, 0, &budget));
    moment = deadline_in(200 * MILLISECOND);
    forget();
    threads_start(runner);
    threads_await();
    look("400 ready threads of a budget that is used up and begins anew");
    threads_drop();
    drop(budget);
    budget = HANDLE_NONE;
}

TESTS(bounds, {"destroy", destroy}, {"descendants", descendants}, {"reticle", reticle},
      {"pieces", pieces}, {"flight", flight}, {"flight_of_owners", flight_of_owners},
      {"bundle", bundle}, {"tables", tables}, {"sleepers", sleepers},
      {"lending_sleepers", lending_sleepers}, {"deadlines", deadlines},
      {"lending_deadlines", lending_deadlines}, {"refill", refill});
