// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Does nothing for ever. Under two names: `rest` takes a place, `hostile-client` has a
// connection besides.
#include "abi/capability.h"
#include "abi/layout.h"
#include "lib/vectra/program.h"
#include "lib/vectra/syscall.h"

uint32_t program_main(void) {
    for (;;) {
        uint64_t bits;
        (void)sys_signal_wait(1, TIME_NEVER, 0, 0, 0, &bits);
    }
}
