// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// firmware_check refuses each way in which the structure can be wrong, and the
// rules for ranges hold: RAM inwards and joined, reservations outwards and
// joined, both within their arrays.

#include "lib/firmware/fake.h"
#include "lib/firmware/parse.h"
#include "tests/unit.h"

UNIT_MAIN

static struct boot_info info;
static struct firmware_error fault;

// A good structure of a machine with GICv3.
static void arm(void) {
    memset(&info, 0, sizeof(info));
    info.memory_count = 2;
    info.memory[0] = (struct boot_range){0x40000000, 0x1000000};
    info.memory[1] = (struct boot_range){0x50000000, 0x1000};
    info.reserved_count = 1;
    info.reserved[0] = (struct boot_range){0x40000000, 0x2000};
    info.package = (struct boot_range){0x40000010, 0x1010};
    info.hart_count = 2;
    info.hart_id[1] = 0x100;
    info.console.kind = BOOT_CONSOLE_PL011;
    info.console.base = 0x9000000;
    info.console.size = 0x1000;
    info.console.irq = 33;
    info.interrupt.kind = BOOT_INTERRUPT_GICV3;
    info.interrupt.distributor = (struct boot_range){0x8000000, 0x10000};
    info.interrupt.cpu = (struct boot_range){0x80a0000, 0xf60000};
    info.interrupt.timer_irq = 27;
    info.power.conduit = BOOT_CONDUIT_HVC;
}

// The same with APICs.
static void pc(void) {
    arm();
    info.console.kind = BOOT_CONSOLE_16550_PORT;
    info.console.base = 0x3f8;
    info.console.size = 8;
    info.interrupt.kind = BOOT_INTERRUPT_APIC;
    info.interrupt.distributor = (struct boot_range){0xfee00000, 0x1000};
    info.interrupt.cpu = (struct boot_range){};
    info.interrupt.timer_irq = 0;
    info.interrupt.input_count = 2;
    info.interrupt.input[0].base = 0xfec00000;
    info.interrupt.input[1].base = 0xfec01000;
    info.interrupt.input[1].first = 24;
    info.interrupt.route_count = 2;
    info.interrupt.route[1].isa = 9;
    info.power.conduit = BOOT_CONDUIT_NONE;
}

#define REFUSES(machine, change) \
    do { \
        machine(); \
        CHECK_EQ(firmware_check(&info), STATUS_OK); \
        info.change; \
        CHECK_EQ(firmware_check(&info), STATUS_BAD_FORMAT); \
    } while (0)

TEST(check_memory) {
    REFUSES(arm, memory_count = 0);
    REFUSES(arm, memory_count = BOOT_RANGES + 1);
    REFUSES(arm, memory[0].base++);
    REFUSES(arm, memory[1].size--);
    REFUSES(arm, memory[1].size = 0);
    REFUSES(arm, memory[1].base = 0x41000000); // touches
    REFUSES(arm, memory[1].base = 0x30000000); // not sorted
    REFUSES(arm, memory[1].base = UINT64_MAX - 4095);
}

TEST(check_reserved_and_package) {
    REFUSES(arm, reserved_count = BOOT_RANGES + 1);
    REFUSES(arm, reserved[0].base = 1);
    REFUSES(arm, reserved[0].size = 0);
    REFUSES(arm, reserved[0].size = 0x1000); // the package is not all in it
    REFUSES(arm, package.base = 0x48000000);
    REFUSES(arm, package.base = UINT64_MAX - 1);
    REFUSES(arm, package.size = 0); // and a base
}

TEST(check_harts) {
    REFUSES(arm, hart_count = 0);
    REFUSES(arm, hart_count = BOOT_HARTS + 1);
    REFUSES(arm, hart_id[1] = 0);
    REFUSES(arm, hart_id[1] = 0x81000000);
    REFUSES(pc, hart_id[1] = 0x100000000);
}

TEST(check_console) {
    REFUSES(arm, console.kind = BOOT_CONSOLE_NONE);
    REFUSES(arm, console.base = 0);
    REFUSES(arm, console.base = 0x9000010);
    REFUSES(arm, console.size = 0x800);
    REFUSES(arm, console.base = UINT64_MAX - 4095);
    REFUSES(arm, console.irq = 15);
    REFUSES(arm, console.irq = 1020);
    REFUSES(pc, console.base = 0);
    REFUSES(pc, console.base = 0xfff9);
    REFUSES(pc, console.size = 4);
}

TEST(check_gic) {
    REFUSES(arm, interrupt.kind = BOOT_INTERRUPT_NONE);
    REFUSES(arm, interrupt.distributor.base = 1);
    REFUSES(arm, interrupt.distributor.size = 0);
    REFUSES(arm, interrupt.cpu.size = 1);
    REFUSES(arm, interrupt.cpu.base = 1);
    REFUSES(arm, interrupt.input_count = 1);
    REFUSES(arm, interrupt.route_count = 1);
    REFUSES(arm, interrupt.timer_irq = 15);
    REFUSES(arm, interrupt.timer_irq = 32);
    REFUSES(arm, power.conduit = BOOT_CONDUIT_NONE);
    arm();
    info.interrupt.kind = BOOT_INTERRUPT_GICV2;
    info.hart_count = 1;
    info.power.conduit = BOOT_CONDUIT_NONE;
    CHECK_EQ(firmware_check(&info), STATUS_OK);
}

TEST(check_apic) {
    REFUSES(pc, interrupt.distributor.base = 0xfee00001);
    REFUSES(pc, interrupt.cpu.size = 0x1000);
    REFUSES(pc, interrupt.timer_irq = 27);
    REFUSES(pc, interrupt.input_count = 0);
    REFUSES(pc, interrupt.input_count = 5);
    REFUSES(pc, interrupt.input[1].first = 0);
    REFUSES(pc, interrupt.input[1].base = 0);
    REFUSES(pc, interrupt.route_count = BOOT_IRQ_ROUTES + 1);
    REFUSES(pc, interrupt.route[1].isa = 0);
    REFUSES(pc, interrupt.route[1].isa = 16);
}

TEST(check_power_and_line) {
    REFUSES(pc, power.pm1a.space = 1); // and no address
    REFUSES(pc, power.pm1b.bits = 16);
    REFUSES(pc, power.reset = ((struct boot_register){0xcf9, 2, 8}));
    REFUSES(pc, power.pm_timer = ((struct boot_register){0x10000, 1, 32}));
    REFUSES(pc, power.sleep_a = 8);
    REFUSES(pc, power.sleep_b = 8);
    REFUSES(pc, power.conduit = (enum boot_conduit)3);
    pc();
    memset(info.command_line, 'x', sizeof(info.command_line));
    CHECK_EQ(firmware_check(&info), STATUS_BAD_FORMAT);
}

static enum status add(uint64_t base, uint64_t size) {
    return firmware_add_memory(&info, base, size, &fault);
}

TEST(memory_joins) {
    memset(&info, 0, sizeof(info));
    CHECK_EQ(add(0x5000, 0x1000), STATUS_OK);
    CHECK_EQ(add(0x1000, 0x1000), STATUS_OK); // before
    CHECK_EQ(add(0x2000, 0x1000), STATUS_OK); // behind the first
    CHECK_EQ(add(0x4000, 0x1000), STATUS_OK); // in front of the last
    CHECK_EQ(info.memory_count, 2);
    CHECK_EQ(add(0x2fff, 0x1002), STATUS_OK); // one whole page closes the gap
    CHECK_EQ(info.memory_count, 1);
    CHECK_EQ(info.memory[0].base, 0x1000);
    CHECK_EQ(info.memory[0].size, 0x5000);
    CHECK_EQ(add(0x5fff, 0x1001), STATUS_OK); // inwards: does not overlap
    CHECK_EQ(info.memory[0].size, 0x6000);
    CHECK_EQ(add(0x6000, 0x1000), STATUS_BAD_FORMAT);
    CHECK(strcmp(fault.text, "memory at 0x6000 overlaps memory at 0x1000") == 0);
    CHECK_EQ(add(0, 0x8000), STATUS_BAD_FORMAT);
}

TEST(memory_edges) {
    memset(&info, 0, sizeof(info));
    CHECK_EQ(add(0x1001, 0x1ffe), STATUS_OK); // no whole page
    CHECK_EQ(add(0x1000, 0), STATUS_OK);
    CHECK_EQ(add(UINT64_MAX - 100, 100), STATUS_OK);
    CHECK_EQ(info.memory_count, 0);
    CHECK_EQ(add(UINT64_MAX - 100, 101), STATUS_BAD_FORMAT);
    CHECK(strcmp(fault.text, "memory at 0xffffffffffffff9b: size 0x65 wraps") == 0);
    CHECK_EQ(add(UINT64_MAX - 0x2fff, 0x2fff), STATUS_OK);
    CHECK_EQ(info.memory[0].size, 0x2000);
}

static enum status reserve(uint64_t base, uint64_t size) {
    return firmware_reserve(&info, base, size, &fault);
}

TEST(reservations_join) {
    memset(&info, 0, sizeof(info));
    CHECK_EQ(reserve(0x1fff, 2), STATUS_OK); // outwards
    CHECK_EQ(info.reserved[0].base, 0x1000);
    CHECK_EQ(info.reserved[0].size, 0x2000);
    CHECK_EQ(reserve(0x8000, 1), STATUS_OK);
    CHECK_EQ(reserve(0x5000, 1), STATUS_OK);
    CHECK_EQ(info.reserved_count, 3);
    CHECK_EQ(reserve(0x2000, 0x6000), STATUS_OK); // meets all three
    CHECK_EQ(info.reserved_count, 1);
    CHECK_EQ(info.reserved[0].base, 0x1000);
    CHECK_EQ(info.reserved[0].size, 0x8000);
}

TEST(reservation_faults) {
    memset(&info, 0, sizeof(info));
    CHECK_EQ(reserve(0x1000, 0), STATUS_BAD_FORMAT);
    CHECK_EQ(reserve(UINT64_MAX, 1), STATUS_BAD_FORMAT);
    CHECK_EQ(reserve(UINT64_MAX - 5, 2), STATUS_BAD_FORMAT); // its page does not end
    CHECK(strcmp(fault.text, "reserved range at 0xfffffffffffffffa: size 0x2 is 0 or wraps") == 0);
    for (uint32_t i = 0; i < BOOT_RANGES; i++) {
        CHECK_EQ(reserve(i * 0x2000, 1), STATUS_OK);
    }
    CHECK_EQ(reserve(0x100000, 1), STATUS_TOO_LARGE);
    CHECK(strcmp(fault.text, "reserved range at 0x100000: more than 32") == 0);
    CHECK_EQ(info.reserved_count, BOOT_RANGES);
    CHECK_EQ(reserve(0x1000, 1), STATUS_OK); // joins two: there is room again
    CHECK_EQ(info.reserved_count, BOOT_RANGES - 1);
}

TEST(sentences) {
    CHECK_EQ(firmware_fail(&fault, STATUS_BUSY, "%u %lu %lx '%s' '%.*s'", 0u, UINT64_MAX,
                           UINT64_MAX, "a\nb", 2, "xyz"),
             STATUS_BUSY);
    CHECK(strcmp(fault.text, "0 18446744073709551615 ffffffffffffffff 'a?b' 'xy'") == 0);
    char text[200];
    memset(text, 'y', sizeof(text));
    text[199] = '\0';
    CHECK_EQ(firmware_fail(&fault, STATUS_BUSY, "%s%s", text, text), STATUS_BUSY);
    CHECK_EQ(strlen(fault.text), sizeof(fault.text) - 1);
}
