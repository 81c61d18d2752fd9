// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// From the boot loader to C. Every hart comes through here: the first by the
// Linux boot protocol (Documentation/arch/arm64/booting: device tree in x0, MMU
// off, at any address that is 2 MiB aligned), the others by PSCI CPU_ON with
// their index in x0. The steps are the same for all: 1. at EL2 leave a stub
// there and drop to EL1; 2. the first hart lays down the tables of the image,
// in C (boot_map); 3. MMU on, by an identity mapping of this code; 4. go on at the high
// address. Until 4. only addresses relative to the program counter are used.
// "ARM" is DDI 0487.

    .arch armv8.5-a

    // common/paging.h: the first hart's stack, below the word with the frame.
    .equ STACK_TOP, 0xffffffffe0000000 + 5 * 4096 - 16
    .equ STACK_SHIFT, 16

    // Attribute 0 is Device-nGnRE, 1 is normal, write-back, allocating (ARM, MAIR_EL1).
    .equ MAIR, 0xff04
    // 48 bits and 4 KiB pages in both halves, walks cached and inner shareable
    // (ARM, TCR_EL1); the physical size is filled in from the CPU.
    .equ TCR, 16 | 0x3500 | 16 << 16 | 0xb5000000
    .equ TCR_E0PD1, 1 << 56
    // MMU and caches on; stack alignment checked; for EL0: DC ZVA, CTR, cache
    // maintenance by address, WFE and WFI; WXN: what is writable is never executed;
    // SPAN clear: each entry to EL1 sets PAN; the rest is RES1 (ARM, SCTLR_EL1).
    .equ SCTLR_OFF, 0x30500980
    .equ SCTLR_ON, SCTLR_OFF | 0x040dd01d
    .equ SCTLR_SPAN, 1 << 23

    .section .head, "ax"
head:
    b start
    .word 0
    .quad 0                                 // offset from the 2 MiB aligned base
    .quad image_size
    .quad 0xa                               // little endian, 4 KiB pages, anywhere in RAM
    .quad 0, 0, 0
    .ascii "ARM\x64"
    .word 0

    .text
start:
    mov x19, x0
    bl drop_to_el1
    mrs x20, cntvct_el0                     // the kernel's time begins here
    bl drop_lines
    adrp x0, boot_stack_top
    mov sp, x0
    bl boot_map
    bl drop_lines
    ldr x30, =start_high
    b mmu_on
start_high:
    ldr x0, =boot_stack_top
    mov sp, x0
    adrp x0, bss_start
    add x0, x0, :lo12:bss_start
    ldr x1, =bss_end
1:  stp xzr, xzr, [x0], #16
    cmp x0, x1
    b.lo 1b
    mov x0, x19
    mov x1, x20
    b boot_main

    // PSCI enters here, at the physical address.
    .global hart_start
hart_start:
    mov x19, x0
    bl drop_to_el1
    ldr x30, =hart_high
    b mmu_on
hart_high:
    ldr x0, =STACK_TOP
    add x0, x0, x19, lsl #STACK_SHIFT
    mov sp, x0
    mov x0, x19
    b kernel_hart_main

// ------------------------------------------------------------- 1. exception level
// Returns at EL1 with everything masked. What reset leaves unknown and could trap
// EL1 is written (ARM, reset and each register); virtual machines stay
// possible, because the stub gives EL2 to whoever asks from EL1.
drop_to_el1:
    msr daifset, #15
    msr spsel, #1
    msr tpidr_el1, xzr                      // no struct hart yet
    mov x0, #SCTLR_OFF & 0xffff
    movk x0, #SCTLR_OFF >> 16, lsl #16
    orr x0, x0, #SCTLR_SPAN
    msr sctlr_el1, x0
    isb
    mrs x1, CurrentEL
    cmp x1, #2 << 2
    b.eq 1f
    ret
1:  mov x0, #1 << 31                        // RW: EL1 is AArch64
    orr x0, x0, #3 << 40                    // pointer authentication is not trapped
    msr hcr_el2, x0
    mov x0, #3                              // counter and timer are EL1's
    msr cnthctl_el2, x0
    msr cntvoff_el2, xzr
    mov x0, #0x33ff                         // FP is not trapped to EL2; CPACR_EL1 decides
    msr cptr_el2, x0
    msr hstr_el2, xzr
    msr vttbr_el2, xzr
    mrs x0, midr_el1
    msr vpidr_el2, x0
    mrs x0, mpidr_el1
    msr vmpidr_el2, x0
    mrs x1, id_aa64dfr0_el1                 // all event counters are EL1's
    ubfx x1, x1, #8, #4
    sub x0, x1, #1
    cmp x0, #14                             // 0 and 15: no standard PMU
    mov x0, xzr
    b.hs 2f
    mrs x0, pmcr_el0
    ubfx x0, x0, #11, #5
2:  msr mdcr_el2, x0
    mrs x0, id_aa64mmfr0_el1
    lsr x0, x0, #60 - 4                     // FGT: fine-grained traps off
    tst x0, #15
    b.eq 3f
    .irp trap, c1_c1_4, c1_c1_5, c1_c1_6, c3_c1_4, c3_c1_5
    msr s3_4_\trap, xzr                     // HFGRTR, HFGWTR, HFGITR, HDFGRTR, HDFGWTR
    .endr
3:  mrs x0, id_aa64pfr0_el1
    tst x0, #15 << 24                       // GICv3: its registers are EL1's (IHI 0069)
    b.eq 4f
    mrs x0, icc_sre_el2
    mov x1, #9                              // SRE, Enable
    orr x0, x0, x1
    msr icc_sre_el2, x0
    isb
    msr ich_hcr_el2, xzr
4:  adrp x0, stub_vectors
    add x0, x0, :lo12:stub_vectors
    msr vbar_el2, x0
    mov x0, #0x3c5                          // EL1 on SP_EL1, all masked
    msr spsr_el2, x0
    msr elr_el2, x30
    eret

// The resident stub. HVC with x0 = 0 makes x1 the new VBAR_EL2; anything else
// from EL1 is answered with -1, and no other exception can come here.
    .balign 2048
stub_vectors:
    .rept 8                                 // from EL2 itself
    b .
    .balign 128
    .endr
    mrs x16, esr_el2
    lsr x16, x16, #26
    cmp x16, #0x16                          // HVC of AArch64
    b.ne .
    cbnz x0, 1f
    msr vbar_el2, x1
    eret
1:  mov x0, #-1
    eret

// ---------------------------------------------------------------- 2. stale lines
// What the kernel writes with the MMU off bypasses the caches, which may hold older
// lines of it: they are dropped before and after (ARM, DC IVAC). Identity mapping and
// image take seven tables. The rest of the image is left alone; the boot loader has
// cleaned it.
drop_lines:
    mrs x2, ctr_el0                         // DminLine: log2 of words in a line
    ubfx x2, x2, #16, #4
    mov x3, #4
    lsl x2, x3, x2
    adrp x0, boot_start
    adrp x1, table_pool + 8 * 4096
1:  dc ivac, x0
    add x0, x0, x2
    cmp x0, x1
    b.lo 1b
    dsb sy
    ret

// ------------------------------------------------------------------------ 3. MMU
// Returns to x30, a high address.
mmu_on:
    ldr x0, =MAIR
    msr mair_el1, x0
    ldr x0, =TCR
    mrs x1, id_aa64mmfr0_el1
    and x1, x1, #15                         // PARange; 48 bits are all that 4 KiB pages reach
    mov x2, #5
    cmp x1, x2
    csel x1, x1, x2, lo
    bfi x0, x1, #32, #3
    mrs x1, id_aa64mmfr2_el1
    lsr x1, x1, #60
    cbz x1, 1f
    orr x0, x0, #TCR_E0PD1                  // EL0 learns nothing from faults up here
1:  msr tcr_el1, x0
    adrp x0, identity_root
    msr ttbr0_el1, x0
    adrp x0, kernel_root
    msr ttbr1_el1, x0
    ldr x0, =vectors
    msr vbar_el1, x0
    isb
    tlbi vmalle1
    ic iallu
    dsb nsh
    isb
    ldr x0, =SCTLR_ON
    mrs x1, id_aa64mmfr1_el1
    tst x1, #15 << 20                       // PAN
    b.ne 2f
    orr x0, x0, #SCTLR_SPAN                 // RES1 without it
2:  msr sctlr_el1, x0
    isb
    b.eq 3f
    msr pan, #1
3:  ret

// SMC calling convention (Arm DEN 0028): x0..x3 in, x0 out, x4..x17 may be lost, as in
// any call.
    .irp conduit, hvc, smc
    .global psci_\conduit
psci_\conduit:
    bti c
    \conduit #0
    ret
    .endr

    .ltorg
