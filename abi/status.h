// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The one list of outcomes, shared by the kernel, Ring messages and programs.
// A status says what was wrong with the request in words that the caller can
// act on. The numbers are part of the binary interface: never reuse one.
#pragma once

#include <stdint.h>

// STATUS(number, name, sentence)
#define STATUS_LIST(STATUS) \
    STATUS(0, OK, "done") \
    STATUS(1, BAD_SYSCALL, "no syscall has this number") \
    STATUS(2, BAD_HANDLE, "the handle names no capability of this Task") \
    STATUS(3, BAD_CLASS, "the capability is of another class") \
    STATUS(4, ACCESS, "the capability lacks the right that this needs") \
    STATUS(5, BAD_ARGUMENT, "an argument is outside of what is allowed") \
    STATUS(6, BAD_ADDRESS, "memory at the address cannot be used like this") \
    STATUS(7, NO_MEMORY, "the Reticle that pays has not enough left") \
    STATUS(8, NO_SLOTS, "the handle table is full") \
    STATUS(9, BUSY, "the object is in use or being revoked; try again") \
    STATUS(10, BAD_STATE, "the object is not in a state that allows this") \
    STATUS(11, NOT_FOUND, "nothing has this name or number") \
    STATUS(12, EXISTS, "there is one already") \
    STATUS(13, TIMED_OUT, "the deadline passed first") \
    STATUS(14, PEER_CLOSED, "the other end is gone") \
    STATUS(15, FULL, "there is no room; nothing was done") \
    STATUS(16, EMPTY, "there is nothing to take") \
    STATUS(17, REVOKED, "the capability was revoked on its way") \
    STATUS(18, AGAIN, "the value had changed; look again") \
    STATUS(19, TOO_LARGE, "the size is above the stated limit") \
    STATUS(20, BAD_FORMAT, "the data does not have the form it must have") \
    STATUS(21, BAD_HASH, "the bytes do not match their hash") \
    STATUS(22, UNSUPPORTED, "this machine cannot do it") \
    STATUS(23, CANCELLED, "the operation was ended from outside") \
    STATUS(24, NOT_BOUND, "the Ring has no peer yet")

enum status : uint32_t {
#define STATUS(number, name, sentence) STATUS_##name = number,
    STATUS_LIST(STATUS)
#undef STATUS
};

constexpr uint32_t STATUS_COUNT = 25;
