// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Two stretches of address space are given out: the one below the first thread's stack, whose
// page table the Bundle page has paid for already, then the one far above the program.
#include "lib/vectra/address.h"

#include <stdatomic.h>
#include <stdckdint.h>

#include "abi/layout.h"

constexpr uint64_t LOW_BASE = 0x10000;
constexpr uint64_t LOW_END = STACK_TOP - ADDRESS_STACK - PAGE_SIZE; // a page that is no one's
constexpr uint64_t HIGH_BASE = 0x100000000;

// Each a bump pointer; threads may race for it.
static _Atomic uint64_t low_next = LOW_BASE;
static _Atomic uint64_t high_next = HIGH_BASE;

static bool take(_Atomic uint64_t *next, uint64_t limit, uint64_t bytes, uint64_t *address) {
    uint64_t base = atomic_load_explicit(next, memory_order_relaxed);
    do {
        if (limit - base < bytes) {
            return false;
        }
    } while (!atomic_compare_exchange_weak_explicit(next, &base, base + bytes, memory_order_relaxed,
                                                    memory_order_relaxed));
    *address = base;
    return true;
}

enum status address_take(uint64_t bytes, uint64_t *address) {
    uint64_t size;
    if (ckd_add(&size, bytes, 2 * PAGE_SIZE - 1)) {
        return STATUS_NO_MEMORY;
    }
    size &= ~(PAGE_SIZE - 1);
    if (take(&low_next, LOW_END, size, address) || take(&high_next, USER_TOP, size, address)) {
        return STATUS_OK;
    }
    return STATUS_NO_MEMORY;
}
