// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// A list of links that stand in what they join: a ring, so that both ends are at hand,
// named by its first link. Nothing is allocated, and every operation is a few writes.
// Who guards a list is said where its first link stands.
#pragma once

#include <stddef.h>
#include <stdint.h>

struct link {
    struct link *next, *prev;
};

// What a link stands in.
#define LINK_OF(link, type, member) ((type *)((uint8_t *)(link) - offsetof(type, member)))

static inline void list_append(struct link **first, struct link *link) {
    struct link *head = *first;
    if (head == nullptr) {
        *first = link->next = link->prev = link;
        return;
    }
    struct link *last = head->prev;
    link->next = head;
    link->prev = last;
    last->next = head->prev = link;
}

static inline void list_remove(struct link **first, struct link *link) {
    struct link *next = link->next, *prev = link->prev;
    if (next == link) {
        *first = nullptr;
        return;
    }
    prev->next = next;
    next->prev = prev;
    if (*first == link) {
        *first = next;
    }
}

// The one behind a link, or nullptr.
static inline struct link *list_next(const struct link *first, const struct link *link) {
    return link->next == first ? nullptr : link->next;
}
