// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// initd from inside: its state, and what its files do for each other.
//
// One thread, one loop, and nothing in it waits for anybody: what a client or a
// server does not take now is kept in a bounded place and offered again when its
// Ring has room. Everything of a program (its tables, data, Ring ends) is carved
// from that program's own Reticle, so dropping the Reticle removes all of it.
//
// Order when a task ends: log and event first, then its Reticle, then its
// connections are set pending again, then, if it restarts, the new one.
#pragma once

#include <stdint.h>

#include "abi/capability.h"
#include "lib/package/package.h"
#include "lib/string/text.h"
#include "lib/vectra/endpoint.h"
#include "lib/vectra/spawn.h"
#include "services/initd/plan/plan.h"
#include "services/initd/protocol.h"

constexpr uint32_t TASKS = 32;
constexpr uint32_t CLIENTS = 13; // of initd's own services
constexpr uint32_t CONNECTIONS = 64;
constexpr uint32_t LATE_TASK = 8;         // connections made through namingd, for one task
constexpr uint32_t LATE_SERVICE = 2;      // of those to one service
constexpr uint32_t ARGUMENT_LIMIT = 1000; // bytes
constexpr uint32_t EVENTS = TASKS;        // that wait for one client
constexpr uint32_t LOG_SIZE = 8192;
constexpr uint32_t RING_SLOTS = 32; // of every Ring end made here: one page
// What a program may do with an end that it was handed: speak, but neither bind it
// to somebody else nor pass it on.
constexpr uint64_t END_RIGHTS = RIGHT_RING_USE | RIGHT_INSPECT;
constexpr uint32_t STATUS_BAD_BOOT = 125; // exit status: the package cannot be used

// Signal bits. A task has one bit; all control Rings share one; a client has two.
constexpr uint32_t BIT_CONTROL = TASKS;
constexpr uint32_t BIT_CLIENT = TASKS + 1;
constexpr uint32_t BIT_CLIENT_CLOSED = BIT_CLIENT + CLIENTS;
static_assert(BIT_CLIENT_CLOSED + CLIENTS <= 64);

// A program that runs, or has ended and is still to be cleared away.
struct task {
    uint32_t number;    // 0: this place is free
    uint32_t program;   // index in the plan
    uint32_t requester; // connection number of the client that asked, or 0
    uint64_t reticle;   // owner
    uint64_t task;      // owner
    uint64_t open_end;  // "out" waiting for a reader (BIND), or HANDLE_NONE
    uint64_t started;   // when
    uint64_t clear_at;  // when to clear it away; TIME_NEVER while it runs
    uint32_t debugger;  // connection number of the client that debugs it, or 0
    bool held;          // waits before its first instruction for a debugger
    bool debugged;      // was debugged: a stop may still come
};

// What is kept of a program over all of its runs.
struct program {
    bool verified;       // its entry matched its hash in this boot
    bool symbols;        // so did its symbols
    uint32_t starts;     // since boot
    uint32_t crashes;    // for plan_restart_delay
    uint64_t restart_at; // TIME_NEVER: not to be started
    // The control Ring of a server, initd's end; opened at its first start and
    // bound anew at each.
    struct endpoint control;
    uint32_t owed; // answers that it was asked for since it was started, and has not given
};

// A connection from a task to a server that is not initd.
struct connection {
    uint32_t number; // 0: this place is free
    uint32_t task;   // number of the client
    uint32_t server; // index of the program in the plan
    uint32_t line;   // of its manifest's serve lines
    uint64_t end;    // the client's Ring end: BIND, COPY, PASS
    bool pending;    // the server that runs now is yet to be told
    bool asked;      // it was told, and is yet to answer
    bool refused;    // it had no place
    bool late;       // made through namingd
};

// An event that waits for room in a client's Ring.
struct event {
    uint16_t type; // INIT_EXITED, DEBUG_STOPPED or DEBUG_ENDED
    struct init_exited about;
};

// A client of `init`, `broker` or `debug`.
struct client {
    uint32_t number;  // of its connection; 0: this place is free
    uint32_t task;    // number
    uint32_t service; // PLAN_INIT, PLAN_BROKER or PLAN_DEBUG
    struct endpoint endpoint;
    uint32_t argument_size; // above ARGUMENT_LIMIT: too much came
    char argument[ARGUMENT_LIMIT];
    uint32_t event_count;
    struct event events[EVENTS];
    uint32_t describing;  // the connection whose server was asked for a description, or 0
    uint32_t transaction; // of the request for that
};

struct log {
    uint64_t end; // bytes ever written
    char text[LOG_SIZE];
};

struct initd {
    uint64_t pool;    // Reticle of all programs
    uint64_t machine; // power, debug line
    uint64_t memory;  // the boot package
    uint64_t self;    // own Task, to be looked at only
    struct package package;
    struct plan plan;
    struct program programs[PLAN_PROGRAMS];
    struct task tasks[TASKS];
    struct connection connections[CONNECTIONS];
    struct client clients[CLIENTS];
    uint32_t last_task, last_connection; // numbers given out
    uint64_t scratch;                    // window for the loader
    bool quiet;                          // the debug line was silenced
    char failure[160];                   // why the last start failed
    bool busy;                           // work was left over: do not sleep
    struct log log;
};

// What a program gets beside its manifest when a client starts it.
struct start_extra {
    uint32_t requester; // connection number of the client
    const char *argument;
    uint32_t argument_size;
    uint64_t in_peer;  // the other end of "in", or HANDLE_NONE
    uint64_t out_peer; // of "out"
    bool open;         // "out" without another end yet
    bool held;         // stops before its first instruction
};

// ----------------------------------------------------------------- log.c
// Appends a line to the log, with the time before it.
[[gnu::format(printf, 2, 3)]] void log_line(struct initd *initd, const char *format, ...);
// Copies text from `*position` on, at most `limit` bytes; moves `*position`.
[[nodiscard]] uint32_t log_read(const struct log *log, uint64_t *position, char *text,
                                uint32_t limit);
// Puts the sentence on the debug line and ends initd with STATUS_BAD_BOOT.
[[noreturn]] void boot_fail(struct initd *initd, const char *sentence);

// ---------------------------------------------------------------- load.c
// Opens the package, reads all manifests and makes the plan, or boot_fail.
void load_plan(struct initd *initd);
// Checks a program's entry against its hash unless that was done. BAD_HASH,
// BAD_FORMAT (with the sentence in `error`).
[[nodiscard]] enum status load_program(struct initd *initd, uint32_t program,
                                       struct spawn_image *image, struct text_buffer *error);
// The place of a program's symbols in the package, checked against their hash once.
// NOT_FOUND, BAD_HASH, BAD_FORMAT.
[[nodiscard]] enum status load_symbols(struct initd *initd, uint32_t program, uint64_t *offset,
                                       uint64_t *size);

// --------------------------------------------------------------- start.c
// Starts a program with exactly what its manifest says, and `extra` if it is not
// nullptr. Nothing is left of it when it fails; the reason is logged, and kept in
// initd->failure.
[[nodiscard]] enum status task_start(struct initd *initd, uint32_t program,
                                     const struct start_extra *extra, uint32_t *number);

// ------------------------------------------------------------- reserve.c
// Whether a program may be started by request, or with PLAN_NONE a late connection
// be made, so that enough is left for those programs of the boot that are down. OK,
// NO_MEMORY or FULL.
[[nodiscard]] enum status reserve_check(const struct initd *initd, uint32_t program);

// ----------------------------------------------------------- supervise.c
// A task's bit was set: has it ended or faulted?
void task_look(struct initd *initd, struct task *task);
// Ends a task by request, and clears it away.
void task_kill(struct initd *initd, struct task *task);
// Clears away and restarts what is due. The next time to call it.
[[nodiscard]] uint64_t supervise(struct initd *initd);
// Ends a task that broke a protocol of initd; `what` it did, for the log.
void task_break(struct initd *initd, struct task *task, const char *what);
// By number, or nullptr.
[[nodiscard]] struct task *task_find(struct initd *initd, uint32_t number);

// ------------------------------------------------------------- connect.c
// Makes the connections of a program that is being filled, its control Ring
// included, into its Bundle. `number` is that of the task.
[[nodiscard]] enum status connect_all(struct initd *initd, uint32_t program, uint32_t number,
                                      const struct spawn *spawn);
// Notes a connection that namingd handed over; the end is then the connection's.
[[nodiscard]] enum status connect_late(struct initd *initd, uint32_t client, const char *service,
                                       uint64_t end);
// Tells servers of clients they do not know yet, as far as they take it, and
// reads what they answer. `bits`: the signals that were set.
void connect_update(struct initd *initd, uint64_t bits);
// A task has gone: forgets its connections, and sets pending those it served.
void connect_forget(struct initd *initd, uint32_t task, uint32_t program);

// -------------------------------------------------------------- client.c
// Opens a place for a client of one of initd's services, over a new Ring end
// bound to the client's `end`.
[[nodiscard]] enum status client_open(struct initd *initd, uint32_t service, uint32_t task,
                                      uint64_t end);
void client_forget(struct initd *initd, uint32_t task);
// Handles what the clients with a signal in `bits` sent.
void client_update(struct initd *initd, uint64_t bits);
// Sends the client with this connection number an event about a task.
void client_tell(struct initd *initd, uint32_t number, uint16_t type,
                 const struct init_exited *about);
// Sends a reply, for which there is room.
void client_send(struct client *client, uint32_t transaction, uint16_t type, const void *payload,
                 uint16_t length);
void client_reply(struct client *client, uint32_t transaction, enum status status, uint32_t task);

// --------------------------------------------------------------- debug.c
// Handles a request to the service `debug`, and answers it.
void debug_request(struct initd *initd, struct client *client, const struct ring_message *message);
// A thread of the task stopped or faulted: whether a debugger has to look at it.
[[nodiscard]] bool debug_takes(struct initd *initd, const struct task *task);
// A thread stopped after the debugger had let go of the task: if a debugger could be why, it
// loses its watchpoints and goes on.
bool debug_goes_on(const struct task *task, uint64_t thread, uint32_t fault);
// The client has gone: what it held or stopped goes on.
void debug_forget(struct initd *initd, uint32_t client);

// ------------------------------------------------------------ describe.c
// Handles INIT_DESCRIBE.
void describe_request(struct initd *initd, struct client *client,
                      const struct ring_message *message);
// A server answered SERVE_DESCRIBE.
void describe_answer(struct initd *initd, uint32_t server, const struct serve_description *answer);
// A connection, or its server, has gone: who waits for an answer gets an empty one.
void describe_forget(struct initd *initd, uint32_t connection);

// -------------------------------------------------------------- broker.c
// Handles a request to the service `broker`, and answers it.
void broker_request(struct initd *initd, struct client *client, const struct ring_message *message,
                    uint64_t sequence);
