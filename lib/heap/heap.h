// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// A heap of nodes that stand in what they order, the smallest key at its root. Any node
// can be taken out, not only the root. Nothing is allocated. A leftist heap: merging walks
// right spines only, which are logarithmic, so every operation is bounded whatever the
// order of insertions. Who guards a heap is said where its root stands.
#pragma once

#include <stdint.h>

struct heap_node {
    uint64_t key;
    struct heap_node *left, *right, *above;
    uint32_t rank; // nodes on the right spine from here; 0: in no heap
};

static inline bool heap_has(const struct heap_node *node) {
    return node->rank != 0;
}

// `root` is nullptr for an empty heap. The node is in none; its key stays as long as it is.
void heap_insert(struct heap_node **root, struct heap_node *node);
// The node is in this heap.
void heap_remove(struct heap_node **root, struct heap_node *node);
