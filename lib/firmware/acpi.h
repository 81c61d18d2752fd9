// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// ACPI inside of this library: what finds tables (acpi.c) hands them to what
// reads them (acpi_power.c, acpi_interrupt.c). A table that comes from here is
// mapped whole, has a good checksum and is reserved.
#pragma once

#include "lib/firmware/parse.h"

constexpr uint64_t ACPI_HEADER_SIZE = 36;

struct acpi_parser {
    const struct firmware_memory *memory;
    struct boot_info *out;
    struct firmware_error *error;
    struct firmware_bytes fadt, madt, spcr; // size 0: not listed
};

// Maps the table at `physical`, checks it and reserves it. A `signature` other
// than nullptr is the one that it must have.
[[nodiscard]] enum status acpi_table(struct acpi_parser *parser, uint64_t physical,
                                     const char *signature, struct firmware_bytes *out);

// FADT and DSDT: power off, reset, PM timer.
[[nodiscard]] enum status acpi_parse_power(struct acpi_parser *parser);

// MADT: harts, local APIC, I/O APICs, ISA interrupt overrides.
[[nodiscard]] enum status acpi_parse_interrupts(struct acpi_parser *parser);

// SPCR, or COM1 without one. Needs the overrides.
[[nodiscard]] enum status acpi_parse_console(struct acpi_parser *parser);
