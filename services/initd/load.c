// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// From the boot package to a plan. Every content is hashed before its first
// byte is used.
#include "abi/capability.h"
#include "abi/layout.h"
#include "lib/string/string.h"
#include "lib/vectra/address.h"
#include "lib/vectra/bundle.h"
#include "lib/vectra/syscall.h"
#include "services/initd/initd.h"

// The manifest of initd itself is read by the root Task.
static const char SELF[] = "initd";

static bool has_slot(void *context, const char *slot) {
    (void)context;
    uint64_t handle;
    return bundle_find(slot, CLASS_DEVICE, &handle) == STATUS_OK ||
           bundle_find(slot, CLASS_IRQ, &handle) == STATUS_OK;
}

static bool has_program(void *context, const char *name) {
    const struct initd *initd = context;
    struct package_entry entry;
    return package_find(&initd->package, PACKAGE_PROGRAM, name, &entry) == STATUS_OK;
}

// Maps the package and checks its index.
static enum status open_package(struct initd *initd, struct text_buffer *error) {
    const void *hash, *size_value;
    size_t hash_size = 0, size_size = 0;
    uint64_t size, address, view;
    if (bundle_find_value("package.hash", &hash, &hash_size) != STATUS_OK ||
        bundle_find_value("package.size", &size_value, &size_size) != STATUS_OK ||
        hash_size != PACKAGE_HASH || size_size != sizeof(size)) {
        text_append(error, "the root Task gave no package");
        return STATUS_NOT_FOUND;
    }
    memcpy(&size, size_value, sizeof(size));
    enum status status = address_take(size, &address);
    if (status == STATUS_OK) {
        status = sys_memory_map(0, initd->memory, address, 0,
                                (size + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1), MAP_READ, &view);
    }
    if (status != STATUS_OK) {
        text_append(error, "the boot package cannot be mapped");
        return status;
    }
    status = package_open((const void *)address, size, hash, &initd->package);
    if (status != STATUS_OK) {
        text_append(error, "boot package: ");
        package_describe(&initd->package, error);
    }
    return status;
}

// Hashes an entry; the sentence if it is another than it should be.
static enum status verify(struct initd *initd, const struct package_entry *entry,
                          struct text_buffer *error) {
    enum status status = package_verify(&initd->package, entry);
    if (status != STATUS_OK) {
        text_append(error, "boot package: ");
        package_describe(&initd->package, error);
    }
    return status;
}

// Manifests are read in the order of the package, which is that of their names: so
// the plan, and with it the boot, is the same every time.
static enum status load_manifests(struct initd *initd, struct text_buffer *error) {
    struct package_entry entry;
    for (uint32_t i = 0; package_at(&initd->package, i, &entry) == STATUS_OK; i++) {
        if (entry.kind != PACKAGE_MANIFEST || strcmp(entry.name, SELF) == 0) {
            continue;
        }
        enum status status = verify(initd, &entry, error);
        if (status == STATUS_OK) {
            status =
                plan_add(&initd->plan, entry.name, (const char *)entry.content, entry.size, error);
        }
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

// Hashed once a boot: the package is read only, and nobody but its reader has it.
enum status load_program(struct initd *initd, uint32_t program, struct spawn_image *image,
                         struct text_buffer *error) {
    struct package_entry entry;
    enum status status = package_find(&initd->package, PACKAGE_PROGRAM,
                                      initd->plan.program[program].manifest.program, &entry);
    if (status == STATUS_OK && !initd->programs[program].verified) {
        status = verify(initd, &entry, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    initd->programs[program].verified = true;
    *image = (struct spawn_image){
        .memory = initd->memory,
        .offset = entry.offset,
        .bytes = entry.content,
        .size = entry.size,
    };
    return STATUS_OK;
}

enum status load_symbols(struct initd *initd, uint32_t program, uint64_t *offset, uint64_t *size) {
    struct package_entry entry;
    char sentence[200];
    struct text_buffer error;
    text_start(&error, sentence, sizeof(sentence));
    enum status status = package_find(&initd->package, PACKAGE_SYMBOLS,
                                      initd->plan.program[program].manifest.program, &entry);
    if (status == STATUS_OK && !initd->programs[program].symbols) {
        status = verify(initd, &entry, &error);
        if (status != STATUS_OK) {
            log_line(initd, "%s", sentence);
        }
    }
    if (status == STATUS_OK) {
        initd->programs[program].symbols = true;
        *offset = entry.offset;
        *size = entry.size;
    }
    return status;
}

// Everything that starts at boot is looked through before the first is started.
static enum status check_programs(struct initd *initd, struct text_buffer *error) {
    for (uint32_t i = 0; i < initd->plan.boot_count; i++) {
        struct spawn_image image;
        struct elf_image elf;
        enum status status = load_program(initd, initd->plan.boot[i], &image, error);
        if (status != STATUS_OK) {
            return status;
        }
        status = elf_read(image.bytes, image.size, (enum elf_machine)ARCH_ELF_MACHINE, &elf);
        if (status != STATUS_OK) {
            text_format(
                error, "program '%s': ", initd->plan.program[initd->plan.boot[i]].manifest.program);
            elf_describe(&elf, error);
            return status;
        }
    }
    return STATUS_OK;
}

// Nothing has been started yet, so the first sentence ends it all.
void load_plan(struct initd *initd) {
    char sentence[400];
    struct text_buffer error;
    text_start(&error, sentence, sizeof(sentence));
    uint64_t total = 0, available = 0, objects, tables;
    if (sys_reticle_info(initd->pool, &total, &available, &objects, &tables) != STATUS_OK) {
        boot_fail(initd, "the pool cannot be looked at");
    }
    struct plan_world world = {available / 1024, has_slot, has_program, initd};
    enum status status = open_package(initd, &error);
    if (status == STATUS_OK) {
        status = load_manifests(initd, &error);
    }
    if (status == STATUS_OK) {
        status = plan_finish(&initd->plan, &world, &error);
    }
    if (status == STATUS_OK) {
        status = check_programs(initd, &error);
    }
    if (status != STATUS_OK) {
        boot_fail(initd, sentence);
    }
}
