// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The first C code: learns what the processor has, reads the firmware's tables,
// and hands over to the portable kernel. It runs on the first tables of entry.S,
// which are writable throughout.
#include "cpu.h"

#include "kernel/page.h"
#include "lib/string/string.h"

constexpr uint64_t BOOT_MAPPED = UINT64_C(1) << 32;
constexpr uint64_t SMALL_PAGES_END = UINT64_C(1) << 35; // a table for each GiB of it
constexpr uint64_t LOW_MEMORY = UINT64_C(1) << 20;

extern const uint64_t smap_start[]; // addresses of STAC and CLAC, from trap.S
extern const uint64_t smap_end[];

uint64_t trampoline;
struct features features;

// Until hart 0 has its own: arch_hart() must not fault in an early panic.
static struct arch_hart early_hart;

// Fills `features`; panics without what every 64-bit processor of the last twenty
// years has, since nothing would be safe on such a machine.
static void features_find(void) {
    struct cpuid basic = cpuid(1, 0);
    struct cpuid extended = cpuid(7, 0);
    struct cpuid high = cpuid(0x80000001, 0);
    features.smep = extended.b >> 7 & 1;
    features.smap = extended.b >> 20 & 1;
    features.umip = extended.c >> 2 & 1;
    features.xsave = basic.c >> 26 & 1;
    features.random = basic.c >> 30 & 1;
    features.large_1g = high.d >> 26 & 1;
    if ((high.d >> 20 & 1) == 0) {
        panic("this processor cannot protect memory from execution (NX)");
    }
    if ((high.d >> 11 & 1) == 0) {
        panic("this processor has no SYSCALL instruction");
    }
    if ((basic.d >> 24 & 1) == 0 || (basic.d >> 9 & 1) == 0) {
        panic("this processor lacks FXSAVE or a local APIC");
    }
    msr_write(MSR_EFER, msr_read(MSR_EFER) | EFER_NO_EXECUTE | EFER_SYSCALL);
    print("x86_64: nx%s%s%s%s%s\n", features.smep ? " smep" : "", features.smap ? " smap" : "",
          features.umip ? " umip" : "", features.xsave ? " xsave" : "",
          features.random ? " rdrand" : "");
}

// Without SMAP its instructions are undefined: makes them a NOP of three bytes.
// The last write to kernel text, before it becomes read only.
static void smap_patch(void) {
    static const uint8_t nop[COPY_PATCH] = {0x0f, 0x1f, 0x00};
    for (const uint64_t *site = smap_start; site < smap_end && !features.smap; site++) {
        memcpy((void *)*site, nop, COPY_PATCH);
    }
}

// The firmware's tables lie in RAM, in areas reserved in it and below 1 MiB; all
// of that is mapped by now.
static const void *memory_map(void *, uint64_t physical, uint64_t size) {
    bool mapped = physical < BOOT_MAPPED && size <= BOOT_MAPPED - physical;
    return mapped ? phys_to_virt((struct phys){physical}) : nullptr;
}

// A hart starts in real mode, hence below 1 MiB. Page 0 is never free.
static enum status trampoline_find(struct firmware_error *error) {
    struct boot_range free[FIRMWARE_FREE];
    if (firmware_free(&boot, LOW_MEMORY, free) == 0) {
        print("x86_64: no free page below 1 MiB to start harts from\n");
        return STATUS_OK;
    }
    trampoline = free[0].base;
    return firmware_reserve(&boot, trampoline, PAGE_SIZE, error);
}

// From entry.S. It sets the canary, so it cannot have one.
[[noreturn, gnu::no_stack_protector]] void boot_main(uint64_t start_info) {
    msr_write(MSR_GS_BASE, (uint64_t)&early_hart);
    serial_init(0); // not known yet
    trap_init();
    features_find();
    __stack_chk_guard = boot_random();
    smap_patch();
    control_load();
    struct firmware_memory memory = {.map = memory_map};
    struct firmware_error error;
    enum status status = firmware_pvh(&memory, start_info, &boot, &error);
    if (boot.console.kind == BOOT_CONSOLE_16550_PORT) {
        serial_init((uint16_t)boot.console.base);
    }
    boot_need(status, &error);
    paging_image();
    boot_memory(features.large_1g ? PAGE_RAM_END : SMALL_PAGES_END, cpuid(1, 0).b >> 24);
    arch_space_leave();
    boot_need(trampoline_find(&error), &error);
    kernel_main(&boot);
}
