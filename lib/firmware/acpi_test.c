// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// ACPI: the tables of a q35 as they are, their variants, every refusal with its
// sentence, and the image cut off or damaged at each byte.

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

static enum status parse_at(uint64_t rsdp, uint64_t size) {
    struct fake fake = {.piece = {{IMAGE_BASE, image, size}, {0xe0000, image, IMAGE_SIZE}}};
    struct firmware_memory memory = fake_memory(&fake);
    memset(&info, 0, sizeof(info));
    info.memory_count = 1; // the caller's part
    info.memory[0] = (struct boot_range){0x100000, 0x7ee0000};
    enum status status = firmware_acpi(&memory, rsdp, &info, &fault);
    fake_free(&fake);
    return status;
}

static enum status parse(void) {
    return parse_at(IMAGE_BASE + IMAGE_RSDP, IMAGE_SIZE);
}

#define EXPECT(status, sentence) EXPECT_RESULT(parse(), status, sentence)
#define EXPECT_GOOD() \
    do { \
        EXPECT(STATUS_OK, ""); \
        CHECK_EQ(firmware_check(&info), STATUS_OK); \
    } while (0)

// Writes `bytes` bytes into a table and sums it up again.
static void change(uint32_t table, uint32_t offset, uint64_t value, int bytes) {
    image_put(image + table + offset, value, bytes);
    image_sum_table(image, table);
}

// Lists the SPCR in place of the HPET.
static void list_spcr(void) {
    change(IMAGE_RSDT, 44, IMAGE_BASE + IMAGE_SPCR, 4);
}

TEST(q35) {
    fresh();
    EXPECT_GOOD();
    CHECK_EQ(info.hart_count, 3); // the one that may come later does not count
    CHECK_EQ(info.hart_id[0], 0);
    CHECK_EQ(info.hart_id[1], 1);
    CHECK_EQ(info.hart_id[2], 0x200);
    CHECK_EQ(info.interrupt.kind, BOOT_INTERRUPT_APIC);
    CHECK_EQ(info.interrupt.distributor.base, 0xfee00000);
    CHECK_EQ(info.interrupt.distributor.size, 4096);
    CHECK_EQ(info.interrupt.input_count, 1);
    CHECK_EQ(info.interrupt.input[0].base, 0xfec00000);
    CHECK_EQ(info.interrupt.input[0].first, 0);
    CHECK_EQ(info.interrupt.route_count, 2);
    CHECK_EQ(info.interrupt.route[0].isa, 0);
    CHECK_EQ(info.interrupt.route[0].input, 2);
    CHECK(!info.interrupt.route[0].active_low && !info.interrupt.route[0].level);
    CHECK_EQ(info.interrupt.route[1].isa, 9);
    CHECK(info.interrupt.route[1].active_low && info.interrupt.route[1].level);
    CHECK_EQ(info.reserved_count, 1);
    CHECK_EQ(info.reserved[0].base, IMAGE_BASE);
    CHECK_EQ(info.reserved[0].size, 0x1000);
}

TEST(q35_power) {
    fresh();
    EXPECT_GOOD();
    CHECK_EQ(info.power.pm1a.address, 0x604);
    CHECK_EQ(info.power.pm1a.space, 1);
    CHECK_EQ(info.power.pm1a.bits, 16);
    CHECK_EQ(info.power.pm1b.address, 0);
    CHECK_EQ(info.power.pm_timer.address, 0x608);
    CHECK_EQ(info.power.pm_timer.bits, 32);
    CHECK(!info.power.pm_timer_32);
    CHECK_EQ(info.power.reset.address, 0xcf9);
    CHECK_EQ(info.power.reset_value, 15);
    CHECK(info.power.sleep_known);
    CHECK_EQ(info.power.sleep_a, 5);
    CHECK_EQ(info.power.sleep_b, 0);
    CHECK_EQ(info.console.kind, BOOT_CONSOLE_16550_PORT);
    CHECK_EQ(info.console.base, 0x3f8);
    CHECK_EQ(info.console.irq, 4);
}

TEST(revision_2_uses_the_xsdt) {
    fresh();
    image_rsdp(image, 2);
    change(IMAGE_RSDT, 36, 0x1234, 4); // must not be looked at
    EXPECT_GOOD();
    CHECK_EQ(info.hart_count, 3);
    image_put(image + IMAGE_RSDP + 24, 0, 8); // unless there is none
    image_sum(image + IMAGE_RSDP, 36, 32);
    EXPECT(STATUS_BAD_ADDRESS, "ACPI table at 0x1234: 36 bytes are not mapped");
}

TEST(rsdp_is_searched) {
    fresh();
    EXPECT_RESULT(parse_at(0, IMAGE_SIZE), STATUS_OK, "");
    CHECK_EQ(info.reserved_count, 2);
    CHECK_EQ(info.reserved[0].base, 0xe0000);
    image[IMAGE_RSDP + 8]++;
    EXPECT_RESULT(parse_at(0, IMAGE_SIZE), STATUS_NOT_FOUND,
                  "ACPI RSDP: none between 0xe0000 and 0x100000");
}

TEST(rsdp_faults) {
    fresh();
    EXPECT_RESULT(parse_at(0x50000, IMAGE_SIZE), STATUS_BAD_ADDRESS,
                  "ACPI RSDP at 0x50000: 20 bytes are not mapped");
    image[IMAGE_RSDP + 9]++;
    EXPECT(STATUS_BAD_FORMAT, "ACPI RSDP at 0x7fe0000: the signature or checksum is wrong");
    fresh();
    image_rsdp(image, 2);
    image[IMAGE_RSDP + 33]++;
    EXPECT(STATUS_BAD_FORMAT, "ACPI RSDP at 0x7fe0000: the extended checksum is wrong");
    image_put(image + IMAGE_RSDP + 20, 35, 4);
    EXPECT(STATUS_BAD_FORMAT, "ACPI RSDP at 0x7fe0000: length 35");
    EXPECT_RESULT(parse_at(IMAGE_BASE, 35), STATUS_BAD_ADDRESS,
                  "ACPI RSDP at 0x7fe0000: 36 bytes are not mapped");
}

TEST(checksums) {
    static const struct {
        uint32_t table;
        const char *sentence;
    } bad[] = {
        {IMAGE_RSDT, "ACPI RSDT at 0x7fe0030: the checksum is wrong"},
        {IMAGE_FADT, "ACPI FACP at 0x7fe00b0: the checksum is wrong"},
        {IMAGE_MADT, "ACPI APIC at 0x7fe01c0: the checksum is wrong"},
        {IMAGE_DSDT, "ACPI DSDT at 0x7fe02b0: the checksum is wrong"},
        {IMAGE_HPET, "ACPI HPET at 0x7fe03a0: the checksum is wrong"},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        fresh();
        image[bad[i].table + 9]++;
        EXPECT(STATUS_BAD_FORMAT, bad[i].sentence);
    }
}

TEST(table_lengths) {
    fresh();
    change(IMAGE_HPET, 4, 36, 4);
    EXPECT_GOOD();
    image_put(image + IMAGE_HPET + 4, 35, 4);
    EXPECT(STATUS_BAD_FORMAT, "ACPI HPET at 0x7fe03a0: length 35 is below the header's");
    image_put(image + IMAGE_HPET + 4, 0x400001, 4);
    EXPECT(STATUS_TOO_LARGE, "ACPI HPET at 0x7fe03a0: length 4194305 is above 4194304");
    image_put(image + IMAGE_HPET + 4, 0x1000, 4);
    EXPECT(STATUS_BAD_ADDRESS, "ACPI table at 0x7fe03a0: 4096 bytes are not mapped");
    fresh();
    change(IMAGE_FADT, 4, 115, 4);
    EXPECT(STATUS_BAD_FORMAT, "ACPI FADT at 0x7fe00b0: length 115 is below 116");
    fresh();
    change(IMAGE_MADT, 4, 43, 4);
    EXPECT(STATUS_BAD_FORMAT, "ACPI MADT at 0x7fe01c0: length 43 is below 44");
    fresh();
    list_spcr();
    change(IMAGE_SPCR, 4, 79, 4);
    EXPECT(STATUS_BAD_FORMAT, "ACPI SPCR at 0x7fe0340: length 79 is below 80");
}

TEST(root_faults) {
    fresh();
    change(IMAGE_RSDT, 4, 47, 4);
    EXPECT(STATUS_BAD_FORMAT, "ACPI RSDT at 0x7fe0030: 11 bytes of entries, not up to 64 times 4");
    fresh();
    change(IMAGE_RSDT, 4, 36 + 65 * 4, 4);
    EXPECT(STATUS_BAD_FORMAT, "ACPI RSDT at 0x7fe0030: 260 bytes of entries");
    fresh();
    memcpy(image + IMAGE_RSDT, "XSDT", 4);
    EXPECT(STATUS_BAD_FORMAT, "ACPI RSDT at 0x7fe0030: the signature is 'XSDT'");
    fresh();
    change(IMAGE_RSDT, 36, 0, 4);
    EXPECT(STATUS_NOT_FOUND, "ACPI RSDT at 0x7fe0030: it lists no FADT");
    fresh();
    change(IMAGE_RSDT, 40, 0, 4);
    EXPECT(STATUS_NOT_FOUND, "ACPI RSDT at 0x7fe0030: it lists no MADT");
    fresh();
    change(IMAGE_RSDT, 44, IMAGE_BASE + IMAGE_MADT, 4);
    EXPECT(STATUS_BAD_FORMAT, "ACPI APIC at 0x7fe01c0: there is one at 0x7fe01c0 already");
}

TEST(xsdt_faults) {
    fresh();
    image_rsdp(image, 2);
    change(IMAGE_XSDT, 4, 59, 4);
    EXPECT(STATUS_BAD_FORMAT, "ACPI XSDT at 0x7fe0070: 23 bytes of entries, not up to 64 times 8");
    fresh();
    image_rsdp(image, 2);
    change(IMAGE_XSDT, 36, 0, 8);
    EXPECT(STATUS_NOT_FOUND, "ACPI XSDT at 0x7fe0070: it lists no MADT");
}

TEST(no_room_to_reserve) {
    fresh();
    struct fake fake = {.piece = {{IMAGE_BASE, image, IMAGE_SIZE}}};
    struct firmware_memory memory = fake_memory(&fake);
    memset(&info, 0, sizeof(info));
    for (uint32_t i = 0; i < BOOT_RANGES; i++) {
        CHECK_EQ(firmware_reserve(&info, i * 0x2000, 1, &fault), STATUS_OK);
    }
    EXPECT_RESULT(firmware_acpi(&memory, IMAGE_BASE, &info, &fault), STATUS_TOO_LARGE,
                  "reserved range at 0x7fe0000: more than 32");
    fake_free(&fake);
}

TEST(madt_entry_lengths) {
    static const struct {
        uint32_t offset;
        uint8_t length;
    } entry[] = {{44, 0}, {44, 1}, {52, 7}, {68, 15}, {84, 11}, {96, 9}, {116, 1}, {116, 7}};
    for (size_t i = 0; i < sizeof(entry) / sizeof(entry[0]); i++) {
        char sentence[80];
        snprintf(sentence, sizeof(sentence),
                 "ACPI MADT at 0x7fe01c0: entry at offset %u has length %u", entry[i].offset,
                 entry[i].length);
        fresh();
        change(IMAGE_MADT, entry[i].offset + 1, entry[i].length, 1);
        EXPECT(STATUS_BAD_FORMAT, sentence);
    }
    fresh(); // one byte of an entry
    change(IMAGE_MADT, 4, 117, 4);
    EXPECT(STATUS_BAD_FORMAT, "entry at offset 116 has length 0");
}

TEST(madt_harts) {
    fresh(); // listed in both forms: once
    change(IMAGE_MADT, 72, 1, 4);
    EXPECT_GOOD();
    CHECK_EQ(info.hart_count, 2);
    fresh(); // ids that mean nobody
    change(IMAGE_MADT, 55, 0xff, 1);
    change(IMAGE_MADT, 72, 0xffffffff, 4);
    EXPECT_GOOD();
    CHECK_EQ(info.hart_count, 1);
    change(IMAGE_MADT, 48, 0, 4);
    EXPECT(STATUS_NOT_FOUND, "ACPI MADT at 0x7fe01c0: it lists no enabled processor");
}

TEST(madt_too_many_harts) {
    static uint8_t madt[44 + 65 * 8];
    fresh();
    memcpy(madt, image + IMAGE_MADT, 44);
    for (uint32_t i = 0; i < 65; i++) {
        uint8_t entry[8] = {0, 8, (uint8_t)i, (uint8_t)i, 1, 0, 0, 0};
        memcpy(madt + 44 + i * 8, entry, 8);
    }
    image_put(madt + 4, sizeof(madt), 4);
    image_sum(madt, sizeof(madt), 9);
    change(IMAGE_RSDT, 40, 0x20000, 4);
    struct fake fake = {.piece = {{IMAGE_BASE, image, IMAGE_SIZE}, {0x20000, madt, sizeof(madt)}}};
    struct firmware_memory memory = fake_memory(&fake);
    memset(&info, 0, sizeof(info));
    EXPECT_RESULT(firmware_acpi(&memory, IMAGE_BASE, &info, &fault), STATUS_TOO_LARGE,
                  "processor 0x40: more than 64");
    fake_free(&fake);
}

TEST(local_apic_address) {
    static const uint8_t entry[12] = {5, 12, 0, 0, 0, 0x10, 0xe0, 0xfe, 1, 0, 0, 0};
    fresh();
    memcpy(image + IMAGE_MADT + 122, entry, 12);
    change(IMAGE_MADT, 4, 134, 4);
    EXPECT_GOOD();
    CHECK_EQ(info.interrupt.distributor.base, 0x1fee01000);
    change(IMAGE_MADT, 126, 4, 8);
    EXPECT(STATUS_BAD_FORMAT, "ACPI MADT at 0x7fe01c0: the local APIC is at 0x4");
    change(IMAGE_MADT, 126, UINT64_MAX - 4095, 8);
    EXPECT(STATUS_BAD_FORMAT, "the local APIC is at 0xfffffffffffff000");
}

// Puts `count` I/O APICs behind the other entries.
static void add_io_apics(uint32_t count, uint32_t stride) {
    for (uint32_t i = 0; i < count; i++) {
        uint8_t *p = image + IMAGE_MADT + 122 + i * 12;
        memset(p, 0, 12);
        p[0] = 1;
        p[1] = 12;
        image_put(p + 4, 0xfec01000 + i * 0x1000, 4);
        image_put(p + 8, 24 + i * stride, 4);
    }
    change(IMAGE_MADT, 4, 122 + count * 12, 4);
}

TEST(io_apics) {
    fresh();
    add_io_apics(3, 24);
    EXPECT_GOOD();
    CHECK_EQ(info.interrupt.input_count, 4);
    CHECK_EQ(info.interrupt.input[3].base, 0xfec03000);
    CHECK_EQ(info.interrupt.input[3].first, 72);
    add_io_apics(4, 24);
    EXPECT(STATUS_TOO_LARGE, "ACPI MADT at 0x7fe01c0: more than 4 I/O APICs at offset 158");
    fresh();
    add_io_apics(2, 0);
    EXPECT(STATUS_BAD_FORMAT, "I/O APIC 0xfec02000, input 24 at offset 134");
    fresh();
    change(IMAGE_MADT, 88, 0, 4);
    EXPECT(STATUS_BAD_FORMAT, "I/O APIC 0x0, input 0 at offset 84");
    fresh();
    change(IMAGE_MADT, 84, 0x7f, 1); // a type that is unknown
    EXPECT(STATUS_NOT_FOUND, "ACPI MADT at 0x7fe01c0: it lists no I/O APIC");
}

TEST(overrides) {
    fresh(); // COM1's line goes elsewhere
    change(IMAGE_MADT, 99, 4, 1);
    change(IMAGE_MADT, 100, 20, 4);
    EXPECT_GOOD();
    CHECK_EQ(info.console.irq, 20);
    static const struct {
        uint32_t offset;
        uint8_t value;
    } bad[] = {{98, 1}, {99, 16}, {99, 9}, {104, 2}, {104, 8}};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        fresh();
        change(IMAGE_MADT, bad[i].offset, bad[i].value, 1);
        EXPECT(STATUS_BAD_FORMAT, "ACPI MADT at 0x7fe01c0: override of bus ");
    }
}

TEST(spcr) {
    fresh();
    list_spcr();
    EXPECT_GOOD();
    CHECK_EQ(info.console.base, 0x2f8);
    CHECK_EQ(info.console.irq, 9); // by the override of line 9
    change(IMAGE_SPCR, 52, 2, 1);
    EXPECT_GOOD();
    CHECK_EQ(info.console.irq, 23);
    change(IMAGE_SPCR, 52, 0, 1);
    EXPECT_GOOD();
    CHECK_EQ(info.console.irq, 0);
    change(IMAGE_SPCR, 44, 0, 8); // redirection is off
    EXPECT_GOOD();
    CHECK_EQ(info.console.base, 0x3f8);
}

TEST(spcr_kinds) {
    fresh();
    list_spcr();
    change(IMAGE_SPCR, 36, 3, 1);
    EXPECT(STATUS_UNSUPPORTED, "ACPI SPCR at 0x7fe0340: console of type 3, space 1 at 0x2f8");
    change(IMAGE_SPCR, 40, 0, 1);
    EXPECT(STATUS_UNSUPPORTED, "console of type 3, space 0 at 0x2f8");
    change(IMAGE_SPCR, 44, 0x9000000, 8);
    EXPECT_GOOD();
    CHECK_EQ(info.console.kind, BOOT_CONSOLE_PL011);
    CHECK_EQ(info.console.base, 0x9000000);
    change(IMAGE_SPCR, 36, 0, 1);
    EXPECT(STATUS_UNSUPPORTED, "console of type 0, space 0 at 0x9000000");
    fresh();
    list_spcr();
    change(IMAGE_SPCR, 44, 0xfff9, 8);
    EXPECT(STATUS_UNSUPPORTED, "console of type 0, space 1 at 0xfff9");
}

TEST(fadt_wide_registers) {
    fresh();
    image[IMAGE_FADT + 172] = 0; // PM1a in memory
    image[IMAGE_FADT + 173] = 32;
    image_put(image + IMAGE_FADT + 176, 0xfed80000, 8);
    image[IMAGE_FADT + 184] = 1; // PM1b at a port
    image_put(image + IMAGE_FADT + 188, 0x704, 8);
    image[IMAGE_FADT + 208] = 1;
    image_put(image + IMAGE_FADT + 212, 0x808, 8);
    image_put(image + IMAGE_FADT + 140, IMAGE_BASE + IMAGE_DSDT, 8);
    image_put(image + IMAGE_FADT + 40, 0x1234, 4); // the wide one wins
    change(IMAGE_FADT, 112, 1 << 10 | 1 << 8, 4);
    EXPECT_GOOD();
    CHECK_EQ(info.power.pm1a.address, 0xfed80000);
    CHECK_EQ(info.power.pm1a.space, 0);
    CHECK_EQ(info.power.pm1a.bits, 32);
    CHECK_EQ(info.power.pm1b.address, 0x704);
    CHECK_EQ(info.power.pm_timer.address, 0x808);
    CHECK(info.power.pm_timer_32);
    CHECK(info.power.sleep_known);
}

TEST(fadt_of_acpi_1) {
    fresh();
    change(IMAGE_FADT, 4, 116, 4);
    EXPECT_GOOD();
    CHECK_EQ(info.power.pm1a.address, 0x604);
    CHECK_EQ(info.power.reset.address, 0);
    CHECK(info.power.sleep_known);
}

TEST(fadt_faults) {
    fresh();
    change(IMAGE_FADT, 64, 0x10000, 4);
    EXPECT(STATUS_BAD_FORMAT, "ACPI FADT at 0x7fe00b0: register 0x10000 in space 1 at offset 172");
    fresh();
    change(IMAGE_FADT, 184, 2, 1);
    change(IMAGE_FADT, 188, 0x704, 8);
    EXPECT(STATUS_BAD_FORMAT, "register 0x704 in space 2 at offset 184");
    fresh();
    change(IMAGE_FADT, 76, 0x10000, 4);
    EXPECT(STATUS_BAD_FORMAT, "register 0x10000 in space 1 at offset 208");
    fresh();
    change(IMAGE_FADT, 40, IMAGE_BASE + IMAGE_HPET, 4);
    EXPECT(STATUS_BAD_FORMAT, "ACPI DSDT at 0x7fe03a0: the signature is 'HPET'");
    change(IMAGE_FADT, 40, 0x5000, 4);
    EXPECT(STATUS_BAD_ADDRESS, "DSDT at 0x5000: 36 bytes are not mapped");
    change(IMAGE_FADT, 40, 0, 4);
    EXPECT_GOOD();
    CHECK(!info.power.sleep_known);
}

TEST(reset_register_elsewhere_is_absent) {
    fresh();
    change(IMAGE_FADT, 116, 2, 1); // PCI configuration space
    EXPECT_GOOD();
    CHECK_EQ(info.power.reset.address, 0);
    fresh();
    change(IMAGE_FADT, 112, 0, 4); // not said to be there
    EXPECT_GOOD();
    CHECK_EQ(info.power.reset.address, 0);
}

// Puts a package after the name and parses; the AML ends with the table.
static void parse_package(const uint8_t *aml, uint32_t size) {
    fresh();
    memcpy(image + IMAGE_DSDT + 36, "\x08_S5_", 5);
    memcpy(image + IMAGE_DSDT + 41, aml, size);
    change(IMAGE_DSDT, 4, 41 + size, 4);
    EXPECT_GOOD();
}

#define PACKAGE(...) parse_package((const uint8_t[]){__VA_ARGS__}, sizeof((uint8_t[]){__VA_ARGS__}))

TEST(sleep_package_forms) {
    PACKAGE(0x12, 0x06, 0x02, 0x0a, 0x03, 0x0a, 0x04);
    CHECK(info.power.sleep_known);
    CHECK_EQ(info.power.sleep_a, 3);
    CHECK_EQ(info.power.sleep_b, 4);
    PACKAGE(0x12, 0x40 | 10, 0x00, 0x04, 0x01, 0x0b, 0x07, 0x00, 0x00, 0x00, 0x00);
    CHECK(info.power.sleep_known);
    CHECK_EQ(info.power.sleep_a, 1);
    CHECK_EQ(info.power.sleep_b, 7);
    PACKAGE(0x12, 0x80 | 10, 0x00, 0x00, 0x02, 0x0c, 0x05, 0x00, 0x00, 0x00, 0x00);
    CHECK(info.power.sleep_known);
    CHECK_EQ(info.power.sleep_a, 5);
    CHECK_EQ(info.power.sleep_b, 0);
}

TEST(sleep_package_lookalikes) {
    PACKAGE(0x12, 0x04, 0x01, 0x0a, 0x05); // one element
    CHECK(!info.power.sleep_known);
    PACKAGE(0x12, 0x05, 0x02, 0x0a, 0x08, 0x00); // three bits hold 0..7
    CHECK(!info.power.sleep_known);
    PACKAGE(0x12, 0x05, 0x02, 0x00, 0x0a, 0x08);
    CHECK(!info.power.sleep_known);
    PACKAGE(0x12, 0x05, 0x02, 0x0d, 0x05, 0x00); // a string
    CHECK(!info.power.sleep_known);
    PACKAGE(0x12, 0x04, 0x02, 0x00, 0x0c, 0x00, 0x00); // ends within an integer
    CHECK(!info.power.sleep_known);
    PACKAGE(0x12, 0x03, 0x02, 0x00); // ends before one
    CHECK(!info.power.sleep_known);
    PACKAGE(0x12, 0x09, 0x02, 0x00, 0x00); // longer than the table
    CHECK(!info.power.sleep_known);
    PACKAGE(0x12, 0x01, 0x02, 0x00, 0x00); // shorter than itself
    CHECK(!info.power.sleep_known);
    PACKAGE(0x12, 0xc0, 0x02); // its length is cut off
    CHECK(!info.power.sleep_known);
    PACKAGE(0x12, 0x02);
    CHECK(!info.power.sleep_known);
    PACKAGE(0x13, 0x04, 0x02, 0x00, 0x00); // not a package
    CHECK(!info.power.sleep_known);
}

TEST(every_cut) {
    fresh();
    for (uint64_t size = 0; size < IMAGE_HPET + 56; size++) {
        CHECK_EQ(parse_at(IMAGE_BASE, size), STATUS_BAD_ADDRESS);
    }
}

// Sums are repaired, so that damage reaches the readers behind them.
TEST(every_damaged_byte) {
    static const uint8_t values[] = {0x00, 0x01, 0x02, 0x7f, 0x80, 0xff};
    static const uint32_t tables[] = {IMAGE_RSDT, IMAGE_FADT, IMAGE_MADT, IMAGE_DSDT, IMAGE_SPCR};
    for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++) {
        fresh();
        list_spcr();
        uint32_t length = image_get32(image + tables[t] + 4);
        for (uint32_t at = 0; at < length * sizeof(values); at++) {
            uint32_t offset = at / sizeof(values);
            fresh();
            list_spcr();
            image[tables[t] + offset] = values[at % sizeof(values)];
            if (image_get32(image + tables[t] + 4) == length) {
                image_sum_table(image, tables[t]);
            }
            if (parse() == STATUS_OK) {
                CHECK_EQ(firmware_check(&info), STATUS_OK);
            } else {
                CHECK(fault.text[0] != '\0');
            }
        }
    }
}
