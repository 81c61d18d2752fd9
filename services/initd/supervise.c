// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// What becomes of tasks that end. A faulted one is stopped at once, but what it
// wrote stays readable for a moment, since it could not wait for its readers as
// programs do that exit by themselves.
#include "abi/capability.h"
#include "abi/layout.h"
#include "lib/vectra/program.h"
#include "lib/vectra/syscall.h"
#include "lib/vectra/time.h"
#include "services/initd/initd.h"

constexpr uint64_t GRACE = 20 * MILLISECOND;
constexpr uint64_t RETRY = SECOND; // after a restart that failed

static const char *const FAULTS[FAULT_COUNT] = {
    "nothing",
    "read where nothing is readable",
    "wrote where nothing is writable",
    "executed where nothing is executable",
    "executed an instruction that there is not",
    "calculated what has no result",
    "met a breakpoint",
    "made a single step",
    "used an address with the wrong alignment",
    "used floating point without leave",
    "broke the kernel's contract",
    "met an error of the machine",
    "was stopped",
    "came to a watchpoint",
};

struct task *task_find(struct initd *initd, uint32_t number) {
    for (uint32_t i = 0; i < TASKS && number != 0; i++) {
        if (initd->tasks[i].number == number) {
            return &initd->tasks[i];
        }
    }
    return nullptr;
}

static const char *name_of(const struct initd *initd, const struct task *task) {
    return initd->plan.program[task->program].manifest.program;
}

// Decides about the restart of a program whose task is over.
static void schedule_restart(struct initd *initd, const struct task *task, bool killed) {
    struct program *program = &initd->programs[task->program];
    if (initd->plan.program[task->program].manifest.restart != MANIFEST_ALWAYS) {
        return;
    }
    uint64_t now = time_now();
    program->restart_at =
        killed ? now : now + plan_restart_delay(&program->crashes, now - task->started);
}

// The task is over: its client hears of it, and it will be cleared away.
static void ended(struct initd *initd, struct task *task, const struct init_exited *exited,
                  uint64_t clear_at, bool killed) {
    task->clear_at = clear_at;
    client_tell(initd, task->requester, INIT_EXITED, exited);
    client_tell(initd, task->debugger, DEBUG_ENDED, exited);
    task->debugger = 0;
    task->held = false;
    initd->busy = true; // what is due now, or when, is looked at anew
    schedule_restart(initd, task, killed);
}

// The registers are still there to be looked at; of them the log gets the place, and
// the client all that its user needs for a first guess.
static void faulted(struct initd *initd, struct task *task) {
    uint64_t thread, kind = FAULT_NONE, address = 0, pc = 0;
    if (debug_takes(initd, task) ||
        sys_thread_fault(task->task, 0, 0, &thread, &kind, &address, &pc) != STATUS_OK) {
        return;
    }
    uint32_t fault = kind & 0xff;
    fault = fault < FAULT_COUNT ? fault : FAULT_NONE;
    if (task->debugged && debug_goes_on(task, thread, fault)) {
        initd->busy = true; // there may be another one
        return;
    }
    (void)sys_task_stop(task->task, PROGRAM_FAULTED);
    log_line(initd, "%s: task %u %s: address 0x%lx, instruction 0x%lx", name_of(initd, task),
             task->number, FAULTS[fault], address, pc);
    struct init_exited exited = {
        .task = task->number,
        .status = PROGRAM_FAULTED,
        .fault = fault,
        .address = address,
        .pc = pc,
    };
    ended(initd, task, &exited, task->requester != 0 ? time_now() + GRACE : 0, false);
}

// The bit is a hint: the kernel is asked, and a task that is over already is left.
void task_look(struct initd *initd, struct task *task) {
    uint64_t state, status, threads, ran;
    if (task->number == 0 || task->clear_at != TIME_NEVER ||
        sys_task_info(task->task, &state, &status, &threads, &ran) != STATUS_OK) {
        return;
    }
    if (state == TASK_FAULTED) {
        faulted(initd, task);
        return;
    }
    if (state != TASK_ENDED) {
        return;
    }
    struct init_exited exited = {.task = task->number, .status = (uint32_t)status};
    log_line(initd, "%s: task %u ended with status %u", name_of(initd, task), task->number,
             exited.status);
    ended(initd, task, &exited, 0, false);
}

// Removes everything of a task that is over.
static void clear(struct initd *initd, struct task *task) {
    (void)sys_handle_drop(task->reticle);
    connect_forget(initd, task->number, task->program);
    client_forget(initd, task->number);
    *task = (struct task){};
}

// Stopped before it returns: who asked may rely on it.
void task_kill(struct initd *initd, struct task *task) {
    if (task->clear_at != TIME_NEVER) {
        return;
    }
    (void)sys_task_stop(task->task, PROGRAM_KILLED);
    struct init_exited exited = {.task = task->number, .status = PROGRAM_KILLED};
    log_line(initd, "%s: task %u was killed", name_of(initd, task), task->number);
    ended(initd, task, &exited, 0, true);
}

// Not a kill by request: it is started again as after a fault, later each time.
void task_break(struct initd *initd, struct task *task, const char *what) {
    if (task->clear_at != TIME_NEVER) {
        return;
    }
    (void)sys_task_stop(task->task, PROGRAM_FAULTED);
    struct init_exited exited = {
        .task = task->number, .status = PROGRAM_FAULTED, .fault = FAULT_PROTOCOL};
    log_line(initd, "%s: task %u %s: ended", name_of(initd, task), task->number, what);
    ended(initd, task, &exited, 0, false);
}

static uint64_t earlier(uint64_t left, uint64_t right) {
    return left < right ? left : right;
}

// Clearing comes before starting: a server's new run needs what its last one held.
uint64_t supervise(struct initd *initd) {
    uint64_t next = TIME_NEVER;
    uint64_t now = time_now();
    for (uint32_t i = 0; i < TASKS; i++) {
        struct task *task = &initd->tasks[i];
        if (task->number == 0) {
            continue;
        }
        if (task->clear_at <= now) {
            clear(initd, task);
        } else {
            next = earlier(next, task->clear_at);
        }
    }
    for (uint32_t i = 0; i < initd->plan.count; i++) {
        struct program *program = &initd->programs[i];
        uint32_t number;
        if (program->restart_at <= now) {
            enum status status = task_start(initd, i, nullptr, &number);
            program->restart_at = status == STATUS_OK ? TIME_NEVER : now + RETRY;
        }
        next = earlier(next, program->restart_at);
    }
    return next;
}
