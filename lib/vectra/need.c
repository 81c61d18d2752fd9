// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Slots that a program cannot do without. Apart from bundle.c, because the root
// Task links that one and has no output.
#include "lib/vectra/bundle.h"
#include "lib/vectra/program.h"

static const char *const CLASS_NAMES[CLASS_COUNT] = {
    "nothing",  "a Reticle", "a Task",       "a Thread",    "Memory", "a Ring end",
    "a Bundle", "a Device",  "an interrupt", "the machine", "a view", "a budget",
};

uint64_t bundle_need(const char *name, enum cap_class class) {
    uint64_t handle;
    enum status status = bundle_find(name, class, &handle);
    if (status == STATUS_BAD_CLASS) {
        program_fail(PROGRAM_USAGE, "slot '%s' of the Bundle does not hold %s\n", name,
                     CLASS_NAMES[class]);
    }
    if (status != STATUS_OK) {
        program_fail(PROGRAM_USAGE, "the Bundle lacks slot '%s': want %s\n", name,
                     CLASS_NAMES[class]);
    }
    return handle;
}
