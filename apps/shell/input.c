// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The keyboard as a program's input. Keys go to the program line by line, with
// editing, once it has opened its "in"; a program that never looks at it leaves
// them to the shell's next prompt. Ctrl-D on an empty line ends the input.
#include <stdatomic.h>

#include "apps/shell/shell.h"
#include "lib/string/string.h"
#include "lib/vectra/stream.h"

void input_begin(struct shell *shell, bool terminal) {
    shell->terminal = terminal;
    shell->feeding = shell->input_ended = false;
    shell->feed_count = shell->feed_sent = 0;
}

// The part of a line that was typed when the program ended goes to the shell.
void input_end(struct shell *shell) {
    size_t count = shell->feeding ? shell->editor.length : 0;
    if (count > 0 && count <= SHELL_AHEAD - shell->ahead_count) {
        memmove(shell->ahead + count, shell->ahead, shell->ahead_count);
        memcpy(shell->ahead, shell->editor.text, count);
        shell->ahead_count += count;
    }
    shell->terminal = shell->feeding = false;
}

// The program's end carries the connection's number as soon as it was opened.
static bool program_listens(const struct shell *shell) {
    const struct ring_end *end = &shell->keys.end;
    return end->peer != nullptr &&
           ring_end_meant(end, atomic_load_explicit(&end->peer->generation, memory_order_acquire));
}

bool input_waits(const struct shell *shell) {
    return shell->terminal && !shell->feeding && shell->ahead_count > 0 && shell_job_runs(shell);
}

// Sends what stands in `feed`; false when the Ring is full.
static bool send_feed(struct shell *shell) {
    while (shell->feed_sent < shell->feed_count) {
        size_t left = shell->feed_count - shell->feed_sent;
        size_t piece = left < RING_PAYLOAD ? left : RING_PAYLOAD;
        struct ring_message message = {.header = {.type = STREAM_DATA, .length = (uint16_t)piece}};
        memcpy(message.payload, shell->feed + shell->feed_sent, piece);
        enum status status = endpoint_send(&shell->keys, &message);
        if (status == STATUS_FULL) {
            return false;
        }
        shell->feed_sent = status == STATUS_OK ? shell->feed_sent + piece : shell->feed_count;
    }
    return true;
}

static void take_line(struct shell *shell, enum line_event event) {
    struct line_editor *editor = &shell->editor;
    if (event == LINE_DONE) {
        memcpy(shell->feed, editor->text, editor->length);
        shell->feed[editor->length] = '\n';
        shell->feed_count = editor->length + 1;
        shell->feed_sent = 0;
    } else if (event == LINE_END) {
        struct ring_message message = {.header = {.type = STREAM_END}};
        shell->input_ended = endpoint_send(&shell->keys, &message) == STATUS_OK;
    }
    line_begin(editor);
}

bool input_feed(struct shell *shell) {
    if (!shell->terminal || shell->input_ended || !program_listens(shell) || !send_feed(shell)) {
        return false;
    }
    if (!shell->feeding) {
        shell->feeding = true;
        line_begin(&shell->editor);
    }
    size_t used = 0;
    enum line_event event = LINE_MORE;
    while (used < shell->ahead_count && event == LINE_MORE) {
        event = line_key(&shell->editor, shell->ahead[used++]);
    }
    shell->ahead_count -= used;
    memmove(shell->ahead, shell->ahead + used, shell->ahead_count);
    if (event != LINE_MORE) {
        take_line(shell, event);
    }
    return used > 0;
}
