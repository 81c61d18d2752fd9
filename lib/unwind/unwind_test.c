// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Stacks and code of both machines, made by hand. The functions of the fake begin at
// each multiple of 0x100 of CODE.
#include "lib/unwind/unwind.h"

#include "tests/unit.h"

constexpr uint64_t CODE = 0x400000, CODE_SIZE = 0x400;
constexpr uint64_t STACK = 0x7ffe0000, STACK_SIZE = 0x400;

static uint8_t code[CODE_SIZE], stack[STACK_SIZE];
static unsigned reads;

static bool read(void *context, uint64_t address, void *bytes, size_t size) {
    (void)context;
    reads++;
    if (address >= CODE && size <= CODE_SIZE && address - CODE <= CODE_SIZE - size) {
        memcpy(bytes, code + (address - CODE), size);
        return true;
    }
    if (address >= STACK && size <= STACK_SIZE && address - STACK <= STACK_SIZE - size) {
        memcpy(bytes, stack + (address - STACK), size);
        return true;
    }
    return false;
}

static uint64_t function(void *context, uint64_t address) {
    (void)context;
    return address >= CODE && address < CODE + CODE_SIZE ? address & ~UINT64_C(0xff) : 0;
}

static const struct unwind_calls calls = {nullptr, read, function};

static void put(uint64_t at, uint64_t value) {
    memcpy(stack + (at - STACK), &value, sizeof value);
}

static void begin(void) {
    memset(code, 0x90, sizeof code);
    memset(stack, 0, sizeof stack);
    reads = 0;
}

// Three frames: at 0x40 and 0x80, and the outermost.
static void three_frames(void) {
    put(STACK + 0x40, STACK + 0x80);
    put(STACK + 0x48, CODE + 0x120);
    put(STACK + 0x80, 0);
    put(STACK + 0x88, CODE + 0x220);
}

static void instructions(uint64_t at, const uint32_t *words, size_t count) {
    memcpy(code + (at - CODE), words, count * sizeof *words);
}

TEST(frames_up_to_the_outermost) {
    begin();
    three_frames();
    memcpy(code, "\x55\x48\x89\xe5", 4);
    struct unwind_frame frame = {CODE + 0x20, STACK + 0x40, STACK + 0x10, 0};
    CHECK(unwind_next(&calls, unwind_early_x86_64, true, &frame));
    CHECK(frame.pc == CODE + 0x120 && frame.frame == STACK + 0x80 && frame.stack == STACK + 0x50);
    CHECK(unwind_next(&calls, unwind_early_x86_64, false, &frame));
    CHECK(frame.pc == CODE + 0x220 && frame.frame == 0);
    CHECK(!unwind_next(&calls, unwind_early_x86_64, false, &frame));
    CHECK_EQ(frame.pc, CODE + 0x220);
}

// x86_64: before the push, after it, after the frame, and at the return.
TEST(x86_64_without_a_frame) {
    begin();
    three_frames();
    memcpy(code, "\x48\x83\xff\xff\x55\x48\x89\xe5", 8);
    code[0x30] = 0xc3;
    put(STACK + 0x20, CODE + 0x1f0);
    for (uint64_t at = 0; at <= 4; at++) {
        struct unwind_frame frame = {CODE + at, STACK + 0x40, STACK + 0x20, 0};
        CHECK(unwind_next(&calls, unwind_early_x86_64, true, &frame));
        CHECK(frame.pc == CODE + 0x1f0 && frame.frame == STACK + 0x40);
        CHECK_EQ(frame.stack, STACK + 0x28);
    }
    struct unwind_frame frame = {CODE + 5, STACK + 0x40, STACK + 0x18, 0};
    CHECK(unwind_next(&calls, unwind_early_x86_64, true, &frame));
    CHECK(frame.pc == CODE + 0x1f0 && frame.stack == STACK + 0x28);
    frame = (struct unwind_frame){CODE + 0x30, STACK + 0x40, STACK + 0x20, 0};
    CHECK(unwind_next(&calls, unwind_early_x86_64, true, &frame));
    CHECK_EQ(frame.pc, CODE + 0x1f0);
    frame = (struct unwind_frame){CODE + 8, STACK + 0x40, STACK + 0x20, 0};
    CHECK(unwind_next(&calls, unwind_early_x86_64, true, &frame));
    CHECK_EQ(frame.pc, CODE + 0x120);
}

// A jump into nothing: the frame register is still the caller's.
TEST(x86_64_outside_of_all_code) {
    begin();
    three_frames();
    struct unwind_frame frame = {0x1234, STACK + 0x40, STACK + 0x20, 0};
    CHECK(unwind_next(&calls, unwind_early_x86_64, true, &frame));
    CHECK_EQ(frame.pc, CODE + 0x120);
}

static const uint32_t function_aarch64[] = {
    0xb100041f, // cmn x0, #1
    0xd104c3ff, // sub sp, sp, #0x130
    0xa9107bfd, // stp x29, x30, [sp, #0x100]
    0x910403fd, // add x29, sp, #0x100
    0xd503201f, // nop
    0xa9507bfd, // ldp x29, x30, [sp, #0x100]
    0x9104c3ff, // add sp, sp, #0x130
    0xd65f03c0, // ret
};

TEST(aarch64_with_and_without_a_frame) {
    begin();
    three_frames();
    instructions(CODE, function_aarch64, 8);
    for (uint64_t i = 0; i < 8; i++) {
        bool made = i == 4 || i == 5;
        struct unwind_frame frame = {CODE + i * 4, STACK + 0x40, STACK + 0x20, CODE + 0x204};
        CHECK(unwind_next(&calls, unwind_early_aarch64, true, &frame));
        CHECK_EQ(frame.pc, made ? CODE + 0x120 : CODE + 0x204);
        CHECK_EQ(frame.frame, made ? STACK + 0x80 : STACK + 0x40);
    }
}

// A jump into nothing: whoever called it left the way back in x30.
TEST(aarch64_outside_of_all_code) {
    begin();
    three_frames();
    struct unwind_frame frame = {0x1234, STACK + 0x40, STACK + 0x20, CODE + 0x204};
    CHECK(unwind_next(&calls, unwind_early_aarch64, true, &frame));
    CHECK_EQ(frame.pc, CODE + 0x204);
    CHECK(unwind_next(&calls, unwind_early_aarch64, false, &frame));
    CHECK_EQ(frame.pc, CODE + 0x120);
}

// Every way in which a frame is not plausible ends the walk and changes nothing.
TEST(implausible_frames) {
    static const struct {
        uint64_t frame, saved, link;
    } bad[] = {
        {STACK + 0x41, STACK + 0x80, CODE + 0x120}, // not aligned
        {STACK + 0x08, STACK + 0x80, CODE + 0x120}, // below the stack pointer
        {STACK + 0x40, STACK + 0x40, CODE + 0x120}, // a circle
        {STACK + 0x40, STACK + 0x48, CODE + 0x120}, // overlapping
        {STACK + 0x40, STACK + 0x80, 0},            // no way back
        {STACK + 0x40, STACK + 0x80, 0x1234},       // back into no function
        {STACK + 0x3f8, STACK + 0x80, CODE + 0x120},
        {UINT64_MAX - 7, STACK + 0x80, CODE + 0x120},
        {0, STACK + 0x80, CODE + 0x120},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        begin();
        memcpy(code, "\x55\x48\x89\xe5", 4);
        put(STACK + 0x40, bad[i].saved);
        put(STACK + 0x48, bad[i].link);
        struct unwind_frame frame = {CODE + 0x20, bad[i].frame, STACK + 0x10, 0};
        CHECK(!unwind_next(&calls, unwind_early_x86_64, true, &frame));
        CHECK_EQ(frame.pc, CODE + 0x20);
    }
}

TEST(reads_are_bounded) {
    begin();
    struct unwind_frame frame = {CODE + 0x80, 0, STACK, 0};
    CHECK(!unwind_next(&calls, unwind_early_x86_64, true, &frame));
    CHECK(!unwind_next(&calls, unwind_early_aarch64, true, &frame));
    CHECK(reads < 400);
}

UNIT_MAIN
