// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// What a program in the machine and the emulator's plugins agree on (tools/counter.c,
// tools/lines.c): instructions that do nothing, with a number that says what happens now.
#pragma once

#include <stdint.h>

constexpr uint64_t MARK_FIRST = 0x6d01;
constexpr uint64_t MARK_BELL = 0x6d01;        // another hart rings for the thread
constexpr uint64_t MARK_PERSON = 0x6d02;      // the thread goes to sleep, for MARK_SLEEP
constexpr uint64_t MARK_NETWORK = 0x6d03;     // the same, in the other band
constexpr uint64_t MARK_AWAKE = 0x6d04;       // the thread goes on
constexpr uint64_t MARK_KEY = 0x6d05;         // the thread waits for the line of a device
constexpr uint64_t MARK_KEY_NETWORK = 0x6d06; // the same, in the other band
constexpr uint64_t MARK_BEGIN = 0x6d07;       // the pair of this hart is in the midst of its work
constexpr uint64_t MARK_ASK = 0x6d08;         // one side of it begins a round
constexpr uint64_t MARK_REPLY = 0x6d09;       // the other side answers
constexpr uint64_t MARK_END = 0x6d0a;         // the pair stops
constexpr uint64_t MARK_LAST = 0x6d0a;
#define MARKS(each) \
    each(MARK_BELL) each(MARK_PERSON) each(MARK_NETWORK) each(MARK_AWAKE) each(MARK_KEY) \
        each(MARK_KEY_NETWORK) each(MARK_BEGIN) each(MARK_ASK) each(MARK_REPLY) each(MARK_END)

constexpr uint64_t MARK_SLEEP = 700'000; // nanoseconds, which are instructions of all harts
constexpr uint64_t MARK_SLACK = 1'000;   // by as much it is taken to begin too early
