// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Syscalls on devices, interrupts and the machine.
#include "kernel/check.h"
#include "kernel/device.h"
#include "kernel/schedule.h"
#include "kernel/syscall.h"
#include "kernel/trace.h"

constexpr uint64_t PORT_WRITE = 16; // added to the width

enum status sys_device_port(struct thread *, void *object, uint64_t *a) {
    const struct device *device = object;
    uint64_t offset = a[1], value = a[3];
    uint32_t width = (uint32_t)(a[2] & 15);
    bool sound = device->ports && (width == 1 || width == 2 || width == 4) &&
                 a[2] <= PORT_WRITE + 4 && offset < device->size && width <= device->size - offset;
    if (!sound) {
        return STATUS_BAD_ARGUMENT;
    }
    uint16_t port = (uint16_t)(device->base + offset);
    if (a[2] >= PORT_WRITE) {
        arch_port_write(port, width, (uint32_t)value);
        a[1] = 0;
    } else {
        a[1] = arch_port_read(port, width);
    }
    return STATUS_OK;
}

enum status sys_irq_watch(struct thread *self, void *object, uint64_t *a) {
    struct irq *irq = object;
    enum status status = watch_named(self, a[1], &irq->watch);
    if (status != STATUS_OK) {
        return status;
    }
    atomic_store_explicit(&irq->fired, false, memory_order_relaxed);
    if (a[1] == UINT64_MAX) {
        arch_irq_close(irq->line);
    } else {
        arch_irq_open(irq->line);
    }
    return STATUS_OK;
}

enum status sys_irq_acknowledge(struct thread *, void *object, uint64_t *) {
    struct irq *irq = object;
    if (!atomic_exchange_explicit(&irq->fired, false, memory_order_acq_rel)) {
        return STATUS_BAD_STATE;
    }
    arch_irq_open(irq->line);
    return STATUS_OK;
}

// --------------------------------------------------------------------- machine

// A text of a program on the debug line: printable bytes only, one line.
static enum status say(uint64_t address) {
    constexpr size_t SAY_MOST = 120;
    char text[SAY_MOST + 1] = {};
    for (size_t i = 0; i < SAY_MOST; i++) {
        enum status status = copy_from_user(&text[i], address + i, 1);
        if (status != STATUS_OK) {
            return status;
        }
        if (text[i] == '\0') {
            break;
        }
        if (text[i] < ' ' || text[i] > '~') {
            text[i] = '?';
        }
    }
    print_always("%s\n", text);
    return STATUS_OK;
}

enum status sys_machine_control(struct thread *self, void *object, uint64_t *a) {
    constexpr uint64_t STATUS_MOST = 123;
    uint64_t action = a[1];
    uint32_t right = action < MACHINE_QUIET   ? RIGHT_MACHINE_POWER
                     : action < MACHINE_TRACE ? RIGHT_MACHINE_CONSOLE
                                              : RIGHT_MACHINE_TRACE;
    struct object *machine = object;
    enum status status = lookup(self->task, a[0], CLASS_MACHINE, right, &machine);
    if (status != STATUS_OK) {
        return status;
    }
    switch (action) {
    case MACHINE_POWER_OFF:
        if (a[2] > STATUS_MOST) {
            return STATUS_BAD_ARGUMENT;
        }
        print_always("vectra: power off, status %lu\n", a[2]);
        arch_power_off();
    case MACHINE_RESET:
        print_always("vectra: reboot\n");
        arch_reset();
    case MACHINE_QUIET:
        print_quiet();
        return STATUS_OK;
    case MACHINE_SAY:
        return say(a[2]);
    case MACHINE_TRACE:
    case MACHINE_TRACE_END:
        return trace_control(self, a);
    default:
        return STATUS_BAD_ARGUMENT;
    }
}
