// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// A client that takes all it can get. With `places` it starts programs until there is no
// room, and goes on asking while a program of the boot is down: that one must get its place
// back. With `events` it causes events that it never reads, and with them lines of the log.
// tests/system/hostile.sh runs it.
#include "abi/bundle.h"
#include "abi/capability.h"
#include "lib/string/string.h"
#include "lib/vectra/bundle.h"
#include "lib/vectra/program.h"
#include "lib/vectra/stream.h"
#include "lib/vectra/syscall.h"
#include "machine/registers.h"
#include "services/initd/tests/asking.h"

constexpr uint32_t PLACES = 64;  // above all that there are
constexpr uint32_t CRASHES = 12; // enough for the restart to be put off
constexpr uint32_t EVENTS = 300;
constexpr uint64_t LOG_BYTES = 8192; // that initd keeps

static struct endpoint debug;

// Attaches to a task; the Task, or HANDLE_NONE.
static uint64_t attach(uint32_t number) {
    struct init_task about = {number};
    struct ring_message message;
    uint64_t sequence, task = HANDLE_NONE;
    if (ask_call(&debug, DEBUG_ATTACH, &about, sizeof about, &message, &sequence) != STATUS_OK ||
        message.header.type != DEBUG_TASK ||
        endpoint_take(&debug, sequence, CLASS_TASK, RIGHT_TASK_DEBUG, &task) != STATUS_OK) {
        return HANDLE_NONE;
    }
    return task;
}

static bool stop(uint64_t task) {
    uint64_t thread, kind, address, pc, until = time_now() + ASK_PATIENCE;
    if (sys_thread_control(task, 1, RESUME_STOP) != STATUS_OK) {
        return false;
    }
    while (sys_thread_fault(task, 0, 0, &thread, &kind, &address, &pc) != STATUS_OK) {
        if (time_now() >= until) {
            return false;
        }
    }
    return true;
}

// ------------------------------------------------------------------------- places

// Makes the first thread of a task fault, as a mistake of its own.
static bool crash(uint32_t number) {
    struct thread_registers registers;
    struct init_task about = {number};
    struct ring_message message;
    uint64_t sequence, task = attach(number);
    bool good = task != HANDLE_NONE && stop(task) &&
                sys_thread_registers(task, 1, (uint64_t)&registers, 0) == STATUS_OK;
    registers.pc = 0;
    good = good && sys_thread_registers(task, 1, (uint64_t)&registers, 1) == STATUS_OK &&
           sys_thread_control(task, 1, RESUME_CONTINUE) == STATUS_OK &&
           ask_call(&debug, DEBUG_RELEASE, &about, sizeof about, &message, &sequence) == STATUS_OK;
    (void)sys_handle_drop(task);
    return good && ask_gone(number);
}

// While it is down nobody else gets its place. Whether it was seen to be down.
static bool keeps_place(const char *name) {
    struct init_entry entry;
    uint32_t task;
    uint64_t until = time_now() + ASK_PATIENCE;
    bool down = false;
    while (!ask_find(name, 0, &entry) && time_now() < until) {
        enum status status = ask_run("rest", &task);
        down |= status == STATUS_FULL && !ask_find(name, 0, &entry);
        if (status == STATUS_OK) {
            ask_verdict("crowd", "it got the place of a program that is down", false);
            return true;
        }
        time_sleep_until(time_now() + MILLISECOND);
    }
    if (!ask_find(name, 0, &entry)) {
        ask_verdict("crowd", "the program comes back", false);
    }
    return down;
}

static void places(void) {
    uint32_t started = 0, task;
    enum status status = STATUS_OK;
    while (status == STATUS_OK && started < PLACES) {
        status = ask_run("rest", &task);
        started += status == STATUS_OK;
    }
    ask_verdict("crowd", "at last there is no room", status == STATUS_FULL && started > 10);
    bool down = false, crashed = true;
    for (uint32_t i = 0; i < CRASHES && crashed && !down; i++) {
        struct init_entry entry;
        crashed = ask_find("namingd", 0, &entry) && crash(entry.task);
        down = keeps_place("namingd");
    }
    ask_verdict("crowd", "a program of the boot crashes", crashed);
    ask_verdict("crowd", "nobody gets its place", down);
    struct init_entry rest;
    for (uint32_t i = 0; i < started && ask_find("rest", 0, &rest); i++) {
        (void)ask_kill(rest.task);
        (void)ask_gone(rest.task);
    }
    ask_verdict("crowd", "all is cleared away", !ask_find("rest", 0, &rest));
}

// ------------------------------------------------------------------------- events

// Reads the whole log; whether a part of a line is in it.
static bool log_has(const char *part, uint64_t *first, uint64_t *bytes) {
    struct init_log_position position = {0};
    struct init_log_text text;
    struct ring_message message;
    uint64_t sequence;
    char line[64] = {};
    size_t size = strlen(part);
    bool found = false;
    *first = *bytes = 0;
    while (ask_call(ask_initd(), INIT_LOG, &position, sizeof position, &message, &sequence) ==
               STATUS_OK &&
           message.header.type == INIT_TEXT && message.header.length > sizeof text.next) {
        memcpy(&text, message.payload, sizeof text);
        uint32_t count = message.header.length - sizeof text.next;
        *first = *bytes == 0 ? text.next - count : *first;
        *bytes += count;
        position.position = text.next;
        for (uint32_t i = 0; i < count; i++) { // the last bytes stand at the end of `line`
            memmove(line, line + 1, sizeof line - 1);
            line[sizeof line - 1] = text.text[i];
            found |= memcmp(line + sizeof line - size, part, size) == 0;
        }
    }
    return found;
}

static void events(void) {
    uint32_t number = 0, stops = 0;
    uint64_t first, bytes;
    struct init_entry entry;
    uint64_t task = ask_run("rest", &number) == STATUS_OK ? attach(number) : HANDLE_NONE;
    ask_verdict("crowd", "a task is lent", task != HANDLE_NONE);
    // initd looks at the task before it answers, so each stop is an event.
    while (stops < EVENTS && stop(task) && ask_find("rest", 0, &entry) &&
           sys_thread_control(task, 1, RESUME_CONTINUE) == STATUS_OK) {
        stops++;
    }
    ask_verdict("crowd", "events that nobody reads", stops == EVENTS);
    ask_verdict("crowd", "the log says so", log_has("does not read", &first, &bytes));
    ask_verdict("crowd", "the log keeps what is newest", first > 0 && bytes <= LOG_BYTES + 1024);
    (void)sys_handle_drop(task);
    endpoint_close(&debug);
    ask_verdict("crowd", "the task is killed", ask_kill(number) == STATUS_OK && ask_gone(number));
}

uint32_t program_main(void) {
    static char argument[BUNDLE_ARGUMENT + 1];
    const char *way = bundle_argument(argument);
    ask_open(0);
    if (endpoint_open(&debug, bundle_need("debug", CLASS_RING), 1, 1) != STATUS_OK) {
        program_fail(PROGRAM_FAILED, "not ok crowd: no connection\n");
    }
    if (strcmp(way, "places") == 0) {
        places();
    } else {
        events();
    }
    return ask_failures() == 0 ? PROGRAM_OK : PROGRAM_FAILED;
}
