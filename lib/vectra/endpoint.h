// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// A Ring end as a program uses it: the algorithm of lib/ring joined with the
// syscalls that map its regions, ring the peer and carry capabilities. An
// endpoint outlives its peers: when the closed bit comes, endpoint_refresh finds
// out whether the peer went or a new one came, and begins the new connection.
//
// Messages of type 0 are reserved: they carry nothing and are skipped.
#pragma once

#include "lib/ring/ring.h"

constexpr uint32_t ENDPOINT_PEER_SLOTS = 1024; // a peer with more is refused

struct endpoint {
    struct ring_end end;
    uint64_t handle;      // the Ring end's capability
    uint64_t own_view;    // mapping of the own region
    uint64_t peer_view;   // of the peer's; HANDLE_NONE while unbound
    uint64_t window;      // where both are mapped; kept for the next opening
    uint64_t window_size; // bytes of the own region's part
    uint64_t signals;     // the message bit and the closed bit, as a mask
    uint64_t closed;      // the closed bit alone
    // Of the last request, and its flow. The first one is made of the Ring's number, so that
    // no two flows in the system are the same for long.
    uint32_t transaction;
};

// A capability to go along with a message.
struct endpoint_capability {
    uint64_t handle;
    uint64_t rights;
    bool move; // the capability itself rather than a copy
};

// Opens a Ring end: maps it, watches it with the two bits (which may be the same
// one) and connects it if it is bound already. `endpoint` is all zero before the
// first opening. The handle then is the endpoint's.
[[nodiscard]] enum status endpoint_open(struct endpoint *endpoint, uint64_t handle,
                                        uint32_t message_bit, uint32_t closed_bit);

// The same for a server with very many: both bits are sources of the thread's words
// (lib/vectra/sources.h), of which the first stands in front of all. Such an endpoint never
// waits alone: the calls below that wait would take the signal of the others.
[[nodiscard]] enum status endpoint_open_source(struct endpoint *endpoint, uint64_t handle,
                                               uint32_t message_source, uint32_t closed_source);

// Unmaps everything and drops the handle. The endpoint may be opened again.
void endpoint_close(struct endpoint *endpoint);

// To be called when the closed bit was set. True when a new connection began:
// what was under way on the old one is lost.
bool endpoint_refresh(struct endpoint *endpoint);

// Waits until there is a peer: a connection of the manifest is bound when the
// server has been told, which may be after this program began, and again after
// the server was restarted. OK or TIMED_OUT.
[[nodiscard]] enum status endpoint_await(struct endpoint *endpoint, uint64_t deadline);

static inline bool endpoint_bound(const struct endpoint *endpoint) {
    return endpoint->end.peer != nullptr;
}

// A new flow, for a message that begins something and is no request. Who goes on with what
// a message began gives its own messages the same `header.flow`.
static inline uint32_t endpoint_flow(struct endpoint *endpoint) {
    return ++endpoint->transaction;
}

// Sends, and rings the peer if it sleeps; the tracer sees the flow then. OK, FULL, PEER_CLOSED, or
// BAD_FORMAT (the peer broke the protocol: close it). header.capabilities must be 0.
[[nodiscard]] enum status endpoint_send(struct endpoint *endpoint,
                                        const struct ring_message *message);

// As endpoint_send, for who has more to send: the peer is told of several messages at once, by
// endpoint_flush at the latest. Nothing else may be sent before that. After FULL it was told of
// all.
[[nodiscard]] enum status endpoint_put(struct endpoint *endpoint,
                                       const struct ring_message *message);
void endpoint_flush(struct endpoint *endpoint);

// Sends with capabilities beside it; sets header.capabilities. Statuses of
// endpoint_send and of ring_send. When it fails no message was sent, but
// capabilities before the one that was refused may be gone if they were moved.
[[nodiscard]] enum status endpoint_send_with(struct endpoint *endpoint,
                                             struct ring_message *message,
                                             const struct endpoint_capability *capabilities,
                                             uint16_t count);

// Receives the next message. OK, EMPTY, PEER_CLOSED or BAD_FORMAT.
// endpoint_take with `*sequence` then takes what came beside it.
[[nodiscard]] enum status endpoint_receive(struct endpoint *endpoint, struct ring_message *message,
                                           uint64_t *sequence);

// Takes the next capability that came with a message, of the class given and
// with at least the rights given; one that does not fit is dropped and said to
// be BAD_CLASS or ACCESS. Other statuses of ring_take.
[[nodiscard]] enum status endpoint_take(struct endpoint *endpoint, uint64_t sequence,
                                        uint32_t class, uint64_t rights, uint64_t *handle);

// Waits until one of the endpoint's bits or of `more` is set, or the deadline
// passes (TIMED_OUT), and refreshes the endpoint if it was its closed bit.
[[nodiscard]] enum status endpoint_wait(struct endpoint *endpoint, uint64_t more, uint64_t deadline,
                                        uint64_t *bits);

// What to do with a message that is not the reply waited for; `sequence` as
// from endpoint_receive. May be nullptr: such messages are dropped.
typedef void endpoint_other(void *context, const struct ring_message *message, uint64_t sequence);

// Sends the request in `message` (transaction and flow chosen here) and waits for the
// message with the same transaction, which replaces it; `*sequence` names it for
// endpoint_take. Room for the request is waited for too. OK, PEER_CLOSED,
// TIMED_OUT (the reply may still come, and then goes to `other`), BAD_FORMAT.
[[nodiscard]] enum status endpoint_call(struct endpoint *endpoint, struct ring_message *message,
                                        const struct endpoint_capability *capabilities,
                                        uint16_t count, uint64_t deadline, endpoint_other *other,
                                        void *context, uint64_t *sequence);

// Waits until the peer has read everything sent. OK, PEER_CLOSED, TIMED_OUT,
// BAD_FORMAT.
[[nodiscard]] enum status endpoint_drain(struct endpoint *endpoint, uint64_t deadline);
