// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// What the board is, by the public bindings of arm,gic, arm,gic-v3,
// arm,armv8-timer, arm,psci, arm,pl011 and cpus, and the Devicetree
// Specification's chapter 3. Nodes come in any order, so an interrupt is kept as
// it stands until its controller is known.

#include "lib/firmware/fdt_machine.h"
#include "lib/string/string.h"

// MPIDR's affinity fields, which are what reg of a cpu holds.
constexpr uint64_t AFFINITY = 0xff00ffffff;
// Among the timers: secure, physical, virtual, hypervisor.
constexpr uint32_t VIRTUAL_TIMER = 2;

// Whether the current node is /NAME/...
static bool below_top(const struct fdt_walk *walk, const char *name) {
    return walk->depth == 3 && strcmp(walk->level[1].name, name) == 0;
}

static bool is_compatible(const struct fdt_walk *walk, const char *name) {
    return fdt_index(fdt_property(walk, "compatible"), name) >= 0;
}

// What is done with an entry of a reg: firmware_add_memory or firmware_reserve.
typedef enum status keep_range(struct boot_info *out, uint64_t base, uint64_t size,
                               struct firmware_error *error);

static enum status keep_all(struct fdt_machine *machine, keep_range *keep) {
    struct boot_range range;
    for (uint32_t i = 0;; i++) {
        enum status status = fdt_reg(&machine->walk, i, &range, machine->error);
        if (status == STATUS_NOT_FOUND) {
            return STATUS_OK;
        }
        if (status == STATUS_OK) {
            status = keep(machine->out, range.base, range.size, machine->error);
        }
        if (status != STATUS_OK) {
            return status;
        }
    }
}

// Every entry of every memory node. Ranges may touch and are joined then; those
// that overlap are refused.
static enum status parse_memory(struct fdt_machine *machine) {
    return keep_all(machine, firmware_add_memory);
}

// Children of /reserved-memory with a reg. The others only ask for memory.
static enum status parse_reserved(struct fdt_machine *machine) {
    return keep_all(machine, firmware_reserve);
}

// A processor is listed once. Whether a way to start it is needed depends on how
// many there are, so its absence is only noted.
static enum status parse_cpu(struct fdt_machine *machine) {
    struct boot_range reg;
    bool added = false;
    const char *name = fdt_node(&machine->walk)->name;
    enum status status = fdt_reg(&machine->walk, 0, &reg, machine->error);
    if (status == STATUS_NOT_FOUND || (status == STATUS_OK && (reg.base & ~AFFINITY) != 0)) {
        return firmware_fail(machine->error, STATUS_BAD_FORMAT,
                             "device tree: /cpus/%s: reg is no affinity", name);
    }
    if (status == STATUS_OK) {
        status = firmware_add_hart(machine->out, reg.base, &added, machine->error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (!added) {
        return firmware_fail(machine->error, STATUS_BAD_FORMAT,
                             "device tree: /cpus/%s: there is a processor 0x%lx already", name,
                             reg.base);
    }
    if (!fdt_is(fdt_property(&machine->walk, "enable-method"), "psci") && !machine->cannot_start) {
        machine->cannot_start = true;
        machine->cannot_start_id = reg.base;
    }
    return STATUS_OK;
}

// Only 0.2 and later: before, function numbers were the tree's to say.
static enum status parse_psci(struct fdt_machine *machine) {
    struct fdt_value method = fdt_property(&machine->walk, "method");
    if (fdt_is(method, "hvc")) {
        machine->out->power.conduit = BOOT_CONDUIT_HVC;
    } else if (fdt_is(method, "smc")) {
        machine->out->power.conduit = BOOT_CONDUIT_SMC;
    } else {
        return firmware_fail(machine->error, STATUS_BAD_FORMAT,
                             "device tree: %s: method is neither hvc nor smc",
                             fdt_node(&machine->walk)->name);
    }
    return STATUS_OK;
}

static struct fdt_interrupts interrupts_here(const struct fdt_walk *walk, uint32_t index) {
    return (struct fdt_interrupts){
        .found = true,
        .specifiers = fdt_property(walk, "interrupts"),
        .index = index,
        .parent = fdt_node(walk)->interrupt_parent,
    };
}

// The one PL011 that was chosen. Others may be anywhere and as they like.
static enum status parse_console(struct fdt_machine *machine) {
    struct boot_range reg;
    struct boot_info *out = machine->out;
    if (machine->console.found || (machine->console_path != nullptr && !fdt_is_console(machine))) {
        return STATUS_OK;
    }
    enum status status = fdt_physical(&machine->walk, 0, &reg, machine->error);
    if (status != STATUS_OK) {
        return status;
    }
    if (reg.base == 0 || reg.base % FIRMWARE_PAGE != 0 || reg.size < FIRMWARE_PAGE) {
        return firmware_fail(machine->error, STATUS_BAD_FORMAT,
                             "device tree: %s: 0x%lx with size 0x%lx is no page of registers",
                             fdt_node(&machine->walk)->name, reg.base, reg.size);
    }
    machine->console = interrupts_here(&machine->walk, 0);
    out->console.kind = BOOT_CONSOLE_PL011;
    out->console.base = reg.base;
    out->console.size = reg.size;
    return STATUS_OK;
}

// By name where there are names, else by the binding's order.
static void parse_timer(struct fdt_machine *machine) {
    int named = fdt_index(fdt_property(&machine->walk, "interrupt-names"), "virt");
    machine->timer = interrupts_here(&machine->walk, named >= 0 ? (uint32_t)named : VIRTUAL_TIMER);
}

// Only the first redistributor region is used; whether it has room for all is
// known when the harts are counted.
static enum status check_redistributors(struct fdt_machine *machine) {
    const struct fdt_walk *walk = &machine->walk;
    struct boot_range range;
    uint64_t stride = FDT_REDISTRIBUTOR_SIZE;
    struct fdt_value value = fdt_property(walk, "redistributor-stride");
    if (value.data != nullptr &&
        (!fdt_address(value, &stride) || stride != FDT_REDISTRIBUTOR_SIZE)) {
        return firmware_fail(machine->error, STATUS_UNSUPPORTED,
                             "device tree: %s: redistributor-stride is not 0x%lx",
                             fdt_node(walk)->name, FDT_REDISTRIBUTOR_SIZE);
    }
    uint32_t regions = fdt_cell(fdt_property(walk, "#redistributor-regions"), 1);
    if (regions < 1 || regions > BOOT_HARTS) {
        return firmware_fail(machine->error, STATUS_BAD_FORMAT,
                             "device tree: %s: %u redistributor regions", fdt_node(walk)->name,
                             regions);
    }
    return fdt_physical(walk, regions, &range, machine->error);
}

// Distributor and CPU interface, or distributor and redistributors, in this order
// in both bindings.
static enum status parse_controller(struct fdt_machine *machine, enum boot_interrupt_kind kind) {
    const struct fdt_walk *walk = &machine->walk;
    const char *name = fdt_node(walk)->name;
    struct boot_info *out = machine->out;
    if (out->interrupt.kind != BOOT_INTERRUPT_NONE) {
        return firmware_fail(machine->error, STATUS_UNSUPPORTED,
                             "device tree: %s: it is the second interrupt controller", name);
    }
    out->interrupt.kind = kind;
    machine->controller_phandle = fdt_cell(fdt_property(walk, "phandle"), 0);
    machine->controller_cells = fdt_cell(fdt_property(walk, "#interrupt-cells"), 0);
    if (machine->controller_cells < 3 || machine->controller_cells > 4) {
        return firmware_fail(machine->error, STATUS_UNSUPPORTED,
                             "device tree: %s: %u interrupt cells, not 3 or 4", name,
                             machine->controller_cells);
    }
    struct boot_range *parts[] = {&out->interrupt.distributor, &out->interrupt.cpu};
    for (uint32_t i = 0; i < 2; i++) {
        enum status status = fdt_physical(walk, i, parts[i], machine->error);
        if (status != STATUS_OK) {
            return status;
        }
        if (parts[i]->base % FIRMWARE_PAGE != 0 || parts[i]->size % FIRMWARE_PAGE != 0) {
            return firmware_fail(machine->error, STATUS_BAD_FORMAT,
                                 "device tree: %s: 0x%lx with size 0x%lx is not whole pages", name,
                                 parts[i]->base, parts[i]->size);
        }
    }
    return kind == BOOT_INTERRUPT_GICV3 ? check_redistributors(machine) : STATUS_OK;
}

// Devices are known by what they are compatible with, wherever they stand.
static enum status visit_device(struct fdt_machine *machine) {
    const struct fdt_walk *walk = &machine->walk;
    if (is_compatible(walk, "arm,pl011")) {
        return parse_console(machine);
    }
    if (is_compatible(walk, "arm,gic-v3")) {
        return parse_controller(machine, BOOT_INTERRUPT_GICV3);
    }
    if (is_compatible(walk, "arm,gic-400") || is_compatible(walk, "arm,cortex-a15-gic")) {
        return parse_controller(machine, BOOT_INTERRUPT_GICV2);
    }
    if (is_compatible(walk, "arm,psci-0.2") || is_compatible(walk, "arm,psci-1.0")) {
        return parse_psci(machine);
    }
    if (is_compatible(walk, "arm,armv8-timer") && !machine->timer.found) {
        parse_timer(machine);
    }
    return STATUS_OK;
}

// What is disabled, or inside of something disabled, is not there.
enum status fdt_visit(struct fdt_machine *machine) {
    const struct fdt_walk *walk = &machine->walk;
    if (!fdt_node(walk)->enabled) {
        return STATUS_OK;
    }
    struct fdt_value type = fdt_property(walk, "device_type");
    if (walk->depth == 2 && fdt_is(type, "memory")) {
        return parse_memory(machine);
    }
    if (below_top(walk, "cpus") && fdt_is(type, "cpu")) {
        return parse_cpu(machine);
    }
    if (below_top(walk, "reserved-memory")) {
        return parse_reserved(machine);
    }
    return visit_device(machine);
}
