// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Each syscall with each error that its line of abi/syscalls.def lists: an attempt that
// must end with just that one. A pair that is listed and has no attempt here fails the
// test, so the table and what the kernel says cannot drift apart. What can only be met
// while something dies is in matrix_busy.c; wrong handles are in error.c.
#include "tests/ktest/matrix.h"
#include "lib/string/string.h"
#include "lib/vectra/bundle.h"
#include "tests/ktest/child.h"

enum : uint64_t { ABSENT = UINT64_C(0x1d0000000) }; // nothing is mapped there

static uint64_t word, other_word;

// ---------------------------------------------------------------------- Reticles

// A Reticle of which nothing is left but cells.
static uint64_t spent(void) {
    uint64_t reticle = HANDLE_NONE, memory;
    (void)CHECK_OK(sys_reticle_split(ground, 4 * PAGE_SIZE, &reticle));
    while (sys_memory_carve(reticle, PAGE_SIZE, 0, 0, &memory) == STATUS_OK) {
    }
    return reticle;
}

static enum status without_memory(const struct attempt *attempt) {
    uint64_t reticle = spent();
    enum status status =
        (enum status)arch_call6(attempt->number, reticle,
                                attempt->number == CALL_ring_carve ? 2 : PAGE_SIZE, 0, 0, 0, 0)
            .status;
    drop(reticle);
    return status;
}

static enum status split_nothing(const struct attempt *attempt) {
    (void)attempt;
    return sys_reticle_split(ground, 0, &word);
}

static enum status grow_badly(const struct attempt *attempt) {
    uint64_t part;
    (void)CHECK_OK(sys_reticle_split(ground, PAGE_SIZE, &part));
    enum status status =
        sys_reticle_grow(part, ground, attempt->status == STATUS_NO_MEMORY ? GROUND_SIZE : 0);
    drop(part);
    return status;
}

// ------------------------------------------------------------------------ Memory

static enum status map_as(uint64_t address, uint64_t offset, uint64_t flags) {
    uint64_t memory = carve_memory(PAGE_SIZE, 0), view;
    enum status status = sys_memory_map(0, memory, address, offset, PAGE_SIZE, flags, &view);
    drop(memory);
    return status;
}

static enum status map_badly(const struct attempt *attempt) {
    switch (attempt->status) {
    case STATUS_BAD_ARGUMENT:
        return map_as(AREA, 1, MAP_READ);
    case STATUS_BAD_ADDRESS:
        return map_as(USER_TOP, 0, MAP_READ);
    default:
        return STATUS_OK;
    }
}

static enum status map_lone_peer(const struct attempt *attempt) {
    (void)attempt;
    uint64_t ring;
    (void)CHECK_OK(sys_ring_carve(ground, 2, &ring));
    enum status status = sys_memory_map(0, ring, AREA, 0, PAGE_SIZE, MAP_READ | MAP_PEER, &word);
    drop(ring);
    return status;
}

// Where something is already; or executable while it is writable.
static enum status map_again(const struct attempt *attempt) {
    bool busy = attempt->status == STATUS_BUSY;
    uint64_t memory = carve_memory(PAGE_SIZE, busy ? CARVE_CODE : 0);
    uint64_t view = map_here(memory, AREA, PAGE_SIZE, MAP_READ | MAP_WRITE);
    enum status status = sys_memory_map(0, memory, busy ? AREA + PAGE_SIZE : AREA, 0, PAGE_SIZE,
                                        busy ? MAP_READ | MAP_EXECUTE : MAP_READ, &word);
    drop(view);
    drop(memory);
    return status;
}

// Into a Task that can pay for no page table.
static enum status map_without_tables(const struct attempt *attempt) {
    (void)attempt;
    uint64_t reticle, task, memory = carve_memory(PAGE_SIZE, 0);
    (void)CHECK_OK(sys_reticle_split(ground, 3 * PAGE_SIZE, &reticle));
    (void)CHECK_OK(sys_task_carve(reticle, &task));
    enum status status = sys_memory_map(task, memory, AREA, 0, PAGE_SIZE, MAP_READ, &word);
    drop(memory);
    drop(reticle);
    return status;
}

static enum status wipe_mapped(const struct attempt *attempt) {
    (void)attempt;
    uint64_t memory = carve_memory(PAGE_SIZE, 0);
    uint64_t view = map_here(memory, AREA, PAGE_SIZE, MAP_READ);
    enum status status = sys_memory_wipe(memory);
    drop(view);
    drop(memory);
    return status;
}

static enum status carve_nothing(const struct attempt *attempt) {
    (void)attempt;
    return sys_memory_carve(ground, 0, 0, 0, &word);
}

// ---------------------------------------------------------------- Tasks, threads

// How many views fill a Task's table, less what it needs to be started.
static void fill_table(const struct hand *hand, uint64_t memory) {
    uint64_t address = ABSENT;
    while (sys_memory_map(hand->task, memory, address, 0, PAGE_SIZE, MAP_READ, &word) ==
           STATUS_OK) {
        address += PAGE_SIZE;
    }
}

static enum status start_badly(const struct attempt *attempt) {
    bool slots = attempt->status == STATUS_NO_SLOTS;
    struct hand hand = {.bytes = slots ? UINT64_C(3) << 20 : 0};
    uint64_t memory = carve_memory(PAGE_SIZE, 0), carved;
    enum status status = STATUS_OK;
    if (hand_begin(&hand, code_wait, 0)) {
        if (slots) {
            fill_table(&hand, memory);
        }
        while (attempt->status == STATUS_NO_MEMORY &&
               sys_memory_carve(hand.reticle, PAGE_SIZE, 0, 0, &carved) == STATUS_OK) {
        }
        if (attempt->status == STATUS_BAD_STATE) { // its thread is another Task's
            (void)CHECK_OK(sys_thread_carve(0, HAND_CODE, 0, 0, 0, 0, &hand.thread));
        }
        if (attempt->status == STATUS_BAD_ARGUMENT) { // writable Memory of the ground's books
            carved = carve_memory(PAGE_SIZE, 0);
            (void)CHECK_OK(sys_bundle_put(hand.bundle, (uint64_t)"m", 1, carved, RIGHT_ALL, 1));
        }
        status = sys_task_start(hand.task, hand.bundle, hand.thread);
    }
    if (attempt->status == STATUS_BAD_STATE) {
        drop(hand.thread);
    }
    hand_destroy(&hand);
    drop(memory);
    return status;
}

static enum status stop_unstarted(const struct attempt *attempt) {
    (void)attempt;
    struct hand hand = {};
    enum status status = hand_begin(&hand, code_wait, 0) ? sys_task_stop(hand.task, 0) : STATUS_OK;
    hand_destroy(&hand);
    return status;
}

static enum status slot_beyond(const struct attempt *attempt) {
    (void)attempt;
    struct hand hand = {};
    enum status status = STATUS_OK;
    if (hand_begin(&hand, code_wait, 0)) {
        status = sys_task_slot(hand.task, UINT64_MAX, &word, &word, &word, &word);
    }
    hand_destroy(&hand);
    return status;
}

static enum status thread_badly(const struct attempt *attempt) {
    (void)attempt;
    return sys_thread_carve(0, USER_TOP, 0, 0, 0, 0, &word);
}

// In a Task that ended, or one that can pay for none.
static enum status thread_too_late(const struct attempt *attempt) {
    struct hand hand = {};
    uint64_t thread = HANDLE_NONE, exit_status;
    enum status status = STATUS_OK;
    if (attempt->status == STATUS_NO_MEMORY) {
        if (hand_begin(&hand, code_wait, 0)) {
            do {
                status = sys_thread_carve(hand.task, HAND_CODE, 0, 0, 0, 0, &thread);
            } while (status == STATUS_OK);
        }
    } else if (hand_begin(&hand, code_exit, 0) &&
               CHECK_OK(sys_thread_carve(hand.task, HAND_CODE, 0, 0, 0, 0, &thread)) &&
               hand_start(&hand) && hand_ended(&hand, &exit_status)) {
        status = attempt->number == CALL_thread_start
                     ? sys_thread_start(thread)
                     : sys_thread_carve(0, HAND_CODE, 0, 0, 0, 0, &word);
    }
    hand_destroy(&hand);
    return status;
}

// ------------------------------------------------------------------------- Rings

struct pair {
    uint64_t a, b;
};

static struct pair pair_open(uint64_t reticle) {
    struct pair pair = {};
    (void)CHECK_OK(sys_ring_carve(reticle, 2, &pair.a));
    (void)CHECK_OK(sys_ring_carve(ground, 2, &pair.b));
    (void)CHECK_OK(sys_ring_bind(pair.a, pair.b));
    return pair;
}

static enum status lone_ring(const struct attempt *attempt) {
    uint64_t ring;
    (void)CHECK_OK(sys_ring_carve(ground, 2, &ring));
    enum status status =
        (enum status)arch_call6(attempt->number, ring, attempt->number == CALL_ring_send ? 0 : 1,
                                ring, 0, 0, 0)
            .status;
    drop(ring);
    return status;
}

static enum status carve_odd(const struct attempt *attempt) {
    (void)attempt;
    return sys_ring_carve(ground, 3, &word);
}

static enum status bind_again(const struct attempt *attempt) {
    (void)attempt;
    struct pair pair = pair_open(ground);
    enum status status = sys_ring_bind(pair.a, pair.b);
    drop(pair.a);
    drop(pair.b);
    return status;
}

static enum status send_badly(const struct attempt *attempt) {
    uint64_t reticle = HANDLE_NONE, memory = carve_memory(PAGE_SIZE, 0), carved;
    (void)CHECK_OK(sys_reticle_split(ground, 4 * PAGE_SIZE, &reticle));
    struct pair pair = pair_open(reticle);
    uint64_t view = HANDLE_NONE;
    enum status status = STATUS_OK;
    switch (attempt->status) {
    case STATUS_FULL:
        for (uint32_t i = 0; i < 64 && status == STATUS_OK; i++) {
            status = sys_ring_send(pair.a, i, memory, RIGHT_ALL, 0);
        }
        break;
    case STATUS_BUSY: // moved while something of it would stay behind
        view = map_here(memory, AREA, PAGE_SIZE, MAP_READ | MAP_WRITE);
        status = sys_ring_send(pair.a, 0, memory, RIGHT_ALL, 1);
        drop(view);
        break;
    case STATUS_BAD_ARGUMENT: // through itself
        status = sys_ring_send(pair.a, 0, pair.b, RIGHT_ALL, 0);
        break;
    default:
        while (sys_memory_carve(reticle, PAGE_SIZE, 0, 0, &carved) == STATUS_OK) {
        }
        status = sys_ring_send(pair.a, 0, memory, RIGHT_ALL, 0);
        break;
    }
    drop(pair.b);
    drop(reticle);
    drop(memory);
    return status;
}

static enum status take_badly(const struct attempt *attempt) {
    struct pair pair = pair_open(ground);
    uint64_t memory = carve_memory(PAGE_SIZE, 0);
    if (attempt->status == STATUS_REVOKED) {
        (void)CHECK_OK(sys_ring_send(pair.a, 0, memory, RIGHT_ALL, 0));
        (void)CHECK_OK(sys_handle_revoke(memory));
    }
    enum status status = sys_ring_take(pair.b, 0, CLASS_NONE, &word, &other_word);
    drop(memory);
    drop(pair.a);
    drop(pair.b);
    return status;
}

static enum status bell_badly(const struct attempt *attempt) {
    struct pair pair = pair_open(ground);
    uint64_t mask = attempt->status == STATUS_BAD_ARGUMENT ? 0 : UINT64_C(1) << 39;
    enum status status = sys_doorbell_wait(pair.a, mask, 0, 0, 0, &word);
    drop(pair.a);
    drop(pair.b);
    return status;
}

// ----------------------------------------------------------------------- Bundles

static enum status put_badly(const struct attempt *attempt) {
    struct pair pair = pair_open(ground); // a mapped end cannot be moved
    uint64_t bundle, view = map_here(pair.a, AREA, PAGE_SIZE, MAP_READ | MAP_WRITE);
    bool value = attempt->number == CALL_bundle_value;
    (void)CHECK_OK(sys_bundle_carve(ground, &bundle));
    char name[] = "a0";
    uint64_t at = attempt->status == STATUS_BAD_ADDRESS ? ABSENT : (uint64_t)name;
    uint64_t length = attempt->status == STATUS_BAD_ARGUMENT ? 0 : 2;
    uint64_t move = attempt->status == STATUS_BUSY;
    enum status status = STATUS_OK;
    for (uint32_t i = 0; i < 80 && status == STATUS_OK; i++) {
        status = value ? sys_bundle_value(bundle, at, length, 0, 0)
                       : sys_bundle_put(bundle, at, length, pair.a, RIGHT_ALL, move);
        if (attempt->status == STATUS_FULL) { // another name each time
            name[0] = (char)('a' + (i + 1) / 10);
            name[1] = (char)('0' + (i + 1) % 10);
        }
    }
    drop(bundle);
    drop(view);
    drop(pair.a);
    drop(pair.b);
    return status;
}

// --------------------------------------------------------------- in a full table

// What needs a slot of the caller's table, in a child whose table is full, or whose
// Reticle cannot pay for another page of it.
uint32_t role_matrix(void) {
    enum status wanted = (enum status)child_value("wanted");
    uint64_t memory = child_slot("memory", CLASS_MEMORY),
             reticle = child_slot("ground", CLASS_RETICLE);
    uint64_t ring = child_slot("ring", CLASS_RING), copy;
    while (sys_handle_copy(memory, RIGHT_INSPECT, &copy) == STATUS_OK) {
    }
    (void)CHECK_STATUS(sys_handle_copy(memory, RIGHT_INSPECT, &copy), wanted);
    (void)CHECK_STATUS(sys_reticle_split(reticle, PAGE_SIZE, &copy), wanted);
    (void)CHECK_STATUS(sys_memory_carve(reticle, PAGE_SIZE, 0, 0, &copy), wanted);
    (void)CHECK_STATUS(sys_memory_map(0, memory, AREA_FIRST, 0, PAGE_SIZE, MAP_READ, &copy),
                       wanted);
    (void)CHECK_STATUS(sys_task_carve(reticle, &copy), wanted);
    (void)CHECK_STATUS(sys_thread_carve(0, HAND_CODE, 0, 0, 0, 0, &copy), wanted);
    (void)CHECK_STATUS(sys_ring_carve(reticle, 2, &copy), wanted);
    (void)CHECK_STATUS(sys_ring_take(ring, 0, CLASS_NONE, &copy, &word), wanted);
    (void)CHECK_STATUS(sys_bundle_carve(reticle, &copy), wanted);
    uint64_t budget = child_slot("budget", CLASS_BUDGET);
    (void)CHECK_STATUS(
        sys_budget_carve(reticle, budget, MILLISECOND, 10 * MILLISECOND, 0, 0, &copy), wanted);
    return 0;
}

static void full_table(uint64_t wanted) {
    struct child child = {.role = "matrix",
                          .bytes = wanted == STATUS_NO_SLOTS ? UINT64_C(3) << 20 : 0};
    uint64_t memory = carve_memory(PAGE_SIZE, 0);
    if (child_begin(&child) &&
        CHECK_OK(spawn_value(&child.spawn, "wanted", &wanted, sizeof wanted))) {
        uint64_t ring = child_connect(&child, "ring", 2);
        (void)child_copy(&child, "memory", memory, RIGHT_ALL);
        (void)child_copy(&child, "budget", bundle_need("budget", CLASS_BUDGET), RIGHT_ALL);
        (void)child_copy(&child, "ground", ground, RIGHT_ALL);
        (void)CHECK_OK(sys_ring_send(ring, 0, memory, RIGHT_ALL, 0));
        if (child_start(&child)) {
            child_finish(&child);
        }
        drop(ring);
    }
    drop(memory);
}

static void no_slots(void) {
    full_table(STATUS_NO_SLOTS);
}

static void no_memory(void) {
    full_table(STATUS_NO_MEMORY);
}

// --------------------------------------------------------------------- small ones

static enum status info_beyond(const struct attempt *attempt) {
    (void)attempt;
    return sys_system_info(UINT32_MAX, &word, &word, &word, &word);
}

// A watch with a bit that there is not.
static enum status watch_badly(const struct attempt *attempt) {
    struct hand hand = {};
    uint64_t ring, handle = HANDLE_NONE;
    (void)CHECK_OK(sys_ring_carve(ground, 2, &ring));
    if (hand_begin(&hand, code_wait, 0)) {
        handle = attempt->number == CALL_reticle_watch  ? ground
                 : attempt->number == CALL_task_watch   ? hand.task
                 : attempt->number == CALL_thread_watch ? hand.thread
                                                        : ring;
    }
    enum status status =
        (enum status)arch_call6(attempt->number, handle, UINT64_MAX - 1, 0, 0, 0, 0).status;
    hand_destroy(&hand);
    drop(ring);
    return status;
}

static enum status wait_badly(const struct attempt *attempt) {
    bool timed = attempt->status == STATUS_TIMED_OUT;
    return (enum status)arch_call6(CALL_signal_wait, (uint64_t)timed << 39, timed ? 0 : TIME_NEVER,
                                   0, 0, 0, 0)
        .status;
}

static _Atomic uint32_t futex_word;

// CANCELLED is in futex.c, where somebody sleeps.
static enum status futex_badly(const struct attempt *attempt) {
    uint64_t address = attempt->status == STATUS_BAD_ADDRESS ? ABSENT : (uint64_t)&futex_word;
    uint64_t expected = attempt->status == STATUS_AGAIN ? 1 : 0;
    uint64_t at = attempt->number == CALL_futex_wake ? 1 : address; // not aligned
    return (enum status)arch_call6(attempt->number, at, expected, 0, 0, 0, 0).status;
}

static enum status machine_badly(const struct attempt *attempt) {
    (void)attempt;
    return sys_machine_control(bundle_need("machine", CLASS_MACHINE), MACHINE_POWER_OFF, 124, 0);
}

static const struct attempt attempts[] = {
    ATTEMPT(system_info, NOT_FOUND, info_beyond),
    ATTEMPT(reticle_split, BAD_ARGUMENT, split_nothing),
    ATTEMPT(reticle_split, NO_MEMORY, without_memory),
    ATTEMPT(reticle_grow, BAD_ARGUMENT, grow_badly),
    ATTEMPT(reticle_grow, NO_MEMORY, grow_badly),
    ATTEMPT(reticle_watch, BAD_ARGUMENT, watch_badly),
    ATTEMPT(memory_carve, BAD_ARGUMENT, carve_nothing),
    ATTEMPT(memory_carve, NO_MEMORY, without_memory),
    ATTEMPT(memory_map, BAD_ARGUMENT, map_badly),
    ATTEMPT(memory_map, BAD_ADDRESS, map_badly),
    ATTEMPT(memory_map, BAD_STATE, map_lone_peer),
    ATTEMPT(memory_map, NO_MEMORY, map_without_tables),
    ATTEMPT(memory_map, BUSY, map_again),
    ATTEMPT(memory_map, EXISTS, map_again),
    ATTEMPT(memory_wipe, BAD_STATE, wipe_mapped),
    ATTEMPT(task_carve, NO_MEMORY, without_memory),
    ATTEMPT(task_start, BAD_ARGUMENT, start_badly),
    ATTEMPT(task_start, BAD_STATE, start_badly),
    ATTEMPT(task_start, NO_MEMORY, start_badly),
    ATTEMPT(task_start, NO_SLOTS, start_badly),
    ATTEMPT(task_watch, BAD_ARGUMENT, watch_badly),
    ATTEMPT(task_stop, BAD_STATE, stop_unstarted),
    ATTEMPT(task_slot, NOT_FOUND, slot_beyond),
    ATTEMPT(thread_carve, BAD_ARGUMENT, thread_badly),
    ATTEMPT(thread_carve, NO_MEMORY, thread_too_late),
    ATTEMPT(thread_start, BAD_STATE, thread_too_late),
    ATTEMPT(thread_watch, BAD_ARGUMENT, watch_badly),
    ATTEMPT(ring_carve, BAD_ARGUMENT, carve_odd),
    ATTEMPT(ring_carve, NO_MEMORY, without_memory),
    ATTEMPT(ring_bind, BAD_STATE, bind_again),
    ATTEMPT(ring_watch, BAD_ARGUMENT, watch_badly),
    ATTEMPT(ring_send, NOT_BOUND, lone_ring),
    ATTEMPT(ring_send, FULL, send_badly),
    ATTEMPT(ring_send, BUSY, send_badly),
    ATTEMPT(ring_send, BAD_ARGUMENT, send_badly),
    ATTEMPT(ring_send, NO_MEMORY, send_badly),
    ATTEMPT(ring_take, EMPTY, take_badly),
    ATTEMPT(ring_take, REVOKED, take_badly),
    ATTEMPT(doorbell, NOT_BOUND, lone_ring),
    ATTEMPT(doorbell_wait, NOT_BOUND, lone_ring),
    ATTEMPT(doorbell_wait, TIMED_OUT, bell_badly),
    ATTEMPT(doorbell_wait, BAD_ARGUMENT, bell_badly),
    ATTEMPT(signal_wait, TIMED_OUT, wait_badly),
    ATTEMPT(signal_wait, BAD_ARGUMENT, wait_badly),
    ATTEMPT(futex_wait, AGAIN, futex_badly),
    ATTEMPT(futex_wait, BAD_ADDRESS, futex_badly),
    ATTEMPT(futex_wait, TIMED_OUT, futex_badly),
    ATTEMPT(futex_wake, BAD_ADDRESS, futex_badly),
    ATTEMPT(bundle_carve, NO_MEMORY, without_memory),
    ATTEMPT(bundle_put, BAD_ARGUMENT, put_badly),
    ATTEMPT(bundle_put, BAD_ADDRESS, put_badly),
    ATTEMPT(bundle_put, EXISTS, put_badly),
    ATTEMPT(bundle_put, FULL, put_badly),
    ATTEMPT(bundle_put, BUSY, put_badly),
    ATTEMPT(bundle_value, BAD_ARGUMENT, put_badly),
    ATTEMPT(bundle_value, BAD_ADDRESS, put_badly),
    ATTEMPT(bundle_value, EXISTS, put_badly),
    ATTEMPT(bundle_value, FULL, put_badly),
    ATTEMPT(machine_control, BAD_ARGUMENT, machine_badly),
};
constexpr size_t ATTEMPTS = sizeof attempts / sizeof attempts[0];

// Where the others are met: a full table (above), a fault, a device, a sleeper; some only by
// the kernel on the host (`host:FILE.TEST`). ./vectra check sees that each of these tests
// exists and that its file names the syscall and the status.
static const struct {
    const char *name, *errors, *where;
} elsewhere[] = {
    {"handle_copy", "NO_SLOTS NO_MEMORY", "matrix.no_slots, matrix.no_memory"},
    {"reticle_split", "NO_SLOTS", "matrix.no_slots"},
    {"memory_carve", "NO_SLOTS", "matrix.no_slots"},
    {"memory_map", "NO_SLOTS", "matrix.no_slots"},
    {"task_carve", "NO_SLOTS", "matrix.no_slots"},
    {"thread_carve", "NO_SLOTS", "matrix.no_slots"},
    {"ring_carve", "NO_SLOTS", "matrix.no_slots"},
    {"ring_take", "NO_SLOTS NO_MEMORY", "matrix.no_slots, matrix.no_memory"},
    {"bundle_carve", "NO_SLOTS", "matrix.no_slots"},
    {"device_port", "BAD_ARGUMENT", "device.console"},
    {"irq_watch", "BAD_ARGUMENT", "host:wait_test.an_interrupt_is_a_bit_until_acknowledged"},
    {"irq_acknowledge", "BAD_STATE", "host:wait_test.an_interrupt_is_a_bit_until_acknowledged"},
    {"futex_wait", "CANCELLED", "futex.cancel"},
    {"thread_registers", "BAD_ADDRESS BAD_STATE NOT_FOUND", "fault.errors"},
    {"thread_fault", "NOT_FOUND", "fault.errors"},
    {"thread_control", "BAD_ARGUMENT BAD_STATE NOT_FOUND", "fault.errors"},
    {"machine_control", "BAD_STATE BUSY", "trace.right"},
    {"machine_control", "BAD_ADDRESS",
     "host:device_test.a_program_says_one_line_of_what_can_be_printed"},
    {"thread_watchpoint", "BAD_ARGUMENT BAD_ADDRESS BAD_STATE NOT_FOUND", "debug.watch_errors"},
    {"thread_watchpoint", "UNSUPPORTED",
     "host:debug_test.watchpoints_are_loaded_with_their_thread_only"},
    {"task_memory", "BAD_ARGUMENT BAD_ADDRESS", "debug.memory"},
    {"signal_words", "BAD_ARGUMENT BUSY",
     "host:words_test.arguments, host:words_test.it_is_pinned"},
    {"budget_carve", "BAD_ARGUMENT BAD_ADDRESS FULL", "budget.errors"},
    {"budget_carve", "NO_SLOTS NO_MEMORY", "matrix.no_slots, matrix.no_memory"},
    {"budget_bind", "FULL", "budget.threads"},
};

static void each(void) {
    for (size_t i = 0; i < ATTEMPTS; i++) {
        enum status status = attempts[i].try(&attempts[i]);
        if (status != attempts[i].status) {
            check_say(__FILE__, __LINE__, "%s: status %u, not %u", attempts[i].name, status,
                      attempts[i].status);
        }
    }
}

// ------------------------------------------------------------------ nothing left out

static const char *const status_names[] = {
#define STATUS(number, name, sentence) [number] = #name,
    STATUS_LIST(STATUS)
#undef STATUS
};

static bool listed(const char *list, const char *name, size_t length) {
    for (; *list != '\0'; list++) {
        if (strncmp(list, name, length) == 0 && (list[length] == ' ' || list[length] == '\0')) {
            return true;
        }
        while (*list != ' ' && list[1] != '\0') {
            list++;
        }
    }
    return false;
}

static bool tried(const char *call, const char *error, size_t length) {
    for (size_t i = 0; i < ATTEMPTS + matrix_busy_count; i++) {
        const struct attempt *a = i < ATTEMPTS ? &attempts[i] : &matrix_busy[i - ATTEMPTS];
        if (strcmp(a->name, call) == 0 && listed(status_names[a->status], error, length)) {
            return true;
        }
    }
    for (size_t i = 0; i < sizeof elsewhere / sizeof elsewhere[0]; i++) {
        if (strcmp(elsewhere[i].name, call) == 0 && listed(elsewhere[i].errors, error, length)) {
            return true;
        }
    }
    return false;
}

static void complete(void) {
    static const struct {
        const char *name, *errors;
    } table[] = {
#define SYSCALL(number, name, switches, entry, arguments, results, rights, errors, sentence) \
    {#name, errors},
#include "abi/syscalls.def"
#undef SYSCALL
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const char *error = table[i].errors;
        while (*error != '\0') {
            size_t length = 0;
            while (error[length] != ' ' && error[length] != '\0') {
                length++;
            }
            if (!tried(table[i].name, error, length)) {
                check_say(__FILE__, __LINE__, "%s: nothing tries its error %s", table[i].name,
                          error);
            }
            error += length;
            error += *error == ' ';
        }
    }
}

TESTS(matrix, {"each", each}, {"no_slots", no_slots}, {"no_memory", no_memory},
      {"complete", complete});
