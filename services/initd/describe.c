// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// What a task can obtain through its connections: the second layer of `authority`.
// Of its own services initd says it here; the others are asked on their control Ring,
// and what they answer is passed on without a look at its meaning. Nothing waits: a
// client has at most one such question open, and a server that never answers leaves
// only its asker without a reply.
#include "abi/capability.h"
#include "lib/string/string.h"
#include "services/initd/initd.h"

static const char *const INIT_LINES[] = {
    "start any program of the package",   "end any task but initd",
    "inspect every task and its Reticle", "read the log",
    "turn the machine off, or reset it",
};
static const char *const BROKER_LINES[] = {
    "connect its clients within their scope",
};
static const char *const DEBUG_LINES[] = {
    "stop, read and change any other program",
    "read the boot package",
};

struct lines {
    const char *service;
    const char *const *line;
    uint32_t count;
};

static struct lines lines_of(uint32_t service) {
    switch (service) {
    case PLAN_INIT:
        return (struct lines){"init", INIT_LINES, sizeof(INIT_LINES) / sizeof(INIT_LINES[0])};
    case PLAN_BROKER:
        return (struct lines){"broker", BROKER_LINES, 1};
    default:
        return (struct lines){"debug", DEBUG_LINES, sizeof(DEBUG_LINES) / sizeof(DEBUG_LINES[0])};
    }
}

// The connection of a task with the least number that is not below `from`: to a
// server, or as a client here. Both are nullptr when there is none.
struct found {
    const struct connection *connection;
    const struct client *client;
};

static struct found find(const struct initd *initd, uint32_t task, uint32_t from) {
    struct found found = {};
    uint32_t best = UINT32_MAX;
    for (uint32_t i = 0; i < CONNECTIONS; i++) {
        const struct connection *each = &initd->connections[i];
        if (each->number != 0 && each->task == task && each->number >= from &&
            each->number < best) {
            best = each->number;
            found = (struct found){.connection = each};
        }
    }
    for (uint32_t i = 0; i < CLIENTS; i++) {
        const struct client *each = &initd->clients[i];
        if (each->number != 0 && each->task == task && each->number >= from &&
            each->number < best) {
            best = each->number;
            found = (struct found){.client = each};
        }
    }
    return found;
}

static void answer(struct client *client, uint32_t transaction, uint32_t connection,
                   const char *text) {
    struct init_described payload = {.connection = connection};
    memcpy(payload.text, text, strnlen(text, DESCRIBE_TEXT - 1));
    client_send(client, transaction, INIT_DESCRIBED, &payload, sizeof(payload));
}

// Asks the server; false if it cannot be asked now.
static bool ask(struct initd *initd, const struct connection *connection, uint32_t line) {
    struct serve_describe question = {.client = connection->number, .line = line};
    struct ring_message message = {.header = {.type = SERVE_DESCRIBE, .length = sizeof(question)}};
    memcpy(message.payload, &question, sizeof(question));
    struct program *server = &initd->programs[connection->server];
    if (connection->pending || connection->refused ||
        endpoint_send(&server->control, &message) != STATUS_OK) {
        return false;
    }
    server->owed++;
    return true;
}

void describe_request(struct initd *initd, struct client *client,
                      const struct ring_message *message) {
    uint32_t transaction = message->header.transaction;
    struct init_describe request;
    memcpy(&request, message->payload, sizeof(request));
    struct found found = find(initd, request.task, request.connection);
    client->describing = 0;
    if (found.client != nullptr) {
        struct lines lines = lines_of(found.client->service);
        const char *text = request.line == 0             ? lines.service
                           : request.line <= lines.count ? lines.line[request.line - 1]
                                                         : "";
        answer(client, transaction, found.client->number, text);
    } else if (found.connection == nullptr) {
        client_reply(client, transaction, STATUS_NOT_FOUND, request.task);
    } else if (request.line == 0) {
        const struct connection *to = found.connection;
        const struct manifest *server = &initd->plan.program[to->server].manifest;
        answer(client, transaction, to->number, server->serves[to->line].service);
    } else if (ask(initd, found.connection, request.line - 1)) {
        client->describing = found.connection->number;
        client->transaction = transaction;
    } else {
        answer(client, transaction, found.connection->number,
               request.line == 1 ? "nothing now: it is not served" : "");
    }
}

// Sends the answer to whoever asked about the connection.
static void pass_on(struct initd *initd, uint32_t connection, const char *text) {
    for (uint32_t i = 0; i < CLIENTS; i++) {
        struct client *client = &initd->clients[i];
        if (client->number != 0 && client->describing == connection) {
            client->describing = 0;
            answer(client, client->transaction, connection, text);
        }
    }
}

void describe_answer(struct initd *initd, uint32_t server,
                     const struct serve_description *description) {
    char text[DESCRIBE_TEXT];
    memcpy(text, description->text, sizeof(text));
    text[DESCRIBE_TEXT - 1] = '\0';
    for (uint32_t i = 0; i < CONNECTIONS && description->client != 0; i++) {
        const struct connection *each = &initd->connections[i];
        if (each->number == description->client && each->server == server) {
            pass_on(initd, each->number, text);
        }
    }
}

void describe_forget(struct initd *initd, uint32_t connection) {
    pass_on(initd, connection, "");
}
