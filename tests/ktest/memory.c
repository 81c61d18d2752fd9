// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Memory: carving, zeros, views, writable or executable.
#include "lib/string/string.h"
#include "tests/ktest/child.h"
#include "tests/ktest/worker.h"

static bool is_zero(uint64_t address, uint64_t bytes) {
    const volatile uint64_t *word = (const volatile uint64_t *)address;
    for (uint64_t i = 0; i < bytes / sizeof *word; i++) {
        if (word[i] != 0) {
            return false;
        }
    }
    return true;
}

static void carve(void) {
    uint64_t memory = carve_memory(PAGE_SIZE + 1, 0), description, object, size, detail;
    (void)CHECK_OK(sys_handle_info(memory, &description, &object, &size, &detail));
    (void)CHECK_EQ(description >> INFO_CLASS_SHIFT & 31, CLASS_MEMORY);
    (void)CHECK((description & INFO_OWNER) != 0);
    (void)CHECK_EQ(size, 2 * PAGE_SIZE);
    (void)CHECK_EQ(description & RIGHT_ALL, RIGHT_COPY | RIGHT_PASS | RIGHT_INSPECT | RIGHT_WATCH |
                                                RIGHT_MEMORY_READ | RIGHT_MEMORY_WRITE);
    drop(memory);
    (void)CHECK(!is_alive(memory));
    (void)CHECK_OK(sys_memory_carve(ground, PAGE_SIZE, 20, 0, &memory));
    drop(memory);
}

static void carve_errors(void) {
    uint64_t memory, most = PAGE_SIZE << 17;
    (void)CHECK_STATUS(sys_memory_carve(ground, 0, 12, 0, &memory), STATUS_BAD_ARGUMENT);
    (void)CHECK_STATUS(sys_memory_carve(ground, most + 1, 12, 0, &memory), STATUS_BAD_ARGUMENT);
    (void)CHECK_STATUS(sys_memory_carve(ground, UINT64_MAX, 12, 0, &memory), STATUS_BAD_ARGUMENT);
    (void)CHECK_STATUS(sys_memory_carve(ground, PAGE_SIZE, 64, 0, &memory), STATUS_BAD_ARGUMENT);
    (void)CHECK_STATUS(sys_memory_carve(ground, PAGE_SIZE, UINT64_MAX, 0, &memory),
                       STATUS_BAD_ARGUMENT);
    (void)CHECK_STATUS(sys_memory_carve(ground, PAGE_SIZE, 39, 0, &memory), STATUS_NO_MEMORY);
    (void)CHECK_STATUS(sys_memory_carve(ground, PAGE_SIZE, 12, 2, &memory), STATUS_BAD_ARGUMENT);
    (void)CHECK_STATUS(sys_memory_carve(ground, GROUND_SIZE, 12, 0, &memory), STATUS_NO_MEMORY);
    (void)CHECK_STATUS(sys_memory_carve(ground, most, 12, 0, &memory), STATUS_NO_MEMORY);
}

// What is carved is zero, also where somebody wrote before.
static void zero(void) {
    constexpr uint64_t BYTES = 256 * 1024;
    for (uint32_t round = 0; round < 4; round++) {
        uint64_t memory = carve_memory(BYTES, 0);
        uint64_t view = map_here(memory, AREA, BYTES, MAP_READ | MAP_WRITE);
        if (view == HANDLE_NONE || !CHECK(is_zero(AREA, BYTES))) {
            return;
        }
        memset((void *)AREA, 0xa5, BYTES);
        drop(view);
        drop(memory);
    }
}

// Large enough that carving, mapping and unmapping each take several entries.
static void large(void) {
    constexpr uint64_t BYTES = UINT64_C(4) << 20;
    uint64_t memory = carve_memory(BYTES, 0);
    uint64_t view = map_here(memory, AREA + PAGE_SIZE, BYTES, MAP_READ | MAP_WRITE);
    if (view == HANDLE_NONE) {
        return;
    }
    for (uint64_t at = 0; at < BYTES; at += PAGE_SIZE) {
        volatile uint64_t *word = (volatile uint64_t *)(AREA + PAGE_SIZE + at);
        (void)CHECK_EQ(*word, 0);
        *word = at;
    }
    for (uint64_t at = 0; at < BYTES; at += PAGE_SIZE) {
        (void)CHECK_EQ(*(volatile uint64_t *)(AREA + PAGE_SIZE + at), at);
    }
    drop(view);
    (void)CHECK(!is_readable(AREA + PAGE_SIZE) && !is_readable(AREA + BYTES));
    drop(memory);
}

// Two views are one memory; a view may begin in the middle.
static void views(void) {
    uint64_t memory = carve_memory(4 * PAGE_SIZE, 0), second, description, object, size, detail;
    uint64_t view = map_here(memory, AREA, 4 * PAGE_SIZE, MAP_READ | MAP_WRITE);
    (void)CHECK_OK(sys_memory_map(0, memory, AREA + 8 * PAGE_SIZE, 2 * PAGE_SIZE, PAGE_SIZE,
                                  MAP_READ, &second));
    *(volatile uint64_t *)(AREA + 2 * PAGE_SIZE + 8) = 77;
    (void)CHECK_EQ(*(volatile uint64_t *)(AREA + 8 * PAGE_SIZE + 8), 77);
    (void)CHECK_OK(sys_handle_info(second, &description, &object, &size, &detail));
    (void)CHECK_EQ(description >> INFO_CLASS_SHIFT & 31, CLASS_VIEW);
    (void)CHECK_EQ(size, PAGE_SIZE);
    (void)CHECK_EQ(detail, (AREA + 8 * PAGE_SIZE) | MAP_READ);
    drop(view);
    (void)CHECK(!is_readable(AREA));
    (void)CHECK(is_readable(AREA + 8 * PAGE_SIZE));
    drop(memory); // takes nothing away from the reader but the content
    (void)CHECK_EQ(*(volatile uint64_t *)(AREA + 8 * PAGE_SIZE + 8), 0);
    (void)CHECK_OK(sys_handle_info(second, &description, &object, &size, &detail));
    (void)CHECK((description & INFO_REVOKED) != 0);
    drop(second);
    (void)CHECK(!is_readable(AREA + 8 * PAGE_SIZE));
}

static enum status try_map(uint64_t object, uint64_t address, uint64_t offset, uint64_t bytes,
                           uint64_t flags) {
    uint64_t view;
    enum status status = sys_memory_map(0, object, address, offset, bytes, flags, &view);
    if (status == STATUS_OK) {
        (void)sys_handle_drop(view);
    }
    return status;
}

static void map_errors(void) {
    uint64_t memory = carve_memory(2 * PAGE_SIZE, 0);
    const struct {
        uint64_t address, offset, bytes, flags;
        enum status status;
    } cases[] = {
        {AREA + 1, 0, PAGE_SIZE, MAP_READ, STATUS_BAD_ARGUMENT},
        {AREA, 1, PAGE_SIZE, MAP_READ, STATUS_BAD_ARGUMENT},
        {AREA, 0, 1, MAP_READ, STATUS_BAD_ARGUMENT},
        {AREA, 0, 0, MAP_READ, STATUS_BAD_ARGUMENT},
        {AREA, 0, 3 * PAGE_SIZE, MAP_READ, STATUS_BAD_ARGUMENT},
        {AREA, 2 * PAGE_SIZE, PAGE_SIZE, MAP_READ, STATUS_BAD_ARGUMENT},
        {AREA, PAGE_SIZE, 2 * PAGE_SIZE, MAP_READ, STATUS_BAD_ARGUMENT},
        {AREA, UINT64_MAX - PAGE_SIZE + 1, PAGE_SIZE, MAP_READ, STATUS_BAD_ARGUMENT},
        {AREA, PAGE_SIZE, UINT64_MAX - PAGE_SIZE + 1, MAP_READ, STATUS_BAD_ADDRESS},
        {0, 0, PAGE_SIZE, MAP_READ, STATUS_BAD_ADDRESS},
        {PAGE_SIZE, 0, PAGE_SIZE, MAP_READ, STATUS_BAD_ADDRESS},
        {USER_BASE - PAGE_SIZE, 0, PAGE_SIZE, MAP_READ, STATUS_BAD_ADDRESS},
        {USER_TOP, 0, PAGE_SIZE, MAP_READ, STATUS_BAD_ADDRESS},
        {USER_TOP - PAGE_SIZE, 0, 2 * PAGE_SIZE, MAP_READ, STATUS_BAD_ADDRESS},
        {UINT64_MAX - PAGE_SIZE + 1, 0, PAGE_SIZE, MAP_READ, STATUS_BAD_ADDRESS},
        {AREA, 0, PAGE_SIZE, 0, STATUS_BAD_ARGUMENT},
        {AREA, 0, PAGE_SIZE, MAP_WRITE, STATUS_BAD_ARGUMENT},
        {AREA, 0, PAGE_SIZE, MAP_READ | MAP_WRITE | MAP_EXECUTE, STATUS_BAD_ARGUMENT},
        {AREA, 0, PAGE_SIZE, MAP_READ | 32, STATUS_BAD_ARGUMENT},
        {AREA, 0, PAGE_SIZE, MAP_READ | UINT64_C(1) << 40, STATUS_BAD_ARGUMENT},
        {AREA, 0, PAGE_SIZE, MAP_READ | MAP_GIVE, STATUS_BAD_ARGUMENT},
        {AREA, 0, PAGE_SIZE, MAP_READ | MAP_WRITE | MAP_GIVE, STATUS_BAD_ARGUMENT},
        {AREA, 0, PAGE_SIZE, MAP_READ | MAP_PEER, STATUS_BAD_ARGUMENT},
        {AREA, 0, PAGE_SIZE, MAP_READ | MAP_EXECUTE, STATUS_ACCESS},
        {BUNDLE_ADDRESS, 0, PAGE_SIZE, MAP_READ, STATUS_EXISTS},
        {PROGRAM_BASE, 0, PAGE_SIZE, MAP_READ, STATUS_EXISTS},
        {USER_TOP - PAGE_SIZE, 0, PAGE_SIZE, MAP_READ, STATUS_OK},
        {AREA, PAGE_SIZE, PAGE_SIZE, MAP_READ | MAP_WRITE, STATUS_OK},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        enum status status =
            try_map(memory, cases[i].address, cases[i].offset, cases[i].bytes, cases[i].flags);
        if (status != cases[i].status) {
            check_say(__FILE__, __LINE__, "case %zu is status %u, not %u", i, status,
                      cases[i].status);
        }
    }
    // What runs into another mapping is undone, all of it.
    uint64_t view = map_here(memory, AREA + PAGE_SIZE, PAGE_SIZE, MAP_READ);
    (void)CHECK_STATUS(try_map(memory, AREA, 0, 2 * PAGE_SIZE, MAP_READ), STATUS_EXISTS);
    (void)CHECK(!is_readable(AREA) && is_readable(AREA + PAGE_SIZE));
    drop(view);
    drop(memory);
}

static void write_or_execute(void) {
    uint64_t memory = carve_memory(PAGE_SIZE, CARVE_CODE), second;
    uint64_t view = map_here(memory, AREA, PAGE_SIZE, MAP_READ | MAP_WRITE);
    if (view == HANDLE_NONE) {
        return;
    }
    (void)CHECK_STATUS(try_map(memory, AREA + PAGE_SIZE, 0, PAGE_SIZE, MAP_READ | MAP_EXECUTE),
                       STATUS_BUSY);
    memcpy((void *)AREA, code_increment, 16);
    drop(view);
    second = map_here(memory, AREA, PAGE_SIZE, MAP_READ | MAP_EXECUTE);
    if (second == HANDLE_NONE) {
        return;
    }
    uint64_t (*volatile increment)(uint64_t) = (uint64_t (*)(uint64_t))AREA;
    (void)CHECK_EQ(increment(41), 42);
    (void)CHECK_STATUS(try_map(memory, AREA + PAGE_SIZE, 0, PAGE_SIZE, MAP_READ | MAP_WRITE),
                       STATUS_BUSY);
    (void)CHECK_STATUS(try_map(memory, AREA + PAGE_SIZE, 0, PAGE_SIZE, MAP_READ), STATUS_OK);
    drop(second);
    (void)CHECK_STATUS(try_map(memory, AREA, 0, PAGE_SIZE, MAP_READ | MAP_WRITE), STATUS_OK);
    drop(memory);
}

static void copies(void) {
    uint64_t memory = carve_memory(PAGE_SIZE, CARVE_CODE), copy, blind;
    (void)CHECK_OK(sys_handle_copy(memory, RIGHT_ALL, &copy));
    (void)CHECK_EQ(rights_of(copy) & RIGHT_MEMORY_WRITE, 0);
    (void)CHECK_EQ(rights_of(copy), rights_of(memory) & ~(uint64_t)RIGHT_MEMORY_WRITE);
    (void)CHECK_STATUS(try_map(copy, AREA, 0, PAGE_SIZE, MAP_READ | MAP_WRITE), STATUS_ACCESS);
    (void)CHECK_STATUS(try_map(copy, AREA, 0, PAGE_SIZE, MAP_READ), STATUS_OK);
    (void)CHECK_STATUS(try_map(copy, AREA, 0, PAGE_SIZE, MAP_READ | MAP_EXECUTE), STATUS_OK);
    (void)CHECK_OK(sys_handle_copy(copy, RIGHT_INSPECT | RIGHT_COPY, &blind));
    (void)CHECK_STATUS(try_map(blind, AREA, 0, PAGE_SIZE, MAP_READ), STATUS_ACCESS);
    uint64_t wider;
    (void)CHECK_OK(sys_handle_copy(blind, RIGHT_ALL, &wider));
    (void)CHECK_EQ(rights_of(wider), RIGHT_INSPECT | RIGHT_COPY);
    drop(memory);
    (void)CHECK(!is_alive(copy) && !is_alive(blind) && !is_alive(wider));
}

static void wipe(void) {
    constexpr uint64_t BYTES = 100 * PAGE_SIZE;
    uint64_t memory = carve_memory(BYTES, 0), copy;
    uint64_t view = map_here(memory, AREA, BYTES, MAP_READ | MAP_WRITE);
    if (view == HANDLE_NONE) {
        return;
    }
    memset((void *)AREA, 0x5a, BYTES);
    (void)CHECK_STATUS(sys_memory_wipe(memory), STATUS_BAD_STATE);
    drop(view);
    (void)CHECK_OK(sys_handle_copy(memory, RIGHT_ALL, &copy));
    (void)CHECK_STATUS(sys_memory_wipe(copy), STATUS_ACCESS);
    (void)CHECK_STATUS(sys_memory_wipe(memory), STATUS_BAD_STATE);
    drop(copy);
    (void)CHECK_OK(sys_memory_wipe(memory));
    view = map_here(memory, AREA, BYTES, MAP_READ);
    (void)CHECK(is_zero(AREA, BYTES));
    drop(view);
    drop(memory);
}

// Giving Memory away with a mapping, and what a Task's maker may map at all.
static void give(void) {
    struct hand hand = {};
    uint64_t foreign = carve_memory(PAGE_SIZE, 0), memory, view, other;
    if (!hand_begin(&hand, code_spin, 0)) {
        return;
    }
    (void)CHECK_OK(sys_memory_carve(hand.reticle, PAGE_SIZE, PAGE_SHIFT, 0, &memory));
    (void)CHECK_STATUS(
        sys_memory_map(hand.task, memory, AREA, 0, PAGE_SIZE, MAP_READ | MAP_WRITE, &view),
        STATUS_BAD_ARGUMENT);
    (void)CHECK_STATUS(
        sys_memory_map(hand.task, memory, AREA, 0, PAGE_SIZE, MAP_READ | MAP_GIVE, &view),
        STATUS_BAD_ARGUMENT);
    // What it may write is on its own books.
    (void)CHECK_STATUS(sys_memory_map(hand.task, foreign, AREA, 0, PAGE_SIZE,
                                      MAP_READ | MAP_WRITE | MAP_GIVE, &view),
                       STATUS_BAD_ARGUMENT);
    drop(foreign);
    uint64_t mine = map_here(memory, AREA, PAGE_SIZE, MAP_READ);
    constexpr uint64_t GIVE = MAP_READ | MAP_WRITE | MAP_GIVE;
    (void)CHECK_STATUS(sys_memory_map(hand.task, memory, AREA, 0, PAGE_SIZE, GIVE, &view),
                       STATUS_BUSY);
    drop(mine);
    (void)CHECK_OK(sys_handle_copy(memory, RIGHT_ALL, &other));
    (void)CHECK_STATUS(sys_memory_map(hand.task, memory, AREA, 0, PAGE_SIZE, GIVE, &view),
                       STATUS_BUSY);
    (void)CHECK_STATUS(sys_memory_map(hand.task, other, AREA, 0, PAGE_SIZE, GIVE, &view),
                       STATUS_ACCESS);
    drop(other);
    (void)CHECK_OK(sys_memory_map(hand.task, memory, AREA, 0, PAGE_SIZE, GIVE, &view));
    (void)CHECK(!is_alive(memory));
    hand_destroy(&hand); // and the Memory with its owner
}

// ------------------------------------------------------------------ code that changes

enum { CALLERS = 3 };
static _Atomic uint32_t round_now; // UINT32_MAX: over
static _Atomic uint32_t answers[CALLERS];

// Calls what stands there now, each round once; on whatever hart it is.
static void call_new(void *argument) {
    _Atomic uint32_t *answer = argument;
    uint32_t last = 0;
    for (uint32_t now = 0; now != UINT32_MAX; now = atomic_load(&round_now)) {
        if (now != last) {
            uint32_t (*volatile function)(void) = (uint32_t (*)(void))AREA;
            atomic_store(answer, function());
            last = now;
        }
        time_sleep_until(time_now() + MILLISECOND / 50);
    }
}

// One round: what is called is what was written last, on each hart.
static bool call_round(uint32_t round, uint32_t value) {
    atomic_store(&round_now, round);
    uint64_t until = deadline_in(PATIENCE);
    for (uint32_t i = 0; i < CALLERS; i++) {
        while (atomic_load(&answers[i]) == 0 && time_now() < until) {
            pause_for(MILLISECOND / 20);
        }
        if (!CHECK_EQ(atomic_load(&answers[i]), value)) {
            return false;
        }
        atomic_store(&answers[i], 0);
    }
    return true;
}

// Execution waits until no hart can write any more: until then it is BUSY.
static uint64_t map_code(uint64_t memory) {
    uint64_t view = HANDLE_NONE, until = deadline_in(PATIENCE);
    enum status status = STATUS_BUSY;
    while (status == STATUS_BUSY && time_now() < until) {
        status = sys_memory_map(0, memory, AREA, 0, PAGE_SIZE, MAP_READ | MAP_EXECUTE, &view);
    }
    return CHECK_OK(status) ? view : HANDLE_NONE;
}

// The same address gets other code: written into the same Memory, or in another one.
static void new_code(void) {
    uint64_t memory[2] = {carve_memory(PAGE_SIZE, CARVE_CODE), carve_memory(PAGE_SIZE, CARVE_CODE)};
    atomic_store(&round_now, 0);
    for (uint32_t i = 0; i < CALLERS; i++) {
        atomic_store(&answers[i], 0);
        worker_open(&workers[i], call_new, (void *)&answers[i], 0);
    }
    for (uint32_t round = 1; round <= 100 && check_good(); round++) {
        uint64_t which = memory[round / 2 % 2];
        uint64_t view = map_here(which, AREA, PAGE_SIZE, MAP_READ | MAP_WRITE);
        machine_write_code(AREA, 1000 + round);
        drop(view);
        view = map_code(which);
        if (view == HANDLE_NONE || !call_round(round, 1000 + round)) {
            break;
        }
        drop(view);
    }
    atomic_store(&round_now, UINT32_MAX);
    for (uint32_t i = 0; i < CALLERS; i++) {
        worker_close(&workers[i]);
    }
    drop(memory[0]);
    drop(memory[1]);
}

TESTS(memory, {"carve", carve}, {"carve_errors", carve_errors}, {"zero", zero}, {"large", large},
      {"views", views}, {"map_errors", map_errors}, {"write_or_execute", write_or_execute},
      {"copies", copies}, {"wipe", wipe}, {"give", give}, {"new_code", new_code});
