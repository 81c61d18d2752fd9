// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Boots of all kinds, each in a process of its own: too little memory, memory in odd
// places, harts that come late or never, and what the kernel says when it stops.
#include "kernel/check.h"
#include "kernel/device.h"
#include "kernel/tests/world.h"
#include "lib/firmware/firmware.h"
#include "tests/unit.h"

UNIT_MAIN

constexpr uint64_t SMALL = 4 << 20;

static struct host_options options;

static void boot(void) {
    world_boot_as(&options);
}

// Whether a kernel with these options comes up, with books that add up.
static bool boots(struct host_options wanted) {
    options = wanted;
    return host_passes(boot);
}

static bool stops(struct host_options wanted, const char *sentence) {
    options = wanted;
    return host_panics_with(boot, sentence);
}

static void expect(bool condition, const char *what) {
    if (!condition) {
        panic("test: %s", what);
    }
}

// ----------------------------------------------------------------------- memory

static void only_boot(void) {
    host_boot(&options);
}

// One allocation after the other fails, until there are pages enough for all.
TEST(too_little_memory_is_said_whatever_it_is_for) {
    uint64_t pages = 6; // the root's image and the package
    struct host_options wanted = {.harts = 1, .base = 0x100000};
    do {
        pages++;
        wanted.memory = pages * PAGE_SIZE;
        options = wanted;
    } while (pages < 200 && host_panics_with(only_boot, "too little memory"));
    CHECK(pages > 30 && pages < 200);
    CHECK(host_passes(only_boot));
}

static void end_of_what_is_described(void) {
    boot();
    uint64_t last = (uint64_t)page_array_first() + page_array_count();
    expect(last << PAGE_SHIFT == PAGE_RAM_END, "the page array ends elsewhere");
    expect(world_shape().total < SMALL / 2, "more is there than can be described");
}

// As the entry code of the machines does.
static void limit(struct boot_info *info) {
    info->memory[info->memory_count++] = (struct boot_range){PAGE_RAM_END + SMALL, SMALL};
    (void)firmware_limit(info, PAGE_RAM_END);
}

TEST(memory_that_the_page_array_cannot_describe_is_left_out) {
    options = (struct host_options){
        .memory = SMALL, .harts = 1, .base = PAGE_RAM_END - SMALL / 2, .change = limit};
    CHECK(host_passes(end_of_what_is_described));
    CHECK(stops(
        (struct host_options){.memory = SMALL, .harts = 1, .base = PAGE_RAM_END, .change = limit},
        "all memory is above"));
}

static void memory_from_zero(struct boot_info *info) {
    info->memory[0] = (struct boot_range){0, 0x60000};
}

TEST(the_first_page_of_all_is_a_page_like_others) {
    CHECK(boots((struct host_options){.memory = SMALL, .harts = 1, .change = memory_from_zero}));
}

constexpr uint64_t MIDDLE = 0x20000, TAIL = 0x50000, HIGH_HOLE = 0x100000 + SMALL - 8 * PAGE_SIZE;

static void reserved_in_odd_places(struct boot_info *info) {
    struct boot_range *more = &info->reserved[info->reserved_count];
    more[0] = (struct boot_range){MIDDLE, PAGE_SIZE};               // inside of a range
    more[1] = (struct boot_range){TAIL, 0x60000 - TAIL};            // its end
    more[2] = (struct boot_range){TAIL - PAGE_SIZE, 2 * PAGE_SIZE}; // and beyond it
    more[3] = (struct boot_range){0x80000, PAGE_SIZE};              // where no RAM is
    more[4] = (struct boot_range){HIGH_HOLE, PAGE_SIZE};            // little is left behind it
    info->reserved_count += 5;
}

static void reserved_is_not_free(void) {
    boot();
    static const struct {
        uint64_t at;
        bool ours;
    } expected[] = {{0x10000, true},
                    {MIDDLE - PAGE_SIZE, true},
                    {MIDDLE, false},
                    {MIDDLE + PAGE_SIZE, true},
                    {TAIL - 2 * PAGE_SIZE, true},
                    {TAIL - PAGE_SIZE, false},
                    {TAIL, false},
                    {0x60000 - PAGE_SIZE, false},
                    {0x80000, false},
                    {HIGH_HOLE, false},
                    {HIGH_HOLE + PAGE_SIZE, true}};
    for (uint32_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        bool ours = page_entry((uint32_t)(expected[i].at >> PAGE_SHIFT))->kind != PAGE_ABSENT;
        expect(ours == expected[i].ours, "reserved memory is free, or free memory is not");
    }
}

TEST(what_is_reserved_is_cut_out_wherever_it_lies) {
    options = (struct host_options){.memory = SMALL, .harts = 1, .change = reserved_in_odd_places};
    CHECK(host_passes(reserved_is_not_free));
}

// More than the largest block: lists are filled up to their last order, and taken from.
static void large(void) {
    constexpr uint64_t GIB = 1 << 30;
    uint64_t part = 0;
    struct world_shape before = world_shape();
    expect(before.free_blocks[PAGE_ORDERS - 1] != 0, "no block of the last order");
    expect(CALL(world_root, &part, reticle_split, world_named("reticle"), GIB) == STATUS_OK,
           "a GiB is not there");
    expect(CALL(world_root, nullptr, handle_drop, part) == STATUS_OK, "it does not go");
    struct world_shape after = world_shape();
    expect(world_shape_equal(&before, &after), "memory is not as it was before");
}

static void large_without_audit(void) {
    host_boot(&options);
    for (uint32_t i = 0; i < options.harts; i++) {
        world_root = hart_at(i)->current != nullptr ? hart_at(i)->current : world_root;
    }
    large();
}

TEST(blocks_of_the_last_order_come_and_go) {
    options = (struct host_options){.memory = UINT64_C(5) << 29, .harts = 1};
    CHECK(host_passes(large_without_audit));
}

// ---------------------------------------------------------------- what it is given

TEST(a_large_image_of_the_root_is_mapped_in_steps) {
    CHECK(boots((struct host_options){.memory = SMALL, .harts = 1, .image = 70 * PAGE_SIZE}));
}

static void no_console(struct boot_info *info) {
    info->console.kind = BOOT_CONSOLE_NONE;
}

static void console_without_interrupt(struct boot_info *info) {
    info->console.irq = HOST_LINES;
}

static void has_no_console(void) {
    boot();
    expect(world_named("device.console") == 0 && world_named("irq.console") == 0,
           "there is a console");
    expect(world_named("machine") != 0, "the machine is missing");
}

TEST(without_a_console_the_root_gets_none) {
    options = (struct host_options){.memory = SMALL, .harts = 1, .change = no_console};
    CHECK(host_passes(has_no_console));
    options.change = console_without_interrupt;
    CHECK(host_passes(has_no_console));
}

static void no_package(struct boot_info *info) {
    info->package.size = 0;
}

static void crooked_package(struct boot_info *info) {
    info->package.base += 512;
}

TEST(without_a_boot_package_it_stops) {
    CHECK(stops((struct host_options){.memory = SMALL, .harts = 1, .change = no_package},
                "no boot package"));
    CHECK(stops((struct host_options){.memory = SMALL, .harts = 1, .change = crooked_package},
                "no boot package"));
}

// ------------------------------------------------------------------------- harts

static void harts_are(void) {
    boot();
    bool missing = options.absent || options.refused;
    expect(harts_online() == options.harts - missing, "some are missing or too many");
    if (missing) {
        expect(strstr(host_console(), "hart 2 does not start") != nullptr, "nothing was said");
    }
}

TEST(harts_are_waited_for) {
    options = (struct host_options){.memory = SMALL, .harts = 3};
    CHECK(host_passes(harts_are));
    options.slow = true;
    CHECK(host_passes(harts_are));
}

TEST(a_hart_that_never_comes_is_left_out) {
    options = (struct host_options){.memory = SMALL, .harts = 3, .absent = true};
    CHECK(host_passes(harts_are));
}

TEST(a_hart_that_the_firmware_refuses_is_left_out) {
    options = (struct host_options){.memory = SMALL, .harts = 3, .refused = true};
    CHECK(host_passes(harts_are));
}

// It ends where a hart halts that nobody waits for.
TEST(a_hart_that_comes_too_late_is_not_let_in) {
    options = (struct host_options){.memory = SMALL, .harts = 3, .late = true};
    CHECK(host_panics_with(boot, "hart 2 does not start"));
}

// ------------------------------------------------------------------ the last words

static void breaks_a_rule(void) {
    check(options.harts == UINT32_MAX);
}

TEST(a_broken_rule_is_said_with_file_and_line) {
    CHECK(host_panics_with(breaks_a_rule, "boot_test.c:"));
    CHECK(host_panics_with(breaks_a_rule, "the kernel broke its own rule: options.harts =="));
}

static uint32_t deaths;

// Something else goes wrong while the first panic stops the machine.
static void dies_again(void) {
    deaths++;
    if (deaths == 1) {
        panic("the second");
    }
    exit(strstr(host_console(), "the second") == nullptr ? 0 : 1);
}

static void dies(void) {
    host_on_death(dies_again);
    panic("the first, as the test wants it");
}

TEST(a_panic_inside_a_panic_is_silent) {
    CHECK(host_passes(dies));
}

[[noreturn]] void __stack_chk_fail(void);
static void overwrites_its_stack(void) {
    __stack_chk_fail();
}

TEST(an_overwritten_stack_is_named) {
    CHECK(host_panics_with(overwrites_its_stack, "a kernel stack was overwritten"));
}

static void speaks(void) {
    print("one\n");
    print_quiet();
    print("two\n");
    print_always("three\n");
    expect(strcmp(host_console(), "one\r\nthree\r\n") == 0, "what was said is wrong");
}

TEST(silence_is_for_what_is_not_important) {
    CHECK(host_passes(speaks));
}
