// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// For tests and fuzzing: a machine's physical memory of one or two pieces. Each
// mapping is a copy of exactly what was asked for, so that the address sanitizer
// sees a parser read a byte that it did not map.
#pragma once

#include "lib/firmware/firmware.h"
#include "lib/string/string.h"

#include <stdlib.h>

struct fake_copy {
    struct fake_copy *next;
    uint8_t data[];
};

struct fake {
    struct {
        uint64_t base;
        const uint8_t *data;
        uint64_t size;
    } piece[2];
    struct fake_copy *copies; // all that were mapped, until fake_free
};

static inline const void *fake_map(void *context, uint64_t physical, uint64_t size) {
    struct fake *fake = context;
    for (int i = 0; i < 2; i++) {
        uint64_t offset = physical - fake->piece[i].base;
        if (physical < fake->piece[i].base || size > fake->piece[i].size ||
            offset > fake->piece[i].size - size) {
            continue;
        }
        struct fake_copy *copy = malloc(sizeof(*copy) + size);
        if (copy == nullptr) {
            abort();
        }
        memcpy(copy->data, fake->piece[i].data + offset, size);
        copy->next = fake->copies;
        fake->copies = copy;
        return copy->data;
    }
    return nullptr;
}

static inline void fake_free(struct fake *fake) {
    while (fake->copies != nullptr) {
        struct fake_copy *next = fake->copies->next;
        free(fake->copies);
        fake->copies = next;
    }
}

static inline struct firmware_memory fake_memory(struct fake *fake) {
    return (struct firmware_memory){fake_map, fake};
}

// In a test (tests/unit.h) that has a `struct firmware_error fault`: the result of a parser,
// and a part of its sentence.
#define EXPECT_RESULT(result, status, sentence) \
    do { \
        CHECK_EQ(result, status); \
        CHECK(strstr(fault.text, sentence) != nullptr); \
        if (strstr(fault.text, sentence) == nullptr) { \
            printf("# it says: %s\n", fault.text); \
        } \
    } while (0)
