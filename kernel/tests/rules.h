// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The rules of operations.h, checked around one syscall: a picture of all capabilities
// is taken before and compared with what there is after.
#pragma once

#include <stdint.h>

#include "abi/status.h"

struct task;

void rules_before(struct task *task, uint64_t number, const uint64_t a[6]);
// Panics with a sentence if a rule was broken.
void rules_after(enum status status, const uint64_t a[6]);
