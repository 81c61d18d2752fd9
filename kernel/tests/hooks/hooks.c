// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The hooks: tallies of every entry, checks of the objects that it names, and whole audits
// from time to time. Each hart writes tallies of its own. The books are only tried for, so
// that the hooks make nobody wait: where they are held, the check of that entry is left out
// on a machine with several harts, and never on one with a single hart.
#include <hooks.h>

#include <counter.h>

#include "kernel/check.h"
#include "kernel/schedule.h"
#include "kernel/task.h"
#include "kernel/tests/audit.h"
#include "kernel/tests/hooks/own.h"
#include "lib/string/string.h"

constexpr uint32_t HARTS = 8;            // above, harts share tallies, which are then not exact
constexpr uint64_t AUDIT_LEAST = 20'000; // entries between two audits,
constexpr uint64_t AUDIT_SHARE = 16;     // and so many times as long as the last one took
constexpr uint64_t FOLD_EVERY = 1'024;   // entries after which edges are looked at

struct tally {
    uint64_t entries, locks, books, locks_most, longest, sum;
};

struct hook_hart {
    bool counting, inside;
    uint64_t entry;
    uint64_t begun;
    uint64_t locks, books; // of this entry
    bool named;            // it has arguments
    uint64_t argument[6];
    const struct thread *thread;
    struct tally tally[HOOK_KINDS];
};

static struct hook_hart hook_harts[HARTS];
static _Atomic bool started; // before it a hart may not know which one it is
static _Atomic uint64_t entries, things;
static _Atomic uint64_t audits, audit_time, audit_next_entry, audit_next_time;

static struct hook_hart *own(void) {
    return &hook_harts[arch_hart()->index % HARTS];
}

uint64_t hook_entries(void) {
    return atomic_load_explicit(&entries, memory_order_relaxed);
}

// What the compiler wants done once: it names the variables of each file (address.c).
static void begin(void) {
    extern void (*const constructors_start[])(void), (*const constructors_end[])(void);
    if (!atomic_load_explicit(&started, memory_order_relaxed) &&
        !atomic_exchange_explicit(&started, true, memory_order_relaxed)) {
        for (void (*const *each)(void) = constructors_start; each != constructors_end; each++) {
            (*each)();
        }
    }
}

// The books are first taken when there is a page array and the free memory goes into it.
void hook_lock(const struct lock *lock) {
    if (lock == &books) {
        begin();
    }
    if (atomic_load_explicit(&started, memory_order_relaxed)) {
        own()->locks++;
        own()->books += lock == &books;
    }
}

// Garbage, which no field may be left with. It takes none of the entry's time.
void hook_fresh(void *at, uint64_t size) {
    constexpr uint64_t MOST = 16 * PAGE_SIZE; // of an extent
    uint64_t from = counter_read();
    memset(at, 0xa5, size < MOST ? size : MOST);
    if (atomic_load_explicit(&started, memory_order_relaxed)) {
        own()->begun += counter_read() - from;
    }
}

static bool books_try(void) __attribute__((no_thread_safety_analysis)) {
    return atomic_load_explicit(&books.first, memory_order_relaxed) == 0 &&
           !atomic_exchange_explicit(&books.held, true, memory_order_acquire);
}

// ---------------------------------------------------------------------- objects

static void argument_check(struct task *task, uint64_t handle) REQUIRES_BOOKS {
    uint64_t index = handle & HANDLE_SLOT_MASK;
    const struct slot *slot =
        handle != 0 && index < TABLE_SLOTS ? table_slot(task, (uint32_t)index) : nullptr;
    if (slot == nullptr || slot_class(slot) == CLASS_NONE ||
        (slot_meta(slot) ^ handle) >> HANDLE_SLOT_BITS != 0) {
        return;
    }
    // The object of a view may be gone before it.
    if (slot_class(slot) != CLASS_VIEW) {
        audit(slot->object->class == slot_class(slot));
        audit_thing(slot->object);
        atomic_fetch_add_explicit(&things, 1, memory_order_relaxed);
    }
}

static void named_check(const struct hook_hart *hook) __attribute__((no_thread_safety_analysis)) {
    struct thread *thread = thread_current();
    if (!hook->named || thread == nullptr || thread != hook->thread || !books_try()) {
        return;
    }
    for (uint32_t i = 0; i < 6; i++) {
        argument_check(thread->task, hook->argument[i]);
    }
    audit_thing(&thread->task->object);
    audit_thing(&thread->object);
    lock_release(&books);
}

// ----------------------------------------------------------------------- audits

static void audit_held(void) REQUIRES_BOOKS {
    uint64_t from = arch_time_now();
    audit_books();
    uint64_t took = arch_time_now() - from;
    atomic_fetch_add_explicit(&audits, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&audit_time, took, memory_order_relaxed);
    atomic_store_explicit(&audit_next_entry, hook_entries() + AUDIT_LEAST, memory_order_relaxed);
    atomic_store_explicit(&audit_next_time, from + took * (AUDIT_SHARE + 1), memory_order_relaxed);
}

static void audit_sometimes(uint64_t now) __attribute__((no_thread_safety_analysis)) {
    if (now < atomic_load_explicit(&audit_next_entry, memory_order_relaxed) ||
        arch_time_now() < atomic_load_explicit(&audit_next_time, memory_order_relaxed) ||
        !books_try()) {
        return;
    }
    audit_held();
    lock_release(&books);
}

// ------------------------------------------------------------ entering and leaving

void hook_enter(uint64_t entry, const uint64_t *arguments) {
    begin();
    struct hook_hart *hook = own();
    if (hook->inside && entry == HOOK_INTERRUPT) {
        return; // one entry of the machine, several sources
    }
    hook_leave();
    if (!hook->counting) {
        counter_start();
        hook->counting = true;
    }
    hook->inside = true;
    hook->entry = entry < HOOK_KINDS ? entry : HOOK_IDLE;
    hook->locks = hook->books = 0;
    hook->named = arguments != nullptr;
    hook->thread = thread_current();
    if (hook->named) {
        audit(!arch_hart()->preempt); // or it had not come to user mode
        memcpy(hook->argument, arguments, sizeof hook->argument);
        named_check(hook);
    }
    hook->begun = counter_read();
}

void hook_leave(void) {
    struct hook_hart *hook = own();
    if (!hook->inside) {
        return;
    }
    uint64_t length = counter_read() - hook->begun;
    hook->inside = false;
    struct tally *tally = &hook->tally[hook->entry];
    tally->entries++;
    tally->locks += hook->locks;
    tally->books += hook->books;
    tally->locks_most = tally->locks_most > hook->locks ? tally->locks_most : hook->locks;
    tally->sum += length;
    tally->longest = tally->longest > length ? tally->longest : length;
    uint64_t now = atomic_fetch_add_explicit(&entries, 1, memory_order_relaxed) + 1;
    named_check(hook);
    if (now % FOLD_EVERY == 0) {
        edges_fold();
    }
    audit_sometimes(now);
}

// Where nobody asked the hart to look who runs next, the same thread does.
void hook_straight(void) {
    const struct hart *hart = arch_hart();
    if (hart->attend) {
        return;
    }
    audit(hart->current != nullptr && hart->current == own()->thread);
    audit(thread_state_of(hart->current) == THREAD_RUNNING && !hart->preempt);
    audit(hart->space.value == hart->current->task->root.value && hart->loaded == hart->current);
    hook_leave();
}

// ----------------------------------------------------------------------- topics

// Whether the counter counts instructions: then the same ones make the same difference, and
// a small one. Nothing comes between, since interrupts are off.
static bool counts_instructions(void) {
    constexpr uint32_t ROUNDS = 1'000, MOST = 16; // instructions of a round
    uint64_t first = 0;
    for (uint32_t i = 0; i < 8; i++) {
        uint64_t from = counter_read();
        for (volatile uint32_t j = 0; j < ROUNDS; j++) {
        }
        uint64_t took = counter_read() - from;
        first = i == 0 ? took : first;
        if (took != first || took > ROUNDS * MOST) {
            return false;
        }
    }
    return harts_online() == 1;
}

static void tally_locks(uint64_t kind, uint64_t *a) {
    for (uint32_t i = 0; i < HARTS; i++) {
        const struct tally *tally = &hook_harts[i].tally[kind];
        a[1] += tally->entries;
        a[2] += tally->locks;
        a[3] += tally->books;
        a[4] = a[4] > tally->locks_most ? a[4] : tally->locks_most;
    }
}

static void tally_length(uint64_t kind, uint64_t *a) {
    for (uint32_t i = 0; i < HARTS; i++) {
        const struct tally *tally = &hook_harts[i].tally[kind];
        a[1] = a[1] > tally->longest ? a[1] : tally->longest;
        a[2] += tally->sum;
    }
}

static void audit_now(uint64_t *a) {
    lock_acquire(&books);
    audit_held();
    lock_release(&books);
    a[1] = atomic_load(&audits);
    a[2] = hook_entries();
    a[3] = atomic_load(&things);
    a[4] = atomic_load(&audit_time);
    own()->locks = own()->books = 0;
}

static enum status answer(uint64_t topic, uint64_t *a) {
    if (topic - HOOK_TOPIC_LOCKS < HOOK_KINDS) {
        tally_locks(topic - HOOK_TOPIC_LOCKS, a);
        return STATUS_OK;
    }
    if (topic - HOOK_TOPIC_LENGTH < HOOK_KINDS) {
        tally_length(topic - HOOK_TOPIC_LENGTH, a);
        return STATUS_OK;
    }
    if (topic >> 48 == HOOK_TOPIC_CRASH >> 48) {
        return crash(topic >> 44 & 15, topic & (USER_TOP - 1));
    }
    switch (topic) {
    case HOOK_TOPIC_AUDIT:
        audit_now(a);
        return STATUS_OK;
    case HOOK_TOPIC_EDGES:
        edges_count(a);
        return STATUS_OK;
    case HOOK_TOPIC_FORGET:
        for (uint32_t i = 0; i < HARTS; i++) {
            memset(hook_harts[i].tally, 0, sizeof hook_harts[i].tally);
        }
        return STATUS_OK;
    case HOOK_TOPIC_BOUND:
        a[1] = HOOK_BOUND;
        a[2] = HOOK_KINDS;
        a[3] = counts_instructions();
        return STATUS_OK;
    case HOOK_TOPIC_IRQ:
    case HOOK_TOPIC_PORTS:
    case HOOK_TOPIC_MACHINE:
        return grant_device(topic, a);
    case HOOK_TOPIC_RAISE:
        return grant_raise();
    default:
        return edges_map(topic - HOOK_TOPIC_MAP, a);
    }
}

// A status other than OK comes without results.
enum status hook_info(uint64_t topic, uint64_t *a) {
    uint64_t words[5] = {};
    enum status status = answer(topic, words);
    if (status == STATUS_OK) {
        memcpy(&a[1], &words[1], sizeof words - sizeof *words);
    }
    own()->begun = counter_read(); // to answer is none of the kernel's work
    return status;
}
