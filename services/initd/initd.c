// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// initd: starts what the manifests say, keeps running what they say, and serves
// those that may start and end programs. The loop: look at what has changed, do
// all of it, sleep until the next signal or the next thing that is due.
#include "services/initd/initd.h"
#include "abi/capability.h"
#include "abi/layout.h"
#include "lib/vectra/address.h"
#include "lib/vectra/bundle.h"
#include "lib/vectra/program.h"
#include "lib/vectra/syscall.h"

// The first bits are the tasks', one each.
static void look_at_tasks(struct initd *initd, uint64_t bits) {
    for (uint32_t i = 0; i < TASKS; i++) {
        if (bits & UINT64_C(1) << i) {
            task_look(initd, &initd->tasks[i]);
        }
    }
}

// A boot that cannot start all that it should is no boot.
static void start_all(struct initd *initd) {
    for (uint32_t i = 0; i < initd->plan.count; i++) {
        initd->programs[i].restart_at = TIME_NEVER;
    }
    for (uint32_t i = 0; i < initd->plan.boot_count; i++) {
        uint32_t number, program = initd->plan.boot[i];
        if (task_start(initd, program, nullptr, &number) != STATUS_OK) {
            boot_fail(initd, initd->failure);
        }
    }
}

// These slots come from the root Task, by the names of services/root/root.c.
static void open(struct initd *initd) {
    initd->machine = bundle_need("machine", CLASS_MACHINE);
    initd->pool = bundle_need("reticle", CLASS_RETICLE);
    initd->memory = bundle_need("package", CLASS_MEMORY);
    initd->self = bundle_need("task", CLASS_TASK);
    initd->last_task = INIT_SELF;
    if (address_take(SPAWN_SCRATCH, &initd->scratch) != STATUS_OK) {
        boot_fail(initd, "there is no address space");
    }
}

uint32_t program_main(void) {
    static struct initd initd;
    open(&initd);
    load_plan(&initd);
    start_all(&initd);
    uint64_t bits = 0;
    for (;;) {
        initd.busy = false;
        look_at_tasks(&initd, bits);
        // What is over is gone before anybody hears of it and wants to start it again.
        uint64_t deadline = supervise(&initd);
        client_update(&initd, bits);
        connect_update(&initd, bits);
        if (sys_signal_wait(UINT64_MAX, initd.busy ? 0 : deadline, 0, 0, 0, &bits) != STATUS_OK) {
            bits = 0;
        }
    }
}
