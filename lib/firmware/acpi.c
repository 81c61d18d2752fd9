// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// From the RSDP to the tables (ACPI 6.5, 5.2.5 to 5.2.8). Every table that the
// root lists is checked and reserved, also those that nobody here reads, so
// that later readers find them whole.
//
//   RSDP    0 "RSD PTR "  8 checksum of 20 bytes  15 revision  16 RSDT
//           20 length  24 XSDT  32 checksum of `length` bytes (revision 2)
//   header  0 signature  4 length  8 revision  9 checksum; 36 bytes

#include "lib/firmware/acpi.h"
#include "lib/string/string.h"

constexpr uint64_t RSDP_SIZE = 20;
constexpr uint64_t RSDP_SIZE_2 = 36;
constexpr uint64_t RSDP_AREA = 0xe0000;
constexpr uint64_t RSDP_AREA_END = 0x100000;
// A DSDT of a large machine has a few hundred KiB.
constexpr uint32_t TABLE_LIMIT = 4 << 20;
constexpr uint32_t TABLES = 64;

// The sum of all bytes, modulo 256. A good table sums up to 0.
static uint8_t sum(const uint8_t *data, uint64_t size) {
    uint8_t total = 0;
    for (uint64_t i = 0; i < size; i++) {
        total = (uint8_t)(total + data[i]);
    }
    return total;
}

// The header is mapped on its own first: until its length is known and found
// reasonable, nothing may be said about the bytes behind it.
enum status acpi_table(struct acpi_parser *parser, uint64_t physical, const char *signature,
                       struct firmware_bytes *out) {
    struct firmware_bytes header;
    const char *what = signature != nullptr ? signature : "ACPI table";
    enum status status =
        firmware_map(parser->memory, what, physical, ACPI_HEADER_SIZE, &header, parser->error);
    if (status != STATUS_OK) {
        return status;
    }
    const char *name = (const char *)header.data;
    uint32_t length = firmware_le32(header.data + 4);
    // Without an expected signature the table names itself in every sentence, so
    // that a bad one can be found in a list.
    if (signature != nullptr && memcmp(name, signature, 4) != 0) {
        return firmware_fail(parser->error, STATUS_BAD_FORMAT,
                             "ACPI %s at 0x%lx: the signature is '%.*s'", signature, physical, 4,
                             name);
    }
    if (length < ACPI_HEADER_SIZE) {
        return firmware_fail(parser->error, STATUS_BAD_FORMAT,
                             "ACPI %.*s at 0x%lx: length %u is below the header's", 4, name,
                             physical, length);
    }
    if (length > TABLE_LIMIT) {
        return firmware_fail(parser->error, STATUS_TOO_LARGE,
                             "ACPI %.*s at 0x%lx: length %u is above %u", 4, name, physical, length,
                             TABLE_LIMIT);
    }
    status = firmware_map(parser->memory, what, physical, length, out, parser->error);
    if (status != STATUS_OK) {
        return status;
    }
    if (sum(out->data, out->size) != 0) {
        return firmware_fail(parser->error, STATUS_BAD_FORMAT,
                             "ACPI %.*s at 0x%lx: the checksum is wrong", 4, name, physical);
    }
    return firmware_reserve(parser->out, physical, length, parser->error);
}

// The 128 KiB below 1 MiB, at each multiple of 16. What looks like an RSDP and
// sums up wrongly is a coincidence there.
static enum status find_rsdp(struct acpi_parser *parser, uint64_t *out) {
    for (uint64_t at = RSDP_AREA; at + RSDP_SIZE <= RSDP_AREA_END; at += 16) {
        const uint8_t *p = parser->memory->map(parser->memory->context, at, RSDP_SIZE);
        if (p != nullptr && memcmp(p, "RSD PTR ", 8) == 0 && sum(p, RSDP_SIZE) == 0) {
            *out = at;
            return STATUS_OK;
        }
    }
    return firmware_fail(parser->error, STATUS_NOT_FOUND, "ACPI RSDP: none between 0x%lx and 0x%lx",
                         RSDP_AREA, RSDP_AREA_END);
}

// Revision 2 has a second checksum over all of it. Its 36 bytes are read then;
// a longer one adds nothing that is known here.
static enum status check_rsdp_2(struct acpi_parser *parser, uint64_t physical,
                                struct firmware_bytes *rsdp) {
    enum status status =
        firmware_map(parser->memory, "ACPI RSDP", physical, RSDP_SIZE_2, rsdp, parser->error);
    if (status != STATUS_OK) {
        return status;
    }
    uint32_t length = firmware_le32(rsdp->data + 20);
    if (length < RSDP_SIZE_2 || length > FIRMWARE_PAGE) {
        return firmware_fail(parser->error, STATUS_BAD_FORMAT, "ACPI RSDP at 0x%lx: length %u",
                             physical, length);
    }
    status = firmware_map(parser->memory, "ACPI RSDP", physical, length, rsdp, parser->error);
    if (status == STATUS_OK && sum(rsdp->data, length) != 0) {
        return firmware_fail(parser->error, STATUS_BAD_FORMAT,
                             "ACPI RSDP at 0x%lx: the extended checksum is wrong", physical);
    }
    return status;
}

// Gives the root table. `*wide`: it is an XSDT, with addresses of 8 bytes.
static enum status parse_rsdp(struct acpi_parser *parser, uint64_t physical, bool *wide,
                              struct firmware_bytes *root) {
    struct firmware_bytes rsdp;
    enum status status =
        firmware_map(parser->memory, "ACPI RSDP", physical, RSDP_SIZE, &rsdp, parser->error);
    if (status != STATUS_OK) {
        return status;
    }
    if (memcmp(rsdp.data, "RSD PTR ", 8) != 0 || sum(rsdp.data, RSDP_SIZE) != 0) {
        return firmware_fail(parser->error, STATUS_BAD_FORMAT,
                             "ACPI RSDP at 0x%lx: the signature or checksum is wrong", physical);
    }
    // The XSDT is the newer of the two and the only one that reaches above 4 GiB;
    // ACPI asks to prefer it. A revision 2 RSDP without one is seen in the wild.
    uint64_t xsdt = 0;
    if (rsdp.data[15] >= 2) {
        status = check_rsdp_2(parser, physical, &rsdp);
        if (status != STATUS_OK) {
            return status;
        }
        xsdt = firmware_le64(rsdp.data + 24);
    }
    status = firmware_reserve(parser->out, physical, rsdp.size, parser->error);
    if (status != STATUS_OK) {
        return status;
    }
    *wide = xsdt != 0;
    return *wide ? acpi_table(parser, xsdt, "XSDT", root)
                 : acpi_table(parser, firmware_le32(rsdp.data + 16), "RSDT", root);
}

// Keeps the table if it is one that is read here.
static enum status keep_table(struct acpi_parser *parser, struct firmware_bytes table) {
    struct firmware_bytes *slot = nullptr;
    if (memcmp(table.data, "FACP", 4) == 0) {
        slot = &parser->fadt;
    } else if (memcmp(table.data, "APIC", 4) == 0) {
        slot = &parser->madt;
    } else if (memcmp(table.data, "SPCR", 4) == 0) {
        slot = &parser->spcr;
    }
    if (slot == nullptr) {
        return STATUS_OK;
    }
    if (slot->size != 0) {
        return firmware_fail(parser->error, STATUS_BAD_FORMAT,
                             "ACPI %.*s at 0x%lx: there is one at 0x%lx already", 4,
                             (const char *)table.data, table.physical, slot->physical);
    }
    *slot = table;
    return STATUS_OK;
}

static enum status parse_root(struct acpi_parser *parser, struct firmware_bytes root, bool wide) {
    // What is left behind the header is nothing but addresses. The limit on their
    // number bounds the time that checksums take.
    uint64_t width = wide ? 8 : 4, bytes = root.size - ACPI_HEADER_SIZE;
    if (bytes % width != 0 || bytes / width > TABLES) {
        return firmware_fail(parser->error, STATUS_BAD_FORMAT,
                             "ACPI %s at 0x%lx: %lu bytes of entries, not up to %u times %lu",
                             wide ? "XSDT" : "RSDT", root.physical, bytes, TABLES, width);
    }
    for (uint64_t at = ACPI_HEADER_SIZE; at < root.size; at += width) {
        uint64_t physical = wide ? firmware_le64(root.data + at) : firmware_le32(root.data + at);
        if (physical == 0) {
            continue; // some firmware leaves holes
        }
        struct firmware_bytes table;
        enum status status = acpi_table(parser, physical, nullptr, &table);
        if (status == STATUS_OK) {
            status = keep_table(parser, table);
        }
        if (status != STATUS_OK) {
            return status;
        }
    }
    if (parser->fadt.size == 0 || parser->madt.size == 0) {
        return firmware_fail(parser->error, STATUS_NOT_FOUND, "ACPI %s at 0x%lx: it lists no %s",
                             wide ? "XSDT" : "RSDT", root.physical,
                             parser->fadt.size == 0 ? "FADT" : "MADT");
    }
    return STATUS_OK;
}

enum status firmware_acpi(const struct firmware_memory *memory, uint64_t rsdp,
                          struct boot_info *out, struct firmware_error *error) {
    error->text[0] = '\0';
    struct acpi_parser parser = {.memory = memory, .out = out, .error = error};
    struct firmware_bytes root;
    bool wide = false;
    // Interrupts before the console, for the console is routed through them; power
    // last, because a machine without it still runs.
    enum status status = rsdp == 0 ? find_rsdp(&parser, &rsdp) : STATUS_OK;
    if (status == STATUS_OK) {
        status = parse_rsdp(&parser, rsdp, &wide, &root);
    }
    if (status == STATUS_OK) {
        status = parse_root(&parser, root, wide);
    }
    if (status == STATUS_OK) {
        status = acpi_parse_interrupts(&parser);
    }
    if (status == STATUS_OK) {
        status = acpi_parse_console(&parser);
    }
    return status == STATUS_OK ? acpi_parse_power(&parser) : status;
}
