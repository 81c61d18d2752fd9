// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// `authority --graph`: the same facts in Graphviz's language. Tasks and objects are
// nodes; that two Tasks hold the same object is seen by its number. Solid lines: held, with
// the rights; dashed: paid for by; bold: the two ends of a connection; dotted: obtainable
// through a service. What is only mentioned is written first, what is owned last, since
// the last description of a node is the one that counts. A view does not know what it
// shows: where nobody holds more of it the node has its name for a label.
#include "apps/shell/authority.h"

#include "abi/capability.h"
#include "apps/shell/shell.h"
#include "lib/string/string.h"

constexpr uint64_t IN_CONTAINER = UINT64_C(1) << 32;

static uint32_t about; // the Task whose services are being described

// The object that holds the item: a container, or 0 for the Task itself.
static uint32_t container_of(const struct authority *list, const struct authority_item *item) {
    for (unsigned i = 0; i < list->count && item->index >= IN_CONTAINER; i++) {
        if (list->item[i].index == item->index / IN_CONTAINER - 1) {
            return list->item[i].object;
        }
    }
    return 0;
}

static void say_holder(struct shell *shell, const struct authority *list,
                       const struct authority_item *item) {
    uint32_t container = container_of(list, item);
    if (container != 0) {
        say(shell, "  object%u -> ", container);
    } else {
        say(shell, "  task%u -> ", list->task);
    }
}

// A capability whose object has gone has a node of its own.
static void say_target(struct shell *shell, const struct authority *list,
                       const struct authority_item *item) {
    if (item->object != 0) {
        say(shell, "object%u", item->object);
    } else {
        say(shell, "gone%u_%lu", list->task, item->index);
    }
}

static void say_node(struct shell *shell, const struct authority *list,
                     const struct authority_item *item) {
    bool owner = (item->rights & INFO_OWNER) != 0;
    if (item->class == CLASS_VIEW && item->object != 0) {
        return;
    }
    say(shell, "  ");
    say_target(shell, list, item);
    if (item->object == 0) {
        say(shell, " [label=\"revoked\"];\n");
    } else if (owner) {
        say(shell, " [label=\"%s %u\\n%lu bytes\"];\n", class_name(item->class), item->object,
            item->bytes);
    } else {
        say(shell, " [label=\"%s %u\"];\n", class_name(item->class), item->object);
    }
}

static void say_edges(struct shell *shell, const struct authority *list,
                      const struct authority_item *item) {
    char rights[160];
    struct text_buffer text;
    text_start(&text, rights, sizeof rights);
    rights_text(&text, item->rights | (uint64_t)item->class << INFO_CLASS_SHIFT);
    if (item->class == CLASS_VIEW) {
        text_clear(&text);
        text_append(&text, "view");
        authority_detail(&text, item);
    }
    say_holder(shell, list, item);
    say_target(shell, list, item);
    say(shell, " [label=\"%s\"];\n", rights);
    if ((item->rights & INFO_OWNER) == 0) {
        return;
    }
    if (item->payer != 0) {
        say(shell, "  object%u -> object%u [style=dashed];\n", item->object, item->payer);
    }
    // Each connection once: by the end with the lower number.
    if (item->class == CLASS_RING && item->detail > item->object) {
        say(shell, "  object%u -> object%lu [style=bold, dir=both];\n", item->object, item->detail);
    }
}

static void say_obtainable(struct shell *shell, const char *service, const char *line) {
    if (line == nullptr) {
        say(shell, "  \"service %s\" [shape=hexagon];\n", service);
        say(shell, "  task%u -> \"service %s\" [style=dotted];\n", about, service);
    } else {
        say(shell, "  task%u -> \"service %s\" [style=dotted, label=\"%s\"];\n", about, service,
            line);
    }
}

// One of the passes over a Task: nodes of what it does not own, nodes of what it owns,
// edges.
enum pass : uint32_t { PASS_LENT, PASS_OWNED, PASS_EDGES, PASSES };

static uint32_t say_task(struct shell *shell, struct authority *list,
                         const struct init_entry *entry, enum pass pass) {
    if (!authority_read(shell, list, entry)) {
        return SHELL_FAILED;
    }
    for (unsigned i = 0; i < list->count; i++) {
        const struct authority_item *item = &list->item[i];
        bool owner = (item->rights & INFO_OWNER) != 0;
        if (pass == PASS_EDGES) {
            say_edges(shell, list, item);
        } else if (owner == (pass == PASS_OWNED)) {
            say_node(shell, list, item);
        }
    }
    authority_forget(list);
    if (pass == PASS_OWNED) {
        say(shell, "  task%u [shape=box, label=\"%s\\ntask %u\"];\n", entry->task, entry->name,
            entry->task);
    } else if (pass == PASS_EDGES) {
        about = entry->task;
        authority_obtainable(shell, entry->task, say_obtainable);
    }
    return list->cut ? SHELL_FAILED : SHELL_OK;
}

uint32_t authority_graph(struct shell *shell, struct authority *list,
                         const struct init_entry *only) {
    uint32_t status = SHELL_OK;
    say(shell, "digraph authority {\n  rankdir=LR;\n");
    for (uint32_t pass = 0; pass < PASSES; pass++) {
        struct init_entry entry;
        uint32_t after = only != nullptr ? only->task - 1 : 0;
        while (init_next(shell, after, &entry) == STATUS_OK) {
            if (only != nullptr && entry.task != only->task) {
                break;
            }
            after = entry.task;
            if (entry.state != TASK_ENDED && say_task(shell, list, &entry, pass) != SHELL_OK) {
                status = SHELL_FAILED;
            }
        }
    }
    say(shell, "}\n");
    if (list->cut) {
        complain(shell, "authority", "a task holds too much for a graph", "want `authority TASK`");
    }
    return status;
}
