// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// A console with ports, its interrupt line, and what the machine's capability allows.
#include "kernel/device.h"

#include "kernel/tests/world.h"
#include "tests/unit.h"

UNIT_MAIN

constexpr uint64_t SCRATCH = 0x2000000; // a page of the root
constexpr uint64_t WRITE = 16;          // added to the width
constexpr uint64_t BASE = 0x3f8;

static uint64_t device, machine;

TEST(boots) {
    world_boot_as(&(struct host_options){.memory = 4 << 20, .harts = 2, .ports = true});
    device = world_named("device.console");
    machine = world_named("machine");
}

// ------------------------------------------------------------------------- ports

TEST(a_port_is_read_and_written_by_its_offset) {
    static const uint32_t widths[] = {1, 2, 4};
    for (uint32_t i = 0; i < 3; i++) {
        struct words words = {{device, 4, widths[i]}};
        CHECK_EQ(world_call(world_root, SYS_device_port, &words), STATUS_OK);
        // On the fake machine each port answers its own number.
        uint64_t answer = widths[i] == 1 ? (BASE + 4) & 0xff : BASE + 4;
        CHECK_EQ(words.a[1], answer);
        words = (struct words){{device, 4, WRITE + widths[i], 0xff}};
        CHECK_EQ(world_call(world_root, SYS_device_port, &words), STATUS_OK);
        CHECK_EQ(words.a[1], 0);
    }
}

TEST(no_port_beside_those_of_the_device) {
    static const struct {
        uint64_t offset, width;
    } bad[] = {{8, 1},
               {7, 2},
               {5, 4},
               {UINT64_MAX, 1},
               {UINT64_C(1) << 32, 1},
               {0, 0},
               {0, 3},
               {0, 8},
               {0, WRITE},
               {0, WRITE + 3},
               {0, 33},
               {0, WRITE * 2 + 1},
               {0, UINT64_C(1) << 32 | 1}};
    for (uint32_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK_EQ(CALL(world_root, nullptr, device_port, device, bad[i].offset, bad[i].width),
                 STATUS_BAD_ARGUMENT);
    }
    CHECK_EQ(CALL(world_root, nullptr, device_port, device, 7, 1), STATUS_OK);
}

TEST(ports_are_no_memory) {
    CHECK_EQ(CALL(world_root, nullptr, memory_map, 0, device, 0x50000000, 0, PAGE_SIZE, MAP_READ),
             STATUS_BAD_ARGUMENT);
}

// -------------------------------------------------------------------- interrupts

TEST(a_line_that_nobody_has_is_closed_and_forgotten) {
    uint64_t irq = world_named("irq.console");
    CHECK_EQ(CALL(world_root, nullptr, irq_watch, irq, 9), STATUS_OK);
    host_select(world_root->hart->index);
    kernel_irq(HOST_CONSOLE_LINE + 1);
    CHECK_EQ(CALL(world_root, nullptr, signal_wait, 1 << 9, 0), STATUS_TIMED_OUT);
    CHECK_EQ(CALL(world_root, nullptr, irq_acknowledge, irq), STATUS_BAD_STATE);
    CHECK(!host_irq_open(HOST_CONSOLE_LINE + 1));
    CHECK(host_irq_open(HOST_CONSOLE_LINE));
    CHECK_EQ(CALL(world_root, nullptr, irq_watch, irq, UINT64_MAX), STATUS_OK);
}

// ------------------------------------------------------------------- the machine

static enum status control(uint64_t action, uint64_t argument) {
    return CALL(world_root, nullptr, machine_control, machine, action, argument);
}

static enum status say(const char *text, size_t size) {
    CHECK(world_run(world_root));
    CHECK(host_user_write(world_root->hart->index, SCRATCH, text, size));
    (void)host_console();
    return control(MACHINE_SAY, SCRATCH);
}

TEST(a_program_says_one_line_of_what_can_be_printed) {
    CHECK_EQ(say("hello", 6), STATUS_OK);
    CHECK(strcmp(host_console(), "hello\r\n") == 0);
    CHECK_EQ(say("a\tb\x7f\x80 ~", 8), STATUS_OK);
    CHECK(strcmp(host_console(), "a?b?? ~\r\n") == 0);
    char longer[200];
    memset(longer, 'x', sizeof longer);
    CHECK_EQ(say(longer, sizeof longer), STATUS_OK);
    CHECK_EQ(strlen(host_console()), 120 + 2);
    CHECK_EQ(control(MACHINE_SAY, SCRATCH - 1), STATUS_BAD_ADDRESS);
    CHECK_EQ(control(MACHINE_SAY, USER_TOP), STATUS_BAD_ADDRESS);
}

static void off(void) {
    (void)control(MACHINE_POWER_OFF, 123);
}

static void again(void) {
    (void)control(MACHINE_RESET, 0);
}

TEST(the_machine_stops_or_starts_again) {
    CHECK_EQ(control(MACHINE_POWER_OFF, 124), STATUS_BAD_ARGUMENT);
    CHECK_EQ(control(MACHINE_POWER_OFF, UINT64_MAX), STATUS_BAD_ARGUMENT);
    CHECK_EQ(control(99, 0), STATUS_BAD_ARGUMENT);
    CHECK(host_stops(off));
    CHECK(host_stops(again));
}

TEST(each_right_of_the_machine_is_one_of_its_own) {
    uint64_t power, console;
    CHECK_EQ(CALL(world_root, &power, handle_copy, machine, RIGHT_MACHINE_POWER), STATUS_OK);
    CHECK_EQ(CALL(world_root, &console, handle_copy, machine, RIGHT_MACHINE_CONSOLE), STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, machine_control, power, MACHINE_SAY, SCRATCH),
             STATUS_ACCESS);
    CHECK_EQ(CALL(world_root, nullptr, machine_control, power, MACHINE_QUIET), STATUS_ACCESS);
    CHECK_EQ(CALL(world_root, nullptr, machine_control, console, MACHINE_POWER_OFF), STATUS_ACCESS);
    CHECK_EQ(CALL(world_root, nullptr, machine_control, console, MACHINE_RESET), STATUS_ACCESS);
    CHECK_EQ(CALL(world_root, nullptr, machine_control, console, MACHINE_QUIET), STATUS_OK);
    print("nobody hears this");
    CHECK(strcmp(host_console(), "") == 0);
}
