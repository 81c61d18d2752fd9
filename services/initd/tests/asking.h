// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// What test programs that ask initd have in common: a request and its reply, and a line
// for each case. The services' own tests run them from tests/system.
#pragma once

#include "lib/vectra/endpoint.h"
#include "lib/vectra/time.h"
#include "services/initd/protocol.h"

constexpr uint64_t ASK_PATIENCE = 10 * SECOND;

// Opens the slot "init" with this bit, or ends the program.
void ask_open(uint32_t bit);
// A line `ok PART: CASE`, or `not ok PART: CASE`.
void ask_verdict(const char *part, const char *name, bool good);
// How many were not good.
uint32_t ask_failures(void);

// Sends a request over the endpoint; the reply then stands in `message`.
[[nodiscard]] enum status ask_call(struct endpoint *endpoint, uint16_t type, const void *payload,
                                   uint16_t length, struct ring_message *message,
                                   uint64_t *sequence);
// Starts a program without streams; `*task` is its number.
[[nodiscard]] enum status ask_run(const char *program, uint32_t *task);
[[nodiscard]] enum status ask_kill(uint32_t task);
// The last task of that name after the number given; false: none.
[[nodiscard]] bool ask_find(const char *name, uint32_t after, struct init_entry *entry);
// Waits until the task has gone from the list.
[[nodiscard]] bool ask_gone(uint32_t task);
// Says a line, and waits until it and all that the shell had said before is on the terminal:
// the console takes a message of each of its clients in turn. `console` is bound.
[[nodiscard]] bool ask_say(struct endpoint *console, const char *line);
// initd, for what else is to be asked of it.
struct endpoint *ask_initd(void);
