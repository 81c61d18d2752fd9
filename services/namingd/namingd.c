// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// namingd: binds services late, for clients whose manifest says `reach SERVICE`.
// initd tells the scope of each client before the client itself, and is the one
// who hands the Ring end to the server; so namingd holds no power over a server,
// only the check. initd answers at once, so calling it holds nobody up.
#include "abi/capability.h"
#include "abi/layout.h"
#include "lib/string/string.h"
#include "lib/vectra/bundle.h"
#include "lib/vectra/program.h"
#include "lib/vectra/serve.h"
#include "lib/vectra/syscall.h"
#include "services/initd/protocol.h"
#include "services/namingd/protocol.h"

constexpr uint32_t CLIENTS = 16; // as in namingd.manifest
constexpr uint32_t REACHES = 16; // lines `reach` of a manifest at most
// Of all clients, and of one more that is being introduced.
constexpr uint32_t SCOPES = (CLIENTS + 1) * REACHES;
constexpr uint32_t TURN = 8; // requests of one client in a row
constexpr uint32_t BIT_BROKER = SERVE_BIT_OWN;

struct namingd {
    struct server server;
    struct serve_client clients[CLIENTS];
    struct endpoint broker;
    struct serve_scope scopes[SCOPES]; // client 0: a free place
};

// Few clients, few services: a search is shorter than any index of them.
static bool in_scope(const struct namingd *namingd, uint32_t client, const char *service) {
    for (uint32_t i = 0; i < SCOPES; i++) {
        const struct serve_scope *scope = &namingd->scopes[i];
        if (scope->client == client && strcmp(scope->service, service) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_client(const struct namingd *namingd, uint32_t number) {
    for (uint32_t i = 0; i < CLIENTS; i++) {
        if (namingd->clients[i].used && namingd->clients[i].about.client == number) {
            return true;
        }
    }
    return false;
}

// Forgets what was told of clients that never came, but for one that is on its way.
static void purge(struct namingd *namingd, uint32_t coming) {
    for (uint32_t i = 0; i < SCOPES; i++) {
        struct serve_scope *place = &namingd->scopes[i];
        if (place->client != coming && !is_client(namingd, place->client)) {
            *place = (struct serve_scope){};
        }
    }
}

// A service more for a client, or, with the service empty, none any more. There is
// always a place: initd introduces one client after the other.
static void learn(void *context, const struct serve_scope *scope) {
    struct namingd *namingd = context;
    if (scope->service[0] == '\0') {
        for (uint32_t i = 0; i < SCOPES; i++) {
            if (namingd->scopes[i].client == scope->client) {
                namingd->scopes[i] = (struct serve_scope){};
            }
        }
        return;
    }
    purge(namingd, scope->client);
    for (uint32_t i = 0; i < SCOPES && !in_scope(namingd, scope->client, scope->service); i++) {
        if (namingd->scopes[i].client == 0) {
            namingd->scopes[i] = *scope;
        }
    }
}

// Has initd connect the client's end to the server.
static enum status hand_over(struct namingd *namingd, const struct serve_client *client,
                             const char *service, uint64_t end) {
    struct broker_connect request = {.client = client->about.client};
    memcpy(request.service, service, strnlen(service, sizeof(request.service) - 1));
    struct ring_message message = {.header = {.type = BROKER_CONNECT, .length = sizeof(request)}};
    memcpy(message.payload, &request, sizeof(request));
    struct endpoint_capability beside = {.handle = end,
                                         .rights = RIGHT_RING_BIND | RIGHT_COPY | RIGHT_PASS};
    uint64_t sequence;
    enum status status = endpoint_call(&namingd->broker, &message, &beside, 1, TIME_NEVER, nullptr,
                                       nullptr, &sequence);
    (void)sys_handle_drop(end); // ours was a copy
    struct broker_reply reply;
    memcpy(&reply, message.payload, sizeof(reply));
    return status == STATUS_OK ? (enum status)reply.status : status;
}

// The scope is checked before the end is taken: a refusal costs nothing, and the
// Ring drops the end with the next message.
static enum status connect(struct namingd *namingd, struct serve_client *client,
                           const struct ring_message *message, uint64_t sequence) {
    struct naming_connect request;
    if (message->header.type != NAMING_CONNECT || message->header.length != sizeof(request)) {
        return STATUS_BAD_FORMAT;
    }
    memcpy(&request, message->payload, sizeof(request));
    request.service[NAMING_NAME - 1] = '\0';
    if (!in_scope(namingd, client->about.client, request.service)) {
        return STATUS_ACCESS;
    }
    uint64_t end;
    enum status status = endpoint_take(&client->endpoint, sequence, CLASS_RING,
                                       RIGHT_RING_BIND | RIGHT_COPY | RIGHT_PASS, &end);
    return status == STATUS_OK ? hand_over(namingd, client, request.service, end) : status;
}

// Does some requests of one client; true if it may have more.
static bool serve(struct namingd *namingd, struct serve_client *client) {
    struct ring_message message;
    uint64_t sequence;
    for (uint32_t i = 0; i < TURN; i++) {
        // A request is taken only when its reply has room.
        if (ring_end_space(&client->endpoint.end) != STATUS_OK) {
            return false;
        }
        enum status status = endpoint_receive(&client->endpoint, &message, &sequence);
        if (status == STATUS_BAD_FORMAT) {
            server_drop(client);
        }
        if (status != STATUS_OK) {
            return false;
        }
        if (message.header.type == 0) {
            continue;
        }
        struct naming_reply payload = {.status = connect(namingd, client, &message, sequence)};
        struct ring_message reply = {.header = {.type = NAMING_REPLY,
                                                .length = sizeof(payload),
                                                .transaction = message.header.transaction,
                                                .flow = message.header.flow}};
        memcpy(reply.payload, &payload, sizeof(payload));
        (void)endpoint_send(&client->endpoint, &reply);
    }
    return true;
}

// One line for each service in the client's scope.
static void describe(void *context, const struct serve_client *client, uint32_t line,
                     struct text_buffer *text) {
    const struct namingd *namingd = context;
    for (uint32_t i = 0; i < SCOPES; i++) {
        const struct serve_scope *scope = &namingd->scopes[i];
        if (scope->client == client->about.client && line-- == 0) {
            text_append(text, "connect to ");
            text_append(text, scope->service);
            return;
        }
    }
}

uint32_t program_main(void) {
    static struct namingd namingd;
    server_open(&namingd.server, namingd.clients, CLIENTS, describe);
    if (endpoint_open(&namingd.broker, bundle_need("broker", CLASS_RING), BIT_BROKER, BIT_BROKER) !=
        STATUS_OK) {
        return PROGRAM_FAILED;
    }
    uint64_t bits = UINT64_MAX;
    for (;;) {
        server_update(&namingd.server, bits, learn, &namingd);
        bool more = false;
        for (uint32_t i = 0; i < CLIENTS; i++) {
            more |= namingd.clients[i].used && serve(&namingd, &namingd.clients[i]);
        }
        if (sys_signal_wait(server_signals(&namingd.server), more ? 0 : TIME_NEVER, 0, 0, 0,
                            &bits) != STATUS_OK) {
            bits = 0;
        }
    }
}
