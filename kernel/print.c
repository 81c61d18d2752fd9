// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The debug line, panics and failed checks. The debug line falls silent once the
// console driver runs; panics and what machine_control says come out all the same.
#include <stdarg.h>

#include "kernel/check.h"
#include "kernel/device.h"
#include "kernel/hart.h"
#include "kernel/lock.h"
#include "lib/string/text.h"

constexpr size_t LINE_MOST = 256;

static struct lock line_lock;
static _Atomic bool quiet;
static _Atomic bool panicking;

// Whole lines, so that harts do not mix theirs.
static void line_write(const char *text) {
    for (; *text != '\0'; text++) {
        if (*text == '\n') {
            arch_serial_write('\r');
        }
        arch_serial_write(*text);
    }
}

static void line_format(const char *format, va_list arguments) {
    char line[LINE_MOST];
    text_line(line, sizeof line, format, arguments);
    lock_acquire(&line_lock);
    line_write(line);
    lock_release(&line_lock);
}

void print_quiet(void) {
    atomic_store_explicit(&quiet, true, memory_order_relaxed);
}

void print(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    if (!atomic_load_explicit(&quiet, memory_order_relaxed)) {
        line_format(format, arguments);
    }
    va_end(arguments);
}

void print_always(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    line_format(format, arguments);
    va_end(arguments);
}

void panic(const char *format, ...) {
    // The first one speaks; a panic inside a panic, or of another hart, just stops.
    if (atomic_exchange_explicit(&panicking, true, memory_order_acq_rel)) {
        arch_halt();
    }
    char line[LINE_MOST];
    va_list arguments;
    va_start(arguments, format);
    text_line(line, sizeof line, format, arguments);
    va_end(arguments);
    line_write("\npanic: ");
    line_write(line);
    line_write("\n");
    for (uint32_t i = 0; i < BOOT_HARTS; i++) {
        if (atomic_load(&hart_at(i)->online) && hart_at(i) != arch_hart()) {
            arch_hart_halt(i);
        }
    }
    arch_halt();
}

void check_failed(const char *file, int line, const char *condition) {
    panic("%s:%d: the kernel broke its own rule: %s", file, line, condition);
}

[[noreturn]] void __stack_chk_fail(void);
void __stack_chk_fail(void) {
    panic("a kernel stack was overwritten");
}
