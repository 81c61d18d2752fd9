// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// FADT (ACPI 6.5, 5.2.9) and the one object of the DSDT that is needed: \_S5_,
// which says what to write into the PM1 control registers to power off. It is
// found by a scan for its encoding (20.2.5), not by running AML: a name, a
// package, integers. A place that does not continue like that is no match, and
// without a match the machine cannot be powered off, which is not an error.
//
//   FADT   40 DSDT  64 PM1a control  68 PM1b control  76 PM timer  89 size of a
//          PM1 control  91 size of the PM timer  112 flags  116 reset register
//          128 reset value  140 DSDT  172 PM1a  184 PM1b  208 PM timer
//   register  0 space  1 bits  4 address; 12 bytes

#include "lib/firmware/acpi.h"
#include "lib/string/string.h"

constexpr uint64_t FADT_SIZE = 116; // what ACPI 1.0 had
constexpr uint32_t FADT_TIMER_32 = 1 << 8;
constexpr uint32_t FADT_RESET = 1 << 10;
constexpr uint8_t SPACE_MEMORY = 0;
constexpr uint8_t SPACE_PORT = 1;

enum aml_byte : uint8_t {
    AML_ZERO = 0x00,
    AML_ONE = 0x01,
    AML_NAME = 0x08,
    AML_BYTE = 0x0a,
    AML_WORD = 0x0b,
    AML_DWORD = 0x0c,
    AML_PACKAGE = 0x12,
    AML_ROOT = 0x5c,
};

// Whether the register can be reached with what struct boot_register says.
static bool register_usable(struct boot_register reg) {
    return reg.space == SPACE_MEMORY || (reg.space == SPACE_PORT && reg.address <= 0xffff);
}

// A register's new form wins, if the table is long enough to have it and it is
// filled in; else the old one, a port with the size given elsewhere.
static enum status parse_register(struct acpi_parser *parser, uint64_t wide, uint64_t narrow,
                                  uint64_t narrow_size, struct boot_register *out) {
    const uint8_t *p = parser->fadt.data;
    uint32_t port = firmware_le32(p + narrow);
    if (firmware_spans(parser->fadt.size, wide, 12) && firmware_le64(p + wide + 4) != 0) {
        *out = (struct boot_register){firmware_le64(p + wide + 4), p[wide], p[wide + 1]};
    } else if (port != 0) {
        *out = (struct boot_register){port, SPACE_PORT, (uint8_t)(p[narrow_size] * 8)};
    }
    if (!register_usable(*out)) {
        return firmware_fail(parser->error, STATUS_BAD_FORMAT,
                             "ACPI FADT at 0x%lx: register 0x%lx in space %u at offset %lu",
                             parser->fadt.physical, out->address, out->space, wide);
    }
    return STATUS_OK;
}

// A reset register elsewhere than in memory or ports (PCI configuration space
// is allowed) counts as absent: machines have other ways to reset.
static void parse_reset(struct acpi_parser *parser) {
    const uint8_t *p = parser->fadt.data;
    struct boot_info *out = parser->out;
    if (parser->fadt.size < 129 || (firmware_le32(p + 112) & FADT_RESET) == 0) {
        return;
    }
    struct boot_register reg = {firmware_le64(p + 120), p[116], p[117]};
    if (reg.address != 0 && register_usable(reg)) {
        out->power.reset = reg;
        out->power.reset_value = p[128];
    }
}

// An integer at `*at`, before `end`; moves `*at` behind it.
static bool aml_integer(const uint8_t *data, uint64_t end, uint64_t *at, uint32_t *out) {
    if (*at >= end) {
        return false;
    }
    uint8_t opcode = data[*at];
    uint64_t size = opcode == AML_BYTE ? 1 : opcode == AML_WORD ? 2 : opcode == AML_DWORD ? 4 : 0;
    if ((size == 0 && opcode != AML_ZERO && opcode != AML_ONE) || end - *at - 1 < size) {
        return false;
    }
    // Zero and One are opcodes of their own and have no bytes behind them.
    *out = opcode == AML_ONE;
    for (uint64_t i = 0; i < size; i++) {
        *out |= (uint32_t)data[*at + 1 + i] << (8 * i);
    }
    *at += 1 + size;
    return true;
}

// A package header at `*at`: opcode, length, element count. The top two bits of
// the length's first byte say how many more it has; with none its low six bits
// are the length, else four, the lowest. It counts from its own first byte.
static bool aml_package(const uint8_t *data, uint64_t size, uint64_t *at, uint64_t *end,
                        uint32_t *elements) {
    uint64_t start = *at + 1;
    if (size - *at < 3 || data[*at] != AML_PACKAGE) {
        return false;
    }
    uint32_t more = data[start] >> 6;
    if (!firmware_spans(size, start, 2 + more)) {
        return false;
    }
    uint64_t length = data[start] & (more == 0 ? 0x3f : 0x0f);
    for (uint32_t i = 0; i < more; i++) {
        length |= (uint64_t)data[start + 1 + i] << (4 + 8 * i);
    }
    if (length < 2 + more || !firmware_spans(size, start, length)) {
        return false;
    }
    *elements = data[start + 1 + more];
    *at = start + 2 + more;
    *end = start + length;
    return true;
}

// Whether the name at `at` is defined there as a package of sleep types.
static bool parse_s5(struct firmware_bytes dsdt, uint64_t at, struct boot_info *out) {
    const uint8_t *p = dsdt.data;
    // The name may be written from the root of the namespace, with a backslash.
    uint64_t before = p[at - 1] == AML_ROOT ? at - 2 : at - 1;
    uint64_t next = at + 4, end = 0;
    uint32_t elements = 0, a = 0, b = 0;
    if (p[before] != AML_NAME || !aml_package(p, dsdt.size, &next, &end, &elements) ||
        elements < 2 || !aml_integer(p, end, &next, &a) || !aml_integer(p, end, &next, &b) ||
        a > 7 || b > 7) {
        return false;
    }
    out->power.sleep_a = (uint8_t)a;
    out->power.sleep_b = (uint8_t)b;
    out->power.sleep_known = true;
    return true;
}

static enum status parse_dsdt(struct acpi_parser *parser) {
    const uint8_t *p = parser->fadt.data;
    uint64_t physical = firmware_spans(parser->fadt.size, 140, 8) ? firmware_le64(p + 140) : 0;
    // The wide address wins, as with the registers.
    physical = physical != 0 ? physical : firmware_le32(p + 40);
    if (physical == 0) {
        return STATUS_OK;
    }
    struct firmware_bytes dsdt;
    enum status status = acpi_table(parser, physical, "DSDT", &dsdt);
    if (status != STATUS_OK) {
        return status;
    }
    // The header before the first byte of AML makes at - 2 safe.
    for (uint64_t at = ACPI_HEADER_SIZE + 1; firmware_spans(dsdt.size, at, 4); at++) {
        if (memcmp(dsdt.data + at, "_S5_", 4) == 0 && parse_s5(dsdt, at, parser->out)) {
            break;
        }
    }
    return STATUS_OK;
}

enum status acpi_parse_power(struct acpi_parser *parser) {
    struct firmware_bytes fadt = parser->fadt;
    struct boot_info *out = parser->out;
    if (fadt.size < FADT_SIZE) {
        return firmware_fail(parser->error, STATUS_BAD_FORMAT,
                             "ACPI FADT at 0x%lx: length %lu is below %lu", fadt.physical,
                             fadt.size, FADT_SIZE);
    }
    enum status status = parse_register(parser, 172, 64, 89, &out->power.pm1a);
    if (status == STATUS_OK) {
        status = parse_register(parser, 184, 68, 89, &out->power.pm1b);
    }
    if (status == STATUS_OK) {
        status = parse_register(parser, 208, 76, 91, &out->power.pm_timer);
    }
    if (status != STATUS_OK) {
        return status;
    }
    out->power.pm_timer_32 = (firmware_le32(fadt.data + 112) & FADT_TIMER_32) != 0;
    parse_reset(parser);
    return parse_dsdt(parser);
}
