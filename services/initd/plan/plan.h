// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// What initd is going to do, worked out from all manifests before anything is
// started: which programs there are, who serves what, whom to start at boot and in
// which order. Portable and without syscalls, so that it runs on the host.
//
// Every refusal is one sentence that names the manifest and the line.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "abi/status.h"
#include "lib/manifest/manifest.h"
#include "lib/string/text.h"

constexpr uint32_t PLAN_PROGRAMS = 48;
constexpr uint32_t PLAN_NONE = UINT32_MAX;

// Services that initd serves itself, as `server` of a plan_service.
constexpr uint32_t PLAN_INIT = UINT32_MAX - 1;   // service `init`
constexpr uint32_t PLAN_BROKER = UINT32_MAX - 2; // service `broker`
constexpr uint32_t PLAN_DEBUG = UINT32_MAX - 3;  // service `debug`

static inline bool plan_is_own(uint32_t server) {
    return server >= PLAN_DEBUG && server != PLAN_NONE;
}

struct plan_program {
    struct manifest manifest;
    const char *text; // of the manifest; the caller keeps it
    size_t size;
};

struct plan {
    uint32_t count;
    struct plan_program program[PLAN_PROGRAMS];
    uint32_t boot_count;
    uint32_t boot[PLAN_PROGRAMS]; // programs to start at boot, servers first
};

// Who serves a service.
struct plan_service {
    uint32_t server; // index of a program, or one of initd's own
    uint32_t line;   // which of its `serve` lines, from 0
};

// What the machine offers, as far as a manifest may ask for it.
struct plan_world {
    uint64_t memory_kib; // for all programs that start at boot
    // Whether the slot of a device or interrupt, such as "device.console", exists.
    bool (*has_slot)(void *context, const char *slot);
    // Whether there is a program of this name.
    bool (*has_program)(void *context, const char *name);
    void *context;
};

// Adds the manifest of the program `name`. BAD_FORMAT: the sentence is in
// `error`. TOO_LARGE: more programs than a plan holds; a sentence too.
[[nodiscard]] enum status plan_add(struct plan *plan, const char *name, const char *text,
                                   size_t size, struct text_buffer *error);

// Checks all manifests against each other and the world, and makes the order.
// BAD_FORMAT: the sentence is in `error`.
[[nodiscard]] enum status plan_finish(struct plan *plan, const struct plan_world *world,
                                      struct text_buffer *error);

// NOT_FOUND: nobody serves it.
[[nodiscard]] enum status plan_find_service(const struct plan *plan, const char *service,
                                            struct plan_service *out);

// The index of a program, or PLAN_NONE.
[[nodiscard]] uint32_t plan_find_program(const struct plan *plan, const char *name);

// Whether the program may reach the service through namingd.
[[nodiscard]] bool plan_reaches(const struct manifest *manifest, const char *service);

// When to start a program again after it ended by itself or faulted, in
// nanoseconds from then: at once the first time; if it ran for less than 100 ms
// again and again, later each time, up to 1 s. `*crashes` is kept between calls,
// 0 at first. A kill by request does not count: do not call this for it.
[[nodiscard]] uint64_t plan_restart_delay(uint32_t *crashes, uint64_t ran);
