// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The manifest of a program: the whole list of what it gets. Text in ASCII, one
// directive a line, words separated by blanks; from a word that begins with `#`
// to the end of the line is comment.
//
//   program NAME            exactly once, first
//   memory KIB              exactly once: the Reticle that pays for everything
//   start boot|request      by initd at boot, or when asked (the default)
//   restart never|always    default never
//   stack KIB               default 32
//   float                   its threads may use floating point
//   person US PERIOD [HART...]  time in the Person band: so many microseconds of each period
//                           on each hart named, or on every one; slot `budget`
//   code                    its `grant reticle` may make memory that becomes executable
//   grant time              the time page, slot `time`
//   grant machine           power, slot `machine`
//   grant package           the boot package, slot `package`
//   grant symbols           the same, only to be read, slot `symbols`
//   grant trace             to see what every program does, and when; slot `trace`
//   grant reticle KIB       memory to carve from, slot `reticle`
//   grant device NAME       slot `device.NAME`
//   grant irq NAME          slot `irq.NAME`
//   serve SERVICE CLIENTS   offers SERVICE; the control Ring is slot `serve`
//   connect SLOT SERVICE    a Ring connected to SERVICE
//   reach SERVICE           may be bound by namingd later
//   argument TEXT           the rest of the line, `#` included; slot `argument`
//
// A name is 1 to 31 of a-z 0-9 . _ -. Sizes are multiples of 4 KiB. A slot is
// named once only; `in`, `out`, `serve`, `argument` and `budget` are not free for connect.
#pragma once

#include "abi/status.h"
#include "lib/string/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

constexpr size_t MANIFEST_SIZE = 16384;   // bytes of text at most
constexpr size_t MANIFEST_NAME = 32;      // bytes of a name, with NUL; as BUNDLE_NAME
constexpr size_t MANIFEST_ARGUMENT = 256; // bytes of the argument, with NUL
constexpr uint32_t MANIFEST_GRANTS = 16;
constexpr uint32_t MANIFEST_SERVES = 8;
constexpr uint32_t MANIFEST_CONNECTS = 16;
constexpr uint32_t MANIFEST_REACHES = 16;

// Limits of the numbers; sizes are in KiB.
constexpr uint32_t MANIFEST_MEMORY_LEAST = 64;
constexpr uint32_t MANIFEST_MEMORY_MOST = 1048576;
constexpr uint32_t MANIFEST_STACK_LEAST = 4;
constexpr uint32_t MANIFEST_STACK_MOST = 1024;
constexpr uint32_t MANIFEST_STACK_DEFAULT = 32;
constexpr uint32_t MANIFEST_CLIENTS_MOST = 64;
constexpr uint32_t MANIFEST_PERSON_LEAST = 10; // microseconds, as budget_carve has it
constexpr uint32_t MANIFEST_PERIOD_LEAST = 1000;
constexpr uint32_t MANIFEST_PERIOD_MOST = 1000000;
constexpr uint32_t MANIFEST_HARTS = 8; // that one line names
constexpr uint32_t MANIFEST_HART_MOST = 63;

enum manifest_start : uint8_t { MANIFEST_REQUEST, MANIFEST_BOOT };
enum manifest_restart : uint8_t { MANIFEST_NEVER, MANIFEST_ALWAYS };

enum manifest_grant_kind : uint32_t {
    MANIFEST_TIME,
    MANIFEST_MACHINE,
    MANIFEST_PACKAGE,
    MANIFEST_RETICLE,
    MANIFEST_DEVICE,
    MANIFEST_IRQ,
    MANIFEST_TRACE,
    MANIFEST_SYMBOLS,
};

// All names below end in NUL.

struct manifest_grant {
    enum manifest_grant_kind kind;
    uint32_t kib;             // of a Reticle, otherwise 0
    char name[MANIFEST_NAME]; // of a device or interrupt, otherwise empty
    char slot[MANIFEST_NAME]; // where it arrives
};

struct manifest_serve {
    char service[MANIFEST_NAME];
    uint32_t clients;
};

struct manifest_connect {
    char slot[MANIFEST_NAME];
    char service[MANIFEST_NAME];
};

struct manifest_reach {
    char service[MANIFEST_NAME];
};

// Lists are in the order of the text.
struct manifest {
    char program[MANIFEST_NAME];
    uint32_t memory_kib;
    uint32_t stack_kib;
    enum manifest_start start;
    enum manifest_restart restart;
    bool floating_point;
    bool code;
    uint32_t person_us, period_us; // 0: not in the Person band
    uint32_t hart_count;           // 0: every hart
    uint32_t harts[MANIFEST_HARTS];
    uint32_t grant_count, serve_count, connect_count, reach_count;
    struct manifest_grant grants[MANIFEST_GRANTS];
    struct manifest_serve serves[MANIFEST_SERVES];
    struct manifest_connect connects[MANIFEST_CONNECTS];
    struct manifest_reach reaches[MANIFEST_REACHES];
    char argument[MANIFEST_ARGUMENT]; // empty when there is none
};

// Reads `size` bytes of text. `file` is what messages call it. BAD_FORMAT: a
// sentence was appended to `error` that says where and what is wrong and what
// would be right, such as `shell.manifest:4: unknown directive 'grnt': want
// program, memory, ...`; `out` is then of no use.
[[nodiscard]] enum status manifest_parse(const char *text, size_t size, const char *file,
                                         struct manifest *out, struct text_buffer *error);
