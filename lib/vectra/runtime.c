// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The way into a program and out of it.
#include "abi/layout.h"
#include "lib/vectra/bundle.h"
#include "lib/vectra/program.h"
#include "lib/vectra/stream.h"
#include "lib/vectra/syscall.h"

// From start.S.
[[noreturn]] void program_start(void);

// The time page is optional: time_now asks the kernel if it is not there, which
// it sees by the Bundle, so a failure to map it is one too.
static void map_time(void) {
    uint64_t memory, view;
    if (bundle_find("time", CLASS_MEMORY, &memory) != STATUS_OK) {
        return;
    }
    if (sys_memory_map(0, memory, TIME_ADDRESS, 0, PAGE_SIZE, MAP_READ, &view) != STATUS_OK) {
        program_fail(PROGRAM_FAILED, "the time page cannot be mapped\n");
    }
}

void program_start(void) {
    map_time();
    program_exit(program_main());
}

void program_exit(uint32_t status) {
    stream_finish(stream_out());
    (void)sys_task_exit(status);
    __builtin_trap();
}

void program_fail(uint32_t status, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    print_list(format, arguments);
    va_end(arguments);
    program_exit(status);
}
