// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// A namingd that was taken over: it speaks for clients that did not ask, and asks for
// services that no client may reach. initd believes none of it. tests/system/hostile.sh
// runs it.
#include "abi/capability.h"
#include "lib/string/string.h"
#include "lib/vectra/bundle.h"
#include "lib/vectra/program.h"
#include "lib/vectra/syscall.h"
#include "services/initd/tests/asking.h"

constexpr uint32_t NUMBERS = 100; // of connections that are tried

static struct endpoint broker;
static uint64_t reticle;

// Hands an end over in the name of a client.
static enum status hand_over(uint32_t client, const char *service, uint64_t end, uint16_t length) {
    struct broker_connect request = {.client = client};
    memcpy(request.service, service, strnlen(service, sizeof request.service));
    struct ring_message message = {.header = {.type = BROKER_CONNECT, .length = length}};
    memcpy(message.payload, &request, sizeof request);
    struct endpoint_capability beside = {.handle = end,
                                         .rights = RIGHT_RING_BIND | RIGHT_COPY | RIGHT_PASS};
    uint64_t sequence;
    enum status status = endpoint_call(&broker, &message, &beside, end != HANDLE_NONE,
                                       time_now() + ASK_PATIENCE, nullptr, nullptr, &sequence);
    struct broker_reply reply;
    memcpy(&reply, message.payload, sizeof reply);
    return status == STATUS_OK ? (enum status)reply.status : status;
}

static bool is_bound(uint64_t end) {
    uint64_t bound = 1, generation, slots, peer;
    return sys_ring_info(end, &bound, &generation, &slots, &peer) != STATUS_OK || bound != 0;
}

// Nobody's number leads to this service. How many were refused by the client's manifest,
// rather than because there is no such client.
static uint32_t refused(const char *service, uint64_t end) {
    uint32_t by_manifest = 0, other = 0;
    for (uint32_t client = 0; client < NUMBERS; client++) {
        enum status status = hand_over(client, service, end, sizeof(struct broker_connect));
        by_manifest += status == STATUS_ACCESS;
        other += status != STATUS_ACCESS && status != STATUS_NOT_FOUND;
    }
    ask_verdict("broker", service, other == 0 && !is_bound(end));
    return by_manifest;
}

uint32_t program_main(void) {
    constexpr uint16_t LENGTH = sizeof(struct broker_connect);
    static const char *const OWN[] = {"init", "broker", "debug"};
    uint64_t end;
    reticle = bundle_need("reticle", CLASS_RETICLE);
    ask_open(0);
    if (endpoint_open(&broker, bundle_need("broker", CLASS_RING), 1, 1) != STATUS_OK ||
        sys_ring_carve(reticle, 16, &end) != STATUS_OK) {
        program_fail(PROGRAM_FAILED, "not ok broker: no connection\n");
    }
    for (uint32_t i = 0; i < 3; i++) {
        ask_verdict("broker", "a service of initd's is for nobody", refused(OWN[i], end) > 0);
    }
    ask_verdict("broker", "who connects by manifest does not reach", refused("console", end) > 0);
    ask_verdict("broker", "nor does anybody else", refused("naming", end) > 0);
    char endless[INIT_NAME];
    memset(endless, 'x', sizeof endless);
    ask_verdict("broker", "a name without an end",
                hand_over(2, endless, end, LENGTH) == STATUS_NOT_FOUND);
    ask_verdict("broker", "a number beyond all",
                hand_over(UINT32_MAX, "console", end, LENGTH) == STATUS_NOT_FOUND);
    ask_verdict("broker", "a wrong length",
                hand_over(2, "console", end, LENGTH - 1) == STATUS_BAD_FORMAT);
    ask_verdict("broker", "no end", hand_over(2, "console", 0, LENGTH) == STATUS_EMPTY);
    ask_verdict("broker", "nothing was bound", !is_bound(end));
    struct init_entry entry;
    ask_verdict("broker", "initd goes on", ask_find("shell", 0, &entry));
    return ask_failures() == 0 ? PROGRAM_OK : PROGRAM_FAILED;
}
