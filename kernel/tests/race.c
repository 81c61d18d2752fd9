// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Races of two harts, all of them: the places, and the scene. See race.h.
#include "kernel/tests/race.h"

#include <sys/mman.h>

#include "tests/unit.h"

struct race_scene scene;
uint32_t *race_seen;

static struct race race;
static uint32_t place; // the access before which it stands still

// Of all children.
static struct {
    bool over; // the entry came to its end
    uint32_t seen[2];
} *shared;

static void run_one(void) {
    host_stop_before(place);
    race.enter();
    shared->over = !host_stopped();
    host_stop_before(0);
    race.meanwhile();
    host_settle();
    race.after();
    world_audit();
}

void race_everywhere(struct race of) {
    constexpr uint32_t PLACES = 1000;
    race = of;
    shared =
        mmap(nullptr, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    race_seen = shared->seen;
    for (place = 1; !shared->over && place < PLACES && unit_failures == 0; place++) {
        CHECK(host_passes(run_one));
    }
    if (unit_failures != 0) {
        printf("# when it stands still before access %u\n", place - 1);
    }
    CHECK(shared->over && place > 5);
}

void race_begin(uint32_t more_on_a, uint32_t more_on_b) {
    struct race_scene *s = &scene;
    band_boot(RACE_HARTS);
    world_pair(world_named("reticle"), 2, &s->end, &s->peer);
    CHECK_EQ(CALL(world_root, &s->page, memory_carve, world_named("reticle"), PAGE_SIZE),
             STATUS_OK);
    struct world_grant grants[] = {{"end", s->end, RIGHT_ALL, false},
                                   {"peer", s->peer, RIGHT_ALL, false},
                                   {"page", s->page, RIGHT_ALL, false},
                                   {"budget", world_named("budget"), RIGHT_ALL, false}};
    CHECK_EQ(world_task_make(&s->task, 1 << 20, grants, 4), STATUS_OK);
    s->own_end = world_granted(&s->task, "end");
    s->own_peer = world_granted(&s->task, "peer");
    s->own_page = world_granted(&s->task, "page");
    s->own_budget = world_granted(&s->task, "budget");
    s->root = world_root->hart->index;
    s->a = (s->root + 1) % RACE_HARTS;
    s->b = (s->root + 2) % RACE_HARTS;
    s->on_a = band_sleeper(&s->task, s->a, &s->handle_a);
    s->on_b = band_sleeper(&s->task, s->b, &s->handle_b);
    for (uint32_t i = 0; i < more_on_a + more_on_b; i++) {
        s->more[i] = band_sleeper(&s->task, i < more_on_a ? s->a : s->b, &s->more_handle[i]);
    }
    CHECK_EQ(CALL(s->task.thread, nullptr, signal_wait, BIT, TIME_NEVER), WORLD_BLOCKED);
    CHECK(world_run(world_root) && world_root->hart->index == s->root);
}

void race_let(uint32_t hart) {
    for (uint32_t i = 0; i < 40 && host_go(hart); i++) {
    }
}

enum status race_outcome(struct thread *thread) {
    struct words words;
    (void)world_run(thread);
    return world_returned(thread, &words) ? (enum status)words.a[0] : WORLD_BLOCKED;
}
