// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// mksymbols PROGRAM.elf OUT
//
// Makes the symbol table (lib/symbols) of a linked program: its functions and
// variables, without the linker's and the assembler's helpers. The same file makes
// the same bytes. The input comes from our own linker, but every offset in it is
// looked at all the same. The result is opened as the debugger will do it.
#include "lib/symbols/symbols.h"

#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct file_header {
    uint8_t identity[16];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, program_headers, section_headers;
    uint32_t flags;
    uint16_t header_size, program_header_size, program_header_count;
    uint16_t section_header_size, section_header_count, section_names;
};

struct section {
    uint32_t name, type;
    uint64_t flags, address, offset, size;
    uint32_t link, info;
    uint64_t alignment, entry_size;
};

struct entry {
    uint32_t name;
    uint8_t info, other;
    uint16_t section;
    uint64_t value, size;
};

static_assert(sizeof(struct file_header) == 64 && sizeof(struct section) == 64 &&
              sizeof(struct entry) == 24);

enum { SECTION_SYMBOLS = 2, SECTION_EXECUTABLE = 4, SECTION_ALLOCATED = 2 };

// A symbol that was chosen.
struct choice {
    uint64_t address, size;
    const char *name;
    enum symbols_kind kind;
};

struct program {
    const char *path;
    uint8_t *bytes;
    size_t size;
    struct section *sections;
    uint32_t section_count;
    struct choice *choices;
    size_t count;
};

static void *allocate(size_t count, size_t size) {
    void *memory = calloc(count == 0 ? 1 : count, size);
    if (memory == nullptr) {
        errx(1, "no memory for %zu times %zu bytes", count, size);
    }
    return memory;
}

static void read_file(struct program *program) {
    FILE *file = fopen(program->path, "rb");
    if (file == nullptr || fseek(file, 0, SEEK_END) != 0) {
        errx(1, "%s: %s", program->path, strerror(errno));
    }
    long size = ftell(file);
    if (fseek(file, 0, SEEK_SET) != 0) {
        errx(1, "%s: %s", program->path, strerror(errno));
    }
    if (size < (long)sizeof(struct file_header)) {
        errx(1, "%s: it is too short for an ELF file", program->path);
    }
    program->size = (size_t)size;
    program->bytes = allocate(program->size, 1);
    if (fread(program->bytes, 1, program->size, file) != program->size) {
        errx(1, "%s: it cannot be read", program->path);
    }
    fclose(file);
}

// The bytes of the file from `offset` on, of which there are `size`.
static const uint8_t *bytes_at(const struct program *program, uint64_t offset, uint64_t size) {
    if (offset > program->size || size > program->size - offset) {
        errx(1, "%s: a table lies beyond its end", program->path);
    }
    return program->bytes + offset;
}

static void read_sections(struct program *program) {
    struct file_header header;
    memcpy(&header, program->bytes, sizeof header);
    if (memcmp(header.identity,
               "\x7f"
               "ELF\2\1",
               6) != 0 ||
        header.section_header_size != sizeof(struct section)) {
        errx(1, "%s: it is no ELF file of 64 bits with sections", program->path);
    }
    uint64_t size = (uint64_t)header.section_header_count * sizeof(struct section);
    program->section_count = header.section_header_count;
    program->sections = allocate(program->section_count, sizeof(struct section));
    memcpy(program->sections, bytes_at(program, header.section_headers, size), size);
}

// Code of functions and labels of the assembler; data that has a size.
static bool choose(const struct program *program, const struct entry *entry, const char *name,
                   struct choice *choice) {
    if (entry->section == 0 || entry->section >= program->section_count || name[0] == '\0' ||
        name[0] == '$' || name[0] == '.') {
        return false;
    }
    const struct section *section = &program->sections[entry->section];
    bool code = (section->flags & SECTION_EXECUTABLE) != 0;
    if ((section->flags & SECTION_ALLOCATED) == 0 || (!code && entry->size == 0)) {
        return false;
    }
    *choice = (struct choice){entry->value, entry->size, name, code ? SYMBOLS_CODE : SYMBOLS_DATA};
    return true;
}

static void read_symbols(struct program *program, const struct section *table) {
    if (table->link >= program->section_count) {
        errx(1, "%s: its symbols have no names", program->path);
    }
    const struct section *strings = &program->sections[table->link];
    const char *names = (const char *)bytes_at(program, strings->offset, strings->size);
    const uint8_t *entries = bytes_at(program, table->offset, table->size);
    size_t count = table->size / sizeof(struct entry);
    if (strings->size == 0 || names[strings->size - 1] != '\0') {
        errx(1, "%s: the names of its symbols have no end", program->path);
    }
    program->choices = allocate(count, sizeof(struct choice));
    for (size_t i = 0; i < count; i++) {
        struct entry entry;
        memcpy(&entry, entries + i * sizeof entry, sizeof entry);
        if (entry.name >= strings->size) {
            errx(1, "%s: symbol %zu has no name", program->path, i);
        }
        program->count +=
            choose(program, &entry, names + entry.name, &program->choices[program->count]);
    }
}

static int compare(const void *left, const void *right) {
    const struct choice *l = left, *r = right;
    if (l->address != r->address) {
        return l->address < r->address ? -1 : 1;
    }
    return strcmp(l->name, r->name);
}

static size_t name_size(const char *name) {
    return strnlen(name, SYMBOLS_NAME - 1) + 1;
}

// Writes the table of the sorted choices; its size.
static size_t build(const struct program *program, uint8_t *bytes) {
    struct symbols_header header = {.version = SYMBOLS_VERSION, .count = (uint32_t)program->count};
    memcpy(header.magic, SYMBOLS_MAGIC, sizeof header.magic);
    header.base = program->count > 0 ? program->choices[0].address : 0;
    size_t at = sizeof header;
    for (size_t i = 0; i < program->count; i++) {
        const struct choice *choice = &program->choices[i];
        uint64_t offset = choice->address - header.base;
        if (offset > UINT32_MAX || choice->size > UINT32_MAX) {
            errx(1, "%s: %s is farther than 4 GiB from the first symbol", program->path,
                 choice->name);
        }
        struct symbols_record record = {(uint32_t)offset, (uint32_t)choice->size, header.names_size,
                                        choice->kind};
        memcpy(bytes + at, &record, sizeof record);
        at += sizeof record;
        header.names_size += (uint32_t)name_size(choice->name);
    }
    for (size_t i = 0; i < program->count; i++) {
        size_t size = name_size(program->choices[i].name);
        memcpy(bytes + at, program->choices[i].name, size - 1);
        at += size;
    }
    memcpy(bytes, &header, sizeof header);
    return at;
}

static void write_table(const char *path, const uint8_t *bytes, size_t size) {
    struct symbols symbols;
    if (symbols_open(bytes, size, &symbols) != STATUS_OK) {
        char memory[200];
        struct text_buffer text;
        text_start(&text, memory, sizeof memory);
        symbols_describe(&symbols, &text);
        errx(1, "the table it made is bad: %s", memory);
    }
    FILE *file = fopen(path, "wb");
    bool good = file != nullptr && fwrite(bytes, 1, size, file) == size;
    if (!good || fclose(file) != 0) {
        errx(1, "%s: %s", path, strerror(errno));
    }
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fputs("usage: mksymbols PROGRAM.elf OUT\n", stderr);
        return 2;
    }
    struct program program = {.path = argv[1]};
    read_file(&program);
    read_sections(&program);
    for (uint32_t i = 0; i < program.section_count && program.choices == nullptr; i++) {
        if (program.sections[i].type == SECTION_SYMBOLS) {
            read_symbols(&program, &program.sections[i]);
        }
    }
    if (program.count == 0 || program.count > SYMBOLS_COUNT) {
        errx(1, "%s: %zu symbols: want 1 to %u", program.path, program.count, SYMBOLS_COUNT);
    }
    qsort(program.choices, program.count, sizeof *program.choices, compare);
    size_t room = sizeof(struct symbols_header) +
                  program.count * (sizeof(struct symbols_record) + SYMBOLS_NAME);
    uint8_t *bytes = allocate(room, 1);
    write_table(argv[2], bytes, build(&program, bytes));
    free(bytes);
    free(program.choices);
    free(program.sections);
    free(program.bytes);
    return 0;
}
