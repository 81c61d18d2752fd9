// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// What this Task holds and what its Reticle has left, to be the same after each
// test as before it.
#pragma once

#include <stdint.h>

struct books {
    uint64_t used;    // bytes of slot "reticle" that are not free
    uint64_t handles; // of this Task, views included
    uint64_t by_class[16];
    uint64_t objects; // bytes of the program's own Reticle that are not table pages
};

// Finds the capability to look at this Task with: slot "self", or what initd says.
void books_open(void);
// This Task, to look at; HANDLE_NONE: nobody lets it.
uint64_t books_self(void);
// Has initd end a program that it starts again, and waits until it has.
void books_restart(const char *program);
void books_read(struct books *books);
// Nothing must be left in this Reticle, soon.
void books_empty(uint64_t reticle);
// Compares, giving the kernel a moment for what it takes apart on its own. Fails the
// test, naming what is missing.
void books_compare(const struct books *before);
