// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// RAM, address spaces, and the TLB through which user memory is reached. See host.h.
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "kernel/arch/host/internal.h"
#include "kernel/lock.h"
#include "kernel/root_image.h"

constexpr uint64_t LOW_BASE = 0x10000, LOW_END = 0x60000;
constexpr uint64_t HIGH_BASE = 0x100000;
constexpr uint64_t IMAGE_SIZE = 3 * PAGE_SIZE, PACKAGE_SIZE = 3 * PAGE_SIZE - 100;
constexpr uint64_t GARBAGE_MOST = 64 << 20;      // larger RAM would take too long to fill
constexpr uint64_t KERNEL_HALF = 0x6c656e72656b; // in the last entry of each root
constexpr uint32_t TLB_ENTRIES = 256;

struct tlb_entry {
    uint64_t number; // of the page; 0: empty
    uint64_t entry;
};

struct mmu {
    struct phys root;
    struct tlb_entry tlb[TLB_ENTRIES];
    uint32_t next;
};

static struct boot_info info;
static uint64_t ram_base, ram_end, image_size;
static struct mmu mmus[HOST_HARTS];
static uint64_t flushes;

const unsigned char package_root_hash[32] = {1, 2, 3};

const struct boot_info *host_boot_info(void) {
    return &info;
}

uint64_t host_ram_size(void) {
    return ram_end;
}

void host_memory_make(const struct host_options *options) {
    ram_base = options->base != 0 ? options->base : HIGH_BASE;
    ram_end = ram_base + options->memory;
    image_size = options->image != 0 ? options->image : IMAGE_SIZE;
    uint64_t from = options->base != 0 ? options->base : 0;
    void *wanted = phys_to_virt((struct phys){from});
    void *at = mmap(wanted, ram_end - from, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
    host_check(at == wanted, "RAM cannot be mapped at its address");
    if (options->base == 0) {
        info.memory[info.memory_count++] = (struct boot_range){LOW_BASE, LOW_END - LOW_BASE};
    }
    info.memory[info.memory_count++] = (struct boot_range){ram_base, options->memory};
    info.reserved_count = 2;
    info.reserved[0] = (struct boot_range){ram_base, image_size};
    info.reserved[1] = (struct boot_range){ram_base + image_size, 3 * PAGE_SIZE};
    info.package = (struct boot_range){ram_base + image_size, PACKAGE_SIZE};
    info.hart_count = options->harts;
    for (uint32_t i = 0; i < options->harts; i++) {
        info.hart_id[i] = i;
    }
    info.console.kind = options->ports ? BOOT_CONSOLE_16550_PORT : BOOT_CONSOLE_PL011;
    info.console.base = options->ports ? 0x3f8 : HOST_DEVICE_BASE;
    info.console.size = options->ports ? 8 : PAGE_SIZE;
    info.console.irq = HOST_CONSOLE_LINE;
    strcpy(info.command_line, "test");
    if (options->change != nullptr) {
        options->change(&info);
    }
    // As after a warm start: nothing may rely on memory being zero.
    for (uint32_t i = 0; i < info.memory_count && options->memory <= GARBAGE_MOST; i++) {
        uint64_t base = info.memory[i].base, end = base + info.memory[i].size;
        end = end < ram_end ? end : ram_end;
        if (base < end) {
            memset(phys_to_virt((struct phys){base}), 0xa5, end - base);
        }
    }
}

// The image of the root stands in RAM, like that of the kernel on a machine.
const void *root_image(void) {
    return phys_to_virt((struct phys){ram_base});
}

size_t root_image_size(void) {
    return image_size;
}

struct phys arch_image_phys(const void *address) {
    return virt_to_phys(address);
}

static bool is_ram(uint64_t physical) {
    for (uint32_t i = 0; i < info.memory_count; i++) {
        if (physical - info.memory[i].base < info.memory[i].size) {
            return true;
        }
    }
    return false;
}

void arch_zero_pages(void *page, size_t count) {
    uint64_t first = virt_to_phys(page).value;
    host_check(first % PAGE_SIZE == 0 && is_ram(first) && is_ram(first + (count << PAGE_SHIFT) - 1),
               "pages outside of RAM are zeroed");
    memset(page, 0, count << PAGE_SHIFT);
    host_fence();
}

void arch_zero_head(void *page, size_t bytes) {
    memset(page, 0, bytes);
}

// ------------------------------------------------------------- address spaces

static struct mmu *mmu(void) {
    return &mmus[arch_hart()->index];
}

static uint64_t *root_entry(struct phys root, uint32_t index) {
    return (uint64_t *)phys_to_virt(root) + index;
}

void arch_space_init(struct phys root) {
    *root_entry(root, 511) = KERNEL_HALF;
}

void arch_space_leave(void) {
    *mmu() = (struct mmu){};
    flushes++;
}

void arch_space_switch(struct phys root) {
    host_check(*root_entry(root, 511) == KERNEL_HALF, "what is loaded is no root table");
    *mmu() = (struct mmu){.root = root};
    flushes++;
}

void arch_tlb_flush_page(uint64_t address) {
    struct mmu *unit = mmu();
    for (uint32_t i = 0; i < TLB_ENTRIES; i++) {
        if (unit->tlb[i].number == address >> PAGE_SHIFT) {
            unit->tlb[i] = (struct tlb_entry){};
        }
    }
    flushes++;
    host_fence();
}

void arch_tlb_break_page(uint64_t address) {
    arch_tlb_flush_page(address);
}

void arch_tlb_flush(void) {
    *mmu() = (struct mmu){.root = mmu()->root};
    flushes++;
}

struct phys host_space(uint32_t hart) {
    return mmus[hart].root;
}

uint64_t host_tlb_flushes(void) {
    return flushes;
}

bool host_tlb_entry(uint32_t hart, uint32_t index, uint64_t *number, uint64_t *entry) {
    if (index >= TLB_ENTRIES) {
        return false;
    }
    *number = mmus[hart].tlb[index].number;
    *entry = mmus[hart].tlb[index].entry;
    return true;
}

bool host_tlb_reaches(uint64_t physical) {
    for (uint32_t hart = 0; hart < HOST_HARTS; hart++) {
        for (uint32_t i = 0; i < TLB_ENTRIES; i++) {
            const struct tlb_entry *entry = &mmus[hart].tlb[i];
            if (entry->number != 0 && (entry->entry & PTE_ADDRESS) == physical) {
                return true;
            }
        }
    }
    return false;
}

// What the hardware finds in the tables; a table outside of RAM is a kernel bug.
static uint64_t walk(struct phys root, uint64_t number) {
    struct phys table = root;
    for (uint32_t level = 3;; level--) {
        host_check(is_ram(table.value), "a page table outside of RAM");
        uint64_t entry = *root_entry(table, number >> (9 * level) & 511);
        if (level == 0 || !arch_pte_present(entry)) {
            host_check(entry == 0 || (entry & PTE_TABLE) == 0, "a table where a page should be");
            return entry;
        }
        host_check((entry & PTE_TABLE) != 0, "a page where a table should be");
        table = arch_pte_phys(entry);
    }
}

static uint64_t translate(struct mmu *unit, uint64_t address) {
    uint64_t number = address >> PAGE_SHIFT;
    for (uint32_t i = 0; i < TLB_ENTRIES; i++) {
        if (unit->tlb[i].number == number) {
            return unit->tlb[i].entry;
        }
    }
    if (unit->root.value == 0 || address >= USER_TOP) {
        return 0;
    }
    uint64_t entry = walk(unit->root, number);
    if (arch_pte_present(entry)) {
        unit->tlb[unit->next++ % TLB_ENTRIES] = (struct tlb_entry){number, entry};
    }
    return entry;
}

// Copies between user memory and the test or the kernel, page by page.
static bool access(struct mmu *unit, uint64_t address, void *to, const void *from, size_t size) {
    uint64_t need = PTE_PRESENT | (to != nullptr ? PTE_READ : PTE_WRITE);
    while (size != 0) {
        uint64_t entry = translate(unit, address);
        if ((entry & need) != need) {
            return false;
        }
        size_t part = PAGE_SIZE - address % PAGE_SIZE;
        part = part < size ? part : size;
        uint64_t physical = (entry & PTE_ADDRESS) + address % PAGE_SIZE;
        bool device = (entry & PTE_DEVICE) != 0;
        host_check(device || is_ram(physical), "user memory outside of RAM");
        if (to != nullptr && device) {
            memset(to, 0, part);
        } else if (to != nullptr) {
            memcpy(to, phys_to_virt((struct phys){physical}), part);
        } else if (!device) {
            memcpy(phys_to_virt((struct phys){physical}), from, part);
        }
        to = to != nullptr ? (uint8_t *)to + part : nullptr;
        from = from != nullptr ? (const uint8_t *)from + part : nullptr;
        address += part;
        size -= part;
    }
    return true;
}

bool host_user_read(uint32_t hart, uint64_t address, void *to, size_t size) {
    return access(&mmus[hart], address, to, nullptr, size);
}

bool host_user_write(uint32_t hart, uint64_t address, const void *from, size_t size) {
    return access(&mmus[hart], address, nullptr, from, size);
}

bool host_user_execute(uint32_t hart, uint64_t address) {
    uint64_t need = PTE_PRESENT | PTE_EXECUTE;
    return (translate(&mmus[hart], address) & need) == need;
}

// The lock may be another hart's only where harts stand still inside the kernel.
static void copy_check(uint64_t address, size_t size) {
    bool others = false;
    for (uint32_t i = 0; i < harts_online(); i++) {
        others |= host_state_of(i) == HOST_KERNEL;
    }
    host_check(others || !atomic_load(&books.held), "user memory is touched under the lock");
    host_check(address >= USER_BASE && address < USER_TOP && size <= USER_TOP - address,
               "a copy outside of user space");
}

bool arch_copy_from_user(void *to, uint64_t from, size_t size) {
    copy_check(from, size);
    host_fence();
    return access(mmu(), from, to, nullptr, size);
}

bool arch_copy_to_user(uint64_t to, const void *from, size_t size) {
    copy_check(to, size);
    host_fence();
    return access(mmu(), to, nullptr, from, size);
}
