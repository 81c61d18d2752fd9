// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Writable Memory that changes hands: over a Ring its bytes go along to the receiver's
// books; by a Bundle or with a view it must be on them already. What is refused leaves
// everything where it was.
#include "kernel/epoch.h"
#include "kernel/memory.h"
#include "kernel/schedule.h"
#include "kernel/tests/world.h"
#include "tests/unit.h"

UNIT_MAIN

constexpr uint64_t AT = 0x5000000;
constexpr uint64_t PAGES = 5;
constexpr uint32_t NARROW = RIGHT_ALL & ~RIGHT_PASS;

static uint64_t pool, near, far; // of the root: what it carves from, two ends
static struct world_task taker;  // holds the other end
static uint64_t end;

TEST(boots) {
    world_boot(8 << 20, 3);
    CHECK_EQ(CALL(world_root, &pool, reticle_split, world_named("reticle"), 1 << 20), STATUS_OK);
    world_pair(pool, 2, &near, &far);
    struct world_grant grants[] = {{"end", far, RIGHT_ALL, false}};
    CHECK_EQ(world_task_make(&taker, 64 * PAGE_SIZE, grants, 1), STATUS_OK);
    end = world_granted(&taker, "end");
}

static uint64_t carve(uint64_t reticle) {
    uint64_t memory = 0;
    CHECK_EQ(CALL(world_root, &memory, memory_carve, reticle, PAGES * PAGE_SIZE), STATUS_OK);
    return memory;
}

static void drop(uint64_t handle) {
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, handle), STATUS_OK);
}

static struct words account(uint64_t reticle) {
    struct words words = {{reticle}};
    CHECK_EQ(world_call(world_root, SYS_reticle_info, &words), STATUS_OK);
    return words;
}

static enum status send(uint64_t memory) {
    static uint64_t sequence;
    return CALL(world_root, nullptr, ring_send, near, sequence++, memory, RIGHT_ALL, 1);
}

// The next one on its way, whatever its number.
static enum status take(uint64_t *got) {
    static uint64_t next;
    enum status status = STATUS_EMPTY;
    for (uint32_t i = 0; i < 20 && status == STATUS_EMPTY; i++) {
        status = CALL(taker.thread, got, ring_take, end, next, CLASS_NONE);
        next += status == STATUS_EMPTY;
    }
    return status;
}

static void refused(uint64_t memory, enum status status) {
    struct words before = account(pool);
    CHECK_EQ(send(memory), status);
    CHECK_EQ(CALL(world_root, nullptr, handle_info, memory), STATUS_OK);
    struct words after = account(pool);
    CHECK(memcmp(&before.a[1], &after.a[1], 4 * sizeof *after.a) == 0);
    world_audit();
}

TEST(its_bytes_go_along) {
    uint64_t memory = carve(pool), got = 0;
    struct words from = account(pool), to = account(taker.reticle);
    CHECK_EQ(send(memory), STATUS_OK);
    CHECK_EQ(account(pool).a[3], from.a[3]); // in flight it is the sender's
    CHECK_EQ(take(&got), STATUS_OK);
    world_audit();
    CHECK_EQ(account(pool).a[3], from.a[3] - PAGES * PAGE_SIZE);
    CHECK(account(taker.reticle).a[3] >= to.a[3] + PAGES * PAGE_SIZE);
    CHECK_EQ(account(pool).a[1], from.a[1]); // both totals stay
    CHECK_EQ(account(taker.reticle).a[1], to.a[1]);
    // Nothing of it is left with the sender, and it lives on without the sender's books.
    CHECK_EQ(CALL(world_root, nullptr, handle_info, memory), STATUS_BAD_HANDLE);
    CHECK_EQ(CALL(taker.thread, nullptr, memory_map, 0, got, AT, 0, PAGES * PAGE_SIZE,
                  MAP_READ | MAP_WRITE),
             STATUS_OK);
    CHECK_EQ(CALL(taker.thread, nullptr, handle_drop, got), STATUS_OK);
    world_audit();
}

TEST(what_is_seen_or_shared_stays) {
    uint64_t memory = carve(pool), view, copy;
    CHECK_EQ(CALL(world_root, &view, memory_map, 0, memory, AT, 0, PAGE_SIZE, MAP_READ), STATUS_OK);
    refused(memory, STATUS_BUSY);
    drop(view);
    CHECK_EQ(CALL(world_root, &view, memory_map, 0, memory, AT, 0, PAGE_SIZE, MAP_READ | MAP_WRITE),
             STATUS_OK);
    refused(memory, STATUS_BUSY);
    drop(view);
    CHECK_EQ(CALL(world_root, &copy, handle_copy, memory, RIGHT_ALL), STATUS_OK);
    refused(memory, STATUS_BUSY);
    CHECK_EQ(CALL(world_root, nullptr, ring_send, near, 100, copy, NARROW, 1), STATUS_OK);
    refused(memory, STATUS_BUSY); // the copy in flight is one too
    uint64_t got = 0;
    CHECK_EQ(CALL(taker.thread, &got, ring_take, end, 100, CLASS_NONE), STATUS_OK);
    refused(memory, STATUS_BUSY); // and so is the one that was taken
    CHECK_EQ(CALL(taker.thread, nullptr, handle_drop, got), STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, signal_words, memory, 1, 1), STATUS_OK);
    refused(memory, STATUS_BUSY);
    CHECK_EQ(CALL(world_root, nullptr, signal_words, 0, 1, 0), STATUS_OK);
    host_settle();
    drop(memory);
}

// While a hart may still have the view in its TLB, the Memory is not another's.
TEST(what_a_tlb_may_show_stays) {
    uint64_t memory = carve(pool), view;
    struct world_task busy;
    CHECK_EQ(world_task_make(&busy, 64 * PAGE_SIZE, nullptr, 0), STATUS_OK);
    CHECK_EQ(CALL(world_root, &view, memory_map, 0, memory, AT, 0, PAGE_SIZE, MAP_READ | MAP_WRITE),
             STATUS_OK);
    struct object *object;
    CHECK_EQ(lookup(world_root->task, memory, CLASS_MEMORY, 0, &object), STATUS_OK);
    drop(view);
    CHECK(world_run(busy.thread));
    // As if another thread of the Task had dropped it just now, on another hart; and one that
    // could only be read.
    struct memory *shown = (struct memory *)object;
    shown->quiet = UINT64_MAX;
    refused(memory, STATUS_BUSY);
    shown->quiet = 0;
    shown->seen = UINT64_MAX;
    refused(memory, STATUS_BUSY);
    shown->seen = 0;
    drop(memory);
    drop(busy.reticle);
}

// Who gives away what it may not write is asked nothing, but the pages are not used anew before
// the epoch, whoever has them then.
TEST(what_a_tlb_may_show_is_known_to_the_next_owner) {
    uint64_t memory = carve(pool), got = 0;
    struct object *object;
    CHECK_EQ(lookup(world_root->task, memory, CLASS_MEMORY, 0, &object), STATUS_OK);
    CHECK_EQ(send(memory), STATUS_OK);
    ((struct memory *)object)->quiet = 1;
    ((struct memory *)object)->seen = UINT64_MAX;
    CHECK_EQ(take(&got), STATUS_OK);
    CHECK_EQ(lookup(taker.task, got, CLASS_MEMORY, 0, &object), STATUS_OK);
    CHECK(((struct memory *)object)->quiet == 1 && ((struct memory *)object)->seen == UINT64_MAX);
    CHECK_EQ(CALL(taker.thread, nullptr, handle_drop, got), STATUS_OK);
    world_audit();
}

static bool dying(void) {
    return atomic_load(&object_dying);
}

// Memory that nobody else has to do with is gone when its owner drops it; otherwise it dies as
// everything does. One entry is looked at: a whole call would see it end.
TEST(what_nobody_sees_goes_at_once) {
    struct words before = account(pool);
    uint64_t memory = carve(pool), view, copy;
    drop(memory);
    CHECK(!dying() && memcmp(&before, account(pool).a, sizeof before) == 0);
    struct object *object;
    for (uint32_t what = 0; what < 5; what++) {
        memory = carve(pool);
        CHECK_EQ(lookup(world_root->task, memory, CLASS_MEMORY, 0, &object), STATUS_OK);
        struct memory *shown = (struct memory *)object;
        uint64_t epoch = epoch_request();
        host_settle();
        if (what == 0) {
            CHECK_EQ(CALL(world_root, &copy, handle_copy, memory, RIGHT_ALL), STATUS_OK);
        } else if (what == 1) {
            CHECK_EQ(CALL(world_root, nullptr, signal_words, memory, 1, 1), STATUS_OK);
        } else if (what == 2) {
            CHECK_EQ(CALL(world_root, &view, memory_map, 0, memory, AT, 0, PAGE_SIZE, MAP_READ),
                     STATUS_OK);
        } else {
            // Epochs that came, and one that did not.
            shown->quiet = what == 3 ? epoch : epoch + 1000;
            shown->seen = epoch - 1;
        }
        lock_acquire(&books);
        struct slot *slot;
        CHECK_EQ(lookup_slot(world_root->task, memory, &slot), STATUS_OK);
        bool gone = memory_drop(slot);
        lock_release(&books);
        CHECK_EQ(gone, what == 3);
        if (what == 2) {
            drop(view);
        }
        if (!gone) {
            shown->quiet = 0;
            drop(memory);
        }
        if (what == 0) {
            CHECK_EQ(CALL(world_root, nullptr, handle_drop, copy), STATUS_BAD_HANDLE);
        }
        world_audit();
    }
    CHECK(memcmp(&before.a[1], &account(pool).a[1], 4 * sizeof *before.a) == 0);
}

TEST(who_may_not_pass_it_keeps_it) {
    uint64_t memory = carve(pool), got = 0;
    // Moved with fewer rights it comes to somebody who cannot move it on.
    CHECK_EQ(CALL(world_root, nullptr, ring_send, near, 200, memory, NARROW, 1), STATUS_OK);
    CHECK_EQ(CALL(taker.thread, &got, ring_take, end, 200, CLASS_NONE), STATUS_OK);
    CHECK_EQ(CALL(taker.thread, nullptr, ring_send, end, 0, got, RIGHT_ALL, 1), STATUS_ACCESS);
    CHECK_EQ(CALL(taker.thread, nullptr, handle_drop, got), STATUS_OK);
    world_audit();
}

TEST(a_taker_that_cannot_pay_leaves_it) {
    uint64_t memory = carve(pool), got = 0, fill[64];
    uint32_t count = 0;
    CHECK_EQ(CALL(world_root, nullptr, ring_send, near, 300, memory, RIGHT_ALL, 1), STATUS_OK);
    while (CALL(world_root, &fill[count], memory_carve, taker.reticle, PAGE_SIZE) == STATUS_OK) {
        count++;
    }
    struct words from = account(pool), to = account(taker.reticle);
    CHECK_EQ(CALL(taker.thread, &got, ring_take, end, 300, CLASS_NONE), STATUS_NO_MEMORY);
    world_audit();
    CHECK_EQ(account(pool).a[3], from.a[3]);
    CHECK_EQ(account(taker.reticle).a[3], to.a[3]);
    for (uint32_t i = 0; i < count; i++) {
        drop(fill[i]);
    }
    CHECK_EQ(CALL(taker.thread, &got, ring_take, end, 300, CLASS_NONE), STATUS_OK);
    CHECK_EQ(CALL(taker.thread, nullptr, handle_drop, got), STATUS_OK);
    world_audit();
}

// The sender's Reticle dies while it is on its way: the receiver learns that it was revoked.
TEST(a_dead_sender_leaves_a_tombstone) {
    uint64_t part, memory, got = 0;
    CHECK_EQ(CALL(world_root, &part, reticle_split, pool, 20 * PAGE_SIZE), STATUS_OK);
    memory = carve(part);
    CHECK_EQ(CALL(world_root, nullptr, ring_send, near, 400, memory, RIGHT_ALL, 1), STATUS_OK);
    drop(part);
    world_audit();
    CHECK_EQ(CALL(taker.thread, &got, ring_take, end, 400, CLASS_NONE), STATUS_REVOKED);
    world_audit();
}

// ------------------------------------------------------- into a Task that is made

struct made {
    uint64_t reticle, task, bundle, thread;
};

static struct made make(void) {
    struct made made = {};
    CHECK_EQ(CALL(world_root, &made.reticle, reticle_split, pool, 64 * PAGE_SIZE), STATUS_OK);
    CHECK_EQ(CALL(world_root, &made.task, task_carve, made.reticle), STATUS_OK);
    CHECK_EQ(CALL(world_root, &made.bundle, bundle_carve, made.reticle), STATUS_OK);
    CHECK_EQ(CALL(world_root, &made.thread, thread_carve, made.task, PROGRAM_BASE, 0), STATUS_OK);
    return made;
}

static enum status put(const struct made *made, uint64_t memory, uint64_t rights) {
    constexpr uint64_t SCRATCH = 0x2000000; // of world_boot
    CHECK(world_run(world_root));
    CHECK(host_user_write(world_root->hart->index, SCRATCH, "m", 1));
    return CALL(world_root, nullptr, bundle_put, made->bundle, SCRATCH, 1, memory, rights, 1);
}

TEST(a_bundle_brings_what_its_task_pays) {
    struct made made = make();
    CHECK_EQ(put(&made, carve(pool), RIGHT_ALL), STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, task_start, made.task, made.bundle, made.thread),
             STATUS_BAD_ARGUMENT);
    world_audit();
    // Nothing has changed: the Task can still be filled, the Bundle still be dropped.
    CHECK_EQ(CALL(world_root, nullptr, thread_carve, made.task, PROGRAM_BASE, 0), STATUS_OK);
    drop(made.bundle);
    CHECK_EQ(CALL(world_root, &made.bundle, bundle_carve, made.reticle), STATUS_OK);
    CHECK_EQ(put(&made, carve(made.reticle), RIGHT_ALL), STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, task_start, made.task, made.bundle, made.thread), STATUS_OK);
    drop(made.reticle);
    world_audit();
    // Memory that is only read may be anybody's: it becomes zeros when that goes.
    made = make();
    CHECK_EQ(put(&made, carve(pool), RIGHT_ALL & ~RIGHT_MEMORY_WRITE), STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, task_start, made.task, made.bundle, made.thread), STATUS_OK);
    drop(made.reticle);
    world_audit();
}

TEST(a_view_is_given_with_memory_of_the_same_books) {
    constexpr uint64_t GIVE = MAP_READ | MAP_WRITE | MAP_GIVE;
    struct made made = make();
    uint64_t foreign = carve(pool), own = carve(made.reticle);
    CHECK_EQ(CALL(world_root, nullptr, memory_map, made.task, foreign, AT, 0, PAGE_SIZE, GIVE),
             STATUS_BAD_ARGUMENT);
    CHECK_EQ(CALL(world_root, nullptr, handle_info, foreign), STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, memory_map, made.task, own, AT, 0, PAGE_SIZE, GIVE),
             STATUS_OK);
    world_audit();
    drop(made.reticle);
    drop(foreign);
    world_audit();
}
