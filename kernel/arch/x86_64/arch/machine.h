// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// What the portable kernel needs to know of x86_64 at compile time; the rest of
// the contract is in kernel/arch.h. Included by it alone.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "abi/capability.h"
#include "abi/trace.h"
#include "arch/offsets.h"

struct hart;
struct phys;

constexpr uint32_t MSR_FS_BASE = 0xc0000100; // SDM vol 4 2.1

// The first address of the upper half: one root entry for each 512 GiB of RAM.
constexpr uint64_t ARCH_DIRECT_BASE = 0xffff800000000000;

// Watchpoints of a thread (SDM vol 3 17.2). The addresses are user space's, always.
struct arch_debug {
    uint64_t control; // of DR7; 0: there are none
    uint64_t address[4];
};

// The user registers. The second half is laid out as the processor pushes it (SDM
// vol 3 6.14.2), because the stack pointer of the task state is the end of that part of
// the running thread's frame: an interrupt from user mode saves itself in place.
struct arch_frame {
    alignas(16) uint64_t arg[6]; // rdi rsi rdx r10 r8 r9
    uint64_t rax, rbx, rbp, r12, r13, r14, r15;
    uint64_t rcx, r11; // not of a syscall: lost in it
    int64_t vector;    // what it was entered by; FRAME_SYSCALL: SYSRET may return to it
    uint64_t error;
    uint64_t pc, cs, flags, rsp, ss;
    struct arch_debug debug;
};
static_assert(offsetof(struct arch_frame, vector) == FRAME_VECTOR);
static_assert(offsetof(struct arch_frame, pc) == FRAME_PC);
static_assert(offsetof(struct arch_frame, ss) == FRAME_SS);
static_assert(offsetof(struct arch_frame, debug) % 16 == 0); // a stack begins here

// The task state segment (SDM vol 3 7.7): stacks for the ways into the kernel.
struct [[gnu::packed]] task_segment {
    uint32_t reserved0;
    uint64_t rsp0; // end of the frame of the thread that runs
    uint64_t unused[2];
    uint64_t reserved1;
    uint64_t ist[7];
    uint64_t reserved2;
    uint16_t reserved3;
    uint16_t ports; // beyond the limit: no port is open to user code
};
static_assert(sizeof(struct task_segment) == 104);

// GS points here while the hart is in the kernel. Only its own hart writes it
// once it is online.
struct arch_hart {
    struct hart *self;
    uint64_t stack;   // top of the kernel stack
    uint64_t scratch; // the user's stack pointer in a syscall, until it is in the frame
    uint64_t deadline;
    uint32_t place; // among boot_info's harts
    bool idle;      // interrupts are taken in kernel mode
    alignas(16) struct task_segment task;
};
static_assert(offsetof(struct arch_hart, stack) == HART_STACK);
static_assert(offsetof(struct arch_hart, scratch) == HART_SCRATCH);
static_assert(offsetof(struct arch_hart, task.rsp0) == HART_FRAME_END);

// Not volatile: a hart never changes under the code that runs on it.
static inline struct hart *arch_hart(void) {
    struct hart *hart;
    __asm__("movq %%gs:0, %0" : "=r"(hart));
    return hart;
}

// One of its members, to be read: complete only where it is used.
#define arch_hart_member(member) (((const struct hart [[clang::address_space(256)]] *)0)->member)

// User code may load selectors, which would tell the next thread of this hart something,
// and change the base of FS, which is written anyway. GS's are the user's in the kernel too.
static inline void arch_tls_save(uint64_t *) {}
static inline void arch_tls_load(uint64_t value) {
    uint32_t ds, es, fs, gs;
    __asm__ volatile("movl %%ds, %0; movl %%es, %1; movl %%fs, %2; movl %%gs, %3"
                     : "=r"(ds), "=r"(es), "=r"(fs), "=r"(gs));
    if ((ds | es | fs | gs) != 0) {
        __asm__ volatile("movl %0, %%ds; movl %0, %%es; movl %0, %%fs;"
                         "swapgs; movl %0, %%gs; swapgs" ::"r"(0)
                         : "memory");
    }
    __asm__ volatile("wrmsr" ::"c"(MSR_FS_BASE), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
                     : "memory");
}

// SYSRET leaves RCX as the place where the user goes on.
static inline uint32_t arch_frame_syscall(const struct arch_frame *frame) {
    return frame->rcx == frame->pc ? (uint8_t)frame->rax : TRACE_USER;
}

static inline void arch_hart_frame(struct hart *hart, struct arch_frame *frame) {
    ((struct arch_hart *)hart)->task.rsp0 = (uint64_t)(&frame->ss + 1);
}

static inline uint64_t arch_counter(void) {
    uint64_t low, high; // the upper halves become 0
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high)::"memory");
    return high << 32 | low;
}

static inline void arch_pause(void) {
    __asm__ volatile("pause" ::: "memory");
}

static inline void arch_fence(void) {
    __asm__ volatile("mfence" ::: "memory");
}

// ------------------------------------------------ page table entries, SDM vol 3 4.5
constexpr uint64_t PTE_PRESENT = 1 << 0;
constexpr uint64_t PTE_WRITE = 1 << 1;
constexpr uint64_t PTE_USER = 1 << 2;
constexpr uint64_t PTE_UNCACHED = 1 << 3 | 1 << 4; // entry 3 of the PAT
constexpr uint64_t PTE_ACCESSED = 1 << 5;          // set beforehand: no write by the walker
constexpr uint64_t PTE_DIRTY = 1 << 6;
constexpr uint64_t PTE_LARGE = 1 << 7;
constexpr uint64_t PTE_GLOBAL = 1 << 8;
constexpr uint64_t PTE_NO_EXECUTE = UINT64_C(1) << 63;
constexpr uint64_t PTE_ADDRESS = 0x000ffffffffff000;

static inline uint64_t pte_leaf(uint64_t page, uint32_t map_flags, bool device) {
    return page | PTE_PRESENT | PTE_USER | PTE_ACCESSED |
           (map_flags & MAP_WRITE ? PTE_WRITE | PTE_DIRTY : 0) |
           (map_flags & MAP_EXECUTE ? 0 : PTE_NO_EXECUTE) | (device ? PTE_UNCACHED : 0);
}

static inline bool arch_pte_present(uint64_t entry) {
    return (entry & PTE_PRESENT) != 0;
}

static inline bool arch_pte_allows(uint64_t entry, uint32_t map_flags) {
    uint64_t need = PTE_PRESENT | PTE_USER | (map_flags & MAP_WRITE ? PTE_WRITE : 0);
    return (entry & (need | PTE_UNCACHED)) == need;
}

// The processor's walker is coherent and never keeps an entry that was absent
// (SDM vol 3 4.10.2.3): only the compiler must be kept from waiting.
static inline void arch_pte_sync(void) {
    __asm__ volatile("" ::: "memory");
}

// Instruction fetch is coherent with stores (SDM vol 3 11.6): nothing to do.
static inline void arch_code_sync(void *, size_t) {}

// Macros, because struct phys is complete only where they are used.
#define arch_pte_table(table) \
    ((uint64_t)((table).value | PTE_PRESENT | PTE_WRITE | PTE_USER | PTE_ACCESSED))
#define arch_pte_leaf(page, map_flags, device) pte_leaf((page).value, map_flags, device)
#define arch_space_switch(root) __asm__ volatile("movq %0, %%cr3" ::"r"((root).value) : "memory")
#define arch_pte_phys(entry) ((struct phys){(entry) & PTE_ADDRESS})
