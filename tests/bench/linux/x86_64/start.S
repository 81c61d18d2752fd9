// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Where a Linux program begins, and how one is cloned onto a stack of its own.
    .text
    .globl _start
    .type _start, %function
_start:
    xorl %ebp, %ebp
    movq %rsp, %rdi
    andq $-16, %rsp
    call peer_main
    ud2
    .size _start, . - _start

// long clone_onto(flags, stack, function, argument, tid): the clone calls function(argument)
// and exits.
    .globl clone_onto
    .type clone_onto, %function
clone_onto:
    subq $16, %rsi
    movq %rdx, (%rsi)
    movq %rcx, 8(%rsi)
    movq %r8, %rdx
    movq %r8, %r10
    xorl %r8d, %r8d
    movl $56, %eax
    syscall
    testq %rax, %rax
    jz 1f
    ret
1:  popq %rax
    popq %rdi
    call *%rax
    xorl %edi, %edi
    movl $60, %eax
    syscall
    ud2
    .size clone_onto, . - clone_onto
    .section .note.GNU-stack, "", %progbits
