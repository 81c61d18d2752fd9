// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Private to x86_64: single instructions, model-specific registers, and what the
// files of this directory tell each other.
#pragma once

#include "kernel/arch/common/boot.h"

// Model-specific registers, SDM vol 4 2.1.
enum msr : uint32_t {
    MSR_APIC_BASE = 0x1b,
    MSR_PAT = 0x277,
    MSR_EFER = 0xc0000080,
    MSR_STAR = 0xc0000081,
    MSR_LSTAR = 0xc0000082,
    MSR_FMASK = 0xc0000084,
    MSR_GS_BASE = 0xc0000101,
    MSR_KERNEL_GS_BASE = 0xc0000102,
};

constexpr uint64_t EFER_SYSCALL = 1 << 0;
constexpr uint64_t EFER_NO_EXECUTE = 1 << 11;

enum vector : uint8_t {
    VECTOR_DIVIDE = 0,
    VECTOR_DEBUG = 1,
    VECTOR_NMI = 2,
    VECTOR_BREAKPOINT = 3,
    VECTOR_UNDEFINED = 6,
    VECTOR_NO_FLOAT = 7,
    VECTOR_DOUBLE_FAULT = 8,
    VECTOR_PAGE_FAULT = 14,
    VECTOR_FLOAT = 16,
    VECTOR_ALIGNMENT = 17,
    VECTOR_MACHINE_CHECK = 18,
    VECTOR_SIMD = 19,
    VECTOR_LINES = 0x30, // of line 0
    VECTOR_IPI = 0xfc,
    VECTOR_TIMER = 0xfd,
    VECTOR_SPURIOUS = 0xff,
};
constexpr uint32_t LINES = VECTOR_IPI - VECTOR_LINES;

// What this processor has of what is used if it is there.
struct features {
    bool smep, smap, umip, xsave, random, large_1g;
};
extern struct features features;

static inline uint64_t msr_read(enum msr msr) {
    uint32_t low;
    uint32_t high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
    return (uint64_t)high << 32 | low;
}

static inline void msr_write(enum msr msr, uint64_t value) {
    __asm__ volatile("wrmsr" ::"c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
                     : "memory");
}

// What LGDT and LIDT take.
struct [[gnu::packed]] descriptor_table {
    uint16_t limit;
    const void *base;
};

struct cpuid {
    uint32_t a, b, c, d;
};

// All zero for a leaf beyond the last one, for which processors (and emulators)
// otherwise answer with some other leaf.
static inline struct cpuid cpuid(uint32_t leaf, uint32_t subleaf) {
    struct cpuid id;
    __asm__ volatile("cpuid"
                     : "=a"(id.a), "=b"(id.b), "=c"(id.c), "=d"(id.d)
                     : "a"(leaf & 0x80000000), "c"(0));
    if (leaf > id.a) {
        return (struct cpuid){};
    }
    __asm__ volatile("cpuid"
                     : "=a"(id.a), "=b"(id.b), "=c"(id.c), "=d"(id.d)
                     : "a"(leaf), "c"(subleaf));
    return id;
}

#define CONTROL_READ(name) \
    ({ \
        uint64_t control_value; \
        __asm__ volatile("movq %%" #name ", %0" : "=r"(control_value)::"memory"); \
        control_value; \
    })
#define CONTROL_WRITE(name, value) \
    __asm__ volatile("movq %0, %%" #name ::"r"((uint64_t)(value)) : "memory")

// boot.c
extern uint64_t trampoline; // physical page below 1 MiB, kept for starting harts

// trap.c
void trap_init(void); // the interrupt table, once
void trap_load(void); // it and the syscall entry, on this hart

// frame.c: DR6, which is cleared by reading.
constexpr uint64_t DEBUG_STEP = 1 << 14;
uint64_t debug_hits(void);

// hart.c
void control_load(void); // segments, control registers and ways into the kernel, on this hart

// interrupt.c. Registers of the local APIC: byte offsets, SDM vol 3 10.4.1.
enum local_register : uint32_t {
    LOCAL_PRIORITY = 0x80,
    LOCAL_DONE = 0xb0,
    LOCAL_SPURIOUS = 0xf0,
    LOCAL_COMMAND = 0x300,
    LOCAL_TARGET = 0x310,
    LOCAL_TIMER = 0x320,
    LOCAL_LINE0 = 0x350,
    LOCAL_LINE1 = 0x360,
    LOCAL_TIMER_START = 0x380,
    LOCAL_TIMER_COUNT = 0x390,
    LOCAL_TIMER_DIVIDE = 0x3e0,
};
void interrupt_init(const struct boot_info *info);
void local_init(void); // this hart's controller
uint32_t local_read(enum local_register at);
void local_write(enum local_register at, uint32_t value);
void local_send(uint32_t apic_id, uint32_t command);
void line_arrived(uint32_t line);
extern _Atomic bool halting; // a hart panicked; the others stop at the next NMI

// time.c
void time_init(void);
void delay(uint64_t nanoseconds);
bool time_reached(void); // whether the deadline of this hart passed; sets the timer anew if not

// float.c
void float_init(void);      // what this processor needs, once
void float_hart_init(void); // on each hart

// machine.c
void serial_init(uint16_t port);
