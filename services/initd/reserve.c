// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// What is kept back for the programs that belong to the system. One of them may be
// down for a moment, between its end and its restart; nobody who starts programs
// by request takes the places and the memory that it will need then.
#include "abi/capability.h"
#include "lib/vectra/syscall.h"
#include "services/initd/initd.h"

// What a program takes, or how much is free.
struct demand {
    uint64_t bytes;       // of the pool
    uint32_t tasks;       // places in initd->tasks
    uint32_t clients;     // in initd->clients
    uint32_t connections; // in initd->connections
};

static void add(const struct initd *initd, uint32_t program, struct demand *demand) {
    const struct manifest *manifest = &initd->plan.program[program].manifest;
    demand->bytes += UINT64_C(1024) * manifest->memory_kib;
    demand->tasks++;
    for (uint32_t i = 0; i < manifest->connect_count; i++) {
        struct plan_service service;
        bool known =
            plan_find_service(&initd->plan, manifest->connects[i].service, &service) == STATUS_OK;
        bool own = known && plan_is_own(service.server);
        demand->clients += own;
        demand->connections += !own;
    }
}

static bool runs(const struct initd *initd, uint32_t program) {
    for (uint32_t i = 0; i < TASKS; i++) {
        if (initd->tasks[i].number != 0 && initd->tasks[i].program == program) {
            return true;
        }
    }
    return false;
}

static struct demand free_places(const struct initd *initd) {
    struct demand free = {};
    uint64_t total, objects, tables;
    if (sys_reticle_info(initd->pool, &total, &free.bytes, &objects, &tables) != STATUS_OK) {
        free.bytes = 0;
    }
    for (uint32_t i = 0; i < TASKS; i++) {
        free.tasks += initd->tasks[i].number == 0;
    }
    for (uint32_t i = 0; i < CLIENTS; i++) {
        free.clients += initd->clients[i].number == 0;
    }
    for (uint32_t i = 0; i < CONNECTIONS; i++) {
        free.connections += initd->connections[i].number == 0;
    }
    return free;
}

enum status reserve_check(const struct initd *initd, uint32_t program) {
    struct demand wanted = {};
    struct demand free = free_places(initd);
    for (uint32_t i = 0; i < initd->plan.boot_count; i++) {
        if (!runs(initd, initd->plan.boot[i])) {
            add(initd, initd->plan.boot[i], &wanted);
        }
    }
    if (program != PLAN_NONE) {
        add(initd, program, &wanted);
    } else {
        wanted.connections++; // a late one
    }
    if (wanted.bytes > free.bytes) {
        return STATUS_NO_MEMORY;
    }
    bool room = wanted.tasks <= free.tasks && wanted.clients <= free.clients &&
                wanted.connections <= free.connections;
    return room ? STATUS_OK : STATUS_FULL;
}
