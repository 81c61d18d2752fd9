// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// A hart: its segments, its control registers, and how a further one is started.
#include "cpu.h"

#include "lib/string/string.h"

constexpr uint64_t CR0_MONITOR = 1 << 1;    // WAIT obeys TS
constexpr uint64_t CR0_NUMERIC = 1 << 5;    // x87 errors are faults
constexpr uint64_t CR0_PROTECT = 1 << 16;   // the kernel too obeys read only pages
constexpr uint64_t CR0_ALIGNMENT = 1 << 18; // user code may ask for alignment faults
constexpr uint64_t CR0_ON = 0x80000011;     // PG, ET, PE

constexpr uint64_t CR4_PAE = 1 << 5;
constexpr uint64_t CR4_MACHINE_CHECK = 1 << 6;
constexpr uint64_t CR4_GLOBAL = 1 << 7;
constexpr uint64_t CR4_FXSAVE = 1 << 9;
constexpr uint64_t CR4_SIMD_FAULTS = 1 << 10;
constexpr uint64_t CR4_UMIP = 1 << 11;
constexpr uint64_t CR4_XSAVE = 1 << 18;
constexpr uint64_t CR4_SMEP = 1 << 20;
constexpr uint64_t CR4_SMAP = 1 << 21;

// PA0 to PA7 as after reset, whatever the firmware did: entry 3 is uncached.
constexpr uint64_t PAT_RESET = 0x0007040600070406;

// Interrupt commands, SDM vol 3 10.6.1 and 8.4.4.
constexpr uint32_t COMMAND_INIT = 0x4500;
constexpr uint32_t COMMAND_STARTUP = 0x4600; // with the page to start at
constexpr uint64_t START_WAIT = 200'000;     // nanoseconds: enough since the P6

constexpr uint32_t SEGMENTS = TASK_STATE / 8;
constexpr uint64_t TASK_STATE_PRESENT = UINT64_C(0x89) << 40;

extern const char trampoline_start[];
extern const char trampoline_end[];

// What entry.S knows to find a hart's place and stack.
static_assert(offsetof(struct boot_info, hart_id) == BOOT_HART_ID && BOOT_HARTS == HARTS_MOST);
static_assert(STACKS + (1 + STACK_MAIN_PAGES) * PAGE_SIZE == STACK_FIRST_TOP);
static_assert(STACK_SLOT == 1 << STACK_SHIFT);

static uint64_t gdt[SEGMENTS + 2 * BOOT_HARTS] = {
    [KERNEL_CODE / 8] = 0x00af9b000000ffff,
    [KERNEL_DATA / 8] = 0x00cf93000000ffff,
    [USER_DATA / 8] = 0x00cff3000000ffff,
    [USER_CODE / 8] = 0x00affb000000ffff,
};

// The task state's descriptor takes two entries, SDM vol 3 7.2.3.
static void task_load(struct arch_hart *hart) {
    uint64_t base = (uint64_t)&hart->task;
    uint64_t *entry = &gdt[SEGMENTS + 2 * hart->place];
    entry[0] = TASK_STATE_PRESENT | (base >> 24 & 0xff) << 56 | (base & 0xffffff) << 16 |
               (sizeof hart->task - 1);
    entry[1] = base >> 32;
    __asm__ volatile("ltr %w0" ::"r"(TASK_STATE + 16 * hart->place));
}

void control_load(void) {
    // CS stays: entry.S has loaded it from a table that is alike there. SS is nothing, as after
    // an interrupt from user mode.
    __asm__ volatile("lgdt %0" ::"m"((struct descriptor_table){sizeof gdt - 1, gdt}));
    trap_load();
    CONTROL_WRITE(cr0, CR0_ON | CR0_MONITOR | CR0_NUMERIC | CR0_PROTECT | CR0_ALIGNMENT);
    CONTROL_WRITE(cr4, CR4_PAE | CR4_MACHINE_CHECK | CR4_GLOBAL | CR4_FXSAVE | CR4_SIMD_FAULTS |
                           (features.umip ? CR4_UMIP : 0) | (features.xsave ? CR4_XSAVE : 0) |
                           (features.smep ? CR4_SMEP : 0) | (features.smap ? CR4_SMAP : 0));
    msr_write(MSR_PAT, PAT_RESET);
    arch_debug_load(&(struct arch_frame){});
    msr_write(MSR_KERNEL_GS_BASE, 0);
}

void arch_hart_init(struct hart *hart, uint32_t place) {
    struct arch_hart *arch = (struct arch_hart *)hart;
    arch->self = hart;
    arch->place = place;
    arch->stack = stack_top(place, STACK_MAIN);
    arch->deadline = TIME_NEVER;
    arch->task.ports = sizeof arch->task;
    for (enum stack which = STACK_DEBUG; which < STACKS_A_HART; which++) {
        arch->task.ist[which - 1] = stack_top(place, which);
    }
    control_load();
    task_load(arch);
    msr_write(MSR_GS_BASE, (uint64_t)arch);
    float_hart_init();
    local_init();
}

// INIT, then the start-up interrupt twice: the second does nothing if the first did. The
// hart finds its place by itself, in entry.S.
bool arch_hart_start(uint32_t, uint64_t id) {
    uint32_t start = COMMAND_STARTUP | (uint32_t)(trampoline >> PAGE_SHIFT);
    if (trampoline == 0) {
        return false;
    }
    memcpy(phys_to_virt((struct phys){trampoline}), trampoline_start,
           (size_t)(trampoline_end - trampoline_start));
    local_send((uint32_t)id, COMMAND_INIT);
    delay(START_WAIT);
    local_send((uint32_t)id, start);
    delay(START_WAIT);
    local_send((uint32_t)id, start);
    return true;
}

void arch_halt(void) {
    for (;;) {
        __asm__ volatile("cli; hlt");
    }
}
