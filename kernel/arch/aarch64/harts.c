// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Starting the other harts, and what each hart sets up for itself. entry.S gives
// every hart the same tables; a stack belongs to a place, so the place is all
// that a new hart needs to be told.
#include "kernel/arch/aarch64/own.h"

extern char hart_start[]; // entry.S

constexpr uint32_t PSCI_CPU_ON = 0xc4000003;

bool arch_hart_start(uint32_t place, uint64_t id) {
    return psci_call(PSCI_CPU_ON, id, arch_image_phys(hart_start).value, place) == 0;
}

// What EL0 may reach beside the A64 base: the virtual counter. No performance or
// activity monitors, no debug, no floating point until a thread brings it.
static void restrict_user(void) {
    SYSREG_WRITE(cntkctl_el1, 1 << 1);
    SYSREG_WRITE(cntv_ctl_el0, 0);
    debug_hart_init();
    SYSREG_WRITE(tpidrro_el0, 0);
    uint32_t pmu = id_field(SYSREG_READ(id_aa64dfr0_el1), 8);
    if (pmu != 0 && pmu != 15) {
        SYSREG_WRITE(pmuserenr_el0, 0);
    }
    if (id_field(SYSREG_READ(id_aa64pfr0_el1), 44) != 0) {
        SYSREG_WRITE(s3_3_c13_c2_3, 0); // AMUSERENR_EL0
    }
    arch_float_load(nullptr);
    barrier_isb();
}

void arch_hart_init(struct hart *hart, uint32_t place) {
    struct arch_hart *arch = (struct arch_hart *)hart;
    arch->slot = (struct arch_frame **)(stack_top(place, STACK_MAIN) - 16);
    arch->emergency = stack_top(place, STACK_EMERGENCY);
    arch->affinity = mpidr_affinity();
    SYSREG_WRITE(tpidr_el1, hart);
    restrict_user();
    arch_space_leave();
    gic_hart_init(arch);
}
