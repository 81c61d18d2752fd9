// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Manifests that are right, every sentence about one that is not, and all
// limits from both sides.
#include "lib/manifest/manifest.h"

#include "tests/unit.h"

#define HEAD "program a\nmemory 64\n"

static struct manifest manifest;
static char message[400];

static enum status parse_bytes(const char *text, size_t size) {
    // In memory of just this size, so that a byte read beyond it is noticed.
    char *copy = malloc(size);
    memcpy(copy, text, size);
    struct text_buffer error;
    text_start(&error, message, sizeof message);
    enum status status = manifest_parse(copy, size, "a.manifest", &manifest, &error);
    free(copy);
    return status;
}

static bool accepted(const char *text) {
    bool good = parse_bytes(text, strlen(text)) == STATUS_OK && message[0] == '\0';
    if (!good) {
        printf("# %s\n", message);
    }
    return good;
}

static bool refused(const char *text, const char *sentence) {
    enum status status = parse_bytes(text, strlen(text));
    bool good = status == STATUS_BAD_FORMAT && strcmp(message, sentence) == 0;
    if (!good) {
        printf("# status %u, '%s'\n", status, message);
    }
    return good;
}

TEST(full_manifest) {
    CHECK(accepted("# The shell.\n"
                   "program shell-2.0_x # its name\n"
                   "\n"
                   "\tmemory\t 4096 \n"
                   "start boot\n"
                   "restart always\n"
                   "stack 64\n"
                   "float #\n"
                   "code\n"
                   "grant time\n"
                   "grant machine\n"
                   "grant package\n"
                   "grant reticle 1024\n"
                   "grant device console\n"
                   "grant irq console\n"
                   "grant trace\n"
                   "grant symbols\n"
                   "serve files 64\n"
                   "serve log 1\n"
                   "connect terminal console\n"
                   "connect init init\n"
                   "reach naming\n"
                   "argument  -v # not a comment  \n"));
    CHECK(strcmp(manifest.program, "shell-2.0_x") == 0);
    CHECK_EQ(manifest.memory_kib, 4096);
    CHECK_EQ(manifest.stack_kib, 64);
    CHECK(manifest.start == MANIFEST_BOOT && manifest.restart == MANIFEST_ALWAYS);
    CHECK(manifest.floating_point && manifest.code);
    static const struct manifest_grant grants[] = {
        {MANIFEST_TIME, 0, "", "time"},
        {MANIFEST_MACHINE, 0, "", "machine"},
        {MANIFEST_PACKAGE, 0, "", "package"},
        {MANIFEST_RETICLE, 1024, "", "reticle"},
        {MANIFEST_DEVICE, 0, "console", "device.console"},
        {MANIFEST_IRQ, 0, "console", "irq.console"},
        {MANIFEST_TRACE, 0, "", "trace"},
        {MANIFEST_SYMBOLS, 0, "", "symbols"},
    };
    CHECK_EQ(manifest.grant_count, 8);
    CHECK(memcmp(manifest.grants, grants, sizeof grants) == 0);
    CHECK_EQ(manifest.serve_count, 2);
    CHECK(strcmp(manifest.serves[0].service, "files") == 0 && manifest.serves[0].clients == 64);
    CHECK(strcmp(manifest.serves[1].service, "log") == 0 && manifest.serves[1].clients == 1);
    CHECK_EQ(manifest.connect_count, 2);
    CHECK(strcmp(manifest.connects[0].slot, "terminal") == 0);
    CHECK(strcmp(manifest.connects[0].service, "console") == 0);
    CHECK_EQ(manifest.reach_count, 1);
    CHECK(strcmp(manifest.reaches[0].service, "naming") == 0);
    CHECK(strcmp(manifest.argument, "-v # not a comment") == 0);
}

TEST(least_manifest) {
    // Without a line end, and with everything left to its default.
    CHECK(accepted("program a\nmemory 64"));
    CHECK_EQ(manifest.stack_kib, 32);
    CHECK(manifest.start == MANIFEST_REQUEST && manifest.restart == MANIFEST_NEVER);
    CHECK(!manifest.floating_point && !manifest.code && manifest.argument[0] == '\0');
    CHECK_EQ(manifest.grant_count + manifest.serve_count, 0);
    CHECK_EQ(manifest.connect_count + manifest.reach_count, 0);
    CHECK(accepted(HEAD "start request\nrestart never\n"));
    CHECK(manifest.start == MANIFEST_REQUEST && manifest.restart == MANIFEST_NEVER);
}

TEST(what_must_be_there) {
    CHECK(refused("", "a.manifest:1: it says nothing: want `program NAME` first"));
    CHECK(refused("\n\n# only this\n", "a.manifest:3: it says nothing: want `program NAME` first"));
    CHECK(refused("# x\nmemory 64\n",
                  "a.manifest:2: 'memory' comes too early: want `program NAME` first"));
    CHECK(refused("program a\nfloat\n",
                  "a.manifest:2: no memory: want `memory KIB` with 64 to 1048576"));
    CHECK(
        refused(HEAD "program b\n", "a.manifest:3: 'program' is there already: want it only once"));
    CHECK(
        refused(HEAD "memory 64\n", "a.manifest:3: 'memory' is there already: want it only once"));
    static const char *const once[] = {"start boot", "restart never", "stack 8",       "float",
                                       "code",       "argument x",    "person 10 1000"};
    for (size_t i = 0; i < sizeof once / sizeof once[0]; i++) {
        char text[100], want[100];
        sprintf(text, HEAD "%s\n%s\n", once[i], once[i]);
        sprintf(want, "a.manifest:4: '%.*s' is there already: want it only once",
                (int)strcspn(once[i], " "), once[i]);
        CHECK(refused(text, want));
    }
}

TEST(directives) {
    CHECK(refused(HEAD "\ngrnt time\n",
                  "a.manifest:4: unknown directive 'grnt': want program, memory, start, restart, "
                  "stack, float, person, code, grant, serve, connect, reach or argument"));
    CHECK(refused("Program a\n",
                  "a.manifest:1: unknown directive 'Program': want program, memory, start, "
                  "restart, stack, float, person, code, grant, serve, connect, reach or argument"));
    CHECK(refused("program\n", "a.manifest:1: 0 words after 'program': want `program NAME`"));
    CHECK(refused("program # a\n", "a.manifest:1: 0 words after 'program': want `program NAME`"));
    CHECK(refused("program a b\n", "a.manifest:1: 2 words after 'program': want `program NAME`"));
    CHECK(refused(HEAD "float 1\n", "a.manifest:3: 1 words after 'float': want `float`"));
    CHECK(refused(HEAD "serve a\n",
                  "a.manifest:3: 1 words after 'serve': want `serve SERVICE CLIENTS`"));
    CHECK(refused(HEAD "connect a b c d e f\n",
                  "a.manifest:3: 6 words after 'connect': want `connect SLOT SERVICE`"));
    CHECK(refused(HEAD "argument   \n",
                  "a.manifest:3: 0 words after 'argument': want `argument TEXT`"));
    CHECK(
        refused(HEAD "start later\n", "a.manifest:3: unknown start 'later': want boot or request"));
    CHECK(refused(HEAD "restart often\n",
                  "a.manifest:3: unknown restart 'often': want never or always"));
}

TEST(names) {
    CHECK(accepted("program a123456789b123456789c123456789d\nmemory 64\n"));
    CHECK(refused("program a123456789b123456789c123456789de\n",
                  "a.manifest:1: 'a123456789b123456789c123456789de' is not a name: want 1 to 31 "
                  "of a-z 0-9 . _ -"));
    CHECK(refused("program Shell\n", "a.manifest:1: 'Shell' is not a name: want 1 to 31 of "
                                     "a-z 0-9 . _ -"));
    CHECK(refused(HEAD "reach a/b\n", "a.manifest:3: 'a/b' is not a name: want 1 to 31 of "
                                      "a-z 0-9 . _ -"));
    CHECK(refused(HEAD "serve A 1\n", "a.manifest:3: 'A' is not a name: want 1 to 31 of "
                                      "a-z 0-9 . _ -"));
    CHECK(refused(HEAD "connect A b\n", "a.manifest:3: 'A' is not a name: want 1 to 31 of "
                                        "a-z 0-9 . _ -"));
    CHECK(refused(HEAD "connect a B\n", "a.manifest:3: 'B' is not a name: want 1 to 31 of "
                                        "a-z 0-9 . _ -"));
    // The slot of a device must be a name together with its prefix.
    CHECK(accepted(HEAD "grant device a123456789b123456789c123\n"));
    CHECK_EQ(strlen(manifest.grants[0].slot), 31);
    CHECK(refused(HEAD "grant device a123456789b123456789c1234\n",
                  "a.manifest:3: 'a123456789b123456789c1234' is not a name: want 1 to 24 of "
                  "a-z 0-9 . _ -"));
    CHECK(accepted(HEAD "grant irq a123456789b123456789c123456\n"));
    CHECK(refused(HEAD "grant irq a123456789b123456789c1234567\n",
                  "a.manifest:3: 'a123456789b123456789c1234567' is not a name: want 1 to 27 of "
                  "a-z 0-9 . _ -"));
}

TEST(numbers) {
    CHECK(accepted("program a\nmemory 1048576\n"));
    CHECK(
        refused("program a\nmemory 60\n", "a.manifest:2: '60' is not a number from 64 to 1048576"));
    CHECK(refused("program a\nmemory 1048580\n",
                  "a.manifest:2: '1048580' is not a number from 64 to 1048576"));
    CHECK(refused("program a\nmemory 66\n",
                  "a.manifest:2: 66 KiB are not whole pages: want a multiple of 4"));
    static const char *const odd[] = {"x",         "-64", "0x40", "64k", "18446744073709551680",
                                      "4294967360"};
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        char text[100], want[100];
        sprintf(text, "program a\nmemory %s\n", odd[i]);
        sprintf(want, "a.manifest:2: '%s' is not a number from 64 to 1048576", odd[i]);
        CHECK(refused(text, want));
    }
    CHECK(accepted(HEAD "stack 4\n") && accepted(HEAD "stack 64\n"));
    CHECK(refused(HEAD "stack 0\n", "a.manifest:3: '0' is not a number from 4 to 1024"));
    CHECK(
        refused(HEAD "stack 5\n", "a.manifest:3: 5 KiB are not whole pages: want a multiple of 4"));
    CHECK(refused(HEAD "stack 1028\n", "a.manifest:3: '1028' is not a number from 4 to 1024"));
    CHECK(refused("program a\nstack 68\nmemory 64\nfloat\n",
                  "a.manifest:2: a stack of 68 KiB: want at most the 64 of memory"));
    CHECK(refused(HEAD "serve a 0\n", "a.manifest:3: '0' is not a number from 1 to 64"));
    CHECK(refused(HEAD "serve a 65\n", "a.manifest:3: '65' is not a number from 1 to 64"));
    CHECK(accepted(HEAD "grant reticle 64\n"));
    CHECK(refused("program a\ngrant reticle 68\nmemory 64\nfloat\n",
                  "a.manifest:2: a reticle of 68 KiB: want at most the 64 of memory"));
    CHECK(refused(HEAD "grant reticle 0\n", "a.manifest:3: '0' is not a number from 4 to 1048576"));
    CHECK(refused(HEAD "grant reticle 6\n",
                  "a.manifest:3: 6 KiB are not whole pages: want a multiple of 4"));
}

TEST(grants) {
    CHECK(refused(HEAD "grant clock\n", "a.manifest:3: unknown grant 'clock': want time, machine, "
                                        "package, symbols, trace, reticle KIB, "
                                        "device NAME or irq NAME"));
    CHECK(refused(HEAD "grant\n",
                  "a.manifest:3: 0 words after 'grant': want `grant WHAT [KIB|NAME]`"));
    CHECK(refused(HEAD "grant device a b\n",
                  "a.manifest:3: 3 words after 'grant': want `grant WHAT [KIB|NAME]`"));
    CHECK(refused(HEAD "grant time 4\n", "a.manifest:3: want `grant time`"));
    CHECK(refused(HEAD "grant reticle\n", "a.manifest:3: want `grant reticle KIB`"));
    CHECK(refused(HEAD "grant irq\n", "a.manifest:3: want `grant irq NAME`"));
    CHECK(refused(HEAD "grant device\n", "a.manifest:3: want `grant device NAME`"));
}

TEST(everything_once) {
    CHECK(refused(HEAD "grant time\ngrant time\n",
                  "a.manifest:4: slot 'time' is there already: want each only once"));
    CHECK(refused(HEAD "grant irq a\ngrant irq a\n",
                  "a.manifest:4: slot 'irq.a' is there already: want each only once"));
    CHECK(accepted(HEAD "grant irq a\ngrant irq b\ngrant device a\n"));
    CHECK(refused(HEAD "grant reticle 4\ngrant reticle 8\n",
                  "a.manifest:4: slot 'reticle' is there already: want each only once"));
    CHECK(refused(HEAD "grant time\nconnect time a\n",
                  "a.manifest:4: slot 'time' is there already: want each only once"));
    CHECK(refused(HEAD "connect device.a a\ngrant device a\n",
                  "a.manifest:4: slot 'device.a' is there already: want each only once"));
    CHECK(refused(HEAD "connect a b\nconnect a c\n",
                  "a.manifest:4: slot 'a' is there already: want each only once"));
    CHECK(accepted(HEAD "connect a c\nconnect b c\n"));
    CHECK(refused(HEAD "serve a 1\nserve a 2\n",
                  "a.manifest:4: service 'a' is served already: want each only once"));
    CHECK(refused(HEAD "reach a\nreach a\n",
                  "a.manifest:4: service 'a' is reached already: want each only once"));
    static const char *const reserved[] = {"in", "out", "serve", "argument", "budget"};
    for (size_t i = 0; i < 5; i++) {
        char text[100], want[140];
        sprintf(text, HEAD "connect %s a\n", reserved[i]);
        sprintf(want,
                "a.manifest:3: slot '%s' is reserved: want another than in, out, serve, "
                "argument, budget",
                reserved[i]);
        CHECK(refused(text, want));
    }
}

// Whether `count` lines are accepted that differ in the number put for the 99.
static bool many(unsigned count, const char *line) {
    char text[2000] = HEAD;
    for (unsigned i = 0; i < count; i++) {
        char *number = text + strlen(text);
        strcpy(number, line);
        number = strchr(number, '9');
        number[0] = (char)('0' + i / 10), number[1] = (char)('0' + i % 10);
    }
    return parse_bytes(text, strlen(text)) == STATUS_OK;
}

TEST(list_limits) {
    static const struct {
        const char *line;
        unsigned most;
        const char *sentence;
    } lists[] = {
        {"grant irq n99\n", 16, "a.manifest:19: one grant too many: want at most 16"},
        {"serve n99 1\n", 8, "a.manifest:11: one serve too many: want at most 8"},
        {"connect n99 a\n", 16, "a.manifest:19: one connect too many: want at most 16"},
        {"reach n99\n", 16, "a.manifest:19: one reach too many: want at most 16"},
    };
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        CHECK(many(lists[i].most, lists[i].line));
        CHECK(!many(lists[i].most + 1, lists[i].line));
        CHECK(strcmp(message, lists[i].sentence) == 0);
    }
}

TEST(bytes) {
    CHECK(refused("program a\r\n",
                  "a.manifest:1: byte 10 is 0x0d: want ASCII text and LF line ends"));
    CHECK(refused(HEAD "# \xc3\xa4\n",
                  "a.manifest:3: byte 3 is 0xc3: want ASCII text and LF line ends"));
    CHECK_EQ(parse_bytes("program a\0", 10), STATUS_BAD_FORMAT);
    CHECK(strcmp(message, "a.manifest:1: byte 10 is 0x00: want ASCII text and LF line ends") == 0);
    CHECK(refused(HEAD "argument a\x7f\n",
                  "a.manifest:3: byte 11 is 0x7f: want ASCII text and LF line ends"));
}

TEST(person) {
    CHECK(accepted(HEAD) && manifest.person_us == 0);
    CHECK(accepted(HEAD "person 2000 10000\n"));
    CHECK(manifest.person_us == 2000 && manifest.period_us == 10000 && manifest.hart_count == 0);
    CHECK(accepted(HEAD "person 10 1000 0 63 # two harts\n"));
    CHECK(manifest.hart_count == 2 && manifest.harts[0] == 0 && manifest.harts[1] == 63);
    CHECK(accepted(HEAD "person 1000000 1000000 1 2 3 4 5 6 7 8\n") && manifest.hart_count == 8);
    CHECK(refused(HEAD "person 10\n",
                  "a.manifest:3: 1 words after 'person': want `person US PERIOD [HART...]`"));
    CHECK(refused(HEAD "person 10 1000 1 2 3 4 5 6 7 8 9\n",
                  "a.manifest:3: 11 words after 'person': want `person US PERIOD [HART...]`"));
    CHECK(refused(HEAD "person 9 1000\n", "a.manifest:3: '9' is not a number from 10 to 1000"));
    CHECK(
        refused(HEAD "person 2001 2000\n", "a.manifest:3: '2001' is not a number from 10 to 2000"));
    CHECK(refused(HEAD "person 10 999\n",
                  "a.manifest:3: '999' is not a number from 1000 to 1000000"));
    CHECK(refused(HEAD "person 10 1000001\n",
                  "a.manifest:3: '1000001' is not a number from 1000 to 1000000"));
    CHECK(refused(HEAD "person 10 1000 64\n", "a.manifest:3: '64' is not a number from 0 to 63"));
}

TEST(long_texts) {
    char text[MANIFEST_SIZE + 2], want[200];
    // The longest argument there can be, and one byte more.
    memset(text, 0, sizeof text);
    strcpy(text, HEAD "argument ");
    memset(text + strlen(text), 'x', 255);
    CHECK(accepted(text));
    CHECK_EQ(strlen(manifest.argument), 255);
    text[strlen(text)] = 'x';
    CHECK(refused(text, "a.manifest:3: the argument has 256 bytes: want at most 255"));
    // A word longer than is shown.
    memset(text, 'y', 1000);
    text[1000] = '\0';
    sprintf(want, "a.manifest:1: unknown directive '%.40s': want program", text);
    CHECK_EQ(parse_bytes(text, 1000), STATUS_BAD_FORMAT);
    CHECK(strncmp(message, want, strlen(want)) == 0);
    // The longest text there can be, and one byte more.
    memset(text, '\n', sizeof text);
    memcpy(text, HEAD, strlen(HEAD));
    CHECK_EQ(parse_bytes(text, MANIFEST_SIZE), STATUS_OK);
    CHECK_EQ(parse_bytes(text, MANIFEST_SIZE + 1), STATUS_BAD_FORMAT);
    CHECK(strcmp(message, "a.manifest:1: 16385 bytes of text: want at most 16384") == 0);
}

UNIT_MAIN
