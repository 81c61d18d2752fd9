// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// A device tree while it becomes a struct boot_info, private to the three files
// that do it: fdt_machine.c is the order of things, fdt_chosen.c reads what the
// boot loader wrote into the tree, fdt_device.c reads what the board is.
#pragma once

#include "lib/firmware/fdt.h"

// Two frames of 64 KiB for each hart.
constexpr uint64_t FDT_REDISTRIBUTOR_SIZE = 0x20000;

// The interrupts of a node, kept until the controller is known.
struct fdt_interrupts {
    bool found; // the node, not the property
    struct fdt_value specifiers;
    uint32_t index;  // which one is wanted
    uint32_t parent; // phandle
};

struct fdt_machine {
    const struct firmware_memory *memory;
    struct boot_info *out;
    struct firmware_error *error;
    struct fdt_tree tree;
    struct fdt_walk walk;

    const char *console_path; // nullptr: the first PL011 is the console
    int console_path_length;
    struct boot_range initrd; // size 0: none
    struct fdt_interrupts console, timer;
    uint32_t controller_phandle, controller_cells;
    bool cannot_start; // a hart has no enable-method "psci": this one
    uint64_t cannot_start_id;
};

// /chosen and, for the path of the console, /aliases: command line, initrd,
// console_path.
[[nodiscard]] enum status fdt_parse_chosen(struct fdt_machine *machine);

// The node that the walk stands on: memory, harts, devices.
[[nodiscard]] enum status fdt_visit(struct fdt_machine *machine);

// Whether console_path leads to the node that the walk stands on.
[[nodiscard]] bool fdt_is_console(const struct fdt_machine *machine);

// A value of 4 or 8 bytes, as some properties have it whatever the cells are.
[[nodiscard]] bool fdt_address(struct fdt_value value, uint64_t *out);
