// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Time from the generic timer's virtual counter, which is one for all harts (ARM,
// "The Generic Timer"). Nanoseconds are counts times a multiplier, shifted right by 32; the
// 128-bit product is two multiplications.
#include "kernel/arch/aarch64/own.h"

constexpr uint64_t SECOND = 1'000'000'000;
// Far beyond any uptime, near enough that no product overflows 96 bits.
constexpr uint64_t FARTHEST = UINT64_C(1) << 56;

struct time_page arch_clock;
static uint64_t counts_per_ns; // times 2^32

// CNTFRQ_EL0 is what the firmware wrote there; an impossible one (too low, or
// above the architecture's 1 GHz by far) would make every product wrong.
void time_init(uint64_t counter) {
    uint64_t frequency = SYSREG_READ(cntfrq_el0) & UINT32_MAX;
    if (frequency < 1'000'000) {
        frequency = 62'500'000;
    }
    arch_clock = (struct time_page){.base = counter,
                                    .multiplier = (SECOND << ARCH_CLOCK_SHIFT) / frequency,
                                    .shift = ARCH_CLOCK_SHIFT,
                                    .frequency = frequency};
    counts_per_ns = (frequency << ARCH_CLOCK_SHIFT) / SECOND;
}

// The distance is converted, not the deadline: its rounding error stays below a
// count for hours. One count is added, so that the time has come when it fires.
void arch_timer_set(uint64_t deadline) {
    if (deadline == TIME_NEVER) {
        SYSREG_WRITE(cntv_ctl_el0, 0);
        return;
    }
    barrier_isb(); // the counter is not read early
    uint64_t counter = arch_counter();
    uint64_t now = arch_scale(counter - arch_clock.base, arch_clock.multiplier);
    uint64_t distance = deadline > now ? deadline - now : 0;
    distance = distance < FARTHEST ? distance : FARTHEST;
    SYSREG_WRITE(cntv_cval_el0, counter + arch_scale(distance, counts_per_ns) + 1);
    SYSREG_WRITE(cntv_ctl_el0, 1);
    barrier_isb();
}

// The line is level-triggered and stays up until the timer is off.
void time_interrupt(void) {
    SYSREG_WRITE(cntv_ctl_el0, 0);
    barrier_isb();
    kernel_timer();
}
