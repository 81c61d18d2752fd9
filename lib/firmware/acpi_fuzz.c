// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Any bytes as the memory that holds PVH's start info and the ACPI tables: the
// answer is a structure that passes the check or a sentence. Checksums would
// keep the fuzzer out, so they are repaired in a copy, unless the last bit of
// the input says no. The mutator begins with a good image.

#include "lib/firmware/acpi_image.h"
#include "lib/firmware/fake.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t limit);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t limit, unsigned seed);

// Sums up whatever looks like a table and lies inside.
static void repair(uint8_t *data, size_t size) {
    static const char names[][5] = {"RSDT", "XSDT", "FACP", "APIC", "DSDT", "SPCR", "HPET"};
    for (size_t at = 0; at + 36 <= size; at++) {
        if (memcmp(data + at, "RSD PTR ", 8) == 0) {
            image_sum(data + at, 20, 8);
            image_sum(data + at, 36, 32);
        }
        uint32_t length = image_get32(data + at + 4);
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
            if (memcmp(data + at, names[i], 4) == 0 && length >= 10 && length <= size - at) {
                image_sum(data + at, length, 9);
            }
        }
    }
}

static void verify(enum status status, const struct boot_info *info,
                   const struct firmware_error *fault) {
    if (strnlen(fault->text, sizeof(fault->text)) == sizeof(fault->text) ||
        (status == STATUS_OK) != (fault->text[0] == '\0') ||
        (status == STATUS_OK && firmware_check(info) != STATUS_OK)) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct boot_info info;
    struct firmware_error fault;
    uint8_t *copy = malloc(size + 1);
    if (copy == nullptr) {
        return 0;
    }
    memcpy(copy, data, size);
    if (size > 0 && (data[size - 1] & 1) == 0) {
        repair(copy, size);
    }
    struct fake fake = {.piece = {{IMAGE_BASE, copy, size}, {0xe0000, copy, size}}};
    struct firmware_memory memory = fake_memory(&fake);
    memset(&info, 0xa5, sizeof(info));
    verify(firmware_pvh(&memory, IMAGE_BASE + IMAGE_START, &info, &fault), &info, &fault);
    memset(&info, 0, sizeof(info));
    info.memory_count = 1; // the caller's part
    info.memory[0] = (struct boot_range){0x100000, 0x7ee0000};
    verify(firmware_acpi(&memory, IMAGE_BASE + IMAGE_RSDP, &info, &fault), &info, &fault);
    fake_free(&fake);
    free(copy);
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t limit, unsigned seed) {
    if (size < 64 && limit >= IMAGE_SIZE) {
        image_write(data);
        image_rsdp(data, seed % 2 == 0 ? 0 : 2);
        if (seed % 3 == 0) { // with a console table in place of the HPET
            image_put(data + IMAGE_RSDT + 44, IMAGE_BASE + IMAGE_SPCR, 4);
        }
        return IMAGE_SIZE;
    }
    return LLVMFuzzerMutate(data, size, limit);
}
