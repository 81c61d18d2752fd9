// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Looking things up in the Bundle. The page was written by the kernel and is
// read only, so what stands in it is true.
#include "lib/vectra/bundle.h"

#include "lib/string/string.h"

static const struct bundle_entry *find(const char *name) {
    const struct bundle_page *page = (const struct bundle_page *)BUNDLE_ADDRESS;
    for (uint32_t i = 0; i < page->count; i++) {
        if (strncmp(page->entry[i].name, name, BUNDLE_NAME) == 0) {
            return &page->entry[i];
        }
    }
    return nullptr;
}

// The page is the kernel's word, but the class is what the caller relies on.
enum status bundle_find(const char *name, enum cap_class class, uint64_t *handle) {
    *handle = HANDLE_NONE;
    const struct bundle_entry *entry = find(name);
    if (entry == nullptr) {
        return STATUS_NOT_FOUND;
    }
    if (entry->kind != class) {
        return STATUS_BAD_CLASS;
    }
    *handle = entry->word;
    return STATUS_OK;
}

enum status bundle_find_value(const char *name, const void **value, size_t *size) {
    const struct bundle_entry *entry = find(name);
    if (entry == nullptr) {
        return STATUS_NOT_FOUND;
    }
    if (entry->kind != BUNDLE_VALUE) {
        return STATUS_BAD_CLASS;
    }
    *value = (const void *)(BUNDLE_ADDRESS + entry->word);
    *size = entry->size;
    return STATUS_OK;
}

const char *bundle_argument(char buffer[static BUNDLE_ARGUMENT + 1]) {
    const void *value;
    size_t size = 0;
    if (bundle_find_value("argument", &value, &size) == STATUS_OK) {
        size = size < BUNDLE_ARGUMENT ? size : BUNDLE_ARGUMENT;
        memcpy(buffer, value, size);
    }
    buffer[size] = '\0';
    return buffer;
}
