// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The service `broker`: namingd, which has checked the scope, hands over a
// client's Ring end to be connected to a server.
#include "abi/capability.h"
#include "lib/string/string.h"
#include "lib/vectra/syscall.h"
#include "services/initd/initd.h"

static enum status take_over(struct initd *initd, struct client *client,
                             const struct ring_message *message, uint64_t sequence) {
    struct broker_connect request;
    if (message->header.type != BROKER_CONNECT || message->header.length != sizeof(request)) {
        return STATUS_BAD_FORMAT;
    }
    memcpy(&request, message->payload, sizeof(request));
    request.service[INIT_NAME - 1] = '\0';
    uint64_t end;
    enum status status = endpoint_take(&client->endpoint, sequence, CLASS_RING,
                                       RIGHT_RING_BIND | RIGHT_COPY | RIGHT_PASS, &end);
    if (status != STATUS_OK) {
        return status;
    }
    status = connect_late(initd, request.client, request.service, end);
    if (status != STATUS_OK) {
        (void)sys_handle_drop(end);
    }
    return status;
}

void broker_request(struct initd *initd, struct client *client, const struct ring_message *message,
                    uint64_t sequence) {
    if (message->header.type == 0) {
        return;
    }
    struct broker_reply payload = {.status = take_over(initd, client, message, sequence)};
    struct ring_message reply = {.header = {.type = BROKER_REPLY,
                                            .length = sizeof(payload),
                                            .transaction = message->header.transaction,
                                            .flow = message->header.flow}};
    memcpy(reply.payload, &payload, sizeof(payload));
    (void)endpoint_send(&client->endpoint, &reply);
}
