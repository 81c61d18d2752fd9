// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The root Task: the first program, and the one that must not fail. It holds all
// memory and the boot package, checks the package's index, and keeps initd
// running in a pool of memory that it can take back as a whole: when initd ends,
// the pool is dropped, everything in it is gone, and initd starts anew.
//
// It serves nobody, so nobody can disturb it. All of its state is on its stack:
// it has no writable data, and uses only library code that has none.
#include "abi/capability.h"
#include "abi/layout.h"
#include "lib/manifest/manifest.h"
#include "lib/package/package.h"
#include "lib/string/string.h"
#include "lib/string/text.h"
#include "lib/vectra/bundle.h"
#include "lib/vectra/spawn.h"
#include "lib/vectra/status_text.h"
#include "lib/vectra/syscall.h"

// Address space of this Task beside image, stack and Bundle.
constexpr uint64_t PACKAGE_ADDRESS = 0x10000000;
constexpr uint64_t SCRATCH_ADDRESS = 0x200000;

constexpr uint64_t RESERVE = 128 * 1024;                       // stays here, for tables
constexpr uint32_t FAILURES_MOST = 5;                          // in a row
constexpr uint64_t STEADY = UINT64_C(10) * 1000 * 1000 * 1000; // ns: a run this long is no failure
constexpr uint32_t BIT_INITD = 0;
constexpr uint32_t STATUS_BAD_BOOT = 125; // initd's, and then ours: the package cannot be used
constexpr uint32_t STATUS_GIVEN_UP = 126; // initd failed too often

static const char INITD[] = "initd";

struct root {
    uint64_t reticle; // all memory
    uint64_t machine;
    uint64_t memory; // the package
    struct package package;
    struct spawn_image image; // of initd
    uint64_t initd_bytes;     // its Reticle and stack, from its manifest
    uint64_t stack_bytes;
};

// One run of initd.
struct run {
    uint64_t pool; // owner; HANDLE_NONE: nothing runs
    struct spawn spawn;
};

// From start.S.
[[noreturn]] void program_start(void);

[[gnu::format(printf, 2, 3)]] static void say(const struct root *root, const char *format, ...) {
    char line[120];
    struct text_buffer text;
    text_start(&text, line, sizeof(line));
    text_append(&text, "root: ");
    va_list arguments;
    va_start(arguments, format);
    text_format_list(&text, format, arguments);
    va_end(arguments);
    (void)sys_machine_control(root->machine, MACHINE_SAY, (uint64_t)line, 0);
}

// Ends the root Task, and with it the machine: the kernel says so.
[[noreturn]] static void give_up(uint32_t status) {
    (void)sys_task_exit(status);
    __builtin_trap();
}

// Nanoseconds since the kernel was entered; no time page is worth mapping here.
static uint64_t now(void) {
    uint64_t nanoseconds, word;
    return sys_system_info(1, &nanoseconds, &word, &word, &word) == STATUS_OK ? nanoseconds : 0;
}

// What is wrong with the package it says itself.
[[noreturn]] static void refuse_package(struct root *root) {
    char sentence[100];
    struct text_buffer text;
    text_start(&text, sentence, sizeof(sentence));
    package_describe(&root->package, &text);
    say(root, "boot package: %s", sentence);
    give_up(STATUS_BAD_BOOT);
}

// ------------------------------------------------------------------- package
// Finds an entry and checks its content, or gives up with a sentence.
static struct package_entry need_entry(struct root *root, enum package_kind kind) {
    struct package_entry entry;
    if (package_find(&root->package, kind, INITD, &entry) != STATUS_OK) {
        say(root, "the boot package has no %s 'initd'",
            kind == PACKAGE_PROGRAM ? "program" : "manifest");
        give_up(STATUS_BAD_BOOT);
    }
    if (package_verify(&root->package, &entry) != STATUS_OK) {
        refuse_package(root);
    }
    return entry;
}

// The hash is the kernel's, linked into its image: what passes is what was built.
static void open_package(struct root *root) {
    const void *hash, *size_value;
    size_t hash_size = 0, size_size = 0;
    uint64_t size, view;
    if (bundle_find("package", CLASS_MEMORY, &root->memory) != STATUS_OK ||
        bundle_find_value("package.hash", &hash, &hash_size) != STATUS_OK ||
        bundle_find_value("package.size", &size_value, &size_size) != STATUS_OK ||
        hash_size != PACKAGE_HASH || size_size != sizeof(size)) {
        say(root, "the kernel gave no boot package");
        give_up(STATUS_BAD_BOOT);
    }
    memcpy(&size, size_value, sizeof(size));
    uint64_t pages = (size + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
    enum status status =
        sys_memory_map(0, root->memory, PACKAGE_ADDRESS, 0, pages, MAP_READ, &view);
    if (status != STATUS_OK) {
        say(root, "the boot package cannot be mapped: %s", status_text(status));
        give_up(STATUS_BAD_BOOT);
    }
    if (package_open((const void *)PACKAGE_ADDRESS, size, hash, &root->package) != STATUS_OK) {
        refuse_package(root);
    }
}

// Hashed once; the package cannot change.
static void load_initd(struct root *root) {
    struct package_entry program = need_entry(root, PACKAGE_PROGRAM);
    struct package_entry text = need_entry(root, PACKAGE_MANIFEST);
    struct manifest manifest;
    char sentence[100];
    struct text_buffer error;
    text_start(&error, sentence, sizeof(sentence));
    if (manifest_parse((const char *)text.content, text.size, "initd.manifest", &manifest,
                       &error) != STATUS_OK) {
        say(root, "%s", sentence);
        give_up(STATUS_BAD_BOOT);
    }
    root->initd_bytes = UINT64_C(1024) * manifest.memory_kib;
    root->stack_bytes = UINT64_C(1024) * manifest.stack_kib;
    root->image = (struct spawn_image){
        .memory = root->memory,
        .offset = program.offset,
        .bytes = program.content,
        .size = program.size,
    };
}

// --------------------------------------------------------------------- initd
// Copies a slot of our Bundle, if it is there, into initd's.
static enum status pass_on(const struct spawn *spawn, const char *slot, enum cap_class class) {
    uint64_t handle;
    enum status status = bundle_find(slot, class, &handle);
    if (status == STATUS_NOT_FOUND) {
        return STATUS_OK;
    }
    return status == STATUS_OK ? spawn_give(spawn, slot, handle, RIGHT_ALL, false) : status;
}

// The value lies in our own Bundle's page, where the kernel can read it.
static enum status pass_value(const struct spawn *spawn, const char *slot) {
    const void *value;
    size_t size;
    enum status status = bundle_find_value(slot, &value, &size);
    return status == STATUS_OK ? spawn_value(spawn, slot, value, size) : status;
}

// What initd gets: everything but our own memory.
static enum status fill_bundle(const struct run *run) {
    static const struct {
        const char *slot;
        enum cap_class class;
    } SLOTS[] = {
        {"package", CLASS_MEMORY},  {"time", CLASS_MEMORY},     {"device.console", CLASS_DEVICE},
        {"irq.console", CLASS_IRQ}, {"machine", CLASS_MACHINE}, {"budget", CLASS_BUDGET},
    };
    enum status status = spawn_give(&run->spawn, "reticle", run->pool, RIGHT_ALL, false);
    for (size_t i = 0; i < sizeof(SLOTS) / sizeof(SLOTS[0]) && status == STATUS_OK; i++) {
        status = pass_on(&run->spawn, SLOTS[i].slot, SLOTS[i].class);
    }
    if (status == STATUS_OK) {
        status = spawn_give(&run->spawn, "task", run->spawn.task,
                            RIGHT_INSPECT | RIGHT_COPY | RIGHT_PASS, false);
    }
    if (status == STATUS_OK) {
        status = pass_value(&run->spawn, "package.hash");
    }
    return status == STATUS_OK ? pass_value(&run->spawn, "package.size") : status;
}

// Makes a pool of all the memory but our reserve. One call moves at most so many pieces of
// memory: as much as comes at once, then as much more as comes.
static enum status make_pool(const struct root *root, uint64_t bytes, uint64_t *pool) {
    enum status status = sys_reticle_split(root->reticle, bytes, pool);
    uint64_t part = bytes;
    while (status == STATUS_NO_MEMORY && part > RESERVE) {
        part /= 2;
        status = sys_reticle_split(root->reticle, part, pool);
    }
    for (bytes -= part; status == STATUS_OK && bytes > RESERVE && part > RESERVE;) {
        part = part < bytes ? part : bytes;
        if (sys_reticle_grow(*pool, root->reticle, part) == STATUS_OK) {
            bytes -= part;
        } else {
            part /= 2;
        }
    }
    return status;
}

// Makes the pool and starts initd in it.
static enum status start(const struct root *root, struct run *run) {
    uint64_t total, available, objects, tables;
    enum status status = sys_reticle_info(root->reticle, &total, &available, &objects, &tables);
    if (status == STATUS_OK && available <= RESERVE) {
        status = STATUS_NO_MEMORY;
    }
    if (status == STATUS_OK) {
        status = make_pool(root, available - RESERVE, &run->pool);
    }
    if (status == STATUS_OK) {
        status = sys_reticle_split(run->pool, root->initd_bytes, &run->spawn.reticle);
    }
    if (status == STATUS_OK) {
        run->spawn.scratch = SCRATCH_ADDRESS;
        status = spawn_begin(&run->spawn, &root->image, root->stack_bytes, 0);
    }
    if (status == STATUS_OK) {
        status = fill_bundle(run);
    }
    if (status == STATUS_OK) {
        status = sys_task_watch(run->spawn.task, BIT_INITD);
    }
    return status == STATUS_OK ? spawn_start(&run->spawn) : status;
}

// Waits until initd is over, and says how. Returns its exit status.
static uint32_t await_end(const struct root *root, const struct run *run) {
    uint64_t bits, state = TASK_RUNNING, status = 0, threads, ran;
    while (state == TASK_RUNNING) {
        (void)sys_signal_wait(UINT64_C(1) << BIT_INITD, TIME_NEVER, 0, 0, 0, &bits);
        if (sys_task_info(run->spawn.task, &state, &status, &threads, &ran) != STATUS_OK) {
            break;
        }
    }
    uint64_t thread, kind, address, pc;
    if (state == TASK_FAULTED &&
        sys_thread_fault(run->spawn.task, 0, 0, &thread, &kind, &address, &pc) == STATUS_OK) {
        say(root, "initd faulted: kind %lu, address 0x%lx, instruction 0x%lx", kind & 0xff, address,
            pc);
        return 0;
    }
    if (status != STATUS_BAD_BOOT) { // for which initd has said its sentence
        say(root, "initd ended with status %lu", status);
    }
    return (uint32_t)status;
}

// Says why initd could not be started; nothing would be different another time.
static void say_start(const struct root *root, const struct run *run, enum status status) {
    char sentence[100];
    struct text_buffer text;
    text_start(&text, sentence, sizeof(sentence));
    if (status == STATUS_BAD_FORMAT) {
        elf_describe(&run->spawn.elf, &text);
    } else if (status == STATUS_NO_MEMORY) {
        text_format(&text, "too little memory: want %lu KiB and more for the system's programs",
                    root->initd_bytes / 1024);
    } else {
        text_append(&text, status_text(status));
    }
    say(root, "initd cannot be started: %s", sentence);
}

// Runs initd once, from nothing to nothing. Returns its exit status.
static uint32_t run_once(const struct root *root) {
    struct run run = {};
    enum status status = start(root, &run);
    if (status != STATUS_OK) {
        say_start(root, &run, status);
        return STATUS_BAD_BOOT;
    }
    uint32_t exit_status = await_end(root, &run);
    (void)sys_handle_drop(run.pool);
    return exit_status;
}

void program_start(void) {
    struct root root = {};
    if (bundle_find("machine", CLASS_MACHINE, &root.machine) != STATUS_OK ||
        bundle_find("reticle", CLASS_RETICLE, &root.reticle) != STATUS_OK) {
        give_up(STATUS_BAD_BOOT);
    }
    open_package(&root);
    load_initd(&root);
    for (uint32_t failures = 0; failures < FAILURES_MOST;) {
        uint64_t began = now();
        if (run_once(&root) == STATUS_BAD_BOOT) {
            give_up(STATUS_BAD_BOOT);
        }
        failures = now() - began < STEADY ? failures + 1 : 1;
    }
    say(&root, "initd failed %u times in a row", FAILURES_MOST);
    give_up(STATUS_GIVEN_UP);
}
