// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// What kernel/arch/common/paging.c wants of aarch64: kinds of kernel pages, and stacks.
#pragma once

#include "arch/machine.h"

constexpr uint64_t IMAGE_BASE = 0xffffffff80000000; // where kernel.ld puts it

// Indirect branches into the kernel's text must meet a BTI.
constexpr uint64_t PTE_DEVICE = PTE_ACCESSED | PTE_KERNEL_NX | PTE_USER_NX;
constexpr uint64_t PTE_DATA = PTE_DEVICE | PTE_NORMAL | PTE_INNER;
constexpr uint64_t PTE_CONSTANT = PTE_DATA | PTE_READ_ONLY;
constexpr uint64_t PTE_TEXT = (PTE_CONSTANT & ~PTE_KERNEL_NX) | PTE_GUARDED;

// The second is for SError and the kernel's own faults.
enum stack : uint32_t { STACK_MAIN, STACK_EMERGENCY, STACKS_A_HART };

static inline uint32_t paging_largest(void) {
    return 2; // blocks of 1 GiB
}

static inline uint64_t paging_leaf(uint64_t physical, uint64_t kind, uint32_t level) {
    return physical | kind | PTE_VALID | (level == 0 ? PTE_TABLE : 0);
}
