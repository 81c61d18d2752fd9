// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The loader. What the ELF file says was checked by elf_read as a whole before
// anything is carved. No state of its own: the root Task, which has no writable
// data, uses it too.
#include "lib/vectra/spawn.h"

#include "abi/bundle.h"
#include "abi/capability.h"
#include "abi/layout.h"
#include "lib/string/string.h"
#include "lib/vectra/syscall.h"

#include <stddef.h>

// Copies `size` bytes into Memory that nobody else has mapped, piece by piece
// through the scratch window.
static enum status fill(const struct spawn *spawn, uint64_t memory, const uint8_t *bytes,
                        uint64_t size) {
    for (uint64_t done = 0; done < size;) {
        uint64_t piece = size - done < SPAWN_SCRATCH ? size - done : SPAWN_SCRATCH;
        uint64_t pages = (piece + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
        uint64_t view;
        enum status status =
            sys_memory_map(0, memory, spawn->scratch, done, pages, MAP_READ | MAP_WRITE, &view);
        if (status != STATUS_OK) {
            return status;
        }
        memcpy((void *)spawn->scratch, bytes + done, piece);
        status = sys_handle_drop(view);
        if (status != STATUS_OK) {
            return status;
        }
        done += piece;
    }
    return STATUS_OK;
}

// Carves zeroed Memory from the program's Reticle, fills its beginning and gives
// it to the Task, writable. What task_memory takes at once is written there when it
// stands where it belongs: a call in place of a view here that comes and goes.
static enum status give_memory(const struct spawn *spawn, uint64_t address, uint64_t size,
                               const uint8_t *bytes, uint64_t count) {
    constexpr uint64_t SHORT = 256;
    uint64_t memory, view;
    enum status status = sys_memory_carve(spawn->reticle, size, PAGE_SHIFT, 0, &memory);
    if (status == STATUS_OK && count > SHORT) {
        status = fill(spawn, memory, bytes, count);
    }
    if (status == STATUS_OK) {
        status = sys_memory_map(spawn->task, memory, address, 0, size,
                                MAP_READ | MAP_WRITE | MAP_GIVE, &view);
    }
    if (status == STATUS_OK && count != 0 && count <= SHORT) {
        status = sys_task_memory(spawn->task, address, (uint64_t)bytes, count, 1);
    }
    return status;
}

// Text and constants are pages of the package as they are. Behind the end of such a
// segment stands what follows it in the package, which holds no secrets.
static enum status map_segment(const struct spawn *spawn, const struct spawn_image *image,
                               const struct elf_segment *segment) {
    uint64_t size = (segment->memory_size + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
    if (segment->access & ELF_WRITE) {
        return give_memory(spawn, segment->address, size, image->bytes + segment->file_offset,
                           segment->file_size);
    }
    uint64_t flags = segment->access & ELF_EXECUTE ? MAP_READ | MAP_EXECUTE : MAP_READ;
    uint64_t view;
    return sys_memory_map(spawn->task, image->memory, segment->address,
                          image->offset + segment->file_offset, size, flags, &view);
}

static enum status carve(struct spawn *spawn) {
    enum status status = sys_task_carve(spawn->reticle, &spawn->task);
    if (status == STATUS_OK) {
        status = sys_bundle_carve(spawn->reticle, &spawn->bundle);
    }
    return status;
}

// Nothing is undone here: whatever was made hangs in the Reticle that the caller
// drops.
enum status spawn_begin(struct spawn *spawn, const struct spawn_image *image, uint64_t stack_size,
                        uint64_t thread_flags) {
    struct elf_image *elf = &spawn->elf;
    enum status status =
        elf_read(image->bytes, image->size, (enum elf_machine)ARCH_ELF_MACHINE, elf);
    if (status == STATUS_OK) {
        status = carve(spawn);
    }
    for (uint32_t i = 0; i < elf->count && status == STATUS_OK; i++) {
        status = map_segment(spawn, image, &elf->segments[i]);
    }
    if (status == STATUS_OK) {
        status = give_memory(spawn, STACK_TOP - stack_size, stack_size, nullptr, 0);
    }
    if (status == STATUS_OK) {
        // Its TLS base points at its handle: see thread_self.
        status = sys_thread_carve(spawn->task, elf->entry, STACK_TOP, 0,
                                  BUNDLE_ADDRESS + offsetof(struct bundle_page, thread),
                                  thread_flags, &spawn->thread);
    }
    return status;
}

enum status spawn_give(const struct spawn *spawn, const char *name, uint64_t handle,
                       uint64_t rights, bool move) {
    return sys_bundle_put(spawn->bundle, (uint64_t)name, strlen(name), handle, rights, move);
}

enum status spawn_value(const struct spawn *spawn, const char *name, const void *value,
                        size_t size) {
    return sys_bundle_value(spawn->bundle, (uint64_t)name, strlen(name), (uint64_t)value, size);
}

enum status spawn_start(const struct spawn *spawn) {
    return sys_task_start(spawn->task, spawn->bundle, spawn->thread);
}
