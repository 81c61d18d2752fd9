// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Time from the generic timer's virtual counter, which is one for all harts (ARM,
// "The Generic Timer"). Nanoseconds are counts times a multiplier, shifted right by 32; the
// 128-bit product is two multiplications.
#include "kernel/arch/aarch64/own.h"

constexpr uint32_t SHIFT = 32;
constexpr uint64_t SECOND = 1'000'000'000;
// Far beyond any uptime, near enough that no product overflows 96 bits.
constexpr uint64_t FARTHEST = UINT64_C(1) << 56;

static struct time_page clock;
static uint64_t counts_per_ns; // times 2^32

// CNTFRQ_EL0 is what the firmware wrote there; an impossible one (too low, or
// above the architecture's 1 GHz by far) would make every product wrong.
void time_init(uint64_t counter) {
    uint64_t frequency = SYSREG_READ(cntfrq_el0) & UINT32_MAX;
    if (frequency < 1'000'000) {
        frequency = 62'500'000;
    }
    clock = (struct time_page){.base = counter,
                               .multiplier = (SECOND << SHIFT) / frequency,
                               .shift = SHIFT,
                               .frequency = frequency};
    counts_per_ns = (frequency << SHIFT) / SECOND;
}

// The ISB keeps the read from being done early (ARM, CNTVCT_EL0).
static uint64_t counter_now(void) {
    barrier_isb();
    return SYSREG_READ(cntvct_el0);
}

static uint64_t scale(uint64_t value, uint64_t factor) {
    return (uint64_t)(((unsigned __int128)value * factor) >> SHIFT);
}

uint64_t arch_time_now(void) {
    return scale(counter_now() - clock.base, clock.multiplier);
}

void arch_time_page(struct time_page *page) {
    *page = clock;
}

// The distance is converted, not the deadline: its rounding error stays below a
// count for hours. One count is added, so that the time has come when it fires.
void arch_timer_set(uint64_t deadline) {
    if (deadline == TIME_NEVER) {
        SYSREG_WRITE(cntv_ctl_el0, 0);
        return;
    }
    uint64_t counter = counter_now();
    uint64_t now = scale(counter - clock.base, clock.multiplier);
    uint64_t distance = deadline > now ? deadline - now : 0;
    distance = distance < FARTHEST ? distance : FARTHEST;
    SYSREG_WRITE(cntv_cval_el0, counter + scale(distance, counts_per_ns) + 1);
    SYSREG_WRITE(cntv_ctl_el0, 1);
    barrier_isb();
}

// The line is level-triggered and stays up until the timer is off.
void time_interrupt(void) {
    SYSREG_WRITE(cntv_ctl_el0, 0);
    barrier_isb();
    kernel_timer();
}
