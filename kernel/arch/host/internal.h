// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// What the files of the fake machine know of each other.
#pragma once

#include "kernel/arch/host/host.h"

// Ends the process with a sentence: the test or the kernel broke a rule of the machine.
void host_check(bool condition, const char *sentence);
// The hart that runs never goes on.
[[noreturn]] void host_stop(void);
bool host_on_hart(void);
void host_line_pending(uint32_t line);
void host_memory_make(const struct host_options *options);
const struct boot_info *host_boot_info(void);
