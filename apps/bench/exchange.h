// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// What the program bench and its peer say to each other, over the Ring that the
// peer finds as "in". Both sides keep the pattern that lets two Tasks exchange a
// request and its reply with two kernel entries: send, look whether the answer is
// there already (which arms), and then ring and wait in one syscall.
#pragma once

#include "abi/layout.h"
#include "lib/vectra/endpoint.h"
#include "lib/vectra/syscall.h"

enum bench_message : uint16_t {
    BENCH_CALL = 1,     // is sent back as it is
    BENCH_PINGPONG = 2, // from here on only doorbells, until the next message
    BENCH_END = 3,      // the peer ends
};

// Waits for the next message; `doorbell`: the peer is to be rung first. Any
// status but OK: the connection is over.
[[nodiscard]] static inline enum status bench_receive(struct endpoint *endpoint,
                                                      struct ring_message *message, bool doorbell) {
    for (;;) {
        bool space;
        enum status status = ring_end_receive(&endpoint->end, message, &space);
        if (status != STATUS_EMPTY) {
            return status;
        }
        uint64_t bits;
        status = doorbell
                     ? sys_doorbell_wait(endpoint->handle, endpoint->signals, TIME_NEVER, 0, &bits)
                     : sys_signal_wait(endpoint->signals, TIME_NEVER, 0, 0, &bits);
        doorbell = false;
        if (status == STATUS_OK && (bits & endpoint->closed) != 0) {
            endpoint_refresh(endpoint); // the bit may still tell of the beginning
        }
        if (status != STATUS_OK || !endpoint_bound(endpoint)) {
            return STATUS_PEER_CLOSED;
        }
    }
}
