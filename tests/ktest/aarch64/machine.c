// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// What the tests know of aarch64: ways to fault, registers, flags.
#include "tests/ktest/code.h"

#include "lib/string/string.h"
#include "tests/system/marks.h"

constexpr uint64_t FLAGS_CONDITION = UINT64_C(15) << 28;

#define WAYS(WAY) \
    WAY(unaligned, exclusive, ALIGNMENT) \
    WAY(odd, half, ALIGNMENT) \
    WAY(halt, halt, INSTRUCTION) \
    WAY(watch, watch, INSTRUCTION) \
    WAY(debug, debug, INSTRUCTION) \
    WAY(lock, lock, INSTRUCTION) \
    WAY(sctlr, sctlr, INSTRUCTION) \
    WAY(vbar, vbar, INSTRUCTION) \
    WAY(ttbr, ttbr, INSTRUCTION) \
    WAY(mask, mask, INSTRUCTION) \
    WAY(spsel, spsel, INSTRUCTION) \
    WAY(midr, midr, INSTRUCTION) \
    WAY(hart, hart, INSTRUCTION) \
    WAY(tlbi, tlbi, INSTRUCTION) \
    WAY(clean, clean, INSTRUCTION) \
    WAY(translate, translate, INSTRUCTION) \
    WAY(instruction, instruction, INSTRUCTION) \
    WAY(eret, eret, INSTRUCTION) \
    WAY(hvc, hvc, INSTRUCTION) \
    WAY(smc, smc, INSTRUCTION) \
    WAY(alarm, alarm, INSTRUCTION) \
    WAY(physical, physical, INSTRUCTION) \
    WAY(cycles, cycles, INSTRUCTION) \
    WAY(host, host, INSTRUCTION) \
    WAY(vector, vector, INSTRUCTION)

#define WAY(entry, at, kind) extern const char code_fault_##entry[], code_fault_##at[];
WAYS(WAY)
#undef WAY

extern const char code_fault_pointer[], code_fault_stack[];
extern const char code_fault_inexact[], code_fault_convert[];
extern const char code_watched_copy[], code_watched_pair[];

const struct fault_case machine_faults[] = {
#define WAY(entry, at, kind) {#entry, code_fault_##entry, code_fault_##at, FAULT_##kind, false},
    WAYS(WAY)
#undef WAY
        {"stack pointer", code_fault_pointer, code_fault_stack, FAULT_ALIGNMENT, true},
    {"inexact", code_fault_inexact, code_fault_convert, FAULT_ARITHMETIC, true},
    {},
};

const char *const machine_watched[] = {code_watched_copy, code_watched_pair, nullptr};
const uint64_t machine_watched_word = 0;

const uint64_t machine_trap_pc = 0;
const uint64_t machine_trap_resume = 4;
const uint64_t machine_kernel[] = {
    0xffffffff80000000, 0xffff000040000000, 0xffffffffc0000000, 0xffffffffe0004000,
    0xfffffffffffff000, 0x0000100000000000, 0x0001000000000000, 0};
const uint64_t machine_debug_flags = 1 << 21; // SS

uint64_t *machine_pc(struct thread_registers *registers) {
    return &registers->pc;
}

uint64_t *machine_stack(struct thread_registers *registers) {
    return &registers->sp;
}

uint64_t *machine_argument(struct thread_registers *registers) {
    return &registers->x[0];
}

bool machine_fresh(const struct thread_registers *registers, uint64_t argument) {
    uint64_t all = 0;
    for (uint32_t i = 1; i < 31; i++) {
        all |= registers->x[i];
    }
    return all == 0 && registers->x[0] == argument;
}

// x8 holds the number, x16 and x17 are lost.
bool machine_kept(const struct thread_registers *registers, uint64_t status) {
    for (uint32_t i = 1; i < 31; i++) {
        if (i != 8 && i != 16 && i != 17 && registers->x[i] != i) {
            return false;
        }
    }
    return registers->x[0] == status && registers->x[8] == 0;
}

bool machine_unprivileged(const struct thread_registers *registers) {
    return (registers->flags & ~FLAGS_CONDITION) == 0;
}

constexpr uint64_t TRACE = 0x7472616365;

// TPIDR2_EL0 belongs to SME, which is trapped: there is this one.
void machine_trace_leave(uint32_t rounds) {
    uint64_t own;
    __asm__ volatile("mrs %0, tpidr_el0; msr tpidr_el0, %1" : "=&r"(own) : "r"(TRACE));
    for (uint32_t i = 0; i < rounds; i++) {
        __asm__ volatile("nop");
    }
    __asm__ volatile("msr tpidr_el0, %0" ::"r"(own));
}

bool machine_trace_none(void) {
    uint64_t value;
    __asm__ volatile("mrs %0, tpidr_el0" : "=r"(value));
    return value != TRACE;
}

void machine_write_code(uint64_t address, uint32_t value) {
    const uint32_t code[] = {0x52800000 | (value & 0xffff) << 5, 0xd65f03c0}; // MOVZ, RET
    memcpy((void *)address, code, sizeof code);
}

#define MARK(number) \
    case number: \
        __asm__ volatile("movz xzr, %0" ::"i"(number)); \
        break;
void machine_mark(uint64_t number) {
    switch (number) {
        MARKS(MARK)
    default:
        break;
    }
}
