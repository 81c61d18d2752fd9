// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Address spaces and the TLB. The kernel half (kernel/arch/common/paging.c) never changes
// once the harts run, and is the same for all: TTBR1 has it, so that a Task's root in TTBR0 holds
// nothing of the kernel. User entries are not global and there is one address space identifier, 0;
// a switch drops them all.
#include "kernel/arch/aarch64/own.h"
#include "lib/string/string.h"

// The user half of a hart that comes up, and one with nothing in it.
[[gnu::section(".boot")]] alignas(PAGE_SIZE) uint64_t identity_root[TABLE_ENTRIES];
[[gnu::section(".boot")]] alignas(PAGE_SIZE) static uint64_t empty_table[TABLE_ENTRIES];

struct phys arch_image_phys(const void *address) {
    uint64_t par;
    // The translation itself knows where the loader put the image.
    __asm__ volatile("at s1e1r, %1\n\tisb\n\tmrs %0, par_el1"
                     : "=r"(par)
                     : "r"(address)
                     : "memory");
    return (struct phys){(par & PTE_ADDRESS) | ((uint64_t)address & (PAGE_SIZE - 1))};
}

// The first hart's first C, still with the MMU off: memory is as slow and strict as a
// device's, which the tables do not mind. The identity mapping is for mmu_on in entry.S.
void boot_map(void) {
    paging_image();
    memset(identity_root, 0, PAGE_SIZE);
    memset(empty_table, 0, PAGE_SIZE);
    uint64_t text = arch_image_phys(image_start).value;
    paging_map(identity_root, text, text, (uint64_t)(text_end - image_start), PTE_TEXT);
}

// ------------------------------------------------------------------- user spaces
// The kernel half is in TTBR1: a user root holds nothing of it.
void arch_space_init(struct phys) {}

void arch_space_leave(void) {
    arch_space_switch(arch_image_phys(empty_table));
}

// The operand of an invalidation by address, Armv8-A TLBI VAE1: the page, ASID 0.
static uint64_t tlbi_page(uint64_t address) {
    return (address >> PAGE_SHIFT) & ((UINT64_C(1) << 44) - 1);
}

// An invalidation after the entries that were written, before what comes next.
#define INVALIDATE(operation, operand, domain) \
    __asm__ volatile("dsb " domain "st\n\ttlbi " operation ", %0\n\tdsb " domain \
                     "\n\tisb" ::"r"(operand) \
                     : "memory")

void arch_tlb_flush_page(uint64_t address) {
    INVALIDATE("vae1", tlbi_page(address), "nsh");
}

// To all harts: after a break, no hart may hold the old entry when it is made anew.
void arch_tlb_break_page(uint64_t address) {
    INVALIDATE("vae1is", tlbi_page(address), "ish");
}

void arch_tlb_flush(void) {
    INVALIDATE("aside1", UINT64_C(0), "nsh");
}

// ------------------------------------------------------------------------ caches
// DC ZVA sets a whole block, 64 bytes as a rule, in one instruction (ARM, DCZID_EL0).
void arch_zero_pages(void *page, size_t count) {
    arch_zero_head(page, count * PAGE_SIZE);
}

void arch_zero_head(void *page, size_t bytes) {
    uint64_t id = SYSREG_READ(dczid_el0);
    uint64_t step = UINT64_C(4) << (id & 15);
    if ((id & 16) != 0) {
        memset(page, 0, bytes);
        return;
    }
    char *end = (char *)page + bytes;
    for (char *at = page; at < end; at += step) {
        __asm__ volatile("dc zva, %0" ::"r"(at) : "memory");
    }
}

// The logarithm counts words.
#define EACH_LINE(operation, log, start, bytes) \
    do { \
        uint64_t line = UINT64_C(4) << ((log) & 15); \
        for (uint64_t at = (start) & ~(line - 1); at < (start) + (bytes); at += line) { \
            __asm__ volatile(operation ", %0" ::"r"(at) : "memory"); \
        } \
    } while (false)

// CTR_EL0 says what is needed (ARM, CTR_EL0): IDC no clean to the point of
// unification, DIC no invalidation. An instruction cache that is not tagged by
// physical address would keep other aliases, so it is dropped as a whole.
void arch_code_sync(void *alias, size_t bytes) {
    uint64_t ctr = SYSREG_READ(ctr_el0);
    uint64_t start = (uint64_t)alias;
    if ((ctr >> 28 & 1) == 0) {
        EACH_LINE("dc cvau", ctr >> 16, start, bytes);
    }
    __asm__ volatile("dsb ish" ::: "memory");
    if ((ctr >> 29 & 1) == 0) {
        if ((ctr >> 14 & 3) != 3) {
            __asm__ volatile("ic ialluis" ::: "memory");
        } else {
            EACH_LINE("ic ivau", ctr, start, bytes);
        }
        __asm__ volatile("dsb ish" ::: "memory");
    }
    barrier_isb();
}
