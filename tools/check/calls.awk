# SPDX-License-Identifier: BSD-3-Clause
# SPDX-FileCopyrightText: The VectraOS contributors
#
# Compares abi/syscalls.def with docs/spec/11-syscalls.md, in this order on the command
# line: each syscall has its section, with this number, these arguments and results, and
# each status that the table lists; and no status that it does not list, but for those
# that look-up may give everywhere.

function complain(text) {
    print "docs/spec/11-syscalls.md: " text
}

# A3(a, b, c) -> a, b, c
function inside(text) {
    return substr(text, index(text, "(") + 1, length(text) - index(text, "(") - 1)
}

/^SYSCALL\(/ {
    match($0, /\([0-9]+, [a-z_]+/)
    split(substr($0, RSTART + 1, RLENGTH - 1), head, ", ")
    name = head[2]
    number[name] = head[1]
    match($0, / A[0-6]\([^)]*\)/)
    line = name "(" inside(substr($0, RSTART + 1, RLENGTH - 1)) ")"
    match($0, / R[0-4]\([^)]*\)/)
    results = inside(substr($0, RSTART + 1, RLENGTH - 1))
    signature[name] = "`" line (results == "" ? "" : " -> (" results ")") "`" \
        (/, SWITCHES,/ ? ", may switch" : "")
    split($0, quoted, "\"")
    errors[name] = " " quoted[4] " "
    next
}

/^## [a-z_]+ \([0-9]+\)$/ {
    current = $2
    section[current] = substr($3, 2, length($3) - 2)
    seen[current] = " "
    next
}

/^## / {
    current = ""
}

current != "" && /^`/ && !(current in stated) {
    stated[current] = $0
}

current != "" && /^\| [A-Z_ ]+ \|/ {
    split($0, cell, "|")
    seen[current] = seen[current] cell[2] " "
}

END {
    for (name in number) {
        if (!(name in section)) {
            complain("no section `## " name " (" number[name] ")`")
            continue
        }
        if (section[name] != number[name])
            complain(name ": its number is " number[name] ", not " section[name])
        if (stated[name] != signature[name])
            complain(name ": want the line " signature[name])
        count = split(errors[name], word, " ")
        for (i = 1; i <= count; i++)
            if (index(seen[name], " " word[i] " ") == 0)
                complain(name ": no row says when " word[i])
        count = split(seen[name], word, " ")
        for (i = 1; i <= count; i++)
            if (word[i] !~ /^(BAD_HANDLE|BAD_CLASS|ACCESS|BUSY)$/ && index(errors[name], " " word[i] " ") == 0)
                complain(name ": abi/syscalls.def does not list " word[i])
    }
    for (name in section)
        if (!(name in number))
            complain("no syscall is called " name)
}
