// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// A holder of the console's device that leaves it in as bad a state as it can: what is sent
// comes back, no interrupts, five bits, the slowest rate. Then the driver dies, and the next
// one has to make a console of that. tests/system/hostile.sh runs it.
#include "abi/capability.h"
#include "abi/layout.h"
#include "lib/vectra/address.h"
#include "lib/vectra/bundle.h"
#include "lib/vectra/program.h"
#include "lib/vectra/syscall.h"
#include "services/initd/tests/asking.h"

// A device of ports is a 16550, one of registers a PL011: as in the drivers.
static void spoil_16550(uint64_t device) {
    static const struct {
        uint8_t offset, value;
    } writes[] = {
        {1, 0},    // no interrupts
        {4, 0x10}, // loop-back, OUT2 off
        {2, 0xc1}, // an interrupt for 14 bytes, or after the time of four
        {3, 0x80}, // the next two are the divisor
        {0, 0xff}, {1, 0xff},
    };
    uint64_t unused, status = 0;
    while ((status & 1 << 6) == 0 && // what was said before has gone out
           sys_device_port(device, 5, 1, 0, &status) == STATUS_OK) {
    }
    for (uint32_t i = 0; i < sizeof writes / sizeof writes[0]; i++) {
        (void)sys_device_port(device, writes[i].offset, 16 + 1, writes[i].value, &unused);
    }
}

static bool spoil_pl011(uint64_t device) {
    uint64_t base, view;
    if (address_take(PAGE_SIZE, &base) != STATUS_OK ||
        sys_memory_map(0, device, base, 0, PAGE_SIZE, MAP_READ | MAP_WRITE, &view) != STATUS_OK) {
        return false;
    }
    static const struct {
        uint32_t offset, value;
    } writes[] = {
        {0x38, 0},      // no interrupts
        {0x2c, 0},      // five bits, no FIFO
        {0x34, 0x12},   // interrupts when the FIFOs are half full
        {0x30, 1 << 7}, // loop-back, all else off
    };
    while ((*(volatile uint32_t *)(base + 0x18) & 1 << 3) != 0) { // it sends
    }
    for (uint32_t i = 0; i < sizeof writes / sizeof writes[0]; i++) {
        *(volatile uint32_t *)(base + writes[i].offset) = writes[i].value;
    }
    return true;
}

uint32_t program_main(void) {
    static struct endpoint terminal;
    uint64_t device = bundle_need("device.console", CLASS_DEVICE);
    uint64_t description, object, size, detail;
    struct init_entry console;
    ask_open(0);
    if (endpoint_open(&terminal, bundle_need("console", CLASS_RING), 1, 1) != STATUS_OK ||
        endpoint_await(&terminal, time_now() + ASK_PATIENCE) != STATUS_OK ||
        !ask_say(&terminal, "it spoils") || !ask_find("console", 0, &console) ||
        sys_handle_info(device, &description, &object, &size, &detail) != STATUS_OK) {
        program_fail(PROGRAM_FAILED, "not ok uart: no device\n");
    }
    if (size < PAGE_SIZE) {
        spoil_16550(device);
    } else if (!spoil_pl011(device)) {
        return PROGRAM_FAILED;
    }
    return ask_kill(console.task) == STATUS_OK ? PROGRAM_OK : PROGRAM_FAILED;
}
