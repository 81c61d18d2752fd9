// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Device trees: the board as it is, its variants, and every refusal with its
// sentence. EXPECT builds the board, parses it and compares.

#include "lib/firmware/fake.h"
#include "lib/firmware/fdt_board.h"
#include "tests/unit.h"

UNIT_MAIN

static struct board board;
static struct boot_info info;
static struct firmware_error fault;

static struct board *fresh(void) {
    memset(&board, 0, sizeof(board));
    board.cpus = 2;
    board.gic = 3;
    return &board;
}

// Parses the blob as it stands.
static enum status parse_blob(void) {
    struct fake fake = {.piece = {{BOARD_FDT, board.blob, board.size}}};
    struct firmware_memory memory = fake_memory(&fake);
    memset(&info, 0xa5, sizeof(info));
    enum status status = firmware_fdt(&memory, BOARD_FDT, &info, &fault);
    fake_free(&fake);
    return status;
}

static enum status parse(void) {
    board_write(&board);
    return parse_blob();
}

#define EXPECT(status, sentence) EXPECT_RESULT(parse(), status, sentence)
#define EXPECT_GOOD() \
    do { \
        EXPECT_RESULT(parse(), STATUS_OK, ""); \
        CHECK_EQ(firmware_check(&info), STATUS_OK); \
        CHECK(fault.text[0] == '\0'); \
    } while (0)

TEST(board_with_gic_v3) {
    fresh();
    EXPECT_GOOD();
    CHECK_EQ(info.memory_count, 1); // two that touch are one
    CHECK_EQ(info.memory[0].base, 0x40000000);
    CHECK_EQ(info.memory[0].size, 0x10000000);
    CHECK_EQ(info.hart_count, 2);
    CHECK_EQ(info.hart_id[1], 1);
    CHECK_EQ(info.console.kind, BOOT_CONSOLE_PL011);
    CHECK_EQ(info.console.base, 0x9000000);
    CHECK_EQ(info.console.size, 0x1000);
    CHECK_EQ(info.console.irq, 33);
    CHECK_EQ(info.interrupt.kind, BOOT_INTERRUPT_GICV3);
    CHECK_EQ(info.interrupt.distributor.base, 0x8000000);
    CHECK_EQ(info.interrupt.cpu.base, 0x80a0000);
    CHECK_EQ(info.interrupt.cpu.size, 0xf60000);
    CHECK_EQ(info.interrupt.timer_irq, 27);
    CHECK_EQ(info.power.conduit, BOOT_CONDUIT_HVC);
    CHECK(strcmp(info.command_line, "mode=test") == 0);
    CHECK_EQ(info.package.base, 0x44000000);
    CHECK_EQ(info.package.size, 0x1234);
}

TEST(reserved_ranges) {
    fresh();
    EXPECT_GOOD();
    CHECK_EQ(info.reserved_count, 4);
    CHECK_EQ(info.reserved[0].base, 0x42000000); // /reserved-memory
    CHECK_EQ(info.reserved[0].size, 0x2000);
    CHECK_EQ(info.reserved[1].base, 0x43000000); // the reserve map
    CHECK_EQ(info.reserved[1].size, 0x2000);
    CHECK_EQ(info.reserved[2].base, 0x48000000); // the tree itself
    CHECK_EQ(info.reserved[2].size, 0x1000);
    CHECK_EQ(info.reserved[3].base, 0x44000000); // the package
    CHECK_EQ(info.reserved[3].size, 0x2000);
}

TEST(board_with_gic_v2) {
    fresh()->gic = 2;
    EXPECT_GOOD();
    CHECK_EQ(info.interrupt.kind, BOOT_INTERRUPT_GICV2);
    CHECK_EQ(info.interrupt.cpu.base, 0x8010000);
    fresh()->gic = 2;
    CHANGE_TEXT(&board, "intc@8000000", "compatible", "arm,gic-400");
    EXPECT_GOOD();
}

TEST(conduit_smc) {
    fresh();
    CHANGE_TEXT(&board, "psci", "method", "smc");
    CHANGE_TEXT(&board, "psci", "compatible", "arm,psci-0.2");
    EXPECT_GOOD();
    CHECK_EQ(info.power.conduit, BOOT_CONDUIT_SMC);
}

TEST(one_cpu_needs_no_psci) {
    fresh()->cpus = 1;
    board.without = "psci";
    CHANGE_NONE(&board, "cpu@0", "enable-method");
    EXPECT_GOOD();
    CHECK_EQ(info.power.conduit, BOOT_CONDUIT_NONE);
}

TEST(disabled_nodes_do_not_count) {
    fresh()->cpus = 4;
    CHANGE_TEXT(&board, "cpu@2", "status", "disabled");
    CHANGE_TEXT(&board, "cpu@3", "status", "okay");
    EXPECT_GOOD();
    CHECK_EQ(info.hart_count, 3);
    CHECK_EQ(info.hart_id[2], 3);
    fresh();
    CHANGE_TEXT(&board, "bus", "status", "disabled"); // with all inside
    EXPECT(STATUS_NOT_FOUND, "stdout-path leads to no enabled arm,pl011: /bus/pl011");
}

TEST(affinity_of_two_cells) {
    fresh()->cpus = 1;
    CHANGE_CELLS(&board, "cpus", "#address-cells", 2);
    CHANGE_CELLS(&board, "cpu@0", "reg", 0x12, 0x30405);
    EXPECT_GOOD();
    CHECK_EQ(info.hart_id[0], 0x1200030405);
}

TEST(console_paths) {
    static const char *const good[] = {"/bus/pl011", "/bus/pl011@9000000:9600", "serial0"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        fresh();
        board_change(&board, "chosen", "stdout-path", good[i], (uint32_t)strlen(good[i]) + 1);
        EXPECT_GOOD();
        CHECK_EQ(info.console.base, 0x9000000);
    }
    static const char *const bad[] = {"/bus/pl01", "/bus",        "/bus/pl011/x",
                                      "/",         "/bus//pl011", "/bus/pl011@9000001"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        fresh();
        board_change(&board, "chosen", "stdout-path", bad[i], (uint32_t)strlen(bad[i]) + 1);
        EXPECT(STATUS_NOT_FOUND, "stdout-path leads to no enabled arm,pl011: /");
    }
}

TEST(console_without_a_path_is_the_first_pl011) {
    fresh()->without = "aliases";
    CHANGE_NONE(&board, "chosen", "stdout-path");
    EXPECT_GOOD();
    CHECK_EQ(info.console.base, 0x9000000);
}

TEST(no_chosen) {
    fresh()->without = "chosen";
    EXPECT_GOOD();
    CHECK_EQ(info.package.size, 0);
    CHECK(info.command_line[0] == '\0');
}

TEST(timer_by_name) {
    fresh();
    CHANGE_TEXT(&board, "timer", "interrupt-names", "phys\0virt\0hyp-phys\0hyp-virt");
    EXPECT_GOOD();
    CHECK_EQ(info.interrupt.timer_irq, 30);
    fresh(); // a list whose last name has no end names nothing: the order counts
    board_change(&board, "timer", "interrupt-names", "phys\0virt", 9);
    EXPECT_GOOD();
    CHECK_EQ(info.interrupt.timer_irq, 27);
}

TEST(private_console_interrupt) {
    fresh();
    CHANGE_CELLS(&board, "pl011@9000000", "interrupts", 1, 5, 4);
    EXPECT_GOOD();
    CHECK_EQ(info.console.irq, 21);
}

TEST(identity_ranges) {
    fresh();
    CHANGE_CELLS(&board, "bus", "ranges", 0, 0x9000000, 0, 0x9000000, 0, 0x1000);
    EXPECT_GOOD();
    fresh();
    CHANGE_CELLS(&board, "bus", "ranges", 0, 0x9000000, 0, 0xa000000, 0, 0x1000);
    EXPECT(STATUS_UNSUPPORTED, "pl011@9000000 at 0x9000000: bus bus moves addresses");
    fresh();
    CHANGE_CELLS(&board, "bus", "ranges", 0, 0xa000000, 0, 0xa000000, 0, 0x1000);
    EXPECT(STATUS_UNSUPPORTED, "bus bus does not reach it");
    fresh();
    CHANGE_CELLS(&board, "bus", "ranges", 0, 0x9000000, 0);
    EXPECT(STATUS_UNSUPPORTED, "bus bus has ranges that cannot be read");
    fresh();
    CHANGE_CELLS(&board, "bus", "#size-cells", 0);
    CHANGE_CELLS(&board, "bus", "ranges", 0, 0x9000000, 0, 0x9000000);
    CHANGE_CELLS(&board, "pl011@9000000", "reg", 0, 0x9000000);
    EXPECT(STATUS_BAD_FORMAT, "0x9000000 with size 0x0 is empty or wraps");
    fresh();
    CHANGE_NONE(&board, "bus", "ranges");
    EXPECT(STATUS_UNSUPPORTED, "bus bus has no ranges");
}

TEST(reg_faults) {
    fresh();
    CHANGE_CELLS(&board, "bus", "#address-cells", 3);
    EXPECT(STATUS_UNSUPPORTED, "pl011@9000000: 3 address and 2 size cells");
    fresh();
    CHANGE_CELLS(&board, "pl011@9000000", "reg", 0, 0x9000000, 0);
    EXPECT(STATUS_BAD_FORMAT, "pl011@9000000: reg has 12 bytes, not a multiple of 16");
    fresh();
    CHANGE_NONE(&board, "pl011@9000000", "reg");
    EXPECT(STATUS_NOT_FOUND, "pl011@9000000: reg has no entry 0");
    fresh();
    CHANGE_CELLS(&board, "pl011@9000000", "reg", 0xffffffff, 0xfffff000, 0, 0x2000);
    EXPECT(STATUS_BAD_FORMAT, "0xfffffffffffff000 with size 0x2000 is empty or wraps");
    fresh();
    CHANGE_CELLS(&board, "pl011@9000000", "reg", 0, 0x9000000, 0, 0x800);
    EXPECT(STATUS_BAD_FORMAT, "0x9000000 with size 0x800 is no page of registers");
}

TEST(missing_parts) {
    static const struct {
        const char *node, *sentence;
    } part[] = {
        {"memory@40000000", "it has no memory"},
        {"cpus", "it has no enabled processor below /cpus"},
        {"intc@8000000", "it has no interrupt controller (arm,gic-v3 or arm,gic-400)"},
        {"timer", "it has no timer (arm,armv8-timer)"},
        {"psci", "it has no arm,psci-0.2 to start further processors with"},
    };
    for (size_t i = 0; i < sizeof(part) / sizeof(part[0]); i++) {
        fresh()->without = part[i].node;
        EXPECT(STATUS_NOT_FOUND, part[i].sentence);
        CHECK_EQ(info.console.base, 0x9000000); // where to say so
    }
    fresh()->without = "bus";
    CHANGE_NONE(&board, "chosen", "stdout-path");
    EXPECT(STATUS_NOT_FOUND, "device tree at 0x48000003: it has no console (arm,pl011)");
}

TEST(chosen_faults) {
    fresh();
    CHANGE_NONE(&board, "chosen", "linux,initrd-end");
    EXPECT(STATUS_BAD_FORMAT, "/chosen: linux,initrd-start and -end make no range");
    fresh();
    CHANGE_CELLS(&board, "chosen", "linux,initrd-end", 0x44000000);
    EXPECT(STATUS_BAD_FORMAT, "linux,initrd-start and -end make no range");
    fresh();
    CHANGE_CELLS(&board, "chosen", "linux,initrd-end", 0x54000000);
    EXPECT(STATUS_BAD_FORMAT, "boot package at 0x44000000: its 0x10000000 bytes are not memory");
    fresh();
    board_change(&board, "chosen", "bootargs", "ab", 2);
    EXPECT(STATUS_BAD_FORMAT, "/chosen: bootargs is no text");
    fresh();
    board_change(&board, "chosen", "stdout-path", "/a\0b", 5);
    EXPECT(STATUS_BAD_FORMAT, "/chosen: stdout-path is no text");
    fresh();
    CHANGE_TEXT(&board, "chosen", "stdout-path", "serial7");
    EXPECT(STATUS_NOT_FOUND, "/chosen: stdout-path names no alias: serial7");
    fresh();
    CHANGE_TEXT(&board, "chosen", "stdout-path", "an-alias-of-more-than-31-characters");
    EXPECT(STATUS_NOT_FOUND, "/chosen: stdout-path names no alias: an-alias");
}

TEST(command_line_length) {
    static char line[BOOT_COMMAND_LINE + 1];
    memset(line, 'x', sizeof(line));
    line[BOOT_COMMAND_LINE - 1] = '\0';
    fresh();
    board_change(&board, "chosen", "bootargs", line, BOOT_COMMAND_LINE);
    EXPECT_GOOD();
    CHECK_EQ(strlen(info.command_line), BOOT_COMMAND_LINE - 1);
    line[BOOT_COMMAND_LINE - 1] = 'x';
    line[BOOT_COMMAND_LINE] = '\0';
    fresh();
    board_change(&board, "chosen", "bootargs", line, BOOT_COMMAND_LINE + 1);
    EXPECT(STATUS_TOO_LARGE, "/chosen: bootargs is longer than 255 bytes");
}

TEST(cpu_faults) {
    fresh();
    CHANGE_CELLS(&board, "cpu@1", "reg", 0x81000000);
    EXPECT(STATUS_BAD_FORMAT, "/cpus/cpu@1: reg is no affinity");
    fresh();
    CHANGE_NONE(&board, "cpu@1", "reg");
    EXPECT(STATUS_BAD_FORMAT, "/cpus/cpu@1: reg is no affinity");
    fresh();
    CHANGE_CELLS(&board, "cpu@1", "reg", 0);
    EXPECT(STATUS_BAD_FORMAT, "/cpus/cpu@1: there is a processor 0x0 already");
    fresh();
    CHANGE_TEXT(&board, "cpu@1", "enable-method", "spin-table");
    EXPECT(STATUS_UNSUPPORTED, "processor 0x1: enable-method is not psci");
    fresh();
    CHANGE_TEXT(&board, "psci", "method", "call");
    EXPECT(STATUS_BAD_FORMAT, "psci: method is neither hvc nor smc");
    fresh()->cpus = BOOT_HARTS;
    EXPECT_GOOD();
    fresh()->cpus = BOOT_HARTS + 1;
    EXPECT(STATUS_TOO_LARGE, "processor 0x400: more than 64");
}

TEST(memory_faults) {
    fresh();
    CHANGE_CELLS(&board, "memory@40000000", "reg", 0, 0x40000000, 0, 0x2000, 0, 0x40001000, 0,
                 0x1000);
    EXPECT(STATUS_BAD_FORMAT, "memory at 0x40001000 overlaps memory at 0x40000000");
    fresh();
    CHANGE_CELLS(&board, "", "#size-cells", 3);
    EXPECT(STATUS_UNSUPPORTED, "memory@40000000: 2 address and 3 size cells");
    fresh();
    CHANGE_CELLS(&board, "secure@42000000", "reg", 0, 0x42000000, 0, 0);
    EXPECT(STATUS_BAD_FORMAT, "reserved range at 0x42000000: size 0x0 is 0 or wraps");
    fresh(); // without a reg it only asks for memory
    CHANGE_NONE(&board, "secure@42000000", "reg");
    EXPECT_GOOD();
}

TEST(controller_faults) {
    fresh();
    CHANGE_CELLS(&board, "intc@8000000", "#interrupt-cells", 1);
    EXPECT(STATUS_UNSUPPORTED, "intc@8000000: 1 interrupt cells, not 3 or 4");
    fresh();
    CHANGE_CELLS(&board, "intc@8000000", "reg", 0, 0x8000000, 0, 0x10000);
    EXPECT(STATUS_NOT_FOUND, "intc@8000000: reg has no entry 1");
    fresh();
    CHANGE_CELLS(&board, "intc@8000000", "reg", 0, 0x8000000, 0, 0x10010, 0, 0x80a0000, 0, 0x40000);
    EXPECT(STATUS_BAD_FORMAT, "0x8000000 with size 0x10010 is not whole pages");
    fresh();
    CHANGE_TEXT(&board, "timer", "compatible", "arm,gic-400");
    EXPECT(STATUS_UNSUPPORTED, "timer: it is the second interrupt controller");
}

TEST(redistributors) {
    fresh();
    CHANGE_CELLS(&board, "intc@8000000", "reg", 0, 0x8000000, 0, 0x10000, 0, 0x80a0000, 0, 0x20000);
    EXPECT(STATUS_UNSUPPORTED, "the first redistributor region holds 1, not 2");
    fresh();
    CHANGE_CELLS(&board, "intc@8000000", "#redistributor-regions", 2);
    EXPECT(STATUS_NOT_FOUND, "intc@8000000: reg has no entry 2");
    fresh();
    CHANGE_CELLS(&board, "intc@8000000", "#redistributor-regions", 65);
    EXPECT(STATUS_BAD_FORMAT, "intc@8000000: 65 redistributor regions");
    fresh();
    CHANGE_CELLS(&board, "intc@8000000", "redistributor-stride", 0, 0x20000);
    EXPECT_GOOD();
    fresh();
    CHANGE_CELLS(&board, "intc@8000000", "redistributor-stride", 0, 0, 0x20000);
    EXPECT(STATUS_UNSUPPORTED, "intc@8000000: redistributor-stride is not 0x20000");
    fresh();
    CHANGE_CELLS(&board, "intc@8000000", "#redistributor-regions", 0);
    EXPECT(STATUS_BAD_FORMAT, "intc@8000000: 0 redistributor regions");
    fresh();
    CHANGE_CELLS(&board, "intc@8000000", "redistributor-stride", 0, 0x40000);
    EXPECT(STATUS_UNSUPPORTED, "intc@8000000: redistributor-stride is not 0x20000");
}

TEST(interrupt_faults) {
    fresh();
    CHANGE_CELLS(&board, "pl011@9000000", "interrupts", 0, 988, 4);
    EXPECT(STATUS_UNSUPPORTED, "the console's interrupt is kind 0 number 988");
    fresh();
    CHANGE_CELLS(&board, "pl011@9000000", "interrupts", 1, 16, 4);
    EXPECT(STATUS_UNSUPPORTED, "the console's interrupt is kind 1 number 16");
    fresh();
    CHANGE_NONE(&board, "pl011@9000000", "interrupts");
    EXPECT(STATUS_BAD_FORMAT, "the console has no interrupt 0");
    fresh();
    CHANGE_CELLS(&board, "bus", "interrupt-parent", 7);
    EXPECT(STATUS_UNSUPPORTED, "the console's interrupts do not go to the GIC");
    fresh();
    CHANGE_CELLS(&board, "timer", "interrupts", 1, 13, 4);
    EXPECT(STATUS_BAD_FORMAT, "the virtual timer has no interrupt 2");
    fresh();
    CHANGE_TEXT(&board, "timer", "interrupt-names", "virt");
    CHANGE_CELLS(&board, "timer", "interrupts", 0, 7, 4);
    EXPECT(STATUS_UNSUPPORTED, "the virtual timer's interrupt 39 is not private");
}
