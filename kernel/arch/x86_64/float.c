// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Floating-point and vector state of user threads; the kernel itself is compiled
// without. XSAVE where there is one, else FXSAVE (SDM vol 1 10.5, 13.4 to 13.8).
#include "cpu.h"

#include "lib/string/string.h"

constexpr uint64_t CR0_TASK_SWITCHED = 1 << 3; // using the unit faults
constexpr uint64_t STATE_LEGACY = 3;           // x87, SSE
constexpr uint64_t STATE_AVX = 1 << 2;
constexpr uint64_t STATE_AVX512 = 7 << 5;
constexpr size_t STATE_LIMIT = 2688; // x87, SSE, AVX, AVX-512
constexpr size_t FXSAVE_SIZE = 512;
constexpr size_t CONTROL_X87 = 0; // offsets in the area
constexpr size_t CONTROL_SSE = 24;
constexpr uint16_t CONTROL_X87_INITIAL = 0x37f; // as after FNINIT
constexpr uint32_t CONTROL_SSE_INITIAL = 0x1f80;

static size_t size = FXSAVE_SIZE;
static uint64_t states; // XCR0; 0: no XSAVE

static void states_set(uint64_t value) {
    __asm__ volatile("xsetbv" ::"c"(0), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)));
}

// Leaf 0Dh gives the size that the states need which are enabled at the moment.
static size_t states_size(uint64_t value) {
    states_set(value);
    return (cpuid(0xd, 0).b + 63) & ~UINT64_C(63);
}

void float_init(void) {
    if (!features.xsave) {
        return;
    }
    uint64_t known = cpuid(0xd, 0).a;
    uint64_t wide = STATE_LEGACY | STATE_AVX | STATE_AVX512;
    bool all = (known & wide) == wide && states_size(wide) <= STATE_LIMIT;
    states = all ? wide : known & (STATE_LEGACY | STATE_AVX);
    size = states_size(states);
}

void float_hart_init(void) {
    if (states != 0) {
        states_set(states);
    }
    arch_float_load(nullptr);
}

size_t arch_float_size(void) {
    return size;
}

// All zero means "initial" to XRSTOR but for the control registers, which it takes
// as they stand.
void arch_float_init(void *area) {
    memset(area, 0, size);
    *(uint16_t *)((char *)area + CONTROL_X87) = CONTROL_X87_INITIAL;
    *(uint32_t *)((char *)area + CONTROL_SSE) = CONTROL_SSE_INITIAL;
}

void arch_float_save(void *area) {
    if (states != 0) {
        __asm__ volatile("xsave64 (%0)" ::"r"(area), "a"(-1), "d"(-1) : "memory");
    } else {
        __asm__ volatile("fxsave64 (%0)" ::"r"(area) : "memory");
    }
}

void arch_float_load(const void *area) {
    if (area == nullptr) {
        uint64_t cr0 = CONTROL_READ(cr0);
        if ((cr0 & CR0_TASK_SWITCHED) == 0) {
            CONTROL_WRITE(cr0, cr0 | CR0_TASK_SWITCHED);
        }
        return;
    }
    __asm__ volatile("clts");
    if (states != 0) {
        __asm__ volatile("xrstor64 (%0)" ::"r"(area), "a"(-1), "d"(-1) : "memory");
    } else {
        __asm__ volatile("fxrstor64 (%0)" ::"r"(area) : "memory");
    }
}
