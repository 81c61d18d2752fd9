// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// What both machines share: a frame is two words, the caller's frame and the return
// address, and the frame register points to them.
#include "lib/unwind/unwind.h"

#include <stdckdint.h>

// The call stands before the return address, and may be a function's last instruction.
static bool in_function(const struct unwind_calls *calls, uint64_t link) {
    return link != 0 && calls->function(calls->context, link - 1) != 0;
}

bool unwind_next(const struct unwind_calls *calls, unwind_early *early, bool innermost,
                 struct unwind_frame *frame) {
    uint64_t words[2], stack;
    if (innermost && early(calls, frame, &words[1], &stack)) {
        if (!in_function(calls, words[1])) {
            return false;
        }
        *frame = (struct unwind_frame){.pc = words[1], .frame = frame->frame, .stack = stack};
        return true;
    }
    if (frame->frame < frame->stack || frame->frame % sizeof words[0] != 0 ||
        ckd_add(&stack, frame->frame, sizeof words) ||
        !calls->read(calls->context, frame->frame, words, sizeof words) ||
        !in_function(calls, words[1])) {
        return false;
    }
    // The outermost frame has none above it.
    if (words[0] != 0 && words[0] < stack) {
        return false;
    }
    *frame = (struct unwind_frame){.pc = words[1], .frame = words[0], .stack = stack};
    return true;
}
