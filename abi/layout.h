// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Where things stand in every Task's address space, and the sizes that both
// sides of the system call boundary agree on.
#pragma once

#include <stdint.h>

constexpr uint64_t ABI_VERSION = 1;
constexpr uint64_t PAGE_SIZE = 4096;
constexpr uint32_t PAGE_SHIFT = 12;

// User addresses are [USER_BASE, USER_TOP); page 0 and its neighbours are never
// mapped, so that a null pointer with an offset faults.
constexpr uint64_t USER_BASE = 0x8000;
constexpr uint64_t USER_TOP = UINT64_C(1) << 44;

constexpr uint64_t BUNDLE_ADDRESS = 0x8000; // read only, mapped by task_start
constexpr uint64_t BUNDLE_SIZE = 0x2000;
constexpr uint64_t TIME_ADDRESS = 0xb000;   // where the runtime maps slot "time"
constexpr uint64_t PROGRAM_BASE = 0x400000; // where programs are linked
constexpr uint64_t STACK_TOP = 0x1f0000;    // first thread; grows down, guard below

constexpr uint64_t TIME_NEVER = UINT64_MAX; // a deadline that does not come
