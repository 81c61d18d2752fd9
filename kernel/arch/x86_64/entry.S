// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// From 32-bit protected mode without paging (PVH: EBX is the physical address of
// the start info) to the kernel's own addresses; and the same way for the further
// harts, which begin in real mode at a page below 1 MiB.
#include "arch/offsets.h"

#define PHYSICAL(symbol) ((symbol) - KERNEL_BASE)
#define ENTRY_TABLE 0x3 // present, writable
#define ENTRY_LARGE 0x83

// PVH: the entry point as an ELF note, XEN_ELFNOTE_PHYS32_ENTRY.
    .section .note.pvh, "a", @note
    .balign 4
    .long 4, 8, 18
    .asciz "Xen"
    .quad PHYSICAL(entry32)

    .section .text.boot, "ax"
    .code32
    .globl entry32
entry32:
    cld
    movl %ebx, %edi
    rdtsc
    movl %eax, PHYSICAL(arch_clock) // its base
    movl %edx, PHYSICAL(arch_clock) + 4
    movl $PHYSICAL(entry64), %esi

// Enters 64-bit mode (SDM vol 3 9.8.5) and goes on at the physical address in ESI,
// as a kernel address. Keeps EDI.
enter_long:
    lgdtl PHYSICAL(boot_gdt_pointer)
    movl %cr4, %eax
    orl $0x20, %eax // PAE
    movl %eax, %cr4
    movl $PHYSICAL(boot_root), %eax
    movl %eax, %cr3
    movl $0xc0000080, %ecx // EFER
    rdmsr
    orl $0x100, %eax // LME
    wrmsr
    movl $0x80000011, %eax // PG, ET, PE; caches on
    movl %eax, %cr0
    ljmpl $KERNEL_CODE, $PHYSICAL(1f)
    .code64
1:  xorl %eax, %eax
    .irp r, ds, es, fs, gs, ss
    movl %eax, %\r
    .endr
    addq $KERNEL_BASE, %rsi
    jmp *%rsi

entry64:
    movq $boot_stack_top, %rsp
    xorl %ebp, %ebp
    movl %edi, %edi // start info: 32 bits
    call boot_main
    ud2

// A further hart, in the page that the start-up interrupt named: CS is that page.
    .globl trampoline_start, trampoline_end
    .code16
trampoline_start:
    cli
    movw %cs, %ax
    movw %ax, %ds
    lgdtl trampoline_gdt_pointer - trampoline_start
    movl %cr0, %eax
    orl $1, %eax
    movl %eax, %cr0
    ljmpl $0x18, $PHYSICAL(secondary32)
    .balign 4
trampoline_gdt_pointer:
    .word boot_gdt_end - boot_gdt - 1
    .long PHYSICAL(boot_gdt)
trampoline_end:

    .code32
secondary32:
    movw $0x10, %ax
    movw %ax, %ds
    movl $PHYSICAL(secondary64), %esi
    jmp enter_long

// Each hart has a stack of its own, by its place in the firmware's list.
    .code64
secondary64:
    movl $0xc0000080, %ecx
    rdmsr
    orl $0x801, %eax // NXE, SCE, which the first hart has checked
    wrmsr
    movl $1, %eax
    cpuid
    shrl $24, %ebx
    movl %ebx, %eax
    leaq boot + BOOT_HART_ID(%rip), %rdi
    movl $HARTS_MOST, %ecx
    repne scasq
    jne arch_halt // nobody has asked for it
    movl $(HARTS_MOST - 1), %edi
    subl %ecx, %edi
    movl $PHYSICAL(kernel_root), %eax
    movq %rax, %cr3
    movl %edi, %eax
    shlq $STACK_SHIFT, %rax
    movq $STACK_FIRST_TOP, %rsp
    addq %rax, %rsp
    xorl %ebp, %ebp
    call kernel_hart_main
    ud2

    .section .rodata
    .balign 8
boot_gdt: // flat code, data, and 32-bit code: SDM vol 3 3.4.5
    .quad 0, 0x00af9b000000ffff, 0x00cf93000000ffff, 0x00cf9b000000ffff
boot_gdt_end:
boot_gdt_pointer:
    .word boot_gdt_end - boot_gdt - 1
    .long PHYSICAL(boot_gdt)

// The tables to start with: the first 4 GiB at 0, at the direct map's base, and
// the first of them at the kernel's. In use only until the kernel's own are made, and for the few
// instructions in which a further hart comes up.
    .section .data.boot, "aw"
    .balign 4096
boot_root:
    .quad PHYSICAL(boot_low) + ENTRY_TABLE
    .fill 255, 8, 0
    .quad PHYSICAL(boot_low) + ENTRY_TABLE
    .fill 254, 8, 0
    .quad PHYSICAL(boot_high) + ENTRY_TABLE
boot_low:
    .set i, 0
    .rept 4
    .quad PHYSICAL(boot_pages) + ENTRY_TABLE + 4096 * i
    .set i, i + 1
    .endr
    .fill 508, 8, 0
boot_high:
    .fill 510, 8, 0
    .quad PHYSICAL(boot_pages) + ENTRY_TABLE
    .quad 0
boot_pages:
    .set i, 0
    .rept 2048
    .quad (i << 21) + ENTRY_LARGE
    .set i, i + 1
    .endr
