// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Address space for mappings made at run time. Windows are handed out in order
// and never given back: whoever needs one again keeps it.
#pragma once

#include <stdint.h>

#include "abi/status.h"

// Below STACK_TOP, what the largest stack of a manifest may take.
constexpr uint64_t ADDRESS_STACK = 1 << 20;

// Takes `bytes` (rounded up to pages) of address space that nothing is mapped
// in; an unmapped page follows. NO_MEMORY when all is handed out.
[[nodiscard]] enum status address_take(uint64_t bytes, uint64_t *address);
