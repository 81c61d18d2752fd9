// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Tasks from programs of the boot package, by the loader that initd uses. The row
// task_spawn does what initd does for a program that asks for nothing: a Reticle for it, Task,
// Bundle and thread, text and constants mapped from the package, a stack; then its run, its
// end, its exit status, and all of it given back.
#include "abi/capability.h"
#include "apps/bench/bench.h"
#include "lib/package/package.h"
#include "lib/string/string.h"
#include "lib/vectra/bundle.h"
#include "lib/vectra/syscall.h"

constexpr uint64_t STACK = 4096;
constexpr uint64_t EMPTY_BYTES = 64 * 1024;
constexpr uint64_t PEER_BYTES = 512 * 1024;

static uint64_t package;
static struct spawn_image empty;

// The index is the one that initd verified before this program was started.
static struct spawn_image find(const char *program) {
    uint64_t description, object, size, detail, view;
    if (package == HANDLE_NONE) {
        package = bundle_need("package", CLASS_MEMORY);
        must(sys_handle_info(package, &description, &object, &size, &detail),
             "the boot package cannot be asked about");
        must(sys_memory_map(0, package, PACKAGE_AT, 0, size, MAP_READ, &view),
             "the boot package cannot be mapped");
    }
    const struct package_header *header = (const struct package_header *)PACKAGE_AT;
    const struct package_record *record = (const struct package_record *)(header + 1);
    for (uint32_t i = 0; i < header->count; i++, record++) {
        if (record->kind == PACKAGE_PROGRAM && strcmp(record->name, program) == 0) {
            return (struct spawn_image){package, record->offset,
                                        (const uint8_t *)PACKAGE_AT + record->offset, record->size};
        }
    }
    fail("the boot package lacks a program", STATUS_NOT_FOUND);
}

static void load(struct spawn *spawn, const struct spawn_image *image, uint64_t bytes,
                 uint32_t bit) {
    *spawn = (struct spawn){.scratch = SCRATCH};
    must(sys_reticle_split(pool, bytes, &spawn->reticle), "there is no memory for a Task");
    must(spawn_begin(spawn, image, STACK, 0), "a program cannot be loaded");
    must(sys_task_watch(spawn->task, bit), "a Task cannot be watched");
}

void task_begin(struct spawn *spawn, const char *program, uint64_t bytes, uint32_t bit) {
    struct spawn_image image = find(program);
    load(spawn, &image, bytes, bit);
}

void task_finish(const struct spawn *spawn, uint32_t bit) {
    uint64_t bits, state, status, threads, ran;
    must(sys_signal_wait(UINT64_C(1) << bit, TIME_NEVER, 0, 0, 0, &bits),
         "the end of a Task cannot be waited for");
    must(sys_task_info(spawn->task, &state, &status, &threads, &ran),
         "a Task cannot be asked about");
    must(state == TASK_ENDED && status == 0 ? STATUS_OK : STATUS_BAD_STATE,
         "a Task did not end as it should");
    must(sys_handle_drop(spawn->reticle), "a Task cannot be taken away");
}

static void begin(void) {
    empty = find("bench-empty");
}

static void task_spawn(uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        struct spawn spawn;
        load(&spawn, &empty, EMPTY_BYTES, BIT_TASK);
        must(spawn_start(&spawn), "a Task cannot be started");
        task_finish(&spawn, BIT_TASK);
    }
}

// A budget of that hart alone keeps its first thread there from the beginning; the peer gives
// it up again before it does anything else.
static void place(const struct spawn *spawn, uint32_t hart) {
    constexpr uint64_t BUDGET = 20000, PERIOD = 10000000; // nanoseconds
    uint64_t part;
    if (hart == ANY_HART) {
        return;
    }
    must(sys_budget_carve(spawn->reticle, bundle_need("budget", CLASS_BUDGET), BUDGET, PERIOD,
                          (uint64_t)&hart, 1, &part),
         "no budget can be carved");
    must(sys_budget_bind(part, spawn->thread), "a thread cannot be bound to a budget");
}

// Makes two ends; one is the peer's slot, the other is returned. Each side pays for its own.
static uint64_t connect(const struct peer *peer, const char *slot, uint32_t slots) {
    uint64_t ours, theirs;
    must(sys_ring_carve(pool, slots, &ours), "no Ring end can be carved");
    must(sys_ring_carve(peer->spawn.reticle, slots, &theirs), "no Ring end can be carved");
    must(sys_ring_bind(ours, theirs), "two Ring ends cannot be bound");
    must(spawn_give(&peer->spawn, slot, theirs, RIGHT_ALL, true), "a Ring end cannot be given");
    return ours;
}

void peer_start(struct peer *peer, uint32_t number, uint32_t hart, uint32_t slots,
                struct peer *drives) {
    *peer = (struct peer){.bit = BIT_TASK + number};
    if (drives != nullptr) {
        // Its end is carved here and handed on: the two never hear of us again.
        *drives = (struct peer){.bit = BIT_TASK + number + 1};
        task_begin(&drives->spawn, "bench-peer", PEER_BYTES, drives->bit);
        place(&drives->spawn, hart);
        drives->end = connect(drives, "in", slots);
        must(spawn_start(&drives->spawn), "a Task cannot be started");
    }
    task_begin(&peer->spawn, "bench-peer", PEER_BYTES, peer->bit);
    place(&peer->spawn, hart);
    peer->end = connect(peer, "in", slots);
    if (drives != nullptr) {
        must(spawn_give(&peer->spawn, "drive", drives->end, RIGHT_ALL, true),
             "a Ring end cannot be given");
    }
    must(spawn_start(&peer->spawn), "a Task cannot be started");
}

void peer_open(const struct peer *peer, struct endpoint *endpoint) {
    must(endpoint_open(endpoint, peer->end, BIT_PEER, BIT_PEER_CLOSED),
         "a Ring end cannot be opened");
}

void peer_tell(struct endpoint *endpoint, enum bench_message type, uint32_t count) {
    struct ring_message message = {.header = {.type = type, .transaction = count}};
    must(endpoint_send(endpoint, &message), "the peer takes no message");
    if (type == BENCH_END) {
        (void)sys_doorbell(endpoint->handle, 0);
    }
}

void peer_end(struct peer *peer, struct endpoint *endpoint) {
    peer_tell(endpoint, BENCH_END, 0);
    task_finish(&peer->spawn, peer->bit);
    endpoint_close(endpoint);
}

uint64_t hart_switches(uint32_t hart) {
    constexpr uint64_t TOPIC_HARTS = 2; // of system_info: and further
    uint64_t idle, count, interrupts, now;
    must(sys_system_info(TOPIC_HARTS + hart, &idle, &count, &interrupts, &now),
         "a second hart is missing");
    return count;
}

void peer_call(struct endpoint *endpoint, uint32_t count) {
    must(bench_call(endpoint, count), "the peer does not answer");
}

static const struct row rows[] = {
    {.id = "task_spawn", .begin = begin, .run = task_spawn, .batches = 4},
};
const struct row_list task_rows = {rows, sizeof rows / sizeof *rows};
