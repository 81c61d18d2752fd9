// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// namingd from a client's side: what the manifest says `reach` for is bound, within
// the quotas, and nothing else is. tests/system/services.sh runs it.
#include "abi/capability.h"
#include "abi/layout.h"
#include "lib/string/string.h"
#include "lib/vectra/bundle.h"
#include "lib/vectra/program.h"
#include "lib/vectra/status_text.h"
#include "lib/vectra/stream.h"
#include "lib/vectra/syscall.h"
#include "lib/vectra/time.h"
#include "services/namingd/protocol.h"

constexpr uint32_t SLOTS = 16;
constexpr uint64_t PATIENCE = 5 * SECOND;

struct test {
    struct endpoint naming;
    struct endpoint console;
    uint64_t reticle;
    uint32_t failures;
};

static void check(struct test *test, const char *name, enum status got, enum status want) {
    test->failures += got != want;
    if (got == want) {
        print("ok naming: %s\n", name);
    } else {
        print("not ok naming: %s: %s\n", name, status_text(got));
    }
}

// Asks for a service, with a capability beside it unless it is none.
static enum status ask(struct test *test, const char *service, uint64_t handle) {
    struct naming_connect request = {};
    memcpy(request.service, service, strlen(service));
    struct ring_message message = {.header = {.type = NAMING_CONNECT, .length = sizeof(request)}};
    memcpy(message.payload, &request, sizeof(request));
    struct endpoint_capability beside = {
        .handle = handle, .rights = RIGHT_RING_BIND | RIGHT_COPY | RIGHT_PASS | RIGHT_INSPECT};
    uint64_t sequence;
    enum status status = endpoint_call(&test->naming, &message, &beside, handle != HANDLE_NONE,
                                       time_now() + PATIENCE, nullptr, nullptr, &sequence);
    struct naming_reply reply;
    memcpy(&reply, message.payload, sizeof(reply));
    return status == STATUS_OK ? (enum status)reply.status : status;
}

static uint64_t need_ring(const struct test *test) {
    uint64_t end;
    if (sys_ring_carve(test->reticle, SLOTS, &end) != STATUS_OK) {
        program_fail(PROGRAM_FAILED, "not ok naming: a Ring end cannot be carved\n");
    }
    return end;
}

// Text through a connection that was made late.
static enum status speak(struct test *test) {
    static const char TEXT[] = "spoken through a late connection\r\n";
    struct stream stream;
    enum status status = endpoint_await(&test->console, time_now() + PATIENCE);
    if (status != STATUS_OK) {
        return status;
    }
    stream_init(&stream, &test->console);
    status = stream_write(&stream, TEXT, sizeof(TEXT) - 1);
    return status == STATUS_OK ? stream_drain(&stream) : status;
}

uint32_t program_main(void) {
    static struct test test;
    test.reticle = bundle_need("reticle", CLASS_RETICLE);
    uint64_t first = need_ring(&test);
    if (endpoint_open(&test.naming, bundle_need("naming", CLASS_RING), 0, 0) != STATUS_OK ||
        endpoint_open(&test.console, first, 1, 1) != STATUS_OK ||
        endpoint_await(&test.naming, time_now() + PATIENCE) != STATUS_OK) {
        program_fail(PROGRAM_FAILED, "not ok naming: no connection\n");
    }
    check(&test, "a service out of reach", ask(&test, "init", first), STATUS_ACCESS);
    check(&test, "a service that nobody serves", ask(&test, "nothing", first), STATUS_ACCESS);
    check(&test, "no end beside it", ask(&test, "console", HANDLE_NONE), STATUS_EMPTY);
    check(&test, "another class beside it", ask(&test, "console", test.reticle), STATUS_BAD_CLASS);
    check(&test, "a service within reach", ask(&test, "console", first), STATUS_OK);
    check(&test, "it is bound and heard", speak(&test), STATUS_OK);
    check(&test, "a second connection", ask(&test, "console", need_ring(&test)), STATUS_OK);
    check(&test, "a third is above the quota", ask(&test, "console", need_ring(&test)),
          STATUS_FULL);
    return test.failures == 0 ? PROGRAM_OK : PROGRAM_FAILED;
}
