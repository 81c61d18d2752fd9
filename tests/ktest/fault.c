// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Faults: told to the supervisor, looked at, repaired or ended.
#include "lib/string/string.h"
#include "lib/vectra/thread.h"
#include "tests/ktest/child.h"

// Faults at `at` with the kind and address given, and can then be ended.
static void expect_fault(const char *name, const char *entry, uint64_t argument, const char *at,
                         enum fault_kind kind, uint64_t address) {
    struct hand hand = {.bit = 6};
    uint64_t status;
    if (hand_run(&hand, entry, argument) && hand_faulted(&hand)) {
        uint64_t pc = at == nullptr ? argument : hand_address(at);
        if (hand.kind != kind || hand.pc != pc || hand.address != address ||
            hand.thread_number != 1) {
            check_say(__FILE__, __LINE__, "%s: kind %lu at 0x%lx, pc 0x%lx; not %u, 0x%lx, 0x%lx",
                      name, hand.kind, hand.address, hand.pc, kind, address, pc);
        }
        (void)CHECK_EQ(hand_state(&hand), TASK_FAULTED);
        (void)CHECK_OK(sys_task_stop(hand.task, 1));
        (void)hand_ended(&hand, &status);
    }
    hand_destroy(&hand);
}

static void read(void) {
    expect_fault("unmapped", code_read, AREA, code_read, FAULT_READ, AREA);
    expect_fault("null", code_read, 8, code_read, FAULT_READ, 8);
    expect_fault("below the stack", code_read, HAND_STACK - PAGE_SIZE - 8, code_read, FAULT_READ,
                 HAND_STACK - PAGE_SIZE - 8);
}

static void write(void) {
    expect_fault("unmapped", code_write, AREA, code_write, FAULT_WRITE, AREA);
    expect_fault("code", code_write, HAND_CODE, code_write, FAULT_WRITE, HAND_CODE);
    expect_fault("Bundle", code_write, BUNDLE_ADDRESS, code_write, FAULT_WRITE, BUNDLE_ADDRESS);
}

static void execute(void) {
    uint64_t stack = HAND_STACK - PAGE_SIZE;
    expect_fault("unmapped", code_jump, AREA, nullptr, FAULT_EXECUTE, AREA);
    expect_fault("stack", code_jump, stack, nullptr, FAULT_EXECUTE, stack);
    expect_fault("Bundle", code_jump, BUNDLE_ADDRESS, nullptr, FAULT_EXECUTE, BUNDLE_ADDRESS);
}

static void instruction(void) {
    uint64_t at = hand_address(code_undefined);
    expect_fault("undefined", code_undefined, 0, code_undefined, FAULT_INSTRUCTION, at);
    at = hand_address(code_float);
    expect_fault("float", code_float, 0, code_float, FAULT_FLOAT, at);
}

// Whether the fault is the one that is expected, or what comes instead on an emulator that
// lacks it.
static bool as_expected(const struct hand *hand, const struct fault_case *c) {
    bool instead = c->optional && hand->kind == FAULT_INSTRUCTION;
    bool same = hand->kind == c->kind && hand->pc == hand_address(c->at);
    // Where no memory is touched the address is that of the instruction.
    bool place = c->kind == FAULT_ALIGNMENT || hand->address == hand->pc;
    return instead || (same && place);
}

// Everything that this machine can do wrong. Then the thread is sent elsewhere and finds
// its vector registers as they were, though others used them meanwhile.
static void machine(void) {
    const _Atomic uint32_t stop = 1;
    for (const struct fault_case *c = machine_faults; c->name != nullptr; c++) {
        struct hand hand = {.bit = 6, .flags = THREAD_FLOAT};
        struct thread_registers registers;
        uint64_t status;
        if (!hand_run(&hand, code_fill, hand_address(c->entry)) || !hand_faulted(&hand)) {
            say("# %s", c->name);
            hand_destroy(&hand);
            continue;
        }
        if (!as_expected(&hand, c)) {
            check_say(__FILE__, __LINE__, "%s: kind %lu at 0x%lx, pc +%ld; not kind %u", c->name,
                      hand.kind, hand.address, (int64_t)(hand.pc - hand_address(c->at)), c->kind);
        }
        (void)machine_float_hold(0x3333, &stop);
        if (hand_registers(&hand, &registers, false) &&
            CHECK_EQ(*machine_pc(&registers), hand.pc)) {
            *machine_pc(&registers) = hand_address(code_filled);
            *machine_stack(&registers) = HAND_STACK - HAND_SPARE;
            if (hand_registers(&hand, &registers, true) && hand_resume(&hand, RESUME_CONTINUE) &&
                hand_ended(&hand, &status) && status != 0) {
                check_say(__FILE__, __LINE__, "%s: %lu vector registers changed", c->name, status);
            }
        }
        hand_destroy(&hand);
    }
}

static void breakpoint(void) {
    struct hand hand = {.bit = 6};
    struct thread_registers registers;
    uint64_t status;
    if (hand_run(&hand, code_trap, 17) && hand_faulted(&hand) &&
        hand_registers(&hand, &registers, false)) {
        (void)CHECK_EQ(hand.kind, FAULT_BREAKPOINT);
        (void)CHECK_EQ(hand.pc, hand_address(code_trap) + machine_trap_pc);
        (void)CHECK_EQ(*machine_pc(&registers), hand.pc);
        (void)CHECK_EQ(*machine_argument(&registers), 17);
        *machine_pc(&registers) = hand_address(code_trap) + machine_trap_resume;
        *machine_argument(&registers) = 34;
        if (hand_registers(&hand, &registers, true) && hand_resume(&hand, RESUME_CONTINUE) &&
            hand_ended(&hand, &status)) {
            (void)CHECK_EQ(status, 34);
        }
    }
    hand_destroy(&hand);
}

// Repaired by other registers, by skipping, and again and again.
static void repair(void) {
    struct hand hand = {.bit = 6};
    struct thread_registers registers;
    uint64_t status;
    if (hand_run(&hand, code_write, AREA) && hand_faulted(&hand) &&
        hand_registers(&hand, &registers, false)) {
        for (uint32_t i = 1; i <= 50 && check_good(); i++) {
            *machine_argument(&registers) = AREA + i * PAGE_SIZE;
            if (hand_registers(&hand, &registers, true) && hand_resume(&hand, RESUME_CONTINUE) &&
                hand_faulted(&hand)) {
                (void)CHECK_EQ(hand.address, AREA + i * PAGE_SIZE);
            }
        }
        *machine_argument(&registers) = HAND_STACK - 8;
        if (hand_registers(&hand, &registers, true) && hand_resume(&hand, RESUME_CONTINUE) &&
            hand_ended(&hand, &status)) {
            (void)CHECK_EQ(status, 0);
        }
    }
    hand_destroy(&hand);
    hand = (struct hand){.bit = 6};
    if (hand_run(&hand, code_read, AREA) && hand_faulted(&hand) &&
        hand_registers(&hand, &registers, false)) {
        *machine_pc(&registers) = hand_address(code_read_next);
        *machine_argument(&registers) = 12;
        if (hand_registers(&hand, &registers, true) && hand_resume(&hand, RESUME_CONTINUE) &&
            hand_ended(&hand, &status)) {
            (void)CHECK_EQ(status, 12);
        }
    }
    hand_destroy(&hand);
}

// Whatever a supervisor writes into the registers, it stays a user thread.
static void hostile_registers(void) {
    struct hand hand = {.bit = 6};
    struct thread_registers registers;
    if (!hand_run(&hand, code_trap, 0) || !hand_faulted(&hand)) {
        return;
    }
    memset(&registers, 0xff, sizeof registers);
    *machine_pc(&registers) = hand_address(code_trap);
    if (hand_registers(&hand, &registers, true) && hand_resume(&hand, RESUME_CONTINUE) &&
        hand_faulted(&hand) && hand_registers(&hand, &registers, false)) {
        (void)CHECK_EQ(hand.kind, FAULT_BREAKPOINT);
        (void)CHECK(machine_unprivileged(&registers));
        (void)CHECK_EQ(*machine_stack(&registers), UINT64_MAX);
    }
    for (const uint64_t *at = machine_kernel; *at != 0 && check_good(); at++) {
        *machine_pc(&registers) = *at;
        if (hand_registers(&hand, &registers, true) && hand_resume(&hand, RESUME_CONTINUE) &&
            hand_faulted(&hand)) {
            (void)CHECK_EQ(hand.kind, FAULT_EXECUTE);
        }
    }
    *machine_pc(&registers) = UINT64_MAX; // odd, and at the very end
    if (hand_registers(&hand, &registers, true) && hand_resume(&hand, RESUME_CONTINUE)) {
        (void)hand_faulted(&hand);
    }
    hand_destroy(&hand);
}

static void errors(void) {
    struct hand hand = {.bit = 6};
    struct thread_registers registers;
    uint64_t word, buffer = (uint64_t)&registers;
    if (!hand_run(&hand, code_wait, 0)) {
        return;
    }
    pause_for(MILLISECOND);
    (void)CHECK_STATUS(sys_thread_fault(hand.task, 0, 0, &word, &word, &word, &word),
                       STATUS_NOT_FOUND);
    (void)CHECK_STATUS(sys_thread_registers(hand.task, 1, buffer, 0), STATUS_BAD_STATE);
    (void)CHECK_STATUS(sys_thread_registers(hand.task, 1, buffer, 1), STATUS_BAD_STATE);
    (void)CHECK_STATUS(sys_thread_control(hand.task, 1, RESUME_CONTINUE), STATUS_BAD_STATE);
    (void)CHECK_STATUS(sys_thread_control(hand.task, 2, RESUME_CONTINUE), STATUS_NOT_FOUND);
    (void)CHECK_STATUS(sys_thread_control(hand.task, 0, RESUME_CONTINUE), STATUS_NOT_FOUND);
    (void)CHECK_STATUS(sys_thread_control(hand.task, 1, 3), STATUS_BAD_ARGUMENT);
    hand_destroy(&hand);
    hand = (struct hand){.bit = 6};
    if (!hand_run(&hand, code_undefined, 0) || !hand_faulted(&hand)) {
        return;
    }
    const uint64_t bad[] = {0, AREA, USER_TOP - 8, USER_TOP, machine_kernel[0], UINT64_MAX};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        (void)CHECK_STATUS(sys_thread_registers(hand.task, 1, bad[i], 0), STATUS_BAD_ADDRESS);
        (void)CHECK_STATUS(sys_thread_registers(hand.task, 1, bad[i], 1), STATUS_BAD_ADDRESS);
    }
    // Constants cannot be written through the kernel either.
    (void)CHECK_STATUS(sys_thread_registers(hand.task, 1, (uint64_t)code_begin, 0),
                       STATUS_BAD_ADDRESS);
    (void)CHECK_STATUS(sys_thread_registers(hand.task, 2, buffer, 0), STATUS_NOT_FOUND);
    hand_destroy(&hand);
}

// ----------------------------------------------------- a pager in the same Task

// The thread that faults is the first; the second maps what is missing when the
// parent asks for it, and rings back.
static void map_missing(void *argument) {
    uint64_t memory = child_slot("memory", CLASS_MEMORY), ring = *(uint64_t *)argument, bits, view;
    (void)sys_ring_watch(ring, 0, UINT64_MAX);
    (void)sys_doorbell(ring, 0); // ready
    (void)sys_signal_wait(1, TIME_NEVER, 0, 0, 0, &bits);
    (void)CHECK_OK(sys_memory_map(0, memory, AREA, 0, PAGE_SIZE, MAP_READ | MAP_WRITE, &view));
    *(volatile uint64_t *)AREA = 0x77;
    (void)sys_doorbell(ring, 0);
}

uint32_t role_pager(void) {
    static uint64_t ring, thread, bits;
    static uint8_t stack[4096];
    ring = child_slot("ring", CLASS_RING);
    (void)CHECK_OK(thread_spawn(map_missing, &ring, &stack[sizeof stack], 0, &thread));
    (void)CHECK_OK(sys_thread_watch(thread, 1));
    (void)CHECK_EQ(*(volatile uint64_t *)AREA, 0x77); // faults first
    (void)CHECK_OK(sys_signal_wait(2, deadline_in(PATIENCE), 0, 0, 0, &bits));
    return 0;
}

static void pager(void) {
    struct child child = {.role = "pager", .bit = 6};
    if (!child_begin(&child)) {
        return;
    }
    uint64_t ring = child_connect(&child, "ring", 2), memory = HANDLE_NONE;
    (void)CHECK_OK(sys_memory_carve(child.spawn.reticle, PAGE_SIZE, 0, 0, &memory));
    (void)child_move(&child, "memory", memory);
    (void)CHECK_OK(sys_ring_watch(ring, 7, UINT64_MAX));
    if (child_start(&child) && await_bit(6) && await_bit(7)) {
        uint64_t thread, kind, address, pc;
        (void)CHECK_OK(sys_thread_fault(child.spawn.task, 0, 0, &thread, &kind, &address, &pc));
        (void)CHECK_EQ(kind, FAULT_READ);
        (void)CHECK_EQ(address, AREA_FIRST);
        (void)CHECK_OK(sys_doorbell(ring, 0));
        if (await_bit(7)) {
            (void)CHECK_OK(sys_thread_control(child.spawn.task, thread, RESUME_CONTINUE));
        }
        // What was told of the fault may be told once more until its hart went on.
        pause_for(20 * MILLISECOND);
        child_finish(&child);
    } else {
        child_destroy(&child);
    }
    drop(ring);
}

// --------------------------------------------------- the supervisor dies in the middle

enum supervising { SUPERVISE_LOOK, SUPERVISE_STOP, SUPERVISE_STEP };

// Holds a Task to debug it. Tells when it has done its part; the last way has no end.
uint32_t role_supervisor(void) {
    uint64_t task = child_slot("task", CLASS_TASK), bell = child_slot("bell", CLASS_RING);
    uint64_t way = child_value("way"), thread = 1, kind, address, pc, bits;
    if (way != SUPERVISE_LOOK) {
        (void)CHECK_OK(sys_thread_control(task, thread, RESUME_STOP));
    }
    while (sys_thread_fault(task, 0, 0, &thread, &kind, &address, &pc) != STATUS_OK) {
        pause_for(MILLISECOND / 10);
    }
    (void)CHECK_OK(sys_doorbell(bell, 0));
    if (way == SUPERVISE_STEP) {
        for (;;) {
            (void)sys_thread_control(task, thread, RESUME_STEP);
        }
    }
    (void)sys_signal_wait(1, TIME_NEVER, 0, 0, 0, &bits);
    return 0;
}

// Starts a supervisor for the Task, and takes it away when it has done its part.
static bool supervise(const struct hand *hand, uint64_t way, uint64_t more) {
    struct child child = {.role = "supervisor", .bit = 5};
    if (!child_begin(&child) || !CHECK_OK(spawn_value(&child.spawn, "way", &way, sizeof way)) ||
        !child_copy(&child, "task", hand->task, RIGHT_TASK_DEBUG | RIGHT_PASS)) {
        return false;
    }
    uint64_t bell = child_connect(&child, "bell", 2);
    (void)CHECK_OK(sys_ring_watch(bell, 7, UINT64_MAX));
    bool done = child_start(&child) && await_bit(7);
    pause_for(more);
    child_destroy(&child);
    drop(bell);
    return done;
}

// What waited for the dead one waits on, as it was, for whoever else may.
static void dead_supervisor(void) {
    struct hand faulted = {.bit = 6}, stopped = {.bit = 6}, stepped = {.bit = 6};
    struct thread_registers registers;
    uint64_t status;
    if (hand_run(&faulted, code_write, AREA) && supervise(&faulted, SUPERVISE_LOOK, 0) &&
        CHECK_EQ(hand_state(&faulted), TASK_FAULTED) && hand_faulted(&faulted) &&
        CHECK_EQ(faulted.kind, FAULT_WRITE) && hand_registers(&faulted, &registers, false)) {
        *machine_argument(&registers) = HAND_STACK - 8;
        if (hand_registers(&faulted, &registers, true) && hand_resume(&faulted, RESUME_CONTINUE) &&
            hand_ended(&faulted, &status)) {
            (void)CHECK_EQ(status, 0);
        }
    }
    if (hand_run(&stopped, code_spin, 0) && supervise(&stopped, SUPERVISE_STOP, 0) &&
        hand_faulted(&stopped) && CHECK_EQ(stopped.kind, FAULT_STOPPED)) {
        pause_for(5 * MILLISECOND);
        (void)CHECK_EQ(hand_state(&stopped), TASK_FAULTED); // nobody let it go
        (void)hand_resume(&stopped, RESUME_CONTINUE);
        uint64_t until = deadline_in(PATIENCE);
        while (hand_state(&stopped) != TASK_RUNNING && time_now() < until) {
            pause_for(MILLISECOND); // its hart has yet to hear of it
        }
        (void)CHECK_EQ(hand_state(&stopped), TASK_RUNNING);
    }
    for (uint32_t i = 0; i < 6 && check_good(); i++) {
        stepped = (struct hand){.bit = 6};
        if (hand_run(&stepped, code_spin, 0) &&
            supervise(&stepped, SUPERVISE_STEP, i * MILLISECOND / 3)) {
            (void)sys_thread_control(stepped.task, 1, RESUME_STOP);
            if (hand_faulted(&stepped) &&
                CHECK(stepped.kind == FAULT_STEP || stepped.kind == FAULT_STOPPED)) {
                (void)hand_resume(&stepped, RESUME_CONTINUE);
            }
        }
        hand_destroy(&stepped);
    }
    hand_destroy(&stopped);
    hand_destroy(&faulted);
}

TESTS(fault, {"read", read}, {"write", write}, {"execute", execute}, {"instruction", instruction},
      {"machine", machine}, {"breakpoint", breakpoint}, {"repair", repair},
      {"hostile_registers", hostile_registers}, {"errors", errors}, {"pager", pager},
      {"dead_supervisor", dead_supervisor});
