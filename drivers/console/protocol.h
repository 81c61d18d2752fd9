// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The service `console`: bytes both ways, in the messages of lib/vectra/stream.h
// (STREAM_DATA, at most 48 bytes each). There is no STREAM_END: the connection
// ends with the client.
//
// Client to console: bytes for the screen, as they are (the client sends CR LF).
// Console to client: bytes typed, raw, without echo. Only one client gets input: of
// those whose manifest says `connect`, the one that came first; never one bound by
// namingd. It is sent one message at a time: until that is read, and while nobody
// is there, input waits in the device.
//
// The console may be restarted at any time: the client sees its closed bit twice,
// reconnects by endpoint_refresh. What either side had sent and the other had not
// yet read is lost: of the input at most one message. endpoint_drain tells what
// has reached the device.
#pragma once

#include "lib/vectra/stream.h"

constexpr uint16_t CONSOLE_TEXT = STREAM_DATA;
