// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The tracer on the running machine: who may begin it, what it tells of this Task and of
// others, what a record costs, and that nothing is written once it has ended or its Memory
// is gone.
#include "abi/trace.h"

#include "lib/vectra/bundle.h"
#include "tests/ktest/child.h"

constexpr uint32_t BIT = 6;
constexpr uint64_t BYTES = 256 * 1024;

enum : uint32_t {
#define SYSCALL(number, name, switches, entry, arguments, results, rights, errors, sentence) \
    NUMBER_##name = number,
#include "abi/syscalls.def"
#undef SYSCALL
};

static uint64_t machine, memory, view;

static bool begin(uint64_t period) {
    machine = bundle_need("trace", CLASS_MACHINE);
    memory = carve_memory(BYTES, 0);
    view = map_here(memory, AREA, BYTES, MAP_READ);
    return CHECK(view != HANDLE_NONE) &&
           CHECK_OK(sys_machine_control(machine, MACHINE_TRACE, memory, period));
}

static void stop(void) {
    (void)CHECK_OK(sys_machine_control(machine, MACHINE_TRACE_END, memory, 0));
}

static void end(void) {
    drop(view);
    drop(memory);
}

static const struct trace_record *record_at(uint32_t hart, uint64_t number) {
    uint64_t part = trace_part(BYTES, hart_count());
    return (const struct trace_record *)(AREA + hart * part +
                                         number * sizeof(struct trace_record) % part);
}

// How many records of the kind there are with these halves, on all harts. Each hart's
// sequences follow one another, and so do its times.
static uint32_t count(enum trace_kind kind, uint32_t low, uint32_t high) {
    uint32_t found = 0;
    for (uint32_t hart = 0; hart < hart_count(); hart++) {
        const struct trace_record *record;
        uint64_t before = 0;
        for (uint64_t i = 0; (record = record_at(hart, i))->sequence >> 5 == i; i++) {
            uint32_t is = record->sequence & 31;
            if (is == TRACE_NONE) {
                break;
            }
            if (!CHECK(is < TRACE_KINDS && record->time >= before)) {
                return 0;
            }
            before = record->time;
            found += is == kind && record->what[0] == low && record->what[1] == high;
        }
    }
    return found;
}

static uint32_t number_of(uint64_t handle) {
    uint64_t description, object, size, detail;
    return CHECK_OK(sys_handle_info(handle, &description, &object, &size, &detail))
               ? (uint32_t)object
               : 0;
}

// ------------------------------------------------------------------- the right
// A holder of the machine that may turn it off may not look at others.
static void right(void) {
    uint64_t power = bundle_need("machine", CLASS_MACHINE);
    machine = bundle_need("trace", CLASS_MACHINE);
    uint64_t small = carve_memory(PAGE_SIZE, 0), large = carve_memory(BYTES, 0), copy;
    (void)CHECK_STATUS(sys_machine_control(power, MACHINE_TRACE, large, 0), STATUS_ACCESS);
    (void)CHECK_STATUS(sys_machine_control(power, MACHINE_TRACE_END, large, 0), STATUS_ACCESS);
    (void)CHECK_STATUS(sys_machine_control(machine, MACHINE_POWER_OFF, 0, 0), STATUS_ACCESS);
    (void)CHECK_STATUS(sys_machine_control(machine, MACHINE_TRACE_END + 1, large, 0),
                       STATUS_BAD_ARGUMENT);
    (void)CHECK_STATUS(sys_machine_control(machine, MACHINE_TRACE, ground, 0), STATUS_BAD_CLASS);
    if (hart_count() > 1) {
        (void)CHECK_STATUS(sys_machine_control(machine, MACHINE_TRACE, small, 0),
                           STATUS_BAD_ARGUMENT);
    }
    (void)CHECK_STATUS(sys_machine_control(machine, MACHINE_TRACE, large, 1), STATUS_BAD_ARGUMENT);
    (void)CHECK_STATUS(sys_machine_control(machine, MACHINE_TRACE_END, large, 0), STATUS_BAD_STATE);
    if (CHECK_OK(sys_handle_copy(large, RIGHT_ALL, &copy))) {
        (void)CHECK_STATUS(sys_machine_control(machine, MACHINE_TRACE, copy, 0), STATUS_ACCESS);
        drop(copy);
    }
    if (CHECK_OK(sys_machine_control(machine, MACHINE_TRACE, large, 0))) {
        (void)CHECK_STATUS(sys_machine_control(machine, MACHINE_TRACE, large, 0), STATUS_BUSY);
        (void)CHECK_STATUS(sys_machine_control(machine, MACHINE_TRACE_END, small, 0),
                           STATUS_BAD_STATE);
        (void)CHECK_OK(sys_machine_control(machine, MACHINE_TRACE_END, large, 0));
    }
    drop(small);
    drop(large);
}

// ------------------------------------------------------------------ what is told
static void told(void) {
    uint64_t a, b, page, taken, description, bits;
    if (!CHECK_OK(sys_ring_carve(ground, 2, &a)) || !CHECK_OK(sys_ring_carve(ground, 2, &b)) ||
        !CHECK_OK(sys_ring_bind(a, b)) || !CHECK_OK(sys_ring_watch(b, BIT, UINT64_MAX)) ||
        !begin(0)) {
        return;
    }
    page = carve_memory(PAGE_SIZE, 0);
    uint32_t ring = number_of(a), what = number_of(page);
    (void)CHECK_OK(sys_doorbell(a, 1001));
    (void)CHECK_OK(sys_signal_wait(1 << BIT, TIME_NEVER, 0, b, 1002, &bits));
    (void)CHECK_OK(sys_doorbell_wait(a, 1 << BIT, TIME_NEVER, 0, 1003, &bits));
    (void)CHECK_OK(sys_ring_send(a, 0, page, RIGHT_ALL, 0));
    (void)CHECK_OK(sys_ring_take(b, 0, CLASS_MEMORY, &taken, &description));
    (void)CHECK_OK(sys_handle_revoke(page));
    drop(page);
    pause_for(MILLISECOND); // the hart idles, and the timer wakes it
    stop();
    (void)CHECK_EQ(count(TRACE_DOORBELL, ring, 1001), 1);
    (void)CHECK_EQ(count(TRACE_WAIT, b & HANDLE_SLOT_MASK, 1002), 1);
    (void)CHECK_EQ(count(TRACE_CALL, ring, 1003), 1);
    (void)CHECK_EQ(count(TRACE_PASS, what, ring), 1);
    (void)CHECK_EQ(count(TRACE_TAKE, what, ring), 1);
    (void)CHECK_EQ(count(TRACE_REVOKE, what, 0), 1);
    (void)CHECK_EQ(count(TRACE_DESTROY, what, 0), 1);
    (void)CHECK(count(TRACE_SWITCH, 0, 0) >= 2);
    (void)CHECK(count(TRACE_INTERRUPT, TRACE_TIMER, 0) >= 1);
    drop(a);
    drop(b);
    end();
}

// Nothing comes after the end, on any hart; nor into pages that were its.
static void over(void) {
    for (uint32_t round = 0; round < 4; round++) {
        if (!begin(TRACE_PERIOD_LEAST)) {
            return;
        }
        pause_for(MILLISECOND);
        if (round % 2 == 0) {
            stop();
            uint32_t before = count(TRACE_SWITCH, 0, 0);
            pause_for(2 * MILLISECOND);
            (void)CHECK_EQ(count(TRACE_SWITCH, 0, 0), before);
        }
        end(); // without an end before, in every other round
        uint64_t fresh = carve_memory(BYTES, 0);
        uint64_t shown = map_here(fresh, AREA, BYTES, MAP_READ);
        pause_for(2 * MILLISECOND);
        uint64_t sum = 0;
        for (uint64_t i = 0; i < BYTES / sizeof sum; i++) {
            sum |= ((const volatile uint64_t *)AREA)[i];
        }
        (void)CHECK_EQ(sum, 0);
        drop(shown);
        drop(fresh);
    }
}

// ------------------------------------------------------------------------ samples
[[gnu::noinline]] static uint64_t spin(uint64_t until) {
    volatile uint64_t turns = 0;
    while (time_now() < until) {
        for (uint32_t i = 0; i < 1000; i++) {
            turns = turns + 1;
        }
    }
    return turns;
}

// How many samples of threads there are, and of these, at a place of spin.
static uint32_t sampled(uint32_t where, uint32_t *here) {
    uint32_t all = 0;
    *here = 0;
    for (uint32_t hart = 0; hart < hart_count(); hart++) {
        const struct trace_record *record;
        for (uint64_t i = 0; (record = record_at(hart, i))->sequence >> 5 == i; i++) {
            uint64_t pc = record->what[0] | (uint64_t)(record->what[1] & 0xffffff) << 32;
            bool sample = (record->sequence & 31) == TRACE_SAMPLE && record->thread != 0;
            all += sample;
            bool spins = where != TRACE_USER || pc - (uint64_t)spin < 4096;
            *here += sample && record->what[1] >> 24 == where && spins;
        }
    }
    return all;
}

static void samples(void) {
    uint32_t here;
    if (begin(MILLISECOND)) {
        (void)spin(deadline_in(100 * MILLISECOND));
        stop();
        // A kernel that checks itself, on a busy host, leaves little of the time to this.
        uint32_t all = sampled(TRACE_USER, &here);
        (void)CHECK(all >= here && here >= 3);
        end();
    }
}

// What was due while the kernel worked for a thread is told with the syscall's number.
static void in_syscalls(void) {
    uint32_t here;
    if (begin(MILLISECOND)) {
        uint64_t until = deadline_in(100 * MILLISECOND);
        while (time_now() < until) {
            for (uint32_t i = 0; i < 100; i++) {
                (void)sys_handle_revoke(HANDLE_NONE);
            }
        }
        stop();
        (void)sampled(NUMBER_handle_revoke, &here);
        (void)CHECK(here >= 3);
        end();
    }
}

// --------------------------------------------------------------------------- cost
constexpr uint32_t DOORBELLS = 1000;

static uint64_t doorbells(uint64_t ring) {
    uint64_t began = time_now();
    for (uint32_t i = 0; i < DOORBELLS; i++) {
        (void)sys_doorbell(ring, i);
    }
    return time_now() - began;
}

// Where an instruction is a nanosecond it is counted: 20 at most for a record.
static void cost(void) {
    uint64_t a, b;
    if (!CHECK_OK(sys_ring_carve(ground, 2, &a)) || !CHECK_OK(sys_ring_carve(ground, 2, &b)) ||
        !CHECK_OK(sys_ring_bind(a, b))) {
        return;
    }
    (void)doorbells(a);
    uint64_t off = doorbells(a);
    bool counted = off / DOORBELLS < 1000;
    for (uint32_t i = 0; i < 3; i++) {
        counted &= doorbells(a) - off + 50 <= 100; // no clock of a busy host says so three times
    }
    if (begin(0)) {
        uint64_t on = doorbells(a);
        stop();
        say("# a doorbell takes %lu, with a record %lu\n", off / DOORBELLS, on / DOORBELLS);
        (void)CHECK(!counted || on - off <= 20 * DOORBELLS + 50);
        end();
    }
    drop(a);
    drop(b);
}

TESTS(trace, {"right", right}, {"told", told}, {"over", over}, {"samples", samples},
      {"in_syscalls", in_syscalls}, {"cost", cost});
