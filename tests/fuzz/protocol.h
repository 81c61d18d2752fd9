// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Between the parent and its workers: what the Bundle holds, and where.
#pragma once

#include <stdint.h>

// Value "start" of a worker's Bundle.
struct worker_start {
    uint64_t seed;
    uint64_t quota; // calls of each thread
    uint64_t rare;  // of so many steps one is a sequence, the others are random calls
    uint64_t text_offset, text_size;
};

// The Ring to the parent: the worker's region is a struct worker_page, which the parent
// sees; the parent sends capabilities with sequence 0.
constexpr uint64_t PARENT_SLOTS = 512;
constexpr uint64_t WORKER_PAGE = UINT64_C(0x280000000); // where the worker maps its region
constexpr uint64_t WORKER_ARENA = UINT64_C(4) << 20;    // bytes of slot "arena"
