// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The time, in nanoseconds since the kernel was entered; the clock of every
// deadline. Read from the time page when the Bundle has a slot "time" (it was
// mapped before program_main), by a syscall otherwise.
#pragma once

#include <stdint.h>

constexpr uint64_t MILLISECOND = 1000 * 1000;
constexpr uint64_t SECOND = 1000 * MILLISECOND;

[[nodiscard]] uint64_t time_now(void);

// Sleeps; no signal bit is touched.
void time_sleep_until(uint64_t deadline);
