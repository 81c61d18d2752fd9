// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The left child's rank is never the smaller one, so a right spine has at most
// log2(n + 1) nodes.
#include "lib/heap/heap.h"

static uint32_t rank_of(const struct heap_node *node) {
    return node == nullptr ? 0 : node->rank;
}

// Restores the order of the children and the rank; says whether the rank changed.
static bool settle(struct heap_node *node) {
    if (rank_of(node->left) < rank_of(node->right)) {
        struct heap_node *left = node->left;
        node->left = node->right;
        node->right = left;
    }
    uint32_t rank = rank_of(node->right) + 1;
    bool changed = rank != node->rank;
    node->rank = rank;
    return changed;
}

static void settle_upwards(struct heap_node *node) {
    while (node != nullptr && settle(node)) {
        node = node->above;
    }
}

// Merges two heaps; `above` becomes the parent of the result.
static struct heap_node *merge(struct heap_node *a, struct heap_node *b, struct heap_node *above) {
    struct heap_node *root = nullptr;
    struct heap_node **link = &root;
    struct heap_node *last = above;
    while (a != nullptr && b != nullptr) {
        if (b->key < a->key) {
            struct heap_node *swap = a;
            a = b;
            b = swap;
        }
        *link = a;
        a->above = last;
        last = a;
        link = &a->right;
        a = a->right;
    }
    *link = a != nullptr ? a : b;
    if (*link != nullptr) {
        (*link)->above = last;
    }
    // Back up the merged spine.
    while (last != above) {
        settle(last);
        last = last->above;
    }
    return root;
}

void heap_insert(struct heap_node **root, struct heap_node *node) {
    node->left = node->right = nullptr;
    node->rank = 1;
    *root = merge(*root, node, nullptr);
}

void heap_remove(struct heap_node **root, struct heap_node *node) {
    struct heap_node *above = node->above;
    struct heap_node *rest = merge(node->left, node->right, above);
    node->rank = 0;
    if (above == nullptr) {
        *root = rest;
        return;
    }
    if (above->left == node) {
        above->left = rest;
    } else {
        above->right = rest;
    }
    settle_upwards(above);
}
