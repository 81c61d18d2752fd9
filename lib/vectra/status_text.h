// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The sentence for a status, from the one list.
#pragma once

#include "abi/status.h"

// Never nullptr; a number that is no status has a sentence too.
[[nodiscard]] const char *status_text(uint32_t status);
