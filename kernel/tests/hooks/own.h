// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// What the files of this directory share.
#pragma once

#include <stdint.h>

#include "abi/status.h"

uint64_t hook_entries(void); // so far

// edges.c: notes which edges were taken since the last call.
void edges_fold(void);
void edges_count(uint64_t *a);
enum status edges_map(uint64_t index, uint64_t *a);

// grant.c: capabilities that no firmware offers, for the caller's Task.
enum status grant_device(uint64_t topic, uint64_t *a);
enum status grant_raise(void);

// crash.c: does it.
enum status crash(uint64_t way, uint64_t user_address);
