// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The page from which a program reads the time without a syscall. The counter is
// the machine's (x86_64: TSC; aarch64: CNTVCT_EL0). Written once, at boot.
#pragma once

#include <stdint.h>

// now = ((counter - base) * multiplier) >> shift, in nanoseconds since the kernel
// was entered; the product is taken with 128 bits.
struct time_page {
    uint64_t base; // counter at kernel entry
    uint64_t multiplier;
    uint32_t shift;
    uint32_t reserved;
    uint64_t frequency; // counts per second
};
