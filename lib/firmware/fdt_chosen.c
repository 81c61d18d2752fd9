// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// What the boot loader wrote into the tree (Devicetree Specification 0.4, 3.3 and
// 3.6; linux,initrd-start and -end by the convention of arm64 boot loaders).

#include "lib/firmware/fdt_machine.h"
#include "lib/string/string.h"

// Whether the current node is /NAME.
static bool at_top(const struct fdt_walk *walk, const char *name) {
    return walk->depth == 2 && strcmp(fdt_node(walk)->name, name) == 0;
}

// A step of the path without a unit address also fits a name with one.
bool fdt_is_console(const struct fdt_machine *machine) {
    const struct fdt_walk *walk = &machine->walk;
    const char *path = machine->console_path;
    int length = machine->console_path_length;
    int at = 0;
    for (uint32_t i = 1; i < walk->depth; i++) {
        if (at >= length || path[at] != '/') {
            return false;
        }
        int start = ++at;
        while (at < length && path[at] != '/') {
            at++;
        }
        const char *name = walk->level[i].name;
        size_t step = (size_t)(at - start);
        if (step == 0 || strncmp(name, path + start, step) != 0 ||
            (name[step] != '\0' && name[step] != '@')) {
            return false;
        }
    }
    return at == length && walk->depth > 1;
}

bool fdt_address(struct fdt_value value, uint64_t *out) {
    if (value.size != 4 && value.size != 8) {
        return false;
    }
    *out = value.size == 4 ? firmware_be32(value.data) : firmware_be64(value.data);
    return true;
}

// The boot package. Both ends or none; that it is memory is checked when all of
// the memory is known.
static enum status chosen_initrd(struct fdt_machine *machine) {
    struct fdt_value first = fdt_property(&machine->walk, "linux,initrd-start");
    struct fdt_value last = fdt_property(&machine->walk, "linux,initrd-end");
    uint64_t start, end;
    if (first.data == nullptr && last.data == nullptr) {
        return STATUS_OK;
    }
    if (!fdt_address(first, &start) || !fdt_address(last, &end) || start >= end) {
        return firmware_fail(machine->error, STATUS_BAD_FORMAT,
                             "device tree: /chosen: linux,initrd-start and -end make no range");
    }
    machine->initrd = (struct boot_range){start, end - start};
    return STATUS_OK;
}

// The text comes with its end, so a size that fits is a text that fits.
static enum status chosen_command_line(struct fdt_machine *machine) {
    struct fdt_value line = fdt_property(&machine->walk, "bootargs");
    if (line.data == nullptr) {
        return STATUS_OK;
    }
    if (!fdt_is_text(line)) {
        return firmware_fail(machine->error, STATUS_BAD_FORMAT,
                             "device tree: /chosen: bootargs is no text");
    }
    if (line.size > BOOT_COMMAND_LINE) {
        return firmware_fail(machine->error, STATUS_TOO_LARGE,
                             "device tree: /chosen: bootargs is longer than %u bytes",
                             BOOT_COMMAND_LINE - 1);
    }
    memcpy(machine->out->command_line, line.data, line.size);
    return STATUS_OK;
}

// The path ends at a colon, where options for the line follow.
static void set_console_path(struct fdt_machine *machine, struct fdt_value path) {
    const char *text = (const char *)path.data;
    int length = 0;
    while (text[length] != '\0' && text[length] != ':') {
        length++;
    }
    machine->console_path = text;
    machine->console_path_length = length;
}

// A tree without /chosen is complete: then there is no package, no command line,
// and the first PL011 is the console.
static enum status parse_chosen(struct fdt_machine *machine) {
    machine->walk = (struct fdt_walk){.tree = &machine->tree};
    while (fdt_next(&machine->walk)) {
        if (!at_top(&machine->walk, "chosen")) {
            continue;
        }
        struct fdt_value path = fdt_property(&machine->walk, "stdout-path");
        if (fdt_is_text(path)) {
            set_console_path(machine, path);
        } else if (path.data != nullptr) {
            return firmware_fail(machine->error, STATUS_BAD_FORMAT,
                                 "device tree: /chosen: stdout-path is no text");
        }
        enum status status = chosen_initrd(machine);
        return status == STATUS_OK ? chosen_command_line(machine) : status;
    }
    return STATUS_OK;
}

// A path that does not begin with a slash is the name of a property of /aliases
// whose value is the path.
static enum status resolve_alias(struct fdt_machine *machine) {
    char alias[32]; // the specification allows 31 characters
    int length = machine->console_path_length;
    if (machine->console_path == nullptr || machine->console_path[0] == '/') {
        return STATUS_OK;
    }
    machine->walk = (struct fdt_walk){.tree = &machine->tree};
    while (length < (int)sizeof(alias) && fdt_next(&machine->walk)) {
        if (!at_top(&machine->walk, "aliases")) {
            continue;
        }
        memcpy(alias, machine->console_path, (size_t)length);
        alias[length] = '\0';
        struct fdt_value path = fdt_property(&machine->walk, alias);
        if (fdt_is_text(path)) {
            set_console_path(machine, path);
            return STATUS_OK;
        }
    }
    return firmware_fail(machine->error, STATUS_NOT_FOUND,
                         "device tree: /chosen: stdout-path names no alias: %.*s", length,
                         machine->console_path);
}

enum status fdt_parse_chosen(struct fdt_machine *machine) {
    enum status status = parse_chosen(machine);
    return status == STATUS_OK ? resolve_alias(machine) : status;
}
