// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// `ktest crash.NAME` makes the check kernel do what it may never do; no selection of tests
// comes here by itself. Another thread runs in user mode meanwhile, so that with several
// harts the panic has to stop one there.
#include "kernel/tests/hooks/hooks.h"
#include "lib/string/string.h"
#include "tests/ktest/child.h"
#include "tests/ktest/worker.h"

static const char *const names[] = {
    [CRASH_READ] = "read",
    [CRASH_READ_USER] = "read_user",
    [CRASH_WRITE_TEXT] = "write_text",
    [CRASH_WRITE_ALIAS] = "write_alias",
    [CRASH_EXECUTE_DATA] = "execute_data",
    [CRASH_EXECUTE_USER] = "execute_user",
    [CRASH_BRANCH] = "branch",
    [CRASH_LAND] = "land",
    [CRASH_STACK] = "stack",
    [CRASH_FREED] = "freed",
    [CRASH_PAST] = "past",
    [CRASH_SHIFT] = "shift",
};

static _Atomic uint64_t turns;

static void spin(void *argument) {
    (void)argument;
    for (;;) {
        atomic_fetch_add(&turns, 1);
    }
}

static void returns(void) {}

// Comes back only if there is no such crash, or nothing stopped the kernel.
void crash(const char *name) {
    static struct worker worker;
    uint64_t word, user = (uint64_t)returns; // text of this program: mapped, and not secret
    worker_open(&worker, spin, nullptr, 0);
    while (atomic_load(&turns) == 0) {
        pause_for(1'000'000);
    }
    for (uint64_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(name, names[i]) == 0) {
            (void)sys_system_info(HOOK_TOPIC_CRASH | i << 44 | user, &word, &word, &word, &word);
        }
    }
}
