// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// For tests and fuzzing: one page of memory with everything that QEMU's q35 hands
// over on a PVH boot, at fixed offsets: an RSDP of revision 0 with an RSDT of
// FADT, MADT and HPET, a DSDT with \_S5_, start info, memory map, one module and
// a command line. An XSDT and an SPCR are there too and not listed. Tests change
// bytes and sum up again.
#pragma once

#include <stdint.h>
#include <string.h>

constexpr uint32_t IMAGE_BASE = 0x7fe0000; // where SeaBIOS puts its tables
constexpr uint32_t IMAGE_SIZE = 0x800;

enum image_offset : uint32_t {
    IMAGE_RSDP = 0x000,
    IMAGE_RSDT = 0x030,
    IMAGE_XSDT = 0x070,
    IMAGE_FADT = 0x0b0,
    IMAGE_MADT = 0x1c0,
    IMAGE_DSDT = 0x2b0,
    IMAGE_SPCR = 0x340,
    IMAGE_HPET = 0x3a0,
    IMAGE_START = 0x400,
    IMAGE_MAP = 0x440,
    IMAGE_MODULE = 0x5c0,
    IMAGE_LINE = 0x5e0,
};

static inline void image_put(uint8_t *at, uint64_t value, int bytes) {
    for (int i = 0; i < bytes; i++) {
        at[i] = (uint8_t)(value >> (8 * i));
    }
}

static inline uint32_t image_get32(const uint8_t *at) {
    return at[0] | at[1] << 8 | at[2] << 16 | (uint32_t)at[3] << 24;
}

// Makes `size` bytes at `at` sum up to 0 by the byte at `checksum`.
static inline void image_sum(uint8_t *at, uint32_t size, uint32_t checksum) {
    uint8_t total = 0;
    at[checksum] = 0;
    for (uint32_t i = 0; i < size; i++) {
        total = (uint8_t)(total + at[i]);
    }
    at[checksum] = (uint8_t)-total;
}

// Sums up the table at `offset` again.
static inline void image_sum_table(uint8_t *image, uint32_t offset) {
    image_sum(image + offset, image_get32(image + offset + 4), 9);
}

static inline void image_table(uint8_t *image, uint32_t offset, const char *signature,
                               uint32_t length) {
    memcpy(image + offset, signature, 4);
    image_put(image + offset + 4, length, 4);
    image[offset + 8] = 1;
    memcpy(image + offset + 10, "VECTRATEST", 10);
    image_sum_table(image, offset);
}

static inline void image_rsdp(uint8_t *image, uint8_t revision) {
    uint8_t *p = image + IMAGE_RSDP;
    memcpy(p, "RSD PTR ", 8);
    memcpy(p + 9, "VECTRA", 6);
    p[15] = revision;
    image_put(p + 16, IMAGE_BASE + IMAGE_RSDT, 4);
    image_put(p + 20, 36, 4);
    image_put(p + 24, IMAGE_BASE + IMAGE_XSDT, 8);
    image_sum(p, 20, 8);
    image_sum(p, 36, 32);
}

// A PM1a control port, a PM timer, a reset register with value 15.
static inline void image_fadt(uint8_t *image) {
    uint8_t *p = image + IMAGE_FADT;
    image_put(p + 40, IMAGE_BASE + IMAGE_DSDT, 4);
    image_put(p + 64, 0x604, 4);
    image_put(p + 76, 0x608, 4);
    p[89] = 2;
    p[91] = 4;
    image_put(p + 112, 1 << 10, 4);
    p[116] = 1;
    p[117] = 8;
    image_put(p + 120, 0xcf9, 8);
    p[128] = 15;
    image_table(image, IMAGE_FADT, "FACP", 244);
}

// Three local APICs of which the third is only online capable, an x2APIC, an
// I/O APIC, the timer's override and one of a level-triggered line, an NMI.
static inline void image_madt(uint8_t *image) {
    static const uint8_t entries[] = {
        0, 8,  0,    0, 1, 0, 0,    0,                               // offset 44: APIC 0
        0, 8,  1,    1, 1, 0, 0,    0,                               // 52: APIC 1
        0, 8,  2,    2, 2, 0, 0,    0,                               // 60: APIC 2
        9, 16, 0,    0, 0, 2, 0,    0,    1,    0, 0, 0, 9, 0, 0, 0, // 68: x2APIC 0x200
        1, 12, 0,    0, 0, 0, 0xc0, 0xfe, 0,    0, 0, 0,             // 84: I/O APIC
        2, 10, 0,    0, 2, 0, 0,    0,    0,    0,                   // 96: line 0
        2, 10, 0,    9, 9, 0, 0,    0,    0x0f, 0,                   // 106: line 9
        4, 6,  0xff, 0, 0, 1,                                        // 116: NMI
    };
    memcpy(image + IMAGE_MADT + 44, entries, sizeof(entries));
    image_put(image + IMAGE_MADT + 36, 0xfee00000, 4);
    image_table(image, IMAGE_MADT, "APIC", 44 + sizeof(entries));
}

// A scope with a lookalike, then Name (\_S5, Package (4) {5, 0, 0, 0}).
static inline void image_dsdt(uint8_t *image) {
    static const uint8_t aml[] = {
        0x10, 0x20, '_', 'S', 'B', '_',  '_',  'S',  '5',  '_',  0x00, // no name definition
        0x08, '_',  'S', '5', '_', 0x0a, 0x05,                         // no package
        0x08, '\\', '_', 'S', '5', '_',  0x12, 0x07, 0x04, 0x0a, 0x05, 0x00, 0x00, 0x00,
    };
    memcpy(image + IMAGE_DSDT + 36, aml, sizeof(aml));
    image_table(image, IMAGE_DSDT, "DSDT", 36 + sizeof(aml));
}

static inline void image_tables(uint8_t *image) {
    image_rsdp(image, 0);
    image_put(image + IMAGE_RSDT + 36, IMAGE_BASE + IMAGE_FADT, 4);
    image_put(image + IMAGE_RSDT + 40, IMAGE_BASE + IMAGE_MADT, 4);
    image_put(image + IMAGE_RSDT + 44, IMAGE_BASE + IMAGE_HPET, 4);
    image_table(image, IMAGE_RSDT, "RSDT", 48);
    image_put(image + IMAGE_XSDT + 36, IMAGE_BASE + IMAGE_MADT, 8);
    image_put(image + IMAGE_XSDT + 44, IMAGE_BASE + IMAGE_FADT, 8);
    image_put(image + IMAGE_XSDT + 52, 0, 8);
    image_table(image, IMAGE_XSDT, "XSDT", 60);
    image_fadt(image);
    image_madt(image);
    image_dsdt(image);
    uint8_t *spcr = image + IMAGE_SPCR;
    spcr[40] = 1;
    image_put(spcr + 44, 0x2f8, 8);
    spcr[52] = 1;
    spcr[53] = 9;
    image_put(spcr + 54, 23, 4);
    image_table(image, IMAGE_SPCR, "SPCR", 80);
    image_table(image, IMAGE_HPET, "HPET", 56);
}

static inline void image_entry(uint8_t *image, uint32_t index, uint64_t base, uint64_t size,
                               uint32_t type) {
    uint8_t *p = image + IMAGE_MAP + index * 24;
    image_put(p, base, 8);
    image_put(p + 8, size, 8);
    image_put(p + 16, type, 4);
}

static inline void image_start(uint8_t *image) {
    uint8_t *p = image + IMAGE_START;
    image_put(p, 0x336ec578, 4);
    image_put(p + 4, 1, 4);
    image_put(p + 12, 1, 4);
    image_put(p + 16, IMAGE_BASE + IMAGE_MODULE, 8);
    image_put(p + 24, IMAGE_BASE + IMAGE_LINE, 8);
    image_put(p + 32, IMAGE_BASE + IMAGE_RSDP, 8);
    image_put(p + 40, IMAGE_BASE + IMAGE_MAP, 8);
    image_put(p + 48, 5, 4);
    image_entry(image, 0, 0x100000, 0x7ee0000, 1);
    image_entry(image, 1, 0, 0x9fc00, 1);
    image_entry(image, 2, 0x9fc00, 0x400, 2);
    image_entry(image, 3, 0x7fe0000, 0x20000, 3);
    image_entry(image, 4, 0xb0000000, 0x10000000, 2);
    image_put(image + IMAGE_MODULE, 0x7f00000, 8);
    image_put(image + IMAGE_MODULE + 8, 0x4321, 8);
    memcpy(image + IMAGE_LINE, "mode=test", 10);
}

// Writes all of it.
static inline void image_write(uint8_t image[IMAGE_SIZE]) {
    memset(image, 0, IMAGE_SIZE);
    image_tables(image);
    image_start(image);
}
