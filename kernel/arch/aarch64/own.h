// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// What the files of this directory share among themselves: system registers,
// the layout of the kernel half of the address space, and each file's part in
// starting up.
#pragma once

#include "kernel/arch/common/boot.h"

#define SYSREG_READ(name) \
    ({ \
        uint64_t sysreg_value; \
        __asm__ volatile("mrs %0, " #name : "=r"(sysreg_value)::"memory"); \
        sysreg_value; \
    })
#define SYSREG_WRITE(name, value) \
    __asm__ volatile("msr " #name ", %0" ::"r"((uint64_t)(value)) : "memory")

static inline void barrier_isb(void) {
    __asm__ volatile("isb" ::: "memory");
}
static inline void barrier_dsb(void) {
    __asm__ volatile("dsb sy" ::: "memory");
}

// A field of an ID register; all are four bits wide.
static inline uint32_t id_field(uint64_t value, uint32_t shift) {
    return (uint32_t)(value >> shift) & 15;
}

// Aff3 and Aff2..Aff0, as device trees and PSCI write them (ARM, MPIDR_EL1).
static inline uint64_t mpidr_affinity(void) {
    return SYSREG_READ(mpidr_el1) & UINT64_C(0xff00ffffff);
}

// Device registers: one access each, never merged (ARM, "Device memory").
static inline uint32_t mmio_read(const void *base, uint32_t offset) {
    return *(const volatile uint32_t *)((const char *)base + offset);
}
static inline void mmio_write(void *base, uint32_t offset, uint32_t value) {
    *(volatile uint32_t *)((char *)base + offset) = value;
}

// debug.c. What the debug exceptions of user code come to; the frame to resume.
constexpr uint64_t FLAG_STEP = 1 << 21; // SPSR_EL1.SS: one instruction, then the exception
void debug_hart_init(void);
struct arch_frame *debug_watchpoint(struct arch_frame *frame, uint64_t address);
struct arch_frame *debug_step(struct arch_frame *frame);

// serial.c, time.c, power.c
void serial_init(uint64_t base);
void time_init(uint64_t counter);
void time_interrupt(void);
uint64_t psci_call(uint32_t function, uint64_t a, uint64_t b, uint64_t c);

// interrupt.c. gic_init on the first hart, gic_hart_init on each (it needs
// arch_hart), gic_handle takes one that is pending.
void gic_init(const struct boot_info *info);
void gic_hart_init(struct arch_hart *hart);
void gic_handle(void);
