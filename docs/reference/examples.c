// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// One example for each syscall, in the order of abi/syscalls.def. tools/reference.c
// puts each function, with the comment right above it, on its page; the build
// compiles them, so that no page shows a call that does not exist.
#include "abi/bundle.h"
#include "abi/capability.h"
#include "abi/layout.h"
#include "abi/ring.h"
#include "lib/vectra/syscall.h"
#include "machine/registers.h"

constexpr uint64_t RIGHTS_READ = RIGHT_MEMORY_READ | RIGHT_PASS | RIGHT_INSPECT;
constexpr uint64_t ADDRESS = 0x20000000; // of a free part of the address space

// How many harts there are.
enum status example_system_info(uint64_t *harts) {
    uint64_t version, page_size, thread_bytes;
    return sys_system_info(0, &version, &page_size, harts, &thread_bytes);
}

// A copy of Memory that can be read and passed on, and nothing else.
enum status example_handle_copy(uint64_t memory, uint64_t *copy) {
    return sys_handle_copy(memory, RIGHTS_READ, copy);
}

// Ends everything that was made of a Reticle, and gives its bytes back.
enum status example_handle_drop(uint64_t reticle) {
    return sys_handle_drop(reticle);
}

// Takes Memory back from all who got a copy. The own capability stays.
enum status example_handle_revoke(uint64_t memory) {
    return sys_handle_revoke(memory);
}

// Whether this Task owns the object, and how large it is.
enum status example_handle_info(uint64_t handle, bool *owner, uint64_t *size) {
    uint64_t description, object, detail;
    enum status status = sys_handle_info(handle, &description, &object, size, &detail);
    *owner = (description & INFO_OWNER) != 0;
    return status;
}

// A quarter of a MiB for a child.
enum status example_reticle_split(uint64_t reticle, uint64_t *part) {
    return sys_reticle_split(reticle, 256 * 1024, part);
}

// 64 KiB more for it.
enum status example_reticle_grow(uint64_t part, uint64_t reticle) {
    return sys_reticle_grow(part, reticle, 64 * 1024);
}

// What is left.
enum status example_reticle_info(uint64_t reticle, uint64_t *available) {
    uint64_t total, objects, tables;
    return sys_reticle_info(reticle, &total, available, &objects, &tables);
}

// Bit 7 when fewer than 32 KiB are left.
enum status example_reticle_watch(uint64_t reticle) {
    return sys_reticle_watch(reticle, 7, 32 * 1024);
}

// Two pages of zeros.
enum status example_memory_carve(uint64_t reticle, uint64_t *memory) {
    return sys_memory_carve(reticle, 2 * PAGE_SIZE, PAGE_SHIFT, 0, memory);
}

// Maps the first page of Memory, writable, into the own address space.
enum status example_memory_map(uint64_t memory, uint64_t *view) {
    return sys_memory_map(HANDLE_NONE, memory, ADDRESS, 0, PAGE_SIZE, MAP_READ | MAP_WRITE, view);
}

// Overwrites a secret that nobody sees any more.
enum status example_memory_wipe(uint64_t memory, uint64_t view) {
    enum status status = sys_handle_drop(view);
    return status == STATUS_OK ? sys_memory_wipe(memory) : status;
}

// Reads the line status register of a 16550.
enum status example_device_port(uint64_t device, uint64_t *value) {
    return sys_device_port(device, 5, 1, 0, value);
}

// Bit 3 when the interrupt comes.
enum status example_irq_watch(uint64_t irq) {
    return sys_irq_watch(irq, 3);
}

// After the device was served: the next interrupt may come.
enum status example_irq_acknowledge(uint64_t irq) {
    return sys_irq_acknowledge(irq);
}

// An empty Task; everything of it is paid by the Reticle.
enum status example_task_carve(uint64_t reticle, uint64_t *task) {
    return sys_task_carve(reticle, task);
}

// The last step of making a Task: lib/vectra/spawn.c does all of them.
enum status example_task_start(uint64_t task, uint64_t bundle, uint64_t thread) {
    return sys_task_start(task, bundle, thread);
}

// Bit 0 when the Task ends or faults.
enum status example_task_watch(uint64_t task) {
    return sys_task_watch(task, 0);
}

// Whether it is over, and with which status.
enum status example_task_info(uint64_t task, bool *ended, uint64_t *exit_status) {
    uint64_t state, threads, nanoseconds;
    enum status status = sys_task_info(task, &state, exit_status, &threads, &nanoseconds);
    *ended = state == TASK_ENDED;
    return status;
}

// Ends it from outside.
enum status example_task_stop(uint64_t task) {
    return sys_task_stop(task, 121);
}

// Ends this Task; the function does not return.
enum status example_task_exit(void) {
    return sys_task_exit(0);
}

// How many capabilities a Task holds: one call for each, and a last NOT_FOUND.
enum status example_task_slot(uint64_t task, uint64_t *held) {
    uint64_t index = 0, description, object, detail;
    for (*held = 0;; ++*held) {
        enum status status = sys_task_slot(task, index, &index, &description, &object, &detail);
        if (status != STATUS_OK) {
            return status == STATUS_NOT_FOUND ? STATUS_OK : status;
        }
        index++;
    }
}

// A second thread of this Task, without floating point.
enum status example_thread_carve(void (*entry)(void), uint64_t stack, uint64_t *thread) {
    return sys_thread_carve(HANDLE_NONE, (uint64_t)entry, stack, 0, 0, 0, thread);
}

// Lets it run.
enum status example_thread_start(uint64_t thread) {
    return sys_thread_start(thread);
}

// Ends the calling thread; the function does not return.
enum status example_thread_exit(void) {
    return sys_thread_exit();
}

// Bit 9 when the thread has ended.
enum status example_thread_watch(uint64_t thread) {
    return sys_thread_watch(thread, 9);
}

// Where a faulted thread stood.
enum status example_thread_registers(uint64_t task, uint64_t thread, uint64_t *pc) {
    struct thread_registers registers;
    enum status status = sys_thread_registers(task, thread, (uint64_t)&registers, 0);
    *pc = status == STATUS_OK ? registers.pc : 0;
    return status;
}

// Whether a Task touched memory that is not there.
enum status example_thread_fault(uint64_t task, bool *memory) {
    uint64_t thread, kind, address, pc;
    enum status status = sys_thread_fault(task, 0, 0, &thread, &kind, &address, &pc);
    *memory = kind == FAULT_READ || kind == FAULT_WRITE;
    return status;
}

// After the cause was repaired: the thread executes its instruction again.
enum status example_thread_control(uint64_t task, uint64_t thread) {
    return sys_thread_control(task, thread, RESUME_CONTINUE);
}

// Stops the thread at the next instruction that writes the word, told by task_watch.
enum status example_thread_watchpoint(uint64_t task, uint64_t thread, uint64_t word) {
    return sys_thread_watchpoint(task, thread, 0, word, sizeof word, WATCH_WRITE);
}

// What stands on the stack of a stopped thread.
enum status example_task_memory(uint64_t task, uint64_t stack, uint64_t *top) {
    return sys_task_memory(task, stack, (uint64_t)top, sizeof *top, 0);
}

// An end of one page: 32 messages and the header.
enum status example_ring_carve(uint64_t reticle, uint64_t *ring) {
    return sys_ring_carve(reticle, 32, ring);
}

// Joins the own end and one that came beside a message.
enum status example_ring_bind(uint64_t ring, uint64_t peer) {
    return sys_ring_bind(ring, peer);
}

// Bit 1 for messages, bit 2 when the peer comes or goes.
enum status example_ring_watch(uint64_t ring) {
    return sys_ring_watch(ring, 1, 2);
}

// Whether somebody is at the other end.
enum status example_ring_info(uint64_t ring, uint64_t *bound) {
    uint64_t generation, slots, peer_slots;
    return sys_ring_info(ring, bound, &generation, &slots, &peer_slots);
}

// Sends a copy that may be read beside message `sequence`.
enum status example_ring_send(uint64_t ring, uint64_t sequence, uint64_t memory) {
    return sys_ring_send(ring, sequence, memory, RIGHT_MEMORY_READ, 0);
}

// Takes it at the other end.
enum status example_ring_take(uint64_t ring, uint64_t sequence, uint64_t *handle) {
    uint64_t description;
    return sys_ring_take(ring, sequence, CLASS_MEMORY, handle, &description);
}

// Tells a peer that sleeps that there is something to read.
enum status example_doorbell(uint64_t ring) {
    return sys_doorbell(ring, 0);
}

// A request was sent: wakes the server and waits for the answer on bit 1.
enum status example_doorbell_wait(uint64_t ring) {
    uint64_t bits;
    return sys_doorbell_wait(ring, 1 << 1, TIME_NEVER, 0, 0, &bits);
}

// Whatever comes first of bit 0 and bit 1.
enum status example_signal_wait(uint64_t *bits) {
    return sys_signal_wait(1 << 0 | 1 << 1, TIME_NEVER, 0, 0, 0, bits);
}

// Sleeps while the word is 2. A caller looks at the word again after any status.
enum status example_futex_wait(const uint32_t *word) {
    return sys_futex_wait((uint64_t)word, 2, TIME_NEVER, 0);
}

// Wakes the one that has slept longest.
enum status example_futex_wake(const uint32_t *word) {
    uint64_t woken;
    return sys_futex_wake((uint64_t)word, 1, &woken);
}

// A thread that gets 2 ms of each 10 ms before all others, on every hart that the source has.
enum status example_budget_carve(uint64_t reticle, uint64_t source, uint64_t *part) {
    return sys_budget_carve(reticle, source, 2000000, 10000000, 0, 0, part);
}

// The calling thread, from now on.
enum status example_budget_bind(uint64_t budget) {
    return sys_budget_bind(budget, 0);
}

// For a new Task.
enum status example_bundle_carve(uint64_t reticle, uint64_t *bundle) {
    return sys_bundle_carve(reticle, bundle);
}

// Gives it a copy of a Ring end under the name "console".
enum status example_bundle_put(uint64_t bundle, uint64_t ring) {
    static const char name[] = "console";
    return sys_bundle_put(bundle, (uint64_t)name, sizeof(name) - 1, ring, RIGHT_RING_USE, 0);
}

// Gives it five bytes under the name "argument".
enum status example_bundle_value(uint64_t bundle) {
    static const char name[] = "argument", text[] = "hello";
    return sys_bundle_value(bundle, (uint64_t)name, sizeof(name) - 1, (uint64_t)text,
                            sizeof(text) - 1);
}

// Turns the machine off; the function returns only if it may not.
enum status example_machine_control(uint64_t machine) {
    return sys_machine_control(machine, MACHINE_POWER_OFF, 0, 0);
}

// 4,096 sources behind bit 5: watches name them as 64 to 4,159.
enum status example_signal_words(uint64_t memory) {
    return sys_signal_words(memory, 5, 64);
}
