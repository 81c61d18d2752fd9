// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// What is typed for an address, and names for addresses that are shown.
#include "apps/shell/debug.h"
#include "apps/shell/machine.h"
#include "apps/shell/shell.h"
#include "lib/string/string.h"
#include "lib/vectra/syscall.h"

#include <machine/registers.h>

bool debug_read(const struct debugger *debugger, uint64_t address, void *bytes, size_t size) {
    return sys_task_memory(debugger->task, address, (uint64_t)bytes, size, 0) == STATUS_OK;
}

static int digit_of(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f') {
        return (c | 0x20) - 'a' + 10;
    }
    return 16;
}

bool debug_number(const char *text, uint64_t *value) {
    unsigned base = text[0] == '0' && (text[1] | 0x20) == 'x' ? 16 : 10;
    const char *c = base == 16 ? text + 2 : text;
    if (*c == 0) {
        return false;
    }
    for (*value = 0; *c != 0; c++) {
        unsigned digit = (unsigned)digit_of(*c);
        if (digit >= base || *value > (UINT64_MAX - digit) / base) {
            return false;
        }
        *value = *value * base + digit;
    }
    return true;
}

static const struct machine_register *find_register(const char *name) {
    for (unsigned i = 0; i < MACHINE_REGISTERS && machine_registers[i].name != nullptr; i++) {
        if (strcmp(machine_registers[i].name, name) == 0) {
            return &machine_registers[i];
        }
    }
    return nullptr;
}

bool debug_registers(struct shell *shell, struct thread_registers *registers) {
    struct debug_thread thread;
    if (!debug_current(shell, &thread)) {
        return false;
    }
    if (sys_thread_registers(shell->debugger.task, thread.number, (uint64_t)registers, 0) !=
        STATUS_OK) {
        debug_complain(shell, "thread %lu has just gone: want another one of `threads`",
                       thread.number);
        return false;
    }
    return true;
}

static uint64_t word_of(const struct thread_registers *registers,
                        const struct machine_register *which) {
    uint64_t value;
    memcpy(&value, (const uint8_t *)registers + which->word * sizeof value, sizeof value);
    return value;
}

// NAME or NAME+NUMBER.
static bool find_symbol(const struct debugger *debugger, const char *text, uint64_t *value,
                        struct symbol *symbol) {
    char name[SYMBOLS_NAME];
    size_t length = 0;
    uint64_t offset = 0;
    while (text[length] != 0 && text[length] != '+') {
        length++;
    }
    if (length >= sizeof name ||
        (text[length] == '+' && !debug_number(text + length + 1, &offset))) {
        return false;
    }
    memcpy(name, text, length);
    name[length] = 0;
    if (symbols_find(&debugger->symbols, name, symbol) != STATUS_OK) {
        return false;
    }
    *value = symbol->address + offset;
    return true;
}

bool debug_address(struct shell *shell, const char *text, uint64_t *value, struct symbol *symbol) {
    struct thread_registers registers;
    *symbol = (struct symbol){};
    if (debug_number(text, value) || find_symbol(&shell->debugger, text, value, symbol)) {
        return true;
    }
    const struct machine_register *which = find_register(text);
    if (which == nullptr) {
        debug_complain(shell, "`%s` is no address: want a number, a register, or a symbol", text);
        return false;
    }
    if (!debug_registers(shell, &registers)) {
        return false;
    }
    *value = word_of(&registers, which);
    return true;
}

void debug_name(struct text_buffer *text, const struct debugger *debugger, uint64_t address,
                enum symbols_kind kind) {
    struct symbol symbol;
    if (symbols_at(&debugger->symbols, address, &symbol) != STATUS_OK || symbol.kind != kind) {
        return;
    }
    text_format(text, " %s", symbol.name);
    if (address != symbol.address) {
        text_format(text, "+0x%lx", address - symbol.address);
    }
}

uint32_t debugger_set(struct shell *shell, const struct command_arguments *words) {
    struct thread_registers registers;
    struct symbol symbol;
    uint64_t value;
    const struct machine_register *which = find_register(words->word[1]);
    if (which == nullptr) {
        return debug_complain(shell, "`%s` is no register: `registers` shows them", words->word[1]);
    }
    if (!debug_address(shell, words->word[2], &value, &symbol) ||
        !debug_registers(shell, &registers)) {
        return SHELL_FAILED;
    }
    memcpy((uint8_t *)&registers + which->word * sizeof value, &value, sizeof value);
    struct debugger *debugger = &shell->debugger;
    if (sys_thread_registers(debugger->task, debugger->thread, (uint64_t)&registers, 1) !=
        STATUS_OK) {
        return debug_complain(shell,
                              "the kernel does not take it: want a thread that stands still");
    }
    return SHELL_OK;
}

uint32_t debugger_write(struct shell *shell, const struct command_arguments *words) {
    struct symbol symbol, other;
    uint64_t address, value, size = 8;
    if (!debug_address(shell, words->word[1], &address, &symbol) ||
        !debug_address(shell, words->word[2], &value, &other)) {
        return SHELL_FAILED;
    }
    size = symbol.name != nullptr && symbol.address == address ? symbol.size : size;
    bool good = words->count < 4 || debug_number(words->word[3], &size);
    if (!good || (size != 1 && size != 2 && size != 4 && size != 8)) {
        return debug_complain(shell, "it cannot have so many bytes: want 1, 2, 4 or 8");
    }
    if (sys_task_memory(shell->debugger.task, address, (uint64_t)&value, size, 1) != STATUS_OK) {
        return debug_complain(shell, "0x%lx cannot be written: want memory that the task may write",
                              address);
    }
    return SHELL_OK;
}
