// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The service `init`. A request is taken from a client's Ring only when there is
// room for its reply, so a client that does not read stops only itself. In one
// turn each client gets a few requests done, then the next one has its turn.
#include "abi/capability.h"
#include "abi/layout.h"
#include "lib/string/string.h"
#include "lib/vectra/syscall.h"
#include "services/initd/initd.h"

constexpr uint32_t TURN = 16; // requests of one client in a row

// ------------------------------------------------------------------- clients
enum status client_open(struct initd *initd, uint32_t service, uint32_t task, uint64_t end) {
    uint32_t place = 0;
    while (place < CLIENTS && initd->clients[place].number != 0) {
        place++;
    }
    if (place == CLIENTS) {
        return STATUS_FULL;
    }
    struct client *client = &initd->clients[place];
    uint64_t own;
    enum status status = sys_ring_carve(initd->pool, RING_SLOTS, &own);
    if (status != STATUS_OK) {
        return status;
    }
    status = sys_ring_bind(own, end);
    if (status == STATUS_OK) {
        status =
            endpoint_open(&client->endpoint, own, BIT_CLIENT + place, BIT_CLIENT_CLOSED + place);
    }
    if (status != STATUS_OK) {
        (void)sys_handle_drop(own);
        return status;
    }
    client->number = ++initd->last_connection;
    client->task = task;
    client->service = service;
    client->argument_size = 0;
    client->event_count = 0;
    client->describing = 0;
    return STATUS_OK;
}

static void close_client(struct initd *initd, struct client *client) {
    uint32_t number = client->number;
    endpoint_close(&client->endpoint);
    client->number = 0;
    debug_forget(initd, number);
}

void client_forget(struct initd *initd, uint32_t task) {
    for (uint32_t i = 0; i < CLIENTS; i++) {
        if (initd->clients[i].number != 0 && initd->clients[i].task == task) {
            close_client(initd, &initd->clients[i]);
        }
    }
}

// ------------------------------------------------------------------- replies
// There is room for it: see client_update.
void client_send(struct client *client, uint32_t transaction, uint16_t type, const void *payload,
                 uint16_t length) {
    struct ring_message message = {
        .header = {
            .type = type, .length = length, .transaction = transaction, .flow = transaction}};
    memcpy(message.payload, payload, length);
    (void)endpoint_send(&client->endpoint, &message);
}

void client_reply(struct client *client, uint32_t transaction, enum status status, uint32_t task) {
    struct init_reply payload = {.status = status, .task = task};
    client_send(client, transaction, INIT_REPLY, &payload, sizeof(payload));
}

void client_tell(struct initd *initd, uint32_t number, uint16_t type,
                 const struct init_exited *about) {
    for (uint32_t i = 0; i < CLIENTS && number != 0; i++) {
        struct client *client = &initd->clients[i];
        if (client->number != number) {
            continue;
        }
        if (client->event_count == EVENTS) {
            log_line(initd, "client %u does not read: it is not told of task %u", number,
                     about->task);
            return;
        }
        client->events[client->event_count++] = (struct event){type, *about};
        initd->busy = true;
    }
}

// Sends the events that wait, as far as there is room.
static void send_events(struct client *client) {
    uint32_t sent = 0;
    while (sent < client->event_count && ring_end_space(&client->endpoint.end) == STATUS_OK) {
        const struct event *event = &client->events[sent++];
        bool whole = event->type != DEBUG_STOPPED;
        client_send(client, 0, event->type, &event->about,
                    whole ? sizeof(event->about) : sizeof(struct init_task));
    }
    client->event_count -= sent;
    memmove(client->events, client->events + sent, client->event_count * sizeof(*client->events));
}

// ------------------------------------------------------------------ requests
static void add_argument(struct client *client, const struct ring_message *message) {
    uint32_t length = message->header.length;
    if (client->argument_size > ARGUMENT_LIMIT || client->argument_size + length > ARGUMENT_LIMIT) {
        client->argument_size = ARGUMENT_LIMIT + 1;
        return;
    }
    memcpy(client->argument + client->argument_size, message->payload, length);
    client->argument_size += length;
}

static void drop(uint64_t handle) {
    if (handle != HANDLE_NONE) {
        (void)sys_handle_drop(handle);
    }
}

// Takes what the flags say came along, or was left by an earlier program.
static enum status take_streams(struct initd *initd, struct client *client,
                                const struct init_run *run, uint64_t sequence,
                                struct start_extra *extra) {
    enum status status = STATUS_OK;
    if (run->flags & INIT_RUN_IN) {
        status = endpoint_take(&client->endpoint, sequence, CLASS_RING, RIGHT_RING_BIND,
                               &extra->in_peer);
    }
    if (status == STATUS_OK && (run->flags & INIT_RUN_OUT)) {
        status = endpoint_take(&client->endpoint, sequence, CLASS_RING, RIGHT_RING_BIND,
                               &extra->out_peer);
    }
    if (status != STATUS_OK || (run->flags & INIT_RUN_PIPE) == 0) {
        return status;
    }
    struct task *source = task_find(initd, run->source);
    if (source == nullptr || source->requester != client->number ||
        source->open_end == HANDLE_NONE) {
        return STATUS_NOT_FOUND;
    }
    drop(extra->in_peer);
    extra->in_peer = source->open_end;
    source->open_end = HANDLE_NONE;
    return STATUS_OK;
}

// What came along is taken before anything is checked, so that a refused request
// leaves nothing behind in the Ring for the next one to stumble over.
static enum status run_program(struct initd *initd, struct client *client,
                               const struct ring_message *message, uint64_t sequence,
                               uint32_t *task) {
    struct init_run run;
    memcpy(&run, message->payload, sizeof(run));
    run.program[INIT_NAME - 1] = '\0';
    struct start_extra extra = {
        .requester = client->number,
        .argument = client->argument,
        .argument_size = client->argument_size,
        .open = (run.flags & INIT_RUN_OPEN) != 0,
        .held = (run.flags & INIT_RUN_HELD) != 0,
    };
    client->argument_size = 0;
    uint32_t program = plan_find_program(&initd->plan, run.program);
    enum status status = take_streams(initd, client, &run, sequence, &extra);
    if (status == STATUS_OK && program == PLAN_NONE) {
        status = STATUS_NOT_FOUND;
    } else if (status == STATUS_OK && extra.argument_size > ARGUMENT_LIMIT) {
        status = STATUS_TOO_LARGE;
    } else if (status == STATUS_OK &&
               initd->plan.program[program].manifest.start == MANIFEST_BOOT) {
        status = STATUS_EXISTS;
    }
    if (status == STATUS_OK) {
        status = task_start(initd, program, &extra, task);
    }
    drop(extra.in_peer);
    drop(extra.out_peer);
    return status;
}

// The client walks the list by number; tasks may come and go meanwhile, and each
// is told at most once, since numbers only grow.
static void list(struct initd *initd, struct client *client, uint32_t transaction, uint32_t after) {
    struct init_entry entry = {
        .task = INIT_SELF, .state = TASK_RUNNING, .starts = 1, .name = "initd"};
    uint64_t total, status, threads, ran, state;
    if (after < INIT_SELF) {
        if (sys_reticle_info(initd->pool, &total, &status, &threads, &ran) == STATUS_OK) {
            entry.memory = (uint32_t)(total / 1024);
        }
        client_send(client, transaction, INIT_TASK, &entry, sizeof(entry));
        return;
    }
    const struct task *next = nullptr;
    for (uint32_t i = 0; i < TASKS; i++) {
        const struct task *task = &initd->tasks[i];
        if (task->number > after && (next == nullptr || task->number < next->number)) {
            next = task;
        }
    }
    if (next == nullptr) {
        client_reply(client, transaction, STATUS_NOT_FOUND, 0);
        return;
    }
    const struct manifest *manifest = &initd->plan.program[next->program].manifest;
    entry.task = next->number;
    entry.starts = initd->programs[next->program].starts;
    entry.memory = manifest->memory_kib;
    if (sys_task_info(next->task, &state, &status, &threads, &ran) == STATUS_OK) {
        entry.state = (uint32_t)state;
    }
    memcpy(entry.name, manifest->program, sizeof(entry.name));
    client_send(client, transaction, INIT_TASK, &entry, sizeof(entry));
}

static enum status kill(struct initd *initd, uint32_t number) {
    struct task *task = task_find(initd, number);
    if (task == nullptr) {
        return number == INIT_SELF ? STATUS_ACCESS : STATUS_NOT_FOUND;
    }
    task_kill(initd, task);
    return STATUS_OK;
}

// The capabilities go out with the right to look and nothing else: what the client
// then reads is the kernel's own account.
static void inspect(struct initd *initd, struct client *client, uint32_t transaction,
                    uint32_t number) {
    const struct task *task = task_find(initd, number);
    struct endpoint_capability capabilities[] = {
        {.handle = number == INIT_SELF ? initd->self : 0, .rights = RIGHT_INSPECT},
        {.handle = number == INIT_SELF ? initd->pool : 0, .rights = RIGHT_INSPECT},
    };
    if (task != nullptr) {
        capabilities[0].handle = task->task;
        capabilities[1].handle = task->reticle;
    } else if (number != INIT_SELF) {
        client_reply(client, transaction, STATUS_NOT_FOUND, 0);
        return;
    }
    struct init_reply payload = {.status = STATUS_OK, .task = number};
    struct ring_message message = {.header = {.type = INIT_REPLY,
                                              .length = sizeof(payload),
                                              .transaction = transaction,
                                              .flow = transaction}};
    memcpy(message.payload, &payload, sizeof(payload));
    enum status status = endpoint_send_with(&client->endpoint, &message, capabilities, 2);
    if (status != STATUS_OK) {
        client_reply(client, transaction, status, 0);
    }
}

static void send_log(struct initd *initd, struct client *client, uint32_t transaction,
                     const struct ring_message *message) {
    struct init_log_position position;
    memcpy(&position, message->payload, sizeof(position));
    struct init_log_text text = {.next = position.position};
    uint32_t count = log_read(&initd->log, &text.next, text.text, sizeof(text.text));
    client_send(client, transaction, INIT_TEXT, &text, (uint16_t)(sizeof(text.next) + count));
}

// Returns only if the machine goes on.
static enum status power(struct initd *initd, const struct ring_message *message) {
    struct init_power power;
    memcpy(&power, message->payload, sizeof(power));
    if (power.action > INIT_RESET) {
        return STATUS_BAD_ARGUMENT;
    }
    return sys_machine_control(initd->machine,
                               power.action == INIT_RESET ? MACHINE_RESET : MACHINE_POWER_OFF,
                               power.status, 0);
}

// The length that a request must have, or 0 for one that there is not.
static uint16_t length_of(uint16_t type) {
    switch (type) {
    case INIT_RUN:
        return sizeof(struct init_run);
    case INIT_KILL:
    case INIT_LIST:
    case INIT_INSPECT:
        return sizeof(struct init_task);
    case INIT_LOG:
        return sizeof(struct init_log_position);
    case INIT_POWER:
        return sizeof(struct init_power);
    case INIT_DESCRIBE:
        return sizeof(struct init_describe);
    default:
        return 0;
    }
}

// A payload is copied out of the message, which is private already, only after its
// length was found right.
static void init_request(struct initd *initd, struct client *client,
                         const struct ring_message *message, uint64_t sequence) {
    uint32_t transaction = message->header.transaction;
    if (message->header.type == INIT_ARGUMENT) {
        add_argument(client, message);
        return;
    }
    if (length_of(message->header.type) == 0 ||
        message->header.length != length_of(message->header.type)) {
        client_reply(client, transaction, STATUS_BAD_FORMAT, 0);
        return;
    }
    struct init_task about;
    memcpy(&about, message->payload, sizeof(about));
    uint32_t task = 0;
    enum status status;
    switch (message->header.type) {
    case INIT_RUN:
        status = run_program(initd, client, message, sequence, &task);
        client_reply(client, transaction, status, status == STATUS_OK ? task : 0);
        break;
    case INIT_KILL:
        client_reply(client, transaction, kill(initd, about.task), about.task);
        break;
    case INIT_LIST:
        list(initd, client, transaction, about.task);
        break;
    case INIT_INSPECT:
        inspect(initd, client, transaction, about.task);
        break;
    case INIT_LOG:
        send_log(initd, client, transaction, message);
        break;
    case INIT_POWER:
        client_reply(client, transaction, power(initd, message), 0);
        break;
    case INIT_DESCRIBE:
        describe_request(initd, client, message);
        break;
    }
}

// Does some requests of one client.
static void serve(struct initd *initd, struct client *client) {
    struct ring_message message;
    uint64_t sequence;
    for (uint32_t i = 0; i < TURN; i++) {
        send_events(client);
        if (client->event_count > 0 || ring_end_space(&client->endpoint.end) != STATUS_OK) {
            return; // its doorbell for space brings us back
        }
        enum status status = endpoint_receive(&client->endpoint, &message, &sequence);
        if (status == STATUS_BAD_FORMAT) {
            log_line(initd, "client %u breaks the protocol: closed", client->number);
            close_client(initd, client);
        }
        if (status != STATUS_OK) {
            return;
        }
        if (client->service == PLAN_BROKER) {
            broker_request(initd, client, &message, sequence);
        } else if (client->service == PLAN_DEBUG) {
            debug_request(initd, client, &message);
        } else if (message.header.type != 0) {
            init_request(initd, client, &message, sequence);
        }
    }
    initd->busy = true;
}

// All clients, not only those whose bit is set: one may have been left with work
// when its last turn was over.
void client_update(struct initd *initd, uint64_t bits) {
    for (uint32_t i = 0; i < CLIENTS; i++) {
        struct client *client = &initd->clients[i];
        if (client->number == 0) {
            continue;
        }
        if (bits & UINT64_C(1) << (BIT_CLIENT_CLOSED + i)) {
            endpoint_refresh(&client->endpoint);
        }
        if (!endpoint_bound(&client->endpoint)) {
            close_client(initd, client);
            continue;
        }
        serve(initd, client);
    }
}
