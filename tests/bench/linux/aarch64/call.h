// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Linux on aarch64: numbers of its calls, how one is made, and the cycle counter.
#pragma once

#include <stdint.h>

enum call : long {
    CALL_EVENTFD2 = 19,
    CALL_PIPE2 = 59,
    CALL_READ = 63,
    CALL_WRITE = 64,
    CALL_EXIT = 93,
    CALL_FUTEX = 98,
    CALL_NANOSLEEP = 101,
    CALL_CLOCK_GETTIME = 113,
    CALL_SETSCHEDULER = 119,
    CALL_SETAFFINITY = 122,
    CALL_KILL = 129,
    CALL_REBOOT = 142,
    CALL_GETPPID = 173,
    CALL_MUNMAP = 215,
    CALL_CLONE = 220,
    CALL_EXECVE = 221,
    CALL_MMAP = 222,
    CALL_WAIT4 = 260,
};

static inline long call6(enum call number, long a, long b, long c, long d, long e, long f) {
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;
    register long x5 __asm__("x5") = f;
    __asm__ volatile("svc #0"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                     : "memory");
    return x0;
}

// In nanoseconds: an instruction each when the emulator counts so. It moves in steps.
static inline uint64_t counter(void) {
    uint64_t value, frequency;
    __asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(value)::"memory");
    __asm__("mrs %0, cntfrq_el0" : "=r"(frequency));
    return value * (1000000000 / frequency);
}

static inline void relax(void) {
    __asm__ volatile("yield");
}
