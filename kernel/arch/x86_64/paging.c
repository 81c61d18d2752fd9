// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Address spaces and the TLB. The kernel half (kernel/arch/common/paging.c) never changes
// once the harts run: each root holds its entries.
#include "cpu.h"

constexpr uint32_t KERNEL_ENTRY = 256; // of the root: the first of the kernel half

uint32_t paging_largest(void) {
    return features.large_1g ? 2 : 1;
}

struct phys arch_image_phys(const void *address) {
    return (struct phys){(uint64_t)address - KERNEL_BASE};
}

void arch_space_init(struct phys root) {
    uint64_t *to = phys_to_virt(root);
    for (uint32_t i = KERNEL_ENTRY; kernel_root[i] != 0; i++) { // RAM, 512 GiB each
        to[i] = kernel_root[i];
    }
    to[TABLE_ENTRIES - 1] = kernel_root[TABLE_ENTRIES - 1];
}

// Writing CR3 drops all but global entries, SDM vol 3 4.10.4.1.
void arch_space_leave(void) {
    CONTROL_WRITE(cr3, arch_image_phys(kernel_root).value);
}

void arch_tlb_flush_page(uint64_t address) {
    __asm__ volatile("invlpg (%0)" ::"r"(address) : "memory");
}

void arch_tlb_break_page(uint64_t address) {
    arch_tlb_flush_page(address); // a present entry may replace another at once
}

void arch_tlb_flush(void) {
    CONTROL_WRITE(cr3, CONTROL_READ(cr3));
}

void arch_zero_pages(void *page, size_t count) {
    arch_zero_head(page, count * PAGE_SIZE);
}

void arch_zero_head(void *page, size_t bytes) {
    size_t words = bytes / sizeof(uint64_t);
    __asm__ volatile("rep stosq" : "+D"(page), "+c"(words) : "a"(UINT64_C(0)) : "memory");
}
