// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The floating-point and vector state: q0..q31, then FPSR and FPCR. C code of
// the kernel never uses these registers, so EL1 may always reach them
// (ARM, CPACR_EL1.FPEN) and only EL0 is let in or trapped. SVE and SME
// stay trapped: their registers would leak between threads.

    .arch armv8-a+fp

    .equ FPEN_KERNEL, 1 << 20
    .equ FPEN_ALL, 3 << 20

    .altmacro
    .macro pair op, first, second
    \op q\first, q\second, [x0, #\first * 16]
    .endm
    .macro each_q op
    .irp first, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30
    pair \op, \first, %(\first + 1)
    .endr
    .endm

    .text
    .global arch_float_save, arch_float_load

arch_float_save:
    bti c
    each_q stp
    mrs x1, fpsr
    mrs x2, fpcr
    add x0, x0, #512
    stp x1, x2, [x0]
    ret

    // No ISB: the ERET to EL0 orders the write of CPACR_EL1 before user code.
arch_float_load:
    bti c
    mov x1, #FPEN_KERNEL
    cbz x0, 1f
    each_q ldp
    add x0, x0, #512
    ldp x1, x2, [x0]
    msr fpsr, x1
    msr fpcr, x2
    mov x1, #FPEN_ALL
1:  msr cpacr_el1, x1
    ret
