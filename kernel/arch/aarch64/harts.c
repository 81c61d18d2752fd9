// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Starting the other harts, and what each hart sets up for itself. entry.S gives
// every hart the same tables; a stack belongs to an index, so the index is all
// that a new hart needs to be told.
#include <stdatomic.h>

#include "kernel/arch/aarch64/own.h"

[[noreturn]] void hart_main(uint64_t index);
extern char hart_start[]; // entry.S

constexpr uint32_t PSCI_CPU_ON = 0xc4000003;
constexpr uint64_t START_TIMEOUT = 200'000'000; // ns

// A place is where a hart stands in boot_info; its index counts only those that
// came. Who takes part is decided once, by the hart or by the one that waits.
enum start_state : uint32_t { START_IDLE, START_ASKED, START_CAME, START_READY, START_GIVEN_UP };
struct place {
    uint64_t affinity;
    uint32_t index;
    _Atomic uint32_t state;
};
static struct place places[BOOT_HARTS];
static uint32_t place_count;

void harts_init(const struct boot_info *info) {
    place_count = info->hart_count;
    for (uint32_t i = 0; i < place_count; i++) {
        places[i].affinity = info->hart_id[i];
    }
}

static bool place_start(uint32_t number) {
    struct place *place = &places[number];
    atomic_store(&place->state, START_ASKED);
    arch_fence();
    if (psci_call(PSCI_CPU_ON, place->affinity, arch_image_phys(hart_start).value, number) != 0) {
        return false;
    }
    uint64_t deadline = arch_time_now() + START_TIMEOUT;
    while (atomic_load(&place->state) != START_READY && arch_time_now() < deadline) {
        arch_pause();
    }
    uint32_t asked = START_ASKED;
    return !atomic_compare_exchange_strong(&place->state, &asked, START_GIVEN_UP);
}

uint32_t arch_harts_start(void) {
    uint32_t index = 1;
    for (uint32_t i = 1; i < place_count; i++) {
        places[i].index = index;
        if (place_start(i)) {
            index++;
        } else {
            print("hart %lx does not start and is left out\n", places[i].affinity);
        }
    }
    return index;
}

void hart_main(uint64_t number) {
    struct place *place = &places[number];
    uint32_t asked = START_ASKED;
    if (!atomic_compare_exchange_strong(&place->state, &asked, START_CAME)) {
        arch_halt();
    }
    struct hart *hart = hart_at(place->index);
    ((struct arch_hart *)hart)->place = (uint32_t)number;
    kernel_hart_main(hart);
}

// What EL0 may reach beside the A64 base: the virtual counter. No performance or
// activity monitors, no debug, no floating point until a thread brings it.
static void restrict_user(void) {
    SYSREG_WRITE(cntkctl_el1, 1 << 1);
    SYSREG_WRITE(cntv_ctl_el0, 0);
    SYSREG_WRITE(mdscr_el1, 1 << 12); // TDCC: nor the debug channel's registers
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

void arch_hart_init(struct hart *hart) {
    struct arch_hart *arch = (struct arch_hart *)hart;
    arch->slot = (struct arch_frame **)(stack_top(arch->place, STACK_MAIN) - 16);
    arch->emergency = stack_top(arch->place, STACK_EMERGENCY);
    arch->affinity = mpidr_affinity();
    SYSREG_WRITE(tpidr_el1, hart);
    restrict_user();
    arch_space_switch((struct phys){0});
    gic_hart_init(arch, places[arch->place].index);
    atomic_store(&places[arch->place].state, START_READY);
}
