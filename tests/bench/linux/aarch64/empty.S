// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The smallest Linux program: exit(0).
    .text
    .globl _start
_start:
    mov x8, #93
    mov x0, #0
    svc #0
    .section .note.GNU-stack, "", %progbits
