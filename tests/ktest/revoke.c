// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Revocation: complete when it returns, wherever the descendants are, and never a
// fault for who held one.
#include "tests/ktest/child.h"
#include "tests/ktest/worker.h"

static void chain(void) {
    enum { DEPTH = 30 };
    uint64_t copy[DEPTH + 1], side;
    copy[0] = carve_memory(PAGE_SIZE, 0);
    for (uint32_t i = 0; i < DEPTH; i++) {
        (void)CHECK_OK(sys_handle_copy(copy[i], RIGHT_ALL, &copy[i + 1]));
    }
    (void)CHECK_OK(sys_handle_copy(copy[5], RIGHT_ALL, &side));
    drop(copy[10]); // its children go to copy 9
    (void)CHECK(is_alive(copy[11]));
    (void)CHECK_OK(sys_handle_revoke(copy[9]));
    for (uint32_t i = 10; i <= DEPTH; i++) {
        (void)CHECK(!is_alive(copy[i]));
    }
    (void)CHECK(is_alive(copy[9]) && is_alive(side));
    (void)CHECK_OK(sys_handle_revoke(copy[0]));
    (void)CHECK(is_alive(copy[0]) && !is_alive(copy[1]) && !is_alive(side));
    // It can be copied again, and the old handles stay dead.
    (void)CHECK_OK(sys_handle_copy(copy[0], RIGHT_ALL, &side));
    for (uint32_t i = 1; i <= DEPTH; i++) {
        (void)CHECK(!is_alive(copy[i]));
    }
    drop(copy[0]);
}

static void many(void) {
    enum { COPIES = 3000 };
    uint64_t memory = carve_memory(PAGE_SIZE, 0), first = HANDLE_NONE, last = HANDLE_NONE;
    for (uint32_t i = 0; i < COPIES; i++) {
        // A third of them below others.
        uint64_t from = i % 3 == 2 ? last : memory;
        if (!CHECK_OK(sys_handle_copy(from, RIGHT_ALL, &last))) {
            return;
        }
        first = i == 0 ? last : first;
    }
    (void)CHECK_OK(sys_handle_revoke(memory));
    (void)CHECK(!is_alive(first) && !is_alive(last) && is_alive(memory));
    drop(memory);
}

// Objects made through a copy of a Reticle are not its descendants.
static void carved_stays(void) {
    uint64_t copy, memory;
    (void)CHECK_OK(sys_handle_copy(ground, RIGHT_ALL, &copy));
    (void)CHECK_OK(sys_memory_carve(copy, PAGE_SIZE, 0, 0, &memory));
    (void)CHECK_OK(sys_handle_revoke(ground));
    (void)CHECK(!is_alive(copy) && is_alive(memory) && is_alive(ground));
    drop(memory);
}

// The owner's own views go too: they become the zero page.
static void views(void) {
    uint64_t memory = carve_memory(4 * PAGE_SIZE, CARVE_CODE), description, object, size, detail;
    uint64_t view = map_here(memory, AREA, 4 * PAGE_SIZE, MAP_READ | MAP_WRITE);
    volatile uint64_t *word = (volatile uint64_t *)(AREA + 3 * PAGE_SIZE);
    *word = 5;
    (void)CHECK_OK(sys_handle_revoke(memory));
    (void)CHECK_EQ(*word, 0);
    (void)CHECK_OK(sys_handle_info(view, &description, &object, &size, &detail));
    (void)CHECK((description & INFO_REVOKED) != 0);
    (void)CHECK_EQ(object, 0);
    // Nobody can write it any more, so it may be executed; its content is still there.
    uint64_t code = map_here(memory, AREA + 8 * PAGE_SIZE, 4 * PAGE_SIZE, MAP_READ | MAP_EXECUTE);
    (void)CHECK_EQ(*(volatile uint64_t *)(AREA + 11 * PAGE_SIZE), 5);
    drop(code);
    // The place is taken until the tomb is dropped.
    (void)CHECK_STATUS(sys_memory_map(0, memory, AREA, 0, PAGE_SIZE, MAP_READ, &size),
                       STATUS_EXISTS);
    drop(view);
    view = map_here(memory, AREA, PAGE_SIZE, MAP_READ);
    drop(memory);
    drop(view);
}

// ------------------------------------------------------- a copier on another hart

static _Atomic uint32_t refused, copied, copiers;

// As fast as it can, always from one that a revocation comes to last.
static void copier(void *argument) {
    uint64_t from = (uint64_t)argument, made, next = from;
    atomic_fetch_add(&copiers, 1);
    for (;;) {
        enum status status = sys_handle_copy(from, RIGHT_ALL, &made);
        if (status == STATUS_OK) {
            next = made;
            atomic_fetch_add(&copied, 1);
        } else if (status == STATUS_BUSY) {
            atomic_fetch_add(&refused, 1);
        } else if (from != next) {
            from = next;
        } else {
            return; // all of them are gone
        }
    }
}

// A holder of a copy revokes what hangs below it, however quickly that grows.
static void against_copiers(void) {
    enum { COPIERS = 3 };
    uint64_t memory = carve_memory(PAGE_SIZE, 0), held, below[COPIERS];
    (void)CHECK_OK(sys_handle_copy(memory, RIGHT_ALL, &held));
    for (uint32_t round = 0; round < 10 && check_good(); round++) {
        atomic_store(&copiers, 0);
        for (uint32_t i = 0; i < COPIERS; i++) {
            (void)CHECK_OK(sys_handle_copy(held, RIGHT_ALL, &below[i]));
            worker_open(&workers[i], copier, (void *)below[i], 0);
        }
        while (atomic_load(&copiers) < COPIERS) {
            pause_for(MILLISECOND / 10);
        }
        pause_for(MILLISECOND);
        uint64_t from = time_now();
        (void)CHECK_OK(sys_handle_revoke(held));
        (void)CHECK(time_now() - from < PATIENCE);
        for (uint32_t i = 0; i < COPIERS; i++) {
            (void)CHECK(!is_alive(below[i]));
            worker_close(&workers[i]);
        }
        (void)CHECK(is_alive(held));
    }
    (void)CHECK(atomic_load(&copied) != 0);
    drop(memory);
}

// ------------------------------------------------------- a reader on another hart

constexpr uint64_t BEFORE = 0x1111, AFTER = 0x2222;
static _Atomic uint64_t seen; // by the reader: BEFORE, then 1 once it saw zero
static _Atomic bool leave, bad;

static void watch_word(void *argument) {
    const volatile uint64_t *word = argument;
    while (!atomic_load_explicit(&leave, memory_order_relaxed)) {
        uint64_t value = *word;
        if (value == BEFORE) {
            atomic_store(&seen, BEFORE);
        } else if (value == 0) {
            atomic_store(&seen, 1);
        } else {
            atomic_store(&bad, true);
        }
    }
}

// After revoke has returned no hart sees what is written then: a stamp in the page.
static void in_use(void) {
    for (uint32_t round = 0; round < 60 && check_good(); round++) {
        const uint64_t bytes = (round % 4 == 0 ? 300 : 1) * PAGE_SIZE; // several steps, or one
        uint64_t memory = carve_memory(bytes, 0), copy;
        uint64_t writer = map_here(memory, AREA, bytes, MAP_READ | MAP_WRITE);
        volatile uint64_t *word = (volatile uint64_t *)(AREA + bytes - PAGE_SIZE);
        *word = BEFORE;
        (void)CHECK_OK(sys_handle_copy(memory, RIGHT_ALL, &copy));
        uint64_t reader = map_here(copy, AREA + 512 * PAGE_SIZE, bytes, MAP_READ);
        atomic_store(&seen, 0);
        atomic_store(&leave, false);
        atomic_store(&bad, false);
        worker_open(&workers[0], watch_word, (void *)(AREA + 511 * PAGE_SIZE + bytes), 0);
        uint64_t until = deadline_in(PATIENCE);
        while (atomic_load(&seen) != BEFORE && time_now() < until) {
            pause_for(MILLISECOND / 10);
        }
        (void)CHECK_OK(sys_handle_revoke(copy));
        *word = AFTER;
        until = deadline_in(PATIENCE);
        while (atomic_load(&seen) != 1 && time_now() < until) {
            pause_for(MILLISECOND / 4);
        }
        atomic_store(&leave, true);
        worker_close(&workers[0]);
        (void)CHECK(!atomic_load(&bad));
        (void)CHECK_EQ(atomic_load(&seen), 1);
        drop(reader);
        drop(writer);
        drop(memory);
    }
}

// Many revocations while another hart reads what is revoked: each time the page is seen, the
// copy is revoked, the page is stamped, and the reader looks once more. It never sees the
// stamp. Each batch has a reader of its own, on another hart than the last one.
enum { STORM_VIEWS = 32 };
static _Atomic uint64_t storm_at; // where the reader looks; 0: nowhere
static _Atomic uint64_t turns, hit;

static void storm_reader(void *argument) {
    (void)argument;
    while (!atomic_load_explicit(&leave, memory_order_relaxed)) {
        uint64_t at = atomic_load(&storm_at);
        uint64_t value = at == 0 ? 0 : *(const volatile uint64_t *)at;
        if (value == BEFORE) {
            atomic_store(&hit, at);
        } else if (value != 0) {
            atomic_store(&bad, true);
        }
        atomic_fetch_add(&turns, 1);
    }
}

// Until the reader has looked twice: once for sure after this was called; or has seen `at`.
static void storm_look(uint64_t at) {
    uint64_t from = atomic_load(&turns), until = deadline_in(PATIENCE);
    bool alone = hart_count() == 1;
    for (uint32_t spins = 1; at != 0 ? atomic_load(&hit) != at : atomic_load(&turns) < from + 2;
         spins++) {
        if ((alone || spins % 4096 == 0) && CHECK(time_now() < until)) {
            pause_for(1000);
        }
        if (!check_good()) {
            return;
        }
    }
}

static uint64_t storm_round(uint64_t memory, uint64_t at) {
    volatile uint64_t *word = (volatile uint64_t *)AREA;
    uint64_t copy;
    *word = BEFORE;
    (void)CHECK_OK(sys_handle_copy(memory, RIGHT_ALL, &copy));
    uint64_t view = map_here(copy, at, PAGE_SIZE, MAP_READ);
    atomic_store(&storm_at, at);
    storm_look(at);
    (void)CHECK_OK(sys_handle_revoke(copy));
    *word = AFTER;
    storm_look(0);
    drop(copy);
    return view;
}

static void storm(void) {
    uint64_t rounds = test_size != 0 ? test_size : 320, views[STORM_VIEWS];
    uint64_t memory = carve_memory(PAGE_SIZE, 0);
    uint64_t writer = map_here(memory, AREA, PAGE_SIZE, MAP_READ | MAP_WRITE);
    atomic_store(&bad, false);
    for (uint64_t round = 0; round < rounds && check_good();) {
        uint32_t made = 0;
        atomic_store(&leave, false);
        atomic_store(&storm_at, 0);
        atomic_store(&hit, 0);
        worker_open(&workers[0], storm_reader, nullptr, 0);
        for (; made < STORM_VIEWS && round < rounds && check_good(); made++, round++) {
            views[made] = storm_round(memory, AREA + (1 + made) * PAGE_SIZE);
        }
        atomic_store(&leave, true);
        worker_close(&workers[0]);
        for (uint32_t i = 0; i < made; i++) {
            drop(views[i]);
        }
        (void)CHECK(!atomic_load(&bad));
    }
    say("%lu revocations", rounds);
    drop(writer);
    drop(memory);
}

// ----------------------------------------------------------- over several Tasks

// Passes a copy of the Memory on.
uint32_t role_relay(void) {
    uint64_t from = child_slot("from", CLASS_RING), to = child_slot("to", CLASS_RING);
    uint64_t taken, description, bits;
    (void)CHECK_OK(sys_ring_watch(from, 0, UINT64_MAX));
    while (sys_ring_take(from, 0, CLASS_NONE, &taken, &description) != STATUS_OK) {
        (void)CHECK_OK(sys_signal_wait(1, deadline_in(PATIENCE), 0, 0, 0, &bits));
    }
    (void)CHECK_OK(sys_ring_send(to, 0, taken, RIGHT_ALL, 0));
    (void)CHECK_OK(sys_doorbell(to, 0));
    return 0;
}

// Reads until there are zeros, and then nothing but zeros.
uint32_t role_reader(void) {
    uint64_t from = child_slot("from", CLASS_RING), bell = child_slot("to", CLASS_RING);
    uint64_t taken, description, bits, view;
    (void)CHECK_OK(sys_ring_watch(from, 0, UINT64_MAX));
    while (sys_ring_take(from, 0, CLASS_NONE, &taken, &description) != STATUS_OK) {
        (void)CHECK_OK(sys_signal_wait(1, deadline_in(PATIENCE), 0, 0, 0, &bits));
    }
    (void)CHECK_OK(sys_memory_map(0, taken, AREA, 0, PAGE_SIZE, MAP_READ, &view));
    const volatile uint64_t *word = (const volatile uint64_t *)AREA;
    (void)CHECK_EQ(*word, BEFORE);
    (void)CHECK_OK(sys_doorbell(bell, 0));
    uint64_t until = deadline_in(PATIENCE), value;
    while ((value = *word) != 0 && time_now() < until) {
        (void)CHECK_EQ(value, BEFORE);
    }
    for (uint32_t i = 0; i < 20000; i++) {
        (void)CHECK_EQ(*word, 0);
    }
    (void)CHECK(!is_alive(taken));
    (void)CHECK_OK(sys_handle_drop(view));
    return 0;
}

// Joins two children: `to` of the first, `from` of the second.
static void join(const struct child *left, const struct child *right) {
    uint64_t a, b;
    if (CHECK_OK(sys_ring_carve(left->spawn.reticle, 2, &a)) &&
        CHECK_OK(sys_ring_carve(right->spawn.reticle, 2, &b)) && CHECK_OK(sys_ring_bind(a, b))) {
        (void)child_move(left, "to", a);
        (void)child_move(right, "from", b);
    }
}

// This Task, two that pass it on, one that reads. The first may be gone by then.
static void across(bool middle_dies) {
    struct child first = {.role = "relay", .bit = 1}, second = {.role = "relay", .bit = 2};
    struct child reader = {.role = "reader", .bit = 3};
    uint64_t memory = carve_memory(PAGE_SIZE, 0), copy, writer;
    if (!child_begin(&first) || !child_begin(&second) || !child_begin(&reader)) {
        return;
    }
    writer = map_here(memory, AREA, PAGE_SIZE, MAP_READ | MAP_WRITE);
    *(volatile uint64_t *)AREA = BEFORE;
    uint64_t to = child_connect(&first, "from", 2), bell = child_connect(&reader, "to", 2);
    join(&first, &second);
    join(&second, &reader);
    (void)CHECK_OK(sys_ring_watch(bell, 5, UINT64_MAX));
    (void)CHECK_OK(sys_handle_copy(memory, RIGHT_ALL, &copy));
    (void)CHECK_OK(sys_ring_send(to, 0, copy, RIGHT_ALL, 0));
    if (child_start(&reader) && child_start(&second) && child_start(&first) && await_bit(5)) {
        if (middle_dies) {
            child_finish(&first);
        }
        (void)CHECK_OK(sys_handle_revoke(copy));
        *(volatile uint64_t *)AREA = AFTER;
    }
    child_finish(&reader);
    child_finish(&second);
    if (!middle_dies) {
        child_finish(&first);
    }
    drop(to);
    drop(bell);
    drop(writer);
    drop(memory);
}

static void tasks(void) {
    across(false);
}

static void tasks_middle_dead(void) {
    across(true);
}

// Memory that moves takes WRITE along, and leaves nothing with who gave it.
uint32_t role_owner(void) {
    uint64_t from = child_slot("from", CLASS_RING), taken, description, view;
    (void)CHECK_OK(sys_ring_take(from, 3, CLASS_NONE, &taken, &description));
    (void)CHECK((description & RIGHT_MEMORY_WRITE) != 0);
    (void)CHECK_OK(sys_memory_map(0, taken, AREA, 0, PAGE_SIZE, MAP_READ | MAP_WRITE, &view));
    (void)CHECK_EQ(*(volatile uint64_t *)AREA, BEFORE);
    *(volatile uint64_t *)AREA = AFTER;
    (void)CHECK_EQ(*(volatile uint64_t *)AREA, AFTER);
    return 0;
}

static void moved(void) {
    struct child child = {.role = "owner", .bit = 1};
    uint64_t memory = carve_memory(PAGE_SIZE, 0), left = available(ground);
    if (!child_begin(&child)) {
        return;
    }
    uint64_t view = map_here(memory, AREA, PAGE_SIZE, MAP_READ | MAP_WRITE);
    *(volatile uint64_t *)AREA = BEFORE;
    drop(view);
    uint64_t to = child_connect(&child, "from", 2);
    (void)CHECK_OK(sys_ring_send(to, 3, memory, RIGHT_ALL, 1));
    (void)CHECK(!is_alive(memory));
    if (child_start(&child)) {
        child_finish(&child);
    }
    drop(to);
    // The new owner's death destroyed it.
    (void)CHECK(available(ground) >= left);
}

TESTS(revoke, {"chain", chain}, {"many", many}, {"carved_stays", carved_stays}, {"views", views},
      {"against_copiers", against_copiers}, {"in_use", in_use}, {"storm", storm}, {"tasks", tasks},
      {"tasks_middle_dead", tasks_middle_dead}, {"moved", moved});
