// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// This program as its own child, by the loader that initd uses.
#include "tests/ktest/child.h"

#include "lib/package/package.h"
#include "lib/string/string.h"
#include "lib/vectra/bundle.h"

#define ROLES(ROLE) \
    ROLE(answer) \
    ROLE(ask) \
    ROLE(bundle) \
    ROLE(busy) \
    ROLE(caller) \
    ROLE(bystander) \
    ROLE(echo) \
    ROLE(full_memory) \
    ROLE(full_slots) \
    ROLE(glutton) \
    ROLE(heir) \
    ROLE(matrix) \
    ROLE(pager) \
    ROLE(paged) \
    ROLE(payer) \
    ROLE(relay) \
    ROLE(reply) \
    ROLE(reader) \
    ROLE(rich) \
    ROLE(owner) \
    ROLE(churn) \
    ROLE(flood) \
    ROLE(last) \
    ROLE(wild) \
    ROLE(books) \
    ROLE(crowd) \
    ROLE(destroyer) \
    ROLE(hog) \
    ROLE(pest) \
    ROLE(silent) \
    ROLE(supervisor)

#define ROLE(name) uint32_t role_##name(void);
ROLES(ROLE)
#undef ROLE

static const struct {
    const char *name;
    uint32_t (*run)(void);
} roles[] = {
#define ROLE(name) {#name, role_##name},
    ROLES(ROLE)
#undef ROLE
};

constexpr uint64_t CHILD_BYTES = 512 * 1024;
constexpr uint64_t CHILD_STACK = 16 * 1024;
constexpr uint64_t CHILD_SCRATCH = UINT64_C(0x1f0000000); // for the loader
constexpr uint64_t PACKAGE_AT = UINT64_C(0x100000000);

static struct spawn_image image;

uint32_t child_main(const char *role) {
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
        if (strcmp(roles[i].name, role) == 0) {
            return roles[i].run();
        }
    }
    return 1;
}

// The root Task has verified the package: its index is taken as it is.
static bool find_program(const uint8_t *package) {
    const struct package_header *header = (const struct package_header *)package;
    const struct package_record *record = (const struct package_record *)(header + 1);
    for (uint32_t i = 0; i < header->count; i++, record++) {
        if (record->kind == PACKAGE_PROGRAM && strcmp(record->name, "ktest") == 0) {
            image.offset = record->offset;
            image.bytes = package + record->offset;
            image.size = record->size;
            return true;
        }
    }
    return false;
}

void child_open(void) {
    uint64_t description, object, size, detail, view;
    image.memory = bundle_need("package", CLASS_MEMORY);
    if (sys_handle_info(image.memory, &description, &object, &size, &detail) != STATUS_OK ||
        sys_memory_map(0, image.memory, PACKAGE_AT, 0, size, MAP_READ, &view) != STATUS_OK ||
        !find_program((const uint8_t *)PACKAGE_AT)) {
        say("ktest: the boot package cannot be read");
    }
}

bool child_begin(struct child *child) {
    child->spawn = (struct spawn){.scratch = CHILD_SCRATCH};
    uint64_t bytes = child->bytes != 0 ? child->bytes : CHILD_BYTES;
    return CHECK_OK(sys_reticle_split(ground, bytes, &child->spawn.reticle)) &&
           CHECK_OK(spawn_begin(&child->spawn, &image, CHILD_STACK, 0)) &&
           CHECK_OK(spawn_value(&child->spawn, "role", child->role, strlen(child->role) + 1));
}

bool child_copy(const struct child *child, const char *slot, uint64_t handle, uint64_t rights) {
    return CHECK_OK(spawn_give(&child->spawn, slot, handle, rights, false));
}

bool child_move(const struct child *child, const char *slot, uint64_t handle) {
    return CHECK_OK(spawn_give(&child->spawn, slot, handle, RIGHT_ALL, true));
}

uint64_t child_connect(const struct child *child, const char *slot, uint64_t slots) {
    uint64_t mine = HANDLE_NONE, other;
    if (CHECK_OK(sys_ring_carve(child->spawn.reticle, slots, &other)) &&
        CHECK_OK(sys_ring_carve(ground, slots, &mine)) && CHECK_OK(sys_ring_bind(mine, other))) {
        (void)child_move(child, slot, other);
    }
    return mine;
}

bool child_start(const struct child *child) {
    return CHECK_OK(sys_task_watch(child->spawn.task, child->bit)) &&
           CHECK_OK(spawn_start(&child->spawn));
}

void child_finish(struct child *child) {
    uint64_t state, status, threads, time;
    uint64_t until = deadline_in(PATIENCE), bits;
    do {
        if (!CHECK_OK(sys_task_info(child->spawn.task, &state, &status, &threads, &time))) {
            break;
        }
        if (state == TASK_RUNNING) {
            (void)sys_signal_wait(UINT64_C(1) << child->bit, until, 0, 0, 0, &bits);
        }
    } while (state == TASK_RUNNING && time_now() < until);
    if (state != TASK_ENDED) {
        uint64_t thread = 0, kind = 0, address = 0, pc = 0;
        (void)sys_thread_fault(child->spawn.task, 0, 0, &thread, &kind, &address, &pc);
        check_say("child", 0, "'%s' is in state %lu, fault %lu at 0x%lx, pc 0x%lx", child->role,
                  state, kind, address, pc);
    } else if (status != 0) {
        check_say("child", (int)status, "'%s' failed in that line", child->role);
    }
    child_destroy(child);
}

void child_destroy(struct child *child) {
    (void)CHECK_OK(sys_handle_drop(child->spawn.reticle));
    child->spawn.reticle = HANDLE_NONE;
}

uint64_t child_slot(const char *slot, enum cap_class class) {
    uint64_t handle;
    (void)CHECK_OK(bundle_find(slot, class, &handle));
    return handle;
}

uint64_t child_value(const char *slot) {
    const void *value;
    size_t size;
    uint64_t word = 0;
    if (CHECK_OK(bundle_find_value(slot, &value, &size)) && CHECK_EQ(size, sizeof word)) {
        memcpy(&word, value, sizeof word);
    }
    return word;
}
