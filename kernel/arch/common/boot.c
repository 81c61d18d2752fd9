// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The common part of the first C code. See boot.h.
#include "kernel/arch/common/boot.h"

uint64_t __stack_chk_guard;
struct boot_info boot;

uint64_t boot_random(void) {
    uint64_t word = 0;
    for (uint32_t i = 0; i < 10 && !random_word(&word); i++) {
        arch_pause();
    }
    return word ^ arch_counter() * UINT64_C(0x9e3779b97f4a7c15);
}

void boot_need(enum status status, const struct firmware_error *error) {
    if (status != STATUS_OK) {
        panic("%s", error->text);
    }
}

void boot_memory(uint64_t limit, uint64_t self) {
    if (firmware_limit(&boot, limit)) {
        print("memory above %lu GiB is not used\n", limit >> 30);
    }
    uint64_t image = arch_image_phys(image_start).value;
    uint64_t used = paging_memory(&boot);
    struct firmware_error error;
    boot_need(firmware_own(&boot, image, used, self, &error), &error);
}
