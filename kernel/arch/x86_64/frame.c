// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The user registers of a thread, as others may make and see them. A frame never
// holds a privileged selector or flag, nor a program counter outside of the user's
// half: IRET would fault in the kernel on one that is not canonical.
#include "cpu.h"

#include "machine/registers.h"

constexpr uint64_t FLAGS_USER = 0x240dd5; // CF PF AF ZF SF TF DF OF AC ID
constexpr uint64_t FLAGS_ALWAYS = 0x202;  // IF and the bit that is always set
constexpr uint64_t SYSCALL_SIZE = 2;      // bytes of the instruction

// USER_TOP is never mapped: a thread sent out of the user's half faults there.
static uint64_t pc_within_user(uint64_t pc) {
    return pc < USER_TOP ? pc : USER_TOP;
}

static uint64_t canonical(uint64_t address) {
    return (uint64_t)((int64_t)(address << 16) >> 16);
}

// The psABI wants a stack as after a call: 8 beside a multiple of 16 at the entry.
void arch_frame_init(struct arch_frame *frame, uint64_t entry, uint64_t stack, uint64_t argument) {
    *frame = (struct arch_frame){.arg = {argument},
                                 .pc = pc_within_user(entry),
                                 .cs = USER_CODE,
                                 .flags = FLAGS_ALWAYS,
                                 .rsp = stack,
                                 .ss = USER_DATA};
}

// The number is still in rax; rcx and r11 are lost to a syscall anyway.
void arch_frame_restart(struct arch_frame *frame) {
    frame->pc -= SYSCALL_SIZE;
}

uint64_t arch_frame_pc(const struct arch_frame *frame) {
    return frame->pc;
}

void arch_frame_get(const struct arch_frame *frame, struct thread_registers *out) {
    *out = (struct thread_registers){.rax = frame->rax,
                                     .rbx = frame->rbx,
                                     .rcx = frame->rcx,
                                     .rdx = frame->arg[2],
                                     .rsi = frame->arg[1],
                                     .rdi = frame->arg[0],
                                     .rbp = frame->rbp,
                                     .rsp = frame->rsp,
                                     .r8 = frame->arg[4],
                                     .r9 = frame->arg[5],
                                     .r10 = frame->arg[3],
                                     .r11 = frame->r11,
                                     .r12 = frame->r12,
                                     .r13 = frame->r13,
                                     .r14 = frame->r14,
                                     .r15 = frame->r15,
                                     .pc = frame->pc,
                                     .flags = frame->flags};
}

void arch_frame_set(struct arch_frame *frame, const struct thread_registers *in) {
    *frame = (struct arch_frame){
        .arg = {in->rdi, in->rsi, in->rdx, in->r10, in->r8, in->r9},
        .rax = in->rax,
        .rbx = in->rbx,
        .rbp = in->rbp,
        .r12 = in->r12,
        .r13 = in->r13,
        .r14 = in->r14,
        .r15 = in->r15,
        .rcx = in->rcx,
        .r11 = in->r11,
        .pc = pc_within_user(in->pc),
        .cs = USER_CODE,
        .flags = (in->flags & FLAGS_USER) | FLAGS_ALWAYS,
        .rsp = in->rsp,
        .ss = USER_DATA,
    };
}

// Writing an address that is not canonical would fault here.
void arch_tls_set(uint64_t value) {
    msr_write(MSR_FS_BASE, canonical(value));
}

uint64_t arch_tls_get(void) {
    return msr_read(MSR_FS_BASE);
}
