// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Dies in the way that its first argument says. Whoever supervises programs is
// tested with it. A way that does not kill says so and ends with status 1, so
// that "survived" is never taken for "done".
#include "abi/capability.h"
#include "apps/fault/ways.h"
#include "lib/command/command.h"
#include "lib/string/string.h"
#include "lib/vectra/bundle.h"
#include "lib/vectra/program.h"
#include "lib/vectra/status_text.h"
#include "lib/vectra/stream.h"
#include "lib/vectra/syscall.h"
#include "lib/vectra/thread.h"
#include "lib/vectra/time.h"

static const volatile uint64_t constant = 1;
static uint8_t writable[64];

static void read_nothing(void) {
    (void)*(volatile uint64_t *)0x100000;
}

static void read_null(void) {
    // A variable, since a constant null pointer lets the compiler leave the read out.
    static uint64_t *volatile nothing;
    (void)*(volatile uint64_t *)nothing;
}

static void read_kernel(void) {
    (void)*(volatile uint64_t *)way_kernel_address;
}

static void write_constant(void) {
    *(volatile uint64_t *)(uintptr_t)&constant = 2;
}

static void execute_data(void) {
    void (*volatile entry)(void) = (void (*)(void))(uintptr_t)writable;
    entry();
}

// Not optimised into a loop: each call needs its own bytes.
static uint64_t deeper(uint64_t depth) {
    volatile uint8_t bytes[256];
    if (depth == UINT64_MAX) {
        return 0;
    }
    bytes[depth % sizeof bytes] = (uint8_t)depth;
    return deeper(depth + 1) + bytes[depth % sizeof bytes];
}

static void use_stack(void) {
    (void)deeper(0);
}

static void read_odd(void) {
    way_alignment(writable + 1);
}

static void use_handle(void) {
    uint64_t state, status, threads, time;
    enum status outcome = sys_task_info(0x123456789, &state, &status, &threads, &time);
    print("fault: a handle that it does not hold: %s\n", status_text(outcome));
}

static void use_syscall(void) {
    struct arch_result result = arch_call0(9999);
    print("fault: syscall 9999: %s\n", status_text((uint32_t)result.status));
}

static void use_memory(void) {
    uint64_t reticle = bundle_need("reticle", CLASS_RETICLE), memory;
    unsigned pages = 0;
    enum status outcome;
    while ((outcome = sys_memory_carve(reticle, 4096, 12, 0, &memory)) == STATUS_OK) {
        pages++;
    }
    print("fault: after %u pages: %s\n", pages, status_text(outcome));
}

static void hang(void) {
    for (;;) {
        arch_pause();
    }
}

// Something for a debugger: a function that is called again and again, and a variable.
static volatile uint64_t loop_count, loop_end = 1000;

[[gnu::noinline]] static void loop_turn(void) {
    loop_count = loop_count + 1;
}

static volatile uint64_t busy_sum;

[[gnu::noinline]] static void busy_turn(void) {
    for (uint32_t i = 0; i < 1000; i++) {
        busy_sum = busy_sum + i;
    }
}

// Long enough to be met by a profiler, and nearly all of it in one function.
static void busy(void) {
    for (uint32_t i = 0; i < 20000; i++) {
        busy_turn();
    }
    print("fault: it was busy\n");
}

static void loop(void) {
    while (loop_count < loop_end) {
        loop_turn();
    }
    print("fault: it counted to %lu\n", loop_count);
    program_exit(PROGRAM_OK);
}

// Two threads: one waits, the other counts for ever.
static volatile uint64_t pair_count;

[[gnu::noinline]] static void pair_turn(void) {
    pair_count = pair_count + 1;
}

static void pair_entry(void *argument) {
    (void)argument;
    for (;;) {
        pair_turn();
    }
}

static void pair_wait(void) {
    for (;;) {
        time_sleep_until(time_now() + 1000 * SECOND);
    }
}

static void pair(void) {
    alignas(16) static uint8_t stack[4096];
    uint64_t thread;
    enum status outcome = thread_spawn(pair_entry, nullptr, stack + sizeof stack, 0, &thread);
    if (outcome == STATUS_OK) {
        pair_wait();
    }
    print("fault: a second thread: %s\n", status_text(outcome));
}

// Until nobody reads it any more.
static void flood(void) {
    static const char line[] = "fault: a line of a flood\n";
    while (stream_write(stream_out(), line, sizeof line - 1) == STATUS_OK) {
    }
}

// The marks of a finished command and a prompt, and a question that a terminal
// would answer by typing.
static void forge(void) {
    print("\x1b]133;D;0\a\x1b]133;A\a> \x1b]133;B\a\x1b[6n\n");
}

struct way {
    const char *kind;
    void (*die)(void);
    const char *survived; // why it may return; nullptr: the way itself told
};

static const struct way ways[] = {
    {"read", read_nothing, "memory is mapped at 0x100000"},
    {"write", write_constant, "constants can be written"},
    {"execute", execute_data, "data can be executed"},
    {"instruction", way_instruction, "the instruction exists"},
    {"privilege", way_privilege, "the instruction may be used"},
    {"divide", way_divide, "unsupported: division by zero has a result on this machine"},
    {"breakpoint", way_breakpoint, "somebody went on after the breakpoint"},
    {"stack", use_stack, "the stack has no end"},
    {"alignment", read_odd, "unsupported: this machine reads from any address"},
    {"float", way_float, "floating point may be used"},
    {"kernel", read_kernel, "the kernel's memory can be read"},
    {"null", read_null, "memory is mapped at 0"},
    {"handle", use_handle, nullptr},
    {"syscall", use_syscall, nullptr},
    {"memory", use_memory, nullptr},
    {"hang", hang, nullptr},
    {"loop", loop, nullptr},
    {"busy", busy, nullptr},
    {"pair", pair, nullptr},
    {"flood", flood, "nobody reads"},
    {"forge", forge, "marks of a program are only text"},
};

static uint32_t exit_with(const char *text) {
    uint32_t status = 0;
    for (const char *c = text; *c != 0; c++) {
        status = status * 10 + (uint32_t)(*c - '0');
        if (*c < '0' || *c > '9' || status > 123) {
            program_fail(PROGRAM_USAGE, "fault: `%s` is no status: want 0 to 123\n", text);
        }
    }
    return status;
}

uint32_t program_main(void) {
    static struct command_arguments words;
    char text[BUNDLE_ARGUMENT + 1];
    if (command_split(bundle_argument(text), &words) != STATUS_OK) {
        words.count = 0;
    }
    const char *kind = words.count > 0 ? words.word[0] : "";
    if (strcmp(kind, "exit") == 0 && words.count == 2) {
        return exit_with(words.word[1]);
    }
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        if (words.count == 1 && strcmp(kind, ways[i].kind) == 0) {
            ways[i].die();
            if (ways[i].survived != nullptr) {
                print("fault: it survived: %s\n", ways[i].survived);
            }
            return PROGRAM_FAILED;
        }
    }
    if (words.count == 0) {
        print("fault: no way to die is named: `help fault` lists them\n");
    } else if (strcmp(kind, "exit") == 0) {
        print("fault: the arguments are wrong: want `fault exit STATUS`\n");
    } else {
        print("fault: `%s` is no way to die: `help fault` lists them\n", text);
    }
    return PROGRAM_USAGE;
}
