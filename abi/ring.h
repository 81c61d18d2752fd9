// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The shared memory of a connection. Each end owns one region, which it alone
// writes and its peer maps read only: the messages it sends, how far it has
// sent, and how far it has read what the other sends.
//
// Sequence numbers count messages from 0 since the connection was bound and
// never wrap in practice (64 bits). Message n stands in slot n modulo the count
// of slots. The producer may write message n only while
// n - peer.consumed < slots; an index outside of that window is a broken peer.
//
// Sleeping. The end that finds a direction drained (or full) sets its armed bit,
// executes a full fence and looks again before it waits; the other end publishes
// its index, executes a full fence and looks at the armed bit, and only if it is
// set makes a doorbell syscall. Neither fence can be left out.
#pragma once

#include <stdatomic.h>
#include <stdint.h>

constexpr uint32_t RING_SLOT_SIZE = 64;
constexpr uint32_t RING_HEADER_SIZE = 256;
constexpr uint32_t RING_SLOTS_LEAST = 2;
constexpr uint32_t RING_SLOTS_MOST = 2048; // a power of two
constexpr uint32_t RING_IN_FLIGHT = 63;    // capabilities on their way, each direction

enum ring_armed : uint32_t {
    RING_ARMED_MESSAGE = 1 << 0, // in `armed`: ring me when you have sent something
    RING_ARMED_SPACE = 1 << 1,   // in `generation`: ring me when you have read something
};
constexpr uint32_t RING_GENERATION_SHIFT = 2;

// What every message begins with. Everything in it comes from the peer: copy the
// message to private memory first, then check it.
struct ring_header {
    uint16_t type;
    uint16_t length; // of the payload, in bytes: at most RING_PAYLOAD
    uint32_t transaction;
    uint16_t capabilities; // how many were sent with this sequence number
    uint16_t reserved;
    uint32_t flow; // the tracer's thread of cause and effect
};
static_assert(sizeof(struct ring_header) == 16);

constexpr uint32_t RING_PAYLOAD = RING_SLOT_SIZE - sizeof(struct ring_header);

struct ring_message {
    alignas(8) struct ring_header header; // as in its slot: copied by words
    uint8_t payload[RING_PAYLOAD];
};
static_assert(sizeof(struct ring_message) == RING_SLOT_SIZE);

// At offset 0 of a region; the slots follow at RING_HEADER_SIZE. One cache line
// for each field that the peer polls.
struct ring_region {
    alignas(64) _Atomic uint64_t produced; // messages sent
    alignas(64) _Atomic uint64_t consumed; // messages of the peer that were read
    alignas(64) _Atomic uint32_t armed;    // RING_ARMED_MESSAGE or 0
    // The connection that the indices above belong to: the generation that
    // ring_info names, shifted. Until it matches, an end takes the region for empty. With it
    // stands RING_ARMED_SPACE: so who has read a message sees both in one look.
    alignas(64) _Atomic uint64_t generation;
};
static_assert(sizeof(struct ring_region) == RING_HEADER_SIZE);
