// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// What stands for hardware: a range of device registers or ports, an interrupt line,
// and the machine itself (power, reset, the debug line). The kernel makes them once, at
// boot, for the root Task; they never die, only capabilities to them do.
//
// Guard: books, except that an interrupt reads its watch without it.
#pragma once

#include "kernel/capability.h"
#include "kernel/watch.h"

struct device {
    struct object object;
    bool ports;
    uint64_t base, size; // bytes, or ports
};

struct irq {
    struct object object;
    uint32_t line;
    _Atomic bool fired; // closed since; irq_acknowledge opens it again
    struct watch watch;
};

// In the first Reticle; panics when there is no room. The machine is an object and no more.
struct device *device_make(struct reticle *reticle, bool ports, uint64_t base,
                           uint64_t size) REQUIRES_BOOKS;
struct irq *irq_make(struct reticle *reticle, uint32_t line) REQUIRES_BOOKS;

// The debug line: silent until told otherwise, but for panics and machine_say.
void print_quiet(void);
void print_always(const char *format, ...) __attribute__((format(printf, 1, 2)));
