// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// What kernel/arch/common/paging.c wants of x86_64: kinds of kernel pages, and stacks.
#pragma once

#include "arch/machine.h"

constexpr uint64_t IMAGE_BASE = KERNEL_BASE + 0x100000; // where kernel.ld puts it

constexpr uint64_t PTE_TEXT = PTE_PRESENT | PTE_ACCESSED | PTE_GLOBAL;
constexpr uint64_t PTE_CONSTANT = PTE_TEXT | PTE_NO_EXECUTE;
constexpr uint64_t PTE_DATA = PTE_CONSTANT | PTE_WRITE | PTE_DIRTY;
constexpr uint64_t PTE_DEVICE = PTE_DATA | PTE_UNCACHED;

// Those behind the main one are entries 1 to 4 of the interrupt stack table, SDM vol 3
// 6.14.5.
enum stack : uint32_t {
    STACK_MAIN,
    STACK_DEBUG,
    STACK_NMI,
    STACK_DOUBLE_FAULT,
    STACK_MACHINE_CHECK,
    STACKS_A_HART
};

uint32_t paging_largest(void); // 2: pages of 1 GiB; 1: of 2 MiB

static inline uint64_t paging_leaf(uint64_t physical, uint64_t kind, uint32_t level) {
    return physical | kind | (level > 0 ? PTE_LARGE : 0);
}
