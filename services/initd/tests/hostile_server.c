// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// A server that breaks each rule of its control Ring. The argument says which: with
// `answers`, `descriptions`, `status` and `index` it has to be ended, with `deaf` and
// `mute` clients come and go while it does nothing, and initd must not notice.
// tests/system/hostile.sh runs it.
#include "abi/bundle.h"
#include "abi/capability.h"
#include "lib/string/string.h"
#include "lib/vectra/bundle.h"
#include "lib/vectra/program.h"
#include "lib/vectra/stream.h"
#include "lib/vectra/syscall.h"
#include "services/initd/tests/asking.h"

constexpr uint32_t SLOTS = 32;    // of a control Ring
constexpr uint32_t CLIENTS = 200; // enough to fill it, though some have gone too early

static struct endpoint control;

// Sends the same for ever, as fast as it is taken.
[[noreturn]] static void flood(uint16_t type, const void *payload, uint16_t length) {
    struct ring_message message = {.header = {.type = type, .length = length}};
    memcpy(message.payload, payload, length);
    for (;;) {
        if (endpoint_send(&control, &message) == STATUS_FULL) {
            (void)sys_doorbell(control.handle, 0);
        }
    }
}

// A client more, which goes again. initd tells of it in its next turn, unless it has gone.
static bool client_comes_and_goes(void) {
    uint32_t task = 0;
    bool started = ask_run("hostile-client", &task) == STATUS_OK;
    time_sleep_until(time_now() + MILLISECOND);
    return started && ask_kill(task) == STATUS_OK && ask_gone(task);
}

// Messages that wait on the control Ring.
static uint32_t waiting(void) {
    return (uint32_t)(atomic_load(&control.end.peer->produced) - ring_end_consumed(&control.end));
}

// Until the control Ring is full, and more.
static void deaf(void) {
    bool good = true;
    for (uint32_t i = 0; i < CLIENTS && good && waiting() < SLOTS; i++) {
        good = client_comes_and_goes();
    }
    ask_verdict("hostile", "the control Ring is full", waiting() == SLOTS);
    for (uint32_t i = 0; i < 8 && good; i++) {
        good = client_comes_and_goes();
    }
    ask_verdict("hostile", "a server that does not read", good && waiting() == SLOTS);
}

static void mute(void) {
    struct ring_message message;
    uint64_t sequence;
    uint32_t heard = 0;
    bool good = true;
    for (uint32_t i = 0; i < 20 && good; i++) {
        good = client_comes_and_goes();
        while (endpoint_receive(&control, &message, &sequence) == STATUS_OK) {
            heard += message.header.type == SERVE_ACCEPT;
        }
    }
    ask_verdict("hostile", "a server that does not answer", good && heard > 0);
}

uint32_t program_main(void) {
    static char argument[BUNDLE_ARGUMENT + 1];
    const char *way = bundle_argument(argument);
    ask_open(0);
    if (endpoint_open(&control, bundle_need("serve", CLASS_RING), 1, 1) != STATUS_OK) {
        program_fail(PROGRAM_FAILED, "not ok hostile: no control Ring\n");
    }
    struct serve_answer answer = {.client = 999};
    struct serve_description description = {.client = 999, .text = "everything"};
    if (strcmp(way, "answers") == 0) {
        flood(SERVE_ANSWER, &answer, sizeof answer);
    } else if (strcmp(way, "descriptions") == 0) {
        flood(SERVE_DESCRIPTION, &description, sizeof description);
    } else if (strcmp(way, "status") == 0) {
        answer.status = 7777;
        flood(SERVE_ANSWER, &answer, sizeof answer);
    } else if (strcmp(way, "index") == 0) {
        atomic_store(&control.end.own->produced, ring_end_produced(&control.end) + 5000);
        (void)sys_doorbell(control.handle, 0);
        time_sleep_until(time_now() + ASK_PATIENCE);
        return PROGRAM_FAILED;
    }
    if (strcmp(way, "deaf") == 0) {
        deaf();
    } else {
        mute();
    }
    return ask_failures() == 0 ? PROGRAM_OK : PROGRAM_FAILED;
}
