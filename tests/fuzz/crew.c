// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Workers: made, watched, ended in several ways, made anew. A worker lives in a Reticle of
// its own; what it counts stands in its end of a Ring, which outlives its threads, until
// that Reticle is dropped. All of a round is carved from one pool, and when that is
// dropped no byte may be missing.
#include "abi/ring.h"
#include "lib/package/package.h"
#include "lib/string/string.h"
#include "lib/vectra/bundle.h"
#include "lib/vectra/spawn.h"
#include "lib/vectra/stream.h"
#include "tests/fuzz/parent.h"
#include "tests/fuzz/protocol.h"

constexpr uint64_t PACKAGE_AT = UINT64_C(0x100000000);
constexpr uint64_t SCRATCH_AT = UINT64_C(0x1f0000000);
constexpr uint64_t PAGES_AT = UINT64_C(0x200000000);
constexpr uint64_t PAGES_STEP = UINT64_C(1) << 20;
constexpr uint64_t STACK = 32 * 1024;
constexpr uint64_t PATIENCE = 60 * SECOND; // without any call
constexpr uint64_t TEST_IRQ = 0x2000, TEST_PORTS = 0x2001, TEST_MACHINE = 0x2003, AUDIT = 0x1000;

struct worker {
    bool there, done;
    struct spawn spawn;
    uint64_t ring, view; // this end of the Ring to it, and its region as seen here
    uint64_t left;       // calls of its quota that nobody has made
    uint64_t life;       // how often it was made
};

static struct worker workers[WORKERS];
static struct spawn_image image;
static uint64_t text_offset, text_size;
static uint64_t base, pool; // the program's Reticle, the round's
static uint64_t irq, ports, machine, budget;
static struct actor self = {.random = 1};

// ------------------------------------------------------------------------ once

static bool find_program(const uint8_t *package) {
    const struct package_header *header = (const struct package_header *)package;
    const struct package_record *record = (const struct package_record *)(header + 1);
    for (uint32_t i = 0; i < header->count; i++, record++) {
        if (record->kind == PACKAGE_PROGRAM && strcmp(record->name, "fuzz") == 0) {
            image.offset = record->offset;
            image.bytes = package + record->offset;
            image.size = record->size;
            return true;
        }
    }
    return false;
}

static bool find_text(void) {
    struct elf_image elf;
    if (elf_read(image.bytes, image.size, (enum elf_machine)ARCH_ELF_MACHINE, &elf) != STATUS_OK) {
        return false;
    }
    text_offset = image.offset + elf.segments[0].file_offset;
    text_size = (elf.segments[0].file_size + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
    return true;
}

// What only the check kernel offers, and not on every machine.
static uint64_t test_object(uint64_t topic) {
    uint64_t handle, word;
    return sys_system_info(topic, &handle, &word, &word, &word) == STATUS_OK ? handle : HANDLE_NONE;
}

void crew_open(void) {
    uint64_t word, size, view;
    self.random = options.seed * 77 + 1;
    base = bundle_need("reticle", CLASS_RETICLE);
    image.memory = bundle_need("package", CLASS_MEMORY);
    if (sys_handle_info(image.memory, &word, &word, &size, &word) != STATUS_OK ||
        sys_memory_map(0, image.memory, PACKAGE_AT, 0, size, MAP_READ, &view) != STATUS_OK ||
        !find_program((const uint8_t *)PACKAGE_AT) || !find_text()) {
        report_failure("the boot package cannot be read");
    }
    if (bundle_find("budget", CLASS_BUDGET, &budget) != STATUS_OK) {
        budget = HANDLE_NONE;
    }
    irq = test_object(TEST_IRQ);
    ports = test_object(TEST_PORTS);
    machine = test_object(TEST_MACHINE);
}

// -------------------------------------------------------------------------- making

// Whether a step in making a worker went well; the first that did not is told.
#define TRY(call) tried((call), __LINE__)
static bool tried(enum status status, int line) {
    if (status != STATUS_OK) {
        report_failure("a worker could not be made: status %u in line %d", status, line);
    }
    return status == STATUS_OK;
}

static bool give(const struct worker *worker, const char *name, uint64_t handle, uint64_t rights) {
    return handle == HANDLE_NONE || TRY(spawn_give(&worker->spawn, name, handle, rights, false));
}

static bool fill(struct worker *worker, uint64_t seed) {
    const struct spawn *spawn = &worker->spawn;
    uint64_t arena, other;
    struct worker_start start = {seed, worker->left / THREADS, options.rare, text_offset,
                                 text_size};
    return TRY(spawn_value(spawn, "start", &start, sizeof start)) &&
           TRY(sys_reticle_split(spawn->reticle, WORKER_ARENA, &arena)) &&
           TRY(spawn_give(spawn, "arena", arena, RIGHT_ALL, true)) &&
           TRY(sys_ring_carve(spawn->reticle, PARENT_SLOTS, &other)) &&
           TRY(sys_ring_bind(worker->ring, other)) &&
           TRY(spawn_give(spawn, "parent", other, RIGHT_ALL, true)) &&
           give(worker, "own", spawn->reticle, RIGHT_ALL) &&
           give(worker, "package", image.memory, RIGHT_ALL) &&
           give(worker, "self", spawn->task, RIGHT_ALL & ~RIGHT_TASK_STOP) &&
           give(worker, "machine", machine, RIGHT_ALL) &&
           give(worker, "budget", budget, RIGHT_ALL) && give(worker, "irq", irq, RIGHT_ALL) &&
           give(worker, "ports", ports, RIGHT_ALL);
}

static bool worker_make(uint32_t index, uint64_t seed) {
    struct worker *worker = &workers[index];
    worker->spawn = (struct spawn){.scratch = SCRATCH_AT};
    worker->life++;
    worker->there = true;
    bool good = TRY(sys_reticle_split(pool, WORKER_BYTES, &worker->spawn.reticle)) &&
                TRY(spawn_begin(&worker->spawn, &image, STACK, 0)) &&
                TRY(sys_ring_carve(pool, RING_SLOTS_LEAST, &worker->ring)) && fill(worker, seed) &&
                TRY(sys_memory_map(0, worker->ring, PAGES_AT + index * PAGES_STEP, 0,
                                   (RING_HEADER_SIZE + sizeof(struct worker_page) + PAGE_SIZE - 1) &
                                       ~(PAGE_SIZE - 1),
                                   MAP_READ | MAP_PEER, &worker->view)) &&
                TRY(sys_task_watch(worker->spawn.task, index)) && TRY(spawn_start(&worker->spawn));
    return good;
}

// A Ring between two workers, and for the first a Task to look at.
static void connect(uint32_t from, uint32_t to) {
    struct worker *a = &workers[from], *b = &workers[to];
    uint64_t left, right;
    if (from == to || a->done || b->done ||
        sys_ring_carve(a->spawn.reticle, 8, &left) != STATUS_OK) {
        return;
    }
    if (sys_ring_carve(b->spawn.reticle, 8, &right) != STATUS_OK) {
        (void)sys_handle_drop(left);
        return;
    }
    (void)!sys_ring_bind(left, right);
    (void)!sys_ring_send(a->ring, 0, left, RIGHT_ALL, 1);
    (void)!sys_ring_send(b->ring, 0, right, RIGHT_ALL, 1);
    uint64_t rights = RIGHT_ALL & ~RIGHT_TASK_STOP;
    if (one_in(&self, 4)) {
        rights |= RIGHT_TASK_STOP;
    }
    (void)!sys_ring_send(a->ring, 0, b->spawn.task, rights, 0);
}

// ------------------------------------------------------------------------ looking

static const struct told *told_of(uint32_t index, uint32_t thread) {
    const struct worker_page *page =
        (const struct worker_page *)(PAGES_AT + index * PAGES_STEP + RING_HEADER_SIZE);
    return &page->told[thread];
}

static uint64_t calls_of(uint32_t index) {
    uint64_t calls = 0;
    for (uint32_t i = 0; i < THREADS; i++) {
        calls += atomic_load_explicit(&told_of(index, i)->calls, memory_order_relaxed);
    }
    return calls;
}

static void failure_tell(const struct told *told, uint64_t seed) {
    uint32_t kind = atomic_load_explicit(&told->failure.kind, memory_order_acquire);
    if (kind == FAILURE_PROPERTY) {
        report_failure("a property does not hold: line %u, worker seed 0x%lx", told->failure.line,
                       seed);
    } else if (kind == FAILURE_STATUS) {
        const uint64_t *a = told->failure.a;
        const char *name = rows[told->failure.number % CALLS].name;
        report_failure("%s returned status %u, which its line in the table does not list: "
                       "(0x%lx, 0x%lx, 0x%lx, 0x%lx, 0x%lx, 0x%lx)",
                       name == nullptr ? "no syscall" : name, told->failure.status, a[0], a[1],
                       a[2], a[3], a[4], a[5]);
    }
}

// Adds up what it did, before its region goes.
static void collect(uint32_t index) {
    struct worker *worker = &workers[index];
    uint64_t calls = calls_of(index);
    totals.calls += calls;
    worker->left -= calls < worker->left ? calls : worker->left;
    for (uint32_t i = 0; i < THREADS; i++) {
        const struct told *told = told_of(index, i);
        failure_tell(told, worker->life);
        for (uint32_t j = 0; j < CALLS * STATUSES; j++) {
            totals.counts.of[j / STATUSES][j % STATUSES] +=
                told->counts.of[j / STATUSES][j % STATUSES];
        }
    }
}

static void worker_drop(uint32_t index) {
    struct worker *worker = &workers[index];
    if (!worker->there) {
        return;
    }
    collect(index);
    if (sys_handle_drop(worker->spawn.reticle) != STATUS_OK ||
        sys_handle_drop(worker->view) != STATUS_OK || sys_handle_drop(worker->ring) != STATUS_OK) {
        report_failure("what was made for a worker could not be dropped");
    }
    worker->there = false;
}

static void worker_renew(uint32_t index, uint64_t round) {
    struct worker *worker = &workers[index];
    worker_drop(index);
    if (worker->left < 2000 || report_failed()) {
        worker->done = true;
        return;
    }
    if (worker_make(index, options.seed * 1000003 + round * 1009 + index * 101 + worker->life)) {
        connect(index, (uint32_t)((index + 1) % options.workers));
    }
}

static void worker_look(uint32_t index, uint64_t round) {
    uint64_t state, status, threads, time, thread, kind, address, pc;
    struct worker *worker = &workers[index];
    if (sys_task_info(worker->spawn.task, &state, &status, &threads, &time) != STATUS_OK) {
        report_failure("a worker's Task cannot be asked");
    } else if (state == TASK_ENDED) {
        worker_renew(index, round);
    } else if (state == TASK_FAULTED) {
        if (sys_thread_fault(worker->spawn.task, 0, 0, &thread, &kind, &address, &pc) ==
            STATUS_OK) {
            if (kind == FAULT_STOPPED) { // another worker did it
                (void)!sys_thread_control(worker->spawn.task, thread, RESUME_CONTINUE);
                return;
            }
            print("# a worker faulted: kind %lu at 0x%lx, pc 0x%lx\n", kind, address, pc);
        }
        totals.faulted++;
        worker_renew(index, round);
    } else if (one_in(&self, 400)) {
        totals.killed++;
        if (one_in(&self, 2)) {
            (void)!sys_task_stop(worker->spawn.task, 99);
        }
        worker_renew(index, round);
    }
}

// ----------------------------------------------------------------------------- rounds

static bool watch(uint64_t round) {
    uint64_t last = 0, since = time_now(), bits;
    for (;;) {
        uint64_t calls = totals.calls;
        bool any = false;
        for (uint32_t i = 0; i < options.workers && !report_failed(); i++) {
            if (!workers[i].done) {
                calls += calls_of(i);
                any = true;
                worker_look(i, round);
            }
        }
        if (!any || report_failed()) {
            return !report_failed();
        }
        uint64_t now = time_now();
        if (calls != last) {
            last = calls;
            since = now;
        } else if (now - since > PATIENCE) {
            report_failure("no worker made a call for %lu seconds", PATIENCE / SECOND);
        }
        (void)!sys_signal_wait((1 << WORKERS) - 1, now + 4 * MILLISECOND, 0, 0, 0, &bits);
    }
}

static uint64_t available(void) {
    uint64_t word, left = 0;
    return sys_reticle_info(base, &word, &left, &word, &word) == STATUS_OK ? left : 0;
}

bool crew_round(uint64_t round) {
    uint64_t before = available(), word;
    uint64_t size = options.workers * WORKER_BYTES + (UINT64_C(1) << 20);
    if (sys_reticle_split(base, size, &pool) != STATUS_OK) {
        report_failure("the manifest gives too little memory for %lu workers", options.workers);
        return false;
    }
    for (uint32_t i = 0; i < options.workers; i++) {
        workers[i] = (struct worker){.left = options.round / options.workers};
        if (!worker_make(i, options.seed * 1000003 + round * 1009 + i * 101)) {
            return false;
        }
    }
    for (uint32_t i = 0; i < options.workers; i++) {
        connect(i, (uint32_t)((i + 1) % options.workers));
    }
    bool good = watch(round);
    for (uint32_t i = 0; i < options.workers; i++) {
        worker_drop(i);
    }
    if (sys_handle_drop(pool) != STATUS_OK || available() != before) {
        report_failure("round %lu: %lu bytes are missing", round, before - available());
    }
    // In the check kernel: all books. It panics if they do not add up.
    (void)!sys_system_info(AUDIT, &word, &word, &word, &word);
    totals.rounds++;
    return good && !report_failed();
}
