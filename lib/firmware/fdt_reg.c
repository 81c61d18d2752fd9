// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Addresses in a device tree (Devicetree Specification 0.4, 2.3.5 to 2.3.8). A
// node's reg is counted in cells that its parent states, and each bus between it
// and the root may move addresses by `ranges`. Only buses that move nothing are
// understood: a wrong address would be a write to some other device, so any
// other one is refused by its name.

#include "lib/firmware/fdt.h"
#include "lib/string/string.h"

// `cells` is 0, 1 or 2.
static uint64_t cells_read(const uint8_t *p, uint32_t cells) {
    return cells == 2 ? firmware_be64(p) : cells == 1 ? firmware_be32(p) : 0;
}

enum status fdt_reg(const struct fdt_walk *walk, uint32_t index, struct boot_range *out,
                    struct firmware_error *error) {
    const char *name = fdt_node(walk)->name;
    // The root has no parent; it stands in for one, and has no reg anyway.
    const struct fdt_level *parent =
        walk->depth > 1 ? &walk->level[walk->depth - 2] : fdt_node(walk);
    uint32_t address = parent->address_cells, size = parent->size_cells;
    // More cells are those of PCI, which nothing here sits on; no size is right
    // for a processor and found empty where a range is needed.
    if (address < 1 || address > 2 || size > 2) {
        return firmware_fail(error, STATUS_UNSUPPORTED,
                             "device tree: %s: %u address and %u size cells", name, address, size);
    }
    struct fdt_value reg = fdt_property(walk, "reg");
    uint32_t entry = (address + size) * 4;
    if (reg.size % entry != 0) {
        return firmware_fail(error, STATUS_BAD_FORMAT,
                             "device tree: %s: reg has %u bytes, not a multiple of %u", name,
                             reg.size, entry);
    }
    if (index >= reg.size / entry) {
        return STATUS_NOT_FOUND;
    }
    const uint8_t *p = reg.data + (uint64_t)index * entry;
    *out = (struct boot_range){cells_read(p, address), cells_read(p + address * 4, size)};
    return STATUS_OK;
}

// Whether the bus at `level[at]`, which has ranges that are not empty, leaves
// `part` where it is; nullptr or what is wrong.
static const char *bus_check(const struct fdt_walk *walk, uint32_t at, struct boot_range part) {
    const struct fdt_level *bus = &walk->level[at], *parent = &walk->level[at - 1];
    uint32_t child = bus->address_cells, outer = parent->address_cells, size = bus->size_cells;
    if (child < 1 || child > 2 || outer < 1 || outer > 2 || size < 1 || size > 2 ||
        bus->ranges.size % ((child + outer + size) * 4) != 0) {
        return "has ranges that cannot be read";
    }
    uint32_t entry = (child + outer + size) * 4;
    for (uint32_t i = 0; i < bus->ranges.size; i += entry) {
        const uint8_t *p = bus->ranges.data + i;
        struct boot_range range = {
            cells_read(p, child),
            cells_read(p + (child + outer) * 4, size),
        };
        // The first part of the bus that holds the whole node decides.
        if (firmware_range_within(&range, 1, part)) {
            return cells_read(p + child * 4, outer) == range.base ? nullptr : "moves addresses";
        }
    }
    return "does not reach it";
}

enum status fdt_physical(const struct fdt_walk *walk, uint32_t index, struct boot_range *out,
                         struct firmware_error *error) {
    const char *name = fdt_node(walk)->name;
    enum status status = fdt_reg(walk, index, out, error);
    if (status == STATUS_NOT_FOUND) {
        return firmware_fail(error, status, "device tree: %s: reg has no entry %u", name, index);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (!firmware_range_valid(out->base, out->size)) {
        return firmware_fail(error, STATUS_BAD_FORMAT,
                             "device tree: %s: 0x%lx with size 0x%lx is empty or wraps", name,
                             out->base, out->size);
    }
    // Level 0 is the root, whose children's addresses are physical.
    for (uint32_t at = walk->depth - 1; at-- > 1;) {
        const struct fdt_level *bus = &walk->level[at];
        const char *fault = nullptr;
        if (bus->ranges.data == nullptr) {
            fault = "has no ranges";
        } else if (bus->ranges.size != 0) {
            fault = bus_check(walk, at, *out);
        }
        if (fault != nullptr) {
            return firmware_fail(error, STATUS_UNSUPPORTED, "device tree: %s at 0x%lx: bus %s %s",
                                 name, out->base, bus->name, fault);
        }
    }
    return STATUS_OK;
}
