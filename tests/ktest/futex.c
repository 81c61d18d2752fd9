// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Futexes: sleeping on a word, waking, and unmapping what somebody sleeps on.
#include "lib/vectra/bundle.h"
#include "lib/vectra/mutex.h"
#include "lib/vectra/thread.h"
#include "tests/ktest/child.h"
#include "tests/ktest/worker.h"

static _Atomic uint32_t word;

static uint64_t address_of(const void *object) {
    return (uint64_t)object;
}

static void errors(void) {
    uint64_t woken, at = address_of(&word);
    atomic_store(&word, 5);
    (void)CHECK_STATUS(sys_futex_wait(at, 4, TIME_NEVER, 0), STATUS_AGAIN);
    (void)CHECK_STATUS(sys_futex_wait(at, 5, 0, 0), STATUS_TIMED_OUT);
    (void)CHECK_STATUS(sys_futex_wait(at, 5, deadline_in(MILLISECOND), 0), STATUS_TIMED_OUT);
    const uint64_t bad[] = {
        at + 1,     at + 2,        0, 4, PAGE_SIZE, AREA, USER_TOP - 4, USER_TOP, machine_kernel[0],
        UINT64_MAX, UINT64_MAX - 3};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        (void)CHECK_STATUS(sys_futex_wait(bad[i], 0, TIME_NEVER, 0), STATUS_BAD_ADDRESS);
    }
    (void)CHECK_STATUS(sys_futex_wake(at + 1, 1, &woken), STATUS_BAD_ADDRESS);
    (void)CHECK_STATUS(sys_futex_wake(0, 1, &woken), STATUS_BAD_ADDRESS);
    (void)CHECK_STATUS(sys_futex_wake(USER_TOP, 1, &woken), STATUS_BAD_ADDRESS);
    (void)CHECK_STATUS(sys_futex_wake(machine_kernel[0], 1, &woken), STATUS_BAD_ADDRESS);
    (void)CHECK_OK(sys_futex_wake(at, UINT64_MAX, &woken));
    (void)CHECK_EQ(woken, 0);
}

struct sleeper {
    uint64_t address, deadline;
    _Atomic uint32_t status; // plus one
};
static struct sleeper sleepers[WORKERS];

static void sleep_on(void *argument) {
    struct sleeper *sleeper = argument;
    enum status status = sys_futex_wait(sleeper->address, 0, sleeper->deadline, 0);
    atomic_store(&sleeper->status, (uint32_t)status + 1);
}

static void sleep_open(uint32_t i, uint64_t address, uint64_t deadline) {
    sleepers[i].address = address;
    sleepers[i].deadline = deadline;
    atomic_store(&sleepers[i].status, 0);
    worker_open(&workers[i], sleep_on, &sleepers[i], 0);
}

static void sleep_close(uint32_t i, enum status status) {
    worker_close(&workers[i]);
    (void)CHECK_EQ(atomic_load(&sleepers[i].status), (uint32_t)status + 1);
}

// Wakes until `count` sleepers in all were woken: some may not sleep yet.
static void wake_all(uint64_t address, uint64_t count) {
    uint64_t woken = 0, total = 0, until = deadline_in(PATIENCE);
    while (CHECK_OK(sys_futex_wake(address, count - total, &woken)) && time_now() < until) {
        total += woken;
        if (total >= count) {
            break;
        }
        pause_for(MILLISECOND);
    }
    (void)CHECK_EQ(total, count);
}

static uint32_t awake(uint32_t count) {
    uint32_t up = 0;
    for (uint32_t i = 0; i < count; i++) {
        up += atomic_load(&sleepers[i].status) != 0;
    }
    return up;
}

static void wake(void) {
    enum { SLEEPERS = 6 };
    uint64_t woken, at = address_of(&word);
    atomic_store(&word, 0);
    for (uint32_t i = 0; i < SLEEPERS; i++) {
        sleep_open(i, at, TIME_NEVER);
    }
    (void)CHECK_OK(sys_futex_wake(at, 0, &woken));
    (void)CHECK_EQ(woken, 0);
    (void)CHECK_OK(sys_futex_wake(at + 4, 9, &woken));
    (void)CHECK_EQ(woken, 0);
    wake_all(at, 2);
    uint64_t until = deadline_in(PATIENCE);
    while (awake(SLEEPERS) < 2 && time_now() < until) {
        pause_for(MILLISECOND);
    }
    pause_for(5 * MILLISECOND);
    (void)CHECK_EQ(awake(SLEEPERS), 2); // and no more than that
    wake_all(at, SLEEPERS - 2);
    for (uint32_t i = 0; i < SLEEPERS; i++) {
        sleep_close(i, STATUS_OK);
    }
}

// Words that share a bucket do not share sleepers; a timed-out one is gone from it.
static void neighbours(void) {
    static _Atomic uint32_t words[1024];
    uint64_t woken;
    for (uint32_t i = 0; i < 8; i++) {
        sleep_open(i, address_of(&words[i * 64]),
                   i % 2 == 0 ? TIME_NEVER : deadline_in(10 * MILLISECOND));
    }
    for (uint32_t i = 1; i < 8; i += 2) {
        sleep_close(i, STATUS_TIMED_OUT);
        (void)CHECK_OK(sys_futex_wake(address_of(&words[i * 64]), 9, &woken));
        (void)CHECK_EQ(woken, 0);
    }
    for (uint32_t i = 0; i < 8; i += 2) {
        wake_all(address_of(&words[i * 64]), 1);
        sleep_close(i, STATUS_OK);
    }
}

// One that had not fallen asleep before the mapping went finds nothing there.
static uint32_t close_cancelled(uint32_t i) {
    worker_close(&workers[i]);
    uint32_t status = atomic_load(&sleepers[i].status) - 1;
    (void)CHECK(status == STATUS_CANCELLED || status == STATUS_BAD_ADDRESS);
    return status == STATUS_CANCELLED;
}

static void cancel(void) {
    uint64_t memory = carve_memory(2 * PAGE_SIZE, 0), second;
    uint64_t view = map_here(memory, AREA, PAGE_SIZE, MAP_READ);
    (void)CHECK_OK(
        sys_memory_map(0, memory, AREA + PAGE_SIZE, PAGE_SIZE, PAGE_SIZE, MAP_READ, &second));
    sleep_open(0, AREA, TIME_NEVER);
    sleep_open(1, AREA + PAGE_SIZE - 4, TIME_NEVER);
    sleep_open(2, AREA + PAGE_SIZE, TIME_NEVER);
    pause_for(50 * MILLISECOND);
    drop(view);
    (void)CHECK(close_cancelled(0) + close_cancelled(1) > 0);
    (void)CHECK_EQ(atomic_load(&sleepers[2].status), 0);
    drop(second);
    (void)close_cancelled(2);
    drop(memory);
}

// Sleepers at both ends of a view that is unmapped in several steps.
static void cancel_large(void) {
    constexpr uint64_t BYTES = 500 * PAGE_SIZE;
    uint64_t memory = carve_memory(BYTES, 0);
    uint64_t view = map_here(memory, AREA, BYTES, MAP_READ);
    sleep_open(0, AREA, TIME_NEVER);
    sleep_open(1, AREA + BYTES / 2, TIME_NEVER);
    sleep_open(2, AREA + BYTES - 4, TIME_NEVER);
    pause_for(50 * MILLISECOND);
    drop(view);
    (void)CHECK(close_cancelled(0) + close_cancelled(1) + close_cancelled(2) > 0);
    drop(memory);
}

// --------------------------------------------------------------------- a lock

static struct mutex lock;
static uint64_t sum;

static void add(void *argument) {
    (void)argument;
    for (uint32_t i = 0; i < 3000; i++) {
        mutex_lock(&lock);
        sum++;
        mutex_unlock(&lock);
    }
}

static void mutex(void) {
    sum = 0;
    for (uint32_t i = 0; i < 5; i++) {
        worker_open(&workers[i], add, nullptr, 0);
    }
    for (uint32_t i = 0; i < 5; i++) {
        worker_close(&workers[i]);
    }
    (void)CHECK_EQ(sum, 5 * 3000);
}

// Who is named may be gone, may never have been, or may be somebody else's: whoever waits
// sleeps all the same, and gets the lock when it opens.
static _Atomic bool got;

static void lock_once(void *argument) {
    (void)sys_budget_bind((uint64_t)argument, 0); // it has something to lend
    mutex_lock(&lock);
    atomic_store(&got, true);
    mutex_unlock(&lock);
}

// Whether somebody sleeps on it: one that called again and again would be in no bucket.
static bool is_slept_on(void) {
    uint64_t woken = 0, times = 0, until = deadline_in(PATIENCE);
    while (times < 2 && time_now() < until) {
        pause_for(5 * MILLISECOND);
        (void)CHECK_OK(sys_futex_wake(address_of(&lock), 1, &woken));
        times += woken;
    }
    return CHECK_EQ(times, 2);
}

static void wait_for_owner(uint64_t owner) {
    atomic_store(&got, false);
    atomic_store(&lock.word, owner << MUTEX_OWNER_SHIFT | MUTEX_HELD);
    worker_open(&workers[0], lock_once, (void *)bundle_need("budget", CLASS_BUDGET), 0);
    if (is_slept_on()) {
        (void)CHECK(!atomic_load(&got));
        (void)CHECK_EQ(atomic_load(&lock.word),
                       owner << MUTEX_OWNER_SHIFT | MUTEX_WAITED | MUTEX_HELD);
        mutex_unlock(&lock);
    }
    worker_close(&workers[0]);
    (void)CHECK(atomic_load(&got));
    (void)CHECK_EQ(atomic_load(&lock.word), 0);
}

static void wrong_owner(void) {
    struct hand hand = {.bit = 6};
    uint64_t thread = HANDLE_NONE;
    if (hand_begin(&hand, code_spin, 0)) { // a thread of another Task
        wait_for_owner(hand.thread);
    }
    hand_destroy(&hand);
    wait_for_owner(HANDLE_NONE);
    wait_for_owner(UINT64_MAX);
    wait_for_owner(ground); // no thread
    (void)CHECK_OK(sys_thread_carve(0, (uint64_t)lock_once, AREA, 0, 0, 0, &thread));
    wait_for_owner(thread); // one that never runs
    drop(thread);
    wait_for_owner(thread);
}

static void lock_for_ever(void *argument) {
    *(uint64_t *)argument = thread_self();
    mutex_lock(&lock);
}

// It ends with the lock; its handle stays for a while, then goes.
static void dead_owner(void) {
    uint64_t self, thread;
    worker_open(&workers[1], lock_for_ever, &self, 0);
    if (worker_ended(&workers[1])) {
        thread = workers[1].thread;
        (void)CHECK_EQ(self, thread);
        (void)CHECK_EQ(atomic_load(&lock.word), thread << MUTEX_OWNER_SHIFT | MUTEX_HELD);
        wait_for_owner(thread);
        drop(thread);
        wait_for_owner(thread);
    }
}

// The first thread has a handle too, and each thread its own.
static void self(void) {
    uint64_t description, object, size, number;
    mutex_lock(&lock);
    (void)CHECK_EQ(atomic_load(&lock.word), thread_self() << MUTEX_OWNER_SHIFT | MUTEX_HELD);
    mutex_unlock(&lock);
    (void)CHECK_EQ(atomic_load(&lock.word), 0);
    if (CHECK_OK(sys_handle_info(thread_self(), &description, &object, &size, &number))) {
        (void)CHECK_EQ(description >> INFO_CLASS_SHIFT & 31, CLASS_THREAD);
        (void)CHECK_EQ(number, 1);
    }
}

// Wakes that hit a sleeper just as it is about to sleep, or times out.
static _Atomic uint32_t turns, quit;

static void turn(void *argument) {
    (void)argument;
    while (atomic_load(&quit) == 0) {
        uint32_t seen = atomic_load(&turns);
        (void)sys_futex_wait(address_of(&turns), seen, time_now() + 20000 + seen % 7 * 3000, 0);
    }
}

static void race(void) {
    atomic_store(&quit, 0);
    for (uint32_t i = 0; i < 4; i++) {
        worker_open(&workers[i], turn, nullptr, 0);
    }
    uint64_t until = deadline_in(150 * MILLISECOND), woken;
    while (time_now() < until) {
        atomic_fetch_add(&turns, 1);
        (void)CHECK_OK(sys_futex_wake(address_of(&turns), 2, &woken));
    }
    atomic_store(&quit, 1);
    for (uint32_t i = 0; i < 4; i++) {
        worker_close(&workers[i]);
    }
}

// ------------------------------------------------------------- a crowd in another Task

enum { CROWD = 200 };
static _Atomic uint32_t crowd_word; // at the same address in all Tasks of this program

[[noreturn]] static void crowd_sleep(void) {
    (void)sys_futex_wait((uint64_t)&crowd_word, 0, TIME_NEVER, 0);
    (void)sys_task_exit(1); // nobody wakes them
    __builtin_trap();
}

uint32_t role_crowd(void) {
    static uint8_t stacks[CROWD][256];
    uint64_t thread, bits, bell = child_slot("bell", CLASS_RING);
    for (uint32_t i = 0; i < CROWD; i++) {
        (void)CHECK_OK(sys_thread_carve(0, (uint64_t)crowd_sleep,
                                        ((uint64_t)&stacks[i][256] & ~UINT64_C(15)) - 8, 0, 0, 0,
                                        &thread));
        (void)CHECK_OK(sys_thread_start(thread));
    }
    (void)CHECK_OK(sys_ring_watch(bell, 0, 1));
    (void)CHECK_OK(sys_doorbell(bell, 0));
    (void)sys_signal_wait(3, TIME_NEVER, 0, 0, 0, &bits);
    return 0;
}

// Another Task's sleepers on the same address stand in buckets of their own: they are not
// woken, and none of them in the way of ours.
static void crowd(void) {
    uint64_t version, page, harts, size, woken;
    (void)CHECK_OK(sys_system_info(0, &version, &page, &harts, &size));
    struct child child = {
        .role = "crowd", .bit = 6, .bytes = 512 * 1024 + CROWD * (size + 2 * PAGE_SIZE)};
    if (!child_begin(&child)) {
        return;
    }
    uint64_t bell = child_connect(&child, "bell", 2);
    (void)CHECK_OK(sys_ring_watch(bell, 7, UINT64_MAX));
    if (child_start(&child) && await_bit(7)) {
        uint64_t at = address_of(&crowd_word);
        (void)CHECK_OK(sys_futex_wake(at, UINT64_MAX, &woken));
        (void)CHECK_EQ(woken, 0);
        sleep_open(0, at, TIME_NEVER);
        wake_all(at, 1); // the first that stands there is ours
        sleep_close(0, STATUS_OK);
        (void)CHECK_STATUS(sys_futex_wait(at, 0, deadline_in(MILLISECOND), 0), STATUS_TIMED_OUT);
        (void)CHECK_OK(sys_doorbell(bell, 0));
    }
    child_finish(&child);
    drop(bell);
}

TESTS(futex, {"errors", errors}, {"wake", wake}, {"neighbours", neighbours}, {"cancel", cancel},
      {"cancel_large", cancel_large}, {"mutex", mutex}, {"wrong_owner", wrong_owner},
      {"dead_owner", dead_owner}, {"self", self}, {"race", race}, {"crowd", crowd});
