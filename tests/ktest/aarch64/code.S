// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Pieces of code for Tasks made by hand, on aarch64. They reach no data but what
// their argument points at and the Bundle.
#define SYSCALL_DROP 2
#define SYSCALL_CARVE 9
#define SYSCALL_EXIT 20
#define SYSCALL_THREAD_CARVE 22
#define SYSCALL_THREAD_START 23
#define SYSCALL_THREAD_EXIT 24
#define SYSCALL_WAIT 37
#define SYSCALL_FUTEX 38
#define FIRST_HANDLE 0x8038 /* BUNDLE_ADDRESS: entry[0].word */

    .arch armv8-a+fp+simd
    .macro piece name
    .balign 4
    .globl \name
\name:
    .endm
    .macro call number
    mov x8, #\number
    svc #0
    .endm
    .macro fault name, text:vararg
    piece code_fault_\name
    \text
    udf #0
    .endm

    .section .rodata, "a", %progbits
    .balign 16
piece code_begin
piece code_exit
    call SYSCALL_EXIT
    udf #0
piece code_thread_exit
    call SYSCALL_THREAD_EXIT
    udf #0
piece code_spin
    b code_spin
piece code_polite
    mov w1, #1000
1:  subs w1, w1, #1
    b.ne 1b
    yield
    b code_polite
piece code_trap
    brk #0
    call SYSCALL_EXIT
    udf #0
piece code_read
    ldr x0, [x0]
piece code_read_next
    call SYSCALL_EXIT
    udf #0
piece code_write
    str x0, [x0]
piece code_write_next
    mov x0, #0
    call SYSCALL_EXIT
    udf #0
piece code_jump
    br x0
piece code_undefined
    udf #0
piece code_float
    .irp n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16
    orr v0.16b, v0.16b, v\n\().16b
    .endr
    .irp n, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    orr v0.16b, v0.16b, v\n\().16b
    .endr
    mov x1, v0.d[0]
    mov x2, v0.d[1]
    orr x1, x1, x2
    cmp x1, #0
    cset x0, ne
    call SYSCALL_EXIT
    udf #0
piece code_wait
    mov x0, #1
    mov x1, #-1
    mov x2, #0
    call SYSCALL_WAIT
    b code_wait
piece code_futex
    mov x1, #0
    mov x2, #-1
    mov x8, #SYSCALL_FUTEX
    .globl code_futex_call
code_futex_call:
    svc #0
    call SYSCALL_EXIT /* with the status */
    udf #0
piece code_walk
    mov x19, x0
piece code_walk_load
    ldr x20, [x19]
piece code_walk_add
    add x20, x20, #1
piece code_walk_store
    str x20, [x19]
piece code_walk_number
    mov x8, #0
piece code_walk_call
    svc #0
piece code_walk_again
    b code_walk_load
piece code_until
    mov x1, x0
    mov x0, #1
    mov x2, #0
    mov x8, #SYSCALL_WAIT
piece code_until_call
    svc #0
piece code_until_next
    call SYSCALL_EXIT
    udf #0
piece code_offspring
    mov x1, x0
    mov x0, #0
    mov x2, #0
    mov x3, #0
    mov x4, #0
    mov x5, #0
    call SYSCALL_THREAD_CARVE
piece code_offspring_made
    mov x0, x1
    call SYSCALL_THREAD_START
    b code_spin
    .macro fill n
    mov x1, #(\n * 2 + 1)
    dup v\n\().2d, x1
    .endm
    .macro filled n
    mov x2, v\n\().d[0]
    mov x3, v\n\().d[1]
    cmp x2, #(\n * 2 + 1)
    cinc x0, x0, ne
    cmp x3, #(\n * 2 + 1)
    cinc x0, x0, ne
    .endm
piece code_fill
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23
    fill \n
    .endr
    .irp n, 24, 25, 26, 27, 28, 29, 30, 31
    fill \n
    .endr
    br x0
piece code_filled
    mov x0, #0
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23
    filled \n
    .endr
    .irp n, 24, 25, 26, 27, 28, 29, 30, 31
    filled \n
    .endr
    call SYSCALL_EXIT
    udf #0
piece code_modes_hold // rounding, and each error noted
    mov x1, #0xc00000
    mov x2, #0x9f
    msr fpcr, x1
    msr fpsr, x2
1:  mrs x3, fpcr
    mrs x4, fpsr
    cmp x3, x1
    ccmp x4, x2, #0, eq
    b.eq 1b
    mov x0, #1
    call SYSCALL_EXIT
    udf #0
piece code_modes_fresh
    mrs x1, fpcr
    mrs x2, fpsr
    orr x1, x1, x2
    cmp x1, #0
    cset x0, ne
    call SYSCALL_EXIT
    udf #0
piece code_reserve
    sub x19, sp, #16
    ldxr w20, [x19]
    mov x0, #0
    call 0
    stxr w0, w20, [x19]
    eor w0, w0, #1 // 0: the word was stored
    call SYSCALL_EXIT
    udf #0
piece code_leak_put // this machine has nothing that is not switched
    b code_leak_put
piece code_leak_look
    mov x0, #0
    call SYSCALL_EXIT
    udf #0
piece code_watched_copy // the kernel reads it
    mov x1, #1
    mov x2, #0
    call SYSCALL_FUTEX
    mov x0, #0
    call SYSCALL_EXIT
    udf #0
piece code_watched_pair // the hardware tells an address before the watched one
    sub x1, x0, #8
    ldp x2, x3, [x1]
    mov x0, #0
    call SYSCALL_EXIT
    udf #0
piece code_keep
    mov x0, #0x999
    .irp n, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 18, 19, 20, 21, 22, 23, 24, 25, 26
    mov x\n, #\n
    .endr
    .irp n, 27, 28, 29, 30
    mov x\n, #\n
    .endr
    call 0
    brk #0
    udf #0
piece code_carve
    mov x9, #FIRST_HANDLE
    ldr x19, [x9]
1:  mov x0, x19
    mov x1, #0x200000
    mov x2, #12
    mov x3, #0
    call SYSCALL_CARVE
    cbnz x0, 1b
    mov x0, x1
    call SYSCALL_DROP
    b 1b
piece code_drop
    mov x19, x0
    mov x9, #FIRST_HANDLE
    ldr x0, [x9]
    call SYSCALL_DROP
    mov x0, x19
    call SYSCALL_EXIT
    udf #0
piece code_increment
    add x0, x0, #1
    ret

piece code_fault_unaligned
    sub x1, sp, #15
piece code_fault_exclusive
    ldxr x0, [x1]
    udf #0
piece code_fault_odd
    adr x1, code_fault_odd
    add x1, x1, #2
    br x1
    .globl code_fault_half
    .set code_fault_half, code_fault_odd + 2
piece code_fault_pointer
    sub sp, sp, #8
piece code_fault_stack
    ldr x0, [sp]
    udf #0
piece code_fault_inexact
    mov x1, #1 << 12 // FPCR.IXE
    msr fpcr, x1
piece code_fault_convert
    fcvtzs x1, d1 // far below 1
    udf #0
fault halt, hlt #0
fault watch, msr dbgwcr0_el1, x0
fault debug, msr mdscr_el1, x0
fault lock, msr oslar_el1, x0
fault sctlr, mrs x0, sctlr_el1
fault vbar, msr vbar_el1, x0
fault ttbr, msr ttbr0_el1, x0
fault mask, msr daifset, #2
fault spsel, msr spsel, #1
fault midr, mrs x0, midr_el1
fault hart, mrs x0, tpidr_el1
fault tlbi, tlbi vmalle1
fault clean, dc isw, x0
fault translate, at s1e1r, x0
fault instruction, ic iallu
fault eret, eret
fault hvc, hvc #0
fault smc, smc #0
fault alarm, msr cntv_ctl_el0, x0
fault physical, mrs x0, cntp_ctl_el0
fault cycles, mrs x0, pmccntr_el0
fault host, .inst 0xd45e0000
fault vector, .inst 0x2518e3e0
piece code_end

    .text
    .macro compare n
    fmov x3, d\n
    cmp x3, x0
    cinc x2, x2, ne
    .endm

    .globl machine_float_hold
machine_float_hold:
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23
    dup v\n\().2d, x0
    .endr
    .irp n, 24, 25, 26, 27, 28, 29, 30, 31
    dup v\n\().2d, x0
    .endr
    mov x2, #0
1:  .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23
    compare \n
    .endr
    .irp n, 24, 25, 26, 27, 28, 29, 30, 31
    compare \n
    .endr
    ldr w3, [x1]
    cbz w3, 1b
    mov x0, x2
    ret
    .section .note.GNU-stack, "", %progbits
