// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Sessions with the whole shell on the host, under sanitizers. What is compared
// is what the console was sent, marks and all.
#include "apps/shell/tests/world.h"

#include "lib/command/command.h"
#include "tests/unit.h"

#define MARK_C "\x1b]133;C\a"
#define PROMPT "\r\x1b[K\x1b]133;A\a> \x1b]133;B\a"

static const char *session(const char *keys) {
    return world_session(keys, strlen(keys));
}

// Whether the line leads to exactly this output and status.
static bool gives(const char *line, const char *output, unsigned status) {
    char keys[512], want[4096];
    snprintf(keys, sizeof keys, "%s\r", line);
    snprintf(want, sizeof want, "%s\r\n" MARK_C "%s\x1b]133;D;%u\a" PROMPT, line, output, status);
    const char *screen = session(keys);
    bool same = strstr(screen, want) != nullptr;
    if (!same) {
        printf("# '%s' gave: %s\n", line, screen);
    }
    return same;
}

TEST(commands_and_statuses) {
    CHECK(gives("", "", 0));
    CHECK(gives("# nothing", "", 0));
    CHECK(gives("echo a 'b c'", "a 'b c'\r\n", 0));
    CHECK(gives("run echo x", "x\r\n", 0));
    CHECK(gives("nosuch", "nosuch: there is no such command or program: `help` lists them\r\n", 1));
    CHECK(gives("tasks x", "tasks: the arguments are wrong: want `tasks`\r\n", 2));
    CHECK(gives("run", "run: the arguments are wrong: want `run PROGRAM [ARGUMENT...]`\r\n", 2));
    CHECK(gives("help nosuch", "help: there is no such command: `help` lists them\r\n", 1));
    CHECK(gives("log", "a log\r\n", 0));
    CHECK(gives("set x 1 && echo $x", "1\r\n", 0));
    CHECK(gives("nosuch || echo $?",
                "nosuch: there is no such command or program: `help` lists them\r\n1\r\n", 0));
    CHECK(gives("set x 1; set x 'two words'; set", "set x 'two words'\r\n", 0));
    CHECK(gives("set 1 2",
                "set: this is no name: want letters, digits and _, 31 at most, no digit first\r\n",
                2));
    CHECK(
        gives("kill nobody", "kill: no task is `nobody`: want a name or number of `tasks`\r\n", 1));
    CHECK(gives("echo \"", "shell: a quote is not closed at column 6: want \" at its end\r\n", 2));
    CHECK(gives("poweroff 124", "poweroff: this is no status: want a number from 0 to 123\r\n", 2));
}

TEST(faults_are_told) {
    CHECK(gives("fault read",
                "partial\r\nfault: it read where it may not at 0x10, instruction 0x400123: the "
                "task was ended\r\n",
                120));
}

TEST(pipelines) {
    CHECK(gives("log | count", "1 lines, 6 bytes\r\n", 0));
    CHECK(gives("echo a | count", "counted\r\n", 0));
    CHECK(gives("echo a | log", "log: it takes no input: want it first in the pipeline\r\n", 2));
    CHECK(gives("hang | nosuch",
                "nosuch: there is no such command or program: `help` lists them\r\n", 1));
}

TEST(control_c_ends_the_program) {
    const char *screen = session("hang\rtyped\x03"
                                 "echo after\r");
    CHECK(strstr(screen, "^C\r\n\x1b]133;D;121\a" PROMPT "echo after\r\n" MARK_C "after\r\n") !=
          nullptr);
}

TEST(keys_reach_a_program_line_by_line) {
    const char *screen = session("count\rab\x7f"
                                 "c\rd\r\x04");
    CHECK(strstr(screen, "2 lines, 5 bytes\r\n\x1b]133;D;0\a") != nullptr);
}

TEST(a_new_console_shows_the_line_again) {
    const char *screen = session("set x kept\rhal\x1c"
                                 "f\x15"
                                 "echo $x\r");
    CHECK(strstr(screen, "hal" PROMPT "hal"
                         "f") != nullptr);
    CHECK(strstr(screen, MARK_C "kept\r\n") != nullptr);
}

TEST(killing_the_console_tells_the_status_once) {
    const char *screen = session("kill console\recho a\r");
    CHECK(strstr(screen, "kill console\r\n" MARK_C "\x1b]133;D;0\a" PROMPT "echo a\r\n") !=
          nullptr);
}

TEST(restart_waits_for_the_new_one) {
    CHECK(gives("restart console", "", 0));
    CHECK(gives("restart initd", "restart: initd: everything would end with it: want `reboot`\r\n",
                1));
}

TEST(completion) {
    CHECK(strstr(session("pow\t3\r"), "poweroff 3\r\n") != nullptr);
    CHECK_EQ(world_end(), WORLD_POWER_OFF);
    CHECK_EQ(world_status(), 3);
    CHECK(strstr(session("kill co\t"), "kill console ") != nullptr);
    CHECK(strstr(session("set name 1\recho $na\t\r"), MARK_C "1\r\n") != nullptr);
    CHECK(strstr(session("help re\t\t"), "\r\nrestart  reboot\r\n") != nullptr);
}

TEST(authority_names_every_class) {
    const char *screen = session("authority shell\r");
    static const char *const words[] = {"reticle",
                                        "task ",
                                        "thread",
                                        "memory",
                                        "ring",
                                        "bundle",
                                        "device",
                                        "irq",
                                        "machine",
                                        "view",
                                        "unknown",
                                        "sum: 16 capabilities",
                                        "100000 bytes = 50000 available"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        CHECK(strstr(screen, words[i]) != nullptr);
    }
}

// The line of a slot, exactly.
TEST(authority_is_a_tree) {
    static const char *const lines[] = {
        "     5 ring                       47       1536  owner copy pass inspect watch bind use"
        "  bound to 4194305\r\n"
        "   5.0   memory                   46          0  read\r\n"
        "   5.1   none                      0          0  revoked\r\n"
        "     6 bundle ",
        "\r\n     - memory                     46       1280  owner copy pass inspect watch read "
        "write execute  held by task 3\r\n",
        "   obtainable through `console`:\r\n        write ?[6n anything\r\n        hear ?all?"
        "\r\n   obtainable through `init`:\r\n",
    };
    const char *screen = session("authority shell\r");
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        CHECK(strstr(screen, lines[i]) != nullptr);
    }
}

TEST(authority_is_a_graph) {
    static const char *const lines[] = {
        "digraph authority {\r\n  rankdir=LR;\r\n",
        "\r\n  object46 [label=\"memory 46\"];\r\n",
        "\r\n  object46 [label=\"memory 46\\n1280 bytes\"];\r\n",
        "\r\n  task4 [shape=box, label=\"shell\\ntask 4\"];\r\n",
        "\r\n  object47 -> object46 [label=\"read\"];\r\n",
        "\r\n  object47 -> object7 [style=dashed];\r\n",
        "\r\n  object47 -> object4194305 [style=bold, dir=both];\r\n",
        "\r\n  task4 -> \"service console\" [style=dotted, label=\"hear ?all?\"];\r\n",
        "\r\n}\r\n",
    };
    const char *one = session("authority --graph shell\r");
    CHECK(strstr(one, "task3") == nullptr);
    CHECK(strstr(one, "label=\"object ") == nullptr); // a view does not know what it shows
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        CHECK(strstr(one, lines[i]) != nullptr);
    }
    CHECK(strstr(session("authority --graph\r"), "\r\n  task3 -> ") != nullptr);
    CHECK(gives("authority --graph 1 2",
                "authority: the arguments are wrong: want `authority [--graph] [TASK]`\r\n", 2));
}

TEST(history_is_bounded_and_kept) {
    char keys[40000] = "";
    for (unsigned i = 0; i < 1500; i++) {
        snprintf(keys + strlen(keys), 32, "set x %u\r", i);
    }
    strcat(keys, "\x1b[A\x1b[A\r");
    const char *screen = session(keys);
    CHECK(strstr(screen, "set x 1498\r\n" MARK_C "\x1b]133;D;0\a" PROMPT) != nullptr);
    CHECK_EQ(world_end(), WORLD_IDLE);
}

UNIT_MAIN
