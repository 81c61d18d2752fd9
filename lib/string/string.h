// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Memory and strings, with the meaning that ISO C gives them. On the host these
// are the host's own functions; in the kernel and in Tasks they are ours, from
// memory.c and strings.c. The compiler may call memcpy, memmove, memset and
// memcmp on its own account, so every freestanding program links them.
#pragma once

#include <stddef.h>

#if __STDC_HOSTED__
#include <string.h>
// POSIX, hence hidden by the host's header in strict C23.
size_t strnlen(const char *text, size_t limit);
#else
void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
int memcmp(const void *left, const void *right, size_t size);
size_t strlen(const char *text);
size_t strnlen(const char *text, size_t limit);
int strcmp(const char *left, const char *right);
int strncmp(const char *left, const char *right, size_t limit);
// So that a few words of a size that is known are moved where they stand: for a freestanding
// program the plain names are functions like any other.
#define memcpy(to, from, size) __builtin_memcpy(to, from, size)
#define memset(to, byte, size) __builtin_memset(to, byte, size)
#endif
