// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// PVH: what QEMU's q35 hands over, its variants, and every refusal with its
// sentence.

#include "lib/firmware/acpi_image.h"
#include "lib/firmware/fake.h"
#include "tests/unit.h"

UNIT_MAIN

static uint8_t image[IMAGE_SIZE];
static struct boot_info info;
static struct firmware_error fault;

static void fresh(void) {
    image_write(image);
}

static enum status parse_piece(uint64_t base, const uint8_t *data, uint64_t size) {
    struct fake fake = {.piece = {{IMAGE_BASE, image, IMAGE_SIZE}, {base, data, size}}};
    struct firmware_memory memory = fake_memory(&fake);
    memset(&info, 0xa5, sizeof(info));
    enum status status = firmware_pvh(&memory, IMAGE_BASE + IMAGE_START, &info, &fault);
    fake_free(&fake);
    return status;
}

static enum status parse(void) {
    return parse_piece(0, nullptr, 0);
}

#define EXPECT(status, sentence) \
    do { \
        EXPECT_RESULT(parse(), status, sentence); \
        CHECK_EQ(info.console.kind, BOOT_CONSOLE_16550_PORT); /* where to say so */ \
    } while (0)
#define EXPECT_GOOD() \
    do { \
        EXPECT(STATUS_OK, ""); \
        CHECK_EQ(firmware_check(&info), STATUS_OK); \
    } while (0)

// Writes a field of the start info.
static void start(uint32_t offset, uint64_t value, int bytes) {
    image_put(image + IMAGE_START + offset, value, bytes);
}

TEST(q35) {
    fresh();
    EXPECT_GOOD();
    CHECK_EQ(info.memory_count, 2); // sorted, and the end of the first cut off
    CHECK_EQ(info.memory[0].base, 0);
    CHECK_EQ(info.memory[0].size, 0x9f000);
    CHECK_EQ(info.memory[1].base, 0x100000);
    CHECK_EQ(info.memory[1].size, 0x7ee0000);
    CHECK_EQ(info.package.base, 0x7f00000);
    CHECK_EQ(info.package.size, 0x4321);
    CHECK(strcmp(info.command_line, "mode=test") == 0);
    CHECK_EQ(info.hart_count, 3);
    CHECK_EQ(info.reserved_count, 3);
    CHECK_EQ(info.reserved[0].base, 0);
    CHECK_EQ(info.reserved[0].size, 0x1000);
    CHECK_EQ(info.reserved[1].base, 0x7f00000);
    CHECK_EQ(info.reserved[1].size, 0x5000);
    CHECK_EQ(info.reserved[2].base, IMAGE_BASE); // all that was read
    CHECK_EQ(info.reserved[2].size, 0x1000);
}

TEST(optional_parts) {
    fresh();
    start(12, 0, 4); // no module
    start(16, 0, 8);
    start(24, 0, 8); // no command line
    EXPECT_GOOD();
    CHECK_EQ(info.package.size, 0);
    CHECK(info.command_line[0] == '\0');
    fresh();
    start(4, 7, 4); // a later version keeps what this one has
    EXPECT_GOOD();
}

TEST(rsdp_is_searched) {
    fresh();
    start(32, 0, 8);
    EXPECT(STATUS_NOT_FOUND, "ACPI RSDP: none between 0xe0000 and 0x100000");
    EXPECT_RESULT(parse_piece(0xf5000, image, 64), STATUS_OK, "");
    CHECK_EQ(firmware_check(&info), STATUS_OK);
}

TEST(start_info_faults) {
    fresh();
    start(0, 0x336ec579, 4);
    EXPECT(STATUS_BAD_FORMAT, "PVH start info at 0x7fe0400: the magic is 0x336ec579");
    fresh();
    start(4, 0, 4);
    EXPECT(STATUS_UNSUPPORTED, "PVH start info at 0x7fe0400: version 0 has no memory map");
    fresh();
    struct fake fake = {.piece = {{IMAGE_BASE, image, IMAGE_START + 55}}};
    struct firmware_memory memory = fake_memory(&fake);
    EXPECT_RESULT(firmware_pvh(&memory, IMAGE_BASE + IMAGE_START, &info, &fault),
                  STATUS_BAD_ADDRESS, "PVH start info at 0x7fe0400: 56 bytes are not mapped");
    fake_free(&fake);
}

TEST(memory_map_faults) {
    fresh();
    start(48, 0, 4);
    EXPECT(STATUS_NOT_FOUND, "PVH start info: it has no memory map");
    start(48, 129, 4);
    EXPECT(STATUS_TOO_LARGE, "PVH memory map at 0x7fe0440: 129 entries are more than 128");
    start(48, 128, 4);
    EXPECT(STATUS_BAD_ADDRESS, "PVH memory map at 0x7fe0440: 3072 bytes are not mapped");
    fresh();
    image_entry(image, 2, UINT64_MAX - 4096, 8192, 2);
    EXPECT(STATUS_BAD_FORMAT, "PVH memory map at 0x7fe0440: entry 2 at 0xffffffffffffefff wraps");
    fresh();
    image_entry(image, 0, 0x100000, 0xfff, 1);
    image_entry(image, 1, 0x200000, 0, 1);
    EXPECT(STATUS_NOT_FOUND, "PVH memory map at 0x7fe0440: it lists no memory");
}

TEST(memory_map_overlap) {
    fresh(); // RAM and something else, by one byte
    image_entry(image, 2, 0x9fbff, 0x400, 2);
    EXPECT(STATUS_BAD_FORMAT, "PVH memory map at 0x7fe0440: entries 1 and 2 overlap at 0x9fbff");
    fresh(); // RAM twice
    image_entry(image, 2, 0x100000, 0x1000, 1);
    EXPECT(STATUS_BAD_FORMAT, "entries 0 and 2 overlap at 0x100000");
    fresh(); // two that are not RAM
    image_entry(image, 2, 0xb0000000, 0x1000, 2);
    EXPECT_GOOD();
}

TEST(too_many_ranges) {
    static uint8_t map[33 * 24];
    for (uint32_t i = 0; i < 33; i++) {
        image_put(map + i * 24, 0x100000 + i * 0x2000, 8);
        image_put(map + i * 24 + 8, 0x1000, 8);
        image_put(map + i * 24 + 16, 1, 4);
    }
    fresh();
    start(40, 0x20000, 8);
    start(48, 33, 4);
    EXPECT_RESULT(parse_piece(0x20000, map, sizeof(map)), STATUS_TOO_LARGE,
                  "memory at 0x140000: more than 32 ranges");
}

TEST(command_line_faults) {
    static uint8_t line[BOOT_COMMAND_LINE];
    fresh();
    start(24, 0x20000, 8);
    EXPECT(STATUS_BAD_ADDRESS, "PVH command line at 0x20000: 1 bytes are not mapped");
    memset(line, 'x', sizeof(line));
    EXPECT_RESULT(parse_piece(0x20000, line, sizeof(line)), STATUS_TOO_LARGE,
                  "PVH command line at 0x20000: longer than 255 bytes");
    CHECK_EQ(strlen(info.command_line), BOOT_COMMAND_LINE - 1);
    line[BOOT_COMMAND_LINE - 1] = '\0';
    EXPECT_RESULT(parse_piece(0x20000, line, sizeof(line)), STATUS_OK, "");
    CHECK_EQ(firmware_check(&info), STATUS_OK);
    EXPECT_RESULT(parse_piece(0x20000, line, 3), STATUS_BAD_ADDRESS,
                  "PVH command line at 0x20003: 1 bytes are not mapped");
    CHECK_EQ(strlen(info.command_line), 3);
}

TEST(module_faults) {
    fresh();
    start(12, 17, 4);
    EXPECT(STATUS_TOO_LARGE, "PVH module list at 0x7fe05c0: 17 modules are more than 16");
    start(12, 1, 4);
    start(16, 0x20000, 8);
    EXPECT(STATUS_BAD_ADDRESS, "PVH module list at 0x20000: 32 bytes are not mapped");
    static const uint64_t bad[][2] = {
        {0x7f00000, 0}, {0x7fdf000, 0x1001}, {0x9f000, 0x100}, {UINT64_MAX - 4, 8}};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        fresh();
        image_put(image + IMAGE_MODULE, bad[i][0], 8);
        image_put(image + IMAGE_MODULE + 8, bad[i][1], 8);
        EXPECT(STATUS_BAD_FORMAT, " bytes are not memory");
    }
}

TEST(acpi_faults_are_reported) {
    fresh();
    image[IMAGE_MADT + 50]++;
    EXPECT(STATUS_BAD_FORMAT, "ACPI APIC at 0x7fe01c0: the checksum is wrong");
}

TEST(every_damaged_byte) {
    static const uint8_t values[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
    for (uint32_t at = IMAGE_START; at < IMAGE_LINE + 10; at++) {
        for (size_t i = 0; i < sizeof(values); i++) {
            fresh();
            image[at] = values[i];
            if (parse() == STATUS_OK) {
                CHECK_EQ(firmware_check(&info), STATUS_OK);
            } else {
                CHECK(fault.text[0] != '\0');
            }
        }
    }
}
