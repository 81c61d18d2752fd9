// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Counting what this Task holds, by the kernel's own enumeration. initd hands out
// the right to look at a Task; "self" stands for it where no initd runs.
#include "tests/ktest/books.h"

#include "lib/string/string.h"
#include "lib/vectra/bundle.h"
#include "lib/vectra/endpoint.h"
#include "services/initd/protocol.h"
#include "tests/ktest/ktest.h"

constexpr uint32_t BIT_INIT = 48;
constexpr uint64_t SETTLE = 2 * SECOND; // for what dies after a syscall returned

static uint64_t self;  // this Task, INSPECT
static uint64_t payer; // its Reticle, INSPECT
static struct endpoint init;

static enum status ask(uint16_t type, uint32_t task, struct ring_message *message,
                       uint64_t *sequence) {
    struct init_task request = {task};
    *message = (struct ring_message){.header = {.type = type, .length = sizeof request}};
    memcpy(message->payload, &request, sizeof request);
    return endpoint_call(&init, message, nullptr, 0, deadline_in(PATIENCE), nullptr, nullptr,
                         sequence);
}

// The youngest task of this name, or 0. That of ktest is this one: no other starts meanwhile.
static uint32_t number_of(const char *name) {
    uint32_t found = 0, last = 0;
    struct ring_message message;
    uint64_t sequence;
    while (ask(INIT_LIST, last, &message, &sequence) == STATUS_OK &&
           message.header.type == INIT_TASK) {
        struct init_entry entry;
        memcpy(&entry, message.payload, sizeof entry);
        last = entry.task;
        found = strcmp(entry.name, name) == 0 ? last : found;
    }
    return found;
}

void books_open(void) {
    uint64_t handle, sequence;
    if (bundle_find("self", CLASS_TASK, &self) == STATUS_OK) {
        (void)bundle_find("payer", CLASS_RETICLE, &payer);
        return;
    }
    struct ring_message message;
    if (bundle_find("init", CLASS_RING, &handle) == STATUS_OK &&
        endpoint_open(&init, handle, BIT_INIT, BIT_INIT) == STATUS_OK &&
        ask(INIT_INSPECT, number_of("ktest"), &message, &sequence) == STATUS_OK &&
        message.header.type == INIT_REPLY && message.header.capabilities == 2) {
        (void)endpoint_take(&init, sequence, CLASS_TASK, RIGHT_INSPECT, &self);
        (void)endpoint_take(&init, sequence, CLASS_RETICLE, RIGHT_INSPECT, &payer);
    }
    if (self == HANDLE_NONE) {
        say("ktest: nobody lets this Task look at itself: handles are not counted");
    }
}

void books_restart(const char *program) {
    uint32_t old = number_of(program), young = old;
    struct ring_message message;
    uint64_t sequence, until = deadline_in(PATIENCE);
    (void)CHECK_OK(ask(INIT_KILL, old, &message, &sequence));
    while (young <= old && time_now() < until) {
        pause_for(MILLISECOND);
        young = number_of(program);
    }
    (void)CHECK(young > old);
}

// Free bytes are not compared: Memory that this Task was sent has moved to its books.
static uint64_t used_of(uint64_t reticle, bool with_tables) {
    uint64_t total = 0, left = 0, objects = 0, tables = 0;
    (void)CHECK_OK(sys_reticle_info(reticle, &total, &left, &objects, &tables));
    (void)CHECK_EQ(left + objects + tables, total);
    return with_tables ? objects + tables : objects;
}

void books_empty(uint64_t reticle) {
    uint64_t until = deadline_in(SETTLE);
    while (check_good() && used_of(reticle, true) != 0 && time_now() < until) {
        pause_for(MILLISECOND);
    }
    if (check_good()) {
        (void)CHECK_EQ(used_of(reticle, true), 0);
    }
}

uint64_t books_self(void) {
    return self;
}

void books_read(struct books *books) {
    *books = (struct books){};
    uint64_t reticle = bundle_need("reticle", CLASS_RETICLE);
    books->used = used_of(reticle, true);
    if (payer != HANDLE_NONE) {
        uint64_t total = 0, word;
        (void)sys_reticle_info(reticle, &total, &word, &word, &word);
        books->objects = used_of(payer, false) - total; // which is one of them
    }
    uint64_t index = 0, description, object, detail;
    while (self != HANDLE_NONE &&
           sys_task_slot(self, index, &index, &description, &object, &detail) == STATUS_OK) {
        books->handles++;
        books->by_class[description >> INFO_CLASS_SHIFT & 15]++;
        index++;
    }
}

static bool same(const struct books *left, const struct books *right) {
    return left->used == right->used && left->handles == right->handles &&
           left->objects == right->objects;
}

void books_compare(const struct books *before) {
    struct books after;
    uint64_t until = deadline_in(SETTLE);
    for (books_read(&after); !same(before, &after) && time_now() < until; books_read(&after)) {
        pause_for(MILLISECOND);
    }
    for (uint32_t class = 0; class < CLASS_COUNT; class ++) {
        if (after.by_class[class] != before->by_class[class]) {
            check_say("books", 0, "%ld capabilities of class %u are left",
                      (int64_t)(after.by_class[class] - before->by_class[class]), class);
        }
    }
    if (after.used != before->used) {
        check_say("books", 0, "%ld bytes are missing in the Reticle",
                  (int64_t)(after.used - before->used));
    }
    if (after.objects != before->objects) {
        check_say("books", 0, "%ld bytes of this Task's own Reticle are missing",
                  (int64_t)(after.objects - before->objects));
    }
}
