// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// What kernel/arch.h wants of aarch64 as types and inline functions: the saved
// user registers, what the entry assembly keeps per hart, and the encoding of
// page table entries. "ARM" below is the Arm Architecture Reference Manual,
// DDI 0487.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "abi/capability.h"
#include "abi/trace.h"

struct hart;

// TTBR1 covers the top 2^48 bytes; its first half holds all RAM.
constexpr uint64_t ARCH_DIRECT_BASE = UINT64_C(0xffff000000000000);

// Watchpoints and steps of a thread (ARM, "AArch64 Self-hosted Debug"). The addresses are
// user space's, always.
struct arch_debug {
    uint64_t control; // of MDSCR_EL1: watchpoints are on, a step is under way; 0: neither
    uint64_t hit;     // a watched access is under way, and is told once it is done; 0: none
    bool step;        // the step was asked for, and is not only the way past a breakpoint
    uint64_t address[4];
    uint32_t breakpoint[4], watchpoint[4]; // DBGBCR, DBGWCR; one of each pair at most
};

// The offsets are known to trap.S, which static asserts in trap.c compare.
struct arch_frame {
    uint64_t arg[6]; // x0..x5
    uint64_t x6[25]; // x6..x30
    uint64_t sp;     // SP_EL0
    uint64_t pc;     // ELR_EL1
    uint64_t flags;  // SPSR_EL1
    struct arch_debug debug;
};

struct arch_hart {
    // Where SP_EL1 points while user code runs. The word there holds the frame
    // that the next entry saves into, so that an entry finds it in one load.
    struct arch_frame **slot;
    uint64_t emergency;  // top of the stack for SError and kernel faults
    uint32_t gic_target; // GICv2: this hart's bit among the targets
    uint64_t affinity;   // MPIDR_EL1's affinity fields
};

// TPIDR_EL1 is out of reach of user code. Not volatile: it never changes on a hart
// after arch_hart_init, and no function that calls that one uses it.
static inline struct hart *arch_hart(void) {
    struct hart *hart;
    __asm__("mrs %0, tpidr_el1" : "=r"(hart));
    return hart;
}

#define arch_hart_member(member) (arch_hart()->member)

// User code writes it.
static inline void arch_tls_save(uint64_t *value) {
    __asm__ volatile("mrs %0, tpidr_el0" : "=r"(*value));
}
static inline void arch_tls_load(uint64_t value) {
    __asm__ volatile("msr tpidr_el0, %0" ::"r"(value));
}

// The way out of a syscall leaves X16 as the place where the user goes on.
static inline uint32_t arch_frame_syscall(const struct arch_frame *frame) {
    return frame->x6[16 - 6] == frame->pc ? (uint8_t)frame->x6[8 - 6] : TRACE_USER;
}

static inline void arch_hart_frame(struct hart *hart, struct arch_frame *frame) {
    *((struct arch_hart *)hart)->slot = frame;
}

// It may be read as early as the hart came into the kernel (ARM, CNTVCT_EL0).
static inline uint64_t arch_counter(void) {
    uint64_t count;
    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(count)::"memory");
    return count;
}

static inline void arch_pause(void) {
    __asm__ volatile("yield" ::: "memory");
}

// All loads and stores before it are seen by all harts before any after it. An
// explicit barrier, not an acquire-release pair: see "memory order" in README.md.
static inline void arch_fence(void) {
    __asm__ volatile("dmb ish" ::: "memory");
}

// Stage 1 descriptors (ARM, "VMSAv8-64 descriptor formats").
enum pte_bit : uint64_t {
    PTE_VALID = UINT64_C(1) << 0,
    PTE_TABLE = UINT64_C(1) << 1,  // a table, or at level 0 a page; clear: a block
    PTE_NORMAL = UINT64_C(1) << 2, // MAIR index 1: write-back; index 0: device
    PTE_USER = UINT64_C(1) << 6,
    PTE_READ_ONLY = UINT64_C(1) << 7,
    PTE_INNER = UINT64_C(3) << 8, // inner shareable: coherent among the harts
    PTE_ACCESSED = UINT64_C(1) << 10,
    PTE_NOT_GLOBAL = UINT64_C(1) << 11,
    PTE_GUARDED = UINT64_C(1) << 50, // indirect branches must meet a BTI
    PTE_KERNEL_NX = UINT64_C(1) << 53,
    PTE_USER_NX = UINT64_C(1) << 54,
    PTE_ADDRESS = UINT64_C(0x0000fffffffff000),
};

// The kernel may never execute what a user can reach, and reads it only by the
// unprivileged instructions of copy.S. Every mapping is readable: the hardware
// has no write-only pages, and execute-only ones would defeat PAN.
static inline uint64_t pte_leaf(uint64_t page, uint32_t map_flags, bool device) {
    return page | PTE_VALID | PTE_TABLE | PTE_USER | PTE_ACCESSED | PTE_NOT_GLOBAL | PTE_KERNEL_NX |
           PTE_INNER | (device ? PTE_USER_NX : PTE_NORMAL) |
           (map_flags & MAP_WRITE ? 0 : PTE_READ_ONLY) |
           (map_flags & MAP_EXECUTE ? 0 : PTE_USER_NX);
}

static inline bool arch_pte_present(uint64_t entry) {
    return (entry & PTE_VALID) != 0;
}

static inline bool arch_pte_allows(uint64_t entry, uint32_t map_flags) {
    uint64_t need = PTE_VALID | PTE_USER | PTE_NORMAL;
    return (entry & (need | (map_flags & MAP_WRITE ? PTE_READ_ONLY : 0))) == need;
}

// Macros, because struct phys is complete only where they are used.
#define arch_pte_table(table) ((table).value | PTE_VALID | PTE_TABLE)
#define arch_pte_leaf(page, map_flags, device) pte_leaf((page).value, map_flags, device)
// What the TLB or a walk in progress holds of the former root is dropped after the
// new one is in force, before anything touches user memory (ARM, "TLB maintenance").
#define arch_space_switch(root) \
    __asm__ volatile("msr ttbr0_el1, %0; isb; tlbi aside1, xzr; dsb nsh; isb" ::"r"((root).value) \
                     : "memory")
#define arch_pte_phys(entry) ((struct phys){(entry) & PTE_ADDRESS})

// A walker may read the entry as soon as the store is done; the ISB keeps this
// hart from using what it fetched before. ARM, "Translation table walks".
static inline void arch_pte_sync(void) {
    __asm__ volatile("dsb ishst\n\tisb" ::: "memory");
}

// See README.md: what is written through the kernel's alias becomes fetchable.
void arch_code_sync(void *alias, size_t bytes);
