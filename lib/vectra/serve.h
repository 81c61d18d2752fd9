// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The part that all servers share: clients that initd announces on the control
// Ring get an end of the server's own, paid from its slot "reticle", up to the
// count that its manifest states. A client beyond it is refused and costs
// nothing; one that goes gives its place back.
#pragma once

#include <stdint.h>

#include "lib/string/text.h"
#include "lib/vectra/endpoint.h"
#include "services/initd/protocol.h"

// Signal bits: client i has message bit i and closed bit SERVE_CLIENTS + i; the
// server's own bits begin at SERVE_BIT_OWN.
constexpr uint32_t SERVE_CLIENTS = 24; // at most
constexpr uint32_t SERVE_BIT_CONTROL = 2 * SERVE_CLIENTS;
constexpr uint32_t SERVE_BIT_OWN = SERVE_BIT_CONTROL + 1;
constexpr uint32_t SERVE_SLOTS = 32; // of a server's end: one page

struct serve_client {
    struct endpoint endpoint;
    bool used;
    struct serve_accept about; // who it is; the name is terminated
};

// What server_update calls with a scope.
typedef void server_scope(void *context, const struct serve_scope *scope);

// What server_update calls when somebody wants to know what the client can obtain here:
// appends the line-th thing, counted from 0, or nothing when there are no more. Every
// server has one. The text is cut at DESCRIBE_TEXT - 1 bytes.
typedef void server_describe(void *context, const struct serve_client *client, uint32_t line,
                             struct text_buffer *text);

struct server {
    struct endpoint control;
    uint64_t reticle;
    struct serve_client *clients; // the caller's, all zero at first
    uint32_t limit;               // how many, at most SERVE_CLIENTS
    server_describe *describe;
};

// Opens the slots "serve" and "reticle" of the Bundle, which the manifest's lines
// `serve` and `grant reticle` put there.
void server_open(struct server *server, struct serve_client *clients, uint32_t limit,
                 server_describe *describe);

// Signals that concern the server: its clients' and the control Ring's.
[[nodiscard]] uint64_t server_signals(const struct server *server);

// Handles what the control Ring holds, and clients that have gone. To be called
// with the signals that were set, and at the start with all bits. `context` is for
// `scope` and the server's `describe`. `scope` is called
// for each SERVE_SCOPE, and with its service empty for each client that left or was
// refused; it may be nullptr.
void server_update(struct server *server, uint64_t bits, server_scope *scope, void *context);

// Closes a client that broke the protocol.
void server_drop(struct serve_client *client);
