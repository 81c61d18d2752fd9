// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The command `trace`. A flow is what one message began, in all tasks that had to do with
// it. A record of a doorbell or a wait names the flow that its thread was busy with until then, so
// what the thread did since it went on, or since the record before, belongs to the same.
#include "abi/capability.h"
#include "apps/shell/shell.h"
#include "lib/string/string.h"

constexpr unsigned FLOWS = 128; // that are told apart
constexpr unsigned PENDING = 6; // records of a hart that wait for their flow
constexpr uint64_t NS = 1000;   // in a microsecond

struct flow {
    uint32_t flow, task;
    uint32_t count; // records
    uint32_t shown;
    bool across; // more than one task
};

struct flows {
    struct flow flow[FLOWS];
    unsigned count;
    bool more;
};

static struct flow *find(struct flows *flows, uint32_t flow) {
    for (unsigned i = 0; i < flows->count; i++) {
        if (flows->flow[i].flow == flow) {
            return &flows->flow[i];
        }
    }
    return nullptr;
}

static void count_flows(struct tracer *tracer, struct flows *flows) {
    struct trace_reader reader;
    struct trace_event event;
    *flows = (struct flows){};
    trace_rewind(tracer, &reader);
    while (trace_next(tracer, &reader, &event)) {
        uint32_t number = trace_flow(&event);
        struct flow *flow = number == 0 ? nullptr : find(flows, number);
        if (number != 0 && flow == nullptr && flows->count < FLOWS) {
            flow = &flows->flow[flows->count++];
            *flow = (struct flow){.flow = number, .task = event.task};
        }
        if (flow != nullptr) {
            flow->count++;
            flow->across |= flow->task != event.task;
        }
        flows->more |= number != 0 && flow == nullptr;
    }
}

// ------------------------------------------------------------------ in words
static void place_text(struct text_buffer *text, uint64_t what) {
    text_format(text, "0x%lx", what & (USER_TOP - 1));
}

// What happened, without the flow.
static void event_text(struct text_buffer *text, const struct trace_event *event) {
    static const char *const words[TRACE_KINDS] = {
        [TRACE_SWITCH] = "goes on",        [TRACE_DOORBELL] = "rings over ring",
        [TRACE_CALL] = "calls over ring",  [TRACE_WAIT] = "waits",
        [TRACE_SLEEP] = "sleeps at",       [TRACE_FAULT] = "faults at",
        [TRACE_INTERRUPT] = "interrupted", [TRACE_PASS] = "sends object",
        [TRACE_TAKE] = "takes object",     [TRACE_REVOKE] = "revokes below object",
        [TRACE_DESTROY] = "drops object",  [TRACE_SAMPLE] = "sampled at"};
    uint32_t low = (uint32_t)event->what, high = (uint32_t)(event->what >> 32);
    text_append(text, words[event->kind]);
    switch (event->kind) {
    case TRACE_SWITCH:
        text_append(text, low != 0 ? ", switched to directly" : "");
        break;
    case TRACE_WAIT:
        break;
    case TRACE_SLEEP:
    case TRACE_SAMPLE:
    case TRACE_FAULT:
        text_append(text, " ");
        place_text(text, event->what);
        break;
    case TRACE_INTERRUPT:
        if (low == TRACE_TIMER || low == TRACE_HART) {
            text_append(text, low == TRACE_TIMER ? " by the timer" : " by another hart");
        } else {
            text_format(text, " by line %u", low);
        }
        break;
    case TRACE_PASS:
    case TRACE_TAKE:
        text_format(text, " %u over ring %u", low, high);
        break;
    default:
        text_format(text, " %u", low);
        break;
    }
}

static void show(struct shell *shell, const struct trace_event *event, uint64_t from) {
    char bytes[96], name[INIT_NAME + 12];
    struct text_buffer text, who;
    text_start(&text, bytes, sizeof bytes);
    event_text(&text, event);
    if (trace_flow(event) != 0) {
        text_format(&text, ", flow %08x", trace_flow(event));
    }
    text_start(&who, name, sizeof name);
    text_append(&who, trace_name(&shell->tracer, event->task));
    if (event->task != 0) {
        text_format(&who, ".%u", event->thread);
    }
    uint64_t time = event->time - from;
    say(shell, "%8lu.%03lu %4u  %-14s %s\n", time / NS, time % NS, event->hart, name, bytes);
}

// -------------------------------------------------------------- one flow after the other
// What a hart has recorded since the last flow was named there.
struct pending {
    struct trace_event event[PENDING];
    unsigned count;
};

static void keep(struct pending *pending, const struct trace_event *event) {
    if (event->kind == TRACE_SWITCH) {
        pending->count = 0;
    }
    if (event->kind != TRACE_SAMPLE && pending->count < PENDING) {
        pending->event[pending->count++] = *event;
    }
}

// Whether the event is that the caller of a flow goes on, which is where its reply arrives.
static bool answered(struct trace_event *caller, const struct trace_event *event, uint32_t flow) {
    if (event->kind == TRACE_CALL && trace_flow(event) == flow) {
        *caller = *event;
    }
    bool goes_on = event->kind == TRACE_SWITCH && caller->task != 0 &&
                   event->task == caller->task && event->thread == caller->thread;
    if (goes_on) {
        caller->task = 0;
    }
    return goes_on;
}

static void show_flow(struct shell *shell, struct flow *flow) {
    static struct pending pending[TRACE_HARTS];
    struct trace_reader reader;
    struct trace_event event, caller = {};
    uint64_t from = 0;
    memset(pending, 0, sizeof pending);
    say(shell, "flow %08x\n     time us hart  thread         event\n", flow->flow);
    trace_rewind(&shell->tracer, &reader);
    while (trace_next(&shell->tracer, &reader, &event) && !shell->interrupted) {
        struct pending *before = &pending[event.hart];
        keep(before, &event);
        if (answered(&caller, &event, flow->flow)) {
            show(shell, &event, from);
        }
        if (trace_flow(&event) == 0) {
            continue;
        }
        for (unsigned i = 0; trace_flow(&event) == flow->flow && i < before->count; i++) {
            from = from == 0 ? before->event[i].time : from;
            show(shell, &before->event[i], from);
        }
        before->count = 0;
    }
}

static void show_flows(struct shell *shell, struct flows *flows) {
    unsigned shown = 0;
    for (unsigned i = 0; i < flows->count && !shell->interrupted; i++) {
        if (flows->flow[i].across) {
            show_flow(shell, &flows->flow[i]);
            shown++;
        }
    }
    if (shown == 0) {
        say(shell, "no flow went from one task to another: `trace --all` shows everything\n");
    } else if (flows->more) {
        say(shell, "there were more flows: `trace --all` shows everything\n");
    }
}

static void show_all(struct shell *shell) {
    struct trace_reader reader;
    struct trace_event event;
    uint64_t from = 0;
    say(shell, "     time us hart  thread         event\n");
    trace_rewind(&shell->tracer, &reader);
    while (trace_next(&shell->tracer, &reader, &event) && !shell->interrupted) {
        from = from == 0 ? event.time : from;
        show(shell, &event, from);
    }
}

// --------------------------------------------------------------- for Perfetto
// The Trace Event Format: a line for each event. A thread's turns are slices, what it did are
// instants in them, and a flow is a chain of arrows between the slices.
static void event_begin(struct text_buffer *text, const char *phase,
                        const struct trace_event *event, uint64_t time) {
    text_format(text, ",\n{\"ph\":\"%s\",\"pid\":%u,\"tid\":%u,\"ts\":%lu.%03lu", phase,
                event->task, event->thread, time / NS, time % NS);
}

static void json_line(struct shell *shell, const struct text_buffer *text) {
    say(shell, "%s", text->data);
}

static void json_turn(struct shell *shell, const struct trace_event *turn, uint64_t until) {
    char bytes[200];
    struct text_buffer text;
    if (turn->task == 0) {
        return;
    }
    uint64_t ran = until - turn->time;
    text_start(&text, bytes, sizeof bytes);
    event_begin(&text, "X", turn, turn->time);
    text_format(&text, ",\"dur\":%lu.%03lu,\"name\":\"runs\",\"args\":{\"hart\":%u}}", ran / NS,
                ran % NS, turn->hart);
    json_line(shell, &text);
}

static void json_event(struct shell *shell, const struct trace_event *event, struct flow *flow) {
    char bytes[300], words[96];
    struct text_buffer text, what;
    text_start(&what, words, sizeof words);
    event_text(&what, event);
    text_start(&text, bytes, sizeof bytes);
    event_begin(&text, "i", event, event->time);
    text_format(&text, ",\"s\":\"t\",\"name\":\"%s\",\"args\":{\"hart\":%u,\"flow\":%u}}", words,
                event->hart, trace_flow(event));
    if (flow != nullptr && flow->across) {
        const char *phase = flow->shown == 0 ? "s" : flow->shown + 1 < flow->count ? "t" : "f";
        flow->shown++;
        event_begin(&text, phase, event, event->time);
        // An end belongs to the turn that it is in; without `bp` readers take the one after it.
        text_format(&text, ",\"cat\":\"flow\",\"name\":\"flow\",\"id\":%u%s}", flow->flow,
                    *phase == 'f' ? ",\"bp\":\"e\"" : "");
    }
    json_line(shell, &text);
}

static void show_json(struct shell *shell, struct flows *flows) {
    static struct trace_event turn[TRACE_HARTS];
    const struct tracer *tracer = &shell->tracer;
    struct trace_reader reader;
    struct trace_event event = {};
    memset(turn, 0, sizeof turn);
    say(shell, "-----BEGIN TRACE-----\n{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n"
               "{\"ph\":\"M\",\"pid\":0,\"tid\":0,\"ts\":0,\"name\":\"process_name\","
               "\"args\":{\"name\":\"idle\"}}");
    for (unsigned i = 0; i < tracer->names; i++) {
        say(shell,
            ",\n{\"ph\":\"M\",\"pid\":%u,\"tid\":0,\"ts\":0,\"name\":\"process_name\","
            "\"args\":{\"name\":\"%s\"}}",
            tracer->name[i].object, tracer->name[i].name);
    }
    trace_rewind(&shell->tracer, &reader);
    while (trace_next(tracer, &reader, &event) && !shell->interrupted) {
        if (event.kind == TRACE_SWITCH) {
            json_turn(shell, &turn[event.hart], event.time);
            turn[event.hart] = event;
        } else {
            json_event(shell, &event, find(flows, trace_flow(&event)));
        }
    }
    for (uint32_t hart = 0; hart < tracer->harts; hart++) {
        json_turn(shell, &turn[hart], event.time);
    }
    say(shell, "\n]}\n-----END TRACE-----\n");
}

uint32_t builtin_trace(struct shell *shell, const struct command_arguments *words) {
    static struct flows flows;
    const char *option = words->count > 1 ? words->word[1] : "";
    bool all = strcmp(option, "--all") == 0, json = strcmp(option, "--json") == 0;
    unsigned first = all || json ? 2 : 1;
    uint32_t status = SHELL_FAILED;
    if (first >= words->count || (first == 1 && option[0] == '-')) {
        return misused(shell, words);
    }
    if (!trace_run(shell, "trace", words, first, 0, &status)) {
        return SHELL_FAILED;
    }
    shell->interrupted = false;
    count_flows(&shell->tracer, &flows);
    if (json) {
        show_json(shell, &flows);
    } else if (all) {
        show_all(shell);
    } else {
        show_flows(shell, &flows);
    }
    if (shell->tracer.lost != 0) {
        complain_about(shell, "trace", "the first %lu records were overwritten: want less at once",
                       shell->tracer.lost);
    }
    trace_forget(shell);
    return status;
}
