// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The service `debug`. initd supervises every program, so it is the one who can lend
// the right to debug one, and it must know that it did: while a debugger is there, a
// thread that stops is the debugger's to look at. Whoever debugs may go at any moment;
// then the task must be as if nobody had been there.
#include "abi/capability.h"
#include "abi/layout.h"
#include "lib/string/string.h"
#include "lib/vectra/syscall.h"
#include "services/initd/initd.h"

// Whether the task serves a connection of the client's own: stopped, it would stop
// the client as well.
static bool serves(const struct initd *initd, const struct task *task, uint32_t client) {
    for (uint32_t i = 0; i < CONNECTIONS; i++) {
        const struct connection *connection = &initd->connections[i];
        if (connection->number != 0 && connection->task == client &&
            connection->server == task->program) {
            return true;
        }
    }
    return false;
}

static enum status check(const struct initd *initd, const struct client *client,
                         const struct task *task, uint32_t number) {
    if (task == nullptr) {
        return number == INIT_SELF ? STATUS_ACCESS : STATUS_NOT_FOUND;
    }
    if (task->number == client->task || serves(initd, task, client->task)) {
        return STATUS_ACCESS;
    }
    if (task->debugger != 0) {
        return STATUS_EXISTS;
    }
    return task->clear_at != TIME_NEVER ? STATUS_BAD_STATE : STATUS_OK;
}

// The Task goes out with the rights to look and to debug and no other: its memory is
// reached through the kernel, and nothing can be mapped into it or taken from it.
static enum status attach(struct initd *initd, struct client *client, struct task *task,
                          uint32_t transaction) {
    struct debug_task payload = {.task = task->number};
    struct endpoint_capability capabilities[] = {
        {.handle = task->task, .rights = RIGHT_INSPECT | RIGHT_TASK_DEBUG},
        {.handle = initd->memory, .rights = RIGHT_MEMORY_READ},
    };
    enum status status =
        load_symbols(initd, task->program, &payload.symbols_offset, &payload.symbols_size);
    uint16_t count = status == STATUS_OK ? 2 : 1;
    struct ring_message message = {.header = {.type = DEBUG_TASK,
                                              .length = sizeof(payload),
                                              .transaction = transaction,
                                              .flow = transaction}};
    memcpy(message.payload, &payload, sizeof(payload));
    status = endpoint_send_with(&client->endpoint, &message, capabilities, count);
    if (status == STATUS_OK) {
        task->debugger = client->number;
        task->debugged = true;
        task->held = false;
    }
    return status;
}

// One that runs keeps them.
static void unwatch(const struct task *task, uint64_t thread) {
    constexpr uint32_t WATCHPOINTS = 4;
    for (uint32_t i = 0; i < WATCHPOINTS; i++) {
        (void)sys_thread_watchpoint(task->task, thread, i, USER_BASE, 1, WATCH_OFF);
    }
}

bool debug_goes_on(const struct task *task, uint64_t thread, uint32_t fault) {
    if (fault != FAULT_STOPPED && fault != FAULT_WATCH && fault != FAULT_STEP) {
        return false;
    }
    unwatch(task, thread);
    (void)sys_thread_control(task->task, thread, RESUME_CONTINUE);
    return true;
}

// Those that faulted by themselves stay, and task_look deals with them. So it does with
// those that run now, and the threads that these make, when they come to a watchpoint. Numbers
// only grow, so a task that makes threads as fast as they are counted here would never let
// this end: no more than there can be at one time are looked at.
static void let_go(struct initd *initd, struct task *task) {
    constexpr uint32_t THREADS = 1024; // of a task at most
    uint64_t thread = 0, kind, address, pc;
    task->debugger = 0;
    task->held = false;
    task->debugged = true;
    for (uint32_t n = 0; n < THREADS && sys_thread_fault(task->task, thread, 1, &thread, &kind,
                                                         &address, &pc) == STATUS_OK;
         n++) {
        if (!debug_goes_on(task, thread, kind & 0xff)) {
            unwatch(task, thread);
        }
    }
    task_look(initd, task);
}

static enum status release(struct initd *initd, const struct client *client, uint32_t number) {
    struct task *task = task_find(initd, number);
    if (task == nullptr || task->debugger != client->number) {
        return STATUS_NOT_FOUND;
    }
    let_go(initd, task);
    return STATUS_OK;
}

void debug_request(struct initd *initd, struct client *client, const struct ring_message *message) {
    uint32_t transaction = message->header.transaction;
    struct init_task about;
    if (message->header.type == 0) {
        return;
    }
    bool known = message->header.type == DEBUG_ATTACH || message->header.type == DEBUG_RELEASE;
    if (!known || message->header.length != sizeof(about)) {
        client_reply(client, transaction, STATUS_BAD_FORMAT, 0);
        return;
    }
    memcpy(&about, message->payload, sizeof(about));
    if (message->header.type == DEBUG_RELEASE) {
        client_reply(client, transaction, release(initd, client, about.task), about.task);
        return;
    }
    struct task *task = task_find(initd, about.task);
    enum status status = check(initd, client, task, about.task);
    if (status == STATUS_OK) {
        status = attach(initd, client, task, transaction);
    }
    if (status != STATUS_OK) {
        client_reply(client, transaction, status, about.task);
    }
}

bool debug_takes(struct initd *initd, const struct task *task) {
    if (task->debugger != 0) {
        struct init_exited about = {.task = task->number};
        client_tell(initd, task->debugger, DEBUG_STOPPED, &about);
    }
    return task->debugger != 0 || task->held;
}

void debug_forget(struct initd *initd, uint32_t client) {
    for (uint32_t i = 0; i < TASKS && client != 0; i++) {
        struct task *task = &initd->tasks[i];
        bool waits = task->held && task->requester == client;
        if (task->number != 0 && task->clear_at == TIME_NEVER &&
            (task->debugger == client || waits)) {
            let_go(initd, task);
        }
    }
}
