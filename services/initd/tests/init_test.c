// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// A client that is up to no good: requests that are wrong in each way there is, then
// floods, then indices that lie. initd answers, or closes the connection, and goes on;
// so does the console. tests/system/services.sh runs it and looks afterwards.
#include "abi/capability.h"
#include "abi/layout.h"
#include "lib/string/string.h"
#include "lib/vectra/bundle.h"
#include "lib/vectra/program.h"
#include "lib/vectra/status_text.h"
#include "lib/vectra/stream.h"
#include "lib/vectra/syscall.h"
#include "lib/vectra/time.h"
#include "services/initd/protocol.h"

constexpr uint64_t PATIENCE = 5 * SECOND;
constexpr uint32_t FLOOD = 3000; // messages

static struct endpoint init, console;
static uint32_t failures;

static void verdict(const char *name, bool good, const char *why) {
    failures += !good;
    if (good) {
        print("ok init: %s\n", name);
    } else {
        print("not ok init: %s: %s\n", name, why);
    }
}

// Sends a request; the status of its reply must be `want`.
static void refuses(const char *name, uint16_t type, const void *payload, uint16_t length,
                    enum status want) {
    struct ring_message message = {.header = {.type = type, .length = length}};
    memcpy(message.payload, payload, length);
    uint64_t sequence;
    enum status status = endpoint_call(&init, &message, nullptr, 0, time_now() + PATIENCE, nullptr,
                                       nullptr, &sequence);
    struct init_reply reply;
    memcpy(&reply, message.payload, sizeof(reply));
    status = status == STATUS_OK ? (enum status)reply.status : status;
    verdict(name, status == want, status_text(status));
}

static void wrong_requests(void) {
    struct init_run run = {.program = "nothing"};
    struct init_task nobody = {.task = 4000000000};
    struct init_task self = {.task = INIT_SELF};
    struct init_power power = {.action = 77};
    refuses("a type that there is not", 999, &run, 0, STATUS_BAD_FORMAT);
    refuses("a length that is wrong", INIT_RUN, &run, 3, STATUS_BAD_FORMAT);
    refuses("a program that there is not", INIT_RUN, &run, sizeof(run), STATUS_NOT_FOUND);
    memset(run.program, 'x', sizeof(run.program));
    refuses("a name without an end", INIT_RUN, &run, sizeof(run), STATUS_NOT_FOUND);
    run = (struct init_run){.program = "shell"};
    refuses("a program that runs from boot on", INIT_RUN, &run, sizeof(run), STATUS_EXISTS);
    run = (struct init_run){.program = "echo", .flags = INIT_RUN_IN};
    refuses("a Ring end that is not there", INIT_RUN, &run, sizeof(run), STATUS_EMPTY);
    run.flags = INIT_RUN_PIPE;
    refuses("a pipe from nobody", INIT_RUN, &run, sizeof(run), STATUS_NOT_FOUND);
    refuses("the end of nobody", INIT_KILL, &nobody, sizeof(nobody), STATUS_NOT_FOUND);
    refuses("the end of initd", INIT_KILL, &self, sizeof(self), STATUS_ACCESS);
    refuses("a look at nobody", INIT_INSPECT, &nobody, sizeof(nobody), STATUS_NOT_FOUND);
    refuses("no way to stop", INIT_POWER, &power, sizeof(power), STATUS_BAD_ARGUMENT);
}

static void too_many_arguments(void) {
    struct ring_message message = {.header = {.type = INIT_ARGUMENT, .length = RING_PAYLOAD}};
    struct init_run run = {.program = "echo"};
    for (uint32_t i = 0; i < 30; i++) {
        enum status status = endpoint_send(&init, &message);
        if (status == STATUS_FULL) {
            time_sleep_until(time_now() + 10 * MILLISECOND);
            i--;
        }
    }
    refuses("arguments above the limit", INIT_RUN, &run, sizeof(run), STATUS_TOO_LARGE);
}

// Sends what it can, reads nothing; returns how much was taken.
static uint32_t flood(struct endpoint *endpoint, uint16_t type, uint16_t length) {
    struct ring_message message = {.header = {.type = type, .length = length}};
    uint32_t sent = 0;
    for (uint32_t i = 0; i < FLOOD; i++) {
        if (endpoint_send(endpoint, &message) == STATUS_OK) {
            sent++;
        } else {
            (void)sys_doorbell(endpoint->handle, 0);
        }
    }
    return sent;
}

// An index far outside of the window ends the connection. A server looks at requests only
// while its replies are read, and may have some left from before.
static void lie(const char *name, struct endpoint *endpoint) {
    struct ring_message message;
    uint64_t sequence, bits;
    atomic_store(&endpoint->end.own->produced, ring_end_produced(&endpoint->end) + 5000);
    (void)sys_doorbell(endpoint->handle, 0);
    uint64_t deadline = time_now() + PATIENCE;
    while (endpoint_bound(endpoint) && time_now() < deadline) {
        while (endpoint_receive(endpoint, &message, &sequence) == STATUS_OK) {
        }
        (void)endpoint_wait(endpoint, 0, time_now() + 10 * MILLISECOND, &bits);
    }
    verdict(name, !endpoint_bound(endpoint), "still connected");
}

uint32_t program_main(void) {
    if (endpoint_open(&init, bundle_need("init", CLASS_RING), 0, 0) != STATUS_OK ||
        endpoint_open(&console, bundle_need("console", CLASS_RING), 1, 1) != STATUS_OK ||
        endpoint_await(&console, time_now() + PATIENCE) != STATUS_OK) {
        program_fail(PROGRAM_FAILED, "not ok init: no connection\n");
    }
    wrong_requests();
    too_many_arguments();
    // Replies are not read: initd must stop taking requests, and no more than that.
    verdict("a client that does not read", flood(&init, INIT_LIST, 4) < FLOOD,
            "everything was taken");
    verdict("a flood on the console", flood(&console, 999, RING_PAYLOAD) > 0, "nothing was taken");
    lie("an index that lies to the console", &console);
    lie("an index that lies to initd", &init);
    return failures == 0 ? PROGRAM_OK : PROGRAM_FAILED;
}
