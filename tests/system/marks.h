// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// What a program in the machine and tools/counter.c in the emulator agree on: instructions that do
// nothing, with a number that says what happens now.
#pragma once

#include <stdint.h>

constexpr uint64_t MARK_FIRST = 0x6d01;
constexpr uint64_t MARK_BELL = 0x6d01;        // another hart rings for the thread
constexpr uint64_t MARK_PERSON = 0x6d02;      // the thread goes to sleep, for MARK_SLEEP
constexpr uint64_t MARK_NETWORK = 0x6d03;     // the same, in the other band
constexpr uint64_t MARK_AWAKE = 0x6d04;       // the thread goes on
constexpr uint64_t MARK_KEY = 0x6d05;         // the thread waits for the line of a device
constexpr uint64_t MARK_KEY_NETWORK = 0x6d06; // the same, in the other band
constexpr uint64_t MARK_LAST = 0x6d06;
#define MARKS(each) \
    each(MARK_BELL) each(MARK_PERSON) each(MARK_NETWORK) each(MARK_AWAKE) each(MARK_KEY) \
        each(MARK_KEY_NETWORK)

constexpr uint64_t MARK_SLEEP = 700'000; // nanoseconds, which are instructions of all harts
constexpr uint64_t MARK_SLACK = 1'000;   // by as much it is taken to begin too early
