// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The other side of bench: answers until it is told to end.
#include <stdatomic.h>

#include "apps/bench/exchange.h"
#include "lib/vectra/bundle.h"
#include "lib/vectra/program.h"

constexpr uint32_t BIT_MESSAGE = 0;
constexpr uint32_t BIT_CLOSED = 1;

static void pingpong(struct endpoint *endpoint) {
    const struct ring_end *end = &endpoint->end;
    uint64_t bits;
    while (atomic_load_explicit(&end->peer->produced, memory_order_acquire) == end->consumed) {
        if (sys_doorbell_wait(endpoint->handle, endpoint->signals, TIME_NEVER, 0, &bits) !=
            STATUS_OK) {
            return;
        }
    }
}

uint32_t program_main(void) {
    static struct endpoint endpoint;
    uint64_t ring = bundle_need("in", CLASS_RING);
    if (endpoint_open(&endpoint, ring, BIT_MESSAGE, BIT_CLOSED) != STATUS_OK) {
        return PROGRAM_FAILED;
    }
    struct ring_message message;
    bool doorbell = false;
    while (bench_receive(&endpoint, &message, doorbell) == STATUS_OK) {
        doorbell = false;
        if (message.header.type == BENCH_END) {
            return PROGRAM_OK;
        }
        if (message.header.type == BENCH_PINGPONG) {
            pingpong(&endpoint);
        } else if (ring_end_send(&endpoint.end, &message, &doorbell) != STATUS_OK) {
            break;
        }
    }
    return PROGRAM_FAILED;
}
