// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Reading the clock.
#include "lib/vectra/time.h"

#include "abi/layout.h"
#include "abi/time.h"
#include "lib/vectra/bundle.h"
#include "lib/vectra/syscall.h"

constexpr uint64_t TOPIC_TIME = 1; // of system_info

uint64_t time_now(void) {
    uint64_t memory, now, word;
    if (bundle_find("time", CLASS_MEMORY, &memory) == STATUS_OK) {
        const struct time_page *page = (const struct time_page *)TIME_ADDRESS;
        unsigned __int128 ticks = arch_counter() - page->base;
        return (uint64_t)(ticks * page->multiplier >> page->shift);
    }
    return sys_system_info(TOPIC_TIME, &now, &word, &word, &word) == STATUS_OK ? now : 0;
}

void time_sleep_until(uint64_t deadline) {
    uint64_t bits;
    (void)sys_signal_wait(0, deadline, 0, 0, 0, &bits);
}
