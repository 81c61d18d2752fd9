// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The smallest Linux program: exit(0).
    .text
    .globl _start
_start:
    movl $60, %eax
    xorl %edi, %edi
    syscall
    .section .note.GNU-stack, "", %progbits
