// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// What an exception means: a fault of the thread that the portable kernel is
// told of, or a mistake of the kernel. Exception classes: ARM, ESR_EL1.
#include "kernel/arch/aarch64/own.h"

#include "kernel/hart.h"
#include "kernel/thread.h"

static_assert(offsetof(struct arch_frame, x6) == 48);
static_assert(offsetof(struct arch_frame, sp) == 248);
static_assert(offsetof(struct arch_frame, pc) == 256);
static_assert(offsetof(struct arch_frame, flags) == 264);
static_assert(offsetof(struct thread, frame) == 160);
static_assert(offsetof(struct thread, quick) == 160 + 360);
static_assert(offsetof(struct hart, attend) == 36);
static_assert(offsetof(struct hart, current) == 40);
static_assert(offsetof(struct arch_hart, slot) == 0);
static_assert(offsetof(struct arch_hart, emergency) == 8);

enum exception_class : uint32_t {
    EC_FLOAT_TRAP = 0x07,
    EC_INSTRUCTION_ABORT = 0x20,
    EC_PC_ALIGNMENT = 0x22,
    EC_DATA_ABORT = 0x24,
    EC_SP_ALIGNMENT = 0x26,
    EC_FLOAT_EXCEPTION = 0x2c,
    EC_BREAKPOINT = 0x30,
    EC_STEP = 0x32,
    EC_WATCHPOINT = 0x34,
    EC_BRK = 0x3c,
};

// Fault status codes below 0x10 speak of translation, access flag and permission;
// 0x21 is alignment; nearly all others are errors that the hardware reported.
constexpr uint32_t STATUS_TABLES_END = 0x10;
constexpr uint32_t STATUS_ALIGNMENT = 0x21;
constexpr uint64_t ISS_WRITE = 1 << 6;
constexpr uint64_t ISS_CACHE = 1 << 8; // cache maintenance: reported as a write

// ESR_EL1 of the BRK that follows a failed check of a function's type, without the ten bits that
// name registers (LLVM, AArch64AsmPrinter.cpp: 0x8000 and on).
constexpr uint64_t KCFI_BRK = (EC_BRK << 26 | 1 << 25 | 0x8000) >> 10;

static enum fault_kind data_abort(uint64_t esr) {
    uint32_t code = esr & 0x3f;
    if (code == STATUS_ALIGNMENT) {
        return FAULT_ALIGNMENT;
    }
    if (code >= STATUS_TABLES_END) {
        return FAULT_MACHINE;
    }
    return (esr & (ISS_WRITE | ISS_CACHE)) == ISS_WRITE ? FAULT_WRITE : FAULT_READ;
}

struct arch_frame *trap_user_fault(struct arch_frame *frame) {
    // Else undefined, privileged, SVE, SME, a missing BTI, a wrong pointer signature.
    static const uint8_t kinds[64] = {
        [EC_PC_ALIGNMENT] = FAULT_ALIGNMENT, [EC_SP_ALIGNMENT] = FAULT_ALIGNMENT,
        [EC_FLOAT_TRAP] = FAULT_FLOAT,       [EC_FLOAT_EXCEPTION] = FAULT_ARITHMETIC,
        [EC_BREAKPOINT] = FAULT_WATCH,       [EC_BRK] = FAULT_BREAKPOINT};
    uint64_t esr = SYSREG_READ(esr_el1);
    uint64_t far = SYSREG_READ(far_el1);
    enum exception_class class = esr >> 26 & 0x3f;
    switch (class) {
    case EC_DATA_ABORT:
        return kernel_fault(data_abort(esr), far);
    case EC_INSTRUCTION_ABORT:
        return kernel_fault((esr & 0x3f) < STATUS_TABLES_END ? FAULT_EXECUTE : FAULT_MACHINE, far);
    case EC_STEP:
        return debug_step(frame);
    case EC_WATCHPOINT:
        return debug_watchpoint(frame, far);
    default:
        return kernel_fault(kinds[class] != 0 ? (enum fault_kind)kinds[class] : FAULT_INSTRUCTION,
                            class == EC_SP_ALIGNMENT ? frame->sp : frame->pc);
    }
}

[[noreturn]] void trap_panic(uint64_t vector, uint64_t esr, uint64_t elr, uint64_t far) {
    static const char *const kind[] = {"exception", "interrupt", "fast interrupt", "SError"};
    panic("%s in the kernel (vector %lu) ESR %lx ELR %lx FAR %lx",
          esr >> 10 == KCFI_BRK ? "call of a function of another type" : kind[vector & 3], vector,
          esr, elr, far);
}
