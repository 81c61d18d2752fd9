// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Syscalls on devices, interrupts and the machine; and futexes.
#include "kernel/check.h"
#include "kernel/device.h"
#include "kernel/schedule.h"
#include "kernel/syscall.h"

constexpr uint64_t PORT_WRITE = 16; // added to the width

enum status sys_device_port(struct thread *self, uint64_t *a) {
    uint64_t offset = a[1], value = a[3];
    uint32_t width = (uint32_t)(a[2] & 15);
    struct object *object;
    enum status status = lookup(self->task, a[0], CLASS_DEVICE, RIGHT_DEVICE_USE, &object);
    if (status != STATUS_OK) {
        return status;
    }
    const struct device *device = (const struct device *)object;
    bool sound = device->ports && (width == 1 || width == 2 || width == 4) &&
                 a[2] <= PORT_WRITE + 4 && offset < device->size && width <= device->size - offset;
    if (!sound) {
        return STATUS_BAD_ARGUMENT;
    }
    uint16_t port = (uint16_t)(device->base + offset);
    if (a[2] >= PORT_WRITE) {
        a[1] = 0;
        return arch_port_write(port, width, (uint32_t)value);
    }
    uint32_t read = 0;
    status = arch_port_read(port, width, &read);
    if (status == STATUS_OK) {
        a[1] = read;
    }
    return status;
}

static enum status irq_of(struct thread *self, uint64_t handle, struct irq **out) REQUIRES_BOOKS {
    struct slot *slot;
    enum status status = lookup_class(self->task, handle, CLASS_IRQ, RIGHT_IRQ_USE, &slot);
    if (status == STATUS_OK) {
        *out = (struct irq *)slot->object;
    }
    return status;
}

enum status sys_irq_watch(struct thread *self, uint64_t *a) {
    uint32_t bit;
    enum status status = bit_of(a[1], &bit);
    if (status != STATUS_OK) {
        return status;
    }
    lock_acquire(&books);
    struct irq *irq;
    status = irq_of(self, a[0], &irq);
    if (status == STATUS_OK) {
        watch_bind(&irq->watch, self, bit);
        atomic_store_explicit(&irq->fired, false, memory_order_relaxed);
        if (bit == WATCH_NONE) {
            arch_irq_close(irq->line);
        } else {
            arch_irq_open(irq->line);
        }
    }
    lock_release(&books);
    return status;
}

enum status sys_irq_acknowledge(struct thread *self, uint64_t *a) {
    lock_acquire(&books);
    struct irq *irq;
    enum status status = irq_of(self, a[0], &irq);
    if (status == STATUS_OK) {
        bool fired = atomic_exchange_explicit(&irq->fired, false, memory_order_acq_rel);
        status = fired ? STATUS_OK : STATUS_BAD_STATE;
        if (fired) {
            arch_irq_open(irq->line);
        }
    }
    lock_release(&books);
    return status;
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

enum status sys_machine_control(struct thread *self, uint64_t *a) {
    constexpr uint64_t STATUS_MOST = 125;
    uint64_t action = a[1];
    bool power = action == MACHINE_POWER_OFF || action == MACHINE_RESET;
    struct object *object;
    enum status status = lookup(self->task, a[0], CLASS_MACHINE,
                                power ? RIGHT_MACHINE_POWER : RIGHT_MACHINE_CONSOLE, &object);
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
    default:
        return STATUS_BAD_ARGUMENT;
    }
}

// --------------------------------------------------------------------- futexes

enum status sys_futex_wait(struct thread *self, uint64_t *a) {
    uint64_t address = a[0];
    uint32_t value;
    // Address 0 would also say that the thread stands in no bucket.
    if (address % sizeof value != 0 || address < USER_BASE || address >= USER_TOP) {
        return STATUS_BAD_ADDRESS;
    }
    // In the bucket first, so that a wake between the look and the sleep is not lost.
    futex_enter(self, address);
    enum status status = copy_from_user(&value, address, sizeof value);
    if (status == STATUS_OK && value != (uint32_t)a[1]) {
        status = STATUS_AGAIN;
    } else if (status == STATUS_OK && a[2] != TIME_NEVER && a[2] <= arch_time_now()) {
        status = STATUS_TIMED_OUT;
    }
    if (status != STATUS_OK) {
        (void)futex_leave(self);
        return status;
    }
    atomic_store_explicit(&self->state, THREAD_SLEEPING, memory_order_release);
    schedule_deadline(self, a[2]);
    // A waker on another hart may have come between entering and sleeping: it left the
    // thread in the inbox, which kernel_leave looks at. It only acts on a sleeper.
    return STATUS_BLOCKED;
}

enum status sys_futex_wake(struct thread *self, uint64_t *a) {
    if (a[0] % sizeof(uint32_t) != 0 || a[0] < USER_BASE || a[0] >= USER_TOP) {
        return STATUS_BAD_ADDRESS;
    }
    uint64_t count = a[1];
    a[1] = futex_wake(self->task, a[0], count < UINT32_MAX ? (uint32_t)count : UINT32_MAX);
    return STATUS_OK;
}
