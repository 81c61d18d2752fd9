// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Short ways for what nearly every test does.
#include "tests/ktest/ktest.h"

uint64_t ground;
uint64_t area = AREA_FIRST;

void area_next(void) {
    area += UINT64_C(64) << 20;
}

uint64_t carve_memory(uint64_t bytes, uint64_t flags) {
    uint64_t memory = HANDLE_NONE;
    (void)CHECK_OK(sys_memory_carve(ground, bytes, PAGE_SHIFT, flags, &memory));
    return memory;
}

uint64_t map_here(uint64_t object, uint64_t address, uint64_t bytes, uint64_t flags) {
    uint64_t view;
    return CHECK_OK(sys_memory_map(0, object, address, 0, bytes, flags, &view)) ? view
                                                                                : HANDLE_NONE;
}

void drop(uint64_t handle) {
    (void)CHECK_OK(sys_handle_drop(handle));
}

uint64_t available(uint64_t reticle) {
    uint64_t total, left, objects, tables;
    if (!CHECK_OK(sys_reticle_info(reticle, &total, &left, &objects, &tables))) {
        return 0;
    }
    (void)CHECK_EQ(left + objects + tables, total);
    return left;
}

uint64_t rights_of(uint64_t handle) {
    uint64_t description, object, size, detail;
    enum status status = sys_handle_info(handle, &description, &object, &size, &detail);
    return status == STATUS_OK ? description & RIGHT_ALL : 0;
}

bool is_alive(uint64_t handle) {
    uint64_t word;
    return sys_handle_info(handle, &word, &word, &word, &word) == STATUS_OK;
}

// A futex wait that cannot sleep reads the word and nothing else.
bool is_readable(uint64_t address) {
    return sys_futex_wait(address, 0, 0, 0) != STATUS_BAD_ADDRESS;
}

bool await_bit(uint32_t bit) {
    uint64_t bits;
    return CHECK_OK(sys_signal_wait(UINT64_C(1) << bit, deadline_in(PATIENCE), 0, 0, 0, &bits));
}

uint64_t poll_bits(void) {
    uint64_t bits;
    return sys_signal_wait(TEST_BITS, 0, 0, 0, 0, &bits) == STATUS_OK ? bits : 0;
}

uint64_t deadline_in(uint64_t nanoseconds) {
    return time_now() + nanoseconds;
}

void pause_for(uint64_t nanoseconds) {
    time_sleep_until(deadline_in(nanoseconds));
}

uint32_t hart_count(void) {
    uint64_t version, page, harts, thread;
    return sys_system_info(0, &version, &page, &harts, &thread) == STATUS_OK ? (uint32_t)harts : 1;
}
