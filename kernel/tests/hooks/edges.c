// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Coverage of the portable kernel. The compiler puts a counter of 8 bits on every edge of
// it (-fsanitize-coverage=inline-8bit-counters); here they are gathered into a bit each
// before they can wrap unseen for long. Harts count without atomics: what is lost is a
// count, not an edge that is taken again.
#include <hooks.h>

#include "kernel/check.h"
#include "kernel/tests/hooks/own.h"

// The linker makes these for the sections of that name.
extern uint8_t __start___sancov_cntrs[], __stop___sancov_cntrs[];

constexpr uint64_t EDGES_MOST = 16'384;

static uint64_t seen[EDGES_MOST / 64];
static uint64_t hit, last_new;

// Called by constructors that nobody calls: the sections are found by their names.
void __sanitizer_cov_8bit_counters_init(void);
void __sanitizer_cov_8bit_counters_init(void) {}
void __sanitizer_cov_pcs_init(void);
void __sanitizer_cov_pcs_init(void) {}

static uint64_t edges(void) {
    return (uint64_t)(__stop___sancov_cntrs - __start___sancov_cntrs);
}

void edges_fold(void) {
    uint64_t count = edges();
    check(count <= EDGES_MOST);
    for (uint64_t i = 0; i < count; i++) {
        uint64_t bit = UINT64_C(1) << i % 64;
        if (__start___sancov_cntrs[i] == 0 || (seen[i / 64] & bit) != 0) {
            continue;
        }
        seen[i / 64] |= bit;
        hit++;
        last_new = hook_entries();
    }
}

void edges_count(uint64_t *a) {
    edges_fold();
    a[1] = hit;
    a[2] = edges();
    a[3] = last_new;
    a[4] = hook_entries();
}

enum status edges_map(uint64_t index, uint64_t *a) {
    if (index >= (edges() + 255) / 256) {
        return STATUS_NOT_FOUND;
    }
    for (uint32_t i = 0; i < 4; i++) {
        a[1 + i] = seen[index * 4 + i];
    }
    return STATUS_OK;
}
