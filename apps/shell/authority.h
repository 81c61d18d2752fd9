// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// What a Task holds, as the kernel tells it, and what its parts call of each other.
//
//   authority.c        the command: reading, and the tree
//   authority_graph.c  the same for Graphviz
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "services/initd/protocol.h"

struct shell;
struct text_buffer;

constexpr unsigned AUTHORITY_ITEMS = 768; // of one Task; beyond that the list is not sorted

// One capability: in the Task's table, or in a container that the Task owns.
struct authority_item {
    uint64_t index;  // slot; of a container's content (slot of the container + 1) << 32 | place
    uint64_t rights; // and flags, as task_slot tells them, without class and size
    uint64_t detail;
    uint64_t bytes; // charged for the object; 0 unless owner
    uint32_t class, object;
    uint32_t payer; // object number of the Reticle that pays for the object
    uint32_t task;  // that holds it, as initd counts
    bool shown;
};

struct authority {
    uint32_t task;    // as initd counts
    uint64_t reticle; // INSPECT
    uint32_t own;     // its object number
    unsigned count;   // of items kept
    unsigned held;    // of items that belong to the Task
    bool cut;         // there were more
    struct authority_item item[AUTHORITY_ITEMS];
};

// Reads what the Task holds. False, with a complaint, if it is gone.
bool authority_read(struct shell *shell, struct authority *list, const struct init_entry *entry);
// Adds the owners that others hold of objects which its Reticles pay for.
void authority_read_others(struct shell *shell, struct authority *list);
void authority_forget(struct authority *list);

// Calls `visit` for what the Task can obtain: first with the name of a service and
// nothing, then with the name and each line.
void authority_obtainable(struct shell *shell, uint32_t task,
                          void visit(struct shell *shell, const char *service, const char *line));

void authority_item_read(struct authority_item *item, uint64_t description, uint64_t object);
void authority_detail(struct text_buffer *text, const struct authority_item *item);

// Prints the graph of a Task, or of all with `only` nullptr.
uint32_t authority_graph(struct shell *shell, struct authority *list,
                         const struct init_entry *only);
