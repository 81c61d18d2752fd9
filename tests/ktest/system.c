// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Facts of the system, the syscall convention, the machine capability.
#include "lib/vectra/bundle.h"
#include "tests/ktest/child.h"

static void facts(void) {
    uint64_t version, page, harts, thread;
    (void)CHECK_OK(sys_system_info(0, &version, &page, &harts, &thread));
    (void)CHECK_EQ(version, ABI_VERSION);
    (void)CHECK_EQ(page, PAGE_SIZE);
    (void)CHECK(harts >= 1 && harts <= 64);
    (void)CHECK(thread >= PAGE_SIZE && thread % PAGE_SIZE == 0);
    uint64_t word;
    (void)CHECK_OK(sys_system_info(2 + harts - 1, &word, &word, &word, &word));
    (void)CHECK_STATUS(sys_system_info(2 + harts, &word, &word, &word, &word), STATUS_NOT_FOUND);
    (void)CHECK_STATUS(sys_system_info(UINT64_MAX, &word, &word, &word, &word), STATUS_NOT_FOUND);
    (void)CHECK_STATUS(sys_system_info(1 + (UINT64_C(1) << 32), &word, &word, &word, &word),
                       STATUS_NOT_FOUND);
}

// The page and the syscall are one clock, and it never goes back.
static void clock(void) {
    uint64_t last = 0;
    for (uint32_t i = 0; i < 200; i++) {
        uint64_t by_call, frequency, word;
        uint64_t before = time_now();
        (void)CHECK_OK(sys_system_info(1, &by_call, &frequency, &word, &word));
        uint64_t after = time_now();
        // Rounding may differ by a tick of the counter.
        uint64_t tick = SECOND / frequency + 1;
        if (!CHECK(before <= by_call + tick) || !CHECK(by_call <= after + tick) ||
            !CHECK(last <= before)) {
            return;
        }
        last = after;
    }
}

// Each hart idles or switches while this thread sleeps.
static void harts(void) {
    uint64_t idle_before, idle_after, switches, interrupts, state;
    uint32_t last = hart_count() - 1;
    (void)CHECK_OK(sys_system_info(2 + last, &idle_before, &switches, &interrupts, &state));
    pause_for(30 * MILLISECOND);
    (void)CHECK_OK(sys_system_info(2 + last, &idle_after, &switches, &interrupts, &state));
    (void)CHECK(idle_after >= idle_before);
    (void)CHECK(switches > 0 || hart_count() > 1);
}

static void unknown_syscall(void) {
    enum : uint64_t { // one more each: the first number that there is not
#define SYSCALL(number, ...) BEYOND_##number,
#include "abi/syscalls.def"
#undef SYSCALL
        FIRST
    };
    static const uint64_t numbers[] = {FIRST,      FIRST + 1,         63,        64, 255, 4096,
                                       UINT32_MAX, UINT64_C(1) << 32, UINT64_MAX};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        struct arch_result result = arch_call6(numbers[i], 1, 2, 3, 4, 5, 6);
        (void)CHECK_EQ(result.status, STATUS_BAD_SYSCALL);
    }
}

static void kept_registers(void) {
    struct hand hand = {};
    struct thread_registers registers;
    if (hand_run(&hand, code_keep, 0) && hand_faulted(&hand) &&
        hand_registers(&hand, &registers, false)) {
        (void)CHECK_EQ(hand.kind, FAULT_BREAKPOINT);
        (void)CHECK(machine_kept(&registers, STATUS_NOT_FOUND));
        (void)CHECK_EQ(*machine_stack(&registers), HAND_STACK - HAND_SPARE);
    }
    hand_destroy(&hand);
}

static void machine(void) {
    uint64_t machine = bundle_need("machine", CLASS_MACHINE);
    (void)CHECK_STATUS(sys_machine_control(machine, MACHINE_POWER_OFF, 124, 0),
                       STATUS_BAD_ARGUMENT);
    (void)CHECK_STATUS(sys_machine_control(machine, MACHINE_POWER_OFF, UINT64_MAX, 0),
                       STATUS_BAD_ARGUMENT);
    bool console = (rights_of(machine) & RIGHT_MACHINE_CONSOLE) != 0;
    (void)CHECK_STATUS(sys_machine_control(machine, UINT64_MAX, 0, 0), STATUS_ACCESS);
    enum status refused = console ? STATUS_BAD_ADDRESS : STATUS_ACCESS;
    (void)CHECK_STATUS(sys_machine_control(machine, MACHINE_SAY, 0, 0), refused);
    (void)CHECK_STATUS(sys_machine_control(machine, MACHINE_SAY, machine_kernel[0], 0), refused);
}

TESTS(system, {"facts", facts}, {"clock", clock}, {"harts", harts},
      {"unknown_syscall", unknown_syscall}, {"kept_registers", kept_registers},
      {"machine", machine});
