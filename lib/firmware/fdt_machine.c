// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// From a device tree to a struct boot_info, in the order that lets the most be
// reported: first /chosen, which names the console, then every node once, then
// what needed another node. The console is resolved first of those: what is wrong
// with the rest can be read on it.

#include "lib/firmware/fdt_machine.h"
#include "lib/string/string.h"

// Interrupt specifiers: kind, number, flags. SPIs follow 32 private interrupts.
constexpr uint32_t SPI_KIND = 0, SPI_FIRST = 32, SPI_COUNT = 988;
constexpr uint32_t PPI_KIND = 1, PPI_FIRST = 16, PPI_COUNT = 16;

static enum status fail_missing(struct fdt_machine *machine, const char *what) {
    return firmware_fail(machine->error, STATUS_NOT_FOUND, "device tree at 0x%lx: it has no %s",
                         machine->tree.blob.physical, what);
}

// The GIC's number of one interrupt.
static enum status route(struct fdt_machine *machine, const char *what,
                         const struct fdt_interrupts *from, uint32_t *out) {
    uint64_t size = machine->controller_cells * 4, offset = from->index * size;
    // Interrupt numbers mean something only to the controller that they go to.
    if (from->parent != machine->controller_phandle) {
        return firmware_fail(machine->error, STATUS_UNSUPPORTED,
                             "device tree: the %s's interrupts do not go to the GIC", what);
    }
    if (!firmware_spans(from->specifiers.size, offset, size)) {
        return firmware_fail(machine->error, STATUS_BAD_FORMAT,
                             "device tree: the %s has no interrupt %u", what, from->index);
    }
    const uint8_t *p = from->specifiers.data + offset;
    uint32_t kind = firmware_be32(p), number = firmware_be32(p + 4);
    if (kind == SPI_KIND && number < SPI_COUNT) {
        *out = SPI_FIRST + number;
    } else if (kind == PPI_KIND && number < PPI_COUNT) {
        *out = PPI_FIRST + number;
    } else {
        return firmware_fail(machine->error, STATUS_UNSUPPORTED,
                             "device tree: the %s's interrupt is kind %u number %u", what, kind,
                             number);
    }
    return STATUS_OK;
}

// Everything that must be there is, in the order in which it can be reported.
static enum status check_present(struct fdt_machine *machine) {
    const struct boot_info *out = machine->out;
    if (!machine->console.found && machine->console_path != nullptr) {
        return firmware_fail(machine->error, STATUS_NOT_FOUND,
                             "device tree: stdout-path leads to no enabled arm,pl011: %.*s",
                             machine->console_path_length, machine->console_path);
    }
    if (!machine->console.found) {
        return fail_missing(machine, "console (arm,pl011)");
    }
    if (out->memory_count == 0) {
        return fail_missing(machine, "memory");
    }
    if (out->hart_count == 0) {
        return fail_missing(machine, "enabled processor below /cpus");
    }
    if (out->interrupt.kind == BOOT_INTERRUPT_NONE) {
        return fail_missing(machine, "interrupt controller (arm,gic-v3 or arm,gic-400)");
    }
    if (!machine->timer.found) {
        return fail_missing(machine, "timer (arm,armv8-timer)");
    }
    if (out->hart_count > 1 && out->power.conduit == BOOT_CONDUIT_NONE) {
        return fail_missing(machine, "arm,psci-0.2 to start further processors with");
    }
    return STATUS_OK;
}

// What all harts together need.
static enum status check_harts(struct fdt_machine *machine) {
    const struct boot_info *out = machine->out;
    if (out->hart_count > 1 && machine->cannot_start) {
        return firmware_fail(machine->error, STATUS_UNSUPPORTED,
                             "device tree: processor 0x%lx: enable-method is not psci",
                             machine->cannot_start_id);
    }
    uint64_t room = out->interrupt.cpu.size / FDT_REDISTRIBUTOR_SIZE;
    if (out->interrupt.kind == BOOT_INTERRUPT_GICV3 && room < out->hart_count) {
        return firmware_fail(machine->error, STATUS_UNSUPPORTED,
                             "device tree: the first redistributor region holds %lu, not %u", room,
                             out->hart_count);
    }
    return STATUS_OK;
}

// The memory reservation block: pairs of address and size up to a pair of zeros.
static enum status parse_reserve_map(struct fdt_machine *machine) {
    struct firmware_bytes blob = machine->tree.blob;
    for (uint32_t at = machine->tree.reserve; firmware_spans(blob.size, at, 16); at += 16) {
        uint64_t base = firmware_be64(blob.data + at), size = firmware_be64(blob.data + at + 8);
        if (base == 0 && size == 0) {
            return STATUS_OK;
        }
        enum status status = firmware_reserve(machine->out, base, size, machine->error);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return firmware_fail(machine->error, STATUS_BAD_FORMAT,
                         "device tree at 0x%lx: the reserve map has no end", blob.physical);
}

// The package comes last: its place is checked against the memory, and then kept
// from being handed out.
static enum status finish(struct fdt_machine *machine) {
    struct boot_info *out = machine->out;
    enum status status = check_present(machine);
    if (status == STATUS_OK) {
        status = check_harts(machine);
    }
    if (status == STATUS_OK) {
        status = route(machine, "console", &machine->console, &out->console.irq);
    }
    if (status == STATUS_OK) {
        status = route(machine, "virtual timer", &machine->timer, &out->interrupt.timer_irq);
    }
    if (status == STATUS_OK && out->interrupt.timer_irq >= SPI_FIRST) {
        return firmware_fail(machine->error, STATUS_UNSUPPORTED,
                             "device tree: the virtual timer's interrupt %u is not private",
                             out->interrupt.timer_irq);
    }
    if (status == STATUS_OK) {
        status = parse_reserve_map(machine);
    }
    if (status == STATUS_OK) {
        status = firmware_reserve(out, machine->tree.blob.physical, machine->tree.blob.size,
                                  machine->error);
    }
    if (status == STATUS_OK && machine->initrd.size != 0) {
        status =
            firmware_set_package(out, machine->initrd.base, machine->initrd.size, machine->error);
    }
    return status;
}

enum status firmware_fdt(const struct firmware_memory *memory, uint64_t fdt, struct boot_info *out,
                         struct firmware_error *error) {
    memset(out, 0, sizeof(*out));
    error->text[0] = '\0';
    struct fdt_machine machine = {.memory = memory, .out = out, .error = error};
    enum status status = fdt_open(memory, fdt, &machine.tree, error);
    if (status == STATUS_OK) {
        status = fdt_parse_chosen(&machine);
    }
    machine.walk = (struct fdt_walk){.tree = &machine.tree};
    while (status == STATUS_OK && fdt_next(&machine.walk)) {
        status = fdt_visit(&machine);
    }
    return status == STATUS_OK ? finish(&machine) : status;
}
