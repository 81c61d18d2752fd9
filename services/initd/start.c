// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Starting one program: a Reticle of the size that the manifest states, from
// which all of it is paid, and a Bundle with what the manifest lists. Until
// task_start of the kernel has succeeded, dropping the Reticle undoes it all.
#include "abi/capability.h"
#include "abi/layout.h"
#include "lib/string/string.h"
#include "lib/vectra/address.h"
#include "lib/vectra/bundle.h"
#include "lib/vectra/status_text.h"
#include "lib/vectra/syscall.h"
#include "lib/vectra/time.h"
#include "services/initd/initd.h"

// A start under way.
struct start {
    struct initd *initd;
    const struct manifest *manifest;
    const struct start_extra *extra; // or nullptr
    struct spawn spawn;
    uint64_t open_end;
    const char *step; // what is being done, for the log
};

// The class of a grant's slot, and the rights that go with it.
struct grant_rule {
    enum cap_class class;
    uint64_t rights;
};

static struct grant_rule grant_rule(enum manifest_grant_kind kind) {
    switch (kind) {
    case MANIFEST_TIME:
        return (struct grant_rule){CLASS_MEMORY, RIGHT_MEMORY_READ};
    case MANIFEST_MACHINE:
        return (struct grant_rule){CLASS_MACHINE, RIGHT_MACHINE_POWER};
    case MANIFEST_PACKAGE:
        return (struct grant_rule){CLASS_MEMORY, RIGHT_MEMORY_READ | RIGHT_MEMORY_EXECUTE |
                                                     RIGHT_COPY | RIGHT_PASS};
    case MANIFEST_RETICLE:
        return (struct grant_rule){CLASS_RETICLE, RIGHT_ALL & ~(uint64_t)RIGHT_RETICLE_CODE};
    case MANIFEST_DEVICE:
        return (struct grant_rule){CLASS_DEVICE, RIGHT_DEVICE_USE};
    case MANIFEST_IRQ:
        return (struct grant_rule){CLASS_IRQ, RIGHT_IRQ_USE};
    case MANIFEST_TRACE:
        return (struct grant_rule){CLASS_MACHINE, RIGHT_MACHINE_TRACE};
    case MANIFEST_SYMBOLS:
        return (struct grant_rule){CLASS_MEMORY, RIGHT_MEMORY_READ};
    }
    return (struct grant_rule){CLASS_NONE, 0};
}

// Most slots are called as in initd's own Bundle; two hold less of what has another name there.
// A part of the program's own Reticle is split off for it to carve from, so that
// what it carves is within the memory that its manifest states.
static enum status give_grant(struct start *start, const struct manifest_grant *grant) {
    struct grant_rule rule = grant_rule(grant->kind);
    uint64_t handle;
    if (grant->kind == MANIFEST_RETICLE) {
        enum status status =
            sys_reticle_split(start->spawn.reticle, UINT64_C(1024) * grant->kib, &handle);
        return status == STATUS_OK
                   ? spawn_give(&start->spawn, grant->slot, handle,
                                rule.rights | (start->manifest->code ? RIGHT_RETICLE_CODE : 0),
                                true)
                   : status;
    }
    const char *own = grant->kind == MANIFEST_TRACE     ? "machine"
                      : grant->kind == MANIFEST_SYMBOLS ? "package"
                                                        : grant->slot;
    enum status status = bundle_find(own, rule.class, &handle);
    return status == STATUS_OK ? spawn_give(&start->spawn, grant->slot, handle, rule.rights, false)
                               : status;
}

// What the manifest says of the Person band: a part of initd's own right, which the program's
// first thread is bound to, and which the program may use for its other threads.
static enum status give_person(struct start *start) {
    const struct manifest *manifest = start->manifest;
    constexpr uint64_t US = 1000;
    if (manifest->person_us == 0) {
        return STATUS_OK;
    }
    uint64_t source, part;
    start->step = "person";
    enum status status = bundle_find("budget", CLASS_BUDGET, &source);
    if (status == STATUS_OK) {
        status = sys_budget_carve(start->spawn.reticle, source, US * manifest->person_us,
                                  US * manifest->period_us, (uint64_t)manifest->harts,
                                  manifest->hart_count, &part);
    }
    if (status == STATUS_OK) {
        status = sys_budget_bind(part, start->spawn.thread);
    }
    return status == STATUS_OK ? spawn_give(&start->spawn, "budget", part, RIGHT_ALL, true)
                               : status;
}

// Makes the program's end of a stream, bound to `peer` unless that is none.
static enum status give_stream(struct start *start, const char *slot, uint64_t peer,
                               uint64_t *copy) {
    uint64_t end;
    enum status status = sys_ring_carve(start->spawn.reticle, RING_SLOTS, &end);
    if (status == STATUS_OK && peer != HANDLE_NONE) {
        status = sys_ring_bind(end, peer);
    }
    if (status == STATUS_OK && copy != nullptr) {
        status = sys_handle_copy(end, RIGHT_RING_BIND, copy);
    }
    return status == STATUS_OK ? spawn_give(&start->spawn, slot, end, END_RIGHTS, true) : status;
}

// Streams are carved from the program's Reticle like all else: who asked for the
// program pays for the other ends.
static enum status give_extra(struct start *start) {
    const struct start_extra *extra = start->extra;
    enum status status = STATUS_OK;
    if (extra->in_peer != HANDLE_NONE) {
        status = give_stream(start, "in", extra->in_peer, nullptr);
    }
    if (status == STATUS_OK && (extra->out_peer != HANDLE_NONE || extra->open)) {
        status =
            give_stream(start, "out", extra->out_peer, extra->open ? &start->open_end : nullptr);
    }
    return status;
}

// What the request says takes the place of what the manifest says.
static enum status give_argument(struct start *start) {
    if (start->extra != nullptr && start->extra->argument_size > 0) {
        return spawn_value(&start->spawn, "argument", start->extra->argument,
                           start->extra->argument_size);
    }
    const char *argument = start->manifest->argument;
    return argument[0] == '\0' ? STATUS_OK
                               : spawn_value(&start->spawn, "argument", argument, strlen(argument));
}

// Fills the Bundle: the manifest's grants and argument, and the extras.
static enum status give_all(struct start *start) {
    enum status status = STATUS_OK;
    for (uint32_t i = 0; i < start->manifest->grant_count && status == STATUS_OK; i++) {
        start->step = start->manifest->grants[i].slot;
        status = give_grant(start, &start->manifest->grants[i]);
    }
    if (status == STATUS_OK) {
        status = give_person(start);
    }
    if (status == STATUS_OK) {
        start->step = "argument";
        status = give_argument(start);
    }
    if (status == STATUS_OK && start->extra != nullptr) {
        start->step = "streams";
        status = give_extra(start);
    }
    return status;
}

// Loads the image into a Reticle of its own.
static enum status load(struct start *start, uint32_t program) {
    struct initd *initd = start->initd;
    const struct manifest *manifest = start->manifest;
    struct spawn_image image;
    char sentence[160];
    struct text_buffer error;
    text_start(&error, sentence, sizeof(sentence));
    enum status status = load_program(initd, program, &image, &error);
    if (status == STATUS_OK) {
        start->step = "memory";
        status = sys_reticle_split(initd->pool, UINT64_C(1024) * manifest->memory_kib,
                                   &start->spawn.reticle);
    }
    if (status == STATUS_OK) {
        start->step = "image";
        status = spawn_begin(&start->spawn, &image, UINT64_C(1024) * manifest->stack_kib,
                             manifest->floating_point ? THREAD_FLOAT : 0);
        if (status == STATUS_BAD_FORMAT) {
            elf_describe(&start->spawn.elf, &error);
        }
    }
    if (sentence[0] != '\0') {
        log_line(initd, "%s: %s", manifest->program, sentence);
    }
    return status;
}

static_assert(UINT64_C(1024) * MANIFEST_STACK_MOST <= ADDRESS_STACK);

// The place is also the number of its signal bit.
static struct task *free_place(struct initd *initd) {
    for (uint32_t i = 0; i < TASKS; i++) {
        if (initd->tasks[i].number == 0) {
            return &initd->tasks[i];
        }
    }
    return nullptr;
}

// Whether the program runs already and may run only once: it serves somebody.
static bool taken(struct initd *initd, uint32_t program) {
    for (uint32_t i = 0; i < TASKS; i++) {
        if (initd->tasks[i].number != 0 && initd->tasks[i].program == program) {
            return initd->plan.program[program].manifest.serve_count > 0;
        }
    }
    return false;
}

// Undoes a start that failed, and says why.
static void undo(const struct start *start, uint32_t number, enum status status) {
    struct initd *initd = start->initd;
    struct text_buffer text;
    text_start(&text, initd->failure, sizeof(initd->failure));
    text_format(&text, "%s: cannot be started: %s: %s", start->manifest->program, start->step,
                status_text(status));
    log_line(initd, "%s", initd->failure);
    if (start->spawn.reticle != HANDLE_NONE) {
        (void)sys_handle_drop(start->spawn.reticle);
    }
    connect_forget(initd, number, PLAN_NONE);
    client_forget(initd, number);
}

// The first thread stops at its first instruction.
static enum status hold(const struct spawn *spawn) {
    uint64_t description, object, size, number;
    enum status status = sys_handle_info(spawn->thread, &description, &object, &size, &number);
    return status == STATUS_OK
               ? sys_thread_watchpoint(spawn->task, number, 0, spawn->elf.entry, 1, WATCH_EXECUTE)
               : status;
}

// From loading to running. The Reticle is the caller's to drop on failure.
static enum status bring_up(struct start *start, uint32_t program, uint32_t number, uint32_t bit) {
    enum status status = load(start, program);
    if (status == STATUS_OK) {
        status = give_all(start);
    }
    if (status == STATUS_OK) {
        start->step = "connections";
        status = connect_all(start->initd, program, number, &start->spawn);
    }
    if (status == STATUS_OK) {
        start->step = "start";
        status = sys_task_watch(start->spawn.task, bit);
    }
    if (status == STATUS_OK && start->extra != nullptr && start->extra->held) {
        start->step = "debugger";
        status = hold(&start->spawn);
    }
    return status == STATUS_OK ? spawn_start(&start->spawn) : status;
}

enum status task_start(struct initd *initd, uint32_t program, const struct start_extra *extra,
                       uint32_t *number) {
    const struct manifest *manifest = &initd->plan.program[program].manifest;
    struct task *task = free_place(initd);
    if (task == nullptr || taken(initd, program)) {
        return task == nullptr ? STATUS_FULL : STATUS_EXISTS;
    }
    enum status status = extra != nullptr ? reserve_check(initd, program) : STATUS_OK;
    if (status != STATUS_OK) {
        return status;
    }
    *number = ++initd->last_task;
    struct start start = {.initd = initd, .manifest = manifest, .extra = extra, .step = "package"};
    start.spawn.scratch = initd->scratch;
    status = bring_up(&start, program, *number, (uint32_t)(task - initd->tasks));
    if (status != STATUS_OK) {
        undo(&start, *number, status);
        return status;
    }
    *task = (struct task){
        .number = *number,
        .program = program,
        .requester = extra != nullptr ? extra->requester : 0,
        .reticle = start.spawn.reticle,
        .task = start.spawn.task,
        .open_end = start.open_end,
        .started = time_now(),
        .clear_at = TIME_NEVER,
        .held = extra != nullptr && extra->held,
    };
    initd->programs[program].starts++;
    log_line(initd, "%s: started as task %u", manifest->program, *number);
    return STATUS_OK;
}
