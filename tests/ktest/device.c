// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The console's device, as any holder of the capability may try it: reads that
// change nothing, and everything that must be refused. The driver has it too.
#include "lib/vectra/bundle.h"
#include "tests/ktest/child.h"

constexpr uint64_t WRITE_BYTE = 16 + 1; // device_port's width for writing

// Offset 5 of a 16550 is the line status: reading it changes nothing that matters.
static void ports(uint64_t device, uint64_t size) {
    uint64_t value;
    static const uint64_t widths[] = {0, 3, 5, 8, 15, 16, 18 + 32, UINT64_MAX};
    for (size_t i = 0; i < sizeof widths / sizeof widths[0]; i++) {
        if (widths[i] != 16) {
            (void)CHECK_STATUS(sys_device_port(device, 5, widths[i], 0, &value),
                               STATUS_BAD_ARGUMENT);
        }
    }
    (void)CHECK_STATUS(sys_device_port(device, size, 1, 0, &value), STATUS_BAD_ARGUMENT);
    (void)CHECK_STATUS(sys_device_port(device, size - 1, 2, 0, &value), STATUS_BAD_ARGUMENT);
    (void)CHECK_STATUS(sys_device_port(device, UINT64_MAX, 1, 0, &value), STATUS_BAD_ARGUMENT);
    (void)CHECK_STATUS(sys_device_port(device, UINT64_MAX, WRITE_BYTE, 0, &value),
                       STATUS_BAD_ARGUMENT);
    (void)CHECK_OK(sys_device_port(device, 5, 1, 0, &value));
    (void)CHECK(value <= 0xff);
    // Offset 7 is a byte for whoever wants it: each width reaches it with its neighbours.
    uint64_t four, other;
    (void)CHECK_OK(sys_device_port(device, 4, 4, 0, &four));
    (void)CHECK_OK(sys_device_port(device, 4, 16 + 4, (four & 0xffffff) | 0x5a000000, &value));
    (void)CHECK_OK(sys_device_port(device, 6, 2, 0, &other));
    (void)CHECK_EQ(other >> 8, 0x5a);
    (void)CHECK_OK(sys_device_port(device, 6, 16 + 2, (other & 0xff) | 0xa500, &value));
    (void)CHECK_OK(sys_device_port(device, 7, 1, 0, &value));
    (void)CHECK_EQ(value, 0xa5);
    // Ports are not memory.
    (void)CHECK_STATUS(sys_memory_map(0, device, AREA, 0, PAGE_SIZE, MAP_READ, &value),
                       STATUS_BAD_ARGUMENT);
}

static void registers(uint64_t device, uint64_t size) {
    uint64_t view, value;
    (void)CHECK(sys_device_port(device, 0, 1, 0, &value) != STATUS_OK);
    (void)CHECK_STATUS(sys_memory_map(0, device, AREA, 0, PAGE_SIZE, MAP_READ | MAP_EXECUTE, &view),
                       STATUS_BAD_ARGUMENT);
    (void)CHECK_STATUS(sys_memory_map(0, device, AREA, 0, size + PAGE_SIZE, MAP_READ, &view),
                       STATUS_BAD_ARGUMENT);
    (void)CHECK_STATUS(sys_memory_map(0, device, AREA, size, PAGE_SIZE, MAP_READ, &view),
                       STATUS_BAD_ARGUMENT);
    if (CHECK_OK(sys_memory_map(0, device, AREA, 0, PAGE_SIZE, MAP_READ, &view))) {
        // Offset 0x18 of a PL011 is the flag register.
        (void)CHECK((*(volatile uint32_t *)(AREA + 0x18) & ~UINT32_C(0x1ff)) == 0);
        drop(view);
    }
}

static void console(void) {
    uint64_t device, description, object, size, detail;
    if (bundle_find("device.console", CLASS_DEVICE, &device) != STATUS_OK) {
        return; // this machine has none
    }
    (void)CHECK_OK(sys_handle_info(device, &description, &object, &size, &detail));
    (void)CHECK((description & INFO_OWNER) == 0);
    if (size < PAGE_SIZE) {
        ports(device, size);
    } else {
        registers(device, size);
    }
}

TESTS(device, {"console", console});
