// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The heap against an array that is searched for its smallest key.
#include "lib/heap/heap.h"

#include "tests/unit.h"

constexpr uint32_t MANY = 300;

static struct heap_node nodes[MANY];
static uint64_t seed;

static uint32_t below(uint32_t bound) {
    seed = seed * 6364136223846793005 + 1442695040888963407;
    return (uint32_t)((seed >> 33) % bound);
}

static void start(void) {
    seed = 3;
    memset(nodes, 0, sizeof nodes);
}

static uint32_t rank_of(const struct heap_node *node) {
    return node == nullptr ? 0 : node->rank;
}

// Checks the order and the shape below a node; how many nodes there are.
static uint32_t look(const struct heap_node *node, const struct heap_node *above) {
    if (node == nullptr) {
        return 0;
    }
    CHECK(heap_has(node) && node->above == above);
    CHECK(above == nullptr || above->key <= node->key);
    CHECK(rank_of(node->left) >= rank_of(node->right) && node->rank == rank_of(node->right) + 1);
    return 1 + look(node->left, node) + look(node->right, node);
}

static uint64_t smallest(void) {
    uint64_t key = UINT64_MAX;
    for (uint32_t i = 0; i < MANY; i++) {
        key = heap_has(&nodes[i]) && nodes[i].key < key ? nodes[i].key : key;
    }
    return key;
}

// Takes out the root until nothing is left.
static void drain(struct heap_node *root, uint32_t inside) {
    for (uint64_t last = 0; inside != 0; inside--) {
        CHECK(root->key >= last);
        last = root->key;
        heap_remove(&root, root);
        CHECK_EQ(look(root, nullptr), inside - 1);
    }
    CHECK(root == nullptr);
}

TEST(one_node_comes_and_goes) {
    start();
    struct heap_node *root = nullptr;
    CHECK(!heap_has(&nodes[0]));
    heap_insert(&root, &nodes[0]);
    CHECK(root == &nodes[0] && heap_has(&nodes[0]));
    heap_remove(&root, &nodes[0]);
    CHECK(root == nullptr && !heap_has(&nodes[0]));
}

TEST(rising_falling_and_equal_keys_come_out_in_order) {
    for (uint32_t kind = 0; kind < 3; kind++) {
        start();
        struct heap_node *root = nullptr;
        for (uint32_t i = 0; i < MANY; i++) {
            nodes[i].key = kind == 0 ? i : kind == 1 ? MANY - i : 7;
            heap_insert(&root, &nodes[i]);
        }
        CHECK_EQ(look(root, nullptr), MANY);
        drain(root, MANY);
    }
}

// The depth of what an operation walks is bounded by the shape.
TEST(the_right_spine_is_short) {
    start();
    struct heap_node *root = nullptr;
    for (uint32_t i = 0; i < MANY; i++) {
        nodes[i].key = below(1000);
        heap_insert(&root, &nodes[i]);
        CHECK((UINT64_C(1) << root->rank) - 1 <= i + 1);
    }
}

TEST(every_node_can_leave_from_where_it_is) {
    for (uint32_t gone = 0; gone < MANY; gone++) {
        start();
        struct heap_node *root = nullptr;
        for (uint32_t i = 0; i < MANY; i++) {
            nodes[i].key = below(100);
            heap_insert(&root, &nodes[i]);
        }
        heap_remove(&root, &nodes[gone]);
        CHECK(!heap_has(&nodes[gone]));
        CHECK_EQ(look(root, nullptr), MANY - 1);
        CHECK_EQ(root->key, smallest());
    }
}

TEST(the_root_is_the_smallest_whatever_the_order) {
    start();
    struct heap_node *root = nullptr;
    uint32_t inside = 0;
    for (uint32_t i = 0; i < 20000; i++) {
        struct heap_node *node = &nodes[below(MANY)];
        if (heap_has(node)) {
            heap_remove(&root, node);
            inside--;
        } else {
            node->key = below(100);
            heap_insert(&root, node);
            inside++;
        }
        CHECK_EQ(look(root, nullptr), inside);
        CHECK(inside == 0 ? root == nullptr : root->key == smallest());
    }
    drain(root, inside);
}

UNIT_MAIN
