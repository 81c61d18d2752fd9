// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Where a Linux program begins, and how one is cloned onto a stack of its own.
    .text
    .globl _start
    .type _start, %function
_start:
    mov x29, xzr
    mov x30, xzr
    mov x0, sp
    bl peer_main
    brk #0
    .size _start, . - _start

// long clone_onto(flags, stack, function, argument, tid): the clone calls function(argument)
// and exits.
    .globl clone_onto
    .type clone_onto, %function
clone_onto:
    stp x2, x3, [x1, #-16]!
    mov x2, x4
    mov x3, xzr
    mov x8, #220
    svc #0
    cbz x0, 1f
    ret
1:  ldp x1, x0, [sp], #16
    blr x1
    mov x0, xzr
    mov x8, #93
    svc #0
    brk #0
    .size clone_onto, . - clone_onto
    .section .note.GNU-stack, "", %progbits
