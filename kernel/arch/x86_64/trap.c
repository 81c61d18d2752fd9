// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// What an interrupt or a fault means: from user mode it becomes one call of the
// portable kernel; in kernel mode only arch_idle takes interrupts and only the copy
// routine may fault, anything else is the end.
#include "cpu.h"

#include <stdatomic.h>

#include "kernel/hart.h"
#include "kernel/thread.h"

static_assert(offsetof(struct hart, attend) == HART_ATTEND);
static_assert(offsetof(struct hart, current) == HART_CURRENT);
static_assert(offsetof(struct thread, frame) == FRAME_THREAD);
static_assert(offsetof(struct thread, quick) == FRAME_THREAD + FRAME_QUICK);

// What entry_kernel and entry_fatal find on the stack.
struct trap {
    uint64_t vector, error, pc, cs, flags, rsp, ss;
};

// An interrupt gate, SDM vol 3 6.14.1.
struct gate {
    uint16_t offset0, selector;
    uint8_t stack, type;
    uint16_t offset1;
    uint32_t offset2, reserved;
};
static_assert(sizeof(struct gate) == 16);

constexpr uint32_t GATES = 256;
constexpr uint32_t ENTRY_SIZE = 16; // distance of the stubs in trap.S
constexpr uint8_t GATE_INTERRUPT = 0x8e;
constexpr uint8_t GATE_USER = 3 << 5; // user code may use INT3

constexpr uint64_t FLAGS_KERNEL_CLEARS = 0x257fd5;

extern const char trap_entries[];
extern const char syscall_entry[];
extern const char copy_user[];
extern const char copy_user_end[];
extern const char copy_user_failed[];

static struct gate gates[GATES];

void trap_init(void) {
    static const uint8_t stacks[GATES] = {[VECTOR_DEBUG] = STACK_DEBUG,
                                          [VECTOR_NMI] = STACK_NMI,
                                          [VECTOR_DOUBLE_FAULT] = STACK_DOUBLE_FAULT,
                                          [VECTOR_MACHINE_CHECK] = STACK_MACHINE_CHECK};
    for (uint32_t i = 0; i < GATES; i++) {
        uint64_t entry = (uint64_t)trap_entries + (uint64_t)i * ENTRY_SIZE;
        gates[i] = (struct gate){.offset0 = (uint16_t)entry,
                                 .selector = KERNEL_CODE,
                                 .stack = stacks[i],
                                 .type = GATE_INTERRUPT,
                                 .offset1 = (uint16_t)(entry >> 16),
                                 .offset2 = (uint32_t)(entry >> 32)};
    }
    gates[VECTOR_BREAKPOINT].type |= GATE_USER;
    trap_load();
}

void trap_load(void) {
    __asm__ volatile("lidt %0" ::"m"((struct descriptor_table){sizeof gates - 1, gates}));
    uint64_t selectors = (uint64_t)(USER_DATA - 8) << 48 | (uint64_t)KERNEL_CODE << 32;
    msr_write(MSR_STAR, selectors);
    msr_write(MSR_LSTAR, (uint64_t)syscall_entry);
    msr_write(MSR_FMASK, FLAGS_KERNEL_CLEARS);
}

// SDM vol 3 6.15. What is not named here is a privilege or encoding that user code
// may not use.
static enum fault_kind fault_kind(int64_t vector, uint64_t error) {
    static const uint8_t kinds[32] = {
        [VECTOR_DIVIDE] = FAULT_ARITHMETIC,   [VECTOR_FLOAT] = FAULT_ARITHMETIC,
        [VECTOR_SIMD] = FAULT_ARITHMETIC,     [VECTOR_BREAKPOINT] = FAULT_BREAKPOINT,
        [VECTOR_ALIGNMENT] = FAULT_ALIGNMENT, [VECTOR_NO_FLOAT] = FAULT_FLOAT};
    if (vector == VECTOR_PAGE_FAULT) { // error: bit 1 a write, bit 4 an instruction fetch
        return error >> 4 & 1 ? FAULT_EXECUTE : error >> 1 & 1 ? FAULT_WRITE : FAULT_READ;
    }
    return kinds[vector] != 0 ? (enum fault_kind)kinds[vector] : FAULT_INSTRUCTION;
}

static void interrupt(uint64_t vector) {
    if (vector == VECTOR_SPURIOUS) { // no end of interrupt: SDM vol 3 10.9
        return;
    }
    if (vector == VECTOR_TIMER) {
        if (time_reached()) {
            kernel_timer();
        }
    } else if (vector == VECTOR_IPI) {
        kernel_ipi();
    } else if (vector >= VECTOR_LINES && vector < VECTOR_IPI) {
        line_arrived((uint32_t)(vector - VECTOR_LINES));
    }
    local_write(LOCAL_DONE, 0);
}

// A step; or what is watched was touched, or is about to be executed; or INT1, which tells
// nothing. The processor may name a breakpoint at the next instruction too: that is told
// when it is reached.
static struct arch_frame *debug_trap(const struct arch_frame *frame) {
    uint64_t hits = debug_hits();
    uint64_t address = 0;
    if ((hits & DEBUG_STEP) != 0) {
        return kernel_fault(FAULT_STEP, frame->pc);
    }
    for (uint32_t i = 0; i < 4; i++) {
        uint64_t control = frame->debug.control;
        bool touched = (control >> (16 + 4 * i) & 3) != 0;
        if ((hits >> i & control >> 2 * i & 1) != 0 && (touched || address == 0)) {
            address = frame->debug.address[i];
        }
    }
    return address != 0 ? kernel_fault(FAULT_WATCH, address)
                        : kernel_fault(FAULT_BREAKPOINT, frame->pc);
}

struct arch_frame *trap_user(struct arch_frame *frame) {
    if (frame->vector >= 32) {
        interrupt((uint64_t)frame->vector);
        return kernel_leave();
    }
    if (frame->vector == VECTOR_DEBUG) {
        return debug_trap(frame);
    }
    uint64_t address = frame->vector == VECTOR_PAGE_FAULT ? CONTROL_READ(cr2) : frame->pc;
    return kernel_fault(fault_kind(frame->vector, frame->error), address);
}

[[noreturn]] static void trap_panic(const struct trap *trap) {
    // Where a function's type is checked the compiler jumps over a UD2, with JE.
    const uint8_t *code = (const uint8_t *)trap->pc;
    bool type = trap->vector == VECTOR_UNDEFINED && code[0] == 0x0f && code[-2] == 0x74;
    panic("%s %lu (error %lx) in the kernel at %lx, stack %lx, address %lx",
          type ? "call of a function of another type, trap" : "trap", trap->vector, trap->error,
          trap->pc, trap->rsp, CONTROL_READ(cr2));
}

void trap_kernel(struct trap *trap) {
    const struct arch_hart *hart = (const struct arch_hart *)arch_hart();
    if (trap->vector >= 32 && hart != nullptr && hart->idle) {
        interrupt(trap->vector);
        trap->flags &= ~(uint64_t)FLAGS_KERNEL_CLEARS; // one ends the HLT; the rest wait
        return;
    }
    bool copying = trap->pc >= (uint64_t)copy_user && trap->pc < (uint64_t)copy_user_end;
    if (trap->vector != VECTOR_PAGE_FAULT || !copying || CONTROL_READ(cr2) >= USER_TOP) {
        trap_panic(trap);
    }
    trap->pc = (uint64_t)copy_user_failed;
}

// NMI, double fault, machine check.
[[noreturn]] void trap_fatal(const struct trap *trap) {
    if (trap->vector == VECTOR_NMI && atomic_load(&halting)) {
        arch_halt();
    }
    trap_panic(trap);
}

// Here and nowhere else a hart takes interrupts in the kernel. STI works only after the next
// instruction: one that is pending already ends the HLT, or is taken behind the NOP. Who does not
// wait may be waiting for a lock, hence the PAUSE; behind STI at once, QEMU takes nothing.
void arch_idle(bool wait) {
    struct arch_hart *hart = (struct arch_hart *)arch_hart();
    hart->idle = true;
    if (wait) {
        __asm__ volatile("sti; hlt; cli" ::: "memory");
    } else {
        __asm__ volatile("sti; nop; pause; cli" ::: "memory");
    }
    hart->idle = false;
}
