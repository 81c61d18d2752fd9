// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// What this program was handed, by name. The Bundle page stands at
// BUNDLE_ADDRESS from the first instruction on and never changes.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "abi/bundle.h"
#include "abi/capability.h"
#include "abi/status.h"

// Finds the capability in a slot. NOT_FOUND: there is no such slot; BAD_CLASS:
// it holds something else. `*handle` is HANDLE_NONE then.
[[nodiscard]] enum status bundle_find(const char *name, enum cap_class class, uint64_t *handle);

// As bundle_find; but without the slot the program cannot work: it says so on
// its output, naming the slot and the class, and ends with status 2.
[[nodiscard]] uint64_t bundle_need(const char *name, enum cap_class class);

// Finds a value: NOT_FOUND, BAD_CLASS as above; otherwise its bytes, in the page.
[[nodiscard]] enum status bundle_find_value(const char *name, const void **value, size_t *size);

// The arguments as text, terminated, at most 1000 bytes; "" if there are none.
// The text is in `buffer`, which has room for 1001 bytes.
constexpr size_t BUNDLE_ARGUMENT = 1000;
const char *bundle_argument(char buffer[static BUNDLE_ARGUMENT + 1]);
