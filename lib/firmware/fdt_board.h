// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// For tests and fuzzing: writes the device tree of a board like QEMU's virt
// machine, with changes. A change replaces, adds or removes one property of the
// nodes of one name, so that each test says only what is odd about its tree.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

constexpr uint64_t BOARD_FDT = 0x48000003; // at no alignment at all

struct board_change {
    const char *node, *property;
    const void *data; // nullptr: the property is left out
    uint32_t size;
    uint32_t cells[8]; // what `data` points at, unless it is text
};

struct board {
    uint32_t cpus;
    uint32_t gic;        // 2 or 3
    const char *without; // name of a node that is left out
    struct board_change change[6];
    uint32_t changes;

    // The blob as it grows.
    uint8_t structure[8192], strings[1024], blob[12288];
    uint32_t structure_size, strings_size, size;
    const char *node; // whose properties are written
    uint32_t skip;    // levels inside of `without`
};

static inline void board_put32(uint8_t *at, uint32_t value) {
    for (int i = 0; i < 4; i++) {
        at[i] = (uint8_t)(value >> (24 - 8 * i));
    }
}

static inline void board_word(struct board *b, uint32_t value) {
    board_put32(b->structure + b->structure_size, value);
    b->structure_size += 4;
}

static inline void board_bytes(struct board *b, const void *data, uint32_t size) {
    memcpy(b->structure + b->structure_size, data, size);
    b->structure_size = (b->structure_size + size + 3) & ~3u;
}

static inline uint32_t board_string(struct board *b, const char *name) {
    for (uint32_t i = 0; i < b->strings_size; i += (uint32_t)strlen((char *)b->strings + i) + 1) {
        if (strcmp((char *)b->strings + i, name) == 0) {
            return i;
        }
    }
    uint32_t at = b->strings_size;
    strcpy((char *)b->strings + at, name);
    b->strings_size += (uint32_t)strlen(name) + 1;
    return at;
}

static inline void board_property(struct board *b, const char *name, const void *data,
                                  uint32_t size) {
    board_word(b, 3);
    board_word(b, size);
    board_word(b, board_string(b, name));
    board_bytes(b, data, size);
}

// Begins a node. Its changes come before its own properties.
static inline void board_begin(struct board *b, const char *name) {
    if (b->skip > 0 || (b->without != nullptr && strcmp(b->without, name) == 0)) {
        b->skip++;
        return;
    }
    board_word(b, 1);
    board_bytes(b, name, (uint32_t)strlen(name) + 1);
    board_word(b, 4); // a NOP, for the parser to step over
    b->node = name;
    for (uint32_t i = 0; i < b->changes; i++) {
        struct board_change *c = &b->change[i];
        if (c->data != nullptr && strcmp(c->node, name) == 0) {
            board_property(b, c->property, c->data, c->size);
        }
    }
}

static inline void board_end(struct board *b) {
    if (b->skip > 0) {
        b->skip--;
        return;
    }
    board_word(b, 2);
}

static inline bool board_changed(struct board *b, const char *property) {
    for (uint32_t i = 0; i < b->changes; i++) {
        if (strcmp(b->change[i].node, b->node) == 0 &&
            strcmp(b->change[i].property, property) == 0) {
            return true;
        }
    }
    return b->skip > 0;
}

static inline void board_data(struct board *b, const char *name, const void *data, uint32_t size) {
    if (!board_changed(b, name)) {
        board_property(b, name, data, size);
    }
}

static inline void board_text(struct board *b, const char *name, const char *text) {
    board_data(b, name, text, (uint32_t)strlen(text) + 1);
}

static inline void board_cells(struct board *b, const char *name, const uint32_t *cells,
                               uint32_t count) {
    uint8_t bytes[64];
    for (uint32_t i = 0; i < count; i++) {
        board_put32(bytes + 4 * i, cells[i]);
    }
    board_data(b, name, bytes, count * 4);
}

#define BOARD_CELLS(b, name, ...) \
    board_cells(b, name, (const uint32_t[]){__VA_ARGS__}, \
                sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))

static inline void board_change(struct board *b, const char *node, const char *property,
                                const void *data, uint32_t size) {
    b->change[b->changes++] =
        (struct board_change){.node = node, .property = property, .data = data, .size = size};
}

static inline void board_change_cells(struct board *b, const char *node, const char *property,
                                      const uint32_t *cells, uint32_t count) {
    struct board_change *c = &b->change[b->changes++];
    *c = (struct board_change){node, property, c->cells, count * 4, {}};
    for (uint32_t i = 0; i < count; i++) {
        board_put32((uint8_t *)&c->cells[i], cells[i]);
    }
}

#define CHANGE_CELLS(b, node, property, ...) \
    board_change_cells(b, node, property, (const uint32_t[]){__VA_ARGS__}, \
                       sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))
#define CHANGE_TEXT(b, node, property, text) board_change(b, node, property, text, sizeof(text))
#define CHANGE_NONE(b, node, property) board_change(b, node, property, nullptr, 0)

static inline void board_cpus(struct board *b) {
    board_begin(b, "cpus");
    BOARD_CELLS(b, "#address-cells", 1);
    BOARD_CELLS(b, "#size-cells", 0);
    board_begin(b, "cpu-map");
    board_end(b);
    for (uint32_t i = 0; i < b->cpus; i++) {
        char name[16];
        snprintf(name, sizeof(name), "cpu@%u", i);
        board_begin(b, name);
        board_text(b, "device_type", "cpu");
        BOARD_CELLS(b, "reg", i / 16 << 8 | i % 16);
        board_text(b, "enable-method", "psci");
        board_end(b);
        b->node = "";
    }
    board_end(b);
}

static inline void board_gic(struct board *b) {
    board_begin(b, "intc@8000000");
    BOARD_CELLS(b, "#interrupt-cells", 3);
    BOARD_CELLS(b, "phandle", 0x8002);
    if (b->gic == 3) {
        board_text(b, "compatible", "arm,gic-v3");
        BOARD_CELLS(b, "#redistributor-regions", 1);
        BOARD_CELLS(b, "reg", 0, 0x8000000, 0, 0x10000, 0, 0x80a0000, 0, 0xf60000);
    } else {
        board_text(b, "compatible", "arm,cortex-a15-gic");
        BOARD_CELLS(b, "reg", 0, 0x8000000, 0, 0x10000, 0, 0x8010000, 0, 0x10000);
    }
    board_end(b);
}

static inline void board_uart(struct board *b) {
    board_begin(b, "bus");
    BOARD_CELLS(b, "#address-cells", 2);
    BOARD_CELLS(b, "#size-cells", 2);
    board_data(b, "ranges", "", 0);
    board_begin(b, "pl011@9000000");
    board_data(b, "compatible", "arm,pl011\0arm,primecell", 24);
    BOARD_CELLS(b, "reg", 0, 0x9000000, 0, 0x1000);
    BOARD_CELLS(b, "interrupts", 0, 1, 4);
    board_end(b);
    board_end(b);
}

static inline void board_firmware(struct board *b) {
    board_begin(b, "psci");
    board_data(b, "compatible", "arm,psci-1.0\0arm,psci-0.2", 26);
    board_text(b, "method", "hvc");
    board_end(b);
    board_begin(b, "timer");
    board_data(b, "compatible", "arm,armv8-timer\0arm,armv7-timer", 32);
    BOARD_CELLS(b, "interrupts", 1, 13, 4, 1, 14, 4, 1, 11, 4, 1, 10, 4);
    board_end(b);
    board_begin(b, "chosen");
    board_text(b, "stdout-path", "serial0:115200n8");
    board_text(b, "bootargs", "mode=test");
    BOARD_CELLS(b, "linux,initrd-start", 0x44000000);
    BOARD_CELLS(b, "linux,initrd-end", 0, 0x44001234);
    board_end(b);
    board_begin(b, "aliases");
    board_text(b, "serial0", "/bus/pl011");
    board_end(b);
}

// Puts header, reserve map, structure and strings together.
static inline void board_finish(struct board *b) {
    uint32_t structure = 40 + 32, strings = structure + b->structure_size;
    b->size = strings + b->strings_size;
    uint32_t header[10] = {0xd00dfeed, b->size, structure, strings,         40,
                           17,         16,      0,         b->strings_size, b->structure_size};
    for (int i = 0; i < 10; i++) {
        board_put32(b->blob + 4 * i, header[i]);
    }
    memset(b->blob + 40, 0, 32);
    board_put32(b->blob + 44, 0x43000000); // one page and a byte, reserved
    board_put32(b->blob + 52, 0x1001);
    memcpy(b->blob + structure, b->structure, b->structure_size);
    memcpy(b->blob + strings, b->strings, b->strings_size);
}

// Writes the tree into `blob`, `size`.
static inline void board_write(struct board *b) {
    board_begin(b, "");
    BOARD_CELLS(b, "#address-cells", 2);
    BOARD_CELLS(b, "#size-cells", 2);
    BOARD_CELLS(b, "interrupt-parent", 0x8002);
    board_begin(b, "memory@40000000");
    board_text(b, "device_type", "memory");
    BOARD_CELLS(b, "reg", 0, 0x40000000, 0, 0x8000000, 0, 0x48000000, 0, 0x8000000);
    board_end(b);
    board_cpus(b);
    board_begin(b, "reserved-memory");
    BOARD_CELLS(b, "#address-cells", 2);
    BOARD_CELLS(b, "#size-cells", 2);
    board_data(b, "ranges", "", 0);
    board_begin(b, "secure@42000000");
    BOARD_CELLS(b, "reg", 0, 0x42000000, 0, 0x2000);
    board_end(b);
    board_end(b);
    board_gic(b);
    board_uart(b);
    board_firmware(b);
    board_end(b);
    board_word(b, 9);
    board_finish(b);
}
