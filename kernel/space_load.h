// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The address space that a hart has loaded.
#pragma once

#include "kernel/hart.h"
#include "kernel/task.h"

static inline bool space_is(const struct hart *hart, struct phys root, uint64_t version) {
    return hart->space.value == root.value && hart->space_version == version;
}

// Whether the hart has the address space of the Task, as it is now.
static inline bool space_loaded(const struct hart *hart, const struct task *task) {
    return space_is(hart, task->root,
                    atomic_load_explicit(&task->space_version, memory_order_acquire));
}

static inline void space_leave(struct hart *hart) {
    if (hart->space.value != 0) {
        arch_space_leave();
        hart->space = (struct phys){0};
    }
}

static inline void space_load(struct hart *hart, const struct task *task) {
    // Read before the switch: the next version, if it comes meanwhile, is loaded again.
    uint64_t version = atomic_load_explicit(&task->space_version, memory_order_acquire);
    struct phys root = task->root;
    if (!space_is(hart, root, version)) {
        hart->space = root;
        hart->space_version = version;
        arch_space_switch(root);
    }
}
