// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// abi/syscalls.def as the fuzzer sees it. What an argument is follows from its name, in
// general or for one syscall; a new syscall needs a line here only for new names.
#include "lib/string/string.h"
#include "tests/fuzz/fuzz.h"

struct row rows[CALLS];

struct meaning {
    const char *syscall; // nullptr: wherever the word stands
    const char *word;
    uint8_t kind;
};

// The first that fits counts.
static const struct meaning meanings[] = {
    {"handle_copy", "source", KIND_ANY},
    {"reticle_grow", "source", CLASS_RETICLE},
    {"memory_map", "task", KIND_TASK_SELF},
    {"memory_map", "flags", KIND_MAP_FLAGS},
    {"thread_carve", "task", KIND_TASK_SELF},
    {"thread_registers", "thread", KIND_FEW},
    {"thread_control", "thread", KIND_FEW},
    {"thread_control", "action", KIND_FEW},
    {"thread_watchpoint", "thread", KIND_FEW},
    {"thread_watchpoint", "address", KIND_PLACE},
    {"thread_fault", "all", KIND_FEW},
    {"task_memory", "address", KIND_CODE},
    {"task_memory", "size", KIND_FEW},
    {"bundle_value", "value", KIND_POINTER},
    {"futex_wait", "address", KIND_WORD},
    {"futex_wake", "address", KIND_WORD},
    {"futex_wait", "owner", CLASS_THREAD},
    {"memory_map", "address", KIND_PLACE},
    {"machine_control", "argument", KIND_POINTER},
    {"task_stop", "exit_status", KIND_FEW},
    {"budget_carve", "harts", KIND_POINTER},
    {"budget_carve", "count", KIND_FEW},
    {"signal_words", "count", KIND_FEW},
    {"budget_carve", "source", CLASS_BUDGET},
    {"budget_carve", "budget", KIND_BYTES},
    {nullptr, "budget", CLASS_BUDGET},
    {nullptr, "period", KIND_BYTES},
    {nullptr, "topic", KIND_TOPIC},
    {nullptr, "handle", KIND_ANY},
    {nullptr, "reticle", CLASS_RETICLE},
    {nullptr, "part", CLASS_RETICLE},
    {nullptr, "task", CLASS_TASK},
    {nullptr, "thread", CLASS_THREAD},
    {nullptr, "memory", CLASS_MEMORY},
    {nullptr, "ring", CLASS_RING},
    {nullptr, "peer", CLASS_RING},
    {nullptr, "bundle", CLASS_BUNDLE},
    {nullptr, "device", CLASS_DEVICE},
    {nullptr, "irq", CLASS_IRQ},
    {nullptr, "machine", CLASS_MACHINE},
    {nullptr, "object", KIND_MAPPABLE},
    {nullptr, "rights", KIND_RIGHTS},
    {nullptr, "bit", KIND_BIT},
    {nullptr, "message_bit", KIND_BIT},
    {nullptr, "closed_bit", KIND_BIT},
    {nullptr, "bytes", KIND_BYTES},
    {nullptr, "low_water", KIND_BYTES},
    {nullptr, "align_shift", KIND_ALIGN},
    {nullptr, "offset", KIND_OFFSET},
    {nullptr, "flags", KIND_FEW},
    {nullptr, "buffer", KIND_POINTER},
    {nullptr, "name", KIND_NAME},
    {nullptr, "length", KIND_NAME_LENGTH},
    {nullptr, "slots", KIND_RING_SLOTS},
    {nullptr, "mask", KIND_MASK},
    {nullptr, "deadline", KIND_DEADLINE},
    {nullptr, "entry", KIND_CODE},
    {nullptr, "stack", KIND_STACK},
    {nullptr, "tls", KIND_STACK},
    {nullptr, "action", KIND_ACTION},
    {nullptr, "sequence", KIND_FEW},
    {nullptr, "move", KIND_FEW},
    {nullptr, "class", KIND_FEW},
    {nullptr, "width", KIND_FEW},
    {nullptr, "set", KIND_FEW},
    {nullptr, "expected", KIND_FEW},
    {nullptr, "index", KIND_FEW},
    {nullptr, "size", KIND_FEW},
};

struct words {
    uint32_t count;
    const char *word[ARGUMENTS];
};

#define WORDS_0() \
    { \
    }
#define WORDS_1(a) \
    { \
        1, { \
            #a \
        } \
    }
#define WORDS_2(a, b) \
    { \
        2, { \
            #a, #b \
        } \
    }
#define WORDS_3(a, b, c) \
    { \
        3, { \
            #a, #b, #c \
        } \
    }
#define WORDS_4(a, b, c, d) \
    { \
        4, { \
            #a, #b, #c, #d \
        } \
    }
#define WORDS_5(a, b, c, d, e) \
    { \
        5, { \
            #a, #b, #c, #d, #e \
        } \
    }
#define WORDS_6(a, b, c, d, e, f) \
    { \
        6, { \
            #a, #b, #c, #d, #e, #f \
        } \
    }
#define A0 WORDS_0
#define A1 WORDS_1
#define A2 WORDS_2
#define A3 WORDS_3
#define A4 WORDS_4
#define A5 WORDS_5
#define A6 WORDS_6
#define R0 WORDS_0
#define R1 WORDS_1
#define R2 WORDS_2
#define R3 WORDS_3
#define R4 WORDS_4

static const struct {
    uint32_t number;
    const char *name;
    struct words arguments, results;
    const char *errors;
} listing[] = {
#define SYSCALL(number, name, switches, entry, arguments, results, rights, errors, sentence) \
    {number, #name, arguments, results, errors},
#include "abi/syscalls.def"
#undef SYSCALL
};

static const char *const status_names[] = {
#define STATUS(number, name, sentence) [number] = #name,
    STATUS_LIST(STATUS)
#undef STATUS
};
static_assert(STATUS_COUNT <= STATUSES);

static uint8_t kind_of(const char *syscall, const char *word) {
    for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++) {
        const struct meaning *meaning = &meanings[i];
        if (strcmp(meaning->word, word) == 0 &&
            (meaning->syscall == nullptr || strcmp(meaning->syscall, syscall) == 0)) {
            return meaning->kind;
        }
    }
    return KIND_NUMBER;
}

// The class of the handle that comes back, by the name of the first result.
static uint8_t makes_of(const char *syscall, const struct words *results) {
    static const char *const askers[] = {"thread_fault", "task_slot", "handle_info"};
    if (results->count == 0) {
        return 0;
    }
    for (size_t i = 0; i < sizeof askers / sizeof *askers; i++) {
        if (strcmp(askers[i], syscall) == 0) {
            return 0;
        }
    }
    const char *word = results->word[0];
    if (strcmp(word, "view") == 0) {
        return CLASS_VIEW;
    }
    if (strcmp(word, "copy") == 0 || strcmp(word, "handle") == 0) {
        return KIND_ANY;
    }
    uint8_t kind = kind_of("", word);
    return kind < CLASS_COUNT ? kind : 0;
}

// What every handle can be, and what the line adds.
static uint32_t statuses_of(const struct row *row, const char *errors) {
    uint32_t statuses = 1 << STATUS_OK;
    for (uint32_t i = 0; i < row->count; i++) {
        if (row->kind[i] < CLASS_COUNT || row->kind[i] == KIND_ANY ||
            row->kind[i] == KIND_MAPPABLE || row->kind[i] == KIND_TASK_SELF) {
            statuses |= HANDLE_STATUSES;
        }
    }
    while (*errors != '\0') {
        size_t length = 0;
        while (errors[length] != ' ' && errors[length] != '\0') {
            length++;
        }
        for (uint32_t i = 0; i < STATUS_COUNT; i++) {
            const char *name = status_names[i];
            if (name != nullptr && strlen(name) == length && strncmp(name, errors, length) == 0) {
                statuses |= UINT32_C(1) << i;
            }
        }
        errors += length;
        errors += *errors == ' ';
    }
    return statuses;
}

void table_open(void) {
    for (size_t i = 0; i < sizeof listing / sizeof *listing; i++) {
        struct row *row = &rows[listing[i].number];
        row->name = listing[i].name;
        row->count = listing[i].arguments.count;
        for (uint32_t j = 0; j < row->count; j++) {
            row->kind[j] = kind_of(row->name, listing[i].arguments.word[j]);
        }
        row->makes = makes_of(row->name, &listing[i].results);
        row->statuses = statuses_of(row, listing[i].errors);
    }
}
