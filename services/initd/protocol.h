// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// What initd speaks: the service `init` (programs: start, end, look), the
// service `debug` (programs: stop, read and change), the service `broker` (namingd
// hands connections over), and the control Ring by which a server learns of its
// clients (slot "serve" of its Bundle). Payloads
// are these structures; a message whose length differs is answered with
// BAD_FORMAT. Names are NUL-padded and always terminated.
//
// Each request gets exactly one reply, with its transaction number. Events have
// transaction 0.
#pragma once

#include <stdint.h>

#include "abi/ring.h"

constexpr uint32_t INIT_NAME = 32;
constexpr uint32_t INIT_SELF = 1; // initd's own task number; programs follow

// ------------------------------------------------------------- service `init`
enum init_message : uint16_t {
    // Adds 1..48 bytes to the argument text of the next INIT_RUN, 1000 bytes in
    // all. No reply; too much is told by the INIT_RUN.
    INIT_ARGUMENT = 1,

    // struct init_run: starts a program that its manifest lets be started by
    // request. Beside it one Ring end (BIND) for each INIT_RUN_IN and
    // INIT_RUN_OUT that is set, in this order: initd binds them to the ends
    // that the program finds as "in" and "out".
    // Reply INIT_REPLY with the new task's number. NOT_FOUND: the package
    // has no such program. EXISTS: initd itself keeps it running. NO_MEMORY: its
    // manifest wants more than is free. BAD_HASH, BAD_FORMAT: its entry is
    // broken. EMPTY: a Ring end is missing; BAD_CLASS or ACCESS: it is something
    // else, or not to be bound. TOO_LARGE: the arguments.
    // FULL: too many programs run.
    INIT_RUN = 2,

    // struct init_task: ends a task; its status becomes 121 (killed). One that
    // restarts always is started again at once. INIT_REPLY: NOT_FOUND, or ACCESS
    // for initd itself.
    INIT_KILL = 3,

    // struct init_task, the number after which to look: the next task, as
    // INIT_TASK; or INIT_REPLY with NOT_FOUND when there is none.
    INIT_LIST = 4,

    // struct init_task: INIT_REPLY, and beside it the Task (INSPECT) and its
    // Reticle (INSPECT); of initd itself the pool of all programs. NOT_FOUND.
    INIT_INSPECT = 5,

    // struct init_log_position: text of the log from there on, as INIT_TEXT.
    INIT_LOG = 6,

    // struct init_power: stops the machine. INIT_REPLY only if it could not.
    INIT_POWER = 7,

    // struct init_reply.
    INIT_REPLY = 8,

    // struct init_entry, the reply to INIT_LIST.
    INIT_TASK = 9,

    // struct init_log_text, the reply to INIT_LOG; no text: nothing further yet.
    INIT_TEXT = 10,

    // struct init_exited, event: a task that this client started has ended.
    INIT_EXITED = 11,

    // struct init_describe: what a task can obtain through a connection of it, as
    // INIT_DESCRIBED; or INIT_REPLY with NOT_FOUND when no connection is left. The
    // connection's server is asked: this reply may come after that of a later request,
    // and never if the same client asks for another one meanwhile.
    INIT_DESCRIBE = 12,

    // struct init_described, the reply to INIT_DESCRIBE.
    INIT_DESCRIBED = 13,
};

enum init_run_flag : uint32_t {
    INIT_RUN_IN = 1 << 0,   // the first capability is the other end of "in"
    INIT_RUN_OUT = 1 << 1,  // the next capability is the other end of "out"
    INIT_RUN_PIPE = 1 << 2, // "in" is bound to the "out" of the task `source`
    INIT_RUN_OPEN = 1 << 3, // "out" exists, and waits for a later INIT_RUN_PIPE
    // The program stops before its first instruction and waits for a DEBUG_ATTACH, or
    // goes on when this client has gone. The reply may be UNSUPPORTED.
    INIT_RUN_HELD = 1 << 4,
};

struct init_run {
    char program[INIT_NAME];
    uint32_t flags;  // enum init_run_flag
    uint32_t source; // a task started by this client with INIT_RUN_OPEN
};

struct init_task {
    uint32_t task; // numbers are never used again; INIT_SELF is initd
};

enum init_power_action : uint32_t {
    INIT_POWER_OFF = 0,
    INIT_RESET = 1,
};

struct init_power {
    uint32_t action; // enum init_power_action
    uint32_t status; // of power-off: 0..123
};

struct init_log_position {
    uint64_t position; // bytes since boot; what is no longer kept is skipped
};

struct init_reply {
    uint32_t status; // enum status
    uint32_t task;   // the task it is about, or 0
};

struct init_entry {
    uint32_t task;
    uint32_t state;  // enum task_state
    uint32_t starts; // times that the program was started since boot
    uint32_t memory; // KiB of its Reticle
    char name[INIT_NAME];
};
static_assert(sizeof(struct init_entry) <= RING_PAYLOAD);

struct init_log_text {
    uint64_t next; // position after this text
    char text[40]; // header.length - 8 bytes of it are used
};
static_assert(sizeof(struct init_log_text) == RING_PAYLOAD);

struct init_exited {
    uint32_t task;
    uint32_t status; // 0..123; 120 faulted, 121 killed
    uint32_t fault;  // enum fault_kind, FAULT_NONE unless it faulted
    uint32_t reserved;
    uint64_t address; // of a fault: what was touched
    uint64_t pc;      // of a fault: the instruction
};

struct init_describe {
    uint32_t task;
    uint32_t connection; // the first one of the task with this number or a greater one
    uint32_t line;       // from 0
};

// Line 0 is the name of the service, the others are what can be obtained through it,
// one each; after the last the text is empty.
constexpr uint32_t DESCRIBE_TEXT = 44;
struct init_described {
    uint32_t connection;
    char text[DESCRIBE_TEXT]; // NUL-padded, terminated
};
static_assert(sizeof(struct init_described) == RING_PAYLOAD);

// ------------------------------------------------------------ service `debug`
// Whoever is connected may read and change any program that initd started, but for
// itself and the servers of its own connections: those it could stop only together
// with itself.
enum debug_message : uint16_t {
    // struct init_task: from now on this client decides what becomes of the task's
    // threads when they fault or stop. DEBUG_TASK; beside it the Task (INSPECT and
    // DEBUG) and, if there are symbols, the boot package (Memory, READ). Or INIT_REPLY:
    // NOT_FOUND, ACCESS (see above), EXISTS (another client debugs it), BAD_STATE (it
    // has ended).
    DEBUG_ATTACH = 1,

    // struct init_task: gives the task back. Watchpoints are removed, what was stopped
    // goes on, a thread that faulted ends its task as ever. The same happens when the client
    // goes. INIT_REPLY: NOT_FOUND if it is not this client's.
    DEBUG_RELEASE = 2,

    // struct debug_task, the reply to DEBUG_ATTACH.
    DEBUG_TASK = 3,

    // struct init_task, event: a thread of it waits for this client. A hint to look.
    DEBUG_STOPPED = 4,

    // struct init_exited, event: it has ended, and is this client's no more.
    DEBUG_ENDED = 5,
};

struct debug_task {
    uint32_t task;
    uint32_t reserved;
    uint64_t symbols_offset; // in the package, whole pages
    uint64_t symbols_size;   // bytes; 0: none, or they do not match their hash
};

// ---------------------------------------------------------- the control Ring
enum serve_message : uint16_t {
    // struct serve_scope, initd to server, before the client's SERVE_ACCEPT: a
    // service that its manifest lets it reach. Only namingd gets these.
    SERVE_SCOPE = 1,

    // struct serve_accept, initd to server; beside it the client's Ring end
    // (BIND). The server binds an end of its own to it, or answers FULL: then it is
    // asked again when another of its clients has gone.
    SERVE_ACCEPT = 2,

    // struct serve_answer, server to initd: what became of a SERVE_ACCEPT. One for
    // each; a server that answers what it was not asked is ended.
    SERVE_ANSWER = 3,

    // struct serve_describe, initd to server: what can this client obtain? Every server
    // answers with one SERVE_DESCRIPTION, for a client that it does not know with an
    // empty text.
    SERVE_DESCRIBE = 4,

    // struct serve_description, server to initd.
    SERVE_DESCRIPTION = 5,
};

struct serve_scope {
    uint32_t client;
    char service[INIT_NAME];
};

enum serve_accept_flag : uint32_t {
    SERVE_LATE = 1 << 0, // bound through namingd, not by a `connect` line
};

struct serve_accept {
    uint32_t client;      // a new number for each connection
    uint32_t service;     // which `serve` line of the server's manifest, from 0
    char name[INIT_NAME]; // the client program
    uint32_t flags;       // enum serve_accept_flag
};

struct serve_answer {
    uint32_t client;
    uint32_t status; // enum status
};

struct serve_describe {
    uint32_t client;
    uint32_t line; // from 0
};

struct serve_description {
    uint32_t client;
    char text[DESCRIBE_TEXT]; // NUL-padded, terminated; empty: there is no such line
};

// ---------------------------------------------------------- service `broker`
enum broker_message : uint16_t {
    // struct broker_connect; beside it the client's Ring end (BIND, COPY, PASS).
    // BROKER_REPLY: NOT_FOUND (nobody serves it), FULL, OK.
    BROKER_CONNECT = 1,
    BROKER_REPLY = 2, // struct broker_reply
};

struct broker_connect {
    uint32_t client; // the number by which initd introduced it
    char service[INIT_NAME];
};

struct broker_reply {
    uint32_t status; // enum status
};
