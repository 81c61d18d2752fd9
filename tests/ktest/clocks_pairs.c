// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Independent pairs: on each hart two Tasks that ask and answer each other, and nothing that two
// pairs share but the kernel. Each round takes all the ways on which messages go: the direct switch
// without and with a deadline, a doorbell and then a wait, and now and then a deadline that passes.
// Once so in the Network band, once with budgets, and once, without idling, beside a hart that
// keeps the books busy. This only brings it about and marks the moments; who looks at what the
// harts write is the emulator (tools/lines.c), and tests/system/scaling.sh judges. Each round
// pauses: harts run in turns there.
#include "lib/vectra/bundle.h"
#include "tests/ktest/child.h"
#include "tests/system/marks.h"

constexpr uint64_t MS = MILLISECOND;
enum { PAIRS = 16, SLOTS = 4 };
constexpr uint64_t PAIR_BYTES = 320 * 1024; // of the Reticle of each Task
constexpr uint64_t SETTLE = 5 * MS;         // for each hart, before all are counted
constexpr uint64_t WORK = 5 * MS;           // and so long are they

// How the pairs work, as the side that asks is told.
enum way : uint64_t { NETWORK, PERSON, BESIDE };

static struct child ask[PAIRS], reply[PAIRS], busy;
static uint64_t budgets[PAIRS];

// To the hart of the budget that it was given; without it, it stays there.
static void go(bool keeps) {
    uint64_t budget = child_slot("budget", CLASS_BUDGET);
    (void)CHECK_OK(sys_budget_bind(budget, HANDLE_NONE));
    if (!keeps) {
        (void)CHECK_OK(sys_budget_bind(HANDLE_NONE, HANDLE_NONE));
    }
    drop(budget);
}

static void call(struct endpoint *endpoint, uint16_t type, uint64_t deadline) {
    struct ring_message message = {.header = {.type = type, .length = RING_PAYLOAD}};
    uint64_t sequence;
    (void)CHECK_OK(
        endpoint_call(endpoint, &message, nullptr, 0, deadline, nullptr, nullptr, &sequence));
}

// Rings, and only then waits for the answer.
static void tell(struct endpoint *endpoint) {
    struct ring_message message = {.header = {.type = 1, .length = RING_PAYLOAD}};
    uint64_t sequence, bits;
    (void)CHECK_OK(endpoint_send(endpoint, &message));
    enum status status;
    while ((status = endpoint_receive(endpoint, &message, &sequence)) == STATUS_EMPTY) {
        (void)CHECK_OK(endpoint_wait(endpoint, 0, deadline_in(PATIENCE), &bits));
    }
    (void)CHECK_OK(status);
}

static void exchange(struct endpoint *endpoint, bool idle) {
    machine_mark(MARK_ASK);
    call(endpoint, 1, TIME_NEVER);
    call(endpoint, 1, deadline_in(PATIENCE));
    tell(endpoint);
    if (idle) {
        time_sleep_until(time_now() + MS / 50);
    }
    arch_pause();
}

uint32_t role_ask(void) {
    static struct endpoint endpoint;
    uint64_t begin = child_value("begin"), end = child_value("end"), way = child_value("way");
    uint32_t number = 0;
    go(way == PERSON);
    (void)CHECK_OK(endpoint_open(&endpoint, child_slot("ring", CLASS_RING), 0, 1));
    do {
        exchange(&endpoint, number++ % 8 == 0 && way != BESIDE);
    } while (time_now() < begin);
    machine_mark(MARK_BEGIN);
    do {
        exchange(&endpoint, number++ % 8 == 0 && way != BESIDE);
    } while (time_now() < end);
    machine_mark(MARK_END);
    call(&endpoint, 2, deadline_in(PATIENCE));
    return 0;
}

// Sends back whatever comes, until a message of type 2.
uint32_t role_reply(void) {
    static struct endpoint endpoint;
    struct ring_message message = {.header = {.type = 1}};
    uint64_t sequence, bits;
    bool doorbell = false;
    go(false);
    (void)CHECK_OK(endpoint_open(&endpoint, child_slot("ring", CLASS_RING), 0, 1));
    while (message.header.type != 2) {
        enum status status = endpoint_receive(&endpoint, &message, &sequence);
        if (status == STATUS_OK) {
            machine_mark(MARK_REPLY);
            (void)CHECK_OK(ring_end_send(&endpoint.end, &message, &doorbell));
            continue;
        }
        (void)CHECK_STATUS(status, STATUS_EMPTY);
        (void)CHECK_OK(
            doorbell ? sys_doorbell_wait(endpoint.handle, endpoint.signals, TIME_NEVER, 0, 0, &bits)
                     : endpoint_wait(&endpoint, 0, TIME_NEVER, &bits));
        doorbell = false;
    }
    (void)CHECK_OK(sys_doorbell(endpoint.handle, 0));
    (void)endpoint_drain(&endpoint, TIME_NEVER); // PEER_CLOSED: it has read it, and gone
    return 0;
}

// Carves, copies, revokes and destroys.
uint32_t role_busy(void) {
    uint64_t pool = child_slot("pool", CLASS_RETICLE), part, made;
    uint64_t begin = child_value("begin"), end = child_value("end");
    bool begun = false;
    go(false);
    while (time_now() < end) {
        if (!begun && time_now() >= begin) {
            machine_mark(MARK_BEGIN);
            begun = true;
        }
        (void)CHECK_OK(sys_reticle_split(pool, 16 * PAGE_SIZE, &part));
        for (uint32_t i = 0; i < 4; i++) {
            (void)CHECK_OK(sys_memory_carve(part, PAGE_SIZE, PAGE_SHIFT, 0, &made));
            (void)CHECK_OK(sys_handle_copy(made, RIGHT_ALL, &made));
        }
        (void)CHECK_OK(sys_handle_revoke(part));
        (void)CHECK_OK(sys_handle_drop(part));
        arch_pause();
    }
    return 0;
}

static bool busy_begin(void) {
    uint64_t pool;
    busy = (struct child){.role = "busy", .bit = 2 * PAIRS};
    return child_begin(&busy) &&
           CHECK_OK(sys_reticle_split(busy.spawn.reticle, 24 * PAGE_SIZE, &pool)) &&
           child_move(&busy, "pool", pool) && child_copy(&busy, "budget", budgets[0], RIGHT_ALL);
}

static bool pair_begin(uint32_t hart, enum way way) {
    uint64_t end[2];
    ask[hart] = (struct child){.role = "ask", .bit = 2 * hart, .bytes = PAIR_BYTES};
    reply[hart] = (struct child){.role = "reply", .bit = 2 * hart + 1, .bytes = PAIR_BYTES};
    return child_begin(&ask[hart]) && child_begin(&reply[hart]) &&
           CHECK_OK(spawn_value(&ask[hart].spawn, "way", &way, sizeof way)) &&
           CHECK_OK(sys_ring_carve(ask[hart].spawn.reticle, SLOTS, &end[0])) &&
           CHECK_OK(sys_ring_carve(reply[hart].spawn.reticle, SLOTS, &end[1])) &&
           CHECK_OK(sys_ring_bind(end[0], end[1])) && child_move(&ask[hart], "ring", end[0]) &&
           child_move(&reply[hart], "ring", end[1]) &&
           child_copy(&ask[hart], "budget", budgets[hart], RIGHT_ALL) &&
           child_copy(&reply[hart], "budget", budgets[hart], RIGHT_ALL);
}

// Starts who works from `begin` to `end`.
static bool start(const struct child *child, uint64_t begin, uint64_t end) {
    return CHECK_OK(spawn_value(&child->spawn, "begin", &begin, sizeof begin)) &&
           CHECK_OK(spawn_value(&child->spawn, "end", &end, sizeof end)) && child_start(child);
}

// A pair on each hart, or one hart that is busy and a pair on each other.
static void pairs(enum way way) {
    uint32_t first = way == BESIDE, count = hart_count() < PAIRS ? hart_count() : PAIRS;
    bool good = true;
    for (uint32_t i = 0; i < count && good; i++) {
        good = CHECK_OK(sys_budget_carve(ground, bundle_need("budget", CLASS_BUDGET), 2 * MS,
                                         10 * MS, (uint64_t)&i, 1, &budgets[i])) &&
               (i < first ? busy_begin() : pair_begin(i, way));
    }
    uint64_t begin = time_now() + SETTLE * count, end = begin + WORK * count;
    for (uint32_t i = 0; i < count && good; i++) {
        good = i < first ? start(&busy, begin, end)
                         : child_start(&reply[i]) && start(&ask[i], begin, end);
    }
    for (uint32_t i = 0; i < count && good; i++) {
        if (i < first) {
            child_finish(&busy);
        } else {
            child_finish(&ask[i]);
            child_finish(&reply[i]);
        }
        drop(budgets[i]);
    }
}

static void network(void) {
    pairs(NETWORK);
}

static void person(void) {
    pairs(PERSON);
}

static void beside(void) {
    pairs(BESIDE);
}

TESTS(clocks_pairs, {"network", network}, {"person", person}, {"beside", beside});
