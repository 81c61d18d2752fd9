// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The kernel half of every address space, laid out alike on both machines: all RAM at
// ARCH_DIRECT_BASE, the image at IMAGE_BASE, and in the last GiB device registers and
// the stacks of the harts. What the machine says of it is in arch/paging.h.
#pragma once

#include "kernel/arch.h"

#include "arch/paging.h"

constexpr uint32_t TABLE_ENTRIES = 512;

// In the last GiB: devices in the first half, stacks in the second. entry.S knows STACKS
// too.
constexpr uint64_t WINDOW = 0xffffffffc0000000;
constexpr uint64_t STACKS = 0xffffffffe0000000;

// A hart's slot: a guard page, four pages of its main stack, and for each other stack a
// guard page and a page.
constexpr uint64_t STACK_SLOT = 16 * PAGE_SIZE;
constexpr uint64_t STACK_MAIN_PAGES = 4;

// From kernel.ld: page-aligned, in this order.
extern char image_start[], text_end[], data_start[];
extern char boot_guard[]; // one page, below the boot stack
extern uint64_t kernel_root[], table_pool[];
extern char image_end[];

// In this order. The image; before that nothing else is there.
void paging_image(void);
// RAM; returns how many bytes of the image are in use, tables included.
uint64_t paging_memory(const struct boot_info *info);
// Stacks, once boot_alloc works.
void paging_stacks(uint32_t harts);

// Maps a range of physical memory for good, with one of the kinds of arch/paging.h.
void paging_map(uint64_t *root, uint64_t address, uint64_t physical, uint64_t size, uint64_t kind);
// The same in the window, at any alignment; panics when there is no room.
void *window_map(uint64_t physical, uint64_t size, uint64_t kind);

static inline uint64_t stack_top(uint32_t place, enum stack which) {
    return STACKS + place * STACK_SLOT + (1 + STACK_MAIN_PAGES + 2 * which) * PAGE_SIZE;
}
