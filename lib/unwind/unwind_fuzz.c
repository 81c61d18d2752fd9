// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// A stack and code that are the fuzzer's. The walk ends, and each step is above the
// one before it.
#include "lib/unwind/unwind.h"

#include <stdlib.h>
#include <string.h>

constexpr uint64_t BASE = 0x10000;

struct memory {
    const uint8_t *bytes;
    size_t size;
};

static bool read(void *context, uint64_t address, void *bytes, size_t size) {
    const struct memory *memory = context;
    if (address < BASE || size > memory->size || address - BASE > memory->size - size) {
        return false;
    }
    memcpy(bytes, memory->bytes + (address - BASE), size);
    return true;
}

static uint64_t function(void *context, uint64_t address) {
    (void)context;
    return address >= BASE ? address & ~UINT64_C(0x3f) : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size) {
    struct unwind_frame frame;
    if (size < sizeof frame + 1) {
        return 0;
    }
    memcpy(&frame, input, sizeof frame);
    unwind_early *early = input[sizeof frame] % 2 == 0 ? unwind_early_x86_64 : unwind_early_aarch64;
    struct memory memory = {input + sizeof frame + 1, size - sizeof frame - 1};
    struct unwind_calls calls = {&memory, read, function};
    bool innermost = true;
    for (unsigned i = 0; unwind_next(&calls, early, innermost, &frame); i++) {
        // Each step takes 16 bytes of the memory at least.
        if (i > size / 16 + 2) {
            abort();
        }
        innermost = false;
    }
    return 0;
}
