// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The rows of ./vectra bench on Linux, as far as it has the like: the same operations, by the
// shortest way that it offers to a program, measured in the same way.
#include "tests/bench/linux/peer.h"

constexpr long CHILD_EXITS = 17; // SIGCHLD, as a flag of clone
constexpr long CLONE_THREAD =
    0x00350f00;                      // VM FS FILES SIGHAND THREAD SYSVSEM PARENT_SETTID CLEARTID
constexpr long CLONE_VFORK = 0x4100; // VM VFORK
constexpr long POLICY_BATCH = 3;

bool icount;

static void print(const char *text) {
    size_t length = 0;
    while (text[length] != '\0') {
        length++;
    }
    (void)call6(CALL_WRITE, 1, (long)text, (long)length, 0, 0, 0);
}

static void print_number(uint64_t number) {
    char digits[21];
    uint32_t at = sizeof digits - 1;
    digits[at] = '\0';
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    print(digits + at);
}

[[noreturn]] static void power_off(void) {
    for (;;) {
        (void)call6(CALL_REBOOT, 0xfee1dead, 672274793, 0x4321fedc, 0, 0, 0);
    }
}

long must_call(const char *what, long result) {
    if (result < 0) {
        print("peer: ");
        print(what);
        print(" failed\n");
        power_off();
    }
    return result;
}

void pin(uint32_t processor) {
    const uint64_t set = UINT64_C(1) << processor;
    CALL("pinning", CALL_SETAFFINITY, 0, sizeof set, &set, 0, 0, 0);
}

long process(void (*function)(void *), void *argument, uint32_t processor, bool batch) {
    long child = CALL("clone", CALL_CLONE, CHILD_EXITS, 0, 0, 0, 0, 0);
    if (child != 0) {
        return child;
    }
    pin(processor);
    if (batch) {
        const int32_t priority = 0;
        CALL("batch", CALL_SETSCHEDULER, 0, POLICY_BATCH, &priority, 0, 0, 0);
    }
    function(argument);
    for (;;) {
        (void)call6(CALL_EXIT, 0, 0, 0, 0, 0, 0);
    }
}

void process_end(long process) {
    constexpr long SIGNAL_KILL = 9;
    CALL("kill", CALL_KILL, process, SIGNAL_KILL, 0, 0, 0, 0);
    CALL("wait", CALL_WAIT4, process, 0, 0, 0, 0, 0);
}

static uint64_t now(void) {
    struct {
        int64_t seconds, nanoseconds;
    } time;
    if (icount) {
        return counter();
    }
    constexpr long CLOCK_MONOTONIC = 1;
    CALL("clock", CALL_CLOCK_GETTIME, CLOCK_MONOTONIC, &time, 0, 0, 0, 0);
    return (uint64_t)time.seconds * 1000000000 + (uint64_t)time.nanoseconds;
}

static uint64_t paused; // of the batch that is being measured

void pause_a_while(void) {
    constexpr uint64_t WHILE = 100000; // nanoseconds: the other one is asleep by then
    uint64_t start = now(), passed;
    do {
        relax();
        passed = now() - start;
    } while (passed < WHILE);
    paused += passed;
}

static void line(const char *id, uint64_t took, uint64_t count) {
    uint64_t thousandths = took * 1000 / count;
    print("bench ");
    print(id);
    print(" ");
    print_number(thousandths / 1000);
    print(".");
    print_number(thousandths / 100 % 10);
    print_number(thousandths / 10 % 10);
    print_number(thousandths % 10);
    print(icount ? " instructions\n" : " ns\n");
}

// As the program bench: reading the counter costs what two readings in a row differ by.
void measure(const char *id, void (*run)(uint32_t count), uint32_t count, uint32_t batches) {
    uint64_t best = UINT64_MAX, clock = UINT64_MAX;
    for (uint32_t i = 0; i < batches; i++) {
        uint64_t start = now();
        uint64_t between = now();
        paused = 0;
        run(count);
        uint64_t took = now() - between - paused;
        clock = between - start < clock ? between - start : clock;
        best = took < best ? took : best;
    }
    line(id, best > clock ? best - clock : 0, count);
}

// --- one process

static void null_syscall(uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        (void)call6(CALL_GETPPID, 0, 0, 0, 0, 0, 0);
    }
}

static void thread_main(void *argument) {
    (void)argument;
}

// The kernel clears the number and wakes whoever waits for that. The stack stands.
static void thread_cycle(uint32_t count) {
    alignas(16) static uint8_t stack[16384];
    static _Atomic uint32_t tid;
    for (uint32_t i = 0; i < count; i++) {
        must_call("a thread", clone_onto(CLONE_THREAD, stack + sizeof stack, thread_main, nullptr,
                                         (uint32_t *)&tid));
        uint32_t seen;
        while ((seen = tid) != 0) {
            (void)call6(CALL_FUTEX, (long)&tid, 0, seen, 0, 0, 0);
        }
    }
}

static void page_cycle(uint32_t count) {
    constexpr long READ_WRITE = 3, PRIVATE_ANONYMOUS = 0x22, PAGE = 4096;
    for (uint32_t i = 0; i < count; i++) {
        long page = CALL("mmap", CALL_MMAP, 0, PAGE, READ_WRITE, PRIVATE_ANONYMOUS, -1, 0);
        *(volatile uint64_t *)page = UINT64_MAX;
        CALL("munmap", CALL_MUNMAP, page, PAGE, 0, 0, 0, 0);
    }
}

static void execute(void *argument) {
    static const char *const nothing[] = {nullptr};
    const char *const words[] = {"/empty", nullptr};
    (void)argument;
    (void)call6(CALL_EXECVE, (long)words[0], (long)words, (long)nothing, 0, 0, 0);
    (void)call6(CALL_EXIT, 1, 0, 0, 0, 0, 0);
}

// The child borrows this address space until it has another program: the cheapest way.
static void task_spawn(uint32_t count) {
    alignas(16) static uint8_t stack[16384];
    for (uint32_t i = 0; i < count; i++) {
        int32_t status = -1;
        long child = must_call("vfork", clone_onto(CLONE_VFORK | CHILD_EXITS, stack + sizeof stack,
                                                   execute, nullptr, nullptr));
        CALL("wait", CALL_WAIT4, child, &status, 0, 0, 0, 0);
        must_call("/empty", status == 0 ? 0 : -1);
    }
}

static void sleep(uint64_t milliseconds) {
    const int64_t time[2] = {(int64_t)(milliseconds / 1000),
                             (int64_t)(milliseconds % 1000) * 1000000};
    (void)call6(CALL_NANOSLEEP, (long)time, 0, 0, 0, 0, 0);
}

// The kernel hands words of its command line of the form NAME=VALUE on as environment.
static bool said(const uint64_t *stack, const char *word) {
    const char *const *environment = (const char *const *)(stack + 1 + stack[0] + 1);
    for (; *environment != nullptr; environment++) {
        uint32_t i = 0;
        while (word[i] != '\0' && (*environment)[i] == word[i]) {
            i++;
        }
        if (word[i] == '\0' && (*environment)[i] == '\0') {
            return true;
        }
    }
    return false;
}

[[noreturn]] void peer_main(const uint64_t *stack);

void peer_main(const uint64_t *stack) {
    uint64_t entered = counter();
    icount = said(stack, "PEER=icount");
    if (icount) {
        line("boot_to_prompt", entered, 1);
    }
    print("peer: up\n");
    if (said(stack, "PEER=boot")) {
        power_off();
    }
    pin(0);
    sleep(1000); // what the kernel still does after it has started us
    if (icount) {
        measure("null_syscall", null_syscall, 1000, 40);
        measure("thread_cycle", thread_cycle, 1000, 5);
        measure("page_cycle", page_cycle, 1000, 5);
        measure("task_spawn", task_spawn, 500, 4);
        one_processor_measure();
    } else {
        two_processors_measure();
    }
    print("peer: done\n");
    sleep(200); // until it has been written
    power_off();
}
