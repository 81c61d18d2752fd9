// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// What the files of the syscall fuzzer share. One Task, the parent, runs rounds: in each it
// starts workers, further Tasks of this program, which make so many calls, random ones
// (generate.c) and directed ones (sequences*.c), while the parent kills some and makes them
// anew. Workers start victims, small Tasks that run one function of this program
// (victim.c). Every call of a worker goes through `call`, which counts its status and
// refuses one that abi/syscalls.def does not list.
#pragma once

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/capability.h"
#include "abi/layout.h"
#include "abi/status.h"
#include "lib/vectra/syscall.h"
#include "lib/vectra/time.h"

// ---------------------------------------------------------------------- the table

enum : uint32_t {
#define SYSCALL(number, name, ...) CALL_##name = number,
#include "abi/syscalls.def"
#undef SYSCALL
};
constexpr uint32_t CALLS = 64; // numbers are below
constexpr uint32_t ARGUMENTS = 6;

// What an argument is; below CLASS_COUNT: a handle of that class.
enum kind : uint8_t {
    KIND_ANY = 32,  // a handle of any class
    KIND_MAPPABLE,  // a handle of what can be mapped
    KIND_TASK_SELF, // a Task or 0
    KIND_RIGHTS,
    KIND_BIT,
    KIND_BYTES,
    KIND_ALIGN,
    KIND_MAP_FLAGS,
    KIND_FEW, // a small number
    KIND_PLACE,
    KIND_OFFSET,
    KIND_POINTER,
    KIND_NAME,
    KIND_NAME_LENGTH,
    KIND_RING_SLOTS,
    KIND_MASK,
    KIND_DEADLINE,
    KIND_WORD, // address of a futex
    KIND_CODE,
    KIND_STACK,
    KIND_ACTION, // of machine_control
    KIND_TOPIC,
    KIND_NUMBER, // anything
};

struct row {
    const char *name; // nullptr: no syscall has this number
    uint32_t count;   // of arguments
    uint8_t kind[ARGUMENTS];
    uint8_t makes;     // the class of the handle in result 1, KIND_ANY: to be asked for; or 0
    uint32_t statuses; // that the table lists, a bit each
};
extern struct row rows[CALLS];
// Of every syscall that takes a handle. BUSY: its object is being destroyed.
constexpr uint32_t HANDLE_STATUSES =
    1 << STATUS_BAD_HANDLE | 1 << STATUS_BAD_CLASS | 1 << STATUS_ACCESS | 1 << STATUS_BUSY;
void table_open(void);
static inline bool listed(uint32_t statuses, uint32_t status) {
    return status < 32 && (statuses >> status & 1) != 0;
}

// ------------------------------------------------------------------------ counting

constexpr uint32_t STATUSES = 32;
constexpr uint32_t THREADS = 2; // of a worker

struct counts {
    uint32_t of[CALLS][STATUSES];
};

// What a thread tells the parent, in a Ring region that the parent sees.
struct told {
    _Atomic uint64_t calls;
    struct counts counts;
    struct {
        _Atomic uint32_t kind; // enum failure
        uint32_t number, status, line;
        uint64_t a[ARGUMENTS];
    } failure;
};
enum failure : uint32_t {
    FAILURE_NONE,
    FAILURE_STATUS,   // one that the table does not list
    FAILURE_PROPERTY, // line says which
};

struct worker_page {
    struct told told[THREADS];
};

// ------------------------------------------------------------------------- a thread

constexpr uint32_t POOL = 12;
constexpr uint32_t SEQUENCES = 48;

struct actor {
    struct told *told;
    struct told *fails;     // where a failure is told: what the parent sees
    uint64_t (*pool)[POOL]; // handles by class: toys.pool, or those of a scene
    uint64_t random;        // state: never 0
    uint64_t quota;
    uint32_t index; // 0: the first thread
    uint32_t strays;
    uint64_t result[5];
    uint64_t spent[SEQUENCES]; // nanoseconds with each sequence
    uint8_t *scratch;          // SCRATCH bytes for names, registers and values
};
constexpr uint32_t SCRATCH = 4096;

uint64_t next(struct actor *me);
uint32_t below(struct actor *me, uint32_t limit); // limit is not 0
static inline bool one_in(struct actor *me, uint32_t limit) {
    return below(me, limit) == 0;
}

enum status call(struct actor *me, uint32_t number, const uint64_t a[ARGUMENTS]);
// A handle that is a bit off may name what another thread of the worker has just made. What such
// handles may spoil is asked only where no call with one of them succeeded meanwhile, or is under
// way: as many turns with one are over as were begun.
extern _Atomic uint32_t strays_begun, strays_struck, strays_over;
bool strays_since(uint32_t struck);
#define CALL(me, name, ...) call(me, CALL_##name, (const uint64_t[ARGUMENTS]){__VA_ARGS__})
// A property that does not hold ends the worker.
#define HOLDS(me, condition) holds(me, condition, __LINE__)
void holds(struct actor *me, bool condition, uint32_t line);
// A victim did what counts as a call of its own.
void credit(struct actor *me, uint32_t number);

// -------------------------------------------------------- what a worker has to play with

constexpr uint32_t STALE = 32;
constexpr uint64_t PLACES = UINT64_C(0x300000000); // where views are put
constexpr uint32_t PLACE_COUNT = 64;
constexpr uint64_t PLACE_SIZE = 16 * PAGE_SIZE;
constexpr uint64_t PRIVATE = UINT64_C(0x400000000);  // where sequences put theirs
constexpr uint64_t PRIVATE_SIZE = UINT64_C(1) << 30; // for each thread
constexpr uint32_t HOT_WORDS = 4;

// Shared by the threads of the worker; numbers only, so that races do no harm.
struct toys {
    uint64_t budget, own, arena, package, self, machine, irq, ports, parent; // protected
    uint64_t text_offset, text_size; // of this program, in package
    uint32_t protected_slots;        // handles below are not given up
    uint64_t pool[CLASS_COUNT][POOL];
    uint64_t stale[STALE];
    _Atomic uint32_t hot[HOT_WORDS];
    _Atomic uint64_t unmap; // a view that the other thread is to drop
    _Atomic uint64_t wake;  // a word at which it is to wake
};
extern struct toys toys;
bool is_protected(uint64_t handle);
void toy_put(struct actor *me, enum cap_class class, uint64_t handle);

void generate(struct actor *me); // one random call
// What it would be; false: nothing that may be made. `a` is all 0 before.
bool compose(struct actor *me, uint64_t *number, uint64_t *a);
void sequence(struct actor *me);                  // some sequence
void sequence_each(struct actor *me, bool large); // each once, shared with the other thread

// ------------------------------------------------------------------- short ways

// A Reticle split from the arena for one sequence, or 0.
uint64_t private_begin(struct actor *me, uint64_t bytes);
void drop(struct actor *me, uint64_t handle);
static inline uint64_t private_place(const struct actor *me, uint64_t page) {
    return PRIVATE + me->index * PRIVATE_SIZE + page * PAGE_SIZE;
}
// A pair of bound Ring ends.
bool ring_pair(struct actor *me, uint64_t reticle, uint64_t *a, uint64_t *b);
void wait_bits(struct actor *me, uint64_t mask, uint64_t nanoseconds);
void wait_until(struct actor *me, uint64_t mask, uint64_t deadline);

// A Task that runs one function of victim.c.
struct victim {
    uint64_t reticle, task, bundle, thread;
};
constexpr uint64_t VICTIM_STACK = UINT64_C(0x20001000); // the end of its one page
typedef void victim_code(uint64_t argument);
bool victim_make(struct actor *me, struct victim *victim, uint64_t bytes, victim_code *code,
                 uint64_t argument);
bool victim_start(struct actor *me, const struct victim *victim);
uint64_t victim_state(struct actor *me, const struct victim *victim);

victim_code victim_exit, victim_thread_exit, victim_read, victim_spin, victim_wait, victim_wild,
    victim_relay;

// A thread of this Task that makes one call, now or at some time, and ends.
struct errand {
    uint64_t at;   // 0: now
    uint64_t burn; // so many loops before the call, and after it
    uint64_t number, a[ARGUMENTS];
};
constexpr uint32_t ERRANDS = 20; // for each thread
// The thread, or 0; to drop it waits for its end. `budget`: who pays, or 0.
uint64_t errand_send(struct actor *me, uint32_t index, const struct errand *errand,
                     uint64_t budget);

uint32_t worker_main(void);
uint32_t parent_main(void);

// Directed sequences of the other files.
typedef void sequence_code(struct actor *me);
sequence_code sequence_budget, sequence_debug, sequence_moved, sequence_victim, sequence_fault,
    sequence_thread, sequence_stop, sequence_full_target, sequence_ring, sequence_flight,
    sequence_dying, sequence_full_ring, sequence_call, sequence_chain, sequence_sleepers,
    sequence_lend, sequence_band, sequence_race, sequence_scene, sequence_fragment, sequence_odd,
    sequence_crowd, sequence_poor;
