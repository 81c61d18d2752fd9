// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Starting a program from an ELF file inside of a Memory object: the loader as a
// library, for the root Task, initd and tests. Text and constants are mapped
// from that Memory, shared and never copied; data and stack are carved from the
// program's own Reticle, filled through a mapping here, and given away.
//
// Order: spawn_begin, then fill the Bundle, then spawn_start. Whatever fails, the
// caller drops the Reticle, and nothing is left.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "abi/status.h"
#include "lib/elf/elf.h"

// What the loader takes.
struct spawn_image {
    uint64_t memory;      // Memory that holds the file: READ and EXECUTE
    uint64_t offset;      // of the file in it, whole pages
    const uint8_t *bytes; // the file, mapped readable here
    size_t size;
};

struct spawn {
    uint64_t reticle; // the caller's: owner of everything below
    uint64_t scratch; // the caller's: SPAWN_SCRATCH bytes of free address space here
    uint64_t task;    // owner, from task_carve
    uint64_t bundle;
    uint64_t thread;
    struct elf_image elf; // after BAD_FORMAT: for elf_describe
};
constexpr uint64_t SPAWN_SCRATCH = 64 * 1024;

// Carves Task, Bundle and first thread from the Reticle and maps the image and a
// stack of `stack_size` bytes (whole pages). `thread_flags`: enum thread_flag.
// `reticle` and `scratch` are set. BAD_FORMAT: the ELF lies; otherwise statuses
// of the syscalls.
[[nodiscard]] enum status spawn_begin(struct spawn *spawn, const struct spawn_image *image,
                                      uint64_t stack_size, uint64_t thread_flags);

// Puts a capability, with the rights named, or bytes into the Bundle under a name;
// `move` gives the capability itself away rather than a copy. Statuses of bundle_put and
// bundle_value.
[[nodiscard]] enum status spawn_give(const struct spawn *spawn, const char *name, uint64_t handle,
                                     uint64_t rights, bool move);
[[nodiscard]] enum status spawn_value(const struct spawn *spawn, const char *name,
                                      const void *value, size_t size);

// Starts it: from here on nobody can fill the Task any more.
[[nodiscard]] enum status spawn_start(const struct spawn *spawn);
