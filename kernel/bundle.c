// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Bundles. See bundle.h.
#include "kernel/bundle.h"

#include "kernel/check.h"
#include "kernel/memory.h"
#include "kernel/reticle.h"
#include "kernel/space.h"
#include "kernel/task.h"
#include "lib/string/string.h"

constexpr uint32_t BUNDLE_PAGES = BUNDLE_SIZE / PAGE_SIZE;
// Values are put at multiples of 8: what has room still has it when its size is rounded up.
static_assert((BUNDLE_SIZE - BUNDLE_VALUES) % 8 == 0);

enum status bundle_carve(struct reticle *reticle, struct bundle **out) {
    uint32_t frame;
    void *cell;
    enum status status = object_carve(reticle, CLASS_BUNDLE, BUNDLE_PAGES, 0, &frame, &cell);
    if (status != STATUS_OK) {
        return status;
    }
    struct bundle *bundle = cell;
    bundle->sealed = false;
    bundle->used = 0;
    status = slot_page(reticle, &bundle->object, 0, &bundle->slots);
    if (status != STATUS_OK) {
        reticle_return(reticle, CHARGE_OBJECT, frame, BUNDLE_PAGES);
        object_discard(&bundle->object);
        return status;
    }
    bundle->page = page_address(frame);
    arch_zero_pages(bundle->page, BUNDLE_PAGES);
    bundle->page->magic = BUNDLE_MAGIC;
    *out = bundle;
    return STATUS_OK;
}

enum status bundle_room(const struct bundle *bundle, const struct bundle_name *name,
                        uint32_t bytes) {
    const struct bundle_page *page = bundle->page;
    for (uint32_t i = 0; i < page->count; i++) {
        if (memcmp(page->entry[i].name, name->text, BUNDLE_NAME) == 0) {
            return STATUS_EXISTS;
        }
    }
    bool fits = page->count < BUNDLE_ENTRIES && bytes <= BUNDLE_SIZE - BUNDLE_VALUES - bundle->used;
    return fits ? STATUS_OK : STATUS_FULL;
}

static struct bundle_entry *entry_add(struct bundle *bundle,
                                      const struct bundle_name *name) REQUIRES_BOOKS {
    check(bundle->page->count < BUNDLE_ENTRIES);
    struct bundle_entry *entry = &bundle->page->entry[bundle->page->count++];
    memcpy(entry->name, name->text, BUNDLE_NAME);
    return entry;
}

void bundle_put(struct bundle *bundle, const struct bundle_name *name, struct task *task,
                struct slot *from, uint32_t rights, bool move) {
    uint32_t index = bundle->page->count;
    struct bundle_entry *entry = entry_add(bundle, name);
    entry->kind = slot_class(from);
    capability_pass(task, from, &bundle->slots[index], rights, move);
}

void bundle_value(struct bundle *bundle, const struct bundle_name *name, const void *value,
                  uint32_t size) {
    struct bundle_entry *entry = entry_add(bundle, name);
    entry->kind = BUNDLE_VALUE;
    entry->size = size;
    entry->word = BUNDLE_VALUES + bundle->used;
    memcpy((uint8_t *)bundle->page + entry->word, value, size);
    bundle->used += (size + 7) & ~UINT32_C(7);
}

uint32_t bundle_capabilities(const struct bundle *bundle) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < bundle->page->count; i++) {
        count += slot_class(&bundle->slots[i]) != CLASS_NONE;
    }
    return count;
}

bool bundle_paid(const struct bundle *bundle, const struct reticle *payer) {
    for (uint32_t i = 0; i < bundle->page->count; i++) {
        const struct slot *slot = &bundle->slots[i];
        if (slot_class(slot) == CLASS_MEMORY && (slot_rights(slot) & RIGHT_MEMORY_WRITE) != 0 &&
            slot->object->reticle != payer) {
            return false;
        }
    }
    return true;
}

void bundle_seal(struct bundle *bundle, struct task *task) {
    bundle->sealed = true;
    for (uint32_t i = 0; i < bundle->page->count; i++) {
        struct slot *from = &bundle->slots[i];
        if (slot_class(from) == CLASS_NONE) {
            continue; // a value, or a capability revoked meanwhile: its handle stays 0
        }
        struct slot *to = table_take(task);
        uint64_t meta = slot_meta(from);
        (void)slot_move(to, from, meta, META_RIGHTS, 0);
        (void)slot_renew(from, meta);
        bundle->page->entry[i].word = table_handle(task, to);
    }
}

enum status bundle_map(struct bundle *bundle, struct task *task) {
    uint64_t *entry;
    for (uint64_t at = 0; at < BUNDLE_SIZE; at += PAGE_SIZE) {
        enum status status = space_entry_make(task, (BUNDLE_ADDRESS + at) >> PAGE_SHIFT, &entry);
        if (status != STATUS_OK) {
            return status;
        }
        if (*entry != 0) {
            return STATUS_BAD_STATE; // the maker mapped something there
        }
    }
    struct slot *view = table_take(task);
    view_begin(view, &bundle->object, &bundle->object.tree, BUNDLE_ADDRESS, 0, MAP_READ,
               SLOT_GUARDED);
    enum status status = STATUS_OK;
    enum step step = view_grow(task, view, BUNDLE_SIZE >> PAGE_SHIFT, &status);
    check(step == STEP_DONE);
    return status;
}

enum step bundle_detach(struct bundle *bundle) {
    for (uint32_t i = 0; i < bundle->page->count; i++) {
        if (slot_class(&bundle->slots[i]) != CLASS_NONE) {
            slot_drop(&bundle->slots[i]);
            return STEP_MORE; // the next one in its own step
        }
    }
    return STEP_DONE;
}

void bundle_free(struct bundle *bundle) {
    struct reticle *reticle = bundle->object.reticle;
    slot_page_return(reticle, bundle->slots);
    reticle_return(reticle, CHARGE_OBJECT, page_frame(bundle->page), BUNDLE_PAGES);
}
