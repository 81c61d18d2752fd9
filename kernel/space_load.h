// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The address space that a hart has loaded.
#pragma once

#include "kernel/hart.h"
#include "kernel/task.h"

// Whether the hart has the address space of the Task, as it is now.
static inline bool space_loaded(const struct hart *hart, const struct task *task) {
    return hart->space.value == task->root.value &&
           hart->space_version == atomic_load_explicit(&task->space_version, memory_order_acquire);
}

static inline void space_leave(struct hart *hart) {
    if (hart->space.value != 0) {
        arch_space_leave();
        hart->space = (struct phys){0};
    }
}

static inline void space_load(struct hart *hart, const struct task *task) {
    if (!space_loaded(hart, task)) {
        // Before the switch: the next version, if it comes meanwhile, is loaded again.
        hart->space_version = atomic_load_explicit(&task->space_version, memory_order_acquire);
        hart->space = task->root;
        arch_space_switch(hart->space);
    }
}
