// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// What the kernel knows of the machine when it starts. The entry code of each
// machine fills it from whatever booted it (PVH and ACPI, or a device tree);
// after that nothing knows which way it came. All addresses are physical, all
// sizes are bytes. The structure is fixed in size: what does not fit is refused
// by the parser with a sentence, never cut off silently.
#pragma once

#include <stdint.h>

constexpr uint32_t BOOT_RANGES = 32;
constexpr uint32_t BOOT_HARTS = 64;
constexpr uint32_t BOOT_COMMAND_LINE = 256;
constexpr uint32_t BOOT_IRQ_ROUTES = 16;

struct boot_range {
    uint64_t base;
    uint64_t size;
};

enum boot_console_kind : uint32_t {
    BOOT_CONSOLE_NONE,
    BOOT_CONSOLE_16550_PORT, // base is an I/O port
    BOOT_CONSOLE_PL011,      // base is a physical address
};

enum boot_interrupt_kind : uint32_t {
    BOOT_INTERRUPT_NONE,
    BOOT_INTERRUPT_APIC,  // local APIC and I/O APIC
    BOOT_INTERRUPT_GICV2, // distributor and CPU interface
    BOOT_INTERRUPT_GICV3, // distributor and redistributors
};

enum boot_conduit : uint32_t {
    BOOT_CONDUIT_NONE,
    BOOT_CONDUIT_HVC,
    BOOT_CONDUIT_SMC,
};

// An ACPI generic address: space 0 is memory, 1 is I/O ports.
struct boot_register {
    uint64_t address; // 0: absent
    uint8_t space;
    uint8_t bits;
};

// A legacy ISA interrupt that arrives at another I/O APIC input.
struct boot_irq_route {
    uint8_t isa;
    bool active_low;
    bool level;
    uint32_t input; // global system interrupt
};

struct boot_info {
    // RAM that exists, sorted by base, not overlapping, page-aligned inwards.
    uint32_t memory_count;
    struct boot_range memory[BOOT_RANGES];
    // Parts of it that are not free: kernel image, boot package, firmware
    // tables, device tree. Page-aligned outwards; may overlap each other.
    uint32_t reserved_count;
    struct boot_range reserved[BOOT_RANGES];

    struct boot_range package; // the boot package; size 0: none was given

    // Every hart that can be started. id: local APIC id, or MPIDR affinity.
    uint32_t hart_count;
    uint64_t hart_id[BOOT_HARTS];

    struct {
        enum boot_console_kind kind;
        uint64_t base;
        uint64_t size;
        uint32_t irq; // interrupt line as the controller numbers it (GSI, or GIC INTID)
    } console;

    struct {
        enum boot_interrupt_kind kind;
        struct boot_range distributor; // GICD, or the local APIC's registers
        struct boot_range cpu;         // GICC, or the first redistributor region
        uint32_t input_count;          // I/O APICs: how many
        struct {
            uint64_t base;
            uint32_t first; // first global system interrupt
        } input[4];
        uint32_t route_count;
        struct boot_irq_route route[BOOT_IRQ_ROUTES];
        uint32_t timer_irq; // aarch64: INTID of the EL1 virtual timer
    } interrupt;

    struct {
        enum boot_conduit conduit;       // aarch64: PSCI
        struct boot_register pm1a, pm1b; // x86_64: ACPI S5
        uint8_t sleep_a, sleep_b;        // SLP_TYPa, SLP_TYPb of \_S5
        bool sleep_known;
        struct boot_register reset;
        uint8_t reset_value;
        struct boot_register pm_timer; // 3.579545 MHz counter
        bool pm_timer_32;              // it counts 32 bits, not 24
    } power;

    char command_line[BOOT_COMMAND_LINE]; // terminated
};
