// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The serial device under the console: 16550.c on x86_64, pl011.c on aarch64;
// the build picks one. Bytes that the device has received are never thrown away,
// also not by opening it: a restarted driver reads what its predecessor left.
#pragma once

#include <stdint.h>

#include "abi/status.h"

enum uart_interrupt : uint32_t {
    UART_RECEIVED = 1 << 0, // a byte can be read
    UART_SPACE = 1 << 1,    // bytes can be written
};

struct uart {
    uint64_t device;     // the Device's handle
    uint64_t base;       // where its registers are mapped; unused with ports
    uint32_t interrupts; // enum uart_interrupt: those that are on
    uint32_t depth;      // bytes that fit when the device says that it is empty
};

// Sets the device up, interrupts off. Statuses of memory_map and device_port.
[[nodiscard]] enum status uart_open(struct uart *uart, uint64_t device);

// Takes a received byte; false if there is none.
[[nodiscard]] bool uart_read(struct uart *uart, uint8_t *byte);

// How many bytes can be written now without looking again.
[[nodiscard]] uint32_t uart_space(struct uart *uart);
// Writes a byte that there is space for.
void uart_write(struct uart *uart, uint8_t byte);

// Chooses the interrupts that the device asserts. The line falls when their
// causes are gone or are not chosen.
void uart_choose(struct uart *uart, uint32_t interrupts);
