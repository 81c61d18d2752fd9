// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Words behind a bit, with syscalls. The page is zero when it is carved: nothing is ready.
#include "lib/vectra/sources.h"

#include "abi/capability.h"
#include "abi/layout.h"
#include "lib/vectra/address.h"
#include "lib/vectra/syscall.h"

enum status sources_open(struct sources *sources, uint64_t reticle, uint32_t bit, uint32_t count) {
    uint64_t address, memory, view;
    uint32_t words = (count + 63) / 64;
    enum status status = address_take(PAGE_SIZE, &address);
    if (status == STATUS_OK) {
        status = sys_memory_carve(reticle, PAGE_SIZE, PAGE_SHIFT, 0, &memory);
    }
    if (status != STATUS_OK) {
        return status;
    }
    status = sys_memory_map(0, memory, address, 0, PAGE_SIZE, MAP_READ | MAP_WRITE, &view);
    if (status == STATUS_OK) {
        status = sys_signal_words(memory, bit, words);
    }
    if (status != STATUS_OK) {
        (void)sys_handle_drop(memory); // its view becomes zeros, and is not used
        return status;
    }
    *sources = (struct sources){
        {(_Atomic uint64_t *)address, words, 0, 0}, UINT64_C(1) << bit, memory, view};
    return STATUS_OK;
}

void sources_close(struct sources *sources) {
    (void)sys_handle_drop(sources->memory);
    (void)sys_handle_drop(sources->view);
    *sources = (struct sources){};
}
