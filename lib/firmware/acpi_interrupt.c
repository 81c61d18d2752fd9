// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// MADT (ACPI 6.5, 5.2.12) and SPCR (Microsoft's specification of that table).
// The console comes after the overrides, for a legacy interrupt number means an
// I/O APIC input only through them.
//
//   MADT   36 local APIC  40 flags  44 entries, each: 0 type  1 length
//     0    local APIC: 3 id  4 flags; 8 bytes
//     1    I/O APIC: 4 address  8 first interrupt; 12 bytes
//     2    override: 2 bus  3 ISA interrupt  4 input  8 flags; 10 bytes
//     5    local APIC address: 4 address; 12 bytes
//     9    local x2APIC: 4 id  8 flags; 16 bytes
//   SPCR   36 interface  40 register  52 interrupt kinds  53 ISA interrupt
//          54 input; 80 bytes

#include "lib/firmware/acpi.h"
#include "lib/string/string.h"

constexpr uint64_t MADT_ENTRIES = 44;
constexpr uint64_t SPCR_SIZE = 80;
constexpr uint32_t APIC_ENABLED = 1 << 0;
constexpr uint32_t ISA_LINES = 16;
constexpr uint32_t COM1_LINE = 4;

enum madt_type : uint8_t {
    MADT_LOCAL_APIC = 0,
    MADT_IO_APIC = 1,
    MADT_OVERRIDE = 2,
    MADT_LOCAL_APIC_ADDRESS = 5,
    MADT_LOCAL_X2APIC = 9,
};

// One entry of the MADT, at least as long as its type needs.
struct madt_entry {
    const uint8_t *data;
    uint64_t offset;
};

// Enabled harts only. "Online capable" ones are sockets that may be filled
// later: there is nothing to start. The id of all ones is no processor.
static enum status add_processor(struct acpi_parser *parser, uint32_t id, uint32_t flags,
                                 uint32_t nobody) {
    bool added;
    if ((flags & APIC_ENABLED) == 0 || id == nobody) {
        return STATUS_OK;
    }
    return firmware_add_hart(parser->out, id, &added, parser->error);
}

static enum status add_io_apic(struct acpi_parser *parser, struct madt_entry entry) {
    struct boot_info *out = parser->out;
    uint32_t count = out->interrupt.input_count;
    uint32_t base = firmware_le32(entry.data + 4), first = firmware_le32(entry.data + 8);
    if (count == 4) {
        return firmware_fail(parser->error, STATUS_TOO_LARGE,
                             "ACPI MADT at 0x%lx: more than 4 I/O APICs at offset %lu",
                             parser->madt.physical, entry.offset);
    }
    // Two controllers that begin at one interrupt would make routing ambiguous.
    bool taken = false;
    for (uint32_t i = 0; i < count; i++) {
        taken = taken || out->interrupt.input[i].first == first;
    }
    if (base == 0 || taken) {
        return firmware_fail(parser->error, STATUS_BAD_FORMAT,
                             "ACPI MADT at 0x%lx: I/O APIC 0x%lx, input %u at offset %lu",
                             parser->madt.physical, (uint64_t)base, first, entry.offset);
    }
    out->interrupt.input[count].base = base;
    out->interrupt.input[count].first = first;
    out->interrupt.input_count = count + 1;
    return STATUS_OK;
}

// Flags: bits 0..1 polarity, 2..3 trigger; 0 is the bus's own (ISA: active
// high, edge), 1 high or edge, 3 low or level, 2 is reserved.
static enum status add_override(struct acpi_parser *parser, struct madt_entry entry) {
    struct boot_info *out = parser->out;
    uint8_t bus = entry.data[2], line = entry.data[3];
    uint32_t polarity = entry.data[8] & 3, trigger = entry.data[8] >> 2 & 3;
    bool taken = false;
    for (uint32_t i = 0; i < out->interrupt.route_count; i++) {
        taken = taken || out->interrupt.route[i].isa == line;
    }
    if (bus != 0 || line >= ISA_LINES || polarity == 2 || trigger == 2 || taken) {
        return firmware_fail(parser->error, STATUS_BAD_FORMAT,
                             "ACPI MADT at 0x%lx: override of bus %u line %u flags %u at offset "
                             "%lu",
                             parser->madt.physical, bus, line, entry.data[8], entry.offset);
    }
    // Sixteen lines, each once: there is always room.
    static_assert(BOOT_IRQ_ROUTES >= ISA_LINES);
    out->interrupt.route[out->interrupt.route_count++] = (struct boot_irq_route){
        .isa = line,
        .active_low = polarity == 3,
        .level = trigger == 3,
        .input = firmware_le32(entry.data + 4),
    };
    return STATUS_OK;
}

static enum status parse_entry(struct acpi_parser *parser, struct madt_entry entry) {
    const uint8_t *p = entry.data;
    switch (p[0]) {
    case MADT_LOCAL_APIC:
        return add_processor(parser, p[3], firmware_le32(p + 4), UINT8_MAX);
    case MADT_LOCAL_X2APIC:
        return add_processor(parser, firmware_le32(p + 4), firmware_le32(p + 8), UINT32_MAX);
    case MADT_IO_APIC:
        return add_io_apic(parser, entry);
    case MADT_OVERRIDE:
        return add_override(parser, entry);
    case MADT_LOCAL_APIC_ADDRESS:
        parser->out->interrupt.distributor.base = firmware_le64(p + 4);
        return STATUS_OK;
    default:
        return STATUS_OK; // NMI wiring and other machines' controllers
    }
}

// How many bytes of an entry are read here.
static uint64_t entry_size(uint8_t type) {
    switch (type) {
    case MADT_LOCAL_APIC:
        return 8;
    case MADT_IO_APIC:
    case MADT_LOCAL_APIC_ADDRESS:
        return 12;
    case MADT_OVERRIDE:
        return 10;
    case MADT_LOCAL_X2APIC:
        return 16;
    default:
        return 2;
    }
}

static enum status parse_entries(struct acpi_parser *parser) {
    struct firmware_bytes madt = parser->madt;
    for (uint64_t at = MADT_ENTRIES; at < madt.size;) {
        struct madt_entry entry = {madt.data + at, at};
        // Length 0 would never end; one that is below what the type needs would let
        // a reader run into the next entry.
        uint8_t length = madt.size - at >= 2 ? entry.data[1] : 0;
        if (length < entry_size(entry.data[0]) || !firmware_spans(madt.size, at, length)) {
            return firmware_fail(parser->error, STATUS_BAD_FORMAT,
                                 "ACPI MADT at 0x%lx: entry at offset %lu has length %u",
                                 madt.physical, at, length);
        }
        enum status status = parse_entry(parser, entry);
        if (status != STATUS_OK) {
            return status;
        }
        at += length;
    }
    return STATUS_OK;
}

enum status acpi_parse_interrupts(struct acpi_parser *parser) {
    struct firmware_bytes madt = parser->madt;
    struct boot_info *out = parser->out;
    if (madt.size < MADT_ENTRIES) {
        return firmware_fail(parser->error, STATUS_BAD_FORMAT,
                             "ACPI MADT at 0x%lx: length %lu is below %lu", madt.physical,
                             madt.size, MADT_ENTRIES);
    }
    // The address in the table has 32 bits; entry 5 gives one with 64.
    out->interrupt.kind = BOOT_INTERRUPT_APIC;
    out->interrupt.distributor = (struct boot_range){firmware_le32(madt.data + 36), FIRMWARE_PAGE};
    enum status status = parse_entries(parser);
    if (status != STATUS_OK) {
        return status;
    }
    // Looked at only now: an entry may have replaced the address above.
    uint64_t local = out->interrupt.distributor.base;
    if (local % FIRMWARE_PAGE != 0 || local == 0 || !firmware_range_valid(local, FIRMWARE_PAGE)) {
        return firmware_fail(parser->error, STATUS_BAD_FORMAT,
                             "ACPI MADT at 0x%lx: the local APIC is at 0x%lx", madt.physical,
                             local);
    }
    if (out->hart_count == 0 || out->interrupt.input_count == 0) {
        return firmware_fail(parser->error, STATUS_NOT_FOUND, "ACPI MADT at 0x%lx: it lists no %s",
                             madt.physical,
                             out->hart_count == 0 ? "enabled processor" : "I/O APIC");
    }
    return STATUS_OK;
}

// A legacy line is the input of the same number unless an override says more.
static uint32_t route_line(const struct boot_info *out, uint32_t line) {
    for (uint32_t i = 0; i < out->interrupt.route_count; i++) {
        if (out->interrupt.route[i].isa == line) {
            return out->interrupt.route[i].input;
        }
    }
    return line;
}

void firmware_console_com1(struct boot_info *out) {
    out->console.kind = BOOT_CONSOLE_16550_PORT;
    out->console.base = 0x3f8;
    out->console.size = 8;
    out->console.irq = route_line(out, COM1_LINE);
}

// Interface 0, 1 and 18 are 16550s, here at an I/O port; 3 is a PL011. The table
// may name a line, an input, or neither, which leaves a port to be polled.
static enum status parse_port(struct acpi_parser *parser, uint64_t base) {
    const uint8_t *p = parser->spcr.data;
    struct boot_info *out = parser->out;
    uint8_t interface = p[36], space = p[40];
    bool port = interface == 0 || interface == 1 || interface == 18;
    if (port && space == 1 && base <= 0x10000 - 8) {
        out->console.kind = BOOT_CONSOLE_16550_PORT;
        out->console.size = 8;
    } else if (interface == 3 && space == 0 && base % FIRMWARE_PAGE == 0 &&
               firmware_range_valid(base, FIRMWARE_PAGE)) {
        out->console.kind = BOOT_CONSOLE_PL011;
        out->console.size = FIRMWARE_PAGE;
    } else {
        return firmware_fail(parser->error, STATUS_UNSUPPORTED,
                             "ACPI SPCR at 0x%lx: console of type %u, space %u at 0x%lx",
                             parser->spcr.physical, interface, space, base);
    }
    out->console.base = base;
    out->console.irq = 0;
    // Bit 0 is a line of the old controllers, every other bit an input as the
    // new controllers number it, which needs no routing.
    if ((p[52] & ~1) != 0) {
        out->console.irq = firmware_le32(p + 54);
    } else if ((p[52] & 1) != 0) {
        out->console.irq = route_line(out, p[53]);
    }
    return STATUS_OK;
}

enum status acpi_parse_console(struct acpi_parser *parser) {
    struct firmware_bytes spcr = parser->spcr;
    firmware_console_com1(parser->out);
    if (spcr.size == 0) {
        return STATUS_OK;
    }
    if (spcr.size < SPCR_SIZE) {
        return firmware_fail(parser->error, STATUS_BAD_FORMAT,
                             "ACPI SPCR at 0x%lx: length %lu is below %lu", spcr.physical,
                             spcr.size, SPCR_SIZE);
    }
    uint64_t base = firmware_le64(spcr.data + 44);
    // Address 0 means that the firmware's own redirection is off: COM1 stays.
    return base == 0 ? STATUS_OK : parse_port(parser, base);
}
