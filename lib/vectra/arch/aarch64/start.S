// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Where a program begins: the stack is STACK_TOP, every other register is 0 or
// nothing. Frame pointer and link register are 0, so that a backtrace ends here.
    .section .text.start, "ax", %progbits
    .globl _start
    .type _start, %function
_start:
    mov x29, xzr
    mov x30, xzr
    bl program_start
    brk #0
    .size _start, . - _start

// thread_spawn enters here: the argument in x0, the function on the stack. It stays there,
// so that the handle behind it does.
    .text
    .globl thread_start
    .type thread_start, %function
thread_start:
    mov x29, xzr
    mov x30, xzr
    ldr x1, [sp]
    blr x1
    bl thread_end
    brk #0
    .size thread_start, . - thread_start
    .section .note.GNU-stack, "", %progbits
