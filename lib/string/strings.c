// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// strlen and its kin, a byte at a time: names and messages are short, and a
// word-wise search would read past the end of the string.
#include "lib/string/own.h"

PLAIN_LOOPS size_t OWN(strlen)(const char *text) {
    size_t length = 0;
    while (text[length] != '\0') {
        length++;
    }
    return length;
}

PLAIN_LOOPS size_t OWN(strnlen)(const char *text, size_t limit) {
    size_t length = 0;
    while (length < limit && text[length] != '\0') {
        length++;
    }
    return length;
}

PLAIN_LOOPS int OWN(strcmp)(const char *left, const char *right) {
    while (*left != '\0' && *left == *right) {
        left++, right++;
    }
    return (unsigned char)*left - (unsigned char)*right;
}

PLAIN_LOOPS int OWN(strncmp)(const char *left, const char *right, size_t limit) {
    for (; limit > 0; left++, right++, limit--) {
        if (*left != *right || *left == '\0') {
            return (unsigned char)*left - (unsigned char)*right;
        }
    }
    return 0;
}
