// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// A fake of lib/vectra and of initd, as small as the shell's sessions allow. Time
// goes on by one microsecond with each look at it. A wait types the next
// key, so that every key meets a shell that has nothing left to do.
#include "apps/shell/tests/world.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include "abi/layout.h"
#include "apps/shell/shell.h"
#include "apps/shell/tests/lib/vectra/syscall.h"
#include "apps/shell/tests/patient.h"
#include "lib/vectra/bundle.h"
#include "lib/vectra/stream.h"
#include "lib/vectra/time.h"

// Handles. Those of Rings that the shell carves follow RING_FIRST.
enum {
    CONSOLE = 1,
    INIT = 2,
    RETICLE = 3,
    TASK = 4,
    DEBUG_RING = 5,
    MEMORY = 6,
    VIEW = 77,
    RING_FIRST = 100
};

constexpr unsigned QUEUE = 4096;
constexpr unsigned PROGRAMS = 16;
constexpr size_t SCREEN = 1 << 20;

struct queue {
    struct ring_message message[QUEUE];
    unsigned first, count;
};

struct program {
    uint32_t task; // 0: none
    char name[INIT_NAME];
    bool keyboard; // its "in" is the shell's
    uint64_t lines, bytes;
};

static struct {
    jmp_buf over;
    enum world_end end;
    uint32_t status;
    const char *keys;
    size_t key_count, typed;
    char screen[SCREEN];
    size_t screen_size;
    struct queue from_console, from_init, from_program, from_debug;
    struct endpoint *console;
    struct ring_region region[5]; // what bound endpoints take for their peer's
    uint64_t generation, now, rings;
    char argument[COMMAND_TEXT + 1];
    struct program program[PROGRAMS];
    uint32_t last_task, debugged;
    uint32_t task[4], starts[4]; // of the services
} world;

static void put(struct queue *queue, const struct ring_message *message) {
    if (queue->count < QUEUE) {
        queue->message[(queue->first + queue->count++) % QUEUE] = *message;
    }
}

[[noreturn]] static void leave(enum world_end end, uint32_t status) {
    world.end = end;
    world.status = status;
    longjmp(world.over, 1);
}

static void end_program(struct program *program, uint32_t status, enum fault_kind fault);

static void end_patient(void) {
    for (unsigned i = 0; i < PROGRAMS; i++) {
        struct program *program = &world.program[i];
        if (program->task != 0 && strcmp(program->name, "patient") == 0) {
            end_program(program, PATIENT_STATUS, FAULT_NONE);
        }
    }
}

// What initd tells the debugger, and then the one who started the program.
static void tell_of_patient(void) {
    struct init_exited end = {.task = world.debugged, .status = PATIENT_STATUS};
    struct ring_message message = {.header = {.type = DEBUG_STOPPED, .length = 4}};
    if (world.debugged == 0) {
        return;
    }
    if (patient_ended()) {
        message.header = (struct ring_header){.type = DEBUG_ENDED, .length = sizeof end};
        world.debugged = 0;
        end_patient();
    } else if (!patient_stopped()) {
        return;
    }
    memcpy(message.payload, &end, sizeof end);
    put(&world.from_debug, &message);
}

// ---------------------------------------------------------------- endpoints
static void connect(struct endpoint *endpoint) {
    // The two Rings of a pipeline follow each other.
    struct ring_region *region =
        &world.region[endpoint->handle == DEBUG_RING
                          ? 4
                          : endpoint->handle % 2 + (endpoint->handle < RING_FIRST ? 0 : 2)];
    endpoint->end.peer = region;
    endpoint->end.generation = ++world.generation;
    endpoint->end.standing = world.generation << RING_GENERATION_SHIFT;
    atomic_store(&region->generation, endpoint->end.standing);
}

enum status endpoint_open(struct endpoint *endpoint, uint64_t handle, uint32_t message_bit,
                          uint32_t closed_bit) {
    endpoint->handle = handle;
    endpoint->closed = UINT64_C(1) << closed_bit;
    endpoint->signals = endpoint->closed | UINT64_C(1) << message_bit;
    connect(endpoint);
    if (handle == CONSOLE) {
        world.console = endpoint;
    }
    return STATUS_OK;
}

void endpoint_close(struct endpoint *endpoint) {
    *endpoint = (struct endpoint){};
    world.from_program.count = 0;
}

bool endpoint_refresh(struct endpoint *endpoint) {
    (void)endpoint;
    return false;
}

enum status endpoint_wait(struct endpoint *endpoint, uint64_t more, uint64_t deadline,
                          uint64_t *bits) {
    (void)more;
    (void)deadline;
    if (!endpoint_bound(endpoint)) {
        connect(endpoint);
    }
    *bits = endpoint->signals;
    return STATUS_OK;
}

enum status endpoint_drain(struct endpoint *endpoint, uint64_t deadline) {
    (void)deadline;
    return endpoint_bound(endpoint) ? STATUS_OK : STATUS_PEER_CLOSED;
}

enum status endpoint_take(struct endpoint *endpoint, uint64_t sequence, uint32_t class,
                          uint64_t rights, uint64_t *handle) {
    (void)endpoint;
    (void)sequence;
    (void)rights;
    *handle = class == CLASS_TASK ? TASK : class == CLASS_MEMORY ? MEMORY : RETICLE;
    return STATUS_OK;
}

enum status endpoint_receive(struct endpoint *endpoint, struct ring_message *message,
                             uint64_t *sequence) {
    struct queue *queue = endpoint->handle == CONSOLE      ? &world.from_console
                          : endpoint->handle == INIT       ? &world.from_init
                          : endpoint->handle == DEBUG_RING ? &world.from_debug
                                                           : &world.from_program;
    *sequence = 0;
    tell_of_patient();
    if (!endpoint_bound(endpoint)) {
        return STATUS_PEER_CLOSED;
    }
    if (queue->count == 0) {
        return STATUS_EMPTY;
    }
    *message = queue->message[queue->first];
    queue->first = (queue->first + 1) % QUEUE;
    queue->count--;
    return STATUS_OK;
}

// ----------------------------------------------------------------- programs
static void say_as_program(const char *text) {
    for (size_t left = strlen(text); left > 0;) {
        size_t piece = left < RING_PAYLOAD ? left : RING_PAYLOAD;
        struct ring_message message = {.header = {.type = STREAM_DATA, .length = (uint16_t)piece}};
        memcpy(message.payload, text, piece);
        put(&world.from_program, &message);
        text += piece;
        left -= piece;
    }
}

static void end_program(struct program *program, uint32_t status, enum fault_kind fault) {
    struct init_exited end = {program->task, status, fault, 0, 0x10, 0x400123};
    struct ring_message message = {.header = {.type = INIT_EXITED, .length = sizeof end}};
    memcpy(message.payload, &end, sizeof end);
    put(&world.from_init, &message);
    program->task = 0;
}

// What a program reads from the shell: only `count` does.
static enum status give_input(const struct ring_message *message) {
    for (unsigned i = 0; i < PROGRAMS; i++) {
        struct program *program = &world.program[i];
        if (program->task == 0 || !program->keyboard || strcmp(program->name, "count") != 0) {
            continue;
        }
        if (message->header.type == STREAM_END) {
            char line[64];
            snprintf(line, sizeof line, "%lu lines, %lu bytes\n", (unsigned long)program->lines,
                     (unsigned long)program->bytes);
            say_as_program(line);
            end_program(program, 0, FAULT_NONE);
            return STATUS_OK;
        }
        program->bytes += message->header.length;
        for (unsigned at = 0; at < message->header.length; at++) {
            program->lines += message->payload[at] == '\n';
        }
        return STATUS_OK;
    }
    return STATUS_PEER_CLOSED;
}

static void act(struct program *program, const struct init_run *run) {
    if (strcmp(program->name, "echo") == 0) {
        if ((run->flags & INIT_RUN_OUT) != 0) {
            say_as_program(world.argument);
            say_as_program("\n");
        }
        end_program(program, 0, FAULT_NONE);
    } else if (strcmp(program->name, "fault") == 0) {
        say_as_program("partial");
        end_program(program, PROGRAM_FAULTED, FAULT_READ);
    } else if (strcmp(program->name, "count") == 0 && !program->keyboard) {
        say_as_program("counted\n");
        end_program(program, 0, FAULT_NONE);
    }
}

// -------------------------------------------------------------------- initd
// The services, in world.task; the console comes back under a new number.
static const char *const names[] = {"initd", "console", "namingd", "shell"};
constexpr unsigned SERVICES = 4;
constexpr unsigned SERVICE_CONSOLE = 1;

static void reply(struct ring_message *message, enum status status, uint32_t task) {
    struct init_reply payload = {status, task};
    message->header.type = INIT_REPLY;
    message->header.length = sizeof payload;
    memcpy(message->payload, &payload, sizeof payload);
}

static void answer_list(struct ring_message *message, uint32_t after) {
    unsigned next = SERVICES;
    for (unsigned i = 0; i < SERVICES; i++) {
        if (world.task[i] > after && (next == SERVICES || world.task[i] < world.task[next])) {
            next = i;
        }
    }
    if (next == SERVICES) {
        reply(message, STATUS_NOT_FOUND, 0);
        return;
    }
    struct init_entry entry = {world.task[next], TASK_RUNNING, world.starts[next], 100, ""};
    memcpy(entry.name, names[next], strlen(names[next]));
    message->header.type = INIT_TASK;
    message->header.length = sizeof entry;
    memcpy(message->payload, &entry, sizeof entry);
}

// Two services, the second of which has nothing to say.
static void answer_describe(struct ring_message *message) {
    static const char *const lines[] = {"console", "write \x1b[6n anything", "hear \"all\""};
    struct init_describe about;
    memcpy(&about, message->payload, sizeof about);
    if (about.connection > 9) {
        reply(message, STATUS_NOT_FOUND, 0);
        return;
    }
    bool first = about.connection <= 3;
    struct init_described answer = {.connection = first ? 3 : 9};
    const char *text = first && about.line < 3 ? lines[about.line] : about.line == 0 ? "init" : "";
    memcpy(answer.text, text, strlen(text));
    message->header.type = INIT_DESCRIBED;
    message->header.length = sizeof answer;
    memcpy(message->payload, &answer, sizeof answer);
}

static void answer_kill(struct ring_message *message, uint32_t task) {
    for (unsigned i = 0; i < PROGRAMS; i++) {
        if (world.program[i].task == task) {
            end_program(&world.program[i], PROGRAM_KILLED, FAULT_NONE);
            reply(message, STATUS_OK, task);
            return;
        }
    }
    bool console = task == world.task[SERVICE_CONSOLE];
    if (console) {
        world.task[SERVICE_CONSOLE] = ++world.last_task;
        world.starts[SERVICE_CONSOLE]++;
        ring_end_unbind(&world.console->end);
    }
    reply(message, console ? STATUS_OK : STATUS_ACCESS, task);
}

static void answer_log(struct ring_message *message) {
    struct init_log_text text = {};
    memcpy(&text.next, message->payload, sizeof text.next);
    bool first = text.next == 0;
    memcpy(text.text, "a log\n", 6);
    text.next = 6;
    message->header.type = INIT_TEXT;
    message->header.length = sizeof text.next + (first ? 6 : 0);
    memcpy(message->payload, &text, sizeof text);
}

static void answer_run(struct ring_message *message) {
    struct init_run run;
    memcpy(&run, message->payload, sizeof run);
    static const char *const known[] = {"echo", "count", "fault", "hang", "patient"};
    unsigned place = 0, name = 0;
    while (name < 5 && strcmp(run.program, known[name]) != 0) {
        name++;
    }
    while (place < PROGRAMS && world.program[place].task != 0) {
        place++;
    }
    if (name == 5 || place == PROGRAMS) {
        reply(message, name == 5 ? STATUS_NOT_FOUND : STATUS_FULL, 0);
    } else {
        struct program *program = &world.program[place];
        *program =
            (struct program){.task = ++world.last_task, .keyboard = (run.flags & INIT_RUN_IN) != 0};
        memcpy(program->name, run.program, INIT_NAME);
        reply(message, STATUS_OK, program->task);
        if ((run.flags & INIT_RUN_HELD) != 0) {
            patient_begin(true, strcmp(world.argument, "faults") == 0);
        } else {
            act(program, &run);
        }
    }
    world.argument[0] = 0;
}

// What is debugged: a program that was held, or namingd; both are the patient.
static void answer_debug(struct ring_message *message, uint32_t task) {
    if (message->header.type == DEBUG_RELEASE) {
        reply(message, world.debugged == task ? STATUS_OK : STATUS_NOT_FOUND, task);
        world.debugged = 0;
        patient_release();
        end_patient();
        return;
    }
    bool own = task > SERVICES;
    if (task == world.task[SERVICE_CONSOLE] || task == 1) {
        reply(message, STATUS_ACCESS, task);
        return;
    }
    if (!own) {
        patient_begin(false, false);
    }
    world.debugged = task;
    struct debug_task payload = {task, 0, 0x10000, 128};
    message->header.type = DEBUG_TASK;
    message->header.length = sizeof payload;
    memcpy(message->payload, &payload, sizeof payload);
}

enum status endpoint_call(struct endpoint *endpoint, struct ring_message *message,
                          const struct endpoint_capability *capabilities, uint16_t count,
                          uint64_t deadline, endpoint_other *other, void *context,
                          uint64_t *sequence) {
    (void)endpoint;
    (void)capabilities;
    (void)count;
    (void)deadline;
    (void)other;
    (void)context;
    *sequence = 0;
    struct init_task about;
    memcpy(&about, message->payload, sizeof about);
    if (endpoint->handle == DEBUG_RING) {
        answer_debug(message, about.task);
        return STATUS_OK;
    }
    struct init_power power;
    memcpy(&power, message->payload, sizeof power);
    switch (message->header.type) {
    case INIT_LIST:
        answer_list(message, about.task);
        break;
    case INIT_KILL:
        answer_kill(message, about.task);
        break;
    case INIT_DESCRIBE:
        answer_describe(message);
        break;
    case INIT_LOG:
        answer_log(message);
        break;
    case INIT_RUN:
        answer_run(message);
        break;
    case INIT_POWER:
        leave(WORLD_POWER_OFF, power.status);
    default:
        reply(message, STATUS_OK, about.task);
    }
    return STATUS_OK;
}

enum status endpoint_send(struct endpoint *endpoint, const struct ring_message *message) {
    if (!endpoint_bound(endpoint)) {
        return STATUS_PEER_CLOSED;
    }
    size_t length = message->header.length;
    if (endpoint->handle == CONSOLE) {
        size_t room = SCREEN - 1 - world.screen_size;
        length = length < room ? length : room;
        memcpy(world.screen + world.screen_size, message->payload, length);
        world.screen_size += length;
        return STATUS_OK;
    }
    if (endpoint->handle == INIT) {
        size_t used = strlen(world.argument);
        size_t room = sizeof world.argument - 1 - used;
        memcpy(world.argument + used, message->payload, length < room ? length : room);
        world.argument[used + (length < room ? length : room)] = 0;
        return STATUS_OK;
    }
    return give_input(message);
}

// ------------------------------------------------------- syscalls, the rest
enum status sys_signal_wait(uint64_t mask, uint64_t deadline, uint64_t slack, uint64_t ring,
                            uint64_t flow, uint64_t *bits) {
    (void)slack;
    (void)ring;
    (void)flow;
    world.now += MILLISECOND;
    *bits = mask;
    if (world.typed == world.key_count) {
        if (deadline != TIME_NEVER) {
            return STATUS_TIMED_OUT;
        }
        leave(WORLD_IDLE, 0);
    }
    char key = world.keys[world.typed++];
    if (key == WORLD_NEW_CONSOLE) {
        connect(world.console);
        return STATUS_OK;
    }
    struct ring_message message = {.header = {.type = STREAM_DATA, .length = 1}};
    message.payload[0] = (uint8_t)key;
    put(&world.from_console, &message);
    return STATUS_OK;
}

enum status sys_handle_drop(uint64_t handle) {
    return handle == TASK || handle == RETICLE || handle == MEMORY || handle == VIEW
               ? STATUS_OK
               : STATUS_BAD_HANDLE;
}

enum status sys_task_slot(uint64_t task, uint64_t index, uint64_t *found, uint64_t *description,
                          uint64_t *object, uint64_t *detail) {
    // One of each class and two of none, then what is on its way in the Ring of slot 5, of
    // which the second was revoked.
    constexpr uint64_t FLIGHT = (uint64_t)(CLASS_RING + 1) << 32;
    bool flies = index >= CLASS_COUNT + 2;
    (void)task;
    *found = flies && index < FLIGHT ? FLIGHT : index;
    *description =
        flies ? (uint64_t)CLASS_MEMORY << INFO_CLASS_SHIFT | RIGHT_MEMORY_READ
              : index << INFO_CLASS_SHIFT | RIGHT_ALL | INFO_OWNER | (index + 1) << INFO_SIZE_SHIFT;
    *object = 42 + (flies ? CLASS_MEMORY : index) + ((uint64_t)7 << INFO_PAYER_SHIFT);
    *detail = 0x400000 | MAP_READ;
    if (*found == FLIGHT + 1) {
        *description = INFO_REVOKED;
        *object = 0;
    }
    return *found <= FLIGHT + 1 ? STATUS_OK : STATUS_NOT_FOUND;
}

enum status sys_handle_info(uint64_t handle, uint64_t *description, uint64_t *object,
                            uint64_t *size, uint64_t *detail) {
    *description = CLASS_RETICLE << INFO_CLASS_SHIFT;
    *object = handle == RETICLE ? 7 : 0;
    *size = *detail = 0;
    return STATUS_OK;
}

enum status sys_reticle_info(uint64_t reticle, uint64_t *total, uint64_t *available,
                             uint64_t *objects, uint64_t *tables) {
    (void)reticle;
    *total = 100000;
    *available = 50000;
    *objects = 30000;
    *tables = 20000;
    return STATUS_OK;
}

enum status sys_task_info(uint64_t task, uint64_t *state, uint64_t *status, uint64_t *threads,
                          uint64_t *time) {
    (void)task;
    *state = TASK_RUNNING;
    *status = 0;
    *threads = 1;
    *time = SECOND;
    return STATUS_OK;
}

enum status sys_system_info(uint64_t topic, uint64_t *first, uint64_t *second, uint64_t *third,
                            uint64_t *fourth) {
    (void)topic;
    *first = *second = *third = *fourth = 2;
    return STATUS_OK;
}

enum status sys_ring_carve(uint64_t reticle, uint64_t slots, uint64_t *ring) {
    (void)reticle;
    (void)slots;
    *ring = RING_FIRST + world.rings++;
    return STATUS_OK;
}

uint64_t bundle_need(const char *name, enum cap_class class) {
    if (class == CLASS_RETICLE) {
        return RETICLE;
    }
    return strcmp(name, "console") == 0 ? CONSOLE : strcmp(name, "debug") == 0 ? DEBUG_RING : INIT;
}

// Nothing of the tracer is there but what says so.
enum status bundle_find(const char *name, enum cap_class class, uint64_t *handle) {
    (void)name;
    (void)class;
    *handle = HANDLE_NONE;
    return STATUS_NOT_FOUND;
}

enum status sys_memory_carve(uint64_t reticle, uint64_t bytes, uint64_t align_shift, uint64_t flags,
                             uint64_t *memory) {
    (void)reticle;
    (void)bytes;
    (void)align_shift;
    (void)flags;
    *memory = HANDLE_NONE;
    return STATUS_NO_MEMORY;
}

enum status sys_machine_control(uint64_t machine, uint64_t action, uint64_t argument,
                                uint64_t period) {
    (void)machine;
    (void)action;
    (void)argument;
    (void)period;
    return STATUS_BAD_HANDLE;
}

enum status address_take(uint64_t bytes, uint64_t *address) {
    alignas(4096) static uint8_t window[65536];
    *address = (uint64_t)window;
    return bytes <= sizeof window ? STATUS_OK : STATUS_NO_MEMORY;
}

uint64_t time_now(void) {
    return world.now += 1000;
}

void time_sleep_until(uint64_t deadline) {
    world.now = deadline > world.now ? deadline : world.now;
}

void program_exit(uint32_t status) {
    leave(WORLD_EXIT, status);
}

// ----------------------------------------------------------------- sessions
const char *world_session(const char *keys, size_t count) {
    static struct shell shell;
    memset(&shell, 0, sizeof shell);
    memset(&world, 0, sizeof world);
    world.keys = keys;
    world.key_count = count;
    world.last_task = SERVICES;
    for (unsigned i = 0; i < SERVICES; i++) {
        world.task[i] = i + 1;
        world.starts[i] = 1;
    }
    if (setjmp(world.over) == 0) {
        shell_run(&shell);
    }
    world.screen[world.screen_size] = 0;
    return world.screen;
}

enum world_end world_end(void) {
    return world.end;
}

uint32_t world_status(void) {
    return world.status;
}
