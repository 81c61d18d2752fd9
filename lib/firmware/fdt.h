// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The flattened device tree inside of this library. fdt_open checks the whole
// structure block once; after that a walk meets only well-formed tokens, names
// that end and properties that lie inside. What a property means is checked by
// whoever reads it.
#pragma once

#include "lib/firmware/parse.h"

// Nodes within nodes; real trees need six or so.
constexpr uint32_t FDT_DEPTH = 16;

struct fdt_tree {
    struct firmware_bytes blob;
    const uint8_t *structure;
    uint32_t structure_size;
    const char *strings; // ends with a NUL, so every name in it ends
    uint32_t strings_size;
    uint32_t reserve; // offset of the memory reservation block
};

// A property's bytes; data is nullptr if there is no such property.
struct fdt_value {
    const uint8_t *data;
    uint32_t size;
};

// An open node. What its children inherit is here.
struct fdt_level {
    const char *name;
    uint32_t address_cells; // of the children's reg
    uint32_t size_cells;
    uint32_t interrupt_parent; // phandle, 0: none was named
    bool enabled;              // neither it nor a node around it is disabled
    struct fdt_value ranges;
};

// All nodes in the order of the tree. The current one is level[depth - 1].
struct fdt_walk {
    const struct fdt_tree *tree;
    uint32_t next;       // offset of the token to read
    uint32_t properties; // offset of the current node's first property
    uint32_t depth;
    struct fdt_level level[FDT_DEPTH];
};

[[nodiscard]] enum status fdt_open(const struct firmware_memory *memory, uint64_t physical,
                                   struct fdt_tree *out, struct firmware_error *error);

// Goes to the next node; a walk begins with {.tree = tree}. False: no more.
[[nodiscard]] bool fdt_next(struct fdt_walk *walk);

// The current node and its properties.
[[nodiscard]] const struct fdt_level *fdt_node(const struct fdt_walk *walk);
[[nodiscard]] struct fdt_value fdt_property(const struct fdt_walk *walk, const char *name);

// Whether the value is exactly this text and its end.
[[nodiscard]] bool fdt_is(struct fdt_value value, const char *text);

// The place of `text` in a list of texts, or -1.
[[nodiscard]] int fdt_index(struct fdt_value value, const char *text);

// Whether the value is one terminated text.
[[nodiscard]] bool fdt_is_text(struct fdt_value value);

// A value of exactly one cell, or `otherwise` if it is none.
[[nodiscard]] uint32_t fdt_cell(struct fdt_value value, uint32_t otherwise);

// Entry `index` of the current node's reg, as numbers: NOT_FOUND beyond the
// last one (not a sentence), else UNSUPPORTED or BAD_FORMAT with one.
[[nodiscard]] enum status fdt_reg(const struct fdt_walk *walk, uint32_t index,
                                  struct boot_range *out, struct firmware_error *error);

// The same as a range of physical memory that must exist: NOT_FOUND comes with
// a sentence, and buses around the node must not move addresses.
[[nodiscard]] enum status fdt_physical(const struct fdt_walk *walk, uint32_t index,
                                       struct boot_range *out, struct firmware_error *error);
