// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Requests to initd, for test programs. See asking.h. Events are dropped: who wants to know
// whether a task is over looks at the list.
#include "services/initd/tests/asking.h"

#include "abi/capability.h"
#include "lib/string/string.h"
#include "lib/vectra/bundle.h"
#include "lib/vectra/program.h"
#include "lib/vectra/stream.h"

static struct endpoint init;
static uint32_t failures;

void ask_open(uint32_t bit) {
    if (endpoint_open(&init, bundle_need("init", CLASS_RING), bit, bit) != STATUS_OK) {
        program_fail(PROGRAM_FAILED, "not ok: no connection to initd\n");
    }
}

struct endpoint *ask_initd(void) {
    return &init;
}

void ask_verdict(const char *part, const char *name, bool good) {
    failures += !good;
    print("%s %s: %s\n", good ? "ok" : "not ok", part, name);
}

uint32_t ask_failures(void) {
    return failures;
}

bool ask_say(struct endpoint *console, const char *line) {
    constexpr uint32_t MESSAGES = 80; // above what a Ring of the shell's holds, twice
    struct ring_message nothing = {.header = {.type = STREAM_DATA}};
    uint64_t until = time_now() + ASK_PATIENCE;
    print("%s\n", line);
    bool good = stream_drain(stream_out()) == STATUS_OK;
    for (uint32_t i = 0; i < MESSAGES && good; i++) {
        enum status status = endpoint_send(console, &nothing);
        good = time_now() < until && (status == STATUS_OK || status == STATUS_FULL);
        if (status == STATUS_FULL) {
            good = endpoint_drain(console, until) == STATUS_OK;
            i--;
        } else {
            time_sleep_until(time_now() + MILLISECOND / 4); // the shell gets on as well
        }
    }
    return good && endpoint_drain(console, until) == STATUS_OK;
}

enum status ask_call(struct endpoint *endpoint, uint16_t type, const void *payload, uint16_t length,
                     struct ring_message *message, uint64_t *sequence) {
    *message = (struct ring_message){.header = {.type = type, .length = length}};
    memcpy(message->payload, payload, length);
    return endpoint_call(endpoint, message, nullptr, 0, time_now() + ASK_PATIENCE, nullptr, nullptr,
                         sequence);
}

// The status of an INIT_REPLY, and the task that it names.
static enum status reply_of(enum status status, const struct ring_message *message,
                            uint32_t *task) {
    struct init_reply reply;
    memcpy(&reply, message->payload, sizeof reply);
    *task = reply.task;
    return status == STATUS_OK ? (enum status)reply.status : status;
}

enum status ask_run(const char *program, uint32_t *task) {
    struct init_run run = {};
    struct ring_message message;
    uint64_t sequence;
    memcpy(run.program, program, strnlen(program, sizeof run.program - 1));
    return reply_of(ask_call(&init, INIT_RUN, &run, sizeof run, &message, &sequence), &message,
                    task);
}

enum status ask_kill(uint32_t task) {
    struct init_task about = {task};
    struct ring_message message;
    uint64_t sequence;
    return reply_of(ask_call(&init, INIT_KILL, &about, sizeof about, &message, &sequence), &message,
                    &task);
}

bool ask_find(const char *name, uint32_t after, struct init_entry *entry) {
    struct ring_message message;
    uint64_t sequence;
    struct init_task about = {after};
    bool found = false;
    while (ask_call(&init, INIT_LIST, &about, sizeof about, &message, &sequence) == STATUS_OK &&
           message.header.type == INIT_TASK) {
        struct init_entry each;
        memcpy(&each, message.payload, sizeof each);
        about.task = each.task;
        if (strcmp(each.name, name) == 0) {
            *entry = each;
            found = true;
        }
    }
    return found;
}

bool ask_gone(uint32_t task) {
    struct ring_message message;
    uint64_t sequence, until = time_now() + ASK_PATIENCE;
    struct init_task about = {task - 1};
    struct init_entry next = {.task = task};
    while (next.task == task && time_now() < until) {
        if (ask_call(&init, INIT_LIST, &about, sizeof about, &message, &sequence) != STATUS_OK) {
            return false;
        }
        memcpy(&next, message.payload, sizeof next);
        if (message.header.type != INIT_TASK) {
            return true;
        }
        time_sleep_until(time_now() + MILLISECOND);
    }
    return next.task != task;
}
