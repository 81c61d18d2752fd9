// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// A small world on the fake machine for the kernel's tests: it boots, makes Tasks the
// way a program would, lets their threads make syscalls, and audits the kernel's books.
#pragma once

#include "kernel/arch/host/host.h"
#include "kernel/bundle.h"
#include "kernel/memory.h"
#include "kernel/object.h"
#include "kernel/reticle.h"
#include "kernel/ring.h"
#include "kernel/task.h"
#include "kernel/thread.h"

enum syscall_number : uint64_t {
#define SYSCALL(number, name, switches, entry, arguments, results, rights, errors, sentence) \
    SYS_##name = number,
#include "abi/syscalls.def"
#undef SYSCALL
    SYS_COUNT
};

// What `call` answers when the thread waits for something that has not happened.
constexpr enum status WORLD_BLOCKED = (enum status)0x7fff0000;

// The registers of a syscall: arguments going in; status and results coming out.
struct words {
    uint64_t a[6];
};

void world_boot(uint64_t memory, uint32_t harts);
void world_boot_as(const struct host_options *options);
extern struct thread *world_root; // the root's thread

// A capability of the root's Bundle, by name.
uint64_t world_named(const char *name);

// Brings a runnable thread to user mode on its hart; false if it is not runnable.
bool world_run(struct thread *thread);
// Makes a syscall on that thread and lets the machine come to rest. The words hold the
// results. WORLD_BLOCKED: it waits.
enum status world_call(struct thread *thread, uint64_t number, struct words *words);
// Whether the syscall of a thread has returned; then its words.
bool world_returned(const struct thread *thread, struct words *words);
// The same for arguments in line; the first result goes to *result if that is wanted.
#define CALL(thread, result, name, ...) \
    world_call_list(thread, SYS_##name, result, (uint64_t[6]){__VA_ARGS__})
enum status world_call_list(struct thread *thread, uint64_t number, uint64_t *result,
                            const uint64_t a[6]);

// For what happens between two entries of a syscall, in a world of one hart: the test
// gives the hart to one thread after the other. `world_begin` makes one entry and says
// whether the syscall is to be continued; `world_finish` makes the others.
void world_turn(struct thread *thread);
bool world_begin(struct thread *thread, uint64_t number, const uint64_t a[6]);
enum status world_finish(struct thread *thread);
enum status world_whole(struct thread *thread, uint64_t number, const uint64_t a[6]);
#define BEGIN(thread, name, ...) world_begin(thread, SYS_##name, (uint64_t[6]){__VA_ARGS__})
#define WHOLE(thread, name, ...) world_whole(thread, SYS_##name, (uint64_t[6]){__VA_ARGS__})

// A running Task of its own Reticle, with a Memory of `WORLD_DATA_PAGES` pages mapped
// writable at WORLD_DATA, and the named capabilities of the root copied into it.
constexpr uint64_t WORLD_DATA = 0x1000000;
constexpr uint64_t WORLD_DATA_PAGES = 2;
struct world_task {
    uint64_t reticle, handle; // of the root
    struct task *task;
    struct thread *thread;
};
struct world_grant {
    const char *name;
    uint64_t handle, rights;
    bool move;
};
enum status world_task_make(struct world_task *out, uint64_t bytes,
                            const struct world_grant *grants, uint32_t count);
// One more thread of a Task, carved and started by its first one, and its handle there.
struct thread *world_thread_more(const struct world_task *task, uint64_t *handle);
// The thread behind a handle of that Task.
struct thread *world_thread_of(const struct world_task *task, uint64_t handle);
// Two Ring ends of the root, bound to each other.
void world_pair(uint64_t reticle, uint64_t slots, uint64_t *a, uint64_t *b);
// The root's handle table gets pages that it keeps.
void world_table_grow(void);
// The capability of that name in a started Task's Bundle page.
uint64_t world_granted(const struct world_task *task, const char *name);

// Compares everything the kernel knows with everything else it knows, and with memory
// and TLBs; panics with a sentence at the first difference. Free pages are overwritten
// with garbage, so that nothing can rely on what stood there. Only while no hart stands
// still inside the kernel.
void world_audit(void);

// The books of the first Reticle and the shape of its free lists, to compare later.
struct world_shape {
    uint64_t total, available, objects, tables;
    uint32_t free_blocks[PAGE_ORDERS];
};
struct world_shape world_shape(void);
bool world_shape_equal(const struct world_shape *a, const struct world_shape *b);
