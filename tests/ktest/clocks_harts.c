// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// What a hart executes from an interrupt to the thread of the Person band that waits for it, on a
// machine of several harts: each has Tasks of the Network band that compute, and others take
// the books, destroy, revoke and ring as fast as they can. And the same from the line of a device,
// also on one hart: a key at the serial line. This only brings it about and marks the
// moments; who counts is the emulator (tools/counter.c), since harts run in turns
// there and each of their counters counts what all of them execute. tests/system/harts.sh
// and keys.sh judge. All that computes pauses now and then: a hart that does not keeps its turn
// until the next timer fires, and then QEMU 7.2 may go on with the first hart and leave out those
// behind it.
#include "drivers/console/uart.h"
#include "lib/vectra/bundle.h"
#include "tests/ktest/books.h"
#include "tests/ktest/child.h"
#include "tests/ktest/worker.h"
#include "tests/system/marks.h"

constexpr uint64_t MS = MILLISECOND;
constexpr uint32_t RINGER = 0, TARGET = 1; // harts
constexpr uint32_t BIT_KEY = 5, BIT_FLOOD = 9;
enum { SPINS = 8, PESTS = 4, TIMES = 250, NETWORK_TIMES = 4 };

static struct hand spins[SPINS];
static struct child pests[PESTS];
static uint64_t bells[PESTS];

// Copies and revokes, makes and destroys, and rings, for ever.
uint32_t role_pest(void) {
    uint64_t pool = child_slot("pool", CLASS_RETICLE), bell = child_slot("bell", CLASS_RING);
    uint64_t part, made;
    for (;;) {
        arch_pause();
        (void)CHECK_OK(sys_reticle_split(pool, 64 * PAGE_SIZE, &part));
        for (uint32_t i = 0; i < 20; i++) {
            (void)CHECK_OK(sys_memory_carve(part, PAGE_SIZE, PAGE_SHIFT, 0, &made));
            (void)CHECK_OK(sys_handle_copy(made, RIGHT_ALL, &made));
            (void)CHECK_OK(sys_doorbell(bell, 0));
            arch_pause();
        }
        (void)CHECK_OK(sys_handle_revoke(part));
        (void)CHECK_OK(sys_handle_drop(part));
    }
}

static bool pest_begin(struct child *pest, uint64_t *bell) {
    uint64_t pool;
    *pest = (struct child){.role = "pest", .bit = 10, .bytes = UINT64_C(1) << 20};
    if (!child_begin(pest) ||
        !CHECK_OK(sys_reticle_split(pest->spawn.reticle, 80 * PAGE_SIZE, &pool)) ||
        !child_move(pest, "pool", pool)) {
        return false;
    }
    *bell = child_connect(pest, "bell", 2);
    return child_start(pest);
}

static bool noise_begin(void) {
    bool good = true;
    for (uint32_t i = 0; i < SPINS && good; i++) {
        spins[i] = (struct hand){.bit = 20 + i};
        good = hand_run(&spins[i], code_polite, 0);
    }
    for (uint32_t i = 0; i < PESTS && good; i++) {
        good = pest_begin(&pests[i], &bells[i]);
    }
    return good;
}

static void noise_end(void) {
    (void)CHECK_EQ(poll_bits() & UINT64_C(1) << 10, 0); // no pest has ended
    for (uint32_t i = 0; i < PESTS; i++) {
        (void)CHECK_OK(sys_task_stop(pests[i].spawn.task, 0)); // beside it to destroy takes long
    }
    for (uint32_t i = 0; i < PESTS; i++) {
        child_destroy(&pests[i]);
        drop(bells[i]);
    }
    for (uint32_t i = 0; i < SPINS; i++) {
        hand_destroy(&spins[i]);
    }
}

// Enough: in the emulator a thread is charged for the turns of other harts, too.
static uint64_t budget_on(uint32_t hart) {
    uint64_t part = HANDLE_NONE;
    (void)CHECK_OK(sys_budget_carve(ground, bundle_need("budget", CLASS_BUDGET), MS * 240, SECOND,
                                    (uint64_t)&hart, 1, &part));
    return part;
}

static _Atomic bool sleeps;

// On the target: wakes at a deadline, then for a bell, and so on.
static void sleeper(void *argument) {
    uint64_t bits, *budget = argument;
    (void)sys_budget_bind(*budget, 0);
    (void)sys_ring_watch(budget[1], 5, UINT64_MAX);
    for (uint32_t i = 0; i < TIMES; i++) {
        uint64_t until = time_now() + MARK_SLEEP;
        machine_mark(MARK_PERSON);
        time_sleep_until(until);
        machine_mark(MARK_AWAKE);
        atomic_store(&sleeps, true);
        (void)sys_signal_wait(1 << 5, TIME_NEVER, 0, 0, 0, &bits);
        machine_mark(MARK_AWAKE);
    }
    (void)sys_budget_bind(0, 0);
    for (uint32_t i = 0; i < NETWORK_TIMES; i++) {
        uint64_t until = time_now() + MARK_SLEEP;
        machine_mark(MARK_NETWORK);
        time_sleep_until(until);
        machine_mark(MARK_AWAKE);
    }
}

static void interrupts(void) {
    uint64_t end[2], budget[2] = {budget_on(TARGET)}, own = budget_on(RINGER);
    (void)CHECK_OK(sys_ring_carve(ground, 2, &end[0]));
    (void)CHECK_OK(sys_ring_carve(ground, 2, &end[1]));
    (void)CHECK_OK(sys_ring_bind(end[0], end[1]));
    budget[1] = end[0];
    if (noise_begin()) {
        (void)CHECK_OK(sys_budget_bind(own, 0));
        worker_open(&workers[0], sleeper, budget, 0);
        for (uint32_t i = 0; i < TIMES; i++) {
            while (!atomic_exchange(&sleeps, false)) {
                pause_for(MS / 10);
            }
            pause_for(MS / 3);
            machine_mark(MARK_BELL);
            (void)CHECK_OK(sys_doorbell(end[1], 0));
        }
        worker_close(&workers[0]);
    }
    noise_end();
    (void)CHECK_OK(sys_budget_bind(0, 0));
    drop(end[0]);
    drop(end[1]);
    drop(budget[0]);
    drop(own);
}

// ------------------------------------------------------------------------- keys
struct reader {
    struct uart uart;
    uint64_t irq, budget;
    uint32_t keys;
    _Atomic bool done;
};

// As the console's driver does it: a line that is open again comes at once for what came meanwhile.
static void read_keys(struct reader *reader, uint64_t kind, uint32_t count) {
    uint64_t bits;
    uint8_t byte;
    for (uint32_t i = 0; i < count; i++) {
        machine_mark(kind);
        (void)sys_irq_acknowledge(reader->irq); // the first time it is open
        (void)sys_signal_wait(1 << BIT_KEY, TIME_NEVER, 0, 0, 0, &bits);
        machine_mark(MARK_AWAKE);
        while (uart_read(&reader->uart, &byte)) {
        }
    }
}

static void key_reader(void *argument) {
    struct reader *reader = argument;
    (void)sys_budget_bind(reader->budget, 0);
    (void)sys_irq_watch(reader->irq, BIT_KEY);
    uart_choose(&reader->uart, UART_RECEIVED);
    read_keys(reader, MARK_KEY, reader->keys);
    (void)sys_budget_bind(0, 0);
    read_keys(reader, MARK_KEY_NETWORK, NETWORK_TIMES);
    (void)sys_irq_watch(reader->irq, UINT64_MAX);
    atomic_store(&reader->done, true);
}

// So many keys on that hart. Meanwhile this thread wakes for the bells of all pests.
static void keys_on(struct reader *reader, uint32_t hart) {
    uint64_t bits, until = deadline_in(6 * PATIENCE);
    reader->budget = budget_on(hart);
    atomic_store(&reader->done, false);
    worker_open(&workers[0], key_reader, reader, 0);
    while (!atomic_load(&reader->done) && time_now() < until) {
        (void)sys_signal_wait(1 << BIT_FLOOD, until, 0, 0, 0, &bits);
    }
    (void)CHECK(atomic_load(&reader->done));
    worker_close(&workers[0]);
    drop(reader->budget);
}

// On the hart that takes the line, and on the last one. Afterwards the console's driver, which lost
// the line, begins anew.
static void keys(void) {
    static struct reader reader;
    uint64_t device = bundle_need("device.console", CLASS_DEVICE), view = HANDLE_NONE;
    uint64_t description, object, size, detail;
    reader = (struct reader){.uart = {.device = device, .base = AREA}, .keys = (uint32_t)test_size};
    reader.irq = bundle_need("irq.console", CLASS_IRQ);
    (void)CHECK_OK(sys_handle_info(device, &description, &object, &size, &detail));
    if (size >= PAGE_SIZE) { // registers, not ports
        view = map_here(device, AREA, PAGE_SIZE, MAP_READ | MAP_WRITE);
    }
    say("# keys, please");
    pause_for(20 * MS); // it is said
    if (noise_begin()) {
        for (uint32_t i = 0; i < PESTS; i++) {
            (void)CHECK_OK(sys_ring_watch(bells[i], BIT_FLOOD, UINT64_MAX));
        }
        keys_on(&reader, 0);
        if (hart_count() > 1) {
            keys_on(&reader, hart_count() - 1);
        }
    }
    noise_end();
    if (view != HANDLE_NONE) {
        drop(view);
    }
    books_restart("console");
}

TESTS(clocks_harts, {"interrupts", interrupts}, {"keys", keys});
