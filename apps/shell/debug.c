// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The command `debug`: takes a task over, does what is typed at a prompt of its own or
// stands on the command line, and gives the task back, whatever happened.
#include "apps/shell/debug.h"

#include "apps/shell/shell.h"
#include "lib/string/string.h"
#include "lib/vectra/address.h"
#include "lib/vectra/status_text.h"
#include "lib/vectra/syscall.h"

#include <stddef.h>

static const char prompt[] = "\x1b]133;A\adebug> \x1b]133;B\a";
constexpr unsigned PROMPT_COLUMNS = 7;

struct debug_command {
    const char *name, *arguments;
    unsigned least, most;
    const char *sentence;
    builtin *run;
};

static const struct debug_command commands[] = {
#define DEBUG(name, arguments, least, most, sentence) \
    {#name, arguments, least, most, sentence, debugger_##name},
#include "apps/shell/debug.def"
#undef DEBUG
};
constexpr unsigned COMMANDS = sizeof commands / sizeof commands[0];

uint32_t debug_complain(struct shell *shell, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    complain_list(shell, "debug", format, arguments);
    va_end(arguments);
    return SHELL_FAILED;
}

// -------------------------------------------------------------------- events
void debug_event(struct shell *shell, const struct ring_message *message) {
    struct debugger *debugger = &shell->debugger;
    struct init_exited end;
    struct init_task about;
    memcpy(&end, message->payload, sizeof end);
    memcpy(&about, message->payload, sizeof about);
    if (about.task != debugger->number || debugger->number == 0) {
        return; // of an earlier one
    }
    if (message->header.type == DEBUG_STOPPED && message->header.length == sizeof about) {
        debugger->event = !debugger->halted;
    } else if (message->header.type == DEBUG_ENDED && message->header.length == sizeof end) {
        debugger->end = end;
        debugger->ended = true;
    }
}

bool debug_urgent(const struct shell *shell) {
    const struct debugger *debugger = &shell->debugger;
    return debugger->number != 0 && (debugger->event || debugger->ended);
}

// ------------------------------------------------------- taking and giving back
// Without symbols everything but names works, so that is no reason to give up.
static void open_symbols(struct shell *shell, uint64_t memory, const struct debug_task *about) {
    struct debugger *debugger = &shell->debugger;
    constexpr uint64_t PAGE = 4096;
    uint64_t pages = (about->symbols_size + PAGE - 1) & ~(PAGE - 1);
    enum status status = STATUS_TOO_LARGE;
    if (about->symbols_size <= SYMBOLS_SIZE) {
        status =
            pages <= debugger->window_size ? STATUS_OK : address_take(pages, &debugger->window);
    }
    if (status == STATUS_OK) {
        debugger->window_size = pages > debugger->window_size ? pages : debugger->window_size;
        status = sys_memory_map(0, memory, debugger->window, about->symbols_offset, pages, MAP_READ,
                                &debugger->view);
    }
    if (status == STATUS_OK) {
        status =
            symbols_open((const void *)debugger->window, about->symbols_size, &debugger->symbols);
    }
    if (status != STATUS_OK) {
        (void)debug_complain(shell, "its symbols cannot be read: %s", status_text(status));
    }
}

static uint32_t attach(struct shell *shell, uint32_t number, const char *name) {
    struct debugger *debugger = &shell->debugger;
    struct debug_task about;
    uint64_t memory;
    enum status status = init_attach(shell, number, &about, &debugger->task, &memory);
    if (status == STATUS_ACCESS) {
        return debug_complain(shell, "%s: the shell would stop with it: want another task", name);
    }
    if (status != STATUS_OK) {
        return debug_complain(shell, "%s: %s: want a task that runs", name, status_text(status));
    }
    debugger->number = number;
    memcpy(debugger->name, name, strnlen(name, INIT_NAME - 1));
    if (memory != HANDLE_NONE) {
        open_symbols(shell, memory, &about);
        (void)sys_handle_drop(memory);
    }
    return SHELL_OK;
}

static void drop(uint64_t *handle) {
    if (*handle != HANDLE_NONE) {
        (void)sys_handle_drop(*handle);
    }
    *handle = HANDLE_NONE;
}

// What is left of it is the window for symbols.
static void detach(struct shell *shell) {
    struct debugger *debugger = &shell->debugger;
    if (!debugger->ended && init_release(shell, debugger->number) != STATUS_OK &&
        !debugger->ended) {
        (void)debug_complain(shell, "%s: initd does not take it back: want `kill`", debugger->name);
    }
    drop(&debugger->task);
    drop(&debugger->view);
    *debugger = (struct debugger){.window = debugger->window, .window_size = debugger->window_size};
}

// ------------------------------------------------------------------ commands
uint32_t debugger_help(struct shell *shell, const struct command_arguments *words) {
    (void)words;
    for (unsigned i = 0; i < COMMANDS; i++) {
        say_command(shell, commands[i].name, commands[i].arguments, commands[i].sentence);
    }
    say(shell,
        "ADDRESS and VALUE: a number, a register, a symbol, or SYMBOL+NUMBER. The beginning\n"
        "of a command's name is enough if no other begins so.\n");
    return SHELL_OK;
}

uint32_t debugger_quit(struct shell *shell, const struct command_arguments *words) {
    (void)words;
    shell->debugger.leave = true;
    return SHELL_OK;
}

uint32_t debugger_end(struct shell *shell, const struct command_arguments *words) {
    (void)words;
    struct debugger *debugger = &shell->debugger;
    enum status status = init_kill(shell, debugger->number);
    if (status != STATUS_OK) {
        return debug_complain(shell, "it cannot be ended: %s", status_text(status));
    }
    while (!debugger->ended) {
        shell_pump(shell);
    }
    return SHELL_OK;
}

// The command of that name, or the only one that begins so.
static const struct debug_command *find(struct shell *shell, const char *name) {
    const struct debug_command *found = nullptr;
    unsigned count = 0;
    size_t length = strlen(name);
    for (unsigned i = 0; i < COMMANDS; i++) {
        bool begins = memcmp(commands[i].name, name, strnlen(commands[i].name, length)) == 0 &&
                      strlen(commands[i].name) >= length;
        if (begins && strlen(commands[i].name) == length) {
            return &commands[i];
        }
        found = begins ? &commands[i] : found;
        count += begins;
    }
    if (count != 1) {
        (void)debug_complain(shell, "`%s` %s: `help` lists the commands", name,
                             count == 0 ? "is no command" : "may be several commands");
    }
    return count == 1 ? found : nullptr;
}

static uint32_t run_command(struct shell *shell, const char *line) {
    struct command_arguments *words = &shell->debugger.words;
    if (command_split(line, words) != STATUS_OK) {
        (void)debug_complain(shell, "the line cannot be read: want words, in '...' if need be");
        return SHELL_USAGE;
    }
    if (words->count == 0) {
        return SHELL_OK;
    }
    const struct debug_command *command = find(shell, words->word[0]);
    if (command == nullptr) {
        return SHELL_USAGE;
    }
    unsigned arguments = words->count - 1;
    if (arguments < command->least || arguments > command->most) {
        return misused_command(shell, "debug", command->name, command->arguments);
    }
    return command->run(shell, words);
}

// ------------------------------------------------------------------- sessions
static bool over(const struct debugger *debugger) {
    return debugger->leave || debugger->ended;
}

static uint32_t run_prompt(struct shell *shell) {
    struct debugger *debugger = &shell->debugger;
    struct debug_thread thread;
    shell_set_status(shell, SHELL_OK);
    while (!over(debugger)) {
        if (debugger->event && debug_next(debugger, 0, false, &thread)) {
            shell_set_status(shell, debug_halt(shell));
        }
        debugger->event = false;
        enum line_event event = shell_read_line(shell, prompt, PROMPT_COLUMNS);
        if (event == LINE_DONE) {
            shell_set_status(shell, run_command(shell, shell->line_text));
        }
        debugger->leave |= event == LINE_END;
        shell->interrupted = false;
    }
    return shell->status;
}

static uint32_t run_list(struct shell *shell) {
    struct debugger *debugger = &shell->debugger;
    uint32_t status = SHELL_OK;
    unsigned done = 0;
    while (done < debugger->command_count && status == SHELL_OK && !over(debugger)) {
        status = run_command(shell, debugger->commands[done++]);
    }
    if (status == SHELL_OK && debugger->ended && done < debugger->command_count) {
        status = debug_complain(shell, "it has ended before `%s`", debugger->commands[done]);
    }
    return status;
}

static uint32_t session(struct shell *shell) {
    struct debugger *debugger = &shell->debugger;
    uint32_t status = debugger->command_count > 0 ? run_list(shell) : run_prompt(shell);
    if (debugger->ended) {
        say(shell, "%s: task %u ended with status %u\n", debugger->name, debugger->number,
            debugger->end.status);
    }
    return status;
}

// A program that was started for this, and waits before its first instruction.
static uint32_t use_own(struct shell *shell, uint32_t number, const char *name) {
    struct debugger *debugger = &shell->debugger;
    uint32_t status = attach(shell, number, name);
    if (status != SHELL_OK) {
        (void)init_kill(shell, number);
        return status;
    }
    debugger->own = true;
    status = debug_wait(shell);
    status = status == SHELL_OK ? session(shell) : status;
    detach(shell);
    return status;
}

static uint32_t debug_run(struct shell *shell) {
    struct command_arguments *words = &shell->words;
    unsigned count = 2;
    while (count < words->count && strcmp(words->word[count], "--") != 0) {
        count++;
    }
    if (count == 2) {
        return misused_command(shell, "debug", "debug",
                               "run PROGRAM [ARGUMENT...] [-- COMMAND...]");
    }
    if (shell->piping) {
        return debug_complain(shell, "it cannot start a program in a pipeline: want it alone");
    }
    bool listed = count < words->count;
    shell->debugger.commands = words->word + count + 1;
    shell->debugger.command_count = listed ? words->count - count - 1 : 0;
    words->count = count;
    return pipeline_held(shell, 2, use_own);
}

static uint32_t debug_task(struct shell *shell, const struct command_arguments *words) {
    struct debugger *debugger = &shell->debugger;
    struct init_entry entry;
    struct debug_thread thread;
    if (words->count == 2 && shell->piping) {
        return debug_complain(shell, "its prompt cannot stand in a pipeline: want commands");
    }
    if (!init_find(shell, "debug", words->word[1], &entry)) {
        return SHELL_FAILED;
    }
    uint32_t status = attach(shell, entry.task, entry.name);
    if (status != SHELL_OK) {
        return status;
    }
    debugger->commands = words->word + 2;
    debugger->command_count = words->count - 2;
    if (debug_next(debugger, 0, false, &thread)) {
        status = debug_halt(shell);
    } else if (debugger->command_count == 0) {
        say(shell, "%s: task %u runs: `stop` stops it, `help` lists the commands\n", entry.name,
            entry.task);
    }
    status = status == SHELL_OK ? session(shell) : status;
    detach(shell);
    return status;
}

uint32_t builtin_debug(struct shell *shell, const struct command_arguments *words) {
    if (words->count < 2) {
        return misused(shell, words);
    }
    return strcmp(words->word[1], "run") == 0 ? debug_run(shell) : debug_task(shell, words);
}

// ----------------------------------------------------------------- completion
void debug_complete(struct shell *shell, struct line_candidates *list, bool first) {
    struct symbol symbol;
    for (unsigned i = 0; i < COMMANDS && first; i++) {
        line_offer(list, commands[i].name);
    }
    for (uint32_t i = 0;
         !first && symbols_number(&shell->debugger.symbols, i, &symbol) == STATUS_OK; i++) {
        line_offer(list, symbol.name);
    }
}
