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
static void forget(struct connection *connection) {
    if (connection->end != HANDLE_NONE) {
        // The end may have gone with its task already.
        (void)sys_handle_drop(connection->end);
    }
    *connection = (struct connection){};
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
    if (service.server == PLAN_INIT || service.server == PLAN_BROKER) {
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
static uint32_t task_behind(const struct initd *initd, uint32_t connection) {
    for (uint32_t i = 0; i < CONNECTIONS; i++) {
        if (initd->connections[i].number == connection && connection != 0) {
            return initd->connections[i].task;
        }
    }
    return 0;
}

// The end was given to namingd by the client itself, and counts against it.
enum status connect_late(struct initd *initd, uint32_t client, const char *service, uint64_t end) {
    struct plan_service found;
    uint32_t task = task_behind(initd, client);
    if (task == 0 || plan_find_service(&initd->plan, service, &found) != STATUS_OK) {
        return STATUS_NOT_FOUND;
    }
    uint32_t late = 0;
    for (uint32_t i = 0; i < CONNECTIONS; i++) {
        const struct connection *other = &initd->connections[i];
        late += other->number != 0 && other->task == task && other->late;
    }
    if (late >= CONNECTIONS_LATE) {
        return STATUS_FULL;
    }
    if (found.server == PLAN_INIT || found.server == PLAN_BROKER) {
        // These give power over every program: only a manifest's connect does.
        return STATUS_ACCESS;
    }
    return note(initd, &found, task, end, true);
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
    struct serve_accept accept = {.client = connection->number, .service = connection->line};
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
        if (status != STATUS_OK) {
            // The client has given its end away or dropped it.
            forget(next);
        }
    }
}

// The kernel's debug line falls silent when the console is there for somebody.
static void silence(struct initd *initd, const struct manifest *server) {
    for (uint32_t i = 0; i < server->grant_count && !initd->quiet; i++) {
        if (server->grants[i].kind == MANIFEST_DEVICE &&
            strcmp(server->grants[i].name, "console") == 0) {
            initd->quiet = true;
            (void)sys_machine_control(initd->machine, MACHINE_QUIET, 1);
        }
    }
}

static void read_answers(struct initd *initd, uint32_t server) {
    const struct manifest *manifest = &initd->plan.program[server].manifest;
    struct endpoint *control = &initd->programs[server].control;
    struct ring_message message;
    uint64_t sequence;
    // As many as one turn allows; a server that talks more waits for the next.
    for (uint32_t i = 0; i < RING_SLOTS; i++) {
        if (endpoint_receive(control, &message, &sequence) != STATUS_OK) {
            return;
        }
        struct serve_answer answer;
        memcpy(&answer, message.payload, sizeof(answer));
        if (message.header.type != SERVE_ANSWER || message.header.length != sizeof(answer)) {
            continue;
        }
        if (answer.status == STATUS_OK) {
            silence(initd, manifest);
        } else {
            log_line(initd, "%s: refuses client %u: %s", manifest->program, answer.client,
                     status_text(answer.status));
        }
    }
    initd->busy = true;
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
            forget(connection);
        } else if (connection->server == program) {
            connection->pending = true;
        }
    }
}
