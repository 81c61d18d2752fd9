// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Ways into the kernel and out of it. While user code runs SP_EL1 is the hart's
// slot: the word there holds the frame to save into (arch_hart.slot). The kernel
// runs with all exceptions masked, so nothing but its own mistakes, and the aborts
// that copy.S provokes, arrives here from EL1; those clobber ELR_EL1 and SPSR_EL1, which
// copy.S keeps and restores.
// The hot path is the syscall: each instruction is counted. Only what a function may lose is
// saved; if the hart has nothing to attend to behind it, the same thread goes on at once, and
// all the rest is in its registers still: ELR_EL1, SPSR_EL1 and SP_EL0, too. C is compiled not
// to touch x18. x16 and x17 are lost, by contract.

#include "kernel/arch/common/number.h"

    .equ FRAME_X8, 64
    .equ FRAME_X16, 128
    .equ FRAME_X30, 240
    .equ FRAME_PC, 256
    .equ FRAME_SP, 248
    .equ HART_SLOT, 0
    .equ HART_EMERGENCY, 8
    .equ HART_ATTEND, 36
    .equ HART_CURRENT, 40
    .equ FRAME_THREAD, 160
    .equ FRAME_QUICK, 360
    .equ EC_SVC, 0x15
    .equ EC_DATA_ABORT_EL1, 0x25

    // The registers \first and \first + 1 from or to their place in a frame.
    .altmacro
    .macro pair op, base, first, second
    \op x\first, x\second, [\base, #\first * 8]
    .endm
    .macro each op, base, list:vararg
    .irp first, \list
    pair \op, \base, \first, %(\first + 1)
    .endr
    .endm

    // x17: the frame, and stays it. What a function may lose; then the rest. x16 is free.
    .macro save_lost
    each stp, x17, 0, 2, 4, 6, 8, 10, 12, 14
    str x30, [x17, #FRAME_X30]
    .endm
    .macro save_rest
    each stp, x17, 18, 20, 22, 24, 26, 28
    mrs x16, sp_el0
    str x16, [x17, #FRAME_SP]
    mrs x16, elr_el1
    str x16, [x17, #FRAME_X16]              // of a syscall: arch_frame_syscall
    mrs x19, spsr_el1
    stp x16, x19, [x17, #FRAME_PC]
    .endm

    // An entry that must keep x16 and x17 too.
    .macro enter_user
    ldr x17, [sp]
    save_lost
    save_rest
    ldp x1, x2, [sp, #-16]
    stp x1, x2, [x17, #FRAME_X16]
    .endm

    // What this hart may guess beyond an ERET, it must not execute.
    .macro leave
    eret
    dsb nsh
    isb
    .endm

    // A panic: x0 says what, the stack is one that is surely good.
    .macro die what
    mov x0, #\what
    b die_common
    .endm

    // Entries that nothing should come through.
    .macro never list:vararg
    .irp kind, \list
    .balign 128
    die \kind
    .endr
    .endm

    .text
    .global vectors
    .balign 2048
vectors:
    never 0, 1, 2, 3                        // EL1 on SP_EL0: not used

    .balign 128                             // EL1, synchronous
    mrs x16, elr_el1
    adr x17, copy_begin
    cmp x16, x17
    b.lo 1f
    adr x17, copy_end
    cmp x16, x17
    b.hs 1f
    mrs x16, far_el1
    tbnz x16, #55, 1f                       // the kernel's own half
    mrs x16, esr_el1
    lsr x16, x16, #26
    cmp x16, #EC_DATA_ABORT_EL1
    b.ne 1f
    adr x16, copy_fault
    msr elr_el1, x16
    leave
1:  die 4
    never 5, 6, 7                           // masked there

    .balign 128                             // EL0, synchronous
    stp x16, x17, [sp, #-16]
    mrs x16, esr_el1
    lsr x16, x16, #26
    cmp x16, #EC_SVC
    b.ne user_fault
    ldr x17, [sp]
    save_lost
    cmp x8, #NUMBER_DOORBELL_WAIT
    b.eq syscall_direct
    ldr x2, [x17, #FRAME_QUICK]
    cmp x8, x2
    b.hs syscall_long
    adr x2, syscall_table
    ldr x16, [x2, x8, lsl #3]
    mov x1, x17
    sub x0, x17, #FRAME_THREAD
    adr x30, syscall_return
    br x16
    .balign 128                             // EL0, IRQ
    stp x16, x17, [sp, #-16]
    b user_irq
    never 10, 11                            // EL0, FIQ and SError
    never 12, 13, 14, 15                    // AArch32: arch_frame_set never makes one
    .org vectors + 2048                     // or one of them is longer than its place

syscall_return:                             // the status in x0
    mrs x16, tpidr_el1
    ldrb w16, [x16, #HART_ATTEND]
    cbnz w16, syscall_attend
    ldr x30, [sp]
    ldr x1, [x30, #8]
    each ldp, x30, 2, 4, 6, 8, 10, 12, 14
    ldr x30, [x30, #FRAME_X30]
    mov x17, #0                             // no value of the kernel's
    mrs x16, elr_el1                        // arch_frame_syscall
    leave

    // The thread may be gone, and its frame with it: then no thread is the hart's current one.
syscall_attend:
    ldr x17, [sp]
    mrs x16, tpidr_el1
    ldr x16, [x16, #HART_CURRENT]
    cbz x16, 1f
    save_rest
1:  mov x2, x0
    ldr x1, [x17, #FRAME_X8]
    sub x0, x17, #FRAME_THREAD
    bl kernel_syscall_end
    b resume

    // A number that there is not, or a syscall that goes on.
syscall_long:
    save_rest
    mov x0, x8
1:  bl kernel_syscall
    b resume

syscall_direct:                             // keeps no register
    save_rest
    sub x20, x17, #FRAME_THREAD
    bl direct_switch
    cbz x0, 2f
    stp xzr, x1, [x0]                       // STATUS_OK, and the bits
    b resume
2:  mov x0, #NUMBER_DOORBELL_WAIT
    b 1b

user_fault:
    enter_user
    mov x0, x17
    bl trap_user_fault
    b resume

user_irq:
    enter_user
    bl gic_handle
    bl kernel_leave
    b resume

    .global arch_resume
arch_resume:
    bti c
    mrs x1, tpidr_el1
    ldr x1, [x1, #HART_SLOT]
    mov sp, x1
resume:
    ldp x16, x17, [x0, #FRAME_PC]
    msr elr_el1, x16
    msr spsr_el1, x17
    ldp x30, x16, [x0, #FRAME_X30]
    msr sp_el0, x16
    each ldp, x0, 28, 26, 24, 22, 20, 18, 16, 14, 12, 10, 8, 6, 4, 2
    ldp x0, x1, [x0]
    leave

    // The stack may be the reason, so change it; before arch_hart_init there is
    // only the first hart's.
die_common:
    mrs x1, tpidr_el1
    cbz x1, 1f
    ldr x1, [x1, #HART_EMERGENCY]
    mov sp, x1
1:  mrs x1, esr_el1
    mrs x2, elr_el1
    mrs x3, far_el1
    b trap_panic
