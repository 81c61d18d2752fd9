// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Threads: making, attending to, ending.
#include "kernel/thread.h"

#include "kernel/budget.h"
#include "kernel/check.h"
#include "kernel/reticle.h"
#include "kernel/schedule.h"
#include "kernel/signal.h"
#include "kernel/task.h"

constexpr size_t FLOAT_ALIGN = 64;

static size_t float_offset(void) {
    return (sizeof(struct thread) + FLOAT_ALIGN - 1) & ~(FLOAT_ALIGN - 1);
}

size_t thread_object_size(void) {
    return (float_offset() + arch_float_size() + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
}

enum status thread_carve(struct task *task, bool floating, struct thread **out) {
    uint32_t pages = (uint32_t)(thread_object_size() >> PAGE_SHIFT);
    uint32_t frame;
    if (task->thread_count == TASK_THREADS) {
        return STATUS_NO_SLOTS;
    }
    enum status status = reticle_take(task->object.reticle, CHARGE_OBJECT, pages, 0, &frame);
    if (status != STATUS_OK) {
        return status;
    }
    struct thread *thread = page_address(frame);
    arch_zero_head(thread, sizeof *thread);
    object_init(&thread->object, CLASS_THREAD, task->object.reticle,
                (struct storage){.pages = (uint8_t)pages});
    if (floating) {
        thread->float_area = (uint8_t *)thread + float_offset();
        arch_float_init(thread->float_area);
    }
    thread->task = task;
    thread->number = ++task->next_number;
    thread->owner = object_number(&task->object);
    thread->deadline = TIME_NEVER;
    thread->call.slot = task->table.page[0]; // some slot; none is ever like this:
    thread->call.meta = UINT64_MAX;
    thread->next = task->threads;
    if (thread->next != nullptr) {
        thread->next->prev = thread;
    }
    task->threads = thread;
    task->thread_count++;
    atomic_store_explicit(&thread->hart, arch_hart(), memory_order_relaxed);
    *out = thread;
    return STATUS_OK;
}

void thread_tell(struct thread *thread) {
    if (thread_here(thread)) {
        thread_attend(thread);
    } else {
        schedule_poke(thread);
    }
}

void thread_request(struct thread *thread, enum thread_request request) {
    atomic_fetch_or_explicit(&thread->requests, request, memory_order_acq_rel);
    thread_tell(thread);
}

// Out of whatever queue of this hart the thread stands in; whether that breaks off a wait.
static bool withdraw(struct thread *thread) {
    bool waited = false;
    switch (thread_state_of(thread)) {
    case THREAD_READY:
        schedule_remove(thread);
        break;
    case THREAD_WAITING:
        atomic_store_explicit(&thread->wanted, 0, memory_order_relaxed);
        waited = true;
        break;
    case THREAD_SLEEPING:
        waited = futex_sleeps(thread, true);
        break;
    case THREAD_EPOCH:
        list_remove(&arch_hart()->epoch_waiters, &thread->queue);
        break;
    default:
        break;
    }
    schedule_deadline_clear(thread);
    if (atomic_load_explicit(&thread->lends_to, memory_order_relaxed) != nullptr) {
        loan_end(thread);
    }
    return waited;
}

// A wait is begun again when the thread goes on: its deadline is absolute, a bit that came
// meanwhile is still set, a futex looks at its word again. Whoever was woken keeps that.
static void stop(struct thread *thread) {
    enum thread_state state = thread_state_of(thread);
    if (state == THREAD_FAULTED) {
        return;
    }
    if (withdraw(thread)) {
        arch_frame_restart(&thread->frame);
    } else if (state == THREAD_SLEEPING) {
        thread->frame.arg[0] = thread->futex_status;
    }
    thread_stop(thread, FAULT_STOPPED, arch_frame_pc(&thread->frame));
}

// This hart keeps nothing of it.
static void forget(struct thread *thread) {
    struct hart *hart = arch_hart();
    schedule_forget(thread);
    if (hart->loaded == thread) {
        hart->loaded = nullptr;
    }
    // The hart may acknowledge epochs before it leaves the kernel: it lets go of it now. Its
    // tables, which may be freed after that, it leaves when it does (epoch_acknowledge).
    if (hart->current == thread) {
        schedule_leave(hart);
    }
}

void thread_end(struct thread *thread) {
    enum thread_state state = thread_state_of(thread);
    check(state != THREAD_NEW && state != THREAD_ENDED);
    (void)withdraw(thread);
    forget(thread);
    atomic_store_explicit(&thread->state, THREAD_ENDED, memory_order_release);
    watch_raise(&thread->ended);
    struct task *task = thread->task;
    if (state == THREAD_FAULTED) {
        atomic_fetch_sub_explicit(&task->faulted, 1, memory_order_relaxed);
    }
    if (atomic_fetch_sub_explicit(&task->live, 1, memory_order_acq_rel) == 1) {
        task_ended(task);
    }
}

// Out of its bucket a sleeper was woken. In it, whoever told the hart meant an earlier sleep.
static void sleep_attend(struct thread *thread) {
    bool over = thread->deadline != TIME_NEVER && thread->deadline <= arch_time_now();
    bool sleeps = futex_sleeps(thread, over);
    if (over || !sleeps) {
        thread->frame.arg[0] = sleeps ? STATUS_TIMED_OUT : thread->futex_status;
        schedule_deadline_clear(thread);
        loan_end(thread);
        (void)schedule_ready(thread);
    }
}

static void attend_requests(struct thread *thread, uint32_t requests) {
    enum thread_state state = thread_state_of(thread);
    if ((requests & REQUEST_START) != 0) {
        atomic_fetch_sub_explicit(&arch_hart()->placed, 1, memory_order_relaxed);
    }
    if ((requests & REQUEST_END) != 0) {
        if (state != THREAD_ENDED) {
            thread_end(thread);
        }
        return;
    }
    // A thread that is to stop is not made ready first: that may send it to another hart.
    bool stops = (requests & REQUEST_STOP) != 0;
    bool resumes = (requests & REQUEST_RESUME) != 0 && state == THREAD_FAULTED;
    if (resumes) {
        atomic_fetch_sub_explicit(&thread->task->faulted, 1, memory_order_relaxed);
        atomic_store_explicit(&thread->state, THREAD_STARTING, memory_order_relaxed);
    }
    bool starts = (requests & REQUEST_START) != 0 && state == THREAD_STARTING;
    if ((starts || resumes) && !stops) {
        (void)schedule_ready(thread);
    } else if (stops && state != THREAD_ENDED) {
        stop(thread);
    }
}

void thread_attend(struct thread *thread) {
    uint32_t requests = atomic_exchange_explicit(&thread->requests, 0, memory_order_acq_rel);
    if (requests != 0) {
        attend_requests(thread, requests);
    }
    enum thread_state state = thread_here(thread) ? thread_state_of(thread) : THREAD_STARTING;
    if (state == THREAD_WAITING) {
        signal_attend(thread);
    } else if (state == THREAD_SLEEPING) {
        sleep_attend(thread);
    }
}

void thread_destroyed(struct thread *thread, const struct object *object) {
    if (thread->destroying == object) {
        thread->destroying = nullptr;
    }
    if (thread->making == object) {
        thread->making = nullptr;
    }
}

void thread_revoked(struct thread *thread) {
    if (thread->revoking != nullptr) {
        thread->revoking->revoker = nullptr;
        thread->revoking = nullptr;
    }
}

// Who raised one of its bits before the watches went may still have put it into the
// inbox of its hart. After one epoch nobody puts it there any more; once it is out, the
// hart that took it out still looks at it until the next.
bool thread_settled(struct thread *thread) {
    bool out = !atomic_load_explicit(&thread->in_inbox, memory_order_acquire);
    bool settled = out && (harts_online() == 1 || thread->settled);
    thread->settled = out;
    return settled;
}

bool thread_end_new(struct thread *thread) {
    if (thread_state_of(thread) == THREAD_NEW) {
        atomic_store_explicit(&thread->state, THREAD_ENDED, memory_order_release);
        watch_raise(&thread->ended);
    }
    return thread_state_of(thread) == THREAD_ENDED;
}

enum step thread_detach(struct thread *thread) {
    if (!thread_end_new(thread)) {
        thread_request(thread, REQUEST_END);
        if (thread_state_of(thread) != THREAD_ENDED) {
            object_await(&thread->object); // its hart looks into its inbox before that
            return STEP_WAIT;
        }
    }
    if (thread->watches != nullptr) {
        watch_unbind(LINK_OF(thread->watches, struct watch, peer));
        return STEP_MORE;
    }
    watch_unbind(&thread->ended);
    if (thread->words_memory != nullptr) {
        watch_words(thread, 0, nullptr, 0);
    }
    if (!loan_drop(thread)) {
        return STEP_MORE;
    }
    if (atomic_load_explicit(&thread->budget, memory_order_relaxed) != nullptr) {
        (void)budget_bind(nullptr, thread);
    }
    if (thread->destroying != nullptr) {
        thread->destroying->destroyer = nullptr;
        thread->destroying = nullptr;
    }
    if (thread->making != nullptr) {
        thread->making->destroyer = nullptr;
        object_destroy(thread->making);
        thread->making = nullptr;
    }
    thread_revoked(thread); // the mark of a revocation does not outlive the revoker
    // Last: out of the Task's list.
    struct task *task = thread->task;
    *(thread->prev == nullptr ? &task->threads : &thread->prev->next) = thread->next;
    if (thread->next != nullptr) {
        thread->next->prev = thread->prev;
    }
    if (task->end_next == thread) {
        task->end_next = thread->next;
    }
    task->thread_count--;
    task->ran += schedule_ran(thread);
    object_wake(&task->object);
    return STEP_DONE;
}

void thread_start(struct thread *thread) {
    check(thread_state_of(thread) == THREAD_NEW);
    atomic_fetch_add_explicit(&thread->task->live, 1, memory_order_relaxed);
    // Only its own hart sends it away: another may be looking at it just now.
    struct hart *hart = thread_here(thread) ? schedule_place(thread) : thread->hart;
    if (hart == arch_hart()) {
        (void)schedule_ready(thread);
    } else {
        schedule_send(thread, hart);
    }
}
