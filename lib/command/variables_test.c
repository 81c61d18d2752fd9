// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Variables: set, set anew, found, walked over, and the bound.
#include "lib/command/variables.h"

#include "tests/unit.h"

static struct variables variables;

static bool is(const char *name, const char *value) {
    const char *found = variables_find(&variables, name);
    return value == nullptr ? found == nullptr : found != nullptr && strcmp(found, value) == 0;
}

TEST(set_and_find) {
    variables.used = 0;
    CHECK(is("a", nullptr));
    CHECK_EQ(variables_set(&variables, "a", "1"), STATUS_OK);
    CHECK_EQ(variables_set(&variables, "b", ""), STATUS_OK);
    CHECK_EQ(variables_set(&variables, "c", "three words here"), STATUS_OK);
    CHECK(is("a", "1") && is("b", "") && is("c", "three words here"));
    CHECK_EQ(variables_set(&variables, "a", "longer than before"), STATUS_OK);
    CHECK_EQ(variables_set(&variables, "c", "x"), STATUS_OK);
    CHECK(is("a", "longer than before") && is("b", "") && is("c", "x"));
    CHECK(is("three words here", nullptr));
}

TEST(walk) {
    variables.used = 0;
    CHECK_EQ(variables_set(&variables, "a", "1"), STATUS_OK);
    CHECK_EQ(variables_set(&variables, "b", "2"), STATUS_OK);
    CHECK_EQ(variables_set(&variables, "a", "3"), STATUS_OK);
    const char *name, *value;
    size_t at = 0;
    CHECK(variables_next(&variables, &at, &name, &value) && name[0] == 'b' && value[0] == '2');
    CHECK(variables_next(&variables, &at, &name, &value) && name[0] == 'a' && value[0] == '3');
    CHECK(!variables_next(&variables, &at, &name, &value));
}

TEST(bad_names) {
    variables.used = 0;
    CHECK_EQ(variables_set(&variables, "", "1"), STATUS_BAD_ARGUMENT);
    CHECK_EQ(variables_set(&variables, "1a", "1"), STATUS_BAD_ARGUMENT);
    CHECK_EQ(variables_set(&variables, "a-b", "1"), STATUS_BAD_ARGUMENT);
    CHECK_EQ(variables_set(&variables, "a_name_of_more_than_thirty_one_bytes", "1"),
             STATUS_BAD_ARGUMENT);
}

TEST(the_bound_keeps_the_old_value) {
    variables.used = 0;
    char text[VARIABLES_BYTES];
    memset(text, 'v', sizeof text);
    text[VARIABLES_BYTES - 3] = 0; // with "a", NUL and NUL exactly all
    CHECK_EQ(variables_set(&variables, "a", text), STATUS_OK);
    CHECK_EQ(variables.used, VARIABLES_BYTES);
    CHECK_EQ(variables_set(&variables, "a", text), STATUS_OK);
    CHECK_EQ(variables_set(&variables, "b", ""), STATUS_TOO_LARGE);
    CHECK_EQ(variables_set(&variables, "ab", text), STATUS_TOO_LARGE);
    CHECK(is("a", text));
    CHECK_EQ(variables_set(&variables, "a", "short"), STATUS_OK);
    CHECK_EQ(variables_set(&variables, "b", ""), STATUS_OK);
    CHECK(is("a", "short"));
}

UNIT_MAIN
