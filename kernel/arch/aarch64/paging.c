// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The kernel half of the address space, and the TLB. The kernel half never
// changes once the harts run, and is the same for all: TTBR1 has it, so that a
// Task's root in TTBR0 holds nothing of the kernel. User entries are not global
// and there is one address space identifier, 0; a switch drops them all.
#include "kernel/arch/aarch64/own.h"
#include "lib/firmware/firmware.h"
#include "lib/string/string.h"

// From entry.S, already in use.
extern uint64_t kernel_root[], window_table[], stack_table[], empty_table[];

constexpr uint32_t LEVEL_BITS = 9;

struct phys arch_image_phys(const void *address) {
    uint64_t par;
    // The translation itself knows where the loader put the image.
    __asm__ volatile("at s1e1r, %1\n\tisb\n\tmrs %0, par_el1"
                     : "=r"(par)
                     : "r"(address)
                     : "memory");
    return (struct phys){(par & PTE_ADDRESS) | ((uint64_t)address & (PAGE_SIZE - 1))};
}

// ------------------------------------------------------------------------ window
static uint32_t window_used;

void *window_map(uint64_t physical, uint64_t size, uint64_t attributes) {
    uint64_t offset = physical & (PAGE_SIZE - 1);
    if (size > TABLE_ENTRIES * PAGE_SIZE) {
        return nullptr;
    }
    uint32_t pages = (uint32_t)((offset + size + PAGE_SIZE - 1) >> PAGE_SHIFT);
    if (pages > TABLE_ENTRIES - window_used) {
        return nullptr;
    }
    uint64_t address = WINDOW_BASE + window_used * PAGE_SIZE;
    for (uint32_t i = 0; i < pages; i++) {
        window_table[window_used++] =
            (physical - offset + i * PAGE_SIZE) | attributes | PTE_TABLE | PTE_VALID;
    }
    arch_pte_sync();
    return (void *)(address + offset);
}

uint32_t window_mark(void) {
    return window_used;
}

void window_release(uint32_t mark) {
    while (window_used > mark) {
        window_table[--window_used] = 0;
    }
    // Other harts never used them: all this is done before they start.
    __asm__ volatile("dsb ishst\n\ttlbi vmalle1\n\tdsb nsh\n\tisb" ::: "memory");
}

// -------------------------------------------------------------------- direct map
// Tables for it come from the first free memory that is large enough for the
// worst case; what was used of it is then reserved. Most machines use five.
constexpr uint64_t POOL_PAGES = 64;

struct pool {
    uint64_t physical;
    char *alias; // in the window
    uint64_t used;
};

static uint64_t pool_find(const struct boot_info *info) {
    uint64_t size = POOL_PAGES * PAGE_SIZE;
    for (uint32_t i = 0; i < info->memory_count; i++) {
        uint64_t end = info->memory[i].base + info->memory[i].size;
        uint64_t at = info->memory[i].base;
        // Reserved ranges have no order: start over after each step forward.
        for (uint32_t j = 0; j < info->reserved_count; j++) {
            const struct boot_range *taken = &info->reserved[j];
            if (at < taken->base + taken->size && taken->base < at + size) {
                at = taken->base + taken->size;
                j = UINT32_MAX;
            }
        }
        if (at < end && end - at >= size) {
            return at;
        }
    }
    panic("no %lu KiB of free memory for page tables", size >> 10);
}

static uint64_t *table_below(struct pool *pool, uint64_t *entry) {
    if (!arch_pte_present(*entry)) {
        if (pool->used == POOL_PAGES) {
            panic("memory is in too many pieces for %lu page tables", POOL_PAGES);
        }
        uint64_t offset = pool->used++ * PAGE_SIZE;
        memset(pool->alias + offset, 0, PAGE_SIZE);
        *entry = arch_pte_table((struct phys){pool->physical + offset});
    }
    return (uint64_t *)(pool->alias + ((*entry & PTE_ADDRESS) - pool->physical));
}

static void map_range(struct pool *pool, uint64_t from, uint64_t to, uint64_t attributes) {
    while (from < to) {
        // The largest block that begins here and ends within: 1 GiB, 2 MiB or a page.
        uint32_t level = 2;
        uint32_t shift = PAGE_SHIFT + 2 * LEVEL_BITS;
        while (level > 0 && ((from & ((1ULL << shift) - 1)) != 0 || to - from < 1ULL << shift)) {
            level--;
            shift -= LEVEL_BITS;
        }
        uint64_t *table = kernel_root;
        for (uint32_t above = 3; above > level; above--) {
            uint32_t index = (uint32_t)(from >> (PAGE_SHIFT + above * LEVEL_BITS)) % TABLE_ENTRIES;
            table = table_below(pool, &table[index]);
        }
        uint64_t kind = level == 0 ? PTE_TABLE | PTE_VALID : PTE_VALID;
        table[(from >> shift) % TABLE_ENTRIES] = from | attributes | kind;
        from += 1ULL << shift;
    }
}

static uint64_t clamp(uint64_t value, uint64_t low, uint64_t high) {
    return value < low ? low : value > high ? high : value;
}

void direct_map(struct boot_info *info) {
    struct pool pool = {.physical = pool_find(info)};
    uint32_t mark = window_mark();
    pool.alias = window_map(pool.physical, POOL_PAGES * PAGE_SIZE, MAP_MEMORY);
    uint64_t text = arch_image_phys(image_start).value;
    uint64_t data = text + (uint64_t)(constants_end - image_start);
    for (uint32_t i = 0; i < info->memory_count; i++) {
        uint64_t base = info->memory[i].base;
        uint64_t end = base + info->memory[i].size;
        uint64_t read_only = clamp(text, base, end);
        uint64_t writable = clamp(data, base, end);
        map_range(&pool, base, read_only, MAP_MEMORY);
        map_range(&pool, read_only, writable, MAP_MEMORY | PTE_READ_ONLY);
        map_range(&pool, writable, end, MAP_MEMORY);
    }
    arch_pte_sync();
    window_release(mark);
    struct firmware_error error = {};
    if (firmware_reserve(info, pool.physical, pool.used * PAGE_SIZE, &error) != STATUS_OK) {
        panic("%s", error.text);
    }
}

void stack_map(uint32_t place) {
    uint64_t *entry = &stack_table[place * (STACK_STRIDE / PAGE_SIZE)];
    uint64_t page = boot_alloc(STACK_PAGES + 1).value;
    for (uint64_t i = 1; i <= STACK_PAGES; i++) {
        entry[i] = page | MAP_MEMORY | PTE_TABLE | PTE_VALID;
        page += PAGE_SIZE;
    }
    entry[STACK_PAGES + 2] = page | MAP_MEMORY | PTE_TABLE | PTE_VALID;
    arch_pte_sync();
}

// ------------------------------------------------------------------- user spaces
void arch_space_init(struct phys root) {
    (void)root; // TTBR1 has the kernel half
}

// What the TLB or a walk in progress holds of the former root is dropped after the
// new one is in force, before anything touches user memory (ARM, "TLB maintenance").
void arch_space_switch(struct phys root) {
    uint64_t base = root.value != 0 ? root.value : arch_image_phys(empty_table).value;
    __asm__ volatile("msr ttbr0_el1, %0\n\t"
                     "isb\n\t"
                     "tlbi aside1, xzr\n\t"
                     "dsb nsh\n\t"
                     "isb" ::"r"(base)
                     : "memory");
}

// To all harts: after a break, no hart may hold the old entry when it is made anew.
// The operand of an invalidation by address, Armv8-A TLBI VAE1: the page, ASID 0.
static uint64_t tlbi_page(uint64_t address) {
    return (address >> PAGE_SHIFT) & ((UINT64_C(1) << 44) - 1);
}

void arch_tlb_flush_page(uint64_t address) {
    __asm__ volatile("dsb nshst\n\t"
                     "tlbi vae1, %0\n\t"
                     "dsb nsh\n\t"
                     "isb" ::"r"(tlbi_page(address))
                     : "memory");
}

void arch_tlb_break_page(uint64_t address) {
    __asm__ volatile("dsb ishst\n\t"
                     "tlbi vae1is, %0\n\t"
                     "dsb ish\n\t"
                     "isb" ::"r"(tlbi_page(address))
                     : "memory");
}

void arch_tlb_flush(void) {
    __asm__ volatile("dsb ishst\n\ttlbi aside1, xzr\n\tdsb nsh\n\tisb" ::: "memory");
}

// ------------------------------------------------------------------------ caches
// DC ZVA sets a whole block, 64 bytes as a rule, in one instruction (ARM, DCZID_EL0).
void arch_zero_pages(void *page, size_t count) {
    uint64_t id = SYSREG_READ(dczid_el0);
    uint64_t step = UINT64_C(4) << (id & 15);
    if ((id & 16) != 0) {
        memset(page, 0, count * PAGE_SIZE);
        return;
    }
    char *end = (char *)page + count * PAGE_SIZE;
    for (char *at = page; at < end; at += step) {
        __asm__ volatile("dc zva, %0" ::"r"(at) : "memory");
    }
}

// CTR_EL0 says what is needed (ARM, CTR_EL0): IDC no clean to the point of
// unification, DIC no invalidation. An instruction cache that is not tagged by
// physical address would keep other aliases, so it is dropped as a whole.
void arch_code_sync(void *alias, size_t bytes) {
    uint64_t ctr = SYSREG_READ(ctr_el0);
    uint64_t start = (uint64_t)alias;
    if ((ctr >> 28 & 1) == 0) {
        uint64_t line = UINT64_C(4) << (ctr >> 16 & 15);
        for (uint64_t at = start & ~(line - 1); at < start + bytes; at += line) {
            __asm__ volatile("dc cvau, %0" ::"r"(at) : "memory");
        }
    }
    __asm__ volatile("dsb ish" ::: "memory");
    if ((ctr >> 29 & 1) == 0) {
        if ((ctr >> 14 & 3) != 3) {
            __asm__ volatile("ic ialluis" ::: "memory");
        } else {
            uint64_t line = UINT64_C(4) << (ctr & 15);
            for (uint64_t at = start & ~(line - 1); at < start + bytes; at += line) {
                __asm__ volatile("ic ivau, %0" ::"r"(at) : "memory");
            }
        }
        __asm__ volatile("dsb ish" ::: "memory");
    }
    barrier_isb();
}
