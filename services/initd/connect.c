// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Connections: a client's end is made with the client, and the server is told of
// it when it runs and has room on its control Ring. A server that was started
// again is told of all its clients, the oldest first.
#include "abi/capability.h"
#include "lib/string/string.h"
#include "lib/vectra/status_text.h"
#include "lib/vectra/syscall.h"
#include "services/initd/initd.h"

static struct connection *free_place(struct initd *initd) {
    for (uint32_t i = 0; i < CONNECTIONS; i++) {
        if (initd->connections[i].number == 0) {
            return &initd->connections[i];
        }
    }
    return nullptr;
}

// Frees the place. The capability kept here is a copy; the end is the client's.
// Its server has a place more then, for one that it had refused.
static void forget(struct initd *initd, struct connection *connection) {
    uint32_t server = connection->server;
    describe_forget(initd, connection->number);
    if (connection->end != HANDLE_NONE) {
        // The end may have gone with its task already.
        (void)sys_handle_drop(connection->end);
    }
    *connection = (struct connection){};
    for (uint32_t i = 0; i < CONNECTIONS; i++) {
        struct connection *other = &initd->connections[i];
        if (other->number != 0 && other->server == server && other->refused) {
            other->refused = false;
            other->pending = true;
        }
    }
}

// Notes a connection to a program's service.
static enum status note(struct initd *initd, const struct plan_service *service, uint32_t task,
                        uint64_t end, bool late) {
    struct connection *connection = free_place(initd);
    if (connection == nullptr) {
        return STATUS_FULL;
    }
    *connection = (struct connection){
        .number = ++initd->last_connection,
        .task = task,
        .server = service->server,
        .line = service->line,
        .end = end,
        .pending = true,
        .late = late,
    };
    return STATUS_OK;
}

// Makes one connection of the manifest and puts the client's end into its slot.
static enum status connect(struct initd *initd, const struct manifest_connect *wanted,
                           uint32_t number, const struct spawn *spawn) {
    struct plan_service service;
    uint64_t end, copy;
    enum status status = plan_find_service(&initd->plan, wanted->service, &service);
    if (status == STATUS_OK) {
        status = sys_ring_carve(spawn->reticle, RING_SLOTS, &end);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (plan_is_own(service.server)) {
        status = client_open(initd, service.server, number, end);
    } else {
        status = sys_handle_copy(end, RIGHT_RING_BIND | RIGHT_COPY | RIGHT_PASS, &copy);
        if (status == STATUS_OK) {
            status = note(initd, &service, number, copy, false);
        }
    }
    return status == STATUS_OK ? spawn_give(spawn, wanted->slot, end, END_RIGHTS, true) : status;
}

// The control Ring: initd's end is made once, the server's with each start.
static enum status give_control(struct initd *initd, uint32_t program, const struct spawn *spawn) {
    struct endpoint *control = &initd->programs[program].control;
    uint64_t end;
    enum status status = STATUS_OK;
    if (control->handle == HANDLE_NONE) {
        status = sys_ring_carve(initd->pool, RING_SLOTS, &end);
        if (status == STATUS_OK) {
            status = endpoint_open(control, end, BIT_CONTROL, BIT_CONTROL);
        }
    }
    if (status == STATUS_OK) {
        status = sys_ring_carve(spawn->reticle, RING_SLOTS, &end);
    }
    if (status == STATUS_OK) {
        status = sys_ring_bind(control->handle, end);
    }
    if (status != STATUS_OK) {
        return status;
    }
    endpoint_refresh(control);
    initd->programs[program].owed = 0;
    return spawn_give(spawn, "serve", end, END_RIGHTS, true);
}

enum status connect_all(struct initd *initd, uint32_t program, uint32_t number,
                        const struct spawn *spawn) {
    const struct manifest *manifest = &initd->plan.program[program].manifest;
    enum status status = STATUS_OK;
    if (manifest->serve_count > 0) {
        status = give_control(initd, program, spawn);
    }
    for (uint32_t i = 0; i < manifest->connect_count && status == STATUS_OK; i++) {
        status = connect(initd, &manifest->connects[i], number, spawn);
    }
    return status;
}

// The task of the client that namingd knows by a connection's number.
static const struct task *task_behind(struct initd *initd, uint32_t connection) {
    for (uint32_t i = 0; i < CONNECTIONS && connection != 0; i++) {
        if (initd->connections[i].number == connection) {
            return task_find(initd, initd->connections[i].task);
        }
    }
    return nullptr;
}

// How many programs have a `connect` line to the service: so many places of its
// server are not for late clients.
static uint32_t declared(const struct initd *initd, const char *service) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < initd->plan.count; i++) {
        const struct manifest *manifest = &initd->plan.program[i].manifest;
        for (uint32_t c = 0; c < manifest->connect_count; c++) {
            count += strcmp(manifest->connects[c].service, service) == 0;
        }
    }
    return count;
}

// Whether a late connection is within the quotas: of the task, of the task at this
// service, of all late ones at this service, and of initd's own places.
static bool has_quota(const struct initd *initd, const struct plan_service *service,
                      const char *name, uint32_t task) {
    uint32_t own = 0, own_here = 0, here = 0;
    for (uint32_t i = 0; i < CONNECTIONS; i++) {
        const struct connection *other = &initd->connections[i];
        if (other->number == 0 || !other->late) {
            continue;
        }
        bool same = other->server == service->server && other->line == service->line;
        here += same;
        own += other->task == task;
        own_here += same && other->task == task;
    }
    const struct manifest *server = &initd->plan.program[service->server].manifest;
    return reserve_check(initd, PLAN_NONE) == STATUS_OK && own < LATE_TASK &&
           own_here < LATE_SERVICE &&
           here + declared(initd, name) < server->serves[service->line].clients;
}

// namingd has checked the scope, but it is not believed: the client's manifest is
// asked here too. The end was given to namingd by the client itself.
enum status connect_late(struct initd *initd, uint32_t client, const char *service, uint64_t end) {
    struct plan_service found;
    const struct task *task = task_behind(initd, client);
    if (task == nullptr || plan_find_service(&initd->plan, service, &found) != STATUS_OK) {
        return STATUS_NOT_FOUND;
    }
    if (plan_is_own(found.server) ||
        !plan_reaches(&initd->plan.program[task->program].manifest, service)) {
        // initd's own services give power over every program: only `connect` does.
        return STATUS_ACCESS;
    }
    return has_quota(initd, &found, service, task->number)
               ? note(initd, &found, task->number, end, true)
               : STATUS_FULL;
}

// Whether the program hands connections over, and so needs its clients' scope.
static bool is_broker(const struct manifest *server) {
    for (uint32_t i = 0; i < server->connect_count; i++) {
        if (strcmp(server->connects[i].service, "broker") == 0) {
            return true;
        }
    }
    return false;
}

// Sent again as a whole if the Ring fills up on the way: learning a service twice
// changes nothing.
static enum status send_scope(struct endpoint *control, uint32_t client,
                              const struct manifest *manifest) {
    enum status status = STATUS_OK;
    for (uint32_t i = 0; i < manifest->reach_count && status == STATUS_OK; i++) {
        struct serve_scope scope = {.client = client};
        memcpy(scope.service, manifest->reaches[i].service, sizeof(scope.service));
        struct ring_message message = {.header = {.type = SERVE_SCOPE, .length = sizeof(scope)}};
        memcpy(message.payload, &scope, sizeof(scope));
        status = endpoint_send(control, &message);
    }
    return status;
}

// Tells the server of one client. FULL: later.
static enum status introduce(struct initd *initd, const struct connection *connection) {
    struct endpoint *control = &initd->programs[connection->server].control;
    const struct task *task = task_find(initd, connection->task);
    if (task == nullptr) {
        return STATUS_NOT_FOUND;
    }
    const struct manifest *client = &initd->plan.program[task->program].manifest;
    enum status status = STATUS_OK;
    if (is_broker(&initd->plan.program[connection->server].manifest)) {
        status = send_scope(control, connection->number, client);
    }
    if (status != STATUS_OK) {
        return status;
    }
    struct serve_accept accept = {
        .client = connection->number,
        .service = connection->line,
        .flags = connection->late ? SERVE_LATE : 0,
    };
    memcpy(accept.name, client->program, sizeof(accept.name));
    struct ring_message message = {.header = {.type = SERVE_ACCEPT, .length = sizeof(accept)}};
    memcpy(message.payload, &accept, sizeof(accept));
    struct endpoint_capability end = {.handle = connection->end, .rights = RIGHT_RING_BIND};
    return endpoint_send_with(control, &message, &end, 1);
}

// The oldest connection that this server is yet to be told of.
static struct connection *next_pending(struct initd *initd, uint32_t server) {
    struct connection *first = nullptr;
    for (uint32_t i = 0; i < CONNECTIONS; i++) {
        struct connection *connection = &initd->connections[i];
        if (connection->number != 0 && connection->pending && connection->server == server &&
            (first == nullptr || connection->number < first->number)) {
            first = connection;
        }
    }
    return first;
}

// The end may have been bound, dropped or given away by its client: then the server
// is spared, and the connection is over.
static void introduce_all(struct initd *initd, uint32_t server) {
    for (struct connection *next = next_pending(initd, server); next != nullptr;
         next = next_pending(initd, server)) {
        enum status status = introduce(initd, next);
        if (status == STATUS_FULL || status == STATUS_PEER_CLOSED || status == STATUS_NOT_BOUND) {
            return;
        }
        next->pending = false;
        next->asked = true;
        initd->programs[server].owed += status == STATUS_OK;
        if (status != STATUS_OK) {
            // The client has given its end away or dropped it.
            forget(initd, next);
        }
    }
}

// The kernel's debug line falls silent when the console is there for somebody.
static void silence(struct initd *initd, const struct manifest *server) {
    for (uint32_t i = 0; i < server->grant_count && !initd->quiet; i++) {
        if (server->grants[i].kind == MANIFEST_DEVICE &&
            strcmp(server->grants[i].name, "console") == 0) {
            initd->quiet = true;
            (void)sys_machine_control(initd->machine, MACHINE_QUIET, 1, 0);
        }
    }
}

// The connection that a server was told of under this number and is to answer for.
static struct connection *find_asked(struct initd *initd, uint32_t server, uint32_t number) {
    for (uint32_t i = 0; i < CONNECTIONS; i++) {
        struct connection *connection = &initd->connections[i];
        if (connection->number == number && connection->server == server && connection->asked) {
            return connection;
        }
    }
    return nullptr;
}

static void handle_answer(struct initd *initd, uint32_t server, struct connection *connection,
                          enum status status) {
    const struct manifest *manifest = &initd->plan.program[server].manifest;
    connection->asked = false;
    if (status == STATUS_OK) {
        silence(initd, manifest);
        return;
    }
    connection->refused = status == STATUS_FULL;
    log_line(initd, "%s: refuses client %u: %s", manifest->program, connection->number,
             status_text(status));
}

// The task of a server, to be ended. What it says after that is not read.
static void end_server(struct initd *initd, uint32_t server) {
    for (uint32_t i = 0; i < TASKS; i++) {
        if (initd->tasks[i].number != 0 && initd->tasks[i].program == server) {
            task_break(initd, &initd->tasks[i], "breaks the protocol of its control Ring");
        }
    }
    ring_end_unbind(&initd->programs[server].control.end);
}

// One message of a server. It may be about a client that has gone meanwhile.
static enum status take_answer(struct initd *initd, uint32_t server,
                               const struct ring_message *message) {
    struct serve_answer answer;
    struct serve_description description;
    memcpy(&description, message->payload, sizeof(description));
    memcpy(&answer, message->payload, sizeof(answer));
    if (message->header.type == SERVE_DESCRIPTION &&
        message->header.length == sizeof(description)) {
        describe_answer(initd, server, &description);
        return STATUS_OK;
    }
    if (message->header.type != SERVE_ANSWER || message->header.length != sizeof(answer) ||
        answer.status >= STATUS_COUNT) {
        return STATUS_BAD_FORMAT;
    }
    struct connection *connection = find_asked(initd, server, answer.client);
    if (connection != nullptr) {
        handle_answer(initd, server, connection, (enum status)answer.status);
    }
    return STATUS_OK;
}

// No more messages come than there were questions, so this ends: who says more is ended.
static void read_answers(struct initd *initd, uint32_t server) {
    struct program *program = &initd->programs[server];
    struct ring_message message;
    uint64_t sequence;
    enum status status = endpoint_receive(&program->control, &message, &sequence);
    while (status == STATUS_OK) {
        status = program->owed > 0 ? take_answer(initd, server, &message) : STATUS_BAD_FORMAT;
        if (status == STATUS_OK) {
            program->owed--;
            status = endpoint_receive(&program->control, &message, &sequence);
        }
    }
    if (status == STATUS_BAD_FORMAT) {
        end_server(initd, server);
    }
}

// Cheap enough for each turn of the loop: one look for each server.
void connect_update(struct initd *initd, uint64_t bits) {
    for (uint32_t i = 0; i < initd->plan.count; i++) {
        struct endpoint *control = &initd->programs[i].control;
        if (control->handle == HANDLE_NONE) {
            continue;
        }
        if (bits & control->closed) {
            endpoint_refresh(control);
        }
        if (endpoint_bound(control)) {
            read_answers(initd, i);
            introduce_all(initd, i);
        }
    }
}

// A failed start passes PLAN_NONE: nobody was connected to it.
void connect_forget(struct initd *initd, uint32_t task, uint32_t program) {
    for (uint32_t i = 0; i < CONNECTIONS; i++) {
        struct connection *connection = &initd->connections[i];
        if (connection->number == 0) {
            continue;
        }
        if (connection->task == task) {
            forget(initd, connection);
        } else if (connection->server == program) {
            describe_forget(initd, connection->number);
            connection->pending = true;
            connection->asked = connection->refused = false;
        }
    }
}
