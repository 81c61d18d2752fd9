// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The fake machine on which the portable core runs as an ordinary program: what the
// core needs to know of it at compile time. How a test drives it is in host.h.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "abi/capability.h"
#include "abi/trace.h"

struct hart;
struct phys;

// Beyond the shadow memory of the sanitizers, and far from where programs are loaded.
constexpr uint64_t ARCH_DIRECT_BASE = 0x200000000000;

struct arch_debug {
    uint64_t control; // a bit for each watchpoint that is on
    uint64_t address[4];
};

// A user thread is what a test makes of it: the frame only says what it asked for.
struct arch_frame {
    uint64_t arg[6];
    uint64_t number; // of the syscall in progress
    uint64_t pc, stack;
    bool restart; // it executes its syscall instruction again
    bool busy;    // its syscall has not returned
    bool fresh;   // nothing was executed since it has
    bool step;    // it is to stop after one instruction
    bool whole;   // all registers are here
    struct arch_debug debug;
};

struct arch_hart {
    struct arch_frame *frame; // what the next entry saves into
};

static inline uint32_t arch_frame_syscall(const struct arch_frame *frame) {
    return frame->fresh ? (uint8_t)frame->number : TRACE_USER;
}

struct hart *host_hart(void);
void host_fence(void);
void host_pause(void);

static inline struct hart *arch_hart(void) {
    return host_hart();
}
// In a test that interleaves harts, both let another one run.
static inline void arch_pause(void) {
    host_pause();
}
#define arch_hart_member(member) (arch_hart()->member)
void arch_tls_save(uint64_t *value);
void arch_tls_load(uint64_t value);
uint64_t arch_counter(void);
void arch_hart_frame(struct hart *hart, struct arch_frame *frame);
void arch_space_switch(struct phys root);

static inline void arch_fence(void) {
    host_fence();
}

constexpr uint64_t PTE_PRESENT = 1 << 0;
constexpr uint64_t PTE_READ = 1 << 1;
constexpr uint64_t PTE_WRITE = 1 << 2;
constexpr uint64_t PTE_EXECUTE = 1 << 3;
constexpr uint64_t PTE_DEVICE = 1 << 4;
constexpr uint64_t PTE_TABLE = 1 << 5;
constexpr uint64_t PTE_ADDRESS = ~UINT64_C(0xfff);

static inline uint64_t host_leaf(uint64_t page, uint32_t map_flags, bool device) {
    return page | PTE_PRESENT | ((map_flags & MAP_READ) != 0 ? PTE_READ : 0) |
           ((map_flags & MAP_WRITE) != 0 ? PTE_WRITE : 0) |
           ((map_flags & MAP_EXECUTE) != 0 ? PTE_EXECUTE : 0) | (device ? PTE_DEVICE : 0);
}
static inline bool arch_pte_present(uint64_t entry) {
    return (entry & PTE_PRESENT) != 0;
}
static inline bool arch_pte_allows(uint64_t entry, uint32_t map_flags) {
    uint64_t need = PTE_PRESENT | PTE_READ | ((map_flags & MAP_WRITE) != 0 ? PTE_WRITE : 0);
    return (entry & (need | PTE_DEVICE)) == need;
}
static inline void arch_pte_sync(void) {}
static inline void arch_code_sync(void *kernel_alias, size_t bytes) {
    (void)kernel_alias;
    (void)bytes;
}

// Macros, because struct phys is complete only where they are used.
#define arch_pte_table(table) ((uint64_t)((table).value | PTE_PRESENT | PTE_TABLE))
#define arch_pte_leaf(page, map_flags, device) host_leaf((page).value, map_flags, device)
#define arch_pte_phys(entry) ((struct phys){(entry) & PTE_ADDRESS})
