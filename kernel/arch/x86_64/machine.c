// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The machine around the processor: debug line, power, ports; and arch_init, which
// brings up the rest in order.
#include "cpu.h"

// 16550 registers, offsets from its port.
enum serial_register : uint16_t {
    SERIAL_DATA = 0,
    SERIAL_DIVISOR = 0, // while bit 7 of the line control is set
    SERIAL_INTERRUPTS = 1,
    SERIAL_DIVISOR_HIGH = 1,
    SERIAL_LINE = 3,
    SERIAL_MODEM = 4,
    SERIAL_STATUS = 5,
};
constexpr uint8_t STATUS_ROOM = 1 << 5;
constexpr uint16_t SERIAL_COM1 = 0x3f8; // until the firmware's word is known
constexpr uint32_t SERIAL_STEPS = 100'000;

constexpr uint64_t POWER_WAIT = 100'000'000; // nanoseconds

static uint16_t serial;

// 115200 baud, 8N1, FIFO on, no interrupts. A port of 0 stands for COM1.
void serial_init(uint16_t port) {
    serial = port != 0 ? port : SERIAL_COM1;
    arch_port_write(serial + SERIAL_INTERRUPTS, 1, 0);
    arch_port_write(serial + SERIAL_LINE, 1, 0x83);
    arch_port_write(serial + SERIAL_DIVISOR, 1, 1);
    arch_port_write(serial + SERIAL_DIVISOR_HIGH, 1, 0);
    arch_port_write(serial + SERIAL_LINE, 1, 0x03);
    // The FIFO stays as it is: changing it would drop what was typed already.
    arch_port_write(serial + SERIAL_MODEM, 1, 0x0b);
}

void arch_serial_write(char c) {
    for (uint32_t i = 0; i < SERIAL_STEPS; i++) {
        if ((arch_port_read(serial + SERIAL_STATUS, 1) & STATUS_ROOM) != 0) {
            arch_port_write(serial + SERIAL_DATA, 1, (uint8_t)c);
            return;
        }
        arch_pause();
    }
}

void arch_init(const struct boot_info *info) {
    paging_stacks(info->hart_count);
    float_init();
    interrupt_init(info);
    time_init();
}

// Writes what the firmware asks for, and gives each time to work.
static void firmware_writes(const struct firmware_write *writes, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        arch_port_write(writes[i].port, writes[i].width, writes[i].value);
        delay(POWER_WAIT);
    }
}

// ACPI S5. Where it is unknown or does not work the machine stands still, which
// is nearer to "off" than a reset.
void arch_power_off(void) {
    struct firmware_write writes[2];
    firmware_writes(writes, firmware_power_off(&boot, writes));
    print("x86_64: the machine can be switched off now\n");
    arch_halt();
}

// The firmware's ways, and a triple fault.
void arch_reset(void) {
    struct firmware_write writes[2];
    firmware_writes(writes, firmware_reset(&boot, writes));
    __asm__ volatile("lidt %0; int3" ::"m"((struct descriptor_table){}));
    arch_halt();
}

bool random_word(uint64_t *word) {
    bool good = false;
    if (features.random) {
        __asm__ volatile("rdrand %0" : "=r"(*word), "=@ccc"(good));
    }
    return good;
}

uint32_t arch_port_read(uint16_t port, uint32_t width) {
    uint32_t value = 0;
    if (width == 1) {
        __asm__ volatile("inb %w1, %b0" : "+a"(value) : "Nd"(port));
    } else if (width == 2) {
        __asm__ volatile("inw %w1, %w0" : "+a"(value) : "Nd"(port));
    } else {
        __asm__ volatile("inl %w1, %0" : "=a"(value) : "Nd"(port));
    }
    return value;
}

void arch_port_write(uint16_t port, uint32_t width, uint32_t value) {
    if (width == 1) {
        __asm__ volatile("outb %b0, %w1" ::"a"(value), "Nd"(port));
    } else if (width == 2) {
        __asm__ volatile("outw %w0, %w1" ::"a"(value), "Nd"(port));
    } else {
        __asm__ volatile("outl %0, %w1" ::"a"(value), "Nd"(port));
    }
}
