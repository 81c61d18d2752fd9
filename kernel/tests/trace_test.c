// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The tracer: who may begin it and into what, what each record says, how it ends, and that
// nothing is written to a Memory that is not the tracer's any more.
#include "kernel/trace.h"

#include "kernel/memory.h"
#include "kernel/schedule.h"
#include "kernel/tests/world.h"
#include "tests/unit.h"

UNIT_MAIN

constexpr uint64_t PAGES = 4, BIT = 1 << 6, MS = 1000000;

static uint64_t machine, pool, memory;
static const struct trace_record *part[2]; // of the Memory
static uint64_t seen[2];                   // records that the tests have looked at

static struct object *object_of(uint64_t handle) {
    struct slot *slot;
    lock_acquire(&books);
    CHECK_EQ(lookup_class(world_root->task, handle, CLASS_NONE, 0, &slot), STATUS_BAD_CLASS);
    CHECK_EQ(lookup_slot(world_root->task, handle, &slot), STATUS_OK);
    struct object *object = slot->object;
    lock_release(&books);
    return object;
}

static enum status begin(uint64_t into, uint64_t period) {
    return CALL(world_root, nullptr, machine_control, machine, MACHINE_TRACE, into, period);
}

static enum status end(uint64_t into) {
    return CALL(world_root, nullptr, machine_control, machine, MACHINE_TRACE_END, into);
}

static void start(uint64_t period) {
    CHECK_EQ(CALL(world_root, &memory, memory_carve, pool, PAGES * PAGE_SIZE, PAGE_SHIFT, 0),
             STATUS_OK);
    const struct memory *at = (const struct memory *)object_of(memory);
    uint64_t size = trace_part(PAGES * PAGE_SIZE, 2);
    for (uint32_t i = 0; i < 2; i++) {
        part[i] = (const struct trace_record *)((uint8_t *)page_address(at->frame) + i * size);
        seen[i] = 0;
    }
    CHECK_EQ(begin(memory, period), STATUS_OK);
}

static void stop(void) {
    CHECK_EQ(end(memory), STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, memory), STATUS_OK);
    world_audit();
}

// Whether the next records of a hart, after some others, have one like this.
static bool told(uint32_t hart, enum trace_kind kind, const struct thread *thread, uint32_t low,
                 uint32_t high) {
    uint64_t count = trace_part(PAGES * PAGE_SIZE, 2) / sizeof(struct trace_record);
    for (uint64_t i = seen[hart]; i < seen[hart] + count; i++) {
        const struct trace_record *record = &part[hart][i % count];
        if (record->sequence / sizeof *record != i || record->sequence % 32 == TRACE_NONE) {
            break;
        }
        if (record->sequence % 32 == kind && record->thread == trace_identity(thread) &&
            record->what[0] == low && record->what[1] == high) {
            seen[hart] = i + 1;
            return true;
        }
    }
    return false;
}

TEST(boots) {
    world_boot(8 << 20, 2);
    machine = world_named("machine");
    pool = world_named("reticle");
}

// --------------------------------------------------------------- beginning and ending

TEST(who_may_and_into_what) {
    uint64_t one, copy, code, view;
    CHECK_EQ(CALL(world_root, &one, memory_carve, pool, PAGE_SIZE, PAGE_SHIFT, 0), STATUS_OK);
    CHECK_EQ(begin(one, 0), STATUS_BAD_ARGUMENT); // less than a page for each hart
    CHECK_EQ(begin(pool, 0), STATUS_BAD_CLASS);
    CHECK_EQ(begin(0, 0), STATUS_BAD_HANDLE);
    CHECK_EQ(end(one), STATUS_BAD_STATE);
    CHECK_EQ(CALL(world_root, &copy, handle_copy, machine, RIGHT_ALL & ~RIGHT_MACHINE_TRACE),
             STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, machine_control, copy, MACHINE_TRACE, one), STATUS_ACCESS);
    CHECK_EQ(CALL(world_root, nullptr, machine_control, copy, MACHINE_TRACE_END, one),
             STATUS_ACCESS);
    CHECK_EQ(CALL(world_root, nullptr, machine_control, machine, MACHINE_TRACE_END + 1),
             STATUS_BAD_ARGUMENT);
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, one), STATUS_OK);
    CHECK_EQ(CALL(world_root, &code, memory_carve, pool, PAGES * PAGE_SIZE, PAGE_SHIFT, CARVE_CODE),
             STATUS_OK);
    CHECK_EQ(CALL(world_root, &copy, handle_copy, code, RIGHT_ALL), STATUS_OK);
    CHECK_EQ(begin(copy, 0), STATUS_ACCESS); // no copy has the right to write
    CHECK_EQ(begin(code, TRACE_PERIOD_LEAST - 1), STATUS_BAD_ARGUMENT);
    CHECK_EQ(begin(code, TRACE_PERIOD_MOST + 1), STATUS_BAD_ARGUMENT);
    CHECK_EQ(CALL(world_root, &view, memory_map, 0, code, 0x50000000, 0, PAGE_SIZE,
                  MAP_READ | MAP_EXECUTE),
             STATUS_OK);
    CHECK_EQ(begin(code, 0), STATUS_BAD_ARGUMENT);
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, view), STATUS_OK);
    CHECK_EQ(begin(code, 0), STATUS_OK);
    // Now the kernel writes there: nobody executes it, and it stays where it is.
    CHECK_EQ(CALL(world_root, nullptr, memory_map, 0, code, 0x50000000, 0, PAGE_SIZE,
                  MAP_READ | MAP_EXECUTE),
             STATUS_BUSY);
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, code), STATUS_OK);
    world_audit();
}

TEST(one_at_a_time) {
    uint64_t other;
    start(0);
    CHECK_EQ(CALL(world_root, &other, memory_carve, pool, PAGES * PAGE_SIZE, PAGE_SHIFT, 0),
             STATUS_OK);
    CHECK_EQ(begin(other, 0), STATUS_BUSY);
    CHECK_EQ(begin(memory, 0), STATUS_BUSY);
    CHECK_EQ(end(other), STATUS_BAD_STATE);
    CHECK_EQ(end(memory), STATUS_OK);
    CHECK_EQ(end(memory), STATUS_BAD_STATE);
    CHECK_EQ(begin(other, 0), STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, memory), STATUS_OK);
    memory = other;
    stop();
}

// It dies with all that a Task has: another one may begin then, and the pages are used anew.
TEST(the_memory_dies_meanwhile) {
    struct world_shape before = world_shape();
    struct world_task task;
    struct world_grant grants[] = {{"machine", machine, RIGHT_ALL, false}};
    CHECK_EQ(world_task_make(&task, 256 << 10, grants, 1), STATUS_OK);
    uint64_t own, mine;
    CHECK_EQ(CALL(world_root, &own, reticle_split, pool, 64 << 10), STATUS_OK);
    CHECK_EQ(CALL(world_root, &mine, memory_carve, own, PAGES * PAGE_SIZE, PAGE_SHIFT, 0),
             STATUS_OK);
    CHECK_EQ(begin(mine, TRACE_PERIOD_LEAST), STATUS_OK);
    CHECK(arch_hart()->trace != nullptr);
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, own), STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, task.handle), STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, task.reticle), STATUS_OK);
    host_settle();
    for (uint32_t i = 0; i < 2; i++) {
        host_select(i);
        CHECK(hart_at(i)->trace == nullptr || hart_at(i)->idle);
    }
    world_audit();
    struct world_shape after = world_shape();
    CHECK(world_shape_equal(&before, &after));
    start(0);
    stop();
}

// --------------------------------------------------------------------- what is told

TEST(doorbells_waits_and_switches) {
    struct world_task task;
    uint64_t a, b;
    world_pair(pool, 2, &a, &b);
    struct world_grant grants[] = {{"end", b, RIGHT_ALL, true}};
    CHECK_EQ(world_task_make(&task, 256 << 10, grants, 1), STATUS_OK);
    uint64_t own = world_granted(&task, "end");
    uint32_t at = task.thread->hart->index, from = world_root->hart->index;
    CHECK_EQ(CALL(task.thread, nullptr, ring_watch, own, 6, 7), STATUS_OK);
    start(0);
    uint32_t ring = object_number(object_of(a));
    CHECK_EQ(CALL(task.thread, nullptr, signal_wait, BIT, TIME_NEVER, 0, own, 77), WORLD_BLOCKED);
    CHECK(told(at, TRACE_WAIT, task.thread, own & HANDLE_SLOT_MASK, 77));
    CHECK_EQ(CALL(world_root, nullptr, doorbell, a, 78), STATUS_OK);
    CHECK(told(from, TRACE_DOORBELL, world_root, ring, 78));
    host_settle();
    CHECK(told(at, TRACE_SWITCH, task.thread, 0, 0));
    CHECK_EQ(CALL(task.thread, nullptr, signal_wait, BIT, TIME_NEVER), WORLD_BLOCKED);
    CHECK_EQ(CALL(world_root, nullptr, doorbell_wait, a, BIT, arch_time_now() + MS, 0, 79),
             WORLD_BLOCKED);
    CHECK(told(from, TRACE_CALL, world_root, ring, 79));
    if (at != from) {
        CHECK(told(at, TRACE_SWITCH, nullptr, 0, 0));
        CHECK(told(at, TRACE_INTERRUPT, nullptr, TRACE_HART, 0));
    }
    CHECK_EQ(CALL(task.thread, nullptr, task_exit, 0), WORLD_BLOCKED);
    host_time_set(arch_time_now() + 2 * MS);
    host_settle();
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, a), STATUS_OK);
    CHECK(told(from, TRACE_DESTROY, world_root, ring, 0));
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, task.reticle), STATUS_OK);
    stop();
}

TEST(capabilities) {
    uint64_t a, b, taken, page;
    world_pair(pool, 2, &a, &b);
    start(0);
    uint32_t hart = world_root->hart->index, ring = object_number(object_of(a));
    CHECK_EQ(CALL(world_root, &page, memory_carve, pool, PAGE_SIZE, PAGE_SHIFT, 0), STATUS_OK);
    uint32_t number = object_number(object_of(page));
    CHECK_EQ(CALL(world_root, nullptr, ring_send, a, 0, page, RIGHT_ALL, 0), STATUS_OK);
    CHECK(told(hart, TRACE_PASS, world_root, number, ring));
    CHECK_EQ(CALL(world_root, &taken, ring_take, b, 0, CLASS_MEMORY), STATUS_OK);
    CHECK(told(hart, TRACE_TAKE, world_root, number, ring));
    CHECK_EQ(CALL(world_root, nullptr, handle_revoke, page), STATUS_OK);
    CHECK(told(hart, TRACE_REVOKE, world_root, number, 0));
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, page), STATUS_OK);
    CHECK(told(hart, TRACE_DESTROY, world_root, number, 0));
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, a), STATUS_OK);
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, b), STATUS_OK);
    stop();
}

TEST(faults_sleeps_and_interrupts) {
    struct world_task task;
    CHECK_EQ(world_task_make(&task, 256 << 10, nullptr, 0), STATUS_OK);
    start(0);
    uint32_t hart = task.thread->hart->index;
    CHECK_EQ(CALL(task.thread, nullptr, futex_wait, WORLD_DATA, 0, arch_time_now() + MS),
             WORLD_BLOCKED);
    CHECK(told(hart, TRACE_SLEEP, task.thread, WORLD_DATA, 0));
    host_time_set(arch_time_now() + 2 * MS);
    host_settle();
    CHECK(told(hart, TRACE_INTERRUPT, nullptr, TRACE_TIMER, 0));
    CHECK(world_run(task.thread));
    task.thread->frame.pc = 0x123456789ab;
    host_fault(hart, FAULT_WRITE, 0x1000);
    CHECK(told(hart, TRACE_FAULT, task.thread, 0x456789ab, 0x123 | FAULT_WRITE << 24));
    CHECK_EQ(CALL(world_root, nullptr, irq_watch, world_named("irq.console"), 9), STATUS_OK);
    host_irq_raise(HOST_CONSOLE_LINE);
    host_settle();
    const struct thread *who = hart_at(0)->current;
    CHECK(told(0, TRACE_INTERRUPT, who, HOST_CONSOLE_LINE, 0));
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, task.reticle), STATUS_OK);
    stop();
}

// -------------------------------------------------------------------------- samples

TEST(samples) {
    struct world_task task;
    CHECK_EQ(world_task_make(&task, 256 << 10, nullptr, 0), STATUS_OK);
    start(MS);
    struct hart *hart = world_root->hart;
    CHECK(world_run(world_root));
    host_settle(); // the first one is due at once
    world_root->frame.pc = 0x401000;
    for (uint32_t i = 0; i < 3; i++) {
        uint64_t before = hart->sample, now = arch_time_now();
        CHECK(before >= now + MS / 2 && before <= now + MS * 5 / 4);
        host_time_set(before - 1);
        host_settle();
        CHECK_EQ(hart->sample, before); // not yet
        host_time_set(before);
        host_settle();
        CHECK(told(hart->index, TRACE_SAMPLE, world_root, 0x401000, TRACE_USER << 24));
    }
    // It was due in a syscall, from which the thread has just come back.
    world_root->frame.fresh = true;
    world_root->frame.number = SYS_handle_info;
    host_time_set(hart->sample);
    host_settle();
    CHECK(told(hart->index, TRACE_SAMPLE, world_root, 0x401000, SYS_handle_info << 24));
    world_root->frame.fresh = false;
    // Or before the hart went on with it.
    host_time_set(hart->sample);
    hart->switched = arch_time_now();
    host_settle();
    CHECK(told(hart->index, TRACE_SAMPLE, world_root, 0x401000, TRACE_KERNEL << 24));
    // Another timer comes before the next one is due.
    CHECK_EQ(CALL(world_root, nullptr, signal_wait, BIT, arch_time_now() + 1000), WORLD_BLOCKED);
    CHECK(told(hart->index, TRACE_SWITCH, nullptr, 0, 0));
    host_time_set(hart->sample);
    host_settle();
    CHECK(told(hart->index, TRACE_SAMPLE, nullptr, 0, 0) ||
          told(hart->index, TRACE_SAMPLE, world_root, 0x401000, TRACE_KERNEL << 24));
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, task.reticle), STATUS_OK);
    stop();
    CHECK_EQ(hart->sample, TIME_NEVER);
}

TEST(idle_harts_are_sampled) {
    start(MS);
    struct hart *hart = world_root->hart;
    host_settle();
    CHECK_EQ(CALL(world_root, nullptr, signal_wait, BIT, arch_time_now() + 10 * MS), WORLD_BLOCKED);
    host_time_set(arch_time_now() + 2 * MS);
    host_settle();
    CHECK(told(hart->index, TRACE_SAMPLE, nullptr, 0, 0));
    host_time_set(arch_time_now() + 20 * MS);
    host_settle();
    stop();
}

// The oldest are overwritten, and the next hart's part is not touched.
TEST(it_goes_round) {
    start(0);
    uint32_t hart = world_root->hart->index;
    uint64_t count = trace_part(PAGES * PAGE_SIZE, 2) / sizeof(struct trace_record);
    struct trace_record before = part[1 - hart][0];
    for (uint64_t i = 0; i < 3 * count; i++) {
        CHECK_EQ(CALL(world_root, nullptr, signal_wait, BIT, 0, 0, 0, i), STATUS_TIMED_OUT);
    }
    uint64_t last = hart_at(hart)->trace_at / sizeof(struct trace_record) - 1;
    CHECK(last >= 3 * count - 1);
    for (uint64_t i = last; i > last - count; i--) {
        CHECK_EQ(part[hart][i % count].sequence / sizeof(struct trace_record), i);
    }
    CHECK_EQ(part[1 - hart][0].sequence, before.sequence);
    stop();
}
