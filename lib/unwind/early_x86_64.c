// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// x86_64: a function makes its frame by `push rbp; mov rbp, rsp`, which need not be
// its first instructions, and leaves it by `pop rbp`, after which comes `ret` or a
// jump. The return address is where the stack pointer points, or one word above it
// while the old rbp has been pushed and nothing more.
#include "lib/unwind/unwind.h"

#include "lib/string/string.h"

static const uint8_t prologue[] = {0x55, 0x48, 0x89, 0xe5};
constexpr uint8_t RETURN = 0xc3;
constexpr size_t LOOK = 128; // bytes of a function in which its frame is made

// Where in the function the frame is made, or -1 if that is not seen.
static int find_prologue(const struct unwind_calls *calls, uint64_t function) {
    for (size_t at = 0; at < LOOK; at++) {
        uint8_t bytes[sizeof prologue];
        if (!calls->read(calls->context, function + at, bytes, sizeof bytes)) {
            return -1;
        }
        if (memcmp(bytes, prologue, sizeof bytes) == 0) {
            return (int)at;
        }
    }
    return -1;
}

bool unwind_early_x86_64(const struct unwind_calls *calls, const struct unwind_frame *frame,
                         uint64_t *link, uint64_t *stack) {
    uint64_t function = calls->function(calls->context, frame->pc), at = frame->stack;
    uint8_t byte = 0;
    (void)calls->read(calls->context, frame->pc, &byte, sizeof byte);
    int made = function == 0 ? -1 : find_prologue(calls, function);
    uint64_t offset = frame->pc - function;
    if (made >= 0 && offset == (uint64_t)made + 1) {
        at += sizeof *link; // above the old rbp
    } else if (byte != RETURN && (made < 0 || offset > (uint64_t)made)) {
        return false;
    }
    *stack = at + sizeof *link;
    return calls->read(calls->context, at, link, sizeof *link);
}
