// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// mkpackage OUT.pkg OUT_HASH.c KIND:NAME=FILE ...
//
// Makes a boot package and the C file with its root hash. The same files make
// the same bytes, in whatever order they are named: entries are sorted, and all
// that is between them is 0. Whatever initd would refuse at boot is refused here
// already: each manifest is parsed, each program read, each manifest must name a
// program of the package and the other way round. The result is then opened and
// verified as the root Task will do it. Outputs appear whole or not at all.
#include "lib/blake3/blake3.h"
#include "lib/elf/elf.h"
#include "lib/manifest/manifest.h"
#include "lib/package/package.h"
#include "lib/string/text.h"
#include "lib/symbols/symbols.h"

#include <err.h>
#include <errno.h>
#include <limits.h>
#include <stdckdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct item {
    enum package_kind kind;
    char name[PACKAGE_NAME];
    const char *path;
    uint8_t *content;
    size_t size;
    uint64_t offset; // in the archive
};

struct archive {
    uint8_t *bytes;
    size_t size;
    uint8_t root[BLAKE3_HASH];
};

static const char *const kind_names[] = {[PACKAGE_PROGRAM] = "program",
                                         [PACKAGE_MANIFEST] = "manifest",
                                         [PACKAGE_DATA] = "data",
                                         [PACKAGE_SYMBOLS] = "symbols"};

static void *allocate(size_t size) {
    void *memory = calloc(1, size == 0 ? 1 : size);
    if (memory == nullptr) {
        errx(1, "no memory for %zu bytes", size);
    }
    return memory;
}

static enum package_kind parse_kind(const char *argument, size_t length) {
    for (uint32_t kind = PACKAGE_PROGRAM; kind <= PACKAGE_SYMBOLS; kind++) {
        const char *name = kind_names[kind];
        if (strlen(name) == length && memcmp(name, argument, length) == 0) {
            return kind;
        }
    }
    errx(1, "'%s': unknown kind '%.*s': want program, manifest, data or symbols", argument,
         (int)length, argument);
}

// Takes KIND:NAME=FILE apart.
static struct item parse_item(const char *argument) {
    const char *colon = strchr(argument, ':');
    const char *equals = colon == nullptr ? nullptr : strchr(colon, '=');
    if (equals == nullptr || equals[1] == '\0') {
        errx(1, "'%s': want KIND:NAME=FILE", argument);
    }
    struct item item = {.kind = parse_kind(argument, (size_t)(colon - argument)),
                        .path = equals + 1};
    size_t length = (size_t)(equals - colon - 1);
    size_t good = strspn(colon + 1, "abcdefghijklmnopqrstuvwxyz0123456789._-");
    if (length == 0 || length >= PACKAGE_NAME || good != length) {
        errx(1, "'%s': '%.*s' is not a name: want 1 to %zu of a-z 0-9 . _ -", argument, (int)length,
             colon + 1, PACKAGE_NAME - 1);
    }
    memcpy(item.name, colon + 1, length);
    return item;
}

static void read_content(struct item *item) {
    FILE *file = fopen(item->path, "rb");
    if (file == nullptr) {
        errx(1, "%s: %s", item->path, strerror(errno));
    }
    if (fseek(file, 0, SEEK_END) != 0) {
        errx(1, "%s: %s", item->path, strerror(errno));
    }
    long size = ftell(file);
    if (size < 0 || size == LONG_MAX) {
        errx(1, "%s: not a file whose size can be told", item->path);
    }
    if (fseek(file, 0, SEEK_SET) != 0) {
        errx(1, "%s: %s", item->path, strerror(errno));
    }
    item->size = (size_t)size;
    item->content = allocate(item->size);
    if (fread(item->content, 1, item->size, file) != item->size) {
        errx(1, "%s: %s", item->path, ferror(file) ? strerror(errno) : "became shorter");
    }
    fclose(file);
}

// All programs must be for one machine, which the first one says.
static void check_program(const struct item *item, enum elf_machine *machine) {
    struct elf_image image;
    if (elf_read(item->content, item->size, *machine, &image) != STATUS_OK) {
        char memory[300];
        struct text_buffer text;
        text_start(&text, memory, sizeof memory);
        elf_describe(&image, &text);
        errx(1, "%s: %s", item->path, memory);
    }
    *machine = image.machine;
}

static void check_manifest(const struct item *item) {
    char memory[1000];
    struct text_buffer text;
    text_start(&text, memory, sizeof memory);
    struct manifest manifest;
    const char *content = (const char *)item->content;
    if (manifest_parse(content, item->size, item->path, &manifest, &text) != STATUS_OK) {
        errx(1, "%s", memory);
    }
    if (strcmp(manifest.program, item->name) != 0) {
        errx(1, "%s: it is for program '%s': want '%s', as the entry is named", item->path,
             manifest.program, item->name);
    }
}

static void check_symbols(const struct item *item) {
    struct symbols symbols;
    if (symbols_open(item->content, item->size, &symbols) != STATUS_OK) {
        char memory[300];
        struct text_buffer text;
        text_start(&text, memory, sizeof memory);
        symbols_describe(&symbols, &text);
        errx(1, "%s: %s", item->path, memory);
    }
}

static int compare_items(const void *left, const void *right) {
    const struct item *l = left, *r = right;
    if (l->kind != r->kind) {
        return l->kind < r->kind ? -1 : 1;
    }
    return strcmp(l->name, r->name);
}

static const struct item *find_item(const struct item *items, size_t count, enum package_kind kind,
                                    const char *name) {
    struct item wanted = {.kind = kind};
    strcpy(wanted.name, name);
    return bsearch(&wanted, items, count, sizeof *items, compare_items);
}

// Checks the sorted items against each other.
static void check_pairs(const struct item *items, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const struct item *item = &items[i];
        if (i > 0 && compare_items(item - 1, item) == 0) {
            errx(1, "%s '%s' is named twice: %s and %s", kind_names[item->kind], item->name,
                 item[-1].path, item->path);
        }
        if (item->kind == PACKAGE_DATA) {
            continue;
        }
        // A program needs a manifest; the other kinds need the program.
        enum package_kind other =
            item->kind == PACKAGE_PROGRAM ? PACKAGE_MANIFEST : PACKAGE_PROGRAM;
        if (find_item(items, count, other, item->name) == nullptr) {
            errx(1, "%s '%s' (%s) has no %s: want %s:%s=FILE as well", kind_names[item->kind],
                 item->name, item->path, kind_names[other], kind_names[other], item->name);
        }
    }
}

static uint64_t index_size(size_t count) {
    return sizeof(struct package_header) + count * sizeof(struct package_record);
}

// Gives each content its place and returns the size of the archive.
static size_t place(struct item *items, size_t count) {
    uint64_t end = index_size(count);
    for (size_t i = 0; i < count; i++) {
        items[i].offset = (end + PACKAGE_ALIGN - 1) / PACKAGE_ALIGN * PACKAGE_ALIGN;
        if (ckd_add(&end, items[i].offset, items[i].size) || end > INT64_MAX) {
            errx(1, "%s: the package would be too large", items[i].path);
        }
    }
    return (end + PACKAGE_ALIGN - 1) / PACKAGE_ALIGN * PACKAGE_ALIGN;
}

static struct archive build(struct item *items, size_t count) {
    struct archive archive = {.size = place(items, count)};
    archive.bytes = allocate(archive.size);
    struct package_header header = {.version = PACKAGE_VERSION,
                                    .count = (uint32_t)count,
                                    .size = archive.size,
                                    .index_size = index_size(count)};
    memcpy(header.magic, PACKAGE_MAGIC, sizeof header.magic);
    memcpy(archive.bytes, &header, sizeof header);
    for (size_t i = 0; i < count; i++) {
        const struct item *item = &items[i];
        struct package_record record = {
            .offset = item->offset, .size = item->size, .kind = item->kind};
        memcpy(record.name, item->name, sizeof record.name);
        blake3_hash(item->content, item->size, record.hash);
        memcpy(archive.bytes + index_size(i), &record, sizeof record);
        memcpy(archive.bytes + item->offset, item->content, item->size);
    }
    blake3_hash(archive.bytes, header.index_size, archive.root);
    return archive;
}

// Reads the archive as the root Task will. Only a mistake in here can fail it.
static void check_archive(const struct archive *archive) {
    struct package package;
    struct package_entry entry;
    enum status status = package_open(archive->bytes, archive->size, archive->root, &package);
    for (uint32_t i = 0; status == STATUS_OK && i < package.count; i++) {
        status = package_at(&package, i, &entry);
        if (status == STATUS_OK) {
            status = package_verify(&package, &entry);
        }
    }
    if (status != STATUS_OK) {
        char memory[300];
        struct text_buffer text;
        text_start(&text, memory, sizeof memory);
        package_describe(&package, &text);
        errx(1, "the package it made is bad: %s", memory);
    }
}

// Writes a file under another name and then gives it its own.
static void write_file(const char *path, const void *bytes, size_t size) {
    char *other = allocate(strlen(path) + sizeof ".new");
    strcat(strcpy(other, path), ".new");
    FILE *file = fopen(other, "wb");
    if (file == nullptr) {
        errx(1, "%s: %s", other, strerror(errno));
    }
    bool good = fwrite(bytes, 1, size, file) == size;
    good = fclose(file) == 0 && good;
    if (!good || rename(other, path) != 0) {
        int reason = errno;
        remove(other);
        errx(1, "%s: %s", path, strerror(reason));
    }
    free(other);
}

static void write_hash(const char *path, const uint8_t root[BLAKE3_HASH]) {
    char memory[1000];
    struct text_buffer text;
    text_start(&text, memory, sizeof memory);
    text_append(&text, "// SPDX-License-Identifier: BSD-3-Clause\n"
                       "// SPDX-FileCopyrightText: The VectraOS contributors\n"
                       "//\n"
                       "// The root hash of the boot package that this image trusts, written by\n"
                       "// mkpackage. It covers the index, which holds the hash of each content.\n"
                       "\n"
                       "extern const unsigned char package_root_hash[32];\n"
                       "const unsigned char package_root_hash[32] = {");
    for (size_t i = 0; i < BLAKE3_HASH; i++) {
        text_format(&text, "%s0x%02x,", i % 8 == 0 ? "\n    " : " ", root[i]);
    }
    text_append(&text, "\n};\n");
    write_file(path, text.data, text.length);
}

int main(int argc, char **argv) {
    if (argc < 4) {
        fputs("usage: mkpackage OUT.pkg OUT_HASH.c KIND:NAME=FILE ...\n"
              "KIND is program, manifest, data or symbols.\n",
              stderr);
        return 2;
    }
    size_t count = (size_t)argc - 3;
    if (count > PACKAGE_ENTRIES) {
        errx(1, "%zu entries: want at most %u", count, PACKAGE_ENTRIES);
    }
    struct item *items = allocate(count * sizeof *items);
    enum elf_machine machine = ELF_ANY;
    for (size_t i = 0; i < count; i++) {
        items[i] = parse_item(argv[3 + i]);
        read_content(&items[i]);
        if (items[i].kind == PACKAGE_PROGRAM) {
            check_program(&items[i], &machine);
        } else if (items[i].kind == PACKAGE_MANIFEST) {
            check_manifest(&items[i]);
        } else if (items[i].kind == PACKAGE_SYMBOLS) {
            check_symbols(&items[i]);
        }
    }
    qsort(items, count, sizeof *items, compare_items);
    check_pairs(items, count);
    struct archive archive = build(items, count);
    check_archive(&archive);
    write_file(argv[1], archive.bytes, archive.size);
    write_hash(argv[2], archive.root);
    for (size_t i = 0; i < count; i++) {
        free(items[i].content);
    }
    free(archive.bytes);
    free(items);
    return 0;
}
