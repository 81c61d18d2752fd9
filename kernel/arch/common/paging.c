// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Builds the kernel half, once. No page of it is both writable and executable, neither
// here nor by another name: the direct map is never executable, and read only where the
// text and the constants of the image lie.
//
// Tables come from the end of the image until boot_alloc works. On aarch64 the image is
// mapped before the MMU is on: then an address in the image is the physical one, so none
// is kept in a variable; and .bss is cleared only later, so `tables` is not there.
#include "kernel/arch/common/paging.h"

#include "kernel/check.h"
#include "lib/string/string.h"

constexpr uint32_t ROOT_LEVEL = 3;
constexpr uint32_t POOL_TABLES = 64; // kernel.ld leaves room for them

[[gnu::section(".boot")]] static uint32_t tables; // taken from the pool
static uint64_t window_next = WINDOW;

static uint64_t level_size(uint32_t level) {
    return UINT64_C(1) << (PAGE_SHIFT + 9 * level);
}

static uint64_t image_offset(const void *address) {
    return (uint64_t)address - (uint64_t)image_start;
}

static uint64_t *table_at(struct phys table) {
    uint64_t offset = table.value - arch_image_phys(image_start).value;
    return offset < image_offset(image_end) ? (uint64_t *)(image_start + offset)
                                            : phys_to_virt(table);
}

static struct phys table_new(void) {
    if (tables == POOL_TABLES) {
        return boot_alloc(1);
    }
    uint64_t *table = &table_pool[tables++ * TABLE_ENTRIES];
    memset(table, 0, PAGE_SIZE);
    return arch_image_phys(table);
}

// The entry for an address at a level, with the tables above it.
static uint64_t *entry_at(uint64_t *table, uint64_t address, uint32_t level) {
    for (uint32_t at = ROOT_LEVEL; at > level; at--) {
        uint64_t *entry = &table[address / level_size(at) % TABLE_ENTRIES];
        if (*entry == 0) {
            *entry = arch_pte_table(table_new());
        }
        table = table_at(arch_pte_phys(*entry));
    }
    return &table[address / level_size(level) % TABLE_ENTRIES];
}

// With the largest pages that fit, from table to table. All three are multiples of a page.
void paging_map(uint64_t *root, uint64_t address, uint64_t physical, uint64_t size, uint64_t kind) {
    while (size > 0) {
        uint32_t level = paging_largest();
        while (level > 0 &&
               ((address | physical) % level_size(level) != 0 || size < level_size(level))) {
            level--;
        }
        uint64_t *entry = entry_at(root, address, level);
        do {
            check(*entry == 0); // nothing is mapped twice
            *entry++ = paging_leaf(physical, kind, level);
            address += level_size(level);
            physical += level_size(level);
            size -= level_size(level);
        } while (size >= level_size(level) && address % level_size(level + 1) != 0);
    }
    arch_pte_sync();
}

static void map_part(const char *from, const char *to, uint64_t kind) {
    paging_map(kernel_root, IMAGE_BASE + image_offset(from), arch_image_phys(from).value,
               (uint64_t)(to - from), kind);
}

void paging_image(void) {
    tables = 0;
    memset(kernel_root, 0, PAGE_SIZE);
    map_part(image_start, text_end, PTE_TEXT);
    map_part(text_end, data_start, PTE_CONSTANT);
    map_part(data_start, boot_guard, PTE_DATA);
    map_part(boot_guard + PAGE_SIZE, image_end, PTE_DATA);
}

// Maps the part of a range of RAM that lies in [from, to).
static void map_direct(const struct boot_range *range, uint64_t from, uint64_t to, uint64_t kind) {
    uint64_t start = range->base > from ? range->base : from;
    uint64_t end = range->base + range->size;
    end = end < to ? end : to;
    if (start < end) {
        paging_map(kernel_root, ARCH_DIRECT_BASE + start, start, end - start, kind);
    }
}

uint64_t paging_memory(const struct boot_info *info) {
    uint64_t text = arch_image_phys(image_start).value;
    uint64_t data = text + image_offset(data_start);
    for (uint32_t i = 0; i < info->memory_count; i++) {
        map_direct(&info->memory[i], 0, text, PTE_DATA);
        map_direct(&info->memory[i], text, data, PTE_CONSTANT);
        map_direct(&info->memory[i], data, UINT64_MAX, PTE_DATA);
    }
    uint64_t used = image_offset(&table_pool[tables * TABLE_ENTRIES]);
    tables = POOL_TABLES; // the rest of the pool is free memory
    return used;
}

void paging_stacks(uint32_t harts) {
    for (uint32_t place = 0; place < harts; place++) {
        for (enum stack which = STACK_MAIN; which < STACKS_A_HART; which++) {
            uint64_t pages = which == STACK_MAIN ? STACK_MAIN_PAGES : 1;
            uint64_t size = pages * PAGE_SIZE;
            paging_map(kernel_root, stack_top(place, which) - size, boot_alloc(pages).value, size,
                       PTE_DATA);
        }
    }
}

// What is large begins as far from a large page as in physical memory, so that these fit.
void *window_map(uint64_t physical, uint64_t size, uint64_t kind) {
    uint64_t step = level_size(size < level_size(1) ? 0 : 1);
    uint64_t at = window_next + (physical - window_next) % step;
    uint64_t offset = physical % PAGE_SIZE;
    if (size > STACKS - PAGE_SIZE - at) {
        panic("no room to map what is at %lx", physical);
    }
    uint64_t whole = (offset + size + PAGE_SIZE - 1) / PAGE_SIZE * PAGE_SIZE;
    paging_map(kernel_root, at - offset, physical - offset, whole, kind);
    window_next = at - offset + whole;
    return (void *)at;
}
