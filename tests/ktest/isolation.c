// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// What a Task cannot reach: the kernel, other Tasks, what ran before it.
#include "tests/ktest/child.h"
#include "tests/ktest/worker.h"

static void expect_kind(const char *code, uint64_t argument, enum fault_kind kind) {
    struct hand hand = {.bit = 6};
    if (hand_run(&hand, code, argument) && hand_faulted(&hand) &&
        (hand.kind != kind || hand.address != argument)) {
        check_say(__FILE__, __LINE__, "0x%lx: kind %lu at 0x%lx, not kind %u", argument, hand.kind,
                  hand.address, kind);
    }
    hand_destroy(&hand);
}

static void kernel_addresses(void) {
    for (const uint64_t *at = machine_kernel; *at != 0; at++) {
        expect_kind(code_read, *at, FAULT_READ);
        expect_kind(code_write, *at, FAULT_WRITE);
        expect_kind(code_jump, *at, FAULT_EXECUTE);
    }
}

// The same address, in another Task.
static void other_task(void) {
    uint64_t memory = carve_memory(PAGE_SIZE, 0);
    uint64_t view = map_here(memory, AREA, PAGE_SIZE, MAP_READ | MAP_WRITE);
    *(volatile uint64_t *)AREA = 0x5ec2e7;
    expect_kind(code_read, AREA, FAULT_READ);
    expect_kind(code_write, AREA, FAULT_WRITE);
    expect_kind(code_read, PROGRAM_BASE, FAULT_READ);
    (void)CHECK_EQ(*(volatile uint64_t *)AREA, 0x5ec2e7);
    drop(view);
    drop(memory);
}

static void fresh_registers(void) {
    struct hand hand = {.bit = 6, .tls = 0x1234000};
    struct thread_registers registers;
    if (hand_run(&hand, code_trap, 0xabcdef0123456789) && hand_faulted(&hand) &&
        hand_registers(&hand, &registers, false)) {
        (void)CHECK(machine_fresh(&registers, 0xabcdef0123456789));
        (void)CHECK(machine_unprivileged(&registers));
        (void)CHECK_EQ(*machine_stack(&registers), HAND_STACK - HAND_SPARE);
        (void)CHECK_EQ(registers.tls, 0x1234000);
    }
    hand_destroy(&hand);
}

// A Task's handles mean nothing in another: neither its numbers nor near ones.
static void foreign_handles(void) {
    struct hand hand = {};
    uint64_t index = 0, description, object, detail, word;
    if (!hand_run(&hand, code_wait, 0)) {
        return;
    }
    uint32_t alive = 0;
    for (uint64_t slot = 0; slot < 4096; slot++) {
        for (uint64_t generation = 0; generation < 2; generation++) {
            uint64_t handle = generation << HANDLE_SLOT_BITS | slot;
            alive += sys_handle_info(handle, &word, &word, &word, &word) == STATUS_OK;
        }
    }
    // Slots in their first generation: what this program began with, nothing of others.
    (void)CHECK(alive < 64);
    (void)CHECK_OK(sys_task_slot(hand.task, index, &index, &description, &object, &detail));
    (void)CHECK_STATUS(sys_handle_info(0, &word, &word, &word, &word), STATUS_BAD_HANDLE);
    hand_destroy(&hand);
}

// ------------------------------------------------------------- vector registers

static _Atomic uint32_t stop;

static void fill_float(void *argument) {
    (void)machine_float_hold((uint64_t)argument, &stop);
}

// A new thread finds zeros, on harts whose registers are full of something else.
static void fresh_float(void) {
    uint32_t threads = hart_count();
    threads = threads < WORKERS ? threads : WORKERS;
    atomic_store(&stop, 0);
    for (uint32_t i = 0; i < threads; i++) {
        worker_open(&workers[i], fill_float, (void *)0xfeedfacefeedface, THREAD_FLOAT);
    }
    pause_for(5 * MILLISECOND);
    for (uint32_t i = 0; i < 12 && check_good(); i++) {
        hand_expect(code_float, 0, THREAD_FLOAT, 0);
    }
    atomic_store(&stop, 1);
    for (uint32_t i = 0; i < threads; i++) {
        worker_close(&workers[i]);
    }
}

// Rounding modes and noted errors belong to a thread as well: each hart has one that sets
// them, new ones in between find those of the start, and the first ones keep theirs.
static void fresh_modes(void) {
    enum { HANDS = 4 };
    static struct hand hands[HANDS];
    uint32_t count = hart_count() < HANDS ? hart_count() : HANDS;
    for (uint32_t i = 0; i < count; i++) {
        hands[i] = (struct hand){.bit = 8 + i, .flags = THREAD_FLOAT};
        if (!hand_run(&hands[i], code_modes_hold, 0)) {
            return;
        }
    }
    pause_for(5 * MILLISECOND);
    for (uint32_t i = 0; i < 12 && check_good(); i++) {
        hand_expect(code_modes_fresh, 0, THREAD_FLOAT, 0);
    }
    for (uint32_t i = 0; i < count; i++) {
        (void)CHECK_EQ(hand_state(&hands[i]), TASK_RUNNING);
        hand_destroy(&hands[i]);
    }
}

// What one thread reserved before it entered the kernel, the next one cannot store with.
static void reservation(void) {
    for (uint32_t i = 0; i < 8; i++) {
        hand_expect(code_reserve, 0, 0, 0);
    }
}

// Without the flag it faults, also right after a thread that has it.
static void float_flag(void) {
    for (uint32_t i = 0; i < 8; i++) {
        struct hand hand = {.bit = 6};
        hand_expect(code_float, 0, THREAD_FLOAT, 0);
        if (hand_run(&hand, code_float, 0) && hand_faulted(&hand)) {
            (void)CHECK_EQ(hand.kind, FAULT_FLOAT);
        }
        hand_destroy(&hand);
    }
}

TESTS(isolation, {"kernel_addresses", kernel_addresses}, {"other_task", other_task},
      {"fresh_registers", fresh_registers}, {"foreign_handles", foreign_handles},
      {"fresh_float", fresh_float}, {"fresh_modes", fresh_modes}, {"reservation", reservation},
      {"float_flag", float_flag});
