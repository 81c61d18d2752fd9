// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The clock is the time stamp counter, the alarm the local APIC's timer. Neither
// says how fast it counts, so both are measured for a millisecond against one that
// does: the ACPI timer. All harts' counters are taken to be alike, as they are wherever CPUID
// claims an invariant one and in QEMU.
#include "cpu.h"

constexpr uint64_t SECOND = 1'000'000'000;
constexpr uint64_t MEASURE_PART = 1000; // of a second
constexpr uint32_t SAMPLES = 6;
constexpr uint32_t STEPS = 10'000'000;
constexpr uint64_t PM_TIMER_RATE = 3'579'545; // ACPI 4.8.3.3
constexpr uint32_t LONGEST = UINT32_MAX;      // ticks

// Written once, in time_init.
struct time_page arch_clock;
static uint64_t timer_multiplier; // timer ticks per nanosecond, << ARCH_CLOCK_SHIFT

struct sample {
    uint64_t counter;
    uint32_t reference;
    uint32_t timer;
};

static uint32_t reference_read(void) {
    return arch_port_read((uint16_t)boot.power.pm_timer.address, 4);
}

// Some count 32 bits, but 24 are enough for a millisecond.
static uint32_t reference_passed(uint32_t since, uint32_t now) {
    return (now - since) & 0xffffff;
}

// Reads all three at one time, as nearly as can be: at a step of the reference, and
// the quickest of some attempts, since the machine may be virtual and its processor
// taken away between two reads.
static struct sample sample_take(void) {
    struct sample best = {};
    uint64_t best_width = UINT64_MAX;
    for (uint32_t i = 0; i < SAMPLES; i++) {
        uint32_t old = reference_read();
        struct sample now = {.reference = old};
        uint64_t width = 0;
        for (uint32_t step = 0; step < STEPS && now.reference == old; step++) {
            now.counter = arch_counter();
            now.timer = local_read(LOCAL_TIMER_COUNT);
            now.reference = reference_read();
            width = arch_counter() - now.counter;
        }
        if (width < best_width) {
            best_width = width;
            best = now;
        }
    }
    return best;
}

static void measure(uint64_t *counter_rate, uint64_t *timer_rate) {
    local_write(LOCAL_TIMER_START, LONGEST);
    struct sample start = sample_take();
    uint32_t wanted = PM_TIMER_RATE / MEASURE_PART;
    uint32_t passed = 0;
    for (uint32_t i = 0; i < STEPS && passed < wanted; i++) {
        arch_pause();
        passed = reference_passed(start.reference, reference_read());
    }
    struct sample end = sample_take();
    local_write(LOCAL_TIMER_START, 0);
    passed = reference_passed(start.reference, end.reference);
    if (passed < wanted || end.timer >= start.timer) {
        panic("the clocks of this machine stand still");
    }
    *counter_rate = (end.counter - start.counter) * PM_TIMER_RATE / passed;
    *timer_rate = (uint64_t)(start.timer - end.timer) * PM_TIMER_RATE / passed;
}

void time_init(void) {
    uint64_t frequency, timer_rate;
    if (boot.power.pm_timer.address == 0 || boot.power.pm_timer.space != 1) {
        panic("this machine has no ACPI timer at a port");
    }
    measure(&frequency, &timer_rate);
    // SDM vol 3 18.7.3: the exact numbers, if the processor knows them. A crystal also
    // drives the timer.
    struct cpuid exact = cpuid(0x15, 0);
    if (exact.a != 0 && exact.b != 0 && exact.c != 0) {
        frequency = (uint64_t)exact.c * exact.b / exact.a;
        timer_rate = exact.c;
    }
    arch_clock.multiplier = (SECOND << ARCH_CLOCK_SHIFT) / frequency;
    arch_clock.shift = ARCH_CLOCK_SHIFT;
    arch_clock.frequency = frequency;
    timer_multiplier = (timer_rate << ARCH_CLOCK_SHIFT) / SECOND;
    print("x86_64: counter %lu kHz, timer %lu kHz\n", frequency / 1000, timer_rate / 1000);
}

void delay(uint64_t nanoseconds) {
    uint64_t until = arch_time_now() + nanoseconds;
    while (arch_time_now() < until) {
        arch_pause();
    }
}

// A deadline beyond a second, for which the timer's 32 bits are enough, is approached
// in steps.
void arch_timer_set(uint64_t deadline) {
    ((struct arch_hart *)arch_hart())->deadline = deadline;
    if (deadline == TIME_NEVER) {
        local_write(LOCAL_TIMER_START, 0);
        return;
    }
    uint64_t now = arch_time_now();
    uint64_t left = deadline > now ? deadline - now : 0;
    uint64_t ticks = arch_scale(left < SECOND ? left : SECOND, timer_multiplier) + 1;
    local_write(LOCAL_TIMER_START, ticks < LONGEST ? (uint32_t)ticks : LONGEST);
}

// The timer's step may have ended before the counter reached the deadline.
bool time_reached(void) {
    struct arch_hart *hart = (struct arch_hart *)arch_hart();
    if (arch_time_now() < hart->deadline) {
        arch_timer_set(hart->deadline);
        return false;
    }
    hart->deadline = TIME_NEVER;
    return true;
}
