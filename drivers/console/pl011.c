// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Arm PrimeCell UART (PL011), ARM DDI 0183, chapter 3. Speed is what the
// firmware or the kernel's debug line has set.
#include "drivers/console/uart.h"

#include "abi/capability.h"
#include "abi/layout.h"
#include "lib/vectra/address.h"
#include "lib/vectra/syscall.h"

enum register_offset : uint32_t {
    DATA = 0x00,
    FLAGS = 0x18,
    LINE_CONTROL = 0x2c,
    CONTROL = 0x30,
    INTERRUPT_MASK = 0x38, // a set bit lets the interrupt through
};

constexpr uint32_t FLAG_RECEIVE_EMPTY = 1 << 4;
constexpr uint32_t FLAG_TRANSMIT_FULL = 1 << 5;
constexpr uint32_t LINE_FIFO = 1 << 4;
constexpr uint32_t LINE_8_BITS = 3 << 5;
constexpr uint32_t CONTROL_ON = 1 << 0 | 1 << 8 | 1 << 9; // the UART, transmit, receive
constexpr uint32_t INTERRUPT_RECEIVE = 1 << 4;
constexpr uint32_t INTERRUPT_TRANSMIT = 1 << 5;
constexpr uint32_t INTERRUPT_TIMEOUT = 1 << 6; // bytes below the FIFO's trigger level wait

// Device memory: each access is one of its own, 32 bits wide, in program order.
static uint32_t get(const struct uart *uart, enum register_offset offset) {
    return *(volatile uint32_t *)(uart->base + offset);
}

static void put(const struct uart *uart, enum register_offset offset, uint32_t value) {
    *(volatile uint32_t *)(uart->base + offset) = value;
}

enum status uart_open(struct uart *uart, uint64_t device) {
    *uart = (struct uart){.device = device};
    uint64_t view;
    enum status status = address_take(PAGE_SIZE, &uart->base);
    if (status == STATUS_OK) {
        status = sys_memory_map(0, device, uart->base, 0, PAGE_SIZE, MAP_READ | MAP_WRITE, &view);
    }
    if (status != STATUS_OK) {
        return status;
    }
    put(uart, INTERRUPT_MASK, 0);
    // The FIFOs stay as they are: switching them on empties them, and what comes in that
    // moment is lost.
    put(uart, LINE_CONTROL, LINE_8_BITS | (get(uart, LINE_CONTROL) & LINE_FIFO));
    uart->depth = 1; // the flags say only whether a byte fits, not how many
    put(uart, CONTROL, CONTROL_ON);
    return STATUS_OK;
}

bool uart_read(struct uart *uart, uint8_t *byte) {
    if (get(uart, FLAGS) & FLAG_RECEIVE_EMPTY) {
        return false;
    }
    *byte = (uint8_t)get(uart, DATA);
    return true;
}

uint32_t uart_space(struct uart *uart) {
    return get(uart, FLAGS) & FLAG_TRANSMIT_FULL ? 0 : uart->depth;
}

void uart_write(struct uart *uart, uint8_t byte) {
    put(uart, DATA, byte);
}

// The device raises its lines again as long as their causes last: nothing to clear.
void uart_choose(struct uart *uart, uint32_t interrupts) {
    if (interrupts == uart->interrupts) {
        return;
    }
    uart->interrupts = interrupts;
    put(uart, INTERRUPT_MASK,
        (interrupts & UART_RECEIVED ? INTERRUPT_RECEIVE | INTERRUPT_TIMEOUT : 0) |
            (interrupts & UART_SPACE ? INTERRUPT_TRANSMIT : 0));
}
