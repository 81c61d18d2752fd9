// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Bytes as sequences of syscalls: the first says whether they are made one by one, with
// all rules of operations.h, or interleaved on three harts. Every input ends with the
// machine as it was before, which is checked, so one boot serves all inputs.
#include <stddef.h>

#include "kernel/tests/operations.h"
#include "kernel/tests/world.h"

struct bytes {
    struct choices choices;
    const uint8_t *data;
    size_t size;
};

// As many bytes as the limit needs; zeros at the end.
static uint32_t next(struct choices *choices, uint32_t limit) {
    struct bytes *bytes = (struct bytes *)choices;
    uint32_t value = 0;
    for (uint32_t rest = limit - 1; rest != 0; rest >>= 8) {
        value <<= 8;
        if (bytes->size != 0) {
            value |= *bytes->data++;
            bytes->size--;
        }
    }
    return value % limit;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static bool booted;
    if (!booted) {
        booted = true;
        host_on_death(operations_tell);
        world_boot(3 << 20, 3);
    }
    struct bytes bytes = {.choices = {next}, .data = data, .size = size};
    bool interleaved = next(&bytes.choices, 2) != 0;
    operations_begin();
    // Some choices cost no byte: the count of steps is bounded too.
    for (uint32_t i = 0; i < 2000 && bytes.size != 0; i++) {
        if (interleaved) {
            operations_interleave(&bytes.choices);
        } else {
            operations_step(&bytes.choices);
        }
    }
    operations_end();
    return 0;
}
