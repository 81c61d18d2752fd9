// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Names of classes, rights and faults, in the words of abi/capability.h.
#include "abi/capability.h"
#include "apps/shell/shell.h"

constexpr unsigned OWN_RIGHTS = 4; // of a class at most

struct named {
    uint32_t right;
    const char *name;
};

static const char *const classes[CLASS_COUNT] = {
    [CLASS_NONE] = "none",       [CLASS_RETICLE] = "reticle", [CLASS_TASK] = "task",
    [CLASS_THREAD] = "thread",   [CLASS_MEMORY] = "memory",   [CLASS_RING] = "ring",
    [CLASS_BUNDLE] = "bundle",   [CLASS_DEVICE] = "device",   [CLASS_IRQ] = "irq",
    [CLASS_MACHINE] = "machine", [CLASS_VIEW] = "view",       [CLASS_BUDGET] = "budget",
};

static const struct named common[] = {
    {RIGHT_COPY, "copy"}, {RIGHT_PASS, "pass"}, {RIGHT_INSPECT, "inspect"}, {RIGHT_WATCH, "watch"}};

// Rights of each class, beside the common ones.
static const struct named own[CLASS_COUNT][OWN_RIGHTS] = {
    [CLASS_RETICLE] = {{RIGHT_RETICLE_CARVE, "carve"},
                       {RIGHT_RETICLE_GROW, "grow"},
                       {RIGHT_RETICLE_CODE, "code"}},
    [CLASS_TASK] = {{RIGHT_TASK_FILL, "fill"},
                    {RIGHT_TASK_STOP, "stop"},
                    {RIGHT_TASK_DEBUG, "debug"},
                    {RIGHT_TASK_MAP, "map"}},
    [CLASS_THREAD] = {{RIGHT_THREAD_START, "start"}},
    [CLASS_MEMORY] = {{RIGHT_MEMORY_READ, "read"},
                      {RIGHT_MEMORY_WRITE, "write"},
                      {RIGHT_MEMORY_EXECUTE, "execute"}},
    [CLASS_RING] = {{RIGHT_RING_BIND, "bind"}, {RIGHT_RING_USE, "use"}},
    [CLASS_BUNDLE] = {{RIGHT_BUNDLE_FILL, "fill"}},
    [CLASS_DEVICE] = {{RIGHT_DEVICE_USE, "use"}},
    [CLASS_IRQ] = {{RIGHT_IRQ_USE, "use"}},
    [CLASS_BUDGET] = {{RIGHT_BUDGET_SPLIT, "split"}, {RIGHT_BUDGET_USE, "use"}},
    [CLASS_MACHINE] = {{RIGHT_MACHINE_POWER, "power"},
                       {RIGHT_MACHINE_CONSOLE, "console"},
                       {RIGHT_MACHINE_TRACE, "trace"}},
};

const char *class_name(uint32_t class) {
    return class < CLASS_COUNT ? classes[class] : "unknown";
}

static void add(struct text_buffer *text, const struct named *rights, size_t count,
                uint64_t description) {
    for (size_t i = 0; i < count && rights[i].name != nullptr; i++) {
        if ((description & rights[i].right) != 0) {
            text_append(text, text->length > 0 ? " " : "");
            text_append(text, rights[i].name);
        }
    }
}

void rights_text(struct text_buffer *text, uint64_t description) {
    uint32_t class = description >> INFO_CLASS_SHIFT & 0x1f;
    if ((description & INFO_OWNER) != 0) {
        text_append(text, "owner");
    }
    if ((description & INFO_REVOKED) != 0) {
        text_append(text, text->length > 0 ? " revoked" : "revoked");
    }
    add(text, common, sizeof common / sizeof common[0], description);
    if (class < CLASS_COUNT) {
        add(text, own[class], OWN_RIGHTS, description);
    }
}

const char *fault_text(uint32_t kind) {
    static const char *const text[FAULT_COUNT] = {
        [FAULT_NONE] = "it faulted",
        [FAULT_READ] = "it read where it may not",
        [FAULT_WRITE] = "it wrote where it may not",
        [FAULT_EXECUTE] = "it executed where it may not",
        [FAULT_INSTRUCTION] = "it executed an instruction that it may not",
        [FAULT_ARITHMETIC] = "its arithmetic has no result",
        [FAULT_BREAKPOINT] = "it came to a breakpoint",
        [FAULT_STEP] = "it was stepped",
        [FAULT_ALIGNMENT] = "it used an address that is not aligned",
        [FAULT_FLOAT] = "it used floating point without `float` in its manifest",
        [FAULT_PROTOCOL] = "it broke a rule of the kernel",
        [FAULT_MACHINE] = "the hardware reported an error",
        [FAULT_STOPPED] = "it was stopped",
        [FAULT_WATCH] = "it came to a watchpoint",
    };
    return kind < FAULT_COUNT ? text[kind] : text[FAULT_NONE];
}
