// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The contract between the portable kernel and a machine. Each directory under
// kernel/arch defines all of it: x86_64, aarch64, and host, a small fake on
// which the portable core runs under the sanitizers. The build picks the
// directory; nothing else in the kernel knows which it is.
//
// Shape: an event kernel. Each hart has one kernel stack. User code enters through
// the machine's assembly, which saves the registers in the running thread's
// frame and calls one of the kernel_ functions below on the hart's stack; each
// returns the frame to resume. Interrupts stay off in the kernel, except inside
// arch_idle. Nothing is ever left on a kernel stack when a hart leaves the kernel.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "abi/capability.h"
#include "abi/layout.h"
#include "abi/status.h"
#include "abi/time.h"
#include "abi/trace.h"
#include "lib/firmware/boot_info.h"

struct hart;
struct thread;
struct thread_registers;

// A physical address.
struct phys {
    uint64_t value;
};

// From the machine's directory. It defines
//   struct arch_frame       the user registers; its first member is
//                           `uint64_t arg[6]`, the argument registers in order; its
//                           `debug.control` is 0 unless it is watched or stepped;
//                           `pc` is where the user goes on
//   struct arch_hart        what the entry assembly needs, at offset 0 of a hart
//   static inline struct hart *arch_hart(void)      the hart this runs on
//   arch_hart_member(member)   one of its members, where that is all that is read
//   static inline void arch_pause(void)             in every spin loop
//   static inline void arch_fence(void)             a full memory fence
//   static inline uint64_t arch_counter(void)       what arch_clock converts to time
//   constexpr uint64_t ARCH_DIRECT_BASE             where all RAM is mapped
//   and the page table entry functions declared in the comment further down.
#include "arch/machine.h"

// ---------------------------------------------------------------- addresses

// All RAM of boot_info (and nothing of a device) is mapped, never executable, at
// ARCH_DIRECT_BASE; the kernel's own text and constants are read only there too.
static inline void *phys_to_virt(struct phys physical) {
    return (void *)(ARCH_DIRECT_BASE + physical.value);
}
static inline struct phys virt_to_phys(const void *address) {
    return (struct phys){(uint64_t)address - ARCH_DIRECT_BASE};
}

// ---------------------------------------------------- page tables (4 levels)
// Both machines: 4 KiB pages, tables of 512 entries of 64 bits, level 3 the root.
// The portable walker (kernel/space.c) owns the user half; the machine owns the
// encoding and the kernel half. arch/machine.h defines, as static inline:
//   uint64_t arch_pte_table(struct phys table)             a non-leaf entry
//   uint64_t arch_pte_leaf(struct phys page, uint32_t map_flags, bool device)
//                        a user page, MAP_READ/WRITE/EXECUTE; device: uncached
//   bool arch_pte_present(uint64_t entry)
//   bool arch_pte_allows(uint64_t entry, uint32_t map_flags)   present, not a device's,
//                        and user code may do what is named there
//   struct phys arch_pte_phys(uint64_t entry)
//   void arch_pte_sync(void)        makes written entries visible to the walkers
// Entry 0 is "not present". Replacing a present entry by another present one is done by
// clearing it, arch_tlb_break_page, then writing (break before make). Entries that stay
// away are flushed on this hart only; other harts are the epoch's business.
// Also there: void arch_code_sync(void *kernel_alias, size_t bytes), before pages become
// executable: makes what was written there visible to instruction fetch on every hart.

// Fills the kernel half of a new root table, which is zero.
void arch_space_init(struct phys root);
// Makes the user half of this root current on this hart and drops what its TLB
// holds of the former one. A root of 0 leaves no user half at all.
// void arch_space_switch(struct phys root), inline: makes them this hart's.
void arch_space_leave(void);                // this hart has none from now on
void arch_tlb_flush_page(uint64_t address); // this hart
// The same on every hart, where the machine wants it before the entry is made anew.
void arch_tlb_break_page(uint64_t address);
void arch_tlb_flush(void); // this hart, everything of user space

// Sets n pages to zero, in 8-byte steps.
void arch_zero_pages(void *page, size_t count);
// The first bytes of a page, a multiple of 8; maybe some more of it.
void arch_zero_head(void *page, size_t bytes);

// ------------------------------------------------------------------- threads
// One that is all zero.
void arch_frame_init(struct arch_frame *frame, uint64_t entry, uint64_t stack, uint64_t argument);
// Makes the frame execute its syscall instruction again, with its arguments.
void arch_frame_restart(struct arch_frame *frame);
static inline uint64_t arch_frame_pc(const struct arch_frame *frame) {
    return frame->pc;
}
// uint32_t arch_frame_syscall(const struct arch_frame *frame), inline: the number of the syscall
// that it has just come back from, after which it executed nothing; TRACE_USER: of none.
void arch_frame_get(const struct arch_frame *frame, struct thread_registers *out);
// Takes over only what a user may choose: never a privileged mode or mask.
void arch_frame_set(struct arch_frame *frame, const struct thread_registers *in);

// Debugging. The thread has stopped: no step is under way any more.
void arch_frame_stop(struct arch_frame *frame);
// It is to go on: past a breakpoint at its next instruction, and with `step` no further than
// that instruction, a syscall as a whole, without watchpoints; then FAULT_STEP.
void arch_frame_go(struct arch_frame *frame, bool step);
// A watchpoint (index 0..3) at aligned bytes of user memory; it strikes with FAULT_WATCH and
// its address, after the access or before the instruction. UNSUPPORTED if there are fewer.
[[nodiscard]] enum status arch_frame_watch(struct arch_frame *frame, uint32_t index,
                                           uint64_t address, uint32_t length, enum watch_kind kind);
// Makes the watchpoints and the step of this frame current on this hart. Needed only if its
// debug.control is not 0, or that of the frame before was not.
void arch_debug_load(const struct arch_frame *frame);

// Floating-point and vector state. The size is what this CPU needs (a multiple
// of 64, the address aligned to 64); known after arch_init.
size_t arch_float_size(void);
void arch_float_init(void *area);
void arch_float_save(void *area);
// Enables the unit for user code and loads the state; nullptr disables the unit,
// so that using it faults with FAULT_FLOAT.
void arch_float_load(const void *area);
// The base of a thread's own memory, inline: arch_tls_save(uint64_t *value) takes what user
// code may have made of it, arch_tls_load(uint64_t value) sets it.

// Leaves the kernel for user mode with what the frame holds.
[[noreturn]] void arch_resume(struct arch_frame *frame);

// void arch_hart_frame(struct hart *hart, struct arch_frame *frame), inline: the frame that the
// next entry from user mode on this hart saves into.

// -------------------------------------------------------------- user memory
// Copies; false if a byte cannot be reached with user rights, after which the
// destination is undefined. Callers pass ranges inside [USER_BASE, USER_TOP) and
// hold no lock. The only code that touches user addresses.
[[nodiscard]] bool arch_copy_from_user(void *to, uint64_t from, size_t size);
[[nodiscard]] bool arch_copy_to_user(uint64_t to, const void *from, size_t size);

// --------------------------------------------------------------------- time
// Written once, at boot; its shift is ARCH_CLOCK_SHIFT.
extern struct time_page arch_clock;
constexpr uint32_t ARCH_CLOCK_SHIFT = 32;
static inline uint64_t arch_scale(uint64_t value, uint64_t factor) {
    return (uint64_t)((unsigned __int128)value * factor >> ARCH_CLOCK_SHIFT);
}
// Nanoseconds since kernel entry, monotonic, all harts alike.
static inline uint64_t arch_time_at(uint64_t counter) {
    return arch_scale(counter - arch_clock.base, arch_clock.multiplier);
}
static inline uint64_t arch_time_now(void) {
    return arch_time_at(arch_counter());
}
// One interrupt on this hart at that time, or at once if it passed; TIME_NEVER: none.
void arch_timer_set(uint64_t deadline);

// --------------------------------------------------------- interrupts, harts
// Lines are numbered as the controller does (GSI, INTID). A line is closed at boot.
enum status arch_irq_check(uint32_t line); // OK, or NOT_FOUND
void arch_irq_open(uint32_t line);
void arch_irq_close(uint32_t line);
// Makes kernel_ipi run on another hart, soon.
void arch_ipi(uint32_t hart_index);
// Asks a hart to come up, and on a stack of its own into kernel_hart_main: the one that
// stands at `place` in boot_info, with this id. False: it will not.
[[nodiscard]] bool arch_hart_start(uint32_t place, uint64_t id);
// Waits for an interrupt with interrupts on, handles it, returns with them off.
// Returns at once if an interrupt is pending already, or if it is not to wait.
void arch_idle(bool wait);

// -------------------------------------------------------------------- machine
// In order at boot, on the first hart: the entry code parses the firmware's tables
// into boot_info and calls kernel_main; kernel_main calls arch_init once
// boot_alloc works: arch_init builds the final page tables (direct map, kernel
// image with W^X, guard pages below each stack, device registers it needs), the
// interrupt controller and the clock.
void arch_init(const struct boot_info *info);
// On every hart, before it does anything else.
void arch_hart_init(struct hart *hart, uint32_t place);
void arch_serial_write(char c); // the debug line; waits a bounded time
[[noreturn]] void arch_power_off(void);
[[noreturn]] void arch_reset(void);
[[noreturn]] void arch_halt(void);        // this hart, for ever, interrupts off
void arch_hart_halt(uint32_t hart_index); // the same of another, soon: best effort

// I/O ports, of a device of boot_info that has them. width: 1, 2 or 4.
uint32_t arch_port_read(uint16_t port, uint32_t width);
void arch_port_write(uint16_t port, uint32_t width, uint32_t value);

// ----------------------------------------- what the portable core offers back
// The first hart's way in, from the machine's entry code, on its boot stack.
[[noreturn]] void kernel_main(const struct boot_info *info);
// A further hart's way in. There is no arch_hart() yet.
[[noreturn]] void kernel_hart_main(uint32_t place);
// Whole zeroed pages, for what is fixed when the kernel boots. Only until the page
// array is made; panics when there is too little memory.
struct phys boot_alloc(size_t pages);
// Where a part of the kernel image stands in memory.
struct phys arch_image_phys(const void *address);
struct hart *hart_at(uint32_t index); // the storage of a hart; its arch member is the machine's

// Entries from user mode: the frame has been saved. Each returns the frame to resume.
//
// A syscall whose number is below the thread's `quick` may be called from the entry, by
// syscall_table, with only pc, flags and what functions may lose of the registers out of the
// user's hands: `arg` has to be in the frame. It returns the status. If the hart's `attend` is
// not set then, the same thread goes on, and the status takes the place of arg[0]. Otherwise
// the frame is completed, unless the hart has no current thread any more, and
// kernel_syscall_end goes on. kernel_syscall is the whole way of any number, frame complete.
typedef uint64_t syscall_entry_function(struct thread *self, uint64_t *arg);
extern syscall_entry_function *const syscall_table[];
struct arch_frame *kernel_syscall_end(struct thread *self, uint64_t number, uint64_t status);
struct arch_frame *kernel_syscall(uint64_t number);
struct arch_frame *kernel_fault(enum fault_kind kind, uint64_t address);
// Called any number of times for one interrupt entry; only note what happened. From user
// mode the machine then calls kernel_leave for the frame; from arch_idle it just returns.
void kernel_irq(uint32_t line);
void kernel_timer(void);
void kernel_ipi(void);
struct arch_frame *kernel_leave(void);

// Says `panic: ` and the sentence on the debug line and stops the machine.
[[noreturn]] [[gnu::format(printf, 1, 2)]] void panic(const char *format, ...);
// A line on the debug line (until it was silenced); %s %u %lu %x %lx %c only.
[[gnu::format(printf, 1, 2)]] void print(const char *format, ...);
