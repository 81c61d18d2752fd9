// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Tasks made by hand: one page of code, one of stack, a Bundle with nothing in it.
#include "lib/string/string.h"
#include "tests/ktest/child.h"

constexpr uint64_t HAND_SCRATCH = UINT64_C(0x1e0000000); // where the code is written

// Code is written through a mapping here, and only then made executable there.
static bool give_code(struct hand *hand) {
    uint64_t code, view;
    if (!CHECK_OK(sys_memory_carve(hand->reticle, PAGE_SIZE, PAGE_SHIFT, CARVE_CODE, &code)) ||
        !CHECK_OK(
            sys_memory_map(0, code, HAND_SCRATCH, 0, PAGE_SIZE, MAP_READ | MAP_WRITE, &view))) {
        return false;
    }
    memcpy((void *)HAND_SCRATCH, code_begin, (size_t)(code_end - code_begin));
    drop(view);
    return CHECK_OK(
        sys_memory_map(hand->task, code, HAND_CODE, 0, PAGE_SIZE, MAP_READ | MAP_EXECUTE, &view));
}

static bool give_stack(struct hand *hand) {
    uint64_t stack, view;
    return CHECK_OK(sys_memory_carve(hand->reticle, PAGE_SIZE, PAGE_SHIFT, 0, &stack)) &&
           CHECK_OK(sys_memory_map(hand->task, stack, HAND_STACK - PAGE_SIZE, 0, PAGE_SIZE,
                                   MAP_READ | MAP_WRITE | MAP_GIVE, &view));
}

bool hand_begin(struct hand *hand, const char *code, uint64_t argument) {
    uint64_t bytes = hand->bytes != 0 ? hand->bytes : HAND_BYTES;
    return CHECK_OK(sys_reticle_split(ground, bytes, &hand->reticle)) &&
           CHECK_OK(sys_task_carve(hand->reticle, &hand->task)) &&
           CHECK_OK(sys_bundle_carve(hand->reticle, &hand->bundle)) && give_code(hand) &&
           give_stack(hand) &&
           CHECK_OK(sys_thread_carve(hand->task, hand_address(code), HAND_STACK - HAND_SPARE,
                                     argument, hand->tls, hand->flags, &hand->thread));
}

bool hand_start(struct hand *hand) {
    return CHECK_OK(sys_task_watch(hand->task, hand->bit)) &&
           CHECK_OK(sys_task_start(hand->task, hand->bundle, hand->thread));
}

bool hand_run(struct hand *hand, const char *code, uint64_t argument) {
    return hand_begin(hand, code, argument) && hand_start(hand);
}

enum task_state hand_state(const struct hand *hand) {
    uint64_t state, status, threads, time;
    return CHECK_OK(sys_task_info(hand->task, &state, &status, &threads, &time))
               ? (enum task_state)state
               : TASK_EMPTY;
}

bool hand_ended(struct hand *hand, uint64_t *status) {
    uint64_t state = TASK_EMPTY, threads, time, bits;
    uint64_t until = deadline_in(PATIENCE);
    *status = 0;
    while (CHECK_OK(sys_task_info(hand->task, &state, status, &threads, &time)) &&
           state != TASK_ENDED && time_now() < until) {
        (void)sys_signal_wait(UINT64_C(1) << hand->bit, until, 0, 0, 0, &bits);
    }
    return CHECK_EQ(state, TASK_ENDED) && CHECK_EQ(threads, 0);
}

bool hand_faulted(struct hand *hand) {
    uint64_t bits, until = deadline_in(PATIENCE);
    while (sys_thread_fault(hand->task, 0, 0, &hand->thread_number, &hand->kind, &hand->address,
                            &hand->pc) != STATUS_OK) {
        enum task_state state = hand_state(hand);
        if (time_now() >= until || state == TASK_ENDED) {
            check_say("hand", 0, "no fault came, the Task is in state %u", state);
            return false;
        }
        (void)sys_signal_wait(UINT64_C(1) << hand->bit, until, 0, 0, 0, &bits);
    }
    return true;
}

// The bit of the fault is taken first, so that the next one is waited for.
bool hand_resume(const struct hand *hand, enum resume_action action) {
    uint64_t bits;
    (void)sys_signal_wait(UINT64_C(1) << hand->bit, 0, 0, 0, 0, &bits);
    if (!CHECK_OK(sys_thread_control(hand->task, hand->thread_number, action))) {
        return false;
    }
    // Its hart does it: the old fault may be told for a moment.
    uint64_t word, until = deadline_in(PATIENCE);
    while (sys_thread_fault(hand->task, 0, 0, &word, &word, &word, &word) == STATUS_OK &&
           poll_bits() == 0 && time_now() < until) {
        pause_for(MILLISECOND / 10);
    }
    return true;
}

bool hand_registers(const struct hand *hand, struct thread_registers *registers, bool set) {
    return CHECK_OK(
        sys_thread_registers(hand->task, hand->thread_number, (uint64_t)registers, set));
}

void hand_destroy(struct hand *hand) {
    if (hand->reticle != HANDLE_NONE) {
        (void)CHECK_OK(sys_handle_drop(hand->reticle));
        hand->reticle = HANDLE_NONE;
    }
}

void hand_expect(const char *code, uint64_t argument, uint64_t flags, uint64_t status) {
    struct hand hand = {.flags = flags};
    uint64_t actual;
    if (hand_run(&hand, code, argument) && hand_ended(&hand, &actual)) {
        (void)CHECK_EQ(actual, status);
    }
    hand_destroy(&hand);
}
