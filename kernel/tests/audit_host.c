// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// What the audit can see only on the host: nothing writes to free memory, and every TLB
// of the fake machine shows what the page tables show. All harts stand still here.
#include <string.h>

#include "kernel/check.h"
#include "kernel/hart.h"
#include "kernel/tests/audit.h"
#include "kernel/tests/world.h"

constexpr uint32_t FRAMES_MOST = 1 << 15;
constexpr uint8_t GARBAGE = 0xdb;

static bool filled[FRAMES_MOST]; // free since an earlier audit, and overwritten

// Overwrites what became free since the last audit, and sees that nobody wrote there
// since, nor can reach it.
static void fill_free(void) {
    check(page_array_count() <= FRAMES_MOST);
    for (uint32_t i = 0; i < page_array_count(); i++) {
        uint32_t frame = page_array_first() + i;
        const struct page *page = page_entry(frame);
        if (page->kind != PAGE_FREE) {
            filled[i] = false;
            continue;
        }
        uint32_t size = UINT32_C(1) << page->order % PAGE_SINGLE;
        for (uint32_t j = i; j < i + size; j++) {
            uint8_t *bytes = page_address(page_array_first() + j);
            // Where it was used in between, the beginning differs too.
            if (filled[j] && bytes[0] == GARBAGE && memcmp(bytes, bytes + 1, 63) == 0) {
                audit(memcmp(bytes, bytes + 1, PAGE_SIZE - 1) == 0);
                continue;
            }
            audit(!host_tlb_reaches((uint64_t)(page_array_first() + j) << PAGE_SHIFT));
            memset(bytes, GARBAGE, PAGE_SIZE);
            filled[j] = true;
        }
        i += size - 1;
    }
}

static void audit_tlb(uint32_t hart) {
    struct phys root = host_space(hart);
    uint64_t number, entry;
    for (uint32_t i = 0; host_tlb_entry(hart, i, &number, &entry); i++) {
        audit(number == 0 || (root.value != 0 && audit_space_entry(root, number) == entry));
    }
}

void world_audit(void) {
    lock_acquire(&books);
    audit_memory();
    fill_free();
    for (uint32_t i = 0; i < harts_online(); i++) {
        audit_tlb(i);
    }
    audit_capabilities();
    audit_threads(true);
    lock_release(&books);
}
