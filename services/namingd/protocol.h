// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The service `naming`: late binding, within the scope that the client's
// manifest states with `reach SERVICE`.
#pragma once

#include <stdint.h>

constexpr uint32_t NAMING_NAME = 32;

enum naming_message : uint16_t {
    // struct naming_connect; beside it a Ring end (BIND, COPY, PASS) of the
    // client, which the server will bind to. NAMING_REPLY: ACCESS (the manifest
    // does not say `reach`), EMPTY (no Ring end came along), BAD_CLASS (something else did),
    // NOT_FOUND
    // (nobody serves it), FULL. OK: handed to the server; the closed bit tells
    // when it has bound.
    NAMING_CONNECT = 1,
    NAMING_REPLY = 2, // struct naming_reply
};

struct naming_connect {
    char service[NAMING_NAME]; // NUL-padded, terminated
};

struct naming_reply {
    uint32_t status; // enum status
};
