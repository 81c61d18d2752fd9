// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The first hart's first C: reads the device tree into boot_info, gets the debug
// line and the direct map, and hands over to the portable kernel. Only the image is
// mapped so far.
#include "kernel/arch/aarch64/own.h"
#include "kernel/page.h"

constexpr uint64_t TREE_MOST = UINT64_C(2) << 20; // what the boot protocol allows

// Nobody knows yet what is memory: the tree must say so itself. It stays mapped, and is
// reserved memory.
static const void *map_firmware(void *, uint64_t physical, uint64_t size) {
    return size <= TREE_MOST ? window_map(physical, size, PTE_CONSTANT) : nullptr;
}

// It sets the canary, so it cannot have one.
[[noreturn, gnu::no_stack_protector]] void boot_main(uint64_t tree, uint64_t counter) {
    __stack_chk_guard = boot_random();
    time_init(counter);

    struct firmware_error error = {};
    struct firmware_memory memory = {.map = map_firmware};
    enum status status = firmware_fdt(&memory, tree, &boot, &error);
    if (boot.console.kind == BOOT_CONSOLE_PL011) {
        serial_init(boot.console.base);
    }
    boot_need(status, &error);
    boot_memory(PAGE_RAM_END, mpidr_affinity());
    kernel_main(&boot);
}

void arch_init(const struct boot_info *info) {
    gic_init(info);
    paging_stacks(info->hart_count);
}
