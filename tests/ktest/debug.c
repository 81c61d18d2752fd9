// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Debugging: threads that are stopped, stepped, watched and read by their supervisor. The
// same on both machines, apart from the pieces of code.
#include "lib/string/string.h"
#include "tests/ktest/child.h"

constexpr uint64_t WORD = HAND_STACK - 64; // free: the stack pointer begins there
constexpr uint64_t WORD_BYTES = sizeof(uint64_t);

static bool word_get(const struct hand *hand, uint64_t *word) {
    return CHECK_OK(sys_task_memory(hand->task, WORD, (uint64_t)word, WORD_BYTES, 0));
}

static bool word_set(const struct hand *hand, uint64_t word) {
    return CHECK_OK(sys_task_memory(hand->task, WORD, (uint64_t)&word, WORD_BYTES, 1));
}

static bool watch(const struct hand *hand, uint64_t index, uint64_t address, uint64_t length,
                  enum watch_kind kind) {
    return CHECK_OK(sys_thread_watchpoint(hand->task, 1, index, address, length, kind));
}

static bool stop(struct hand *hand) {
    return CHECK_OK(sys_thread_control(hand->task, 1, RESUME_STOP)) && hand_faulted(hand) &&
           CHECK_EQ(hand->kind, FAULT_STOPPED) && CHECK_EQ(hand->address, hand->pc) &&
           CHECK_EQ(hand_state(hand), TASK_FAULTED);
}

// The same, unless it ends before that.
static bool stop_or_end(struct hand *hand) {
    uint64_t end = deadline_in(PATIENCE);
    if (sys_thread_control(hand->task, 1, RESUME_STOP) != STATUS_OK) {
        return false;
    }
    while (hand_state(hand) != TASK_ENDED && time_now() < end) {
        if (sys_thread_fault(hand->task, 0, 0, &hand->thread_number, &hand->kind, &hand->address,
                             &hand->pc) == STATUS_OK) {
            return CHECK_EQ(hand->kind, FAULT_STOPPED);
        }
        pause_for(MILLISECOND / 10);
    }
    return false;
}

// Stops it where it makes that syscall, however long it takes to come there.
static bool stop_at(struct hand *hand, const char *at) {
    uint64_t end = deadline_in(PATIENCE);
    while (stop(hand)) {
        if (hand->pc == hand_address(at) || time_now() >= end) {
            return CHECK_EQ(hand->pc, hand_address(at));
        }
        (void)hand_resume(hand, RESUME_CONTINUE);
        pause_for(MILLISECOND);
    }
    return false;
}

// Lets it go on until it stops again, for that reason and at that place.
static bool until(struct hand *hand, enum resume_action action, enum fault_kind kind,
                  const char *at) {
    return hand_resume(hand, action) && hand_faulted(hand) && CHECK_EQ(hand->kind, kind) &&
           (at == nullptr || CHECK_EQ(hand->pc, hand_address(at)));
}

// Its hart has let it go on, and it does not stop again.
static bool runs(const struct hand *hand) {
    uint64_t until = deadline_in(PATIENCE);
    while (hand_state(hand) == TASK_FAULTED && time_now() < until) {
        pause_for(MILLISECOND / 10);
    }
    pause_for(2 * MILLISECOND);
    return CHECK_EQ(hand_state(hand), TASK_RUNNING);
}

// Begins at a piece and is stopped before its first instruction.
static bool begin(struct hand *hand, const char *code, uint64_t argument) {
    struct thread_registers registers;
    *hand = (struct hand){.bit = 6};
    if (!hand_run(hand, code_spin, argument) || !stop(hand) ||
        !CHECK_EQ(hand->pc, hand_address(code_spin)) || !hand_registers(hand, &registers, false)) {
        return false;
    }
    *machine_pc(&registers) = hand_address(code);
    return hand_registers(hand, &registers, true);
}

static void stop_running(void) {
    struct hand hand = {.bit = 6};
    if (hand_run(&hand, code_spin, 0)) {
        for (uint32_t i = 0; i < 100 && check_good(); i++) {
            (void)(stop(&hand) && CHECK_EQ(hand.pc, hand_address(code_spin)));
            // Once more is no harm.
            (void)CHECK_OK(sys_thread_control(hand.task, 1, RESUME_STOP));
            (void)hand_resume(&hand, RESUME_CONTINUE);
        }
        (void)runs(&hand);
    }
    hand_destroy(&hand);
}

// A wait is broken off and begun again: it ends when it would have ended, with its result.
static void stop_waiting(void) {
    struct hand hand = {.bit = 6};
    uint64_t status, end = deadline_in(300 * MILLISECOND);
    if (hand_run(&hand, code_until, end)) {
        for (uint32_t i = 0; i < 5 && check_good() && stop_or_end(&hand); i++) {
            (void)hand_resume(&hand, RESUME_CONTINUE);
            pause_for(MILLISECOND);
        }
        (void)(hand_ended(&hand, &status) && CHECK_EQ(status, STATUS_TIMED_OUT));
        (void)CHECK(time_now() >= end);
    }
    hand_destroy(&hand);
    // Where it stands it is about to make the syscall.
    hand = (struct hand){.bit = 6};
    if (hand_run(&hand, code_until, TIME_NEVER)) {
        (void)stop_at(&hand, code_until_call);
    }
    hand_destroy(&hand);
}

// One that slept on a futex looks at the word again.
static void stop_sleeping(void) {
    struct hand hand = {.bit = 6};
    uint64_t status;
    if (hand_run(&hand, code_futex, WORD)) {
        if (stop_at(&hand, code_futex_call) && hand_resume(&hand, RESUME_CONTINUE)) {
            (void)runs(&hand);
            if (stop(&hand) && word_set(&hand, 1) && hand_resume(&hand, RESUME_CONTINUE) &&
                hand_ended(&hand, &status)) {
                (void)CHECK_EQ(status, STATUS_AGAIN);
            }
        }
    }
    hand_destroy(&hand);
}

// In the middle of long syscalls, with registers that are no longer theirs.
static void stop_unfinished(void) {
    struct thread_registers registers, hostile;
    struct hand hand = {.bytes = 4 << 20, .bit = 6};
    uint64_t reticle = HANDLE_NONE;
    if (hand_begin(&hand, code_carve, 0) &&
        CHECK_OK(sys_reticle_split(hand.reticle, 3 << 20, &reticle)) &&
        CHECK_OK(sys_bundle_put(hand.bundle, (uint64_t)"r", 1, reticle, RIGHT_ALL, 1)) &&
        hand_start(&hand)) {
        for (uint32_t i = 0; i < 60 && check_good(); i++) {
            pause_for(i * 37'000);
            if (!stop(&hand) || !hand_registers(&hand, &registers, false)) {
                break;
            }
            if (i % 2 == 0) { // all wrong, then as they were: nothing is lost by it
                memset(&hostile, 0xff, sizeof hostile);
                (void)hand_registers(&hand, &hostile, true);
                (void)hand_registers(&hand, &registers, true);
            }
            (void)hand_resume(&hand, i % 3 == 0 ? RESUME_STEP : RESUME_CONTINUE);
            if (i % 3 == 0 && hand_faulted(&hand)) {
                (void)CHECK_EQ(hand.kind, FAULT_STEP);
                (void)hand_resume(&hand, RESUME_CONTINUE);
            }
        }
        (void)runs(&hand);
        // What it began it ends, whatever it was told to do instead.
        if (stop(&hand) && hand_registers(&hand, &registers, false)) {
            memset(&hostile, 0xff, sizeof hostile);
            *machine_pc(&hostile) = hand_address(code_until_call);
            (void)(hand_registers(&hand, &hostile, true) && hand_resume(&hand, RESUME_CONTINUE));
            pause_for(MILLISECOND);
        }
    }
    hand_destroy(&hand);
}

static void step(void) {
    static const char *const walk[] = {code_walk_add,  code_walk_store, code_walk_number,
                                       code_walk_call, code_walk_again, code_walk_load};
    struct hand hand;
    struct thread_registers registers;
    uint64_t word = 1;
    if (begin(&hand, code_walk_load, WORD) &&
        until(&hand, RESUME_STEP, FAULT_READ, code_walk_load) &&
        hand_registers(&hand, &registers, false)) {
        *machine_pc(&registers) = hand_address(code_walk);
        (void)hand_registers(&hand, &registers, true);
        (void)until(&hand, RESUME_STEP, FAULT_STEP, code_walk_load);
        for (uint32_t i = 0; i < 60 && check_good(); i++) {
            (void)until(&hand, RESUME_STEP, FAULT_STEP, walk[i % 6]);
            (void)CHECK_EQ(hand.address, hand.pc);
            (void)(hand_registers(&hand, &registers, false) &&
                   CHECK_EQ(registers.flags & machine_debug_flags, 0));
        }
        (void)(word_get(&hand, &word) && CHECK_EQ(word, 10));
        // From now on it runs.
        (void)(hand_resume(&hand, RESUME_CONTINUE) && runs(&hand));
        for (uint64_t end = deadline_in(PATIENCE); word <= 10 && time_now() < end;) {
            (void)word_get(&hand, &word);
        }
        (void)CHECK(word > 10);
    }
    hand_destroy(&hand);
}

// A syscall is one step, also one that waits, and one that was stopped while it waited.
static void step_waiting(void) {
    struct hand hand;
    struct thread_registers registers;
    uint64_t status, end;
    if (begin(&hand, code_until, 0) && hand_registers(&hand, &registers, false)) {
        *machine_argument(&registers) = end = deadline_in(20 * MILLISECOND);
        (void)hand_registers(&hand, &registers, true);
        while (check_good() && hand.pc != hand_address(code_until_call)) {
            (void)until(&hand, RESUME_STEP, FAULT_STEP, nullptr);
        }
        (void)until(&hand, RESUME_STEP, FAULT_STEP, code_until_next);
        (void)CHECK(time_now() >= end);
        (void)(hand_registers(&hand, &registers, false) &&
               CHECK_EQ(*machine_argument(&registers), STATUS_TIMED_OUT));
        (void)(hand_resume(&hand, RESUME_CONTINUE) && hand_ended(&hand, &status) &&
               CHECK_EQ(status, STATUS_TIMED_OUT));
    }
    hand_destroy(&hand);
    // The step ends with a stop as well.
    hand = (struct hand){.bit = 6};
    if (hand_run(&hand, code_until, TIME_NEVER) && stop_at(&hand, code_until_call) &&
        hand_resume(&hand, RESUME_STEP)) {
        pause_for(MILLISECOND);
        (void)(stop(&hand) && CHECK_EQ(hand.pc, hand_address(code_until_call)));
    }
    hand_destroy(&hand);
}

// A breakpoint instruction, and what else faults, ends a step.
static void step_into_fault(void) {
    struct hand hand;
    if (begin(&hand, code_trap, 0)) {
        (void)until(&hand, RESUME_STEP, FAULT_BREAKPOINT, nullptr);
    }
    hand_destroy(&hand);
    if (begin(&hand, code_undefined, 0)) {
        (void)until(&hand, RESUME_STEP, FAULT_INSTRUCTION, code_undefined);
        (void)until(&hand, RESUME_CONTINUE, FAULT_INSTRUCTION, code_undefined);
    }
    hand_destroy(&hand);
}

static void watch_writes(void) {
    struct hand hand;
    uint64_t word;
    if (begin(&hand, code_walk, WORD) && watch(&hand, 0, WORD, 8, WATCH_WRITE)) {
        for (uint64_t i = 1; i <= 50 && check_good(); i++) {
            (void)until(&hand, RESUME_CONTINUE, FAULT_WATCH, code_walk_number);
            (void)CHECK_EQ(hand.address, WORD);
            (void)(word_get(&hand, &word) && CHECK_EQ(word, i)); // the write is done
        }
        // A step is a step, whatever it touches.
        for (uint32_t i = 0; i < 60 && check_good(); i++) {
            (void)until(&hand, RESUME_STEP, FAULT_STEP, nullptr);
        }
        (void)until(&hand, RESUME_STEP, FAULT_STEP, code_walk_call);
        // One byte of what is written, then its neighbours, then nothing.
        (void)watch(&hand, 0, WORD + 5, 1, WATCH_WRITE);
        (void)until(&hand, RESUME_CONTINUE, FAULT_WATCH, code_walk_number);
        (void)CHECK_EQ(hand.address, WORD + 5);
        (void)watch(&hand, 0, WORD + 8, 8, WATCH_ACCESS);
        (void)watch(&hand, 1, WORD - 4, 4, WATCH_ACCESS);
        (void)(hand_resume(&hand, RESUME_CONTINUE) && runs(&hand));
        (void)(stop(&hand) && watch(&hand, 0, WORD, 8, WATCH_WRITE));
        (void)until(&hand, RESUME_CONTINUE, FAULT_WATCH, code_walk_number);
        (void)watch(&hand, 0, WORD, 8, WATCH_OFF);
        (void)(hand_resume(&hand, RESUME_CONTINUE) && runs(&hand));
    }
    hand_destroy(&hand);
}

static void watch_accesses(void) {
    struct hand hand;
    if (begin(&hand, code_walk, WORD) && watch(&hand, 1, WORD, 8, WATCH_ACCESS)) {
        for (uint64_t i = 0; i < 20 && check_good(); i++) {
            (void)until(&hand, RESUME_CONTINUE, FAULT_WATCH, code_walk_add);
            (void)until(&hand, RESUME_CONTINUE, FAULT_WATCH, code_walk_number);
        }
    }
    hand_destroy(&hand);
}

// Before the instruction; continuing passes it, also where it is a syscall or a write that
// is watched itself.
static void watch_execution(void) {
    struct hand hand;
    uint64_t word, call = hand_address(code_walk_call), store = hand_address(code_walk_store);
    if (begin(&hand, code_walk, WORD) && watch(&hand, 0, store, 1, WATCH_EXECUTE)) {
        for (uint64_t i = 0; i < 20 && check_good(); i++) {
            (void)until(&hand, RESUME_CONTINUE, FAULT_WATCH, code_walk_store);
            (void)CHECK_EQ(hand.address, store);
            (void)(word_get(&hand, &word) && CHECK_EQ(word, i));
        }
        (void)watch(&hand, 1, call, 1, WATCH_EXECUTE);
        (void)watch(&hand, 0, store, 1, WATCH_OFF);
        for (uint64_t i = 0; i < 20 && check_good(); i++) {
            (void)until(&hand, RESUME_CONTINUE, FAULT_WATCH, code_walk_call);
        }
        (void)until(&hand, RESUME_STEP, FAULT_STEP, code_walk_again);
        // A step onto it is a step; then it is passed.
        (void)until(&hand, RESUME_STEP, FAULT_STEP, code_walk_load);
        (void)watch(&hand, 0, hand_address(code_walk_add), 1, WATCH_EXECUTE);
        (void)until(&hand, RESUME_STEP, FAULT_STEP, code_walk_add);
        (void)until(&hand, RESUME_CONTINUE, FAULT_WATCH, code_walk_call);
        (void)watch(&hand, 1, WORD, 8, WATCH_WRITE);
        (void)watch(&hand, 0, store, 1, WATCH_EXECUTE);
        for (uint64_t i = 0; i < 20 && check_good(); i++) {
            (void)until(&hand, RESUME_CONTINUE, FAULT_WATCH, code_walk_store);
            (void)until(&hand, RESUME_CONTINUE, FAULT_WATCH, code_walk_number);
        }
    }
    hand_destroy(&hand);
}

// Held at its first instruction before it was started.
static void watch_begin(void) {
    struct hand hand = {.bit = 6};
    uint64_t status;
    if (hand_begin(&hand, code_exit, 17) &&
        watch(&hand, 0, hand_address(code_exit), 1, WATCH_EXECUTE) && hand_start(&hand) &&
        hand_faulted(&hand) && CHECK_EQ(hand.kind, FAULT_WATCH) &&
        CHECK_EQ(hand.pc, hand_address(code_exit)) && hand_resume(&hand, RESUME_CONTINUE) &&
        hand_ended(&hand, &status)) {
        (void)CHECK_EQ(status, 17);
    }
    hand_destroy(&hand);
}

// A thread that is made has the watchpoints of the one that makes it, before its first
// instruction; not its step.
static void watch_offspring(void) {
    for (uint32_t i = 0; i < 3 && check_good(); i++) {
        struct hand hand;
        bool stepped = i == 1, watched = i < 2;
        if (!begin(&hand, code_offspring, hand_address(code_wait)) ||
            (watched && !watch(&hand, 1, hand_address(code_wait), 1, WATCH_EXECUTE))) {
            hand_destroy(&hand);
            return;
        }
        while (stepped && check_good() && hand.pc != hand_address(code_offspring_made)) {
            (void)until(&hand, RESUME_STEP, FAULT_STEP, nullptr);
        }
        (void)hand_resume(&hand, RESUME_CONTINUE);
        if (watched && hand_faulted(&hand) && CHECK_EQ(hand.thread_number, 2)) {
            (void)CHECK_EQ(hand.kind, FAULT_WATCH);
            (void)CHECK_EQ(hand.pc, hand_address(code_wait));
            (void)CHECK_OK(
                sys_thread_watchpoint(hand.task, 2, 1, hand_address(code_wait), 1, WATCH_OFF));
            (void)hand_resume(&hand, RESUME_CONTINUE);
        }
        (void)runs(&hand);
        hand_destroy(&hand);
    }
}

// A breakpoint at a wait: the wait is passed as a whole.
static void watch_waiting(void) {
    struct hand hand;
    uint64_t status;
    if (begin(&hand, code_until, deadline_in(300 * MILLISECOND)) &&
        watch(&hand, 0, hand_address(code_until_call), 1, WATCH_EXECUTE)) {
        (void)until(&hand, RESUME_CONTINUE, FAULT_WATCH, code_until_call);
        (void)hand_resume(&hand, RESUME_CONTINUE);
        pause_for(MILLISECOND);
        if (stop_or_end(&hand)) {
            (void)CHECK_EQ(hand.pc, hand_address(code_until_call));
            (void)hand_resume(&hand, RESUME_CONTINUE);
        }
        (void)(hand_ended(&hand, &status) && CHECK_EQ(status, STATUS_TIMED_OUT));
    }
    hand_destroy(&hand);
}

// All four, as far as the machine has them; none is seen by another Task at that address.
static void watch_many(void) {
    struct hand hand, other = {.bit = 7};
    uint64_t word = 0, before = 0;
    if (!hand_run(&other, code_walk, WORD)) {
        return;
    }
    if (begin(&hand, code_walk, WORD)) {
        static const char *const at[] = {code_walk_add, code_walk_store, code_walk_call,
                                         code_walk_again};
        enum status status[4];
        for (uint32_t i = 0; i < 4; i++) {
            status[i] =
                sys_thread_watchpoint(hand.task, 1, i, hand_address(at[i]), 1, WATCH_EXECUTE);
            (void)CHECK(status[i] == STATUS_OK || (i >= 2 && status[i] == STATUS_UNSUPPORTED));
        }
        for (uint32_t i = 0; i < 80 && check_good(); i++) {
            if (status[i % 4] == STATUS_OK) {
                (void)until(&hand, RESUME_CONTINUE, FAULT_WATCH, at[i % 4]);
            }
        }
        (void)word_get(&other, &before);
        (void)hand_resume(&hand, RESUME_CONTINUE);
        hand_destroy(&hand); // with its watchpoints on
    }
    uint64_t end = deadline_in(PATIENCE);
    while (word_get(&other, &word) && word <= before + 1000 && time_now() < end) {
        pause_for(MILLISECOND);
    }
    (void)(CHECK(word > before + 1000) && CHECK_EQ(hand_state(&other), TASK_RUNNING));
    hand_destroy(&other);
}

// What the kernel does for a thread is not the thread's, and what once made a kernel trap
// inside of itself does not.
static void watch_kernel(void) {
    for (uint32_t i = 0; machine_watched[i] != nullptr; i++) {
        struct hand hand;
        if (begin(&hand, machine_watched[i], WORD) && word_set(&hand, machine_watched_word) &&
            watch(&hand, 0, WORD, 4, WATCH_ACCESS) && hand_resume(&hand, RESUME_CONTINUE)) {
            // It comes to its end; or where an emulator tells it badly, the machine lives.
            uint64_t bits, faults = 0, end = deadline_in(PATIENCE);
            while (hand_state(&hand) != TASK_ENDED && time_now() < end && faults < 20) {
                if (sys_thread_fault(hand.task, 0, 0, &hand.thread_number, &hand.kind,
                                     &hand.address, &hand.pc) == STATUS_OK) {
                    (void)hand_resume(&hand, RESUME_CONTINUE);
                    faults++;
                }
                (void)sys_signal_wait(UINT64_C(1) << hand.bit, deadline_in(MILLISECOND), 0, 0, 0,
                                      &bits);
            }
            (void)CHECK(hand_state(&hand) == TASK_ENDED || faults == 20);
        }
        hand_destroy(&hand);
    }
}

static void watch_errors(void) {
    struct hand hand;
    if (!begin(&hand, code_walk, WORD)) {
        return;
    }
    uint64_t t = hand.task;
    (void)CHECK_STATUS(sys_thread_watchpoint(t, 2, 0, WORD, 8, WATCH_WRITE), STATUS_NOT_FOUND);
    (void)CHECK_STATUS(sys_thread_watchpoint(t, 1, 4, WORD, 8, WATCH_WRITE), STATUS_BAD_ARGUMENT);
    (void)CHECK_STATUS(sys_thread_watchpoint(t, 1, 0, WORD, 8, 4), STATUS_BAD_ARGUMENT);
    (void)CHECK_STATUS(sys_thread_watchpoint(t, 1, 0, WORD + 4, 8, 2), STATUS_BAD_ARGUMENT);
    const uint64_t lengths[] = {0, 3, 5, 16, UINT64_MAX, UINT64_C(1) << 32 | 8};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        (void)CHECK_STATUS(sys_thread_watchpoint(t, 1, 0, WORD, lengths[i], 2),
                           STATUS_BAD_ARGUMENT);
    }
    for (const uint64_t *at = machine_kernel; *at != 0; at++) {
        for (uint64_t kind = WATCH_OFF; kind <= WATCH_ACCESS; kind++) {
            (void)CHECK_STATUS(sys_thread_watchpoint(t, 1, 0, *at, 8, kind), STATUS_BAD_ADDRESS);
        }
    }
    (void)CHECK_STATUS(sys_thread_watchpoint(t, 1, 0, 0, 8, 2), STATUS_BAD_ADDRESS);
    (void)CHECK_STATUS(sys_thread_watchpoint(t, 1, 0, USER_TOP, 1, 2), STATUS_BAD_ADDRESS);
    (void)hand_resume(&hand, RESUME_CONTINUE);
    (void)CHECK_STATUS(sys_thread_watchpoint(t, 1, 0, WORD, 8, 2), STATUS_BAD_STATE);
    (void)CHECK_STATUS(sys_thread_control(t, 1, RESUME_STEP), STATUS_BAD_STATE);
    (void)CHECK_STATUS(sys_thread_control(t, 2, RESUME_STOP), STATUS_NOT_FOUND);
    (void)CHECK_OK(sys_task_stop(t, 0));
    (void)CHECK_STATUS(sys_thread_control(t, 1, RESUME_STOP), STATUS_BAD_STATE);
    hand_destroy(&hand);
}

static void memory(void) {
    uint8_t bytes[512], other[512];
    struct hand hand = {.bit = 6};
    if (!hand_run(&hand, code_spin, 0)) {
        return;
    }
    uint64_t t = hand.task, to = (uint64_t)bytes, low = HAND_STACK - PAGE_SIZE;
    (void)(CHECK_OK(sys_task_memory(t, HAND_CODE, to, 256, 0)) &&
           CHECK_EQ(memcmp(bytes, code_begin, 256), 0));
    memset(bytes, 0x5a, sizeof bytes);
    memset(other, 0, sizeof other);
    (void)(CHECK_OK(sys_task_memory(t, low + 3, to, 255, 1)) &&
           CHECK_OK(sys_task_memory(t, low + 1, (uint64_t)other, 256, 0)) &&
           CHECK(other[1] == 0 && other[2] == 0x5a && other[255] == 0x5a && other[256] == 0));
    // What others share, what is not there, what is nobody's.
    (void)CHECK_STATUS(sys_task_memory(t, HAND_CODE, to, 1, 1), STATUS_BAD_ADDRESS);
    (void)CHECK_OK(sys_task_memory(t, BUNDLE_ADDRESS, to, 256, 0));
    (void)CHECK_STATUS(sys_task_memory(t, BUNDLE_ADDRESS, to, 1, 1), STATUS_BAD_ADDRESS);
    for (uint64_t set = 0; set < 2; set++) {
        (void)CHECK_STATUS(sys_task_memory(t, low, to, 0, set), STATUS_BAD_ARGUMENT);
        (void)CHECK_STATUS(sys_task_memory(t, low, to, 257, set), STATUS_BAD_ARGUMENT);
        (void)CHECK_STATUS(sys_task_memory(t, low, to, UINT64_MAX, set), STATUS_BAD_ARGUMENT);
        (void)CHECK_STATUS(sys_task_memory(t, low - 1, to, 2, set), STATUS_BAD_ADDRESS);
        (void)CHECK_STATUS(sys_task_memory(t, HAND_STACK - 1, to, 2, set), STATUS_BAD_ADDRESS);
        (void)CHECK_STATUS(sys_task_memory(t, 0, to, 1, set), STATUS_BAD_ADDRESS);
        (void)CHECK_STATUS(sys_task_memory(t, USER_TOP - 1, to, 1, set), STATUS_BAD_ADDRESS);
        (void)CHECK_STATUS(sys_task_memory(t, UINT64_MAX, to, 1, set), STATUS_BAD_ADDRESS);
        (void)CHECK_STATUS(sys_task_memory(t, low, AREA, 8, set), STATUS_BAD_ADDRESS);
        (void)CHECK_STATUS(sys_task_memory(t, low, UINT64_MAX, 8, set), STATUS_BAD_ADDRESS);
        for (const uint64_t *at = machine_kernel; *at != 0; at++) {
            (void)CHECK_STATUS(sys_task_memory(t, *at, to, 8, set), STATUS_BAD_ADDRESS);
            (void)CHECK_STATUS(sys_task_memory(t, low, *at, 8, set), STATUS_BAD_ADDRESS);
        }
    }
    hand_destroy(&hand);
}

// Threads are found one after the other, and a Task has so many at most.
static void threads(void) {
    constexpr uint64_t MOST = 1024;
    struct hand hand = {.bytes = 10 << 20, .bit = 6};
    uint64_t thread, kind, address, pc, handle, second = HANDLE_NONE;
    if (!hand_begin(&hand, code_spin, 0)) {
        return;
    }
    uint64_t t = hand.task, entry = hand_address(code_wait);
    (void)CHECK_OK(sys_thread_carve(t, entry, 0, 0, 0, 0, &second));
    for (uint64_t i = 3; i <= MOST && check_good(); i++) {
        (void)CHECK_OK(sys_thread_carve(t, entry, 0, 0, 0, 0, &handle));
        if (i != MOST) {
            drop(handle);
            (void)CHECK_OK(sys_thread_carve(t, entry, 0, 0, 0, 0, &handle));
        }
    }
    (void)CHECK_STATUS(sys_thread_carve(t, entry, 0, 0, 0, 0, &handle), STATUS_NO_SLOTS);
    uint64_t after = 0, count = 0;
    while (sys_thread_fault(t, after, 1, &thread, &kind, &address, &pc) == STATUS_OK &&
           check_good()) {
        (void)CHECK(thread > after && kind == FAULT_NONE && pc == 0 && address == 0);
        after = thread;
        count++;
    }
    (void)CHECK_EQ(count, MOST);
    (void)CHECK_STATUS(sys_thread_control(t, 2, RESUME_STOP), STATUS_BAD_STATE);
    (void)(hand_start(&hand) && CHECK_OK(sys_thread_start(second)));
    (void)CHECK_STATUS(sys_thread_fault(t, 0, 0, &thread, &kind, &address, &pc), STATUS_NOT_FOUND);
    (void)CHECK_OK(sys_thread_control(t, 2, RESUME_STOP));
    (void)(hand_faulted(&hand) && CHECK_EQ(hand.thread_number, 2));
    (void)CHECK_OK(sys_thread_control(t, 1, RESUME_STOP));
    (void)(hand_faulted(&hand) && CHECK_EQ(hand.kind, FAULT_STOPPED));
    uint64_t end = deadline_in(PATIENCE);
    while (sys_thread_fault(t, 0, 0, &thread, &kind, &address, &pc) == STATUS_OK && thread != 1 &&
           time_now() < end) {
        pause_for(MILLISECOND / 10);
    }
    (void)(CHECK_EQ(thread, 1) && CHECK_EQ(kind, FAULT_STOPPED));
    (void)CHECK_OK(sys_thread_fault(t, 1, 0, &thread, &kind, &address, &pc));
    (void)CHECK_EQ(thread, 2);
    (void)CHECK_STATUS(sys_thread_fault(t, 2, 0, &thread, &kind, &address, &pc), STATUS_NOT_FOUND);
    hand_destroy(&hand);
}

// Nothing of a thread is left in the hart for the next one.
static void leak(void) {
    struct hand put = {.bit = 6}, look = {.bit = 7};
    uint64_t status;
    if (hand_run(&put, code_leak_put, 0) && hand_run(&look, code_leak_look, 0)) {
        (void)(hand_ended(&look, &status) && CHECK_EQ(status, 0));
    }
    hand_destroy(&put);
    hand_destroy(&look);
}

TESTS(debug, {"stop_running", stop_running}, {"stop_waiting", stop_waiting},
      {"stop_sleeping", stop_sleeping}, {"stop_unfinished", stop_unfinished}, {"step", step},
      {"step_waiting", step_waiting}, {"step_into_fault", step_into_fault},
      {"watch_writes", watch_writes}, {"watch_accesses", watch_accesses},
      {"watch_execution", watch_execution}, {"watch_begin", watch_begin},
      {"watch_offspring", watch_offspring}, {"watch_waiting", watch_waiting},
      {"watch_many", watch_many}, {"watch_kernel", watch_kernel}, {"watch_errors", watch_errors},
      {"memory", memory}, {"threads", threads}, {"leak", leak});
