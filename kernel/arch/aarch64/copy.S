// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The only code that touches user memory. LDTR and STTR access it with the rights
// of EL0 whatever PAN says, so PAN is never lifted. trap.S sends any data abort
// at a user address between copy_begin and copy_end to copy_fault. An abort loses where the
// user goes on, which may stand in registers only: x4 and x5 keep it. A
// size of 4 or 8 is one access, as the futex needs it.

    .text
    .global copy_begin, copy_end, copy_fault
    .global arch_copy_from_user, arch_copy_to_user

    // One piece of \size bytes through \reg, if the size in x2 has that bit.
    .macro piece bit, load, store, reg, size
    tbz x2, #\bit, 1f
    \load \reg, [x1]
    \store \reg, [x0]
    add x1, x1, #\size
    add x0, x0, #\size
1:
    .endm

    // x0: to, x1: from, x2: size.
    .macro copy load, store
    bti c
    mrs x4, elr_el1
    mrs x5, spsr_el1
    subs x2, x2, #32
    b.lo 2f
1:  .irp offset, 0, 8, 16, 24
    \load\()r x3, [x1, #\offset]
    \store\()r x3, [x0, #\offset]
    .endr
    add x1, x1, #32
    add x0, x0, #32
    subs x2, x2, #32
    b.hs 1b
2:  tbz x2, #4, 3f                          // the low five bits are still right
    .irp offset, 0, 8
    \load\()r x3, [x1, #\offset]
    \store\()r x3, [x0, #\offset]
    .endr
    add x1, x1, #16
    add x0, x0, #16
3:  piece 3, \load\()r, \store\()r, x3, 8
    piece 2, \load\()r, \store\()r, w3, 4
    piece 1, \load\()rh, \store\()rh, w3, 2
    piece 0, \load\()rb, \store\()rb, w3, 1
    mov w0, #1
    ret
    .endm

copy_begin:
arch_copy_from_user:
    copy ldt, st
arch_copy_to_user:
    copy ld, stt
copy_end:

copy_fault:
    msr elr_el1, x4
    msr spsr_el1, x5
    mov w0, #0
    ret
