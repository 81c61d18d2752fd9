// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Archives from a fuzzer: a good one of as many entries as the first byte says,
// spoiled by patches, or the bytes as they come. The root hash is made to match,
// so that the rules of the index are what is tested. What is accepted must obey
// them all, checked here once more and in another way.
#include "lib/package/package.h"

#include "lib/blake3/blake3.h"
#include "lib/string/patch.h"

#include <stdlib.h>
#include <string.h>

static void require(bool condition) {
    if (!condition) {
        abort();
    }
}

static void check_description(const struct package *package) {
    char memory[256];
    struct text_buffer text;
    text_start(&text, memory, sizeof memory);
    package_describe(package, &text);
    require(!text.cut && text.length > 0);
    for (size_t i = 0; i < text.length; i++) {
        require(memory[i] >= ' ' && memory[i] <= '~');
    }
}

static void check_entry(struct package *package, uint32_t number, struct package_entry *entry) {
    struct package_entry found;
    require(package_at(package, number, entry) == STATUS_OK);
    require(package_find(package, entry->kind, entry->name, &found) == STATUS_OK);
    require(found.number == number && found.content == entry->content);
    size_t length = strlen(entry->name);
    require(length > 0 && length < PACKAGE_NAME);
    require(strspn(entry->name, "abcdefghijklmnopqrstuvwxyz0123456789._-") == length);
    require(entry->offset % PACKAGE_ALIGN == 0 && entry->offset <= package->size);
    require(entry->size <= package->size - entry->offset);
    enum status status = package_verify(package, entry);
    uint8_t hash[BLAKE3_HASH];
    blake3_hash(entry->content, entry->size, hash);
    require((memcmp(hash, entry->hash, sizeof hash) != 0) == (status == STATUS_BAD_HASH));
    if (status != STATUS_OK) {
        check_description(package);
    }
}

static void check_package(struct package *package) {
    struct package_entry entry, before;
    require(package->count >= 1 && package->count <= PACKAGE_ENTRIES);
    for (uint32_t i = 0; i < package->count; i++) {
        check_entry(package, i, &entry);
        if (i > 0) {
            require(entry.kind >= before.kind && entry.offset >= before.offset + before.size);
            require(entry.kind > before.kind || strcmp(entry.name, before.name) > 0);
        } else {
            require(entry.offset >= 64 + 128ull * package->count);
        }
        before = entry;
    }
    require(package_at(package, package->count, &entry) == STATUS_NOT_FOUND);
    require(package_find(package, PACKAGE_MANIFEST, "A", &entry) == STATUS_NOT_FOUND);
}

// Makes an archive of `count` entries with a page each, of kinds in order.
static void make_archive(uint8_t *bytes, uint32_t count) {
    struct package_header header = {.version = PACKAGE_VERSION,
                                    .count = count,
                                    .size = (count + 1) * PACKAGE_ALIGN,
                                    .index_size =
                                        sizeof header + count * sizeof(struct package_record)};
    memcpy(header.magic, PACKAGE_MAGIC, sizeof header.magic);
    memcpy(bytes, &header, sizeof header);
    for (uint32_t i = 0; i < count; i++) {
        struct package_record record = {.offset = (i + 1) * PACKAGE_ALIGN,
                                        .size = i * 600,
                                        .kind = 1 + i * 4 / count,
                                        .name = {'n', (char)('0' + i)}};
        memset(bytes + record.offset, 'a', record.size);
        blake3_hash(bytes + record.offset, record.size, record.hash);
        memcpy(bytes + sizeof header + i * sizeof record, &record, sizeof record);
    }
}

static void check_bytes(const uint8_t *bytes, size_t total) {
    struct package_header header;
    uint8_t root[BLAKE3_HASH] = {};
    if (total >= sizeof header) {
        memcpy(&header, bytes, sizeof header);
        blake3_hash(bytes, header.index_size <= total ? header.index_size : total, root);
    }
    struct package package;
    enum status status = package_open(bytes, total, root, &package);
    if (status == STATUS_OK) {
        check_package(&package);
        root[0] ^= 1;
        require(package_open(bytes, total, root, &package) == STATUS_BAD_HASH);
    } else {
        require(status == STATUS_BAD_FORMAT && package.count == 0);
    }
    check_description(&package);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size) {
    uint32_t count = size == 0 ? 0 : input[0] % 8;
    if (count == 0) {
        // As it comes, in memory of just this size.
        check_bytes(input, size);
        return 0;
    }
    size_t total = (count + 1) * PACKAGE_ALIGN;
    uint8_t *bytes = calloc(1, total);
    make_archive(bytes, count);
    patch_file(bytes, total, sizeof(struct package_header) + count * sizeof(struct package_record),
               input + 1, size - 1);
    check_bytes(bytes, total);
    free(bytes);
    return 0;
}
