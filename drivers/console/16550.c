// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The 16550 and its compatibles behind I/O ports (National Semiconductor
// PC16550D data sheet, section 8). Speed is what the firmware or the kernel's
// debug line has set.
#include "drivers/console/uart.h"

#include "lib/vectra/syscall.h"

enum register_offset : uint32_t {
    DATA = 0, // RBR when read, THR when written
    INTERRUPT_ENABLE = 1,
    DIVISOR = 0, // these two in the place of both while bit 7 of the line control is set
    DIVISOR_HIGH = 1,
    INTERRUPT_IDENTITY = 2, // when read
    LINE_CONTROL = 3,
    MODEM_CONTROL = 4,
    LINE_STATUS = 5,
};

constexpr uint32_t ENABLE_RECEIVED = 1 << 0;
constexpr uint32_t ENABLE_EMPTY = 1 << 1;
constexpr uint32_t IDENTITY_FIFO = 0xc0; // both bits: the FIFOs are on
constexpr uint32_t LINE_8N1 = 3;
constexpr uint32_t LINE_DIVISOR = 0x80;
constexpr uint32_t RATE_115200 = 1; // as the kernel's debug line
constexpr uint32_t MODEM_ON = 0xb;  // DTR, RTS, and OUT2, which gates the interrupt on a PC
constexpr uint32_t STATUS_DATA = 1 << 0;
constexpr uint32_t STATUS_EMPTY_FIFO = 1 << 5; // all of the transmit FIFO is free
constexpr uint32_t FIFO_BYTES = 16;

constexpr uint64_t WRITE = 16; // added to the width in device_port

// A port that cannot be read, which the Device's range rules out, reads as 0: no
// data, no space, no interrupt.
static uint32_t get(const struct uart *uart, enum register_offset offset) {
    uint64_t value;
    return sys_device_port(uart->device, offset, 1, 0, &value) == STATUS_OK ? (uint32_t)value : 0;
}

static void put(const struct uart *uart, enum register_offset offset, uint32_t value) {
    uint64_t unused;
    (void)sys_device_port(uart->device, offset, 1 + WRITE, value, &unused);
}

enum status uart_open(struct uart *uart, uint64_t device) {
    *uart = (struct uart){.device = device};
    uint64_t identity;
    enum status status = sys_device_port(device, INTERRUPT_IDENTITY, 1, 0, &identity);
    if (status != STATUS_OK) {
        return status;
    }
    put(uart, LINE_CONTROL, LINE_8N1 | LINE_DIVISOR);
    put(uart, DIVISOR, RATE_115200);
    put(uart, DIVISOR_HIGH, 0);
    put(uart, LINE_CONTROL, LINE_8N1);
    put(uart, INTERRUPT_ENABLE, 0);
    put(uart, MODEM_CONTROL, MODEM_ON);
    // The FIFOs stay as they are: switching them on empties them, and what comes in that
    // moment is lost.
    uart->depth = (identity & IDENTITY_FIFO) == IDENTITY_FIFO ? FIFO_BYTES : 1;
    return STATUS_OK;
}

bool uart_read(struct uart *uart, uint8_t *byte) {
    if ((get(uart, LINE_STATUS) & STATUS_DATA) == 0) {
        return false;
    }
    *byte = (uint8_t)get(uart, DATA);
    return true;
}

// The status says only whether all of the FIFO is free, not how much of it.
uint32_t uart_space(struct uart *uart) {
    return get(uart, LINE_STATUS) & STATUS_EMPTY_FIFO ? uart->depth : 0;
}

void uart_write(struct uart *uart, uint8_t byte) {
    put(uart, DATA, byte);
}

void uart_choose(struct uart *uart, uint32_t interrupts) {
    if (interrupts == uart->interrupts) {
        return;
    }
    uart->interrupts = interrupts;
    put(uart, INTERRUPT_ENABLE,
        (interrupts & UART_RECEIVED ? ENABLE_RECEIVED : 0) |
            (interrupts & UART_SPACE ? ENABLE_EMPTY : 0));
    // The transmitter's interrupt is taken back by reading the identity.
    (void)get(uart, INTERRUPT_IDENTITY);
}
