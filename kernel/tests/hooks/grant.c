// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// An interrupt line and ports that do nothing, and a machine without power, so that tests
// can use every operation on them and harm nobody. Made when first asked for.
#include <hooks.h>

#include "kernel/capability.h"
#include "kernel/check.h"
#include "kernel/device.h"
#include "kernel/reticle.h"
#include "kernel/schedule.h"
#include "kernel/task.h"
#include "kernel/tests/hooks/own.h"

constexpr uint64_t PORTS = 0x80; // a PC's diagnostic port and what follows
constexpr uint64_t PORT_COUNT = 16;

static struct irq *irq;
static struct device *ports;
static struct object *machine;

// Nothing stands at these, on a PC and on the other machine.
static uint32_t line_find(void) {
    static const uint32_t lines[] = {10, 79};
    for (uint32_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        if (arch_irq_check(lines[i]) == STATUS_OK) {
            return lines[i];
        }
    }
    panic("no interrupt line is free for tests");
}

static struct object *object_of(uint64_t topic, uint32_t *rights) REQUIRES_BOOKS {
    if (irq == nullptr) {
        irq = irq_make(reticle_first(), line_find());
        ports = device_make(reticle_first(), true, PORTS, PORT_COUNT);
        machine = object_boot(reticle_first(), CLASS_MACHINE);
    }
    *rights = RIGHT_COPY | RIGHT_PASS | RIGHT_INSPECT;
    switch (topic) {
    case HOOK_TOPIC_IRQ:
        *rights |= RIGHT_IRQ_USE;
        return &irq->object;
    case HOOK_TOPIC_PORTS:
        *rights |= RIGHT_DEVICE_USE;
        return &ports->object;
    default:
        *rights |= RIGHT_MACHINE_CONSOLE;
        return machine;
    }
}

enum status grant_device(uint64_t topic, uint64_t *a) {
    struct task *task = thread_current()->task;
    lock_acquire(&books);
    enum status status = table_reserve(task, 1);
    if (status == STATUS_OK) {
        uint32_t rights;
        struct object *object = object_of(topic, &rights);
        struct slot *slot = table_take(task);
        slot_fill(slot, object, object->class, rights, 0, &object->tree);
        a[1] = table_handle(task, slot);
    }
    lock_release(&books);
    return status;
}

enum status grant_raise(void) {
    if (irq == nullptr) {
        return STATUS_NOT_FOUND;
    }
    kernel_irq(irq->line);
    return STATUS_OK;
}
