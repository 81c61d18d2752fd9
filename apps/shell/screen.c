// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Text on its way to the console. It is sent in whole messages. When the
// console goes, the message at hand waits for the next one; what the old one had
// not read yet is lost, and the prompt is drawn anew.
#include "abi/layout.h"
#include "apps/shell/shell.h"
#include "drivers/console/protocol.h"
#include "lib/string/string.h"

void screen_await(struct shell *shell) {
    uint64_t bits;
    while (!endpoint_bound(&shell->console)) {
        if (endpoint_wait(&shell->console, 0, TIME_NEVER, &bits) != STATUS_OK) {
            program_exit(PROGRAM_FAILED);
        }
    }
}

void screen_flush(struct shell *shell) {
    if (shell->screen.header.length == 0) {
        return;
    }
    shell->screen.header.type = CONSOLE_TEXT;
    shell->screen.header.flow = shell->flow;
    for (;;) {
        enum status status = endpoint_send(&shell->console, &shell->screen);
        uint64_t bits;
        if (status == STATUS_FULL) {
            (void)endpoint_wait(&shell->console, 0, TIME_NEVER, &bits);
        } else if (status == STATUS_PEER_CLOSED) {
            screen_await(shell);
        } else {
            break; // sent, or the console broke the protocol: then nobody can be told
        }
    }
    shell->screen = (struct ring_message){};
}

bool screen_drain(struct shell *shell) {
    screen_flush(shell);
    return endpoint_drain(&shell->console, TIME_NEVER) == STATUS_OK;
}

void screen_raw(struct shell *shell, const char *text, size_t count) {
    if (count > 0) {
        shell->line_open = text[count - 1] != '\n';
    }
    while (count > 0) {
        struct ring_message *message = &shell->screen;
        size_t room = RING_PAYLOAD - message->header.length;
        size_t piece = count < room ? count : room;
        memcpy(message->payload + message->header.length, text, piece);
        message->header.length += (uint16_t)piece;
        text += piece;
        count -= piece;
        if (message->header.length == RING_PAYLOAD) {
            screen_flush(shell);
        }
    }
}

void screen_text(struct shell *shell, const char *text, size_t count) {
    while (count > 0) {
        size_t row = 0;
        while (row < count && text[row] != '\n') {
            row++;
        }
        screen_raw(shell, text, row);
        if (row < count) {
            screen_raw(shell, "\r\n", 2);
            row++;
        }
        text += row;
        count -= row;
    }
}
