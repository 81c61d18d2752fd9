// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Syscalls on Bundles. Names and values are read before the lock is taken.
#include "kernel/bundle.h"

#include "kernel/syscall.h"

enum status sys_bundle_carve(struct thread *self, void *object, uint64_t *a) {
    struct bundle *bundle;
    enum status status = table_reserve(self->task, 1);
    if (status == STATUS_OK) {
        status = bundle_carve(object, &bundle);
    }
    if (status == STATUS_OK) {
        a[1] = grant_owner(self->task, &bundle->object,
                           RIGHT_PASS | RIGHT_INSPECT | RIGHT_BUNDLE_FILL);
    }
    return status;
}

static enum status bundle_open(struct thread *self, uint64_t handle, const struct bundle_name *name,
                               uint32_t bytes, struct bundle **out) REQUIRES_BOOKS {
    struct slot *slot;
    enum status status = lookup_class(self->task, handle, CLASS_BUNDLE, RIGHT_BUNDLE_FILL, &slot);
    if (status != STATUS_OK) {
        return status;
    }
    *out = (struct bundle *)slot->object;
    return bundle_room(*out, name, bytes);
}

enum status sys_bundle_put(struct thread *self, void *, uint64_t *a) {
    struct bundle_name name;
    enum status status = copy_name(a[1], a[2], &name);
    if (status != STATUS_OK) {
        return status;
    }
    lock_acquire(&books);
    struct bundle *bundle;
    struct slot *from;
    status = bundle_open(self, a[0], &name, 0, &bundle);
    if (status == STATUS_OK) {
        status = lookup_slot(self->task, a[3], &from);
    }
    if (status == STATUS_OK) {
        status = from->object == &bundle->object
                     ? STATUS_BAD_ARGUMENT
                     : capability_may_pass(from, slot_meta(from), a[5] != 0);
    }
    if (status == STATUS_OK) {
        bundle_put(bundle, &name, self->task, from, (uint32_t)a[4] & RIGHT_ALL, a[5] != 0);
    }
    lock_release(&books);
    return status;
}

enum status sys_bundle_value(struct thread *self, void *, uint64_t *a) {
    constexpr uint32_t VALUE_MOST = 2048;
    uint8_t value[VALUE_MOST];
    struct bundle_name name;
    if (a[4] > VALUE_MOST) {
        return STATUS_BAD_ARGUMENT;
    }
    enum status status = copy_name(a[1], a[2], &name);
    if (status == STATUS_OK && a[4] != 0) {
        status = copy_from_user(value, a[3], a[4]);
    }
    if (status != STATUS_OK) {
        return status;
    }
    lock_acquire(&books);
    struct bundle *bundle;
    status = bundle_open(self, a[0], &name, (uint32_t)a[4], &bundle);
    if (status == STATUS_OK) {
        bundle_value(bundle, &name, value, (uint32_t)a[4]);
    }
    lock_release(&books);
    return status;
}
