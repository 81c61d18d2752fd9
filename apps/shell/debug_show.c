// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// What can be seen of a thread that stands still.
#include "apps/shell/debug.h"
#include "apps/shell/machine.h"
#include "apps/shell/shell.h"
#include "lib/string/string.h"
#include "lib/vectra/syscall.h"

#include <machine/registers.h>

constexpr uint64_t ROW = 16;            // bytes
constexpr uint64_t MEMORY_MOST = 4096;  // bytes of one command
constexpr unsigned THREADS_MOST = 1024; // of a task
constexpr size_t TEXT = SYMBOLS_NAME + 32;

uint32_t debugger_registers(struct shell *shell, const struct command_arguments *words) {
    (void)words;
    struct thread_registers registers;
    if (!debug_registers(shell, &registers)) {
        return SHELL_FAILED;
    }
    for (unsigned i = 0; i < machine_register_count; i++) {
        uint64_t value;
        memcpy(&value, (uint8_t *)&registers + machine_registers[i].word * sizeof value,
               sizeof value);
        char name[TEXT];
        struct text_buffer text;
        text_start(&text, name, sizeof name);
        debug_name(&text, &shell->debugger, value, SYMBOLS_CODE);
        debug_name(&text, &shell->debugger, value, SYMBOLS_DATA);
        say(shell, "%-5s 0x%016lx%s\n", machine_registers[i].name, value, text.data);
    }
    return SHELL_OK;
}

static bool read_memory(void *context, uint64_t address, void *bytes, size_t size) {
    return debug_read(context, address, bytes, size);
}

static uint64_t function_at(void *context, uint64_t address) {
    const struct debugger *debugger = context;
    struct symbol symbol;
    bool found = symbols_at(&debugger->symbols, address, &symbol) == STATUS_OK &&
                 symbol.kind == SYMBOLS_CODE;
    return found ? symbol.address : 0;
}

// A return address belongs to the call before it, which may be its function's last
// instruction.
static void show_frame(struct shell *shell, unsigned number, uint64_t pc) {
    char name[TEXT];
    struct text_buffer text;
    text_start(&text, name, sizeof name);
    struct symbol symbol;
    bool back = number > 0;
    if (symbols_at(&shell->debugger.symbols, pc - back, &symbol) == STATUS_OK) {
        text_format(&text, " %s", symbol.name);
        if (pc != symbol.address) {
            text_format(&text, "+0x%lx", pc - symbol.address);
        }
    }
    say(shell, "%2u  0x%lx%s\n", number, pc, text.data);
}

uint32_t debugger_backtrace(struct shell *shell, const struct command_arguments *words) {
    struct thread_registers registers;
    uint64_t most = UNWIND_FRAMES;
    if (words->count > 1 && (!debug_number(words->word[1], &most) || most == 0)) {
        return debug_complain(shell, "`%s` is no count: want a number from 1 on", words->word[1]);
    }
    if (!debug_registers(shell, &registers)) {
        return SHELL_FAILED;
    }
    struct unwind_calls calls = {&shell->debugger, read_memory, function_at};
    struct unwind_frame frame = machine_frame(&registers);
    show_frame(shell, 0, frame.pc);
    for (unsigned number = 1; unwind_next(&calls, machine_early, number == 1, &frame); number++) {
        if (number == most || shell->interrupted) {
            say(shell, "    and so on: `backtrace COUNT` shows more\n");
            break;
        }
        show_frame(shell, number, frame.pc);
    }
    return SHELL_OK;
}

// What is text for everybody else too.
static char shown(uint8_t byte) {
    return byte >= ' ' && byte <= '~' ? (char)byte : '.';
}

static bool show_row(struct shell *shell, uint64_t address, uint64_t count) {
    uint8_t bytes[ROW];
    char line[160];
    struct text_buffer text;
    if (!debug_read(&shell->debugger, address, bytes, count)) {
        return false;
    }
    text_start(&text, line, sizeof line);
    text_format(&text, "0x%lx ", address);
    for (uint64_t i = 0; i < ROW; i++) {
        text_append(&text, i % 8 == 0 ? "  " : " ");
        if (i < count) {
            text_append_hex(&text, bytes[i], 2);
        } else {
            text_append(&text, "  ");
        }
    }
    text_append(&text, "  ");
    for (uint64_t i = 0; i < count; i++) {
        text_append_char(&text, shown(bytes[i]));
    }
    say(shell, "%s\n", text.data);
    return true;
}

// A variable of the size of a number is shown as one.
static bool show_variable(struct shell *shell, const struct symbol *symbol) {
    uint64_t value = 0;
    bool number = symbol->size == 1 || symbol->size == 2 || symbol->size == 4 || symbol->size == 8;
    if (!number || !debug_read(&shell->debugger, symbol->address, &value, symbol->size)) {
        return false;
    }
    say(shell, "%s = %lu = 0x%lx\n", symbol->name, value, value);
    return true;
}

uint32_t debugger_memory(struct shell *shell, const struct command_arguments *words) {
    struct symbol symbol;
    uint64_t address, count = 64;
    if (!debug_address(shell, words->word[1], &address, &symbol)) {
        return SHELL_FAILED;
    }
    bool whole = symbol.kind == SYMBOLS_DATA && address == symbol.address && words->count == 2;
    if (whole && show_variable(shell, &symbol)) {
        return SHELL_OK;
    }
    count = whole && symbol.size < MEMORY_MOST ? symbol.size : count;
    if (words->count > 2 &&
        (!debug_number(words->word[2], &count) || count == 0 || count > MEMORY_MOST)) {
        return debug_complain(shell, "`%s` is no count: want 1 to %lu", words->word[2],
                              MEMORY_MOST);
    }
    for (uint64_t done = 0; done < count && !shell->interrupted; done += ROW) {
        uint64_t left = count - done;
        if (!show_row(shell, address + done, left < ROW ? left : ROW)) {
            return debug_complain(shell, "0x%lx cannot be read: nothing is mapped there",
                                  address + done);
        }
    }
    return SHELL_OK;
}

static const char *state_text(uint32_t kind) {
    return kind == FAULT_NONE ? "runs" : kind == FAULT_STOPPED ? "stands still" : fault_text(kind);
}

uint32_t debugger_threads(struct shell *shell, const struct command_arguments *words) {
    (void)words;
    struct debug_thread thread;
    uint64_t after = 0;
    for (unsigned n = 0; n < THREADS_MOST && debug_next(&shell->debugger, after, true, &thread);
         n++, after = thread.number) {
        char where[TEXT + 32];
        struct text_buffer text;
        text_start(&text, where, sizeof where);
        if (thread.kind != FAULT_NONE) {
            text_format(&text, ": 0x%lx", thread.pc);
            debug_name(&text, &shell->debugger, thread.pc, SYMBOLS_CODE);
        }
        say(shell, "%c %4lu  %s%s\n", thread.number == shell->debugger.thread ? '*' : ' ',
            thread.number, state_text(thread.kind), text.data);
    }
    return SHELL_OK;
}

uint32_t debugger_thread(struct shell *shell, const struct command_arguments *words) {
    struct debug_thread thread;
    uint64_t number;
    if (!debug_number(words->word[1], &number) || number == 0 ||
        !debug_next(&shell->debugger, number - 1, true, &thread) || thread.number != number) {
        return debug_complain(shell, "no thread is `%s`: want one of `threads`", words->word[1]);
    }
    shell->debugger.thread = number;
    return SHELL_OK;
}
