// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The heap of deadlines of one hart: a leftist heap threaded through the threads. The
// rank of a node is the length of its right spine; the left child's rank is never the
// smaller one, so a right spine has at most log2(n + 1) nodes.
#include "kernel/check.h"
#include "kernel/schedule.h"

static uint32_t rank_of(const struct thread *thread) {
    return thread == nullptr ? 0 : thread->heap_rank;
}

// Restores the order of the children and the rank; says whether the rank changed.
static bool settle(struct thread *thread) {
    if (rank_of(thread->heap_left) < rank_of(thread->heap_right)) {
        struct thread *left = thread->heap_left;
        thread->heap_left = thread->heap_right;
        thread->heap_right = left;
    }
    uint32_t rank = rank_of(thread->heap_right) + 1;
    bool changed = rank != thread->heap_rank;
    thread->heap_rank = rank;
    return changed;
}

static void settle_upwards(struct thread *thread) {
    while (thread != nullptr && settle(thread)) {
        thread = thread->heap_above;
    }
}

// Merges two heaps; `above` becomes the parent of the result.
static struct thread *merge(struct thread *a, struct thread *b, struct thread *above) {
    struct thread *root = nullptr;
    struct thread **link = &root;
    struct thread *last = above;
    while (a != nullptr && b != nullptr) {
        if (b->latest < a->latest) {
            struct thread *swap = a;
            a = b;
            b = swap;
        }
        *link = a;
        a->heap_above = last;
        last = a;
        link = &a->heap_right;
        a = a->heap_right;
    }
    *link = a != nullptr ? a : b;
    if (*link != nullptr) {
        (*link)->heap_above = last;
    }
    // Back up the merged spine.
    while (last != above) {
        settle(last);
        last = last->heap_above;
    }
    return root;
}

void timer_insert(struct thread **heap, struct thread *thread) {
    check(!thread->in_heap);
    thread->heap_left = thread->heap_right = nullptr;
    thread->heap_rank = 1;
    thread->in_heap = true;
    *heap = merge(*heap, thread, nullptr);
}

void timer_remove(struct thread **heap, struct thread *thread) {
    check(thread->in_heap);
    struct thread *above = thread->heap_above;
    struct thread *rest = merge(thread->heap_left, thread->heap_right, above);
    thread->in_heap = false;
    if (above == nullptr) {
        *heap = rest;
        return;
    }
    if (above->heap_left == thread) {
        above->heap_left = rest;
    } else {
        above->heap_right = rest;
    }
    settle_upwards(above);
}
