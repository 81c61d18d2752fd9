// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Manifests from a fuzzer, as they come and with bytes that stand for words. What is accepted must
// keep all limits, and must be the same again after it is written out as text and parsed; what is
// refused must come with a sentence that begins with file and line.
#include "lib/manifest/manifest.h"

#include "lib/string/string.h"

#include <stdlib.h>

static void require(bool condition) {
    if (!condition) {
        abort();
    }
}

static void check_name(const char *name) {
    size_t length = strnlen(name, MANIFEST_NAME);
    require(length > 0 && length < MANIFEST_NAME);
    require(strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-") == length);
    for (size_t i = length; i < MANIFEST_NAME; i++) {
        require(name[i] == '\0');
    }
}

static void check_lists(const struct manifest *manifest) {
    require(manifest->grant_count <= MANIFEST_GRANTS);
    require(manifest->serve_count <= MANIFEST_SERVES);
    require(manifest->connect_count <= MANIFEST_CONNECTS);
    require(manifest->reach_count <= MANIFEST_REACHES);
    const char *slots[MANIFEST_GRANTS + MANIFEST_CONNECTS];
    size_t count = 0;
    for (uint32_t i = 0; i < manifest->grant_count; i++) {
        slots[count++] = manifest->grants[i].slot;
        require(manifest->grants[i].kib <= manifest->memory_kib);
    }
    for (uint32_t i = 0; i < manifest->connect_count; i++) {
        slots[count++] = manifest->connects[i].slot;
        check_name(manifest->connects[i].service);
    }
    for (size_t i = 0; i < count; i++) {
        check_name(slots[i]);
        require(strcmp(slots[i], "serve") != 0 && strcmp(slots[i], "argument") != 0);
        for (size_t j = 0; j < i; j++) {
            require(strcmp(slots[i], slots[j]) != 0);
        }
    }
    for (uint32_t i = 0; i < manifest->serve_count; i++) {
        check_name(manifest->serves[i].service);
        require(manifest->serves[i].clients - 1 < MANIFEST_CLIENTS_MOST);
    }
}

static void write_lists(const struct manifest *manifest, struct text_buffer *out) {
    static const char *const grants[] = {"time", "machine", "package", "reticle", "device", "irq"};
    for (uint32_t i = 0; i < manifest->grant_count; i++) {
        const struct manifest_grant *grant = &manifest->grants[i];
        text_format(out, "grant %s %s", grants[grant->kind], grant->name);
        if (grant->kind == MANIFEST_RETICLE) {
            text_append_unsigned(out, grant->kib);
        }
        text_append_char(out, '\n');
    }
    for (uint32_t i = 0; i < manifest->serve_count; i++) {
        text_format(out, "serve %s %u\n", manifest->serves[i].service, manifest->serves[i].clients);
    }
    for (uint32_t i = 0; i < manifest->connect_count; i++) {
        text_format(out, "connect %s %s\n", manifest->connects[i].slot,
                    manifest->connects[i].service);
    }
    for (uint32_t i = 0; i < manifest->reach_count; i++) {
        text_format(out, "reach %s\n", manifest->reaches[i].service);
    }
}

static void write_manifest(const struct manifest *manifest, struct text_buffer *out) {
    text_format(out, "program %s\nmemory %u\nstack %u\nstart %s\nrestart %s\n", manifest->program,
                manifest->memory_kib, manifest->stack_kib,
                manifest->start == MANIFEST_BOOT ? "boot" : "request",
                manifest->restart == MANIFEST_ALWAYS ? "always" : "never");
    if (manifest->floating_point) {
        text_append(out, "float\n");
    }
    if (manifest->code) {
        text_append(out, "code\n");
    }
    if (manifest->argument[0] != '\0') {
        text_format(out, "argument %s\n", manifest->argument);
    }
    write_lists(manifest, out);
    require(!out->cut);
}

static void check_manifest(const struct manifest *manifest) {
    check_name(manifest->program);
    require(manifest->memory_kib >= MANIFEST_MEMORY_LEAST);
    require(manifest->memory_kib <= MANIFEST_MEMORY_MOST && manifest->memory_kib % 4 == 0);
    require(manifest->stack_kib >= MANIFEST_STACK_LEAST && manifest->stack_kib % 4 == 0);
    require(manifest->stack_kib <= manifest->memory_kib);
    require(manifest->stack_kib <= MANIFEST_STACK_MOST);
    require(strnlen(manifest->argument, MANIFEST_ARGUMENT) < MANIFEST_ARGUMENT);
    check_lists(manifest);
    char text[8192], message[400];
    struct text_buffer out, error;
    text_start(&out, text, sizeof text);
    text_start(&error, message, sizeof message);
    write_manifest(manifest, &out);
    struct manifest again;
    memset(&again, 0, sizeof again);
    require(manifest_parse(text, out.length, "again", &again, &error) == STATUS_OK);
    require(memcmp(manifest, &again, sizeof again) == 0);
}

// What the bytes from 0x80 on stand for, so that a fuzzer need not spell the
// words of the language. The first makes the least manifest there can be.
static const char *const tokens[] = {
    "program a\nmemory 4096\n",
    "program ",
    "memory ",
    "start ",
    "boot",
    "request",
    "restart ",
    "never",
    "always",
    "stack ",
    "float",
    "code",
    "grant ",
    "time",
    "machine",
    "package",
    "reticle ",
    "device ",
    "irq ",
    "serve ",
    "connect ",
    "reach ",
    "argument",
    "\n",
    " ",
    "64",
    "4",
    "in",
    "out",
    "device.",
    "irq.",
    "\n#",
    "console",
};
constexpr size_t TOKENS = sizeof tokens / sizeof tokens[0];
constexpr size_t TEXT_SIZE = MANIFEST_SIZE + 100;

// Writes the text that the input stands for, as far as it fits.
static void expand(const uint8_t *input, size_t size, struct text_buffer *out) {
    for (size_t i = 0; i < size && out->length < TEXT_SIZE - 50; i++) {
        if (input[i] < 0x80) {
            text_append_char(out, (char)input[i]);
        } else {
            text_append(out, tokens[input[i] % TOKENS]);
        }
    }
}

static void check_text(const char *text, size_t size) {
    char message[400];
    struct text_buffer error;
    text_start(&error, message, sizeof message);
    struct manifest manifest;
    memset(&manifest, 0, sizeof manifest);
    enum status status = manifest_parse(text, size, "file", &manifest, &error);
    require(!error.cut);
    if (status == STATUS_OK) {
        require(error.length == 0);
        check_manifest(&manifest);
        return;
    }
    require(status == STATUS_BAD_FORMAT && strncmp(message, "file:", 5) == 0);
    size_t digits = strspn(message + 5, "0123456789");
    require(digits > 0 && strncmp(message + 5 + digits, ": ", 2) == 0);
    for (size_t i = 0; i < error.length; i++) {
        require(message[i] >= ' ' && message[i] <= '~');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size) {
    check_text((const char *)input, size);
    static char memory[TEXT_SIZE];
    struct text_buffer text;
    text_start(&text, memory, sizeof memory);
    expand(input, size, &text);
    // In memory of just this size, so that a byte read beyond it is noticed.
    char *copy = malloc(text.length);
    memcpy(copy, memory, text.length);
    check_text(copy, text.length);
    free(copy);
    return 0;
}
