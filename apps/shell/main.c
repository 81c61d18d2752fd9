// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The shell: prompt, line, command, and so on for ever. Marks around prompts
// (OSC 133) tell a terminal or a script where a prompt ends, where a command's
// output begins, and with which status it ended.
#include "abi/capability.h"
#include "apps/shell/shell.h"
#include "lib/string/string.h"
#include "lib/vectra/bundle.h"
#include "lib/vectra/time.h"

static const char prompt[] = "\x1b]133;A\a> \x1b]133;B\a";
constexpr unsigned PROMPT_COLUMNS = 2;

static void write_screen(void *context, const char *bytes, size_t count) {
    screen_raw(context, bytes, count);
}

static void open_slot(struct endpoint *endpoint, const char *name, uint32_t bit) {
    if (endpoint_open(endpoint, bundle_need(name, CLASS_RING), bit, bit + 1) != STATUS_OK) {
        program_exit(PROGRAM_FAILED);
    }
}

static void begin(struct shell *shell) {
    open_slot(&shell->console, "console", BIT_CONSOLE);
    open_slot(&shell->init, "init", BIT_INIT);
    open_slot(&shell->debug, "debug", BIT_DEBUG);
    shell->reticle = bundle_need("reticle", CLASS_RETICLE);
    // A shell that was not granted these has two commands less.
    (void)bundle_find("trace", CLASS_MACHINE, &shell->tracer.machine);
    (void)bundle_find("symbols", CLASS_MEMORY, &shell->tracer.package);
    line_init(&shell->editor, &(struct line_calls){shell, write_screen, shell_complete});
    memcpy(shell->status_text, "0", 2);
    say(shell, "VectraOS: `help` lists the commands.\n");
}

static void mark_status(struct shell *shell) {
    char bytes[32];
    struct text_buffer text;
    text_start(&text, bytes, sizeof bytes);
    text_format(&text, "\x1b]133;D;%u\a", shell->status);
    bool open = shell->line_open;
    screen_raw(shell, text.data, text.length);
    screen_raw(shell, "\r\n", open ? 2 : 0);
}

// Shows the prompt, and waits until it is on the screen: if the console goes in
// between, the next one is told the status again.
static void show_prompt(struct shell *shell, const char *text, unsigned columns) {
    shell->prompting = true;
    do {
        screen_await(shell);
        shell->console_generation = shell->console.end.generation;
        if (shell->ran) {
            mark_status(shell);
        }
        line_start(&shell->editor, text, columns);
    } while (!screen_drain(shell));
    if (shell->first_prompt == 0) {
        shell->first_prompt = time_now();
    }
}

// Takes the keys that are there; true when the line is finished.
static bool take_keys(struct shell *shell, enum line_event *event) {
    size_t used = 0;
    *event = LINE_MORE;
    while (used < shell->ahead_count && *event == LINE_MORE) {
        *event = line_key(&shell->editor, shell->ahead[used++]);
    }
    shell->ahead_count -= used;
    memmove(shell->ahead, shell->ahead + used, shell->ahead_count);
    return *event != LINE_MORE;
}

enum line_event shell_read_line(struct shell *shell, const char *text, unsigned columns) {
    enum line_event event;
    show_prompt(shell, text, columns);
    bool done = take_keys(shell, &event);
    while (!done && !debug_urgent(shell)) {
        shell_pump(shell);
        done = take_keys(shell, &event);
    }
    shell->prompting = false;
    if (!done) {
        screen_raw(shell, "\r\n", 2);
        event = LINE_CANCELLED;
    }
    if (event == LINE_DONE) {
        memcpy(shell->line_text, shell->editor.text, shell->editor.length + 1);
        line_remember(&shell->editor, shell->line_text);
    }
    screen_raw(shell, "\x1b]133;C\a", 8);
    shell->line_open = false;
    shell->ran = true;
    return event;
}

void shell_run(struct shell *shell) {
    begin(shell);
    for (;;) {
        enum line_event event = shell_read_line(shell, prompt, PROMPT_COLUMNS);
        if (event == LINE_DONE) {
            (void)execute(shell, shell->line_text, strlen(shell->line_text));
        } else if (event == LINE_END) {
            complain(shell, "shell", "it never ends", "`poweroff` turns the machine off");
        }
    }
}

uint32_t program_main(void) {
    static struct shell shell;
    shell_run(&shell);
}
