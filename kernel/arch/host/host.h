// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// How a test drives the fake machine.
//
// Each hart is a coroutine with a stack of its own, so that kernel code runs on it
// unchanged, arch_idle and arch_resume included. The test itself runs beside them and
// decides which hart goes on, and when: an interleaving is a sequence of calls, and so
// can be repeated from a seed. A hart stands still in one of these states:
//   USER    its thread runs user code: the test says what that does next
//   IDLE    in arch_idle
//   KERNEL  inside the kernel, at a fence, in a spin loop or before an atomic access; only
//           where a test asked for it
//
// Physical memory is one array at ARCH_DIRECT_BASE. User memory is what the page tables
// of the loaded address space map of it, seen through a TLB that forgets nothing until
// it is told to. Time stands still unless the test moves it.
//
// The core keeps its state in static variables: a process boots once.
#pragma once

#include <stdint.h>

#include "kernel/arch.h"
#include "kernel/hart.h"

enum host_state : uint32_t { HOST_OFF, HOST_USER, HOST_IDLE, HOST_KERNEL };

constexpr uint32_t HOST_HARTS = 8;
constexpr uint32_t HOST_LINES = 32;
constexpr uint32_t HOST_CONSOLE_LINE = 4;
constexpr uint64_t HOST_DEVICE_BASE = 0xfe000000; // of the memory-mapped console

struct host_options {
    uint64_t memory; // bytes of RAM
    uint32_t harts;
    bool ports; // the console has ports, not registers in memory
    // What the tests of the boot want otherwise; 0 is as usual.
    uint64_t base;                          // RAM begins here, in one range
    uint64_t image;                         // bytes of the root's image
    bool absent;                            // the last hart never comes
    bool refused;                           // the firmware will not start the last hart
    bool slow;                              // harts stand still before they are ready
    bool late;                              // or only when nobody waits any more
    void (*change)(struct boot_info *info); // the last word on what the firmware says
};

// Boots until the root's thread is in user mode on hart 0 and the other harts idle.
void host_boot(const struct host_options *options);
uint64_t host_ram_size(void);

// For code that the test calls directly: the hart that arch_hart answers.
void host_select(uint32_t hart);
enum host_state host_state_of(uint32_t hart);
// The frame of the thread that is in user mode on a hart.
struct arch_frame *host_frame(uint32_t hart);

// Lets a hart in user mode enter the kernel, until it stands still again. Interrupts
// that are pending come first if `host_go` is called, after the syscall otherwise.
void host_syscall(uint32_t hart, uint64_t number, const uint64_t arguments[6]);
void host_fault(uint32_t hart, enum fault_kind kind, uint64_t address);
// Lets a hart go on: takes its interrupts, repeats a syscall that is to be restarted, or
// continues inside the kernel. False if there was nothing to do.
bool host_go(uint32_t hart);
// Whether host_go would do something.
bool host_can_go(uint32_t hart);
// Lets all harts go on until none can; with syscalls that restart for ever, it panics.
void host_settle(void);

// With yields a hart stands still at every nth fence, spin or page it zeroes; 0: never.
void host_yield_every(uint32_t n);
// Once, a hart stands still in front of the nth access to what harts share (an operation
// of <stdatomic.h>); 0: not. Then whether that has come.
void host_stop_before(uint32_t n);
bool host_stopped(void);

void host_time_set(uint64_t now);
// The earliest timer of any hart, or TIME_NEVER.
uint64_t host_timer_next(void);
void host_irq_raise(uint32_t line); // arrives at hart 0 if the line is open
bool host_irq_open(uint32_t line);

// Which watchpoints are on: a bit each.
uint64_t host_debug(uint32_t hart);

// What user code on the hart would read or write there; false: it would fault.
[[nodiscard]] bool host_user_read(uint32_t hart, uint64_t address, void *to, size_t size);
[[nodiscard]] bool host_user_write(uint32_t hart, uint64_t address, const void *from, size_t size);
[[nodiscard]] bool host_user_execute(uint32_t hart, uint64_t address);
// The root table a hart has loaded, or 0.
struct phys host_space(uint32_t hart);
// What a hart's TLB holds, entry by entry; false behind the last one. A page number of
// 0: an empty entry.
bool host_tlb_entry(uint32_t hart, uint32_t index, uint64_t *number, uint64_t *entry);
// Whether any hart's TLB can still reach the page.
bool host_tlb_reaches(uint64_t physical);
uint64_t host_tlb_flushes(void);

// What was put on the debug line since the last call, terminated.
const char *host_console(void);
// Runs a function in a child process; true if the kernel panicked there. Or powered off.
bool host_panics(void (*run)(void));
bool host_panics_with(void (*run)(void), const char *part_of_the_sentence);
bool host_stops(void (*run)(void));
// The same for one that is to end by itself; what goes wrong in it is reported.
bool host_passes(void (*run)(void));
// Called before the process dies of a panic or a sanitizer's finding.
void host_on_death(void (*tell)(void));
