// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// A pager: a child touches pages that are not there, from four threads at once, and its
// supervisor puts them there while the child runs. Most are pages of a Memory that the
// supervisor keeps, to be read; the others become the child's own, to be written.
#include "lib/vectra/thread.h"
#include "tests/ktest/child.h"

constexpr uint64_t PAGES = 1000, OWN = 100; // the last ones are the child's own
constexpr uint32_t THREADS = 4;
constexpr uint64_t BASE = AREA_FIRST; // in the child
constexpr uint64_t MARK = UINT64_C(0x70a6e00000000000);

static _Atomic uint64_t wrong;

static volatile uint64_t *word(uint64_t page) {
    return (volatile uint64_t *)(BASE + page * PAGE_SIZE + page % (PAGE_SIZE / 8) * 8);
}

// Every fourth page, so that neighbours are wanted by different threads.
static void touch(void *argument) {
    for (uint64_t page = (uint64_t)argument; page < PAGES; page += THREADS) {
        uint64_t want = page < PAGES - OWN ? MARK + page : 0;
        if (page >= PAGES - OWN && page % 2 == 0) {
            *word(page) = want = page;
        }
        if (*word(page) != want) {
            atomic_fetch_add(&wrong, 1);
        }
    }
}

uint32_t role_paged(void) {
    static uint64_t thread[THREADS], bits;
    alignas(16) static uint8_t stack[THREADS][1024];
    for (uint64_t i = 1; i < THREADS; i++) {
        (void)CHECK_OK(thread_spawn(touch, (void *)i, &stack[i][sizeof stack[i]], 0, &thread[i]));
        (void)CHECK_OK(sys_thread_watch(thread[i], i));
    }
    touch(nullptr);
    for (uint64_t i = 1; i < THREADS; i++) {
        (void)CHECK_OK(sys_signal_wait(UINT64_C(1) << i, deadline_in(PATIENCE), 0, 0, 0, &bits));
    }
    (void)CHECK_EQ(wrong, 0);
    // All of them are there, for every thread.
    for (uint64_t page = 0; page < PAGES - OWN; page++) {
        (void)CHECK_EQ(*word(page), MARK + page);
    }
    return 0;
}

// One page for the child: STATUS_EXISTS if another of its threads got it meanwhile.
static enum status give(const struct child *child, uint64_t memory, uint64_t page) {
    uint64_t at = BASE + page * PAGE_SIZE, view, own;
    if (page < PAGES - OWN) {
        return sys_memory_map(child->spawn.task, memory, at, page * PAGE_SIZE, PAGE_SIZE, MAP_READ,
                              &view);
    }
    enum status status = sys_memory_carve(child->spawn.reticle, PAGE_SIZE, PAGE_SHIFT, 0, &own);
    if (status == STATUS_OK) {
        status = sys_memory_map(child->spawn.task, own, at, 0, PAGE_SIZE,
                                MAP_READ | MAP_WRITE | MAP_GIVE, &view);
    }
    return status;
}

// Answers the faults that there are; false if one is not for a page of the area.
static bool answer(const struct child *child, uint64_t memory, uint64_t *answered) {
    uint64_t task = child->spawn.task, thread = 0, kind, address, pc;
    while (sys_thread_fault(task, thread, 0, &thread, &kind, &address, &pc) == STATUS_OK) {
        uint64_t page = (address - BASE) / PAGE_SIZE;
        if (!CHECK(kind == FAULT_READ || kind == FAULT_WRITE) || !CHECK(page < PAGES) ||
            !CHECK_OK(give(child, memory, page)) ||
            !CHECK_OK(sys_thread_control(task, thread, RESUME_CONTINUE))) {
            return false;
        }
        ++*answered;
    }
    return true;
}

static void thousand_pages(void) {
    struct child child = {.role = "paged", .bytes = 3 << 20, .bit = 6};
    uint64_t memory = carve_memory(PAGES * PAGE_SIZE, 0), answered = 0, bits;
    uint64_t view = map_here(memory, AREA, PAGES * PAGE_SIZE, MAP_READ | MAP_WRITE);
    for (uint64_t page = 0; page < PAGES; page++) {
        *(uint64_t *)(AREA + page * PAGE_SIZE + page % (PAGE_SIZE / 8) * 8) = MARK + page;
    }
    drop(view);
    if (!child_begin(&child) || !child_start(&child)) {
        return;
    }
    uint64_t state = TASK_RUNNING, status, count, time, until = deadline_in(3 * PATIENCE);
    while (state != TASK_ENDED && time_now() < until && answer(&child, memory, &answered)) {
        (void)sys_signal_wait(UINT64_C(1) << child.bit, deadline_in(SECOND), 0, 0, 0, &bits);
        (void)sys_task_info(child.spawn.task, &state, &status, &count, &time);
    }
    (void)CHECK_EQ(answered, PAGES);
    // What was only lent can be taken back: then it reads as zero there.
    child_finish(&child);
    drop(memory);
}

// Nothing is mapped without the right, and before the start MAP is not enough.
static void refused(void) {
    struct hand hand = {.bytes = 512 * 1024, .bit = 6};
    uint64_t memory = carve_memory(2 * PAGE_SIZE, 0), copy, view, status;
    if (!hand_begin(&hand, code_wait, 0)) {
        return;
    }
    uint64_t large = HANDLE_NONE;
    (void)CHECK_OK(sys_memory_carve(hand.reticle, 33 * PAGE_SIZE, PAGE_SHIFT, 0, &large));
    (void)CHECK_OK(sys_handle_copy(hand.task, RIGHT_ALL & ~RIGHT_TASK_MAP, &copy));
    (void)CHECK_EQ(rights_of(hand.task) & RIGHT_TASK_MAP, RIGHT_TASK_MAP);
    uint64_t only;
    (void)CHECK_OK(sys_handle_copy(hand.task, RIGHT_TASK_MAP, &only));
    (void)CHECK_STATUS(sys_memory_map(only, memory, BASE, 0, PAGE_SIZE, MAP_READ, &view),
                       STATUS_ACCESS);
    if (hand_start(&hand)) {
        (void)CHECK_STATUS(sys_memory_map(copy, memory, BASE, 0, PAGE_SIZE, MAP_READ, &view),
                           STATUS_ACCESS);
        (void)CHECK_OK(sys_memory_map(only, memory, BASE, 0, PAGE_SIZE, MAP_READ, &view));
        (void)CHECK_STATUS(sys_memory_map(only, memory, BASE, 0, PAGE_SIZE, MAP_READ, &view),
                           STATUS_EXISTS);
        // Writable Memory still has one owner, and one Task that sees it.
        (void)CHECK_STATUS(sys_memory_map(only, memory, BASE + PAGE_SIZE, 0, PAGE_SIZE,
                                          MAP_READ | MAP_WRITE, &view),
                           STATUS_BAD_ARGUMENT);
        (void)CHECK_STATUS(sys_memory_map(only, large, BASE + PAGE_SIZE, 0, 33 * PAGE_SIZE,
                                          MAP_READ | MAP_WRITE | MAP_GIVE, &view),
                           STATUS_BAD_ARGUMENT);
        (void)CHECK_OK(sys_memory_map(only, large, BASE + PAGE_SIZE * 16, 0, 32 * PAGE_SIZE,
                                      MAP_READ | MAP_WRITE | MAP_GIVE, &view));
        (void)CHECK(!is_alive(large));
        (void)CHECK_STATUS(sys_thread_carve(only, HAND_CODE, 0, 0, 0, 0, &view), STATUS_ACCESS);
        (void)CHECK_OK(sys_task_stop(hand.task, 5));
        (void)hand_ended(&hand, &status);
        // One that has ended does no harm with it.
        (void)CHECK_OK(
            sys_memory_map(only, memory, BASE + PAGE_SIZE, 0, PAGE_SIZE, MAP_READ, &view));
    }
    hand_destroy(&hand);
    drop(memory);
}

TESTS(pager, {"thousand_pages", thousand_pages}, {"refused", refused});
