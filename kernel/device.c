// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Devices, interrupt lines, the machine. See device.h.
#include "kernel/device.h"

#include "kernel/check.h"
#include "kernel/reticle.h"
#include "kernel/schedule.h"
#include "kernel/trace.h"

// Lines that have an object, found by number when one fires. Few: what the boot
// information names.
constexpr uint32_t IRQ_MOST = 16;
static struct irq *irqs[IRQ_MOST];
static _Atomic uint32_t irq_count;

struct device *device_make(struct reticle *reticle, bool ports, uint64_t base, uint64_t size) {
    struct device *device = object_boot(reticle, CLASS_DEVICE);
    device->ports = ports;
    device->base = base;
    device->size = size;
    return device;
}

struct irq *irq_make(struct reticle *reticle, uint32_t line) {
    struct irq *irq = object_boot(reticle, CLASS_IRQ);
    uint32_t count = atomic_load_explicit(&irq_count, memory_order_relaxed);
    check(count < IRQ_MOST);
    irq->line = line;
    irqs[count] = irq;
    atomic_store_explicit(&irq_count, count + 1, memory_order_release);
    return irq;
}

[[gnu::noinline]] void kernel_irq(uint32_t line) {
    schedule_wake_from_idle();
    uint32_t count = atomic_load_explicit(&irq_count, memory_order_acquire);
    trace(TRACE_INTERRUPT, line, 0);
    arch_irq_close(line);
    for (uint32_t i = 0; i < count; i++) {
        if (irqs[i]->line == line) {
            atomic_store_explicit(&irqs[i]->fired, true, memory_order_release);
            watch_raise(&irqs[i]->watch);
        }
    }
}
