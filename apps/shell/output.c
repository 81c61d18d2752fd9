// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// What commands print: onto the screen, or into the first program of a pipeline.
#include "apps/shell/shell.h"
#include "lib/string/string.h"
#include "lib/vectra/stream.h"

constexpr size_t SAY_MOST = 2048; // bytes of one call; the longest help text

// While the program does not read, its output and the keyboard must still be
// looked after, or the two would wait for each other.
static void pipe_send(struct shell *shell) {
    for (;;) {
        enum status status = endpoint_send(&shell->keys, &shell->pipe);
        if (status != STATUS_FULL || shell->interrupted) {
            break; // sent, or nobody reads: the rest is dropped
        }
        shell_pump(shell);
    }
    shell->pipe = (struct ring_message){};
}

static void pipe_text(struct shell *shell, const char *text, size_t count) {
    while (count > 0 && !shell->interrupted) {
        struct ring_message *message = &shell->pipe;
        size_t room = RING_PAYLOAD - message->header.length;
        size_t piece = count < room ? count : room;
        memcpy(message->payload + message->header.length, text, piece);
        message->header.length += (uint16_t)piece;
        message->header.type = STREAM_DATA;
        text += piece;
        count -= piece;
        if (message->header.length == RING_PAYLOAD) {
            pipe_send(shell);
        }
    }
}

void pipe_finish(struct shell *shell) {
    if (shell->pipe.header.length > 0) {
        pipe_send(shell);
    }
    shell->pipe.header.type = STREAM_END;
    pipe_send(shell);
}

void say(struct shell *shell, const char *format, ...) {
    char bytes[SAY_MOST];
    struct text_buffer text;
    text_start(&text, bytes, sizeof bytes);
    va_list arguments;
    va_start(arguments, format);
    text_format_list(&text, format, arguments);
    va_end(arguments);
    if (shell->piping) {
        pipe_text(shell, text.data, text.length);
    } else {
        screen_text(shell, text.data, text.length);
    }
}

void complain_list(struct shell *shell, const char *command, const char *format,
                   va_list arguments) {
    char bytes[512];
    struct text_buffer text;
    text_start(&text, bytes, sizeof bytes);
    text_format(&text, "%s: ", command);
    text_format_list(&text, format, arguments);
    screen_text(shell, text.data, text.length);
    screen_text(shell, "\n", 1);
}

void complain_about(struct shell *shell, const char *command, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    complain_list(shell, command, format, arguments);
    va_end(arguments);
}

void complain(struct shell *shell, const char *command, const char *wrong, const char *right) {
    complain_about(shell, command, "%s: %s", wrong, right);
}

uint32_t misused_command(struct shell *shell, const char *who, const char *name,
                         const char *arguments) {
    complain_about(shell, who, "the arguments are wrong: want `%s%s%s`", name,
                   arguments[0] == 0 ? "" : " ", arguments);
    return SHELL_USAGE;
}

uint32_t misused(struct shell *shell, const struct command_arguments *words) {
    const struct command *command = command_find(words->word[0]);
    return misused_command(shell, command->name, command->name, command->arguments);
}
