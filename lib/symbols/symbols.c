// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The reader of symbol tables. The header is copied and its sizes are made to agree
// with the bytes that there are; then each record and its name is checked once, so
// that the searches need no checks of their own.
#include "lib/symbols/symbols.h"

#include "lib/string/string.h"

static const char *const sentences[] = {
#define DEFECT(name, sentence) sentence,
    SYMBOLS_DEFECTS(DEFECT)
#undef DEFECT
};

static enum status refuse(struct symbols *symbols, enum symbols_defect defect, uint64_t value,
                          uint64_t other) {
    *symbols = (struct symbols){.defect = defect, .value = value, .other = other};
    return STATUS_BAD_FORMAT;
}

static enum status check_header(struct symbols *symbols, const struct symbols_header *header,
                                size_t size) {
    // Both counts are bounded before they are multiplied and added.
    uint64_t want = sizeof *header + header->count * (uint64_t)sizeof(struct symbols_record) +
                    header->names_size;
    if (memcmp(header->magic, SYMBOLS_MAGIC, sizeof header->magic) != 0) {
        return refuse(symbols, SYMBOLS_DEFECT_MAGIC, 0, 0);
    }
    if (header->version != SYMBOLS_VERSION) {
        return refuse(symbols, SYMBOLS_DEFECT_VERSION, header->version, SYMBOLS_VERSION);
    }
    if (header->count > SYMBOLS_COUNT) {
        return refuse(symbols, SYMBOLS_DEFECT_COUNT, header->count, SYMBOLS_COUNT);
    }
    if (header->names_size > SYMBOLS_NAMES) {
        return refuse(symbols, SYMBOLS_DEFECT_NAMES, header->names_size, SYMBOLS_NAMES);
    }
    if (size != want) {
        return refuse(symbols, SYMBOLS_DEFECT_SIZE, size, want);
    }
    if (header->reserved != 0) {
        return refuse(symbols, SYMBOLS_DEFECT_RESERVED, header->reserved, 0);
    }
    if (header->base >= SYMBOLS_END) {
        return refuse(symbols, SYMBOLS_DEFECT_BASE, header->base, SYMBOLS_END);
    }
    return STATUS_OK;
}

static struct symbols_record record_at(const struct symbols *symbols, uint32_t number) {
    struct symbols_record record;
    memcpy(&record, symbols->records + number * sizeof record, sizeof record);
    return record;
}

// A name is shown on a terminal, so it holds nothing that a terminal obeys.
static enum status check_name(struct symbols *symbols, uint32_t number, const char *name,
                              size_t room) {
    size_t most = room < SYMBOLS_NAME ? room : SYMBOLS_NAME;
    size_t length = strnlen(name, most);
    if (length == most) {
        return refuse(symbols, SYMBOLS_DEFECT_NAME_LONG, number, SYMBOLS_NAME);
    }
    if (length == 0) {
        return refuse(symbols, SYMBOLS_DEFECT_NAME_EMPTY, number, 0);
    }
    for (size_t i = 0; i < length; i++) {
        uint8_t byte = (uint8_t)name[i];
        if (byte <= ' ' || byte > '~') {
            return refuse(symbols, SYMBOLS_DEFECT_NAME_BYTE, number, byte);
        }
    }
    return STATUS_OK;
}

static enum status check_record(struct symbols *symbols, uint32_t number, uint32_t names_size) {
    struct symbols_record record = record_at(symbols, number);
    // The base is below 2^44 and the others are 32 bits: no overflow.
    uint64_t end = symbols->base + record.offset + record.size;
    if (record.kind != SYMBOLS_CODE && record.kind != SYMBOLS_DATA) {
        return refuse(symbols, SYMBOLS_DEFECT_KIND, number, SYMBOLS_DATA);
    }
    if (number > 0 && record.offset < record_at(symbols, number - 1).offset) {
        return refuse(symbols, SYMBOLS_DEFECT_ORDER, number, record.offset);
    }
    if (end > SYMBOLS_END) {
        return refuse(symbols, SYMBOLS_DEFECT_RANGE, number, end);
    }
    if (record.name >= names_size) {
        return refuse(symbols, SYMBOLS_DEFECT_NAME_RANGE, number, record.name);
    }
    return check_name(symbols, number, symbols->names + record.name, names_size - record.name);
}

enum status symbols_open(const void *data, size_t size, struct symbols *out) {
    struct symbols_header header;
    if (size < sizeof header) {
        return refuse(out, SYMBOLS_DEFECT_SHORT, size, sizeof header);
    }
    memcpy(&header, data, sizeof header);
    enum status status = check_header(out, &header, size);
    if (status != STATUS_OK) {
        return status;
    }
    const uint8_t *records = (const uint8_t *)data + sizeof header;
    *out = (struct symbols){
        .records = records,
        .names = (const char *)records + header.count * sizeof(struct symbols_record),
        .base = header.base,
    };
    for (uint32_t i = 0; i < header.count; i++) {
        status = check_record(out, i, header.names_size);
        if (status != STATUS_OK) {
            return status;
        }
    }
    out->count = header.count;
    return STATUS_OK;
}

static struct symbol symbol_of(const struct symbols *symbols, uint32_t number) {
    struct symbols_record record = record_at(symbols, number);
    uint64_t size = record.size;
    if (size == 0 && number + 1 < symbols->count) {
        size = record_at(symbols, number + 1).offset - record.offset;
    }
    return (struct symbol){
        .name = symbols->names + record.name,
        .address = symbols->base + record.offset,
        .size = size == 0 ? 1 : size,
        .kind = record.kind,
    };
}

enum status symbols_number(const struct symbols *symbols, uint32_t number, struct symbol *out) {
    if (number >= symbols->count) {
        return STATUS_NOT_FOUND;
    }
    *out = symbol_of(symbols, number);
    return STATUS_OK;
}

enum status symbols_at(const struct symbols *symbols, uint64_t address, struct symbol *out) {
    // The number of symbols that begin at the address or below it.
    uint32_t low = 0, high = symbols->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (symbols->base + record_at(symbols, middle).offset <= address) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == 0) {
        return STATUS_NOT_FOUND;
    }
    *out = symbol_of(symbols, low - 1);
    return address - out->address < out->size ? STATUS_OK : STATUS_NOT_FOUND;
}

enum status symbols_find(const struct symbols *symbols, const char *name, struct symbol *out) {
    for (uint32_t i = 0; i < symbols->count; i++) {
        if (strcmp(symbols->names + record_at(symbols, i).name, name) == 0) {
            *out = symbol_of(symbols, i);
            return STATUS_OK;
        }
    }
    return STATUS_NOT_FOUND;
}

void symbols_describe(const struct symbols *symbols, struct text_buffer *out) {
    text_format(out, sentences[symbols->defect], symbols->value, symbols->other);
}
