// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// aarch64: a function makes its frame by setting x29 from sp, after it has stored
// the old x29 and x30, and leaves it by loading both again, shortly before `ret` or
// a jump. Outside of that the return address is in x30.
#include "lib/unwind/unwind.h"

constexpr size_t LOOK = 64; // instructions of a function in which its frame is made
constexpr size_t TAIL = 3;  // instructions between the end of the frame and `ret`

static bool makes_frame(uint32_t instruction) {
    return (instruction & 0xff8003ff) == 0x910003fd; // add x29, sp, #N
}

static bool ends_frame(uint32_t instruction) {
    // ldp x29, x30, [sp, #N] and [sp], #N
    return (instruction & 0xffc07fff) == 0xa9407bfd || (instruction & 0xffc07fff) == 0xa8c07bfd;
}

static bool returns(uint32_t instruction) {
    return instruction == 0xd65f03c0;
}

static bool read_code(const struct unwind_calls *calls, uint64_t address, uint32_t *instruction) {
    return calls->read(calls->context, address, instruction, sizeof *instruction);
}

// Whether the frame is made before `pc`, or never that one could see.
static bool is_made(const struct unwind_calls *calls, uint64_t function, uint64_t pc) {
    uint32_t instruction;
    for (size_t i = 0; i < LOOK && read_code(calls, function + i * 4, &instruction); i++) {
        if (makes_frame(instruction)) {
            return function + i * 4 < pc;
        }
    }
    return true;
}

// Whether `ret` follows without the frame being ended on the way.
static bool is_ended(const struct unwind_calls *calls, uint64_t pc) {
    uint32_t instruction;
    for (size_t i = 0; i < TAIL && read_code(calls, pc + i * 4, &instruction); i++) {
        if (ends_frame(instruction)) {
            return false;
        }
        if (returns(instruction)) {
            return true;
        }
    }
    return false;
}

bool unwind_early_aarch64(const struct unwind_calls *calls, const struct unwind_frame *frame,
                          uint64_t *link, uint64_t *stack) {
    uint64_t function = calls->function(calls->context, frame->pc);
    if (function != 0 && is_made(calls, function, frame->pc) && !is_ended(calls, frame->pc)) {
        return false;
    }
    *link = frame->link;
    *stack = frame->stack;
    return true;
}
