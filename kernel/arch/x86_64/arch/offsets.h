// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Numbers that the assembly and the C code share. machine.h and paging.c assert
// that the structures agree with them.
#pragma once

#define KERNEL_BASE 0xffffffff80000000 // the image: virtual minus physical address

// Selectors. The order of the last four is what SYSCALL and SYSRET want (IA32_STAR).
#define KERNEL_CODE 0x08
#define KERNEL_DATA 0x10
#define USER_DATA 0x1b // with privilege 3
#define USER_CODE 0x23
#define TASK_STATE 0x28 // the first hart's; each takes 16 bytes

// struct arch_frame; trap.S counts those before from 0
#define FRAME_VECTOR 120
#define FRAME_ERROR 128
#define FRAME_PC 136
#define FRAME_CS 144
#define FRAME_FLAGS 152
#define FRAME_RSP 160
#define FRAME_SS 168
#define FRAME_END 176
#define FRAME_SYSCALL -1 // the vector of a frame that SYSRET may return to

// struct thread, seen from its frame
#define FRAME_THREAD 160
#define FRAME_QUICK 224

// struct arch_hart
#define HART_SELF 0
#define HART_STACK 8
#define HART_SCRATCH 16
#define HART_FRAME_END 52

// struct hart
#define HART_ATTEND 164
#define HART_CURRENT 168

// Of boot_info and of common/paging.h
#define BOOT_HART_ID 1064
#define HARTS_MOST 64
#define STACK_FIRST_TOP 0xffffffffe0005000
#define STACK_SHIFT 16

#define COPY_PATCH 3 // bytes of STAC and CLAC
