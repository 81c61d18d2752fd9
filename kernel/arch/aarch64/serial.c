// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The debug line: a PL011, polled, until the console driver takes it over (Arm
// DDI 0183, chapter 3). The speed is left as the firmware set it.
#include "kernel/arch/aarch64/own.h"

enum pl011_register : uint32_t {
    PL011_DATA = 0x00,
    PL011_FLAGS = 0x18,
    PL011_LINE = 0x2c,
    PL011_CONTROL = 0x30,
    PL011_INTERRUPT_MASK = 0x38,
};
constexpr uint32_t FLAG_TRANSMIT_FULL = 1 << 5;
constexpr uint32_t LINE_FIFO = 0x10;
constexpr uint32_t LINE_8_BITS = 0x60;
constexpr uint32_t CONTROL_ENABLE_BOTH = 0x301;

// A line that takes no character for so long is dead; at 9600 baud one takes 1 ms.
constexpr uint32_t POLLS = 1'000'000;

static void *registers;

void serial_init(uint64_t base) {
    registers = window_map(base, PAGE_SIZE, PTE_DEVICE);
    mmio_write(registers, PL011_INTERRUPT_MASK, 0);
    // The FIFO stays as it is: changing it would drop what was typed already.
    mmio_write(registers, PL011_LINE, LINE_8_BITS | (mmio_read(registers, PL011_LINE) & LINE_FIFO));
    mmio_write(registers, PL011_CONTROL, CONTROL_ENABLE_BOTH);
}

void arch_serial_write(char c) {
    if (registers == nullptr) {
        return;
    }
    for (uint32_t i = 0; i < POLLS; i++) {
        if ((mmio_read(registers, PL011_FLAGS) & FLAG_TRANSMIT_FULL) == 0) {
            mmio_write(registers, PL011_DATA, (unsigned char)c);
            return;
        }
        arch_pause();
    }
    registers = nullptr;
}
