// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The kernel half of every address space, built once: all RAM at ARCH_DIRECT_BASE,
// the image at KERNEL_BASE, and a window for device registers and stacks above it.
// No page of the kernel half is both writable and executable, neither here nor by
// another name: the direct map is never executable, and read only where the text
// and the constants of the image lie.
#include "cpu.h"

#include "lib/string/string.h"

constexpr uint32_t LEVELS = 4;
constexpr uint32_t TABLE_ENTRIES = 512;
constexpr uint32_t KERNEL_ENTRY = 256; // of the root: the first of the kernel half

// The last GiB. Devices first, a page each; then the stacks of a hart in a slot
// of 16 pages: a guard page, then the stack, four times a page and once 4 pages.
constexpr uint64_t WINDOW = 0xffffffffc0000000;
constexpr uint32_t WINDOW_DEVICES = 16;
constexpr uint64_t STACKS = WINDOW + 0x200000;
constexpr uint64_t STACK_SLOT = 16 * PAGE_SIZE;
constexpr uint64_t STACK_MAIN_PAGES = 4;

constexpr uint64_t PTE_CONSTANT = PTE_PRESENT | PTE_ACCESSED | PTE_GLOBAL | PTE_NO_EXECUTE;
constexpr uint64_t PTE_DATA = PTE_CONSTANT | PTE_WRITE | PTE_DIRTY;
constexpr uint64_t PTE_TEXT = PTE_PRESENT | PTE_ACCESSED | PTE_GLOBAL;

// From kernel.ld: page-aligned, in this order.
extern const char image_start[];
extern const char text_end[];
extern const char data_start[];
extern const char boot_guard[]; // one page, below the boot stack
extern const char image_end[];

struct phys kernel_root;
static uint32_t root_entries; // used entries of the direct map in the root
static uint32_t devices;

static uint64_t level_size(uint32_t level) {
    return UINT64_C(1) << (PAGE_SHIFT + 9 * level);
}

// The entry for an address at a level, with the tables above it.
static uint64_t *entry_at(uint64_t address, uint32_t level) {
    struct phys table = kernel_root;
    for (uint32_t at = LEVELS - 1;; at--) {
        uint64_t *entries = phys_to_virt(table);
        uint64_t *entry = &entries[address / level_size(at) % TABLE_ENTRIES];
        if (at == level) {
            return entry;
        }
        if (*entry == 0) {
            *entry = boot_alloc(1).value | PTE_PRESENT | PTE_WRITE | PTE_ACCESSED;
        }
        table = arch_pte_phys(*entry);
    }
}

// Maps a range with the largest pages that fit. All three are multiples of a page.
static void map(uint64_t address, uint64_t physical, uint64_t size, uint64_t flags) {
    uint32_t largest = features.large_1g ? 2 : 1;
    while (size > 0) {
        uint32_t level = largest;
        while (level > 0 &&
               ((address | physical) % level_size(level) != 0 || size < level_size(level))) {
            level--;
        }
        uint64_t *entry = entry_at(address, level);
        if (*entry != 0) {
            panic("kernel address %lx is mapped twice", address);
        }
        *entry = physical | flags | (level > 0 ? PTE_LARGE : 0);
        address += level_size(level);
        physical += level_size(level);
        size -= level_size(level);
    }
}

// Maps the part of a range of RAM that lies in [from, to) at the direct map.
static void map_direct(const struct boot_range *range, uint64_t from, uint64_t to, uint64_t flags) {
    uint64_t start = range->base > from ? range->base : from;
    uint64_t end = range->base + range->size;
    end = end < to ? end : to;
    if (start < end) {
        map(ARCH_DIRECT_BASE + start, start, end - start, flags);
    }
}

static void map_image(const char *from, const char *to, uint64_t flags) {
    map((uint64_t)from, (uint64_t)from - KERNEL_BASE, (uint64_t)(to - from), flags);
}

static uint64_t stack_pages(enum stack which) {
    return which == STACK_MAIN ? STACK_MAIN_PAGES : 1;
}

uint64_t stack_top(uint32_t hart_index, enum stack which) {
    uint64_t guards_and_stacks = (which - 1) * 2 * PAGE_SIZE + PAGE_SIZE;
    return STACKS + hart_index * STACK_SLOT + guards_and_stacks + stack_pages(which) * PAGE_SIZE;
}

static void map_stacks(uint32_t hart_index) {
    for (enum stack which = STACK_DEBUG; which <= STACK_MAIN; which++) {
        uint64_t pages = stack_pages(which);
        uint64_t size = pages * PAGE_SIZE;
        map(stack_top(hart_index, which) - size, boot_alloc(pages).value, size, PTE_DATA);
    }
}

volatile uint32_t *paging_device(uint64_t physical) {
    if (devices == WINDOW_DEVICES) {
        panic("the kernel drives no more than %u devices", WINDOW_DEVICES);
    }
    uint64_t address = WINDOW + devices++ * PAGE_SIZE;
    uint64_t page = physical & PTE_ADDRESS;
    map(address, page, PAGE_SIZE, PTE_DATA | PTE_UNCACHED);
    return (volatile uint32_t *)(address + physical - page);
}

void paging_init(const struct boot_info *info) {
    kernel_root = boot_alloc(1);
    uint64_t image = (uint64_t)image_start - KERNEL_BASE;
    uint64_t constant_end = (uint64_t)data_start - KERNEL_BASE;
    for (uint32_t i = 0; i < info->memory_count; i++) {
        map_direct(&info->memory[i], 0, image, PTE_DATA);
        map_direct(&info->memory[i], image, constant_end, PTE_CONSTANT);
        map_direct(&info->memory[i], constant_end, UINT64_MAX, PTE_DATA);
    }
    const struct boot_range *last = &info->memory[info->memory_count - 1];
    root_entries = (uint32_t)((last->base + last->size - 1) / level_size(LEVELS - 1)) + 1;
    map_image(image_start, text_end, PTE_TEXT);
    map_image(text_end, data_start, PTE_CONSTANT);
    map_image(data_start, boot_guard, PTE_DATA);
    map_image(boot_guard + PAGE_SIZE, image_end, PTE_DATA);
    for (uint32_t i = 0; i < info->hart_count; i++) {
        map_stacks(i);
    }
    cr3_write(kernel_root.value);
}

struct phys arch_image_phys(const void *address) {
    return (struct phys){(uint64_t)address - KERNEL_BASE};
}

void arch_space_init(struct phys root) {
    uint64_t *to = phys_to_virt(root);
    const uint64_t *from = phys_to_virt(kernel_root);
    memcpy(&to[KERNEL_ENTRY], &from[KERNEL_ENTRY], root_entries * sizeof *to);
    to[TABLE_ENTRIES - 1] = from[TABLE_ENTRIES - 1];
}

// Writing CR3 drops all but global entries, SDM vol 3 4.10.4.1.
void arch_space_switch(struct phys root) {
    cr3_write(root.value != 0 ? root.value : kernel_root.value);
}

void arch_tlb_flush_page(uint64_t address) {
    __asm__ volatile("invlpg (%0)" ::"r"(address) : "memory");
}

void arch_tlb_break_page(uint64_t address) {
    arch_tlb_flush_page(address); // a present entry may replace another at once
}

void arch_tlb_flush(void) {
    cr3_write(cr3_read());
}

void arch_zero_pages(void *page, size_t count) {
    size_t words = count * PAGE_SIZE / sizeof(uint64_t);
    __asm__ volatile("rep stosq" : "+D"(page), "+c"(words) : "a"(UINT64_C(0)) : "memory");
}
