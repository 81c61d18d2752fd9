// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// PVH direct boot: hvm_start_info as Xen's public header start_info.h lays it
// out, all little-endian. Memory comes first, because the package is checked
// against it; ACPI comes last, because by then the console is known (COM1 until
// a table says otherwise) and everything that ACPI refuses can be read there.
//
//   start info  0 magic  4 version  12 modules  16 module list  24 command line
//               32 RSDP  40 memory map  48 its entries; 56 bytes
//   module      0 address  8 size  16 command line; 32 bytes
//   map entry   0 address  8 size  16 type; 24 bytes

#include "lib/firmware/parse.h"
#include "lib/string/string.h"

constexpr uint32_t PVH_MAGIC = 0x336ec578;
constexpr uint64_t PVH_START_SIZE = 56;
constexpr uint64_t PVH_MODULE_SIZE = 32;
constexpr uint64_t PVH_ENTRY_SIZE = 24;
constexpr uint32_t PVH_TYPE_RAM = 1;
// Limits on the input: real maps have around ten entries, and the overlap
// check looks at pairs.
constexpr uint32_t PVH_ENTRIES = 128;
constexpr uint32_t PVH_MODULES = 16;

// What each step needs: where from, where to, and where to complain.
struct pvh_parser {
    const struct firmware_memory *memory;
    struct boot_info *out;
    struct firmware_error *error;
};

struct pvh_entry {
    uint64_t base;
    uint64_t size;
    uint32_t type;
};

static struct pvh_entry entry_at(struct firmware_bytes map, uint32_t index) {
    const uint8_t *p = map.data + index * PVH_ENTRY_SIZE;
    return (struct pvh_entry){firmware_le64(p), firmware_le64(p + 8), firmware_le32(p + 16)};
}

// RAM must not be claimed twice, neither as RAM nor as anything else, to the
// byte. Two ranges that are both not RAM may lie as they like.
static enum status check_overlap(struct firmware_bytes map, uint32_t index,
                                 struct firmware_error *error) {
    struct pvh_entry entry = entry_at(map, index);
    for (uint32_t i = 0; i < index; i++) {
        // Earlier entries are known not to wrap, so their ends can be computed.
        struct pvh_entry other = entry_at(map, i);
        bool ram = entry.type == PVH_TYPE_RAM || other.type == PVH_TYPE_RAM;
        bool apart = entry.size == 0 || other.size == 0 || entry.base >= other.base + other.size ||
                     other.base >= entry.base + entry.size;
        if (ram && !apart) {
            return firmware_fail(error, STATUS_BAD_FORMAT,
                                 "PVH memory map at 0x%lx: entries %u and %u overlap at 0x%lx",
                                 map.physical, i, index,
                                 entry.base > other.base ? entry.base : other.base);
        }
    }
    return STATUS_OK;
}

// Entries of all types are checked, those of RAM are kept.
static enum status parse_memory(struct pvh_parser *parser, uint64_t physical, uint32_t entries) {
    if (entries == 0) {
        return firmware_fail(parser->error, STATUS_NOT_FOUND,
                             "PVH start info: it has no memory map");
    }
    if (entries > PVH_ENTRIES) {
        return firmware_fail(parser->error, STATUS_TOO_LARGE,
                             "PVH memory map at 0x%lx: %u entries are more than %u", physical,
                             entries, PVH_ENTRIES);
    }
    struct firmware_bytes map;
    enum status status = firmware_map(parser->memory, "PVH memory map", physical,
                                      entries * PVH_ENTRY_SIZE, &map, parser->error);
    for (uint32_t i = 0; i < entries && status == STATUS_OK; i++) {
        struct pvh_entry entry = entry_at(map, i);
        if (entry.size != 0 && !firmware_range_valid(entry.base, entry.size)) {
            return firmware_fail(parser->error, STATUS_BAD_FORMAT,
                                 "PVH memory map at 0x%lx: entry %u at 0x%lx wraps", physical, i,
                                 entry.base);
        }
        status = check_overlap(map, i, parser->error);
        if (status == STATUS_OK && entry.type == PVH_TYPE_RAM) {
            status = firmware_add_memory(parser->out, entry.base, entry.size, parser->error);
        }
    }
    if (status == STATUS_OK && parser->out->memory_count == 0) {
        return firmware_fail(parser->error, STATUS_NOT_FOUND,
                             "PVH memory map at 0x%lx: it lists no memory", physical);
    }
    return status == STATUS_OK
               ? firmware_reserve(parser->out, physical, entries * PVH_ENTRY_SIZE, parser->error)
               : status;
}

// Text of unknown length may end just before unmapped memory, so it is read
// byte by byte.
static enum status parse_command_line(struct pvh_parser *parser, uint64_t physical) {
    char *line = parser->out->command_line;
    if (physical == 0) {
        return STATUS_OK;
    }
    for (uint32_t i = 0; i < BOOT_COMMAND_LINE; i++) {
        struct firmware_bytes byte;
        enum status status =
            firmware_map(parser->memory, "PVH command line", physical + i, 1, &byte, parser->error);
        if (status != STATUS_OK) {
            line[i] = '\0';
            return status;
        }
        line[i] = (char)byte.data[0];
        if (line[i] == '\0') {
            return firmware_reserve(parser->out, physical, i + 1, parser->error);
        }
    }
    // Not cut off silently: half of an option may mean something else.
    line[BOOT_COMMAND_LINE - 1] = '\0';
    return firmware_fail(parser->error, STATUS_TOO_LARGE,
                         "PVH command line at 0x%lx: longer than %u bytes", physical,
                         BOOT_COMMAND_LINE - 1);
}

// Only module 0 is used. The list is reserved whole all the same.
static enum status parse_modules(struct pvh_parser *parser, uint64_t physical, uint32_t modules) {
    if (modules == 0) {
        return STATUS_OK;
    }
    if (modules > PVH_MODULES) {
        return firmware_fail(parser->error, STATUS_TOO_LARGE,
                             "PVH module list at 0x%lx: %u modules are more than %u", physical,
                             modules, PVH_MODULES);
    }
    struct firmware_bytes list;
    enum status status = firmware_map(parser->memory, "PVH module list", physical,
                                      modules * PVH_MODULE_SIZE, &list, parser->error);
    if (status == STATUS_OK) {
        status = firmware_reserve(parser->out, physical, list.size, parser->error);
    }
    if (status == STATUS_OK) {
        status = firmware_set_package(parser->out, firmware_le64(list.data),
                                      firmware_le64(list.data + 8), parser->error);
    }
    return status;
}

static enum status parse_start(struct pvh_parser *parser, uint64_t physical,
                               struct firmware_bytes *start) {
    enum status status = firmware_map(parser->memory, "PVH start info", physical, PVH_START_SIZE,
                                      start, parser->error);
    if (status != STATUS_OK) {
        return status;
    }
    uint32_t magic = firmware_le32(start->data), version = firmware_le32(start->data + 4);
    if (magic != PVH_MAGIC) {
        return firmware_fail(parser->error, STATUS_BAD_FORMAT,
                             "PVH start info at 0x%lx: the magic is 0x%lx", physical,
                             (uint64_t)magic);
    }
    if (version < 1) {
        return firmware_fail(parser->error, STATUS_UNSUPPORTED,
                             "PVH start info at 0x%lx: version 0 has no memory map", physical);
    }
    // Page 0 is never handed out: address 0 means "not there" in these tables.
    status = firmware_reserve(parser->out, 0, FIRMWARE_PAGE, parser->error);
    return status == STATUS_OK
               ? firmware_reserve(parser->out, physical, PVH_START_SIZE, parser->error)
               : status;
}

enum status firmware_pvh(const struct firmware_memory *memory, uint64_t start_info,
                         struct boot_info *out, struct firmware_error *error) {
    memset(out, 0, sizeof(*out));
    error->text[0] = '\0';
    firmware_console_com1(out);

    struct pvh_parser parser = {memory, out, error};
    struct firmware_bytes start;
    enum status status = parse_start(&parser, start_info, &start);
    if (status == STATUS_OK) {
        status =
            parse_memory(&parser, firmware_le64(start.data + 40), firmware_le32(start.data + 48));
    }
    if (status == STATUS_OK) {
        status = parse_command_line(&parser, firmware_le64(start.data + 24));
    }
    if (status == STATUS_OK) {
        status =
            parse_modules(&parser, firmware_le64(start.data + 16), firmware_le32(start.data + 12));
    }
    if (status == STATUS_OK) {
        status = firmware_acpi(memory, firmware_le64(start.data + 32), out, error);
    }
    return status;
}
