// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The event loop, and the only place where the shell waits for several things.
// Every source is looked at until it is empty, which arms it, before the wait; a
// signal bit is only a hint to look again, so it does no harm that a wait inside
// of an endpoint function may have taken one.
#include "abi/capability.h"
#include "abi/layout.h"
#include "apps/shell/shell.h"
#include "drivers/console/protocol.h"
#include "lib/string/string.h"
#include "lib/vectra/syscall.h"
#include "lib/vectra/time.h"

constexpr unsigned BATCH = 16; // messages of one source before the others get their turn
constexpr uint64_t LOOK_AGAIN = 20 * MILLISECOND;
constexpr uint8_t CONTROL_C = 3;

bool shell_job_runs(const struct shell *shell) {
    for (unsigned i = 0; i < shell->jobs; i++) {
        if (shell->job[i].runs) {
            return true;
        }
    }
    return false;
}

void shell_exited(struct shell *shell, const struct ring_message *message) {
    struct init_exited end;
    if (message->header.type != INIT_EXITED || message->header.length != sizeof end) {
        return;
    }
    memcpy(&end, message->payload, sizeof end);
    for (unsigned i = 0; i < shell->jobs; i++) {
        if (shell->job[i].runs && shell->job[i].task == end.task) {
            shell->job[i].end = end;
            shell->job[i].runs = false;
        }
    }
}

void shell_end_jobs(struct shell *shell) {
    for (unsigned i = 0; i < shell->jobs; i++) {
        struct job *job = &shell->job[i];
        // An end that was told comes before this reply. So where initd knows of no
        // such task and we of no end, the end will not be told any more.
        if (job->runs && init_kill(shell, job->task) == STATUS_NOT_FOUND && job->runs) {
            job->end = (struct init_exited){.task = job->task, .status = PROGRAM_KILLED};
            job->runs = false;
        }
    }
}

// Ctrl-C: what runs ends, or stops if it is being debugged.
static void interrupt(struct shell *shell) {
    screen_raw(shell, "^C\r\n", 4);
    shell->interrupted = true;
    if (shell->feeding) {
        line_begin(&shell->editor);
    }
    if (shell->debugger.number == 0) {
        shell_end_jobs(shell);
    }
}

// While something runs, a Ctrl-C among the keys acts, and what was typed before
// it is forgotten.
static bool poll_interrupt(struct shell *shell) {
    size_t at = shell->ahead_count;
    while (at > 0 && shell->ahead[at - 1] != CONTROL_C) {
        at--;
    }
    if (shell->prompting || at == 0) {
        return false;
    }
    shell->ahead_count -= at;
    memmove(shell->ahead, shell->ahead + at, shell->ahead_count);
    interrupt(shell);
    return true;
}

bool shell_take_keys(struct shell *shell) {
    bool worked = false;
    struct ring_message message;
    uint64_t sequence;
    // Keys for which there is no room wait in the Ring, and then in the device.
    while (SHELL_AHEAD - shell->ahead_count >= RING_PAYLOAD &&
           endpoint_receive(&shell->console, &message, &sequence) == STATUS_OK) {
        worked = true;
        shell->flow = message.header.flow;
        if (message.header.type == CONSOLE_TEXT) {
            memcpy(shell->ahead + shell->ahead_count, message.payload, message.header.length);
            shell->ahead_count += message.header.length;
        }
    }
    return worked;
}

bool shell_take_text(struct shell *shell) {
    struct ring_message message;
    uint64_t sequence;
    unsigned count = 0;
    while (count < BATCH && endpoint_receive(&shell->text, &message, &sequence) == STATUS_OK) {
        count++;
        shell->flow = message.header.flow;
        if (message.header.type == STREAM_DATA && !shell->interrupted) {
            char clean[RING_PAYLOAD + 4];
            size_t size = line_clean(&shell->filter, message.payload, message.header.length, clean);
            screen_text(shell, clean, size);
        }
    }
    return count > 0;
}

static bool poll_init(struct shell *shell) {
    bool worked = false;
    struct ring_message message;
    uint64_t sequence;
    while (endpoint_receive(&shell->init, &message, &sequence) == STATUS_OK) {
        worked = true;
        shell_exited(shell, &message);
    }
    while (endpoint_receive(&shell->debug, &message, &sequence) == STATUS_OK) {
        worked = true;
        debug_event(shell, &message);
    }
    return worked;
}

// A new console knows nothing of the line that is being typed.
static bool poll_connection(struct shell *shell) {
    uint64_t generation = shell->console.end.generation;
    if (!endpoint_bound(&shell->console) || generation == shell->console_generation) {
        return false;
    }
    shell->console_generation = generation;
    if (shell->prompting || shell->feeding) {
        line_redraw(&shell->editor);
    }
    return true;
}

bool shell_poll(struct shell *shell) {
    screen_flush(shell);
    bool worked = poll_connection(shell);
    worked |= shell_take_keys(shell);
    worked |= poll_interrupt(shell);
    worked |= shell_take_text(shell);
    worked |= poll_init(shell);
    worked |= input_feed(shell);
    return worked;
}

static void refresh(struct endpoint *endpoint, uint64_t bits) {
    if (endpoint->handle != HANDLE_NONE && (bits & endpoint->closed) != 0) {
        endpoint_refresh(endpoint);
    }
}

void shell_pump(struct shell *shell) {
    if (shell_poll(shell)) {
        return;
    }
    uint64_t bits = 0;
    uint64_t deadline = input_waits(shell) ? time_now() + LOOK_AGAIN : TIME_NEVER;
    if (sys_signal_wait(SHELL_BITS, deadline, 0, 0, shell->flow, &bits) != STATUS_OK) {
        return;
    }
    refresh(&shell->console, bits);
    refresh(&shell->init, bits);
    init_look(shell);
    refresh(&shell->debug, bits);
    refresh(&shell->keys, bits);
    refresh(&shell->text, bits);
    if (!endpoint_bound(&shell->init)) {
        program_exit(PROGRAM_FAILED); // without initd nothing can be done
    }
}
