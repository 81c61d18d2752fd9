// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The way up the stack of a thread that stopped: from a function to its caller, by
// the frame pointers that every program keeps. What is read belongs to a program
// that may have gone wrong or may lie, so each step must be plausible: an aligned
// frame above the last one, a return address inside of a function that is known.
// Where the next step is not plausible the way ends. Frames only grow, so it ends.
//
// A thread may stop where its function has no frame yet or any more: at its first
// instructions and at its last. There the instructions themselves are looked at.
// In a block that the compiler moved behind a function's end the frame may be missing
// too; then the caller is left out, and its own caller is shown.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

constexpr unsigned UNWIND_FRAMES = 64; // enough to be shown

// Registers of a function, as far as they are known. `link` is the register that
// holds the return address on aarch64, known for the innermost function only.
struct unwind_frame {
    uint64_t pc, frame, stack, link;
};

struct unwind_calls {
    void *context;
    // Reads memory of the thread's Task; false if there is none.
    bool (*read)(void *context, uint64_t address, void *bytes, size_t size);
    // Where the function that holds the address begins; 0: it is in none.
    uint64_t (*function)(void *context, uint64_t address);
};

// Finds the return address of a function that has no frame of its own at this
// instruction. Only asked for the innermost one.
typedef bool unwind_early(const struct unwind_calls *calls, const struct unwind_frame *frame,
                          uint64_t *link, uint64_t *stack);
unwind_early unwind_early_x86_64, unwind_early_aarch64;

// Moves to the caller. `innermost`: the frame is that of the registers. False: the way
// ends here, and the frame is as it was.
[[nodiscard]] bool unwind_next(const struct unwind_calls *calls, unwind_early *early,
                               bool innermost, struct unwind_frame *frame);
