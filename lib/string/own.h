// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Private: the names under which memory.c and strings.c are compiled. On the
// host they are own_memcpy and so on, because the host has functions of the
// plain names; the tests compare the two.
//
// PLAIN_LOOPS keeps the compiler from recognising the loop inside of memcpy as
// a memcpy and calling the function from within itself.
#pragma once

#include <stddef.h>
#include <stdint.h>

#if __STDC_HOSTED__
#define OWN(name) own_##name
#else
#define OWN(name) name
#endif
#define PLAIN_LOOPS [[clang::no_builtin]]

void *OWN(memcpy)(void *restrict to, const void *restrict from, size_t size);
void *OWN(memmove)(void *to, const void *from, size_t size);
void *OWN(memset)(void *to, int byte, size_t size);
int OWN(memcmp)(const void *left, const void *right, size_t size);
size_t OWN(strlen)(const char *text);
size_t OWN(strnlen)(const char *text, size_t limit);
int OWN(strcmp)(const char *left, const char *right);
int OWN(strncmp)(const char *left, const char *right, size_t limit);
