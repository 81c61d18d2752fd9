// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The outcome of the running test, between check.c and main.c.
#pragma once

#include "tests/ktest/ktest.h"

void outcome_reset(void);
// Why it failed; "" if it did not.
const char *outcome_reason(void);
