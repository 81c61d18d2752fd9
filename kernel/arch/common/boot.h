// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// What the first C code of both machines does alike, between the firmware's tables and
// kernel_main.
#pragma once

#include "kernel/arch/common/paging.h"
#include "lib/firmware/firmware.h"

extern struct boot_info boot; // complete before kernel_main, and never changes after

// The compiler's name. Who sets it has no canary of its own. Hidden: it is reached directly, not
// through a table of addresses, which would not be mapped when it is first needed.
[[gnu::visibility("hidden")]] extern uint64_t __stack_chk_guard;
uint64_t boot_random(void); // hardware random if there is, else the counter
// From the machine. False: there is none, or none at the moment.
bool random_word(uint64_t *word);

// Panics with the firmware's sentence unless the status is OK.
void boot_need(enum status status, const struct firmware_error *error);
// Maps the memory below `limit`, after the image, and takes what the kernel uses of it out of
// what is free. `self` is the id of this hart.
void boot_memory(uint64_t limit, uint64_t self);
