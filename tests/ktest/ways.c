// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Ways of docs/threat-model.md that belong to no other group: what a program might try
// with its own Bundle's page, with memory that changes under the kernel's eyes, and with
// Rings that carry each other.
#include "abi/bundle.h"
#include "tests/ktest/child.h"
#include "tests/ktest/worker.h"

// The view through which this Task sees its Bundle, or HANDLE_NONE.
static uint64_t page_view(void) {
    uint64_t description, object, size, detail;
    for (uint64_t slot = 0; slot < 4096; slot++) {
        uint64_t handle = UINT64_C(1) << HANDLE_SLOT_BITS | slot; // never emptied since
        bool view = sys_handle_info(handle, &description, &object, &size, &detail) == STATUS_OK &&
                    (description >> INFO_CLASS_SHIFT & 31) == CLASS_VIEW;
        if (view && (detail & ~(PAGE_SIZE - 1)) == BUNDLE_ADDRESS) {
            return handle;
        }
    }
    return HANDLE_NONE;
}

// Nothing else can be put in its place, by dropping it or by going around it.
static void page_stays(void) {
    uint64_t view = page_view(), word, memory = carve_memory(PAGE_SIZE, 0);
    const struct bundle_page *page = (const struct bundle_page *)BUNDLE_ADDRESS;
    uint32_t count = page->count;
    if (!CHECK(view != HANDLE_NONE)) {
        return;
    }
    (void)CHECK_STATUS(sys_handle_drop(view), STATUS_ACCESS);
    (void)CHECK_STATUS(sys_handle_copy(view, RIGHT_ALL, &word), STATUS_BAD_CLASS);
    (void)CHECK_STATUS(sys_handle_revoke(view), STATUS_BAD_CLASS);
    for (uint64_t at = 0; at < BUNDLE_SIZE; at += PAGE_SIZE) {
        (void)CHECK_STATUS(sys_memory_map(0, memory, BUNDLE_ADDRESS + at, 0, PAGE_SIZE,
                                          MAP_READ | MAP_WRITE, &word),
                           STATUS_EXISTS);
    }
    (void)CHECK_EQ(page->magic, BUNDLE_MAGIC);
    (void)CHECK_EQ(page->count, count);
    drop(memory);
}

// Who holds a Reticle without the right to ask about it does not see it being used.
static void unseen_reticle(void) {
    uint64_t blind, description, object, size, detail;
    (void)CHECK_OK(sys_handle_info(ground, &description, &object, &size, &detail));
    (void)CHECK(size == GROUND_SIZE && detail != 0);
    (void)CHECK_OK(sys_handle_copy(ground, RIGHT_ALL & ~(uint64_t)RIGHT_INSPECT, &blind));
    (void)CHECK_OK(sys_handle_info(blind, &description, &object, &size, &detail));
    (void)CHECK(size == 0 && detail == 0);
    drop(blind);
}

// ------------------------------------------------- a name that changes while it is read

static _Atomic char first; // of the name
static _Atomic uint32_t over;

static void flip(void *argument) {
    (void)argument;
    for (uint32_t i = 0; atomic_load(&over) == 0; i++) {
        atomic_store(&first, i % 2 == 0 ? 'a' : '\x80');
    }
}

// What was checked is what stands there: a name that was taken is the legal one.
static void changing_name(void) {
    static char *const name = (char *)&first;
    uint32_t taken = 0;
    atomic_store(&over, 0);
    worker_open(&workers[0], flip, nullptr, 0);
    for (uint32_t round = 0; round < 40 && check_good(); round++) {
        uint64_t bundle, until = deadline_in(MILLISECOND);
        enum status status = STATUS_BAD_ARGUMENT;
        (void)CHECK_OK(sys_bundle_carve(ground, &bundle));
        while (status == STATUS_BAD_ARGUMENT && time_now() < until) {
            status = sys_bundle_value(bundle, (uint64_t)name, 1, 0, 0);
        }
        if (status == STATUS_OK) {
            taken++;
            (void)CHECK_STATUS(sys_bundle_value(bundle, (uint64_t)"a", 1, 0, 0), STATUS_EXISTS);
        }
        drop(bundle);
    }
    atomic_store(&over, 1);
    worker_close(&workers[0]);
    (void)CHECK(taken > 0);
}

// ------------------------------------------------------- Rings that carry each other

static void make_pair(uint64_t reticle, uint64_t end[2]) {
    for (uint32_t i = 0; i < 2; i++) {
        (void)CHECK_OK(sys_ring_carve(reticle, 2, &end[i]));
    }
    (void)CHECK_OK(sys_ring_bind(end[0], end[1]));
}

// Each of two connections is on its way through the other, so no handle is left by which
// an end could be dropped. They belong to a Reticle all the same.
static void in_each_other(void) {
    uint64_t part, a[2], b[2], before = available(ground);
    (void)CHECK_OK(sys_reticle_split(ground, 64 * PAGE_SIZE, &part));
    make_pair(part, a);
    make_pair(part, b);
    if (!check_good()) {
        return;
    }
    (void)CHECK_OK(sys_ring_send(a[1], 0, b[0], RIGHT_ALL, 1));
    (void)CHECK_OK(sys_ring_send(b[1], 0, a[0], RIGHT_ALL, 1));
    (void)CHECK_OK(sys_ring_send(b[1], 1, a[1], RIGHT_ALL, 1));
    (void)CHECK_STATUS(sys_ring_send(b[1], 2, b[1], RIGHT_ALL, 1), STATUS_BAD_ARGUMENT);
    for (uint32_t i = 0; i < 2; i++) {
        (void)CHECK(!is_alive(a[i]));
    }
    (void)CHECK(!is_alive(b[0]));
    drop(part);
    (void)CHECK(!is_alive(b[1]));
    (void)CHECK_EQ(available(ground), before);
}

TESTS(ways, {"page_stays", page_stays}, {"unseen_reticle", unseen_reticle},
      {"changing_name", changing_name}, {"in_each_other", in_each_other});
