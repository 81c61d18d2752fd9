// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// What the files of the Linux peer share. It runs as /init, without a C library, and prints
// `bench ID VALUE UNIT` as the program bench does; where Linux has several ways each is
// printed under the same ID.
#pragma once

#include <call.h>
#include <stddef.h>
#include <stdint.h>

extern bool icount; // the emulator counts instructions; otherwise time is the host's

long clone_onto(long flags, void *stack, void (*function)(void *), void *argument, uint32_t *tid);

// As the C library has them; a result below 0 ends the machine with a sentence.
long must_call(const char *what, long result);
#define CALL(what, number, a, b, c, d, e, f) \
    must_call(what, call6(number, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f)))

// Runs on one processor from now on.
void pin(uint32_t processor);
// A copy of this process on a processor, which runs function(argument) for ever.
long process(void (*function)(void *), void *argument, uint32_t processor, bool batch);
void process_end(long process);

// Busy for a while that `measure` does not count.
void pause_a_while(void);

// Prints the least time that one of `batches` calls of run(count) took, by operation.
void measure(const char *id, void (*run)(uint32_t count), uint32_t count, uint32_t batches);

// The rows of two processes.
void one_processor_measure(void);
void two_processors_measure(void);
