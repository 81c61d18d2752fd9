// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// What the portable kernel does with a thread's registers.
#include "kernel/arch/aarch64/own.h"
#include "lib/string/string.h"
#include "machine/registers.h"

// SPSR_EL1 as ARM has it: EL0, AArch64, nothing masked; a user chooses only NZCV.
constexpr uint64_t FLAGS_NZCV = UINT64_C(15) << 28;
constexpr uint64_t INSTRUCTION_SIZE = 4;

void arch_frame_init(struct arch_frame *frame, uint64_t entry, uint64_t stack, uint64_t argument) {
    frame->arg[0] = argument;
    frame->sp = stack;
    frame->pc = entry;
}

// The number is still in x8; SVC leaves the address after it. If it was stepped over the
// step begins anew too; otherwise ERET ignores the flag (ARM, software step).
void arch_frame_restart(struct arch_frame *frame) {
    frame->pc -= INSTRUCTION_SIZE;
    frame->flags |= FLAG_STEP;
}

// Both are laid out alike.
static_assert(offsetof(struct thread_registers, flags) == offsetof(struct arch_frame, flags));

void arch_frame_get(const struct arch_frame *frame, struct thread_registers *out) {
    memcpy(out, frame, offsetof(struct arch_frame, debug));
    out->flags &= ~FLAG_STEP;
}

void arch_frame_set(struct arch_frame *frame, const struct thread_registers *in) {
    memcpy(frame, in, offsetof(struct arch_frame, debug));
    frame->flags = in->flags & FLAGS_NZCV;
}

// 32 vectors, FPSR and FPCR (float.S), rounded up to 64. Zero is the reset state:
// round to nearest, no exception traps.
constexpr size_t FLOAT_SIZE = 576;

size_t arch_float_size(void) {
    return FLOAT_SIZE;
}

void arch_float_init(void *area) {
    memset(area, 0, FLOAT_SIZE);
}
