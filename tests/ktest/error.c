// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Every handle that every syscall takes, wrong in each way: none, stale, garbage, of
// each other class, and with each needed right taken away. Nothing may change by it.
#include "lib/vectra/bundle.h"
#include "tests/ktest/child.h"

// Stand-ins for handles of good objects, replaced when a row is tried.
enum good : uint64_t {
    GOOD_RETICLE = 0xbad0000000000000 + CLASS_RETICLE,
    GOOD_TASK = 0xbad0000000000000 + CLASS_TASK,
    GOOD_THREAD = 0xbad0000000000000 + CLASS_THREAD,
    GOOD_MEMORY = 0xbad0000000000000 + CLASS_MEMORY,
    GOOD_RING = 0xbad0000000000000 + CLASS_RING,
    GOOD_BUNDLE = 0xbad0000000000000 + CLASS_BUNDLE,
    GOOD_MACHINE = 0xbad0000000000000 + CLASS_MACHINE,
    GOOD_BUDGET = 0xbad0000000000000 + CLASS_BUDGET,
    GOOD_RING_LONE = 0xbad0000000000000 + 0x100,
};

enum syscall_number : uint64_t {
#define SYSCALL(number, name, ...) CALL_##name = number,
#include "abi/syscalls.def"
#undef SYSCALL
};

// One handle argument of one syscall. class CLASS_NONE: any but a view.
struct row {
    const char *name;
    enum syscall_number number;
    uint32_t which; // the argument that is the handle
    enum cap_class class;
    uint32_t rights;
    bool zero_is_self;
    uint64_t arguments[6];
};

constexpr uint64_t FREE_ADDRESS = UINT64_C(0x1d0000000); // nothing is there
#define NAME_X (uint64_t)"x"
#define ROW(name, ...) {#name, CALL_##name, __VA_ARGS__}

static const struct row rows[] = {
    ROW(handle_copy, 0, CLASS_NONE, RIGHT_COPY, false, {GOOD_MEMORY, RIGHT_ALL}),
    ROW(handle_revoke, 0, CLASS_NONE, 0, false, {GOOD_RING_LONE}),
    ROW(reticle_split, 0, CLASS_RETICLE, RIGHT_RETICLE_CARVE, false, {GOOD_RETICLE, PAGE_SIZE}),
    ROW(reticle_grow, 0, CLASS_RETICLE, RIGHT_RETICLE_GROW, false,
        {GOOD_RETICLE, GOOD_RETICLE, PAGE_SIZE}),
    ROW(reticle_grow, 1, CLASS_RETICLE, RIGHT_RETICLE_GROW, false,
        {GOOD_RETICLE, GOOD_RETICLE, PAGE_SIZE}),
    ROW(reticle_info, 0, CLASS_RETICLE, RIGHT_INSPECT, false, {GOOD_RETICLE}),
    ROW(reticle_watch, 0, CLASS_RETICLE, RIGHT_WATCH, false, {GOOD_RETICLE, 1, 0}),
    ROW(memory_carve, 0, CLASS_RETICLE, RIGHT_RETICLE_CARVE, false, {GOOD_RETICLE, PAGE_SIZE, 12}),
    ROW(memory_carve, 0, CLASS_RETICLE, RIGHT_RETICLE_CARVE | RIGHT_RETICLE_CODE, false,
        {GOOD_RETICLE, PAGE_SIZE, 12, CARVE_CODE}),
    ROW(memory_map, 0, CLASS_TASK, RIGHT_TASK_FILL, true,
        {GOOD_TASK, GOOD_MEMORY, FREE_ADDRESS, 0, PAGE_SIZE, MAP_READ}),
    ROW(memory_wipe, 0, CLASS_MEMORY, RIGHT_MEMORY_WRITE, false, {GOOD_MEMORY}),
    ROW(device_port, 0, CLASS_DEVICE, 0, false, {GOOD_MEMORY, 0, 1}),
    ROW(irq_watch, 0, CLASS_IRQ, 0, false, {GOOD_MEMORY, 1}),
    ROW(irq_acknowledge, 0, CLASS_IRQ, 0, false, {GOOD_MEMORY}),
    ROW(task_carve, 0, CLASS_RETICLE, RIGHT_RETICLE_CARVE, false, {GOOD_RETICLE}),
    ROW(task_start, 0, CLASS_TASK, RIGHT_TASK_FILL, false, {GOOD_TASK, GOOD_BUNDLE, GOOD_THREAD}),
    ROW(task_start, 1, CLASS_BUNDLE, RIGHT_BUNDLE_FILL, false,
        {GOOD_TASK, GOOD_BUNDLE, GOOD_THREAD}),
    ROW(task_start, 2, CLASS_THREAD, RIGHT_THREAD_START, false,
        {GOOD_TASK, GOOD_BUNDLE, GOOD_THREAD}),
    ROW(task_watch, 0, CLASS_TASK, RIGHT_WATCH, false, {GOOD_TASK, 1}),
    ROW(task_info, 0, CLASS_TASK, RIGHT_INSPECT, false, {GOOD_TASK}),
    ROW(task_stop, 0, CLASS_TASK, RIGHT_TASK_STOP, false, {GOOD_TASK, 1}),
    ROW(task_slot, 0, CLASS_TASK, RIGHT_INSPECT, false, {GOOD_TASK, 0}),
    ROW(thread_carve, 0, CLASS_TASK, RIGHT_TASK_FILL, true, {GOOD_TASK, HAND_CODE}),
    ROW(thread_start, 0, CLASS_THREAD, RIGHT_THREAD_START, false, {GOOD_THREAD}),
    ROW(thread_watch, 0, CLASS_THREAD, RIGHT_WATCH, false, {GOOD_THREAD, 1}),
    ROW(thread_registers, 0, CLASS_TASK, RIGHT_TASK_DEBUG, false, {GOOD_TASK, 1, FREE_ADDRESS, 0}),
    ROW(thread_fault, 0, CLASS_TASK, RIGHT_TASK_DEBUG, false, {GOOD_TASK}),
    ROW(thread_control, 0, CLASS_TASK, RIGHT_TASK_DEBUG, false, {GOOD_TASK, 1, 0}),
    ROW(thread_watchpoint, 0, CLASS_TASK, RIGHT_TASK_DEBUG, false,
        {GOOD_TASK, 1, 0, FREE_ADDRESS, 1, 1}),
    ROW(task_memory, 0, CLASS_TASK, RIGHT_TASK_DEBUG, false, {GOOD_TASK, HAND_CODE, 0, 8, 0}),
    ROW(ring_carve, 0, CLASS_RETICLE, RIGHT_RETICLE_CARVE, false, {GOOD_RETICLE, 2}),
    ROW(ring_bind, 0, CLASS_RING, RIGHT_RING_BIND, false, {GOOD_RING_LONE, GOOD_RING}),
    ROW(ring_bind, 1, CLASS_RING, RIGHT_RING_BIND, false, {GOOD_RING_LONE, GOOD_RING}),
    ROW(ring_watch, 0, CLASS_RING, RIGHT_RING_USE, false, {GOOD_RING, 1, 2}),
    ROW(ring_info, 0, CLASS_RING, RIGHT_RING_USE, false, {GOOD_RING}),
    ROW(ring_send, 0, CLASS_RING, RIGHT_RING_USE, false, {GOOD_RING, 0, GOOD_MEMORY, RIGHT_ALL}),
    ROW(ring_send, 2, CLASS_NONE, RIGHT_PASS | RIGHT_COPY, false,
        {GOOD_RING, 0, GOOD_MEMORY, RIGHT_ALL}),
    ROW(ring_take, 0, CLASS_RING, RIGHT_RING_USE, false, {GOOD_RING, 0}),
    ROW(doorbell, 0, CLASS_RING, RIGHT_RING_USE, false, {GOOD_RING}),
    ROW(doorbell_wait, 0, CLASS_RING, RIGHT_RING_USE, false, {GOOD_RING, 1, 0, 0}),
    ROW(signal_wait, 3, CLASS_RING, RIGHT_RING_USE, true, {1, 0, 0, GOOD_RING}),
    ROW(futex_wait, 3, CLASS_THREAD, 0, true, {FREE_ADDRESS, 0, 0, GOOD_THREAD}),
    ROW(budget_carve, 0, CLASS_RETICLE, RIGHT_RETICLE_CARVE, false,
        {GOOD_RETICLE, GOOD_BUDGET, MILLISECOND, 10 * MILLISECOND}),
    ROW(budget_carve, 1, CLASS_BUDGET, RIGHT_BUDGET_SPLIT, false,
        {GOOD_RETICLE, GOOD_BUDGET, MILLISECOND, 10 * MILLISECOND}),
    ROW(budget_bind, 0, CLASS_BUDGET, RIGHT_BUDGET_USE, true, {GOOD_BUDGET, GOOD_THREAD}),
    ROW(budget_bind, 1, CLASS_THREAD, RIGHT_THREAD_START, true, {GOOD_BUDGET, GOOD_THREAD}),
    ROW(bundle_carve, 0, CLASS_RETICLE, RIGHT_RETICLE_CARVE, false, {GOOD_RETICLE}),
    ROW(bundle_put, 0, CLASS_BUNDLE, RIGHT_BUNDLE_FILL, false,
        {GOOD_BUNDLE, NAME_X, 1, GOOD_MEMORY, RIGHT_ALL}),
    ROW(bundle_put, 3, CLASS_NONE, RIGHT_PASS | RIGHT_COPY, false,
        {GOOD_BUNDLE, NAME_X, 1, GOOD_MEMORY, RIGHT_ALL}),
    ROW(bundle_value, 0, CLASS_BUNDLE, RIGHT_BUNDLE_FILL, false, {GOOD_BUNDLE, NAME_X, 1, 0, 0}),
    ROW(machine_control, 0, CLASS_MACHINE, RIGHT_MACHINE_POWER, false,
        {GOOD_MACHINE, MACHINE_POWER_OFF, 200}),
    ROW(signal_words, 0, CLASS_MEMORY, RIGHT_MEMORY_WRITE, false, {GOOD_MEMORY, 1, 1}),
};
constexpr size_t ROWS = sizeof rows / sizeof rows[0];

// The objects: one of each class, and a pair of Ring ends to take rights away with.
static uint64_t good[CLASS_COUNT], lone, other, view, send_end, take_end;
static struct hand hand;

static bool objects_make(void) {
    hand = (struct hand){};
    good[CLASS_RETICLE] = ground;
    if (!hand_begin(&hand, code_exit, 0)) {
        return false;
    }
    good[CLASS_TASK] = hand.task;
    good[CLASS_THREAD] = hand.thread;
    good[CLASS_BUNDLE] = hand.bundle;
    good[CLASS_MEMORY] = carve_memory(PAGE_SIZE, 0);
    good[CLASS_MACHINE] = bundle_need("machine", CLASS_MACHINE);
    good[CLASS_BUDGET] = bundle_need("budget", CLASS_BUDGET);
    other = carve_memory(PAGE_SIZE, 0);
    view = map_here(other, AREA + 8 * PAGE_SIZE, PAGE_SIZE, MAP_READ);
    return CHECK_OK(sys_ring_carve(hand.reticle, 2, &lone)) &&
           CHECK_OK(sys_ring_carve(ground, 2, &send_end)) &&
           CHECK_OK(sys_ring_carve(ground, 2, &take_end)) &&
           CHECK_OK(sys_ring_bind(send_end, take_end)) &&
           CHECK_OK(sys_ring_carve(ground, 2, &good[CLASS_RING]));
}

static void objects_drop(void) {
    hand_destroy(&hand); // with what is carved from its Reticle
    drop(view);
    drop(other);
    drop(good[CLASS_MEMORY]);
    drop(good[CLASS_RING]);
    drop(send_end);
    drop(take_end);
}

static uint64_t resolve(uint64_t argument) {
    if (argument >> 52 != 0xbad) {
        return argument;
    }
    return argument == GOOD_RING_LONE ? lone : good[argument & 31];
}

static enum status call(const struct row *row, uint64_t handle) {
    uint64_t a[6];
    for (uint32_t i = 0; i < 6; i++) {
        a[i] = i == row->which ? handle : resolve(row->arguments[i]);
    }
    return (enum status)arch_call6(row->number, a[0], a[1], a[2], a[3], a[4], a[5]).status;
}

static void expect(const struct row *row, uint64_t handle, enum status wanted, const char *what) {
    enum status status = call(row, handle);
    if (status != wanted) {
        check_say(__FILE__, __LINE__, "%s argument %u, %s: status %u, not %u", row->name,
                  row->which, what, status, wanted);
    }
}

// Handles that name nothing.
static void bad_handles(void) {
    uint64_t stale;
    if (!objects_make() || !CHECK_OK(sys_handle_copy(good[CLASS_MEMORY], RIGHT_ALL, &stale))) {
        return;
    }
    drop(stale);
    const uint64_t one = UINT64_C(1) << HANDLE_SLOT_BITS;
    const uint64_t garbage[] = {stale,
                                stale + one * 2,
                                good[CLASS_MEMORY] + one,
                                good[CLASS_MEMORY] | UINT64_C(1) << 63,
                                (good[CLASS_MEMORY] & ~HANDLE_SLOT_MASK) | HANDLE_SLOT_MASK,
                                (good[CLASS_MEMORY] & ~HANDLE_SLOT_MASK) | 16383,
                                HANDLE_SLOT_MASK,
                                UINT64_MAX,
                                UINT64_C(1) << 63};
    uint64_t left = available(ground);
    for (size_t i = 0; i < ROWS; i++) {
        if (!rows[i].zero_is_self) {
            expect(&rows[i], HANDLE_NONE, STATUS_BAD_HANDLE, "zero");
        }
        for (size_t j = 0; j < sizeof garbage / sizeof garbage[0]; j++) {
            expect(&rows[i], garbage[j], STATUS_BAD_HANDLE, "garbage");
        }
    }
    uint64_t word;
    for (size_t j = 0; j < sizeof garbage / sizeof garbage[0]; j++) {
        (void)CHECK_STATUS(sys_handle_drop(garbage[j]), STATUS_BAD_HANDLE);
        (void)CHECK_STATUS(sys_handle_info(garbage[j], &word, &word, &word, &word),
                           STATUS_BAD_HANDLE);
        (void)CHECK_STATUS(sys_memory_map(0, garbage[j], AREA, 0, PAGE_SIZE, MAP_READ, &word),
                           STATUS_BAD_HANDLE);
    }
    (void)CHECK_STATUS(sys_handle_drop(HANDLE_NONE), STATUS_BAD_HANDLE);
    (void)CHECK_EQ(available(ground), left);
    objects_drop();
}

// Good handles of every other class.
static void bad_classes(void) {
    if (!objects_make()) {
        return;
    }
    uint64_t left = available(ground);
    for (size_t i = 0; i < ROWS; i++) {
        expect(&rows[i], view, STATUS_BAD_CLASS, "a view");
        for (uint32_t class = 1; class < CLASS_COUNT && rows[i].class != CLASS_NONE; class ++) {
            if (class != rows[i].class && good[class] != HANDLE_NONE) {
                expect(&rows[i], good[class], STATUS_BAD_CLASS, "another class");
            }
        }
    }
    // What cannot be mapped.
    static const enum cap_class unmapped[] = {CLASS_RETICLE, CLASS_TASK, CLASS_THREAD, CLASS_BUNDLE,
                                              CLASS_MACHINE};
    uint64_t word;
    for (size_t i = 0; i < sizeof unmapped / sizeof unmapped[0]; i++) {
        (void)CHECK_STATUS(
            sys_memory_map(0, good[unmapped[i]], AREA, 0, PAGE_SIZE, MAP_READ, &word),
            STATUS_BAD_CLASS);
    }
    (void)CHECK_STATUS(sys_memory_map(0, view, AREA, 0, PAGE_SIZE, MAP_READ, &word),
                       STATUS_BAD_CLASS);
    (void)CHECK_EQ(available(ground), left);
    objects_drop();
}

// The same capability with fewer rights: a copy, or where there is no copying, a new
// object's owner that went through a Ring.
static uint64_t stripped(enum cap_class class, uint32_t rights) {
    uint64_t handle = HANDLE_NONE, description;
    if (class == CLASS_THREAD) {
        (void)CHECK_OK(sys_thread_carve(hand.task, HAND_CODE, 0, 0, 0, 0, &handle));
    } else if (class == CLASS_BUNDLE) {
        (void)CHECK_OK(sys_bundle_carve(ground, &handle));
    } else {
        (void)CHECK_OK(sys_handle_copy(good[class], rights, &handle));
        return handle;
    }
    (void)CHECK_OK(sys_ring_send(send_end, 0, handle, rights, 1));
    (void)CHECK_OK(sys_ring_take(take_end, 0, 0, &handle, &description));
    return handle;
}

static void missing_right(const struct row *row, uint32_t right) {
    enum cap_class class = row->class == CLASS_NONE ? CLASS_MEMORY : row->class;
    uint64_t handle = stripped(class, RIGHT_ALL & ~right);
    (void)CHECK_EQ(rights_of(handle) & right, 0);
    enum status status = call(row, handle);
    if (status != STATUS_ACCESS) {
        check_say(__FILE__, __LINE__, "%s argument %u without right 0x%x: status %u", row->name,
                  row->which, right, status);
    }
    drop(handle);
}

static void missing_rights(void) {
    if (!objects_make()) {
        return;
    }
    for (size_t i = 0; i < ROWS; i++) {
        for (uint32_t bit = 0; bit < 15 && rows[i].class != CLASS_MACHINE; bit++) {
            // A copy of Memory never has WRITE, so there is nothing to take away.
            if ((rows[i].rights & 1 << bit) != 0) {
                missing_right(&rows[i], UINT32_C(1) << bit);
            }
        }
    }
    (void)CHECK_EQ(hand_state(&hand), TASK_EMPTY);
    objects_drop();
}

// A slot's next capability does not answer to the last one's handle.
static void reused_slot(void) {
    uint64_t memory = carve_memory(PAGE_SIZE, 0), old[64], copy;
    for (uint32_t i = 0; i < 64; i++) {
        (void)CHECK_OK(sys_handle_copy(memory, RIGHT_ALL, &old[i]));
        drop(old[i]);
    }
    (void)CHECK_OK(sys_handle_copy(memory, RIGHT_ALL, &copy));
    for (uint32_t i = 0; i < 64; i++) {
        (void)CHECK(!is_alive(old[i]) && old[i] != copy);
    }
    drop(memory);
}

TESTS(error, {"bad_handles", bad_handles}, {"bad_classes", bad_classes},
      {"missing_rights", missing_rights}, {"reused_slot", reused_slot});
