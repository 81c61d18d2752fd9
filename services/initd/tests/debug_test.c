// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// A client of the service `debug` that asks for what it may not have, and one that goes
// away in the middle: what it stopped goes on. It also asks what can be obtained through
// its own connections. tests/system/services.sh runs it.
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

static struct endpoint init, debug;
static uint32_t failures;
static struct init_exited ended; // the last end that was told

static void verdict(const char *name, bool good, const char *why) {
    failures += !good;
    if (good) {
        print("ok debug: %s\n", name);
    } else {
        print("not ok debug: %s: %s\n", name, why);
    }
}

static void take_event(void *context, const struct ring_message *message, uint64_t sequence) {
    (void)context;
    (void)sequence;
    if (message->header.type == INIT_EXITED) {
        memcpy(&ended, message->payload, sizeof ended);
    }
}

// Sends a request; the reply then stands in `message`.
static enum status ask(struct endpoint *endpoint, uint16_t type, const void *payload,
                       uint16_t length, struct ring_message *message, uint64_t *sequence) {
    *message = (struct ring_message){.header = {.type = type, .length = length}};
    memcpy(message->payload, payload, length);
    return endpoint_call(endpoint, message, nullptr, 0, time_now() + PATIENCE, take_event, nullptr,
                         sequence);
}

// The status of the INIT_REPLY to a request about a task.
static enum status about(struct endpoint *endpoint, uint16_t type, uint32_t task) {
    struct init_task request = {task};
    struct init_reply reply;
    struct ring_message message;
    uint64_t sequence;
    enum status status = ask(endpoint, type, &request, sizeof request, &message, &sequence);
    memcpy(&reply, message.payload, sizeof reply);
    return status != STATUS_OK                 ? status
           : message.header.type == INIT_REPLY ? (enum status)reply.status
                                               : STATUS_OK;
}

static void refuses(const char *name, uint16_t type, uint32_t task, enum status want) {
    enum status status = about(&debug, type, task);
    verdict(name, status == want, status_text(status));
}

// The number of the task of that name; 0: none.
static uint32_t find(const char *name) {
    struct ring_message message;
    uint64_t sequence;
    struct init_entry entry = {};
    struct init_task after = {0};
    while (ask(&init, INIT_LIST, &after, sizeof after, &message, &sequence) == STATUS_OK &&
           message.header.type == INIT_TASK) {
        memcpy(&entry, message.payload, sizeof entry);
        if (strcmp(entry.name, name) == 0) {
            return entry.task;
        }
        after.task = entry.task;
    }
    return 0;
}

// Attaches; the Task, or HANDLE_NONE.
static uint64_t attach(uint32_t task) {
    struct init_task request = {task};
    struct ring_message message;
    uint64_t sequence, handle = HANDLE_NONE, memory;
    if (ask(&debug, DEBUG_ATTACH, &request, sizeof request, &message, &sequence) != STATUS_OK ||
        message.header.type != DEBUG_TASK ||
        endpoint_take(&debug, sequence, CLASS_TASK, RIGHT_TASK_DEBUG, &handle) != STATUS_OK) {
        return HANDLE_NONE;
    }
    if (endpoint_take(&debug, sequence, CLASS_MEMORY, RIGHT_MEMORY_READ, &memory) == STATUS_OK) {
        (void)sys_handle_drop(memory);
    }
    return handle;
}

static uint32_t run_held(void) {
    struct init_run run = {.program = "echo", .flags = INIT_RUN_HELD};
    struct init_reply reply = {};
    struct ring_message message;
    uint64_t sequence;
    if (ask(&init, INIT_RUN, &run, sizeof run, &message, &sequence) == STATUS_OK) {
        memcpy(&reply, message.payload, sizeof reply);
    }
    return reply.status == STATUS_OK ? reply.task : 0;
}

static bool ends(uint32_t task, uint32_t status) {
    struct ring_message message;
    uint64_t sequence, bits, deadline = time_now() + PATIENCE;
    while (ended.task != task && time_now() < deadline) {
        while (endpoint_receive(&init, &message, &sequence) == STATUS_OK) {
            take_event(nullptr, &message, sequence);
        }
        if (ended.task != task) {
            (void)endpoint_wait(&init, 0, time_now() + 10 * MILLISECOND, &bits);
        }
    }
    return ended.task == task && ended.status == status;
}

static void wrong_requests(void) {
    struct ring_message message;
    struct init_reply reply;
    uint64_t sequence;
    enum status status = ask(&debug, DEBUG_ATTACH, "", 1, &message, &sequence);
    memcpy(&reply, message.payload, sizeof reply);
    verdict("a length that is wrong", status == STATUS_OK && reply.status == STATUS_BAD_FORMAT,
            "another answer");
    refuses("a type that there is not", 77, 3, STATUS_BAD_FORMAT);
    refuses("nobody", DEBUG_ATTACH, 4000000000, STATUS_NOT_FOUND);
    refuses("initd", DEBUG_ATTACH, INIT_SELF, STATUS_ACCESS);
    refuses("itself", DEBUG_ATTACH, find("debug-test"), STATUS_ACCESS);
    refuses("its own server", DEBUG_ATTACH, find("console"), STATUS_ACCESS);
    refuses("giving back what it has not", DEBUG_RELEASE, find("namingd"), STATUS_NOT_FOUND);
}

// What is lent can debug, and nothing else.
static void narrow(void) {
    uint32_t number = find("namingd");
    uint64_t task = attach(number), copy;
    verdict("a task is lent", task != HANDLE_NONE, "it is not");
    verdict("it cannot be stopped", sys_task_stop(task, 1) == STATUS_ACCESS, "it can");
    verdict("it cannot be copied", sys_handle_copy(task, RIGHT_INSPECT, &copy) == STATUS_ACCESS,
            "it can");
    refuses("not twice", DEBUG_ATTACH, number, STATUS_EXISTS);
    refuses("it is given back", DEBUG_RELEASE, number, STATUS_OK);
    refuses("but not twice", DEBUG_RELEASE, number, STATUS_NOT_FOUND);
    (void)sys_handle_drop(task);
}

// Waits until the first thread stands still; its kind.
static uint64_t stands(uint64_t task) {
    uint64_t thread, kind = FAULT_NONE, address, pc, deadline = time_now() + PATIENCE;
    while (sys_thread_fault(task, 0, 0, &thread, &kind, &address, &pc) != STATUS_OK &&
           time_now() < deadline) {
        time_sleep_until(time_now() + MILLISECOND);
    }
    return kind & 0xff;
}

static void held(void) {
    uint32_t first = run_held();
    uint64_t task = attach(first);
    verdict("a program is held", stands(task) == FAULT_WATCH, "it is not");
    refuses("it is let go", DEBUG_RELEASE, first, STATUS_OK);
    verdict("and ends as ever", ends(first, 0), "it does not");
    (void)sys_handle_drop(task);
    uint32_t second = run_held();
    enum status status = about(&init, INIT_KILL, second);
    verdict("one that waits for nobody is killed", status == STATUS_OK && ends(second, 121),
            status_text(status));
    uint32_t third = run_held();
    task = attach(third);
    verdict("another one is held", stands(task) == FAULT_WATCH, "it is not");
    endpoint_close(&debug);
    verdict("it goes on without its debugger", ends(third, 0), "it does not");
    (void)sys_handle_drop(task);
}

static void described(void) {
    struct init_describe request = {.task = find("debug-test")};
    struct init_described line;
    struct ring_message message;
    uint64_t sequence;
    uint32_t services = 0, writes = 0;
    while (ask(&init, INIT_DESCRIBE, &request, sizeof request, &message, &sequence) == STATUS_OK &&
           message.header.type == INIT_DESCRIBED) {
        memcpy(&line, message.payload, sizeof line);
        services += request.line == 0;
        writes += strcmp(line.text, "write anything to the terminal") == 0;
        bool over = request.line > 0 && line.text[0] == '\0';
        request.connection = line.connection + over;
        request.line = over ? 0 : request.line + 1;
    }
    verdict("its services are named", services == 3, "not three");
    verdict("the console says what it gives", writes == 1, "not once");
    verdict("the end is told", message.header.type == INIT_REPLY, "something else");
}

uint32_t program_main(void) {
    if (endpoint_open(&init, bundle_need("init", CLASS_RING), 0, 0) != STATUS_OK ||
        endpoint_open(&debug, bundle_need("debug", CLASS_RING), 1, 1) != STATUS_OK) {
        program_fail(PROGRAM_FAILED, "not ok debug: no connection\n");
    }
    wrong_requests();
    narrow();
    described();
    held();
    return failures == 0 ? PROGRAM_OK : PROGRAM_FAILED;
}
