// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The program that the row task_spawn starts: the runtime, and nothing to do.
#include "lib/vectra/program.h"

uint32_t program_main(void) {
    return PROGRAM_OK;
}
