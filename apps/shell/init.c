// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Requests to initd. Each waits for its reply; the end of a program that is told
// meanwhile is noted. What initd answers is copied out of the message and its
// length looked at before it is believed.
#include "abi/capability.h"
#include "apps/shell/shell.h"
#include "lib/string/string.h"
#include "lib/vectra/program.h"
#include "lib/vectra/time.h"

constexpr uint64_t PATIENCE = 20 * SECOND; // starting a program hashes it first

static void other(void *context, const struct ring_message *message, uint64_t sequence) {
    (void)sequence;
    shell_exited(context, message);
}

static void other_debug(void *context, const struct ring_message *message, uint64_t sequence) {
    (void)sequence;
    debug_event(context, message);
}

// The status of an INIT_REPLY that came in place of something else.
static enum status refusal(const struct ring_message *message) {
    struct init_reply reply;
    memcpy(&reply, message->payload, sizeof reply);
    bool valid = message->header.type == INIT_REPLY && message->header.length == sizeof reply;
    return valid && reply.status != STATUS_OK ? (enum status)reply.status : STATUS_BAD_FORMAT;
}

void init_look(const struct shell *shell) {
    if (!endpoint_bound(&shell->init)) {
        program_exit(PROGRAM_FAILED);
    }
}

// Sends a request of `size` bytes and waits for a reply of the type and least
// size wanted, which then stands in `message`; an INIT_REPLY instead is an error.
static enum status ask(struct shell *shell, uint16_t type, const void *request, size_t size,
                       uint16_t want, struct ring_message *message, uint64_t *sequence) {
    *message = (struct ring_message){.header = {.type = type, .length = (uint16_t)size}};
    memcpy(message->payload, request, size);
    enum status status = endpoint_call(&shell->init, message, nullptr, 0, time_now() + PATIENCE,
                                       other, shell, sequence);
    init_look(shell);
    if (status != STATUS_OK || message->header.type == want) {
        return status;
    }
    return refusal(message);
}

// The status inside of an INIT_REPLY.
static enum status reply_status(const struct ring_message *message, uint32_t *task) {
    struct init_reply reply;
    if (message->header.length != sizeof reply) {
        return STATUS_BAD_FORMAT;
    }
    memcpy(&reply, message->payload, sizeof reply);
    *task = reply.task;
    return (enum status)reply.status;
}

// A request that is answered by a status, inside of the INIT_REPLY.
static enum status ask_status(struct shell *shell, uint16_t type, const void *request, size_t size,
                              uint64_t *sequence) {
    struct ring_message message;
    uint32_t about;
    enum status status = ask(shell, type, request, size, INIT_REPLY, &message, sequence);
    return status == STATUS_OK ? reply_status(&message, &about) : status;
}

enum status init_next(struct shell *shell, uint32_t after, struct init_entry *entry) {
    struct init_task request = {after};
    struct ring_message message;
    uint64_t sequence;
    enum status status =
        ask(shell, INIT_LIST, &request, sizeof request, INIT_TASK, &message, &sequence);
    if (status == STATUS_OK && message.header.length != sizeof *entry) {
        status = STATUS_BAD_FORMAT;
    }
    if (status == STATUS_OK) {
        memcpy(entry, message.payload, sizeof *entry);
        entry->name[INIT_NAME - 1] = 0;
    }
    return status;
}

enum status init_inspect(struct shell *shell, uint32_t number, uint64_t *task, uint64_t *reticle) {
    struct init_task request = {number};
    uint64_t sequence;
    *task = *reticle = HANDLE_NONE;
    enum status status = ask_status(shell, INIT_INSPECT, &request, sizeof request, &sequence);
    if (status == STATUS_OK) {
        status = endpoint_take(&shell->init, sequence, CLASS_TASK, RIGHT_INSPECT, task);
    }
    if (status == STATUS_OK) {
        status = endpoint_take(&shell->init, sequence, CLASS_RETICLE, RIGHT_INSPECT, reticle);
    }
    return status;
}

enum status init_kill(struct shell *shell, uint32_t number) {
    struct init_task request = {number};
    uint64_t sequence;
    return ask_status(shell, INIT_KILL, &request, sizeof request, &sequence);
}

enum status init_log(struct shell *shell, struct init_log_text *text, uint64_t position,
                     size_t *count) {
    struct init_log_position request = {position};
    struct ring_message message;
    uint64_t sequence;
    enum status status =
        ask(shell, INIT_LOG, &request, sizeof request, INIT_TEXT, &message, &sequence);
    if (status == STATUS_OK && message.header.length < sizeof text->next) {
        status = STATUS_BAD_FORMAT;
    }
    if (status == STATUS_OK) {
        memcpy(text, message.payload, sizeof *text);
        *count = message.header.length - sizeof text->next;
    }
    return status;
}

// A service's words go to the terminal, so only what everybody shows is left of them.
static void clean_line(char *text) {
    for (; *text != 0; text++) {
        bool plain = *text >= ' ' && *text <= '~' && *text != '"' && *text != '\\';
        *text = plain ? *text : '?';
    }
}

enum status init_describe(struct shell *shell, const struct init_describe *about,
                          struct init_described *line) {
    struct ring_message message;
    uint64_t sequence;
    enum status status =
        ask(shell, INIT_DESCRIBE, about, sizeof *about, INIT_DESCRIBED, &message, &sequence);
    if (status == STATUS_OK && message.header.length != sizeof *line) {
        status = STATUS_BAD_FORMAT;
    }
    if (status == STATUS_OK) {
        memcpy(line, message.payload, sizeof *line);
        line->text[DESCRIBE_TEXT - 1] = 0;
        clean_line(line->text);
    }
    return status;
}

enum status init_stop(struct shell *shell, struct init_power power) {
    uint64_t sequence;
    return ask_status(shell, INIT_POWER, &power, sizeof power, &sequence);
}

// A request to the service `debug`.
static enum status ask_debug(struct shell *shell, uint16_t type, uint32_t number,
                             struct ring_message *message, uint64_t *sequence) {
    struct init_task request = {number};
    *message = (struct ring_message){.header = {.type = type, .length = sizeof request}};
    memcpy(message->payload, &request, sizeof request);
    return endpoint_call(&shell->debug, message, nullptr, 0, time_now() + PATIENCE, other_debug,
                         shell, sequence);
}

enum status init_attach(struct shell *shell, uint32_t number, struct debug_task *about,
                        uint64_t *task, uint64_t *memory) {
    struct ring_message message;
    uint64_t sequence;
    *task = *memory = HANDLE_NONE;
    enum status status = ask_debug(shell, DEBUG_ATTACH, number, &message, &sequence);
    if (status != STATUS_OK) {
        return status;
    }
    if (message.header.type != DEBUG_TASK || message.header.length != sizeof *about) {
        return refusal(&message);
    }
    memcpy(about, message.payload, sizeof *about);
    status = endpoint_take(&shell->debug, sequence, CLASS_TASK, RIGHT_TASK_DEBUG, task);
    if (status == STATUS_OK && about->symbols_size > 0 &&
        endpoint_take(&shell->debug, sequence, CLASS_MEMORY, RIGHT_MEMORY_READ, memory) !=
            STATUS_OK) {
        *memory = HANDLE_NONE; // names are missing then, and nothing else
    }
    return status;
}

enum status init_release(struct shell *shell, uint32_t number) {
    struct ring_message message;
    uint64_t sequence;
    uint32_t about;
    enum status status = ask_debug(shell, DEBUG_RELEASE, number, &message, &sequence);
    return status == STATUS_OK ? reply_status(&message, &about) : status;
}

static enum status send_argument(struct shell *shell, const char *text) {
    size_t left = strlen(text);
    enum status status = STATUS_OK;
    while (left > 0 && status == STATUS_OK) {
        size_t piece = left < RING_PAYLOAD ? left : RING_PAYLOAD;
        struct ring_message message = {
            .header = {.type = INIT_ARGUMENT, .length = (uint16_t)piece}};
        memcpy(message.payload, text, piece);
        status = endpoint_send(&shell->init, &message);
        if (status == STATUS_FULL) {
            uint64_t bits;
            status = endpoint_wait(&shell->init, 0, time_now() + PATIENCE, &bits);
            continue;
        }
        text += piece;
        left -= piece;
    }
    return status;
}

enum status init_run(struct shell *shell, const struct init_start *start, uint32_t *number) {
    const struct command_arguments *words = start->words;
    const char *program = words->word[start->first];
    struct init_run request = {.flags = start->flags, .source = start->source};
    size_t length = strlen(program);
    if (length >= INIT_NAME) {
        return STATUS_NOT_FOUND;
    }
    memcpy(request.program, program, length);
    char argument[COMMAND_TEXT + 1];
    unsigned first = start->first + 1;
    enum status status =
        command_join_words(words->word + first, words->count - first, argument, sizeof argument);
    if (status == STATUS_OK) {
        status = send_argument(shell, argument);
    }
    if (status != STATUS_OK) {
        return status;
    }
    struct ring_message message = {.header = {.type = INIT_RUN, .length = sizeof request}};
    memcpy(message.payload, &request, sizeof request);
    uint64_t sequence;
    status = endpoint_call(&shell->init, &message, start->ends, start->end_count,
                           time_now() + PATIENCE, other, shell, &sequence);
    init_look(shell);
    if (status == STATUS_OK && message.header.type != INIT_REPLY) {
        status = STATUS_BAD_FORMAT;
    }
    return status == STATUS_OK ? reply_status(&message, number) : status;
}

// Whether the text is a number that fits; its value then.
static bool number_of(const char *text, uint32_t *number) {
    uint64_t value = 0;
    for (const char *c = text; *c != 0; c++) {
        if (*c < '0' || *c > '9') {
            return false;
        }
        value = value * 10 + (uint64_t)(*c - '0');
        value = value > UINT32_MAX ? UINT32_MAX : value;
    }
    *number = (uint32_t)value;
    return text[0] != 0;
}

bool init_find(struct shell *shell, const char *command, const char *text,
               struct init_entry *entry) {
    uint32_t number = 0;
    bool by_number = number_of(text, &number);
    struct init_entry each;
    unsigned found = 0;
    for (uint32_t after = 0; init_next(shell, after, &each) == STATUS_OK; after = each.task) {
        if (by_number ? each.task == number : strcmp(each.name, text) == 0) {
            *entry = each;
            found++;
        }
    }
    if (found == 0) {
        complain_about(shell, command, "no task is `%s`: want a name or number of `tasks`", text);
    } else if (found > 1) {
        complain_about(shell, command, "%u tasks are named `%s`: want the number of one", found,
                       text);
    }
    return found == 1;
}
