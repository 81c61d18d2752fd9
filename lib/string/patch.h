// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// For fuzz targets of formats with sums and sizes that must agree, which a
// fuzzer would hardly ever find: it starts from a well-made file, and the
// fuzzer's bytes say how to spoil it. Each patch is one byte of kind, two bytes
// of position and a number of 1, 2, 4 or 8 bytes to be put there.
#pragma once

#include "lib/string/string.h"

#include <stddef.h>
#include <stdint.h>

enum patch_kind : uint8_t {
    PATCH_WIDTH = 3,   // two bits: log2 of the width
    PATCH_PAGES = 4,   // the number is multiplied by 4096
    PATCH_ANYWHERE = 8 // in the whole file, otherwise in its first `head` bytes
};

// Applies all patches in `size` bytes at `input` to the `total` bytes of the file.
static inline void patch_file(uint8_t *file, size_t total, size_t head, const uint8_t *input,
                              size_t size) {
    while (size >= 3) {
        uint8_t kind = input[0];
        size_t width = (size_t)1 << (kind & PATCH_WIDTH), position = input[1] | input[2] << 8;
        size_t limit = (kind & PATCH_ANYWHERE) != 0 ? total : head;
        input += 3, size -= 3;
        if (size < width || limit < width) {
            return;
        }
        uint64_t value = 0;
        memcpy(&value, input, width);
        value = (kind & PATCH_PAGES) != 0 ? value * 4096 : value;
        memcpy(file + position % (limit - width + 1), &value, width);
        input += width, size -= width;
    }
}
