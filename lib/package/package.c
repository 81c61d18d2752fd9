// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The reader of boot packages. Every number of the archive is checked before it
// is used as a size or an offset: the header first, since it says how much the
// root hash covers; then that hash; then each record in turn. The records are
// checked although the hash matched, because a right hash says who made the
// archive, not that it was made well.
#include "lib/package/package.h"

#include "lib/blake3/blake3.h"
#include "lib/string/string.h"

#include <stdckdint.h>

static_assert(PACKAGE_HASH == BLAKE3_HASH);

static const char *const sentences[] = {
#define DEFECT(name, sentence) sentence,
    PACKAGE_DEFECTS(DEFECT)
#undef DEFECT
};

static enum status refuse(struct package *package, enum package_defect defect, uint32_t entry,
                          uint64_t value, uint64_t wanted) {
    bool hash = defect == PACKAGE_DEFECT_INDEX_HASH || defect == PACKAGE_DEFECT_CONTENT_HASH;
    package->fault =
        (struct package_fault){.defect = defect, .entry = entry, .value = value, .wanted = wanted};
    return hash ? STATUS_BAD_HASH : STATUS_BAD_FORMAT;
}

static enum status refuse_archive(struct package *package, enum package_defect defect,
                                  uint64_t value, uint64_t wanted) {
    return refuse(package, defect, PACKAGE_NO_ENTRY, value, wanted);
}

static const uint8_t *record_bytes(const struct package *package, uint32_t number) {
    return package->data + sizeof(struct package_header) +
           (size_t)number * sizeof(struct package_record);
}

// The position of the first byte that is not 0, or `size`.
static size_t find_nonzero(const uint8_t *bytes, size_t size) {
    // All are 0 when the first is and each equals the one before it.
    if (size == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0)) {
        return size;
    }
    size_t at = 0;
    while (bytes[at] == 0) {
        at++;
    }
    return at;
}

static enum status check_header(struct package *package, const struct package_header *header,
                                size_t size) {
    uint64_t index_size = sizeof *header + (uint64_t)header->count * sizeof(struct package_record);
    size_t reserved = find_nonzero(header->reserved, sizeof header->reserved);
    if (memcmp(header->magic, PACKAGE_MAGIC, sizeof header->magic) != 0) {
        return refuse_archive(package, PACKAGE_DEFECT_MAGIC, 0, 0);
    }
    if (header->version != PACKAGE_VERSION) {
        return refuse_archive(package, PACKAGE_DEFECT_VERSION, header->version, PACKAGE_VERSION);
    }
    if (header->count == 0 || header->count > PACKAGE_ENTRIES) {
        return refuse_archive(package, PACKAGE_DEFECT_COUNT, header->count, PACKAGE_ENTRIES);
    }
    if (header->size % PACKAGE_ALIGN != 0) {
        return refuse_archive(package, PACKAGE_DEFECT_SIZE_UNALIGNED, header->size, PACKAGE_ALIGN);
    }
    if (header->size > size) {
        return refuse_archive(package, PACKAGE_DEFECT_SIZE_RANGE, header->size, size);
    }
    if (header->index_size != index_size) {
        return refuse_archive(package, PACKAGE_DEFECT_INDEX_SIZE, header->index_size, index_size);
    }
    if (index_size > header->size) {
        return refuse_archive(package, PACKAGE_DEFECT_INDEX_RANGE, index_size, header->size);
    }
    if (reserved < sizeof header->reserved) {
        return refuse_archive(package, PACKAGE_DEFECT_RESERVED,
                              offsetof(struct package_header, reserved) + reserved, 0);
    }
    return STATUS_OK;
}

static bool name_byte_allowed(char byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '.' ||
           byte == '_' || byte == '-';
}

static enum status check_name(struct package *package, uint32_t number, const char *name) {
    size_t length = strnlen(name, PACKAGE_NAME);
    if (length == 0) {
        return refuse(package, PACKAGE_DEFECT_NAME_EMPTY, number, 0, 0);
    }
    if (length == PACKAGE_NAME) {
        return refuse(package, PACKAGE_DEFECT_NAME_LONG, number, PACKAGE_NAME, 0);
    }
    for (size_t i = 0; i < length; i++) {
        if (!name_byte_allowed(name[i])) {
            return refuse(package, PACKAGE_DEFECT_NAME_BYTE, number, i, (uint8_t)name[i]);
        }
    }
    size_t padding = find_nonzero((const uint8_t *)name + length, PACKAGE_NAME - length);
    if (padding < PACKAGE_NAME - length) {
        return refuse(package, PACKAGE_DEFECT_NAME_PADDING, number, length + padding, 0);
    }
    return STATUS_OK;
}

// Checks where the content of a record lies; `*free` is where the one before it
// ended, and is moved on.
static enum status check_content(struct package *package, uint32_t number,
                                 const struct package_record *record, uint64_t *free) {
    uint64_t end;
    if (record->offset % PACKAGE_ALIGN != 0) {
        return refuse(package, PACKAGE_DEFECT_OFFSET_UNALIGNED, number, record->offset,
                      PACKAGE_ALIGN);
    }
    if (record->offset < *free) {
        return refuse(package, PACKAGE_DEFECT_OVERLAP, number, record->offset, *free);
    }
    if (ckd_add(&end, record->offset, record->size)) {
        end = UINT64_MAX;
    }
    if (end > package->size) {
        return refuse(package, PACKAGE_DEFECT_RANGE, number, end, package->size);
    }
    *free = end;
    return STATUS_OK;
}

// Checks what a record says by itself; its place among the others is not.
static enum status check_record(struct package *package, uint32_t number,
                                const struct package_record *record) {
    size_t end = find_nonzero(record->reserved_end, sizeof record->reserved_end);
    if (record->kind < PACKAGE_PROGRAM || record->kind > PACKAGE_SYMBOLS) {
        return refuse(package, PACKAGE_DEFECT_KIND, number, record->kind, PACKAGE_SYMBOLS);
    }
    if (record->reserved != 0) {
        return refuse(package, PACKAGE_DEFECT_RESERVED, number,
                      offsetof(struct package_record, reserved), 0);
    }
    if (end < sizeof record->reserved_end) {
        return refuse(package, PACKAGE_DEFECT_RESERVED, number,
                      offsetof(struct package_record, reserved_end) + end, 0);
    }
    return check_name(package, number, record->name);
}

// Whether a record of (kind, name) comes before, at or after `record`.
static int compare(uint32_t kind, const char *name, const struct package_record *record) {
    if (kind != record->kind) {
        return kind < record->kind ? -1 : 1;
    }
    return strncmp(name, record->name, PACKAGE_NAME);
}

static enum status check_index(struct package *package, uint32_t count, uint64_t index_size) {
    uint64_t free = index_size;
    struct package_record before = {};
    for (uint32_t i = 0; i < count; i++) {
        struct package_record record;
        memcpy(&record, record_bytes(package, i), sizeof record);
        enum status status = check_record(package, i, &record);
        if (status == STATUS_OK && compare(record.kind, record.name, &before) <= 0) {
            status = refuse(package, PACKAGE_DEFECT_ORDER, i, 0, 0);
        }
        if (status == STATUS_OK) {
            status = check_content(package, i, &record, &free);
        }
        if (status != STATUS_OK) {
            return status;
        }
        before = record;
    }
    return STATUS_OK;
}

// Nothing may hide between the index and the first content.
static enum status check_index_padding(struct package *package, uint64_t index_size) {
    struct package_record first;
    memcpy(&first, record_bytes(package, 0), sizeof first);
    size_t gap = first.offset - index_size;
    size_t at = find_nonzero(package->data + index_size, gap);
    if (at < gap) {
        return refuse_archive(package, PACKAGE_DEFECT_INDEX_PADDING, index_size + at, 0);
    }
    return STATUS_OK;
}

enum status package_open(const void *data, size_t size, const uint8_t root_hash[PACKAGE_HASH],
                         struct package *out) {
    *out = (struct package){.data = data, .fault = {.entry = PACKAGE_NO_ENTRY}};
    struct package_header header;
    if (size < sizeof header) {
        return refuse_archive(out, PACKAGE_DEFECT_SHORT, size, sizeof header);
    }
    memcpy(&header, data, sizeof header);
    enum status status = check_header(out, &header, size);
    if (status != STATUS_OK) {
        return status;
    }
    uint8_t hash[BLAKE3_HASH];
    blake3_hash(data, header.index_size, hash);
    if (memcmp(hash, root_hash, sizeof hash) != 0) {
        return refuse_archive(out, PACKAGE_DEFECT_INDEX_HASH, 0, 0);
    }
    out->size = header.size;
    status = check_index(out, header.count, header.index_size);
    if (status == STATUS_OK) {
        status = check_index_padding(out, header.index_size);
    }
    out->count = status == STATUS_OK ? header.count : 0;
    return status;
}

enum status package_at(const struct package *package, uint32_t number, struct package_entry *out) {
    if (number >= package->count) {
        return STATUS_NOT_FOUND;
    }
    const uint8_t *bytes = record_bytes(package, number);
    struct package_record record;
    memcpy(&record, bytes, sizeof record);
    *out = (struct package_entry){
        .kind = record.kind,
        .number = number,
        .name = (const char *)bytes + offsetof(struct package_record, name),
        .content = package->data + record.offset,
        .offset = record.offset,
        .size = record.size,
        .hash = bytes + offsetof(struct package_record, hash),
    };
    return STATUS_OK;
}

enum status package_find(const struct package *package, enum package_kind kind, const char *name,
                         struct package_entry *out) {
    uint32_t low = 0, high = package->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        struct package_record record;
        memcpy(&record, record_bytes(package, middle), sizeof record);
        int order = compare(kind, name, &record);
        if (order == 0) {
            return package_at(package, middle, out);
        }
        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return STATUS_NOT_FOUND;
}

enum status package_verify(struct package *package, const struct package_entry *entry) {
    uint8_t hash[BLAKE3_HASH];
    blake3_hash(entry->content, entry->size, hash);
    if (memcmp(hash, entry->hash, sizeof hash) != 0) {
        return refuse(package, PACKAGE_DEFECT_CONTENT_HASH, entry->number, 0, 0);
    }
    struct package_entry next;
    enum status status = package_at(package, entry->number + 1, &next);
    uint64_t end = entry->offset + entry->size;
    size_t gap = (status == STATUS_OK ? next.offset : package->size) - end;
    size_t at = find_nonzero(package->data + end, gap);
    if (at < gap) {
        return refuse(package, PACKAGE_DEFECT_PADDING, entry->number, end + at, 0);
    }
    return STATUS_OK;
}

// The name may be the defect, so only its harmless bytes are shown.
static void append_name(const struct package *package, uint32_t number, struct text_buffer *out) {
    const char *name = (const char *)record_bytes(package, number);
    name += offsetof(struct package_record, name);
    for (size_t i = 0; i < PACKAGE_NAME && name[i] != '\0'; i++) {
        text_append_char(out, name_byte_allowed(name[i]) ? name[i] : '?');
    }
}

void package_describe(const struct package *package, struct text_buffer *out) {
    const struct package_fault *fault = &package->fault;
    if (fault->entry != PACKAGE_NO_ENTRY) {
        text_format(out, "entry %u '", fault->entry);
        append_name(package, fault->entry, out);
        text_append(out, "': ");
    }
    text_format(out, sentences[fault->defect], fault->value, fault->wanted);
}
