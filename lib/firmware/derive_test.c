// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// What follows from a finished structure: free memory page by page against a plain
// reading of the lists, the order of harts, the writes that end a machine.

#include "lib/firmware/fake.h"
#include "lib/firmware/parse.h"
#include "tests/unit.h"

UNIT_MAIN

static struct boot_info info;
static struct firmware_error fault;

static void memory(void) {
    memset(&info, 0, sizeof(info));
    info.memory_count = 2;
    info.memory[0] = (struct boot_range){0x1000, 0x9000};
    info.memory[1] = (struct boot_range){0x100000, 0x10000};
    info.hart_count = 3;
    info.hart_id[1] = 7;
    info.hart_id[2] = 9;
}

static void reserve(uint64_t base, uint64_t size) {
    info.reserved[info.reserved_count++] = (struct boot_range){base, size};
}

static bool within(const struct boot_range *ranges, uint32_t count, uint64_t page) {
    return firmware_range_within(ranges, count, (struct boot_range){page, FIRMWARE_PAGE});
}

static uint64_t limit = UINT64_MAX;

// Compares the answer with the lists, for each page up to 2 MiB. Its ranges go upwards.
static void free_agrees(uint32_t expected) {
    struct boot_range list[FIRMWARE_FREE];
    uint32_t count = firmware_free(&info, limit, list);
    CHECK_EQ(count, expected);
    for (uint32_t i = 1; i < count; i++) {
        CHECK(list[i - 1].base + list[i - 1].size <= list[i].base);
    }
    for (uint64_t page = 0; page < 0x200000; page += FIRMWARE_PAGE) {
        bool want = page < limit && within(info.memory, info.memory_count, page) &&
                    !within(info.reserved, info.reserved_count, page);
        CHECK_EQ(within(list, count, page), want);
    }
}

TEST(free_memory) {
    memory();
    free_agrees(2);
    limit = 0x108000; // in the middle of a range
    free_agrees(2);
    limit = info.memory[0].base + FIRMWARE_PAGE;
    free_agrees(1);
    limit = UINT64_MAX;
    reserve(0x102000, 0x2000); // in the middle
    free_agrees(3);
    reserve(0, 0x3000); // over the beginning
    free_agrees(3);
    reserve(0x10f000, 0x4000); // over the end
    free_agrees(3);
    reserve(0x103000, 0x3000); // over another
    free_agrees(3);
    reserve(0x4000, 0x1000);
    free_agrees(4);
    reserve(0x1000, 0x9000); // a whole range
    free_agrees(2);
    reserve(0x100000, 0x10000);
    free_agrees(0);
}

TEST(memory_is_taken_from_the_end_of_the_largest_range) {
    struct boot_range ranges[] = {{0x1000, 0x3000}, {0x10000, 0x5000}, {0x20000, 0x5000}};
    uint64_t base = 0;
    CHECK(!firmware_take(ranges, 0, 0x1000, &base));
    CHECK(!firmware_take(ranges, 3, 0x6000, &base) && base == 0);
    CHECK(firmware_take(ranges, 3, 0x2000, &base) && base == 0x13000);
    CHECK(firmware_take(ranges, 3, 0x5000, &base) && base == 0x20000);
    CHECK(!firmware_take(ranges, 3, 0x4000, &base));
    CHECK(firmware_take(ranges, 3, 0x3000, &base) && base == 0x1000);
    CHECK(ranges[0].size == 0 && ranges[1].size == 0x3000 && ranges[2].size == 0);
}

TEST(free_memory_in_the_most_pieces) {
    memory();
    info.memory_count = BOOT_RANGES;
    for (uint32_t i = 0; i < BOOT_RANGES; i++) {
        info.memory[i] = (struct boot_range){i * 0x4000, 0x3000};
        reserve(i * 0x4000 + 0x1000, 0x1000);
    }
    free_agrees(FIRMWARE_FREE);
}

TEST(memory_above_a_limit) {
    memory();
    CHECK(!firmware_limit(&info, 0x110000));
    CHECK_EQ(info.memory[1].size, 0x10000);
    CHECK(firmware_limit(&info, 0x101000));
    CHECK_EQ(info.memory_count, 2);
    CHECK_EQ(info.memory[1].size, 0x1000);
    CHECK(firmware_limit(&info, 0x100000));
    CHECK_EQ(info.memory_count, 1);
    CHECK(firmware_limit(&info, 0x1000));
    CHECK_EQ(info.memory_count, 0);
}

TEST(own_image_and_hart) {
    memory();
    CHECK_EQ(firmware_own(&info, 0x102123, 0x1000, 9, &fault), STATUS_OK);
    CHECK_EQ(info.hart_id[0], 9);
    CHECK_EQ(info.hart_id[1], 7);
    CHECK_EQ(info.hart_id[2], 0);
    CHECK_EQ(info.reserved_count, 1);
    CHECK_EQ(info.reserved[0].base, 0x102000);
    CHECK_EQ(info.reserved[0].size, 0x2000);
    CHECK_EQ(firmware_own(&info, 0x102000, 0x1000, 8, &fault), STATUS_NOT_FOUND);
    CHECK(strcmp(fault.text, "processor 0x8 runs this but is not listed") == 0);
    CHECK_EQ(firmware_own(&info, 0x102000, 0, 9, &fault), STATUS_BAD_FORMAT);
}

TEST(how_an_input_is_driven) {
    memory();
    info.interrupt.route_count = 2;
    info.interrupt.route[0] = (struct boot_irq_route){.isa = 0, .input = 2};
    info.interrupt.route[1] = (struct boot_irq_route){.isa = 9, .input = 20, .level = true};
    CHECK(!firmware_line(&info, 2).level && !firmware_line(&info, 2).active_low);
    CHECK(firmware_line(&info, 20).level && !firmware_line(&info, 20).active_low);
    CHECK(!firmware_line(&info, 15).level && !firmware_line(&info, 15).active_low);
    CHECK(firmware_line(&info, 16).level && firmware_line(&info, 16).active_low);
}

TEST(writes_that_end_the_machine) {
    memory();
    struct firmware_write out[2] = {};
    info.power.pm1a = (struct boot_register){0x604, 1, 16};
    CHECK_EQ(firmware_power_off(&info, out), 0); // no sleep type is known
    info.power.sleep_known = true;
    info.power.sleep_a = 5;
    info.power.sleep_b = 7;
    CHECK_EQ(firmware_power_off(&info, out), 1);
    CHECK_EQ(out[0].port, 0x604);
    CHECK_EQ(out[0].width, 2);
    CHECK_EQ(out[0].value, 0x3400);
    info.power.pm1b = (struct boot_register){0x704, 1, 32};
    CHECK_EQ(firmware_power_off(&info, out), 2);
    CHECK_EQ(out[1].port, 0x704);
    CHECK_EQ(out[1].width, 4);
    CHECK_EQ(out[1].value, 0x3c00);
    info.power.pm1a.space = 0; // in memory: not reached
    CHECK_EQ(firmware_power_off(&info, out), 1);
    CHECK_EQ(out[0].port, 0x704);
    CHECK_EQ(firmware_reset(&info, out), 1); // the keyboard controller's way
    CHECK_EQ(out[0].port, 0x64);
    CHECK_EQ(out[0].width, 1);
    CHECK_EQ(out[0].value, 0xfe);
    info.power.reset = (struct boot_register){0xcf9, 1, 8};
    info.power.reset_value = 15;
    CHECK_EQ(firmware_reset(&info, out), 2);
    CHECK_EQ(out[1].port, 0x64);
    CHECK_EQ(out[0].port, 0xcf9);
    CHECK_EQ(out[0].width, 1);
    CHECK_EQ(out[0].value, 15);
}
