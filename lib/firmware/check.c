// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The invariants of struct boot_info, written without a look at the code that
// fills it, so that tests and fuzzing compare two readings of one contract. The
// kernel runs it too, after it added its own reservations.

#include "lib/firmware/parse.h"
#include "lib/string/string.h"

// MPIDR's affinity fields: bits 0..23 and 32..39.
constexpr uint64_t AFFINITY = 0xff00ffffff;

// Whole pages, not none of them, and an end that does not wrap.
static bool page_range_valid(struct boot_range range) {
    return firmware_range_valid(range.base, range.size) && range.base % FIRMWARE_PAGE == 0 &&
           range.size % FIRMWARE_PAGE == 0;
}

// Between two ranges there is at least a page of nothing: touching ones are one.
static bool memory_valid(const struct boot_info *info) {
    if (info->memory_count == 0 || info->memory_count > BOOT_RANGES) {
        return false;
    }
    uint64_t previous_end = 0;
    for (uint32_t i = 0; i < info->memory_count; i++) {
        struct boot_range range = info->memory[i];
        if (!page_range_valid(range) || (i > 0 && range.base <= previous_end)) {
            return false;
        }
        previous_end = range.base + range.size;
    }
    return true;
}

// Reservations have no order, and the structure lets them overlap.
static bool reserved_valid(const struct boot_info *info) {
    if (info->reserved_count > BOOT_RANGES) {
        return false;
    }
    for (uint32_t i = 0; i < info->reserved_count; i++) {
        if (!page_range_valid(info->reserved[i])) {
            return false;
        }
    }
    return true;
}

// A package is RAM, and not free.
static bool package_valid(const struct boot_info *info) {
    if (info->package.size == 0) {
        return info->package.base == 0;
    }
    return firmware_range_valid(info->package.base, info->package.size) &&
           firmware_range_within(info->memory, info->memory_count, info->package) &&
           firmware_range_within(info->reserved, info->reserved_count, info->package);
}

// At least one hart, each id once and in the form of its machine: 32 bits for
// a local APIC, affinity fields for a GIC.
static bool harts_valid(const struct boot_info *info) {
    if (info->hart_count == 0 || info->hart_count > BOOT_HARTS) {
        return false;
    }
    bool apic = info->interrupt.kind == BOOT_INTERRUPT_APIC;
    for (uint32_t i = 0; i < info->hart_count; i++) {
        uint64_t allowed = apic ? UINT32_MAX : AFFINITY;
        if ((info->hart_id[i] & ~allowed) != 0) {
            return false;
        }
        for (uint32_t j = 0; j < i; j++) {
            if (info->hart_id[i] == info->hart_id[j]) {
                return false;
            }
        }
    }
    return true;
}

// A machine always has a console: what cannot be told to anybody cannot be
// found out either.
static bool console_valid(const struct boot_info *info) {
    uint64_t base = info->console.base, size = info->console.size;
    switch (info->console.kind) {
    case BOOT_CONSOLE_16550_PORT:
        return base != 0 && size == 8 && base <= 0x10000 - size;
    case BOOT_CONSOLE_PL011:
        return base != 0 && base % FIRMWARE_PAGE == 0 && size >= FIRMWARE_PAGE &&
               firmware_range_valid(base, size);
    case BOOT_CONSOLE_NONE:
        break;
    }
    return false;
}

// The local APIC is a page; what only a GIC has is zero.
static bool apic_valid(const struct boot_info *info) {
    uint32_t inputs = info->interrupt.input_count, routes = info->interrupt.route_count;
    if (!page_range_valid(info->interrupt.distributor) || info->interrupt.cpu.size != 0 ||
        info->interrupt.timer_irq != 0 || inputs == 0 || inputs > 4 || routes > BOOT_IRQ_ROUTES) {
        return false;
    }
    for (uint32_t i = 0; i < inputs; i++) {
        for (uint32_t j = 0; j < i; j++) {
            if (info->interrupt.input[i].first == info->interrupt.input[j].first) {
                return false;
            }
        }
        if (info->interrupt.input[i].base == 0) {
            return false;
        }
    }
    for (uint32_t i = 0; i < routes; i++) {
        for (uint32_t j = 0; j < i; j++) {
            if (info->interrupt.route[i].isa == info->interrupt.route[j].isa) {
                return false;
            }
        }
        if (info->interrupt.route[i].isa >= 16) {
            return false;
        }
    }
    return true;
}

// GIC: the virtual timer is private (16..31), the console private or shared
// (32..1019), and more than one hart needs a way to start the others.
static bool gic_valid(const struct boot_info *info) {
    return page_range_valid(info->interrupt.distributor) && page_range_valid(info->interrupt.cpu) &&
           info->interrupt.input_count == 0 && info->interrupt.route_count == 0 &&
           info->interrupt.timer_irq >= 16 && info->interrupt.timer_irq < 32 &&
           info->console.irq >= 16 && info->console.irq < 1020 &&
           (info->hart_count == 1 || info->power.conduit != BOOT_CONDUIT_NONE);
}

// An absent register is all zero; a present one is in memory or at a port.
static bool register_valid(struct boot_register reg) {
    if (reg.address == 0) {
        return reg.space == 0 && reg.bits == 0;
    }
    return reg.space == 0 || (reg.space == 1 && reg.address <= 0xffff);
}

static bool power_valid(const struct boot_info *info) {
    return info->power.conduit <= BOOT_CONDUIT_SMC && register_valid(info->power.pm1a) &&
           register_valid(info->power.pm1b) && register_valid(info->power.reset) &&
           register_valid(info->power.pm_timer) && info->power.sleep_a < 8 &&
           info->power.sleep_b < 8;
}

enum status firmware_check(const struct boot_info *info) {
    // No default label: a new kind must be given its rules here.
    bool interrupts = false;
    switch (info->interrupt.kind) {
    case BOOT_INTERRUPT_APIC:
        interrupts = apic_valid(info);
        break;
    case BOOT_INTERRUPT_GICV2:
    case BOOT_INTERRUPT_GICV3:
        interrupts = gic_valid(info);
        break;
    case BOOT_INTERRUPT_NONE:
        break;
    }
    bool valid = interrupts && memory_valid(info) && reserved_valid(info) && package_valid(info) &&
                 harts_valid(info) && console_valid(info) && power_valid(info) &&
                 strnlen(info->command_line, BOOT_COMMAND_LINE) < BOOT_COMMAND_LINE;
    return valid ? STATUS_OK : STATUS_BAD_FORMAT;
}
