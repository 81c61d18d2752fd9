# SPDX-License-Identifier: BSD-3-Clause
# SPDX-FileCopyrightText: The VectraOS contributors
#
# Reads docs/spec/*.md and writes a C program that compiles only if the numbers in
# them are those of the headers. What it takes for a statement:
#   | 64 | `NAME` | ...            NAME is 64; also `NAME` = 64 anywhere in the text
#   | 8 | 4 | `thing.field` ...     the offset and size of a field of struct thing
#   `struct thing` = 64 bytes       its size; its rows must add up to that without a gap
# A name may have the machine in front: `aarch64:thing.field`. Then it reads the headers
# that follow on the command line, after `headers=1`: each of their constants must have
# been stated somewhere.

function number(text) {
    gsub(/[^0-9a-fx]/, "", text)
    return text ~ /^0x/ ? text "ULL" : text + 0 "ULL"
}

function source() {
    printf "#line %d \"%s\"\n", FNR, FILENAME
}

# The C name of a structure: `aarch64:thing` is thing_aarch64.
function structure(name, parts) {
    return split(name, parts, ":") == 2 ? "struct " parts[2] "_" parts[1] : "struct " name
}

function state_value(name, value) {
    source()
    printf "static_assert((unsigned long long)(%s) == %s, \"another value\");\n", name, number(value)
    stated[name] = 1
}

# The rows of a table of fields follow each other without a gap, up to the structure's end.
function table_end() {
    if (table != "")
        printf "static_assert(sizeof(%s) == %d, \"the rows do not end where it ends\");\n", table, next_offset
    table = ""
    next_offset = 0
}

function state_field(offset, size, text, parts, name) {
    source()
    if (offset != next_offset)
        printf "static_assert(false, \"offset %d: the row before ends at %d\");\n", offset, next_offset
    next_offset = offset + size
    if (match(text, /`([a-z0-9_]+:)?[a-z_]+\.[a-z0-9_]+`/)) {
        split(substr(text, RSTART + 1, RLENGTH - 2), parts, ".")
        table = name = structure(parts[1])
        tabled[name] = FILENAME ":" FNR
        printf "static_assert(offsetof(%s, %s) == %d && sizeof(((%s *)0)->%s) == %d, \"another place\");\n",
            name, parts[2], offset, name, parts[2], size
        fields++
    }
}

BEGIN {
    print "#include <stddef.h>"
}

headers == "" && /^\| *(0x[0-9a-f]+|[0-9]+) *\| *`[A-Z][A-Z0-9_]+` *\|/ {
    split($0, cell, "|")
    gsub(/[ `]/, "", cell[3])
    state_value(cell[3], cell[2])
}

headers == "" && /^\| *[0-9]+ *\| *[0-9]+ *\|/ {
    split($0, cell, "|")
    state_field(cell[2] + 0, cell[3] + 0, cell[4])
}

headers == "" && !/^\| *(---|[0-9]+ *\| *[0-9]+ *\|)/ {
    table_end()
}

headers == "" {
    rest = $0
    while (match(rest, /`[A-Z][A-Z0-9_]+` = (0x[0-9a-f]+|[0-9]+)/)) {
        split(substr(rest, RSTART, RLENGTH), parts, /` = /)
        state_value(substr(parts[1], 2), parts[2])
        rest = substr(rest, RSTART + RLENGTH)
    }
    rest = $0
    while (match(rest, /`struct [a-z0-9_:]+` = [0-9]+ bytes/)) {
        split(substr(rest, RSTART + 8, RLENGTH), parts, /` = /)
        source()
        sized[structure(parts[1])] = 1
        printf "static_assert(sizeof(%s) == %d, \"another size\");\n", structure(parts[1]), parts[2]
        rest = substr(rest, RSTART + RLENGTH)
    }
}

# Constants of a header: enumerators, constexpr, and the rows of the list of statuses.
headers != "" && match($0, /^ +[A-Z][A-Z0-9_]* = |^constexpr [a-z0-9_]+ [A-Z][A-Z0-9_]* = |^ +STATUS\([0-9]+, [A-Z_]+/) {
    name = substr($0, RSTART, RLENGTH)
    sub(/ = $/, "", name)
    sub(/^ +STATUS\([0-9]+, /, "STATUS_", name)
    sub(/^.* /, "", name)
    constants++
    if (!(name in stated)) {
        source()
        printf "static_assert(false, \"%s stands nowhere in docs/spec with its value\");\n", name
    }
}

END {
    table_end()
    for (name in tabled)
        if (!(name in sized))
            printf "static_assert(false, \"%s: the size of %s is not said\");\n", tabled[name], name
    if (fields < 50 || constants < 50)
        print "static_assert(false, \"too few statements were found: has the form changed?\");"
}
