// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The user registers of a thread, as others may make and see them. A frame never
// holds a privileged selector or flag, nor a program counter outside of the user's
// half: IRET would fault in the kernel on one that is not canonical.
#include "cpu.h"

#include "lib/string/string.h"
#include "machine/registers.h"

constexpr uint64_t FLAGS_USER = 0x240cd5; // CF PF AF ZF SF DF OF AC ID
constexpr uint64_t FLAGS_ALWAYS = 0x202;  // IF and the bit that is always set
constexpr uint64_t FLAG_STEP = 1 << 8;    // TF
constexpr uint64_t FLAG_RESUME = 1 << 16; // RF: past a breakpoint at the next instruction
constexpr uint64_t SYSCALL_SIZE = 2;      // bytes of the instruction

// USER_TOP is never mapped: a thread sent out of the user's half faults there.
static uint64_t pc_within_user(uint64_t pc) {
    return pc < USER_TOP ? pc : USER_TOP;
}

// The psABI wants a stack as after a call: 8 beside a multiple of 16 at the entry.
void arch_frame_init(struct arch_frame *frame, uint64_t entry, uint64_t stack, uint64_t argument) {
    frame->arg[0] = argument;
    frame->pc = pc_within_user(entry);
    frame->cs = USER_CODE;
    frame->flags = FLAGS_ALWAYS;
    frame->rsp = stack;
    frame->ss = USER_DATA;
}

// The number is still in rax; rcx and r11 are lost to a syscall anyway. By IRET: SYSRET
// would trap for a step before the instruction, and a breakpoint there was passed already.
void arch_frame_restart(struct arch_frame *frame) {
    frame->pc -= SYSCALL_SIZE;
    frame->flags |= FLAG_RESUME;
    frame->vector = 0;
}

void arch_frame_stop(struct arch_frame *frame) {
    frame->flags &= ~FLAG_STEP;
}

void arch_frame_go(struct arch_frame *frame, bool step) {
    frame->flags |= FLAG_RESUME | (step ? FLAG_STEP : 0);
    frame->vector = 0; // SYSRET clears RF, and traps at once for TF
}

enum status arch_frame_watch(struct arch_frame *frame, uint32_t index, uint64_t address,
                             uint32_t length, enum watch_kind kind) {
    static const uint64_t access[] = {[WATCH_EXECUTE] = 0, [WATCH_WRITE] = 1, [WATCH_ACCESS] = 3};
    uint64_t size = kind == WATCH_EXECUTE ? 0 : length == 8 ? 2 : length - 1;
    uint32_t place = 16 + 4 * index;
    struct arch_debug *debug = &frame->debug;
    debug->control &= ~(UINT64_C(15) << place | UINT64_C(3) << 2 * index);
    if (kind != WATCH_OFF) {
        debug->control |= (size << 2 | access[kind]) << place | UINT64_C(1) << 2 * index;
    }
    debug->address[index] = address;
    return STATUS_OK;
}

void arch_debug_load(const struct arch_frame *frame) {
    const struct arch_debug *debug = &frame->debug;
    uint64_t control = (frame->flags & FLAG_STEP) != 0 ? 0 : debug->control;
    __asm__ volatile("movq %0, %%dr7; movq %0, %%dr6; movq %2, %%dr0; movq %3, %%dr1;"
                     "movq %4, %%dr2; movq %5, %%dr3; movq %1, %%dr7" ::"r"(UINT64_C(0)),
                     "r"(control), "r"(debug->address[0]), "r"(debug->address[1]),
                     "r"(debug->address[2]), "r"(debug->address[3]));
}

uint64_t debug_hits(void) {
    uint64_t hits;
    __asm__ volatile("movq %%dr6, %0\n\tmovq %1, %%dr6" : "=&r"(hits) : "r"(UINT64_C(0)));
    return hits;
}

// Both begin with the same registers.
static_assert(offsetof(struct thread_registers, rsp) == FRAME_VECTOR);

void arch_frame_get(const struct arch_frame *frame, struct thread_registers *out) {
    memcpy(out, frame, FRAME_VECTOR);
    out->rsp = frame->rsp;
    out->pc = frame->pc;
    out->flags = frame->flags & (FLAGS_USER | FLAGS_ALWAYS);
}

void arch_frame_set(struct arch_frame *frame, const struct thread_registers *in) {
    memcpy(frame, in, FRAME_VECTOR);
    frame->vector = 0;
    frame->rsp = in->rsp;
    frame->pc = pc_within_user(in->pc);
    frame->flags = (in->flags & FLAGS_USER) | FLAGS_ALWAYS;
}
