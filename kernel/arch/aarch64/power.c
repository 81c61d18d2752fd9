// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// What firmware does for the kernel: power, by PSCI (Arm DEN 0022), through HVC
// or SMC as the device tree says. Also the ways to stop, and randomness.
#include "kernel/arch/aarch64/own.h"

static enum boot_conduit conduit;

void power_init(enum boot_conduit chosen) {
    conduit = chosen;
}

// From entry.S: one instruction each.
uint64_t psci_hvc(uint64_t function, uint64_t a, uint64_t b, uint64_t c);
uint64_t psci_smc(uint64_t function, uint64_t a, uint64_t b, uint64_t c);

uint64_t psci_call(uint32_t function, uint64_t a, uint64_t b, uint64_t c) {
    if (conduit == BOOT_CONDUIT_HVC) {
        return psci_hvc(function, a, b, c);
    }
    return conduit == BOOT_CONDUIT_SMC ? psci_smc(function, a, b, c) : UINT64_MAX;
}

constexpr uint32_t PSCI_SYSTEM_OFF = 0x84000008;
constexpr uint32_t PSCI_SYSTEM_RESET = 0x84000009;

void arch_power_off(void) {
    (void)psci_call(PSCI_SYSTEM_OFF, 0, 0, 0);
    arch_halt();
}

void arch_reset(void) {
    (void)psci_call(PSCI_SYSTEM_RESET, 0, 0, 0);
    arch_halt();
}

void arch_halt(void) {
    __asm__ volatile("msr daifset, #15");
    for (;;) {
        __asm__ volatile("wfi");
    }
}

// RNDR (ARM, FEAT_RNG) may fail and then sets Z; a few tries are enough.
__attribute__((no_stack_protector)) uint64_t arch_random(void) {
    uint64_t value = SYSREG_READ(cntvct_el0);
    if (id_field(SYSREG_READ(id_aa64isar0_el1), 60) != 0) {
        for (uint32_t i = 0; i < 8; i++) {
            uint64_t good;
            uint64_t random;
            __asm__ volatile("mrs %0, s3_3_c2_c4_0\n\tcset %1, ne"
                             : "=r"(random), "=r"(good)::"cc");
            if (good != 0) {
                return random;
            }
        }
    }
    // SplitMix64's last steps: spreads the few bits that differ.
    value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9;
    value = (value ^ value >> 27) * 0x94d049bb133111eb;
    return value ^ value >> 31;
}

// There are none, and no device tree describes one.
uint32_t arch_port_read(uint16_t, uint32_t) {
    return 0;
}

void arch_port_write(uint16_t, uint32_t, uint32_t) {}
