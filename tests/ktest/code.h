// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Position-independent pieces of machine code that run in Tasks made by hand, and
// what a test has to know of the machine. Each machine's directory defines all of it.
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "abi/capability.h"
#include "machine/registers.h"

// All pieces stand between these, in less than a page. Each begins with the argument of
// its thread in the first argument register.
extern const char code_begin[], code_end[];
extern const char code_exit[];                     // task_exit(argument)
extern const char code_thread_exit[];              // thread_exit()
extern const char code_spin[];                     // for ever
extern const char code_polite[];                   // the same, and other harts get a turn
extern const char code_trap[];                     // a breakpoint; then task_exit(argument)
extern const char code_read[], code_read_next[];   // task_exit(what the argument points at)
extern const char code_write[], code_write_next[]; // writes there, then task_exit(0)
extern const char code_jump[];                     // goes to the argument
extern const char code_undefined[];                // no instruction
extern const char code_float[]; // task_exit(1 if any vector register is not 0, else 0)
extern const char code_wait[];  // waits for bit 0 for ever
extern const char code_futex[]; // sleeps on the word at the argument while it is 0
extern const char code_keep[];  // fills registers, makes a failing syscall, breakpoint
extern const char code_carve[]; // carves 2 MiB from the Bundle's first entry, drops it, again
extern const char code_drop[];  // drops the Bundle's first entry, then task_exit(argument)
// A loop: reads the word at the argument, adds one, writes it, makes a syscall.
extern const char code_walk[], code_walk_load[], code_walk_add[], code_walk_store[];
extern const char code_walk_number[], code_walk_call[], code_walk_again[];
// Waits until the deadline in the argument, then task_exit(status); the wait, what follows.
extern const char code_until[], code_until_call[], code_until_next[];
extern const char code_futex_call[]; // in code_futex: the syscall
extern const char code_fill[];       // fills the vector registers and goes to the argument
extern const char code_filled[];     // task_exit(how many vector registers are not as filled)
extern const char code_leak_put[];   // leaves what it can where a next thread might find it
extern const char code_leak_look[];  // task_exit(1) if it finds something, 0 after a while
// Sets modes and flags of the vector unit that are not those of the start and looks at them
// for ever: task_exit(1) if they change. The other: task_exit(1) unless they are those of the
// start.
extern const char code_modes_hold[], code_modes_fresh[];
// task_exit(1) if a reservation of memory outlives a syscall, else 0.
extern const char code_reserve[];
// Carves a thread that enters at the argument, starts it, and spins; behind the first call.
extern const char code_offspring[], code_offspring_made[];
extern const char code_increment[]; // a C function: uint64_t f(uint64_t x) { return x + 1; }

// One way to fault: where it enters, and which instruction is told.
struct fault_case {
    const char *name;
    const char *entry, *at;
    enum fault_kind kind;
    bool optional; // an emulator may leave it out: then comes an undefined instruction
};
extern const struct fault_case machine_faults[]; // ends in a case without a name
extern const uint64_t machine_trap_pc;           // from code_trap to the pc told for it
extern const uint64_t machine_trap_resume;       // from code_trap to the next instruction
extern const uint64_t machine_kernel[];          // addresses of the kernel's half; ends in 0
extern const uint64_t machine_debug_flags;       // steps and the like, never seen by anyone
// Pieces that touch the watched word at their argument in a way that once surprised a kernel;
// task_exit(0). Ends in nullptr.
extern const char *const machine_watched[];
extern const uint64_t machine_watched_word;

uint64_t *machine_pc(struct thread_registers *registers);
uint64_t *machine_stack(struct thread_registers *registers);
uint64_t *machine_argument(struct thread_registers *registers);
// All zero but pc, stack, argument, flags and tls.
bool machine_fresh(const struct thread_registers *registers, uint64_t argument);
// As code_keep left them, with the status of the syscall in its place.
bool machine_kept(const struct thread_registers *registers, uint64_t status);
// Nothing in the flags that gives privileges or masks interrupts.
bool machine_unprivileged(const struct thread_registers *registers);
// Registers that a program may write and no frame holds: has something in them for so many rounds
// of doing nothing; and whether none of it is there.
void machine_trace_leave(uint32_t rounds);
bool machine_trace_none(void);

// Writes a function at an address that returns the value (16 bits).
void machine_write_code(uint64_t address, uint32_t value);

// Executes an instruction that does nothing and has the number in it (tests/system/marks.h).
void machine_mark(uint64_t number);

// Holds a value in all vector registers until *stop; returns how often one had changed.
uint64_t machine_float_hold(uint64_t value, const _Atomic uint32_t *stop);
