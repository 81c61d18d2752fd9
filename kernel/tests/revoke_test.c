// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The mark of a revocation: who gets it, what it keeps others from, and when it ends. One
// hart revokes, entry by entry; what the others do in between is the test's.
#include "kernel/schedule.h"
#include "kernel/tests/world.h"
#include "tests/unit.h"

UNIT_MAIN

constexpr uint32_t COPIES = 200;  // below a holder: several entries of a revocation
constexpr uint32_t ENTRIES = 100; // a revocation that takes more is held up

static uint64_t memory; // of the root
static struct world_task holder, second, copier;
static struct object *object;

static struct thread *thread_of(const struct world_task *task) {
    CHECK(world_run(task->thread));
    return task->thread;
}

static void make(struct world_task *task) {
    struct world_grant grants[] = {{"memory", memory, RIGHT_ALL, false}};
    CHECK_EQ(world_task_make(task, 1 << 20, grants, 1), STATUS_OK);
}

static uint64_t copies(const struct world_task *task, uint64_t from) {
    uint64_t made = 0;
    for (uint32_t i = 0; i < COPIES; i++) {
        CHECK_EQ(CALL(task->thread, &made, handle_copy, from, RIGHT_ALL), STATUS_OK);
    }
    return made;
}

TEST(boots) {
    world_boot(8 << 20, 4);
    CHECK_EQ(CALL(world_root, &memory, memory_carve, world_named("reticle"), PAGE_SIZE), STATUS_OK);
    CHECK_EQ(lookup(world_root->task, memory, CLASS_MEMORY, 0, &object), STATUS_OK);
    make(&holder);
    make(&second);
    make(&copier);
}

// One entry of a syscall on the hart of its thread, which is in user mode. True once it is
// over, but for the epoch.
static bool over(const struct thread *thread) {
    return !thread->frame.restart || thread->state == THREAD_EPOCH;
}

static bool begin(const struct thread *thread, uint64_t number, uint64_t handle) {
    host_syscall(thread->hart->index, number, (uint64_t[6]){handle, RIGHT_ALL});
    return over(thread);
}

static bool go(const struct thread *thread) {
    CHECK(host_go(thread->hart->index));
    return over(thread);
}

// Somebody who copies as fast as it can, always from the oldest copy that is left, which is
// the last that a revocation comes to.
constexpr uint32_t BURST = 40; // while the revoker makes one entry
static uint64_t chain[ENTRIES * BURST + COPIES];
static uint32_t chain_first, chain_end;

static uint32_t burst(const struct thread *thread) {
    uint32_t refused = 0;
    for (uint32_t i = 0; i < BURST; i++) {
        (void)begin(thread, SYS_handle_copy, chain[chain_first]);
        while (thread->frame.arg[0] == STATUS_BAD_HANDLE && chain_first + 1 < chain_end) {
            chain_first++;
            (void)begin(thread, SYS_handle_copy, chain[chain_first]);
        }
        refused += thread->frame.arg[0] == STATUS_BUSY;
        if (thread->frame.arg[0] == STATUS_OK) {
            chain[chain_end++] = thread->frame.arg[1];
        }
    }
    return refused;
}

// The copier has a copy below the holder's, and makes more than are removed.
TEST(who_copies_below_a_holder_does_not_hold_it_up) {
    uint64_t reticle = world_named("reticle"), near, far, below, from;
    world_pair(reticle, 2, &near, &far);
    struct world_task first, last;
    struct world_grant give[] = {{"memory", memory, RIGHT_ALL, false},
                                 {"end", near, RIGHT_ALL, false}};
    CHECK_EQ(world_task_make(&first, 1 << 20, give, 2), STATUS_OK);
    struct world_grant take[] = {{"end", far, RIGHT_ALL, false}};
    CHECK_EQ(world_task_make(&last, 2 << 20, take, 1), STATUS_OK);
    uint64_t held = world_granted(&first, "memory");
    from = world_granted(&first, "end");
    CHECK_EQ(CALL(first.thread, nullptr, ring_send, from, 0, held, RIGHT_ALL, 0), STATUS_OK);
    CHECK_EQ(CALL(last.thread, &below, ring_take, world_granted(&last, "end"), 0, 0), STATUS_OK);
    for (uint32_t i = 0; i < COPIES; i++) {
        CHECK_EQ(CALL(last.thread, &chain[i], handle_copy, below, RIGHT_ALL), STATUS_OK);
    }
    chain_end = COPIES;
    struct thread *revoker = thread_of(&first), *fast = thread_of(&last);
    CHECK(world_run(revoker) && world_run(fast) && revoker->hart != fast->hart);
    bool done = begin(revoker, SYS_handle_revoke, held);
    uint32_t entries = 1, refused = 0;
    for (; !done && entries < ENTRIES; entries++) {
        refused += burst(fast);
        done = go(revoker);
    }
    CHECK(done);
    host_settle();
    CHECK_EQ(refused, 0); // a holder of a copy marks nothing
    CHECK_EQ(CALL(last.thread, nullptr, handle_info, below), STATUS_BAD_HANDLE);
    // The mark is gone: others copy as before.
    CHECK_EQ(CALL(first.thread, nullptr, handle_copy, held, RIGHT_ALL), STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, first.reticle), STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, last.reticle), STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, near), STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, far), STATUS_OK);
    world_audit();
}

TEST(two_holders_revoke_without_a_mark) {
    uint64_t one = world_granted(&holder, "memory"), two = world_granted(&second, "memory");
    (void)copies(&holder, one);
    (void)copies(&second, two);
    struct thread *a = thread_of(&holder), *b = thread_of(&second);
    CHECK(!begin(a, SYS_handle_revoke, one));
    CHECK(!begin(b, SYS_handle_revoke, two));
    CHECK(object->revoker == nullptr && a->revoking == nullptr && b->revoking == nullptr);
    host_settle();
    CHECK(object->revoker == nullptr && a->revoking == nullptr && b->revoking == nullptr);
    CHECK_EQ(a->frame.arg[0], STATUS_OK);
    CHECK_EQ(b->frame.arg[0], STATUS_OK);
    world_audit();
}

TEST(only_the_owner_marks) {
    uint64_t one = world_granted(&holder, "memory");
    (void)copies(&holder, one);
    CHECK(world_run(world_root));
    struct thread *a = thread_of(&holder);
    CHECK(!begin(a, SYS_handle_revoke, one));
    CHECK(object->revoker == nullptr);
    CHECK(!begin(world_root, SYS_handle_revoke, memory));
    CHECK(object->revoker == world_root && a->revoking == nullptr);
    (void)go(a);
    CHECK(object->revoker == world_root);
    host_settle();
    CHECK(object->revoker == nullptr && world_root->revoking == nullptr);
    CHECK_EQ(world_root->frame.arg[0], STATUS_OK);
    // Its own capability went with the others while it revoked, or it was done before.
    CHECK(a->frame.arg[0] == STATUS_OK || a->frame.arg[0] == STATUS_BAD_HANDLE);
    CHECK_EQ(CALL(holder.thread, nullptr, handle_info, one), STATUS_BAD_HANDLE);
    world_audit();
}

static bool marked(const struct object *what) {
    lock_acquire(&books);
    bool is = object_marked(what);
    lock_release(&books);
    return is;
}

// The owner's thread ends in the middle of its revocation, and nobody drops it.
TEST(a_dead_revoker_marks_nothing) {
    uint64_t end, kept, made;
    struct object *ring;
    CHECK_EQ(CALL(world_root, &end, ring_carve, world_named("reticle"), 2), STATUS_OK);
    CHECK_EQ(CALL(world_root, &kept, handle_copy, end, RIGHT_ALL), STATUS_OK);
    CHECK_EQ(lookup(world_root->task, end, CLASS_RING, 0, &ring), STATUS_OK);
    struct world_task task;
    struct world_grant give[] = {{"end", end, RIGHT_ALL, true}};
    CHECK_EQ(world_task_make(&task, 1 << 20, give, 1), STATUS_OK);
    uint64_t one = world_granted(&task, "end");
    for (uint32_t i = 0; i < COPIES; i++) {
        CHECK_EQ(CALL(task.thread, &made, handle_copy, one, RIGHT_ALL), STATUS_OK);
    }
    struct thread *a = thread_of(&task);
    CHECK(world_run(a));
    CHECK(!begin(a, SYS_handle_revoke, one));
    CHECK(marked(ring));
    host_select((a->hart->index + 1) % 4);
    thread_request(a, REQUEST_END);
    host_settle();
    CHECK_EQ(a->state, THREAD_ENDED);
    CHECK(!marked(ring));
    CHECK_EQ(CALL(world_root, &made, handle_copy, kept, RIGHT_ALL), STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, task.reticle), STATUS_OK);
    CHECK(ring->revoker == nullptr);
    world_audit();
}
