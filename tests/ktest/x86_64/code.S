// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Pieces of code for Tasks made by hand, on x86_64. They reach no data but what
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

    .macro piece name
    .balign 4
    .globl \name
\name:
    .endm
    .macro call number
    movl $\number, %eax
    syscall
    .endm
    .macro fault name, text:vararg
    piece code_fault_\name
    \text
    ud2
    .endm

    .section .rodata, "a", @progbits
    .balign 16
piece code_begin
piece code_exit
    call SYSCALL_EXIT
    ud2
piece code_thread_exit
    call SYSCALL_THREAD_EXIT
    ud2
piece code_spin
    jmp code_spin
piece code_polite
    movl $1000, %ecx
1:  decl %ecx
    jnz 1b
    pause
    jmp code_polite
piece code_trap
    int3
    call SYSCALL_EXIT
    ud2
piece code_read
    movq (%rdi), %rdi
    .globl code_read_next
code_read_next:
    call SYSCALL_EXIT
    ud2
piece code_write
    movq %rdi, (%rdi)
    .globl code_write_next
code_write_next:
    xorl %edi, %edi
    call SYSCALL_EXIT
    ud2
piece code_jump
    jmp *%rdi
piece code_undefined
    ud2
piece code_float
    .irp n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    por %xmm\n, %xmm0
    .endr
    movhlps %xmm0, %xmm1
    por %xmm1, %xmm0
    movq %xmm0, %rax
    xorl %edi, %edi
    testq %rax, %rax
    setne %dil
    call SYSCALL_EXIT
    ud2
piece code_wait
    movl $1, %edi
    movq $-1, %rsi
    xorl %edx, %edx
    call SYSCALL_WAIT
    jmp code_wait
piece code_futex
    xorl %esi, %esi
    movq $-1, %rdx
    movl $SYSCALL_FUTEX, %eax
    .globl code_futex_call
code_futex_call:
    syscall
    call SYSCALL_EXIT /* with the status */
    ud2
    .macro label name
    .globl \name
\name:
    .endm
piece code_walk
    movq %rdi, %rbx
label code_walk_load
    movq (%rbx), %r12
label code_walk_add
    incq %r12
label code_walk_store
    movq %r12, (%rbx)
label code_walk_number
    xorl %eax, %eax
label code_walk_call
    syscall
label code_walk_again
    jmp code_walk_load
piece code_until
    movq %rdi, %rsi
    movl $1, %edi
    xorl %edx, %edx
    movl $SYSCALL_WAIT, %eax
label code_until_call
    syscall
label code_until_next
    call SYSCALL_EXIT
    ud2
piece code_offspring
    movq %rdi, %rsi
    xorl %edi, %edi
    xorl %edx, %edx
    xorl %r10d, %r10d
    xorl %r8d, %r8d
    xorl %r9d, %r9d
    call SYSCALL_THREAD_CARVE
label code_offspring_made
    movq %rsi, %rdi
    call SYSCALL_THREAD_START
    jmp code_spin
piece code_fill
    pcmpeqd %xmm0, %xmm0
    .irp n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    movdqa %xmm0, %xmm\n
    pslldq $\n, %xmm\n
    .endr
    jmp *%rdi
piece code_filled
    xorl %edi, %edi
    pcmpeqb %xmm1, %xmm0 // all ones but for the byte that was shifted in
    pmovmskb %xmm0, %eax
    cmpl $0xfffe, %eax
    setne %dil
    pcmpeqd %xmm1, %xmm1
    .irp n, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    movdqa %xmm1, %xmm0
    pslldq $\n, %xmm0
    pcmpeqb %xmm\n, %xmm0
    pmovmskb %xmm0, %eax
    cmpl $0xffff, %eax
    setne %al
    movzbl %al, %eax
    addl %eax, %edi
    .endr
    call SYSCALL_EXIT
    ud2
piece code_modes_hold // rounding, and an error that is noted in both units
    movl $0x7fbf, -8(%rsp)
    ldmxcsr -8(%rsp)
    movl $0xf7f, -8(%rsp)
    fldcw -8(%rsp)
    fld1
    fldz
    fdivrp %st, %st(1)
1:  stmxcsr -8(%rsp)
    cmpl $0x7fbf, -8(%rsp)
    jne 2f
    fnstcw -8(%rsp)
    cmpw $0xf7f, -8(%rsp)
    jne 2f
    fnstsw %ax
    testb $4, %al
    jnz 1b
2:  movl $1, %edi
    call SYSCALL_EXIT
    ud2
piece code_modes_fresh
    stmxcsr -8(%rsp)
    movl $1, %edi
    cmpl $0x1f80, -8(%rsp)
    jne 1f
    fnstcw -8(%rsp)
    cmpw $0x37f, -8(%rsp)
    jne 1f
    fnstsw %ax
    testw %ax, %ax
    jnz 1f
    xorl %edi, %edi
1:  call SYSCALL_EXIT
    ud2
piece code_reserve // this machine has no such thing
    xorl %edi, %edi
    call SYSCALL_EXIT
    ud2
piece code_leak_put
    movl $0x1b, %eax
    movl %eax, %ds
    movl $0x23, %eax
    movl %eax, %es
    movl $3, %eax
    movl %eax, %fs
    movl $2, %eax
    movl %eax, %gs
    jmp code_leak_put
piece code_leak_look
    movl $100000, %ebx
1:  movl %ds, %edi
    movl %es, %eax
    orl %eax, %edi
    movl %fs, %eax
    orl %eax, %edi
    movl %gs, %eax
    orl %eax, %edi
    jnz 2f
    xorl %esi, %esi // polls, so that others run on this hart
    movl $1, %edi
    xorl %edx, %edx
    movl $SYSCALL_WAIT, %eax
    syscall
    xorl %edi, %edi
    decl %ebx
    jnz 1b
2:  call SYSCALL_EXIT
    ud2
piece code_watched_call // MOV SS holds the trap back over the way into the kernel
    movq %rdi, %rbx
    xorl %edi, %edi
    movl $SYSCALL_EXIT, %eax
    movw (%rbx), %ss
    syscall
    ud2
piece code_watched_trap
    movw (%rdi), %ss
    int3
    xorl %edi, %edi
    call SYSCALL_EXIT
    ud2
piece code_watched_flag // QEMU tells a step and a watched access one after the other
    pushfq
    orl $0x100, (%rsp)
    popfq
    movq (%rdi), %rdi
    xorl %edi, %edi
    call SYSCALL_EXIT
    ud2
piece code_watched_copy // the kernel reads it
    movl $1, %esi
    xorl %edx, %edx
    call SYSCALL_FUTEX
    xorl %edi, %edi
    call SYSCALL_EXIT
    ud2
piece code_keep
    movl $0x999, %edi
    movl $2, %esi
    movl $3, %edx
    movl $4, %r10d
    movl $5, %r8d
    movl $6, %r9d
    movl $7, %ebx
    movl $8, %ebp
    movl $12, %r12d
    movl $13, %r13d
    movl $14, %r14d
    movl $15, %r15d
    call 0
    int3
    ud2
piece code_carve
    movq FIRST_HANDLE, %rbx
1:  movq %rbx, %rdi
    movl $0x200000, %esi
    movl $12, %edx
    xorl %r10d, %r10d
    call SYSCALL_CARVE
    testl %edi, %edi
    jnz 1b
    movq %rsi, %rdi
    call SYSCALL_DROP
    jmp 1b
piece code_drop
    movq %rdi, %rbx
    movq FIRST_HANDLE, %rdi
    call SYSCALL_DROP
    movq %rbx, %rdi
    call SYSCALL_EXIT
    ud2
piece code_increment
    leaq 1(%rdi), %rax
    ret

piece code_fault_divide
    xorl %edx, %edx
    movl $1, %eax
    xorl %ecx, %ecx
    .globl code_fault_divl
code_fault_divl:
    divl %ecx
    ud2
fault cli, cli
fault sti, sti
fault hlt, hlt
fault cr3, movq %cr3, %rax
fault cr4, movq %rax, %cr4
fault dr7, movq %rax, %dr7
fault rdmsr, rdmsr
fault wrmsr, wrmsr
fault lgdt, lgdt (%rsp)
fault lidt, lidt (%rsp)
fault sgdt, sgdt -16(%rsp)
fault str, str %eax
fault in, inb $0x64, %al
fault out, outb %al, $0xf4
fault invlpg, invlpg (%rsp)
fault wbinvd, wbinvd
fault clts, clts
fault swapgs, swapgs
fault sysret, sysretq
fault xsetbv, xsetbv
fault wrgsbase, wrgsbase %rax
fault interrupt, int $0x20
fault nmi, int $2
fault legacy, int $0x80
fault overflow, int $4
fault bound, .byte 0x62, 0x02, 0x90, 0x90
fault sysexit, sysexitq
fault smsw, smsw %eax
piece code_fault_int1
    .byte 0xf1
label code_fault_int1_after
    ud2
piece code_fault_flag
    pushfq
    orl $0x100, (%rsp)
    popfq
    nop
label code_fault_flag_after
    ud2
piece code_fault_stack
    movq $0x0000800000000010, %rsp
label code_fault_push
    pushq %rax
    ud2
piece code_fault_x87
    fninit
    movl $0x37b, -8(%rsp) // division by zero is not masked
    fldcw -8(%rsp)
    fld1
    fldz
    fdivrp %st, %st(1)
label code_fault_wait
    fwait
    ud2
piece code_fault_align
    pushfq
    orl $0x40000, (%rsp)
    popfq
label code_fault_aligned
    movq 1(%rsp), %rax
    ud2
piece code_fault_segment
    movl $0x10, %eax
    .globl code_fault_load
code_fault_load:
    movl %eax, %ss
    ud2
piece code_fault_canonical
    movq $0x0000800000000000, %rax
    .globl code_fault_noncanonical
code_fault_noncanonical:
    movq (%rax), %rax
    ud2
piece code_end

    .text
    .globl machine_float_hold
machine_float_hold:
    movq %rdi, %xmm0
    punpcklqdq %xmm0, %xmm0
    .irp n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    movdqa %xmm0, %xmm\n
    .endr
    xorl %eax, %eax
1:  .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    movq %xmm\n, %rcx
    cmpq %rdi, %rcx
    je 2f
    incq %rax
2:
    .endr
    cmpl $0, (%rsi)
    je 1b
    ret
    .section .note.GNU-stack, "", @progbits
