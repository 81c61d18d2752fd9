// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The first hart's first C: reads the device tree into boot_info, gets the debug
// line and the direct map, and hands over to the portable kernel. Only the image is
// mapped so far.
#include "kernel/arch/aarch64/own.h"
#include "kernel/page.h"
#include "lib/firmware/firmware.h"

[[noreturn]] void boot_main(uint64_t tree, uint64_t counter);

constexpr uint64_t TREE_MOST = UINT64_C(2) << 20; // what the boot protocol allows

// The compiler's name; functions built before it is set must not use it.
uint64_t __stack_chk_guard;

// Nobody knows yet what is memory: the tree must say so itself. It stays mapped, and is
// reserved memory.
static const void *map_firmware(void *, uint64_t physical, uint64_t size) {
    return size <= TREE_MOST ? window_map(physical, size, PTE_CONSTANT) : nullptr;
}

__attribute__((no_stack_protector)) void boot_main(uint64_t tree, uint64_t counter) {
    __stack_chk_guard = arch_random();
    time_init(counter);

    static struct boot_info info;
    struct firmware_error error = {};
    struct firmware_memory memory = {.map = map_firmware};
    enum status status = firmware_fdt(&memory, tree, &info, &error);

    if (info.console.kind == BOOT_CONSOLE_PL011) {
        serial_init(info.console.base, info.console.size);
    }
    power_init(info.power.conduit);
    if (status == STATUS_OK && firmware_limit(&info, PAGE_RAM_END)) {
        print("memory above %lu GiB is not used\n", PAGE_RAM_END >> 30);
    }
    if (status == STATUS_OK) {
        status = firmware_own(&info, arch_image_phys(image_start).value, paging_memory(&info),
                              mpidr_affinity(), &error);
    }
    if (status != STATUS_OK) {
        panic("%s", error.text);
    }
    kernel_main(&info);
}

void arch_init(const struct boot_info *info) {
    gic_init(info);
    paging_stacks(info->hart_count);
}
