// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// What the kernel may never do, done by it: each way must end in a panic, by the machine's
// own protection, and one that comes back is an error.
#include <hooks.h>

#include "kernel/arch.h"
#include "kernel/object.h"
#include "kernel/page.h"
#include "kernel/tests/hooks/own.h"
#include "lib/string/string.h"

extern char image_start[]; // from kernel.ld: text

static volatile uint64_t sink;

static void read_at(uint64_t address) {
    sink = *(volatile uint64_t *)address;
}

// Without the check of the pointer, which would stop these before the processor does.
#define ANY_BRANCH [[clang::no_sanitize("kcfi")]]

// A function of the kernel in memory that can be written.
ANY_BRANCH static void execute_data(void) {
    static uint8_t code[64];
    memcpy(code, (const void *)read_at, sizeof code);
    arch_code_sync(code, sizeof code);
    ((void (*)(uint64_t))(uint64_t)code)((uint64_t)code);
}

ANY_BRANCH static void execute_user(uint64_t address) {
    ((void (*)(void))address)();
}

// Where one may branch to, but not from here: kcfi compares the hash of the type.
static void branch(void) {
    uint32_t (*volatile other)(uint32_t) = (uint32_t (*)(uint32_t))(uint64_t)read_at;
    sink = other(0);
}

// Where no branch may land, whoever makes it: BTI, of aarch64 alone.
ANY_BRANCH static void land(void) {
    void (*volatile inside)(uint64_t) = (void (*)(uint64_t))((uint64_t)read_at + 4);
    inside((uint64_t)&sink);
}

// Only the sanitized kernel stops these: nothing of the machine forbids them.
static uint8_t numbers[5];

static uint8_t past_the_end(uint64_t index) {
    return ((volatile uint8_t *)numbers)[index];
}

static uint64_t free_cell(void) {
    uint32_t frame = page_array_first();
    while (page_entry(frame)->kind != PAGE_CELLS || page_entry(frame)->cells == UINT16_MAX) {
        frame++;
    }
    uint32_t cell = (uint32_t)__builtin_ctz(~(uint32_t)page_entry(frame)->cells);
    return (uint64_t)page_address(frame) + cell * OBJECT_CELL;
}

// Each call takes half a page, until the guard page below the stack.
[[gnu::noinline]] static uint64_t overflow(uint64_t depth) {
    volatile uint64_t frame[256];
    frame[depth % 256] = depth;
    return depth == UINT64_MAX ? 0 : overflow(depth + 1) + frame[depth % 256];
}

enum status crash(uint64_t way, uint64_t user_address) {
    switch (way) {
    case CRASH_READ:
        read_at(0);
        break;
    case CRASH_READ_USER:
        read_at(user_address);
        break;
    case CRASH_WRITE_TEXT:
        *(volatile uint64_t *)image_start = 0;
        break;
    case CRASH_WRITE_ALIAS:
        *(volatile uint64_t *)phys_to_virt(arch_image_phys(image_start)) = 0;
        break;
    case CRASH_EXECUTE_DATA:
        execute_data();
        break;
    case CRASH_EXECUTE_USER:
        execute_user(user_address);
        break;
    case CRASH_BRANCH:
        branch();
        break;
    case CRASH_LAND:
        land();
        break;
    case CRASH_FREED:
        read_at(free_cell());
        break;
    case CRASH_PAST:
        sink = past_the_end(sink + sizeof numbers);
        break;
    case CRASH_SHIFT:
        sink = UINT64_C(1) << (sink + 64);
        break;
    case CRASH_STACK:
        sink = overflow(0);
        break;
    default:
        return STATUS_NOT_FOUND;
    }
    return STATUS_OK;
}
