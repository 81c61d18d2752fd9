// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Victims: Tasks made by hand that see only the text of this program, a page of stack and
// their Bundle. So these functions touch no data and no constants in memory.
#include "abi/bundle.h"
#include "lib/vectra/call.h"
#include "tests/fuzz/fuzz.h"

void victim_exit(uint64_t argument) {
    (void)arch_call1(CALL_task_exit, argument);
    __builtin_trap();
}

void victim_thread_exit(uint64_t argument) {
    (void)argument;
    (void)arch_call0(CALL_thread_exit);
    __builtin_trap();
}

void victim_read(uint64_t argument) {
    (void)*(volatile uint64_t *)argument;
    victim_exit(argument);
}

// Sleeps a little, so that it does not use up whole turns.
static void rest(uint64_t nanoseconds) {
    uint64_t now = arch_call1(CALL_system_info, 1).word[0];
    (void)arch_call4(CALL_signal_wait, UINT64_C(1) << 63, now + nanoseconds, 0, 0);
}

// With argument 0 for ever, else with rests.
void victim_spin(uint64_t argument) {
    for (;;) {
        for (uint32_t i = 0; i < 400; i++) {
            arch_pause();
        }
        if (argument != 0) {
            rest(20'000);
        }
    }
}

void victim_wait(uint64_t argument) {
    for (;;) {
        (void)arch_call3(CALL_signal_wait, 1, TIME_NEVER, argument);
    }
}

// Answers who rings: the Bundle's first entry is the end of a client's Ring; with bit 0 of
// the argument the second is that of a server, which is asked first.
void victim_relay(uint64_t argument) {
    const struct bundle_page *bundle = (const struct bundle_page *)BUNDLE_ADDRESS;
    uint64_t client = bundle->entry[0].word, server = bundle->entry[1].word;
    uint64_t deadline = (argument & 2) != 0 ? TIME_NEVER / 2 : TIME_NEVER;
    (void)arch_call3(CALL_ring_watch, client, 1, 2);
    if ((argument & 1) != 0) {
        (void)arch_call3(CALL_ring_watch, server, 3, 2);
    }
    for (;;) {
        struct arch_result result = arch_call4(CALL_doorbell_wait, client, 1 << 1, deadline, 0);
        if (result.status == STATUS_OK && (argument & 1) != 0) {
            result = arch_call4(CALL_doorbell_wait, server, 1 << 3 | 1 << 2, deadline, 0);
        }
        if (result.status != STATUS_OK) {
            victim_exit(result.status);
        }
    }
}

// Any syscall with any argument, among them what stands in the Bundle, until it is ended.
void victim_wild(uint64_t argument) {
    const struct bundle_page *bundle = (const struct bundle_page *)BUNDLE_ADDRESS;
    uint64_t random = argument | 1, last = 0;
    for (uint32_t made = 1;; made++) {
        uint64_t a[ARGUMENTS];
        if (made % 32 == 0) {
            rest(50'000);
        }
        for (uint32_t i = 0; i < ARGUMENTS; i++) {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            uint64_t choice = random >> 60, value = random >> 20;
            a[i] = choice < 6    ? bundle->entry[value % 4].word
                   : choice < 8  ? last
                   : choice < 11 ? value % 40
                   : choice < 14 ? (value % 32) * PAGE_SIZE
                                 : (uint64_t)&a[value % ARGUMENTS];
        }
        uint64_t number = (random >> 8) % CALLS;
        bool waits = number == CALL_signal_wait || number == CALL_futex_wait ||
                     number == CALL_doorbell_wait || number == CALL_task_exit ||
                     number == CALL_thread_exit;
        if (!waits) {
            struct arch_result result = arch_call6(number, a[0], a[1], a[2], a[3], a[4], a[5]);
            last = result.status == STATUS_OK ? result.word[0] : last;
        }
    }
}

// ------------------------------------------------------------------------- making

static bool fill(struct actor *me, struct victim *victim, victim_code *code, uint64_t argument) {
    if (CALL(me, memory_map, victim->task, toys.package, PROGRAM_BASE, toys.text_offset,
             toys.text_size, MAP_READ | MAP_EXECUTE) != STATUS_OK ||
        CALL(me, memory_carve, victim->reticle, PAGE_SIZE, 0, 0) != STATUS_OK) {
        return false;
    }
    uint64_t stack = me->result[1];
    if (CALL(me, memory_map, victim->task, stack, VICTIM_STACK - PAGE_SIZE, 0, PAGE_SIZE,
             MAP_READ | MAP_WRITE | MAP_GIVE) != STATUS_OK ||
        CALL(me, thread_carve, victim->task, (uint64_t)code, VICTIM_STACK - 64, argument, 0,
             one_in(me, 4) ? THREAD_FLOAT : 0) != STATUS_OK) {
        return false;
    }
    victim->thread = me->result[1];
    return true;
}

bool victim_make(struct actor *me, struct victim *victim, uint64_t bytes, victim_code *code,
                 uint64_t argument) {
    *victim = (struct victim){.reticle = private_begin(me, bytes)};
    if (victim->reticle == HANDLE_NONE || CALL(me, task_carve, victim->reticle) != STATUS_OK) {
        return false;
    }
    victim->task = me->result[1];
    if (CALL(me, bundle_carve, victim->reticle) != STATUS_OK) {
        return false;
    }
    victim->bundle = me->result[1];
    return fill(me, victim, code, argument);
}

bool victim_start(struct actor *me, const struct victim *victim) {
    return CALL(me, task_start, victim->task, victim->bundle, victim->thread) == STATUS_OK;
}

// Waits a moment for what the victim is to do.
uint64_t victim_state(struct actor *me, const struct victim *victim) {
    uint64_t until = time_now() + MILLISECOND;
    for (;;) {
        if (CALL(me, task_info, victim->task) != STATUS_OK) {
            return TASK_EMPTY;
        }
        uint64_t state = me->result[1];
        if (state == TASK_ENDED || state == TASK_FAULTED || time_now() >= until) {
            return state;
        }
        wait_bits(me, UINT64_C(1) << (40 + me->index), MILLISECOND / 8);
    }
}
