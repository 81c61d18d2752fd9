// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Rows that need nobody else: a Task that asks the kernel for something.
#include "abi/capability.h"
#include "abi/layout.h"
#include "apps/bench/bench.h"
#include "lib/vectra/syscall.h"

static uint64_t memory;

// The cheapest call that returns something of use.
static void null_syscall(uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        uint64_t version, page, harts, thread;
        (void)sys_system_info(0, &version, &page, &harts, &thread);
    }
}

// The stack stands; the thread ends at once. To join is to wait for its end and give back
// its capability, with which its object is taken apart.
[[noreturn]] static void thread_main(void) {
    (void)sys_thread_exit();
    __builtin_trap();
}

static void thread_cycle(uint32_t count) {
    alignas(16) static uint8_t stack[4096];
    for (uint32_t i = 0; i < count; i++) {
        uint64_t thread, bits;
        must(sys_thread_carve(0, (uint64_t)thread_main, (uint64_t)(stack + sizeof stack) - 8, 0, 0,
                              0, &thread),
             "a thread cannot be carved");
        must(sys_thread_watch(thread, BIT_THREAD), "a thread cannot be watched");
        must(sys_thread_start(thread), "a thread cannot be started");
        must(sys_signal_wait(UINT64_C(1) << BIT_THREAD, TIME_NEVER, 0, 0, 0, &bits),
             "the end of a thread cannot be waited for");
        must(sys_handle_drop(thread), "a thread cannot be dropped");
    }
}

// The page is looked at and written: it is there, and it is zero.
static void page_cycle(uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        uint64_t page, view;
        must(sys_memory_carve(pool, PAGE_SIZE, PAGE_SHIFT, 0, &page), "no page can be carved");
        must(sys_memory_map(0, page, AREA, 0, PAGE_SIZE, MAP_READ | MAP_WRITE, &view),
             "a page cannot be mapped");
        volatile uint64_t *word = (volatile uint64_t *)AREA;
        must(*word == 0 ? STATUS_OK : STATUS_BAD_STATE, "a page that was carved is not zero");
        *word = UINT64_MAX;
        must(sys_handle_drop(view), "a page cannot be unmapped");
        must(sys_handle_drop(page), "a page cannot be dropped");
    }
}

static void memory_begin(void) {
    must(sys_memory_carve(pool, PAGE_SIZE, PAGE_SHIFT, 0, &memory), "no page can be carved");
}

static void memory_end(void) {
    must(sys_handle_drop(memory), "a page cannot be dropped");
}

static uint64_t copy(void) {
    uint64_t handle;
    must(sys_handle_copy(memory, RIGHT_MEMORY_READ, &handle), "a capability cannot be copied");
    return handle;
}

static void cap_copy_drop(uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        must(sys_handle_drop(copy()), "a copy cannot be dropped");
    }
}

static void make_children(uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        (void)copy();
    }
}

// One call that takes away all that `make_children` made.
static void revoke_children(uint32_t count) {
    (void)count;
    must(sys_handle_revoke(memory), "a capability cannot be revoked");
}

static const struct row rows[] = {
    {.id = "null_syscall", .run = null_syscall, .batches = 40},
    {.id = "thread_cycle", .run = thread_cycle, .batches = 10},
    {.id = "page_cycle", .run = page_cycle, .batches = 10},
    {.id = "cap_copy_drop",
     .begin = memory_begin,
     .run = cap_copy_drop,
     .end = memory_end,
     .batches = 40},
    {.id = "revoke_per_child",
     .begin = memory_begin,
     .prepare = make_children,
     .run = revoke_children,
     .end = memory_end,
     .batches = 20},
};
const struct row_list call_rows = {rows, sizeof rows / sizeof *rows};
