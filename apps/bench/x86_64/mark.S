// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The marks of `bench trace`: long forms of NOP that no compiler writes.
// tools/check/classes.awk knows them by their bytes.
    .text
    .globl mark_begin
    .type mark_begin, %function
mark_begin:
    nopl 0x6e656762(%rax)
    ret
    .size mark_begin, . - mark_begin

    .globl mark_end
    .type mark_end, %function
mark_end:
    nopl 0x20646e65(%rax)
    ret
    .size mark_end, . - mark_end
    .section .note.GNU-stack, "", %progbits
