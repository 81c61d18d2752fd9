// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Faults stop the thread and tell the supervisor, who may repair and continue, or end
// the Task. The root Task has nobody above it: its fault stops the machine.
#include "kernel/check.h"
#include "kernel/schedule.h"
#include "kernel/space.h"
#include "kernel/task.h"

// A page that another hart was just turning into the zero page: the entry was away for
// a moment. If it is there now, and allows the access, the thread simply goes on.
static bool fault_passed(struct task *task, enum fault_kind kind, uint64_t address) {
    if (kind != FAULT_READ || address >= USER_TOP || harts_online() == 1) {
        return false;
    }
    lock_acquire(&books);
    const uint64_t *entry = space_entry(task, address >> PAGE_SHIFT);
    bool present = entry != nullptr && arch_pte_readable(*entry);
    lock_release(&books);
    if (present) {
        arch_tlb_flush();
    }
    return present;
}

struct arch_frame *kernel_fault(enum fault_kind kind, uint64_t address) {
    struct thread *thread = thread_current();
    struct task *task = thread->task;
    hook_enter(HOOK_FAULT, nullptr);
    if (fault_passed(task, kind, address)) {
        return kernel_leave();
    }
    thread->fault.kind = kind;
    thread->fault.address = address;
    thread->fault.pc = arch_frame_pc(&thread->frame);
    if (task->is_root) {
        panic("the root Task faulted: kind %u at 0x%lx, pc 0x%lx", (unsigned)kind, address,
              thread->fault.pc);
    }
    schedule_unload(arch_hart()); // what the supervisor reads is all in the thread
    atomic_fetch_add_explicit(&task->faulted, 1, memory_order_relaxed);
    atomic_store_explicit(&thread->state, THREAD_FAULTED, memory_order_relaxed);
    // From here on its supervisor may read and change it, until it resumes it.
    atomic_store_explicit(&thread->fault.open, true, memory_order_release);
    watch_raise(&task->watch);
    return kernel_leave();
}
