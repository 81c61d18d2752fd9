// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Sessions with the debugger on the host: with commands on the line, and at its prompt.
// The program is patient.c: start calls main, main calls turn three times, turn writes
// counter, and it ends with status 7.
#include "apps/shell/tests/patient.h"
#include "apps/shell/tests/world.h"

#include "tests/unit.h"

#define MARK_C "\x1b]133;C\a"
#define FIRST "thread 1: at its first instruction: 0x400000 start\r\n"
#define END "patient: task 5 ended with status 7\r\n"

// Whether the line leads to exactly this output and status.
static bool gives(const char *line, const char *output, unsigned status) {
    char keys[512], want[4096];
    snprintf(keys, sizeof keys, "%s\r", line);
    snprintf(want, sizeof want, "%s\r\n" MARK_C "%s\x1b]133;D;%u\a", line, output, status);
    const char *screen = world_session(keys, strlen(keys));
    bool same = strstr(screen, want) != nullptr;
    if (!same) {
        printf("# '%s' gave: %s\n", line, screen);
    }
    return same;
}

TEST(a_program_runs_to_its_end) {
    CHECK(gives("debug run patient -- continue", FIRST END, 7));
    CHECK(gives("debug run patient -- quit", FIRST, 7));
    CHECK(gives("debug run patient -- continue backtrace",
                FIRST "debug: it has ended before `backtrace`\r\n" END, 1));
}

TEST(breakpoints) {
    CHECK(gives("debug run patient -- 'break turn' continue backtrace 'memory counter' continue "
                "'memory counter' delete continue",
                FIRST "breakpoint 0: 0x400200 turn\r\n"
                      "thread 1: breakpoint 0: 0x400200 turn\r\n"
                      " 0  0x400200 turn\r\n 1  0x40010c main+0xc\r\n"
                      " 2  0x40000c start+0xc\r\n"
                      "counter = 0 = 0x0\r\n"
                      "thread 1: breakpoint 0: 0x400200 turn\r\n"
                      "counter = 1 = 0x1\r\n" END,
                7));
}

TEST(watchpoints_and_steps) {
    CHECK(gives("debug run patient -- 'watch counter' continue 'memory counter' step 'step 2' "
                "points delete 'write counter 9' 'memory counter' continue",
                FIRST "watchpoint 0: 0x500000 counter\r\n"
                      "thread 1: watchpoint 0: 0x400208 turn+0x8\r\n"
                      "counter = 1 = 0x1\r\n"
                      "thread 1: stepped: 0x400108 main+0x8\r\n"
                      "thread 1: stepped: 0x400204 turn+0x4\r\n"
                      "watchpoint 0: 0x500000 counter\r\n"
                      "counter = 9 = 0x9\r\n" END,
                7));
}

TEST(a_fault_can_be_looked_at_and_mended) {
    CHECK(gives("debug run patient faults -- continue threads 'set pc main+12' continue quit",
                FIRST "thread 1: it read where it may not at 0x10: 0x40010c main+0xc\r\n"
                      "*    1  it read where it may not: 0x40010c main+0xc\r\n"
                      "thread 1: it read where it may not at 0x10: 0x40010c main+0xc\r\n",
                7));
}

TEST(registers_and_memory) {
    CHECK(gives("debug run patient -- 'set pc 1' step quit",
                FIRST "thread 1: it executed where it may not: 0x1\r\n", 7));
    CHECK(gives("debug run patient -- 'memory sp+0' quit",
                FIRST "debug: `sp+0` is no address: want a number, a register, or a symbol\r\n",
                1));
    CHECK(gives("debug run patient -- 'memory sp 20' quit",
                FIRST "0x7ffe0010   00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  "
                      "................\r\n"
                      "0x7ffe0020   00 00 00 00                                       ....\r\n",
                7));
    CHECK(gives("debug run patient -- 'memory 0x10' quit",
                FIRST "debug: 0x10 cannot be read: nothing is mapped there\r\n", 1));
}

TEST(a_task_that_runs) {
    CHECK(gives("debug namingd registers", "debug: it runs: want `stop` first\r\n", 1));
    CHECK(gives("debug namingd stop backtrace",
                "thread 1: stopped: 0x400204 turn+0x4\r\n"
                " 0  0x400204 turn+0x4\r\n 1  0x40010c main+0xc\r\n 2  0x40000c start+0xc\r\n",
                0));
    CHECK(gives("debug console stop",
                "debug: console: the shell would stop with it: want another task\r\n", 1));
    CHECK(gives("debug nobody", "debug: no task is `nobody`: want a name or number of `tasks`\r\n",
                1));
}

TEST(what_is_typed_wrong) {
    CHECK(gives("debug", "debug: the arguments are wrong: want `debug TASK [COMMAND...]`\r\n", 2));
    CHECK(gives("debug run",
                "debug: the arguments are wrong: want `debug run PROGRAM [ARGUMENT...] "
                "[-- COMMAND...]`\r\n",
                2));
    CHECK(gives("debug run nosuch",
                "nosuch: there is no such command or program: `help` lists them\r\n", 1));
    CHECK(gives("debug namingd jump", "debug: `jump` is no command: `help` lists the commands\r\n",
                2));
    CHECK(gives("debug namingd st",
                "debug: `st` may be several commands: `help` lists the commands\r\n", 2));
    CHECK(gives("debug namingd memory",
                "debug: the arguments are wrong: want `memory ADDRESS [COUNT]`\r\n", 2));
    CHECK(gives("debug run patient -- 'step 0'",
                FIRST "debug: `0` is no count: want 1 to 1000000\r\n", 1));
    CHECK(gives("debug run patient -- 'break 1' 'break 2' 'break 3' 'break 4' 'break 5'",
                FIRST "breakpoint 0: 0x1\r\nbreakpoint 1: 0x2\r\nbreakpoint 2: 0x3\r\n"
                      "breakpoint 3: 0x4\r\ndebug: all 4 are used: `delete` frees one\r\n",
                1));
    CHECK(gives("debug run patient -- 'watch 0x500001'",
                FIRST "debug: 0x500001: want an address of the task, a multiple of the bytes\r\n",
                1));
    CHECK(gives("debug run patient -- 'delete 1'",
                FIRST "debug: there is no `1`: `points` lists them\r\n", 1));
    CHECK(gives("debug run patient -- 'thread 2'",
                FIRST "debug: no thread is `2`: want one of `threads`\r\n", 1));
}

TEST(into_a_pipeline) {
    CHECK(gives("debug namingd stop | count", "1 lines, 37 bytes\r\n", 0));
    CHECK(gives("debug run patient -- continue | count",
                "debug: it cannot start a program in a pipeline: want it alone\r\n"
                "0 lines, 0 bytes\r\n",
                0));
}

static bool shows(const char *screen, const char *part) {
    bool there = strstr(screen, part) != nullptr;
    if (!there) {
        printf("# '%s' is not in: %s\n", part, screen);
    }
    return there;
}

TEST(a_prompt_of_its_own) {
    const char *keys = "debug run patient\rbr main\rc\rback\rnonsense\rhelp\rquit\recho after\r";
    const char *screen = world_session(keys, strlen(keys));
    CHECK(shows(screen, "\x1b]133;A\adebug> \x1b]133;B\a"));
    CHECK(shows(screen, MARK_C "thread 1: breakpoint 0: 0x400100 main\r\n\x1b]133;D;0\a"));
    CHECK(shows(screen, "`nonsense` is no command: `help` lists the commands\r\n\x1b]133;D;2\a"));
    CHECK(shows(screen, "  watch ADDRESS [BYTES]       stops after each write there"));
    CHECK(shows(screen, "after\r\n"));
}

TEST(tab_knows_commands_and_symbols) {
    const char *keys = "debug run patient\rpoi\t\rmemory cou\t\rquit\r";
    const char *screen = world_session(keys, strlen(keys));
    CHECK(shows(screen, "points"));
    CHECK(shows(screen, "counter = 0 = 0x0"));
}

// The program ends while the prompt waits: it says so, and is over.
TEST(an_end_at_the_prompt) {
    const char *keys = "debug namingd\rstop\rc\recho after\r";
    const char *screen = world_session(keys, strlen(keys));
    CHECK(shows(screen, "namingd: task 3 ended with status 7\r\n"));
    CHECK(shows(screen, "after\r\n"));
}

UNIT_MAIN
