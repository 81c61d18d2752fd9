// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Pieces of code for Tasks made by hand, on x86_64. They reach no data but what
// their argument points at and the Bundle.
#define SYSCALL_DROP 2
#define SYSCALL_CARVE 9
#define SYSCALL_EXIT 20
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
    call SYSCALL_FUTEX
    call SYSCALL_EXIT /* with the status */
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
    .globl machine_tls_word
machine_tls_word:
    movq %fs:0, %rax
    ret

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
