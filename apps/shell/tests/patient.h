// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// A program for the debugger on the host: a few instructions that are only addresses,
// a stack, one variable, and symbols. It runs as far as it is let, in no time, and its
// one thread stops as the kernel says that threads stop.
#pragma once

#include <stdbool.h>
#include <stdint.h>

constexpr uint64_t PATIENT_START = 0x400000, PATIENT_MAIN = 0x400100, PATIENT_TURN = 0x400200;
constexpr uint64_t PATIENT_COUNTER = 0x500000; // written by each turn
constexpr unsigned PATIENT_TURNS = 3;          // then it ends with PATIENT_STATUS, or faults
constexpr uint32_t PATIENT_STATUS = 7;

// Begins it anew: held before its first instruction, or running in a wait.
void patient_begin(bool held, bool faults);
// A stop that initd would tell of, once.
bool patient_stopped(void);
bool patient_ended(void);
// It is let go by the debugger.
void patient_release(void);
