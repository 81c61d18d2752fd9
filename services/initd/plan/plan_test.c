// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Plans made from texts: each refusal with its whole sentence, and the order.
#include "services/initd/plan/plan.h"

#include "tests/unit.h"

struct source {
    const char *name;
    const char *text;
};

static bool has_slot(void *context, const char *slot) {
    (void)context;
    return strcmp(slot, "device.console") == 0 || strcmp(slot, "irq.console") == 0;
}

static bool has_program(void *context, const char *name) {
    (void)context;
    return strcmp(name, "ghost") != 0;
}

static struct plan plan;
static char sentence[400];

// Plans the sources (the last has no name); "" or the sentence.
static const char *make(uint64_t memory_kib, const struct source *source) {
    plan = (struct plan){};
    struct text_buffer error;
    text_start(&error, sentence, sizeof(sentence));
    struct plan_world world = {memory_kib, has_slot, has_program, nullptr};
    enum status status = STATUS_OK;
    for (; source->name != nullptr && status == STATUS_OK; source++) {
        status = plan_add(&plan, source->name, source->text, strlen(source->text), &error);
    }
    if (status == STATUS_OK) {
        status = plan_finish(&plan, &world, &error);
    }
    CHECK((status == STATUS_OK) == (sentence[0] == '\0'));
    return sentence;
}

static void refuses(const char *want, uint64_t memory_kib, const struct source *source) {
    const char *got = make(memory_kib, source);
    if (strcmp(got, want) != 0) {
        printf("# got:  %s\n# want: %s\n", got, want);
        unit_failures++;
    }
}

#define SOURCES(...) ((const struct source[]){__VA_ARGS__, {nullptr, nullptr}})
#define CONSOLE {"console", "program console\nmemory 128\nstart boot\nserve console 4\n"}

TEST(order_is_servers_first) {
    const char *error =
        make(4096, SOURCES({"app", "program app\nmemory 64\nstart boot\nconnect n naming\n"
                                   "connect c console\nconnect i init\n"},
                           CONSOLE, {"idle", "program idle\nmemory 64\nconnect c console\n"},
                           {"namingd", "program namingd\nmemory 64\nstart boot\nserve naming 8\n"
                                       "connect console console\nconnect broker broker\n"}));
    CHECK_EQ(strlen(error), 0);
    CHECK_EQ(plan.boot_count, 3);
    CHECK_EQ(plan.boot[0], 1);
    CHECK_EQ(plan.boot[1], 3);
    CHECK_EQ(plan.boot[2], 0);
    struct plan_service service;
    CHECK_EQ(plan_find_service(&plan, "naming", &service), STATUS_OK);
    CHECK_EQ(service.server, 3);
    CHECK_EQ(plan_find_service(&plan, "broker", &service), STATUS_OK);
    CHECK_EQ(service.server, PLAN_BROKER);
    CHECK(plan_is_own(service.server) && !plan_is_own(3) && !plan_is_own(PLAN_NONE));
    CHECK_EQ(plan_find_service(&plan, "debug", &service), STATUS_OK);
    CHECK_EQ(service.server, PLAN_DEBUG);
    CHECK_EQ(plan_find_service(&plan, "nothing", &service), STATUS_NOT_FOUND);
    CHECK_EQ(plan_find_program(&plan, "namingd"), 3);
    CHECK_EQ(plan_find_program(&plan, "shell"), PLAN_NONE);
}

TEST(unknown_services) {
    refuses("app.manifest:4: nobody serves 'disk': want a service that a manifest serves", 4096,
            SOURCES(CONSOLE, {"app", "program app\n# connect x y\nmemory 64\nconnect d disk\n"}));
    refuses("app.manifest:5: nobody serves 'disk': want a service that a manifest serves", 4096,
            SOURCES(CONSOLE, {"app", "program app\nmemory 64\nreach console\n\n  reach disk\n"}));
}

TEST(duplicate_services) {
    refuses("uart.manifest:3: service 'console' is served by console already", 4096,
            SOURCES(CONSOLE, {"uart", "program uart\nmemory 64\nserve console 1\n"}));
    refuses("evil.manifest:3: service 'init' is served by initd already", 4096,
            SOURCES({"evil", "program evil\nmemory 64\nserve init 1\n"}));
}

TEST(what_the_machine_lacks) {
    refuses("app.manifest:4: this machine has no 'device.disk'", 4096,
            SOURCES({"app", "program app\nmemory 64\ngrant device console\ngrant device disk\n"}));
    refuses("app.manifest:3: this machine has no 'irq.disk'", 4096,
            SOURCES({"app", "program app\nmemory 64\ngrant irq disk\n"}));
    refuses("ghost.manifest:1: the package has no program 'ghost'", 4096,
            SOURCES({"ghost", "program ghost\nmemory 64\n"}));
}

TEST(memory_sums) {
    const struct source *sources =
        SOURCES(CONSOLE, {"app", "program app\nmemory 1024\nstart boot\nconnect c console\n"},
                {"later", "program later\nmemory 9000\n"});
    CHECK_EQ(strlen(make(1152, sources)), 0);
    refuses("app.manifest:2: programs that start at boot want 1152 KiB of memory or more: there "
            "are 1151",
            1151, sources);
}

TEST(circles) {
    refuses("a.manifest:5: programs that start at boot connect to each other in a circle", 4096,
            SOURCES({"a", "program a\nmemory 64\nstart boot\nserve x 1\nconnect y y\n"},
                    {"b", "program b\nmemory 64\nstart boot\nserve y 1\nconnect x x\n"}));
}

TEST(names_and_bad_text) {
    refuses("app.manifest:1: the program is called 'other': want 'app', as the manifest", 4096,
            SOURCES({"app", "program other\nmemory 64\n"}));
    CHECK(strncmp(make(4096, SOURCES({"app", "program app\nmemory 64\ngrnt time\n"})),
                  "app.manifest:3: ", 16) == 0);
}

TEST(too_many_programs) {
    plan = (struct plan){};
    struct text_buffer error;
    text_start(&error, sentence, sizeof(sentence));
    for (uint32_t i = 0; i < PLAN_PROGRAMS; i++) {
        char name[16], text[64];
        snprintf(name, sizeof(name), "p%u", i);
        snprintf(text, sizeof(text), "program p%u\nmemory 64\n", i);
        CHECK_EQ(plan_add(&plan, name, text, strlen(text), &error), STATUS_OK);
    }
    CHECK_EQ(plan_add(&plan, "more", "program more\nmemory 64\n", 24, &error), STATUS_TOO_LARGE);
    CHECK(strcmp(sentence, "more.manifest:1: there are more than 48 programs") == 0);
}

TEST(restart_delays) {
    uint32_t crashes = 0;
    CHECK_EQ(plan_restart_delay(&crashes, 5), 0);
    CHECK_EQ(plan_restart_delay(&crashes, 5), 10 * 1000 * 1000);
    CHECK_EQ(plan_restart_delay(&crashes, 5), 20 * 1000 * 1000);
    for (int i = 0; i < 100; i++) {
        CHECK(plan_restart_delay(&crashes, 5) <= 1000 * 1000 * 1000);
    }
    CHECK_EQ(plan_restart_delay(&crashes, 5), 1000 * 1000 * 1000);
    CHECK_EQ(plan_restart_delay(&crashes, 100 * 1000 * 1000), 0);
}

UNIT_MAIN
