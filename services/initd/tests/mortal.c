// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// An initd that can be killed, which the real one cannot: linked with all of it, this stands
// in the way of task_kill. To end namingd makes it fault, to end the shell makes it exit; all
// else is as ever. tests/system/initd.sh sees what the root Task does then.
#include "lib/string/string.h"
#include "lib/vectra/program.h"
#include "services/initd/initd.h"

constexpr uint32_t STATUS_MORTAL = 7;

// The linker's names (--wrap=task_kill).
void mortal_kill(struct initd *initd, struct task *task) __asm__("__wrap_task_kill");
void real_kill(struct initd *initd, struct task *task) __asm__("__real_task_kill");

void mortal_kill(struct initd *initd, struct task *task) {
    const char *name = initd->plan.program[task->program].manifest.program;
    if (strcmp(name, "namingd") == 0) {
        __builtin_trap();
    }
    if (strcmp(name, "shell") == 0) {
        program_exit(STATUS_MORTAL);
    }
    real_kill(initd, task);
}
