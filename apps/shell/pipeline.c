// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// One pipeline. The shell owns two Ring ends while it runs: `keys` feeds the first
// program, `text` takes what the last one says; initd connects the programs in
// between with each other. A builtin may stand first. When a program cannot be
// started, those before it are ended again.
#include "abi/capability.h"
#include "apps/shell/shell.h"
#include "lib/string/string.h"
#include "lib/vectra/status_text.h"
#include "lib/vectra/syscall.h"

static bool open_stream(struct shell *shell, struct endpoint *endpoint, uint32_t bit) {
    uint64_t ring;
    enum status status = sys_ring_carve(shell->reticle, SHELL_RING_SLOTS, &ring);
    if (status == STATUS_OK) {
        status = endpoint_open(endpoint, ring, bit, bit + 1);
        if (status != STATUS_OK) {
            (void)sys_handle_drop(ring);
        }
    }
    if (status != STATUS_OK) {
        complain(shell, "shell", status_text(status), "free some memory and try again");
    }
    return status == STATUS_OK;
}

static void start_failed(struct shell *shell, const char *name, enum status status) {
    if (status == STATUS_NOT_FOUND) {
        complain(shell, name, "there is no such command or program", "`help` lists them");
    } else if (status == STATUS_EXISTS) {
        complain(shell, name, "it is a service and runs already", "`restart` starts it anew");
    } else {
        complain_about(shell, name, "it could not be started: %s", status_text(status));
    }
}

// Starts the program in shell->words (from `first` on) as the next job. `flags`: enum
// init_run_flag.
static bool start(struct shell *shell, unsigned first, uint32_t flags) {
    const struct endpoint_capability in = {shell->keys.handle, RIGHT_RING_BIND, false};
    const struct endpoint_capability out = {shell->text.handle, RIGHT_RING_BIND, false};
    struct init_start request = {.words = &shell->words, .first = first, .flags = flags};
    if ((flags & INIT_RUN_IN) != 0) {
        request.ends[request.end_count++] = in;
    } else {
        request.source = shell->job[shell->jobs - 1].task;
    }
    if ((flags & INIT_RUN_OUT) != 0) {
        request.ends[request.end_count++] = out;
    }
    struct job *job = &shell->job[shell->jobs];
    const char *name = shell->words.word[first];
    *job = (struct job){};
    enum status status = init_run(shell, &request, &job->task);
    if (status != STATUS_OK) {
        start_failed(shell, name, status);
        return false;
    }
    memcpy(job->name, name, strnlen(name, INIT_NAME - 1));
    job->runs = true;
    shell->jobs++;
    trace_learn(shell, job->task, job->name);
    return true;
}

// The stage's words, without a leading `run`.
static bool program_words(struct shell *shell, unsigned stage, unsigned *first) {
    *first = 0;
    if (!stage_expand(shell, stage)) {
        return false;
    }
    *first = strcmp(shell->words.word[0], "run") == 0;
    return true;
}

// Looks at all stages before anything starts.
static uint32_t check(struct shell *shell, struct command_span stages) {
    for (unsigned i = 0; i < stages.count; i++) {
        unsigned first;
        if (!program_words(shell, stages.first + i, &first)) {
            return SHELL_FAILED;
        }
        if (first == shell->words.count) {
            return misused(shell, &shell->words);
        }
        const struct command *command = command_find(shell->words.word[first]);
        if (i > 0 && first == 0 && command != nullptr && command->run != nullptr) {
            complain(shell, command->name, "it takes no input", "want it first in the pipeline");
            return SHELL_USAGE;
        }
    }
    return SHELL_OK;
}

static bool is_builtin(const struct shell *shell) {
    const struct command *command = command_find(shell->words.word[0]);
    bool run = command != nullptr && command->run == builtin_run;
    return command != nullptr && command->run != nullptr && !run;
}

static bool start_all(struct shell *shell, struct command_span stages, unsigned from) {
    for (unsigned i = from; i < stages.count && !shell->interrupted; i++) {
        unsigned first;
        uint32_t flags = (i == from ? INIT_RUN_IN : INIT_RUN_PIPE) |
                         (i + 1 == stages.count ? INIT_RUN_OUT : INIT_RUN_OPEN);
        if (!program_words(shell, stages.first + i, &first) || !start(shell, first, flags)) {
            return false;
        }
    }
    // The Rings were bound before the last reply came.
    endpoint_refresh(&shell->keys);
    endpoint_refresh(&shell->text);
    return true;
}

// Says how the jobs ended if there is more to say than a status.
static void report(struct shell *shell) {
    for (unsigned i = 0; i < shell->jobs; i++) {
        const struct init_exited *end = &shell->job[i].end;
        if (end->status != PROGRAM_FAULTED || end->fault == FAULT_NONE) {
            continue;
        }
        if (shell->line_open) {
            screen_raw(shell, "\r\n", 2);
        }
        char where[32] = "";
        struct text_buffer text;
        text_start(&text, where, sizeof where);
        if (end->address != end->pc) {
            text_format(&text, " at 0x%lx", end->address);
        }
        complain_about(shell, shell->job[i].name, "%s%s, instruction 0x%lx: the task was ended",
                       fault_text(end->fault), where, end->pc);
    }
}

static uint32_t wait_all(struct shell *shell) {
    while (shell_job_runs(shell)) {
        shell_pump(shell);
    }
    // What the last program said came before its end was told, so it is here.
    while (shell_take_text(shell)) {
    }
    report(shell);
    return shell->jobs > 0 ? shell->job[shell->jobs - 1].end.status : SHELL_FAILED;
}

static uint32_t run_programs(struct shell *shell, struct command_span stages, bool builtin) {
    uint32_t status = SHELL_FAILED;
    input_begin(shell, !builtin);
    if (!start_all(shell, stages, builtin)) {
        shell_end_jobs(shell);
        (void)wait_all(shell);
        return status;
    }
    if (builtin && stage_expand(shell, stages.first)) {
        shell->piping = true;
        (void)command_find(shell->words.word[0])->run(shell, &shell->words);
        pipe_finish(shell);
        shell->piping = false;
    }
    status = wait_all(shell);
    input_end(shell);
    return status;
}

static bool open_streams(struct shell *shell) {
    shell->jobs = 0;
    shell->filter = (struct line_filter){};
    if (!open_stream(shell, &shell->keys, BIT_KEYS)) {
        return false;
    }
    if (open_stream(shell, &shell->text, BIT_TEXT)) {
        return true;
    }
    endpoint_close(&shell->keys);
    return false;
}

static void close_streams(struct shell *shell) {
    endpoint_close(&shell->text);
    endpoint_close(&shell->keys);
}

// The keyboard is the program's only while `use` lets it run, and afterwards.
uint32_t pipeline_held(struct shell *shell, unsigned first,
                       uint32_t (*use)(struct shell *shell, uint32_t task, const char *name)) {
    uint32_t status = SHELL_FAILED;
    if (!open_streams(shell)) {
        return status;
    }
    input_begin(shell, false);
    if (start(shell, first, INIT_RUN_IN | INIT_RUN_OUT | INIT_RUN_HELD)) {
        endpoint_refresh(&shell->keys);
        endpoint_refresh(&shell->text);
        status = use(shell, shell->job[0].task, shell->job[0].name);
        shell->terminal = true;
        uint32_t end = wait_all(shell);
        input_end(shell);
        status = status == SHELL_OK ? end : status;
    }
    close_streams(shell);
    return status;
}

uint32_t pipeline_run(struct shell *shell, struct command_span stages) {
    uint32_t status = check(shell, stages);
    if (status != SHELL_OK || !stage_expand(shell, stages.first)) {
        return status;
    }
    bool builtin = is_builtin(shell);
    if (builtin && stages.count == 1) {
        return command_find(shell->words.word[0])->run(shell, &shell->words);
    }
    if (!open_streams(shell)) {
        return SHELL_FAILED;
    }
    status = run_programs(shell, stages, builtin);
    close_streams(shell);
    return status;
}
