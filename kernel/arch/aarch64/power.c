// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// What firmware does for the kernel: power, by PSCI (Arm DEN 0022), through HVC
// or SMC as the device tree says. Also the ways to stop, and randomness.
#include "kernel/arch/aarch64/own.h"

// From entry.S: one instruction each.
uint64_t psci_hvc(uint64_t function, uint64_t a, uint64_t b, uint64_t c);
uint64_t psci_smc(uint64_t function, uint64_t a, uint64_t b, uint64_t c);

uint64_t psci_call(uint32_t function, uint64_t a, uint64_t b, uint64_t c) {
    if (boot.power.conduit == BOOT_CONDUIT_HVC) {
        return psci_hvc(function, a, b, c);
    }
    return boot.power.conduit == BOOT_CONDUIT_SMC ? psci_smc(function, a, b, c) : UINT64_MAX;
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

// RNDR (ARM, FEAT_RNG) may fail and then sets Z.
bool random_word(uint64_t *word) {
    bool good = false;
    if (id_field(SYSREG_READ(id_aa64isar0_el1), 60) != 0) {
        __asm__ volatile("mrs %0, s3_3_c2_c4_0" : "=r"(*word), "=@ccne"(good));
    }
    return good;
}

// There are none, and no device tree describes one.
uint32_t arch_port_read(uint16_t, uint32_t) {
    return 0;
}

void arch_port_write(uint16_t, uint32_t, uint32_t) {}
