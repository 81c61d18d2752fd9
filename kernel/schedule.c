// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The scheduler's queues, the inbox, switching and idling. See schedule.h.
#include "kernel/schedule.h"

#include "kernel/budget.h"
#include "kernel/check.h"
#include "kernel/epoch.h"
#include "kernel/object.h"
#include "kernel/space_load.h"
#include "kernel/task.h"
#include "kernel/trace.h"

// What is done at once at most: deadlines and waiters for an epoch; and on the way out of any entry
// threads attended to, and those whose budget is used up. The rest comes with an interrupt.
constexpr uint32_t BATCH = 8, BATCH_LEAVING = 4;

static struct thread *first_of(struct link *queue) {
    return LINK_OF(queue, struct thread, queue);
}

// Threads that are ready or run here.
static uint32_t load_of(const struct hart *hart) {
    return atomic_load_explicit(&hart->load, memory_order_relaxed);
}

static void load_add(struct hart *hart, uint32_t by) {
    atomic_store_explicit(&hart->load, load_of(hart) + by, memory_order_relaxed);
}

// With those that are on their way.
static uint32_t load_soon(const struct hart *hart) {
    return load_of(hart) + atomic_load_explicit(&hart->placed, memory_order_relaxed);
}

// -------------------------------------------------------- the time that is used

uint64_t schedule_ran(const struct thread *thread) {
    const struct hart *hart = arch_hart();
    uint64_t now = thread == hart->current ? arch_counter() - hart->since : 0;
    return arch_scale(thread->ran + now, arch_clock.multiplier);
}

[[gnu::noinline]] static void account_person(struct hart *hart, uint64_t ran) {
    hart->person_ran += ran;
    hart->person_end = hart->switched;
    budget_charge(hart->current, ran, hart->switched);
}

static void account(struct hart *hart) {
    uint64_t counter = arch_counter(), now = arch_time_at(counter);
    uint64_t ran = now - hart->switched;
    hart->switched = now;
    hart->current->ran += counter - hart->since;
    hart->since = counter;
    if (hart->runs_person) {
        account_person(hart, ran);
    } else {
        hart->turn_left -= (int64_t)ran;
    }
}

void schedule_account(const struct thread *thread) {
    struct hart *hart = arch_hart();
    if (hart->current == thread) {
        account(hart);
    }
}

static bool network_waits(const struct hart *hart) {
    return hart->turns != nullptr || (hart->turn != nullptr && hart->turn->threads != nullptr);
}

// How long a thread of the Person band may run before it is looked at again.
static uint64_t person_turn(const struct hart *hart, struct thread *thread, uint64_t now) {
    uint64_t turn = budget_left(thread, now, nullptr);
    if (network_waits(hart)) {
        uint64_t most = hart->person_ran < SCHEDULE_PERSON ? SCHEDULE_PERSON - hart->person_ran : 0;
        turn = most < turn ? most : turn;
    }
    return turn < SCHEDULE_SLICE ? turn : SCHEDULE_SLICE;
}

// Who is alone has no turn that ends; but a dying object has its step coming.
static uint64_t alone_until(const struct hart *hart, uint64_t turn_end) {
    return load_of(hart) > 1 || object_reap_needed() ? turn_end : TIME_NEVER;
}

static void timer_arm(struct hart *hart) {
    uint64_t next = hart->sample;
    if (hart->timers != nullptr && hart->timers->key < next) {
        next = hart->timers->key;
    }
    // A turn ends when another thread is ready, or a dying object has its step coming.
    bool turns = load_of(hart) > 1 || object_reap_needed();
    if (turns && hart->current != nullptr && hart->slice_end < next) {
        next = hart->slice_end;
    }
    // A timer that fires too early costs one look; setting it each time costs more.
    if (next < hart->timer_armed) {
        hart->timer_armed = next;
        arch_timer_set(next);
    }
}

// Who was alone has a turn that ends, from now on.
static void turn_begin(struct hart *hart) {
    if (hart->slice_end == TIME_NEVER) {
        account(hart);
        hart->turn_left = SCHEDULE_SLICE;
        hart->slice_end = hart->switched + SCHEDULE_SLICE;
    }
}

void schedule_reap(void) {
    struct hart *hart = arch_hart();
    if (hart->current != nullptr) {
        turn_begin(hart);
        timer_arm(hart);
    }
}

// A thread has become ready while another runs: when that one's turn ends.
[[gnu::noinline]] static void turn_shorten(struct hart *hart, bool person) {
    account(hart);
    uint64_t now = hart->switched, most = TIME_NEVER;
    turn_begin(hart);
    if (hart->runs_person) {
        most = now + person_turn(hart, hart->current, now);
    } else if (person) {
        hart->preempt = true; // in the time of the Network band it is picked again
        schedule_attend();
    }
    hart->slice_end = most < hart->slice_end ? most : hart->slice_end;
    timer_arm(hart);
}

// --------------------------------------------------------------- ready queues

// A turn that is interrupted or over queues again, if any of its threads are ready.
static void turn_return(struct hart *hart) {
    if (hart->turn != nullptr && hart->turn->threads != nullptr) {
        list_append(&hart->turns, &hart->turn->link);
    }
    hart->turn = nullptr;
}

// Whether anybody pays for it is asked once, so that who runs in the Person band is apart,
// whatever others bind meanwhile.
static void set_apart(struct thread *thread, bool paid) {
    bool lasts = ((uint64_t)thread->float_area | thread->frame.debug.control | paid) != 0;
    thread->apart = (uint8_t)((thread->apart & ~APART_LASTS) | (lasts ? APART_LASTS : 0));
}

// Where one queues that something could put into the Person band.
[[gnu::noinline]] static struct turn *turn_paid(struct hart *hart, struct thread *thread) {
    uint64_t again = TIME_NEVER;
    if (budget_left(thread, arch_time_now(), &again) != 0) {
        return &hart->person;
    }
    schedule_deadline(thread, again, 0); // it returns to the Person band then
    return &thread->task->turn[hart->index];
}

static void enqueue(struct hart *hart, struct thread *thread, bool paid) {
    set_apart(thread, paid);
    struct turn *turn = paid ? turn_paid(hart, thread) : &thread->task->turn[hart->index];
    if (turn->threads == nullptr && turn != hart->turn && turn != &hart->person) {
        list_append(&hart->turns, &turn->link);
    }
    list_append(&turn->threads, &thread->queue);
    thread->turn = turn;
}

static void dequeue(struct hart *hart, struct thread *thread) {
    struct turn *turn = thread->turn;
    list_remove(&turn->threads, &thread->queue);
    schedule_deadline_clear(thread);
    if (turn->threads == nullptr && turn != hart->turn && turn != &hart->person) {
        list_remove(&hart->turns, &turn->link);
    }
}

// A ready thread runs next of its band, in the turn that is going on.
static void go_first(struct hart *hart, struct thread *thread) {
    struct turn *turn = thread->turn;
    turn->threads = &thread->queue;
    if (turn != &hart->person && turn != hart->turn) {
        list_remove(&hart->turns, &turn->link);
        turn_return(hart);
        hart->turn = turn;
    }
}

struct hart *schedule_place(const struct thread *thread) {
    if (harts_online() == 1) {
        return arch_hart();
    }
    // Begins at another hart each time, so that threads that sleep, and so count for
    // nothing now, do not all end up on the first.
    static _Atomic uint32_t turn;
    uint32_t first = atomic_fetch_add_explicit(&turn, 1, memory_order_relaxed);
    struct hart *best = arch_hart();
    uint32_t least = UINT32_MAX;
    for (uint32_t i = 0; i < harts_online(); i++) {
        struct hart *hart = hart_at((first + i) % harts_online());
        if (load_soon(hart) < least && !budget_excludes(thread, hart)) {
            least = load_soon(hart);
            best = hart;
        }
    }
    return best;
}

void schedule_forget(const struct thread *thread) {
    struct hart *hart = arch_hart();
    if (hart->turn == &thread->task->turn[hart->index] && hart->turn->threads == nullptr) {
        hart->turn = nullptr;
    }
}

void schedule_send(struct thread *thread, struct hart *to) {
    if (arch_hart()->loaded == thread) {
        schedule_unload(arch_hart());
    }
    schedule_forget(thread);
    atomic_fetch_add_explicit(&to->placed, 1, memory_order_relaxed);
    // In this order: who sees that it is its thread sees that it has not begun.
    atomic_store_explicit(&thread->state, THREAD_STARTING, memory_order_release);
    atomic_store_explicit(&thread->hart, to, memory_order_release);
    thread_request(thread, REQUEST_START);
}

bool schedule_ready(struct thread *thread) {
    struct hart *hart = arch_hart();
    check(atomic_load_explicit(&thread->hart, memory_order_relaxed) == hart);
    atomic_store_explicit(&thread->state, THREAD_READY, memory_order_relaxed);
    bool paid = budget_any(thread);
    // Not while it still is the current one here: it goes the next time.
    if (paid && thread != hart->current && budget_excludes(thread, hart)) {
        schedule_send(thread, schedule_place(thread));
        return false;
    }
    load_add(hart, 1);
    enqueue(hart, thread, paid);
    if (hart->current == nullptr) {
        return true;
    }
    bool person = thread->turn == &hart->person;
    // Who was alone may have gone on for nothing; or the timer came early, and is set no more.
    bool look = ((person || hart->runs_person) && !hart->preempt) ||
                hart->slice_end == TIME_NEVER || hart->timer_armed > hart->slice_end;
    if (look) {
        turn_shorten(hart, person);
    }
    return true;
}

void schedule_remove(struct thread *thread) {
    struct hart *hart = arch_hart();
    load_add(hart, UINT32_MAX);
    dequeue(hart, thread);
}

void schedule_deadline(struct thread *thread, uint64_t deadline, uint64_t slack) {
    thread->deadline = deadline;
    if (deadline != TIME_NEVER) {
        check(!heap_has(&thread->timer));
        thread->timer.key = deadline + slack < deadline ? TIME_NEVER : deadline + slack;
        heap_insert(&arch_hart()->timers, &thread->timer);
        thread->apart |= APART_TIMED;
        timer_arm(arch_hart());
    }
}

static void timer_remove(struct hart *hart, struct thread *thread) {
    heap_remove(&hart->timers, &thread->timer);
    thread->apart &= (uint8_t)~APART_TIMED;
}

void schedule_deadline_clear(struct thread *thread) {
    if (heap_has(&thread->timer)) {
        timer_remove(arch_hart(), thread);
    }
    thread->deadline = TIME_NEVER;
}

void schedule_review(struct thread *thread) {
    struct hart *hart = arch_hart();
    enum thread_state state = thread_here(thread) ? thread_state_of(thread) : THREAD_STARTING;
    if (state == THREAD_READY && (budget_any(thread) || thread->turn == &hart->person)) {
        schedule_remove(thread);
        (void)schedule_ready(thread);
    } else if (state == THREAD_RUNNING) { // the current one
        bool paid = budget_any(thread);
        account(hart);
        set_apart(thread, paid);
        hart->runs_person = paid && budget_left(thread, hart->switched, nullptr) != 0;
        hart->preempt |= (!hart->runs_person && hart->person.threads != nullptr) ||
                         budget_excludes(thread, hart);
        schedule_attend();
    } else if (state == THREAD_WAITING || state == THREAD_SLEEPING) {
        set_apart(thread, budget_any(thread));
        loan_begin(thread);
    }
}

// --------------------------------------------------------------------- inbox

static void inbox_push(struct thread *thread) {
    struct hart *hart = atomic_load_explicit(&thread->hart, memory_order_acquire);
    struct thread *head = atomic_load_explicit(&hart->inbox, memory_order_relaxed);
    do {
        thread->inbox_next = head;
    } while (!atomic_compare_exchange_weak_explicit(&hart->inbox, &head, thread,
                                                    memory_order_release, memory_order_relaxed));
    if (hart != arch_hart()) {
        arch_ipi(hart->index);
    } else {
        schedule_attend();
    }
}

void schedule_poke(struct thread *thread) {
    // Otherwise whoever put it there has interrupted the hart, or is about to.
    if (!atomic_exchange_explicit(&thread->in_inbox, true, memory_order_acq_rel)) {
        inbox_push(thread);
    }
}

// What changes its state looks at who pays for it, and need not be reviewed.
static void attend(struct thread *thread) {
    enum thread_state before = thread_state_of(thread);
    thread_attend(thread);
    if (thread_state_of(thread) == before) {
        schedule_review(thread);
    }
}

static bool inbox_waits(const struct hart *hart) {
    return atomic_load_explicit(&hart->inbox, memory_order_relaxed) != nullptr ||
           hart->came != nullptr;
}

[[gnu::noinline]] void schedule_inbox(void) {
    struct hart *hart = arch_hart();
    for (uint32_t i = 0; i < BATCH_LEAVING; i++) {
        if (hart->came == nullptr) {
            hart->came = atomic_exchange_explicit(&hart->inbox, nullptr, memory_order_acquire);
        }
        struct thread *thread = hart->came;
        if (thread == nullptr) {
            return;
        }
        hart->came = thread->inbox_next;
        if (thread_here(thread)) {
            // From here on it may be put in again; what was set before is seen below.
            atomic_store_explicit(&thread->in_inbox, false, memory_order_relaxed);
            arch_fence();
            attend(thread);
        } else {
            inbox_push(thread); // it has been sent away meanwhile
        }
    }
    arch_ipi(hart->index);
}

// -------------------------------------------------------- epochs and deadlines

// Wakes those whose epoch has come, and says which one this hart waits for next. Who came
// first asked for the earliest, or for one that comes with it.
static void epoch_waiters_wake(struct hart *hart) {
    atomic_store_explicit(&hart->epoch_wanted, 0, memory_order_relaxed);
    for (uint32_t i = 0; hart->epoch_waiters != nullptr; i++) {
        struct thread *thread = first_of(hart->epoch_waiters);
        if (i == BATCH) {
            arch_ipi(hart->index);
            return;
        }
        if (epoch_want(thread->epoch)) {
            return;
        }
        list_remove(&hart->epoch_waiters, &thread->queue);
        (void)schedule_ready(thread);
    }
    atomic_store_explicit(&hart->epoch_wanted, 0, memory_order_relaxed);
}

void thread_await_epoch(struct thread *thread, uint64_t epoch) {
    struct hart *hart = arch_hart();
    check(thread_state_of(thread) == THREAD_RUNNING);
    thread->epoch = epoch;
    atomic_store_explicit(&thread->state, THREAD_EPOCH, memory_order_relaxed);
    list_append(&hart->epoch_waiters, &thread->queue);
    if (!epoch_want(epoch)) {
        epoch_waiters_wake(hart);
    }
}

static void deadlines_pass(struct hart *hart) {
    uint64_t now = arch_time_now();
    for (uint32_t i = 0; i < BATCH && hart->timers != nullptr; i++) {
        struct thread *thread = LINK_OF(hart->timers, struct thread, timer);
        if (thread->deadline > now) {
            break;
        }
        timer_remove(hart, thread);
        attend(thread);
    }
    if (hart->current != nullptr && now >= hart->slice_end) {
        hart->preempt |= load_of(hart) > 1;
        hart->slice_end = hart->preempt ? hart->slice_end : alone_until(hart, now + SCHEDULE_SLICE);
    }
    hart->timer_armed = TIME_NEVER;
    timer_arm(hart);
}

void schedule_wake_from_idle(void) {
    struct hart *hart = arch_hart();
    hook_enter(HOOK_INTERRUPT, nullptr);
    hart->interrupts++;
    epoch_idle_leave();
}

// Wakes one that sleeps, if any does.
static void idle_wake(void) {
    for (uint32_t i = 0; i < harts_online(); i++) {
        if (atomic_load_explicit(&hart_at(i)->idle, memory_order_relaxed)) {
            arch_ipi(i);
            return;
        }
    }
}

void kernel_timer(void) {
    schedule_wake_from_idle();
    if (trace_on()) {
        trace_timer(arch_hart());
    }
    deadlines_pass(arch_hart());
    // A busy machine still takes dying objects apart, a step in each turn, even of one who is
    // alone. A hart that sleeps is to go on with it: it may have found somebody at work.
    if (object_reap_idly() != STEP_DONE) {
        schedule_reap();
        idle_wake();
    }
}

void kernel_ipi(void) {
    schedule_wake_from_idle();
    trace(TRACE_INTERRUPT, TRACE_HART, 0);
    schedule_inbox(); // first: who asked for the epoch may wait for what comes of this
    epoch_acknowledge();
    epoch_waiters_wake(arch_hart());
}

// ------------------------------------------------------------------- switching

void schedule_unload(struct hart *hart) {
    struct thread *thread = hart->loaded;
    if (thread == nullptr) {
        return;
    }
    arch_tls_save(&thread->tls);
    if (thread->float_area != nullptr) {
        arch_float_save(thread->float_area);
    }
    hart->loaded = nullptr;
}

static void load(struct hart *hart, struct thread *thread) {
    if (hart->loaded != thread) {
        schedule_unload(hart);
        arch_tls_load(thread->tls);
        arch_float_load(thread->float_area);
        if ((thread->frame.debug.control | hart->debug) != 0) {
            arch_debug_load(&thread->frame);
            hart->debug = thread->frame.debug.control;
        }
        hart->loaded = thread;
    }
    space_load(hart, thread->task);
}

void schedule_leave(struct hart *hart) {
    account(hart);
    load_add(hart, UINT32_MAX);
    hart->current = nullptr;
    schedule_attend();
}

// The first of the Person band that has something left. Those that have not take turns now.
static struct thread *person_next(struct hart *hart, uint64_t now) {
    for (uint32_t i = 0; i < BATCH_LEAVING && hart->person.threads != nullptr; i++) {
        struct thread *thread = first_of(hart->person.threads);
        dequeue(hart, thread);
        if (budget_left(thread, now, nullptr) != 0) {
            return thread;
        }
        enqueue(hart, thread, true);
    }
    return nullptr;
}

static struct thread *network_next(struct hart *hart, uint64_t now) {
    if (hart->turn == nullptr || hart->turn->threads == nullptr || hart->turn_left <= 0) {
        turn_return(hart);
        if (hart->turns == nullptr) {
            return nullptr;
        }
        hart->turn = LINK_OF(hart->turns, struct turn, link);
        list_remove(&hart->turns, &hart->turn->link);
        hart->turn_left = SCHEDULE_SLICE;
    }
    struct thread *thread = first_of(hart->turn->threads);
    list_remove(&hart->turn->threads, &thread->queue);
    schedule_deadline_clear(thread);
    hart->slice_end = alone_until(hart, now + (uint64_t)hart->turn_left);
    if (budget_any(thread)) {
        (void)budget_left(thread, now, &hart->slice_end); // then it returns to the Person band
    }
    return thread;
}

[[gnu::noinline]] static struct thread *pick_person(struct hart *hart) {
    bool had = hart->person_ran >= SCHEDULE_PERSON; // the Network band goes first, until
    uint64_t now = hart->switched, until = had ? hart->person_end + SCHEDULE_NETWORK : 0;
    bool network = now < until && network_waits(hart);
    struct thread *thread = network ? nullptr : person_next(hart, now);
    hart->runs_person = thread != nullptr;
    if (thread != nullptr) {
        hart->person_ran = now - hart->person_end < SCHEDULE_NETWORK ? hart->person_ran : 0;
        hart->slice_end = alone_until(hart, now + person_turn(hart, thread, now));
        return thread;
    }
    thread = network_next(hart, now);
    // It is looked at again when the Network band has had its share, or at once.
    if (hart->person.threads != nullptr && until < hart->slice_end) {
        hart->slice_end = until > now ? until : now;
    }
    return thread;
}

static struct thread *pick(struct hart *hart) {
    hart->preempt = false;
    if (hart->person.threads != nullptr) {
        return pick_person(hart);
    }
    hart->runs_person = false;
    return network_next(hart, hart->switched);
}

[[gnu::noinline]] static void idle(struct hart *hart) {
    trace_switch(hart, nullptr, 0);
    schedule_unload(hart);
    arch_space_leave();
    hart->space = (struct phys){0};
    uint64_t from = arch_time_now();
    while (load_of(hart) == 0) {
        hook_enter(HOOK_IDLE, nullptr);
        bool more = object_reap_idly() == STEP_MORE;
        epoch_idle_enter();
        hook_leave();
        // What is pending is taken between two steps.
        arch_idle(!more && atomic_load_explicit(&hart->inbox, memory_order_acquire) == nullptr);
        epoch_idle_leave();
        schedule_inbox();
    }
    hart->since = arch_counter();
    hart->switched = arch_time_at(hart->since);
    hart->idle_ns += hart->switched - from;
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
    trace_switch(hart, next, 0);
    atomic_store_explicit(&next->state, THREAD_RUNNING, memory_order_relaxed);
    load(hart, next);
    arch_hart_frame(hart, &next->frame);
    if (load_of(hart) > 1 || object_reap_needed()) {
        timer_arm(hart);
    }
    hook_leave();
    return &next->frame;
}

// The current thread could run, and lets others go first. If it used up a turn in one
// piece it goes where less is to do.
[[gnu::noinline]] static void yield(struct hart *hart, struct thread *thread) {
    uint64_t ran = thread->ran;
    uint32_t load = load_of(hart);
    schedule_leave(hart);
    bool over = hart->switched >= hart->slice_end;
    if (over && arch_scale(thread->ran - ran, arch_clock.multiplier) >= SCHEDULE_SLICE / 2) {
        struct hart *to = schedule_place(thread);
        if (load_soon(to) + 1 < load) { // not this one, which counted it
            schedule_send(thread, to);
            return;
        }
    }
    if (schedule_ready(thread) && !over) {
        go_first(hart, thread);
    }
}

[[gnu::noinline]] static struct arch_frame *leave_slowly(struct hart *hart) {
    if (inbox_waits(hart)) {
        schedule_inbox();
    }
    struct thread *thread = hart->current;
    if (thread == nullptr) {
        return schedule_next(); // it has ended
    }
    bool runs = thread_state_of(thread) == THREAD_RUNNING;
    if (runs && !hart->preempt) {
        load(hart, thread);
        hook_leave();
        return &thread->frame;
    }
    if (runs) {
        yield(hart, thread);
    } else {
        schedule_leave(hart);
    }
    return schedule_next();
}

struct arch_frame *kernel_leave(void) {
    struct hart *hart = arch_hart();
    struct thread *thread = hart->current;
    hart->attend = false;
    // Nothing happened that would change who runs: the way of most syscalls.
    if (!inbox_waits(hart) && thread != nullptr && thread_state_of(thread) == THREAD_RUNNING &&
        !hart->preempt && space_loaded(hart, thread->task)) {
        hook_leave();
        return &thread->frame;
    }
    return leave_slowly(hart);
}
