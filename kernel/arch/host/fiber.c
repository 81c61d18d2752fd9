// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The harts as coroutines, and user mode: the loop in arch_resume. See host.h.
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "kernel/arch/common/number.h"
#include "kernel/arch/host/internal.h"
#include "kernel/epoch.h"
#include "kernel/schedule.h"
#include "kernel/task.h"

constexpr size_t STACK_SIZE = 128 * 1024;
constexpr uint32_t PATIENCE = 100000; // spins, or rounds of host_settle

enum command : uint32_t { COMMAND_GO, COMMAND_SYSCALL, COMMAND_FAULT };

struct fiber {
    ucontext_t context;
    void *stack;
    void *fake_stack; // the sanitizer's
    enum host_state state;
    enum command command;
    struct arch_frame *frame;
    uint64_t number, arguments[6];
    enum fault_kind fault;
    uint64_t address;
    // Interrupts that wait for it.
    bool ipi;
    uint64_t timer;
    uint32_t lines;
};

static struct fiber fibers[HOST_HARTS];
static uint32_t count;
static ucontext_t test_context;
static void *test_fake_stack;
static const void *test_stack;
static size_t test_stack_size;
static uint32_t selected;     // arch_hart()
static struct fiber *running; // nullptr: the test
static uint32_t yield_every, yield_count, spins;
static uint32_t accesses;                // until a hart stands still; 0: it does not
static bool absent, late, refused, slow; // of host_options

// The sanitizer must be told of each change of stacks; without it these are absent.
[[gnu::weak]] void __sanitizer_start_switch_fiber(void **save, const void *bottom, size_t size);
[[gnu::weak]] void __sanitizer_finish_switch_fiber(void *save, const void **bottom, size_t *size);

static void switch_begin(void **save, const void *bottom, size_t size) {
    if (__sanitizer_start_switch_fiber != nullptr) {
        __sanitizer_start_switch_fiber(save, bottom, size);
    }
}

static void switch_end(void *save, const void **bottom, size_t *size) {
    if (__sanitizer_finish_switch_fiber != nullptr) {
        __sanitizer_finish_switch_fiber(save, bottom, size);
    }
}

struct hart *host_hart(void) {
    return hart_at(selected);
}

void host_select(uint32_t hart) {
    selected = hart;
}

// From the test to a hart, until the hart stands still.
static void run(struct fiber *fiber) {
    const void *bottom;
    size_t size;
    uint32_t before = selected;
    host_check(running == nullptr, "a hart runs already");
    selected = (uint32_t)(fiber - fibers);
    running = fiber;
    spins = 0;
    switch_begin(&test_fake_stack, fiber->stack, STACK_SIZE);
    swapcontext(&test_context, &fiber->context);
    switch_end(test_fake_stack, &bottom, &size);
    running = nullptr;
    selected = before;
}

// From a hart back to the test.
static void stand_still(enum host_state state) {
    struct fiber *fiber = running;
    fiber->state = state;
    switch_begin(&fiber->fake_stack, test_stack, test_stack_size);
    swapcontext(&fiber->context, &test_context);
    switch_end(fiber->fake_stack, &test_stack, &test_stack_size);
}

void host_stop(void) {
    stand_still(HOST_OFF);
    abort();
}

bool host_on_hart(void) {
    return running != nullptr;
}

// ------------------------------------------------------------------ yielding

void host_yield_every(uint32_t n) {
    yield_every = n;
    yield_count = 0;
}

void host_fence(void) {
    if (running != nullptr && yield_every != 0 && ++yield_count >= yield_every) {
        yield_count = 0;
        stand_still(HOST_KERNEL);
    }
}

void host_stop_before(uint32_t n) {
    accesses = n;
}

bool host_stopped(void) {
    return accesses == 0;
}

void host_access(void) {
    if (running == nullptr || accesses == 0) {
        return;
    }
    accesses--;
    if (accesses == 0) {
        stand_still(HOST_KERNEL);
    }
}

// That may hold what this one waits for.
static bool others_in_kernel(void) {
    bool others = false;
    for (uint32_t i = 0; i < count; i++) {
        others |= &fibers[i] != running && fibers[i].state == HOST_KERNEL;
    }
    return others;
}

void host_pause(void) {
    host_check(++spins < PATIENCE, "a spin loop never ends");
    bool others = others_in_kernel();
    if (absent) {
        host_time_set(arch_time_now() + 1000000); // patience has an end
    }
    host_check((others || absent) && running != nullptr, "a hart waits for itself");
    if (others) {
        stand_still(HOST_KERNEL);
    }
}

// ----------------------------------------------------------------- interrupts

static bool timer_due(const struct fiber *fiber) {
    return fiber->timer != TIME_NEVER && fiber->timer <= arch_time_now();
}

static bool pending(const struct fiber *fiber) {
    return fiber->ipi || fiber->lines != 0 || timer_due(fiber);
}

static void deliver(struct fiber *fiber) {
    if (fiber->ipi) {
        fiber->ipi = false;
        kernel_ipi();
    }
    if (timer_due(fiber)) {
        fiber->timer = TIME_NEVER;
        kernel_timer();
    }
    while (fiber->lines != 0) {
        uint32_t line = (uint32_t)__builtin_ctz(fiber->lines);
        fiber->lines &= fiber->lines - 1;
        kernel_irq(line);
    }
}

void arch_ipi(uint32_t hart_index) {
    host_check(hart_index < count, "an interrupt for a hart that is not there");
    fibers[hart_index].ipi = true;
}

void host_line_pending(uint32_t line) {
    fibers[0].lines |= UINT32_C(1) << line;
}

void arch_timer_set(uint64_t deadline) {
    fibers[selected].timer = deadline;
}

uint64_t host_timer_next(void) {
    uint64_t next = TIME_NEVER;
    for (uint32_t i = 0; i < count; i++) {
        next = fibers[i].timer < next ? fibers[i].timer : next;
    }
    return next;
}

void arch_idle(bool wait) {
    struct fiber *fiber = running;
    while (wait && !pending(fiber)) {
        stand_still(HOST_IDLE);
    }
    if (!wait && others_in_kernel()) {
        stand_still(HOST_KERNEL);
    }
    deliver(fiber);
}

// ------------------------------------------------------------------ user mode

// As the entries of the machines do.
static struct arch_frame *enter_syscall(uint64_t number) {
    struct hart *hart = arch_hart();
    struct thread *self = hart->current;
    if (number == NUMBER_DOORBELL_WAIT) {
        host_check(!hart->preempt, "a thread that has to let others go first goes on");
        struct direct direct = direct_switch(self);
        if (direct.frame == nullptr) {
            return kernel_syscall(number);
        }
        direct.frame->arg[0] = STATUS_OK;
        direct.frame->arg[1] = direct.bits;
        return direct.frame;
    }
    if (number >= self->quick) {
        return kernel_syscall(number);
    }
    self->frame.whole = false;
    uint64_t status = syscall_table[number](self, self->frame.arg);
    if (!hart->attend) {
        host_check(hart->current == self && self->state == THREAD_RUNNING && !hart->preempt &&
                       hart->space.value == self->task->root.value && hart->loaded == self,
                   "a syscall returns straight, and the hart has something to attend to");
        self->frame.whole = true;
        self->frame.arg[0] = status;
        return &self->frame;
    }
    if (hart->current != nullptr) {
        self->frame.whole = true;
    }
    return kernel_syscall_end(self, number, status);
}

static struct arch_frame *enter(struct fiber *fiber) {
    struct arch_frame *frame = fiber->frame;
    enum command command = fiber->command;
    fiber->command = COMMAND_GO;
    switch (command) {
    case COMMAND_SYSCALL:
        host_check(!frame->restart, "a thread in a syscall was told to begin another");
        for (uint32_t i = 0; i < 6; i++) {
            frame->arg[i] = fiber->arguments[i];
        }
        frame->number = fiber->number;
        frame->busy = true;
        return enter_syscall(frame->number);
    case COMMAND_FAULT:
        return kernel_fault(fiber->fault, fiber->address);
    default:
        if (pending(fiber)) {
            deliver(fiber);
            return kernel_leave();
        }
        if (frame->restart) {
            frame->restart = false;
            return enter_syscall(frame->number);
        }
        return frame;
    }
}

void arch_resume(struct arch_frame *frame) {
    struct fiber *fiber = running;
    for (;;) {
        host_check(hart_at(selected)->arch.frame == frame, "the wrong frame is resumed");
        if (!frame->restart) {
            frame->busy = false;
        }
        fiber->frame = frame;
        stand_still(HOST_USER);
        frame = enter(fiber);
    }
}

void arch_hart_frame(struct hart *hart, struct arch_frame *frame) {
    hart->arch.frame = frame;
}

// -------------------------------------------------------------------- driving

enum host_state host_state_of(uint32_t hart) {
    return fibers[hart].state;
}

struct arch_frame *host_frame(uint32_t hart) {
    host_check(fibers[hart].state == HOST_USER, "no thread runs on this hart");
    return fibers[hart].frame;
}

void host_syscall(uint32_t hart, uint64_t number, const uint64_t arguments[6]) {
    struct fiber *fiber = &fibers[hart];
    host_check(fiber->state == HOST_USER, "a syscall needs a thread in user mode");
    fiber->command = COMMAND_SYSCALL;
    fiber->number = number;
    for (uint32_t i = 0; i < 6; i++) {
        fiber->arguments[i] = arguments[i];
    }
    run(fiber);
}

void host_fault(uint32_t hart, enum fault_kind kind, uint64_t address) {
    struct fiber *fiber = &fibers[hart];
    host_check(fiber->state == HOST_USER, "a fault needs a thread in user mode");
    fiber->command = COMMAND_FAULT;
    fiber->fault = kind;
    fiber->address = address;
    run(fiber);
}

bool host_can_go(uint32_t hart) {
    const struct fiber *fiber = &fibers[hart];
    switch (fiber->state) {
    case HOST_KERNEL:
        return true;
    case HOST_USER:
        return pending(fiber) || fiber->frame->restart;
    case HOST_IDLE:
        return pending(fiber);
    default:
        return false;
    }
}

bool host_go(uint32_t hart) {
    if (!host_can_go(hart)) {
        return false;
    }
    run(&fibers[hart]);
    return true;
}

void host_settle(void) {
    bool any = true;
    for (uint32_t rounds = 0; any; rounds++) {
        host_check(rounds < PATIENCE, "the machine does not come to rest");
        any = false;
        for (uint32_t i = 0; i < count; i++) {
            any |= host_go(i);
        }
    }
}

// ----------------------------------------------------------------------- boot

static void hart_main(void) {
    switch_end(nullptr, &test_stack, &test_stack_size);
    if (selected == 0) {
        kernel_main(host_boot_info());
    } else {
        kernel_hart_main(selected);
    }
}

static void fiber_make(struct fiber *fiber) {
    fiber->stack =
        mmap(nullptr, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    host_check(fiber->stack != MAP_FAILED, "no memory for a stack");
    fiber->timer = TIME_NEVER;
    getcontext(&fiber->context);
    fiber->context.uc_stack.ss_sp = fiber->stack;
    fiber->context.uc_stack.ss_size = STACK_SIZE;
    makecontext(&fiber->context, hart_main, 0);
}

void arch_hart_init(struct hart *hart, uint32_t place) {
    (void)hart;
    if (slow && place != 0) {
        stand_still(HOST_KERNEL);
    }
}

// It begins once the first one stands still: they are coroutines.
bool arch_hart_start(uint32_t place, uint64_t id) {
    (void)id;
    if (refused && place + 1 == count) {
        return false;
    }
    if (!absent || place + 1 < count) {
        fibers[place].state = HOST_KERNEL;
    }
    return true;
}

void host_boot(const struct host_options *options) {
    host_check(count == 0, "a process boots once");
    host_memory_make(options);
    count = options->harts;
    absent = options->absent || options->late;
    late = options->late;
    refused = options->refused;
    slow = options->slow;
    for (uint32_t i = 0; i < count; i++) {
        fiber_make(&fibers[i]);
    }
    run(&fibers[0]);
    host_settle();
    if (late) {
        run(&fibers[count - 1]);
    }
}
