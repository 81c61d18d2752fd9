// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The syscall that the entries of both machines know by its number: abi/syscalls.def.
#pragma once

#define NUMBER_DOORBELL_WAIT 36
