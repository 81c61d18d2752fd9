// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Where a program begins: the stack is STACK_TOP, every other register is 0 or
// nothing. The frame pointer is 0, so that a backtrace ends here.
    .section .text.start, "ax", @progbits
    .globl _start
    .type _start, @function
_start:
    xorl %ebp, %ebp
    andq $-16, %rsp
    call program_start
    ud2
    .size _start, . - _start

// thread_spawn enters here: the argument in rdi, the function on the stack. It stays there,
// so that the handle behind it does.
    .text
    .globl thread_start
    .type thread_start, @function
thread_start:
    xorl %ebp, %ebp
    call *(%rsp)
    call thread_end
    ud2
    .size thread_start, . - thread_start
    .section .note.GNU-stack, "", @progbits
