// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Every way into the kernel and back. The user registers go straight into the
// running thread's frame; then C runs on the hart's stack, with interrupts off, and
// names the frame to resume. SWAPGS stands once on each way in and on each way out.
#include "arch/offsets.h"
#include "kernel/arch/common/number.h"

// A place to patch away where the processor has no SMAP.
    .macro SMAP_INSTRUCTION name
771:\name
    .pushsection .smap, "a"
    .quad 771b
    .popsection
    .endm

// struct arch_frame, up to where the stub's vector stands.
    .set at, 0
    .irp r, rdi, rsi, rdx, r10, r8, r9, rax, rbx, rbp, r12, r13, r14, r15, rcx, r11
    .set FRAME_\r, at
    .set at, at + 8
    .endr
    .if at != FRAME_VECTOR
    .error "arch_frame and trap.S disagree"
    .endif

    .macro LOAD_FRAME registers:vararg // the frame is at RBX
    .irp r, \registers
    movq FRAME_\r(%rbx), %\r
    .endr
    .endm

// The frame is at \base. What functions preserve, and the stack pointer: with these all that
// the user had is in the frame.
    .macro SAVE_REST base
    .irp r, rbx, rbp, r12, r13, r14, r15
    movq %\r, FRAME_\r(%\base)
    .endr
    movq %gs:HART_SCRATCH, %rcx
    movq %rcx, FRAME_RSP(%\base)
    .endm

    .text
// SYSCALL (SDM vol 2): RCX is the return address, R11 the flags; RSP is still the
// user's. The hot path: each instruction is counted. Only what a function may lose is saved;
// if the hart has nothing to attend to behind it, the same thread goes on at once, and all
// the rest is in its registers still.
    .globl syscall_entry
    .balign 64
syscall_entry:
    swapgs
    movq %rsp, %gs:HART_SCRATCH
    movq %gs:HART_FRAME_END, %rsp
    movq %rcx, FRAME_PC - FRAME_END(%rsp)
    movq %r11, FRAME_FLAGS - FRAME_END(%rsp)
    .irp r, rdi, rsi, rdx, r10, r8, r9, rax
    movq %\r, FRAME_\r - FRAME_END(%rsp)
    .endr
    leaq -FRAME_END(%rsp), %rsi
    movq %gs:HART_STACK, %rsp
    cmpq $NUMBER_DOORBELL_WAIT, %rax
    je syscall_direct
    cmpq FRAME_QUICK(%rsi), %rax
    jae syscall_long
    leaq -FRAME_THREAD(%rsi), %rdi
    call *syscall_table(, %rax, 8)
    cmpb $0, %gs:HART_ATTEND
    jne syscall_attend
    movl %eax, %edi
    movq %gs:HART_FRAME_END, %rcx
    .irp r, rsi, rdx, r10, r8, r9, rax
    movq FRAME_\r - FRAME_END(%rcx), %\r
    .endr
    movq FRAME_FLAGS - FRAME_END(%rcx), %r11
    movq FRAME_PC - FRAME_END(%rcx), %rcx // canonical: see below
    movq %gs:HART_SCRATCH, %rsp
    swapgs
    sysretq

// The thread may be gone, and its frame with it: then no thread is the hart's current one.
syscall_attend:
    movq %gs:HART_FRAME_END, %rdi
    subq $FRAME_END, %rdi
    cmpq $0, %gs:HART_CURRENT
    je 1f
    SAVE_REST rdi
1:  movq FRAME_rax(%rdi), %rsi
    movq %rax, %rdx
    subq $FRAME_THREAD, %rdi
    call kernel_syscall_end
    jmp resume

// A number that there is not, or a syscall that goes on.
syscall_long:
    SAVE_REST rsi
    movq %rax, %rdi
1:  call kernel_syscall
    jmp resume

syscall_waits:
    movl $NUMBER_DOORBELL_WAIT, %edi
    jmp 1b

syscall_direct:
    SAVE_REST rsi
    leaq -FRAME_THREAD(%rsi), %r12
    call direct_switch
    testq %rax, %rax
    jz syscall_waits
    movq %rdx, %rsi // the bits; a thread that waited is in a syscall, too
    movq FRAME_PC(%rax), %rcx // canonical: see below
    movq FRAME_FLAGS(%rax), %r11
    movq FRAME_RSP(%rax), %rsp
    .irp r, rbx, rbp, r12, r13, r14, r15, rdx, r10, r8, r9, rax
    movq FRAME_\r(%rax), %\r
    .endr
    xorl %edi, %edi
    swapgs
    sysretq

// SYSRET faults in kernel mode, on the user's stack, if RCX is not canonical; it is: user
// addresses end at 2^44, and arch_frame_set lets no other into a frame.
return_by_sysret:
    movq FRAME_PC(%rbx), %rcx
    movq FRAME_FLAGS(%rbx), %r11
    movq FRAME_RSP(%rbx), %rsp
    LOAD_FRAME rdi, rsi, rdx, r10, r8, r9, rax, rbx
    swapgs
    sysretq

    .globl arch_resume
arch_resume:
    movq %rdi, %rax
resume: // the frame in RAX, which may be any thread's
    movq %rax, %rbx
    LOAD_FRAME rbp, r12, r13, r14, r15
    cmpq $FRAME_SYSCALL, FRAME_VECTOR(%rbx)
    je return_by_sysret
    movq $FRAME_SYSCALL, FRAME_VECTOR(%rbx) // from now on, until an interrupt says otherwise
    leaq FRAME_PC(%rbx), %rsp // IRET takes the rest from the frame itself
    LOAD_FRAME rdi, rsi, rdx, r10, r8, r9, rax, rcx, r11, rbx
    swapgs
    iretq

// Interrupts and faults. Each stub leaves the vector above an error code, the
// processor's or 0. From user mode the stack is the frame already.
    .globl trap_entries
    .balign 16
trap_entries:
    .set vector, 0
    .rept 256
    .balign 16
    .if vector != 8 && (vector < 10 || vector > 14) && vector != 17 && vector != 21
    pushq $0
    .endif
    pushq $vector
    .if vector == 2 || vector == 8 || vector == 18
    jmp entry_fatal
    .elseif vector == 1
    jmp entry_debug
    .else
    jmp entry
    .endif
    .set vector, vector + 1
    .endr

entry:
    testb $3, (FRAME_CS - FRAME_VECTOR)(%rsp)
    jz entry_kernel
    swapgs
entry_user: // RSP is &frame->vector
    .irp r, r11, rcx, r15, r14, r13, r12, rbp, rbx, rax, r9, r8, r10, rdx, rsi, rdi
    pushq %\r
    .endr
    SMAP_INSTRUCTION clac // an interrupt gate leaves the user's AC as it is
    cld
    movq %rsp, %rdi
    movq %gs:HART_STACK, %rsp
    call trap_user
    jmp resume

// In kernel mode: an interrupt in arch_idle, a fault in the copy routine, or the end.
entry_kernel:
    .irp r, r11, r10, r9, r8, rdi, rsi, rdx, rcx, rax
    pushq %\r
    .endr
    SMAP_INSTRUCTION clac
    cld
    leaq 72(%rsp), %rdi
    call trap_kernel
    .irp r, rax, rcx, rdx, rsi, rdi, r8, r9, r10, r11
    popq %\r
    .endr
    addq $16, %rsp
    iretq

// On a stack of its own, from user mode: moves what is there into the frame. In the
// kernel it can only be a watchpoint of the thread that the copy routine met, or one that
// MOV SS held back over the way in (SDM vol 3 6.8.3), where GS may still be the user's:
// it is forgotten. If it strikes right here, as QEMU tells a watchpoint after a step that the
// user made himself, the frame below is overwritten: the thread's last one serves. Its RSP may
// be of an earlier entry than its PC, since a quick syscall leaves it as it was: only the user
// that stepped and watched itself goes on from there.
entry_debug:
    testb $3, (FRAME_CS - FRAME_VECTOR)(%rsp)
    jnz 1f
    cmpq $trap_entries + 16, (FRAME_PC - FRAME_VECTOR)(%rsp)
    je 2f
    pushq %rax
    xorl %eax, %eax
    movq %rax, %dr6
    popq %rax
    addq $16, %rsp
    iretq
1:  swapgs
    pushq %rax
    movq %gs:HART_FRAME_END, %rax
    .irp at, FRAME_ERROR, FRAME_PC, FRAME_CS, FRAME_FLAGS, FRAME_RSP, FRAME_SS
    pushq (8 + \at - FRAME_VECTOR)(%rsp)
    popq (\at - FRAME_END)(%rax)
    .endr
    popq %rax
    swapgs
2:  swapgs
    movq %gs:HART_FRAME_END, %rsp
    subq $(FRAME_END - FRAME_ERROR), %rsp
    pushq $1
    jmp entry_user

// Never returns, so it saves nothing. It may have struck anywhere, also where GS was
// the user's: kernel addresses are the negative ones.
entry_fatal:
    movl $0xc0000101, %ecx // GS base
    rdmsr
    testl %edx, %edx
    js 1f
    swapgs
1:  cld
    movq %rsp, %rdi
    andq $-16, %rsp
    call trap_fatal
    ud2

// Both ways alike: WP and SMAP make the processor check user pages for the kernel as for
// the user. Eight bytes a step.
    .globl arch_copy_from_user, arch_copy_to_user, copy_user, copy_user_end, copy_user_failed
    .balign 16
arch_copy_from_user:
arch_copy_to_user:
copy_user:
    SMAP_INSTRUCTION stac
    movq %rdx, %rcx
    shrq $3, %rcx
    rep movsq
    movl %edx, %ecx
    andl $7, %ecx
    rep movsb
copy_user_end:
    SMAP_INSTRUCTION clac
    movl $1, %eax
    ret
copy_user_failed:
    SMAP_INSTRUCTION clac
    xorl %eax, %eax
    ret
