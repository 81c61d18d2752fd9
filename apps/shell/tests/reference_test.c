// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The reference pages of the commands, made from the tables of the shell and of its
// debugger. Run in the top directory the test compares docs/reference/commands with the
// tables; with VECTRA_WRITE=1 in the environment it writes the pages instead.
#include "tests/unit.h"

struct page {
    const char *name, *arguments, *sentence, *text;
    bool program;
};

static const struct page pages[] = {
#define BUILTIN(name, arguments, sentence, text) {#name, arguments, sentence, text, false},
#define PROGRAM(name, arguments, sentence, text) {#name, arguments, sentence, text, true},
#include "apps/shell/commands.def"
#undef BUILTIN
#undef PROGRAM
};
constexpr size_t PAGES = sizeof pages / sizeof pages[0];

static const struct {
    const char *name, *arguments, *sentence;
} debugger[] = {
#define DEBUG(name, arguments, least, most, sentence) {#name, arguments, sentence},
#include "apps/shell/debug.def"
#undef DEBUG
};
constexpr size_t DEBUGGER = sizeof debugger / sizeof debugger[0];

static const char directory[] = "docs/reference/commands";
#define MADE_FROM(table) \
    "<!-- SPDX-License-Identifier: BSD-3-Clause -->\n" \
    "<!-- SPDX-FileCopyrightText: The VectraOS contributors -->\n" \
    "<!-- Made from apps/shell/" table ": change it there. -->\n"
static const char licence[] = MADE_FROM("commands.def");

static size_t page_text(const struct page *page, char *text, size_t room) {
    int size = snprintf(
        text, room,
        "%s# %s\n\n%s\n\n```\n%s%s%s\n```\n\n%s\n\n```\n%s```\n\n"
        "All commands: [README](README.md).\n",
        licence, page->name, page->sentence, page->name, page->arguments[0] != 0 ? " " : "",
        page->arguments,
        page->program ? "A program of the boot package." : "A command of the shell.", page->text);
    return (size_t)size;
}

static size_t list_text(char *text, size_t room) {
    size_t size = (size_t)snprintf(text, room,
                                   "%s# Commands\n\n"
                                   "| command | what it does |\n| --- | --- |\n",
                                   licence);
    for (size_t i = 0; i < PAGES; i++) {
        size += (size_t)snprintf(text + size, room - size, "| [`%s%s%s`](%s.md) | %s |\n",
                                 pages[i].name, pages[i].arguments[0] != 0 ? " " : "",
                                 pages[i].arguments, pages[i].name, pages[i].sentence);
    }
    return size +
           (size_t)snprintf(
               text + size, room - size,
               "\nThe commands of the debugger: [debugger](debugger.md).\n"
               "\n`a | b` output into input; `a && b` b if a succeeded; `a || b` b if it did not; "
               "`a ; b`\none after the other. '...', \"...\" and \\ quote; $NAME and $? stand "
               "for values; # begins a comment.\n\n"
               "Statuses: 0 done, 1 failed or not found, 2 wrong usage, 120 the program "
               "faulted, 121 it was killed.\n");
}

static size_t debugger_text(char *text, size_t room) {
    size_t size = (size_t)snprintf(text, room,
                                   "%s# Commands of the debugger\n\n"
                                   "At the prompt of [debug](debug.md), or behind it on the "
                                   "line, each one word.\n\n"
                                   "| command | what it does |\n| --- | --- |\n",
                                   MADE_FROM("debug.def"));
    for (size_t i = 0; i < DEBUGGER; i++) {
        size += (size_t)snprintf(text + size, room - size, "| `%s%s%s` | %s |\n", debugger[i].name,
                                 debugger[i].arguments[0] != 0 ? " " : "", debugger[i].arguments,
                                 debugger[i].sentence);
    }
    return size +
           (size_t)snprintf(text + size, room - size,
                            "\nADDRESS and VALUE are a number, a register, a symbol, or "
                            "SYMBOL+NUMBER. The beginning of a name\nis enough if no other "
                            "begins so. Breakpoints and watchpoints are those of the machine: "
                            "four in all.\n");
}

static void check_page(const char *name, const char *text, size_t size) {
    char path[128], is[8192];
    snprintf(path, sizeof path, "%s/%s.md", directory, name);
    bool write = getenv("VECTRA_WRITE") != nullptr;
    FILE *file = fopen(path, write ? "w" : "r");
    CHECK(file != nullptr);
    if (file == nullptr) {
        printf("# %s: want the top directory\n", path);
        return;
    }
    if (write) {
        CHECK_EQ(fwrite(text, 1, size, file), size);
    } else {
        size_t length = fread(is, 1, sizeof is, file);
        CHECK(length == size && memcmp(is, text, size) == 0);
    }
    fclose(file);
}

TEST(reference_of_commands) {
    char text[8192];
    for (size_t i = 0; i < PAGES; i++) {
        size_t size = page_text(&pages[i], text, sizeof text);
        CHECK(size < sizeof text);
        check_page(pages[i].name, text, size);
    }
    check_page("README", text, list_text(text, sizeof text));
    check_page("debugger", text, debugger_text(text, sizeof text));
}

TEST(lines_of_help_fit_a_terminal) {
    for (size_t i = 0; i < PAGES; i++) {
        const char *line = pages[i].text;
        while (*line != 0) {
            const char *end = strchr(line, '\n');
            CHECK(end != nullptr && end - line <= 79);
            line = end == nullptr ? "" : end + 1;
        }
    }
}

UNIT_MAIN
