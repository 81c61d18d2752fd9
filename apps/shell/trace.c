// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Recording. The kernel is told to stop, and has, before the first record is read, so what
// is read stands still; a record counts only if its sequence is the one of its place.
#include "apps/shell/trace.h"

#include "abi/capability.h"
#include "abi/time.h"
#include "apps/shell/shell.h"
#include "lib/string/string.h"
#include "lib/vectra/address.h"
#include "lib/vectra/status_text.h"
#include "lib/vectra/syscall.h"

constexpr uint64_t BYTES_MOST = 256 * 1024; // of the shell's Reticle

// -------------------------------------------------------------------- names
static void note(struct tracer *tracer, uint32_t object, const char *name) {
    unsigned i = 0;
    while (i < tracer->names && tracer->name[i].object != object) {
        i++;
    }
    if (i == TRACE_NAMES) {
        return;
    }
    tracer->names += i == tracer->names;
    tracer->name[i] = (struct trace_name){.object = object};
    memcpy(tracer->name[i].name, name, strnlen(name, INIT_NAME - 1));
}

void trace_learn(struct shell *shell, uint32_t number, const char *name) {
    uint64_t task, reticle, description, object, size, detail;
    if (!shell->tracer.on || init_inspect(shell, number, &task, &reticle) != STATUS_OK) {
        return;
    }
    if (sys_handle_info(task, &description, &object, &size, &detail) == STATUS_OK) {
        note(&shell->tracer, (uint32_t)object, name);
    }
    (void)sys_handle_drop(task);
    (void)sys_handle_drop(reticle);
}

static void learn_all(struct shell *shell) {
    struct init_entry entry;
    for (uint32_t after = 0; init_next(shell, after, &entry) == STATUS_OK; after = entry.task) {
        trace_learn(shell, entry.task, entry.name);
    }
}

const char *trace_name(const struct tracer *tracer, uint32_t task) {
    for (unsigned i = 0; i < tracer->names; i++) {
        if (tracer->name[i].object == task) {
            return tracer->name[i].name;
        }
    }
    return task == 0 ? "idle" : "other";
}

// ----------------------------------------------------------------- recording
static void drop(uint64_t *handle) {
    if (*handle != HANDLE_NONE) {
        (void)sys_handle_drop(*handle);
    }
    *handle = HANDLE_NONE;
}

void trace_forget(struct shell *shell) {
    drop(&shell->tracer.view);
    drop(&shell->tracer.memory);
}

// As much as there is, but a page for each hart at least.
static enum status carve(struct shell *shell) {
    struct tracer *tracer = &shell->tracer;
    enum status status = STATUS_NO_MEMORY;
    tracer->bytes = BYTES_MOST;
    while (status == STATUS_NO_MEMORY && tracer->bytes >= tracer->harts * PAGE_SIZE) {
        status = sys_memory_carve(shell->reticle, tracer->bytes, PAGE_SHIFT, 0, &tracer->memory);
        tracer->bytes /= status == STATUS_OK ? 1 : 2;
    }
    if (status == STATUS_OK && tracer->window == 0) {
        status = address_take(BYTES_MOST, &tracer->window);
    }
    return status == STATUS_OK ? sys_memory_map(0, tracer->memory, tracer->window, 0, tracer->bytes,
                                                MAP_READ, &tracer->view)
                               : status;
}

static enum status begin(struct shell *shell, uint64_t period) {
    struct tracer *tracer = &shell->tracer;
    uint64_t version, page, thread;
    enum status status = sys_system_info(0, &version, &page, &tracer->harts, &thread);
    if (status == STATUS_OK && tracer->harts > TRACE_HARTS) {
        status = STATUS_TOO_LARGE;
    }
    status = status == STATUS_OK ? carve(shell) : status;
    return status == STATUS_OK
               ? sys_machine_control(tracer->machine, MACHINE_TRACE, tracer->memory, period)
               : status;
}

// A line within a line: the outer one goes on afterwards.
static uint32_t run(struct shell *shell, const char *text) {
    shell->tracer.outer = shell->line;
    uint32_t status = execute(shell, text, strlen(text));
    (void)screen_drain(shell); // the console has it all, and what it did for it is recorded
    shell->line = shell->tracer.outer;
    return status;
}

bool trace_run(struct shell *shell, const char *command, const struct command_arguments *words,
               unsigned first, uint64_t period, uint32_t *status) {
    struct tracer *tracer = &shell->tracer;
    char text[COMMAND_TEXT + 1];
    // One word is a line, of which several programs may be part.
    if (first + 1 == words->count) {
        memcpy(text, words->word[first], strlen(words->word[first]) + 1);
    } else if (command_join_words(words->word + first, words->count - first, text, sizeof text) !=
               STATUS_OK) {
        complain(shell, command, "the line is too long", "want fewer words");
        return false;
    }
    if (shell->piping || tracer->on) {
        complain(shell, command, "it cannot be part of what runs", "want it alone");
        return false;
    }
    tracer->names = 0;
    tracer->on = true;
    learn_all(shell);
    enum status began = begin(shell, period);
    if (began == STATUS_OK) {
        *status = run(shell, text);
        began = sys_machine_control(tracer->machine, MACHINE_TRACE_END, tracer->memory, 0);
    }
    tracer->on = false;
    if (began != STATUS_OK) {
        complain_about(shell, command, "nothing can be recorded: %s", status_text(began));
        trace_forget(shell);
    }
    return began == STATUS_OK;
}

// ------------------------------------------------------------------- reading
static const struct trace_record *place(const struct tracer *tracer, uint32_t hart,
                                        uint64_t sequence) {
    uint64_t part = trace_part(tracer->bytes, tracer->harts);
    uint64_t at = hart * part + sequence * sizeof(struct trace_record) % part;
    return (const struct trace_record *)(tracer->window + at);
}

static bool stands(const struct trace_record *record, uint64_t sequence) {
    uint64_t kind = record->sequence % sizeof *record;
    return kind != TRACE_NONE && kind < TRACE_KINDS &&
           record->sequence / sizeof *record == sequence;
}

void trace_rewind(struct tracer *tracer, struct trace_reader *reader) {
    uint64_t count = trace_part(tracer->bytes, tracer->harts) / sizeof(struct trace_record);
    tracer->lost = 0;
    for (uint32_t hart = 0; hart < tracer->harts; hart++) {
        uint64_t end = 0;
        for (uint64_t i = 0; i < count; i++) {
            const struct trace_record *record = place(tracer, hart, i);
            uint64_t sequence = record->sequence / sizeof *record;
            if (sequence % count == i && stands(record, sequence) && sequence >= end) {
                end = sequence + 1;
            }
        }
        reader->end[hart] = end;
        reader->next[hart] = end > count ? end - count : 0;
        tracer->lost += reader->next[hart];
    }
}

static uint64_t nanoseconds(uint64_t counter) {
    const struct time_page *page = (const struct time_page *)TIME_ADDRESS;
    return (uint64_t)((unsigned __int128)(counter - page->base) * page->multiplier >> page->shift);
}

bool trace_next(const struct tracer *tracer, struct trace_reader *reader,
                struct trace_event *event) {
    const struct trace_record *first = nullptr;
    uint32_t of = 0;
    for (uint32_t hart = 0; hart < tracer->harts; hart++) {
        while (reader->next[hart] < reader->end[hart] &&
               !stands(place(tracer, hart, reader->next[hart]), reader->next[hart])) {
            reader->next[hart]++;
        }
        const struct trace_record *record = place(tracer, hart, reader->next[hart]);
        if (reader->next[hart] < reader->end[hart] &&
            (first == nullptr || record->time < first->time)) {
            first = record;
            of = hart;
        }
    }
    if (first == nullptr) {
        return false;
    }
    reader->next[of]++;
    *event = (struct trace_event){.time = nanoseconds(first->time),
                                  .hart = of,
                                  .kind = (enum trace_kind)(first->sequence % sizeof *first),
                                  .task = (uint32_t)first->thread,
                                  .thread = (uint32_t)(first->thread >> 32),
                                  .what = first->what[0] | (uint64_t)first->what[1] << 32};
    return true;
}

uint32_t trace_flow(const struct trace_event *event) {
    bool has =
        event->kind == TRACE_DOORBELL || event->kind == TRACE_CALL || event->kind == TRACE_WAIT;
    return has ? (uint32_t)(event->what >> 32) : 0;
}
