// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The format of a flattened device tree (Devicetree Specification 0.4, chapter
// 5): header, checked structure block, walk. Numbers are big-endian and loaded
// byte by byte, so the blob may lie anywhere. Depth is a counter, not recursion.
//
//   header  0 magic  4 size  8 structure  12 strings  16 reserve map  20 version
//           24 oldest compatible version  32 strings' size  36 structure's size

#include "lib/firmware/fdt.h"
#include "lib/string/string.h"

constexpr uint64_t FDT_HEADER_SIZE = 40;
constexpr uint32_t FDT_MAGIC = 0xd00dfeed;
constexpr uint32_t FDT_VERSION = 17;
constexpr uint32_t FDT_LIMIT = 2 << 20; // as in the arm64 boot protocol

enum fdt_tag : uint32_t {
    FDT_BEGIN_NODE = 1,
    FDT_END_NODE = 2,
    FDT_PROPERTY = 3,
    FDT_NOP = 4,
    FDT_END = 9,
};

struct fdt_token {
    uint32_t tag;
    const char *name; // of a node or a property
    struct fdt_value value;
};

// Reads the token at `*at` and moves behind it and its padding. Returns nullptr
// or what is wrong with it.
static const char *token_read(const struct fdt_tree *tree, uint32_t *at, struct fdt_token *out) {
    uint64_t size = tree->structure_size, next = *at;
    // The pointer is not used before the bounds are known.
    const uint8_t *p = tree->structure + next;
    if (!firmware_spans(size, next, 4)) {
        return "the block ends here";
    }
    *out = (struct fdt_token){.tag = firmware_be32(p)};
    next += 4;
    if (out->tag == FDT_BEGIN_NODE) {
        out->name = (const char *)p + 4;
        // The name may reach to the end of the block and no further.
        uint64_t length = strnlen(out->name, size - next);
        if (length == size - next) {
            return "a name has no end";
        }
        next += length + 1;
    } else if (out->tag == FDT_PROPERTY) {
        if (!firmware_spans(size, next, 8)) {
            return "a property is cut off";
        }
        uint32_t length = firmware_be32(p + 4), name = firmware_be32(p + 8);
        next += 8;
        if (!firmware_spans(size, next, length) || name >= tree->strings_size) {
            return "a property points outside";
        }
        out->name = tree->strings + name;
        out->value = (struct fdt_value){p + 12, length};
        next += length;
    } else if (out->tag != FDT_END_NODE && out->tag != FDT_NOP && out->tag != FDT_END) {
        return "an unknown token";
    }
    *at = (uint32_t)((next + 3) & ~(uint64_t)3); // the block's size is a multiple of 4
    return nullptr;
}

// What the token means for the nesting; nullptr or what is wrong.
static const char *nest(uint32_t tag, uint32_t *depth, bool *root, bool *properties) {
    switch (tag) {
    case FDT_BEGIN_NODE:
        if (*depth == FDT_DEPTH || (*depth == 0 && *root)) {
            return *depth == 0 ? "a second root" : "nodes are nested too deeply";
        }
        *root = *properties = true;
        (*depth)++;
        return nullptr;
    case FDT_END_NODE:
        *properties = false;
        return (*depth)-- == 0 ? "the end of no node" : nullptr;
    case FDT_PROPERTY:
        return *properties ? nullptr : "a property after a node";
    case FDT_END:
        return *depth != 0 || !*root ? "the end comes too early" : nullptr;
    default:
        return nullptr;
    }
}

// One pass over all tokens, so that every later walk can go without errors.
// After a fault `here` is the offset of the token that has it.
static enum status check_structure(const struct fdt_tree *tree, struct firmware_error *error) {
    struct fdt_token token = {};
    uint32_t at = 0, here = 0, depth = 0;
    bool root = false, properties = false;
    const char *fault = nullptr;
    while (fault == nullptr && token.tag != FDT_END) {
        here = at;
        fault = token_read(tree, &at, &token);
        if (fault == nullptr) {
            fault = nest(token.tag, &depth, &root, &properties);
        }
    }
    if (fault == nullptr && at != tree->structure_size) {
        fault = "something follows the end";
    }
    if (fault == nullptr) {
        return STATUS_OK;
    }
    return firmware_fail(error, STATUS_BAD_FORMAT, "device tree at 0x%lx: structure offset %u: %s",
                         tree->blob.physical, here, fault);
}

// The sizes and places of the blocks; nullptr or what is wrong.
static const char *check_header(const uint8_t *header, uint32_t total) {
    uint32_t structure = firmware_be32(header + 8), strings = firmware_be32(header + 12);
    uint32_t reserve = firmware_be32(header + 16);
    uint32_t strings_size = firmware_be32(header + 32);
    uint32_t structure_size = firmware_be32(header + 36);
    if (firmware_be32(header + 20) < FDT_VERSION || firmware_be32(header + 24) > FDT_VERSION) {
        return "the version is not 17";
    }
    if (structure % 4 != 0 || structure_size % 4 != 0 ||
        !firmware_spans(total, structure, structure_size)) {
        return "the structure block is misplaced";
    }
    if (!firmware_spans(total, strings, strings_size)) {
        return "the strings block is misplaced";
    }
    if (reserve % 8 != 0 || !firmware_spans(total, reserve, 16)) {
        return "the reserve map is misplaced";
    }
    return nullptr;
}

enum status fdt_open(const struct firmware_memory *memory, uint64_t physical, struct fdt_tree *out,
                     struct firmware_error *error) {
    struct firmware_bytes *blob = &out->blob;
    enum status status =
        firmware_map(memory, "device tree", physical, FDT_HEADER_SIZE, blob, error);
    if (status != STATUS_OK) {
        return status;
    }
    uint32_t magic = firmware_be32(blob->data), total = firmware_be32(blob->data + 4);
    if (magic != FDT_MAGIC) {
        return firmware_fail(error, STATUS_BAD_FORMAT, "device tree at 0x%lx: the magic is 0x%lx",
                             physical, (uint64_t)magic);
    }
    if (total < FDT_HEADER_SIZE || total > FDT_LIMIT) {
        return firmware_fail(error, STATUS_TOO_LARGE,
                             "device tree at 0x%lx: size %u is not from %lu to %u", physical, total,
                             FDT_HEADER_SIZE, FDT_LIMIT);
    }
    status = firmware_map(memory, "device tree", physical, total, blob, error);
    if (status != STATUS_OK) {
        return status;
    }
    // From here on all of the tree is mapped, and every block inside of it.
    const char *fault = check_header(blob->data, total);
    if (fault == nullptr) {
        out->structure = blob->data + firmware_be32(blob->data + 8);
        out->structure_size = firmware_be32(blob->data + 36);
        out->strings = (const char *)blob->data + firmware_be32(blob->data + 12);
        out->strings_size = firmware_be32(blob->data + 32);
        out->reserve = firmware_be32(blob->data + 16);
        if (out->strings_size != 0 && out->strings[out->strings_size - 1] != '\0') {
            fault = "the strings block has no end";
        }
    }
    if (fault != nullptr) {
        return firmware_fail(error, STATUS_BAD_FORMAT, "device tree at 0x%lx: %s", physical, fault);
    }
    return check_structure(out, error);
}

const struct fdt_level *fdt_node(const struct fdt_walk *walk) {
    return &walk->level[walk->depth - 1];
}

struct fdt_value fdt_property(const struct fdt_walk *walk, const char *name) {
    // Properties come before children, so the first other token ends them.
    uint32_t at = walk->properties;
    struct fdt_token token;
    while (token_read(walk->tree, &at, &token) == nullptr &&
           (token.tag == FDT_PROPERTY || token.tag == FDT_NOP)) {
        if (token.tag == FDT_PROPERTY && strcmp(token.name, name) == 0) {
            return token.value;
        }
    }
    return (struct fdt_value){};
}

// Fills the level of the node that was just entered. Cells do not inherit: 2
// and 1 are the specification's defaults.
static void level_enter(struct fdt_walk *walk, const char *name) {
    // The root inherits from a node that is enabled and says nothing.
    const struct fdt_level *parent =
        walk->depth > 0 ? &walk->level[walk->depth - 1] : &(struct fdt_level){.enabled = true};
    struct fdt_value state = fdt_property(walk, "status");
    bool enabled = state.data == nullptr || fdt_is(state, "okay") || fdt_is(state, "ok");
    walk->level[walk->depth] = (struct fdt_level){
        .name = name,
        .address_cells = fdt_cell(fdt_property(walk, "#address-cells"), 2),
        .size_cells = fdt_cell(fdt_property(walk, "#size-cells"), 1),
        .interrupt_parent =
            fdt_cell(fdt_property(walk, "interrupt-parent"), parent->interrupt_parent),
        .enabled = parent->enabled && enabled,
        .ranges = fdt_property(walk, "ranges"),
    };
    walk->depth++;
}

bool fdt_next(struct fdt_walk *walk) {
    struct fdt_token token;
    // The structure was checked: a level to leave or to enter is always there.
    while (token_read(walk->tree, &walk->next, &token) == nullptr && token.tag != FDT_END) {
        if (token.tag == FDT_END_NODE) {
            walk->depth--;
        } else if (token.tag == FDT_BEGIN_NODE) {
            walk->properties = walk->next;
            level_enter(walk, token.name);
            return true;
        }
    }
    return false;
}

bool fdt_is_text(struct fdt_value value) {
    return value.size != 0 && strnlen((const char *)value.data, value.size) == value.size - 1;
}

bool fdt_is(struct fdt_value value, const char *text) {
    return fdt_is_text(value) && strcmp((const char *)value.data, text) == 0;
}

int fdt_index(struct fdt_value value, const char *text) {
    int index = 0;
    for (uint32_t at = 0; at < value.size; index++) {
        const char *item = (const char *)value.data + at;
        uint32_t length = (uint32_t)strnlen(item, value.size - at);
        if (length == value.size - at) {
            break; // the last one has no end: it is no text
        }
        if (strcmp(item, text) == 0) {
            return index;
        }
        at += length + 1;
    }
    return -1;
}

uint32_t fdt_cell(struct fdt_value value, uint32_t otherwise) {
    return value.size == 4 ? firmware_be32(value.data) : otherwise;
}
