// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// What the tests know of x86_64: ways to fault, registers, flags.
#include "tests/ktest/code.h"

#include "lib/string/string.h"
#include "tests/system/marks.h"

constexpr uint64_t FLAG_INTERRUPT = 1 << 9;
constexpr uint64_t FLAGS_PRIVILEGED = 3 << 12 | 1 << 14 | 1 << 17; // IOPL, NT, VM

#define WAYS(WAY) \
    WAY(divide, divl, ARITHMETIC) \
    WAY(cli, cli, INSTRUCTION) \
    WAY(sti, sti, INSTRUCTION) \
    WAY(hlt, hlt, INSTRUCTION) \
    WAY(cr3, cr3, INSTRUCTION) \
    WAY(cr4, cr4, INSTRUCTION) \
    WAY(dr7, dr7, INSTRUCTION) \
    WAY(rdmsr, rdmsr, INSTRUCTION) \
    WAY(wrmsr, wrmsr, INSTRUCTION) \
    WAY(lgdt, lgdt, INSTRUCTION) \
    WAY(lidt, lidt, INSTRUCTION) \
    WAY(sgdt, sgdt, INSTRUCTION) \
    WAY(str, str, INSTRUCTION) \
    WAY(in, in, INSTRUCTION) \
    WAY(out, out, INSTRUCTION) \
    WAY(invlpg, invlpg, INSTRUCTION) \
    WAY(wbinvd, wbinvd, INSTRUCTION) \
    WAY(clts, clts, INSTRUCTION) \
    WAY(swapgs, swapgs, INSTRUCTION) \
    WAY(sysret, sysret, INSTRUCTION) \
    WAY(xsetbv, xsetbv, INSTRUCTION) \
    WAY(wrgsbase, wrgsbase, INSTRUCTION) \
    WAY(interrupt, interrupt, INSTRUCTION) \
    WAY(nmi, nmi, INSTRUCTION) \
    WAY(legacy, legacy, INSTRUCTION) \
    WAY(overflow, overflow, INSTRUCTION) \
    WAY(bound, bound, INSTRUCTION) \
    WAY(sysexit, sysexit, INSTRUCTION) \
    WAY(smsw, smsw, INSTRUCTION) \
    WAY(flag, flag_after, STEP) \
    WAY(stack, push, INSTRUCTION) \
    WAY(x87, wait, ARITHMETIC) \
    WAY(segment, load, INSTRUCTION) \
    WAY(canonical, noncanonical, INSTRUCTION)

#define WAY(entry, at, kind) extern const char code_fault_##entry[], code_fault_##at[];
WAYS(WAY)
#undef WAY

extern const char code_fault_align[], code_fault_aligned[];
extern const char code_fault_int1[], code_fault_int1_after[];
extern const char code_watched_call[], code_watched_trap[], code_watched_flag[];
extern const char code_watched_copy[];

const struct fault_case machine_faults[] = {
#define WAY(entry, at, kind) {#entry, code_fault_##entry, code_fault_##at, FAULT_##kind, false},
    WAYS(WAY)
#undef WAY
        {"int1", code_fault_int1, code_fault_int1_after, FAULT_BREAKPOINT, true},
    {"align", code_fault_align, code_fault_aligned, FAULT_ALIGNMENT, true},
    {},
};

const char *const machine_watched[] = {code_watched_call, code_watched_trap, code_watched_flag,
                                       code_watched_copy, nullptr};
const uint64_t machine_watched_word = 0x1b; // a selector that SS may hold

const uint64_t machine_trap_pc = 1; // INT3 is a trap: the next instruction
const uint64_t machine_trap_resume = 1;
const uint64_t machine_kernel[] = {
    0xffffffff80100000, 0xffff800000000000, 0xffff800000100000, 0xffffffffc0000000,
    0xffffffffe0004000, 0xfffffffffffff000, 0x0000100000000000, 0};
const uint64_t machine_debug_flags = 1 << 8 | 1 << 16; // TF, RF

uint64_t *machine_pc(struct thread_registers *registers) {
    return &registers->pc;
}

uint64_t *machine_stack(struct thread_registers *registers) {
    return &registers->rsp;
}

uint64_t *machine_argument(struct thread_registers *registers) {
    return &registers->rdi;
}

bool machine_fresh(const struct thread_registers *r, uint64_t argument) {
    return (r->rax | r->rbx | r->rcx | r->rdx | r->rsi | r->rbp | r->r8 | r->r9 | r->r10 | r->r11 |
            r->r12 | r->r13 | r->r14 | r->r15) == 0 &&
           r->rdi == argument;
}

bool machine_kept(const struct thread_registers *r, uint64_t status) {
    return r->rdi == status && r->rsi == 2 && r->rdx == 3 && r->r10 == 4 && r->r8 == 5 &&
           r->r9 == 6 && r->rbx == 7 && r->rbp == 8 && r->r12 == 12 && r->r13 == 13 &&
           r->r14 == 14 && r->r15 == 15;
}

bool machine_unprivileged(const struct thread_registers *registers) {
    return (registers->flags & (FLAGS_PRIVILEGED | FLAG_INTERRUPT)) == FLAG_INTERRUPT;
}

// FS is left out: its base is the thread's, and goes with the selector.
void machine_trace_leave(uint32_t rounds) {
    for (uint32_t i = 0; i < rounds; i++) {
        __asm__ volatile(
            "movl %0, %%ds; movl %0, %%es; movl %0, %%gs" ::"r"((uint32_t)machine_watched_word));
    }
}

bool machine_trace_none(void) {
    uint32_t ds, es, gs;
    __asm__ volatile("movl %%ds, %0; movl %%es, %1; movl %%gs, %2" : "=r"(ds), "=r"(es), "=r"(gs));
    return (ds | es | gs) == 0;
}

void machine_write_code(uint64_t address, uint32_t value) {
    const uint8_t code[] = {0xb8, (uint8_t)value, (uint8_t)(value >> 8), 0, 0, 0xc3}; // MOV, RET
    memcpy((void *)address, code, sizeof code);
}

#define MARK(number) \
    case number: \
        __asm__ volatile("nopl %c0(%%rax)" ::"i"(number)); \
        break;
void machine_mark(uint64_t number) {
    switch (number) {
        MARKS(MARK)
    default:
        break;
    }
}
