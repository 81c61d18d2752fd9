// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The shell's language: what each line becomes, and what is said about each
// mistake and where.
#include "lib/command/command.h"

#include "tests/unit.h"

static struct command_line line;
static struct command_error error;
static struct command_arguments arguments;

static const char *lookup(void *context, const char *name) {
    (void)context;
    if (strcmp(name, "x") == 0) {
        return "a  b";
    }
    if (strcmp(name, "?") == 0) {
        return "7";
    }
    if (strcmp(name, "long_name") == 0) {
        static char text[600];
        memset(text, 'z', sizeof text - 1);
        return text;
    }
    return nullptr;
}

// Parses and expands; whether that makes the form: words as <w>, stages parted
// by |, steps by the operator.
static bool makes(const char *text, const char *want) {
    char form[4096] = "";
    if (command_parse(text, strlen(text), &line, &error) != STATUS_OK) {
        printf("# at %zu: %s: %s\n", error.position, error.wrong, error.right);
        return false;
    }
    for (unsigned step = 0; step < line.steps; step++) {
        static const char *joins[] = {";", "&&", "||"};
        strcat(form, step > 0 ? joins[line.join[step]] : "");
        for (unsigned i = 0; i < line.step[step].count; i++) {
            strcat(form, i > 0 ? "|" : "");
            if (command_expand(&line, line.step[step].first + i, lookup, nullptr, &arguments,
                               &error) != STATUS_OK) {
                return false;
            }
            for (unsigned w = 0; w < arguments.count; w++) {
                strcat(strcat(strcat(form, "<"), arguments.word[w]), ">");
            }
        }
    }
    bool same = strcmp(form, want) == 0;
    if (!same) {
        printf("# '%s' is %s\n", text, form);
    }
    return same;
}

static bool refused(const char *text, size_t position, const char *wrong) {
    enum status status = command_parse(text, strlen(text), &line, &error);
    bool same = status == STATUS_BAD_FORMAT && error.position == position &&
                strcmp(error.wrong, wrong) == 0;
    if (!same) {
        printf("# '%s': status %u, at %zu: %s\n", text, status, error.position, error.wrong);
    }
    return same;
}

TEST(words) {
    CHECK(makes("", ""));
    CHECK(makes("   ", ""));
    CHECK(makes("# a comment", ""));
    CHECK(makes("help", "<help>"));
    CHECK(makes("  echo\t one  two ", "<echo><one><two>"));
    CHECK(makes("echo a#b # c", "<echo><a#b>"));
    CHECK(makes("größe 日本", "<größe><日本>"));
}

TEST(quotes) {
    CHECK(makes("'a  b' \"c  d\"", "<a  b><c  d>"));
    CHECK(makes("a'b'\"c\"d", "<abcd>"));
    CHECK(makes("'' \"\"", "<><>"));
    CHECK(makes("'a\\b\"$x'", "<a\\b\"$x>"));
    CHECK(makes("\"a\\\"b\\\\c\\$x\\n\"", "<a\"b\\c$x\\n>"));
    CHECK(makes("a\\ b \\| \\$x \\\\ \\'", "<a b><|><$x><\\><'>"));
    CHECK(makes("'|' \"&&\" ';'", "<|><&&><;>"));
}

TEST(variables) {
    CHECK(makes("echo $x", "<echo><a  b>"));
    CHECK(makes("echo ${x}y $x-y \"<$x>\"", "<echo><a  by><a  b-y><<a  b>>"));
    CHECK(makes("$? \"$?\"", "<7><7>"));
    CHECK(makes("$ a$ $1 \"$\"", "<$><a$><$1><$>"));
    CHECK(makes("\"${\" \"${}\" \"${x\"", "<${><${}><${x>"));
}

TEST(joins) {
    CHECK(makes("a|b", "<a>|<b>"));
    CHECK(makes("a x | b | c", "<a><x>|<b>|<c>"));
    CHECK(makes("a && b || c ; d", "<a>&&<b>||<c>;<d>"));
    CHECK(makes("a;", "<a>"));
    CHECK(makes("a|b&&c", "<a>|<b>&&<c>"));
}

TEST(mistakes_have_a_place) {
    CHECK(refused("echo 'abc", 5, "a quote is not closed"));
    CHECK(refused("echo \"abc\\", 5, "a quote is not closed"));
    CHECK(refused("echo \"abc\\\"", 5, "a quote is not closed"));
    CHECK(refused("a |", 3, "a command is missing"));
    CHECK(refused("| a", 0, "a command is missing"));
    CHECK(refused("a && || b", 5, "a command is missing"));
    CHECK(refused("a || # b", 8, "a command is missing"));
    CHECK(refused("; a", 0, "a command is missing"));
    CHECK(refused("a & b", 2, "nothing runs in the background"));
    CHECK(refused("a > b", 2, "there are no files to redirect to"));
    CHECK(refused("a < b", 2, "there are no files to redirect to"));
    CHECK(refused("a (b)", 2, "the character has no meaning here"));
    CHECK(refused("a \\", 2, "nothing follows \\"));
    CHECK(refused("a ${}", 2, "no variable is named like this"));
    CHECK(refused("a ${1}", 2, "no variable is named like this"));
    CHECK(refused("a ${x", 2, "no variable is named like this"));
}

TEST(limits) {
    char text[COMMAND_TEXT + 2];
    memset(text, 'a', sizeof text);
    CHECK_EQ(command_parse(text, COMMAND_TEXT + 1, &line, &error), STATUS_BAD_FORMAT);
    CHECK_EQ(command_parse(text, COMMAND_TEXT, &line, &error), STATUS_OK);
    CHECK_EQ(command_expand(&line, 0, nullptr, nullptr, &arguments, &error), STATUS_OK);
    CHECK_EQ(strlen(arguments.word[0]), COMMAND_TEXT);
    for (size_t i = 0; i < COMMAND_TEXT; i += 2) {
        text[i] = ' ';
    }
    CHECK_EQ(command_parse(text, COMMAND_TEXT, &line, &error), STATUS_BAD_FORMAT);
    CHECK_EQ(command_parse(text, 2 * COMMAND_ARGUMENTS, &line, &error), STATUS_OK);
    CHECK_EQ(command_expand(&line, 0, nullptr, nullptr, &arguments, &error), STATUS_OK);
    CHECK_EQ(arguments.count, COMMAND_ARGUMENTS);
    CHECK_EQ(command_parse(text, 2 * COMMAND_ARGUMENTS + 2, &line, &error), STATUS_BAD_FORMAT);
    for (size_t i = 0; i < COMMAND_TEXT; i += 2) {
        text[i] = '|';
    }
    CHECK_EQ(command_parse(text + 1, 2 * COMMAND_STAGES, &line, &error), STATUS_BAD_FORMAT);
    CHECK_EQ(command_parse(text + 1, 2 * COMMAND_STAGES - 1, &line, &error), STATUS_OK);
    CHECK_EQ(command_parse(text + 1, 2 * COMMAND_STAGES + 1, &line, &error), STATUS_BAD_FORMAT);
}

static enum status expand(const char *text) {
    CHECK_EQ(command_parse(text, strlen(text), &line, &error), STATUS_OK);
    return command_expand(&line, 0, lookup, nullptr, &arguments, &error);
}

TEST(expansion_can_fail) {
    CHECK_EQ(expand("echo $nothing"), STATUS_NOT_FOUND);
    CHECK_EQ(error.position, 5);
    CHECK_EQ(arguments.count, 0);
    CHECK_EQ(expand("$a_name_of_more_than_thirty_one_bytes"), STATUS_NOT_FOUND);
    CHECK_EQ(expand("$long_name"), STATUS_OK);
    CHECK_EQ(expand("x $long_name $long_name"), STATUS_TOO_LARGE);
    CHECK_EQ(error.position, 13);
}

TEST(words_survive_the_way_to_a_program) {
    static const char *words[] = {"plain", "",  "two words", "it's", "$x",
                                  "\\",    "#", "a#",        "\"",   "|"};
    constexpr unsigned count = sizeof words / sizeof words[0];
    char text[200];
    CHECK_EQ(command_join_words(words, count, text, sizeof text), STATUS_OK);
    CHECK_EQ(command_split(text, &arguments), STATUS_OK);
    CHECK_EQ(arguments.count, count);
    for (unsigned i = 0; i < count; i++) {
        CHECK(strcmp(arguments.word[i], words[i]) == 0);
    }
    CHECK_EQ(command_join_words(words, count, text, 20), STATUS_TOO_LARGE);
    CHECK_EQ(command_split("", &arguments), STATUS_OK);
    CHECK_EQ(arguments.count, 0);
    CHECK_EQ(command_split("a | b", &arguments), STATUS_BAD_FORMAT);
    CHECK_EQ(command_split("'a", &arguments), STATUS_BAD_FORMAT);
}

TEST(last_word) {
    bool first;
    CHECK_EQ(command_last_word("he", 2, &first), 0);
    CHECK(first);
    CHECK_EQ(command_last_word("help ru", 7, &first), 5);
    CHECK(!first);
    CHECK_EQ(command_last_word("a && b", 6, &first), 5);
    CHECK(first);
    CHECK_EQ(command_last_word("a |", 3, &first), 3);
    CHECK(first);
    CHECK_EQ(command_last_word("", 0, &first), 0);
    CHECK(first);
}

UNIT_MAIN
