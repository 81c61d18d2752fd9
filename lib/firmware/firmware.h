// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Turns what booted the machine into one `struct boot_info`: PVH start info and
// ACPI tables on x86_64, a flattened device tree on aarch64. Everything read
// here was written by somebody else, so nothing is believed: each length and
// offset is checked before use, each loop ends after a number of steps that the
// input cannot raise without limit, and each refusal is a sentence that names
// the thing and the place. No allocation, no recursion, no state between calls.
#pragma once

#include "abi/status.h"
#include "lib/firmware/boot_info.h"

#include <stdint.h>

constexpr uint64_t FIRMWARE_PAGE = 4096;

// The way to physical memory. `map` gives a readable pointer to `size` bytes at
// `physical`, or nullptr when they are not all memory or firmware area. `size`
// is never 0 and the range never wraps. The pointer needs no alignment. It must
// stay valid until the parser that asked for it returns.
struct firmware_memory {
    const void *(*map)(void *context, uint64_t physical, uint64_t size);
    void *context;
};

// What was wrong, terminated and printable; empty when nothing was.
struct firmware_error {
    char text[120];
};

// All parsers: STATUS_OK means that `out` passes firmware_check. After any other
// status `out` holds what was understood so far, good for printing the sentence
// in `error` on `out->console` and for nothing else.
//   BAD_ADDRESS  the sentence's thing lies where nothing is mapped
//   BAD_FORMAT   it contradicts its own format
//   NOT_FOUND    it is needed and absent
//   TOO_LARGE    it does not fit into struct boot_info or a stated limit
//   UNSUPPORTED  it is well formed and this system cannot use it

// Reads PVH's hvm_start_info, version 1 or later, then the ACPI tables that it
// names. Module 0 is the boot package. Page 0 is always reserved.
[[nodiscard]] enum status firmware_pvh(const struct firmware_memory *memory, uint64_t start_info,
                                       struct boot_info *out, struct firmware_error *error);

// Reads the ACPI tables below the RSDP at `rsdp`, or below the first good one
// in 0xe0000..0xfffff if `rsdp` is 0. Adds harts, interrupts, console, power
// and reserved ranges to `out`; its memory, package and command line are the
// caller's, and firmware_check passes only once they are there too.
[[nodiscard]] enum status firmware_acpi(const struct firmware_memory *memory, uint64_t rsdp,
                                        struct boot_info *out, struct firmware_error *error);

// Reads a flattened device tree, format version 17, at any alignment.
[[nodiscard]] enum status firmware_fdt(const struct firmware_memory *memory, uint64_t fdt,
                                       struct boot_info *out, struct firmware_error *error);

// Adds the pages that [base, base + size) touches to the reserved ranges of
// `out`, joined with those that they meet. TOO_LARGE: no slot is left.
// BAD_FORMAT: the range is empty or wraps.
[[nodiscard]] enum status firmware_reserve(struct boot_info *out, uint64_t base, uint64_t size,
                                           struct firmware_error *error);

// Checks every invariant of the structure that its header promises: counts,
// order, alignment, and that the parts agree with each other. BAD_FORMAT if one
// does not hold.
[[nodiscard]] enum status firmware_check(const struct boot_info *info);

// ------------------------------------------------- of a structure that passed the check

// What the machine's entry code adds: the kernel's own image is reserved, and the hart
// `self`, which runs this, becomes the first. NOT_FOUND: it is not listed.
[[nodiscard]] enum status firmware_own(struct boot_info *out, uint64_t image, uint64_t size,
                                       uint64_t self, struct firmware_error *error);

// Forgets memory above `limit`. Whether there was any.
bool firmware_limit(struct boot_info *out, uint64_t limit);

// The memory below `limit` that is not reserved, upwards; returns how many ranges.
constexpr uint32_t FIRMWARE_FREE = 2 * BOOT_RANGES;
uint32_t firmware_free(const struct boot_info *info, uint64_t limit,
                       struct boot_range out[FIRMWARE_FREE]);

// Takes `bytes` from the end of the largest range, since small and low ones may be what
// firmware calls need. False: it is too small, and so are all.
[[nodiscard]] bool firmware_take(struct boot_range *ranges, uint32_t count, uint64_t bytes,
                                 uint64_t *base);

// How an I/O APIC input is driven: as the firmware says of an ISA interrupt, else as the
// buses do: ISA by edge and high, PCI by level and low (ACPI 6.5, 5.2.12.5).
struct firmware_line {
    bool level, active_low;
};
[[nodiscard]] struct firmware_line firmware_line(const struct boot_info *info, uint32_t input);

// Writes to I/O ports that switch the machine off (ACPI S5) or reset it, in order;
// returns how many. Registers in memory are left out: they are none. The last way of a
// reset is the keyboard controller's, which wants 0.1 s after whatever it was told before.
struct firmware_write {
    uint16_t port;
    uint32_t width; // bytes
    uint32_t value;
};
uint32_t firmware_power_off(const struct boot_info *info, struct firmware_write out[2]);
uint32_t firmware_reset(const struct boot_info *info, struct firmware_write out[2]);
