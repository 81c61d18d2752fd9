// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// One Task uses up, one after the other, all that it was handed, and stays at the end of it:
// it gives one back, takes one again and is refused, for as long as it is told to. Meanwhile
// two others of the same band, this one and a child, go on carving, mapping, copying, dropping,
// sleeping, making threads and calling each other. Nothing that they ask for is refused, and
// afterwards their books are what they were. What the first one uses up is a table, and a row
// fails too if it does not get to the end of it.
#include "lib/string/string.h"
#include "lib/vectra/bundle.h"
#include "lib/vectra/thread.h"
#include "tests/ktest/child.h"
#include "tests/ktest/worker.h"

constexpr uint64_t MIB = UINT64_C(1) << 20, SHARE = MILLISECOND; // the period of the budgets
constexpr uint64_t PART = 10'000;                                // the least of a budget, ns

struct order {
    _Atomic uint32_t row; // to be used up now, from 1; 0: none; the last one and more: the end
};

struct report {
    _Atomic uint32_t row;    // that is used up
    _Atomic uint32_t status; // which it ended with
    _Atomic uint64_t again;  // how often it was refused since
};

constexpr uint64_t ROW = 6 * PATIENCE; // for one row, and then for the rounds beside it

// Where both sides have them.
static struct order *the_order(void) {
    return (struct order *)AREA;
}

static struct report *the_report(void) {
    return (struct report *)(AREA + PAGE_SIZE);
}

// ---------------------------------------------------------------------- who uses it up

enum { HELD = 16384, STACK = 512, THREADS = 1024 };
constexpr uint64_t HELD_AT = AREA_FIRST + MIB, STACKS_AT = AREA_FIRST + 2 * MIB;
constexpr uint64_t VIEWS_AT = AREA_FIRST + 64 * MIB, SPARSE_AT = UINT64_C(1) << 40;

static uint64_t pool;  // the Reticle that its own tables are paid by, too
static uint64_t page;  // Memory to copy, map and send
static uint64_t purse; // its part of the budget
static struct endpoint line;
static uint64_t *const held = (uint64_t *)HELD_AT; // what the row has taken
static uint32_t count;

static enum status keep(enum status status, uint64_t handle) {
    if (status == STATUS_OK) {
        held[count++] = handle;
    }
    return count < HELD ? status : STATUS_TOO_LARGE; // the row does not end by itself
}

// The most of what is left at once, so that a row of small things has an end soon.
static void take_bulk(void) {
    constexpr uint64_t REST = 128 * PAGE_SIZE;
    uint64_t part, bytes = available(pool) - REST;
    while (bytes > REST && available(pool) > 2 * REST) {
        if (sys_reticle_split(pool, bytes, &part) == STATUS_OK) {
            held[count++] = part;
        } else {
            bytes /= 2; // so much is not left in a few blocks
        }
    }
}

static enum status more_pages(void) {
    uint64_t memory;
    enum status status = sys_memory_carve(pool, PAGE_SIZE, 0, 0, &memory);
    return keep(status, memory);
}

static enum status more_bytes(void) {
    uint64_t memory;
    enum status status = STATUS_OK;
    for (uint64_t pages = 1024; pages != 0; pages /= 2) {
        status = sys_memory_carve(pool, pages * PAGE_SIZE, 0, 0, &memory);
        if (status == STATUS_OK) {
            break;
        }
    }
    return keep(status, memory);
}

static enum status more_reticles(void) {
    uint64_t part;
    enum status status = sys_reticle_split(pool, PAGE_SIZE, &part);
    return keep(status, part);
}

static enum status more_tasks(void) {
    uint64_t task;
    enum status status = sys_task_carve(pool, &task);
    return keep(status, task);
}

static enum status more_rings(void) {
    uint64_t ring;
    enum status status = sys_ring_carve(pool, 2, &ring);
    return keep(status, ring);
}

static enum status more_bundles(void) {
    uint64_t bundle;
    enum status status = sys_bundle_carve(pool, &bundle);
    return keep(status, bundle);
}

constexpr uint32_t COPIES = 16'000; // of the page: they are revoked rather than dropped

static enum status more_slots(void) {
    uint64_t copy;
    enum status status = sys_handle_copy(page, RIGHT_ALL, &copy);
    return keep(status, copy);
}

// Pages of its handle table, when there is nothing left to pay them with.
static enum status more_tables(void) {
    return more_pages() == STATUS_OK ? STATUS_OK : more_slots();
}

static enum status more_depth(void) {
    uint64_t part, from = count == 0 ? pool : held[count - 1];
    enum status status = sys_reticle_split(from, (80 - 2 * count) * PAGE_SIZE, &part);
    return keep(status, part);
}

// ------------------------------------------------------------------------ its threads

static _Atomic uint32_t word;          // the bystanders sleep on theirs at the same address
static _Atomic uint32_t begun, opened; // threads

static void sleep_on_word(void *argument) {
    (void)argument;
    for (atomic_fetch_add(&begun, 1);;) {
        (void)sys_futex_wait((uint64_t)&word, 0, TIME_NEVER, 0);
    }
}

static void sleep_a_moment(void *argument) {
    uint64_t bits, each = 200 * MILLISECOND + (uint64_t)argument * MILLISECOND / 10;
    for (atomic_fetch_add(&begun, 1);;) {
        (void)sys_signal_wait(0, deadline_in(each), 0, 0, 0, &bits);
    }
}

// One more; at the end all of them have begun to sleep.
static enum status more_started(void (*run)(void *)) {
    uint64_t thread, top = STACKS_AT + (count + 1) * STACK;
    enum status status = thread_spawn(run, (void *)(uint64_t)count, (void *)top, 0, &thread);
    if (status == STATUS_OK) {
        atomic_fetch_add(&opened, 1);
    }
    while (status != STATUS_OK && atomic_load(&begun) != atomic_load(&opened)) {
        pause_for(MILLISECOND / 4);
    }
    return keep(status, thread);
}

static enum status more_threads(void) {
    uint64_t thread;
    enum status status = sys_thread_carve(0, (uint64_t)sleep_on_word, 0, 0, 0, 0, &thread);
    return keep(status, thread);
}

// All in one bucket; each time that there are no more, some are woken and sleep again.
static enum status more_sleepers(void) {
    uint64_t woken;
    enum status status = more_started(sleep_on_word);
    if (status != STATUS_OK) {
        (void)CHECK_OK(sys_futex_wake((uint64_t)&word, 64, &woken));
    }
    return status;
}

static enum status more_deadlines(void) {
    return more_started(sleep_a_moment);
}

// ------------------------------------------------------- messages, Bundles, budgets, views

static enum status more_messages(void) {
    struct ring_message message = {.header = {.type = 1}};
    return endpoint_send(&line, &message);
}

static enum status more_in_flight(void) {
    return sys_ring_send(line.handle, HELD, page, RIGHT_ALL, 0);
}

static uint32_t names; // in the Bundle of this row

// Values of so many bytes, or of fewer.
static enum status more_in_bundle(uint64_t most, uint64_t least) {
    if (count == 0) {
        names = 0;
        return more_bundles();
    }
    char name[2] = {(char)('a' + names / 26), (char)('a' + names % 26)};
    enum status status = sys_bundle_value(held[0], (uint64_t)name, 2, HELD_AT, most);
    if (status == STATUS_FULL && least != most) {
        status = sys_bundle_value(held[0], (uint64_t)name, 2, HELD_AT, least);
    }
    names++;
    return status;
}

static enum status more_names(void) {
    return more_in_bundle(0, 0);
}

static enum status more_values(void) {
    return more_in_bundle(700, 8);
}

static enum status more_parts(void) {
    uint64_t part;
    enum status status = sys_budget_carve(pool, purse, PART, SHARE, 0, 0, &part);
    return keep(status, part);
}

static enum status more_bound(void) {
    enum status status = more_threads();
    return status == STATUS_OK ? sys_budget_bind(purse, held[count - 1]) : status;
}

static enum status view_at(uint64_t address) {
    uint64_t view;
    enum status status = sys_memory_map(0, page, address, 0, PAGE_SIZE, MAP_READ, &view);
    return keep(status, view);
}

// The last places of the table are views: so many copies are faster to drop.
static enum status more_views(void) {
    return count < COPIES ? more_slots() : view_at(VIEWS_AT + (count - COPIES) * PAGE_SIZE);
}

// Two page tables each, and they stay: this is the last row.
static enum status more_page_tables(void) {
    return view_at(SPARSE_AT + ((uint64_t)count << 30));
}

static void drop_to(uint32_t left) {
    while (count > left) {
        drop(held[--count]);
    }
}

static const struct row {
    const char *name;
    enum status (*more)(void);
    enum status end;
} rows[] = {
    {"bytes", more_bytes, STATUS_NO_MEMORY},
    {"pages and cells", more_pages, STATUS_NO_MEMORY},
    {"Reticles", more_reticles, STATUS_NO_MEMORY},
    {"depth of Reticles", more_depth, STATUS_BAD_ARGUMENT},
    {"Tasks", more_tasks, STATUS_NO_MEMORY},
    {"Ring ends", more_rings, STATUS_NO_MEMORY},
    {"Bundles", more_bundles, STATUS_NO_MEMORY},
    {"names in a Bundle", more_names, STATUS_FULL},
    {"values in a Bundle", more_values, STATUS_FULL},
    {"messages", more_messages, STATUS_FULL},
    {"capabilities in flight", more_in_flight, STATUS_FULL},
    {"parts of a budget", more_parts, STATUS_FULL},
    {"threads of a budget", more_bound, STATUS_FULL},
    {"threads, asleep in one bucket", more_sleepers, STATUS_NO_SLOTS},
    {"threads with a deadline each", more_deadlines, STATUS_NO_SLOTS},
    {"pages of the handle table", more_tables, STATUS_NO_MEMORY},
    {"handles", more_slots, STATUS_NO_SLOTS},
    {"views", more_views, STATUS_NO_SLOTS},
    {"page tables", more_page_tables, STATUS_NO_MEMORY},
};
constexpr uint32_t ROWS = sizeof rows / sizeof *rows;

static enum status take_all(const struct row *row) {
    enum status status;
    do {
        status = row->more();
    } while (status == STATUS_OK);
    return status;
}

// To the end of the row, and there again and again until the order changes.
static void use_up(uint32_t number) {
    struct report *report = the_report();
    const struct row *row = &rows[number - 1];
    if (row->end == STATUS_NO_MEMORY) {
        take_bulk();
    }
    enum status status = take_all(row);
    atomic_store(&report->again, 0);
    atomic_store(&report->status, status);
    atomic_store(&report->row, number);
    while (atomic_load(&the_order()->row) == number) {
        drop_to(count == 0 ? 0 : count - 1);
        (void)CHECK_EQ(take_all(row), status);
        atomic_fetch_add(&report->again, 1);
        pause_for(MILLISECOND / 10); // attack.c is about who does not pause
    }
    if (count > COPIES) {
        drop_to(COPIES);
        (void)CHECK_OK(sys_handle_revoke(page));
        count = 0;
    }
    drop_to(0);
}

static void map_at(uint64_t memory, uint64_t address, uint64_t bytes, uint64_t flags) {
    uint64_t view;
    (void)CHECK_OK(sys_memory_map(0, memory, address, 0, bytes, flags, &view));
}

static uint64_t map_new(uint64_t address, uint64_t bytes) {
    uint64_t memory;
    (void)CHECK_OK(sys_memory_carve(pool, bytes, PAGE_SHIFT, 0, &memory));
    map_at(memory, address, bytes, MAP_READ | MAP_WRITE);
    return memory;
}

uint32_t role_glutton(void) {
    pool = child_slot("pool", CLASS_RETICLE);
    purse = child_slot("budget", CLASS_BUDGET);
    map_at(child_slot("order", CLASS_MEMORY), AREA, PAGE_SIZE, MAP_READ);
    uint64_t report = map_new(AREA + PAGE_SIZE, PAGE_SIZE);
    (void)map_new(HELD_AT, HELD * sizeof *held);
    (void)map_new(STACKS_AT, THREADS * STACK);
    (void)CHECK_OK(sys_memory_carve(pool, PAGE_SIZE, 0, 0, &page));
    (void)CHECK_OK(endpoint_open(&line, child_slot("ring", CLASS_RING), 0, 1));
    (void)CHECK_OK(sys_ring_send(line.handle, 0, report, RIGHT_ALL, 0));
    for (;;) {
        uint32_t row = atomic_load(&the_order()->row);
        if (row > ROWS) {
            return 0;
        }
        if (row != 0) {
            use_up(row);
        } else {
            pause_for(MILLISECOND / 2);
        }
    }
}

// ------------------------------------------------------------------- what bystanders do

static void work_with_memory(uint64_t reticle, uint64_t at) {
    uint64_t memory, view, copy = HANDLE_NONE;
    (void)CHECK_OK(sys_memory_carve(reticle, 4 * PAGE_SIZE, 0, 0, &memory));
    (void)CHECK_OK(sys_memory_map(0, memory, at, 0, 4 * PAGE_SIZE, MAP_READ | MAP_WRITE, &view));
    for (uint32_t i = 0; i < 4 && check_good(); i++) {
        volatile uint32_t *first = (volatile uint32_t *)(at + i * PAGE_SIZE);
        (void)CHECK_EQ(*first, 0);
        *first = i + 1;
        (void)CHECK_OK(sys_handle_copy(memory, RIGHT_ALL, &copy));
    }
    drop(view);
    drop(copy);
    (void)CHECK_OK(sys_handle_revoke(memory));
    drop(memory);
}

static void work_with_objects(uint64_t reticle, uint64_t budget) {
    uint64_t part, made, end[2], few;
    (void)CHECK_OK(sys_reticle_split(reticle, 20 * PAGE_SIZE, &part));
    (void)CHECK_OK(sys_task_carve(part, &made));
    (void)CHECK_OK(sys_bundle_carve(part, &made));
    (void)CHECK_OK(sys_bundle_value(made, (uint64_t)"a", 1, (uint64_t)&part, sizeof part));
    (void)CHECK_OK(sys_ring_carve(part, 2, &end[0]));
    (void)CHECK_OK(sys_ring_carve(part, 2, &end[1]));
    (void)CHECK_OK(sys_ring_bind(end[0], end[1]));
    (void)CHECK_OK(sys_ring_send(end[0], 0, made, RIGHT_ALL, 1));
    (void)CHECK_OK(sys_budget_carve(part, budget, PART, SHARE, 0, 0, &few));
    (void)CHECK_OK(sys_budget_bind(few, 0));
    (void)CHECK_OK(sys_budget_bind(0, 0));
    drop(part);
}

static _Atomic uint32_t nap_status;

static void nap(void *argument) {
    (void)argument;
    atomic_store(&nap_status, sys_futex_wait((uint64_t)&word, 0, deadline_in(ROW), 0));
}

// A thread sleeps on the word until it is woken, and this one until its deadline.
static void work_with_threads(void) {
    uint64_t woken = 0, bits, until = deadline_in(MILLISECOND / 2), end = deadline_in(ROW);
    worker_open(&workers[0], nap, nullptr, 0);
    (void)CHECK_STATUS(sys_signal_wait(0, until, 0, 0, 0, &bits), STATUS_TIMED_OUT);
    (void)CHECK(time_now() >= until);
    while (woken == 0 && check_good() && time_now() < end) {
        (void)CHECK_OK(sys_futex_wake((uint64_t)&word, 1, &woken));
    }
    (void)CHECK_EQ(woken, 1);
    worker_close(&workers[0]);
    (void)CHECK_EQ(atomic_load(&nap_status), STATUS_OK);
}

static void work(uint64_t reticle, uint64_t budget) {
    work_with_memory(reticle, AREA + MIB);
    work_with_objects(reticle, budget);
    work_with_threads();
}

// Answers each message, which has Memory beside it, with the same, when it has done its work.
uint32_t role_bystander(void) {
    static struct endpoint endpoint;
    uint64_t reticle = child_slot("pool", CLASS_RETICLE), sequence, bits, taken, view;
    uint64_t budget = child_slot("budget", CLASS_BUDGET);
    (void)CHECK_OK(endpoint_open(&endpoint, child_slot("ring", CLASS_RING), 0, 1));
    for (;;) {
        struct ring_message message;
        enum status status = endpoint_receive(&endpoint, &message, &sequence);
        if (status == STATUS_EMPTY) {
            (void)endpoint_wait(&endpoint, 0, TIME_NEVER, &bits);
            continue;
        }
        if (!CHECK_OK(status) || message.header.type == 2) {
            return 0;
        }
        (void)CHECK_OK(endpoint_take(&endpoint, sequence, CLASS_MEMORY, RIGHT_MEMORY_READ, &taken));
        (void)CHECK_OK(sys_memory_map(0, taken, AREA, 0, PAGE_SIZE, MAP_READ, &view));
        (void)CHECK_EQ(*(volatile uint32_t *)AREA, message.header.transaction);
        drop(view);
        work(reticle, budget);
        struct endpoint_capability beside = {taken, RIGHT_ALL, true};
        (void)CHECK_OK(endpoint_send_with(&endpoint, &message, &beside, 1));
    }
}

// ------------------------------------------------------------------------- around them

static struct child glutton, other;
static uint64_t mine, budget; // of this bystander
static uint64_t orders, order_view, report_view, flooded;
constexpr uint64_t OTHER_BYTES = MIB, MINE_BYTES = MIB / 2;

struct account {
    uint64_t words[4];
};

static uint64_t handles_of(uint64_t task) {
    uint64_t found = 0, index = 0, word;
    while (sys_task_slot(task, index, &index, &word, &word, &word) == STATUS_OK) {
        index++;
        found++;
    }
    return found;
}

// The books of this bystander, of the other one and of what both live in.
static void accounts_read(struct account account[4]) {
    const uint64_t reticles[] = {mine, other.spawn.reticle, ground};
    for (uint32_t i = 0; i < 3; i++) {
        uint64_t *words = account[i].words;
        (void)CHECK_OK(sys_reticle_info(reticles[i], &words[0], &words[1], &words[2], &words[3]));
    }
    account[3] = (struct account){{handles_of(other.spawn.task)}};
}

// Where the child failed, if it has.
static void other_failed(const char *what) {
    uint64_t state, status, threads, time;
    if (sys_task_info(other.spawn.task, &state, &status, &threads, &time) == STATUS_OK &&
        state == TASK_ENDED) {
        check_say(__FILE__, (int)status, "the other bystander failed in that line: %s", what);
    } else {
        check_say(__FILE__, __LINE__, "the other bystander does not answer: %s", what);
    }
}

// One round of both: this one calls the other, with Memory beside the message, and works.
static void round_of_both(struct endpoint *endpoint, const char *what) {
    uint64_t at = AREA + 2 * MIB, memory, view, sequence, taken;
    struct ring_message message = {.header = {.type = 1}};
    if (!CHECK_OK(sys_memory_carve(mine, PAGE_SIZE, 0, 0, &memory)) ||
        !CHECK_OK(sys_memory_map(0, memory, at, 0, PAGE_SIZE, MAP_READ | MAP_WRITE, &view))) {
        return;
    }
    *(volatile uint32_t *)at = endpoint->transaction + 1;
    struct endpoint_capability beside = {memory, RIGHT_ALL, false};
    if (endpoint_call(endpoint, &message, &beside, 1, deadline_in(ROW), nullptr, nullptr,
                      &sequence) != STATUS_OK) {
        other_failed(what);
        return;
    }
    (void)CHECK_OK(endpoint_take(endpoint, sequence, CLASS_MEMORY, RIGHT_MEMORY_READ, &taken));
    drop(taken);
    drop(view);
    drop(memory);
    work(mine, budget);
}

// It is the owner's alone to write: the child sends a copy of it.
static bool report_take(void) {
    uint64_t copy, description, until = deadline_in(PATIENCE);
    enum status status;
    do {
        pause_for(MILLISECOND / 2);
        status = sys_ring_take(flooded, 0, CLASS_MEMORY, &copy, &description);
    } while (status == STATUS_EMPTY && time_now() < until);
    report_view = CHECK_OK(status) ? map_here(copy, AREA + PAGE_SIZE, PAGE_SIZE, MAP_READ) : 0;
    return report_view != HANDLE_NONE;
}

static bool glutton_open(void) {
    uint64_t version, size, harts, thread, part;
    (void)CHECK_OK(sys_system_info(0, &version, &size, &harts, &thread));
    glutton = (struct child){.role = "glutton", .bit = 1, .bytes = 2 * MIB + THREADS * thread};
    orders = carve_memory(PAGE_SIZE, 0);
    order_view = map_here(orders, AREA, PAGE_SIZE, MAP_READ | MAP_WRITE);
    if (!child_begin(&glutton) ||
        !CHECK_OK(sys_budget_carve(glutton.spawn.reticle, bundle_need("budget", CLASS_BUDGET),
                                   10 * PART, SHARE, 0, 0, &part))) {
        return false;
    }
    flooded = child_connect(&glutton, "ring", 2);
    return child_copy(&glutton, "order", orders, RIGHT_MEMORY_READ) &&
           child_copy(&glutton, "pool", glutton.spawn.reticle, RIGHT_ALL) &&
           child_move(&glutton, "budget", part) && child_start(&glutton) && report_take();
}

static bool bystanders_open(struct endpoint *endpoint) {
    uint64_t all = bundle_need("budget", CLASS_BUDGET), part;
    other = (struct child){.role = "bystander", .bit = 2, .bytes = OTHER_BYTES};
    if (!CHECK_OK(sys_reticle_split(ground, MINE_BYTES, &mine)) ||
        !CHECK_OK(sys_budget_carve(mine, all, 2 * PART, SHARE, 0, 0, &budget)) ||
        !child_begin(&other) ||
        !CHECK_OK(sys_budget_carve(other.spawn.reticle, all, 2 * PART, SHARE, 0, 0, &part))) {
        return false;
    }
    uint64_t ring = child_connect(&other, "ring", 4);
    return child_copy(&other, "pool", other.spawn.reticle, RIGHT_ALL) &&
           child_move(&other, "budget", part) && child_start(&other) &&
           CHECK_OK(endpoint_open(endpoint, ring, 5, 6));
}

// Both go on while it comes to the end of the row, and then for a round or more, in which
// it must have been refused again.
static void beside(struct endpoint *endpoint, uint32_t number, const struct account before[4]) {
    const struct report *report = the_report();
    const struct row *row = &rows[number - 1];
    struct account after[4];
    uint64_t until = deadline_in(ROW);
    atomic_store(&the_order()->row, number);
    while (atomic_load(&report->row) != number && check_good() && time_now() < until) {
        round_of_both(endpoint, row->name);
    }
    if (atomic_load(&report->row) != number || atomic_load(&report->status) != row->end) {
        check_say(__FILE__, __LINE__, "%s: not used up, status %u", row->name,
                  atomic_load(&report->status));
    }
    uint64_t again = atomic_load(&report->again);
    for (uint32_t i = 0; check_good() && (i == 0 || atomic_load(&report->again) < again + 2); i++) {
        round_of_both(endpoint, row->name);
        (void)CHECK(time_now() < until + ROW);
    }
    accounts_read(after);
    if (check_good() && memcmp(after, before, sizeof after) != 0) {
        check_say(__FILE__, __LINE__, "%s: the bystanders' books have changed", row->name);
    }
}

static void each(void) {
    static struct endpoint endpoint;
    struct account before[4];
    uint64_t from = time_now();
    if (!bystanders_open(&endpoint) || !glutton_open()) {
        return;
    }
    for (uint32_t i = 0; i < 3 && check_good(); i++) { // until their tables have their size
        round_of_both(&endpoint, "nothing");
    }
    accounts_read(before);
    for (uint32_t number = 1; number <= ROWS && check_good(); number++) {
        beside(&endpoint, number, before);
    }
    say("# %u rows, %u rounds: %lu ms", ROWS, endpoint.transaction,
        (time_now() - from) / MILLISECOND);
    atomic_store(&the_order()->row, ROWS + 1);
    child_finish(&glutton);
    struct ring_message last = {.header = {.type = 2}};
    (void)CHECK_OK(endpoint_send(&endpoint, &last));
    child_finish(&other);
    endpoint_close(&endpoint);
    drop(report_view);
    drop(order_view);
    drop(orders);
    drop(flooded);
    drop(mine);
}

TESTS(exhaustion, {"each", each});
