// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// A client that was bound to the console late, and waits for the shell to be gone: it is
// then the console's oldest one, and must hear nothing of what is typed all the same. It
// kills the shell, and listens until it is called once more, with the argument `end`.
// tests/system/hostile.sh runs it.
#include "abi/bundle.h"
#include "abi/capability.h"
#include "lib/string/string.h"
#include "lib/vectra/bundle.h"
#include "lib/vectra/program.h"
#include "lib/vectra/stream.h"
#include "lib/vectra/syscall.h"
#include "services/initd/tests/asking.h"
#include "services/namingd/protocol.h"

static struct endpoint naming, console;

// Has namingd connect the console's endpoint.
static enum status bind(uint64_t end) {
    struct naming_connect request = {.service = "console"};
    struct ring_message message = {.header = {.type = NAMING_CONNECT, .length = sizeof request}};
    memcpy(message.payload, &request, sizeof request);
    struct endpoint_capability beside = {.handle = end,
                                         .rights = RIGHT_RING_BIND | RIGHT_COPY | RIGHT_PASS};
    uint64_t sequence;
    enum status status = endpoint_call(&naming, &message, &beside, 1, time_now() + ASK_PATIENCE,
                                       nullptr, nullptr, &sequence);
    struct naming_reply reply;
    memcpy(&reply, message.payload, sizeof reply);
    return status == STATUS_OK ? (enum status)reply.status : status;
}

// What came on the console's Ring since the last time.
static uint32_t heard(void) {
    struct ring_message message;
    uint64_t sequence;
    uint32_t bytes = 0;
    while (endpoint_receive(&console, &message, &sequence) == STATUS_OK) {
        bytes += message.header.length;
    }
    return bytes;
}

static void say(const char *text) {
    static struct stream stream;
    stream_init(&stream, &console);
    if (stream_write(&stream, text, strlen(text)) == STATUS_OK) {
        (void)stream_drain(&stream);
    }
}

// The one that listens has the smaller number.
static uint32_t end_listener(void) {
    struct init_entry entry;
    uint64_t until = time_now() + ASK_PATIENCE;
    while (ask_find("naming-late", 0, &entry) && entry.starts > 1 && time_now() < until) {
        struct init_task about = {INIT_SELF};
        struct ring_message message;
        uint64_t sequence;
        uint32_t count = 0;
        while (ask_call(ask_initd(), INIT_LIST, &about, sizeof about, &message, &sequence) ==
                   STATUS_OK &&
               message.header.type == INIT_TASK) {
            memcpy(&entry, message.payload, sizeof entry);
            about.task = entry.task;
            count += strcmp(entry.name, "naming-late") == 0;
        }
        if (count == 1) {
            return PROGRAM_OK;
        }
        time_sleep_until(time_now() + MILLISECOND);
    }
    return PROGRAM_FAILED;
}

uint32_t program_main(void) {
    static char argument[BUNDLE_ARGUMENT + 1];
    struct init_entry entry, other;
    uint64_t end, bits;
    ask_open(0);
    if (strcmp(bundle_argument(argument), "end") == 0) {
        return end_listener();
    }
    if (sys_ring_carve(bundle_need("reticle", CLASS_RETICLE), 16, &end) != STATUS_OK ||
        endpoint_open(&naming, bundle_need("naming", CLASS_RING), 1, 1) != STATUS_OK ||
        endpoint_open(&console, end, 2, 2) != STATUS_OK ||
        endpoint_await(&naming, time_now() + ASK_PATIENCE) != STATUS_OK || bind(end) != STATUS_OK ||
        endpoint_await(&console, time_now() + ASK_PATIENCE) != STATUS_OK ||
        !ask_say(&console, "it listens") || !ask_find("naming-late", 0, &entry) ||
        !ask_find("shell", 0, &other) || ask_kill(other.task) != STATUS_OK) {
        program_fail(PROGRAM_FAILED, "not ok late: no connection\n");
    }
    uint32_t bytes = 0;
    uint64_t until = time_now() + 3 * ASK_PATIENCE;
    do {
        (void)endpoint_wait(&console, 0, time_now() + 2 * MILLISECOND, &bits);
        bytes += heard();
    } while (ask_find("naming-late", 0, &other) && other.task == entry.task && time_now() < until);
    bool good = bytes == 0 && time_now() < until;
    say(good ? "ok late: nothing was heard\r\n" : "not ok late: it was heard\r\n");
    return PROGRAM_OK;
}
