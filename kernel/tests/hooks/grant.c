// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// An interrupt line and ports that do nothing, so that tests can use every operation on
// them without taking the console's away from its driver. Made when first asked for.
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

enum status grant_device(bool line, uint64_t *a) {
    struct task *task = thread_current()->task;
    lock_acquire(&books);
    if (irq == nullptr) {
        irq = irq_make(reticle_first(), line_find());
        ports = device_make(reticle_first(), true, PORTS, PORT_COUNT);
    }
    enum status status = table_reserve(task, 1);
    if (status == STATUS_OK) {
        struct object *object = line ? &irq->object : &ports->object;
        uint32_t use = line ? (uint32_t)RIGHT_IRQ_USE : (uint32_t)RIGHT_DEVICE_USE;
        struct slot *slot = table_take(task);
        slot_fill(slot, object, object->class, RIGHT_COPY | RIGHT_PASS | RIGHT_INSPECT | use, 0,
                  &object->tree);
        a[1] = table_handle(task, slot);
        a[2] = line ? irq->line : PORTS;
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
