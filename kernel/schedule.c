// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The scheduler's queues, the inbox, switching and idling. See schedule.h.
#include "kernel/schedule.h"

#include "kernel/check.h"
#include "kernel/epoch.h"
#include "kernel/object.h"
#include "kernel/task.h"

// --------------------------------------------------------------- ready queue

static void queue_append(struct hart *hart, struct thread *thread) {
    thread->queue_next = nullptr;
    thread->queue_prev = hart->ready_last;
    if (hart->ready_last == nullptr) {
        hart->ready_first = thread;
    } else {
        hart->ready_last->queue_next = thread;
    }
    hart->ready_last = thread;
}

static void queue_unlink(struct hart *hart, struct thread *thread) {
    if (thread->queue_prev == nullptr) {
        hart->ready_first = thread->queue_next;
    } else {
        thread->queue_prev->queue_next = thread->queue_next;
    }
    if (thread->queue_next == nullptr) {
        hart->ready_last = thread->queue_prev;
    } else {
        thread->queue_next->queue_prev = thread->queue_prev;
    }
}

static void load_add(struct hart *hart, uint32_t by) {
    uint32_t load = atomic_load_explicit(&hart->load, memory_order_relaxed);
    atomic_store_explicit(&hart->load, load + by, memory_order_relaxed);
}

static void timer_arm(struct hart *hart) {
    uint64_t next = hart->timers == nullptr ? TIME_NEVER : hart->timers->deadline;
    // A turn ends when another thread is ready, or a dying object has its step coming.
    bool turns = hart->ready_first != nullptr || object_reap_needed();
    if (turns && hart->current != nullptr && hart->slice_end < next) {
        next = hart->slice_end;
    }
    // A timer that fires too early costs one look; setting it each time costs more.
    if (next < hart->timer_armed) {
        hart->timer_armed = next;
        arch_timer_set(next);
    }
}

void schedule_ready(struct thread *thread, bool handoff) {
    struct hart *hart = arch_hart();
    check(atomic_load_explicit(&thread->hart, memory_order_relaxed) == hart);
    atomic_store_explicit(&thread->state, THREAD_READY, memory_order_relaxed);
    load_add(hart, 1);
    if (handoff && hart->handoff == nullptr) {
        hart->handoff = thread;
        return;
    }
    queue_append(hart, thread);
    if (hart->ready_first == thread) {
        hart->slice_end = arch_time_now() + SCHEDULE_SLICE;
        timer_arm(hart);
    }
}

void schedule_remove(struct thread *thread) {
    struct hart *hart = arch_hart();
    load_add(hart, UINT32_MAX);
    if (hart->handoff == thread) {
        hart->handoff = nullptr;
        return;
    }
    queue_unlink(hart, thread);
}

void schedule_deadline(struct thread *thread, uint64_t deadline) {
    thread->deadline = deadline;
    if (deadline == TIME_NEVER) {
        return;
    }
    struct hart *hart = arch_hart();
    timer_insert(&hart->timers, thread);
    timer_arm(hart);
}

void schedule_deadline_clear(struct thread *thread) {
    if (thread->in_heap) {
        timer_remove(&arch_hart()->timers, thread);
    }
}

struct hart *schedule_place(void) {
    // Begins at another hart each time, so that threads that sleep, and so count for
    // nothing now, do not all end up on the first.
    static _Atomic uint32_t turn;
    uint32_t first = atomic_fetch_add_explicit(&turn, 1, memory_order_relaxed);
    struct hart *best = arch_hart();
    uint32_t least = UINT32_MAX;
    for (uint32_t i = 0; i < harts_online(); i++) {
        struct hart *hart = hart_at((first + i) % harts_online());
        uint32_t load = atomic_load_explicit(&hart->load, memory_order_relaxed) +
                        atomic_load_explicit(&hart->placed, memory_order_relaxed);
        if (load < least) {
            least = load;
            best = hart;
        }
    }
    atomic_fetch_add_explicit(&best->placed, 1, memory_order_relaxed);
    return best;
}

// --------------------------------------------------------------------- inbox

void schedule_poke(struct thread *thread) {
    if (atomic_exchange_explicit(&thread->in_inbox, true, memory_order_acq_rel)) {
        return; // whoever put it there has interrupted the hart, or is about to
    }
    struct hart *hart = atomic_load_explicit(&thread->hart, memory_order_acquire);
    struct thread *head = atomic_load_explicit(&hart->inbox, memory_order_relaxed);
    do {
        thread->inbox_next = head;
    } while (!atomic_compare_exchange_weak_explicit(&hart->inbox, &head, thread,
                                                    memory_order_release, memory_order_relaxed));
    if (hart != arch_hart()) {
        arch_ipi(hart->index);
    }
}

void schedule_inbox(void) {
    struct hart *hart = arch_hart();
    struct thread *thread = atomic_exchange_explicit(&hart->inbox, nullptr, memory_order_acquire);
    while (thread != nullptr) {
        struct thread *next = thread->inbox_next;
        // From here on it may be put in again; what was set before is seen below.
        atomic_store_explicit(&thread->in_inbox, false, memory_order_relaxed);
        arch_fence();
        thread_attend(thread);
        thread = next;
    }
}

// -------------------------------------------------------- epochs and deadlines

// Wakes those whose epoch has come, and says which one this hart waits for now.
static void epoch_waiters_wake(struct hart *hart) {
    struct thread **link = &hart->epoch_waiters;
    atomic_store_explicit(&hart->epoch_wanted, 0, memory_order_relaxed);
    while (*link != nullptr) {
        struct thread *thread = *link;
        if (epoch_want(thread->epoch)) {
            link = &thread->queue_next;
        } else {
            *link = thread->queue_next;
            schedule_ready(thread, false);
        }
    }
    if (hart->epoch_waiters == nullptr) {
        atomic_store_explicit(&hart->epoch_wanted, 0, memory_order_relaxed);
    }
}

void thread_await_epoch(struct thread *thread, uint64_t epoch) {
    struct hart *hart = arch_hart();
    check(atomic_load_explicit(&thread->state, memory_order_relaxed) == THREAD_RUNNING);
    thread->epoch = epoch;
    atomic_store_explicit(&thread->state, THREAD_EPOCH, memory_order_relaxed);
    thread->queue_next = hart->epoch_waiters;
    hart->epoch_waiters = thread;
    if (!epoch_want(epoch)) {
        epoch_waiters_wake(hart);
    }
}

static void deadlines_pass(struct hart *hart) {
    // So many at an interrupt; if more have passed, the next one comes at once.
    constexpr uint32_t DEADLINES = 64;
    uint64_t now = arch_time_now();
    for (uint32_t i = 0; i < DEADLINES && hart->timers != nullptr && hart->timers->deadline <= now;
         i++) {
        struct thread *thread = hart->timers;
        timer_remove(&hart->timers, thread);
        thread_attend(thread);
    }
    if (hart->current != nullptr && now >= hart->slice_end) {
        hart->preempt = hart->ready_first != nullptr;
        hart->slice_end = now + SCHEDULE_SLICE;
    }
    hart->timer_armed = TIME_NEVER;
    timer_arm(hart);
}

void schedule_wake_from_idle(void) {
    struct hart *hart = arch_hart();
    hook_enter(HOOK_INTERRUPT, nullptr);
    hart->interrupts++;
    if (atomic_load_explicit(&hart->idle, memory_order_relaxed)) {
        epoch_idle_leave();
    }
}

void kernel_timer(void) {
    struct hart *hart = arch_hart();
    schedule_wake_from_idle();
    deadlines_pass(hart);
    // A busy machine still takes dying objects apart, a step at each interrupt.
    (void)object_reap_idly();
}

void kernel_ipi(void) {
    struct hart *hart = arch_hart();
    schedule_wake_from_idle();
    schedule_inbox();
    epoch_acknowledge();
    epoch_waiters_wake(hart);
}

// ------------------------------------------------------------------- switching

uint64_t schedule_ran(const struct thread *thread) {
    struct hart *hart = arch_hart();
    return thread->ran + (thread == hart->current ? arch_time_now() - hart->switched : 0);
}

void schedule_unload(struct hart *hart) {
    struct thread *thread = hart->loaded;
    if (thread == nullptr) {
        return;
    }
    thread->tls = arch_tls_get();
    if (thread->float_area != nullptr) {
        arch_float_save(thread->float_area);
    }
    hart->loaded = nullptr;
}

static bool loaded(const struct hart *hart, const struct thread *thread) {
    const struct task *task = thread->task;
    return hart->loaded == thread && hart->space.value == task->root.value &&
           hart->space_version == atomic_load_explicit(&task->space_version, memory_order_acquire);
}

static void load(struct hart *hart, struct thread *thread) {
    if (hart->loaded != thread) {
        schedule_unload(hart);
        arch_tls_set(thread->tls);
        arch_float_load(thread->float_area);
        if ((thread->frame.debug.control | hart->debug) != 0) {
            arch_debug_load(&thread->frame);
            hart->debug = thread->frame.debug.control;
        }
        hart->loaded = thread;
    }
    struct task *task = thread->task;
    uint64_t version = atomic_load_explicit(&task->space_version, memory_order_acquire);
    if (hart->space.value != task->root.value || hart->space_version != version) {
        arch_space_switch(task->root);
        hart->space = task->root;
        hart->space_version = version;
    }
}

void schedule_leave(struct hart *hart) {
    hart->current->ran += arch_time_now() - hart->switched;
    load_add(hart, UINT32_MAX);
    hart->current = nullptr;
}

// The thread that was woken by the one which blocked goes on in its turn, so that two
// which answer each other share one; when that is over it queues like everybody.
static struct thread *pick(struct hart *hart) {
    struct thread *thread = hart->handoff;
    hart->handoff = nullptr;
    uint64_t now = arch_time_now();
    bool over = hart->preempt || now >= hart->slice_end;
    hart->preempt = false;
    hart->switched = now;
    if (thread != nullptr && (hart->ready_first == nullptr || !over)) {
        return thread;
    }
    if (thread != nullptr) {
        queue_append(hart, thread);
    }
    thread = hart->ready_first;
    if (thread != nullptr) {
        queue_unlink(hart, thread);
        hart->slice_end = now + SCHEDULE_SLICE;
    }
    return thread;
}

static void idle(struct hart *hart) {
    schedule_unload(hart);
    arch_space_switch((struct phys){0});
    hart->space = (struct phys){0};
    uint64_t from = arch_time_now();
    while (hart->handoff == nullptr && hart->ready_first == nullptr) {
        hook_enter(HOOK_IDLE, nullptr);
        enum step step = object_reap_idly();
        if (step == STEP_MORE) {
            schedule_inbox();
            continue;
        }
        epoch_idle_enter();
        if (atomic_load_explicit(&hart->inbox, memory_order_acquire) == nullptr) {
            hook_leave();
            arch_idle();
        }
        if (atomic_load_explicit(&hart->idle, memory_order_relaxed)) {
            epoch_idle_leave();
        }
        schedule_inbox();
    }
    hart->idle_ns += arch_time_now() - from;
}

struct arch_frame *schedule_next(void) {
    struct hart *hart = arch_hart();
    struct thread *next = pick(hart);
    while (next == nullptr) {
        idle(hart);
        next = pick(hart);
    }
    hart->current = next;
    hart->switches++;
    atomic_store_explicit(&next->state, THREAD_RUNNING, memory_order_relaxed);
    load(hart, next);
    arch_hart_frame(hart, &next->frame);
    if (hart->ready_first != nullptr || object_reap_needed()) {
        timer_arm(hart);
    }
    hook_leave();
    return &next->frame;
}

[[gnu::noinline]] static struct arch_frame *leave_slowly(struct hart *hart) {
    if (atomic_load_explicit(&hart->inbox, memory_order_relaxed) != nullptr) {
        schedule_inbox();
    }
    struct thread *thread = hart->current;
    if (thread == nullptr) {
        return schedule_next(); // it has ended
    }
    bool runs = atomic_load_explicit(&thread->state, memory_order_relaxed) == THREAD_RUNNING;
    // Woken by a thread that did not block after all: an ordinary wake.
    struct thread *woken = hart->handoff;
    if (runs && woken != nullptr) {
        hart->handoff = nullptr;
        load_add(hart, UINT32_MAX);
        schedule_ready(woken, false);
    }
    if (runs && !hart->preempt) {
        load(hart, thread);
        hook_leave();
        return &thread->frame;
    }
    schedule_leave(hart);
    if (runs) {
        schedule_ready(thread, false);
    }
    return schedule_next();
}

struct arch_frame *kernel_leave(void) {
    struct hart *hart = arch_hart();
    struct thread *thread = hart->current;
    // Nothing happened that would change who runs: the way of most syscalls.
    if (atomic_load_explicit(&hart->inbox, memory_order_relaxed) == nullptr && thread != nullptr &&
        atomic_load_explicit(&thread->state, memory_order_relaxed) == THREAD_RUNNING &&
        hart->handoff == nullptr && !hart->preempt && loaded(hart, thread)) {
        hook_leave();
        return &thread->frame;
    }
    return leave_slowly(hart);
}
