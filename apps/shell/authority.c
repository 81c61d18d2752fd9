// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// `authority`: all that a Task holds, read from the kernel through a capability
// that allows to inspect and nothing else. The Task goes on meanwhile, so a slot
// may change between two lines; each line by itself is true.
#include "abi/capability.h"
#include "abi/layout.h"
#include "apps/shell/shell.h"
#include "lib/vectra/status_text.h"
#include "lib/vectra/syscall.h"

// What the last word of task_slot means for the class, as text.
static void detail_text(struct text_buffer *text, uint32_t class, uint64_t detail) {
    switch (class) {
    case CLASS_VIEW:
        text_format(text, "  at 0x%lx %s%s%s", detail & ~(PAGE_SIZE - 1),
                    (detail & MAP_READ) != 0 ? "r" : "", (detail & MAP_WRITE) != 0 ? "w" : "",
                    (detail & MAP_EXECUTE) != 0 ? "x" : "");
        break;
    case CLASS_RETICLE:
        text_format(text, "  %lu bytes available", detail);
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

static void show_slot(struct shell *shell, uint64_t index, uint64_t description, uint64_t object,
                      uint64_t detail) {
    char rights[96], details[64];
    struct text_buffer text;
    uint32_t class = description >> INFO_CLASS_SHIFT & 0x1f;
    text_start(&text, rights, sizeof rights);
    rights_text(&text, description);
    text_start(&text, details, sizeof details);
    detail_text(&text, class, detail);
    say(shell, "%6lu %-8s %7lu  %s%s\n", index, class_name(class), object, rights, details);
}

static void show_sums(struct shell *shell, const unsigned *count, uint64_t reticle) {
    unsigned all = 0;
    for (unsigned class = 0; class < CLASS_COUNT; class ++) {
        all += count[class];
    }
    say(shell, "   sum: %u capabilities", all);
    const char *before = ": ";
    for (unsigned class = 0; class < CLASS_COUNT; class ++) {
        if (count[class] > 0) {
            say(shell, "%s%u %s", before, count[class], class_name(class));
            before = ", ";
        }
    }
    uint64_t total, available, objects, tables;
    if (sys_reticle_info(reticle, &total, &available, &objects, &tables) == STATUS_OK) {
        say(shell, "\n   reticle: %lu bytes = %lu available + %lu objects + %lu tables", total,
            available, objects, tables);
    }
    say(shell, "\n");
}

static uint32_t show(struct shell *shell, const struct init_entry *entry) {
    uint64_t task, reticle;
    enum status status = init_inspect(shell, entry->task, &task, &reticle);
    if (status != STATUS_OK) {
        complain_about(shell, "authority", "%s: %s: want a task that runs", entry->name,
                       status_text(status));
        return SHELL_FAILED;
    }
    say(shell, "task %u %s\n  slot class     object  rights\n", entry->task, entry->name);
    unsigned count[CLASS_COUNT] = {};
    uint64_t index = 0, description, object, detail;
    while (sys_task_slot(task, index, &index, &description, &object, &detail) == STATUS_OK) {
        show_slot(shell, index, description, object, detail);
        uint32_t class = description >> INFO_CLASS_SHIFT & 0x1f;
        count[class < CLASS_COUNT ? class : CLASS_NONE]++;
        index++;
    }
    show_sums(shell, count, reticle);
    (void)sys_handle_drop(task);
    (void)sys_handle_drop(reticle);
    return SHELL_OK;
}

uint32_t builtin_authority(struct shell *shell, const struct command_arguments *words) {
    struct init_entry entry;
    if (words->count > 2) {
        return misused(shell, words);
    }
    if (words->count == 2) {
        bool found = init_find(shell, "authority", words->word[1], &entry);
        return found ? show(shell, &entry) : SHELL_FAILED;
    }
    uint32_t status = SHELL_OK;
    for (uint32_t after = 0; init_next(shell, after, &entry) == STATUS_OK; after = entry.task) {
        if (entry.state != TASK_ENDED && show(shell, &entry) != SHELL_OK) {
            status = SHELL_FAILED;
        }
    }
    return status;
}
