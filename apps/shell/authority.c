// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// `authority`: all that a Task holds, read from the kernel through a capability
// that allows to inspect and nothing else, and all that it can obtain, as each service
// says it. What is held is shown as a tree: below a Reticle what it pays for, below an
// object its mappings and what it contains; then what others pay for. The sums are those of
// the Reticle's own books. The Task goes on meanwhile, so a slot may change between
// two lines; each line by itself is true.
#include "apps/shell/authority.h"

#include "abi/capability.h"
#include "abi/layout.h"
#include "apps/shell/shell.h"
#include "lib/string/string.h"
#include "lib/vectra/status_text.h"
#include "lib/vectra/syscall.h"

constexpr unsigned DEPTH = 8; // Reticles in Reticles that are shown as a tree
constexpr uint64_t IN_CONTAINER = UINT64_C(1) << 32;
constexpr uint64_t FLAGS = INFO_OWNER | INFO_REVOKED | RIGHT_ALL;

// -------------------------------------------------------------------- reading
void authority_item_read(struct authority_item *item, uint64_t description, uint64_t object) {
    item->rights = description & FLAGS;
    item->class = description >> INFO_CLASS_SHIFT & 0x1f;
    item->bytes = (description >> INFO_SIZE_SHIFT) * INFO_SIZE_UNIT;
    item->object = (uint32_t)object;
    item->payer = (uint32_t)(object >> INFO_PAYER_SHIFT);
}

// The next item of a Task, from `index` on.
static bool next_item(uint64_t task, uint64_t index, struct authority_item *item) {
    uint64_t description, object;
    *item = (struct authority_item){};
    if (sys_task_slot(task, index, &item->index, &description, &object, &item->detail) !=
        STATUS_OK) {
        return false;
    }
    authority_item_read(item, description, object);
    return true;
}

static void add(struct authority *list, const struct authority_item *item) {
    list->cut |= list->count == AUTHORITY_ITEMS;
    if (!list->cut) {
        list->item[list->count++] = *item;
    }
}

bool authority_read(struct shell *shell, struct authority *list, const struct init_entry *entry) {
    uint64_t task, description, size, detail, object = 0;
    list->task = entry->task;
    list->count = list->held = 0;
    list->cut = false;
    enum status status = init_inspect(shell, entry->task, &task, &list->reticle);
    if (status != STATUS_OK) {
        complain_about(shell, "authority", "%s: %s: want a task that runs", entry->name,
                       status_text(status));
        return false;
    }
    if (sys_handle_info(list->reticle, &description, &object, &size, &detail) != STATUS_OK) {
        object = 0;
    }
    list->own = (uint32_t)object;
    struct authority_item item;
    for (uint64_t index = 0; next_item(task, index, &item); index = item.index + 1) {
        item.task = entry->task;
        list->held++;
        add(list, &item);
    }
    (void)sys_handle_drop(task);
    return true;
}

void authority_forget(struct authority *list) {
    (void)sys_handle_drop(list->reticle);
}

// Whether a Reticle is the Task's own or was carved from it.
static bool pays(const struct authority *list, uint32_t payer) {
    if (payer == list->own) {
        return payer != 0;
    }
    for (unsigned i = 0; i < list->count && payer != 0; i++) {
        const struct authority_item *item = &list->item[i];
        if (item->class == CLASS_RETICLE && item->object == payer &&
            (item->rights & INFO_OWNER) != 0) {
            return true;
        }
    }
    return false;
}

void authority_read_others(struct shell *shell, struct authority *list) {
    struct init_entry entry;
    for (uint32_t after = 0; init_next(shell, after, &entry) == STATUS_OK; after = entry.task) {
        uint64_t task, reticle;
        struct authority_item item;
        if (entry.task == list->task ||
            init_inspect(shell, entry.task, &task, &reticle) != STATUS_OK) {
            continue;
        }
        for (uint64_t index = 0; next_item(task, index, &item); index = item.index + 1) {
            item.task = entry.task;
            if ((item.rights & INFO_OWNER) != 0 && pays(list, item.payer)) {
                add(list, &item);
            }
        }
        (void)sys_handle_drop(task);
        (void)sys_handle_drop(reticle);
    }
}

// -------------------------------------------------------------------- one line
// What the last word of task_slot means for the class, as text.
void authority_detail(struct text_buffer *text, const struct authority_item *item) {
    uint64_t detail = item->detail;
    switch (item->class) {
    case CLASS_VIEW:
        text_format(text, "  at 0x%lx %s%s%s", detail & ~(PAGE_SIZE - 1),
                    (detail & MAP_READ) != 0 ? "r" : "", (detail & MAP_WRITE) != 0 ? "w" : "",
                    (detail & MAP_EXECUTE) != 0 ? "x" : "");
        break;
    case CLASS_RETICLE:
        text_format(text, "  %lu bytes available", detail);
        break;
    case CLASS_RING:
        if (detail != 0) {
            text_format(text, "  bound to %lu", detail);
        }
        break;
    case CLASS_DEVICE:
        text_format(text, "  at 0x%lx", detail);
        break;
    case CLASS_IRQ:
        text_format(text, "  line %lu", detail);
        break;
    default:
        break;
    }
}

static void show_item(struct shell *shell, const struct authority *list,
                      struct authority_item *item, unsigned depth) {
    char slot[32], rights[112], details[80];
    struct text_buffer text;
    item->shown = true;
    text_start(&text, slot, sizeof slot);
    if (item->task != list->task) {
        text_append(&text, "-");
    } else if (item->index >= IN_CONTAINER) {
        text_format(&text, "%lu.%lu", item->index / IN_CONTAINER - 1, item->index % IN_CONTAINER);
    } else {
        text_format(&text, "%lu", item->index);
    }
    text_start(&text, rights, sizeof rights);
    rights_text(&text, item->rights | (uint64_t)item->class << INFO_CLASS_SHIFT);
    text_start(&text, details, sizeof details);
    authority_detail(&text, item);
    if (item->task != list->task) {
        text_format(&text, "  held by task %u", item->task);
    }
    say(shell, "%6s %*s%-*s %8u %10lu  %s%s\n", slot, (int)depth * 2, "",
        20 - 2 * (int)(depth < DEPTH ? depth : DEPTH), class_name(item->class), item->object,
        item->bytes, rights, details);
}

// -------------------------------------------------------------------- the tree
static bool is_owner(const struct authority_item *item) {
    return (item->rights & INFO_OWNER) != 0;
}

// What belongs below an object: its mappings in this Task, and what it contains.
static void show_below(struct shell *shell, struct authority *list,
                       const struct authority_item *above, unsigned depth) {
    for (unsigned i = 0; i < list->count; i++) {
        struct authority_item *item = &list->item[i];
        bool view = item->class == CLASS_VIEW && item->object == above->object;
        bool inside = item->index / IN_CONTAINER == above->index + 1 && above->index < IN_CONTAINER;
        if (!item->shown && above->task == list->task && item->task == list->task &&
            (view || inside)) {
            show_item(shell, list, item, depth);
        }
    }
}

// What a Reticle pays for, in bytes; without a shell it is only added up.
static uint64_t walk_paid(struct shell *shell, struct authority *list, uint32_t payer,
                          unsigned depth) {
    uint64_t sum = 0;
    for (unsigned i = 0; i < list->count && payer != 0; i++) {
        struct authority_item *item = &list->item[i];
        if (!is_owner(item) || item->payer != payer) {
            continue;
        }
        sum += item->bytes;
        if (shell == nullptr || item->shown) {
            continue;
        }
        show_item(shell, list, item, depth);
        show_below(shell, list, item, depth + 1);
        if (item->class == CLASS_RETICLE && depth < DEPTH) {
            (void)walk_paid(shell, list, item->object, depth + 1);
        }
    }
    return sum;
}

static void show_rest(struct shell *shell, struct authority *list) {
    bool begun = false;
    for (unsigned i = 0; i < list->count; i++) {
        if (list->item[i].shown) {
            continue;
        }
        if (!begun) {
            say(shell, "   paid for by others:\n");
            begun = true;
        }
        show_item(shell, list, &list->item[i], 0);
    }
}

// ------------------------------------------------------------------------ sums
static void show_counts(struct shell *shell, const struct authority *list) {
    unsigned count[CLASS_COUNT + 1] = {}; // the last one: of classes that have no name here
    for (unsigned i = 0; i < list->count; i++) {
        uint32_t class = list->item[i].class;
        count[class < CLASS_COUNT ? class : CLASS_COUNT] += list->item[i].task == list->task;
    }
    say(shell, "   sum: %u capabilities", list->held);
    const char *before = ": ";
    for (unsigned class = 0; class <= CLASS_COUNT; class ++) {
        if (count[class] > 0) {
            say(shell, "%s%u %s", before, count[class], class_name(class));
            before = ", ";
        }
    }
    say(shell, "\n");
    if (list->cut) {
        say(shell, "   only %u of them are shown, and the bytes are not added up\n",
            AUTHORITY_ITEMS);
    }
}

// Headers of small objects share pages: what is left of those is nobody's yet. Of initd the
// pool is looked at, which pays for initd's own Reticle too: that is the root Task's.
static void show_books(struct shell *shell, struct authority *list) {
    uint64_t total, available, objects, tables;
    if (sys_reticle_info(list->reticle, &total, &available, &objects, &tables) != STATUS_OK) {
        return;
    }
    say(shell, "   reticle: %lu bytes = %lu available + %lu objects + %lu tables\n", total,
        available, objects, tables);
    if (!list->cut) {
        uint64_t owned = walk_paid(nullptr, list, list->own, 0);
        if (owned > objects + tables) {
            say(shell, "   paid: it changed meanwhile: %lu bytes, and %lu owned\n",
                objects + tables, owned);
            return;
        }
        say(shell, "   paid: %lu bytes = %lu owned + %lu %s\n", objects + tables, owned,
            objects + tables - owned,
            list->task == INIT_SELF ? "of the root Task's, for initd"
                                    : "unused in pages of headers");
    }
}

// ----------------------------------------------------------------- obtainable
void authority_obtainable(struct shell *shell, uint32_t task,
                          void visit(struct shell *shell, const char *service, const char *line)) {
    struct init_describe about = {.task = task};
    struct init_described line;
    char service[DESCRIBE_TEXT];
    while (init_describe(shell, &about, &line) == STATUS_OK) {
        if (about.line == 0) {
            memcpy(service, line.text, sizeof service);
            visit(shell, service, nullptr);
        } else if (line.text[0] != 0) {
            visit(shell, service, line.text);
        }
        bool over = about.line > 0 && line.text[0] == 0;
        about.connection = over ? line.connection + 1 : line.connection;
        about.line = over ? 0 : about.line + 1;
    }
}

static void show_obtainable(struct shell *shell, const char *service, const char *line) {
    if (line == nullptr) {
        say(shell, "   obtainable through `%s`:\n", service);
    } else {
        say(shell, "        %s\n", line);
    }
}

// ---------------------------------------------------------------- the command
static uint32_t show(struct shell *shell, struct authority *list, const struct init_entry *entry) {
    if (!authority_read(shell, list, entry)) {
        return SHELL_FAILED;
    }
    authority_read_others(shell, list);
    say(shell, "task %u %s\n  slot class                  object      bytes  rights\n", entry->task,
        entry->name);
    (void)walk_paid(shell, list, list->own, 0);
    show_rest(shell, list);
    show_counts(shell, list);
    show_books(shell, list);
    authority_forget(list);
    authority_obtainable(shell, entry->task, show_obtainable);
    return SHELL_OK;
}

static uint32_t show_all(struct shell *shell, struct authority *list) {
    uint32_t status = SHELL_OK;
    struct init_entry entry;
    for (uint32_t after = 0; init_next(shell, after, &entry) == STATUS_OK; after = entry.task) {
        if (entry.state != TASK_ENDED && show(shell, list, &entry) != SHELL_OK) {
            status = SHELL_FAILED;
        }
    }
    return status;
}

uint32_t builtin_authority(struct shell *shell, const struct command_arguments *words) {
    static struct authority list;
    bool graph = words->count > 1 && strcmp(words->word[1], "--graph") == 0;
    unsigned at = graph ? 2 : 1;
    struct init_entry entry;
    if (words->count > at + 1) {
        return misused(shell, words);
    }
    bool one = words->count > at;
    if (one && !init_find(shell, "authority", words->word[at], &entry)) {
        return SHELL_FAILED;
    }
    if (graph) {
        return authority_graph(shell, &list, one ? &entry : nullptr);
    }
    return one ? show(shell, &list, &entry) : show_all(shell, &list);
}
