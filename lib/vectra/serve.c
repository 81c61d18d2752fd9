// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Accepting clients.
#include "lib/vectra/serve.h"

#include "abi/capability.h"
#include "lib/string/string.h"
#include "lib/vectra/bundle.h"
#include "lib/vectra/syscall.h"

// Without its control Ring a server is of no use to anybody; initd sees the fault
// and says so.
void server_open(struct server *server, struct serve_client *clients, uint32_t limit,
                 server_describe *describe) {
    *server = (struct server){.clients = clients, .limit = limit, .describe = describe};
    server->reticle = bundle_need("reticle", CLASS_RETICLE);
    uint64_t control = bundle_need("serve", CLASS_RING);
    if (endpoint_open(&server->control, control, SERVE_BIT_CONTROL, SERVE_BIT_CONTROL) !=
        STATUS_OK) {
        __builtin_trap();
    }
}

uint64_t server_signals(const struct server *server) {
    uint64_t signals = server->control.signals;
    for (uint32_t i = 0; i < server->limit; i++) {
        signals |= server->clients[i].used ? server->clients[i].endpoint.signals : 0;
    }
    return signals;
}

void server_drop(struct serve_client *client) {
    endpoint_close(&client->endpoint);
    client->used = false;
}

// Makes an end for client number `place` and binds it to the client's.
static enum status connect(struct server *server, uint32_t place, uint64_t peer) {
    struct endpoint *endpoint = &server->clients[place].endpoint;
    uint64_t own;
    enum status status = sys_ring_carve(server->reticle, SERVE_SLOTS, &own);
    if (status != STATUS_OK) {
        return status;
    }
    status = endpoint_open(endpoint, own, place, SERVE_CLIENTS + place);
    if (status != STATUS_OK) {
        (void)sys_handle_drop(own);
        return status;
    }
    status = sys_ring_bind(own, peer);
    if (status != STATUS_OK) {
        endpoint_close(endpoint);
        return status;
    }
    endpoint_refresh(endpoint);
    return STATUS_OK;
}

// Tells that a client's scope is void.
static void forget(uint32_t client, server_scope *scope, void *context) {
    if (scope != nullptr) {
        scope(context, &(struct serve_scope){.client = client});
    }
}

// Clients whose connection is over leave their place.
static void collect(struct server *server, uint64_t bits, server_scope *scope, void *context) {
    for (uint32_t i = 0; i < server->limit; i++) {
        struct serve_client *client = &server->clients[i];
        if (!client->used || (bits & client->endpoint.closed) == 0) {
            continue;
        }
        endpoint_refresh(&client->endpoint);
        if (!endpoint_bound(&client->endpoint)) {
            server_drop(client);
            forget(client->about.client, scope, context);
        }
    }
}

static uint32_t free_place(const struct server *server) {
    uint32_t place = 0;
    while (place < server->limit && server->clients[place].used) {
        place++;
    }
    return place;
}

// The quota is checked before anything is carved; the client's end itself is only
// borrowed for the binding.
static enum status accept(struct server *server, const struct serve_accept *about,
                          uint64_t sequence, server_scope *scope, void *context) {
    uint64_t peer;
    enum status status =
        endpoint_take(&server->control, sequence, CLASS_RING, RIGHT_RING_BIND, &peer);
    if (status != STATUS_OK) {
        return status;
    }
    if (free_place(server) == server->limit) {
        // One may have gone whose closed bit was not among the signals yet.
        collect(server, UINT64_MAX, scope, context);
    }
    uint32_t place = free_place(server);
    status = place < server->limit ? connect(server, place, peer) : STATUS_FULL;
    if (status == STATUS_OK) {
        struct serve_client *client = &server->clients[place];
        client->about = *about;
        client->about.name[INIT_NAME - 1] = '\0';
        client->used = true;
    }
    (void)sys_handle_drop(peer);
    return status;
}

// Accepts a client, or refuses it, and says which.
static void introduce(struct server *server, const struct ring_message *message, uint64_t sequence,
                      server_scope *scope, void *context) {
    struct serve_accept about;
    memcpy(&about, message->payload, sizeof(about));
    enum status status = accept(server, &about, sequence, scope, context);
    if (status != STATUS_OK) {
        forget(about.client, scope, context);
    }
    struct serve_answer answer = {.client = about.client, .status = status};
    struct ring_message reply = {.header = {.type = SERVE_ANSWER, .length = sizeof(answer)}};
    memcpy(reply.payload, &answer, sizeof(answer));
    // initd always reads; were it full, only its log line would be missing.
    (void)endpoint_send(&server->control, &reply);
}

// Answers what a client can obtain, with an empty text for one that is not here.
static void describe(struct server *server, const struct ring_message *message, void *context) {
    struct serve_describe about;
    memcpy(&about, message->payload, sizeof(about));
    struct serve_description answer = {.client = about.client};
    struct text_buffer text;
    text_start(&text, answer.text, sizeof(answer.text));
    for (uint32_t i = 0; i < server->limit; i++) {
        const struct serve_client *client = &server->clients[i];
        if (client->used && client->about.client == about.client) {
            server->describe(context, client, about.line, &text);
        }
    }
    struct ring_message reply = {.header = {.type = SERVE_DESCRIPTION, .length = sizeof(answer)}};
    memcpy(reply.payload, &answer, sizeof(answer));
    (void)endpoint_send(&server->control, &reply);
}

void server_update(struct server *server, uint64_t bits, server_scope *scope, void *context) {
    collect(server, bits, scope, context);
    struct ring_message message;
    uint64_t sequence;
    if (bits & server->control.closed) {
        endpoint_refresh(&server->control);
    }
    while (endpoint_receive(&server->control, &message, &sequence) == STATUS_OK) {
        if (message.header.type == SERVE_ACCEPT) {
            introduce(server, &message, sequence, scope, context);
        } else if (message.header.type == SERVE_DESCRIBE) {
            describe(server, &message, context);
        } else if (message.header.type == SERVE_SCOPE && scope != nullptr) {
            struct serve_scope about;
            memcpy(&about, message.payload, sizeof(about));
            about.service[INIT_NAME - 1] = '\0';
            scope(context, &about);
        }
    }
}
