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
    shell->reticle = bundle_need("reticle", CLASS_RETICLE);
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
static void show_prompt(struct shell *shell) {
    shell->prompting = true;
    do {
        screen_await(shell);
        shell->console_generation = shell->console.end.generation;
        if (shell->ran) {
            mark_status(shell);
        }
        line_start(&shell->editor, prompt, PROMPT_COLUMNS);
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

static enum line_event read_line(struct shell *shell) {
    enum line_event event;
    show_prompt(shell);
    while (!take_keys(shell, &event)) {
        shell_pump(shell);
    }
    shell->prompting = false;
    return event;
}

static void run_line(struct shell *shell) {
    size_t length = shell->editor.length;
    memcpy(shell->line_text, shell->editor.text, length + 1);
    line_remember(&shell->editor, shell->line_text);
    (void)execute(shell, shell->line_text, length);
}

void shell_run(struct shell *shell) {
    begin(shell);
    for (;;) {
        enum line_event event = read_line(shell);
        screen_raw(shell, "\x1b]133;C\a", 8);
        shell->line_open = false;
        shell->ran = true;
        if (event == LINE_DONE) {
            run_line(shell);
        } else if (event == LINE_END) {
            complain(shell, "shell", "it never ends", "`poweroff` turns the machine off");
        }
    }
}

uint32_t program_main(void) {
    static struct shell shell;
    shell_run(&shell);
}
