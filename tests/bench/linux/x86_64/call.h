// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Linux on x86_64: numbers of its calls, how one is made, and the cycle counter.
#pragma once

#include <stdint.h>

enum call : long {
    CALL_READ = 0,
    CALL_WRITE = 1,
    CALL_MMAP = 9,
    CALL_MUNMAP = 11,
    CALL_PIPE2 = 293,
    CALL_NANOSLEEP = 35,
    CALL_CLONE = 56,
    CALL_EXECVE = 59,
    CALL_EXIT = 60,
    CALL_WAIT4 = 61,
    CALL_KILL = 62,
    CALL_GETPPID = 110,
    CALL_SETSCHEDULER = 144,
    CALL_REBOOT = 169,
    CALL_FUTEX = 202,
    CALL_SETAFFINITY = 203,
    CALL_CLOCK_GETTIME = 228,
    CALL_EVENTFD2 = 290,
};

static inline long call6(enum call number, long a, long b, long c, long d, long e, long f) {
    long result;
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

// One count is an instruction when the emulator counts so.
static inline uint64_t counter(void) {
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

static inline void relax(void) {
    __asm__ volatile("pause");
}
