// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The two clocks, measured: who gets how much of a hart, and how late. It is meant for one
// hart whose every instruction is a nanosecond (`./vectra run --icount`); elsewhere the
// emulator's own turns would be measured. `ktest clocks` runs it.
#include "lib/vectra/bundle.h"
#include "lib/vectra/mutex.h"
#include "tests/ktest/child.h"
#include "tests/ktest/worker.h"

constexpr uint64_t MS = MILLISECOND;
enum { NOISE = 8, MANY = 1000 };
static uint64_t handles[MANY];
static struct hand noise[NOISE];

static uint64_t time_of(uint64_t task) {
    uint64_t state, status, threads, time = 0;
    (void)CHECK_OK(sys_task_info(task, &state, &status, &threads, &time));
    return time;
}

// Tasks of the Network band that compute all the time.
static void noise_begin(uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        noise[i] = (struct hand){.bit = 8 + i};
        (void)hand_run(&noise[i], code_spin, 0);
    }
}

static void noise_end(uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        hand_destroy(&noise[i]);
    }
}

static uint64_t budget_of(uint64_t nanoseconds, uint64_t period) {
    uint64_t part = HANDLE_NONE;
    (void)CHECK_OK(sys_budget_carve(ground, bundle_need("budget", CLASS_BUDGET), nanoseconds,
                                    period, 0, 0, &part));
    return part;
}

static uint64_t rounds(uint64_t count) {
    uint64_t from = time_now();
    for (volatile uint64_t left = count; left != 0; left--) {
    }
    return time_now() - from;
}

// Takes so many nanoseconds of the hart, whenever it gets them. What a round takes is found
// out the first time, when nobody else computes.
static void compute(uint64_t nanoseconds) {
    constexpr uint64_t SOME = 100'000;
    static uint64_t some_take;
    if (some_take == 0) {
        some_take = rounds(SOME);
    }
    (void)rounds(nanoseconds * SOME / some_take);
}

// A Task of so many threads that compute all the time, bound to a budget if there is one.
static bool many_begin(struct hand *many, uint32_t count, uint64_t budget) {
    uint64_t version, page, harts, size, handle;
    (void)CHECK_OK(sys_system_info(0, &version, &page, &harts, &size));
    *many = (struct hand){.bytes = HAND_BYTES + count * size, .bit = 6};
    if (!hand_begin(many, code_spin, 0)) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        (void)CHECK_OK(sys_thread_carve(many->task, hand_address(code_spin), 0, 0, 0, 0, &handle));
        if (budget != HANDLE_NONE) {
            (void)CHECK_OK(sys_budget_bind(budget, handle));
        }
        handles[i] = handle;
    }
    (void)hand_start(many);
    for (uint32_t i = 0; i < count; i++) {
        (void)CHECK_OK(sys_thread_start(handles[i]));
    }
    return true;
}

// 1,000 threads of one Task against one thread of another.
static void many_threads(void) {
    struct hand many;
    if (!many_begin(&many, MANY, HANDLE_NONE)) {
        return;
    }
    noise_begin(1);
    uint64_t before = time_of(noise[0].task), from = time_now();
    pause_for(200 * MS);
    uint64_t got = time_of(noise[0].task) - before, of = time_now() - from;
    say("# one thread beside 1,000 of another Task: %lu us of %lu us", got / 1000, of / 1000);
    (void)CHECK(got >= of * 45 / 100);
    hand_destroy(&many);
    noise_end(1);
}

static uint64_t latest;

static void wake_often(void *argument) {
    uint64_t budget = (uint64_t)argument;
    if (budget != HANDLE_NONE) {
        (void)sys_budget_bind(budget, 0);
    }
    latest = 0;
    for (uint32_t i = 0; i < (budget != HANDLE_NONE ? 200 : 5); i++) {
        uint64_t until = time_now() + MS * 7 / 10;
        time_sleep_until(until);
        uint64_t late = time_now() - until;
        latest = late > latest ? late : latest;
    }
}

static uint64_t lateness(uint64_t budget) {
    worker_open(&workers[0], wake_often, (void *)budget, 0);
    worker_close(&workers[0]);
    return latest;
}

// From a timer's interrupt to the thread that waits for it, while eight Tasks compute and
// one rings bells as fast as it can.
static void person_is_in_time(void) {
    struct child child = {.role = "flood", .bit = 4};
    uint64_t budget = budget_of(MS, 10 * MS);
    noise_begin(NOISE);
    if (!child_begin(&child)) {
        return;
    }
    uint64_t bell = child_connect(&child, "bell", 2);
    (void)CHECK_OK(sys_ring_watch(bell, 5, UINT64_MAX));
    (void)child_start(&child);
    uint64_t person = lateness(budget), network = lateness(HANDLE_NONE);
    say("# lateness: Person %lu us, Network %lu us", person / 1000, network / 1000);
    (void)CHECK(person <= MS / 5); // the bar is 2 ms
    (void)CHECK(network > 2 * MS);
    drop(bell);
    child_finish(&child);
    noise_end(NOISE);
    drop(budget);
}

// Behind 100 threads of the Person band, as many as that budget can have, which is used up.
static void person_behind_many(void) {
    uint64_t used = budget_of(MS, 10 * MS), budget = budget_of(MS, 10 * MS);
    struct hand many;
    if (!many_begin(&many, 100, used)) {
        return;
    }
    uint64_t late = lateness(budget);
    say("# lateness behind 100 threads of a budget that is used up: %lu us", late / 1000);
    (void)CHECK(late <= 2 * MS);
    hand_destroy(&many);
    drop(used);
    drop(budget);
}

// A fifth of the hart is a budget's, with as many threads as it can have and the shortest period:
// all of them are put from band to band each millisecond. Of the rest another Task has half.
static void beside_many_of_a_budget(void) {
    constexpr uint32_t THREADS = 20;
    uint64_t budget = budget_of(MS / 5, MS);
    struct hand many;
    if (!many_begin(&many, THREADS, budget)) {
        return;
    }
    (void)CHECK_STATUS(sys_budget_bind(budget, 0), STATUS_FULL);
    noise_begin(1);
    uint64_t before = time_of(noise[0].task), from = time_now();
    pause_for(200 * MS);
    uint64_t got = time_of(noise[0].task) - before, owed = (time_now() - from) * 2 / 5;
    say("# beside 20 threads of a budget: %lu us of %lu us owed", got / 1000, owed / 1000);
    (void)CHECK(got >= owed * 9 / 10);
    hand_destroy(&many);
    noise_end(1);
    drop(budget);
}

static void spin_for(void *argument) {
    uint64_t until = time_now() + (uint64_t)argument;
    while (time_now() < until) {
    }
}

// A Person thread that computes all the time, and this one in the Network band.
static void network_has_its_share(void) {
    constexpr uint64_t LENGTH = 220 * MS, GAP = 20000; // a gap: somebody else ran
    uint64_t budget = budget_of(250 * MS, SECOND);
    worker_open(&workers[0], spin_for, (void *)LENGTH, 0);
    (void)CHECK_OK(sys_budget_bind(budget, workers[0].thread));
    pause_for(MS); // it runs now
    uint64_t from = time_now(), last = from, began = from, own = 0, pause = 0, piece = 0;
    while (last - from < LENGTH - 20 * MS) {
        uint64_t now = time_now(), step = now - last;
        if (step >= GAP) {
            pause = step > pause ? step : pause;
            piece = last - began > piece ? last - began : piece;
            began = now;
        } else {
            own += step;
        }
        last = now;
    }
    say("# Network: %lu us of %lu us; longest pause %lu us, longest piece %lu us", own / 1000,
        (last - from) / 1000, pause / 1000, piece / 1000);
    (void)CHECK(own >= (last - from) * 48 / 1000);
    (void)CHECK(pause <= 9600000 && piece <= 520000 && piece >= 400000);
    worker_close(&workers[0]);
    drop(budget);
}

// ---------------------------------------------------------------------- donation

static _Atomic uint32_t held, go;

static void hold(void *argument) {
    uint64_t woken;
    while (atomic_load(&go) == 0) {
        (void)sys_futex_wait((uint64_t)&go, 0, TIME_NEVER, 0);
    }
    compute((uint64_t)argument);
    atomic_store(&held, 0);
    (void)sys_futex_wake((uint64_t)&held, 1, &woken);
}

struct waiter {
    uint64_t budget, owner, took;
};

static void wait_for(void *argument) {
    struct waiter *waiter = argument;
    uint64_t woken;
    (void)sys_budget_bind(waiter->budget, 0);
    atomic_store(&go, 1);
    (void)sys_futex_wake((uint64_t)&go, 1, &woken);
    uint64_t from = time_now();
    while (atomic_load(&held) != 0) {
        (void)sys_futex_wait((uint64_t)&held, 1, TIME_NEVER, waiter->owner);
    }
    waiter->took = time_now() - from;
}

static uint64_t futex_took(uint64_t budget, bool named) {
    atomic_store(&held, 1);
    atomic_store(&go, 0);
    worker_open(&workers[0], hold, (void *)(5 * MS), 0);
    pause_for(60 * MS); // it sleeps, and everybody has had a turn
    struct waiter waiter = {.budget = budget, .owner = named ? workers[0].thread : HANDLE_NONE};
    worker_open(&workers[1], wait_for, &waiter, 0);
    worker_close(&workers[1]);
    worker_close(&workers[0]);
    return waiter.took;
}

static void futex_lends(void) {
    uint64_t budget = budget_of(250 * MS, SECOND), alone = futex_took(budget, false);
    noise_begin(NOISE);
    uint64_t unnamed = futex_took(budget, false), named = futex_took(budget, true);
    say("# a lock whose owner needs %lu us: named %lu us, not named %lu us", alone / 1000,
        named / 1000, unnamed / 1000);
    (void)CHECK(alone > 4 * MS && named < alone + MS && unnamed > 2 * named);
    noise_end(NOISE);
    drop(budget);
}

// The same with a lock, which names its holder by itself: another thread, or the first one
// of the program. A second waiter without a budget came first, and must not get it first.
static struct mutex lock;
static _Atomic uint64_t due; // from when on the holder computes; by then all wait

static void lock_and_compute(void *argument) {
    (void)argument;
    mutex_lock(&lock);
    atomic_store(&due, time_now() + 200 * MS);
    time_sleep_until(atomic_load(&due));
    compute(5 * MS);
    mutex_unlock(&lock);
}

static void lock_briefly(void *argument) {
    (void)argument;
    mutex_lock(&lock);
    compute(MS);
    mutex_unlock(&lock);
}

static void lock_in_time(void *argument) {
    struct waiter *waiter = argument;
    (void)sys_budget_bind(waiter->budget, 0);
    pause_for(20 * MS); // the other one waits
    mutex_lock(&lock);
    waiter->took = time_now() - atomic_load(&due);
    mutex_unlock(&lock);
}

static uint64_t mutex_took(uint64_t budget, bool first) {
    struct waiter waiter = {.budget = budget};
    atomic_store(&due, 0);
    if (first) {
        mutex_lock(&lock);
        atomic_store(&due, time_now() + 200 * MS);
    } else {
        worker_open(&workers[0], lock_and_compute, nullptr, 0);
    }
    while (atomic_load(&due) == 0) {
        pause_for(MS);
    }
    worker_open(&workers[1], lock_briefly, nullptr, 0);
    worker_open(&workers[2], lock_in_time, &waiter, 0);
    if (first) {
        time_sleep_until(atomic_load(&due));
        compute(5 * MS);
        mutex_unlock(&lock);
    } else {
        worker_close(&workers[0]);
    }
    worker_close(&workers[1]);
    worker_close(&workers[2]);
    return waiter.took;
}

static void mutex_lends(void) {
    uint64_t budget = budget_of(250 * MS, SECOND), alone = mutex_took(budget, false);
    noise_begin(NOISE);
    uint64_t another = mutex_took(budget, false), first = mutex_took(budget, true);
    say("# a lock held for %lu us: by another thread %lu us, by the first one %lu us", alone / 1000,
        another / 1000, first / 1000);
    (void)CHECK(alone > 4 * MS && another < alone + MS && first < alone + MS);
    noise_end(NOISE);
    drop(budget);
}

// Answers each bell after 5 ms of work; with a value "quick", at once.
uint32_t role_answer(void) {
    uint64_t bell = child_slot("bell", CLASS_RING), bits;
    const void *quick;
    size_t size;
    bool work = bundle_find_value("quick", &quick, &size) != STATUS_OK;
    (void)CHECK_OK(sys_ring_watch(bell, 0, 1));
    (void)sys_doorbell(bell, 0); // it is ready
    enum status status = sys_signal_wait(3, TIME_NEVER, 0, 0, 0, &bits);
    while (status == STATUS_OK) {
        if (work && (bits & 1) != 0) {
            compute(5 * MS);
        }
        status = sys_doorbell_wait(bell, 3, TIME_NEVER, 0, 0, &bits);
    }
    return 0;
}

// Rings, and waits: at once, or when the other has begun to work.
static uint64_t ring_took(uint64_t bell, bool awake) {
    uint64_t bits, from = time_now();
    if (awake) {
        (void)CHECK_OK(sys_doorbell(bell, 0));
        (void)CHECK_OK(sys_signal_wait(1 << 5, deadline_in(PATIENCE), 0, bell, 0, &bits));
    } else {
        (void)CHECK_OK(sys_doorbell_wait(bell, 1 << 5, deadline_in(PATIENCE), 0, 0, &bits));
    }
    return time_now() - from;
}

static void ring_lends(void) {
    uint64_t budget = budget_of(250 * MS, SECOND), bits;
    struct child child = {.role = "answer", .bit = 4};
    if (!child_begin(&child)) {
        return;
    }
    uint64_t bell = child_connect(&child, "bell", 2);
    (void)CHECK_OK(sys_ring_watch(bell, 5, UINT64_MAX));
    (void)child_start(&child);
    (void)await_bit(5);
    uint64_t alone = ring_took(bell, false);
    noise_begin(NOISE);
    pause_for(60 * MS); // it sleeps
    uint64_t network = ring_took(bell, false);
    (void)CHECK_OK(sys_budget_bind(budget, 0));
    uint64_t asleep = ring_took(bell, false), awake = ring_took(bell, true);
    (void)CHECK_OK(sys_budget_bind(0, 0));
    say("# a server that needs %lu us: asleep %lu us, awake %lu us, without a budget %lu us",
        alone / 1000, asleep / 1000, awake / 1000, network / 1000);
    (void)CHECK(alone > 4 * MS && asleep < alone + MS && awake < alone + 2 * MS);
    (void)CHECK(network > 2 * asleep);
    noise_end(NOISE);
    drop(bell);
    (void)sys_signal_wait(1 << 4, deadline_in(MS), 0, 0, 0, &bits);
    child_destroy(&child);
    drop(budget);
}

// Takes a bell as leave to compute for ever.
uint32_t role_silent(void) {
    uint64_t bell = child_slot("bell", CLASS_RING), bits;
    (void)CHECK_OK(sys_ring_watch(bell, 0, 1));
    (void)CHECK_OK(sys_doorbell_wait(bell, 3, TIME_NEVER, 0, 0, &bits));
    for (;;) {
        compute(MS);
    }
}

// A server that never answers has what its client lends it until the client's deadline, and
// not a moment longer: then it is one of those that take turns.
static void ring_unanswered(void) {
    uint64_t budget = budget_of(250 * MS, SECOND), bits;
    struct child child = {.role = "silent", .bit = 4};
    if (!child_begin(&child)) {
        return;
    }
    uint64_t bell = child_connect(&child, "bell", 2);
    (void)CHECK_OK(sys_ring_watch(bell, 5, UINT64_MAX));
    (void)child_start(&child);
    (void)await_bit(5);
    noise_begin(3);
    pause_for(20 * MS);
    (void)CHECK_OK(sys_budget_bind(budget, 0));
    uint64_t began = time_of(child.spawn.task), until = deadline_in(20 * MS);
    (void)CHECK_STATUS(sys_doorbell_wait(bell, 1 << 5, until, 0, 0, &bits), STATUS_TIMED_OUT);
    uint64_t late = time_now() - until, lent = time_of(child.spawn.task) - began;
    (void)CHECK_OK(sys_budget_bind(0, 0));
    uint64_t from = time_now(), own = time_of(child.spawn.task), others = time_of(noise[0].task);
    pause_for(100 * MS);
    own = time_of(child.spawn.task) - own;
    others = time_of(noise[0].task) - others;
    say("# never answers: %lu us lent of 20000, %lu us late; then %lu us and %lu us of %lu us",
        lent / 1000, late / 1000, own / 1000, others / 1000, (time_now() - from) / 1000);
    (void)CHECK(lent >= 17 * MS && late <= MS / 5);
    (void)CHECK(own <= 30 * MS && others >= 20 * MS);
    noise_end(3);
    child_destroy(&child);
    drop(bell);
    drop(budget);
}

// ------------------------------------------------------------------- crash loops

// Calls its server for so long; the count is its exit status.
uint32_t role_caller(void) {
    uint64_t bell = child_slot("bell", CLASS_RING), bits, count = 0;
    uint64_t until = time_now() + child_value("length");
    (void)CHECK_OK(sys_ring_watch(bell, 0, 1));
    while (time_now() < until && sys_doorbell_wait(bell, 1, TIME_NEVER, 0, 0, &bits) == STATUS_OK) {
        count++;
    }
    return (uint32_t)count;
}

struct rate {
    uint64_t calls, ran; // of the pair
    uint64_t length;
};

static struct rate measure(uint64_t length, uint64_t budget, bool crashes) {
    struct rate rate = {.length = length};
    struct child caller = {.role = "caller", .bit = 4}, answer = {.role = "answer", .bit = 5};
    uint64_t end = HANDLE_NONE, state, status = 0, threads, word = 1;
    if (!child_begin(&answer) || !child_begin(&caller) ||
        !CHECK_OK(spawn_value(&answer.spawn, "quick", &word, sizeof word)) ||
        !CHECK_OK(spawn_value(&caller.spawn, "length", &length, sizeof length))) {
        return rate;
    }
    end = child_connect(&answer, "bell", 2);
    (void)child_move(&caller, "bell", end);
    (void)child_start(&answer);
    pause_for(5 * MS);
    (void)child_start(&caller);
    uint64_t until = time_now() + length, loops = 0;
    while (time_now() < until) {
        struct hand hand = {.bit = 7};
        if (!crashes) {
            pause_for(until - time_now());
        } else if (hand_begin(&hand, code_undefined, 0)) {
            if (budget != HANDLE_NONE) {
                (void)CHECK_OK(sys_budget_bind(budget, hand.thread));
            }
            (void)hand_start(&hand);
            (void)hand_faulted(&hand);
            hand_destroy(&hand);
            loops++;
        }
    }
    do { // a turn may still be under way
        pause_for(MS);
        (void)CHECK_OK(sys_task_info(caller.spawn.task, &state, &status, &threads, &rate.ran));
    } while (state == TASK_RUNNING);
    rate.calls = status;
    rate.ran += time_of(answer.spawn.task);
    say("# %lu calls in %lu us of %lu us, %lu crashes", rate.calls, rate.ran / 1000,
        rate.length / 1000, loops);
    child_destroy(&caller);
    child_destroy(&answer);
    return rate;
}

// What the band owes: three take turns, the pair, the Task that crashes and the one that
// starts it, which is this one; so the pair has a third of the hart at least. Beyond that it
// may lose 5 %: of its share, and of the calls that it makes in the time it has.
static void crashing(const struct rate *alone, uint64_t budget) {
    struct rate beside = measure(alone->length, budget, true);
    (void)CHECK(alone->calls != 0 && alone->ran != 0);
    (void)CHECK(beside.ran * 3 * 100 >= beside.length * 95);
    (void)CHECK(beside.calls * alone->ran * 100 >= alone->calls * beside.ran * 95);
}

static void crash_in_network(void) {
    struct rate alone = measure(100 * MS, HANDLE_NONE, false);
    crashing(&alone, HANDLE_NONE);
}

static void crash_in_person(void) {
    struct rate alone = measure(100 * MS, HANDLE_NONE, false);
    uint64_t budget = budget_of(2 * MS, 10 * MS);
    crashing(&alone, budget);
    drop(budget);
}

// The same for as long as the bar says, or for so many milliseconds.
static void soak(void) {
    uint64_t length = test_size != 0 ? test_size * MS : 10 * SECOND;
    struct rate alone = measure(length, HANDLE_NONE, false);
    uint64_t budget = budget_of(2 * MS, 10 * MS);
    crashing(&alone, HANDLE_NONE);
    crashing(&alone, budget);
    drop(budget);
}

TESTS(clocks, {"many_threads", many_threads}, {"person_is_in_time", person_is_in_time},
      {"person_behind_many", person_behind_many},
      {"beside_many_of_a_budget", beside_many_of_a_budget},
      {"network_has_its_share", network_has_its_share}, {"futex_lends", futex_lends},
      {"mutex_lends", mutex_lends}, {"ring_lends", ring_lends},
      {"ring_unanswered", ring_unanswered}, {"crash_in_network", crash_in_network},
      {"crash_in_person", crash_in_person}, {"soak", soak});
