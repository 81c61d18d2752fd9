// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The sentences of abi/status.h as a table.
#include "lib/vectra/status_text.h"

static const char *const SENTENCES[STATUS_COUNT] = {
#define STATUS(number, name, sentence) [number] = sentence,
    STATUS_LIST(STATUS)
#undef STATUS
};

const char *status_text(uint32_t status) {
    return status < STATUS_COUNT ? SENTENCES[status] : "an outcome without a name";
}
