// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The clock is the time stamp counter, the alarm the local APIC's timer. Neither
// says how fast it counts, so both are measured for a millisecond against one that
// does: the ACPI timer, or the interval timer of the PC. All harts' counters are
// taken to be alike, as they are wherever CPUID claims an invariant one and in QEMU.
#include "cpu.h"

constexpr uint64_t SECOND = 1'000'000'000;
constexpr uint64_t MEASURE_PART = 1000; // of a second
constexpr uint32_t SAMPLES = 6;
constexpr uint32_t STEPS = 10'000'000;
constexpr uint32_t SHIFT = 32;
constexpr uint64_t PM_TIMER_RATE = 3'579'545; // ACPI 4.8.3.3
constexpr uint64_t PIT_RATE = 1'193'182;
constexpr uint32_t LONGEST = UINT32_MAX; // ticks

// Ports of the interval timer: channel 2 counts without an interrupt.
constexpr uint16_t PIT_CHANNEL_2 = 0x42;
constexpr uint16_t PIT_COMMAND = 0x43;
constexpr uint16_t PIT_GATE = 0x61;

// Written once, in time_init.
static uint64_t frequency;        // of the counter
static uint64_t multiplier;       // nanoseconds per count, << SHIFT
static uint64_t timer_multiplier; // timer ticks per nanosecond, << SHIFT

// The counter to measure against.
static struct {
    uint16_t port; // of the ACPI timer; 0: the interval timer
    uint32_t mask;
    uint64_t rate;
} reference;

struct sample {
    uint64_t counter;
    uint32_t reference;
    uint32_t timer;
};

static uint64_t scale(uint64_t value, uint64_t factor) {
    return (uint64_t)((unsigned __int128)value * factor >> SHIFT);
}

static void reference_init(const struct boot_info *info) {
    const struct boot_register *pm = &info->power.pm_timer;
    if (pm->address != 0 && pm->space == 1) {
        reference.port = (uint16_t)pm->address;
        reference.mask = info->power.pm_timer_32 ? UINT32_MAX : 0xffffff;
        reference.rate = PM_TIMER_RATE;
        return;
    }
    reference.mask = 0xffff;
    reference.rate = PIT_RATE;
    port_write8(PIT_GATE, (port_read8(PIT_GATE) & ~2) | 1);
    port_write8(PIT_COMMAND, 0xb0); // channel 2, both bytes, count down once
    port_write8(PIT_CHANNEL_2, 0xff);
    port_write8(PIT_CHANNEL_2, 0xff);
}

static uint32_t reference_read(void) {
    if (reference.port != 0) {
        return port_read32(reference.port);
    }
    port_write8(PIT_COMMAND, 0x80); // latch channel 2
    uint32_t low = port_read8(PIT_CHANNEL_2);
    return ~(low | (uint32_t)port_read8(PIT_CHANNEL_2) << 8); // it counts down
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
            now.counter = tsc_read();
            now.timer = local_timer_count();
            now.reference = reference_read();
            width = tsc_read() - now.counter;
        }
        if (width < best_width) {
            best_width = width;
            best = now;
        }
    }
    return best;
}

static void measure(uint64_t *counter_rate, uint64_t *timer_rate) {
    local_timer(LONGEST);
    struct sample start = sample_take();
    uint32_t wanted = (uint32_t)(reference.rate / MEASURE_PART);
    uint32_t passed = 0;
    for (uint32_t i = 0; i < STEPS && passed < wanted; i++) {
        arch_pause();
        passed = (reference_read() - start.reference) & reference.mask;
    }
    struct sample end = sample_take();
    local_timer(0);
    passed = (end.reference - start.reference) & reference.mask;
    if (passed < wanted || end.timer >= start.timer) {
        panic("the clocks of this machine stand still");
    }
    *counter_rate = (end.counter - start.counter) * reference.rate / passed;
    *timer_rate = (uint64_t)(start.timer - end.timer) * reference.rate / passed;
}

void time_init(const struct boot_info *info) {
    uint64_t timer_rate;
    reference_init(info);
    measure(&frequency, &timer_rate);
    // SDM vol 3 18.7.3: the exact numbers, if the processor knows them. A crystal also
    // drives the timer.
    struct cpuid exact = cpuid(0x15, 0);
    if (exact.a != 0 && exact.b != 0 && exact.c != 0) {
        frequency = (uint64_t)exact.c * exact.b / exact.a;
        timer_rate = exact.c;
    }
    multiplier = (SECOND << SHIFT) / frequency;
    timer_multiplier = (timer_rate << SHIFT) / SECOND;
    print("x86_64: counter %lu kHz, timer %lu kHz\n", frequency / 1000, timer_rate / 1000);
}

uint64_t arch_time_now(void) {
    return scale(tsc_read() - boot_counter, multiplier);
}

void arch_time_page(struct time_page *page) {
    page->base = boot_counter;
    page->multiplier = multiplier;
    page->shift = SHIFT;
    page->frequency = frequency;
}

// A deadline beyond the timer's range is approached in steps.
static void timer_start(uint64_t deadline, uint64_t now) {
    uint64_t left = deadline > now ? deadline - now : 0;
    uint64_t ticks = left < SECOND ? scale(left, timer_multiplier) : timer_multiplier >> 2;
    local_timer(ticks == 0 ? 1 : ticks < LONGEST ? (uint32_t)ticks : LONGEST);
}

void arch_timer_set(uint64_t deadline) {
    struct arch_hart *hart = (struct arch_hart *)arch_hart();
    hart->deadline = deadline;
    if (deadline == TIME_NEVER) {
        local_timer(0);
        return;
    }
    timer_start(deadline, arch_time_now());
}

// The timer's step may have ended before the counter reached the deadline.
bool time_reached(void) {
    struct arch_hart *hart = (struct arch_hart *)arch_hart();
    uint64_t now = arch_time_now();
    if (now < hart->deadline) {
        if (hart->deadline != TIME_NEVER) {
            timer_start(hart->deadline, now);
        }
        return false;
    }
    hart->deadline = TIME_NEVER;
    return true;
}
