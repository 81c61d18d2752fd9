// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// What every syscall's function looks like: the calling thread, the object that argument 0
// names where abi/syscalls.def says QUICK or HELD, and the argument registers. Results are
// written to a[1]..a[4], only on success; the status goes to a[0] at one place, in syscall.c.
// Checks come first; below the point of no return, which each function marks where it is
// not plain, nothing can be refused any more.
#pragma once

#include "kernel/task.h"
#include "kernel/thread.h"

// The registers of the calling thread are not all in its frame while the function runs, only
// the arguments are: what looks at the others, or changes them, comes on the way out.

// Beyond the statuses that a program sees.
constexpr enum status STATUS_BLOCKED = (enum status)0x10000; // the waker writes the result
constexpr enum status STATUS_RESTART = (enum status)0x10001; // the same syscall again

#define SYSCALL(number, name, switches, entry, arguments, results, rights, errors, sentence) \
    [[nodiscard]] enum status sys_##name(struct thread *self, void *object, uint64_t *a) entry;
#define FREE
#define QUICK(class, rights)
#define BOOKS REQUIRES_BOOKS
#define HELD(class, rights) REQUIRES_BOOKS
#define NEAR(class, rights) REQUIRES_BOOKS
#include "abi/syscalls.def"
#undef NEAR
#undef HELD
#undef BOOKS
#undef QUICK
#undef FREE
#undef SYSCALL

// Helpers of more than one file.

// Copies a name of `length` bytes (1..31, [a-z0-9._-]) from user memory.
struct bundle_name;
[[nodiscard]] enum status copy_name(uint64_t from, uint64_t length, struct bundle_name *out);
[[nodiscard]] enum status copy_from_user(void *to, uint64_t from, uint64_t size);
[[nodiscard]] enum status copy_to_user(uint64_t to, void *from, uint64_t size);
// Fills a reserved slot with the owner capability of a new object; returns its handle.
uint64_t grant_owner(struct task *task, struct object *object, uint32_t rights) REQUIRES_BOOKS;
// A Task by handle with that right. Where that is FILL or MAP, 0 is the caller's own; FILL
// serves before the start only, and stands for MAP until then.
[[nodiscard]] enum status task_of(struct thread *self, uint64_t handle, uint32_t right,
                                  struct task **out) REQUIRES_BOOKS;
// Whether a word names a signal bit (0..63), one of the thread's words (64 + i), or is ~0:
// its low half is WATCH_NONE then.
bool bit_named(const struct thread *self, uint64_t word);
// Binds a watch to the bit of the calling thread that a word names.
[[nodiscard]] enum status watch_named(struct thread *self, uint64_t word,
                                      struct watch *watch) REQUIRES_BOOKS;
