// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Lists against an array in the same order.
#include "lib/list/list.h"

#include "tests/unit.h"

constexpr uint32_t MANY = 20;

static struct item {
    uint32_t number;
    struct link link;
} items[MANY];

static void start(void) {
    for (uint32_t i = 0; i < MANY; i++) {
        items[i] = (struct item){.number = i};
    }
}

static uint32_t number_of(const struct link *link) {
    return LINK_OF(link, const struct item, link)->number;
}

// Whether the list holds these numbers, in this order and backwards as well.
static bool reads(const struct link *first, const uint32_t *numbers, uint32_t count) {
    const struct link *link = first;
    for (uint32_t i = 0; i < count; i++) {
        if (link == nullptr || number_of(link) != numbers[i] || link->next->prev != link) {
            return false;
        }
        link = list_next(first, link);
    }
    return link == nullptr && (count == 0 || number_of(first->prev) == numbers[count - 1]);
}

TEST(appended_in_order) {
    start();
    struct link *first = nullptr;
    CHECK(reads(first, nullptr, 0));
    uint32_t numbers[MANY];
    for (uint32_t i = 0; i < MANY; i++) {
        list_append(&first, &items[i].link);
        numbers[i] = i;
        CHECK(reads(first, numbers, i + 1));
    }
}

TEST(removed_from_either_end_and_between) {
    start();
    struct link *first = nullptr;
    for (uint32_t i = 0; i < 5; i++) {
        list_append(&first, &items[i].link);
    }
    list_remove(&first, &items[0].link);
    CHECK(reads(first, (uint32_t[]){1, 2, 3, 4}, 4));
    list_remove(&first, &items[4].link);
    CHECK(reads(first, (uint32_t[]){1, 2, 3}, 3));
    list_remove(&first, &items[2].link);
    CHECK(reads(first, (uint32_t[]){1, 3}, 2));
    list_append(&first, &items[2].link);
    CHECK(reads(first, (uint32_t[]){1, 3, 2}, 3));
    list_remove(&first, &items[1].link);
    list_remove(&first, &items[2].link);
    list_remove(&first, &items[3].link);
    CHECK(first == nullptr);
}

TEST(random_against_an_array) {
    start();
    struct link *first = nullptr;
    uint32_t numbers[MANY];
    uint32_t count = 0;
    uint64_t seed = 5;
    for (uint32_t i = 0; i < 20000; i++) {
        seed = seed * 6364136223846793005 + 1442695040888963407;
        uint32_t number = (uint32_t)((seed >> 33) % MANY), at = 0;
        while (at < count && numbers[at] != number) {
            at++;
        }
        if (at == count) {
            list_append(&first, &items[number].link);
            numbers[count++] = number;
        } else {
            list_remove(&first, &items[number].link);
            count--;
            memmove(&numbers[at], &numbers[at + 1], (count - at) * sizeof numbers[0]);
        }
        CHECK(reads(first, numbers, count));
    }
}

UNIT_MAIN
