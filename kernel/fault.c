// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Faults stop the thread and tell the supervisor, who may repair and continue, or end
// the Task. The root Task has nobody above it: its fault stops the machine.
#include "kernel/check.h"
#include "kernel/schedule.h"
#include "kernel/space.h"
#include "kernel/task.h"
#include "kernel/trace.h"

// Also asked by the copy routines of syscalls. An entry is away for a moment while another
// hart turns the page into the zero page, or unmaps and maps it.
bool fault_passed(struct task *task, uint64_t address, uint64_t size, uint32_t map_flags) {
    if (harts_online() == 1) {
        return false;
    }
    lock_acquire(&books);
    bool passed = space_reach(task, address, nullptr, size, map_flags);
    lock_release(&books);
    if (passed) {
        arch_tlb_flush();
    }
    return passed;
}

void thread_stop(struct thread *thread, enum fault_kind kind, uint64_t address) {
    struct hart *hart = arch_hart();
    struct task *task = thread->task;
    arch_frame_stop(&thread->frame);
    thread->fault.kind = kind;
    thread->fault.address = address;
    thread->fault.pc = arch_frame_pc(&thread->frame);
    if (hart->loaded == thread) {
        schedule_unload(hart); // what the supervisor reads is all in the thread
    }
    atomic_fetch_add_explicit(&task->faulted, 1, memory_order_relaxed);
    atomic_store_explicit(&thread->state, THREAD_FAULTED, memory_order_relaxed);
    // From here on its supervisor may read and change it, until it resumes it.
    atomic_store_explicit(&thread->fault.open, true, memory_order_release);
    watch_raise(&task->watch);
}

struct arch_frame *kernel_fault(enum fault_kind kind, uint64_t address) {
    struct thread *thread = thread_current();
    struct task *task = thread->task;
    hook_enter(HOOK_FAULT, nullptr);
    bool access = kind == FAULT_READ || kind == FAULT_WRITE;
    if (access && fault_passed(task, address, 1, kind == FAULT_READ ? MAP_READ : MAP_WRITE)) {
        return kernel_leave();
    }
    if (task->is_root) {
        panic("the root Task faulted: kind %u at 0x%lx, pc 0x%lx", (unsigned)kind, address,
              arch_frame_pc(&thread->frame));
    }
    trace_place(TRACE_FAULT, arch_frame_pc(&thread->frame), kind);
    thread_stop(thread, kind, address);
    return kernel_leave();
}
